// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli-run.h"

#include <check.h>
#include <string.h>
#include <sys/wait.h>

char *cli_out;
char *cli_err;

void
cli_run_clear (void)
{
  g_clear_pointer (&cli_out, g_free);
  g_clear_pointer (&cli_err, g_free);
}

/* It is built beside the directory of the tests. */
char *
cli_run_find (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *here = g_path_get_dirname (self);

  return g_build_filename (here, "..", "virt-qemu", NULL);
}

int
cli_run_with (char **environment, const char *const *words)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autofree char *program = cli_run_find ();
  int status;

  g_ptr_array_add (argv, program);
  for (; *words != NULL; words++)
    g_ptr_array_add (argv, (gpointer)*words);
  g_ptr_array_add (argv, NULL);
  cli_run_clear ();
  ck_assert (g_spawn_sync (NULL, (char **)argv->pdata, environment, 0, NULL, NULL, &cli_out,
                           &cli_err, &status, NULL));
  ck_assert (WIFEXITED (status));
  return WEXITSTATUS (status);
}

int
cli_run (const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);

  return cli_run_with (NULL, (const char *const *)words);
}

void
cli_assert_in (const char *text, const char *part)
{
  ck_assert_msg (strstr (text, part) != NULL, "no '%s' in: %s", part, text);
}

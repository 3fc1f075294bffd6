// SPDX-License-Identifier: GPL-2.0-or-later
#include "user-script.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"
#include "server-client.h"

static char *directory;

/* That there is no KVM is a matter of this host. Takes over TEXT. */
static char *
drop_warning (char *text)
{
  g_autofree char *said = text;
  g_autoptr (GRegex) warning
      = g_regex_new ("^virt-qemu: warning: no KVM.*\n", G_REGEX_MULTILINE, 0, NULL);

  return g_regex_replace_literal (warning, said, -1, 0, "", 0, NULL);
}

char *
user_script_run (const char *script, int expected)
{
  g_autofree char *here = g_get_current_dir ();
  g_autofree char *built = g_path_get_dirname (server_get_program ());
  g_autofree char *program_dir
      = g_path_is_absolute (built) ? g_strdup (built) : g_build_filename (here, built, NULL);
  g_autofree char *path = g_strdup_printf ("PATH=%s:%s", program_dir, g_getenv ("PATH"));
  g_autofree char *state = g_strdup_printf ("VIRT_QEMU_STATE_DIR=%s/state", directory);
  g_autofree char *runtime = g_strdup_printf ("VIRT_QEMU_RUNTIME_DIR=%s/run", directory);
  g_autofree char *cache = server_build_cache_variable ();
  g_autofree char *tmp = g_strdup_printf ("TMPDIR=%s/tmp", directory);
  g_autofree char *home = g_strdup_printf ("HOME=%s", directory);
  const char *const environment[] = { path, state, runtime, cache, tmp, home, NULL };
  g_autofree char *whole = g_strdup_printf ("cd %s; exec 2>&1; %s", directory, script);
  int out = process_new_file ();
  const ProcessSetup setup = { -1, out, out, environment, NULL };
  pid_t pid = process_spawn ((const char *[]){ "sh", "-c", whole, NULL }, &setup);
  int status;
  char *text;

  ck_assert_msg (process_wait (pid, BOOT, &status), "no end: %s", script);
  text = drop_warning (process_read_file (out, NULL));
  close (out);
  ck_assert_msg (WIFEXITED (status) && WEXITSTATUS (status) == expected, "status 0x%x of %s: %s",
                 status, script, text);
  return text;
}

void
user_script_expect (const char *script, const char *expected)
{
  g_autofree char *text = user_script_run (script, 0);

  ck_assert_msg (strcmp (g_strchomp (text), expected) == 0, "%s: %s", script, text);
}

void
user_script_expect_failure (const char *script, int status, const char *part)
{
  g_autofree char *text = user_script_run (script, status);

  ck_assert_msg (strstr (text, part) != NULL, "%s: %s", script, text);
}

void
user_script_setup (void)
{
  g_autofree char *image = NULL;
  g_autofree char *tmp = NULL;

  if (directory != NULL)
    return;
  directory = g_dir_make_tmp ("vq-stay-XXXXXX", NULL);
  image = g_build_filename (directory, "image.qcow2", NULL);
  tmp = g_build_filename (directory, "tmp", NULL);
  ck_assert_int_eq (symlink (server_get_image (), image), 0);
  ck_assert_int_eq (g_mkdir (tmp, 0700), 0);
}

void
user_script_finish (void)
{
  char *argv[] = { (char *)"rm", (char *)"-rf", directory, NULL };

  if (directory != NULL)
    (void)!g_spawn_sync (NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
}

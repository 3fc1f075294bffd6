// SPDX-License-Identifier: GPL-2.0-or-later
#include "image-server.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "tests/support/image-server.py"

/* Tests are started at the top of the source tree, but some change the directory. */
static char *
find_program (void)
{
  g_autofree char *path = g_strdup (__FILE__);
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *here = g_path_get_dirname (self);

  return g_path_is_absolute (path) ? g_build_filename (directory, "image-server.py", NULL)
                                   : g_build_filename (here, "..", "..", PROGRAM, NULL);
}

void
image_server_start (ImageServer *server, const char *directory, const char *certificate)
{
  g_autofree char *program = find_program ();
  const char *const argv[] = { "python3", program, directory, certificate, NULL };
  char line[16];
  FILE *out;
  int fd;

  ck_assert (g_spawn_async_with_pipes (NULL, (char **)argv, NULL,
                                       G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                                       &server->pid, NULL, &fd, NULL, NULL));
  out = fdopen (fd, "r");
  ck_assert_ptr_nonnull (fgets (line, sizeof line, out));
  fclose (out);
  server->port = atoi (line);
  ck_assert_int_gt (server->port, 0);
}

void
image_server_stop (ImageServer *server)
{
  kill (server->pid, SIGKILL);
  ck_assert_int_eq (waitpid (server->pid, NULL, 0), server->pid);
}

guint
image_server_count (const char *directory, const char *text)
{
  g_autofree char *path = g_build_filename (directory, "requests", NULL);
  g_autofree char *log = NULL;
  g_auto (GStrv) lines = NULL;
  guint n = 0;

  if (!g_file_get_contents (path, &log, NULL, NULL))
    return 0;
  lines = g_strsplit (log, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    n += g_str_has_prefix (*line, text);
  return n;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "leaks.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <glib.h>
#include <sys/wait.h>

static int n_fds_at_start;

int
leaks_count_fds (void)
{
  DIR *dir = opendir ("/proc/self/fd");
  int n = -1; /* DIR's own */

  ck_assert_ptr_nonnull (dir);
  for (struct dirent *entry = readdir (dir); entry != NULL; entry = readdir (dir))
    if (entry->d_name[0] != '.')
      n++;
  closedir (dir);
  return n;
}

static void
child_ended (GPid pid, gint status, gpointer data)
{
  *(gboolean *)data = TRUE;
}

void
leaks_begin (void)
{
  const char *argv[] = { "true", NULL };
  gboolean ended = FALSE;
  GPid pid;

  ck_assert (g_spawn_async (NULL, (char **)argv, NULL,
                            G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid,
                            NULL));
  g_child_watch_add (pid, child_ended, &ended);
  while (!ended)
    g_main_context_iteration (NULL, TRUE);
  n_fds_at_start = leaks_count_fds ();
}

void
leaks_assert_none (void)
{
  ck_assert_int_eq (leaks_count_fds (), n_fds_at_start);
  ck_assert_int_eq (waitpid (-1, NULL, WNOHANG), -1);
  ck_assert_int_eq (errno, ECHILD);
}

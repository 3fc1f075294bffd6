// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper-process.h"

#include <check.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define HELPER_FD 3

char *
helper_process_path (void)
{
  const char *given = g_getenv ("VQ_GUEST_HELPER");
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *tests = g_path_get_dirname (self);
  g_autofree char *build = g_path_get_dirname (tests);

  return given != NULL ? g_strdup (given)
                       : g_build_filename (build, "guest-helper-" VQ_DPKG_ARCH, NULL);
}

void
helper_process_spawn (int fd, const char *option, GPid *pid)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *program = helper_process_path ();
  const char *emulator = g_getenv ("VQ_GUEST_EMULATOR");
  const char *argv[] = { emulator, program, "--fd", G_STRINGIFY (HELPER_FD), option, NULL };
  int target = HELPER_FD;

  ck_assert_msg (g_spawn_async_with_pipes_and_fds (NULL, emulator != NULL ? argv : argv + 1, NULL,
                                                   G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH,
                                                   NULL, NULL, -1, -1, -1, &fd, &target, 1, pid,
                                                   NULL, NULL, NULL, &error),
                 "%s", error == NULL ? "" : error->message);
}

int
helper_process_start (GPid *pid)
{
  int fds[2];

  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  helper_process_spawn (fds[1], NULL, pid);
  close (fds[1]);
  return fds[0];
}

int
helper_process_stop (int fd, GPid pid)
{
  int status;

  if (fd >= 0)
    close (fd);
  while (waitpid (pid, &status, 0) < 0)
    ck_assert_int_eq (errno, EINTR);
  return status;
}

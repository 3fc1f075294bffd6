// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance-setup.h"

#include <check.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include <sys/socket.h>
#include <unistd.h>

#include "instance/control-wire.h"
#include "instance/instance-place.h"
#include "instance/instance-socket.h"
#include "io/unix-socket.h"
#include "tree.h"

char *instance_directory;
VqPrivateDir *instance_place;
static VqInstance *served; /* we have its lock */

void
instance_setup (void)
{
  g_autofree char *state = NULL;
  g_autofree char *run = NULL;

  instance_directory = g_dir_make_tmp ("vqi-XXXXXX", NULL);
  state = g_build_filename (instance_directory, "state", NULL);
  run = g_build_filename (instance_directory, "run", NULL);
  ck_assert (g_setenv ("VIRT_QEMU_STATE_DIR", state, TRUE));
  ck_assert (g_setenv ("VIRT_QEMU_RUNTIME_DIR", run, TRUE));
  instance_place = vq_instance_place_open_state (NULL);
  ck_assert_ptr_nonnull (instance_place);
}

void
instance_teardown (void)
{
  g_clear_pointer (&served, vq_instance_free);
  g_clear_pointer (&instance_place, vq_private_dir_free);
  tree_remove (instance_directory);
  g_clear_pointer (&instance_directory, g_free);
}

void
instance_make (const char *name, gboolean ephemeral)
{
  static const char *const arguments[] = { "disk.img", NULL };
  VqInstanceRecord *record = vq_instance_record_new ("disk.img", "/", arguments);
  g_autoptr (GError) error = NULL;

  record->ephemeral = ephemeral;
  vq_instance_free (vq_instance_create (instance_place, name, record, &error));
  ck_assert_msg (error == NULL, "%s", error != NULL ? error->message : "");
}

void
instance_serve (const char *name, const char *exec_socket)
{
  g_autofree char *sockets = NULL;
  g_autofree char *link = NULL;

  instance_make (name, FALSE);
  served = vq_instance_open (instance_place, name, NULL);
  ck_assert (vq_instance_lock (served, NULL));
  sockets = vq_instance_socket_make_dir (served, NULL);
  link = g_build_filename (sockets, "exec", NULL);
  ck_assert_int_eq (symlink (exec_socket, link), 0);
}

void
instance_assert_names (const char *names)
{
  g_auto (GStrv) list = vq_instance_list (instance_place, NULL);
  g_autofree char *joined = g_strjoinv (",", list);

  ck_assert_str_eq (joined, names);
}

static void
add_request (const char *line)
{
  g_autofree char *path = g_build_filename (instance_directory, "requests", NULL);
  FILE *file = fopen (path, "a");

  fputs (line, file);
  fclose (file);
}

/* Answers one client. Returns FALSE if it was told to stop: then the lock is free before that is
 * told. */
static gboolean
answer_one (VqInstance *instance, int server, const char *answer)
{
  int client = accept (server, NULL, NULL);
  char line[1000] = "";
  gsize n = 0;

  if (strcmp (answer, "reset") == 0)
    return recv (client, line, 1, MSG_PEEK) < 0 || close (client) != 0;
  while (n < sizeof line - 1 && strchr (line, '\n') == NULL && read (client, line + n, 1) == 1)
    n++;
  if (n > 0)
    add_request (line);
  if (g_str_has_prefix (line, "stop"))
    vq_instance_unlock (instance);
  if (strcmp (answer, "hold") == 0)
    return TRUE;
  if (answer[0] != '\0')
    dprintf (client, "%s\n", answer);
  close (client);
  return n == 0 || !g_str_has_prefix (line, "stop");
}

static void
run_supervisor (const char *name, const char *answer, int ready)
{
  VqInstance *instance = vq_instance_open (instance_place, name, NULL);
  g_autofree char *directory = NULL;
  g_autofree char *path = NULL;
  int server;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (instance == NULL || !vq_instance_lock (instance, NULL))
    _exit (1);
  directory = vq_instance_socket_make_dir (instance, NULL);
  path = g_build_filename (directory, VQ_CONTROL_SOCKET, NULL);
  server = vq_unix_socket_listen (path, NULL);
  g_unix_set_fd_nonblocking (server, FALSE, NULL);
  close (ready);
  while (answer_one (instance, server, answer) && answer[0] != '\0')
    ;
  vq_instance_socket_remove_dir (instance);
  if (vq_instance_get_record (instance)->ephemeral && !vq_instance_remove (instance, NULL))
    _exit (1);
  _exit (0);
}

pid_t
instance_fake_supervisor (const char *name, const char *answer)
{
  char byte;
  int ready[2];
  pid_t pid;

  ck_assert_int_eq (pipe (ready), 0);
  pid = fork ();
  if (pid == 0)
    {
      close (ready[0]);
      run_supervisor (name, answer, ready[1]);
    }
  close (ready[1]);
  ck_assert_int_eq (read (ready[0], &byte, 1), 0);
  close (ready[0]);
  return pid;
}

char *
instance_get_requests (void)
{
  g_autofree char *path = g_build_filename (instance_directory, "requests", NULL);
  char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? text : g_strdup ("");
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "exec-setup.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "leaks.h"

char *exec_directory;
char *exec_socket_path;
char *exec_program;
VqChannel *exec_channel;
VqExecServer *exec_server;

static char *
find_program (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *here = g_path_get_dirname (self);
  const char *given = g_getenv ("VIRT_QEMU_EXEC");

  return given != NULL ? g_strdup (given) : g_build_filename (here, "..", "virt-qemu-exec", NULL);
}

void
exec_setup (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *machine = NULL;

  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  exec_program = find_program ();
  exec_directory = g_dir_make_tmp ("vq-exec-XXXXXX", NULL);
  exec_socket_path = g_build_filename (exec_directory, EXEC_MACHINE, "exec", NULL);
  machine = g_path_get_dirname (exec_socket_path);
  ck_assert_int_eq (g_mkdir (machine, 0711), 0);
  exec_server = vq_exec_server_new (exec_socket_path, &error);
  ck_assert_msg (exec_server != NULL, "%s", error == NULL ? "" : error->message);
  exec_channel = host_channel_new ();
  vq_exec_server_set_channel (exec_server, exec_channel);
}

void
exec_teardown (void)
{
  g_autofree char *machine = g_path_get_dirname (exec_socket_path);

  g_clear_pointer (&exec_server, vq_exec_server_free);
  g_clear_pointer (&exec_channel, vq_channel_free);
  ck_assert_int_eq (g_rmdir (machine), 0); /* it is empty: the socket has gone */
  ck_assert_int_eq (g_rmdir (exec_directory), 0);
  g_clear_pointer (&exec_directory, g_free);
  g_clear_pointer (&exec_socket_path, g_free);
  g_clear_pointer (&exec_program, g_free);
  leaks_assert_none ();
}

void
wait_for (VqWaitCondition condition, gpointer data)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_wait_until (condition, data, vq_deadline_in (PATIENCE), NULL, "event", &error),
                 "%s", error == NULL ? "" : error->message);
}

gboolean
is_true (gpointer data)
{
  return *(gboolean *)data;
}

gboolean
nothing_runs (gpointer data)
{
  return host_channel_n_running (exec_channel) == 0;
}

gboolean
as_many_run (gpointer data)
{
  return host_channel_n_running (exec_channel) == GPOINTER_TO_UINT (data);
}

void
program_ended (GPid pid, gint status, gpointer data)
{
  Program *self = data;

  self->ended = TRUE;
  self->status = WIFEXITED (status) ? WEXITSTATUS (status) : -WTERMSIG (status);
}

void
program_start (Program *self, const char *const *argv, int in, int out, int err)
{
  g_autoptr (GError) error = NULL;
  int null_fd = open ("/dev/null", O_RDWR | O_CLOEXEC);

  *self = (Program){ 0 };
  ck_assert_msg (g_spawn_async_with_fds (NULL, (char **)argv, NULL,
                                         G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH, NULL,
                                         NULL, &self->pid, in < 0 ? null_fd : in,
                                         out < 0 ? null_fd : out, err < 0 ? null_fd : err, &error),
                 "%s", error == NULL ? "" : error->message);
  close (null_fd);
  g_child_watch_add (self->pid, program_ended, self);
}

void
client_start (Program *self, const char *const *argv, int in, int out, int err)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();

  g_ptr_array_add (words, exec_program);
  g_ptr_array_add (words, exec_socket_path);
  for (guint i = 0; argv[i] != NULL; i++)
    g_ptr_array_add (words, (char *)argv[i]);
  g_ptr_array_add (words, NULL);
  program_start (self, (const char *const *)words->pdata, in, out, err);
}

int
memory_file (void)
{
  int fd = memfd_create ("test", MFD_CLOEXEC);

  ck_assert_int_ge (fd, 0);
  return fd;
}

GBytes *
take_contents (int fd)
{
  gsize len = lseek (fd, 0, SEEK_END);
  guint8 *bytes = g_malloc (len + 1);

  ck_assert_int_eq (pread (fd, bytes, len, 0), len);
  bytes[len] = '\0';
  close (fd);
  return g_bytes_new_take (bytes, len);
}

const char *
as_string (GBytes *bytes)
{
  return g_bytes_get_data (bytes, NULL);
}

int
client_run (const char *const *argv, GBytes **out, GBytes **err)
{
  int out_fd = memory_file ();
  int err_fd = memory_file ();
  g_autoptr (GBytes) out_bytes = NULL;
  g_autoptr (GBytes) err_bytes = NULL;
  Program client;

  client_start (&client, argv, -1, out_fd, err_fd);
  wait_for (is_true, &client.ended);
  out_bytes = take_contents (out_fd);
  err_bytes = take_contents (err_fd);
  if (out != NULL)
    *out = g_steal_pointer (&out_bytes);
  if (err != NULL)
    *err = g_steal_pointer (&err_bytes);
  return client.status;
}

int
shell_run (const char *script, GBytes **out, GBytes **err)
{
  const char *argv[] = { "sh", "-c", script, NULL };

  return client_run (argv, out, err);
}

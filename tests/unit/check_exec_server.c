// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu-exec and the server, with commands of this machine. The client is the program that
 * was built beside the tests, or $VIRT_QEMU_EXEC. */
#include "exec-server.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "exec-wire.h"
#include "fd-reader.h"
#include "fd-writer.h"
#include "host-channel.h"
#include "leaks.h"

#define PATIENCE 60 /* seconds; for things that take none */

static char *directory;
static char *socket_path;
static char *program;
static VqChannel *channel;
static VqExecServer *server;

static void
setup (void)
{
  g_autoptr (GError) error = NULL;

  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  directory = g_dir_make_tmp ("vq-exec-XXXXXX", NULL);
  socket_path = g_build_filename (directory, "exec", NULL);
  server = vq_exec_server_new (socket_path, &error);
  ck_assert_msg (server != NULL, "%s", error == NULL ? "" : error->message);
  channel = host_channel_new ();
  vq_exec_server_set_channel (server, channel);
}

static void
teardown (void)
{
  g_clear_pointer (&server, vq_exec_server_free);
  g_clear_pointer (&channel, vq_channel_free);
  ck_assert_int_eq (g_rmdir (directory), 0); /* it is empty: the socket has gone */
  g_clear_pointer (&directory, g_free);
  g_clear_pointer (&socket_path, g_free);
  leaks_assert_none ();
}

static void
wait_for (VqCondition condition, gpointer data)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_wait_until (condition, data, vq_deadline_in (PATIENCE), NULL, "event", &error),
                 "%s", error == NULL ? "" : error->message);
}

static gboolean
is_true (gpointer data)
{
  return *(gboolean *)data;
}

static gboolean
nothing_runs (gpointer data)
{
  return host_channel_n_running (channel) == 0;
}

static gboolean
as_many_run (gpointer data)
{
  return vq_exec_server_n_running (server) == GPOINTER_TO_UINT (data);
}

/* Client programs */

typedef struct
{
  GPid pid;
  int status; /* exit status, or -N for signal N */
  gboolean ended;
} Program;

static void
program_ended (GPid pid, gint status, gpointer data)
{
  Program *self = data;

  self->ended = TRUE;
  self->status = WIFEXITED (status) ? WEXITSTATUS (status) : -WTERMSIG (status);
}

/* Runs ARGV as it is, with descriptors that stay the caller's; -1 is /dev/null. */
static void
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

/* The client with ARGV as its command. */
static void
client_start (Program *self, const char *const *argv, int in, int out, int err)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();

  g_ptr_array_add (words, program);
  g_ptr_array_add (words, socket_path);
  for (guint i = 0; argv[i] != NULL; i++)
    g_ptr_array_add (words, (char *)argv[i]);
  g_ptr_array_add (words, NULL);
  program_start (self, (const char *const *)words->pdata, in, out, err);
}

static int
memory_file (void)
{
  int fd = memfd_create ("test", MFD_CLOEXEC);

  ck_assert_int_ge (fd, 0);
  return fd;
}

static GBytes *
take_contents (int fd)
{
  gsize len = lseek (fd, 0, SEEK_END);
  guint8 *bytes = g_malloc (len + 1);

  ck_assert_int_eq (pread (fd, bytes, len, 0), len);
  bytes[len] = '\0';
  close (fd);
  return g_bytes_new_take (bytes, len);
}

static const char *
as_string (GBytes *bytes)
{
  return g_bytes_get_data (bytes, NULL);
}

/* Runs a client to its end; OUT and ERR may be NULL. */
static int
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

static int
shell_run (const char *script, GBytes **out, GBytes **err)
{
  const char *argv[] = { "sh", "-c", script, NULL };

  return client_run (argv, out, err);
}

START_TEST (exit_statuses)
{
  static const struct
  {
    const char *script;
    int status;
  } cases[] = {
    { "exit 0", 0 },          { "exit 1", 1 },          { "exit 125", 125 },
    { "exit 128", 128 },      { "exit 252", 252 },      { "exit 253", 253 },
    { "exit 254", 253 },      { "exit 255", 253 },      { "kill -HUP $$", 129 },
    { "kill -KILL $$", 137 }, { "kill -SEGV $$", 139 }, { "kill -TERM $$", 143 },
    { "kill -PIPE $$", 141 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    ck_assert_msg (shell_run (cases[i].script, NULL, NULL) == cases[i].status, "%s",
                   cases[i].script);
}
END_TEST

START_TEST (streams_are_separate)
{
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GBytes) err = NULL;

  ck_assert_int_eq (shell_run ("echo to out; echo to err >&2; pwd", &out, &err), 0);
  ck_assert_str_eq (as_string (out), "to out\n/\n");
  ck_assert_str_eq (as_string (err), "to err\n");
}
END_TEST

START_TEST (unknown_program)
{
  const char *argv[] = { "/nonexistent/program", NULL };

  ck_assert_int_eq (client_run (argv, NULL, NULL), 127);
}
END_TEST

START_TEST (wrong_usage)
{
  const char *cases[][3] = { { program, NULL }, { program, socket_path, NULL } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      int err_fd = memory_file ();
      g_autoptr (GBytes) err = NULL;
      Program client;

      program_start (&client, cases[i], -1, -1, err_fd);
      wait_for (is_true, &client.ended);
      err = take_contents (err_fd);
      ck_assert_int_eq (client.status, 255);
      ck_assert_str_eq (as_string (err),
                        "virt-qemu-exec: usage: virt-qemu-exec SOCKET COMMAND [ARG...]\n");
    }
}
END_TEST

/* Every command blocks until all of them run. */
#define N_AT_ONCE 300

START_TEST (many_at_once)
{
  Program *clients = g_new0 (Program, N_AT_ONCE);
  int gate[2];

  ck_assert_int_eq (pipe2 (gate, O_CLOEXEC), 0);
  for (guint i = 0; i < N_AT_ONCE; i++)
    {
      g_autofree char *status = g_strdup_printf ("%u", i % 250);
      const char *argv[] = { "sh", "-c", "read line; exit $0", status, NULL };

      client_start (&clients[i], argv, gate[0], -1, -1);
    }
  wait_for (as_many_run, GUINT_TO_POINTER (N_AT_ONCE));
  close (gate[0]);
  close (gate[1]);
  for (guint i = 0; i < N_AT_ONCE; i++)
    {
      wait_for (is_true, &clients[i].ended);
      ck_assert_int_eq (clients[i].status, i % 250);
    }
  ck_assert_uint_eq (vq_exec_server_n_running (server), 0);
  g_free (clients);
}
END_TEST

/* 64 MiB through "cat", written and read by us as the server does it for a guest. */

#define BLOCK 65536
#define N_BLOCKS 1024

typedef struct
{
  VqFdWriter *writer;
  VqFdReader *reader;
  guint8 pattern[BLOCK + 256]; /* block I starts at byte I % 256 of it */
  guint n_written;
  gsize n_read;
  gboolean bad, at_end;
} Pump;

static void
pump_written (gboolean broken, gpointer data)
{
  Pump *pump = data;

  pump->bad |= broken;
  if (pump->n_written == N_BLOCKS)
    {
      vq_fd_writer_close (pump->writer);
      return;
    }
  vq_fd_writer_write (pump->writer, pump->pattern + pump->n_written % 256, BLOCK, pump_written,
                      pump);
  pump->n_written++;
}

static void
pump_got (const guint8 *bytes, gsize len, gboolean eof, gpointer data)
{
  Pump *pump = data;

  for (gsize i = 0; i < len; i++, pump->n_read++)
    pump->bad |= bytes[i] != pump->pattern[pump->n_read / BLOCK % 256 + pump->n_read % BLOCK];
  pump->at_end = eof;
  if (!eof)
    vq_fd_reader_read (pump->reader, BLOCK, pump_got, pump);
}

START_TEST (much_binary_data)
{
  const char *argv[] = { "cat", NULL };
  Pump *pump = g_new0 (Pump, 1);
  Program client;
  int in[2], out[2];

  ck_assert_int_eq (pipe2 (in, O_CLOEXEC), 0);
  ck_assert_int_eq (pipe2 (out, O_CLOEXEC), 0);
  for (guint i = 0; i < sizeof pump->pattern; i++)
    pump->pattern[i] = (i * 7 + i / 256) & 0xff;
  client_start (&client, argv, in[0], out[1], -1);
  close (in[0]);
  close (out[1]);
  pump->writer = vq_fd_writer_new (in[1]);
  pump->reader = vq_fd_reader_new (out[0]);
  pump_written (FALSE, pump);
  vq_fd_reader_read (pump->reader, BLOCK, pump_got, pump);
  wait_for (is_true, &pump->at_end);
  wait_for (is_true, &client.ended);
  ck_assert_int_eq (client.status, 0);
  ck_assert (!pump->bad);
  ck_assert_uint_eq (pump->n_read, (gsize)BLOCK * N_BLOCKS);
  vq_fd_writer_free (pump->writer);
  vq_fd_reader_free (pump->reader);
  g_free (pump);
}
END_TEST

/* Sends ARGS and asserts that they come back. */
static void
assert_args_arrive (GPtrArray *args)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GByteArray) expected = g_byte_array_new ();
  g_autoptr (GBytes) out = NULL;
  gsize len;
  const char *got;

  g_ptr_array_add (argv, (char *)"printf");
  g_ptr_array_add (argv, (char *)"%s\\0");
  for (guint i = 0; i < args->len; i++)
    {
      g_ptr_array_add (argv, args->pdata[i]);
      g_byte_array_append (expected, args->pdata[i], strlen (args->pdata[i]) + 1);
    }
  g_ptr_array_add (argv, NULL);
  ck_assert_int_eq (client_run ((const char *const *)argv->pdata, &out, NULL), 0);
  got = g_bytes_get_data (out, &len);
  ck_assert_uint_eq (len, expected->len);
  ck_assert_mem_eq (got, expected->data, len);
}

START_TEST (any_bytes_in_argv)
{
  g_autoptr (GPtrArray) args = g_ptr_array_new ();
  char all[256] = { 0 };

  for (guint i = 0; i < 255; i++)
    all[i] = i + 1;
  g_ptr_array_add (args, (char *)"");
  g_ptr_array_add (args, all);
  g_ptr_array_add (args, (char *)"");
  g_ptr_array_add (args, (char *)"two\nlines");
  g_ptr_array_add (args, (char *)"");
  assert_args_arrive (args);
}
END_TEST

START_TEST (long_argv)
{
  g_autoptr (GPtrArray) args = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < 16; i++)
    g_ptr_array_add (args, g_strnfill (65535, 'a' + i));
  for (guint i = 0; i < 20000; i++)
    g_ptr_array_add (args, g_strdup_printf ("%u", i));
  assert_args_arrive (args);
}
END_TEST

START_TEST (slow_reader_stalls_only_itself)
{
  const char *argv[] = { "head", "-c", "1048576", "/dev/zero", NULL };
  int out[2];
  char buffer[4096];
  gsize n_read = 0;
  gssize n;
  Program client;

  ck_assert_int_eq (pipe2 (out, O_CLOEXEC), 0);
  client_start (&client, argv, -1, out[1], -1);
  close (out[1]);
  wait_for (as_many_run, GUINT_TO_POINTER (1));
  ck_assert_int_eq (shell_run ("exit 3", NULL, NULL), 3);
  ck_assert (!client.ended);
  /* The end comes only after the client's, for which the context must run. */
  while (n_read < 1048576 && (n = read (out[0], buffer, sizeof buffer)) > 0)
    n_read += n;
  wait_for (is_true, &client.ended);
  ck_assert_int_eq (client.status, 0);
  ck_assert_uint_eq (n_read, 1048576);
  close (out[0]);
}
END_TEST

START_TEST (killed_client_kills_command)
{
  const char *argv[] = { "sleep", "1000", NULL };
  Program client;
  GPid pid;

  client_start (&client, argv, -1, -1, -1);
  wait_for (as_many_run, GUINT_TO_POINTER (1));
  pid = host_channel_last_pid (channel);
  ck_assert_int_eq (kill (pid, 0), 0);
  kill (client.pid, SIGTERM);
  wait_for (is_true, &client.ended);
  wait_for (nothing_runs, NULL);
  ck_assert_int_eq (kill (pid, 0), -1);
  ck_assert_uint_eq (host_channel_n_killed (channel), 1);
  ck_assert_uint_eq (vq_exec_server_n_running (server), 0);
}
END_TEST

START_TEST (daemon_holds_stdout)
{
  const char *argv[] = { "sh", "-c", "sleep 300 & echo $!", NULL };
  char line[32] = "";
  Program client;
  int out[2];

  ck_assert_int_eq (pipe2 (out, O_CLOEXEC), 0);
  client_start (&client, argv, -1, out[1], -1);
  close (out[1]);
  wait_for (is_true, &client.ended);
  ck_assert_int_eq (client.status, 0);
  ck_assert_int_gt (read (out[0], line, sizeof line - 1), 1);
  ck_assert_int_eq (kill (atoi (line), SIGKILL), 0); /* it still ran */
  close (out[0]);
}
END_TEST

START_TEST (closed_stdio)
{
  static const char *const redirections[] = { "<&-", ">&-", "2>&-" };

  for (guint mask = 1; mask < 8; mask++)
    {
      g_autoptr (GString) script = g_string_new ("exec \"$@\"");
      const char *argv[] = { "sh", "-c",    NULL,
                             "sh", program, socket_path,
                             "sh", "-c",    "cat; echo out; echo err >&2; exit 7",
                             NULL };
      Program client;

      for (guint i = 0; i < 3; i++)
        if ((mask & 1u << i) != 0)
          g_string_append_printf (script, " %s", redirections[i]);
      argv[2] = script->str;
      program_start (&client, argv, -1, -1, -1);
      wait_for (is_true, &client.ended);
      ck_assert_msg (client.status == 7, "%s: status %d", script->str, client.status);
    }
}
END_TEST

START_TEST (not_open)
{
  g_autoptr (GBytes) err = NULL;

  vq_exec_server_set_channel (server, NULL);
  ck_assert_int_eq (shell_run ("true", NULL, &err), 255);
  ck_assert_str_eq (as_string (err), "virt-qemu-exec: the testbed is not open\n");
  vq_exec_server_set_channel (server, channel);
  ck_assert_int_eq (shell_run ("true", NULL, NULL), 0);
}
END_TEST

static void
start_sleepers (Program *clients, guint n)
{
  static const char *const argv[] = { "sleep", "1000", NULL };

  for (guint i = 0; i < n; i++)
    client_start (&clients[i], argv, -1, -1, -1);
  wait_for (as_many_run, GUINT_TO_POINTER (n));
}

static void
assert_all_fail (Program *clients, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      wait_for (is_true, &clients[i].ended);
      ck_assert_int_eq (clients[i].status, 255);
    }
}

START_TEST (channel_replaced)
{
  VqChannel *other = host_channel_new ();
  Program clients[5];

  start_sleepers (clients, 5);
  vq_exec_server_set_channel (server, other);
  ck_assert_uint_eq (vq_exec_server_n_running (server), 0);
  assert_all_fail (clients, 5);
  wait_for (nothing_runs, NULL);
  ck_assert_int_eq (shell_run ("exit 4", NULL, NULL), 4);
  vq_channel_free (channel);
  channel = other;
}
END_TEST

/* The channel goes first, and speaks for itself. */
START_TEST (channel_freed)
{
  Program clients[5];

  start_sleepers (clients, 5);
  g_clear_pointer (&channel, vq_channel_free);
  ck_assert_uint_eq (vq_exec_server_n_running (server), 0);
  vq_exec_server_set_channel (server, NULL);
  assert_all_fail (clients, 5);
}
END_TEST

START_TEST (server_freed)
{
  Program clients[5];

  start_sleepers (clients, 5);
  g_clear_pointer (&server, vq_exec_server_free);
  ck_assert (!g_file_test (socket_path, G_FILE_TEST_EXISTS));
  assert_all_fail (clients, 5);
  wait_for (nothing_runs, NULL);
}
END_TEST

/* Its own limit closes what the kernel has accepted, and the hard limit cannot be changed. */
static gboolean
is_under_valgrind (void)
{
  const char *preload = g_getenv ("LD_PRELOAD");

  return preload != NULL && strstr (preload, "valgrind") != NULL;
}

/* A server with few descriptors makes its clients queue. */
START_TEST (few_descriptors)
{
  struct rlimit before, low = { 128, 128 };
  Program clients[60];
  int gate[2];

  if (is_under_valgrind ())
    return;
  g_clear_pointer (&server, vq_exec_server_free);
  getrlimit (RLIMIT_NOFILE, &before);
  low.rlim_max = geteuid () == 0 ? low.rlim_cur : before.rlim_max;
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &low), 0);
  server = vq_exec_server_new (socket_path, NULL);
  vq_exec_server_set_channel (server, channel);
  ck_assert_int_eq (pipe2 (gate, O_CLOEXEC), 0);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      const char *argv[] = { "sh", "-c", "read line; exit 9", NULL };

      client_start (&clients[i], argv, gate[0], -1, -1);
    }
  if (geteuid () == 0) /* others cannot lower the hard limit and raise it again */
    wait_for (as_many_run, GUINT_TO_POINTER ((128 - 64) / 8));
  close (gate[0]);
  close (gate[1]);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      wait_for (is_true, &clients[i].ended);
      ck_assert_int_eq (clients[i].status, 9);
    }
  setrlimit (RLIMIT_NOFILE, &before);
}
END_TEST

/* accept fails while nobody is there whose end could be waited for. */
START_TEST (no_descriptor_left)
{
  struct rlimit before, none;
  g_autoptr (GError) error = NULL;
  Program client;
  const char *argv[] = { "sh", "-c", "exit 6", NULL };

  if (is_under_valgrind ())
    return;
  client_start (&client, argv, -1, -1, -1);
  getrlimit (RLIMIT_NOFILE, &before);
  none = (struct rlimit){ 3, before.rlim_max };
  setrlimit (RLIMIT_NOFILE, &none);
  ck_assert (vq_wait_pause (300, NULL, &error));
  setrlimit (RLIMIT_NOFILE, &before);
  ck_assert (!client.ended);
  wait_for (is_true, &client.ended);
  ck_assert_int_eq (client.status, 6);
}
END_TEST

/* Clients that break the rules */

static int
raw_connect (void)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, socket_path, sizeof address.sun_path);
  ck_assert_int_eq (connect (fd, (struct sockaddr *)&address, sizeof address), 0);
  return fd;
}

/* Sends LEN bytes with N_FDS copies of one descriptor of /dev/null. */
static void
raw_send (int fd, const void *bytes, gsize len, guint n_fds)
{
  union
  {
    char bytes[CMSG_SPACE (100 * sizeof (int))];
    struct cmsghdr align;
  } control = { .bytes = { 0 } };
  struct iovec part = { (void *)bytes, len };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
  int null_fd = open ("/dev/null", O_RDWR | O_CLOEXEC);
  int fds[100];

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = null_fd;
  if (n_fds > 0)
    {
      message.msg_control = control.bytes;
      message.msg_controllen = CMSG_SPACE (n_fds * sizeof (int));
      *CMSG_FIRSTHDR (&message) = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
                                                    .cmsg_type = SCM_RIGHTS,
                                                    .cmsg_len = CMSG_LEN (n_fds * sizeof (int)) };
      memcpy (CMSG_DATA (CMSG_FIRSTHDR (&message)), fds, n_fds * sizeof (int));
    }
  ck_assert_int_eq (sendmsg (fd, &message, MSG_NOSIGNAL), len);
  close (null_fd);
}

/* Waits for the reply and the end of the connection. */
static VqExecReply
raw_finish (int fd, char text[VQ_EXEC_TEXT_MAX + 1])
{
  char buffer[sizeof (VqExecReply) + VQ_EXEC_TEXT_MAX + 1];
  gsize have = 0;
  gssize n;
  VqExecReply reply;

  do
    {
      ck_assert (vq_wait_fd (fd, G_IO_IN, vq_deadline_in (PATIENCE), NULL, "reply", NULL));
      n = recv (fd, buffer + have, sizeof buffer - have, 0);
      have += MAX (n, 0);
    }
  while (n > 0);
  close (fd);
  ck_assert_uint_ge (have, sizeof reply);
  memcpy (&reply, buffer, sizeof reply);
  ck_assert_uint_eq (reply.magic, VQ_EXEC_MAGIC);
  ck_assert_uint_eq (have, sizeof reply + reply.text_bytes);
  memcpy (text, buffer + sizeof reply, reply.text_bytes);
  text[reply.text_bytes] = '\0';
  return reply;
}

static void
assert_refused (int fd, const char *reason)
{
  char text[VQ_EXEC_TEXT_MAX + 1];
  VqExecReply reply = raw_finish (fd, text);

  ck_assert_uint_eq (reply.kind, VQ_EXEC_FAILED);
  ck_assert_msg (strstr (text, reason) != NULL, "\"%s\" instead of \"%s\"", text, reason);
  ck_assert_uint_eq (host_channel_n_running (channel), 0);
}

/* "sh -c 'exit 5'", whole. */
typedef struct
{
  VqExecRequest head;
  char argv[13];
} __attribute__ ((packed)) Message;

static const Message good_message = { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 3, 13 }, "sh\0-c\0exit 5" };

static void
assert_exits_5 (int fd)
{
  char text[VQ_EXEC_TEXT_MAX + 1];
  VqExecReply reply = raw_finish (fd, text);

  ck_assert_uint_eq (reply.kind, VQ_EXEC_EXITED);
  ck_assert_int_eq (reply.value, 5);
}

START_TEST (wrong_heads)
{
  static const struct
  {
    VqExecRequest head;
    guint n_fds;
    const char *reason;
  } cases[] = {
    { { 0, VQ_EXEC_VERSION, 1, 1 }, 3, "not valid" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION + 1, 1, 1 }, 3, "another version" },
    { { VQ_EXEC_MAGIC, 0, 1, 1 }, 3, "another version" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 0, 1 }, 3, "number" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, VQ_EXEC_ARGC_MAX + 1, VQ_EXEC_ARGC_MAX + 1 }, 3, "number" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 2, 1 }, 3, "length" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 1, VQ_EXEC_ARGV_BYTES_MAX + 1 }, 3, "length" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, G_MAXUINT32, G_MAXUINT32 }, 3, "number" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 1, 1 }, 0, "without stdin" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 1, 1 }, 1, "exactly stdin" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 1, 1 }, 2, "exactly stdin" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 1, 1 }, 4, "exactly stdin" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 1, 1 }, 5, "exactly stdin" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 1, 1 }, 100, "exactly stdin" },
  };
  int n_fds = leaks_count_fds ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      int fd = raw_connect ();

      raw_send (fd, &cases[i].head, sizeof cases[i].head, cases[i].n_fds);
      assert_refused (fd, cases[i].reason);
      ck_assert_int_eq (leaks_count_fds (), n_fds);
    }
}
END_TEST

START_TEST (largest_request)
{
  VqExecRequest head = { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, VQ_EXEC_ARGC_MAX, VQ_EXEC_ARGV_BYTES_MAX };
  g_autofree char *zeros = g_malloc0 (BLOCK);
  gsize left = VQ_EXEC_ARGV_BYTES_MAX;
  int fd = raw_connect ();

  raw_send (fd, &head, sizeof head, 3);
  while (left > 0)
    {
      gssize n;

      ck_assert (vq_wait_fd (fd, G_IO_OUT, vq_deadline_in (PATIENCE), NULL, "room", NULL));
      n = send (fd, zeros, MIN (left, BLOCK), MSG_DONTWAIT | MSG_NOSIGNAL);
      left -= MAX (n, 0);
    }
  assert_refused (fd, "not as many"); /* only the whole of it can tell */
}
END_TEST

START_TEST (wrong_argv)
{
  static const struct
  {
    guint argc, bytes;
  } cases[] = { { 3, 12 }, { 2, 13 }, { 4, 13 }, { 1, 12 }, { 13, 13 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Message message = good_message;
      int fd = raw_connect ();

      message.head.argc = cases[i].argc;
      message.head.argv_bytes = cases[i].bytes;
      raw_send (fd, &message, sizeof message.head + cases[i].bytes, 3);
      assert_refused (fd, "not as many");
    }
}
END_TEST

START_TEST (descriptors_twice)
{
  int n_fds = leaks_count_fds ();
  int fd = raw_connect ();

  raw_send (fd, &good_message, 20, 3);
  raw_send (fd, good_message.argv + 4, 9, 3);
  assert_refused (fd, "exactly stdin");
  ck_assert_int_eq (leaks_count_fds (), n_fds);
}
END_TEST

START_TEST (split_at_every_byte)
{
  for (gsize at = 1; at < sizeof good_message; at++)
    {
      g_autoptr (GError) error = NULL;
      int fd = raw_connect ();

      raw_send (fd, &good_message, at, 3);
      while (g_main_context_iteration (NULL, FALSE))
        ;
      ck_assert_uint_eq (vq_exec_server_n_running (server), 0);
      raw_send (fd, (const char *)&good_message + at, sizeof good_message - at, 0);
      assert_exits_5 (fd);
    }
}
END_TEST

START_TEST (ends_after_every_byte)
{
  int n_fds = leaks_count_fds ();

  for (gsize at = 0; at < sizeof good_message; at++)
    {
      int fd = raw_connect ();

      if (at > 0)
        raw_send (fd, &good_message, at, 3);
      ck_assert_int_eq (shutdown (fd, SHUT_WR), 0);
      assert_refused (fd, "ended too early");
      ck_assert_int_eq (leaks_count_fds (), n_fds);
    }
}
END_TEST

START_TEST (slow_request_stalls_only_itself)
{
  int fds[20];

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      fds[i] = raw_connect ();
      raw_send (fds[i], &good_message, i + 1, 3);
    }
  ck_assert_int_eq (shell_run ("exit 8", NULL, NULL), 8);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      raw_send (fds[i], (const char *)&good_message + i + 1, sizeof good_message - i - 1, 0);
      assert_exits_5 (fds[i]);
    }
}
END_TEST

/* Whoever says more than its request is not our client: its command is killed. */
START_TEST (garbage_after_request)
{
  Message message = { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 2, 11 },
                      "sleep\0"
                      "1000" };
  int fd = raw_connect ();

  raw_send (fd, &message, sizeof message, 3); /* 2 bytes too many */
  wait_for (as_many_run, GUINT_TO_POINTER (1));
  wait_for (nothing_runs, NULL);
  ck_assert_uint_eq (host_channel_n_killed (channel), 1);
  close (fd);
}
END_TEST

/* The other user's side: 0 if it is refused as it should be. */
static int
connect_as_nobody (void)
{
  VqExecReply reply = { 0 };
  int fd;

  if (setgroups (0, NULL) != 0 || setresgid (65534, 65534, 65534) != 0
      || setresuid (65534, 65534, 65534) != 0)
    return 1;
  fd = raw_connect ();
  if (recv (fd, &reply, sizeof reply, MSG_WAITALL) != sizeof reply)
    return 2;
  return reply.kind == VQ_EXEC_FAILED ? 0 : 3;
}

START_TEST (other_user)
{
  Program other = { 0 };
  struct stat info;

  ck_assert_int_eq (stat (socket_path, &info), 0);
  ck_assert_uint_eq (info.st_mode & 07777, 0600);
  if (geteuid () != 0)
    return; /* we cannot be somebody else */
  chmod (socket_path, 0666);
  chmod (directory, 0711);
  other.pid = fork ();
  if (other.pid == 0)
    _exit (connect_as_nobody ());
  g_child_watch_add (other.pid, program_ended, &other);
  wait_for (is_true, &other.ended);
  ck_assert_int_eq (other.status, 0);
}
END_TEST

/* Servers that break the rules */

/* Listens at the server's place, and answers one client with LEN bytes. */
static void
assert_client_fails (const void *reply, gsize len, const char *reason)
{
  static const char *const argv[] = { "true", NULL };
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int err_fd = memory_file ();
  g_autoptr (GBytes) err = NULL;
  Program client;
  int fd;

  g_strlcpy (address.sun_path, socket_path, sizeof address.sun_path);
  ck_assert_int_eq (bind (listener, (struct sockaddr *)&address, sizeof address), 0);
  ck_assert_int_eq (listen (listener, 1), 0);
  client_start (&client, argv, -1, -1, err_fd);
  ck_assert (vq_wait_fd (listener, G_IO_IN, vq_deadline_in (PATIENCE), NULL, "client", NULL));
  fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
  ck_assert_int_eq (send (fd, reply, len, MSG_NOSIGNAL), len);
  close (fd);
  close (listener);
  unlink (socket_path);
  wait_for (is_true, &client.ended);
  err = take_contents (err_fd);
  ck_assert_int_eq (client.status, 255);
  ck_assert_msg (strstr (as_string (err), reason) != NULL, "%s", as_string (err));
  ck_assert (g_str_has_prefix (as_string (err), "virt-qemu-exec: "));
}

START_TEST (wrong_servers)
{
  VqExecReply good = { VQ_EXEC_MAGIC, VQ_EXEC_EXITED, 0, 0 };
  VqExecReply alien = { 0, VQ_EXEC_EXITED, 0, 0 };
  VqExecReply unknown_kind = { VQ_EXEC_MAGIC, 99, 0, 0 };
  VqExecReply long_text = { VQ_EXEC_MAGIC, VQ_EXEC_FAILED, 0, VQ_EXEC_TEXT_MAX + 1 };
  VqExecReply cut_text = { VQ_EXEC_MAGIC, VQ_EXEC_FAILED, 0, VQ_EXEC_TEXT_MAX };

  g_clear_pointer (&server, vq_exec_server_free);
  for (gsize len = 0; len < sizeof good; len++)
    assert_client_fails (&good, len, "went away");
  assert_client_fails (&alien, sizeof alien, "not a testbed's server");
  assert_client_fails (&unknown_kind, sizeof unknown_kind, "virt-qemu-exec: ");
  assert_client_fails (&long_text, sizeof long_text, "not a testbed's server");
  assert_client_fails (&cut_text, sizeof cut_text, "went away");
}
END_TEST

START_TEST (no_server)
{
  g_autoptr (GBytes) err = NULL;
  g_autofree char *good_path = g_steal_pointer (&socket_path);

  socket_path = g_strdup ("/nonexistent/socket");
  ck_assert_int_eq (shell_run ("true", NULL, &err), 255);
  ck_assert_ptr_nonnull (strstr (as_string (err), "cannot reach"));
  g_clear_pointer (&err, g_bytes_unref);
  g_free (socket_path);
  socket_path = g_strnfill (108, 'x');
  ck_assert_int_eq (shell_run ("true", NULL, &err), 255);
  ck_assert_ptr_nonnull (strstr (as_string (err), "too long"));
  g_free (socket_path);
  socket_path = g_steal_pointer (&good_path);
}
END_TEST

START_TEST (bad_socket_paths)
{
  g_autofree char *missing = g_build_filename (directory, "missing", "exec", NULL);
  const char *cases[] = { socket_path, missing, directory };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (vq_exec_server_new (cases[i], &error));
      ck_assert_ptr_nonnull (strstr (error->message, "cannot listen on"));
    }
  ck_assert_int_eq (shell_run ("exit 2", NULL, NULL), 2); /* the real one is unharmed */
}
END_TEST

START_TEST (longest_socket_path)
{
  gsize room = sizeof ((struct sockaddr_un *)NULL)->sun_path - 1 - strlen (directory) - 1;

  for (gsize len = room - 1; len <= room + 1; len++)
    {
      g_autofree char *name = g_strnfill (len, 'x');
      g_autofree char *path = g_build_filename (directory, name, NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (VqExecServer) other = vq_exec_server_new (path, &error);

      ck_assert_int_eq (other != NULL, len <= room);
      if (other == NULL)
        ck_assert_ptr_nonnull (strstr (error->message, "TMPDIR"));
    }
}
END_TEST

/* A channel that fails with a text from a hostile guest. */

static VqCommandDone failing_done;
static gpointer failing_data;

static gboolean
fail_now (gpointer data)
{
  g_autofree char *much = g_strnfill (5000, 'm');
  g_autoptr (GError) error = g_error_new (VQ_ERROR, VQ_ERROR_PEER, "%s\033[31m\n\xff is red", much);
  VqEnd end = { VQ_ENDED_FAILED, 0, error };

  failing_done (&end, failing_data);
  return G_SOURCE_REMOVE;
}

static VqCommand *
failing_start (VqChannel *self, const char *const *argv, int in, int out, int err,
               VqCommandDone done, gpointer data)
{
  close (in);
  close (out);
  close (err);
  failing_done = done;
  failing_data = data;
  g_idle_add (fail_now, NULL);
  return (VqCommand *)self;
}

START_TEST (failing_channel)
{
  static const VqChannelClass class = { .name = "failing", .start = failing_start };
  VqChannel failing = { &class };
  g_autoptr (GBytes) err = NULL;

  vq_exec_server_set_channel (server, &failing);
  ck_assert_int_eq (shell_run ("true", NULL, &err), 255);
  ck_assert (g_str_has_prefix (as_string (err), "virt-qemu-exec: ...mmm"));
  ck_assert (g_str_has_suffix (as_string (err), " is red\n"));
  ck_assert_uint_lt (g_bytes_get_size (err), VQ_EXEC_TEXT_MAX + 32);
  ck_assert_ptr_null (strchr (as_string (err), '\033'));
}
END_TEST

static void
add_case (Suite *suite, const char *name, const TTest *const *tests, guint n)
{
  TCase *tcase = tcase_create (name);

  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_set_timeout (tcase, 100);
  for (guint i = 0; i < n; i++)
    tcase_add_test (tcase, tests[i]);
  suite_add_tcase (suite, tcase);
}

static Suite *
make_suite (void)
{
  const TTest *commands[]
      = { exit_statuses,       streams_are_separate, unknown_program,   wrong_usage,
          many_at_once,        much_binary_data,     any_bytes_in_argv, long_argv,
          daemon_holds_stdout, closed_stdio };
  const TTest *ends[] = {
    killed_client_kills_command,    not_open,       channel_replaced, channel_freed, server_freed,
    slow_reader_stalls_only_itself, failing_channel
  };
  const TTest *bad[] = { wrong_heads,
                         largest_request,
                         wrong_argv,
                         descriptors_twice,
                         split_at_every_byte,
                         ends_after_every_byte,
                         slow_request_stalls_only_itself,
                         garbage_after_request,
                         other_user,
                         wrong_servers,
                         no_server,
                         bad_socket_paths,
                         longest_socket_path,
                         few_descriptors,
                         no_descriptor_left };
  Suite *suite = suite_create ("exec-server");

  add_case (suite, "commands", commands, G_N_ELEMENTS (commands));
  add_case (suite, "ends", ends, G_N_ELEMENTS (ends));
  add_case (suite, "bad peers", bad, G_N_ELEMENTS (bad));
  return suite;
}

static char *
find_program (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *here = g_path_get_dirname (self);
  const char *given = g_getenv ("VIRT_QEMU_EXEC");

  return given != NULL ? g_strdup (given) : g_build_filename (here, "..", "virt-qemu-exec", NULL);
}

int
main (void)
{
  SRunner *runner = srunner_create (make_suite ());
  int n_failed;

  program = find_program ();
  srunner_run_all (runner, CK_ENV);
  n_failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  g_free (program);
  return n_failed != 0;
}

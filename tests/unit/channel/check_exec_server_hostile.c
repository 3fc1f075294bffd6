// SPDX-License-Identifier: GPL-2.0-or-later
/* Clients, and servers, that break the rules. */
#include <check.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "exec-setup.h"
#include "channel/exec-wire.h"
#include "leaks.h"
#include "suite.h"

#define BLOCK 65536 /* bytes */

/* Clients that break the rules */

static int
raw_connect (void)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, exec_socket_path, sizeof address.sun_path);
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
  ck_assert_uint_eq (host_channel_n_running (exec_channel), 0);
}

/* "sh -c 'exit 5'", whole. */
typedef struct
{
  VqExecRequest head;
  char argv[13];
} __attribute__ ((packed)) Message;

static const Message good_message
    = { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 3, 0, 13 }, "sh\0-c\0exit 5" };

static void
assert_exits_5 (int fd)
{
  char text[VQ_EXEC_TEXT_MAX + 1];
  VqExecReply reply = raw_finish (fd, text);

  ck_assert_uint_eq (reply.kind, VQ_EXEC_EXITED);
  ck_assert_int_eq (reply.value, 5);
}

CASE ("hostile", exec_setup, exec_teardown, 100)

TEST (wrong_heads)
{
  static const struct
  {
    VqExecRequest head;
    guint n_fds;
    const char *reason;
  } cases[] = {
    { { 0, VQ_EXEC_VERSION, 1, 0, 1 }, 3, "not valid" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION + 1, 1, 0, 1 }, 3, "another version" },
    { { VQ_EXEC_MAGIC, 0, 1, 0, 1 }, 3, "another version" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 0, 0, 1 }, 3, "number" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, VQ_EXEC_WORDS_MAX + 1, 0, VQ_EXEC_WORDS_MAX + 1 },
      3,
      "number" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 2, 0, 1 }, 3, "length" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 1, 0, VQ_EXEC_BYTES_MAX + 1 }, 3, "length" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 2, 0, 2, 1 }, 3, "length" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 2, G_MAXUINT32, G_MAXUINT32, 1 }, 3, "number" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, G_MAXUINT32, 0, G_MAXUINT32 }, 3, "number" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 1, 0, 1 }, 0, "without stdin" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 1, 0, 1 }, 1, "exactly stdin" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 1, 0, 1 }, 2, "exactly stdin" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 1, 0, 1 }, 4, "exactly stdin" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 1, 0, 1 }, 5, "exactly stdin" },
    { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 1, 0, 1 }, 100, "exactly stdin" },
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

TEST (largest_request)
{
  VqExecRequest head = { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, VQ_EXEC_WORDS_MAX, 0, VQ_EXEC_BYTES_MAX };
  g_autofree char *zeros = g_malloc0 (BLOCK);
  gsize left = VQ_EXEC_BYTES_MAX;
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

TEST (wrong_argv)
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
      message.head.bytes = cases[i].bytes;
      raw_send (fd, &message, sizeof message.head + cases[i].bytes, 3);
      assert_refused (fd, "not as many");
    }
}

TEST (descriptors_twice)
{
  int n_fds = leaks_count_fds ();
  int fd = raw_connect ();

  raw_send (fd, &good_message, sizeof good_message.head + 4, 3);
  raw_send (fd, good_message.argv + 4, 9, 3);
  assert_refused (fd, "exactly stdin");
  ck_assert_int_eq (leaks_count_fds (), n_fds);
}

TEST (split_at_every_byte)
{
  for (gsize at = 1; at < sizeof good_message; at++)
    {
      g_autoptr (GError) error = NULL;
      int fd = raw_connect ();

      raw_send (fd, &good_message, at, 3);
      while (g_main_context_iteration (NULL, FALSE))
        ;
      ck_assert_uint_eq (host_channel_n_running (exec_channel), 0);
      raw_send (fd, (const char *)&good_message + at, sizeof good_message - at, 0);
      assert_exits_5 (fd);
    }
}

TEST (ends_after_every_byte)
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

TEST (slow_request_stalls_only_itself)
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

/* A client of version 1 sends less than our head, and is answered all the same. */
TEST (other_version_that_is_shorter)
{
  const guint32 head[] = { VQ_EXEC_MAGIC, 1 };
  int fd = raw_connect ();

  raw_send (fd, head, sizeof head, 3);
  assert_refused (fd, "another version");
}

/* Starts "sleep 1000", with N_EXTRA bytes of EXTRA behind the request. */
static int
raw_sleep (const void *extra, gsize n_extra)
{
  static const Message message = { { VQ_EXEC_MAGIC, VQ_EXEC_VERSION, 2, 0, 11 },
                                   "sleep\0"
                                   "1000" };
  g_autofree char *bytes = g_malloc (sizeof message + n_extra);
  gsize n = sizeof message.head + message.head.bytes;
  int fd = raw_connect ();

  memcpy (bytes, &message, n);
  memcpy (bytes + n, extra, n_extra);
  raw_send (fd, bytes, n + n_extra, 3);
  return fd;
}

/* Whoever says something wrong is not our client: its command is killed. */
TEST (wrong_messages)
{
  static const struct
  {
    VqExecMessage message;
    const char *reason;
  } cases[] = {
    { { 0, { 1, 1 } }, "not valid" },
    { { 3, { 1, 1 } }, "not valid" },
    { { VQ_EXEC_SIGNAL, { 0, 0 } }, "no such signal" },
    { { VQ_EXEC_SIGNAL, { 65, 0 } }, "no such signal" },
    { { VQ_EXEC_SIGNAL, { G_MAXUINT32, 0 } }, "no such signal" },
    { { VQ_EXEC_WINDOW_SIZE, { 1, 1 } }, "not valid" }, /* there is no terminal */
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      int fd = raw_sleep (&cases[i].message, sizeof cases[i].message);
      char text[VQ_EXEC_TEXT_MAX + 1];

      ck_assert_uint_eq (raw_finish (fd, text).kind, VQ_EXEC_FAILED);
      ck_assert_msg (strstr (text, cases[i].reason) != NULL, "%s", text);
      wait_for (nothing_runs, NULL);
      ck_assert_uint_eq (host_channel_n_killed (exec_channel), i + 1);
    }
}

TEST (message_in_pieces)
{
  const VqExecMessage message = { VQ_EXEC_SIGNAL, { SIGTERM, 0 } };

  for (gsize at = 0; at <= sizeof message; at++)
    {
      int fd = raw_sleep (&message, at);
      char text[VQ_EXEC_TEXT_MAX + 1];
      VqExecReply reply;

      wait_for (at == sizeof message ? nothing_runs : as_many_run, GUINT_TO_POINTER (1));
      if (at < sizeof message)
        raw_send (fd, (const char *)&message + at, sizeof message - at, 0);
      reply = raw_finish (fd, text);
      ck_assert_uint_eq (reply.kind, VQ_EXEC_SIGNALLED);
      ck_assert_int_eq (reply.value, SIGTERM);
    }
}

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

TEST (other_user)
{
  Program other = { 0 };
  struct stat info;

  ck_assert_int_eq (stat (exec_socket_path, &info), 0);
  ck_assert_uint_eq (info.st_mode & 07777, 0600);
  if (geteuid () != 0)
    SKIP ("only root can be somebody else");
  chmod (exec_socket_path, 0666);
  chmod (exec_directory, 0711);
  other.pid = fork ();
  if (other.pid == 0)
    _exit (connect_as_nobody ());
  g_child_watch_add (other.pid, program_ended, &other);
  wait_for (is_true, &other.ended);
  ck_assert_int_eq (other.status, 0);
}

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

  g_strlcpy (address.sun_path, exec_socket_path, sizeof address.sun_path);
  ck_assert_int_eq (bind (listener, (struct sockaddr *)&address, sizeof address), 0);
  ck_assert_int_eq (listen (listener, 1), 0);
  client_start (&client, argv, -1, -1, err_fd);
  ck_assert (vq_wait_fd (listener, G_IO_IN, vq_deadline_in (PATIENCE), NULL, "client", NULL));
  fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
  ck_assert_int_eq (send (fd, reply, len, MSG_NOSIGNAL), len);
  close (fd);
  close (listener);
  unlink (exec_socket_path);
  wait_for (is_true, &client.ended);
  err = take_contents (err_fd);
  ck_assert_int_eq (client.status, 255);
  ck_assert_msg (strstr (as_string (err), reason) != NULL, "%s", as_string (err));
  ck_assert (g_str_has_prefix (as_string (err), "virt-qemu-exec: "));
}

TEST (wrong_servers)
{
  VqExecReply good = { VQ_EXEC_MAGIC, VQ_EXEC_EXITED, 0, 0 };
  VqExecReply alien = { 0, VQ_EXEC_EXITED, 0, 0 };
  VqExecReply unknown_kind = { VQ_EXEC_MAGIC, 99, 0, 0 };
  VqExecReply long_text = { VQ_EXEC_MAGIC, VQ_EXEC_FAILED, 0, VQ_EXEC_TEXT_MAX + 1 };
  VqExecReply cut_text = { VQ_EXEC_MAGIC, VQ_EXEC_FAILED, 0, VQ_EXEC_TEXT_MAX };

  g_clear_pointer (&exec_server, vq_exec_server_free);
  for (gsize len = 0; len < sizeof good; len++)
    assert_client_fails (&good, len, "went away");
  assert_client_fails (&alien, sizeof alien, "not a machine's server");
  assert_client_fails (&unknown_kind, sizeof unknown_kind, "virt-qemu-exec: ");
  assert_client_fails (&long_text, sizeof long_text, "not a machine's server");
  assert_client_fails (&cut_text, sizeof cut_text, "went away");
}

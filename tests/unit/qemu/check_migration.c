// SPDX-License-Identifier: GPL-2.0-or-later
/* Saving and loading against a peer that plays QEMU; with the real one: check_qemu_fork.c. */
#include "qemu/migration.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "fake-peer.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 30 /* seconds */
#define CAPABILITIES                                                                               \
  "{\"capabilities\": [{\"capability\": \"x-ignore-shared\", \"state\": true}, "                   \
  "{\"capability\": \"events\", \"state\": true}]}"

static FakePeer *fake;
static VqQmp *qmp;
static VqCancel *cancel;
static int file; /* of no name */

static void
ignore_event (const char *event, JsonObject *data, gpointer user_data)
{
}

static int
open_nameless (void)
{
  int fd = open (g_get_tmp_dir (), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

  ck_assert_int_ge (fd, 0);
  return fd;
}

static void
setup_common (void)
{
  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  cancel = vq_cancel_new (NULL);
  file = open_nameless ();
}

static void
teardown_common (void)
{
  vq_qmp_free (qmp);
  vq_cancel_free (cancel);
  close (file);
  leaks_assert_none ();
  ck_assert (!g_main_context_pending (NULL));
}

static void
setup (void)
{
  int fd;

  setup_common ();
  fake = fake_peer_new (&fd);
  qmp = vq_qmp_new (fd, ignore_event, NULL);
}

static void
teardown (void)
{
  fake_peer_end (fake);
  teardown_common ();
}

/* What QEMU is told before it begins. It drops the descriptor, so the stream ends at once. */
static void
expect_begin (gboolean saving)
{
  if (saving)
    fake_peer_serve (fake, "migrate-set-parameters", "{}");
  fake_peer_expect (fake, "migrate-set-capabilities", CAPABILITIES);
  fake_peer_reply (fake, "{}");
  fake_peer_expect (fake, "getfd", "{\"fdname\": \"vq\"}");
  fake_peer_reply (fake, "{}");
  fake_peer_expect (fake, saving ? "migrate" : "migrate-incoming", "{\"uri\": \"fd:vq\"}");
}

static void
say_status (const char *status)
{
  g_autofree char *line = g_strdup_printf (
      "{\"event\": \"MIGRATION\", \"timestamp\": {}, \"data\": {\"status\": %s}}", status);

  fake_peer_line (fake, line);
}

static gboolean
migrate (gboolean saving, double seconds, GError **error)
{
  gint64 deadline = vq_deadline_in (seconds);

  return saving ? vq_migration_save (qmp, file, deadline, cancel, error)
                : vq_migration_load (qmp, file, deadline, cancel, error);
}

static void
assert_migrates (gboolean saving)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = migrate (saving, PATIENCE, &error);

  ck_assert_msg (ok, "%s", error != NULL ? error->message : "");
}

/* A MESSAGE that ends in a dot is only the beginning: how many seconds were left is no matter. */
static void
assert_fails (gboolean saving, double seconds, const char *message)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!migrate (saving, seconds, &error));
  if (!g_str_has_prefix (error->message, message) || !g_str_has_suffix (message, "."))
    ck_assert_str_eq (error->message, message);
}

CASE ("loops", setup, teardown, 0)

/* _i: saving. Other events, and statuses on the way or of no use, do not matter. */
TEST_LOOP (completes, 0, 2)
{
  expect_begin (_i);
  say_status ("\"failed\""); /* an earlier one's */
  say_status ("\"setup\"");
  fake_peer_reply (fake, "{}");
  say_status ("\"active\"");
  fake_peer_line (fake, "{\"event\": \"MIGRATION_PASS\", \"data\": {\"pass\": 1}}");
  fake_peer_line (fake, "{\"event\": \"STOP\", \"data\": {\"status\": \"failed\"}}");
  fake_peer_line (fake, "{\"event\": \"MIGRATION\"}");
  say_status ("5");
  say_status ("\"device\"");
  say_status ("\"completed\"");
  assert_migrates (_i);
}

TEST_LOOP (capabilities_refused, 0, 2)
{
  if (_i)
    fake_peer_serve (fake, "migrate-set-parameters", "{}");
  fake_peer_expect (fake, "migrate-set-capabilities", CAPABILITIES);
  fake_peer_error (fake, "no x-ignore-shared");
  assert_fails (_i, PATIENCE, "migrate-set-capabilities: QMP: no x-ignore-shared");
}

/* The descriptor that QEMU holds is taken back. */
TEST_LOOP (refused, 0, 2)
{
  expect_begin (_i);
  fake_peer_error (fake, "State blocked\nby device");
  fake_peer_expect (fake, "closefd", "{\"fdname\": \"vq\"}");
  fake_peer_reply (fake, "{}");
  assert_fails (_i, PATIENCE,
                _i ? "migrate: QMP: State blocked by device"
                   : "migrate-incoming: QMP: State blocked by device");
}

CASE ("protocol", setup, teardown, 60)

/* QEMU is asked N times until the machine may run again. */
static void
expect_end (guint n)
{
  while (n-- > 0)
    {
      fake_peer_expect (fake, "query-status", "");
      fake_peer_reply (fake,
                       n > 0 ? "{\"status\": \"finish-migrate\"}" : "{\"status\": \"paused\"}");
    }
}

TEST (saving_fails)
{
  static const char *const cases[][2] = {
    { "{\"status\": \"failed\", \"error-desc\": \"disk\\nis \\u001b[1mgone\"}", "disk is gone" },
    { "{\"status\": \"failed\"}", "QEMU does not say why" },
    { "{\"error-desc\": 5}", "QEMU does not say why" },
    { "[]", "QEMU does not say why" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      expect_begin (TRUE);
      fake_peer_reply (fake, "{}");
      say_status ("\"setup\"");
      say_status ("\"failed\"");
      fake_peer_expect (fake, "query-migrate", "");
      fake_peer_reply (fake, cases[i][0]);
      expect_end (2);
      assert_fails (TRUE, PATIENCE, cases[i][1]);
    }
}

static gboolean
tell_of_the_end (gpointer data)
{
  g_autoptr (GError) reason = g_error_new_literal (VQ_ERROR, VQ_ERROR_MACHINE, "QEMU ended: why");

  vq_cancel_trigger (data, reason);
  return G_SOURCE_REMOVE;
}

/* Its end, which comes a moment later, says more. */
TEST (loading_fails)
{
  expect_begin (FALSE);
  fake_peer_reply (fake, "{}");
  say_status ("\"failed\"");
  fake_peer_serve (fake, "query-migrate", "{\"error-desc\": \"bad state\"}");
  g_timeout_add (100, tell_of_the_end, cancel);
  assert_fails (FALSE, PATIENCE, "QEMU ended: why");
}

TEST (loading_fails_and_qemu_stays)
{
  expect_begin (FALSE);
  fake_peer_reply (fake, "{}");
  say_status ("\"failed\"");
  fake_peer_delay (fake, 500);
  fake_peer_serve (fake, "query-migrate", "{\"error-desc\": \"bad state\"}");
  assert_fails (FALSE, PATIENCE, "bad state");
}

CASE ("loops", setup, teardown, 0)

/* When we give up, QEMU must have stopped saving before the guest can go on. */
TEST_LOOP (saving_takes_too_long, 0, 2)
{
  expect_begin (TRUE);
  fake_peer_reply (fake, "{}");
  say_status ("\"active\"");
  fake_peer_expect (fake, "migrate_cancel", "");
  fake_peer_reply (fake, "{}");
  fake_peer_delay (fake, 50);
  say_status (_i == 0 ? "\"cancelled\"" : "\"completed\"");
  expect_end (1);
  assert_fails (TRUE, 0.2, "no saved machine within 0.");
}

CASE ("protocol", setup, teardown, 60)

TEST (saving_never_ends)
{
  expect_begin (TRUE);
  fake_peer_reply (fake, "{}");
  fake_peer_serve (fake, "migrate_cancel", "{}");
  assert_fails (TRUE, 0.2, "no saved machine within 0.");
}

TEST (loading_takes_too_long)
{
  expect_begin (FALSE);
  fake_peer_reply (fake, "{}");
  assert_fails (FALSE, 0.2, "no loaded machine within 0.");
}

CASE ("loops", setup, teardown, 0)

TEST_LOOP (cancelled, 0, 2)
{
  expect_begin (_i);
  fake_peer_reply (fake, "{}");
  if (_i)
    fake_peer_serve (fake, "migrate_cancel", "{}");
  g_timeout_add (100, tell_of_the_end, cancel);
  assert_fails (_i, PATIENCE, "QEMU ended: why");
}

/* A peer that keeps the descriptor: it answers everything with "{}". On "migrate" it says that it
 * has completed and then sends what it is to send; on "migrate-incoming" it reads to the end first.
 */
typedef struct
{
  int qmp;
  int stream; /* -1 before getfd, and when it is done */
  guint qmp_id, stream_id;
  gboolean idle; /* it neither sends nor reads */
  GString *in;
  gint64 n;      /* bytes to send, or that came */
  GString *came; /* the first of them */
} Keeper;

static Keeper keeper;

static guint8
byte_at (gint64 position)
{
  return position % 251;
}

static void
say (const char *line)
{
  ck_assert_int_eq (send (keeper.qmp, line, strlen (line), MSG_NOSIGNAL), (gssize)strlen (line));
}

static void
say_completed (void)
{
  say ("{\"event\": \"MIGRATION\", \"data\": {\"status\": \"completed\"}}\n");
}

static gboolean
stop_stream (void)
{
  close (keeper.stream);
  keeper.stream = -1;
  keeper.stream_id = 0;
  return G_SOURCE_REMOVE;
}

static gboolean
send_state (int fd, GIOCondition events, gpointer data)
{
  static gint64 at;
  char bytes[8192];
  gsize want = MIN (keeper.n - at, (gint64)sizeof bytes);
  gssize n;

  for (gsize i = 0; i < want; i++)
    bytes[i] = byte_at (at + i);
  n = want > 0 ? send (fd, bytes, want, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
  at += MAX (n, 0);
  if (n > 0 || (n < 0 && errno == EAGAIN))
    return G_SOURCE_CONTINUE;
  at = 0;
  return stop_stream ();
}

static gboolean
receive_state (int fd, GIOCondition events, gpointer data)
{
  char bytes[65536];
  gssize n = read (fd, bytes, sizeof bytes);

  if (n <= 0)
    {
      say_completed ();
      return stop_stream ();
    }
  keeper.n += n;
  if (keeper.came->len < 1024 * 1024)
    g_string_append_len (keeper.came, bytes, n);
  return G_SOURCE_CONTINUE;
}

static void
obey (const char *line)
{
  const char *id = strstr (line, "\"id\":");
  g_autofree char *reply = NULL;

  ck_assert_ptr_nonnull (id);
  reply = g_strdup_printf ("{\"return\": {}, \"id\": %d}\n", atoi (id + 5));
  say (reply);
  if (keeper.idle)
    return;
  if (strstr (line, "\"migrate\"") != NULL)
    {
      say_completed ();
      keeper.stream_id = g_unix_fd_add (keeper.stream, G_IO_OUT, send_state, NULL);
    }
  if (strstr (line, "\"migrate-incoming\"") != NULL)
    keeper.stream_id = g_unix_fd_add (keeper.stream, G_IO_IN, receive_state, NULL);
}

static gboolean
hear (int fd, GIOCondition events, gpointer data)
{
  char bytes[4096];
  struct iovec iov = { bytes, sizeof bytes };
  union
  {
    struct cmsghdr header;
    char space[CMSG_SPACE (sizeof (int))];
  } control;
  struct msghdr message = {
    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  gssize n = recvmsg (fd, &message, MSG_CMSG_CLOEXEC);
  char *newline;

  ck_assert_int_gt (n, 0);
  if (message.msg_controllen > 0)
    memcpy (&keeper.stream, CMSG_DATA (&control.header), sizeof (int));
  g_string_append_len (keeper.in, bytes, n);
  while ((newline = strchr (keeper.in->str, '\n')) != NULL)
    {
      *newline = '\0';
      obey (keeper.in->str);
      g_string_erase (keeper.in, 0, newline + 1 - keeper.in->str);
    }
  return G_SOURCE_CONTINUE;
}

static void
setup_keeper (void)
{
  int pair[2];

  setup_common ();
  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  keeper = (Keeper){ .qmp = pair[1],
                     .stream = -1,
                     .in = g_string_new (NULL),
                     .came = g_string_new (NULL),
                     .qmp_id = g_unix_fd_add (pair[1], G_IO_IN, hear, NULL) };
  qmp = vq_qmp_new (pair[0], ignore_event, NULL);
}

static void
teardown_keeper (void)
{
  g_source_remove (keeper.qmp_id);
  g_clear_handle_id (&keeper.stream_id, g_source_remove);
  close (keeper.qmp);
  if (keeper.stream >= 0)
    close (keeper.stream);
  g_string_free (keeper.in, TRUE);
  g_string_free (keeper.came, TRUE);
  teardown_common ();
}

CASE ("bytes", setup_keeper, teardown_keeper, 60)

/* Everything that QEMU says gets into the file, after what is there, and nothing else. */
TEST (bytes_to_the_file)
{
  static const gint64 sizes[] = { 0, 1, 65535, 65536, 65537, 1000000 };
  gint64 before = 0;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree guint8 *bytes = g_malloc (sizes[i] + 1);

      keeper.n = sizes[i];
      assert_migrates (TRUE);
      ck_assert_int_eq (pread (file, bytes, sizes[i] + 1, before), sizes[i]);
      for (gint64 k = 0; k < sizes[i]; k++)
        ck_assert_uint_eq (bytes[k], byte_at (k));
      before += sizes[i];
    }
}

/* From its beginning, wherever its descriptor stands. */
TEST (bytes_from_the_file)
{
  GString *bytes = g_string_new (NULL);

  for (int i = 0; i < 300000; i++)
    g_string_append_c (bytes, byte_at (i));
  ck_assert_int_eq (write (file, bytes->str, bytes->len), (gssize)bytes->len);
  for (int i = 0; i < 2; i++)
    {
      keeper.n = 0;
      g_string_truncate (keeper.came, 0);
      assert_migrates (FALSE);
      ck_assert_int_eq (keeper.n, bytes->len);
      ck_assert (g_string_equal (keeper.came, bytes));
    }
  g_string_free (bytes, TRUE);
}

CASE ("limits", setup_keeper, teardown_keeper, 180)

/* A limit that is kept, and one that is passed by a byte. */
TEST_LOOP (longest_saved, 0, 2)
{
  close (file);
  file = open ("/dev/null", O_WRONLY | O_CLOEXEC);
  keeper.n = VQ_MIGRATION_MAX + _i;
  if (_i == 0)
    assert_migrates (TRUE);
  else
    assert_fails (TRUE, PATIENCE, "the state takes more than 256 MiB");
}

TEST_LOOP (longest_loaded, 0, 2)
{
  ck_assert_int_eq (ftruncate (file, VQ_MIGRATION_MAX + _i), 0);
  if (_i == 0)
    {
      assert_migrates (FALSE);
      ck_assert_int_eq (keeper.n, VQ_MIGRATION_MAX);
    }
  else
    assert_fails (FALSE, PATIENCE, "the state file is longer than 256 MiB");
}

TEST_LOOP (file_that_cannot_be_used, 0, 2)
{
  keeper.n = 1000;
  close (file);
  file = open ("/dev/null", (_i ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
  assert_fails (_i, PATIENCE,
                _i ? "cannot write the state file: Bad file descriptor"
                   : "cannot read the state file: Bad file descriptor");
}

/* It holds the other end, and nothing moves. */
TEST_LOOP (nothing_moves, 0, 2)
{
  keeper.idle = TRUE;
  ck_assert_int_eq (ftruncate (file, 1000000), 0);
  assert_fails (_i, 0.2, _i ? "no saved machine within 0." : "no loaded machine within 0.");
}

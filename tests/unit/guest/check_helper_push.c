// SPDX-License-Identifier: GPL-2.0-or-later
/* The script is run on this machine, by the real qemu-ga. Programs of ours that are first on PATH
 * make the machine look as if it had the port: it is a FIFO, and what the server sends goes there
 * through this test. */
#include "guest/helper-push.h"

#include <check.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "way/way-agent.h"
#include "base/error.h"
#include "fake-agent.h"
#include "helper/helper-frame.h"
#include "host-agent.h"
#include "leaks.h"
#include "suite.h"
#include "tree.h"

#define PATIENCE 60 /* seconds */
#define HELLO_SIZE (VQ_HELPER_MAGIC_SIZE + VQ_HELPER_NONCE_SIZE)

static char *directory;
static char *program; /* what is pushed */
static char *path_before;
static const char *machine; /* what it is for */
static VqHelperPort *port;

/* The guest's end of the port. */
static struct
{
  int fd;
  int fifo; /* -1: there is none */
  guint source_id;
  GByteArray *in;
  gsize size;       /* of the program */
  gsize to_forward; /* so much of it goes to the FIFO */
  gboolean damage;  /* its last byte is another then */
  gboolean answered;
} guest;

static char *
in_directory (const char *name)
{
  return g_build_filename (directory, name, NULL);
}

static void
forward (gsize before)
{
  for (gsize i = before; guest.fifo >= 0 && i < MIN (guest.in->len, guest.to_forward); i++)
    {
      guint8 byte = guest.in->data[i] ^ (guest.damage && i == guest.size - 1);

      ck_assert_int_eq (write (guest.fifo, &byte, 1), 1);
    }
}

/* The first HELLO behind the program and the padding is answered. */
static void
answer_hello (void)
{
  gsize at = guest.size;
  guint8 reply[VQ_HELPER_HEADER_SIZE + HELLO_SIZE + 8 + VQ_HELPER_TRAILER_SIZE] = { 0 };

  while (at < guest.in->len && guest.in->data[at] == 0)
    at++;
  if (guest.answered
      || at + VQ_HELPER_HEADER_SIZE + HELLO_SIZE + VQ_HELPER_TRAILER_SIZE > guest.in->len)
    return;
  ck_assert_uint_eq (guest.in->data[at], VQ_HELPER_HELLO);
  vq_helper_frame_put_header (reply, VQ_HELPER_HELLO_REPLY, 0, HELLO_SIZE + 8);
  memcpy (reply + VQ_HELPER_HEADER_SIZE, guest.in->data + at + VQ_HELPER_HEADER_SIZE, HELLO_SIZE);
  vq_helper_frame_put_u32 (reply + VQ_HELPER_HEADER_SIZE + HELLO_SIZE, VQ_HELPER_VERSION);
  vq_helper_frame_put_u32 (reply + VQ_HELPER_HEADER_SIZE + HELLO_SIZE + 4, 4711);
  vq_helper_frame_put_trailer (reply + VQ_HELPER_HEADER_SIZE + HELLO_SIZE + 8, 0,
                               guest.in->data + at + VQ_HELPER_HEADER_SIZE + VQ_HELPER_MAGIC_SIZE);
  ck_assert_int_eq (write (guest.fd, reply, sizeof reply), sizeof reply);
  guest.answered = TRUE;
}

static gboolean
on_readable (int fd, GIOCondition events, gpointer data)
{
  guint8 buffer[4096];
  gssize n = read (fd, buffer, sizeof buffer);
  gsize before = guest.in->len;

  ck_assert_int_gt (n, 0);
  g_byte_array_append (guest.in, buffer, n);
  forward (before);
  answer_hello ();
  return G_SOURCE_CONTINUE;
}

static void
put_program (const char *name, const char *text, gsize n)
{
  g_autofree char *path = in_directory (name);

  ck_assert (g_file_set_contents (path, text, n, NULL));
  ck_assert_int_eq (chmod (path, 0755), 0);
}

/* The pushed program. */
static void
set_program (const char *text, gsize n)
{
  put_program ("program", text, n);
  guest.size = guest.to_forward = n;
}

static void
setup (void)
{
  int pair[2];

  leaks_begin ();
  directory = g_dir_make_tmp ("vq-push-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
  program = in_directory ("program");
  path_before = g_strdup (g_getenv ("PATH"));
  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  port = vq_helper_port_new (pair[0]);
  memset (&guest, 0, sizeof guest);
  machine = NULL;
  guest.fd = pair[1];
  guest.fifo = -1;
  guest.in = g_byte_array_new ();
  guest.source_id = g_unix_fd_add (guest.fd, G_IO_IN, on_readable, NULL);
  vq_helper_port_set_open (port, TRUE);
}

static void
teardown (void)
{
  g_setenv ("PATH", path_before, TRUE);
  g_clear_pointer (&path_before, g_free);
  g_clear_pointer (&port, vq_helper_port_free);
  g_source_remove (guest.source_id);
  close (guest.fd);
  if (guest.fifo >= 0)
    close (guest.fifo);
  g_byte_array_unref (guest.in);
  tree_remove (directory);
  g_clear_pointer (&directory, g_free);
  g_clear_pointer (&program, g_free);
  leaks_assert_none ();
}

/* Instead of what it stands for: "unshare --mount /bin/sh -ec SCRIPT sh SIZE SUM PORT MACHINE" runs
 * the script with all its paths in the directory, and less patience. */
static const char unshare_script[]
    = "#!/bin/sh\n"
      "[ \"$1 $2 $3 $5\" = '--mount /bin/sh -ec sh' ] || exit 99\n"
      "d=${0%/*}\n"
      "script=$(printf '%s\\n' \"$4\" | sed -e \"s#/tmp/#$d/#g\" -e \"s#/dev/#$d/dev/#\" \\\n"
      "  -e \"s#/sys/class/virtio-ports#$d/sys#\" -e 's/-c \"$port\"/-p \"$port\"/' \\\n"
      "  -e 's/timeout 20/timeout 0.5/')\n"
      "shift 4\n"
      "exec /bin/sh -ec \"$script\" \"$@\"\n";

/* Programs of the test are found first. */
static void
prefer_ours (void)
{
  g_autofree char *search = g_strconcat (directory, ":", path_before, NULL);

  g_setenv ("PATH", search, TRUE);
}

/* Time passes, and this is what happens. */
static void
fake_sleep (const char *script)
{
  put_program ("sleep", script, strlen (script));
  prefer_ours ();
}

/* The machine has two other ports, and one without a name; only with PORT_NAME the right one. */
static void
fake_machine (const char *port_name)
{
  static const char *const ports[] = { "vport0p0", "vport0p1", "vport0p2", "vport0p3" };
  const char *const names[] = { "other\n", "org.qemu.guest_agent.0\n", port_name, NULL };
  g_autofree char *dev = in_directory ("dev");
  g_autofree char *fifo = in_directory ("dev/vport0p2");

  put_program ("unshare", unshare_script, strlen (unshare_script));
  put_program ("mount", "#!/bin/sh\n", 10);
  prefer_ours ();
  ck_assert_int_eq (g_mkdir (dev, 0700), 0);
  ck_assert_int_eq (mkfifo (fifo, 0600), 0);
  guest.fifo = open (fifo, O_RDWR | O_CLOEXEC);
  for (gsize i = 0; i < G_N_ELEMENTS (ports); i++)
    {
      g_autofree char *path = g_build_filename (directory, "sys", ports[i], NULL);
      g_autofree char *name = g_build_filename (path, "name", NULL);

      ck_assert_int_eq (g_mkdir_with_parents (path, 0700), 0);
      if (names[i] != NULL)
        ck_assert (g_file_set_contents (name, names[i], -1, NULL));
    }
}

static gboolean
push (VqGuestAgent *agent, double seconds, GError **error)
{
  g_autoptr (VqWay) entry = vq_way_agent_new (agent);

  return vq_guest_agent_sync (agent, vq_deadline_in (PATIENCE), NULL, error)
         && vq_helper_push (port, entry, program, machine, vq_deadline_in (seconds), NULL, error);
}

/* It fails, and the error says why. */
static void
assert_fails (VqGuestAgent *agent, const char *why)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!push (agent, PATIENCE, &error));
  ck_assert_msg (g_str_has_suffix (error->message, why), "%s", error->message);
  ck_assert_ptr_null (strchr (error->message, '\n'));
}

CASE ("push", setup, teardown, 60)

TEST (bytes_arrive)
{
  g_autoptr (FakeAgent) agent = fake_agent_new ();
  g_autoptr (GError) error = NULL;
  const gsize n = 50000;
  g_autofree char *bytes = g_malloc (n);

  for (gsize i = 0; i < n; i++)
    bytes[i] = i * 31 + i / 256;
  bytes[n - 1] = 1; /* no padding */
  set_program (bytes, n);
  ck_assert_msg (push (fake_agent_get (agent), PATIENCE, &error), "%s",
                 error != NULL ? error->message : "");
  ck_assert_uint_eq (fake_agent_take_count (agent, "guest-exec"), 1);
  ck_assert (memcmp (guest.in->data, bytes, n) == 0);
  ck_assert (guest.answered);
  ck_assert_ptr_null (vq_helper_port_get_error (port));
}

TEST (no_program)
{
  g_autoptr (FakeAgent) agent = fake_agent_new ();
  g_autoptr (GError) error = NULL;

  ck_assert (!push (fake_agent_get (agent), PATIENCE, &error));
  ck_assert_ptr_nonnull (strstr (error->message, program));
  ck_assert_uint_eq (fake_agent_take_count (agent, "guest-exec"), 0);
  ck_assert_uint_eq (guest.in->len, 0);
}

TEST (helper_says_nothing)
{
  g_autoptr (FakeAgent) agent = fake_agent_new ();
  g_autoptr (GError) error = NULL;

  set_program ("x", 1);
  guest.answered = TRUE; /* it thinks so */
  ck_assert (!push (fake_agent_get (agent), 0.5, &error));
  ck_assert (vq_error_is_timeout (error));
  ck_assert_ptr_nonnull (strstr (error->message, "no answer of the guest helper"));
}

/* The script is what it is, and this machine what it is: nobody here has the port, or may look. */
TEST (on_this_machine)
{
  g_autoptr (HostAgent) agent = NULL;
  g_autoptr (GError) error = NULL;

  set_program ("x", 1);
  fake_sleep ("#!/bin/sh\n");
  agent = host_agent_new ();
  ck_assert (!push (host_agent_get (agent), PATIENCE, &error));
  ck_assert_msg (strstr (error->message, "no port " VQ_HELPER_PORT_NAME) != NULL
                     || strstr (error->message, "unshare: ") != NULL,
                 "%s", error->message);
}

TEST (no_port)
{
  g_autoptr (HostAgent) agent = NULL;

  set_program ("x", 1);
  fake_machine ("other\n");
  fake_sleep ("#!/bin/sh\n");
  agent = host_agent_new ();
  assert_fails (host_agent_get (agent),
                "no port " VQ_HELPER_PORT_NAME ": modprobe virtio_console does not help");
}

/* A guest with a kernel of another architecture says so before it looks for the port. */
TEST (other_machine)
{
  g_autoptr (HostAgent) agent = NULL;

  set_program ("x", 1);
  fake_machine ("other\n");
  put_program ("uname", "#!/bin/sh\n[ \"$*\" = -m ] && echo i686\n", 37);
  machine = "x86_64";
  agent = host_agent_new ();
  assert_fails (host_agent_get (agent), "not for a i686");
}

/* It is started with the port, and closed to others; the script's words come in no other way. */
static const char fake_helper[] = "#!/bin/sh\n"
                                  "d=${0%/*}\n"
                                  "[ -p /dev/fd/3 ] || exit 7\n"
                                  "echo \"$* $(stat -c %a \"$0\")\" >\"$d/started\"\n"
                                  "# the end";

static void
assert_starts (void)
{
  g_autoptr (HostAgent) agent = host_agent_new ();
  g_autofree char *started = in_directory ("started");
  g_autofree char *copy = in_directory ("virt-qemu-helper");
  g_autofree char *words = NULL;
  g_autofree char *bytes = NULL;
  g_autoptr (GError) error = NULL;

  ck_assert_msg (push (host_agent_get (agent), PATIENCE, &error), "%s",
                 error != NULL ? error->message : "");
  ck_assert (g_file_get_contents (started, &words, NULL, NULL));
  ck_assert_str_eq (words, "--fd 3 --daemon 700\n");
  ck_assert (g_file_get_contents (copy, &bytes, NULL, NULL));
  ck_assert_str_eq (bytes, fake_helper);
}

TEST (starts)
{
  set_program (fake_helper, strlen (fake_helper));
  fake_machine (VQ_HELPER_PORT_NAME "\n");
  assert_starts ();
}

/* Its driver may be loaded later than a root shell is there. */
TEST (port_comes_late)
{
  set_program (fake_helper, strlen (fake_helper));
  fake_machine ("other\n");
  fake_sleep ("#!/bin/sh\necho " VQ_HELPER_PORT_NAME " >\"${0%/*}/sys/vport0p2/name\"\n");
  assert_starts ();
}

/* Its driver is loaded by the script if nobody else does it; and the machine is the right one. */
TEST (driver_is_not_loaded)
{
  static const char modprobe[] = "#!/bin/sh\n[ \"$*\" = virtio_console ] && "
                                 "echo " VQ_HELPER_PORT_NAME " >\"${0%/*}/sys/vport0p2/name\"\n";

  set_program (fake_helper, strlen (fake_helper));
  fake_machine ("other\n");
  put_program ("modprobe", modprobe, strlen (modprobe));
  put_program ("uname", "#!/bin/sh\necho riscv64\n", 23);
  machine = "riscv64";
  assert_starts ();
}

static void
assert_not_started (const char *why)
{
  g_autoptr (HostAgent) agent = NULL;
  g_autofree char *started = in_directory ("started");

  fake_machine (VQ_HELPER_PORT_NAME "\n");
  agent = host_agent_new ();
  assert_fails (host_agent_get (agent), why);
  ck_assert (!g_file_test (started, G_FILE_TEST_EXISTS));
}

TEST (damaged)
{
  set_program (fake_helper, strlen (fake_helper));
  guest.damage = TRUE;
  assert_not_started ("the program arrived damaged");
}

TEST (incomplete)
{
  set_program (fake_helper, strlen (fake_helper));
  guest.to_forward--;
  assert_not_started ("the program did not arrive");
}

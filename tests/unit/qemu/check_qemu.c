// SPDX-License-Identifier: GPL-2.0-or-later
/* The real QEMU, under TCG, without a guest system: a boot sector does what a guest would. */
#include "qemu/qemu.h"

#include <arpa/inet.h>
#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bare-machine.h"
#include "base/error.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 60 /* seconds */

/* 16-bit code of boot sectors. */
static const guint8 code_halt[] = { 0xf4, 0xeb, 0xfd };                  /* hlt; jmp */
static const guint8 code_reset[] = { 0xb0, 0xfe, 0xe6, 0x64, 0xf4 };     /* out 0x64, 0xfe */
static const guint8 code_panic[] = { 0xb0, 0x01, 0xba, 0x05, 0x05, 0xee, /* out 0x505, 1 */
                                     0xf4, 0xeb, 0xfc };                 /* hlt; again */
static const guint8 code_off[] = { 0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef, 0xf4 }; /* ACPI S5 */
static const guint8 code_fill[] = {
  0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, 0x00, 0x7c, /*    ds = ss = 0, sp = 7c00 */
  0xbe, 0x20, 0x7c,                                     /* 1: si = 7c20 */
  0xb8, 0x00, 0x43, 0xcd, 0x13,                         /*    BIOS: extended write */
  0x66, 0x83, 0x06, 0x28, 0x7c, 0x40,                   /*    its sector += 64 */
  0xeb, 0xf0,                                           /*    jmp 1b */
  0,    0,    0,    0,    0,    0,    0,                /* 7c20: 64 sectors from 1000:0 to 64 */
  0x10, 0,    0x40, 0,    0,    0,    0,    0x10, 0x40, 0, 0, 0, 0, 0, 0, 0,
};

static BareMachine *bare;
static VqQemu *qemu;

static void
setup (void)
{
  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  bare = bare_machine_new ("x86_64", NULL);
}

static void
teardown (void)
{
  g_clear_pointer (&qemu, vq_qemu_free);
  g_clear_pointer (&bare, bare_machine_free);
  leaks_assert_none ();
}

static gint64
soon (void)
{
  return vq_deadline_in (PATIENCE);
}

static void
start (const guint8 *code, gsize n)
{
  g_autoptr (GError) error = NULL;

  if (bare->overlay == NULL)
    bare_machine_make_disk (bare, NULL, code, n);
  qemu = vq_qemu_start (&bare->machine, soon (), NULL, &error);
  ck_assert_msg (qemu != NULL, "%s", error != NULL ? error->message : "");
}

static void
run_guest (void)
{
  ck_assert (vq_qemu_run_guest (qemu, soon (), NULL));
}

static gboolean
is_cancelled (gpointer data)
{
  return vq_cancel_reason (vq_qemu_get_cancel (data)) != NULL;
}

/* Waits for the cancel; its reason must have TEXT in it. */
static void
assert_cancelled (const char *text)
{
  const GError *reason;

  ck_assert (vq_wait_until (is_cancelled, qemu, soon (), NULL, "trigger", NULL));
  reason = vq_cancel_reason (vq_qemu_get_cancel (qemu));
  ck_assert_msg (strstr (reason->message, text) != NULL, "%s", reason->message);
  ck_assert (vq_error_is_machine (reason));
  ck_assert_ptr_null (strchr (reason->message, '\n'));
}

static void
assert_not_cancelled (guint milliseconds)
{
  ck_assert (vq_wait_pause (milliseconds, NULL, NULL));
  ck_assert (!is_cancelled (qemu));
}

/* What a person does with socat. */
static void
type_into_monitor (const char *line)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_autofree char *path = g_build_filename (bare->directory, "monitor", NULL);
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  ck_assert_int_eq (connect (fd, (struct sockaddr *)&address, sizeof address), 0);
  ck_assert_int_eq (write (fd, line, strlen (line)), (gssize)strlen (line));
  ck_assert (vq_wait_fd (fd, G_IO_IN, soon (), NULL, "prompt", NULL));
  ck_assert (vq_wait_pause (50, NULL, NULL)); /* let it read before it sees us leave */
  close (fd);
}

static pid_t
find_qemu (void)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/children", getpid ());
  g_autofree char *children = NULL;

  ck_assert (g_file_get_contents (path, &children, NULL, NULL));
  ck_assert_ptr_eq (strchr (children, ' '), strrchr (children, ' '));
  ck_assert_int_gt (atoi (children), 1);
  return atoi (children);
}

CASE ("qemu", setup, teardown, 180)

TEST (starts_and_quits)
{
  start (code_halt, sizeof code_halt);
  run_guest ();
  assert_not_cancelled (100);
  vq_qemu_quit (qemu, soon ());
  ck_assert (vq_qemu_wait_end (qemu, vq_deadline_in (0), NULL));
  ck_assert (!is_cancelled (qemu));
}

/* By its free function alone. */
TEST (starts_and_is_dropped)
{
  start (code_halt, sizeof code_halt);
}

TEST (quit_of_a_stopped_process)
{
  gint64 begin = g_get_monotonic_time ();

  start (code_halt, sizeof code_halt);
  ck_assert_int_eq (kill (find_qemu (), SIGSTOP), 0);
  vq_qemu_quit (qemu, vq_deadline_in (0.3));
  ck_assert_int_lt (g_get_monotonic_time () - begin, 20 * G_USEC_PER_SEC);
}

TEST (cannot_start)
{
  static const struct
  {
    const char *option, *error;
  } cases[] = {
    { "--qemu-options=-nonsense", "-nonsense" },
    { "--qemu-options=-device=nonsense", "nonsense" },
    { "--qemu-options=-machine=nonsense", "nonsense" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (BareMachine) bad = bare_machine_new ("x86_64", cases[i].option);
      g_autoptr (GError) error = NULL;

      bare_machine_make_disk (bad, NULL, code_halt, sizeof code_halt);
      ck_assert_ptr_null (vq_qemu_start (&bad->machine, soon (), NULL, &error));
      ck_assert_msg (g_str_has_prefix (error->message, "QEMU ended: exit status 1: "), "%s",
                     error->message);
      ck_assert_msg (strstr (error->message, cases[i].error) != NULL, "%s", error->message);
      ck_assert_ptr_null (strchr (error->message, '\n'));
    }
}

TEST (no_such_disk)
{
  g_autoptr (GError) error = NULL;

  bare->machine.overlay = "/nonexistent/overlay";
  ck_assert_ptr_null (vq_qemu_start (&bare->machine, soon (), NULL, &error));
  ck_assert_msg (strstr (error->message, "/nonexistent/overlay") != NULL, "%s", error->message);
}

TEST (no_such_program)
{
  g_autoptr (GError) error = NULL;

  g_free (bare->plan.qemu_command);
  bare->plan.qemu_command = g_strdup ("/nonexistent/qemu");
  bare->machine.overlay = "overlay";
  ck_assert_ptr_null (vq_qemu_start (&bare->machine, soon (), NULL, &error));
  ck_assert_msg (strstr (error->message, "/nonexistent/qemu") != NULL, "%s", error->message);
}

/* A program that is no QEMU: it never greets, or it ends at once. */
TEST (not_qemu)
{
  static const struct
  {
    const char *script, *error;
    double seconds;
    VqErrorCode code;
  } cases[] = {
    { "#!/bin/sh\nexec sleep 1000\n", "no greeting of QEMU's monitor within", 0.3,
      VQ_ERROR_TIMEOUT },
    { "#!/bin/sh\nexit 0\n", "QEMU ended: exit status 0", PATIENCE, VQ_ERROR_MACHINE },
    { "#!/bin/sh\nkill -SEGV $$\n", "QEMU ended: killed by signal 11 (Segmentation fault)",
      PATIENCE, VQ_ERROR_MACHINE },
    { "#!/bin/sh\necho one >&2; echo two >&2; exit 3\n", "QEMU ended: exit status 3: one; two",
      PATIENCE, VQ_ERROR_MACHINE },
    { "#!/bin/sh\necho cannot set up guest memory: Cannot allocate memory >&2; exit 1\n",
      "memory: Cannot allocate memory", PATIENCE, VQ_ERROR_NO_ROOM },
  };
  g_autofree char *program = g_build_filename (bare->directory, "qemu", NULL);

  g_free (bare->plan.qemu_command);
  bare->plan.qemu_command = g_strdup (program);
  bare->machine.overlay = "overlay";
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert (g_file_set_contents (program, cases[i].script, -1, NULL));
      ck_assert_int_eq (g_chmod (program, 0755), 0);
      ck_assert_ptr_null (
          vq_qemu_start (&bare->machine, vq_deadline_in (cases[i].seconds), NULL, &error));
      ck_assert_msg (strstr (error->message, cases[i].error) != NULL, "%s", error->message);
      ck_assert_int_eq (vq_error_get_code (error), cases[i].code);
      ck_assert_int_eq (vq_error_is_of_host (error), cases[i].code == VQ_ERROR_NO_ROOM);
    }
}

TEST (killed)
{
  start (code_halt, sizeof code_halt);
  run_guest ();
  ck_assert_int_eq (kill (find_qemu (), SIGKILL), 0);
  assert_cancelled ("QEMU ended: killed by signal 9 (Killed)");
  ck_assert (vq_error_is_of_host (vq_cancel_reason (vq_qemu_get_cancel (qemu))));
}

TEST (told_to_end)
{
  start (code_halt, sizeof code_halt);
  run_guest ();
  type_into_monitor ("quit\n");
  assert_cancelled ("QEMU was told to end (host-qmp-quit)");
}

TEST (stopped)
{
  start (code_halt, sizeof code_halt);
  run_guest ();
  type_into_monitor ("stop\n");
  assert_cancelled ("the machine was stopped though nobody asked for it");
}

TEST (reset)
{
  start (code_halt, sizeof code_halt);
  run_guest ();
  vq_boot_watch_expect (vq_qemu_get_boots (qemu), FALSE);
  type_into_monitor ("system_reset\n");
  assert_cancelled ("rebooted though nobody asked for it");
}

TEST (guest_resets_itself)
{
  start (code_reset, sizeof code_reset);
  vq_boot_watch_expect (vq_qemu_get_boots (qemu), FALSE);
  run_guest ();
  assert_cancelled ("the guest rebooted though nobody asked for it");
}

static gboolean
has_been_reset (gpointer data)
{
  return vq_boot_watch_was_reset (vq_qemu_get_boots (data));
}

static void
wait_reset (void)
{
  ck_assert (vq_wait_until (has_been_reset, qemu, soon (), NULL, "reset", NULL));
}

TEST (expected_reset)
{
  gint64 before = g_get_monotonic_time ();

  start (code_reset, sizeof code_reset);
  run_guest ();
  wait_reset ();
  ck_assert (!is_cancelled (qemu));
  ck_assert_int_gt (vq_qemu_get_last_sign (qemu), before);
  vq_boot_watch_expect (vq_qemu_get_boots (qemu), TRUE);
  wait_reset ();
}

/* The machine runs on, because a guest that panics may reboot. */
TEST (panic)
{
  g_strfreev (bare->options->qemu_options);
  bare->options->qemu_options = g_strsplit ("-device pvpanic", " ", -1);
  start (code_panic, sizeof code_panic);
  run_guest ();
  for (int i = 0; i < 2; i++)
    {
      ck_assert (vq_boot_watch_wait_end (vq_qemu_get_boots (qemu)));
      ck_assert (vq_boot_watch_has_panicked (vq_qemu_get_boots (qemu)));
      vq_boot_watch_expect (vq_qemu_get_boots (qemu), TRUE);
      vq_boot_watch_begin (vq_qemu_get_boots (qemu));
    }
  vq_boot_watch_expect (vq_qemu_get_boots (qemu), FALSE);
  assert_cancelled ("the guest's kernel panicked");
}

TEST (lost_helper)
{
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_PEER, "it has ended");

  start (code_halt, sizeof code_halt);
  run_guest ();
  vq_qemu_lose_helper (qemu, reason);
  ck_assert (!is_cancelled (qemu));
  vq_boot_watch_expect (vq_qemu_get_boots (qemu), FALSE);
  vq_qemu_lose_helper (qemu, reason);
  assert_cancelled ("it has ended");
}

TEST (guest_powers_off)
{
  start (code_off, sizeof code_off);
  run_guest ();
  assert_cancelled ("the guest powered itself off");
}

/* We hear of its end and of its last event at the same time. */
TEST (guest_powers_off_unheard)
{
  siginfo_t info;

  start (code_off, sizeof code_off);
  run_guest ();
  ck_assert_int_eq (waitid (P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
  assert_cancelled ("the guest powered itself off");
}

TEST (expected_power_off)
{
  start (code_off, sizeof code_off);
  vq_qemu_expect_end (qemu);
  run_guest ();
  ck_assert (vq_qemu_wait_end (qemu, soon (), NULL));
  ck_assert (!is_cancelled (qemu));
}

static gboolean
trigger (gpointer data)
{
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_CANCELLED, "got signal 15");

  vq_cancel_trigger (data, reason);
  return G_SOURCE_REMOVE;
}

/* A guest that does not power off. */
TEST (wait_for_power_off_is_cancelled)
{
  g_autoptr (GError) error = NULL;

  start (code_halt, sizeof code_halt);
  run_guest ();
  vq_qemu_expect_end (qemu);
  g_timeout_add (100, trigger, vq_qemu_get_cancel (qemu));
  ck_assert (!vq_qemu_wait_end (qemu, soon (), &error));
  ck_assert_str_eq (error->message, "got signal 15");
}

static const struct
{
  gboolean stays, becomes_template;
  const char *whose, *hint;
} full_disks[] = {
  { FALSE, FALSE, "testbed's", ", or name another directory with --overlay-dir" },
  { TRUE, FALSE, "instance's", "" },
  { FALSE, TRUE, "template's", ", or name another directory with --template-dir" },
};

/* The overlay is on a file system of 1 MiB. Only a testbed's is in --overlay-dir. */
TEST_LOOP (disk_full, 0, G_N_ELEMENTS (full_disks))
{
  g_autofree char *small = g_build_filename (bare->directory, "small", NULL);
  g_autofree char *text = NULL;

  ck_assert_int_eq (g_mkdir (small, 0700), 0);
  if (mount ("none", small, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m") < 0)
    SKIP ("only root may mount");
  g_free (bare->options->overlay_dir);
  bare->options->overlay_dir = g_strdup (full_disks[_i].stays ? "/nonexistent" : small);
  bare->machine.disk_stays = full_disks[_i].stays;
  bare->machine.ram_shared = full_disks[_i].becomes_template;
  bare_machine_make_disk (bare, small, code_fill, sizeof code_fill);
  start (NULL, 0);
  run_guest ();
  text = g_strdup_printf ("no space left for the %s disk in %s: free some%s", full_disks[_i].whose,
                          small, full_disks[_i].hint);
  if (vq_wait_until (is_cancelled, qemu, soon (), NULL, "trigger", NULL))
    assert_cancelled (text);
  else
    ck_abort_msg ("nothing heard of the full disk");
  ck_assert_int_eq (vq_error_get_code (vq_cancel_reason (vq_qemu_get_cancel (qemu))),
                    VQ_ERROR_NO_ROOM);
  g_clear_pointer (&qemu, vq_qemu_free);
  ck_assert_int_eq (umount (small), 0);
}

/* QEMU ends first, its parent's cancel second; the first reason stays. */
TEST (cancel_of_the_caller)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_CANCELLED, "got signal 15");
  g_autoptr (GError) error = NULL;

  vq_cancel_trigger (cancel, reason);
  bare_machine_make_disk (bare, NULL, code_halt, sizeof code_halt);
  ck_assert_ptr_null (vq_qemu_start (&bare->machine, soon (), cancel, &error));
  ck_assert_str_eq (error->message, "got signal 15");
}

/* A port of 127.0.0.1 that is listened on; *FD keeps it. */
static guint
take_port (int *fd)
{
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t n = sizeof address;

  *fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ck_assert_int_eq (bind (*fd, (struct sockaddr *)&address, n), 0);
  ck_assert_int_eq (listen (*fd, 1), 0);
  ck_assert_int_eq (getsockname (*fd, (struct sockaddr *)&address, &n), 0);
  return ntohs (address.sin_port);
}

TEST (ssh_ports)
{
  g_autoptr (BareMachine) second = bare_machine_new ("x86_64", NULL);
  g_autoptr (VqQemu) other = NULL;
  guint ports[3];
  int fd;
  guint taken = take_port (&fd);

  start (code_halt, sizeof code_halt);
  bare_machine_make_disk (second, NULL, code_halt, sizeof code_halt);
  other = vq_qemu_start (&second->machine, soon (), NULL, NULL);
  ck_assert_ptr_nonnull (other);
  ck_assert (vq_qemu_forward_ssh (qemu, taken, &ports[0], soon (), NULL));
  ck_assert (vq_qemu_forward_ssh (other, taken, &ports[1], soon (), NULL));
  ck_assert (vq_qemu_forward_ssh (other, taken, &ports[2], soon (), NULL));
  ck_assert_uint_gt (ports[0], taken);
  ck_assert_uint_gt (ports[1], ports[0]);
  ck_assert_uint_gt (ports[2], ports[1]);
  ck_assert_uint_lt (ports[2], taken + 500);
  close (fd);
}

static void
note_port (gboolean open, gpointer data)
{
  *(int *)data += 1;
}

/* Nobody in the guest opens it. */
TEST (agent_port_stays_closed)
{
  int changes = 0;

  start (code_halt, sizeof code_halt);
  vq_qemu_on_port (qemu, VQ_QEMU_PORT_AGENT, note_port, &changes);
  run_guest ();
  assert_not_cancelled (200);
  ck_assert_int_eq (changes, 0);
}

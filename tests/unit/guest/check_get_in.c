// SPDX-License-Identifier: GPL-2.0-or-later
/* Nobody ever gets into these guests: a boot sector does what makes us wait longer, or give up. */
#include "guest/get-in.h"

#include <check.h>
#include <signal.h>
#include <string.h>

#include "bare-machine.h"
#include "base/error.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 60 /* seconds */

/* 16-bit code of boot sectors. */
static const guint8 code_halt[] = { 0xf4, 0xeb, 0xfd };                  /* hlt; jmp */
static const guint8 code_reset[] = { 0xb0, 0xfe, 0xe6, 0x64, 0xf4 };     /* out 0x64, 0xfe */
static const guint8 code_panic[] = { 0xb0, 0x01, 0xba, 0x05, 0x05, 0xee, /* out 0x505, 1 */
                                     0xf4, 0xeb, 0xfd };
static const guint8 code_talk[] = { 0xba, 0xf8, 0x03, 0xb0, 'x', 0xee, /* out 0x3f8, 'x' */
                                    0xf4, 0xeb, 0xfc };                /* hlt; again */

static BareMachine *bare;
static VqQemu *qemu;
static VqGuestLink *link_in;
static VqSshLogin ssh;
static GError *error;

static void
setup (void)
{
  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  bare = bare_machine_new ("x86_64", NULL);
  g_strfreev (bare->options->qemu_options);
  bare->options->qemu_options = g_strsplit ("-device pvpanic", " ", -1);
}

static void
teardown (void)
{
  g_clear_error (&error);
  g_clear_pointer (&link_in, vq_guest_link_free);
  g_clear_pointer (&qemu, vq_qemu_free);
  g_clear_pointer (&bare, bare_machine_free);
  leaks_assert_none ();
}

static void
run (const guint8 *code, gsize n)
{
  gint64 soon = vq_deadline_in (PATIENCE);

  bare_machine_make_disk (bare, NULL, code, n);
  qemu = vq_qemu_start (&bare->machine, soon, NULL, &error);
  ck_assert_msg (qemu != NULL, "%s", error != NULL ? error->message : "");
  link_in = vq_guest_link_new (&bare->plan, qemu, bare->directory, &ssh);
  ck_assert (vq_qemu_run_guest (qemu, soon, NULL));
}

static void
assert_error (const char *text)
{
  ck_assert_msg (strstr (error->message, text) != NULL, "not `%s': %s", text, error->message);
}

CASE ("get-in", setup, teardown, 120)

TEST (a_loop_of_reboots)
{
  run (code_reset, sizeof code_reset);
  ck_assert (!vq_get_in (link_in, qemu, FALSE, PATIENCE, vq_deadline_in (PATIENCE), &error));
  assert_error ("the guest rebooted again and again, ");
  assert_error (" times (seen last: the guest was reset; ");
  ck_assert_ptr_null (vq_cancel_reason (vq_qemu_get_cancel (qemu)));
}

/* After a panic it takes one more second. */
TEST (a_panic)
{
  run (code_panic, sizeof code_panic);
  ck_assert (!vq_get_in (link_in, qemu, FALSE, 1, vq_deadline_in (PATIENCE), &error));
  ck_assert (vq_error_is_timeout (error));
  assert_error (" (seen last of a reboot: the guest's kernel panicked)");
}

static gboolean
reset (gpointer data)
{
  ck_assert (vq_boot_watch_end (vq_qemu_get_boots (qemu), VQ_BOOT_END_RESET));
  return G_SOURCE_REMOVE;
}

/* It has something to say for longer than the 2 s of a boot, and the 3 s of a system's end. */
TEST (a_long_way_down)
{
  run (code_talk, sizeof code_talk);
  g_timeout_add (7500, reset, NULL);
  ck_assert (!vq_get_in_again (link_in, qemu, "before", 2, &error));
  ck_assert (vq_error_is_timeout (error));
  assert_error ("xxx) (seen last of a reboot: the guest was reset)");
}

TEST (a_machine_that_has_failed)
{
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_MACHINE, "QEMU ended");

  run (code_halt, sizeof code_halt);
  vq_cancel_trigger (vq_qemu_get_cancel (qemu), reason);
  ck_assert (!vq_get_in_again (link_in, qemu, "before", PATIENCE, &error));
  ck_assert_str_eq (error->message, "QEMU ended");
}

static gboolean
end_qemu (gpointer data)
{
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_MACHINE, "QEMU ended");

  vq_cancel_trigger (vq_qemu_get_cancel (qemu), reason);
  return G_SOURCE_REMOVE;
}

/* The microseconds of such times are more than an int can hold. */
TEST_LOOP (a_long_patience, 0, 2)
{
  run (code_halt, sizeof code_halt);
  g_timeout_add (500, end_qemu, NULL);
  ck_assert (!vq_get_in_again (link_in, qemu, "before", _i == 0 ? 600 : G_MAXINT, &error));
  ck_assert_str_eq (error->message, "QEMU ended");
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/boot-watch.h"

#include <check.h>

#include "base/error.h"
#include "leaks.h"
#include "suite.h"

static VqCancel *machine;
static VqBootWatch *watch;

static void
setup (void)
{
  leaks_begin ();
  machine = vq_cancel_new (NULL);
  watch = vq_boot_watch_new (machine);
}

static void
teardown (void)
{
  g_clear_pointer (&watch, vq_boot_watch_free);
  g_clear_pointer (&machine, vq_cancel_free);
  leaks_assert_none ();
}

CASE ("boot-watch", setup, teardown, 60)

/* Each end ends the waits for its system, and nothing else. */
TEST (ends_of_systems)
{
  static const struct
  {
    VqBootEnd end;
    gboolean reset, panicked;
    const char *text;
  } cases[] = {
    { VQ_BOOT_END_HELPER, FALSE, FALSE, "the guest helper ended" },
    { VQ_BOOT_END_PANIC, FALSE, TRUE, "the guest's kernel panicked" },
    { VQ_BOOT_END_RESET, TRUE, FALSE, "the guest was reset" },
    { VQ_BOOT_END_HELPER, TRUE, FALSE, "the guest helper ended" },
  };

  ck_assert_str_eq (vq_boot_watch_describe (watch), "nothing");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      VqCancel *boot = vq_boot_watch_begin (watch);

      ck_assert_ptr_null (vq_cancel_reason (boot));
      ck_assert (vq_boot_watch_end (watch, cases[i].end));
      ck_assert_ptr_eq (vq_boot_watch_get_cancel (watch), boot);
      ck_assert_str_eq (vq_cancel_reason (boot)->message, cases[i].text);
      ck_assert_str_eq (vq_boot_watch_describe (watch), cases[i].text);
      ck_assert_uint_eq (vq_boot_watch_count_ends (watch), i + 1);
      ck_assert (vq_boot_watch_was_reset (watch) == cases[i].reset);
      ck_assert (vq_boot_watch_has_panicked (watch) == cases[i].panicked);
    }
  ck_assert_ptr_null (vq_cancel_reason (machine));
}

TEST (ends_that_nobody_expects)
{
  vq_boot_watch_expect (watch, FALSE);
  ck_assert (!vq_boot_watch_end (watch, VQ_BOOT_END_RESET));
  ck_assert_ptr_null (vq_cancel_reason (vq_boot_watch_get_cancel (watch)));
  ck_assert_uint_eq (vq_boot_watch_count_ends (watch), 0);
}

/* What was seen in an earlier boot does not count. */
TEST (next_reboot)
{
  ck_assert (vq_boot_watch_end (watch, VQ_BOOT_END_RESET));
  vq_boot_watch_expect (watch, FALSE);
  vq_boot_watch_expect (watch, TRUE);
  ck_assert_uint_eq (vq_boot_watch_count_ends (watch), 0);
  ck_assert (!vq_boot_watch_was_reset (watch));
}

static gboolean
end_soon (gpointer data)
{
  ck_assert (vq_boot_watch_end (watch, VQ_BOOT_END_HELPER));
  return G_SOURCE_REMOVE;
}

TEST (waits_for_the_end)
{
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_MACHINE, "QEMU ended");

  g_timeout_add (50, end_soon, NULL);
  ck_assert (vq_boot_watch_wait_end (watch));
  vq_cancel_trigger (machine, reason);
  ck_assert (!vq_boot_watch_wait_end (watch));
}

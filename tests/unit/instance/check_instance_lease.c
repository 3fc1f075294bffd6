// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-lease.h"

#include <check.h>

#include "base/wait.h"
#include "leaks.h"
#include "suite.h"

static VqCancel *cancel;
static VqInstanceLease *lease;

static void
set_up (void)
{
  leaks_begin ();
  cancel = vq_cancel_new (NULL);
  lease = vq_instance_lease_new (cancel, NULL);
  ck_assert_ptr_nonnull (lease);
}

static void
tear_down (void)
{
  g_clear_pointer (&lease, vq_instance_lease_free);
  g_clear_pointer (&cancel, vq_cancel_free);
  leaks_assert_none ();
}

static gboolean
ends_within (guint milliseconds)
{
  return !vq_wait_pause (milliseconds, cancel, NULL);
}

CASE ("instance-lease", set_up, tear_down, 30)

TEST (runs_out)
{
  gint64 now = g_get_real_time ();

  ck_assert_int_eq (vq_instance_lease_get_end (lease), 0);
  ck_assert (vq_instance_lease_renew (lease, 1, NULL));
  ck_assert_int_ge (vq_instance_lease_get_end (lease), now + G_USEC_PER_SEC);
  ck_assert (!ends_within (500));
  ck_assert (ends_within (10000));
  ck_assert_int_ge (g_get_real_time (), now + G_USEC_PER_SEC);
}

/* One that is put off, and one that is taken away, does not run out. */
TEST_LOOP (is_renewed, 0, 2)
{
  ck_assert (vq_instance_lease_renew (lease, 1, NULL));
  ck_assert (vq_instance_lease_renew (lease, _i == 0 ? 3600 : 0, NULL));
  ck_assert_int_eq (vq_instance_lease_get_end (lease) > 0, _i == 0);
  ck_assert (!ends_within (1500));
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-reason.h"

#include <check.h>
#include <string.h>
#include <sys/mount.h>

#include "instance-setup.h"
#include "suite.h"
#include "tree.h"

static void
assert_reason (const char *expected)
{
  g_autofree char *reason = vq_instance_reason_read (instance_place);

  ck_assert_msg (g_strcmp0 (reason, expected) == 0, "%s", reason);
}

CASE ("instance-reason", instance_setup, instance_teardown, 30)

TEST (its_life)
{
  g_autofree char *long_text = g_strnfill (10000, 'x');
  g_autofree char *cut = g_strnfill (4096, 'x');

  assert_reason (NULL);
  ck_assert (vq_instance_reason_reserve (instance_place, NULL));
  assert_reason ("its supervisor was killed, or the host was restarted");
  vq_instance_reason_write (instance_place, long_text);
  assert_reason (cut);
  vq_instance_reason_write (instance_place, "the guest\npowered \033[1m itself off");
  assert_reason ("the guest powered itself off");
  ck_assert (vq_instance_reason_reserve (instance_place, NULL));
  assert_reason ("its supervisor was killed, or the host was restarted");
  vq_instance_reason_clear (instance_place);
  assert_reason (NULL);
}

/* The most frequent reason is that there is no room. */
TEST (full_disk)
{
  const char *path = vq_private_dir_get_path (instance_place);
  g_autoptr (VqPrivateDir) dir = NULL;
  g_autofree char *reason = NULL;

  if (!tree_mount (path, "64k"))
    SKIP ("only root may make disks");
  dir = vq_private_dir_open (path, VQ_PRIVATE_DIR_EXISTING, NULL);
  ck_assert (vq_instance_reason_reserve (dir, NULL));
  tree_fill (path);
  vq_instance_reason_write (dir, "no space left");
  reason = vq_instance_reason_read (dir);
  ck_assert_str_eq (reason, "no space left");
  ck_assert_int_eq (umount2 (path, MNT_DETACH), 0);
}

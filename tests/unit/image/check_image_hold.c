// SPDX-License-Identifier: GPL-2.0-or-later
/* The lock on an image that was fetched, and its users that are no processes. */
#include "image/image-hold.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "disk-images.h"
#include "image/image.h"
#include "io/use-lock.h"
#include "suite.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define NAME "sha256-" DIGEST ".qcow2"

static char *path;
static char *lock;

static void
setup (void)
{
  images_begin ();
  path = images_put (NAME, "qcow2", NULL);
  lock = images_join (NAME ".lock");
  ck_assert (g_file_set_contents (lock, "", 0, NULL));
}

static void
teardown (void)
{
  g_clear_pointer (&path, g_free);
  g_clear_pointer (&lock, g_free);
  images_end ();
}

/* Whether nobody uses it, as one who would remove it finds out. */
static gboolean
is_free (void)
{
  g_autofree char *user = NULL;
  g_autofree char *other = NULL;
  vq_autofd int fd = -1;

  ck_assert (vq_image_hold_take_alone (path, &fd, &user, NULL));
  if (fd < 0)
    ck_assert (vq_image_hold_is_used (path, &other));
  return fd >= 0;
}

CASE ("image-hold", setup, teardown, 30)

TEST (names)
{
  ck_assert (vq_image_hold_is_for (NAME));
  ck_assert (vq_image_hold_is_for ("sha256-" DIGEST ".raw"));
  ck_assert (!vq_image_hold_is_for (NAME ".lock"));
  ck_assert (!vq_image_hold_is_for ("sha256-" DIGEST "0.raw"));
  ck_assert (!vq_image_hold_is_for ("sha256-" DIGEST));
  ck_assert (!vq_image_hold_is_for ("/sha256-" DIGEST ".raw"));
  ck_assert (!vq_image_hold_is_for ("disk.qcow2"));
  ck_assert (!vq_image_hold_is_for (""));
}

TEST (an_inspected_image_is_held)
{
  g_autofree char *over = images_put ("over", "qcow2", NAME);
  VqImage *image = images_inspect (path, VQ_IMAGE_BOOT);
  VqImage *above = images_inspect (over, VQ_IMAGE_BOOT);

  ck_assert (!is_free ());
  vq_image_free (image);
  ck_assert (!is_free ());
  vq_image_free (above);
  ck_assert (is_free ());
}

TEST (a_user_that_is_no_process)
{
  g_autofree char *disk = images_join ("disk");
  g_autofree char *user = NULL;
  g_autofree char *text = NULL;
  vq_autofd int fd = -1;
  VqImage *image = images_inspect (path, VQ_IMAGE_BOOT);

  vq_image_note_user (image, "/nowhere/disk");
  vq_image_note_user (image, disk);
  vq_image_note_user (image, disk);
  vq_image_note_user (image, "/tmp\n");
  vq_image_free (image);
  ck_assert (is_free ());
  ck_assert (g_file_set_contents (disk, "", 0, NULL));
  ck_assert (vq_image_hold_take_alone (path, &fd, &user, NULL));
  ck_assert_int_eq (fd, -1);
  ck_assert_str_eq (user, disk);
  ck_assert (g_file_get_contents (lock, &text, NULL, NULL));
  ck_assert_ptr_eq (strstr (strstr (text, disk) + 1, disk), NULL);
  ck_assert_int_eq (g_unlink (disk), 0);
  ck_assert (is_free ());
}

/* One who comes while it is being removed, and one who comes then. */
TEST (what_is_being_removed)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *user = NULL;
  vq_autofd int alone = -1;
  int fd;

  ck_assert (vq_image_hold_take_alone (path, &alone, &user, NULL));
  ck_assert_int_ge (alone, 0);
  ck_assert (!vq_image_hold_take (path, &fd, &error));
  ck_assert_int_eq (error->code, VQ_ERROR_BUSY);
  g_clear_error (&error);
  ck_assert_ptr_null (vq_image_inspect (path, VQ_IMAGE_BOOT, NULL, &error));
  vq_fd_clear (&alone);
  g_clear_error (&error);
  ck_assert_int_eq (g_unlink (path), 0);
  ck_assert (!vq_image_hold_take (path, &fd, &error));
}

/* An image elsewhere is nobody's business, and neither is a file that happens to be named .lock. */
TEST (other_images)
{
  g_autofree char *other = images_put ("disk", "qcow2", NULL);
  g_autofree char *beside = images_join ("disk.lock");
  int fd;

  ck_assert (g_file_set_contents (beside, "", 0, NULL));
  ck_assert (vq_image_hold_take (other, &fd, NULL));
  ck_assert_int_eq (fd, -1);
  vq_image_hold_note (other, "/tmp");
  ck_assert_int_eq (g_unlink (lock), 0);
  ck_assert (vq_image_hold_take (path, &fd, NULL));
  ck_assert_int_eq (fd, -1);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/child.h"
#include "disk-images.h"
#include "base/error.h"
#include "suite.h"

#define MIB (1024 * 1024)

static void
assert_bad (const char *path, VqImageUse use, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqImage) image = vq_image_inspect (path, use, NULL, &error);

  ck_assert_msg (image == NULL, "`%s' was accepted", path);
  ck_assert_msg (strstr (error->message, expected) != NULL, "%s", error->message);
  ck_assert_msg (strchr (error->message, '\n') == NULL, "%s", error->message);
  ck_assert_msg (strstr (error->message, "env:") == NULL, "%s", error->message);
  ck_assert_msg (strstr (error->message, "qemu-img: qemu-img:") == NULL, "%s", error->message);
}

static const char *const formats[] = { "qcow2", "vmdk", "vdi", "vhdx", "qcow", "vpc" };

CASE ("inspect", images_begin, images_end, 60)

/* QEMU would refuse to save the machine, when the guest has booted. */
TEST_LOOP (test_saving, 0, G_N_ELEMENTS (formats))
{
  g_autofree char *path = images_put ("disk", formats[_i], NULL);
  g_autofree char *raw_path = images_put_raw ("raw", MIB);
  g_autoptr (VqImage) image = images_inspect (path, VQ_IMAGE_BOOT);
  g_autoptr (VqImage) raw = images_inspect (raw_path, VQ_IMAGE_BOOT);
  g_autoptr (GError) error = NULL;

  ck_assert_str_eq (images_get_file (image)->format, formats[_i]);
  ck_assert (vq_image_check_saving (raw, NULL));
  ck_assert_int_eq (vq_image_check_saving (image, &error), g_str_equal (formats[_i], "qcow2"));
  if (error != NULL)
    ck_assert_ptr_nonnull (strstr (error->message, "qemu-img convert -O qcow2"));
}

TEST (test_saving_with_backing_file)
{
  g_autofree char *base = images_put ("base", "vdi", NULL);
  g_autofree char *path = images_join ("disk");
  const char *const argv[]
      = { "qemu-img", "create", "-q", "-f", "qcow2", "-F", "vdi", "-b", base, path, NULL };
  g_autoptr (VqImage) image = NULL;
  g_autoptr (GError) error = NULL;

  ck_assert (vq_child_run (argv, NULL, NULL, vq_deadline_in (20), NULL, NULL));
  image = images_inspect (path, VQ_IMAGE_BOOT);
  ck_assert (!vq_image_check_saving (image, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "with vdi images"));
}

TEST (test_raw)
{
  g_autofree char *bootable = images_put_raw ("bootable", MIB);
  g_autofree char *one_sector = images_put_raw ("sector", 512);
  g_autofree char *short_of_one = images_put_raw ("short", 511);
  g_autofree char *text = images_join ("text");
  g_autofree char *empty = images_put_raw ("empty", 0);
  g_autoptr (VqImage) image = images_inspect (bootable, VQ_IMAGE_BOOT);
  g_autoptr (VqImage) small = images_inspect (one_sector, VQ_IMAGE_BOOT);
  g_autoptr (VqImage) data = NULL;

  ck_assert (g_file_set_contents (text, "#!/bin/sh\necho not a disk\n", -1, NULL));
  ck_assert_str_eq (images_get_file (image)->format, "raw");
  ck_assert_uint_eq (images_get_file (image)->virtual_size, MIB);
  ck_assert_uint_eq (images_get_file (small)->virtual_size, 512);
  assert_bad (short_of_one, VQ_IMAGE_BOOT, "not a disk image that QEMU knows");
  assert_bad (text, VQ_IMAGE_BOOT, "not a disk image that QEMU knows");
  assert_bad (empty, VQ_IMAGE_BOOT, "is empty");
  assert_bad (empty, VQ_IMAGE_DATA, "is empty");
  data = images_inspect (text, VQ_IMAGE_DATA);
  ck_assert_str_eq (images_get_file (data)->format, "raw");
}

TEST (test_no_image)
{
  g_autofree char *missing = images_join ("missing\nimage\033[31m");
  g_autofree char *fifo = images_join ("fifo");
  g_autofree char *dangling = images_join ("dangling");

  assert_bad ("", VQ_IMAGE_BOOT, "is empty");
  assert_bad (missing, VQ_IMAGE_BOOT, "No such file or directory");
  assert_bad (images_dir, VQ_IMAGE_BOOT, "is a directory, not a disk image");
  assert_bad ("/dev/null", VQ_IMAGE_BOOT, "neither a file nor a block device");
  ck_assert_int_eq (mkfifo (fifo, 0600), 0);
  assert_bad (fifo, VQ_IMAGE_DATA, "neither a file nor a block device");
  ck_assert_int_eq (symlink (missing, dangling), 0);
  assert_bad (dangling, VQ_IMAGE_BOOT, "No such file or directory");
}

TEST (test_unreadable)
{
  g_autofree char *path = images_put_raw ("secret", MIB);

  ck_assert_int_eq (g_chmod (images_dir, 0755), 0);
  ck_assert_int_eq (g_chmod (path, 0), 0);
  if (geteuid () == 0)
    ck_assert_int_eq (seteuid (65534), 0);
  assert_bad (path, VQ_IMAGE_BOOT, "cannot read it");
  assert_bad (path, VQ_IMAGE_BOOT, "Permission denied");
  if (getuid () == 0)
    ck_assert_int_eq (seteuid (0), 0);
}

TEST (test_qemu_img_is_not_installed)
{
  g_autofree char *path = images_put_raw ("disk", MIB);
  g_autoptr (VqImage) image = images_inspect (path, VQ_IMAGE_BOOT);
  g_autofree char *overlay = images_join ("overlay");
  g_autoptr (GError) error = NULL;

  g_setenv ("PATH", images_dir, TRUE);
  assert_bad (path, VQ_IMAGE_BOOT, "install the package qemu-utils");
  ck_assert (!vq_image_create_overlay (image, overlay, vq_deadline_in (20), NULL, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "install the package qemu-utils"));
  ck_assert (!g_file_test (overlay, G_FILE_TEST_EXISTS));
}

TEST (test_limits_and_arguments)
{
  g_autofree char *path = images_put ("disk", "qcow2", NULL);
  g_autofree char *overlay = images_join ("overlay");
  g_autofree char *log = images_join ("log");
  g_autofree char *script
      = g_strdup_printf ("{ ulimit -t; ulimit -v; echo $MALLOC_ARENA_MAX $*; } > %s\n", log);
  g_autofree char *expected = g_strdup_printf (
      "30\n1048576\n1 create -q -u -f qcow2 -F qcow2 -b %s %s 8388608\n", path, overlay);
  g_autofree char *logged = NULL;
  g_autoptr (VqImage) image = images_inspect (path, VQ_IMAGE_BOOT);

  images_fake_qemu_img (script);
  ck_assert (vq_image_create_overlay (image, overlay, vq_deadline_in (20), NULL, NULL));
  ck_assert (g_file_get_contents (log, &logged, NULL, NULL));
  ck_assert_str_eq (logged, expected);
}

TEST (test_deadline_and_cancel)
{
  g_autofree char *path = images_put_raw ("disk", MIB);
  g_autofree char *overlay = images_join ("overlay");
  g_autoptr (VqImage) image = images_inspect (path, VQ_IMAGE_BOOT);
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_CANCELLED, "a signal");
  g_autoptr (GError) late_overlay = NULL;
  g_autoptr (GError) cancelled = NULL;

  images_fake_qemu_img ("exec sleep 600");
  ck_assert (!vq_image_create_overlay (image, overlay, vq_deadline_in (0.2), NULL, &late_overlay));
  ck_assert (vq_error_is_timeout (late_overlay));
  ck_assert (!g_file_test (overlay, G_FILE_TEST_EXISTS));
  vq_cancel_trigger (cancel, reason);
  ck_assert (!vq_image_create_overlay (image, overlay, vq_deadline_in (600), cancel, &cancelled));
  ck_assert (vq_error_is_cancelled (cancelled));
  ck_assert (!g_file_test (overlay, G_FILE_TEST_EXISTS));
}

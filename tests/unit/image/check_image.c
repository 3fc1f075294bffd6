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

static VqImage *
inspect (const char *path, VqImageUse use, GError **error)
{
  return vq_image_inspect (path, use, vq_deadline_in (20), NULL, error);
}

static void
assert_bad (const char *path, VqImageUse use, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqImage) image = inspect (path, use, &error);

  ck_assert_msg (image == NULL, "`%s' was accepted", path);
  ck_assert_msg (strstr (error->message, expected) != NULL, "%s", error->message);
  ck_assert_msg (strchr (error->message, '\n') == NULL, "%s", error->message);
  ck_assert_msg (strstr (error->message, "env:") == NULL, "%s", error->message);
  ck_assert_msg (strstr (error->message, "qemu-img: qemu-img:") == NULL, "%s", error->message);
}

static const char *const formats[] = { "qcow2", "vmdk", "vdi", "vhdx", "qcow", "vpc" };

CASE ("inspect", images_begin, images_end, 60)

TEST_LOOP (test_formats, 0, G_N_ELEMENTS (formats))
{
  g_autofree char *path = images_put ("disk", formats[_i], NULL);
  g_autoptr (VqImage) image = images_inspect (path, VQ_IMAGE_BOOT);

  ck_assert_str_eq (vq_image_get_format (image), formats[_i]);
  ck_assert_str_eq (vq_image_get_path (image), path);
  ck_assert_ptr_null (vq_image_get_backing_file (image));
  /* vpc rounds up to whole cylinders. */
  ck_assert_uint_ge (vq_image_get_virtual_size (image), 8 * MIB);
  ck_assert_uint_lt (vq_image_get_virtual_size (image), 9 * MIB);
}

/* QEMU would refuse to save the machine, when the guest has booted. */
TEST_LOOP (test_saving, 0, G_N_ELEMENTS (formats))
{
  g_autofree char *path = images_put ("disk", formats[_i], NULL);
  g_autofree char *raw_path = images_put_raw ("raw", MIB);
  g_autoptr (VqImage) image = images_inspect (path, VQ_IMAGE_BOOT);
  g_autoptr (VqImage) raw = images_inspect (raw_path, VQ_IMAGE_BOOT);
  g_autoptr (GError) error = NULL;

  ck_assert (vq_image_check_saving (raw, NULL));
  ck_assert_int_eq (vq_image_check_saving (image, &error), g_str_equal (formats[_i], "qcow2"));
  if (error != NULL)
    ck_assert_ptr_nonnull (strstr (error->message, "qemu-img convert -O qcow2"));
}

TEST (test_backing_file)
{
  g_autofree char *base = images_put ("base", "qcow2", NULL);
  g_autofree char *path = images_put ("disk", "qcow2", base);
  g_autoptr (VqImage) image = images_inspect (path, VQ_IMAGE_BOOT);

  ck_assert_str_eq (vq_image_get_backing_file (image), base);
}

/* What qemu-img is told to make, and whether the result has more files than its own and that under
 * it. */
static const struct
{
  const char *format, *option;
  gboolean more;
} layouts[] = {
  { "qcow2", "compat=1.1", FALSE },
  { "qcow2", "data_file=data", TRUE },
  { "vmdk", "subformat=monolithicSparse", FALSE },
  { "vmdk", "subformat=streamOptimized", FALSE },
  { "vmdk", "subformat=monolithicFlat", TRUE },
  { "vmdk", "subformat=twoGbMaxExtentSparse", TRUE },
  { "vdi", "static=off", FALSE },
  { "vpc", "subformat=dynamic", FALSE },
};

TEST_LOOP (test_more_files, 0, G_N_ELEMENTS (layouts))
{
  g_autofree char *path = images_join ("disk");
  const char *const argv[] = { "qemu-img", "create",           "-q", "-f", layouts[_i].format,
                               "-o",       layouts[_i].option, path, "8M", NULL };
  g_autofree char *here = g_get_current_dir ();
  g_autofree char *base = images_put ("base", "qcow2", NULL);
  g_autofree char *overlay = NULL;
  g_autoptr (VqImage) image = NULL;
  g_autoptr (VqImage) above = NULL;

  ck_assert_int_eq (g_chdir (images_dir), 0);
  ck_assert (vq_child_run (argv, NULL, NULL, vq_deadline_in (20), NULL, NULL));
  image = images_inspect (path, VQ_IMAGE_BOOT);
  overlay = images_put ("overlay", "qcow2", base);
  above = images_inspect (overlay, VQ_IMAGE_BOOT);
  ck_assert_int_eq (g_chdir (here), 0);
  ck_assert_int_eq (vq_image_has_more_files (image), layouts[_i].more);
  ck_assert (!vq_image_has_more_files (above));
}

TEST (test_relative_path)
{
  g_autofree char *path = images_put ("-disk:a,b", "qcow2", NULL);
  g_autofree char *here = g_get_current_dir ();
  g_autoptr (VqImage) image = NULL;

  ck_assert_int_eq (g_chdir (images_dir), 0);
  image = images_inspect ("-disk:a,b", VQ_IMAGE_BOOT);
  ck_assert_int_eq (g_chdir (here), 0);
  ck_assert_str_eq (vq_image_get_path (image), path);
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
  ck_assert_str_eq (vq_image_get_format (image), "raw");
  ck_assert_uint_eq (vq_image_get_virtual_size (image), MIB);
  ck_assert_uint_eq (vq_image_get_virtual_size (small), 512);
  assert_bad (short_of_one, VQ_IMAGE_BOOT, "not a disk image that QEMU knows");
  assert_bad (text, VQ_IMAGE_BOOT, "not a disk image that QEMU knows");
  assert_bad (empty, VQ_IMAGE_BOOT, "is empty");
  assert_bad (empty, VQ_IMAGE_DATA, "is empty");
  data = images_inspect (text, VQ_IMAGE_DATA);
  ck_assert_str_eq (vq_image_get_format (data), "raw");
}

TEST (test_damaged_qcow2)
{
  g_autofree char *path = images_join ("damaged");

  /* The magic number and version, and nothing that belongs to them. */
  ck_assert (g_file_set_contents (path, "QFI\xfb\0\0\0\3 and so on", 18, NULL));
  assert_bad (path, VQ_IMAGE_BOOT, "cannot use the image");
  assert_bad (path, VQ_IMAGE_DATA, "cannot use the image");
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
  assert_bad (path, VQ_IMAGE_BOOT, "cannot read the image");
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

TEST_LOOP (test_bad_answers, 0, 16)
{
  static const struct
  {
    const char *script;
    const char *error;
  } answers[] = {
    { "echo '{}'", "no format" },
    { "echo '{\"virtual-size\": 512}'", "no format" },
    { "echo '{\"format\": \"qcow2\"}'", "no size" },
    { "echo '{\"format\": \"qcow2\", \"virtual-size\": -1}'", "no size" },
    { "echo '{\"format\": \"qcow2\", \"virtual-size\": 0}'", "no size" },
    { "echo '{\"format\": \"qcow2\", \"virtual-size\": \"512\"}'", "virtual-size" },
    { "echo '{\"format\": 1, \"virtual-size\": 512}'", "format" },
    { "echo '{\"format\": \"qcow2\", \"virtual-size\": 512, \"backing-filename\": {}}'",
      "backing-filename" },
    { "echo '{\"format\": \"qcow2\", \"virtual-size\": 512, \"format-specific\": 1}'",
      "format-specific" },
    { "echo '{\"format\": \"qcow2\", \"virtual-size\": 512, \"format-specific\": "
      "{\"data\": []}}'",
      "data" },
    { "echo '[]'", "cannot use the image" },
    { "echo '{'", "cannot use the image" },
    { ":", "cannot use the image" },
    { "head -c 2000000 /dev/zero", "cannot use the image" },
    { "echo 'qemu-img: it is broken' >&2; exit 1", "/disk: qemu-img: it is broken" },
    { "kill -9 $$", "cannot use the image" },
  };
  g_autofree char *path = images_put_raw ("disk", MIB);

  images_fake_qemu_img (answers[_i].script);
  assert_bad (path, VQ_IMAGE_DATA, answers[_i].error);
}

TEST (test_limits_and_arguments)
{
  g_autofree char *path = images_put_raw ("disk", MIB);
  g_autofree char *log = images_join ("log");
  g_autofree char *script = g_strdup_printf (
      "{ ulimit -t; ulimit -v; echo $MALLOC_ARENA_MAX; printf '%%s\\n' \"$@\"; } > %s\n"
      "echo '{\"format\": \"qcow2\", \"virtual-size\": 512}'",
      log);
  g_autofree char *expected
      = g_strdup_printf ("10\n1048576\n1\ninfo\n--output=json\n--force-share\n%s\n", path);
  g_autofree char *logged = NULL;
  g_autoptr (VqImage) image = NULL;

  images_fake_qemu_img (script);
  image = images_inspect (path, VQ_IMAGE_BOOT);
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
  g_autoptr (GError) late = NULL;
  g_autoptr (GError) late_overlay = NULL;
  g_autoptr (GError) cancelled = NULL;

  images_fake_qemu_img ("exec sleep 600");
  ck_assert_ptr_null (vq_image_inspect (path, VQ_IMAGE_BOOT, vq_deadline_in (0.2), NULL, &late));
  ck_assert (vq_error_is_timeout (late));
  ck_assert (!vq_image_create_overlay (image, overlay, vq_deadline_in (0.2), NULL, &late_overlay));
  ck_assert (vq_error_is_timeout (late_overlay));
  ck_assert (!g_file_test (overlay, G_FILE_TEST_EXISTS));
  vq_cancel_trigger (cancel, reason);
  ck_assert (!vq_image_create_overlay (image, overlay, vq_deadline_in (600), cancel, &cancelled));
  ck_assert (vq_error_is_cancelled (cancelled));
  ck_assert (!g_file_test (overlay, G_FILE_TEST_EXISTS));
}

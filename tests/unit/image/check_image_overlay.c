// SPDX-License-Identifier: GPL-2.0-or-later
/* What image.h writes: overlays and copies. */
#include "image/image.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "io/child.h"
#include "disk-images.h"
#include "suite.h"

#define MIB (1024 * 1024)

static const char *const odd_names[] = { "plain",
                                         "with space",
                                         "a,b,,c",
                                         "file:disk",
                                         "nbd:localhost:1",
                                         "new\nline",
                                         "-f",
                                         "--help",
                                         "json:{}",
                                         "quo'te\"s",
                                         "back\\slash",
                                         "$(touch x)",
                                         "\xc3\xa4",
                                         "\xff not UTF-8 \xfe",
                                         "100%s%n",
                                         "if=of=",
                                         "a=b",
                                         "*" };

static void
assert_overlay (const char *overlay, const char *base, const char *base_format)
{
  const char *const allowed[] = { images_dir, NULL };
  g_autoptr (VqImage) image = vq_image_inspect (overlay, VQ_IMAGE_BOOT, allowed, NULL);
  g_autofree char *out = NULL;
  g_autofree char *format = g_strdup_printf ("\"backing-filename-format\": \"%s\"", base_format);
  const char *argv[] = { "qemu-img", "info", "--output=json", "--backing-chain", overlay, NULL };
  struct stat st;

  ck_assert_ptr_nonnull (image);
  ck_assert_str_eq (images_get_file (image)->format, "qcow2");
  ck_assert_str_eq (((VqImageGateFile *)vq_image_get_files (image)->pdata[1])->path, base);
  ck_assert_int_eq (g_stat (overlay, &st), 0);
  ck_assert_int_eq (st.st_mode & 07777, 0600);
  /* That QEMU can open the base through it is what counts. */
  ck_assert (vq_child_run (argv, NULL, &out, vq_deadline_in (20), NULL, NULL));
  ck_assert_ptr_nonnull (strstr (out, format));
}

CASE ("loops", images_begin, images_end, 60)

TEST_LOOP (test_overlay_with_odd_names, 0, G_N_ELEMENTS (odd_names))
{
  g_autofree char *dir = images_join ("dir");
  g_autofree char *overlay = g_build_filename (dir, odd_names[_i], NULL);
  g_autofree char *base = _i % 2 == 0 ? images_put_raw (odd_names[_i], MIB)
                                      : images_put (odd_names[_i], "qcow2", NULL);
  g_autoptr (VqImage) image = images_inspect (base, VQ_IMAGE_BOOT);
  g_autoptr (GError) error = NULL;

  ck_assert_int_eq (g_mkdir (dir, 0700), 0);
  umask (0);
  ck_assert_msg (vq_image_create_overlay (image, overlay, vq_deadline_in (20), NULL, &error), "%s",
                 error != NULL ? error->message : "");
  assert_overlay (overlay, base, _i % 2 == 0 ? "raw" : "qcow2");
}

TEST (test_larger_overlay)
{
  g_autofree char *base = images_put_raw ("base", 2 * MIB);
  g_autofree char *overlay = images_join ("overlay");
  g_autoptr (VqImage) image = images_inspect (base, VQ_IMAGE_BOOT);
  g_autoptr (VqImage) made = NULL;
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_image_grow (image, MIB, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "cannot become smaller"));
  ck_assert (vq_image_grow (image, 5 * MIB, NULL));
  ck_assert (vq_image_create_overlay (image, overlay, vq_deadline_in (20), NULL, NULL));
  made = images_inspect (overlay, VQ_IMAGE_BOOT);
  ck_assert_uint_eq (vq_image_get_size (made), 5 * MIB);
}

TEST (test_overlay_never_overwrites)
{
  g_autofree char *base = images_put_raw ("base", MIB);
  g_autofree char *overlay = images_join ("overlay\nof mine");
  g_autofree char *contents = NULL;
  g_autoptr (VqImage) image = images_inspect (base, VQ_IMAGE_BOOT);
  g_autoptr (GError) error = NULL;

  ck_assert (g_file_set_contents (overlay, "mine", -1, NULL));
  ck_assert (!vq_image_create_overlay (image, overlay, vq_deadline_in (20), NULL, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "File exists"));
  ck_assert_ptr_null (strchr (error->message, '\n'));
  ck_assert (g_file_get_contents (overlay, &contents, NULL, NULL));
  ck_assert_str_eq (contents, "mine");
}

TEST (test_failed_overlay_leaves_nothing)
{
  g_autofree char *base = images_put_raw ("base", MIB);
  g_autofree char *overlay = images_join ("overlay");
  g_autofree char *nowhere = images_join ("no/such/directory");
  g_autoptr (VqImage) image = images_inspect (base, VQ_IMAGE_BOOT);
  g_autoptr (GError) broken = NULL;
  g_autoptr (GError) no_directory = NULL;

  ck_assert (!vq_image_create_overlay (image, nowhere, vq_deadline_in (20), NULL, &no_directory));
  ck_assert_ptr_nonnull (strstr (no_directory->message, "No such file or directory"));
  images_fake_qemu_img ("echo 'qemu-img: it is broken' >&2; exit 1");
  ck_assert (!vq_image_create_overlay (image, overlay, vq_deadline_in (20), NULL, &broken));
  ck_assert_ptr_nonnull (strstr (broken->message, "cannot create an overlay on"));
  ck_assert_ptr_nonnull (strstr (broken->message, ": qemu-img: it is broken"));
  ck_assert (!g_file_test (overlay, G_FILE_TEST_EXISTS));
}

/* The first overlay is found under another name later, and only then the second one can be used. */
TEST_LOOP (test_second_overlay, 0, 2)
{
  g_autofree char *base
      = _i == 0 ? images_put_raw ("base", MIB) : images_put ("base", "qcow2", NULL);
  g_autofree char *first = images_join ("build");
  g_autofree char *last = images_join ("fi,na l");
  g_autofree char *second = images_join ("second");
  g_autoptr (VqImage) image = images_inspect (base, VQ_IMAGE_BOOT);
  g_autoptr (VqImage) overlay = NULL;
  g_autoptr (GError) error = NULL;

  ck_assert (vq_image_create_overlay (image, first, vq_deadline_in (20), NULL, NULL));
  ck_assert_msg (
      vq_image_create_second_overlay (image, last, second, vq_deadline_in (20), NULL, &error), "%s",
      error != NULL ? error->message : "");
  ck_assert_int_eq (g_rename (first, last), 0);
  assert_overlay (second, last, "qcow2");
  overlay = images_inspect (second, VQ_IMAGE_BOOT);
  ck_assert_uint_eq (images_get_file (overlay)->virtual_size,
                     images_get_file (image)->virtual_size);
}

TEST (test_second_overlay_fails)
{
  g_autofree char *base = images_put_raw ("base", MIB);
  g_autofree char *mine = images_join ("mine");
  g_autofree char *nowhere = images_join ("no/such/directory");
  g_autofree char *overlay = images_join ("overlay");
  g_autofree char *contents = NULL;
  g_autoptr (VqImage) image = images_inspect (base, VQ_IMAGE_BOOT);
  g_autoptr (GError) exists = NULL;
  g_autoptr (GError) no_directory = NULL;
  g_autoptr (GError) broken = NULL;

  ck_assert (g_file_set_contents (mine, "mine", -1, NULL));
  ck_assert (
      !vq_image_create_second_overlay (image, "/disk", mine, vq_deadline_in (20), NULL, &exists));
  ck_assert_ptr_nonnull (strstr (exists->message, "File exists"));
  ck_assert (g_file_get_contents (mine, &contents, NULL, NULL));
  ck_assert_str_eq (contents, "mine");
  ck_assert (!vq_image_create_second_overlay (image, "/disk", nowhere, vq_deadline_in (20), NULL,
                                              &no_directory));
  ck_assert_ptr_nonnull (strstr (no_directory->message, "No such file or directory"));
  images_fake_qemu_img ("echo 'qemu-img: it is broken' >&2; exit 1");
  ck_assert (!vq_image_create_second_overlay (image, "/disk", overlay, vq_deadline_in (20), NULL,
                                              &broken));
  ck_assert_str_eq (broken->message, "cannot create an overlay on /disk: qemu-img: it is broken");
  ck_assert (!g_file_test (overlay, G_FILE_TEST_EXISTS));
}

TEST (test_copy_start)
{
  static const gsize sizes[] = { 512, 1024, MIB - 512, MIB, MIB + 512 };
  g_autofree char *base = images_put_raw ("base", MIB);
  g_autofree char *output = images_join ("out,put");
  g_autoptr (VqImage) image = images_inspect (base, VQ_IMAGE_BOOT);

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *expected = NULL;
      g_autofree char *contents = NULL;
      gsize n;

      ck_assert_msg (
          vq_image_copy_start (image, sizes[i], output, vq_deadline_in (20), NULL, &error), "%s",
          error != NULL ? error->message : "");
      ck_assert (g_file_get_contents (output, &contents, &n, NULL));
      ck_assert (g_file_get_contents (base, &expected, NULL, NULL));
      ck_assert_uint_eq (n, MIN (sizes[i], MIB));
      ck_assert_mem_eq (contents, expected, n);
      g_unlink (output);
    }
}

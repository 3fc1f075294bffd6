// SPDX-License-Identifier: GPL-2.0-or-later
#include "image.h"

#include <check.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "error.h"
#include "suite.h"
#include "tree.h"

#define MIB (1024 * 1024)

static char *tmpdir;
static char *path_before;

static void
set_up (void)
{
  tmpdir = g_dir_make_tmp ("check-image-XXXXXX", NULL);
  ck_assert_ptr_nonnull (tmpdir);
  path_before = g_strdup (g_getenv ("PATH"));
}

static void
tear_down (void)
{
  g_setenv ("PATH", path_before, TRUE);
  g_clear_pointer (&path_before, g_free);
  tree_remove (tmpdir);
  g_clear_pointer (&tmpdir, g_free);
  ck_assert (waitpid (-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

static char *
in_tmpdir (const char *name)
{
  return g_build_filename (tmpdir, name, NULL);
}

/* A file of SIZE zeros with a boot sector's mark if it has room for one. */
static char *
put_raw (const char *name, gsize size)
{
  char *path = in_tmpdir (name);
  g_autofree char *contents = g_malloc0 (size + 1);

  if (size >= 512)
    memcpy (contents + 510, "\x55\xaa", 2);
  ck_assert (g_file_set_contents (path, contents, size, NULL));
  return path;
}

static void
run (const char *const *argv)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_child_run (argv, NULL, NULL, vq_deadline_in (20), NULL, &error), "%s",
                 error != NULL ? error->message : "");
}

/* An image of 8 MiB made by qemu-img. BACKING may be NULL. Transfer full. */
static char *
put_image (const char *name, const char *format, const char *backing)
{
  char *path = in_tmpdir (name);

  if (backing == NULL)
    run ((const char *const[]){ "qemu-img", "create", "-q", "-f", format, path, "8M", NULL });
  else
    run ((const char *const[]){ "qemu-img", "create", "-q", "-f", format, "-F", "qcow2", "-b",
                                backing, path, NULL });
  return path;
}

static VqImage *
inspect (const char *path, VqImageUse use, GError **error)
{
  return vq_image_inspect (path, use, vq_deadline_in (20), NULL, error);
}

static VqImage *
inspect_good (const char *path, VqImageUse use)
{
  g_autoptr (GError) error = NULL;
  VqImage *image = inspect (path, use, &error);

  ck_assert_msg (image != NULL, "%s: %s", path, error != NULL ? error->message : "");
  return image;
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

START_TEST (test_formats)
{
  g_autofree char *path = put_image ("disk", formats[_i], NULL);
  g_autoptr (VqImage) image = inspect_good (path, VQ_IMAGE_BOOT);

  ck_assert_str_eq (vq_image_get_format (image), formats[_i]);
  ck_assert_str_eq (vq_image_get_path (image), path);
  ck_assert_ptr_null (vq_image_get_backing_file (image));
  /* vpc rounds up to whole cylinders. */
  ck_assert_uint_ge (vq_image_get_virtual_size (image), 8 * MIB);
  ck_assert_uint_lt (vq_image_get_virtual_size (image), 9 * MIB);
}
END_TEST

START_TEST (test_backing_file)
{
  g_autofree char *base = put_image ("base", "qcow2", NULL);
  g_autofree char *path = put_image ("disk", "qcow2", base);
  g_autoptr (VqImage) image = inspect_good (path, VQ_IMAGE_BOOT);

  ck_assert_str_eq (vq_image_get_backing_file (image), base);
}
END_TEST

START_TEST (test_relative_path)
{
  g_autofree char *path = put_image ("-disk:a,b", "qcow2", NULL);
  g_autofree char *here = g_get_current_dir ();
  g_autoptr (VqImage) image = NULL;

  ck_assert_int_eq (g_chdir (tmpdir), 0);
  image = inspect_good ("-disk:a,b", VQ_IMAGE_BOOT);
  ck_assert_int_eq (g_chdir (here), 0);
  ck_assert_str_eq (vq_image_get_path (image), path);
}
END_TEST

START_TEST (test_raw)
{
  g_autofree char *bootable = put_raw ("bootable", MIB);
  g_autofree char *one_sector = put_raw ("sector", 512);
  g_autofree char *short_of_one = put_raw ("short", 511);
  g_autofree char *text = in_tmpdir ("text");
  g_autofree char *empty = put_raw ("empty", 0);
  g_autoptr (VqImage) image = inspect_good (bootable, VQ_IMAGE_BOOT);
  g_autoptr (VqImage) small = inspect_good (one_sector, VQ_IMAGE_BOOT);
  g_autoptr (VqImage) data = NULL;

  ck_assert (g_file_set_contents (text, "#!/bin/sh\necho not a disk\n", -1, NULL));
  ck_assert_str_eq (vq_image_get_format (image), "raw");
  ck_assert_uint_eq (vq_image_get_virtual_size (image), MIB);
  ck_assert_uint_eq (vq_image_get_virtual_size (small), 512);
  assert_bad (short_of_one, VQ_IMAGE_BOOT, "not a disk image that QEMU knows");
  assert_bad (text, VQ_IMAGE_BOOT, "not a disk image that QEMU knows");
  assert_bad (empty, VQ_IMAGE_BOOT, "is empty");
  assert_bad (empty, VQ_IMAGE_DATA, "is empty");
  data = inspect_good (text, VQ_IMAGE_DATA);
  ck_assert_str_eq (vq_image_get_format (data), "raw");
}
END_TEST

START_TEST (test_damaged_qcow2)
{
  g_autofree char *path = in_tmpdir ("damaged");

  /* The magic number and version, and nothing that belongs to them. */
  ck_assert (g_file_set_contents (path, "QFI\xfb\0\0\0\3 and so on", 18, NULL));
  assert_bad (path, VQ_IMAGE_BOOT, "cannot use the image");
  assert_bad (path, VQ_IMAGE_DATA, "cannot use the image");
}
END_TEST

START_TEST (test_no_image)
{
  g_autofree char *missing = in_tmpdir ("missing\nimage\033[31m");
  g_autofree char *fifo = in_tmpdir ("fifo");
  g_autofree char *dangling = in_tmpdir ("dangling");

  assert_bad ("", VQ_IMAGE_BOOT, "is empty");
  assert_bad (missing, VQ_IMAGE_BOOT, "No such file or directory");
  assert_bad (tmpdir, VQ_IMAGE_BOOT, "is a directory, not a disk image");
  assert_bad ("/dev/null", VQ_IMAGE_BOOT, "neither a file nor a block device");
  ck_assert_int_eq (mkfifo (fifo, 0600), 0);
  assert_bad (fifo, VQ_IMAGE_DATA, "neither a file nor a block device");
  ck_assert_int_eq (symlink (missing, dangling), 0);
  assert_bad (dangling, VQ_IMAGE_BOOT, "No such file or directory");
}
END_TEST

START_TEST (test_unreadable)
{
  g_autofree char *path = put_raw ("secret", MIB);

  ck_assert_int_eq (g_chmod (tmpdir, 0755), 0);
  ck_assert_int_eq (g_chmod (path, 0), 0);
  if (geteuid () == 0)
    ck_assert_int_eq (seteuid (65534), 0);
  assert_bad (path, VQ_IMAGE_BOOT, "cannot read the image");
  assert_bad (path, VQ_IMAGE_BOOT, "Permission denied");
  if (getuid () == 0)
    ck_assert_int_eq (seteuid (0), 0);
}
END_TEST

START_TEST (test_qemu_img_is_not_installed)
{
  g_autofree char *path = put_raw ("disk", MIB);
  g_autoptr (VqImage) image = inspect_good (path, VQ_IMAGE_BOOT);
  g_autofree char *overlay = in_tmpdir ("overlay");
  g_autoptr (GError) error = NULL;

  g_setenv ("PATH", tmpdir, TRUE);
  assert_bad (path, VQ_IMAGE_BOOT, "install the package qemu-utils");
  ck_assert (!vq_image_create_overlay (image, overlay, vq_deadline_in (20), NULL, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "install the package qemu-utils"));
  ck_assert (!g_file_test (overlay, G_FILE_TEST_EXISTS));
}
END_TEST

/* Puts a qemu-img of our own first on PATH that runs SCRIPT. */
static void
fake_qemu_img (const char *script)
{
  g_autofree char *program = in_tmpdir ("qemu-img");
  g_autofree char *text = g_strdup_printf ("#!/bin/sh\n%s\n", script);
  g_autofree char *search = g_strdup_printf ("%s:%s", tmpdir, path_before);

  ck_assert (g_file_set_contents (program, text, -1, NULL));
  ck_assert_int_eq (g_chmod (program, 0700), 0);
  g_setenv ("PATH", search, TRUE);
}

START_TEST (test_bad_answers)
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
    { "echo '[]'", "cannot use the image" },
    { "echo '{'", "cannot use the image" },
    { ":", "cannot use the image" },
    { "head -c 2000000 /dev/zero", "cannot use the image" },
    { "echo 'qemu-img: it is broken' >&2; exit 1", "/disk: qemu-img: it is broken" },
    { "kill -9 $$", "cannot use the image" },
  };
  g_autofree char *path = put_raw ("disk", MIB);

  fake_qemu_img (answers[_i].script);
  assert_bad (path, VQ_IMAGE_DATA, answers[_i].error);
}
END_TEST

START_TEST (test_limits_and_arguments)
{
  g_autofree char *path = put_raw ("disk", MIB);
  g_autofree char *log = in_tmpdir ("log");
  g_autofree char *script = g_strdup_printf (
      "{ ulimit -t; ulimit -v; echo $MALLOC_ARENA_MAX; printf '%%s\\n' \"$@\"; } > %s\n"
      "echo '{\"format\": \"qcow2\", \"virtual-size\": 512}'",
      log);
  g_autofree char *expected
      = g_strdup_printf ("10\n1048576\n1\ninfo\n--output=json\n--force-share\n%s\n", path);
  g_autofree char *logged = NULL;
  g_autoptr (VqImage) image = NULL;

  fake_qemu_img (script);
  image = inspect_good (path, VQ_IMAGE_BOOT);
  ck_assert (g_file_get_contents (log, &logged, NULL, NULL));
  ck_assert_str_eq (logged, expected);
}
END_TEST

START_TEST (test_deadline_and_cancel)
{
  g_autofree char *path = put_raw ("disk", MIB);
  g_autofree char *overlay = in_tmpdir ("overlay");
  g_autoptr (VqImage) image = inspect_good (path, VQ_IMAGE_BOOT);
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_CANCELLED, "a signal");
  g_autoptr (GError) late = NULL;
  g_autoptr (GError) late_overlay = NULL;
  g_autoptr (GError) cancelled = NULL;

  fake_qemu_img ("exec sleep 600");
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
END_TEST

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
  g_autoptr (VqImage) image = inspect_good (overlay, VQ_IMAGE_BOOT);
  g_autofree char *expected = g_utf8_make_valid (base, -1);
  g_autofree char *out = NULL;
  g_autofree char *format = g_strdup_printf ("\"backing-filename-format\": \"%s\"", base_format);
  const char *argv[] = { "qemu-img", "info", "--output=json", "--backing-chain", overlay, NULL };
  struct stat st;

  ck_assert_str_eq (vq_image_get_format (image), "qcow2");
  if (g_utf8_validate (base, -1, NULL))
    ck_assert_str_eq (vq_image_get_backing_file (image), base);
  ck_assert_int_eq (g_stat (overlay, &st), 0);
  ck_assert_int_eq (st.st_mode & 07777, 0600);
  /* That QEMU can open the base through it is what counts. */
  ck_assert (vq_child_run (argv, NULL, &out, vq_deadline_in (20), NULL, NULL));
  ck_assert_ptr_nonnull (strstr (out, format));
}

START_TEST (test_overlay_with_odd_names)
{
  g_autofree char *dir = in_tmpdir ("dir");
  g_autofree char *overlay = g_build_filename (dir, odd_names[_i], NULL);
  g_autofree char *base
      = _i % 2 == 0 ? put_raw (odd_names[_i], MIB) : put_image (odd_names[_i], "qcow2", NULL);
  g_autoptr (VqImage) image = inspect_good (base, VQ_IMAGE_BOOT);
  g_autoptr (GError) error = NULL;

  ck_assert_int_eq (g_mkdir (dir, 0700), 0);
  umask (0);
  ck_assert_msg (vq_image_create_overlay (image, overlay, vq_deadline_in (20), NULL, &error), "%s",
                 error != NULL ? error->message : "");
  assert_overlay (overlay, base, _i % 2 == 0 ? "raw" : "qcow2");
}
END_TEST

START_TEST (test_overlay_never_overwrites)
{
  g_autofree char *base = put_raw ("base", MIB);
  g_autofree char *overlay = in_tmpdir ("overlay\nof mine");
  g_autofree char *contents = NULL;
  g_autoptr (VqImage) image = inspect_good (base, VQ_IMAGE_BOOT);
  g_autoptr (GError) error = NULL;

  ck_assert (g_file_set_contents (overlay, "mine", -1, NULL));
  ck_assert (!vq_image_create_overlay (image, overlay, vq_deadline_in (20), NULL, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "File exists"));
  ck_assert_ptr_null (strchr (error->message, '\n'));
  ck_assert (g_file_get_contents (overlay, &contents, NULL, NULL));
  ck_assert_str_eq (contents, "mine");
}
END_TEST

START_TEST (test_failed_overlay_leaves_nothing)
{
  g_autofree char *base = put_raw ("base", MIB);
  g_autofree char *overlay = in_tmpdir ("overlay");
  g_autofree char *nowhere = in_tmpdir ("no/such/directory");
  g_autoptr (VqImage) image = inspect_good (base, VQ_IMAGE_BOOT);
  g_autoptr (GError) gone = NULL;
  g_autoptr (GError) no_directory = NULL;

  ck_assert (!vq_image_create_overlay (image, nowhere, vq_deadline_in (20), NULL, &no_directory));
  ck_assert_ptr_nonnull (strstr (no_directory->message, "No such file or directory"));
  g_unlink (base);
  ck_assert (!vq_image_create_overlay (image, overlay, vq_deadline_in (20), NULL, &gone));
  ck_assert_ptr_nonnull (strstr (gone->message, "cannot create an overlay on"));
  ck_assert_ptr_nonnull (strstr (gone->message, "No such file or directory"));
  ck_assert_ptr_null (strchr (gone->message, '\n'));
  ck_assert (!g_file_test (overlay, G_FILE_TEST_EXISTS));
}
END_TEST

START_TEST (test_copy_start)
{
  static const gsize sizes[] = { 512, 1024, MIB - 512, MIB, MIB + 512 };
  g_autofree char *base = put_raw ("base", MIB);
  g_autofree char *output = in_tmpdir ("out,put");
  g_autoptr (VqImage) image = inspect_good (base, VQ_IMAGE_BOOT);

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
END_TEST

static void
add_inspect_tests (TCase *tests)
{
  tcase_set_timeout (tests, 60);
  tcase_add_checked_fixture (tests, set_up, tear_down);
  tcase_add_loop_test (tests, test_formats, 0, G_N_ELEMENTS (formats));
  tcase_add_test (tests, test_backing_file);
  tcase_add_test (tests, test_relative_path);
  tcase_add_test (tests, test_raw);
  tcase_add_test (tests, test_damaged_qcow2);
  tcase_add_test (tests, test_no_image);
  tcase_add_test (tests, test_unreadable);
  tcase_add_test (tests, test_qemu_img_is_not_installed);
  tcase_add_loop_test (tests, test_bad_answers, 0, 14);
  tcase_add_test (tests, test_limits_and_arguments);
  tcase_add_test (tests, test_deadline_and_cancel);
}

static Suite *
image_suite (void)
{
  Suite *suite = suite_create ("image");
  TCase *inspecting = tcase_create ("inspect");
  TCase *writing = tcase_create ("write");

  add_inspect_tests (inspecting);
  suite_add_tcase (suite, inspecting);
  tcase_set_timeout (writing, 60);
  tcase_add_checked_fixture (writing, set_up, tear_down);
  tcase_add_loop_test (writing, test_overlay_with_odd_names, 0, G_N_ELEMENTS (odd_names));
  tcase_add_test (writing, test_overlay_never_overwrites);
  tcase_add_test (writing, test_failed_overlay_leaves_nothing);
  tcase_add_test (writing, test_copy_start);
  suite_add_tcase (suite, writing);
  return suite;
}

int
main (void)
{
  return suite_run (image_suite ());
}

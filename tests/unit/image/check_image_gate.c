// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image-gate.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk-images.h"
#include "base/error.h"
#include "image-samples.h"
#include "leaks.h"
#include "suite.h"

/* The directories "images" and "images-too", as hostile-samples.c has them. */
static char *images;

static void
put_file (const char *name, const Sample *sample)
{
  g_autoptr (GByteArray) bytes = sample_build (sample);
  g_autofree char *path = g_build_filename (images, name, NULL);

  ck_assert (g_file_set_contents (path, (const char *)bytes->data, bytes->len, NULL));
}

static void
put_link (const char *name, const char *target)
{
  g_autofree char *path = g_build_filename (images, name, NULL);

  ck_assert_int_eq (symlink (target, path), 0);
}

static void
put_directory (const char *name)
{
  g_autofree char *path = g_build_filename (images, name, NULL);

  ck_assert_int_eq (g_mkdir (path, 0700), 0);
}

static void
set_up (void)
{
  g_autofree char *fifo = NULL, *empty = NULL;

  images_begin ();
  images = images_join ("images");
  put_directory ("");
  put_directory ("directory");
  put_file ("raw", &(Sample){ SAMPLE_MBR });
  put_file ("../secret", &(Sample){ SAMPLE_MBR });
  put_file ("../images-too", &(Sample){ SAMPLE_MBR });
  put_link ("link", "../secret");
  put_link ("outside", "..");
  fifo = g_build_filename (images, "fifo", NULL);
  empty = g_build_filename (images, "empty", NULL);
  ck_assert_int_eq (mkfifo (fifo, 0600), 0);
  ck_assert (g_file_set_contents (empty, "", 0, NULL));
  leaks_begin ();
}

static void
tear_down (void)
{
  leaks_assert_none ();
  g_clear_pointer (&images, g_free);
  images_end ();
}

static GPtrArray *
check (const char *name, const char *allowed, GError **error)
{
  const char *const directories[] = { allowed, NULL };
  g_autofree char *path = g_build_filename (images, name, NULL);

  return vq_image_gate_check (path, directories, error);
}

static void
assert_refused (const char *name, const char *allowed, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) files = check (name, allowed, &error);

  ck_assert_msg (files == NULL, "accepted instead of: %s", expected);
  ck_assert_msg (strstr (error->message, expected) != NULL, "%s instead of: %s", error->message,
                 expected);
  ck_assert_msg (strstr (error->message, name) != NULL, "%s", error->message);
  for (const char *p = error->message; *p != '\0'; p++)
    ck_assert_msg (!g_ascii_iscntrl (*p), "%s", error->message);
  ck_assert (g_utf8_validate (error->message, -1, NULL));
}

static GPtrArray *
check_good (const char *name, const char *allowed)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *files = check (name, allowed, &error);

  ck_assert_msg (files != NULL, "%s", error != NULL ? error->message : "");
  return files;
}

static void
assert_file (GPtrArray *files, guint i, const char *name, const char *format)
{
  g_autofree char *path = g_build_filename (images, name, NULL);
  const VqImageGateFile *file;

  ck_assert_uint_lt (i, files->len);
  file = files->pdata[i];
  ck_assert_str_eq (file->path, path);
  ck_assert_str_eq (file->format, format);
}

CASE ("gate", set_up, tear_down, 60)

TEST (test_hostile)
{
  for (gsize i = 0; i < hostile_samples_count (); i++)
    {
      put_file ("hostile", &hostile_samples[i].sample);
      assert_refused ("hostile", NULL, hostile_samples[i].error);
    }
}

/* The same ones deep down, under an image that is good. */
TEST (test_hostile_backing)
{
  put_file ("top", &(Sample){ SAMPLE_QCOW2, "middle", "qcow2" });
  put_file ("middle", &(Sample){ SAMPLE_QCOW2, "hostile" });
  for (gsize i = 0; i < hostile_samples_count (); i++)
    {
      put_file ("hostile", &hostile_samples[i].sample);
      assert_refused ("top", NULL, hostile_samples[i].error);
    }
}

TEST (test_one_file)
{
  g_autoptr (GPtrArray) files = check_good ("raw", NULL);
  const VqImageGateFile *file = files->pdata[0];

  ck_assert_uint_eq (files->len, 1);
  assert_file (files, 0, "raw", "raw");
  ck_assert_uint_eq (file->virtual_size, 65536);
  ck_assert_int_eq (file->contents, VQ_IMAGE_CONTENTS_BOOT_SECTOR | VQ_IMAGE_CONTENTS_MBR);
}

/* Names that are in the directory in one way or another. */
TEST (test_names)
{
  static const char *const names[]
      = { "raw", "./raw", "directory/../raw", "../images/raw", "outside/images/raw", "to-raw" };

  put_link ("to-raw", "raw");
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GPtrArray) files = NULL;

      put_file ("top", &(Sample){ SAMPLE_QCOW2, names[i] });
      files = check_good ("top", NULL);
      ck_assert_uint_eq (files->len, 2);
      assert_file (files, 1, "raw", "raw");
    }
}

TEST (test_absolute_names)
{
  static const char *const prefixes[] = { "", "file:", "file://", "/../" };

  for (gsize i = 0; i < G_N_ELEMENTS (prefixes); i++)
    {
      g_autofree char *name = g_strconcat (prefixes[i], images, "/raw", NULL);
      g_autoptr (GPtrArray) files = NULL;

      put_file ("top", &(Sample){ SAMPLE_QCOW2, name, "raw" });
      files = check_good ("top", NULL);
      assert_file (files, 1, "raw", "raw");
    }
}

/* A guest could have written what looks like an image that names a file. */
TEST (test_recorded_raw)
{
  g_autoptr (GPtrArray) files = NULL;

  put_file ("top", &(Sample){ SAMPLE_QCOW2, "raw", "raw" });
  put_file ("raw", &(Sample){ SAMPLE_QCOW2, "/etc/passwd" });
  files = check_good ("top", NULL);
  ck_assert_uint_eq (files->len, 2);
  assert_file (files, 1, "raw", "raw");
  put_file ("top", &(Sample){ SAMPLE_QCOW2, "raw" });
  assert_refused ("top", NULL, "/raw: it has the backing file /etc/passwd, which is in /etc and");
}

TEST (test_recorded_vpc)
{
  g_autoptr (GPtrArray) files = NULL;

  put_file ("top", &(Sample){ SAMPLE_QCOW2, "raw", "vpc" });
  put_file ("raw", &(Sample){ SAMPLE_VPC_FIXED });
  files = check_good ("top", NULL);
  assert_file (files, 1, "raw", "vpc");
}

/* Relative names begin in the directory that the path of each file says. */
TEST (test_directories)
{
  g_autoptr (GPtrArray) files = NULL, by_link = NULL;

  put_file ("top", &(Sample){ SAMPLE_QCOW2, "directory/middle" });
  put_file ("directory/middle", &(Sample){ SAMPLE_QCOW2, "bottom" });
  put_file ("directory/bottom", &(Sample){ SAMPLE_QCOW2, "../raw" });
  files = check_good ("top", NULL);
  ck_assert_uint_eq (files->len, 4);
  assert_file (files, 1, "directory/middle", "qcow2");
  assert_file (files, 2, "directory/bottom", "qcow2");
  assert_file (files, 3, "raw", "raw");

  put_link ("bottom", "raw"); /* for middle, when it is opened by its link here */
  put_link ("to-middle", "directory/middle");
  put_file ("top", &(Sample){ SAMPLE_QCOW2, "to-middle" });
  by_link = check_good ("top", NULL);
  ck_assert_uint_eq (by_link->len, 3);
  assert_file (by_link, 1, "directory/middle", "qcow2");
  assert_file (by_link, 2, "raw", "raw");
}

/* The directory of the link is the image's, and that of the file as well. */
TEST (test_image_is_link)
{
  g_autoptr (GPtrArray) files = NULL;

  put_file ("directory/image", &(Sample){ SAMPLE_QCOW2, "raw" });
  put_file ("directory/raw", &(Sample){ SAMPLE_RAW });
  put_directory ("links");
  put_link ("links/image", "../directory/image");
  put_link ("links/raw", "../directory/raw");
  files = check_good ("links/image", NULL);
  assert_file (files, 0, "directory/image", "qcow2");
  assert_file (files, 1, "directory/raw", "raw");
}

TEST (test_allowed)
{
  g_autofree char *option = g_strdup_printf ("--allow-backing=%s allows that", images_dir);
  g_autofree char *below = images_join ("images/directory");
  g_autoptr (GPtrArray) files = NULL, by_root = NULL;

  put_file ("top", &(Sample){ SAMPLE_QCOW2, "../secret", "raw" });
  assert_refused ("top", NULL, option);
  assert_refused ("top", below, option);
  assert_refused ("top", "/etc", option);
  files = check_good ("top", images_dir); /* as the message says */
  ck_assert (g_str_has_suffix (((VqImageGateFile *)files->pdata[1])->path, "/secret"));
  by_root = check_good ("top", "/");
  ck_assert_uint_eq (by_root->len, 2);
}

TEST (test_allowed_is_missing)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) files = check ("raw", "/no/such", &error);

  ck_assert_ptr_null (files);
  ck_assert_str_eq (
      error->message,
      "cannot find the directory --allow-backing=/no/such: No such file or directory");
}

TEST (test_message)
{
  g_autofree char *expected = g_strdup_printf (
      "cannot use the image %s/top with its backing file %s/middle: it has its contents in "
      "another file, x y, and no option allows that: make one image of it with qemu-img convert -O "
      "qcow2, if you trust it",
      images, images);
  g_autoptr (GError) error = NULL;

  put_file ("top", &(Sample){ SAMPLE_QCOW2, "middle" });
  put_file ("middle", &(Sample){ SAMPLE_QCOW2, .patches = { PATCH (104, "DATA\0\0\0\3x\ny") } });
  ck_assert_ptr_null (check ("top", NULL, &error));
  ck_assert_str_eq (error->message, expected);
}

static void
put_chain (int n)
{
  for (int i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("chain-%d", i);
      g_autofree char *next = g_strdup_printf ("chain-%d", i + 1);

      put_file (name, &(Sample){ SAMPLE_QCOW2, i + 1 < n ? next : NULL });
    }
}

TEST (test_depth)
{
  g_autoptr (GPtrArray) files = NULL;

  put_chain (65); /* 64 of them backing files */
  files = check_good ("chain-0", NULL);
  ck_assert_uint_eq (files->len, 65);
  put_chain (66);
  assert_refused (
      "chain-0", NULL,
      "/chain-64: it has the backing file chain-65, which is one too many: 64 can be used");
}

TEST (test_circle)
{
  put_chain (5);
  put_link ("back", "chain-1");
  put_file ("chain-4", &(Sample){ SAMPLE_QCOW2, "back" });
  assert_refused ("chain-0", NULL,
                  "/chain-4: it has the backing file back, so that the backing files");
}

TEST (test_no_image)
{
  static const struct
  {
    const char *name;
    const char *error;
  } images_with_errors[] = {
    { "missing", "cannot find it: No such file or directory" },
    { "missing/image", "cannot find the directory" },
    { "raw/image", "cannot find" },
    { "directory", "it is a directory, not a disk image" },
    { "fifo", "it is neither a file nor a block device" },
    { "empty", "it is empty, not a disk image" },
    { "loop", "Too many levels of symbolic links" },
  };

  put_link ("loop", "loop");
  for (gsize i = 0; i < G_N_ELEMENTS (images_with_errors); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (check (images_with_errors[i].name, NULL, &error));
      ck_assert_msg (strstr (error->message, images_with_errors[i].error) != NULL, "%s",
                     error->message);
    }
}

TEST (test_relative_path)
{
  g_autofree char *before = g_get_current_dir ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) files = NULL;

  put_file ("top", &(Sample){ SAMPLE_QCOW2, "raw" });
  ck_assert_int_eq (g_chdir (images), 0);
  files = vq_image_gate_check ("top", NULL, &error);
  ck_assert_int_eq (g_chdir (before), 0);
  ck_assert_msg (files != NULL, "%s", error != NULL ? error->message : "");
  assert_file (files, 0, "top", "qcow2");
  assert_file (files, 1, "raw", "raw");
}

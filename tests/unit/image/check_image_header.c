// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image-header.h"

#include <check.h>
#include <string.h>

#include "base/error.h"
#include "image-samples.h"
#include "suite.h"

/* Serves the bytes of a GByteArray, and fails the test if others are asked for. */
static gboolean
read_array (gpointer data, guint64 offset, guint8 *buf, gsize n, GError **error)
{
  GByteArray *array = data;

  ck_assert_uint_le (offset, array->len);
  ck_assert_uint_le (n, array->len - offset);
  if (n > 0)
    memcpy (buf, array->data + offset, n);
  return TRUE;
}

static VqImageHeader *
read_header (GByteArray *image, const char *format, GError **error)
{
  const VqImageSource source = { read_array, image, image->len };

  return vq_image_header_read (&source, format, error);
}

static VqImageHeader *
read_good (const Sample *sample, const char *format)
{
  g_autoptr (GByteArray) image = sample_build (sample);
  g_autoptr (GError) error = NULL;
  VqImageHeader *header = read_header (image, format, &error);

  ck_assert_msg (header != NULL, "sample %d: %s", sample->kind,
                 error != NULL ? error->message : "");
  return header;
}

#define RAW_DISK (VQ_IMAGE_CONTENTS_BOOT_SECTOR | VQ_IMAGE_CONTENTS_MBR)

typedef struct
{
  const char *format;
  guint64 virtual_size;
  const char *backing_file;
  const char *backing_format;
  gboolean is_encrypted;
  gboolean is_dirty;
  gboolean is_corrupt;
  VqImageContents contents;
} Facts;

static const struct
{
  Sample sample;
  Facts facts;
} good[] = {
  { { SAMPLE_RAW }, { "raw", 65536 } },
  { { SAMPLE_MBR }, { "raw", 65536, .contents = RAW_DISK } },
  { { SAMPLE_ISO },
    { "raw", 65536, .contents = RAW_DISK | VQ_IMAGE_CONTENTS_GPT | VQ_IMAGE_CONTENTS_ISO } },
  { { SAMPLE_RAW, .patches = { PATCH (4096, "EFI PART") } },
    { "raw", 65536, .contents = VQ_IMAGE_CONTENTS_GPT } },
  { { SAMPLE_RAW, .patches = { PATCH (510, "\x55\xaa") } },
    { "raw", 65536, .contents = VQ_IMAGE_CONTENTS_BOOT_SECTOR } },
  { { SAMPLE_RAW, .patches = { PATCH (65536, "more") } }, { "raw", 65536 + 512 } },
  { { SAMPLE_RAW, .patches = { PATCH (0, "#!/bin/sh\nversion=1\ntrue\n") } }, { "vmdk", 0 } },
  { { SAMPLE_RAW, .patches = { PATCH (0, "#!/bin/sh\ntrue\nversion=1\n") } }, { "raw", 65536 } },
  { { SAMPLE_RAW, .patches = { PATCH (0, "LUKS\xba\xbe\0\2") } }, { "raw", 65536 } },
  { { SAMPLE_QCOW }, { "qcow", SAMPLE_SIZE } },
  { { SAMPLE_QCOW, "base" }, { "qcow", SAMPLE_SIZE, "base" } },
  { { SAMPLE_QCOW2_OLD }, { "qcow2", SAMPLE_SIZE } },
  { { SAMPLE_QCOW2_OLD, "base", "raw" }, { "qcow2", SAMPLE_SIZE, "base", "raw" } },
  { { SAMPLE_QCOW2 }, { "qcow2", SAMPLE_SIZE } },
  { { SAMPLE_QCOW2, "base" }, { "qcow2", SAMPLE_SIZE, "base" } },
  { { SAMPLE_QCOW2, "base", "fifteen-letters" },
    { "qcow2", SAMPLE_SIZE, "base", "fifteen-letters" } },
  /* A name that is empty, or ends with a NUL. */
  { { SAMPLE_QCOW2, "", "raw" }, { "qcow2", SAMPLE_SIZE, NULL, "raw" } },
  { { SAMPLE_QCOW2, "base", .patches = { PATCH (4098, "\0") } }, { "qcow2", SAMPLE_SIZE, "ba" } },
  /* An extension that fills the cluster, and the largest header. */
  { { SAMPLE_QCOW2, .patches = { PATCH (104, "\1\1\1\1\0\0\xff\x90") } },
    { "qcow2", SAMPLE_SIZE } },
  { { SAMPLE_QCOW2, .patches = { PATCH (100, "\0\1\0\0") } }, { "qcow2", SAMPLE_SIZE } },
  { { SAMPLE_QCOW2, .patches = { PATCH (79, "\x1b"), PATCH (35, "\1") } },
    { "qcow2", SAMPLE_SIZE, .is_encrypted = TRUE, .is_dirty = TRUE, .is_corrupt = TRUE } },
  /* Two bytes of a boot sector alone, by chance, and an ISO image that the guest has. */
  { { SAMPLE_QCOW2, .patches = { PATCH (510, "\x55\xaa") } }, { "qcow2", SAMPLE_SIZE } },
  { { SAMPLE_QCOW2, .patches = { PATCH (446, "a name of a file"), PATCH (510, "\x55\xaa") } },
    { "qcow2", SAMPLE_SIZE } },
  { { SAMPLE_QCOW2, .patches = { PATCH (20, "\0\0\0\x0c"), PATCH (32769, "CD001") } },
    { "qcow2", SAMPLE_SIZE } },
  { { SAMPLE_QED }, { "qed", SAMPLE_SIZE } },
  { { SAMPLE_QED, "base" }, { "qed", SAMPLE_SIZE, "base" } },
  { { SAMPLE_QED, "base", "raw" }, { "qed", SAMPLE_SIZE, "base", "raw" } },
  { { SAMPLE_QED, .patches = { PATCH (16, "\2") } }, { "qed", SAMPLE_SIZE, .is_dirty = TRUE } },
  { { SAMPLE_VMDK }, { "vmdk", SAMPLE_SIZE } },
  { { SAMPLE_VMDK, "base" }, { "vmdk", SAMPLE_SIZE, "base", "vmdk" } },
  { { SAMPLE_VMDK, "" }, { "vmdk", SAMPLE_SIZE } },
  { { SAMPLE_VMDK_STREAM }, { "vmdk", SAMPLE_SIZE } },
  { { SAMPLE_VDI }, { "vdi", SAMPLE_SIZE } },
  { { SAMPLE_VHDX }, { "vhdx", SAMPLE_SIZE } },
  { { SAMPLE_VPC }, { "vpc", SAMPLE_SIZE } },
  /* Of the geometry: 3 cylinders of 4 heads of 5 sectors. */
  { { SAMPLE_VPC, .patches = { PATCH (28, "vpc "), PATCH (56, "\0\3\4\5") } },
    { "vpc", 3 * 4 * 5 * 512 } },
  { { SAMPLE_VPC_FIXED },
    { "raw", 65536 + 512, .contents = RAW_DISK | VQ_IMAGE_CONTENTS_VPC_FOOTER } },
  { { SAMPLE_LUKS }, { "luks", 65536, .is_encrypted = TRUE } },
  { { SAMPLE_PARALLELS }, { "parallels", SAMPLE_SIZE } },
  /* The upper half of the size is something else in the old format. */
  { { SAMPLE_PARALLELS, .patches = { PATCH (0, "WithoutFreeSpace"), PATCH (40, "\1") } },
    { "parallels", SAMPLE_SIZE } },
};

static void
assert_string (const char *got, const char *want)
{
  ck_assert_msg (g_strcmp0 (got, want) == 0, "%s, not %s", got != NULL ? got : "none",
                 want != NULL ? want : "none");
}

static void
assert_facts (const Sample *sample, const Facts *want)
{
  g_autoptr (VqImageHeader) header = read_good (sample, NULL);

  assert_string (header->format, want->format);
  ck_assert_uint_eq (header->virtual_size, want->virtual_size);
  assert_string (header->backing_file, want->backing_file);
  assert_string (header->backing_format, want->backing_format);
  ck_assert_int_eq (header->is_encrypted, want->is_encrypted);
  ck_assert_int_eq (header->is_dirty, want->is_dirty);
  ck_assert_int_eq (header->is_corrupt, want->is_corrupt);
  ck_assert_int_eq (header->contents, want->contents);
  /* Only a text has other files; there is one among them that is taken for it. */
  assert_string (header->data_file, want->virtual_size == 0 ? "" : NULL);
}

CASE ("image_header", NULL, NULL, 60)

TEST (test_good)
{
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    assert_facts (&good[i].sample, &good[i].facts);
}

/* The format that is recorded elsewhere. */
TEST (test_recorded)
{
  static const Sample qcow2 = { SAMPLE_QCOW2, "/etc/passwd" }, fixed = { SAMPLE_VPC_FIXED };
  g_autoptr (VqImageHeader) same = read_good (&qcow2, "qcow2");
  g_autoptr (VqImageHeader) as_raw = read_good (&qcow2, "raw");
  g_autoptr (VqImageHeader) as_vpc = read_good (&fixed, "vpc");

  assert_string (same->backing_file, "/etc/passwd");
  assert_string (as_raw->format, "raw");
  assert_string (as_raw->backing_file, NULL);
  ck_assert_uint_eq (as_raw->virtual_size, 4 * 65536);
  assert_string (as_vpc->format, "vpc");
  ck_assert_uint_eq (as_vpc->virtual_size, SAMPLE_SIZE);
}

TEST (test_not_as_recorded)
{
  static const char *const formats[] = { "qcow", "vpc", "vmdk", "file", "nbd", "" };
  g_autoptr (GByteArray) image = sample_build (&(Sample){ SAMPLE_QCOW2 });

  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (read_header (image, formats[i], &error));
      ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
    }
}

/* Either it is refused, or it is told which other file it needs: the gate sees to that. */
static void
assert_not_good (const HostileSample *hostile)
{
  g_autoptr (GByteArray) image = sample_build (&hostile->sample);
  g_autoptr (GError) error = NULL;
  g_autoptr (VqImageHeader) header = read_header (image, NULL, &error);

  if (header == NULL)
    ck_assert_msg (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE), "%s", error->message);
  else
    ck_assert_msg (header->backing_file != NULL || header->data_file != NULL
                       || header->virtual_size == 0,
                   "accepted instead of: %s", hostile->error);
}

TEST (test_hostile)
{
  ck_assert_uint_ge (hostile_samples_count (), 60);
  for (gsize i = 0; i < hostile_samples_count (); i++)
    assert_not_good (&hostile_samples[i]);
}

/* At each byte of the first 512 and of the last 512, and in steps between. */
TEST_LOOP (test_cut_off, 0, SAMPLE_N)
{
  const Sample sample = { _i, "base", "raw" };
  g_autoptr (GByteArray) image = sample_build (&sample);
  gsize whole = MIN (image->len, 512 * 1024);

  for (gsize n = 0; n < whole; n += n < 512 || n + 512 > whole ? 1 : n < 4608 ? 13 : 499)
    {
      g_autoptr (VqImageHeader) header = NULL;
      g_autoptr (GError) error = NULL;

      image->len = n;
      header = read_header (image, NULL, &error);
      ck_assert ((header == NULL) == (error != NULL));
    }
}

/* Flips bytes, the same ones in each run. */
TEST_LOOP (test_flipped, 0, SAMPLE_N)
{
  static const guint areas[] = { 128, 1024, 8192, G_MAXUINT };
  const Sample sample = { _i, "base", "raw" };
  g_autoptr (GRand) rand = g_rand_new_with_seed (_i);

  for (int i = 0; i < 100; i++)
    {
      g_autoptr (GByteArray) image = sample_build (&sample);
      g_autoptr (VqImageHeader) header = NULL;
      g_autoptr (GError) error = NULL;
      guint area = MIN (areas[i % G_N_ELEMENTS (areas)], MIN (image->len, 512 * 1024));

      for (int flips = g_rand_int_range (rand, 1, 16); flips > 0; flips--)
        image->data[g_rand_int_range (rand, 0, area)] = g_rand_int_range (rand, 0, 256);
      header = read_header (image, NULL, &error);
      ck_assert ((header == NULL) == (error != NULL));
      ck_assert (header == NULL || header->backing_file == NULL
                 || strlen (header->backing_file) < 10240);
    }
}

static gboolean
fail_to_read (gpointer data, guint64 offset, guint8 *buf, gsize n, GError **error)
{
  int *left = data;

  memcpy (buf, "QFI\xfb\0\0\0\3", MIN (n, 8));
  return (*left)-- > 0 || vq_error_set (error, VQ_ERROR_FAILED, "broken disk");
}

TEST (test_read_error)
{
  for (int reads = 0; reads < 4; reads++)
    {
      int left = reads;
      const VqImageSource source = { fail_to_read, &left, 1 << 20 };
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (vq_image_header_read (&source, NULL, &error));
      ck_assert_str_eq (error->message, "broken disk");
    }
}

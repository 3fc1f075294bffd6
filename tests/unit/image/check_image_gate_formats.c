// SPDX-License-Identifier: GPL-2.0-or-later
/* That the gate takes what qemu-img makes, in all its formats, and for what qemu-img takes it. */
#include "image/image-gate.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>

#include "io/child.h"
#include "disk-images.h"
#include "image-samples.h"
#include "base/json.h"
#include "leaks.h"
#include "luks-qemu-img.h"
#include "suite.h"

static char *directory_before;

/* The names for qemu-img are relative. */
static void
set_up (void)
{
  images_begin ();
  directory_before = g_get_current_dir ();
  ck_assert_int_eq (g_chdir (images_dir), 0);
  leaks_begin ();
}

static void
tear_down (void)
{
  leaks_assert_none ();
  ck_assert_int_eq (g_chdir (directory_before), 0);
  g_clear_pointer (&directory_before, g_free);
  images_end ();
}

/* Words for "qemu-img convert". */
static const char *const conversions[] = {
  "-O raw",
  "-O qcow2 -o compat=0.10",
  "-O qcow2 -o compat=1.1",
  "-O qcow2 -o cluster_size=512",
  "-O qcow2 -o cluster_size=4k",
  "-O qcow2 -o cluster_size=2M",
  "-O qcow2 -o extended_l2=on",
  "-O qcow2 -o lazy_refcounts=on,refcount_bits=1",
  "-O qcow2 -o preallocation=metadata",
  "-c -O qcow2 -o compression_type=zstd",
  "-c -O qcow2",
  "-O qcow",
  "-O qed",
  "-O vdi",
  "-O vdi -o static=on",
  "-O vhdx",
  "-O vhdx -o subformat=fixed",
  "-O vpc",
  "-O vpc -o force_size=on",
  "-O vpc -o subformat=fixed",
  "-O vmdk",
  "-O vmdk -o zeroed_grain=on,compat6=on",
  "-O vmdk -o subformat=streamOptimized",
  "-O parallels",
  "-O parallels -o cluster_size=64k",
};

/* Runs "qemu-img WORDS", which are separated by spaces. Transfer full. */
static char *
run_qemu_img (const char *words)
{
  g_autofree char *line = g_strconcat ("qemu-img ", words, NULL);
  g_auto (GStrv) argv = g_strsplit (line, " ", -1);
  g_autoptr (GError) error = NULL;
  char *out = NULL;

  while (!vq_child_run ((const char *const *)argv, NULL, &out, vq_deadline_in (60), NULL, &error)
         && strstr (error->message, LUKS_QEMU_IMG_CHANCE) != NULL)
    g_clear_error (&error);
  ck_assert_msg (error == NULL, "%s: %s", words, error != NULL ? error->message : "");
  return out;
}

static void
convert (const char *words, const char *image)
{
  g_autofree char *line = g_strdup_printf ("convert -f raw %s source %s", words, image);

  g_free (run_qemu_img (line));
}

/* A disk with something at its start, in its middle and at its end. */
static void
put_source (void)
{
  static const Sample disk
      = { SAMPLE_ISO, .patches = { PATCH (3 << 20, "text"), PATCH ((4 << 20) - 4, "text") } };
  g_autoptr (GByteArray) bytes = sample_build (&disk);

  ck_assert (g_file_set_contents ("source", (const char *)bytes->data, bytes->len, NULL));
}

static GPtrArray *
check_good (const char *name)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *files = vq_image_gate_check (name, NULL, &error);

  ck_assert_msg (files != NULL, "%s", error != NULL ? error->message : "");
  return files;
}

/* Compares FILE with what qemu-img says of it. */
static void
assert_as_qemu_img (const VqImageGateFile *file)
{
  g_autofree char *words = g_strconcat ("info --output=json ", file->path, NULL);
  g_autofree char *out = run_qemu_img (words);
  g_autoptr (JsonNode) info = vq_json_parse_object (out, strlen (out), NULL);
  JsonObject *object = json_node_get_object (info);

  ck_assert_str_eq (file->format, json_object_get_string_member (object, "format"));
  ck_assert_int_eq (file->virtual_size, json_object_get_int_member (object, "virtual-size"));
}

/* FORMATS are those of the files from the top down. */
static void
assert_chain (const char *name, const char *const *formats)
{
  g_autoptr (GPtrArray) files = check_good (name);

  ck_assert_uint_eq (files->len, g_strv_length ((char **)formats));
  for (guint i = 0; i < files->len; i++)
    {
      const VqImageGateFile *file = files->pdata[i];

      ck_assert_str_eq (file->format, formats[i]);
      assert_as_qemu_img (file);
    }
}

CASE ("formats", set_up, tear_down, 60)

TEST_LOOP (test_conversions, 0, G_N_ELEMENTS (conversions))
{
  g_autoptr (GPtrArray) files = NULL;

  put_source ();
  convert (conversions[_i], "image");
  files = check_good ("image");
  ck_assert_uint_eq (files->len, 1);
  assert_as_qemu_img (files->pdata[0]);
}

#define ELSEWHERE "it has its contents in another file, "
#define ENCRYPTED "it is encrypted, and no option gives the key: "

/* Images that are made with these words are refused. */
static const struct
{
  const char *words, *error;
} refused[] = {
  { "-O vmdk -o subformat=monolithicFlat", ELSEWHERE },
  { "-O vmdk -o subformat=twoGbMaxExtentSparse", ELSEWHERE },
  { "-O vmdk -o subformat=twoGbMaxExtentFlat", ELSEWHERE },
  { "-O qcow2 -o data_file=data", ELSEWHERE },
  { "-O qcow2 -o data_file_raw=on,data_file=data", ELSEWHERE },
  { "--object secret,id=key,data=x -O qcow2 -o "
    "encrypt.format=luks,encrypt.key-secret=key,encrypt.iter-time=10",
    ENCRYPTED },
  { "--object secret,id=key,data=x -O luks -o key-secret=key,iter-time=10",
    "it is encrypted with LUKS1, so its key is needed: " },
};

TEST_LOOP (test_refused, 0, G_N_ELEMENTS (refused))
{
  g_autoptr (GError) error = NULL;

  put_source ();
  convert (refused[_i].words, "image.vmdk");
  ck_assert_ptr_null (vq_image_gate_check ("image.vmdk", NULL, &error));
  ck_assert_msg (strstr (error->message, refused[_i].error) != NULL, "%s", error->message);
}

/* With a bitmap and a snapshot in one of them. */
TEST (test_chain)
{
  static const char *const formats[] = { "qcow", "qed", "qcow2", "qcow2", "raw", NULL };
  static const char *const commands[] = {
    "create -q -f qcow2 -F raw -b source 1",
    "bitmap --add 1 map",
    "snapshot -c state 1",
    "create -q -f qcow2 -o compat=0.10 -F qcow2 -b 1 2",
    "create -q -f qed -F qcow2 -b 2 3",
    "create -q -f qcow -F qed -b 3 4",
  };

  put_source ();
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    g_free (run_qemu_img (commands[i]));
  assert_chain ("4", formats);
}

TEST (test_vmdk_chain)
{
  static const char *const formats[] = { "vmdk", "vmdk", NULL };

  g_free (run_qemu_img ("create -q -f vmdk 1 8M"));
  g_free (run_qemu_img ("create -q -f vmdk -F vmdk -b 1 2"));
  assert_chain ("2", formats);
}

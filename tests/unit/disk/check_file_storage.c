// SPDX-License-Identifier: GPL-2.0-or-later
/* The files of late disks, which qemu-img reads back, and what QEMU is told about them. */
#include "disk/file-storage.h"

#include <check.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "disk-images.h"
#include "io/child.h"
#include "leaks.h"
#include "luks-qemu-img.h"
#include "suite.h"

#define PATIENCE 300 /* seconds */
#define SIZE (3 * 1024 * 1024)
#define KEY                                                                                        \
  "the k\xc3\xab"                                                                                  \
  "y\n" /* a file may end with a newline, which counts */

static GPtrArray *specs;
static GPtrArray *disks;

static void
run (const char *script)
{
  const char *const argv[] = { "sh", "-ec", script, "sh", images_dir, NULL };
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_child_run (argv, NULL, NULL, vq_deadline_in (PATIENCE), NULL, &error), "%s",
                 error != NULL ? error->message : "");
}

static void
setup (void)
{
  g_autofree char *image = NULL;
  g_autofree char *key = NULL;
  g_autofree char *contents = g_strnfill (SIZE, 'i');

  leaks_begin ();
  images_begin ();
  image = images_join ("image");
  key = images_join ("key");
  ck_assert (g_file_set_contents (image, contents, SIZE, NULL));
  ck_assert (g_file_set_contents (key, KEY, -1, NULL));
}

static void
teardown (void)
{
  g_clear_pointer (&disks, g_ptr_array_unref);
  g_clear_pointer (&specs, g_ptr_array_unref);
  images_end ();
  leaks_assert_none ();
}

/* The late disks of TEXTS, in which DIR is the directory. */
static gboolean
find (const char *const *texts, GError **error)
{
  g_clear_pointer (&disks, g_ptr_array_unref);
  g_clear_pointer (&specs, g_ptr_array_unref);
  specs = g_ptr_array_new_with_free_func ((GDestroyNotify)vq_disk_spec_free);
  for (; *texts != NULL; texts++)
    {
      g_auto (GStrv) parts = g_strsplit (*texts, "DIR", -1);
      g_autofree char *text = g_strjoinv (images_dir, parts);
      VqDiskSpec *spec = vq_disk_spec_parse (text, error);

      if (spec == NULL)
        return FALSE;
      g_ptr_array_add (specs, spec);
    }
  if (vq_disk_spec_complete (specs, FALSE, error))
    disks = vq_disk_find_all (specs, TRUE, "amd64", NULL, NULL, error);
  return disks != NULL;
}

static VqDiskStorage *
make (const char *text)
{
  g_autoptr (GError) error = NULL;
  VqDiskStorage *storage;

  ck_assert_msg (find ((const char *[]){ text, NULL }, &error), "%s",
                 error != NULL ? error->message : "");
  storage = vq_file_storage_new (disks->pdata[0], images_dir, "vq-late0", FALSE);
  ck_assert_msg (storage->class->renew (storage, NULL, &error), "%s",
                 error != NULL ? error->message : "");
  return storage;
}

/* All nodes and the names of all keys, on lines. Transfer full. */
static char *
describe (VqDiskStorage *storage)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqDiskNodes) nodes = storage->class->describe (storage, &error);
  GString *text = g_string_new (NULL);

  ck_assert_msg (nodes != NULL, "%s", error != NULL ? error->message : "");
  for (guint i = 0; i < nodes->keys->len; i++)
    g_string_append_printf (text, "%s\n", ((VqDiskKey *)nodes->keys->pdata[i])->id);
  for (guint i = 0; i < nodes->nodes->len; i++)
    {
      g_autofree char *node = json_to_string (nodes->nodes->pdata[i], FALSE);

      g_string_append_printf (text, "%s\n", node);
    }
  return g_string_free (text, FALSE);
}

static void
assert_described (VqDiskStorage *storage, const char *expected)
{
  g_autofree char *text = describe (storage);
  g_auto (GStrv) parts = g_strsplit (text, images_dir, -1);
  g_autofree char *tidy = g_strjoinv ("DIR", parts);

  ck_assert_str_eq (tidy, expected);
}

CASE ("file storage", setup, teardown, PATIENCE)

#define TOP(more)                                                                                  \
  "{\"driver\":\"qcow2\",\"node-name\":\"vq-late0\",\"read-only\":false,\"discard\":\"unmap\","    \
  "\"file\":{\"driver\":\"file\",\"filename\":\"DIR/disk.a\",\"cache\":{\"direct\":false,"         \
  "\"no-flush\":true},\"discard\":\"unmap\"},\"cache\":{\"direct\":false,\"no-flush\":true}," more \
  "}\n"

/* An image's contents are in it, nobody can read them without the key, and it is as large as was
 * asked for. Each guest's disk is as new. */
TEST (image_in_an_encrypted_disk)
{
  VqDiskStorage *storage = make ("name=a,url=DIR/image,size=5,encrypt=luks1,secret=DIR/key");
  g_autofree char *path = images_join ("disk.a");
  g_autoptr (GError) error = NULL;

  run ("cd \"$1\"; s='--object secret,id=s,file=key'; qemu-img info disk.a | grep -q '(5242880 "
       "bytes)'; "
       "truncate -s 5M image; qemu-img compare $s --image-opts driver=raw,file.filename=image "
       "driver=qcow2,encrypt.key-secret=s,file.filename=base.a; "
       "for f in *.a; do ! grep -q iiiiiiiiiiiiiiii $f; [ $(stat -c %a $f) = 600 ]; done; "
       "cmp empty.a disk.a; [ $(stat -c %s disk.a) -lt 3000000 ]; echo garbage >disk.a");
  ck_assert (storage->class->renew (storage, NULL, &error));
  run ("cd \"$1\"; cmp empty.a disk.a");
  assert_described (
      storage, "vq-late0-base-key\nvq-late0-key\n"
               "{\"driver\":\"qcow2\",\"node-name\":\"vq-late0-base\",\"read-only\":true,"
               "\"auto-read-only\":false,\"file\":{\"driver\":\"file\",\"filename\":\"DIR/base.a\","
               "\"read-only\":true,\"auto-read-only\":false},\"backing\":null,"
               "\"encrypt\":{\"format\":\"luks\",\"key-secret\":\"vq-late0-base-key\"}}\n" TOP (
                   "\"backing\":\"vq-late0-base\",\"encrypt\":{\"format\":\"luks\","
                   "\"key-secret\":\"vq-late0-key\"}"));
  storage->class->free (storage);
  ck_assert (!g_file_test (path, G_FILE_TEST_EXISTS));
  run ("cd \"$1\"; [ \"$(echo *)\" = 'image key' ]");
}

#define MAKE_VOLUME                                                                                \
  LUKS_QEMU_IMG_SCRIPT                                                                             \
  "cd \"$1\"; luks_qemu_img convert -f raw -O luks --object secret,id=s,file=key "                 \
  "-o key-secret=s,iter-time=10 image volume"

/* It stays the only thing that is encrypted. */
TEST (plain_clone_of_a_volume)
{
  VqDiskStorage *storage;

  run (MAKE_VOLUME);
  storage = make ("name=a,action=clone,parent=DIR/volume,parent-encrypt=luks1,"
                  "parent-secret=DIR/key,encrypt=none");
  assert_described (
      storage, "vq-late0-base-key\n"
               "{\"driver\":\"luks\",\"node-name\":\"vq-late0-image0\",\"read-only\":true,"
               "\"auto-read-only\":false,\"file\":{\"driver\":\"file\",\"filename\":"
               "\"DIR/volume\",\"read-only\":true,\"auto-read-only\":false},"
               "\"key-secret\":\"vq-late0-base-key\"}\n" TOP ("\"backing\":\"vq-late0-image0\""));
  run ("cd \"$1\"; qemu-img info disk.a | grep -q '(3145728 bytes)'; "
       "qemu-io -c 'read -P 0x69 0 3M' --object secret,id=s,file=key --image-opts "
       "driver=qcow2,file.filename=disk.a,backing.key-secret=s | grep -q 'read 3145728'");
  storage->class->free (storage);
}

/* Behind an encrypted one. */
TEST (plain_disk)
{
  g_autoptr (GError) error = NULL;
  VqDiskStorage *storage;

  ck_assert (
      find ((const char *[]){ "encrypt=luks1", "name=a,size=1,cache=writeback", NULL }, NULL));
  ck_assert_uint_eq (disks->len, 2);
  storage = vq_file_storage_new (disks->pdata[1], images_dir, "vq-late0", FALSE);
  ck_assert (!storage->class->take (storage, &error));
  ck_assert (vq_error_is_missing (error));
  ck_assert (storage->class->renew (storage, NULL, NULL));
  ck_assert (storage->class->take (storage, NULL));
  assert_described (
      storage, "{\"driver\":\"qcow2\",\"node-name\":\"vq-late0\",\"read-only\":false,"
               "\"discard\":\"unmap\",\"file\":{\"driver\":\"file\",\"filename\":\"DIR/disk.a\","
               "\"cache\":{\"direct\":false,\"no-flush\":false},\"discard\":\"unmap\"},"
               "\"cache\":{\"direct\":false,\"no-flush\":false},\"backing\":null}\n");
  storage->class->free (storage);
}

/* A real server. The disk may be larger than its image. */
TEST (image_of_a_server)
{
  static const char words[] = "name=a,action=clone,encrypt=luks1,parent=nbd+unix:///e?socket=DIR/s";
  VqDiskStorage *storage;
  g_autofree char *larger = g_strconcat (words, ",size=4", NULL);
  g_autofree char *smaller = g_strconcat (words, ",size=1", NULL);
  g_autoptr (GError) error = NULL;

  run (
      "qemu-nbd --fork --pid-file=\"$1/pid\" -t -r -f raw -x e -k \"$1/s\" \"$1/image\" >/dev/null "
      "2>&1");
  ck_assert (find ((const char *[]){ larger, NULL }, NULL));
  ck_assert_uint_eq (((VqDisk *)disks->pdata[0])->size, 4 << 20);
  ck_assert (!find ((const char *[]){ smaller, NULL }, &error));
  ck_assert_msg (strstr (error->message, "is less than that of the image") != NULL, "%s",
                 error->message);
  storage = make (words);
  ck_assert_uint_eq (((VqDisk *)disks->pdata[0])->size, SIZE);
  assert_described (
      storage,
      "vq-late0-key\n{\"driver\":\"nbd\",\"node-name\":\"vq-late0-export\",\"export\":\"e\","
      "\"read-only\":true,\"auto-read-only\":false,\"server\":{\"type\":\"unix\",\"path\":"
      "\"DIR/s\"}}\n" TOP ("\"backing\":\"vq-late0-export\",\"encrypt\":{\"format\":\"luks\",\"key-"
                           "secret\":\"vq-late0-key\"}"));
  storage->class->free (storage);
  run ("kill $(cat \"$1/pid\"); while [ -e \"$1/s\" ]; do sleep 0.1; done");
  g_clear_error (&error);
  ck_assert (!find ((const char *[]){ words, NULL }, &error));
  ck_assert_msg (g_str_has_prefix (error->message,
                                   "--disk: a: cannot use the image of the nbd server: qemu-img: "),
                 "%s", error->message);
}

/* Only what we know is tried. */
TEST (other_addresses)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!find ((const char *[]){ "url=ftp://h/i,encrypt=luks1", NULL }, &error));
  ck_assert_msg (strstr (error->message, "ftp://h/i: no disk begins with an address of this kind, "
                                         "but with one of http://, https://, file://, nbd://")
                     != NULL,
                 "%s", error->message);
}

/* The keys: a clone has its parent's, unless it has one of its own. */
TEST (keys)
{
  static const char *const texts[]
      = { "name=a,encrypt=luks1", "name=b,action=clone,parent=a,secret=DIR/key",
          "name=c,action=clone,parent=b", "name=d,action=clone,parent=c,encrypt=none", NULL };
  char text[4][200] = { "" };

  ck_assert (find (texts, NULL));
  for (guint i = 0; i < 3; i++)
    {
      const VqDisk *disk = disks->pdata[i];
      vq_autofd int fd = vq_disk_secret_open (disk->secret, NULL);

      ck_assert_int_gt (pread (fd, text[i], sizeof text[i] - 1, 0), 0);
      ck_assert_ptr_null (disk->base_secret);
    }
  ck_assert_uint_eq (strlen (text[0]), 64);
  ck_assert_str_eq (text[1], KEY);
  ck_assert_str_eq (text[2], KEY);
  ck_assert_ptr_null (((VqDisk *)disks->pdata[3])->secret);
}

TEST (random_keys_differ)
{
  g_autoptr (VqDiskSecret) one = vq_disk_secret_new_random (NULL);
  g_autoptr (VqDiskSecret) two = vq_disk_secret_new_random (NULL);
  vq_autofd int first = vq_disk_secret_open (one, NULL);
  vq_autofd int second = vq_disk_secret_open (two, NULL);
  char texts[2][64];

  ck_assert_int_eq (pread (first, texts[0], 64, 0), 64);
  ck_assert_int_eq (pread (second, texts[1], 64, 0), 64);
  ck_assert_int_ne (memcmp (texts[0], texts[1], 64), 0);
}

static const struct
{
  const char *text, *error;
} bad[] = {
  { "encrypt=luks1,secret=DIR/none", "/none: cannot read it: " },
  { "encrypt=luks1,secret=DIR", "it is not a plain file" },
  { "encrypt=luks1,secret=DIR/empty", "empty: it is empty" },
  { "encrypt=luks1,secret=DIR/large", "large: it is larger than 4096 bytes" },
  { "encrypt=luks1,secret=DIR/binary", "is not text in UTF-8" },
  { "encrypt=luks1,secret=DIR/nul", "is not text in UTF-8" },
  { "encrypt=luks1,secret=DIR/fifo", "it is not a plain file" },
  { "action=attach,url=DIR/image,encrypt=luks1,secret=DIR/key", "it is not encrypted with LUKS1" },
  { "action=clone,parent=DIR/luks2,parent-encrypt=luks1,parent-secret=DIR/key",
    "it is not encrypted with LUKS1" },
};

TEST_LOOP (bad_keys_and_images, 0, G_N_ELEMENTS (bad))
{
  g_autoptr (GError) error = NULL;

  run ("cd \"$1\"; : >empty; head -c 4097 /dev/zero | tr '\\0' a >large; printf '\\377' >binary; "
       "printf 'a\\0b' >nul; mkfifo fifo; { printf 'LUKS\\272\\276\\0\\2'; cat image; } >luks2");
  ck_assert (!find ((const char *[]){ bad[_i].text, NULL }, &error));
  ck_assert (g_error_matches (error, VQ_ERROR, _i == 0 ? VQ_ERROR_MISSING : VQ_ERROR_USAGE));
  ck_assert_msg (g_str_has_prefix (error->message, "--disk: disk1: "), "%s", error->message);
  ck_assert_msg (strstr (error->message, bad[_i].error) != NULL, "%s", error->message);
  ck_assert_ptr_null (strchr (error->message, '\n'));
}

/* It is told before a guest boots. */
TEST (wrong_keys)
{
  static const char *const texts[]
      = { "action=attach,url=DIR/volume,encrypt=luks1,secret=DIR/",
          "action=clone,parent=DIR/volume,parent-encrypt=luks1,parent-secret=DIR/" };

  run (MAKE_VOLUME "; echo other >other");
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *right = g_strconcat (texts[i], "key", NULL);
      g_autofree char *wrong = g_strconcat (texts[i], "other", NULL);

      ck_assert (find ((const char *[]){ right, NULL }, NULL));
      ck_assert (!find ((const char *[]){ wrong, NULL }, &error));
      ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
      ck_assert_msg (strstr (error->message, "/other is not the key of ") != NULL, "%s",
                     error->message);
    }
}

/* As on a fast host, where it cannot tell how long its first rounds took. */
TEST (qemu_img_did_not_see_the_clock_tick)
{
  g_autofree char *search = g_strdup (g_getenv ("PATH"));
  g_autofree char *script = g_strdup_printf (
      "cd '%s'; echo >>tries; [ $(wc -l <tries) -gt 3 ] || { rm -f *.a; echo 'qemu-img: x: "
      "Unable to get accurate CPU usage' >&2; exit 1; }; PATH='%s' exec qemu-img \"$@\"",
      images_dir, search);
  VqDiskStorage *storage;

  images_fake_qemu_img (script);
  storage = make ("name=a,encrypt=luks1");
  run ("cd \"$1\"; [ $(wc -l <tries) -ge 4 ]; [ \"$(stat -c %a *.a | sort -u)\" = 600 ]");
  storage->class->free (storage);
}

/* The disk becomes full, or qemu-img breaks: one line, and nothing is left. */
TEST (qemu_img_fails)
{
  g_autoptr (GError) error = NULL;
  VqDiskStorage *storage;

  ck_assert (find ((const char *[]){ "name=a,encrypt=luks1", NULL }, NULL));
  images_fake_qemu_img ("echo 'qemu-img: x: No space left on device' >&2; exit 1");
  storage = vq_file_storage_new (disks->pdata[0], images_dir, "vq-late0", FALSE);
  ck_assert (!storage->class->renew (storage, NULL, &error));
  ck_assert_str_eq (error->message,
                    "--disk: a: cannot make an encrypted disk: qemu-img: x: No space "
                    "left on device");
  storage->class->free (storage);
  run ("cd \"$1\"; ! ls | grep -q '\\.a$'");
}

/* An instance that stays needs keys that stay. */
TEST (lasting)
{
  static const struct
  {
    const char *text;
    gboolean lasts;
  } cases[] = {
    { "encrypt=luks1,secret=k", TRUE },
    { "encrypt=luks1", FALSE },
    { "encrypt=luks1,url=DIR/image", FALSE },
    { "encrypt=luks1,url=DIR/image,secret=k", TRUE },
    { "action=clone,parent=/v,parent-encrypt=luks1,parent-secret=k", TRUE },
    { "action=clone,parent=/v,parent-encrypt=luks1,parent-secret=k,encrypt=luks1", FALSE },
    { "action=clone,parent=/v,parent-encrypt=luks1,parent-secret=k,secret=k", TRUE },
    { "size=1", TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GPtrArray) one
          = g_ptr_array_new_with_free_func ((GDestroyNotify)vq_disk_spec_free);

      g_ptr_array_add (one, vq_disk_spec_parse (cases[i].text, NULL));
      ck_assert (vq_disk_spec_complete (one, FALSE, NULL));
      ck_assert_int_eq (vq_disk_check_lasting (one, TRUE, NULL), cases[i].lasts);
      ck_assert (vq_disk_check_lasting (one, FALSE, NULL));
    }
}

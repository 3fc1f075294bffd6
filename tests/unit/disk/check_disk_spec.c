// SPDX-License-Identifier: GPL-2.0-or-later
#include "disk/disk-spec.h"

#include <check.h>
#include <string.h>

#include "base/error.h"
#include "leaks.h"
#include "suite.h"

#define DISKS_MAX 6

/* TEXTS as the values of --disk. NULL if one cannot be parsed or all together are wrong. */
static GPtrArray *
parse (const char *const *texts, gboolean clone_all, GError **error)
{
  g_autoptr (GPtrArray) specs = g_ptr_array_new_with_free_func ((GDestroyNotify)vq_disk_spec_free);

  for (; *texts != NULL; texts++)
    {
      VqDiskSpec *spec = vq_disk_spec_parse (*texts, error);

      if (spec == NULL)
        return NULL;
      g_ptr_array_add (specs, spec);
    }
  return vq_disk_spec_complete (specs, clone_all, error) ? g_steal_pointer (&specs) : NULL;
}

/* Each disk that a guest sees: its words, size in MiB and image. */
static char *
describe (GPtrArray *specs)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < specs->len; i++)
    {
      const VqDiskSpec *spec = specs->pdata[i];
      g_auto (GStrv) words = vq_disk_spec_describe (spec);
      g_autofree char *line = g_strjoinv (" ", words);
      const char *image = vq_disk_spec_get_image (spec);

      if (!spec->is_parent_only)
        g_string_append_printf (text, "%s %" G_GUINT64_FORMAT " %s%s%s|", line,
                                vq_disk_spec_get_size (spec) >> 20, image != NULL ? image : "-",
                                spec->encrypt == VQ_DISK_LUKS1 ? " luks1" : "",
                                spec->is_late ? " late" : "");
    }
  return g_string_free (text, FALSE);
}

typedef struct
{
  const char *texts[DISKS_MAX];
  const char *expected; /* what describe says, or the beginning of the error */
  gboolean clone_all;
} Case;

static const Case good[] = {
  { { "action=create" }, "disk1 filesystem  /mnt/test_vdb off auto 10240 -|" },
  { { "mount=/usr/local", "mount=/etcetera" },
    "disk1 filesystem  /usr/local off auto 10240 -|disk2 filesystem  /etcetera off auto 10240 -|" },
  { { "size=5", "name=a,size=2G,type=block", "action=create,fs=ext4,mount=/srv,,x" },
    "disk1 filesystem  /mnt/test_vdb off auto 5 -|a block   off auto 2048 -|"
    "disk3 filesystem ext4 /srv,x off auto 10240 -|" },
  { { "url=a,,b.qcow2,format=qcow2", "action=attach,url=b,read-only,cache=none" },
    "disk1 block   off auto 0 a,b.qcow2|disk2 block   on none 0 b|" },
  { { "url=a,mount=/mnt/a,size=1T", "url=b,type=filesystem,read-only=on" },
    "disk1 filesystem  /mnt/a off auto 1048576 a|disk2 filesystem  /mnt/test_vdc on auto 0 b|" },
  { { "name=a,size=3", "action=clone,parent=a", "action=clone,parent=disk2,size=4,name=c" },
    "a filesystem  /mnt/test_vdb off auto 3 -|disk2 filesystem  /mnt/test_vdc off auto 3 -|"
    "c filesystem  /mnt/test_vdd off auto 4 -|" },
  { { "action=clone,parent=b,name=a", "url=i,name=b",
      "action=clone,parent=/no/disk,read-only=off" },
    "a block   off auto 0 i|b block   off auto 0 i|disk3 block   off auto 0 /no/disk|" },
  { { "action=create", "action=attach,url=i", "name=x,size=7,mount=/x,cache=unsafe" },
    "disk1-clone filesystem  /mnt/test_vdb off auto 10240 -|disk2 block   off auto 0 i|"
    "x-clone filesystem  /x off unsafe 7 -|",
    TRUE },
  { { "url=i,read-only,name=a", "action=clone,parent=a" },
    "a-clone block   on auto 0 i|disk2 block   off auto 0 i|",
    TRUE },
  { { "encrypt=luks1,secret=k", "action=clone,parent=disk1", "encrypt=none",
      "encrypt=luks1,url=i" },
    "disk1 filesystem  /mnt/test_vdb off auto 10240 - luks1 late|"
    "disk2 filesystem  /mnt/test_vdc off auto 10240 - luks1 late|"
    "disk3 filesystem  /mnt/test_vdd off auto 10240 - late|disk4 block   off auto 0 i luks1 "
    "late|" },
  { { "size=1", "action=clone,parent=/v,parent-encrypt=luks1,parent-secret=k,encrypt=none" },
    "disk1 filesystem  /mnt/test_vdb off auto 1 -|disk2 block   off auto 0 /v late|" },
  { { "size=1,encrypt=luks1" },
    "disk1-clone filesystem  /mnt/test_vdb off auto 1 - luks1 late|",
    TRUE },
  { { "url=v,action=attach,encrypt=luks1,secret=k,name=a", "action=clone,parent=a,encrypt=luks1" },
    "a block   off auto 0 v luks1 late|disk2 block   off auto 0 v luks1 late|" },
  { { "size=1", "url=rbd:p/i:id=u,size=5", "action=clone,parent=rbd:p/j,encrypt=none",
      "action=attach,url=rbd:p/k,mount=/a", "action=clone,parent=disk2,size=6" },
    "disk1 filesystem  /mnt/test_vdb off auto 1 -|disk2 filesystem  /mnt/test_vdc off auto 5 - "
    "late|disk3 block   off auto 0 rbd:p/j late|disk4 filesystem  /a off auto 0 rbd:p/k late|"
    "disk5 filesystem  /mnt/test_vdf off auto 6 - late|" },
  { { "action=attach,url=nbd://h/e",
      "name=b,action=clone,parent=nbd://h/e,encrypt=luks1,mount=/m" },
    "disk1 block   off auto 0 nbd://h/e late|b filesystem  /m off auto 0 nbd://h/e luks1 late|" },
  { { "url=rbd:p/i,encrypt=luks2,size=5" },
    "disk1-clone filesystem  /mnt/test_vdb off auto 5 - late|",
    TRUE },
  { { NULL }, "" },
};

static const Case bad[] = {
  { { "" },
    "'' is not one of action, name, parent, size, url, format, type, fs, mount, read-only, " },
  { { "action=create,," }, "invalid disk action 'create,'" },
  { { "action=create," }, "'' is not one of action" },
  { { "acton=create" }, "'acton' is not one of" },
  { { "action=none" }, "invalid disk action 'none': it is not one of create, clone, attach" },
  { { "action=Create" }, "invalid disk action" },
  { { "action" }, "action= has no value" },
  { { "nam=a" }, "'nam' is not one of" },
  { { "name=" }, "name= has no value" },
  { { "name=a b" }, "the name 'a b' must begin with" },
  { { "name=../a" }, "the name '../a' must begin with" },
  { { "name=a/b" }, "the name 'a/b' must begin with" },
  { { "name=-a" }, "the name '-a' must begin with" },
  { { "name=a\nb" }, "the name 'a\nb' must begin with" },
  { { "name=\xc3\xa4" }, "the name '\xc3\xa4' must begin with" },
  { { "name=BASEIMAGE" }, "the name BASEIMAGE is that of another disk" },
  { { "name=123456789012345678901" }, "the name 123456789012345678901 is longer than 20" },
  { { "Parent=a" }, "'Parent' is not one of" },
  { { "siz=1" }, "'siz' is not one of" },
  { { "size=0" }, "size=: a disk of no size is none" },
  { { "size=0G" }, "size=: a disk of no size is none" },
  { { "size=-1" }, "size=: '-1' is not a number" },
  { { "size=1e30" }, "size=: '1e30' is not a number" },
  { { "size=1.5G" }, "size=: '1.5G' is not a number" },
  { { "size=1GB" }, "size=: '1GB' is not a number" },
  { { "size=1025T" }, "size=: 1025T is too large" },
  { { "size=99999999999999999999999" }, "size=: 99999999999999999999999 is too large" },
  { { "size= 1" }, "size=: ' 1' is not a number" },
  { { "uri=a" }, "'uri' is not one of" },
  { { "url" }, "url= has no value" },
  { { "formt=raw" }, "'formt' is not one of" },
  { { "format=raw" }, "--disk: disk1: format= is only for an image" },
  { { "typ=block" }, "'typ' is not one of" },
  { { "type=blok" }, "invalid disk type 'blok': it is not one of filesystem, block" },
  { { "f=xfs" }, "'f' is not one of" },
  { { "fs=zfs" },
    "invalid file system 'zfs': it is not one of btrfs, ext2, ext3, ext4, vfat, xfs" },
  { { "mnt=/a" }, "'mnt' is not one of" },
  { { "mount=a" }, "mount=a is not an absolute path" },
  { { "mount=/" }, "mount=/ is the guest's root" },
  { { "mount=/../" }, "mount=/../ is the guest's root" },
  { { "mount=/dev" }, "mount=/dev would hide what the guest needs there" },
  { { "mount=/proc/x" }, "mount=/proc/x would hide" },
  { { "mount=//etc/./" }, "mount=//etc/./ would hide" },
  { { "readonly" }, "'readonly' is not one of" },
  { { "read-only=yes" }, "read-only= has the invalid value 'yes': it is not one of off, on" },
  { { "read-only=" }, "read-only= has the invalid value ''" },
  { { "url=i,format=qcow3" },
    "invalid format 'qcow3': it is not one of luks, parallels, qcow, qcow2, qed, raw, vdi, " },
  { { "cach=none" }, "'cach' is not one of" },
  { { "cache=directsync" }, "invalid cache mode 'directsync': it is not one of auto, none, " },
  { { "size=1,size=1" }, "size is given twice" },
  { { "name=a", "name=a" }, "--disk: there are two disks of the name a" },
  { { "name=disk2", "size=1" }, "--disk: there are two disks of the name disk2" },
  { { "name=a-clone,type=block", "name=a" },
    "--disk: there are two disks of the name a-clone",
    TRUE },
  { { "name=123456789012345" }, "--disk: the name 123456789012345-clone is longer", TRUE },
  { { "mount=/a", "mount=/a" }, "--disk: disk1 and disk2 are both mounted at /a" },
  { { "mount=/mnt/test_vdc", "size=1" }, "--disk: disk1 and disk2 are both mounted at" },
  { { "action=clone" }, "--disk: disk1: action=clone needs parent=" },
  { { "name=x,action=clone,size=1" }, "--disk: x: action=clone needs parent=" },
  { { "parent=a" }, "--disk: disk1: parent= is only for action=clone" },
  { { "action=clone,parent=a,url=b" }, "--disk: disk1: url= is not for action=clone" },
  { { "action=clone,parent=disk1" }, "--disk: disk1: its parents go round in a circle" },
  { { "action=clone,parent=disk2", "action=clone,parent=disk3", "action=clone,parent=disk2" },
    "--disk: disk1: its parents go round in a circle" },
  { { "size=2G", "action=clone,parent=disk1,size=1G" },
    "--disk: disk2: its size= is less than that of its parent" },
  { { "type=block", "action=clone,parent=disk1,size=1G" },
    "--disk: disk2: its size= is less than that of its parent" },
  { { "name=a,url=i", "action=clone,parent=a,format=raw" },
    "--disk: disk2: format= is not for a clone of another disk" },
  { { "action=attach" }, "--disk: disk1: action=attach needs url=" },
  { { "action=attach,url=a,size=1" }, "--disk: disk1: size= is not for action=attach" },
  { { "type=block,fs=xfs" }, "--disk: disk1: fs= is not for type=block" },
  { { "type=block,mount=/a" }, "--disk: disk1: mount= is only for type=filesystem" },
  { { "url=i,fs=xfs" }, "--disk: disk1: fs= is only for a disk that begins empty" },
  { { "encrypt=luks" }, "invalid encryption format 'luks': it is not one of none, luks1, luks2" },
  { { "encrypt=" }, "encrypt= has no value" },
  { { "encrpt=luks1" }, "'encrpt' is not one of" },
  { { "action=clone,parent=a,parent-encrypt=aes" }, "invalid encryption format 'aes'" },
  { { "parent_encrypt=luks1" }, "'parent_encrypt' is not one of" },
  { { "secrt=a" }, "'secrt' is not one of" },
  { { "parentsecret=a" }, "'parentsecret' is not one of" },
  { { "encrypt=luks2" }, "--disk: disk1: QEMU knows luks2 only for disks in Ceph" },
  { { "action=clone,parent=a,parent-encrypt=luks2,parent-secret=k" },
    "--disk: disk1: QEMU knows luks2 only" },
  { { "parent-encrypt=luks1" }, "--disk: disk1: parent-encrypt= is only for action=clone" },
  { { "name=a,encrypt=luks1", "action=clone,parent=a,parent-encrypt=none" },
    "--disk: disk2: parent-encrypt=none, but its parent a has encrypt=luks1" },
  { { "action=clone,parent=a,parent-secret=k" }, "--disk: disk1: parent-secret= is only for" },
  { { "name=a,encrypt=luks1", "action=clone,parent=a,parent-encrypt=luks1,parent-secret=k" },
    "--disk: disk2: parent-secret= is only for" },
  { { "action=clone,parent=/v,parent-encrypt=luks1" },
    "--disk: disk1: its parent has a key already: name the file with it, parent-secret=" },
  { { "action=attach,url=v,encrypt=luks1" },
    "--disk: disk1: the image has a key already: name the file with it, secret=" },
  { { "secret=k" }, "--disk: disk1: secret= is only for a disk with encrypt=" },
  { { "url=rbd:pool" }, "--disk: disk1: \"pool\" is not of the form POOL/NAME" },
  { { "action=attach,url=rbd:p/i:key=x" }, "--disk: disk1: \"key=x\" is not id=USER or" },
  { { "url=rbd:p/i,format=qcow2" }, "--disk: disk1: a disk in Ceph has format=raw" },
  { { "url=rbd:p/i", "action=clone,parent=disk1", "action=clone,parent=disk2" },
    "--disk: disk3: in Ceph its parent cannot be a clone itself" },
  { { "url=rbd:p/i,action=attach", "action=clone,parent=disk1" },
    "--disk: disk2: in Ceph its parent must be a disk that is created" },
  { { "url=rbd:p/i,encrypt=luks1,secret=k", "action=clone,parent=disk1,encrypt=luks2" },
    "--disk: disk2: Ceph cannot give a clone a key of its own" },
  { { "action=clone,parent=rbd:p/i,encrypt=luks2" },
    "--disk: disk1: Ceph cannot give a clone a key of its own" },
  { { "url=rbd:p/i,encrypt=luks1", "action=clone,parent=disk1" },
    "--disk: disk2: its parent disk1 needs a key that both can have" },
  { { "url=nbd:h" }, "--disk: disk1: \"nbd:h\" is none of nbd://HOST" },
  { { "url=nbd://h/e,format=qcow2" }, "--disk: disk1: an image of an nbd server has format=raw" },
  { { "url=nbd://h/e,encrypt=luks1" },
    "--disk: disk1: an image of an nbd server is not encrypted" },
  { { "action=clone,parent=nbd://h/e,parent-encrypt=luks1,parent-secret=k" },
    "--disk: disk1: an image of an nbd server is not encrypted" },
  { { "read-only" }, "--disk: disk1: it begins empty and is read-only" },
};

CASE ("disk spec", leaks_begin, leaks_assert_none, 20)

TEST_LOOP (test_good, 0, G_N_ELEMENTS (good))
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) specs = parse (good[_i].texts, good[_i].clone_all, &error);
  g_autofree char *text = NULL;

  ck_assert_msg (specs != NULL, "%s", error != NULL ? error->message : "");
  text = describe (specs);
  ck_assert_str_eq (text, good[_i].expected);
}

TEST_LOOP (test_bad, 0, G_N_ELEMENTS (bad))
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (parse (bad[_i].texts, bad[_i].clone_all, &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
  ck_assert_msg (g_str_has_prefix (error->message, bad[_i].expected), "'%s' instead of '%s'",
                 error->message, bad[_i].expected);
}

/* A parent that the guest does not see has no mount point to be taken from others. */
TEST (test_parent_of_a_clone)
{
  static const char *const texts[] = { "name=a,mount=/a", NULL };
  g_autoptr (GPtrArray) specs = parse (texts, TRUE, NULL);
  const VqDiskSpec *parent = specs->pdata[0];
  const VqDiskSpec *clone = specs->pdata[1];

  ck_assert (parent->is_parent_only && !clone->is_parent_only);
  ck_assert_ptr_eq (clone->parent_disk, parent);
  ck_assert_ptr_null (parent->mount);
  ck_assert_str_eq (clone->mount, "/a");
}

TEST (test_too_many)
{
  const char *texts[VQ_DISK_SPEC_N_MAX + 2] = { NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) most = NULL;

  for (guint i = 0; i < VQ_DISK_SPEC_N_MAX; i++)
    texts[i] = "size=1";
  most = parse (texts, FALSE, &error);
  ck_assert_ptr_nonnull (most);
  texts[VQ_DISK_SPEC_N_MAX] = "size=1";
  ck_assert_ptr_null (parse (texts, FALSE, &error));
  ck_assert_str_eq (error->message, "--disk: there can be 16 disks at most");
}

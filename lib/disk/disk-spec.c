// SPDX-License-Identifier: GPL-2.0-or-later
#include "disk/disk-spec.h"

#include <string.h>

#include "base/arguments.h"
#include "base/error.h"
#include "base/qemu-value.h"

/* What virtio-blk has room for. */
#define NAME_MAX_BYTES 20
#define CLONE_SUFFIX "-clone"

/* The letter of the first disk in the guest. */
#define FIRST_LETTER 'b'

/* No overlay can be larger. */
#define SIZE_MAX_BYTES (G_GUINT64_CONSTANT (1) << 50)

static const char *const action_words[] = { "create", "clone", "attach", NULL };
static const char *const type_words[] = { "", "filesystem", "block", NULL };
static const char *const cache_words[]
    = { "auto", "none", "writeback", "writethrough", "unsafe", NULL };
static const char *const encrypt_words[] = { "none", "luks1", "luks2", NULL };
static const char *const flag_words[] = { "off", "on", NULL };
static const char *const format_words[]
    = { "luks", "parallels", "qcow", "qcow2", "qed", "raw", "vdi", "vhdx", "vmdk", "vpc", NULL };
static const char *const fs_words[] = { "btrfs", "ext2", "ext3", "ext4", "vfat", "xfs", NULL };

typedef enum
{
  KIND_STRING, /* a char * */
  KIND_NAME,   /* a char *, plain characters */
  KIND_MOUNT,  /* a char *, an absolute path */
  KIND_WORD,   /* a char *, one of words */
  KIND_SIZE,   /* a guint64 */
  KIND_CHOICE, /* an enum: the index of the value in words */
  KIND_FLAG,   /* the same; a key without a value means the last word */
} KeyKind;

enum
{
  KEY_ACTION,
  KEY_NAME,
  KEY_PARENT,
  KEY_SIZE,
  KEY_URL,
  KEY_FORMAT,
  KEY_TYPE,
  KEY_FS,
  KEY_MOUNT,
  KEY_READ_ONLY,
  KEY_CACHE,
  KEY_ENCRYPT,
  KEY_PARENT_ENCRYPT,
  KEY_SECRET,
  KEY_PARENT_SECRET,
};

typedef struct
{
  const char *name;
  KeyKind kind;
  gsize offset; /* in VqDiskSpec */
  const char *const *words;
  const char *wrong; /* what a word that is none of WORDS is */
} Key;

#define FIELD(name) G_STRUCT_OFFSET (VqDiskSpec, name)

static const Key keys[] = {
  [KEY_ACTION] = { "action", KIND_CHOICE, FIELD (action), action_words, "invalid disk action" },
  [KEY_NAME] = { "name", KIND_NAME, FIELD (name) },
  [KEY_PARENT] = { "parent", KIND_STRING, FIELD (parent) },
  [KEY_SIZE] = { "size", KIND_SIZE, FIELD (size) },
  [KEY_URL] = { "url", KIND_STRING, FIELD (url) },
  [KEY_FORMAT] = { "format", KIND_WORD, FIELD (format), format_words, "invalid format" },
  [KEY_TYPE] = { "type", KIND_CHOICE, FIELD (type), type_words, "invalid disk type" },
  [KEY_FS] = { "fs", KIND_WORD, FIELD (fs), fs_words, "invalid file system" },
  [KEY_MOUNT] = { "mount", KIND_MOUNT, FIELD (mount) },
  [KEY_READ_ONLY]
  = { "read-only", KIND_FLAG, FIELD (read_only), flag_words, "read-only= has the invalid value" },
  [KEY_CACHE] = { "cache", KIND_CHOICE, FIELD (cache), cache_words, "invalid cache mode" },
  [KEY_ENCRYPT]
  = { "encrypt", KIND_CHOICE, FIELD (encrypt), encrypt_words, "invalid encryption format" },
  [KEY_PARENT_ENCRYPT] = { "parent-encrypt", KIND_CHOICE, FIELD (parent_encrypt), encrypt_words,
                           "invalid encryption format" },
  [KEY_SECRET] = { "secret", KIND_STRING, FIELD (secret) },
  [KEY_PARENT_SECRET] = { "parent-secret", KIND_STRING, FIELD (parent_secret) },
};

static gboolean
is_given (const VqDiskSpec *spec, int key)
{
  return (spec->given & 1u << key) != 0;
}

static gboolean
refuse_word (const Key *key, const char *value, GError **error)
{
  const char *const *words = key->words[0][0] != '\0' ? key->words : key->words + 1;
  g_autofree char *list = g_strjoinv (", ", (char **)words);

  return vq_error_set (error, VQ_ERROR_USAGE, "%s '%s': it is not one of %s", key->wrong, value,
                       list);
}

static gboolean
set_choice (const Key *key, int *field, const char *value, GError **error)
{
  for (int i = 0; key->words[i] != NULL; i++)
    if (*value != '\0' && strcmp (key->words[i], value) == 0)
      {
        *field = i;
        return TRUE;
      }
  return refuse_word (key, value, error);
}

static gboolean
set_flag (const Key *key, int *field, const char *value, GError **error)
{
  if (value != NULL)
    return set_choice (key, field, value, error);
  *field = TRUE;
  return TRUE;
}

/* The serial number of --baseimage. */
#define TAKEN_NAME "BASEIMAGE"

/* Of a name, the guest makes /dev/disk/by-id/virtio-NAME, and we make files. */
static gboolean
check_name (const char *name, GError **error)
{
  gsize n = strlen (name);

  if (n > NAME_MAX_BYTES)
    return vq_error_set (error, VQ_ERROR_USAGE, "the name %s is longer than %d characters", name,
                         NAME_MAX_BYTES);
  if (strcmp (name, TAKEN_NAME) == 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "the name %s is that of another disk", name);
  return (n > 0 && g_ascii_isalnum (name[0])
          && strspn (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.-") == n)
         || vq_error_set (error, VQ_ERROR_USAGE,
                          "the name '%s' must begin with a letter or a digit, and have only those, "
                          "'_', '.' and '-'",
                          name);
}

/* Whether a guest would not work any more if a disk hid what is there. */
static gboolean
is_needed (const char *path)
{
  static const char *const whole[] = { "/dev", "/proc", "/run", "/sys", NULL };
  static const char *const tops[]
      = { "/bin", "/etc", "/lib", "/lib32", "/lib64", "/root", "/sbin", "/usr", "/var", NULL };
  g_autofree char *canonical = g_canonicalize_filename (path + strspn (path, "/"), "/");
  gsize n = strcspn (canonical + 1, "/") + 1;
  g_autofree char *top = g_strndup (canonical, n);

  return g_strv_contains (whole, top) || g_strv_contains (tops, canonical);
}

static gboolean
check_mount (const char *path, GError **error)
{
  if (path[0] != '/')
    return vq_error_set (error, VQ_ERROR_USAGE, "mount=%s is not an absolute path", path);
  if (is_needed (path))
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "mount=%s would hide what the guest needs there: name another directory",
                         path);
  return path[strspn (path, "/.")] != '\0'
         || vq_error_set (error, VQ_ERROR_USAGE, "mount=%s is the guest's root", path);
}

static gboolean
check_text (const Key *key, const char *value, GError **error)
{
  if (key->kind == KIND_NAME)
    return check_name (value, error);
  if (key->kind == KIND_MOUNT)
    return check_mount (value, error);
  if (key->kind == KIND_WORD && !g_strv_contains (key->words, value))
    return refuse_word (key, value, error);
  return TRUE;
}

/* As in the tools of Ceph, a plain number is MiB. */
static gboolean
set_size (guint64 *field, const char *value, GError **error)
{
  static const VqArgumentUnit units[] = {
    { 'M', 1 << 20 }, { 'G', 1 << 30 }, { 'T', G_GUINT64_CONSTANT (1) << 40 }, { 0, 1 << 20 }
  };
  VQ_ERROR_PREFIX (error, "size=");

  if (!vq_arguments_parse_quantity (value, units, SIZE_MAX_BYTES, field, error))
    return FALSE;
  return *field > 0 || vq_error_set (error, VQ_ERROR_USAGE, "a disk of no size is none");
}

/* VALUE is NULL if there is no "=". */
static gboolean
apply (VqDiskSpec *spec, const Key *key, const char *value, GError **error)
{
  gpointer field = G_STRUCT_MEMBER_P (spec, key->offset);

  if (key->kind == KIND_FLAG)
    return set_flag (key, field, value, error);
  if (value == NULL || *value == '\0')
    return vq_error_set (error, VQ_ERROR_USAGE, "%s= has no value", key->name);
  if (key->kind == KIND_CHOICE)
    return set_choice (key, field, value, error);
  if (key->kind == KIND_SIZE)
    return set_size (field, value, error);
  if (!check_text (key, value, error))
    return FALSE;
  *(char **)field = g_strdup (value);
  return TRUE;
}

static gboolean
refuse_key (const char *name, GError **error)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    g_string_append_printf (list, "%s%s", i > 0 ? ", " : "", keys[i].name);
  return vq_error_set (error, VQ_ERROR_USAGE, "'%s' is not one of %s", name, list->str);
}

/* PART is "KEY=VALUE", and is cut in two. */
static gboolean
parse_part (VqDiskSpec *spec, char *part, GError **error)
{
  char *value = strchr (part, '=');

  if (value != NULL)
    *value++ = '\0';
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (strcmp (keys[i].name, part) == 0)
      {
        if (is_given (spec, i))
          return vq_error_set (error, VQ_ERROR_USAGE, "%s is given twice", part);
        spec->given |= 1u << i;
        return apply (spec, &keys[i], value, error);
      }
  return refuse_key (part, error);
}

VqDiskSpec *
vq_disk_spec_parse (const char *text, GError **error)
{
  g_autoptr (VqDiskSpec) spec = g_new0 (VqDiskSpec, 1);
  g_auto (GStrv) parts = vq_qemu_value_split (text);

  for (char **part = parts; *part != NULL; part++)
    if (!parse_part (spec, *part, error))
      return NULL;
  return g_steal_pointer (&spec);
}

void
vq_disk_spec_free (VqDiskSpec *spec)
{
  if (spec == NULL)
    return;
  g_free (spec->name);
  g_free (spec->parent);
  g_free (spec->url);
  vq_rbd_name_free (spec->rbd);
  vq_nbd_name_free (spec->nbd);
  g_free (spec->format);
  g_free (spec->fs);
  g_free (spec->mount);
  g_free (spec->secret);
  g_free (spec->parent_secret);
  g_free (spec);
}

static void
set_names (GPtrArray *specs)
{
  for (guint i = 0; i < specs->len; i++)
    {
      VqDiskSpec *spec = specs->pdata[i];

      if (spec->name == NULL)
        spec->name = g_strdup_printf ("disk%u", i + 1);
    }
}

/* The clone of SPEC, which has everything that is done in the guest from it. */
static VqDiskSpec *
make_clone (VqDiskSpec *spec)
{
  VqDiskSpec *clone = g_new0 (VqDiskSpec, 1);

  clone->name = g_strconcat (spec->name, CLONE_SUFFIX, NULL);
  clone->action = VQ_DISK_CLONE;
  clone->parent = g_strdup (spec->name);
  clone->type = spec->type;
  clone->fs = g_strdup (spec->fs);
  clone->mount = g_steal_pointer (&spec->mount);
  clone->read_only = spec->read_only;
  clone->cache = spec->cache;
  spec->is_parent_only = TRUE;
  return clone;
}

static gboolean
clone_created (GPtrArray *specs, GError **error)
{
  for (guint i = 0; i < specs->len; i++)
    {
      VqDiskSpec *spec = specs->pdata[i];

      if (spec->action != VQ_DISK_CREATE)
        continue;
      g_ptr_array_insert (specs, ++i, make_clone (spec));
      if (!check_name (((VqDiskSpec *)specs->pdata[i])->name, error))
        return FALSE;
    }
  return TRUE;
}

static VqDiskSpec *
find_disk (GPtrArray *specs, const char *name)
{
  for (guint i = 0; i < specs->len; i++)
    if (strcmp (((VqDiskSpec *)specs->pdata[i])->name, name) == 0)
      return specs->pdata[i];
  return NULL;
}

static void
find_parents (GPtrArray *specs)
{
  for (guint i = 0; i < specs->len; i++)
    {
      VqDiskSpec *spec = specs->pdata[i];

      spec->parent_disk = spec->parent != NULL ? find_disk (specs, spec->parent) : NULL;
    }
}

/* Whoever goes up from SPEC further than there are disks goes in a circle. */
static gboolean
check_circle (const VqDiskSpec *spec, guint n, GError **error)
{
  const VqDiskSpec *above = spec->parent_disk;

  while (above != NULL && n-- > 0)
    above = above->parent_disk;
  return above == NULL
         || vq_error_set (error, VQ_ERROR_USAGE,
                          "its parents go round in a circle, so none of them begins with anything");
}

static guint
count_parents (const VqDiskSpec *spec)
{
  guint n = 0;

  for (; spec->parent_disk != NULL; spec = spec->parent_disk)
    n++;
  return n;
}

/* What only makes sense with some actions. */
static gboolean
check_action (const VqDiskSpec *spec, GError **error)
{
  if (spec->action == VQ_DISK_CLONE && spec->parent == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "action=clone needs parent=, another disk's name or an image");
  if (spec->action != VQ_DISK_CLONE && spec->parent != NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "parent= is only for action=clone");
  if (spec->action == VQ_DISK_CLONE && spec->url != NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "url= is not for action=clone, which has parent=");
  if (spec->action == VQ_DISK_ATTACH && spec->url == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "action=attach needs url=, the image");
  if (spec->action == VQ_DISK_ATTACH && spec->size != 0)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "size= is not for action=attach, which keeps the image's size");
  if (spec->format != NULL && spec->url == NULL && spec->parent == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "format= is only for an image: url= or parent=");
  return spec->format == NULL || spec->parent_disk == NULL
         || vq_error_set (error, VQ_ERROR_USAGE, "format= is not for a clone of another disk");
}

static gboolean
check_parents_encryption (const VqDiskSpec *spec, GError **error)
{
  const VqDiskSpec *above = spec->parent_disk;

  if (is_given (spec, KEY_PARENT_ENCRYPT) && spec->parent == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "parent-encrypt= is only for action=clone");
  if (is_given (spec, KEY_PARENT_ENCRYPT) && above != NULL
      && spec->parent_encrypt != above->encrypt)
    return vq_error_set (
        error, VQ_ERROR_USAGE, "parent-encrypt=%s, but its parent %s has encrypt=%s",
        encrypt_words[spec->parent_encrypt], above->name, encrypt_words[above->encrypt]);
  if (spec->parent_secret != NULL && (above != NULL || spec->parent_encrypt == VQ_DISK_PLAIN))
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "parent-secret= is only for an image that is encrypted: parent-encrypt=");
  return spec->parent_encrypt == VQ_DISK_PLAIN || above != NULL || spec->parent_secret != NULL
         || vq_error_set (error, VQ_ERROR_USAGE,
                          "its parent has a key already: name the file with it, parent-secret=");
}

/* A clone has the encryption and the key of its parent, if nothing else was given. */
static void
inherit_encryption (VqDiskSpec *spec)
{
  if (spec->action != VQ_DISK_CLONE)
    return;
  spec->has_own_key = is_given (spec, KEY_ENCRYPT) || spec->secret != NULL;
  if (!is_given (spec, KEY_ENCRYPT))
    spec->encrypt = spec->parent_disk != NULL ? spec->parent_disk->encrypt : spec->parent_encrypt;
}

/* Ceph 16 gives a clone the format and the key of its parent, and we must know that key again. */
static gboolean
check_encryption_in_ceph (const VqDiskSpec *spec, GError **error)
{
  const VqDiskSpec *root = vq_disk_spec_get_root (spec);

  if (spec->action == VQ_DISK_CLONE && spec->has_own_key
      && (spec->parent_disk != NULL || spec->encrypt != VQ_DISK_PLAIN
          || spec->parent_encrypt != VQ_DISK_PLAIN))
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "Ceph cannot give a clone a key of its own: leave encrypt= and secret= "
                         "out, and it has its parent's");
  if (root->encrypt != VQ_DISK_PLAIN && root != spec && !root->is_parent_only
      && root->secret == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "its parent %s needs a key that both can have: name a file with it, "
                         "secret=",
                         root->name);
  return TRUE;
}

static gboolean
check_encryption (VqDiskSpec *spec, GError **error)
{
  VQ_ERROR_PREFIX (error, "%s", spec->name);
  gboolean is_rbd = vq_disk_spec_is_rbd (spec);

  inherit_encryption (spec);
  if (is_rbd && !check_encryption_in_ceph (spec, error))
    return FALSE;
  if (!is_rbd && (spec->encrypt == VQ_DISK_LUKS2 || spec->parent_encrypt == VQ_DISK_LUKS2))
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "QEMU knows luks2 only for disks in Ceph: a file can have luks1");
  if (!check_parents_encryption (spec, error))
    return FALSE;
  if (spec->secret != NULL && spec->encrypt == VQ_DISK_PLAIN)
    return vq_error_set (error, VQ_ERROR_USAGE, "secret= is only for a disk with encrypt=");
  return spec->action != VQ_DISK_ATTACH || spec->encrypt == VQ_DISK_PLAIN || spec->secret != NULL
         || vq_error_set (error, VQ_ERROR_USAGE,
                          "the image has a key already: name the file with it, secret=");
}

/* Each after its parents. */
static gboolean
complete_encryption (GPtrArray *specs, GError **error)
{
  for (guint depth = 0; depth < specs->len; depth++)
    for (guint i = 0; i < specs->len; i++)
      if (count_parents (specs->pdata[i]) == depth && !check_encryption (specs->pdata[i], error))
        return FALSE;
  return TRUE;
}

/* What cannot be in a template: what is not in files, and what needs a key. Also a disk that is not
 * encrypted itself may lie on one that is. */
static gboolean
must_be_late (const VqDiskSpec *spec)
{
  const VqDiskSpec *root = vq_disk_spec_get_root (spec);

  return vq_disk_spec_is_rbd (spec) || root->nbd != NULL || spec->encrypt != VQ_DISK_PLAIN
         || root->parent_encrypt != VQ_DISK_PLAIN
         || (root->encrypt != VQ_DISK_PLAIN && root->url != NULL);
}

static void
find_late (GPtrArray *specs)
{
  gboolean late = FALSE;

  for (guint i = 0; i < specs->len; i++)
    {
      VqDiskSpec *spec = specs->pdata[i];

      late |= !spec->is_parent_only && must_be_late (spec);
      spec->is_late = late;
    }
}

/* What is on it is not ours to replace, so only a disk that begins empty gets a file system. */
static gboolean
check_type (const VqDiskSpec *spec, GError **error)
{
  gboolean empty = vq_disk_spec_get_image (spec) == NULL;

  if (spec->type == VQ_DISK_BLOCK && spec->fs != NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "fs= is not for type=block");
  if (spec->type == VQ_DISK_BLOCK && spec->mount != NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "mount= is only for type=filesystem");
  if (!empty && spec->fs != NULL)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "fs= is only for a disk that begins empty: an image is not formatted");
  return !(empty && spec->read_only && spec->type == VQ_DISK_FILESYSTEM)
         || vq_error_set (error, VQ_ERROR_USAGE,
                          "it begins empty and is read-only, so it can get no file system: leave "
                          "read-only out, or add type=block");
}

/* An image that is given with a mount point has a file system. */
static void
choose_type (VqDiskSpec *spec)
{
  gboolean mounts
      = vq_disk_spec_get_image (spec) == NULL || spec->mount != NULL || spec->fs != NULL;

  if (spec->type == VQ_DISK_TYPE_DEFAULT)
    spec->type = mounts ? VQ_DISK_FILESYSTEM : VQ_DISK_BLOCK;
}

/* A clone cannot lose the end of what it begins with. */
static gboolean
check_size (const VqDiskSpec *spec, GError **error)
{
  return spec->size == 0 || spec->parent_disk == NULL
         || spec->size >= vq_disk_spec_get_size (spec->parent_disk)
         || vq_error_set (error, VQ_ERROR_USAGE, "its size= is less than that of its parent");
}

/* Disks in Ceph are raw, and a clone there has a parent whose name in Ceph is known. */
static gboolean
check_rbd (const VqDiskSpec *spec, GError **error)
{
  if (spec->format != NULL && strcmp (spec->format, "raw") != 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "a disk in Ceph has format=raw");
  if (spec->parent_disk != NULL && spec->parent_disk->parent_disk != NULL)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "in Ceph its parent cannot be a clone itself: name that one's parent");
  return spec->parent_disk == NULL || spec->parent_disk->action == VQ_DISK_CREATE
         || vq_error_set (error, VQ_ERROR_USAGE,
                          "in Ceph its parent must be a disk that is created, or an image: "
                          "parent=rbd:POOL/NAME");
}

static gboolean
check_nbd (const VqDiskSpec *spec, GError **error)
{
  if (spec->format != NULL && strcmp (spec->format, "raw") != 0)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "an image of an nbd server has format=raw: let the server read others");
  return (spec->parent_encrypt == VQ_DISK_PLAIN
          && (spec->action == VQ_DISK_CLONE || spec->encrypt == VQ_DISK_PLAIN))
         || vq_error_set (error, VQ_ERROR_USAGE,
                          "an image of an nbd server is not encrypted; an encrypted disk on it is "
                          "a clone: action=clone,parent=nbd:...,encrypt=luks1");
}

static gboolean
find_name (VqDiskSpec *spec, GError **error)
{
  const char *name = spec->parent_disk != NULL ? NULL
                     : spec->parent != NULL    ? spec->parent
                                               : spec->url;

  if (name != NULL && vq_rbd_name_is (name))
    return (spec->rbd = vq_rbd_name_parse (name, error)) != NULL;
  if (name != NULL && vq_nbd_name_is (name))
    return (spec->nbd = vq_nbd_name_parse (name, error)) != NULL;
  return TRUE;
}

static gboolean
find_names (GPtrArray *specs, GError **error)
{
  for (guint i = 0; i < specs->len; i++)
    {
      VqDiskSpec *spec = specs->pdata[i];
      VQ_ERROR_PREFIX (error, "%s", spec->name);

      if (!find_name (spec, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_one (VqDiskSpec *spec, guint n, GError **error)
{
  VQ_ERROR_PREFIX (error, "%s", spec->name);

  if (!check_circle (spec, n, error) || !check_action (spec, error)
      || (vq_disk_spec_is_rbd (spec) && !check_rbd (spec, error))
      || (spec->nbd != NULL && !check_nbd (spec, error)))
    return FALSE;
  choose_type (spec);
  return (spec->is_parent_only || check_type (spec, error)) && check_size (spec, error);
}

static void
set_mounts (GPtrArray *specs)
{
  char letter = FIRST_LETTER;

  for (guint i = 0; i < specs->len; i++)
    {
      VqDiskSpec *spec = specs->pdata[i];

      if (spec->is_parent_only)
        continue;
      if (spec->type == VQ_DISK_FILESYSTEM && spec->mount == NULL)
        spec->mount = g_strdup_printf ("/mnt/test_vd%c", letter);
      letter++;
    }
}

static gboolean
check_pair (const VqDiskSpec *one, const VqDiskSpec *other, GError **error)
{
  if (strcmp (one->name, other->name) == 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "there are two disks of the name %s", one->name);
  return g_strcmp0 (one->mount, other->mount) != 0 || one->mount == NULL
         || vq_error_set (error, VQ_ERROR_USAGE, "%s and %s are both mounted at %s", one->name,
                          other->name, one->mount);
}

static gboolean
check_pairs (GPtrArray *specs, GError **error)
{
  for (guint i = 0; i < specs->len; i++)
    for (guint j = i + 1; j < specs->len; j++)
      if (!check_pair (specs->pdata[i], specs->pdata[j], error))
        return FALSE;
  return TRUE;
}

static gboolean
check_number (GPtrArray *specs, GError **error)
{
  return specs->len <= VQ_DISK_SPEC_N_MAX
         || vq_error_set (error, VQ_ERROR_USAGE, "there can be %d disks at most",
                          VQ_DISK_SPEC_N_MAX);
}

gboolean
vq_disk_spec_complete (GPtrArray *specs, gboolean clone_all, GError **error)
{
  VQ_ERROR_PREFIX (error, "--disk");
  guint n;

  if (!check_number (specs, error))
    return FALSE;
  set_names (specs);
  if (clone_all && !clone_created (specs, error))
    return FALSE;
  n = specs->len;
  find_parents (specs);
  if (!find_names (specs, error))
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (!check_one (specs->pdata[i], n, error))
      return FALSE;
  if (!complete_encryption (specs, error))
    return FALSE;
  find_late (specs);
  set_mounts (specs);
  return check_pairs (specs, error);
}

const VqDiskSpec *
vq_disk_spec_get_root (const VqDiskSpec *spec)
{
  while (spec->parent_disk != NULL)
    spec = spec->parent_disk;
  return spec;
}

gboolean
vq_disk_spec_is_rbd (const VqDiskSpec *spec)
{
  return vq_disk_spec_get_root (spec)->rbd != NULL;
}

const char *
vq_disk_spec_get_image (const VqDiskSpec *spec)
{
  spec = vq_disk_spec_get_root (spec);
  if (spec->rbd != NULL && spec->action == VQ_DISK_CREATE)
    return NULL;
  return spec->parent != NULL ? spec->parent : spec->url;
}

guint64
vq_disk_spec_get_size (const VqDiskSpec *spec)
{
  const char *image = vq_disk_spec_get_image (spec);

  while (spec->size == 0 && spec->parent_disk != NULL)
    spec = spec->parent_disk;
  return spec->size == 0 && image == NULL ? VQ_DISK_SPEC_SIZE_DEFAULT : spec->size;
}

char **
vq_disk_spec_describe (const VqDiskSpec *spec)
{
  const char *const words[] = { spec->name,
                                type_words[spec->type],
                                spec->fs != NULL ? spec->fs : "",
                                spec->mount != NULL ? spec->mount : "",
                                flag_words[spec->read_only],
                                cache_words[spec->cache],
                                NULL };

  return g_strdupv ((char **)words);
}

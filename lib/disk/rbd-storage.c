// SPDX-License-Identifier: GPL-2.0-or-later
#include "disk/rbd-storage.h"

#include "base/error.h"
#include "base/json.h"
#include "base/random.h"
#include "disk/disk-luks.h"
#include "disk/rbd-work.h"

/* What Ceph puts before the contents of an encrypted image, in bytes. */
#define LUKS1_HEADER (G_GUINT64_CONSTANT (4) << 20)
#define LUKS2_HEADER (G_GUINT64_CONSTANT (16) << 20)

typedef struct
{
  VqDiskStorage parent;
  const VqDisk *disk;
  char *id;
  VqRbdWork *work;
  VqRbdName *name; /* of the guest's image; NULL: there is none */
  gboolean cached; /* librbd may cache it */
  gboolean key_is_right;
} RbdStorage;

static gboolean
is_encrypted (const VqDiskSpec *spec)
{
  return spec->encrypt != VQ_DISK_PLAIN;
}

/* The bytes that an image needs for a disk of SIZE. */
static guint64
get_raw_size (const VqDiskSpec *spec, guint64 size)
{
  return size
         + (spec->encrypt == VQ_DISK_LUKS1   ? LUKS1_HEADER
            : spec->encrypt == VQ_DISK_LUKS2 ? LUKS2_HEADER
                                             : 0);
}

/* Makes the empty image of SPEC, which is created. */
static gboolean
create (RbdStorage *self, const VqDiskSpec *spec, VqCancel *cancel, GError **error)
{
  guint64 size = get_raw_size (spec, vq_disk_spec_get_size (spec));

  return vq_rbd_work_create (self->work, spec->rbd, size, cancel, error)
         && (!is_encrypted (spec)
             || vq_rbd_work_encrypt (self->work, spec->rbd,
                                     spec->encrypt == VQ_DISK_LUKS1 ? "luks1" : "luks2",
                                     self->disk->secret, cancel, error));
}

/* A name that no other process chooses. NULL on failure. */
static VqRbdName *
name_clone (RbdStorage *self, const VqRbdName *parent, GError **error)
{
  g_autofree char *image = NULL;
  guint32 number;

  if (!vq_random_fill ((guint8 *)&number, sizeof number, error))
    return NULL;
  image = g_strdup_printf ("%s.%s-%08x", parent->image, self->disk->spec->name, number);
  return vq_rbd_name_with_image (parent, image);
}

/* Only its clone is seen, so nobody else makes it. */
static gboolean
make_parent (RbdStorage *self, VqCancel *cancel, GError **error)
{
  const VqDiskSpec *parent = self->disk->spec->parent_disk;

  return parent == NULL || !parent->is_parent_only || create (self, parent, cancel, error);
}

static gboolean
make_clone (RbdStorage *self, VqCancel *cancel, GError **error)
{
  const VqDiskSpec *spec = self->disk->spec;
  const VqRbdName *parent = vq_disk_spec_get_root (spec)->rbd;

  if (!make_parent (self, cancel, error))
    return FALSE;
  self->name = name_clone (self, parent, error);
  return self->name != NULL && vq_rbd_work_clone (self->work, parent, self->name, cancel, error)
         && (spec->size == 0
             || vq_rbd_work_grow (self->work, self->name, get_raw_size (spec, spec->size), cancel,
                                  error));
}

/* What QEMU calls the formats. */
static const char *
get_format (const VqDiskSpec *spec)
{
  return spec->encrypt == VQ_DISK_LUKS1 ? "luks" : "luks2";
}

/* An image that was there before has a key that the user must know. */
static gboolean
check_key (RbdStorage *self, VqCancel *cancel, GError **error)
{
  const VqDiskSpec *root = vq_disk_spec_get_root (self->disk->spec);
  const char *file = root->action == VQ_DISK_CLONE ? root->parent_secret : root->secret;

  if (!is_encrypted (self->disk->spec) || root->action == VQ_DISK_CREATE || self->key_is_right)
    return TRUE;
  self->key_is_right = vq_disk_luks_check_key_in_ceph (root->rbd, get_format (self->disk->spec),
                                                       self->disk->secret, file, cancel, error);
  return self->key_is_right;
}

static gboolean
make (RbdStorage *self, VqCancel *cancel, GError **error)
{
  const VqDiskSpec *spec = self->disk->spec;

  if (spec->action == VQ_DISK_CREATE && !create (self, spec, cancel, error))
    return FALSE;
  if (!check_key (self, cancel, error))
    return FALSE;
  if (spec->action != VQ_DISK_CREATE && spec->read_only
      && !vq_rbd_work_look_for (vq_disk_spec_get_root (spec)->rbd, cancel, error))
    return FALSE;
  if (spec->action == VQ_DISK_CREATE || spec->read_only)
    {
      self->name = vq_rbd_name_with_image (vq_disk_spec_get_root (spec)->rbd,
                                           vq_disk_spec_get_root (spec)->rbd->image);
      return TRUE;
    }
  return make_clone (self, cancel, error);
}

static void
discard (VqDiskStorage *storage)
{
  RbdStorage *self = (RbdStorage *)storage;

  vq_rbd_work_undo (self->work);
  g_clear_pointer (&self->name, vq_rbd_name_free);
}

static gboolean
renew (VqDiskStorage *storage, VqCancel *cancel, GError **error)
{
  RbdStorage *self = (RbdStorage *)storage;
  VQ_ERROR_PREFIX (error, "--disk: %s", self->disk->spec->name);

  if (make (self, cancel, error)
      && vq_rbd_work_look_at_cache (self->name, &self->cached, cancel, error))
    return TRUE;
  discard (storage);
  return FALSE;
}

static gboolean
take (VqDiskStorage *storage, GError **error)
{
  RbdStorage *self = (RbdStorage *)storage;

  return self->name != NULL
         || vq_error_set (error, VQ_ERROR_FAILED,
                          "--disk: %s: its image in Ceph went with the machine that it was for",
                          self->disk->spec->name);
}

static gboolean
is_direct (RbdStorage *self)
{
  VqDiskCache cache = self->disk->spec->cache;

  return cache == VQ_DISK_CACHE_NONE || (cache == VQ_DISK_CACHE_AUTO && !self->cached);
}

static JsonNode *
build_node (RbdStorage *self)
{
  JsonNode *node = vq_json_build ("driver", "s", "rbd", "node-name", "s", self->id, "pool", "s",
                                  self->name->pool, "image", "s", self->name->image, "read-only",
                                  "b", self->disk->spec->read_only, "discard", "s", "unmap", NULL);
  JsonObject *object = json_node_get_object (node);
  JsonNode *cache = vq_json_build ("direct", "b", is_direct (self), "no-flush", "b",
                                   self->disk->spec->cache == VQ_DISK_CACHE_UNSAFE, NULL);

  json_object_set_member (object, "cache", cache);
  if (self->name->id != NULL)
    json_object_set_string_member (object, "user", self->name->id);
  if (self->name->conf != NULL)
    json_object_set_string_member (object, "conf", self->name->conf);
  return node;
}

static JsonNode *
build_encryption (const VqDiskSpec *spec, const char *key)
{
  return vq_json_build ("format", "s", get_format (spec), "key-secret", "s", key, NULL);
}

static VqDiskNodes *
describe (VqDiskStorage *storage, GError **error)
{
  RbdStorage *self = (RbdStorage *)storage;
  VqDiskNodes *nodes = vq_disk_nodes_new (self->id);
  g_autofree char *key = g_strconcat (self->id, "-key", NULL);
  JsonNode *node = build_node (self);

  if (is_encrypted (self->disk->spec))
    {
      vq_disk_nodes_add_key (nodes, key, self->disk->secret);
      json_object_set_member (json_node_get_object (node), "encrypt",
                              build_encryption (self->disk->spec, key));
    }
  vq_disk_nodes_add (nodes, node);
  return nodes;
}

static void
storage_free (VqDiskStorage *storage)
{
  RbdStorage *self = (RbdStorage *)storage;

  vq_rbd_work_free (self->work);
  vq_rbd_name_free (self->name);
  g_free (self->id);
  g_free (self);
}

static const VqDiskStorageClass class = {
  .discard = discard,
  .renew = renew,
  .take = take,
  .describe = describe,
  .free = storage_free,
};

VqDiskStorage *
vq_rbd_storage_new (const VqDisk *disk, const char *id)
{
  RbdStorage *self = g_new0 (RbdStorage, 1);

  self->parent.class = &class;
  self->disk = disk;
  self->id = g_strdup (id);
  self->work = vq_rbd_work_new ();
  return &self->parent;
}

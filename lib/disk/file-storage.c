// SPDX-License-Identifier: GPL-2.0-or-later
#include "disk/file-storage.h"

#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "disk/disk-luks.h"
#include "io/file-copy.h"

/* How many seconds it may take to make an encrypted file on a busy host. */
#define CREATE_SECONDS 300

typedef struct
{
  VqDiskStorage parent;
  const VqDisk *disk;
  char *id;
  gboolean stays;
  gboolean made; /* EMPTY and BASE are there */
  char *base;    /* an encrypted copy of the image, if there is one */
  char *empty;   /* what each guest gets a copy of */
  char *path;    /* that copy */
} FileStorage;

/* Transfer full. */
static char *
build_path (const char *directory, const char *prefix, const VqDisk *disk)
{
  g_autofree char *name = g_strconcat (prefix, disk->spec->name, NULL);

  return g_build_filename (directory, name, NULL);
}

static gboolean
make_base (FileStorage *self, VqCancel *cancel, GError **error)
{
  const VqDisk *disk = self->disk;

  unlink (self->base);
  return !disk->fills
         || (vq_disk_luks_create (self->base, disk->size, disk->base_secret, NULL, NULL,
                                  vq_deadline_in (CREATE_SECONDS), cancel, error)
             && vq_disk_luks_fill (self->base, disk->base_secret, disk->image, cancel, error));
}

/* What a guest's disk lies on, and its format; NULL: nothing. */
static const char *
get_below (FileStorage *self, const char **format)
{
  const VqImageGateFile *file
      = self->disk->image != NULL ? vq_image_get_files (self->disk->image)->pdata[0] : NULL;

  *format = self->disk->fills || file == NULL ? "qcow2" : file->format;
  return self->disk->fills ? self->base : file != NULL ? file->path : NULL;
}

static gboolean
make_empty (FileStorage *self, VqCancel *cancel, GError **error)
{
  const VqDisk *disk = self->disk;
  gint64 deadline = vq_deadline_in (CREATE_SECONDS);
  const char *format;
  const char *below = get_below (self, &format);

  unlink (self->empty);
  if (disk->secret != NULL)
    return vq_disk_luks_create (self->empty, disk->size, disk->secret, below, format, deadline,
                                cancel, error);
  if (disk->fills)
    return vq_disk_create_on (disk, below, self->empty, deadline, cancel, error);
  return vq_disk_create (disk, self->empty, deadline, cancel, error);
}

static gboolean
renew (VqDiskStorage *storage, VqCancel *cancel, GError **error)
{
  FileStorage *self = (FileStorage *)storage;
  VQ_ERROR_PREFIX (error, "--disk: %s", self->disk->spec->name);

  if (!self->made && (!make_base (self, cancel, error) || !make_empty (self, cancel, error)))
    return FALSE;
  self->made = TRUE;
  unlink (self->path);
  if (self->stays && self->disk->image != NULL)
    vq_image_note_user (self->disk->image, self->path);
  return vq_file_copy (self->empty, self->path, error);
}

static gboolean
take (VqDiskStorage *storage, GError **error)
{
  FileStorage *self = (FileStorage *)storage;

  return access (self->path, F_OK) == 0
         || vq_error_set (error, VQ_ERROR_MISSING, "--disk: %s: there is no %s",
                          self->disk->spec->name, self->path);
}

/* Transfer full. */
static char *
build_id (FileStorage *self, const char *what)
{
  return g_strconcat (self->id, what, NULL);
}

static JsonNode *
build_file (const char *driver, const char *path, GError **error)
{
  if (g_utf8_validate (path, -1, NULL))
    return vq_json_build ("driver", "s", driver, "filename", "s", path, NULL);
  vq_error_set (error, VQ_ERROR_USAGE,
                "the path of an image is not UTF-8, so QEMU cannot be told of it later: rename it");
  return NULL;
}

/* The node NAME for the image PATH, whose own file has DRIVER. It is only read. */
static JsonNode *
build_node (const char *name, const char *driver, const char *path, const char *format,
            GError **error)
{
  JsonNode *file = build_file (driver, path, error);
  JsonNode *node;

  if (file == NULL)
    return NULL;
  json_object_set_boolean_member (json_node_get_object (file), "read-only", TRUE);
  json_object_set_boolean_member (json_node_get_object (file), "auto-read-only", FALSE);
  node = vq_json_build ("driver", "s", format, "node-name", "s", name, "read-only", "b", TRUE,
                        "auto-read-only", "b", FALSE, NULL);
  json_object_set_member (json_node_get_object (node), "file", file);
  return node;
}

/* NODE has its contents from BELOW, or from nothing else. */
static void
set_backing (JsonNode *node, const char *below)
{
  JsonObject *object = json_node_get_object (node);

  if (below != NULL)
    json_object_set_string_member (object, "backing", below);
  else
    json_object_set_null_member (object, "backing");
}

static void
set_encryption (JsonNode *node, const char *key)
{
  JsonNode *encryption = vq_json_build ("format", "s", "luks", "key-secret", "s", key, NULL);

  json_object_set_member (json_node_get_object (node), "encrypt", encryption);
}

/* The drivers that have backing files. */
static gboolean
can_have_backing (const char *format)
{
  static const char *const formats[] = { "qcow", "qcow2", "qed", "vmdk", NULL };

  return g_strv_contains (formats, format);
}

/* The node for the file INDEX of the image, on the node BELOW (NULL: none). */
static gboolean
add_image_file (FileStorage *self, VqDiskNodes *nodes, guint index, const char *name,
                const char *below, const char *key, GError **error)
{
  const VqImageGateFile *file = vq_image_get_files (self->disk->image)->pdata[index];
  JsonNode *node = build_node (name, file->protocol, file->path, file->format, error);

  if (node == NULL)
    return FALSE;
  if (can_have_backing (file->format))
    set_backing (node, below);
  if (key != NULL)
    json_object_set_string_member (json_node_get_object (node), "key-secret", key);
  vq_disk_nodes_add (nodes, node);
  return TRUE;
}

/* The nodes of the image, from the bottom to the top. *TOP is the name of the last one. */
static gboolean
add_image (FileStorage *self, VqDiskNodes *nodes, const char *key, char **top, GError **error)
{
  for (guint i = vq_image_get_files (self->disk->image)->len; i-- > 0;)
    {
      g_autofree char *below = g_steal_pointer (top);

      *top = g_strdup_printf ("%s-image%u", self->id, i);
      if (!add_image_file (self, nodes, i, *top, below, key, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
add_base (FileStorage *self, VqDiskNodes *nodes, const char *key, char **top, GError **error)
{
  JsonNode *node;

  *top = build_id (self, "-base");
  node = build_node (*top, "file", self->base, "qcow2", error);
  if (node == NULL)
    return FALSE;
  set_backing (node, NULL);
  set_encryption (node, key);
  vq_disk_nodes_add (nodes, node);
  return TRUE;
}

/* What the guest's disk lies on. *TOP stays NULL if that is nothing. */
static gboolean
add_below (FileStorage *self, VqDiskNodes *nodes, char **top, GError **error)
{
  g_autofree char *key = self->disk->base_secret != NULL ? build_id (self, "-base-key") : NULL;
  const VqNbdName *nbd = vq_disk_spec_get_root (self->disk->spec)->nbd;

  if (key != NULL)
    vq_disk_nodes_add_key (nodes, key, self->disk->base_secret);
  if (self->disk->fills)
    return add_base (self, nodes, key, top, error);
  if (nbd != NULL)
    {
      *top = build_id (self, "-export");
      vq_disk_nodes_add (nodes, vq_nbd_name_build_node (nbd, *top));
      return TRUE;
    }
  return self->disk->image == NULL || add_image (self, nodes, key, top, error);
}

static JsonNode *
build_cache (FileStorage *self)
{
  VqDiskCache cache = self->disk->spec->cache;
  gboolean unsafe = cache == VQ_DISK_CACHE_UNSAFE || (cache == VQ_DISK_CACHE_AUTO && !self->stays);

  return vq_json_build ("direct", "b", cache == VQ_DISK_CACHE_NONE, "no-flush", "b", unsafe, NULL);
}

/* The guest's own disk. */
static gboolean
add_top (FileStorage *self, VqDiskNodes *nodes, const char *below, GError **error)
{
  gboolean read_only = self->disk->spec->read_only;
  JsonNode *file = build_file ("file", self->path, error);
  JsonNode *node;

  if (file == NULL)
    return FALSE;
  json_object_set_member (json_node_get_object (file), "cache", build_cache (self));
  json_object_set_string_member (json_node_get_object (file), "discard", "unmap");
  node = vq_json_build ("driver", "s", "qcow2", "node-name", "s", nodes->top, "read-only", "b",
                        read_only, "discard", "s", "unmap", NULL);
  json_object_set_member (json_node_get_object (node), "file", file);
  json_object_set_member (json_node_get_object (node), "cache", build_cache (self));
  set_backing (node, below);
  if (self->disk->secret != NULL)
    {
      g_autofree char *key = build_id (self, "-key");

      vq_disk_nodes_add_key (nodes, key, self->disk->secret);
      set_encryption (node, key);
    }
  vq_disk_nodes_add (nodes, node);
  return TRUE;
}

static VqDiskNodes *
describe (VqDiskStorage *storage, GError **error)
{
  FileStorage *self = (FileStorage *)storage;
  g_autoptr (VqDiskNodes) nodes = vq_disk_nodes_new (self->id);
  g_autofree char *below = NULL;
  VQ_ERROR_PREFIX (error, "--disk: %s", self->disk->spec->name);

  if (!add_below (self, nodes, &below, error) || !add_top (self, nodes, below, error))
    return NULL;
  return g_steal_pointer (&nodes);
}

static void
storage_free (VqDiskStorage *storage)
{
  FileStorage *self = (FileStorage *)storage;

  unlink (self->empty);
  if (!self->stays)
    {
      unlink (self->base);
      unlink (self->path);
    }
  g_free (self->id);
  g_free (self->base);
  g_free (self->empty);
  g_free (self->path);
  g_free (self);
}

static const VqDiskStorageClass class = {
  .renew = renew,
  .take = take,
  .describe = describe,
  .free = storage_free,
};

VqDiskStorage *
vq_file_storage_new (const VqDisk *disk, const char *directory, const char *id, gboolean stays)
{
  FileStorage *self = g_new0 (FileStorage, 1);

  self->parent.class = &class;
  self->disk = disk;
  self->id = g_strdup (id);
  self->stays = stays;
  self->base = build_path (directory, "base.", disk);
  self->empty = build_path (directory, "empty.", disk);
  self->path = build_path (directory, "disk.", disk);
  return &self->parent;
}

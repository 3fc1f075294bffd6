// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/hotplug.h"

#include "base/error.h"
#include "base/json.h"

/* The set of descriptors that has a key for a moment. */
#define KEY_FDSET 3

static JsonNode *
build_device (const VqHotDisk *disk)
{
  JsonNode *device = vq_json_build ("driver", "s", disk->device, "id", "s", disk->id, "drive", "s",
                                    disk->node, "serial", "s", disk->serial, NULL);

  if (disk->bus != NULL)
    json_object_set_string_member (json_node_get_object (device), "bus", disk->bus);
  if (disk->write_through)
    json_object_set_string_member (json_node_get_object (device), "write-cache", "off");
  return device;
}

/* The object reads the key when it is made; after that QEMU needs no descriptor any more. */
static gboolean
add_key (VqQmp *qmp, const VqDiskKey *key, gint64 deadline, VqCancel *cancel, GError **error)
{
  int fd = vq_disk_secret_open (key->secret, error);
  g_autofree char *path = NULL;
  int number;

  if (fd < 0 || !vq_qmp_add_fd (qmp, KEY_FDSET, fd, &number, deadline, error))
    return FALSE;
  path = g_strdup_printf ("/dev/fd/%d", number);
  if (!vq_qmp_call (
          qmp, "object-add",
          vq_json_build ("qom-type", "s", "secret", "id", "s", key->id, "file", "s", path, NULL),
          NULL, deadline, cancel, error))
    return FALSE;
  return vq_qmp_call (qmp, "remove-fd", vq_json_build ("fdset-id", "i", (gint64)KEY_FDSET, NULL),
                      NULL, deadline, cancel, error);
}

gboolean
vq_hotplug_add_nodes (VqQmp *qmp, const VqDiskNodes *nodes, gint64 deadline, VqCancel *cancel,
                      GError **error)
{
  for (guint i = 0; i < nodes->keys->len; i++)
    if (!add_key (qmp, nodes->keys->pdata[i], deadline, cancel, error))
      return FALSE;
  for (guint i = 0; i < nodes->nodes->len; i++)
    if (!vq_qmp_call (qmp, "blockdev-add", json_node_copy (nodes->nodes->pdata[i]), NULL, deadline,
                      cancel, error))
      return FALSE;
  return TRUE;
}

gboolean
vq_hotplug_add (VqQmp *qmp, const VqHotDisk *disk, gint64 deadline, VqCancel *cancel,
                GError **error)
{
  return vq_qmp_call (qmp, "device_add", build_device (disk), NULL, deadline, cancel, error);
}

typedef struct
{
  const char *id;
  gboolean gone;
} Removal;

static void
on_deleted (const char *event, JsonObject *data, gpointer user_data)
{
  Removal *removal = user_data;
  const char *device;

  /* Events for other devices, and for parts of this one, may carry only a path. */
  if (vq_json_get_string (data, "device", "", &device, NULL) && g_str_equal (device, removal->id))
    removal->gone = TRUE;
}

static gboolean
is_gone (gpointer data)
{
  return ((Removal *)data)->gone;
}

gboolean
vq_hotplug_remove (VqQmp *qmp, const char *id, gint64 deadline, VqCancel *cancel, GError **error)
{
  Removal removal = { id, FALSE };
  gboolean ok;

  vq_qmp_watch (qmp, "DEVICE_DELETED", on_deleted, &removal);
  ok = vq_qmp_call (qmp, "device_del", vq_json_build ("id", "s", id, NULL), NULL, deadline, cancel,
                    error)
       && vq_wait_until (is_gone, &removal, deadline, cancel, "word of the guest that it let go",
                         error);
  vq_qmp_watch (qmp, NULL, NULL, NULL);
  return ok;
}

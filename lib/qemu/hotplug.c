// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/hotplug.h"

#include <sys/stat.h>

#include "base/error.h"
#include "base/json.h"

/* QEMU's driver "file" refuses block devices. */
static const char *
choose_protocol (const char *path)
{
  struct stat st;

  return stat (path, &st) == 0 && S_ISBLK (st.st_mode) ? "host_device" : "file";
}

static char *
build_node_name (const char *id)
{
  return g_strconcat (id, "-disk", NULL);
}

/* Without auto-read-only=off, QEMU might open the disk for writing in spite of "read-only". */
static JsonNode *
build_node (const VqHotDisk *disk)
{
  g_autofree char *name = build_node_name (disk->id);
  JsonNode *file
      = vq_json_build ("driver", "s", choose_protocol (disk->path), "filename", "s", disk->path,
                       "read-only", "b", TRUE, "auto-read-only", "b", FALSE, NULL);
  JsonNode *node = vq_json_build ("driver", "s", disk->format, "node-name", "s", name, "read-only",
                                  "b", TRUE, "auto-read-only", "b", FALSE, NULL);

  json_object_set_member (json_node_get_object (node), "file", file);
  return node;
}

static JsonNode *
build_device (const VqHotDisk *disk)
{
  g_autofree char *name = build_node_name (disk->id);
  JsonNode *device = vq_json_build ("driver", "s", disk->device, "id", "s", disk->id, "drive", "s",
                                    name, "serial", "s", disk->serial, NULL);

  if (disk->bus != NULL)
    json_object_set_string_member (json_node_get_object (device), "bus", disk->bus);
  return device;
}

static JsonNode *
build_node_removal (const char *id)
{
  g_autofree char *name = build_node_name (id);

  return vq_json_build ("node-name", "s", name, NULL);
}

gboolean
vq_hotplug_add (VqQmp *qmp, const VqHotDisk *disk, gint64 deadline, VqCancel *cancel,
                GError **error)
{
  if (!vq_qmp_call (qmp, "blockdev-add", build_node (disk), NULL, deadline, cancel, error))
    return FALSE;
  if (vq_qmp_call (qmp, "device_add", build_device (disk), NULL, deadline, cancel, error))
    return TRUE;
  vq_qmp_send (qmp, "blockdev-del", build_node_removal (disk->id));
  return FALSE;
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
  return ok
         && vq_qmp_call (qmp, "blockdev-del", build_node_removal (id), NULL, deadline, cancel,
                         error);
}

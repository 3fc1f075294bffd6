// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-event.h"

#include <errno.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/text.h"

/* A line is short enough to be written in one piece, between those of other processes. */
#define MAX_DETAIL 1000

VqPrivateDir *
vq_instance_event_open_dir (VqPrivateDir *place, GError **error)
{
  g_autofree char *path = g_path_get_dirname (vq_private_dir_get_path (place));

  return vq_private_dir_open (path, VQ_PRIVATE_DIR_EXISTING, error);
}

static char *
build_line (const char *name, const char *what, const char *detail)
{
  g_autofree char *printable = vq_text_printable (detail != NULL ? detail : "",
                                                  detail != NULL ? strlen (detail) : 0, MAX_DETAIL);
  g_autoptr (JsonNode) node
      = vq_json_build ("time", "i", g_get_real_time (), "name", "s", name, "event", "s", what,
                       "detail", "s", printable, "pid", "i", (gint64)getpid (), NULL);
  g_autofree char *text = json_to_string (node, FALSE);

  /* Another process may have written only half of the line before, because the disk was full. */
  return g_strconcat ("\n", text, "\n", NULL);
}

static void
append (VqPrivateDir *dir, const char *line)
{
  const int flags = O_WRONLY | O_CREAT | O_APPEND;
  g_autoptr (GError) error = NULL;
  vq_autofd int fd = vq_private_dir_open_file (dir, VQ_INSTANCE_EVENT_FILE, flags, &error);
  struct stat st;

  if (fd >= 0 && fstat (fd, &st) == 0 && st.st_size > VQ_INSTANCE_EVENT_MAX_BYTES)
    {
      renameat (vq_private_dir_get_fd (dir), VQ_INSTANCE_EVENT_FILE, vq_private_dir_get_fd (dir),
                VQ_INSTANCE_EVENT_OLD_FILE);
      vq_fd_clear (&fd);
      fd = vq_private_dir_open_file (dir, VQ_INSTANCE_EVENT_FILE, flags, &error);
    }
  if (fd < 0 || !vq_fd_write_all (fd, line, strlen (line)))
    g_debug ("cannot note an event: %s", error != NULL ? error->message : g_strerror (errno));
}

void
vq_instance_event_add (VqInstance *instance, const char *what, const char *detail)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqPrivateDir) dir
      = vq_instance_event_open_dir (vq_instance_get_place (instance), &error);
  g_autofree char *line = build_line (vq_instance_get_name (instance), what, detail);

  if (dir != NULL)
    append (dir, line);
  else
    g_debug ("cannot note an event: %s", error->message);
}

static gboolean
read_members (VqInstanceEvent *event, JsonObject *object)
{
  const char *name, *what, *detail;
  gint64 pid;

  if (!vq_json_get_int (object, "time", 0, &event->time, NULL)
      || !vq_json_get_string (object, "name", "", &name, NULL)
      || !vq_json_get_string (object, "event", "", &what, NULL)
      || !vq_json_get_string (object, "detail", "", &detail, NULL)
      || !vq_json_get_int (object, "pid", 0, &pid, NULL))
    return FALSE;
  event->name = g_strdup (name);
  event->what = g_strdup (what);
  event->detail = detail[0] != '\0' ? g_strdup (detail) : NULL;
  event->pid = pid;
  return TRUE;
}

VqInstanceEvent *
vq_instance_event_parse (const char *line)
{
  g_autoptr (VqInstanceEvent) event = g_new0 (VqInstanceEvent, 1);
  g_autoptr (JsonNode) node = vq_json_parse_object (line, strlen (line), NULL);

  if (node == NULL || !read_members (event, json_node_get_object (node)))
    return NULL;
  return g_steal_pointer (&event);
}

void
vq_instance_event_free (VqInstanceEvent *event)
{
  if (event == NULL)
    return;
  g_free (event->name);
  g_free (event->what);
  g_free (event->detail);
  g_free (event);
}

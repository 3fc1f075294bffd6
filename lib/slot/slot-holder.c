// SPDX-License-Identifier: GPL-2.0-or-later
/* The file always has the same size, with blanks at the end, so that one write replaces all of it,
 * and who reads it at the same time sees either all or nothing of it. */
#include "slot/slot-holder.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"

#define FILE_SIZE 8192 /* enough if each byte of a string becomes six in JSON */
#define TEXT_MAX 300   /* bytes of a string */

void
vq_slot_holder_free (VqSlotHolder *holder)
{
  if (holder == NULL)
    return;
  g_free (holder->type);
  g_free (holder->user);
  g_free (holder->instance);
  g_free (holder->owner);
  g_free (holder->description);
  g_free (holder);
}

static gboolean
read_string (JsonObject *object, const char *member, char **value)
{
  const char *text;

  if (!vq_json_get_string (object, member, "", &text, NULL))
    return FALSE;
  *value = g_strdup (text);
  return TRUE;
}

static gboolean
read_members (JsonObject *object, VqSlotHolder *holder)
{
  gint64 number;

  if (!vq_json_get_int (object, "slot", 0, &number, NULL) || number < 1 || number > G_MAXINT)
    return FALSE;
  holder->number = number;
  return read_string (object, "type", &holder->type) && read_string (object, "user", &holder->user)
         && read_string (object, "instance", &holder->instance)
         && read_string (object, "owner", &holder->owner)
         && read_string (object, "description", &holder->description)
         && vq_json_get_int (object, "since", 0, &holder->since, NULL)
         && vq_json_get_int (object, "pid", 0, &holder->pid, NULL)
         && vq_json_get_int (object, "lease_end", 0, &holder->lease_end, NULL);
}

VqSlotHolder *
vq_slot_holder_read (int fd)
{
  char bytes[FILE_SIZE];
  gssize n = pread (fd, bytes, sizeof bytes, 0);
  g_autoptr (JsonNode) node = n > 0 ? vq_json_parse_object (bytes, n, NULL) : NULL;
  g_autoptr (VqSlotHolder) holder = g_new0 (VqSlotHolder, 1);

  if (node == NULL || !read_members (json_node_get_object (node), holder))
    return NULL;
  return g_steal_pointer (&holder);
}

/* At most TEXT_MAX bytes of TEXT, as UTF-8. Transfer full. */
static char *
shorten (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);
  gsize length = strlen (valid);

  if (length > TEXT_MAX)
    *g_utf8_find_prev_char (valid, valid + TEXT_MAX + 1) = '\0';
  return g_steal_pointer (&valid);
}

/* Transfer full. */
static char *
build_text (const VqSlotHolder *holder)
{
  g_autofree char *user = shorten (holder->user);
  g_autofree char *instance = shorten (holder->instance);
  g_autofree char *owner = shorten (holder->owner);
  g_autofree char *description = shorten (holder->description);
  g_autoptr (JsonNode) node = vq_json_build (
      "type", "s", holder->type, "slot", "i", (gint64)holder->number, "since", "i", holder->since,
      "pid", "i", holder->pid, "user", "s", user, "lease_end", "i", holder->lease_end, "instance",
      "s", instance, "owner", "s", owner, "description", "s", description, NULL);

  return json_to_string (node, FALSE);
}

gboolean
vq_slot_holder_write (const VqSlotHolder *holder, int fd, GError **error)
{
  g_autofree char *text = build_text (holder);
  gsize length = strlen (text);
  char bytes[FILE_SIZE];

  if (length > sizeof bytes)
    return vq_error_set (error, VQ_ERROR_USAGE, "what a slot tells of its holder is too long");
  memset (bytes, ' ', sizeof bytes);
  memcpy (bytes, text, length);
  if (pwrite (fd, bytes, sizeof bytes, 0) == sizeof bytes)
    return TRUE;
  return vq_error_set_errno (error, errno, "cannot write to the file of a slot");
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-reason.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"

#define FILE_NAME "reason"

/* One block of most file systems. */
#define ROOM 4096

/* Writes over what is there: file systems that keep blocks where they are need no room for that. */
static gboolean
fill (VqPrivateDir *dir, int flags, const char *text, GError **error)
{
  vq_autofd int fd = vq_private_dir_open_file (dir, FILE_NAME, O_WRONLY | flags, error);
  char block[ROOM];
  gsize length = MIN (strlen (text), sizeof block);

  if (fd < 0)
    return FALSE;
  memset (block, ' ', sizeof block);
  memcpy (block, text, length);
  return vq_fd_write_all (fd, block, sizeof block)
         || vq_error_set_errno (error, errno, "cannot write %s/" FILE_NAME,
                                vq_private_dir_get_path (dir));
}

gboolean
vq_instance_reason_reserve (VqPrivateDir *dir, GError **error)
{
  return fill (dir, O_CREAT, "", error);
}

void
vq_instance_reason_write (VqPrivateDir *dir, const char *text)
{
  g_autoptr (GError) error = NULL;

  if (!fill (dir, 0, text, &error))
    g_warning ("%s", error->message);
}

void
vq_instance_reason_clear (VqPrivateDir *dir)
{
  unlinkat (vq_private_dir_get_fd (dir), FILE_NAME, 0);
}

char *
vq_instance_reason_read (VqPrivateDir *dir)
{
  gsize length;
  g_autofree char *text = vq_private_dir_read (dir, FILE_NAME, ROOM, &length, NULL);

  if (text == NULL)
    return NULL;
  g_strchomp (text);
  return text[0] != '\0' ? vq_text_printable (text, strlen (text), G_MAXSIZE)
                         : g_strdup ("its supervisor was killed, or the host was restarted");
}

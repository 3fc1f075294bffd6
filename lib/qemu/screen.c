// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/screen.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "io/unix-socket.h"
#include "qemu/qemu-config.h"

/* The set of descriptors of a QEMU that others have started; its own ones have small numbers. */
#define FDSET 1000
#define FDSET_PATH "/dev/fdset/1000"

#define PICTURE_MAX (64 * 1024 * 1024)

struct _VqScreen
{
  int reader; /* owned */
  int writer; /* owned; the same file, opened for writing only, as QEMU asks for it */
};

VqScreen *
vq_screen_new (GError **error)
{
  VqScreen *screen = g_new0 (VqScreen, 1);
  g_autofree char *path = NULL;

  screen->reader = memfd_create ("virt-qemu-screen", MFD_CLOEXEC);
  path = g_strdup_printf ("/proc/self/fd/%d", screen->reader);
  screen->writer = screen->reader >= 0 ? open (path, O_WRONLY | O_CLOEXEC) : -1;
  if (screen->writer >= 0)
    return screen;
  vq_error_set_errno (error, errno, "cannot make a file for pictures of the screen");
  vq_screen_free (screen);
  return NULL;
}

void
vq_screen_free (VqScreen *screen)
{
  if (screen == NULL)
    return;
  vq_fd_clear (&screen->writer);
  vq_fd_clear (&screen->reader);
  g_free (screen);
}

int
vq_screen_get_writer (VqScreen *screen)
{
  return screen->writer;
}

static GBytes *
read_picture (VqScreen *screen, GError **error)
{
  g_autofree char *bytes = NULL;
  struct stat st;

  if (fstat (screen->reader, &st) != 0 || st.st_size == 0 || st.st_size > PICTURE_MAX)
    return vq_error_set (error, VQ_ERROR_FAILED, "QEMU made no picture of the screen"), NULL;
  bytes = g_malloc (st.st_size);
  if (pread (screen->reader, bytes, st.st_size, 0) != st.st_size)
    return vq_error_set_errno (error, errno, "cannot read the picture of the screen"), NULL;
  return g_bytes_new_take (g_steal_pointer (&bytes), st.st_size);
}

/* Removes an earlier picture. QEMU writes where the descriptor that we share with it stands. */
static gboolean
clear (VqScreen *screen, GError **error)
{
  return (ftruncate (screen->reader, 0) == 0 && lseek (screen->writer, 0, SEEK_SET) == 0)
         || vq_error_set_errno (error, errno, "cannot clear the file for pictures");
}

/* The machine's cancel is not asked: the picture is taken just because the machine has failed. */
static gboolean
dump (VqQmp *qmp, const char *path, gint64 deadline, GError **error)
{
  return vq_qmp_call (qmp, "screendump",
                      vq_json_build ("filename", "s", path, "format", "s", "png", NULL), NULL,
                      deadline, NULL, error);
}

GBytes *
vq_screen_take_picture (VqScreen *screen, VqQmp *qmp, gint64 deadline, GError **error)
{
  if (!clear (screen, error) || !dump (qmp, VQ_QEMU_CONFIG_SCREEN, deadline, error))
    return NULL;
  return read_picture (screen, error);
}

static void
ignore_event (const char *event, JsonObject *data, gpointer user_data)
{
}

static VqQmp *
connect_to (const char *path, gint64 deadline, GError **error)
{
  int fd = vq_unix_socket_connect (path, error);
  g_autoptr (VqQmp) qmp = fd >= 0 ? vq_qmp_new (fd, ignore_event, NULL) : NULL;
  g_autoptr (GError) why = NULL;

  if (qmp == NULL || vq_qmp_handshake (qmp, deadline, NULL, &why))
    return g_steal_pointer (&qmp);
  if (vq_error_is_timeout (why))
    vq_error_set (error, VQ_ERROR_BUSY, "%s does not answer: another client may be connected",
                  path);
  else
    g_propagate_error (error, g_steal_pointer (&why));
  return NULL;
}

/* QEMU keeps a descriptor until it is told to drop it. */
static gboolean
dump_into (VqScreen *screen, VqQmp *qmp, gint64 deadline, GError **error)
{
  gboolean done = vq_qmp_add_fd (qmp, FDSET, dup (screen->writer), NULL, deadline, error)
                  && dump (qmp, FDSET_PATH, deadline, error);

  return vq_qmp_call (qmp, "remove-fd", vq_json_build ("fdset-id", "i", (gint64)FDSET, NULL), NULL,
                      deadline, NULL, done ? error : NULL)
         && done;
}

GBytes *
vq_screen_take_picture_from (const char *path, gint64 deadline, GError **error)
{
  g_autoptr (VqScreen) screen = vq_screen_new (error);
  g_autoptr (VqQmp) qmp = screen != NULL ? connect_to (path, deadline, error) : NULL;

  return qmp != NULL && dump_into (screen, qmp, deadline, error) ? read_picture (screen, error)
                                                                 : NULL;
}

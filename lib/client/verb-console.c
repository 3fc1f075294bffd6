// SPDX-License-Identifier: GPL-2.0-or-later
#include "client/verb-console.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/wait.h"
#include "channel/terminal-call.h"
#include "instance/instance-socket.h"
#include "io/lock-file.h"
#include "io/raw-terminal.h"
#include "io/send-queue.h"
#include "io/unix-socket.h"
#include "client/instance-request.h"

#define HELP "virt-qemu console --help"

/* The socket of the guest's first serial port. */
#define SOCKET "ttyS0"

/* QEMU takes one client, and lets others wait as if they were connected. So who has the console
 * holds this lock, beside the socket. */
#define LOCK "console"

/* Ctrl-] */
#define LEAVE 0x1d

static const char help[]
    = "Usage: virt-qemu console NAME\n"
      "\n"
      "Connects our terminal to the serial console of an instance that runs. Ctrl-]\n"
      "leaves it. What the guest writes goes to the terminal as it is. Only one at a\n"
      "time can have the console.\n"
      "\n"
      "  -h, --help             show this text and exit\n";

typedef struct
{
  int tty;
  int socket;
  guint keys_id, output_id; /* 0: the source has gone */
  VqSendQueue *keys;        /* to the guest */
  gboolean left;            /* the user wants no more */
  gboolean ended;           /* there is no more */
} Console;

static void
on_send_failed (int errnum, gpointer data)
{
  ((Console *)data)->ended = TRUE;
}

/* A guest that reads nothing may keep what is typed, but not the key that leaves. */
static gboolean
on_keys (int fd, GIOCondition events, gpointer data)
{
  Console *self = data;
  char buffer[1024];
  gssize n = read (fd, buffer, sizeof buffer);
  const char *leave = n > 0 ? memchr (buffer, LEAVE, n) : NULL;
  struct iovec piece = { buffer, leave != NULL ? leave - buffer : MAX (n, 0) };

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  self->left |= n <= 0 || leave != NULL;
  if (piece.iov_len > 0)
    vq_send_queue_add (self->keys, &piece, 1);
  if (self->left)
    self->keys_id = 0;
  return !self->left;
}

static gboolean
on_output (int fd, GIOCondition events, gpointer data)
{
  Console *self = data;
  char buffer[16384];
  gssize n = read (fd, buffer, sizeof buffer);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  self->ended |= n <= 0 || !vq_fd_write_all (self->tty, buffer, n);
  if (self->ended)
    self->output_id = 0;
  return !self->ended;
}

static gboolean
is_over (gpointer data)
{
  Console *self = data;

  return self->left || self->ended;
}

/* The descriptors are open and the terminal is raw. */
static gboolean
connect_them (Console *self, GError **error)
{
  self->keys = vq_send_queue_new (self->socket, on_send_failed, self);
  self->output_id = g_unix_fd_add (self->socket, G_IO_IN | G_IO_HUP, on_output, self);
  self->keys_id = g_unix_fd_add (self->tty, G_IO_IN | G_IO_HUP, on_keys, self);
  (void)!vq_wait_until (is_over, self, vq_deadline_in (G_MAXDOUBLE), NULL, "end", NULL);
  g_clear_handle_id (&self->output_id, g_source_remove);
  g_clear_handle_id (&self->keys_id, g_source_remove);
  g_clear_pointer (&self->keys, vq_send_queue_free);
  return self->left || vq_error_set (error, VQ_ERROR_BUSY, "the machine has ended");
}

static void
on_resized (guint rows, guint columns, gpointer data)
{
  /* A serial line has no size. */
}

static VqLockFile *
take_lock (VqPrivateDir *directory, GError **error)
{
  VqLockFile *lock;

  if (vq_lock_file_try (directory, LOCK, &lock, error) && lock == NULL)
    vq_error_set (error, VQ_ERROR_BUSY, "it is in use");
  return lock;
}

/* The sockets of a machine that ends have no names any more. */
static int
connect_socket (const char *path, GError **error)
{
  g_autoptr (GError) why = NULL;
  int fd = vq_unix_socket_connect (path, &why);

  if (vq_error_is_missing (why))
    vq_error_set (error, VQ_ERROR_BUSY, "the machine is just starting or stopping");
  else if (why != NULL)
    g_propagate_error (error, g_steal_pointer (&why));
  return fd;
}

static gboolean
show (const VqInstanceRequest *request, GError **error)
{
  const char *name = request->names[0];
  VQ_ERROR_PREFIX (error, "console of \"%s\"", name);
  g_autofree char *path = vq_instance_socket_find (name, SOCKET, error);
  g_autofree char *above = path != NULL ? g_path_get_dirname (path) : NULL;
  g_autoptr (VqPrivateDir) directory
      = above != NULL ? vq_private_dir_open (above, VQ_PRIVATE_DIR_EXISTING, error) : NULL;
  g_autoptr (VqLockFile) lock = directory != NULL ? take_lock (directory, error) : NULL;
  vq_autofd int socket = lock != NULL ? connect_socket (path, error) : -1;
  vq_autofd int tty = -1;
  g_autoptr (VqRawTerminal) terminal = NULL;
  Console self = { .socket = socket };

  if (socket < 0 || !vq_terminal_call_open_tty (&tty, 1, error))
    return FALSE;
  g_message ("connected to the console of \"%s\"; Ctrl-] leaves it", name);
  terminal = vq_raw_terminal_new (on_resized, NULL, error);
  self.tty = tty;
  return terminal != NULL && connect_them (&self, error);
}

VqVerbStatus
vq_verb_console_run (const char *const *arguments)
{
  static const VqInstanceRequestVerb verb
      = { .min_names = 1, .max_names = 1, .help = help, .how = HELP, .act = show };

  return vq_instance_request_run (&verb, arguments);
}

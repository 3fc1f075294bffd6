// SPDX-License-Identifier: GPL-2.0-or-later
/* An instance writes two files, which are shown one after the other. To follow them, we ask the
 * supervisor to tell us of its end; while we wait for that, inotify tells us what is new. */
#include "client/verb-logs.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/visible-text.h"
#include "instance/control-client.h"
#include "instance/instance-place.h"
#include "instance/supervisor.h"
#include "qemu/machine-files.h"
#include "client/instance-request.h"
#include "verb/verb-output.h"
#include "verb/verb-reader.h"

#define HELP "virt-qemu logs --help"

static const char help[]
    = "Usage: virt-qemu logs [OPTION...] NAME\n"
      "\n"
      "Shows what the guest has written to its console since it was started, reverted\n"
      "or made, and then what the supervisor of the instance has said. A stopped\n"
      "instance still has these, as the files console.log and supervisor.log in its\n"
      "directory.\n"
      "\n"
      "  -f, --follow           go on with what is added, until the instance stops\n"
      "  -h, --help             show this text and exit\n";

static const char *const names[] = { VQ_MACHINE_FILES_CONSOLE_LOG, VQ_SUPERVISOR_LOG };

/* One of the files, as far as we have read it. */
typedef struct
{
  int fd; /* -1: it does not exist yet */
  goffset offset;
  VqVisibleText *visible;
} Log;

typedef struct
{
  VqPrivateDir *dir; /* not owned */
  Log logs[G_N_ELEMENTS (names)];
  int watch_fd;
  guint watch_id;
  VqCancel *cancel; /* of the wait for the end */
  VqVerbReader *reader;
} Logs;

static void
logs_clear (Logs *self)
{
  g_clear_handle_id (&self->watch_id, g_source_remove);
  vq_fd_clear (&self->watch_fd);
  vq_verb_reader_free (self->reader);
  vq_cancel_free (self->cancel);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      vq_fd_clear (&self->logs[i].fd);
      vq_visible_text_free (self->logs[i].visible);
    }
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Logs, logs_clear)

/* An instance that has never run has no logs. */
static gboolean
open_log (Logs *self, guint i, GError **error)
{
  g_autoptr (GError) why = NULL;

  if (self->logs[i].fd < 0)
    self->logs[i].fd = vq_private_dir_open_file (self->dir, names[i], O_RDONLY, &why);
  if (why == NULL || vq_error_is_errno (why, ENOENT))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

/* Shows what is new. A new guest begins the console's file anew. */
static gboolean
show_log (Log *log, GError **error)
{
  g_autoptr (GString) shown = g_string_new (NULL);
  char bytes[65536];
  struct stat st;
  gssize n;

  if (fstat (log->fd, &st) == 0 && st.st_size < log->offset)
    log->offset = 0;
  while ((n = pread (log->fd, bytes, sizeof bytes, log->offset)) > 0)
    {
      log->offset += n;
      vq_visible_text_add (log->visible, bytes, n, shown);
      vq_verb_output_text ("%s", shown->str);
      g_string_truncate (shown, 0);
    }
  return n == 0 || vq_error_set_errno (error, errno, "cannot read the log");
}

static gboolean
show_new (Logs *self, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (!open_log (self, i, error) || (self->logs[i].fd >= 0 && !show_log (&self->logs[i], error)))
      return FALSE;
  return TRUE;
}

static void
show_rest (Logs *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GString) shown = g_string_new (NULL);

      vq_visible_text_end (self->logs[i].visible, shown);
      vq_verb_output_text ("%s", shown->str);
    }
}

/* What has happened does not matter: the files are looked at anyway. */
static gboolean
on_change (int fd, GIOCondition events, gpointer data)
{
  Logs *self = data;
  char bytes[4096];
  g_autoptr (GError) error = NULL;

  while (read (fd, bytes, sizeof bytes) > 0)
    ;
  if (!show_new (self, &error))
    vq_cancel_trigger (self->cancel, error);
  else
    vq_verb_reader_flush (self->reader);
  return G_SOURCE_CONTINUE;
}

static gboolean
watch (Logs *self, GError **error)
{
  self->watch_fd = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  if (self->watch_fd < 0
      || inotify_add_watch (self->watch_fd, vq_private_dir_get_path (self->dir),
                            IN_MODIFY | IN_CREATE)
             < 0)
    return vq_error_set_errno (error, errno, "cannot watch %s",
                               vq_private_dir_get_path (self->dir));
  self->watch_id = g_unix_fd_add (self->watch_fd, G_IO_IN, on_change, self);
  return TRUE;
}

/* However the supervisor ends, we are told; only our own failure is one. */
static gboolean
await_end (Logs *self, VqInstance *instance, GError **error)
{
  static const char *const words[] = { "end", NULL };
  g_auto (GStrv) reply = NULL;

  vq_verb_reader_flush (self->reader);
  reply = vq_control_client_call (instance, words, self->cancel, NULL);
  if (vq_cancel_reason (self->cancel) == NULL)
    return TRUE;
  g_propagate_error (error, g_error_copy (vq_cancel_reason (self->cancel)));
  return FALSE;
}

static gboolean
show_logs (VqInstance *instance, gboolean follow, GError **error)
{
  g_auto (Logs) self = { .watch_fd = -1 };

  self.dir = vq_instance_get_dir (instance);
  self.cancel = vq_cancel_new (NULL);
  self.reader = vq_verb_reader_new (self.cancel);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    self.logs[i] = (Log){ -1, 0, vq_visible_text_new () };
  if ((follow && !watch (&self, error)) || !show_new (&self, error)
      || (follow && !await_end (&self, instance, error)) || !show_new (&self, error))
    return FALSE;
  show_rest (&self);
  return TRUE;
}

static gboolean
show (const VqInstanceRequest *request, GError **error)
{
  g_autoptr (VqPrivateDir) place = vq_instance_place_open_state (error);
  g_autoptr (VqInstance) instance
      = place != NULL ? vq_instance_open (place, request->names[0], error) : NULL;

  return instance != NULL && show_logs (instance, request->follow, error);
}

VqVerbStatus
vq_verb_logs_run (const char *const *arguments)
{
  static const VqInstanceRequestVerb verb = { .options = VQ_INSTANCE_REQUEST_FOLLOW,
                                              .min_names = 1,
                                              .max_names = 1,
                                              .help = help,
                                              .how = HELP,
                                              .act = show };

  return vq_instance_request_run (&verb, arguments);
}

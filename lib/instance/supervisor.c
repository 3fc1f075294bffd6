// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/signals.h"
#include "instance/control-server.h"
#include "instance/control-text.h"
#include "instance/control-wire.h"
#include "instance/instance-event.h"
#include "instance/instance-lease.h"
#include "instance/instance-machine.h"
#include "instance/instance-mark.h"
#include "instance/instance-reason.h"
#include "instance/instance-socket.h"
#include "instance/instance-stats.h"
#include "testbed/testbed.h"

#define EXEC_SOCKET "exec"

typedef struct
{
  VqInstance *instance;
  int report_fd; /* -1 once we have reported */
  guint report_id;
  VqCancel *cancel;
  VqSignals *signals;
  VqInstanceOwner *owner;
  VqInstanceLease *lease;
  char *directory; /* of the sockets */
  char *exec_socket;
  VqControlServer *control;
  VqSlot *slot; /* until there is a machine that has it */
  VqInstanceMachine *machine;
  VqInstanceStats stats;
  GQueue requests;  /* of VqControlRequest: those that wait for their turn */
  GQueue enders;    /* of VqControlRequest: those that wait for our end */
  const char *work; /* what is being done, as a phrase: "started"; NULL: nothing */
  gboolean over;    /* "stop" was asked for and is done */
  gboolean forced;  /* "stop" was asked for, and is not done properly */
  char *reason;     /* why we end, if nobody has asked for that */
} Supervisor;

/* NULL: there is no machine yet. */
static VqTestbed *
get_testbed (Supervisor *self)
{
  return self->machine != NULL ? vq_instance_machine_get_testbed (self->machine) : NULL;
}

static char **
build_status (Supervisor *self)
{
  VqTestbed *testbed = get_testbed (self);
  const char *state = testbed != NULL && vq_testbed_is_open (testbed) ? "running" : "starting";
  char **words = g_new0 (char *, 5);

  words[0] = g_strconcat ("state=", state, NULL);
  words[1] = g_strdup_printf ("pid=%d", getpid ());
  words[2] = g_strconcat ("work=", self->work != NULL ? self->work : "", NULL);
  words[3]
      = g_strdup_printf ("lease_until=%" G_GINT64_FORMAT, vq_instance_lease_get_end (self->lease));
  return words;
}

static void
answer_status (Supervisor *self, VqControlRequest *request)
{
  g_auto (GStrv) words = build_status (self);

  vq_control_request_succeed (request, (const char *const *)words);
}

/* To be called also before a machine ends: what it took is counted. */
static void
raise_stats (Supervisor *self)
{
  VqTestbed *testbed = get_testbed (self);

  vq_instance_stats_raise (&self->stats, vq_instance_get_dir (self->instance),
                           testbed != NULL ? vq_testbed_get_pid (testbed) : 0);
}

static void
answer_stats (Supervisor *self, VqControlRequest *request)
{
  g_auto (GStrv) words = NULL;

  raise_stats (self);
  words = vq_instance_stats_build_words (&self->stats);
  vq_control_request_succeed (request, (const char *const *)words);
}

static void
refuse (VqControlRequest *request, VqErrorCode code, const char *text)
{
  g_autoptr (GError) error = g_error_new_literal (VQ_ERROR, code, text);

  vq_control_request_fail (request, error);
}

/* A stop that does not ask the guest does not wait for anything else either. */
static gboolean
is_forced_stop (const char *const *words)
{
  return strcmp (words[0], "stop") == 0 && g_strcmp0 (words[1], "-1") == 0;
}

static void
stop_by_force (Supervisor *self, VqControlRequest *request)
{
  g_autoptr (GError) reason
      = g_error_new (VQ_ERROR, VQ_ERROR_CANCELLED, "it was told to stop by force");

  g_queue_push_tail (&self->enders, request);
  self->forced = TRUE;
  vq_cancel_trigger (self->cancel, reason);
}

/* Without a number of seconds, it gets those that it began with. */
static void
renew (Supervisor *self, VqControlRequest *request)
{
  const char *const *words = vq_control_request_get_words (request);
  gint64 seconds = vq_instance_get_record (self->instance)->lease;
  g_autoptr (GError) error = NULL;

  if (words[1] != NULL && !g_ascii_string_to_signed (words[1], 10, 0, G_MAXINT, &seconds, NULL))
    refuse (request, VQ_ERROR_USAGE, "renew: for how many seconds?");
  else if (words[1] == NULL && seconds == 0)
    refuse (request, VQ_ERROR_BUSY, "the instance has no lease: give --lease");
  else if (!vq_instance_lease_renew (self->lease, seconds, &error))
    vq_control_request_fail (request, error);
  else
    {
      if (self->machine != NULL)
        vq_instance_machine_set_lease (self->machine, vq_instance_lease_get_end (self->lease));
      vq_control_request_succeed (request, (const char *const[]){ NULL });
    }
}

static void
mark (Supervisor *self, VqControlRequest *request)
{
  const char *const *words = vq_control_request_get_words (request);
  g_autoptr (GError) error = NULL;

  if (!vq_instance_mark (self->instance, words + 1, &error))
    vq_control_request_fail (request, error);
  else
    {
      if (self->machine != NULL)
        vq_instance_machine_tell_slot (self->machine);
      vq_control_request_succeed (request, (const char *const[]){ NULL });
    }
}

/* Its turn comes later. */
static void
enqueue (Supervisor *self, VqControlRequest *request)
{
  const char *const *words = vq_control_request_get_words (request);
  g_autofree char *text = g_strdup_printf ("the instance is being %s", self->work);

  if (self->work != NULL && g_strcmp0 (words[1], VQ_CONTROL_NOW) == 0)
    {
      refuse (request, VQ_ERROR_BUSY, text);
      return;
    }
  if (self->work != NULL)
    vq_control_request_note (request, text);
  g_queue_push_tail (&self->requests, request);
}

static void
on_request (VqControlRequest *request, gpointer data)
{
  Supervisor *self = data;
  const char *const *words = vq_control_request_get_words (request);

  if (strcmp (words[0], "status") == 0)
    answer_status (self, request);
  else if (strcmp (words[0], "stats") == 0)
    answer_stats (self, request);
  else if (strcmp (words[0], "renew") == 0)
    renew (self, request);
  else if (strcmp (words[0], "mark") == 0)
    mark (self, request);
  else if (strcmp (words[0], "end") == 0)
    g_queue_push_tail (&self->enders, request);
  else if (is_forced_stop (words))
    stop_by_force (self, request);
  else
    enqueue (self, request);
}

static gboolean
open_control (Supervisor *self, GError **error)
{
  g_autofree char *path = NULL;

  self->directory = vq_instance_socket_make_dir (self->instance, error);
  if (self->directory == NULL)
    return FALSE;
  self->exec_socket = g_build_filename (self->directory, EXEC_SOCKET, NULL);
  path = g_build_filename (self->directory, VQ_CONTROL_SOCKET, NULL);
  self->control = vq_control_server_new (path, on_request, self, error);
  return self->control != NULL;
}

static gboolean
on_nobody_waits (int fd, GIOCondition events, gpointer data)
{
  Supervisor *self = data;
  g_autoptr (GError) reason
      = g_error_new (VQ_ERROR, VQ_ERROR_CANCELLED, "who started the instance has gone away");

  self->report_id = 0;
  vq_cancel_trigger (self->cancel, reason);
  return G_SOURCE_REMOVE;
}

static void
report (Supervisor *self, const char *line)
{
  g_clear_handle_id (&self->report_id, g_source_remove);
  if (!vq_fd_write_all (self->report_fd, line, strlen (line)))
    g_debug ("nobody waits for the report");
  vq_fd_clear (&self->report_fd);
}

/* From now on messages go into a file. */
static void
turn_to_log (Supervisor *self)
{
  g_autoptr (GError) error = NULL;
  vq_autofd int fd
      = vq_private_dir_open_file (vq_instance_get_dir (self->instance), VQ_SUPERVISOR_LOG,
                                  O_WRONLY | O_CREAT | O_APPEND, &error);

  if (fd < 0 || dup2 (fd, STDERR_FILENO) < 0)
    g_warning ("what the supervisor says is lost: %s",
               error != NULL ? error->message : g_strerror (errno));
}

static gboolean
stop (Supervisor *self, const char *const *words, GError **error)
{
  gint64 seconds;

  if (words[1] != NULL && strcmp (words[1], VQ_CONTROL_NOW) == 0)
    words++;
  if (words[1] == NULL || !g_ascii_string_to_signed (words[1], 10, -1, G_MAXINT, &seconds, NULL))
    return vq_error_set (error, VQ_ERROR_USAGE, "stop: for how many seconds?");
  self->work = "stopped";
  vq_testbed_close_within (get_testbed (self), seconds);
  self->over = TRUE;
  return TRUE;
}

/* An autopkgtest on this machine has a scratch directory of its own, which must outlive this. */
static void
take_scratch (Supervisor *self, const char *const *words)
{
  if (words[1] != NULL && words[1][0] == '/')
    vq_testbed_set_scratch (get_testbed (self), words[1]);
}

static gboolean
restart (Supervisor *self, const char *const *words, GError **error)
{
  gboolean itself = words[1] != NULL && g_strcmp0 (words[2], VQ_CONTROL_ITSELF) == 0;

  self->work = "restarted";
  take_scratch (self, words);
  return vq_testbed_reboot (get_testbed (self), itself, error);
}

static gboolean
revert (Supervisor *self, const char *const *words, GError **error)
{
  self->work = "reverted";
  take_scratch (self, words);
  raise_stats (self);
  return vq_instance_machine_revert (self->machine, error);
}

/* For another supervisor, whose machine takes over the state of ours: where it listens, and where
 * it keeps its disk. */
static gboolean
fork_machine (Supervisor *self, const char *const *words, GError **error)
{
  if (words[1] == NULL || words[2] == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "fork: to where?");
  self->work = "forked";
  return vq_testbed_send (get_testbed (self), words[1], words[2], error);
}

static gboolean
be_ready (Supervisor *self, const char *const *words, GError **error)
{
  return TRUE;
}

static const struct
{
  const char *verb;
  gboolean (*handle) (Supervisor *self, const char *const *words, GError **error);
} handlers[] = {
  { "stop", stop },         { "restart", restart }, { "revert", revert },
  { "fork", fork_machine }, { "ready", be_ready },
};

static gboolean
handle (Supervisor *self, const char *const *words, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (handlers); i++)
    if (strcmp (words[0], handlers[i].verb) == 0)
      return handlers[i].handle (self, words, error);
  return vq_error_set (error, VQ_ERROR_USAGE, "the supervisor does not know this request");
}

/* What comes first is the reason for the rest. */
static void
note_reason (Supervisor *self, const char *text)
{
  if (self->reason == NULL)
    self->reason = g_strdup (text);
}

/* Work that fails because we end has not failed by itself. */
static void
blame_end (Supervisor *self, GError **error)
{
  const GError *end = vq_cancel_reason (self->cancel);

  if (end == NULL)
    return;
  g_clear_error (error);
  vq_error_set (error, VQ_ERROR_BUSY, "the instance stops: %s", end->message);
}

/* A revert that has failed leaves no machine. */
static void
fail (Supervisor *self, VqControlRequest *request, GError **error)
{
  if (!vq_testbed_is_open (get_testbed (self)))
    note_reason (self, (*error)->message);
  blame_end (self, error);
  vq_control_request_fail (request, *error);
}

/* What has been done with the machine. The last word of "fork" is the directory of the copy. */
static void
note_work (Supervisor *self, const char *const *words)
{
  g_autofree char *copy = strcmp (words[0], "fork") == 0 ? g_path_get_basename (words[2]) : NULL;

  if (self->work != NULL && !self->over)
    vq_instance_event_add (self->instance, self->work, copy);
}

/* A client that has gone away while it waited wants nothing any more. "stop" is answered when all
 * is removed. */
static void
serve_one (Supervisor *self)
{
  VqControlRequest *request = g_queue_pop_head (&self->requests);
  g_autoptr (GError) error = NULL;

  if (vq_control_request_is_gone (request))
    refuse (request, VQ_ERROR_CANCELLED, "the client has gone away");
  else if (!handle (self, vq_control_request_get_words (request), &error))
    fail (self, request, &error);
  else if (self->over)
    g_queue_push_tail (&self->enders, request);
  else
    {
      note_work (self, vq_control_request_get_words (request));
      vq_control_request_succeed (request, (const char *const[]){ NULL });
    }
  self->work = NULL;
}

static gboolean
has_work (gpointer data)
{
  Supervisor *self = data;

  return !g_queue_is_empty (&self->requests) || vq_testbed_get_failure (get_testbed (self)) != NULL;
}

static gboolean
is_alive (Supervisor *self)
{
  const GError *failure = vq_testbed_get_failure (get_testbed (self));

  if (failure != NULL)
    note_reason (self, failure->message);
  return failure == NULL && vq_testbed_is_open (get_testbed (self));
}

static void
serve (Supervisor *self)
{
  g_autoptr (GError) error = NULL;

  while (!self->over && is_alive (self)
         && vq_wait_until (has_work, self, vq_deadline_in (G_MAXDOUBLE), self->cancel, "request",
                           &error))
    if (!g_queue_is_empty (&self->requests))
      serve_one (self);
  if (error != NULL)
    note_reason (self, error->message);
  if (self->reason != NULL)
    g_message ("the instance stops: %s", self->reason);
}

static void
refuse_all (Supervisor *self)
{
  VqControlRequest *request;

  while ((request = g_queue_pop_head (&self->requests)) != NULL)
    refuse (request, VQ_ERROR_BUSY, "the instance has stopped");
}

static void
keep_reason (Supervisor *self)
{
  VqPrivateDir *dir = vq_instance_get_dir (self->instance);

  if (self->over || self->forced)
    vq_instance_reason_clear (dir);
  else if (self->reason != NULL)
    vq_instance_reason_write (dir, self->reason);
}

/* Gives up the instance. One that was to be made and could not be started has nothing worth
 * keeping. Who hears that it has stopped may want to start it at once. */
static void
leave (Supervisor *self, gboolean unwanted)
{
  gboolean keep = !unwanted && !vq_instance_get_record (self->instance)->ephemeral;
  g_autoptr (GError) error = NULL;

  if (keep)
    vq_instance_unlock (self->instance);
  vq_instance_event_add (self->instance, VQ_INSTANCE_EVENT_STOPPED,
                         self->over || self->forced ? "it was told to stop" : self->reason);
  if (!keep && !vq_instance_remove (self->instance, &error))
    g_warning ("cannot remove the instance: %s", error->message);
  vq_instance_unlock (self->instance);
}

/* Those who wait for the end are told when all is done, but the lock is free only when we have
 * ended. */
static void
end (Supervisor *self, gboolean unwanted)
{
  VqControlRequest *request;

  g_clear_handle_id (&self->report_id, g_source_remove);
  vq_instance_machine_free (self->machine);
  vq_slot_free (self->slot);
  refuse_all (self);
  vq_control_server_free (self->control);
  if (self->directory != NULL)
    vq_instance_socket_remove_dir (self->instance);
  keep_reason (self);
  leave (self, unwanted);
  while ((request = g_queue_pop_head (&self->enders)) != NULL)
    vq_control_request_succeed (request, (const char *const[]){ NULL });
  g_free (self->exec_socket);
  g_free (self->directory);
  g_free (self->reason);
  vq_signals_free (self->signals);
  vq_instance_lease_free (self->lease);
  vq_instance_owner_clear (self->owner);
}

/* Its lease begins before it is ready: a guest that never is does not stay longer either. */
static gboolean
limit_life (Supervisor *self, GError **error)
{
  vq_instance_owner_watch (self->owner, self->cancel);
  self->lease = vq_instance_lease_new (self->cancel, error);
  return self->lease != NULL
         && vq_instance_lease_renew (self->lease, vq_instance_get_record (self->instance)->lease,
                                     error);
}

static gboolean
begin (Supervisor *self, GError **error)
{
  self->work = "started";
  vq_instance_event_add (self->instance, VQ_INSTANCE_EVENT_STARTED, NULL);
  self->report_id = g_unix_fd_add (self->report_fd, G_IO_ERR, on_nobody_waits, self);
  self->signals = vq_signals_new (self->cancel, error);
  if (!vq_instance_reason_reserve (vq_instance_get_dir (self->instance), error)
      || self->signals == NULL || !limit_life (self, error) || !open_control (self, error))
    return FALSE;
  self->machine = vq_instance_machine_new (self->instance, self->exec_socket, self->cancel);
  vq_instance_machine_give_slot (self->machine, g_steal_pointer (&self->slot));
  vq_instance_machine_set_lease (self->machine, vq_instance_lease_get_end (self->lease));
  if (!vq_instance_machine_start (self->machine, error))
    return FALSE;
  self->work = NULL;
  vq_instance_event_add (self->instance, VQ_INSTANCE_EVENT_READY, NULL);
  return TRUE;
}

/* When who has started us hears that it failed, nothing is left. */
gboolean
vq_supervisor_run (VqInstance *instance, gboolean is_new, VqInstanceOwner *owner, VqSlot *slot,
                   int report_fd)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *line = NULL;
  Supervisor self = {
    .instance = instance, .report_fd = report_fd, .cancel = cancel, .owner = owner, .slot = slot
  };

  g_queue_init (&self.requests);
  g_queue_init (&self.enders);
  if (begin (&self, &error))
    {
      report (&self, "ok\n");
      turn_to_log (&self);
      serve (&self);
      end (&self, FALSE);
      return TRUE;
    }
  note_reason (&self, error->message);
  blame_end (&self, &error);
  end (&self, is_new);
  line = vq_control_text_build_error (error);
  report (&self, line);
  return FALSE;
}

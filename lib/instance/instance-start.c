// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-start.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/inherited.h"
#include "base/programs.h"
#include "base/wait.h"
#include "instance/control-text.h"
#include "instance/instance-place.h"
#include "instance/supervisor.h"
#include "io/line-reader.h"

/* The descriptors in the supervisor's process, one after the other; see spawn_with. */
#define LOCK_FD 3
#define N_FDS 5
#define LOCK_FD_WORD "3"
#define REPORT_FD_WORD "4"
#define PROCESS_FD_WORD "5" /* this and the next are the owner's (instance-owner.h) */
#define PEER_FD_WORD "6"
#define SLOT_FD_WORD "7"
#define NO_FD_WORD "-1"

/* A terminal's signals are for those who have one. Runs in the child after fork. */
static void
leave_terminal (gpointer data)
{
  setsid ();
  vq_inherited_give_back ();
}

/* The descriptors of the supervisor's process come from SOURCES; -1: there is none. It has our
 * stderr until it is ready (supervisor.c). */
static gboolean
spawn_with (const char *const *argv, const int *sources, GError **error)
{
  vq_autofd int null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  int from[N_FDS], to[N_FDS];
  gsize n = 0;

  for (int i = 0; i < N_FDS; i++)
    if (sources[i] >= 0)
      {
        from[n] = sources[i];
        to[n++] = LOCK_FD + i;
      }
  return g_spawn_async_with_pipes_and_fds (NULL, argv, NULL, G_SPAWN_DEFAULT, leave_terminal, NULL,
                                           null, null, -1, from, to, n, NULL, NULL, NULL, NULL,
                                           error);
}

/* Takes over WRITER. */
static gboolean
spawn (VqInstance *instance, gboolean is_new, const VqInstanceOwner *owner, const VqSlot *slot,
       int writer, GError **error)
{
  vq_autofd int own = writer;
  const int sources[N_FDS] = { vq_instance_get_lock_fd (instance), writer, owner->process_fd,
                               owner->peer_fd, slot != NULL ? vq_slot_get_fd (slot) : -1 };
  g_autofree char *program = vq_programs_find (VQ_INSTANCE_START_PROGRAM, error);
  const char *const argv[] = { program,
                               VQ_INSTANCE_START_VERB,
                               vq_instance_get_name (instance),
                               LOCK_FD_WORD,
                               REPORT_FD_WORD,
                               owner->process_fd >= 0 ? PROCESS_FD_WORD : NO_FD_WORD,
                               owner->peer_fd >= 0 ? PEER_FD_WORD : NO_FD_WORD,
                               slot != NULL ? SLOT_FD_WORD : NO_FD_WORD,
                               is_new ? "new" : "old",
                               NULL };

  return program != NULL && spawn_with (argv, sources, error);
}

static gboolean
take_report (const char *line, GError **error)
{
  g_auto (GStrv) words = vq_control_text_split (line != NULL ? line : "");
  GError *why = NULL;

  if (g_strcmp0 (words[0], "ok") == 0)
    return TRUE;
  if (g_strcmp0 (words[0], "error") == 0)
    why = vq_control_text_parse_error ((const char *const *)words + 1);
  if (why == NULL)
    return vq_error_set (error, VQ_ERROR_FAILED, "its supervisor has ended without a word");
  g_propagate_error (error, why);
  return FALSE;
}

/* A supervisor that was killed could not do that. We have given it our lock, so a new one is
 * needed. */
static void
remove_half (const char *name, VqCancel *cancel)
{
  g_autoptr (VqPrivateDir) place = vq_instance_place_open_state (NULL);
  g_autoptr (VqInstance) instance = place != NULL ? vq_instance_open (place, name, NULL) : NULL;
  g_autoptr (GError) error = NULL;

  if (instance != NULL && vq_instance_lock_soon (instance, cancel, NULL)
      && !vq_instance_remove (instance, &error))
    g_warning ("cannot remove the instance: %s", error->message);
}

gboolean
vq_instance_start (VqInstance *instance, gboolean is_new, const VqInstanceOwner *owner,
                   const VqSlot *slot, VqCancel *cancel, GError **error)
{
  VQ_ERROR_PREFIX (error, "cannot start \"%s\"", vq_instance_get_name (instance));
  g_autoptr (VqLineReader) lines = NULL;
  g_autofree char *line = NULL;
  vq_autofd int reader = -1;
  int ends[2];

  if (!vq_fd_open_pipe (ends, error))
    return FALSE;
  reader = ends[0];
  if (!spawn (instance, is_new, owner, slot, ends[1], error))
    return FALSE;
  vq_instance_unlock (instance);
  lines = vq_line_reader_new (reader);
  if (!vq_line_reader_next (lines, &line, cancel, error))
    return FALSE;
  if (line == NULL && is_new)
    remove_half (vq_instance_get_name (instance), cancel);
  return take_report (line, error);
}

/* The descriptor that TEXT names, from now on not for our children. */
static int
adopt (const char *text)
{
  int fd = atoi (text);

  return fcntl (fd, F_SETFD, FD_CLOEXEC) == 0 ? fd : -1;
}

gboolean
vq_instance_start_supervise (const char *const *arguments, GError **error)
{
  g_autoptr (VqPrivateDir) place = NULL;
  g_autoptr (VqInstance) instance = NULL;
  g_autoptr (VqSlot) slot = NULL;
  int lock_fd = adopt (arguments[1]);
  int report_fd = adopt (arguments[2]);
  VqInstanceOwner owner = { adopt (arguments[3]), adopt (arguments[4]), 0, 0 };
  int slot_fd = adopt (arguments[5]);

  if (lock_fd < 0 || report_fd < 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "this verb is for virt-qemu itself");
  if (slot_fd >= 0)
    {
      slot = vq_slot_adopt (slot_fd, error);
      if (slot == NULL)
        return FALSE;
    }
  place = vq_instance_place_open_state (error);
  instance = place != NULL ? vq_instance_open_locked (place, arguments[0], lock_fd, error) : NULL;
  return instance != NULL
         && vq_supervisor_run (instance,
                               strcmp (arguments[VQ_INSTANCE_START_N_ARGUMENTS - 1], "new") == 0,
                               &owner, g_steal_pointer (&slot), report_fd);
}

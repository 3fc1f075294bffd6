// SPDX-License-Identifier: GPL-2.0-or-later
/* A directory whose name begins with "." is half of an instance: one that is being made gets its
 * name when it is complete, and one that is being removed loses it first. While it is at work on
 * such a directory, a process has its lock. */
#include "instance/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/wait.h"
#include "base/fd.h"
#include "instance/instance-event.h"
#include "instance/instance-name.h"
#include "instance/instance-reason.h"
#include "instance/instance-socket.h"
#include "io/lock-file.h"
#include "io/use-lock.h"

#define LOCK "lock"
#define HALF ".half-"

/* Held while an instance is made, so that nobody takes its directory for one that was left. */
#define PLACE_LOCK ".lock"
#define PLACE_LOCK_SECONDS 10
/* The same until a supervisor that ends, or its janitor, has given up its lock; and how often to
 * look, in milliseconds. */
#define END_SECONDS 5
#define END_MS 20

struct _VqInstance
{
  VqPrivateDir *place; /* not owned */
  VqPrivateDir *dir;
  char *name;
  int lock_fd;
  VqInstanceRecord *record;
};

static VqInstance *
instance_new (VqPrivateDir *place, const char *name, VqInstanceRecord *record)
{
  VqInstance *instance = g_new0 (VqInstance, 1);

  instance->place = place;
  instance->name = g_strdup (name);
  instance->lock_fd = -1;
  instance->record = record;
  return instance;
}

void
vq_instance_free (VqInstance *instance)
{
  if (instance == NULL)
    return;
  vq_fd_clear (&instance->lock_fd);
  vq_private_dir_free (instance->dir);
  vq_instance_record_free (instance->record);
  g_free (instance->name);
  g_free (instance);
}

static gboolean
fail_missing (const char *name, GError **error)
{
  return vq_error_set (error, VQ_ERROR_MISSING, "there is no instance \"%s\"", name);
}

static char *
make_half_name (void)
{
  return g_strdup_printf (HALF "%08x%08x", g_random_int (), g_random_int ());
}

/* Makes all of the instance but its name. */
static gboolean
make_half (VqInstance *instance, GError **error)
{
  g_autofree char *half = make_half_name ();
  gboolean taken;

  instance->dir = vq_private_dir_make_child (instance->place, half, error);
  if (instance->dir == NULL)
    return FALSE;
  instance->lock_fd
      = vq_private_dir_open_file (instance->dir, LOCK, O_RDWR | O_CREAT | O_EXCL, error);
  return instance->lock_fd >= 0
         && vq_use_lock_take (instance->lock_fd, VQ_USE_EXCLUSIVE, &taken, error)
         && vq_instance_record_write (instance->record, instance->dir, error);
}

/* A directory that exists is not replaced, as it is not empty. */
static gboolean
give_name (VqInstance *instance, GError **error)
{
  g_autoptr (GError) why = NULL;

  if (vq_private_dir_rename (instance->dir, instance->place, instance->name, &why))
    return TRUE;
  if (vq_error_is_errno (why, ENOTEMPTY) || vq_error_is_errno (why, EEXIST))
    return vq_error_set (error, VQ_ERROR_EXISTS, "there is an instance \"%s\" already",
                         instance->name);
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

static void
drop_half (VqInstance *instance)
{
  g_autofree char *half = g_path_get_basename (vq_private_dir_get_path (instance->dir));

  if (!vq_private_dir_remove_child (instance->place, half, LOCK, NULL))
    g_debug ("cannot remove %s", vq_private_dir_get_path (instance->dir));
}

static gboolean
make (VqInstance *instance, GError **error)
{
  g_autoptr (VqLockFile) lock = vq_lock_file_wait (
      instance->place, PLACE_LOCK, vq_deadline_in (PLACE_LOCK_SECONDS), NULL, error);

  if (lock == NULL)
    return FALSE;
  if (make_half (instance, error) && give_name (instance, error))
    return TRUE;
  if (instance->dir != NULL)
    drop_half (instance);
  return FALSE;
}

/* The name of half an instance, in which there is no room, tells the user nothing. */
VqInstance *
vq_instance_create (VqPrivateDir *place, const char *name, VqInstanceRecord *record, GError **error)
{
  g_autoptr (VqInstance) instance = instance_new (place, name, record);
  g_autoptr (GError) why = NULL;

  if (!vq_instance_name_check (name, error))
    return NULL;
  if (make (instance, &why))
    {
      vq_instance_event_add (instance, VQ_INSTANCE_EVENT_CREATED, NULL);
      return g_steal_pointer (&instance);
    }
  if (vq_error_get_code (why) == VQ_ERROR_NO_ROOM)
    vq_error_set (
        error, VQ_ERROR_NO_ROOM,
        "there is no room for an instance in %s: free some, or set VIRT_QEMU_STATE_DIR to "
        "another directory",
        vq_private_dir_get_path (place));
  else
    g_propagate_error (error, g_steal_pointer (&why));
  return NULL;
}

/* Opens the directory, and the lock if we have none. */
static gboolean
open_dir (VqInstance *instance, gboolean damaged, GError **error)
{
  g_autoptr (GError) why = NULL;

  instance->dir = vq_private_dir_open_child (instance->place, instance->name, &why);
  if (instance->dir != NULL && instance->lock_fd < 0)
    instance->lock_fd = vq_private_dir_open_file (instance->dir, LOCK, O_RDWR, &why);
  if (instance->dir != NULL && instance->lock_fd >= 0)
    instance->record = vq_instance_record_read (instance->dir, &why);
  if (instance->record != NULL || (damaged && instance->lock_fd >= 0))
    return TRUE;
  if (instance->dir == NULL ? vq_error_is_missing (why)
                            : !vq_private_dir_is_current (instance->dir))
    return fail_missing (instance->name, error);
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

VqInstance *
vq_instance_open_locked (VqPrivateDir *place, const char *name, int lock_fd, GError **error)
{
  g_autoptr (VqInstance) instance = instance_new (place, name, NULL);

  instance->lock_fd = lock_fd;
  if (!vq_instance_name_check (name, error) || !open_dir (instance, FALSE, error))
    return NULL;
  return g_steal_pointer (&instance);
}

VqInstance *
vq_instance_open_damaged (VqPrivateDir *place, const char *name, GError **error)
{
  g_autoptr (VqInstance) instance = instance_new (place, name, NULL);

  if (!vq_instance_name_check (name, error) || !open_dir (instance, TRUE, error))
    return NULL;
  return g_steal_pointer (&instance);
}

VqInstance *
vq_instance_open (VqPrivateDir *place, const char *name, GError **error)
{
  return vq_instance_open_locked (place, name, -1, error);
}

gboolean
vq_instance_lock (VqInstance *instance, GError **error)
{
  gboolean taken;

  if (!vq_use_lock_take (instance->lock_fd, VQ_USE_EXCLUSIVE, &taken, error))
    return FALSE;
  if (!taken)
    return vq_error_set (error, VQ_ERROR_BUSY, "the instance \"%s\" runs", instance->name);
  return vq_private_dir_is_current (instance->dir) || fail_missing (instance->name, error);
}

/* No event tells when the lock is free, and it need not be free for long. */
gboolean
vq_instance_lock_soon (VqInstance *instance, VqCancel *cancel, GError **error)
{
  gint64 deadline = vq_deadline_in (END_SECONDS);

  for (;;)
    {
      g_autoptr (GError) why = NULL;

      if (vq_instance_lock (instance, &why))
        return TRUE;
      if (!g_error_matches (why, VQ_ERROR, VQ_ERROR_BUSY) || g_get_monotonic_time () > deadline)
        {
          g_propagate_error (error, g_steal_pointer (&why));
          return FALSE;
        }
      if (!vq_wait_pause (END_MS, cancel, error))
        return FALSE;
    }
}

void
vq_instance_unlock (VqInstance *instance)
{
  vq_fd_clear (&instance->lock_fd);
}

int
vq_instance_get_lock_fd (VqInstance *instance)
{
  return instance->lock_fd;
}

gboolean
vq_instance_is_running (VqInstance *instance)
{
  return vq_use_lock_is_held (instance->lock_fd);
}

gboolean
vq_instance_set_stopped_error (VqInstance *instance, GError **error)
{
  g_autofree char *reason
      = vq_instance_is_running (instance) ? NULL : vq_instance_reason_read (instance->dir);
  g_autofree char *why
      = reason != NULL ? g_strdup_printf (" (it has stopped: %s)", reason) : g_strdup ("");

  return vq_error_set (error, VQ_ERROR_BUSY,
                       "the instance \"%s\" does not run%s: \"virt-qemu start %s\" starts it",
                       instance->name, why, instance->name);
}

void
vq_instance_await_stop (VqInstance *instance)
{
  vq_use_lock_await (instance->lock_fd);
}

const char *
vq_instance_get_name (VqInstance *instance)
{
  return instance->name;
}

VqPrivateDir *
vq_instance_get_place (VqInstance *instance)
{
  return instance->place;
}

VqPrivateDir *
vq_instance_get_dir (VqInstance *instance)
{
  return instance->dir;
}

VqInstanceRecord *
vq_instance_get_record (VqInstance *instance)
{
  return instance->record;
}

/* If its supervisor was killed, the directory of its sockets is still there. */
gboolean
vq_instance_remove (VqInstance *instance, GError **error)
{
  g_autofree char *half = make_half_name ();

  vq_instance_socket_remove_dir (instance);
  if (!vq_private_dir_rename (instance->dir, instance->place, half, error))
    return FALSE;
  vq_instance_event_add (instance, VQ_INSTANCE_EVENT_DELETED, NULL);
  return vq_private_dir_remove_child (instance->place, half, LOCK, error);
}

char **
vq_instance_list (VqPrivateDir *place, GError **error)
{
  g_auto (GStrv) all = vq_private_dir_list (place, error);
  GStrvBuilder *builder;
  char **names;

  if (all == NULL)
    return NULL;
  builder = g_strv_builder_new ();
  for (char **name = all; *name != NULL; name++)
    if ((*name)[0] != '.')
      g_strv_builder_add (builder, *name);
  names = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);
  return names;
}

/* Whether no process has the lock of the directory NAME, which is half of an instance; *LOCK_FD has
 * it then. */
static gboolean
is_left_half (VqPrivateDir *place, const char *name, int *lock_fd)
{
  g_autoptr (VqPrivateDir) dir = vq_private_dir_open_child (place, name, NULL);
  gboolean taken = FALSE;

  if (dir == NULL)
    return FALSE;
  *lock_fd = vq_private_dir_open_file (dir, LOCK, O_RDWR, NULL);
  return *lock_fd < 0 || (vq_use_lock_take (*lock_fd, VQ_USE_EXCLUSIVE, &taken, NULL) && taken);
}

static gboolean
sweep_half (VqPrivateDir *place, const char *name)
{
  vq_autofd int lock_fd = -1;

  return is_left_half (place, name, &lock_fd)
         && vq_private_dir_remove_child (place, name, LOCK, NULL);
}

/* If its supervisor was killed, an ephemeral one goes as a whole; another one keeps what is not for
 * running. */
static gboolean
sweep_instance (VqPrivateDir *place, const char *name)
{
  g_autoptr (VqInstance) instance = vq_instance_open (place, name, NULL);

  if (instance == NULL || (!instance->record->ephemeral && !vq_instance_socket_has_dir (instance))
      || !vq_instance_lock (instance, NULL))
    return FALSE;
  vq_instance_socket_remove_dir (instance);
  return instance->record->ephemeral && vq_instance_remove (instance, NULL);
}

static gboolean
sweep_one (VqPrivateDir *place, const char *name)
{
  return g_str_has_prefix (name, HALF) ? sweep_half (place, name) : sweep_instance (place, name);
}

char **
vq_instance_sweep (VqPrivateDir *place)
{
  g_autoptr (VqLockFile) lock
      = vq_lock_file_wait (place, PLACE_LOCK, vq_deadline_in (PLACE_LOCK_SECONDS), NULL, NULL);
  g_auto (GStrv) names = lock != NULL ? vq_private_dir_list (place, NULL) : NULL;
  g_autoptr (GPtrArray) swept = g_ptr_array_new ();

  for (char **name = names; name != NULL && *name != NULL; name++)
    if (sweep_one (place, *name))
      g_ptr_array_add (swept, g_strdup (*name));
  g_ptr_array_add (swept, NULL);
  return (char **)g_ptr_array_free (g_steal_pointer (&swept), FALSE);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "disk/rbd-work.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/random.h"
#include "disk/rbd-error.h"
#include "image/qemu-img.h"
#include "io/child.h"

#define STEP_SECONDS 30
#define ENCRYPT_SECONDS 300
#define UNDO_SECONDS 60
#define PAUSE 2000 /* milliseconds */

struct _VqRbdWork
{
  GPtrArray *undo; /* of char **: command lines, the last of them first */
};

gboolean
vq_rbd_work_check (VqCancel *cancel, GError **error)
{
  /* The driver reads this file before it looks for a cluster. */
  const char *const arguments[] = { "info", "rbd:x/x:conf=/nonexistent/ceph.conf", NULL };
  g_autofree char *program = g_find_program_in_path ("rbd");
  g_autoptr (GError) why = NULL;

  if (program == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "there is no program rbd: install the package ceph-common");
  if (!vq_qemu_img_run (arguments, NULL, vq_deadline_in (STEP_SECONDS), cancel, &why)
      && strstr (why->message, "Unknown protocol") != NULL)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "QEMU has no driver for Ceph: install the package qemu-block-extra");
  return TRUE;
}

VqRbdWork *
vq_rbd_work_new (void)
{
  VqRbdWork *work = g_new0 (VqRbdWork, 1);

  work->undo = g_ptr_array_new ();
  return work;
}

/* "PROGRAM [--id USER] [-c FILE]". Transfer full. */
static GPtrArray *
begin (const char *program, const VqRbdName *name)
{
  GPtrArray *argv = g_ptr_array_new_with_free_func (g_free);

  g_ptr_array_add (argv, g_strdup (program));
  if (name->id != NULL)
    g_ptr_array_add (argv, g_strconcat ("--id=", name->id, NULL));
  if (name->conf != NULL)
    g_ptr_array_add (argv, g_strconcat ("--conf=", name->conf, NULL));
  return argv;
}

/* The command line of rbd for WORDS, which end with NULL. Transfer full. */
static char **
build (const VqRbdName *name, const char *const *words)
{
  GPtrArray *argv = begin ("rbd", name);

  for (; *words != NULL; words++)
    g_ptr_array_add (argv, g_strdup (*words));
  g_ptr_array_add (argv, NULL);
  return (char **)g_ptr_array_free (argv, FALSE);
}

/* The exit status of rbd is an errno. */
static int
get_errno (int status)
{
  return WIFEXITED (status) ? WEXITSTATUS (status) : 0;
}

/* Runs WORDS. KEEP_FD is open in rbd, too; -1: there is none. */
static gboolean
run (const VqRbdName *name, const char *const *words, int keep_fd, int seconds, VqCancel *cancel,
     GError **error)
{
  g_auto (GStrv) argv = build (name, words);
  g_autoptr (GError) why = NULL;
  int status = 0;
  const VqChildOptions options = {
    .stdout_fd = -1, .wait_status = &status, .keep_fds = &keep_fd, .n_keep_fds = keep_fd >= 0
  };

  if (vq_child_run ((const char *const *)argv, &options, NULL, vq_deadline_in (seconds), cancel,
                    &why))
    return TRUE;
  if (get_errno (status) != 0)
    vq_rbd_error_explain (why, get_errno (status), name);
  if (get_errno (status) == EEXIST)
    why->code = VQ_ERROR_EXISTS;
  if (get_errno (status) == ETIMEDOUT)
    why->code = VQ_ERROR_TIMEOUT;
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

/* Runs WORDS, and remembers UNDO. What a cluster has not answered in time it may do all the same,
 * when it is back. */
static gboolean
take_step (VqRbdWork *work, const VqRbdName *name, const char *const *words,
           const char *const *undo, VqCancel *cancel, GError **error)
{
  g_autoptr (GError) why = NULL;
  gboolean taken = run (name, words, -1, STEP_SECONDS, cancel, &why);

  if (taken || vq_error_is_timeout (why))
    g_ptr_array_add (work->undo, build (name, undo));
  if (!taken)
    g_propagate_error (error, g_steal_pointer (&why));
  return taken;
}

/* A QEMU that was killed counts as a user of its image for half a minute more; nothing tells when
 * that is over. */
static gboolean
try_undo (const char *const *argv, GError **error)
{
  gint64 deadline = vq_deadline_in (UNDO_SECONDS);
  int status;
  const VqChildOptions options = { .stdout_fd = -1, .wait_status = &status };

  for (;;)
    {
      g_autoptr (GError) why = NULL;

      status = 0;
      if (vq_child_run (argv, &options, NULL, vq_deadline_in (STEP_SECONDS), NULL, &why))
        return TRUE;
      if (get_errno (status) != EBUSY || vq_deadline_left (deadline) <= 0
          || !vq_wait_pause (PAUSE, NULL, NULL))
        {
          vq_rbd_error_explain (why, get_errno (status), NULL);
          if (get_errno (status) == ETIMEDOUT)
            why->code = VQ_ERROR_TIMEOUT;
          g_propagate_error (error, g_steal_pointer (&why));
          return FALSE;
        }
    }
}

/* The step that is undone next; NULL if all is. Transfer full. */
static char **
take_undo (VqRbdWork *work)
{
  return work->undo->len > 0 ? g_ptr_array_remove_index (work->undo, work->undo->len - 1) : NULL;
}

/* Adds what the user can say in a shell to undo the step ARGV, after the steps that are in LINES.
 */
static void
add_line (GString *lines, char **argv)
{
  g_autofree char *line = g_strjoinv (" ", argv);

  g_string_append_printf (lines, "%s%s", lines->len > 0 ? "; " : "", line);
}

/* The step ARGV is not undone because of WHY. A cluster that does not answer would let us wait as
 * long for each of the others, so they are left, too. */
static void
tell_what_stays (VqRbdWork *work, char **argv, const GError *why)
{
  g_autoptr (GString) lines = g_string_new (NULL);

  add_line (lines, argv);
  while (vq_error_is_timeout (why) && (argv = take_undo (work)) != NULL)
    {
      add_line (lines, argv);
      g_strfreev (argv);
    }
  g_warning ("something of ours stays in Ceph: %s; later you can try: %s", why->message,
             lines->str);
}

void
vq_rbd_work_undo (VqRbdWork *work)
{
  char **argv;

  while ((argv = take_undo (work)) != NULL)
    {
      g_autoptr (GError) error = NULL;

      if (!try_undo ((const char *const *)argv, &error))
        tell_what_stays (work, argv, error);
      g_strfreev (argv);
    }
}

void
vq_rbd_work_free (VqRbdWork *work)
{
  if (work == NULL)
    return;
  vq_rbd_work_undo (work);
  g_ptr_array_unref (work->undo);
  g_free (work);
}

gboolean
vq_rbd_work_create (VqRbdWork *work, const VqRbdName *name, guint64 size, VqCancel *cancel,
                    GError **error)
{
  g_autofree char *spec = vq_rbd_name_get_spec (name);
  g_autofree char *bytes = g_strdup_printf ("%" G_GUINT64_FORMAT "B", size);
  const char *const words[] = { "create", "--image-format=2", "--size", bytes, spec, NULL };
  const char *const undo[] = { "rm", "--no-progress", spec, NULL };

  return take_step (work, name, words, undo, cancel, error);
}

gboolean
vq_rbd_work_encrypt (VqRbdWork *work, const VqRbdName *name, const char *format,
                     const VqDiskSecret *secret, VqCancel *cancel, GError **error)
{
  vq_autofd int fd = vq_disk_secret_open (secret, error);
  g_autofree char *path = g_strdup_printf ("/dev/fd/%d", fd);
  g_autofree char *spec = vq_rbd_name_get_spec (name);
  const char *const words[] = { "encryption", "format", spec, format, path, NULL };

  return fd >= 0 && run (name, words, fd, ENCRYPT_SECONDS, cancel, error);
}

/* A name for a snapshot that nobody else has. NULL on failure. */
static char *
name_snapshot (const VqRbdName *parent, GError **error)
{
  guint64 number;

  if (!vq_random_fill ((guint8 *)&number, sizeof number, error))
    return NULL;
  return g_strdup_printf ("%s/%s@virt-qemu-%016" G_GINT64_MODIFIER "x", parent->pool, parent->image,
                          number);
}

gboolean
vq_rbd_work_clone (VqRbdWork *work, const VqRbdName *parent, const VqRbdName *name,
                   VqCancel *cancel, GError **error)
{
  g_autofree char *snapshot = name_snapshot (parent, error);
  g_autofree char *spec = vq_rbd_name_get_spec (name);
  const char *const make[] = { "snap", "create", "--no-progress", snapshot, NULL };
  const char *const remove[] = { "snap", "rm", "--no-progress", snapshot, NULL };
  const char *const protect[] = { "snap", "protect", snapshot, NULL };
  const char *const unprotect[] = { "snap", "unprotect", snapshot, NULL };
  const char *const clone[] = { "clone", snapshot, spec, NULL };
  const char *const remove_clone[] = { "rm", "--no-progress", spec, NULL };

  return snapshot != NULL && take_step (work, parent, make, remove, cancel, error)
         && take_step (work, parent, protect, unprotect, cancel, error)
         && take_step (work, parent, clone, remove_clone, cancel, error);
}

gboolean
vq_rbd_work_grow (VqRbdWork *work, const VqRbdName *name, guint64 size, VqCancel *cancel,
                  GError **error)
{
  g_autofree char *spec = vq_rbd_name_get_spec (name);
  g_autofree char *bytes = g_strdup_printf ("%" G_GUINT64_FORMAT "B", size);
  const char *const words[] = { "resize", "--no-progress", "--size", bytes, spec, NULL };

  return run (name, words, -1, STEP_SECONDS, cancel, error);
}

gboolean
vq_rbd_work_look_for (const VqRbdName *name, VqCancel *cancel, GError **error)
{
  g_autofree char *spec = vq_rbd_name_get_spec (name);
  const char *const words[] = { "info", spec, NULL };

  return run (name, words, -1, STEP_SECONDS, cancel, error);
}

gboolean
vq_rbd_work_look_at_cache (const VqRbdName *name, gboolean *used, VqCancel *cancel, GError **error)
{
  g_autoptr (GPtrArray) argv = begin ("ceph-conf", name);
  g_autofree char *value = NULL;

  g_ptr_array_add (argv, g_strdup ("--show-config-value"));
  g_ptr_array_add (argv, g_strdup ("rbd_cache"));
  g_ptr_array_add (argv, NULL);
  if (!vq_child_run ((const char *const *)argv->pdata, NULL, &value, vq_deadline_in (STEP_SECONDS),
                     cancel, error))
    return FALSE;
  *used = !g_str_equal (g_strstrip (value), "false");
  return TRUE;
}

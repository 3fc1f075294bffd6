// SPDX-License-Identifier: GPL-2.0-or-later
#include "client/file-transfer.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "channel/channel-capture.h"
#include "copy/copy.h"

static const char set_owner[] =
#include "client/set-owner.sh.inc"
    ;

/* One file or tree. */
typedef struct
{
  char *from, *to;
} Step;

static void
step_free (Step *step)
{
  g_free (step->from);
  g_free (step->to);
  g_free (step);
}

static gint64
no_deadline (void)
{
  return vq_deadline_in (G_MAXDOUBLE);
}

/* PATH without the slashes at its end; "/" stays. Transfer full. */
static char *
strip_slashes (const char *path)
{
  char *stripped = g_strdup (path);

  for (gsize n = strlen (stripped); n > 1 && stripped[n - 1] == '/'; n--)
    stripped[n - 1] = '\0';
  return stripped;
}

/* Where FROM belongs in DIRECTORY. What has no name of its own belongs to its place, as for cp. */
static char *
place_in (const char *directory, const char *from)
{
  g_autofree char *name = g_path_get_basename (from);

  if (strcmp (name, ".") == 0 || strcmp (name, "..") == 0 || strcmp (name, "/") == 0)
    return strip_slashes (directory);
  return g_build_filename (directory, name, NULL);
}

/* A tree is copied to a directory, and for vq_copy both of their names end in "/". */
static void
mark_as_tree (char **path)
{
  g_autofree char *plain = g_steal_pointer (path);

  *path = strcmp (plain, "/") == 0 ? g_strdup (plain) : g_strconcat (plain, "/", NULL);
}

static gboolean
check_directory (const VqFileTransfer *transfer, const char *path, GError **error)
{
  if (!transfer->recursive)
    return vq_error_set (error, VQ_ERROR_USAGE, "%s is a directory: copy it with -r", path);
  return *transfer->mode == '\0'
         || vq_error_set (error, VQ_ERROR_USAGE,
                          "%s is a directory: --mode is for files, and those in a directory keep "
                          "their modes",
                          path);
}

/* Plans the copy of the host's SOURCE. NULL if it cannot be copied. */
static Step *
plan_push (const VqFileTransfer *transfer, const char *source, gboolean into, GError **error)
{
  g_autofree char *from = strip_slashes (source);
  g_autofree char *to = into ? place_in (transfer->target, from) : g_strdup (transfer->target);
  GStatBuf info;
  Step *step;

  if (g_stat (from, &info) != 0)
    {
      vq_error_set (error, errno == ENOENT ? VQ_ERROR_MISSING : VQ_ERROR_FAILED,
                    "cannot read %s: %s", from, g_strerror (errno));
      return NULL;
    }
  if (S_ISDIR (info.st_mode) && !check_directory (transfer, from, error))
    return NULL;
  if (S_ISDIR (info.st_mode))
    {
      mark_as_tree (&from);
      mark_as_tree (&to);
    }
  step = g_new (Step, 1);
  *step = (Step){ g_steal_pointer (&from), g_steal_pointer (&to) };
  return step;
}

/* Plans all copies, before anything is made in the machine. */
static GPtrArray *
plan_pushes (const VqFileTransfer *transfer, gboolean into, GError **error)
{
  g_autoptr (GPtrArray) steps = g_ptr_array_new_with_free_func ((GDestroyNotify)step_free);

  for (const char *const *source = transfer->sources; *source != NULL; source++)
    {
      Step *step = plan_push (transfer, *source, into, error);

      if (step == NULL)
        return NULL;
      g_ptr_array_add (steps, step);
    }
  return g_steal_pointer (&steps);
}

static gboolean
make_parents (VqChannel *channel, const VqFileTransfer *transfer, gboolean into, VqCancel *cancel,
              GError **error)
{
  g_autofree char *directory
      = into ? g_strdup (transfer->target) : g_path_get_dirname (transfer->target);
  const char *const argv[] = { "mkdir", "-p", "--", directory, NULL };

  return !transfer->parents
         || vq_channel_capture (channel, argv, NULL, no_deadline (), cancel, error);
}

/* Sets the owner and the mode of all copies with one command. */
static gboolean
settle (VqChannel *channel, const VqFileTransfer *transfer, GPtrArray *steps, VqCancel *cancel,
        GError **error)
{
  const char *const words[] = { "sh", "-ec", set_owner, "sh", transfer->owner, transfer->mode };
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();

  if (*transfer->owner == '\0' && *transfer->mode == '\0')
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    g_ptr_array_add (argv, (gpointer)words[i]);
  for (guint i = 0; i < steps->len; i++)
    g_ptr_array_add (argv, ((Step *)steps->pdata[i])->to);
  g_ptr_array_add (argv, NULL);
  return vq_channel_capture (channel, (const char *const *)argv->pdata, NULL, no_deadline (),
                             cancel, error);
}

/* Fails with WHY, which is taken over, or with what it comes from if that is easy to say. */
static gboolean
explain_refusal (VqChannel *channel, const char *to, GError *why, VqCancel *cancel, GError **error)
{
  static const char script[]
      = "if test ! -d \"$2\"; then echo m; elif test -d \"$1\"; then echo d; fi";
  g_autofree char *plain = strip_slashes (to);
  g_autofree char *above = g_path_get_dirname (plain);
  const char *const argv[] = { "sh", "-c", script, "sh", plain, above, NULL };
  g_autofree char *answer = NULL;
  g_autoptr (GError) own = why;

  if (g_error_matches (why, VQ_ERROR, VQ_ERROR_PEER)
      && vq_channel_capture (channel, argv, &answer, no_deadline (), cancel, NULL))
    {
      if (answer[0] == 'm')
        return vq_error_set (error, VQ_ERROR_MISSING,
                             "there is no directory %s in the machine: make it with -p", above);
      if (answer[0] == 'd' && !g_str_has_suffix (to, "/"))
        return vq_error_set (error, VQ_ERROR_EXISTS,
                             "%s is a directory in the machine: end it in \"/\" to copy into it",
                             plain);
    }
  g_propagate_error (error, g_steal_pointer (&own));
  return FALSE;
}

gboolean
vq_file_transfer_push (VqChannel *channel, const VqFileTransfer *transfer, VqCancel *cancel,
                       GError **error)
{
  gboolean into = transfer->sources[1] != NULL || g_str_has_suffix (transfer->target, "/");
  g_autoptr (GPtrArray) steps = plan_pushes (transfer, into, error);

  if (steps == NULL || !make_parents (channel, transfer, into, cancel, error))
    return FALSE;
  for (guint i = 0; i < steps->len; i++)
    {
      const Step *step = steps->pdata[i];
      GError *why = NULL;

      if (!vq_copy_down (channel, step->from, step->to, NULL, no_deadline (), cancel, &why))
        return explain_refusal (channel, step->to, why, cancel, error);
    }
  return settle (channel, transfer, steps, cancel, error);
}

/* Asks the machine whether PATH is a directory, and for that of which mode. Fails if it does not
 * exist. */
static gboolean
look_up (VqChannel *channel, const char *path, gboolean *directory, mode_t *mode, VqCancel *cancel,
         GError **error)
{
  static const char script[] = "if test -d \"$1\"; then stat -L -c d%a -- \"$1\"; "
                               "elif test -e \"$1\" || test -L \"$1\"; then echo f; fi";
  const char *const argv[] = { "sh", "-ec", script, "sh", path, NULL };
  g_autofree char *answer = NULL;

  if (!vq_channel_capture (channel, argv, &answer, no_deadline (), cancel, error))
    return FALSE;
  *directory = answer[0] == 'd';
  *mode = *directory ? g_ascii_strtoull (answer + 1, NULL, 8) & 0777 : 0;
  return answer[0] != '\0'
         || vq_error_set (error, VQ_ERROR_MISSING, "there is no %s in the machine", path);
}

static gboolean
make_host_parents (const VqFileTransfer *transfer, const char *to, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (to);

  return !transfer->parents || g_mkdir_with_parents (directory, 0777) == 0
         || vq_error_set_errno (error, errno, "cannot make %s", directory);
}

/* A new directory is closed to others while it is filled, and then as open as the one in the
 * machine and our umask allow. */
static gboolean
pull_tree (VqChannel *channel, const char *from, const char *to, mode_t mode, VqCancel *cancel,
           GError **error)
{
  gboolean is_new = g_mkdir (to, 0700) == 0;
  mode_t mask = umask (0);

  umask (mask);
  if (!vq_copy_up (channel, from, to, NULL, no_deadline (), cancel, error))
    {
      if (is_new)
        g_rmdir (to); /* which fails if something has arrived */
      return FALSE;
    }
  return !is_new || g_chmod (to, mode & ~mask) == 0
         || vq_error_set_errno (error, errno, "cannot set the mode of %s", to);
}

gboolean
vq_file_transfer_pull (VqChannel *channel, const VqFileTransfer *transfer, VqCancel *cancel,
                       GError **error)
{
  gboolean into = g_str_has_suffix (transfer->target, "/")
                  || g_file_test (transfer->target, G_FILE_TEST_IS_DIR);
  g_autofree char *from = strip_slashes (transfer->sources[0]);
  g_autofree char *to = into ? place_in (transfer->target, from) : g_strdup (transfer->target);
  gboolean directory;
  mode_t mode;

  if (!look_up (channel, from, &directory, &mode, cancel, error)
      || (directory && !check_directory (transfer, from, error))
      || !make_host_parents (transfer, to, error))
    return FALSE;
  if (!directory)
    return vq_copy_up (channel, from, to, NULL, no_deadline (), cancel, error);
  mark_as_tree (&from);
  mark_as_tree (&to);
  return pull_tree (channel, from, to, mode, cancel, error);
}

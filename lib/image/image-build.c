// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image-build.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/programs.h"
#include "image/image-cache.h"
#include "image/image-hold.h"
#include "image/image.h"
#include "io/child.h"
#include "io/line-reader.h"
#include "io/lock-file.h"
#include "io/part-file.h"
#include "io/progress-line.h"

#define PROGRAM "virt-qemu-build"

/* For a program that was told to stop: it removes a directory with a whole system in it. */
#define CLEANUP_SECONDS 60

/* To read the image once more. */
#define DIGEST_SECONDS 600

/* Nobody waits so long. */
#define EVER_SECONDS (100.0 * 24 * 60 * 60)

/* One run of the program. */
typedef struct
{
  char *step; /* what it does now */
  gint64 start;
} Progress;

/* The file that NAME in the cache leads to, or NULL. Transfer full. */
static char *
follow (const char *directory, const char *name)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  char *real = realpath (path, NULL);
  char *copy = real != NULL && g_file_test (real, G_FILE_TEST_IS_REGULAR) ? g_strdup (real) : NULL;

  free (real);
  return copy;
}

char *
vq_image_build_find (const VqOsName *os)
{
  g_autofree char *directory = vq_image_cache_get_directory ();
  g_autofree char *file = vq_os_name_get_file (os);

  return follow (directory, file);
}

static gboolean
show_progress (gpointer data)
{
  const Progress *progress = data;
  g_autofree char *line = g_strdup_printf (
      "%3" G_GINT64_FORMAT " s: %s", (g_get_monotonic_time () - progress->start) / G_USEC_PER_SEC,
      progress->step != NULL ? progress->step : "");

  vq_progress_line_show (line);
  return G_SOURCE_CONTINUE;
}

/* Tells what the program says on FD, until it has said all. */
static gboolean
tell_steps (int fd, VqCancel *cancel, GError **error)
{
  g_autoptr (VqLineReader) reader = vq_line_reader_new (fd);
  Progress progress = { NULL, g_get_monotonic_time () };
  guint id = g_timeout_add_seconds (1, show_progress, &progress);
  gboolean good;
  char *line;

  while ((good = vq_line_reader_next (reader, &line, cancel, error)) && line != NULL)
    {
      g_message ("%s", line);
      g_free (progress.step);
      progress.step = line;
    }
  g_source_remove (id);
  vq_progress_line_clear ();
  g_free (progress.step);
  return good;
}

/* Follows CHILD to its end. */
static gboolean
await_child (VqChild *child, int fd, VqCancel *cancel, GError **error)
{
  if (tell_steps (fd, cancel, error)
      && vq_child_wait (child, vq_deadline_in (EVER_SECONDS), cancel, error))
    return vq_child_check_success (child, error);
  vq_child_kill (child, SIGTERM);
  if (!vq_child_wait (child, vq_deadline_in (CLEANUP_SECONDS), NULL, NULL))
    g_warning (PROGRAM " does not end: look for its files, virt-qemu-build.*, in $TMPDIR or /tmp");
  return FALSE;
}

/* The command line. Words belong to the caller, or to OWNED. */
static GPtrArray *
build_argv (const char *program, const VqOsName *os, const char *const *words, const char *path,
            GPtrArray *owned)
{
  GPtrArray *argv = g_ptr_array_new ();

  g_ptr_array_add (owned, g_strconcat ("--distro=", os->distro, NULL));
  g_ptr_array_add (owned, g_strconcat ("--release=", os->series, NULL));
  g_ptr_array_add (owned, g_strconcat ("--arch=", os->arch, NULL));
  g_ptr_array_add (argv, (gpointer)program);
  for (guint i = 0; i < owned->len; i++)
    g_ptr_array_add (argv, owned->pdata[i]);
  for (; words != NULL && *words != NULL; words++)
    g_ptr_array_add (argv, (gpointer)*words);
  g_ptr_array_add (argv, (gpointer)path);
  g_ptr_array_add (argv, NULL);
  return argv;
}

static gboolean
run_program (const VqOsName *os, const char *const *words, const char *path, VqCancel *cancel,
             GError **error)
{
  g_autofree char *program = vq_programs_find (PROGRAM, error);
  g_autoptr (GPtrArray) owned = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) argv = build_argv (program, os, words, path, owned);
  VqChildOptions options = { 0 };
  g_autoptr (VqChild) child = NULL;
  int ends[2];
  vq_autofd int out = -1;

  if (program == NULL || !g_unix_open_pipe (ends, FD_CLOEXEC, error))
    return FALSE;
  out = ends[0];
  options.stdout_fd = ends[1];
  child = vq_child_spawn ((const char *const *)argv->pdata, &options, error);
  close (ends[1]);
  return child != NULL && await_child (child, out, cancel, error);
}

/* What is wrong with it is not wrong with the command line. */
static gboolean
check_image (const char *path, GError **error)
{
  g_autoptr (GError) why = NULL;
  g_autoptr (VqImage) image
      = vq_image_inspect (path, VQ_IMAGE_BOOT, (const char *const[]){ NULL }, &why);

  return image != NULL
         || vq_error_set (error, VQ_ERROR_FAILED, "the image is not good: %s", why->message);
}

/* Makes the part for the file TARGET. */
static VqPartFile *
make_image (const VqOsName *os, const VqImageBuildOptions *options, const char *target,
            VqCancel *cancel, GError **error)
{
  g_autofree char *name = vq_os_name_describe (os);
  VQ_ERROR_PREFIX (error, "cannot build %s", name);
  g_autoptr (VqPartFile) part = vq_part_file_new (target, error);
  const char *path = part != NULL ? vq_part_file_get_path (part) : NULL;

  return part != NULL && run_program (os, options->words, path, cancel, error)
                 && check_image (path, error)
             ? g_steal_pointer (&part)
             : NULL;
}

static gboolean
exists (const char *path, GError **error)
{
  return vq_error_set (error, VQ_ERROR_EXISTS, "%s exists already: --replace builds it anew", path);
}

static char *
make_output (const VqOsName *os, const VqImageBuildOptions *options, VqCancel *cancel,
             GError **error)
{
  g_autofree char *target = vq_path_make_absolute (options->output, error);
  g_autoptr (VqPartFile) part = NULL;

  if (target == NULL
      || (!options->replace && g_file_test (target, G_FILE_TEST_EXISTS) && !exists (target, error)))
    return NULL;
  part = make_image (os, options, target, cancel, error);
  return part != NULL && vq_part_file_commit (part, NULL, options->replace, error)
             ? g_steal_pointer (&target)
             : NULL;
}

static VqLockFile *
wait_for_turn (VqPrivateDir *dir, const VqOsName *os, VqCancel *cancel, GError **error)
{
  g_autofree char *name = vq_os_name_describe (os);
  g_autofree char *file = vq_os_name_get_file (os);
  g_autofree char *lock_name = g_strconcat (file, ".lock", NULL);
  VqLockFile *lock;

  if (!vq_lock_file_try (dir, lock_name, &lock, error) || lock != NULL)
    return lock;
  g_message ("another process is building %s: waiting for it", name);
  return vq_lock_file_wait (dir, lock_name, vq_deadline_in (EVER_SECONDS), cancel, error);
}

/* The name under which the cache keeps the file PATH. Transfer full. */
static char *
make_digest_name (const char *path, VqCancel *cancel, GError **error)
{
  const char *const argv[] = { "sha256sum", path, NULL };
  g_autofree char *out = NULL;

  return vq_child_run (argv, NULL, &out, vq_deadline_in (DIGEST_SECONDS), cancel, error)
             ? g_strdup_printf ("sha256-%.64s.qcow2", out)
             : NULL;
}

/* Makes LINK lead to FILE, in place of what it has led to. */
static gboolean
make_link (VqPrivateDir *dir, const char *file, const char *link, GError **error)
{
  g_autofree char *new_link = g_strconcat (link, ".new", NULL);
  int fd = vq_private_dir_get_fd (dir);

  if (unlinkat (fd, new_link, 0) != 0 && errno != ENOENT)
    return vq_error_set_errno (error, errno, "cannot remove %s", new_link);
  return (symlinkat (file, fd, new_link) == 0 && renameat (fd, new_link, fd, link) == 0
          && fsync (fd) == 0)
         || vq_error_set_errno (error, errno, "cannot make %s in %s", link,
                                vq_private_dir_get_path (dir));
}

/* Removes an image that has no name any more, unless somebody uses it; then it is for "image prune"
 * to do. */
static void
remove_old (const char *path)
{
  g_autofree char *lock = g_strconcat (path, VQ_IMAGE_HOLD_SUFFIX, NULL);
  g_autofree char *user = NULL;
  vq_autofd int fd = -1;

  if (!vq_image_hold_take_alone (path, &fd, &user, NULL) || fd < 0)
    return;
  unlink (path);
  unlink (lock);
}

/* Gives the image the name of its digest, with the file beside it that those lock who use it, and
 * makes LINK lead to it. So an older image stays as long as somebody needs it. */
static gboolean
keep (VqPrivateDir *dir, VqPartFile *part, const char *link, VqCancel *cancel, GError **error)
{
  g_autofree char *file = make_digest_name (vq_part_file_get_path (part), cancel, error);
  g_autofree char *path = file != NULL ? vq_private_dir_join (dir, file) : NULL;
  g_autofree char *lock = g_strconcat (file, VQ_IMAGE_HOLD_SUFFIX, NULL);
  vq_autofd int fd
      = file != NULL ? vq_private_dir_open_file (dir, lock, O_RDWR | O_CREAT, error) : -1;

  if (fd < 0)
    return FALSE;
  if (fchmod (vq_part_file_get_fd (part), 0400) != 0)
    return vq_error_set_errno (error, errno, "cannot protect %s", path);
  return vq_part_file_commit (part, path, TRUE, error) && make_link (dir, file, link, error);
}

/* Who has waited for another process takes what that has built. */
static char *
make_cached (const VqOsName *os, const VqImageBuildOptions *options, VqCancel *cancel,
             GError **error)
{
  g_autoptr (VqPrivateDir) dir = vq_image_cache_open (error);
  g_autofree char *link = vq_os_name_get_file (os);
  g_autofree char *target = dir != NULL ? vq_private_dir_join (dir, link) : NULL;
  g_autoptr (VqLockFile) lock = dir != NULL ? wait_for_turn (dir, os, cancel, error) : NULL;
  char *path = lock != NULL && !options->replace ? vq_image_build_find (os) : NULL;
  g_autofree char *old = lock != NULL ? vq_image_build_find (os) : NULL;
  g_autoptr (VqPartFile) part = NULL;

  if (lock == NULL || path != NULL)
    return path;
  part = make_image (os, options, target, cancel, error);
  if (part == NULL || !keep (dir, part, link, cancel, error))
    return NULL;
  path = vq_image_build_find (os);
  if (old != NULL && g_strcmp0 (old, path) != 0)
    remove_old (old);
  if (path == NULL)
    vq_error_set (error, VQ_ERROR_MISSING, "%s was removed as soon as it was built", target);
  return path;
}

char *
vq_image_build (const VqOsName *os, const VqImageBuildOptions *options, VqCancel *cancel,
                GError **error)
{
  g_autofree char *found = NULL;

  if (options->output != NULL)
    return make_output (os, options, cancel, error);
  found = options->replace ? NULL : vq_image_build_find (os);
  if (found == NULL)
    return make_cached (os, options, cancel, error);
  if (options->words != NULL && options->words[0] != NULL && !exists (found, error))
    return NULL;
  return g_steal_pointer (&found);
}

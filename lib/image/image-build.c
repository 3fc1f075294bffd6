// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image-build.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/programs.h"
#include "image/image-cache.h"
#include "image/image-store.h"
#include "image/image.h"
#include "io/child.h"
#include "io/line-reader.h"
#include "io/part-file.h"
#include "io/progress.h"

#define PROGRAM "virt-qemu-build"

/* Its exit status then. */
#define WRONG_COMMAND_LINE 64

/* For a program that was told to stop: it removes a directory with a whole system in it. */
#define CLEANUP_SECONDS 60

/* Nobody waits so long. */
#define EVER_SECONDS (100.0 * 24 * 60 * 60)

/* The step that the program is at. */
static char *
say_step (gpointer data)
{
  const char *const *step = data;

  return g_strdup (*step != NULL ? *step : "");
}

/* Tells what the program says on FD, until it has said all. */
static gboolean
tell_steps (int fd, VqCancel *cancel, GError **error)
{
  g_autoptr (VqLineReader) reader = vq_line_reader_new (fd);
  g_autofree char *step = NULL;
  g_autoptr (VqProgress) progress G_GNUC_UNUSED = vq_progress_new (say_step, &step);
  gboolean good;
  char *line;

  while ((good = vq_line_reader_next (reader, &line, cancel, error)) && line != NULL)
    {
      g_message ("%s", line);
      g_free (step);
      step = line;
    }
  return good;
}

/* What the program has said of its end. */
static gboolean
check_end (VqChild *child, GError **error)
{
  int status = vq_child_get_status (child);
  g_autofree char *text = vq_child_get_stderr (child);

  if (WIFEXITED (status) && WEXITSTATUS (status) == WRONG_COMMAND_LINE)
    return vq_error_set (error, VQ_ERROR_USAGE, "%s", text);
  return vq_child_check_success (child, error);
}

/* Follows CHILD to its end. */
static gboolean
await_child (VqChild *child, int fd, VqCancel *cancel, GError **error)
{
  if (tell_steps (fd, cancel, error)
      && vq_child_wait (child, vq_deadline_in (EVER_SECONDS), cancel, error))
    return check_end (child, error);
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

  if (program == NULL || !vq_fd_open_pipe (ends, error))
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

/* Who has waited for another process takes what that has built. */
static char *
make_cached (const VqOsName *os, const VqImageBuildOptions *options, VqCancel *cancel,
             GError **error)
{
  g_autoptr (VqPrivateDir) dir = vq_image_cache_open (error);
  g_autofree char *link = vq_os_name_get_file (os);
  g_autofree char *target = dir != NULL ? vq_private_dir_join (dir, link) : NULL;
  g_autoptr (VqLockFile) lock = dir != NULL ? vq_image_store_lock (dir, os, cancel, error) : NULL;
  g_autofree char *old = lock != NULL ? vq_image_store_find (os) : NULL;
  g_autoptr (VqPartFile) part = NULL;
  char *path;

  if (lock == NULL || (old != NULL && !options->replace))
    return g_steal_pointer (&old);
  part = make_image (os, options, target, cancel, error);
  path = part != NULL ? vq_image_store_keep (dir, os, part, cancel, error) : NULL;
  if (path != NULL && old != NULL && strcmp (old, path) != 0)
    vq_image_store_remove_old (old);
  return path;
}

char *
vq_image_build (const VqOsName *os, const VqImageBuildOptions *options, VqCancel *cancel,
                GError **error)
{
  g_autofree char *found = NULL;

  if (options->output != NULL)
    return make_output (os, options, cancel, error);
  found = options->replace ? NULL : vq_image_store_find (os);
  if (found == NULL)
    return make_cached (os, options, cancel, error);
  if (options->words != NULL && options->words[0] != NULL && !exists (found, error))
    return NULL;
  return g_steal_pointer (&found);
}

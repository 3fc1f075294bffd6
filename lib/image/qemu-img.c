// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/qemu-img.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/text.h"
#include "base/units.h"
#include "image/qemu-img-turn.h"
#include "io/child.h"

#define LIMITS "VIRT_QEMU_IMG_LIMITS"

/* Far above what a good image needs, which is 0.1 s and 200 MB of addresses. */
#define CPU_SECONDS 30
#define ADDRESS_SPACE (G_GUINT64_CONSTANT (1) << 30)

/* qemu-img has up to 64 threads. With a malloc arena of 128 MiB of addresses for each, some of them
 * could not start within the limit, and qemu-img would abort. */
static const char *const program[] = { "env", "LC_ALL=C", "MALLOC_ARENA_MAX=1", "qemu-img", NULL };

gboolean
vq_qemu_img_check (GError **error)
{
  g_autofree char *found = g_find_program_in_path ("qemu-img");

  return found != NULL
         || vq_error_set (error, VQ_ERROR_FAILED,
                          "cannot find qemu-img: install the package qemu-utils");
}

static gboolean
read_limits (VqChildOptions *options, GError **error)
{
  const char *text = g_getenv (LIMITS);
  g_auto (GStrv) words = g_strsplit (text != NULL ? text : "", ",", -1);
  guint64 seconds = CPU_SECONDS;

  options->address_space = ADDRESS_SPACE;
  if (text != NULL && text[0] != '\0'
      && (g_strv_length (words) != 2
          || !g_ascii_string_to_unsigned (words[0], 10, 1, G_MAXINT, &seconds, NULL)
          || !vq_units_parse_size (words[1], &options->address_space, NULL)))
    return vq_error_set (error, VQ_ERROR_USAGE,
                         LIMITS " must be seconds of CPU time and a size, as in 60,2G");
  options->cpu_seconds = seconds;
  return TRUE;
}

/* Removes the "env" of the command line from the message, and the repeated name of the program. */
static void
tidy_message (GError *error)
{
  static const char *const prefixes[] = { "env: ", "qemu-img: " };
  const char *text = error->message;
  char *tidy;

  for (gsize i = 0; i < G_N_ELEMENTS (prefixes); i++)
    if (g_str_has_prefix (text, prefixes[i]))
      text += strlen (prefixes[i]);
  tidy = g_strconcat ("qemu-img: ", text, NULL);
  g_free (error->message);
  error->message = tidy;
}

/* The kernel sends SIGKILL at the limit of CPU time. Where there are no more addresses, glibc's
 * callers or GLib say so. A crash looks different. */
static gboolean
hit_limit (int status, const char *message)
{
  return (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL)
         || strstr (message, "annot allocate memory") != NULL
         || strstr (message, "failed to allocate") != NULL
         || strstr (message, "failed to map segment") != NULL;
}

static void
explain (GError **error, const VqChildOptions *limits, int status)
{
  g_autofree char *memory = vq_units_size_to_string (limits->address_space);

  tidy_message (*error);
  if (vq_error_is_timeout (*error) || vq_error_is_cancelled (*error)
      || !hit_limit (status, (*error)->message))
    return;
  g_clear_error (error);
  vq_error_set (
      error, VQ_ERROR_TIMEOUT,
      "qemu-img needs more than %u s of CPU time or %s of memory for it, and was stopped; "
      "give it more with " LIMITS "=SECONDS,SIZE if you trust the image",
      limits->cpu_seconds, memory);
}

/* Transfer full; the words belong to the caller. */
static GPtrArray *
build_argv (const char *const *arguments)
{
  GPtrArray *argv = g_ptr_array_new ();

  for (const char *const *word = program; *word != NULL; word++)
    g_ptr_array_add (argv, (gpointer)*word);
  for (const char *const *word = arguments; *word != NULL; word++)
    g_ptr_array_add (argv, (gpointer)*word);
  g_ptr_array_add (argv, NULL);
  return argv;
}

static gboolean
run (const char *const *arguments, const VqChildOptions *limits, char **out, gint64 deadline,
     VqCancel *cancel, GError **error)
{
  g_autoptr (GPtrArray) argv = build_argv (arguments);
  VqChildOptions options = *limits;
  int status = 0;
  GError *local = NULL;

  options.wait_status = &status;
  if (vq_child_run ((const char *const *)argv->pdata, &options, out, deadline, cancel, &local))
    return TRUE;
  explain (&local, limits, status);
  g_propagate_error (error, local);
  return FALSE;
}

gboolean
vq_qemu_img_run (const char *const *arguments, char **out, gint64 deadline, VqCancel *cancel,
                 GError **error)
{
  VqChildOptions options = { 0 };

  return vq_qemu_img_check (error) && read_limits (&options, error)
         && run (arguments, &options, out, deadline, cancel, error);
}

gboolean
vq_qemu_img_run_with (const char *const *arguments, int keep_fd, gint64 deadline, VqCancel *cancel,
                      GError **error)
{
  VqChildOptions options = { .keep_fds = &keep_fd, .n_keep_fds = 1 };

  return vq_qemu_img_check (error) && read_limits (&options, error)
         && run (arguments, &options, NULL, deadline, cancel, error);
}

gboolean
vq_qemu_img_work (const char *const *arguments, int progress_fd, int keep_fd, VqCancel *cancel,
                  GError **error)
{
  g_autoptr (GPtrArray) argv = build_argv (arguments);
  VqChildOptions options = { 0 };
  g_autoptr (VqQemuImgTurn) turn = NULL;
  g_autoptr (VqChild) child = NULL;
  GError *local = NULL;

  if (!vq_qemu_img_check (error) || !read_limits (&options, error))
    return FALSE;
  turn = vq_qemu_img_turn_take (cancel, error);
  if (turn == NULL)
    return FALSE;
  options.stdout_fd = progress_fd;
  options.keep_fds = &keep_fd;
  options.n_keep_fds = keep_fd >= 0;
  options.cpu_seconds = 0;
  child = vq_child_spawn ((const char *const *)argv->pdata, &options, error);
  if (child == NULL || !vq_child_wait (child, vq_deadline_in (G_MAXDOUBLE), cancel, error))
    return FALSE;
  if (vq_child_check_success (child, &local))
    return TRUE;
  explain (&local, &options, vq_child_get_status (child));
  g_propagate_error (error, local);
  return FALSE;
}

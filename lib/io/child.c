// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/child.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/inherited.h"
#include "base/text.h"

#define STDERR_KEPT 4096
#define PIPE_READS 32 /* of 4096 bytes: twice what a pipe holds */
#define STDOUT_MAX (1024 * 1024)

struct _VqChild
{
  char *name;
  GPid pid;
  gboolean ended;
  int status;
  guint watch_id;
  int stderr_fd; /* owned */
  guint stderr_id;
  GString *stderr_tail;
  VqChildEnded on_ended;
  gpointer on_ended_data;
};

/* What setup_child needs, which runs between fork and exec. */
typedef struct
{
  pid_t parent;
  VqChildOptions options;
} Setup;

/* Never above the user's own limit. */
static void
set_limit (int resource, guint64 value)
{
  struct rlimit limit;

  if (value == 0 || getrlimit (resource, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max = MIN (value, limit.rlim_cur);
  setrlimit (resource, &limit);
}

static void
setup_child (gpointer data)
{
  const Setup *setup = data;

  setpgid (0, 0);
  if (prctl (PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid () != setup->parent)
    _exit (127);
  vq_inherited_give_back ();
  set_limit (RLIMIT_CPU, setup->options.cpu_seconds);
  set_limit (RLIMIT_AS, setup->options.address_space);
}

static void
keep_stderr (VqChild *child, const char *bytes, gssize n)
{
  vq_text_keep_last (child->stderr_tail, bytes, n, STDERR_KEPT);
  g_debug ("%s: %.*s", child->name, (int)n, bytes);
}

/* Reads once. Returns FALSE at the end of the stream. */
static gboolean
read_stderr (VqChild *child, gboolean *more)
{
  char buffer[4096];
  gssize n = read (child->stderr_fd, buffer, sizeof buffer);

  *more = n > 0;
  if (n > 0)
    keep_stderr (child, buffer, n);
  return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static gboolean
on_stderr (int fd, GIOCondition events, gpointer data)
{
  VqChild *child = data;
  gboolean more;

  if (read_stderr (child, &more))
    return G_SOURCE_CONTINUE;
  child->stderr_id = 0;
  return G_SOURCE_REMOVE;
}

static void
on_end (GPid pid, int status, gpointer data)
{
  VqChild *child = data;
  gboolean more = child->stderr_id != 0;

  child->watch_id = 0;
  child->ended = TRUE;
  child->status = status;
  /* Takes what the child has left in the pipe. This is limited, because a process that the child
   * has started may still be writing and never stop. */
  for (int i = 0; more && i < PIPE_READS; i++)
    read_stderr (child, &more);
  if (child->on_ended != NULL)
    child->on_ended (child, child->on_ended_data);
}

VqChild *
vq_child_spawn (const char *const *argv, const VqChildOptions *options, GError **error)
{
  static const VqChildOptions defaults = { .stdout_fd = -1 };
  Setup setup = { getpid (), options != NULL ? *options : defaults };
  GSpawnFlags flags = G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH | G_SPAWN_CLOEXEC_PIPES;
  g_autofree char *name = g_path_get_basename (argv[0]);
  int stderr_fd = -1;
  GPid pid;
  VqChild *child;

  if (setup.options.stdout_fd < 0)
    flags |= G_SPAWN_STDOUT_TO_DEV_NULL;
  if (!g_spawn_async_with_pipes_and_fds (NULL, argv, NULL, flags, setup_child, &setup, -1,
                                         setup.options.stdout_fd, -1, setup.options.keep_fds,
                                         setup.options.keep_fds, setup.options.n_keep_fds, &pid,
                                         NULL, NULL, &stderr_fd, error))
    return NULL;

  child = g_new0 (VqChild, 1);
  child->name = g_steal_pointer (&name);
  child->pid = pid;
  child->stderr_fd = stderr_fd;
  child->stderr_tail = g_string_new (NULL);
  g_unix_set_fd_nonblocking (stderr_fd, TRUE, NULL);
  child->stderr_id = g_unix_fd_add (stderr_fd, G_IO_IN | G_IO_HUP, on_stderr, child);
  child->watch_id = g_child_watch_add (pid, on_end, child);
  return child;
}

void
vq_child_free (VqChild *child)
{
  if (child == NULL)
    return;
  g_clear_handle_id (&child->watch_id, g_source_remove);
  g_clear_handle_id (&child->stderr_id, g_source_remove);
  if (!child->ended && waitpid (child->pid, NULL, WNOHANG) == 0)
    {
      kill (-child->pid, SIGKILL); /* its whole process group */
      while (waitpid (child->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    }
  close (child->stderr_fd);
  g_string_free (child->stderr_tail, TRUE);
  g_free (child->name);
  g_free (child);
}

GPid
vq_child_get_pid (VqChild *child)
{
  return child->pid;
}

gboolean
vq_child_has_ended (VqChild *child)
{
  return child->ended;
}

int
vq_child_get_status (VqChild *child)
{
  g_assert (child->ended);
  return child->status;
}

char *
vq_child_get_stderr (VqChild *child)
{
  return vq_text_last_lines (child->stderr_tail->str, G_MAXUINT, STDERR_KEPT, "; ");
}

char *
vq_child_describe_end (VqChild *child)
{
  int status = vq_child_get_status (child);
  int signum = WIFSIGNALED (status) ? WTERMSIG (status) : 0;
  g_autofree char *note = vq_inherited_note_on_signal (signum);

  return signum != 0
             ? g_strdup_printf ("killed by signal %d (%s)%s", signum, strsignal (signum), note)
             : g_strdup_printf ("exit status %d", WEXITSTATUS (status));
}

void
vq_child_on_ended (VqChild *child, VqChildEnded ended, gpointer data)
{
  child->on_ended = ended;
  child->on_ended_data = data;
}

void
vq_child_kill (VqChild *child, int signum)
{
  if (!child->ended)
    kill (child->pid, signum);
}

static gboolean
has_ended (gpointer data)
{
  return ((VqChild *)data)->ended;
}

gboolean
vq_child_wait (VqChild *child, gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autofree char *what = g_strdup_printf ("end of %s", child->name);

  return vq_wait_until (has_ended, child, deadline, cancel, what, error);
}

/* The stdout of a child, which is read to its end. */
typedef struct
{
  GString *text;
  gboolean ended;
  gboolean too_much;
} Output;

static gboolean
on_stdout (int fd, GIOCondition events, gpointer data)
{
  Output *output = data;
  char buffer[4096];
  gssize n = read (fd, buffer, sizeof buffer);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (n > 0 && output->text->len + n <= STDOUT_MAX)
    {
      g_string_append_len (output->text, buffer, n);
      return G_SOURCE_CONTINUE;
    }
  output->too_much |= n > 0;
  output->ended = TRUE;
  return G_SOURCE_CONTINUE;
}

static gboolean
output_has_ended (gpointer data)
{
  return ((Output *)data)->ended;
}

static gboolean
read_output (int fd, Output *output, gint64 deadline, VqCancel *cancel, const char *what,
             GError **error)
{
  guint id = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP, on_stdout, output);
  gboolean done = vq_wait_until (output_has_ended, output, deadline, cancel, what, error);

  g_source_remove (id);
  if (done && output->too_much)
    return vq_error_set (error, VQ_ERROR_FAILED, "more than %d bytes of output", STDOUT_MAX);
  return done;
}

gboolean
vq_child_check_success (VqChild *child, GError **error)
{
  g_autofree char *text = vq_child_get_stderr (child);
  g_autofree char *note = vq_inherited_note_on_text (text);
  g_autofree char *end = vq_child_describe_end (child);

  if (g_spawn_check_wait_status (child->status, NULL))
    return TRUE;
  return vq_error_set (error, vq_error_guess_code (text), "%s%s", text[0] != '\0' ? text : end,
                       note);
}

static gboolean
run_to_end (const char *const *argv, VqChildOptions options, Output *output, gint64 deadline,
            VqCancel *cancel, GError **error)
{
  g_autoptr (VqChild) child = NULL;
  int ends[2];
  vq_autofd int out = -1;

  if (!vq_fd_open_pipe (ends, error))
    return FALSE;
  out = ends[0];
  options.stdout_fd = ends[1];
  child = vq_child_spawn (argv, &options, error);
  close (ends[1]);
  if (child == NULL || !read_output (out, output, deadline, cancel, "end of its output", error)
      || !vq_child_wait (child, deadline, cancel, error))
    return FALSE;
  if (options.wait_status != NULL)
    *options.wait_status = child->status;
  return vq_child_check_success (child, error);
}

gboolean
vq_child_run (const char *const *argv, const VqChildOptions *options, char **out, gint64 deadline,
              VqCancel *cancel, GError **error)
{
  VqChildOptions wanted = { 0 };
  g_autoptr (GString) text = g_string_new (NULL);
  Output output = { text, FALSE, FALSE };
  g_autofree char *name = g_path_get_basename (argv[0]);
  VQ_ERROR_PREFIX (error, "%s", name);

  if (options != NULL)
    wanted = *options;
  if (!run_to_end (argv, wanted, &output, deadline, cancel, error))
    return FALSE;
  if (out != NULL)
    *out = g_string_free (g_steal_pointer (&text), FALSE);
  return TRUE;
}

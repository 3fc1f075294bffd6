// SPDX-License-Identifier: GPL-2.0-or-later
/* One child process: spawned so that it cannot outlive us (PR_SET_PDEATHSIG), watched by the main
 * context, its stderr kept (the last few KB) for error messages, ended by its free function. */
#pragma once

#include <glib.h>

#include "base/wait.h"

typedef struct _VqChild VqChild;

typedef struct
{
  int stdout_fd;       /* becomes the child's stdout and stays the caller's; -1: /dev/null */
  const int *keep_fds; /* kept open in the child under the same numbers; may be NULL */
  gsize n_keep_fds;
  guint cpu_seconds;     /* RLIMIT_CPU, 0: none */
  guint64 address_space; /* RLIMIT_AS in bytes, 0: none */
} VqChildOptions;

/* Starts ARGV (argv[0] is looked for on PATH) with stdin from /dev/null, in its own process group
 * (a terminal's ^C is ours to handle). OPTIONS may be NULL. Does not wait. */
VqChild *vq_child_spawn (const char *const *argv, const VqChildOptions *options, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Kills it and its process group with SIGKILL if it still runs, reaps it, frees. Waits only for the
 * kernel. */
void vq_child_free (VqChild *child);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqChild, vq_child_free)

GPid vq_child_get_pid (VqChild *child);
gboolean vq_child_has_ended (VqChild *child);

/* The wait status as waitpid gives it; only after it has ended. */
int vq_child_get_status (VqChild *child);

/* The last lines of its stderr as one printable line, "; " between them; "" if it wrote none.
 * Transfer full.
 */
char *vq_child_get_stderr (VqChild *child);

/* Called once from the main context when the child has ended and its stderr is read. */
typedef void (*VqChildEnded) (VqChild *child, gpointer data);
void vq_child_on_ended (VqChild *child, VqChildEnded ended, gpointer data);

void vq_child_kill (VqChild *child, int signum);

/* Waits for its end. */
gboolean vq_child_wait (VqChild *child, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Runs ARGV to its end and gives its stdout (at most 1 MiB; may be NULL). Fails unless it exits
 * with 0: the error then is "NAME: its stderr". At DEADLINE the child is killed. */
gboolean vq_child_run (const char *const *argv, const VqChildOptions *options, char **out,
                       gint64 deadline, VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

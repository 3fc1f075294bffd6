// SPDX-License-Identifier: GPL-2.0-or-later
/* One child process. It cannot outlive us (PR_SET_PDEATHSIG), the main context watches it, the last
 * few KB of its stderr are kept for error messages, and its free function ends it. */
#pragma once

#include <glib.h>

#include "base/wait.h"

typedef struct _VqChild VqChild;

typedef struct
{
  int stdout_fd;       /* the caller's; becomes the child's stdout; -1: /dev/null */
  const int *keep_fds; /* descriptors that the child gets under the same numbers; may be NULL */
  gsize n_keep_fds;
  guint cpu_seconds;     /* RLIMIT_CPU, 0: none */
  guint64 address_space; /* RLIMIT_AS in bytes, 0: none */
  int *wait_status;      /* vq_child_run puts it there when the child has ended; may be NULL */
} VqChildOptions;

/* Starts ARGV (argv[0] is looked up on PATH) with stdin from /dev/null. The child leads a process
 * group of its own, so that a ^C at the terminal reaches only us. Its signals and limits are those
 * of vq_inherited_give_back. OPTIONS may be NULL. Does not wait. */
VqChild *vq_child_spawn (const char *const *argv, const VqChildOptions *options, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* If it still runs, kills it and its process group with SIGKILL; then reaps and frees it. Waits
 * only for the kernel. */
void vq_child_free (VqChild *child);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqChild, vq_child_free)

GPid vq_child_get_pid (VqChild *child);
gboolean vq_child_has_ended (VqChild *child);

/* The wait status as waitpid gives it; only after it has ended. */
int vq_child_get_status (VqChild *child);

/* How it ended, as a phrase: "exit status 1", "killed by signal 9 (Killed)". Only after it has
 * ended. Transfer full. */
char *vq_child_describe_end (VqChild *child);

/* The last lines of its stderr as one printable line, with "; " between them, or "" if it wrote
 * nothing. Transfer full. */
char *vq_child_get_stderr (VqChild *child);

/* Called once from the main context when the child has ended and its stderr is read. */
typedef void (*VqChildEnded) (VqChild *child, gpointer data);
void vq_child_on_ended (VqChild *child, VqChildEnded ended, gpointer data);

/* Fails unless its exit status is 0, with its stderr, or with how it ended. Only after it has
 * ended.
 */
gboolean vq_child_check_success (VqChild *child, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void vq_child_kill (VqChild *child, int signum);

/* Waits until it has ended. */
gboolean vq_child_wait (VqChild *child, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Runs ARGV to its end and gives its stdout in *OUT (at most 1 MiB; OUT may be NULL). Fails unless
 * the exit status is 0; the error is then "NAME: its stderr". At DEADLINE the child is killed. */
gboolean vq_child_run (const char *const *argv, const VqChildOptions *options, char **out,
                       gint64 deadline, VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

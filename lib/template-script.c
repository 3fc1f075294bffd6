// SPDX-License-Identifier: GPL-2.0-or-later
#include "template-script.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "error.h"

/* $1... is the interpreter. The script is a file of its own as long as it runs; the directory may
 * be mounted noexec. */
static const char runner[] = "f=$(mktemp) || exit\n"
                             "trap 'rm -f \"$f\"' EXIT\n"
                             "cat >\"$f\" || exit\n"
                             "\"$@\" \"$f\" </dev/null\n";

/* The words behind "#!" in the first line; as with the kernel, all after the first is one. */
static char **
find_interpreter (const char *path)
{
  char line[256] = "";
  g_auto (GStrv) words = NULL;
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  gssize n = fd >= 0 ? read (fd, line, sizeof line - 1) : -1;

  if (fd >= 0)
    close (fd);
  line[MAX (n, 0)] = '\0';
  line[strcspn (line, "\n")] = '\0';
  if (!g_str_has_prefix (line, "#!") || g_strstrip (line + 2)[0] == '\0')
    return g_strsplit ("/bin/sh", " ", 0);
  words = g_strsplit (g_strstrip (line + 2), " ", 2);
  return g_steal_pointer (&words);
}

static GStrv
build_argv (const char *path)
{
  g_auto (GStrv) interpreter = find_interpreter (path);
  GStrvBuilder *builder = g_strv_builder_new ();
  char **argv;

  g_strv_builder_add_many (builder, "sh", "-c", runner, "sh", NULL);
  g_strv_builder_addv (builder, (const char **)interpreter);
  argv = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);
  return argv;
}

typedef struct
{
  gboolean ended;
  gboolean abandoned; /* nobody waits any more: the callback frees */
  VqEndKind kind;
  int value;
  GError *error;
} Run;

static void
run_free (Run *run)
{
  g_clear_error (&run->error);
  g_free (run);
}

static void
on_done (const VqEnd *end, gpointer data)
{
  Run *run = data;

  run->ended = TRUE;
  run->kind = end->kind;
  run->value = end->value;
  if (end->kind == VQ_ENDED_FAILED)
    run->error = g_error_copy (end->error);
  if (run->abandoned)
    run_free (run);
}

static gboolean
has_ended (gpointer data)
{
  return ((Run *)data)->ended;
}

static gboolean
judge (Run *run, GError **error)
{
  if (run->kind == VQ_ENDED_FAILED)
    {
      g_propagate_error (error, g_steal_pointer (&run->error));
      return FALSE;
    }
  return run->value == 0
         || vq_set_error (error, VQ_ERROR_FAILED, "%s %d",
                          run->kind == VQ_ENDED_EXITED ? "exit status" : "killed by signal",
                          run->value);
}

static gboolean
run_script (VqChannel *channel, const char *path, int fd, gint64 deadline, VqCancel *cancel,
            GError **error)
{
  g_auto (GStrv) argv = build_argv (path);
  Run *run = g_new0 (Run, 1);
  VqCommand *command = vq_channel_start (channel, (const char *const *)argv, fd,
                                         fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 0),
                                         fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 0), on_done, run);
  gboolean good = vq_wait_until (has_ended, run, deadline, cancel, "end of the script", error);

  if (!good && !run->ended)
    {
      run->abandoned = TRUE;
      vq_channel_kill (channel, command);
      return FALSE;
    }
  good = good && judge (run, error);
  run_free (run);
  return good;
}

gboolean
vq_template_script_run (VqChannel *channel, const char *path, gint64 deadline, VqCancel *cancel,
                        GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);

  if (fd < 0)
    vq_set_errno (error, errno, "cannot open it");
  if (fd >= 0 && run_script (channel, path, fd, deadline, cancel, error))
    return TRUE;
  g_prefix_error (error, "--template-script %s: ", path);
  return FALSE;
}

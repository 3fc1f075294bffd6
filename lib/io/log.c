// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "io/progress-line.h"
#include "io/progress.h"
#include "io/user-stderr.h"

static const char *program;
static gboolean show_debug;
static char progress[100];
static char *last_line;   /* owned; with its prefix */
static gint64 last_time;  /* when it came, of the monotonic clock */
static guint64 n_repeats; /* how often it has come again */

#define COPY_MAX (64 * 1024 * 1024)

static int copy_fd = -1;
static gsize copied; /* bytes */

/* What comes again later than this is news. */
#define REPEAT_USEC G_USEC_PER_SEC

static const char *
prefix (GLogLevelFlags level)
{
  if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    return "error: ";
  if (level & G_LOG_LEVEL_WARNING)
    return "warning: ";
  return level & (G_LOG_LEVEL_DEBUG | G_LOG_LEVEL_INFO) ? "debug: " : "";
}

/* A file that cannot be written, because its disk is full, is not tried again. */
static void
copy_line (GLogLevelFlags level, const char *text, gssize n)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%T.%f");
  g_autofree char *printable
      = vq_text_printable (text, n >= 0 ? (gsize)n : strlen (text), G_MAXSIZE);
  g_autofree char *line = g_strdup_printf ("%s %s%s\n", time, prefix (level), printable);

  copied += strlen (line);
  if (copied > COPY_MAX || !vq_fd_write_all (copy_fd, line, strlen (line)))
    vq_fd_clear (&copy_fd);
}

static void G_GNUC_PRINTF (1, 2) write_line (const char *format, ...)
{
  g_autofree char *line = NULL;
  g_autofree char *whole = NULL;
  va_list args;

  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  whole = g_strdup_printf ("%s: %s\n", program, line);
  vq_progress_line_clear ();
  vq_user_stderr_write (whole, strlen (whole));
}

static gboolean
is_power_of_ten (guint64 n)
{
  for (; n % 10 == 0; n /= 10)
    ;
  return n == 1;
}

static void
tell_repeats (void)
{
  write_line ("(the same again, %" G_GUINT64_FORMAT " time%s)", n_repeats,
              n_repeats == 1 ? "" : "s");
}

static gboolean
is_repeat (const char *line)
{
  gint64 before = last_time;

  last_time = g_get_monotonic_time ();
  return g_strcmp0 (line, last_line) == 0 && last_time - before < REPEAT_USEC;
}

/* What the guest does can make us say the same very often. */
static void
write_or_count (GLogLevelFlags level, const char *text, gssize n)
{
  g_autofree char *printable
      = vq_text_printable (text, n >= 0 ? (gsize)n : strlen (text), G_MAXSIZE);
  g_autofree char *line = g_strconcat (prefix (level), printable, NULL);

  if (is_repeat (line))
    {
      n_repeats++;
      if (is_power_of_ten (n_repeats))
        tell_repeats ();
      return;
    }
  if (n_repeats > 0 && !is_power_of_ten (n_repeats))
    tell_repeats ();
  n_repeats = 0;
  write_line ("%s", line);
  g_free (last_line);
  last_line = g_steal_pointer (&line);
}

static GLogWriterOutput
write_message (GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
  gboolean shown = show_debug || !(level & (G_LOG_LEVEL_DEBUG | G_LOG_LEVEL_INFO));

  for (gsize i = 0; i < n; i++)
    if (g_str_equal (fields[i].key, "MESSAGE"))
      {
        if (copy_fd >= 0)
          copy_line (level, fields[i].value, fields[i].length);
        if (shown)
          write_or_count (level, fields[i].value, fields[i].length);
      }
  return G_LOG_WRITER_HANDLED;
}

void
vq_log_show_debug (void)
{
  show_debug = TRUE;
  vq_progress_hide ();
}

gboolean
vq_log_copy_to (const char *path, GError **error)
{
  vq_fd_clear (&copy_fd);
  copied = 0;
  copy_fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
  return copy_fd >= 0 || vq_error_set_errno (error, errno, "cannot write %s", path);
}

void
vq_log_init (const char *name)
{
  program = name;
  g_log_set_writer_func (write_message, NULL, NULL);
}

void
vq_log_progress (const char *what)
{
  g_strlcpy (progress, what, sizeof progress);
  if (vq_user_stderr_is_terminal ())
    g_message ("%s", what);
  else
    g_debug ("%s", what);
}

const char *
vq_log_get_progress (void)
{
  return progress;
}

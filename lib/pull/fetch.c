// SPDX-License-Identifier: GPL-2.0-or-later
#include "pull/fetch.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/programs.h"
#include "base/units.h"
#include "io/child.h"
#include "io/line-reader.h"
#include "io/progress-line.h"
#include "pull/fetch-wire.h"

/* A running virt-qemu-fetch. */
typedef struct
{
  const char *verb; /* for people: "fetching" */
  const char *shown;
  guint64 total; /* bytes; 0: not known */
  guint64 begin; /* where it has begun */
  gint64 since;  /* when, in monotonic time */
  VqFetchBegun begun;
  gpointer data;
  VqFetchResult *result;
} Run;

void
vq_fetch_result_clear (VqFetchResult *result)
{
  g_free (result->etag);
  g_free (result->modified);
  g_free (result->sha256);
  g_free (result->sha512);
  memset (result, 0, sizeof *result);
}

static void
show_progress (const Run *run, guint64 at)
{
  gint64 took = g_get_monotonic_time () - run->since;
  g_autofree char *is = vq_units_size_to_string (at);
  g_autofree char *total = vq_units_size_to_string (run->total);
  g_autofree char *speed = vq_units_size_to_string (
      took > 0 && at > run->begin ? (double)(at - run->begin) * G_USEC_PER_SEC / took : 0);
  g_autofree char *of = run->total > 0
                            ? g_strdup_printf (" of %s, %d %%", total,
                                               (int)(100.0 * MIN (at, run->total) / run->total))
                            : g_strdup ("");
  g_autofree char *text
      = g_strdup_printf ("%s %s: %s%s, %s/s", run->verb, run->shown, is, of, speed);

  vq_progress_line_show (text);
}

static gboolean
is_hex (const char *text, gsize length)
{
  return strlen (text) == length && strspn (text, "0123456789abcdef") == length;
}

/* Takes it only once. */
static gboolean
take_text (char **to, const char *value, gboolean good)
{
  if (!good || *to != NULL)
    return FALSE;
  *to = g_strdup (value);
  return TRUE;
}

static gboolean
take_number (guint64 *to, const char *value)
{
  return g_ascii_string_to_unsigned (value, 10, 0, G_MAXINT64, to, NULL);
}

static gboolean
take_begin (Run *run, const char *value)
{
  if (!take_number (&run->begin, value))
    return FALSE;
  run->since = g_get_monotonic_time ();
  run->total = run->result->total;
  if (run->begun != NULL)
    run->begun (run->result, run->data);
  return TRUE;
}

static gboolean
take_at (Run *run, const char *value)
{
  guint64 at;

  if (!take_number (&at, value))
    return FALSE;
  if (run->shown != NULL)
    show_progress (run, at);
  return TRUE;
}

/* Whether the line makes sense. */
static gboolean
take_value (Run *run, const char *name, const char *value)
{
  VqFetchResult *result = run->result;
  gboolean fits = strlen (value) <= VQ_FETCH_VALIDATOR_MAX && g_str_is_ascii (value);

  if (strcmp (name, "at") == 0)
    return take_at (run, value);
  if (result == NULL)
    return FALSE;
  if (strcmp (name, "begin") == 0)
    return take_begin (run, value);
  if (strcmp (name, "total") == 0)
    return take_number (&result->total, value);
  if (strcmp (name, "etag") == 0)
    return take_text (&result->etag, value, fits);
  if (strcmp (name, "modified") == 0)
    return take_text (&result->modified, value, fits);
  if (strcmp (name, "sha256") == 0)
    return take_text (&result->sha256, value, is_hex (value, 64));
  if (strcmp (name, "sha512") == 0)
    return take_text (&result->sha512, value, is_hex (value, 128));
  result->same = strcmp (name, "same") == 0;
  return result->same;
}

static gboolean
take_line (Run *run, char *line, GError **error)
{
  char *blank = strlen (line) <= VQ_FETCH_LINE_MAX ? strchr (line, ' ') : NULL;

  if (blank != NULL)
    *blank = '\0';
  return (blank != NULL && take_value (run, line, blank + 1))
         || vq_error_set (error, VQ_ERROR_PEER, "%s says what makes no sense", VQ_FETCH_PROGRAM);
}

static gboolean
read_lines (Run *run, int fd, VqCancel *cancel, GError **error)
{
  g_autoptr (VqLineReader) reader = vq_line_reader_new (fd);

  for (;;)
    {
      g_autofree char *line = NULL;

      if (!vq_line_reader_next (reader, &line, cancel, error))
        return FALSE;
      if (line == NULL)
        return TRUE;
      if (!take_line (run, line, error))
        return FALSE;
    }
}

/* Its exit status has the code of the error, and the end of its stderr the text. */
static gboolean
check_end (VqChild *child, GError **error)
{
  int status = vq_child_get_status (child);
  int code = WIFEXITED (status) ? WEXITSTATUS (status) - VQ_FETCH_STATUS : -1;
  g_autofree char *text = vq_child_get_stderr (child);

  if (code >= VQ_ERROR_FAILED && code <= VQ_ERROR_NO_ROOM && *text != '\0')
    return vq_error_set (error, code, "%s", text);
  return vq_child_check_success (child, error);
}

static gboolean
run_program (Run *run, const char *const *argv, const int *fds, gsize n_fds, VqCancel *cancel,
             GError **error)
{
  VqChildOptions options = { .keep_fds = fds, .n_keep_fds = n_fds };
  g_autoptr (VqChild) child = NULL;
  vq_autofd int out = -1;
  int ends[2];

  if (!vq_fd_open_pipe (ends, error))
    return FALSE;
  out = ends[0];
  options.stdout_fd = ends[1];
  child = vq_child_spawn (argv, &options, error);
  close (ends[1]);
  return child != NULL && read_lines (run, out, cancel, error)
         && vq_child_wait (child, vq_deadline_in (G_MAXDOUBLE), cancel, error)
         && check_end (child, error);
}

/* Runs it with WORDS, which are freed. */
static gboolean
run_words (Run *run, GPtrArray *words, const int *fds, gsize n_fds, VqCancel *cancel,
           GError **error)
{
  g_autoptr (GPtrArray) argv = words;
  char *program = vq_programs_find (VQ_FETCH_PROGRAM, error);
  gboolean done;

  if (program == NULL)
    return FALSE;
  g_ptr_array_insert (argv, 0, program);
  g_ptr_array_add (argv, NULL);
  run->since = g_get_monotonic_time ();
  done = run_program (run, (const char *const *)argv->pdata, fds, n_fds, cancel, error);
  vq_progress_line_clear ();
  return done;
}

static void add (GPtrArray *words, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
add (GPtrArray *words, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_ptr_array_add (words, g_strdup_vprintf (format, args));
  va_end (args);
}

/* There can only be the same file as one that we have told of. */
static gboolean
check_result (const VqFetchRequest *request, const VqFetchResult *result, GError **error)
{
  gboolean has_digests = result->sha256 != NULL && (result->sha512 != NULL) == request->sha512;
  gboolean may_be_same = request->etag != NULL || request->modified != NULL;

  return (result->same ? may_be_same : has_digests)
         || vq_error_set (error, VQ_ERROR_PEER, "%s says what makes no sense", VQ_FETCH_PROGRAM);
}

gboolean
vq_fetch_get (const VqFetchRequest *request, VqFetchBegun begun, gpointer data,
              VqFetchResult *result, VqCancel *cancel, GError **error)
{
  Run run = {
    .verb = "fetching", .shown = request->shown, .begun = begun, .data = data, .result = result
  };
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);

  add (words, VQ_FETCH_GET);
  add (words, "url=%s", request->url);
  add (words, "fd=%d", request->fd);
  add (words, "max=%" G_GUINT64_FORMAT, request->max);
  add (words, "stall=%u", request->stall);
  if (request->size > 0)
    {
      add (words, "size=%" G_GUINT64_FORMAT, request->size);
      add (words, "if-range=%s", request->if_range);
    }
  if (request->etag != NULL)
    add (words, "etag=%s", request->etag);
  if (request->modified != NULL)
    add (words, "modified=%s", request->modified);
  if (request->sha512)
    add (words, "sha512=1");
  if (request->fixed_max)
    add (words, "fixed-max=1");
  return run_words (&run, words, &request->fd, 1, cancel, error)
         && check_result (request, result, error);
}

gboolean
vq_fetch_unpack (int from, guint64 size, int to, guint64 max, const char *shown, VqCancel *cancel,
                 GError **error)
{
  const int fds[] = { from, to };
  Run run = { .verb = "unpacking", .shown = shown, .total = size };
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);

  add (words, VQ_FETCH_UNPACK);
  add (words, "from=%d", from);
  add (words, "fd=%d", to);
  add (words, "max=%" G_GUINT64_FORMAT, max);
  return run_words (&run, words, fds, G_N_ELEMENTS (fds), cancel, error);
}

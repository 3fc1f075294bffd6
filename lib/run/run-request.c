// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/run-request.h"

#include <string.h>

#include "base/error.h"

#define COUNT_MAX 1000

enum
{
  OPTION_IMAGE,
  OPTION_TIMEOUT,
  OPTION_TIME_WAIT,
  OPTION_COUNT,
};

static const VqArgument table[] = {
  [OPTION_IMAGE] = { "image", 0, TRUE },
  [OPTION_TIMEOUT] = { "timeout", 0, TRUE },
  [OPTION_TIME_WAIT] = { "time-wait", 0, TRUE },
  [OPTION_COUNT] = { "count", 0, TRUE },
  { NULL },
};

static gboolean
set_image (VqRunRequest *request, const char *value, GError **error)
{
  if (*value == '\0')
    return vq_error_set (error, VQ_ERROR_USAGE, "the value is empty; leave the option out");
  g_free (request->image);
  request->image = g_strdup (value);
  return TRUE;
}

static gboolean
take_option (gpointer data, int index, const char *value, GError **error)
{
  VqRunRequest *request = data;

  switch (index)
    {
    case OPTION_IMAGE:
      return set_image (request, value, error);
    case OPTION_TIMEOUT:
      return vq_arguments_parse_int (value, 1, G_MAXINT, &request->timeout, error);
    case OPTION_TIME_WAIT:
      return vq_arguments_parse_int (value, 0, G_MAXINT, &request->time_wait, error);
    default:
      return vq_arguments_parse_int (value, 1, COUNT_MAX, &request->count, error);
    }
}

/* The test and what follows it are the last words of the command line. */
static gboolean
take_test (gpointer data, const char *value, const char *const *rest, GError **error)
{
  VqRunRequest *request = data;
  guint n = g_strv_length ((char **)request->words);

  request->n_before = n - g_strv_length ((char **)rest) - 1;
  request->test = request->words + request->n_before;
  return *value != '\0' || vq_error_set (error, VQ_ERROR_USAGE, "the test's name is empty");
}

static const char *
get_image (gpointer data)
{
  const VqRunRequest *request = data;

  return request->image != NULL ? request->image : VQ_RUN_REQUEST_IMAGE;
}

/* Parses what WORDS say in place of our defaults, which come before them. */
static VqOptionsResult
parse_after (VqRunRequest *request, const char *const *defaults, const char *const *words,
             GError **error)
{
  static const VqOptionsMore more = { table, take_option, take_test, get_image };
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) all = NULL;

  g_strv_builder_addv (builder, (const char **)defaults);
  g_strv_builder_addv (builder, (const char **)words);
  all = g_strv_builder_end (builder);
  return vq_options_parse_more ((const char *const *)all, &more, request, &request->options, error);
}

static gboolean
files_say_memory (const VqOptions *options)
{
  for (char **word = options->from_files; *word != NULL; word++)
    if (g_str_has_prefix (*word, "--ram-size="))
      return TRUE;
  return FALSE;
}

/* The memory and the disks that a machine has by default, unless its slot or a configuration file
 * says how many. There are no further disks if the user names some. */
static char **
choose_defaults (const VqOptions *options)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  if (!files_say_memory (options)
      && (options->slot == NULL || options->slot->type->memory_mib == 0))
    g_strv_builder_add (builder, "--ram-size=" VQ_RUN_REQUEST_RAM_SIZE);
  if (options->disks->len == 0)
    g_strv_builder_add (builder, "--disks=" VQ_RUN_REQUEST_DISKS);
  return g_strv_builder_end (builder);
}

static VqOptionsResult
parse_words (VqRunRequest *request, GError **error)
{
  static const char *const none[] = { NULL };
  VqOptionsResult result = parse_after (request, none, request->words, error);
  g_auto (GStrv) defaults = NULL;

  if (result != VQ_OPTIONS_RUN)
    return result;
  defaults = choose_defaults (request->options);
  g_clear_pointer (&request->options, vq_options_free);
  return parse_after (request, (const char *const *)defaults, request->words, error);
}

/* The test would take the place of such a file. */
static gboolean
check_files (const VqRunRequest *request, GError **error)
{
  for (char **file = request->options->seed.files; *file != NULL; file++)
    if (g_str_has_prefix (*file, VQ_RUN_REQUEST_TEST_NAME "="))
      return vq_error_set (error, VQ_ERROR_USAGE,
                           "--cdrom-file: the test itself is " VQ_RUN_REQUEST_TEST_NAME
                           " there: choose another name");
  return TRUE;
}

static gboolean
check (VqRunRequest *request, GError **error)
{
  if (request->test == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "no test given; name the file or the address of a program to run");
  if (!check_files (request, error))
    return FALSE;
  vq_options_set_image (request->options, get_image (request));
  return TRUE;
}

gboolean
vq_run_request_parse (VqRunRequest *request, const char *const *arguments, GError **error)
{
  request->words = arguments;
  request->count = 1;
  switch (parse_words (request, error))
    {
    case VQ_OPTIONS_RUN:
      return check (request, error);
    case VQ_OPTIONS_HELP:
      request->help = TRUE;
      return TRUE;
    case VQ_OPTIONS_VERSION:
      return vq_error_set (error, VQ_ERROR_USAGE, "--version is not for this verb");
    default:
      return FALSE;
    }
}

void
vq_run_request_clear (VqRunRequest *request)
{
  g_clear_pointer (&request->options, vq_options_free);
  g_clear_pointer (&request->image, g_free);
}

char **
vq_run_request_build_one (const VqRunRequest *request, const char *log_dir)
{
  GStrvBuilder *builder = g_strv_builder_new ();
  g_autofree char *log = g_strconcat ("--log-dir=", log_dir, NULL);
  guint n = request->n_before;
  char **words;

  if (n > 0 && strcmp (request->words[n - 1], "--") == 0)
    n--;
  for (guint i = 0; i < n; i++)
    g_strv_builder_add (builder, request->words[i]);
  g_strv_builder_add (builder, "--count=1");
  if (log_dir != NULL)
    g_strv_builder_add (builder, log);
  g_strv_builder_add (builder, "--");
  g_strv_builder_addv (builder, (const char **)request->test);
  words = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);
  return words;
}

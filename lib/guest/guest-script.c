// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/guest-script.h"

#include <fcntl.h>

#include "base/error.h"

#define ARGUMENTS_MAX 6

/* The command that runs SCRIPT. */
typedef struct
{
  const char *argv[4 + ARGUMENTS_MAX + 1];
} Words;

static Words
build_words (const char *flags, const char *script, const char *const *arguments)
{
  Words words = { { "sh", flags, script, "sh" } };
  guint n = 4;

  for (; arguments != NULL && *arguments != NULL; arguments++)
    {
      g_assert (n < 4 + ARGUMENTS_MAX);
      words.argv[n++] = *arguments;
    }
  return words;
}

VqChannelCapture *
vq_guest_script_start (VqChannel *channel, const char *script, const char *const *arguments,
                       const char *failure, GError **error)
{
  VQ_ERROR_PREFIX (error, "%s", failure);
  Words words = build_words ("-ec", script, arguments);

  return vq_channel_capture_start (channel, words.argv, -1, -1, error);
}

gboolean
vq_guest_script_finish (VqChannelCapture *run, char **out, gint64 deadline, VqCancel *cancel,
                        const char *failure, GError **error)
{
  VQ_ERROR_PREFIX (error, "%s", failure);

  return vq_channel_capture_finish (run, out, deadline, cancel, error);
}

gboolean
vq_guest_script_run (VqChannel *channel, const char *script, const char *const *arguments,
                     char **out, gint64 deadline, VqCancel *cancel, const char *failure,
                     GError **error)
{
  VqChannelCapture *run = vq_guest_script_start (channel, script, arguments, failure, error);

  return run != NULL && vq_guest_script_finish (run, out, deadline, cancel, failure, error);
}

static void
ignore_end (const VqEnd *end, gpointer data)
{
}

void
vq_guest_script_launch (VqChannel *channel, const char *script, const char *const *arguments)
{
  Words words = build_words ("-c", script, arguments);
  int null[3];

  for (int i = 0; i < 3; i++)
    null[i] = open ("/dev/null", O_RDWR | O_CLOEXEC);
  vq_channel_start (channel, words.argv, null[0], null[1], null[2], ignore_end, NULL);
}

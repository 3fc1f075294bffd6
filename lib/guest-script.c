// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-script.h"

#include <fcntl.h>

gboolean
vq_guest_script_run (VqChannel *channel, const char *script, const char *argument, char **out,
                     gint64 deadline, VqCancel *cancel, const char *what, GError **error)
{
  const char *const argv[] = { "sh", "-ec", script, "sh", argument, NULL };

  if (vq_channel_run (channel, argv, NULL, out, deadline, cancel, error))
    return TRUE;
  g_prefix_error (error, "cannot %s: ", what);
  return FALSE;
}

static void
ignore_end (const VqEnd *end, gpointer data)
{
}

void
vq_guest_script_launch (VqChannel *channel, const char *script, const char *argument)
{
  const char *const argv[] = { "sh", "-c", script, "sh", argument, NULL };
  int null[3];

  for (int i = 0; i < 3; i++)
    null[i] = open ("/dev/null", O_RDWR | O_CLOEXEC);
  vq_channel_start (channel, argv, null[0], null[1], null[2], ignore_end, NULL);
}

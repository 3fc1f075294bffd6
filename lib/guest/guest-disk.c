// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/guest-disk.h"

#include "base/error.h"
#include "channel/channel-capture.h"
#include "helper/helper-wire.h"

gboolean
vq_guest_disk_grow (VqChannel *channel, gint64 deadline, VqCancel *cancel, GError **error)
{
  const char *program = channel->class->file_program;
  const char *const argv[] = { program, VQ_HELPER_GROW, "/", /* VQ_HELPER_SELF_WORDS */
                               "false", NULL };

  if (program == NULL)
    return vq_error_set (error, VQ_ERROR_FAILED, "commands do not run through the guest helper");
  return vq_channel_capture (channel, argv, NULL, deadline, cancel, error);
}

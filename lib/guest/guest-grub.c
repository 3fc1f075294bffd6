// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/guest-grub.h"

#include "guest/guest-script.h"

static const char script[] =
#include "guest/prepare-grub.sh.inc"
    ;

gboolean
vq_guest_grub_prepare (VqChannel *channel, const char *root, gint64 deadline, VqCancel *cancel,
                       GError **error)
{
  const char *const arguments[] = { root, NULL };

  return vq_guest_script_run (channel, script, arguments, NULL, deadline, cancel,
                              "cannot tell the guest where GRUB is", error);
}

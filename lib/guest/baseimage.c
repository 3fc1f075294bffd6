// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/baseimage.h"

#include "guest/guest-script.h"

static const char rules_script[] =
#include "guest/baseimage-rules.sh.inc"
    ;

static const char wait_script[] =
#include "guest/baseimage-wait.sh.inc"
    ;

gboolean
vq_baseimage_add_rules (VqChannel *channel, const char *root, gint64 deadline, VqCancel *cancel,
                        GError **error)
{
  const char *const arguments[] = { root, VQ_BASEIMAGE_SERIAL, NULL };

  return vq_guest_script_run (channel, rules_script, arguments, NULL, deadline, cancel,
                              "--baseimage: cannot prepare the guest for it", error);
}

gboolean
vq_baseimage_wait (VqChannel *channel, const char *root, gint64 deadline, VqCancel *cancel,
                   GError **error)
{
  const char *const arguments[] = { root, VQ_BASEIMAGE_SERIAL, NULL };

  return vq_guest_script_run (channel, wait_script, arguments, NULL, deadline, cancel,
                              "--baseimage: the guest does not find the disk", error);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/guest-identity.h"

#include "guest/guest-script.h"

static const char renew_script[] =
#include "guest/renew-identity.sh.inc"
    ;

gboolean
vq_guest_identity_renew (VqChannel *channel, const char *machine_id, gint64 deadline,
                         VqCancel *cancel, GError **error)
{
  const char *const arguments[] = { machine_id, NULL };

  return vq_guest_script_run (channel, renew_script, arguments, NULL, deadline, cancel,
                              "cannot give the guest an identity of its own", error);
}

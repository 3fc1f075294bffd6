// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/guest-identity.h"

#include "base/error.h"
#include "guest/guest-script.h"
#include "helper/helper-renew.h"

static const char keys_script[] =
#include "guest/renew-host-keys.sh.inc"
    ;

static const char warm_script[] =
#include "guest/warm-identity.sh.inc"
    ;

/* The first process in a new fork takes long, so a guest without such keys gets none. */
gboolean
vq_guest_identity_renew (VqHelperPort *port, VqChannel *channel, const char *machine_id,
                         gint64 deadline, VqCancel *cancel, GError **error)
{
  VQ_ERROR_PREFIX (error, "cannot give the guest an identity of its own");
  gboolean has_keys;

  return vq_helper_renew_identity (port, machine_id, &has_keys, deadline, cancel, error)
         && (!has_keys
             || vq_guest_script_run (channel, keys_script, NULL, NULL, deadline, cancel,
                                     "cannot make host keys", error));
}

gboolean
vq_guest_identity_warm (VqChannel *channel, gint64 deadline, VqCancel *cancel, GError **error)
{
  return vq_guest_script_run (channel, warm_script, NULL, NULL, deadline, cancel,
                              "cannot read the guest's identity", error);
}

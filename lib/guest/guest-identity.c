// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/guest-identity.h"

#include <errno.h>
#include <fcntl.h>

#include "base/error.h"
#include "base/fd.h"
#include "channel/channel-capture.h"
#include "guest/guest-script.h"
#include "helper/helper-renew.h"
#include "ssh/ssh-client.h"

static const char keys_script[] =
#include "guest/renew-host-keys.sh.inc"
    ;

static const char warm_script[] =
#include "guest/warm-identity.sh.inc"
    ;

/* For a program that needs some milliseconds. */
#define KEY_SECONDS 60

VqChild *
vq_guest_identity_start_key (const char *path, const char *from, GError **error)
{
  VQ_ERROR_PREFIX (error, "cannot make the host key for ssh");

  return vq_ssh_client_start_host_key (path, from, error);
}

gboolean
vq_guest_identity_finish_key (VqChild *child, VqCancel *cancel, GError **error)
{
  VQ_ERROR_PREFIX (error, "cannot make the host key for ssh");
  gboolean made = vq_child_wait (child, vq_deadline_in (KEY_SECONDS), cancel, error)
                  && vq_child_check_success (child, error);

  vq_child_free (child);
  return made;
}

/* Reads the public half of HOST_KEY. Transfer full. */
static char *
read_public (const char *host_key, GError **error)
{
  g_autofree char *path = g_strconcat (host_key, ".pub", NULL);
  char *line;

  return g_file_get_contents (path, &line, NULL, error) ? g_strchomp (line) : NULL;
}

/* The private half goes over stdin: a command line can be read by anybody in the guest. */
static gboolean
set_host_key (VqChannel *channel, const char *host_key, gint64 deadline, VqCancel *cancel,
              GError **error)
{
  VQ_ERROR_PREFIX (error, "cannot set the host key");
  g_autofree char *public_key = read_public (host_key, error);
  const char *const argv[] = { "sh", "-ec", keys_script, "sh", public_key, NULL };
  vq_autofd int key = open (host_key, O_RDONLY | O_CLOEXEC);
  VqChannelCapture *run;

  if (public_key == NULL)
    return FALSE;
  if (key < 0)
    return vq_error_set_errno (error, errno, "cannot open %s", host_key);
  run = vq_channel_capture_start (channel, argv, g_steal_fd (&key), -1, error);
  return run != NULL && vq_channel_capture_finish (run, NULL, deadline, cancel, error);
}

/* The first process in a new fork takes long, so a guest without such keys gets none. */
gboolean
vq_guest_identity_renew (VqHelperPort *port, VqChannel *channel, const char *machine_id,
                         const char *host_key, gint64 deadline, VqCancel *cancel, GError **error)
{
  VQ_ERROR_PREFIX (error, "cannot give the guest an identity of its own");
  gboolean has_keys;

  return vq_helper_renew_identity (port, machine_id, &has_keys, deadline, cancel, error)
         && (!has_keys || set_host_key (channel, host_key, deadline, cancel, error));
}

gboolean
vq_guest_identity_warm (VqChannel *channel, gint64 deadline, VqCancel *cancel, GError **error)
{
  return vq_guest_script_run (channel, warm_script, NULL, NULL, deadline, cancel,
                              "cannot read the guest's identity", error);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/boot-wait.h"

#include <string.h>

#include "base/text.h"
#include "guest/guest-script.h"

/* How many seconds before the deadline the guest gives up by itself, so that it can say why. It
 * looks every two or three seconds. */
#define RESERVE 5

/* How many seconds a lock of apt's, and systemd's jobs, may keep us from saving the guest; and how
 * many it may take to look at all that. */
#define LOCK_SECONDS "300"
#define JOBS_SECONDS "30"
#define IDLE_SECONDS (300 + 30 + 100)

#define NAMES_MAX 500 /* bytes of the jobs' names in a message */

static const char system_script[] =
#include "guest/wait-booted.sh.inc"
    ;

static const char network_script[] =
#include "guest/wait-network.sh.inc"
    ;

static const char idle_script[] =
#include "guest/wait-idle.sh.inc"
    ;

gboolean
vq_boot_wait_system (VqChannel *channel, gint64 deadline, VqCancel *cancel, GError **error)
{
  double left = vq_deadline_left (deadline);
  g_autofree char *grace = g_strdup_printf ("%.0f", left / 4);
  g_autofree char *limit = g_strdup_printf ("%.0f", MAX (left - RESERVE, 0));
  const char *const arguments[] = { grace, limit, NULL };
  g_autofree char *jobs = NULL;
  g_autofree char *names = NULL;

  if (!vq_guest_script_run (channel, system_script, arguments, &jobs, deadline, cancel,
                            "cannot wait until the guest has booted", error))
    return FALSE;
  names = vq_text_printable (jobs, strlen (jobs), NAMES_MAX);
  if (names[0] != '\0')
    g_warning ("the guest's boot does not end, but users can log in: going on without waiting for "
               "systemd's jobs (%s)",
               names);
  return TRUE;
}

gboolean
vq_boot_wait_network (VqChannel *channel, gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autofree char *out = NULL;

  if (!vq_guest_script_run (channel, network_script, NULL, &out, deadline, cancel,
                            "cannot wait for the guest's network", error))
    return FALSE;
  if (g_str_has_prefix (out, "none"))
    g_warning ("the guest got no network address, so downloads in it (apt-get) will fail; "
               "--network=restricted silences this");
  return TRUE;
}

gboolean
vq_boot_wait_idle (VqChannel *channel, VqCancel *cancel, GError **error)
{
  static const char *const arguments[] = { LOCK_SECONDS, JOBS_SECONDS, NULL };
  g_autofree char *jobs = NULL;
  g_autofree char *names = NULL;

  if (!vq_guest_script_run (channel, idle_script, arguments, &jobs, vq_deadline_in (IDLE_SECONDS),
                            cancel, "the guest is at work", error))
    return FALSE;
  names = vq_text_printable (jobs, strlen (jobs), NAMES_MAX);
  if (names[0] != '\0')
    g_warning ("systemd's jobs in the guest do not end, so the template has them too (%s)", names);
  return TRUE;
}

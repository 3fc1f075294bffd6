// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/helper-push.h"

#include "base/error.h"

/* How many seconds all of it may take; under TCG it takes about one. */
#define PUSH_SECONDS 30

static const char script[] =
#include "guest/push-helper.sh.inc"
    ;

/* The script could not be run through WAY, or to no avail, for the reason WHY, which is taken over:
 * also says which option leaves that way out. */
static gboolean
fail_with_advice (VqWay *way, VqCancel *cancel, GError *why, GError **error)
{
  g_autoptr (GError) reason = why;

  if (way->avoid != NULL && vq_cancel_reason (cancel) == NULL)
    return vq_error_set (error, reason->code, "%s; %s tries the other ways into the guest",
                         reason->message, way->avoid);
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

/* The script as a line of arguments and a command that runs it in a mount namespace that only it
 * and the helper see. Transfer full. */
static char *
build_whole (gsize size, const char *sum)
{
  return g_strdup_printf ("set -- %" G_GSIZE_FORMAT " %s %s\n"
                          "exec unshare --mount /bin/sh -ec '\n%s' sh \"$@\"\n",
                          size, sum, VQ_HELPER_PORT_NAME, script);
}

gboolean
vq_helper_push (VqHelperPort *port, VqWay *entry, const char *program, gint64 deadline,
                VqCancel *cancel, GError **error)
{
  gint64 until = MIN (deadline, vq_deadline_in (PUSH_SECONDS));
  g_autofree char *bytes = NULL;
  g_autofree char *sum = NULL;
  g_autofree char *whole = NULL;
  GError *why = NULL;
  gsize n;

  if (!g_file_get_contents (program, &bytes, &n, error))
    return FALSE;
  sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *)bytes, n);
  whole = build_whole (n, sum);
  vq_helper_port_push (port, bytes, n);
  return (vq_way_run (entry, whole, until, cancel, &why)
          && vq_helper_port_sync (port, until, cancel, &why))
         || fail_with_advice (entry, cancel, why, error);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/helper-push.h"

/* How many seconds all of it may take; under TCG it takes about one. */
#define PUSH_SECONDS 30

static const char script[] =
#include "guest/push-helper.sh.inc"
    ;

/* The script as a line of arguments and a command that runs it in a mount namespace that only it
 * and the helper see. Transfer full. */
static char *
build_whole (gsize size, const char *sum, const char *machine)
{
  return g_strdup_printf ("set -- %" G_GSIZE_FORMAT " %s %s %s\n"
                          "exec unshare --mount /bin/sh -ec '\n%s' sh \"$@\"\n",
                          size, sum, VQ_HELPER_PORT_NAME, machine != NULL ? machine : "", script);
}

gboolean
vq_helper_push (VqHelperPort *port, VqWay *entry, const char *program, const char *machine,
                gint64 deadline, VqCancel *cancel, GError **error)
{
  gint64 until = MIN (deadline, vq_deadline_in (PUSH_SECONDS));
  g_autofree char *bytes = NULL;
  g_autofree char *sum = NULL;
  g_autofree char *whole = NULL;
  gsize n;

  if (!g_file_get_contents (program, &bytes, &n, error))
    return FALSE;
  sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *)bytes, n);
  whole = build_whole (n, sum, machine);
  vq_helper_port_push (port, bytes, n);
  return vq_way_run (entry, whole, until, cancel, error)
         && vq_helper_port_sync (port, until, cancel, error);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/helper-push.h"

#include "base/error.h"

/* How many seconds all of it may take; under TCG it takes about one. */
#define PUSH_SECONDS 30

/* A line before this script sets $1 to the program's size, $2 to its SHA-256 and $3 to the port's
 * name. The script waits for the port, because a shell may start before the port's driver is
 * loaded. It mounts a tmpfs of its own, because many systems mount /run, /tmp and /dev/shm noexec.
 * The tmpfs is in a mount namespace that only this script and the helper see, and disappears with
 * the helper, which then moves to init's namespaces. */
static const char script[] = "exec unshare --mount /bin/sh -ec '\n"
                             "umask 077\n"
                             "i=0 port=\n"
                             "while :; do\n"
                             "  for p in /sys/class/virtio-ports/*; do\n"
                             "    n=; [ ! -e $p/name ] || read -r n < $p/name || :\n"
                             "    if [ \"$n\" = \"$3\" ]; then port=/dev/${p##*/}; fi\n"
                             "  done\n"
                             "  [ ! -c \"$port\" ] || break\n"
                             "  [ $i -lt 100 ] || { echo \"no port $3\" >&2; exit 1; }\n"
                             "  i=$((i + 1)); sleep 0.1 2>/dev/null || sleep 1\n"
                             "done\n"
                             "mount -t tmpfs -o mode=700,exec virt-qemu /tmp\n"
                             "exec 3<>$port\n"
                             "timeout 20 head -c $1 <&3 >/tmp/virt-qemu-helper ||\n"
                             "  { echo \"the program did not arrive\" >&2; exit 1; }\n"
                             "echo \"$2  /tmp/virt-qemu-helper\" | sha256sum -c --status ||\n"
                             "  { echo \"the program arrived damaged\" >&2; exit 1; }\n"
                             "chmod 700 /tmp/virt-qemu-helper\n"
                             "exec /tmp/virt-qemu-helper --fd 3 --daemon\n"
                             "' sh \"$@\"\n";

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
  whole = g_strdup_printf ("set -- %" G_GSIZE_FORMAT " %s %s\n%s", n, sum, VQ_HELPER_PORT_NAME,
                           script);
  vq_helper_port_push (port, bytes, n);
  return (vq_way_run (entry, whole, until, cancel, &why)
          && vq_helper_port_sync (port, until, cancel, &why))
         || fail_with_advice (entry, cancel, why, error);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "testbed/served.h"

#include "base/error.h"
#include "copy/copy.h"

char **
vq_served_get_auxverb (VqServed *served)
{
  const char *const argv[]
      = { served->exec_program, served->class->get_exec_socket (served), NULL };

  return g_strdupv ((char **)argv);
}

static gint64
copy_deadline (VqServed *served)
{
  return vq_deadline_in (served->timeout_copy != 0 ? served->timeout_copy : G_MAXINT);
}

/* A timeout in the copy's last step means that the whole copy ran out of time, so the error says
 * that. Always returns FALSE. */
static gboolean
copy_failed (VqServed *served, const char *what, GError **error)
{
  if (error != NULL && vq_error_is_timeout (*error))
    {
      g_clear_error (error);
      vq_error_set (error, VQ_ERROR_TIMEOUT,
                    "%s: not done within %d s (AUTOPKGTEST_VIRT_COPY_TIMEOUT sets another limit)",
                    what, served->timeout_copy);
    }
  else
    g_prefix_error (error, "%s: ", what);
  return FALSE;
}

gboolean
vq_served_copy_down (VqServed *served, const char *host, const char *guest, GError **error)
{
  return vq_copy_down (served->class->get_channel (served), host, guest, &served->usage.copied_down,
                       copy_deadline (served), served->class->get_cancel (served), error)
         || copy_failed (served, "copydown", error);
}

gboolean
vq_served_copy_up (VqServed *served, const char *guest, const char *host, GError **error)
{
  return vq_copy_up (served->class->get_channel (served), guest, host, &served->usage.copied_up,
                     copy_deadline (served), served->class->get_cancel (served), error)
         || copy_failed (served, "copyup", error);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"

G_DEFINE_QUARK (vq - error - quark, vq_error)

gboolean
vq_error_is_machine (const GError *error)
{
  return g_error_matches (error, VQ_ERROR, VQ_ERROR_MACHINE);
}

gboolean
vq_error_is_timeout (const GError *error)
{
  return g_error_matches (error, VQ_ERROR, VQ_ERROR_TIMEOUT);
}

gboolean
vq_error_is_cancelled (const GError *error)
{
  return g_error_matches (error, VQ_ERROR, VQ_ERROR_CANCELLED);
}

gboolean
vq_error_is_locked (const GError *error)
{
  return g_error_matches (error, VQ_ERROR, VQ_ERROR_LOCKED);
}

gboolean
vq_error_is_missing (const GError *error)
{
  return g_error_matches (error, VQ_ERROR, VQ_ERROR_MISSING);
}

gboolean
vq_error_set_errno (GError **error, int errnum, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, VQ_ERROR, VQ_ERROR_FAILED, "%s: %s", what, g_strerror (errnum));
  return FALSE;
}

gboolean
vq_error_set (GError **error, VqErrorCode code, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_propagate_error (error, g_error_new_valist (VQ_ERROR, code, format, args));
  va_end (args);
  return FALSE;
}

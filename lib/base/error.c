// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"

#include <errno.h>
#include <string.h>

#include "base/inherited.h"

/* What it means that the host has too little room now. The last two are of locks and processes. */
static const int no_room[] = { ENOSPC, EDQUOT, ENOMEM, EMFILE, ENFILE, ENOBUFS, ENOLCK, EAGAIN };

typedef struct
{
  int errnum; /* 0: it did not come from the system */
} VqErrorPrivate;

static void
vq_error_private_init (VqErrorPrivate *private)
{
  private->errnum = 0;
}

static void
vq_error_private_copy (const VqErrorPrivate *from, VqErrorPrivate *to)
{
  *to = *from;
}

static void
vq_error_private_clear (VqErrorPrivate *private)
{
}

G_DEFINE_EXTENDED_ERROR (VqError, vq_error)

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
vq_error_is_errno (const GError *error, int errnum)
{
  return error != NULL && error->domain == VQ_ERROR
         && vq_error_get_private (error)->errnum == errnum;
}

static VqErrorCode
get_code_for (int errnum)
{
  for (gsize i = 0; i < G_N_ELEMENTS (no_room); i++)
    if (no_room[i] == errnum)
      return VQ_ERROR_NO_ROOM;
  return VQ_ERROR_FAILED;
}

VqErrorCode
vq_error_guess_code (const char *text)
{
  for (gsize i = 0; i < G_N_ELEMENTS (no_room); i++)
    if (strstr (text, g_strerror (no_room[i])) != NULL)
      return VQ_ERROR_NO_ROOM;
  return VQ_ERROR_FAILED;
}

VqErrorCode
vq_error_get_code (const GError *error)
{
  if (error->domain != VQ_ERROR)
    return vq_error_guess_code (error->message);
  if (get_code_for (vq_error_get_private (error)->errnum) == VQ_ERROR_NO_ROOM)
    return VQ_ERROR_NO_ROOM;
  return vq_error_is_errno (error, ENOENT) ? VQ_ERROR_MISSING : (VqErrorCode)error->code;
}

gboolean
vq_error_is_of_host (const GError *error)
{
  return vq_error_get_code (error) == VQ_ERROR_NO_ROOM || vq_error_is_errno (error, EIO)
         || vq_error_is_errno (error, EINTR);
}

void
vq_error_note_errno (GError *error, int errnum)
{
  vq_error_get_private (error)->errnum = errnum;
}

gboolean
vq_error_set_errno (GError **error, int errnum, const char *format, ...)
{
  g_autofree char *note = vq_inherited_note_on_errno (errnum);
  g_autofree char *what = NULL;
  GError *local = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  vq_error_set (&local, get_code_for (errnum), "%s: %s%s", what, g_strerror (errnum), note);
  vq_error_note_errno (local, errnum);
  g_propagate_error (error, local);
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

VqErrorPrefix
vq_error_prefix_begin (GError **error, const char *format, ...)
{
  VqErrorPrefix prefix = { error, NULL };
  va_list args;

  va_start (args, format);
  prefix.text = g_strdup_vprintf (format, args);
  va_end (args);
  return prefix;
}

void
vq_error_prefix_end (VqErrorPrefix *prefix)
{
  if (prefix->error != NULL && *prefix->error != NULL)
    g_prefix_error (prefix->error, "%s: ", prefix->text);
  g_free (prefix->text);
}

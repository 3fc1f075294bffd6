// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/cancel.h"

struct _VqCancel
{
  VqCancel *parent;
  GError *reason;
  VqCancelWatch watch;
  gpointer watch_data;
};

VqCancel *
vq_cancel_new (VqCancel *parent)
{
  VqCancel *cancel = g_new0 (VqCancel, 1);

  cancel->parent = parent;
  return cancel;
}

void
vq_cancel_free (VqCancel *cancel)
{
  if (cancel == NULL)
    return;
  g_clear_error (&cancel->reason);
  g_free (cancel);
}

void
vq_cancel_trigger (VqCancel *cancel, const GError *reason)
{
  if (cancel->reason != NULL)
    return;
  cancel->reason = g_error_copy (reason);
  g_main_context_wakeup (NULL);
  if (cancel->watch != NULL)
    cancel->watch (cancel->reason, cancel->watch_data);
}

void
vq_cancel_set_watch (VqCancel *cancel, VqCancelWatch cancelled, gpointer data)
{
  cancel->watch = cancelled;
  cancel->watch_data = data;
}

const GError *
vq_cancel_reason (VqCancel *cancel)
{
  for (; cancel != NULL; cancel = cancel->parent)
    if (cancel->reason != NULL)
      return cancel->reason;
  return NULL;
}

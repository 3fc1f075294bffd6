// SPDX-License-Identifier: GPL-2.0-or-later
/* Ends waits early, and says why. A cancel may have a parent; when the parent is triggered, so is
 * the cancel. The first reason wins and stays. */
#pragma once

#include <glib.h>

typedef struct _VqCancel VqCancel;

/* PARENT may be NULL and must outlive the result. */
VqCancel *vq_cancel_new (VqCancel *parent);
void vq_cancel_free (VqCancel *cancel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqCancel, vq_cancel_free)

/* Ends all waits on CANCEL and on its children with a copy of REASON. Later calls do nothing. */
void vq_cancel_trigger (VqCancel *cancel, const GError *reason);

/* Calls CANCELLED once, from inside vq_cancel_trigger (CANCEL), so that work that no wait belongs
 * to can be stopped. It is not called when only the parent is triggered. Replaces an earlier watch;
 * NULL ends it. */
typedef void (*VqCancelWatch) (const GError *reason, gpointer data);
void vq_cancel_set_watch (VqCancel *cancel, VqCancelWatch cancelled, gpointer data);

/* The reason of CANCEL or of its nearest triggered ancestor, or NULL. CANCEL may be NULL. */
const GError *vq_cancel_reason (VqCancel *cancel);

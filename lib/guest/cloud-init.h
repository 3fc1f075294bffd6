// SPDX-License-Identifier: GPL-2.0-or-later
/* Waits for cloud-init in a guest that has got a seed for it. */
#pragma once

#include <glib.h>

#include "channel/channel.h"
#include "base/wait.h"

/* What cloud-init has to do in a guest. */
typedef enum
{
  VQ_CLOUD_INIT_NOTHING,
  VQ_CLOUD_INIT_WORK,       /* work that must succeed */
  VQ_CLOUD_INIT_WORK_ANYHOW /* work that only must end: we warn of errors in it */
} VqCloudInitTask;

/* Waits until cloud-init has ended, shortly before DEADLINE at the latest. Fails, and says what
 * failed in which of its stages, if it has not ended, had errors, did not read our seed, or is not
 * there. Warns of what it calls recoverable errors. TASK is not nothing. */
gboolean vq_cloud_init_wait (VqChannel *channel, VqCloudInitTask task, gint64 deadline,
                             VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same without a guest: REPORT is what wait-cloud-init.sh has printed. */
gboolean vq_cloud_init_check (const char *report, VqCloudInitTask task, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

// SPDX-License-Identifier: GPL-2.0-or-later
/* What happens to instances, as lines of a file beside the directory of the instances, for those
 * who want to hear of it. Nobody needs the file, so that a line is lost if it cannot be written is
 * no error. */
#pragma once

#include "instance/instance.h"

/* The file. When it is larger than VQ_INSTANCE_EVENT_MAX_BYTES, it is renamed, and an older one of
 * that name is lost. */
#define VQ_INSTANCE_EVENT_FILE "events"
#define VQ_INSTANCE_EVENT_OLD_FILE VQ_INSTANCE_EVENT_FILE ".1"
#define VQ_INSTANCE_EVENT_MAX_BYTES (1024 * 1024)

/* What has happened. */
#define VQ_INSTANCE_EVENT_CREATED "created"
#define VQ_INSTANCE_EVENT_STARTED "started" /* by this process, which is its supervisor */
#define VQ_INSTANCE_EVENT_READY "ready"
#define VQ_INSTANCE_EVENT_STOPPED "stopped"
#define VQ_INSTANCE_EVENT_DELETED "deleted"

typedef struct
{
  gint64 time;  /* microseconds of real time */
  char *name;   /* the instance's */
  char *what;   /* one of the above, or "restarted", "reverted" or "forked" */
  char *detail; /* why it has stopped, or as what it was forked; NULL: nothing */
  int pid;      /* of the process that has written the event */
} VqInstanceEvent;

/* Adds the event to the file. DETAIL may be NULL. */
void vq_instance_event_add (VqInstance *instance, const char *what, const char *detail);

/* Parses a line of the file. NULL if it is damaged. Transfer full. */
VqInstanceEvent *vq_instance_event_parse (const char *line);
void vq_instance_event_free (VqInstanceEvent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqInstanceEvent, vq_instance_event_free)

/* Opens the directory of the file. */
VqPrivateDir *vq_instance_event_open_dir (VqPrivateDir *place, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

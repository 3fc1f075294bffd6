// SPDX-License-Identifier: GPL-2.0-or-later
/* What the file of a slot tells about who holds it: one JSON object. It is true only while the file
 * is locked: a holder that has ended leaves it behind. */
#pragma once

#include <glib.h>

typedef struct
{
  char *type; /* of the slot, and its number */
  guint number;
  gint64 since;      /* microseconds of real time */
  gint64 pid;        /* of the process that has told this */
  char *user;        /* whose that is */
  char *instance;    /* "" if it is no instance, and so on */
  char *owner;       /* whom it is for, in the user's words */
  char *description; /* what for */
  gint64 lease_end;  /* microseconds of real time; 0: none */
} VqSlotHolder;

void vq_slot_holder_free (VqSlotHolder *holder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqSlotHolder, vq_slot_holder_free)

/* Reads what the file FD tells. NULL if that is nothing, or nonsense. */
VqSlotHolder *vq_slot_holder_read (int fd);

/* Writes HOLDER to the file FD, whose lock we have. Strings may be NULL, and long ones are cut;
 * they need not be UTF-8. */
gboolean vq_slot_holder_write (const VqSlotHolder *holder, int fd, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

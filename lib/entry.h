// SPDX-License-Identifier: GPL-2.0-or-later
/* A way into a guest that boots: an interface that tells when the way may be open, opens it, and
 * then runs scripts in the guest, as root. Implementations: entry-agent (qemu-guest-agent),
 * entry-shell (a root shell that waits on a serial port) and entry-login (a login prompt). */
#pragma once

#include <glib.h>

#include "wait.h"

typedef struct _VqEntry VqEntry;

/* What an implementation provides; the first member of its own struct is a VqEntry. */
typedef struct
{
  VqCondition is_ready; /* of the VqEntry */
  gboolean (*open) (VqEntry *entry, gint64 deadline, VqCancel *cancel, GError **error);
  gboolean (*run) (VqEntry *entry, const char *script, gint64 deadline, VqCancel *cancel,
                   GError **error);
  char *(*describe) (VqEntry *entry); /* after the name and ": " */
  void (*free) (VqEntry *entry);
} VqEntryClass;

struct _VqEntry
{
  const VqEntryClass *class;
  char *name; /* "root shell on hvc1", for messages; freed by vq_entry_free */
};

/* Whether it is worth while to open it now. Changes only while the main context runs. A
 * VqCondition. */
gboolean vq_entry_is_ready (gpointer entry);

/* Opens a way that is ready, which takes some seconds, and up to two minutes where a person would
 * have to log in. VQ_ERROR_TIMEOUT: it may work at another time; any other error is final. */
gboolean vq_entry_open (VqEntry *entry, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Runs SCRIPT, POSIX sh, through a way that is open, and waits for its end. It has no input and no
 * output; if its exit status is not 0, the error holds the end of its stderr. */
gboolean vq_entry_run (VqEntry *entry, const char *script, gint64 deadline, VqCancel *cancel,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What there is to see of it as long as it is not ready: "root shell on hvc1: no answer". Transfer
 * full. */
char *vq_entry_describe (VqEntry *entry);

/* Leaves the guest as it was, but for what scripts have done. May wait for a second. */
void vq_entry_free (VqEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqEntry, vq_entry_free)

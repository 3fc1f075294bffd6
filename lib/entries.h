// SPDX-License-Identifier: GPL-2.0-or-later
/* All ways into a guest that boots, and which of them opens first. What the guest's console says is
 * watched meanwhile: some boots have failed long before time is up. */
#pragma once

#include "console.h"
#include "entry.h"

typedef struct _VqEntries VqEntries;

/* CONSOLE must outlive the result. When a last resort has failed, the guest is up, and the other
 * ways get PATIENCE more seconds. */
VqEntries *vq_entries_new (VqConsole *console, double patience);
void vq_entries_free (VqEntries *entries);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqEntries, vq_entries_free)

/* ENTRY becomes theirs. Of several that are ready at once, the one that was added first is tried
 * first. */
typedef enum
{
  VQ_ENTRY_NORMAL,
  VQ_ENTRY_LAST_RESORT,
} VqEntryRank;
void vq_entries_add (VqEntries *entries, VqEntry *entry, VqEntryRank rank);

/* Waits until one is open, and returns it; it stays theirs. The error of a guest that cannot be got
 * into tells what its console says, which ways were tried, and why each was none: VQ_ERROR_TIMEOUT
 * if time was up, VQ_ERROR_FAILED if the boot has failed, VQ_ERROR_LOCKED if the guest is up. */
VqEntry *vq_entries_open_one (VqEntries *entries, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

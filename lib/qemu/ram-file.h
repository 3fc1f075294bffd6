// SPDX-License-Identifier: GPL-2.0-or-later
/* The file that holds a guest's memory. A machine that becomes a template maps it shared; its forks
 * map it privately, copy-on-write. The file is checked before QEMU gets it, because QEMU would use
 * any file, make a missing one, and be killed by SIGBUS if the file is too short. Waits only for
 * the disk. */
#pragma once

#include <glib.h>

/* Makes the file PATH, which must not exist, with mode 0600 and a size of MIB mebibytes that take
 * no room on the disk yet. */
gboolean vq_ram_file_create (const char *path, int mib, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Fails unless PATH is a plain file of exactly MIB mebibytes. */
gboolean vq_ram_file_check (const char *path, int mib, GError **error) G_GNUC_WARN_UNUSED_RESULT;

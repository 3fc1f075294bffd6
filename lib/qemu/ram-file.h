// SPDX-License-Identifier: GPL-2.0-or-later
/* The file that holds a guest's memory: the machine that is to be a template shares it, its forks
 * map it privately, copy on write. QEMU takes whatever file it finds, makes one where there is
 * none, and is killed (SIGBUS) when one gets shorter: it is looked at before QEMU sees it. Nothing
 * here waits but for the disk. */
#pragma once

#include <glib.h>

/* Makes the file PATH, which must not exist: MIB mebibytes that take no room yet, mode 0600. */
gboolean vq_ram_file_create (const char *path, int mib, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Fails unless PATH is a plain file of exactly MIB mebibytes. */
gboolean vq_ram_file_check (const char *path, int mib, GError **error) G_GNUC_WARN_UNUSED_RESULT;

// SPDX-License-Identifier: GPL-2.0-or-later
/* A new file that has another name until it is complete: FILE.virt-qemu.part. Only one process at a
 * time can make it. If we are killed the part stays, and the next one that makes FILE takes it
 * over. Nothing here waits except for the disk. */
#pragma once

#include <glib.h>

typedef struct _VqPartFile VqPartFile;

/* Makes the part for the file TARGET, an absolute path; it is empty. Fails with VQ_ERROR_BUSY if
 * another process has one. */
VqPartFile *vq_part_file_new (const char *target, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for the file PATH, an absolute path, which another program has completed. */
VqPartFile *vq_part_file_adopt (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes the part, unless it was committed. */
void vq_part_file_free (VqPartFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqPartFile, vq_part_file_free)

const char *vq_part_file_get_path (const VqPartFile *self);

/* It stays open for reading and writing until the part is freed. */
int vq_part_file_get_fd (const VqPartFile *self);

/* Gives it the name PATH (NULL: TARGET) in the same file system, when it is on the disk. Without
 * REPLACE it fails with VQ_ERROR_EXISTS if there is such a file, which somebody may have made
 * meanwhile. */
gboolean vq_part_file_commit (VqPartFile *self, const char *path, gboolean replace, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

// SPDX-License-Identifier: GPL-2.0-or-later
/* EFI firmware for QEMU, as Debian packages it: a file of code that all guests share, and a file of
 * initial variables, of which each guest needs its own copy. U-Boot has no variables; QEMU takes it
 * as a kernel. Waits only for the disk. */
#pragma once

#include <glib.h>

typedef struct _VqFirmware VqFirmware;

/* Finds the EFI firmware for QEMU_ARCHITECTURE ("x86_64", "aarch64", ...). Fails if none is known
 * for it (VQ_ERROR_USAGE), or if it is not installed (the message names the package). */
VqFirmware *vq_firmware_find (const char *qemu_architecture, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same in the directory ROOT instead of "/". */
VqFirmware *vq_firmware_find_in (const char *root, const char *qemu_architecture, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void vq_firmware_free (VqFirmware *firmware);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqFirmware, vq_firmware_free)

/* FALSE if FIRMWARE is NULL. */
gboolean vq_firmware_has_vars (const VqFirmware *firmware);

/* Absolute paths of the two files, which must only be read. The second is NULL if there is none. */
const char *vq_firmware_get_code (const VqFirmware *firmware);
const char *vq_firmware_get_vars (const VqFirmware *firmware);

/* Copies the initial variables to DEST, which must not exist, with mode 0600. Runs of zeros become
 * holes. If it fails it leaves no file. */
gboolean vq_firmware_copy_vars (const VqFirmware *firmware, const char *dest, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

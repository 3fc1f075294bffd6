// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds out from a disk's partition table how it boots, for --boot=auto. Understands DOS partition
 * tables (primary partitions only) and GPT (UEFI specification, chapter 5), with sectors of 512 or
 * 4096 bytes. */
#pragma once

#include <glib.h>

#include "image/image.h"
#include "base/wait.h"

typedef struct
{
  gboolean has_esp;            /* an EFI system partition, GPT or DOS type 0xEF */
  gboolean has_bios_boot_code; /* the boot code area of the first sector is not all zero */
} VqDiskLayout;

/* How many bytes from the start of a disk vq_disk_layout_parse needs at most: enough for a GPT of
 * 128 entries with sectors of 4096 bytes. */
#define VQ_DISK_LAYOUT_SIZE 32768

/* Parses the first N bytes of a disk; any N will do. Never fails: parts that are damaged or lie
 * beyond the N bytes are ignored. Checksums are not verified. */
VqDiskLayout vq_disk_layout_parse (const guint8 *bytes, gsize n);

/* The same for IMAGE, by means of a temporary file in the directory TMPDIR. Waits for qemu-img
 * until DEADLINE. CANCEL may be NULL. */
gboolean vq_disk_layout_read (const VqImage *image, VqDiskLayout *layout, const char *tmpdir,
                              gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Whether a PC should boot this disk with EFI: it has an EFI system partition and no BIOS boot
 * code. An image that can do both boots with BIOS, which is what QEMU does by default. */
gboolean vq_disk_layout_wants_efi (const VqDiskLayout *layout);

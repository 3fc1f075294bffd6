// SPDX-License-Identifier: GPL-2.0-or-later
/* What the partition table of a disk says about how it boots, for --boot=auto. Read are DOS
 * partition tables (primary partitions) and GPT (UEFI specification, chapter 5), with sectors of
 * 512 or 4096 bytes. */
#pragma once

#include <glib.h>

#include "image/image.h"
#include "base/wait.h"

typedef struct
{
  gboolean has_esp;            /* an EFI system partition, GPT or DOS type 0xEF */
  gboolean has_bios_boot_code; /* the boot code area of the first sector is not all zero */
} VqDiskLayout;

/* Bytes of the start of a disk that vq_disk_layout_parse can use: enough for a GPT of 128 entries
 * with sectors of 4096 bytes. */
#define VQ_DISK_LAYOUT_SIZE 32768

/* Parses the first N bytes of a disk, any N. Never fails: what is damaged, or lies behind the N
 * bytes, counts as not there. Checksums are not looked at. */
VqDiskLayout vq_disk_layout_parse (const guint8 *bytes, gsize n);

/* The same for IMAGE, through a file in the directory TMPDIR that is gone at the end. Waits for
 * qemu-img until DEADLINE at most. CANCEL may be NULL. */
gboolean vq_disk_layout_read (const VqImage *image, VqDiskLayout *layout, const char *tmpdir,
                              gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* How a PC boots this disk: with EFI if there is an EFI system partition and no BIOS boot code,
 * otherwise with the BIOS. (Images that can do both are meant for the BIOS of a plain QEMU.) */
gboolean vq_disk_layout_wants_efi (const VqDiskLayout *layout);

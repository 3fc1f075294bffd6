// SPDX-License-Identifier: GPL-2.0-or-later
/* What the header of a disk image says: its format, and which other files it names. Image files
 * come from strangers, and a header can make QEMU open any file; so it is read here first, and QEMU
 * is then told the format and all files by name. Nothing here opens a file.
 *
 * Where a format leaves room for doubt, what counts is how QEMU's driver of that format reads it.
 * Anything that QEMU would not open, or that is damaged, is refused. So is a file that is images of
 * two formats at once: programs would not agree on what is in it. Not refused is what ordinary raw
 * disks are: an ISO image with partition tables, and a disk with the footer of a fixed-size VHD. */
#pragma once

#include <glib.h>

#include "image/image-source.h"

/* What a raw image holds; several at once are usual. */
typedef enum
{
  VQ_IMAGE_CONTENTS_BOOT_SECTOR = 1 << 0, /* the first sector ends with the mark of one */
  VQ_IMAGE_CONTENTS_MBR = 1 << 1,         /* a DOS partition table that is not empty */
  VQ_IMAGE_CONTENTS_GPT = 1 << 2,
  VQ_IMAGE_CONTENTS_ISO = 1 << 3,        /* ISO 9660 */
  VQ_IMAGE_CONTENTS_VPC_FOOTER = 1 << 4, /* the disk can also be opened as "vpc" */
} VqImageContents;

typedef struct
{
  const char *format;   /* as QEMU names it: "qcow2", "raw", ... */
  guint64 virtual_size; /* what a guest sees, in bytes */
  char *backing_file;   /* as it is written in the header; NULL if there is none */
  char *backing_format; /* the same; NULL if none is recorded */
  char *data_file;      /* another file that has the contents, "" if its name is not known; a data
                         * file of qcow2 or an extent of vmdk; NULL if there is none */
  gboolean is_encrypted;
  gboolean is_dirty;   /* qcow2 and qed: it was not closed, so that counters may be wrong */
  gboolean is_corrupt; /* qcow2: QEMU found damage, and opens it for reading only */
  guint64 data_start;  /* up to here are only the format's own data, never the guest's; 0 for raw */
  VqImageContents contents; /* only for raw */
} VqImageHeader;

/* Reads the header of SOURCE. FORMAT is the one that is recorded for it elsewhere, or NULL. If it
 * is "raw", the contents do not matter: they could be written by a guest that wants its disk taken
 * for something else. Any other must be what the header says. Fails with VQ_ERROR_USAGE and a
 * sentence about "it", to be put behind the name of the file, or as SOURCE's function does. Reads
 * some 2 MB at most. */
VqImageHeader *vq_image_header_read (const VqImageSource *source, const char *format,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vq_image_header_free (VqImageHeader *header);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqImageHeader, vq_image_header_free)

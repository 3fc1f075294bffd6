// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the header of a disk image: its format, and the other files that it names. Images may come
 * from strangers, and a header can make QEMU open any file. So the header is read here first, and
 * QEMU is then given the format and all files. Nothing here opens a file.
 *
 * Where a format is ambiguous, it is read as QEMU's driver reads it. Anything that QEMU would not
 * open, or that is damaged, is refused. So is a file that is a valid image in two formats, because
 * programs would not agree on its contents. Two such files are accepted, because they are common:
 * an ISO image with partition tables, and a raw disk with the footer of a fixed-size VHD. */
#pragma once

#include <glib.h>

#include "image/image-source.h"

/* What a raw image contains; it may be several of these. */
typedef enum
{
  VQ_IMAGE_CONTENTS_BOOT_SECTOR = 1 << 0, /* the first sector ends with the mark of a boot sector */
  VQ_IMAGE_CONTENTS_MBR = 1 << 1,         /* a DOS partition table that is not empty */
  VQ_IMAGE_CONTENTS_GPT = 1 << 2,
  VQ_IMAGE_CONTENTS_ISO = 1 << 3,        /* ISO 9660 */
  VQ_IMAGE_CONTENTS_VPC_FOOTER = 1 << 4, /* the disk can also be opened as "vpc" */
} VqImageContents;

typedef struct
{
  const char *format;   /* QEMU's name for it: "qcow2", "raw", ... */
  guint64 virtual_size; /* the size that a guest sees, in bytes */
  char *backing_file;   /* as it is written in the header; NULL if there is none */
  char *backing_format; /* the same; NULL if none is recorded */
  char *data_file;      /* another file that has the contents, "" if its name is not known; a data
                         * file of qcow2 or an extent of vmdk; NULL if there is none */
  gboolean is_encrypted;
  gboolean is_dirty;   /* qcow2 and qed: it was not closed properly, so counters may be wrong */
  gboolean is_corrupt; /* qcow2: QEMU found damage, and opens it for reading only */
  guint64 data_start;  /* before this there are only data of the format; 0 for raw */
  VqImageContents contents; /* only for raw */
} VqImageHeader;

/* Reads the header of SOURCE. FORMAT is the format that is recorded elsewhere for it, or NULL. If
 * that is "raw", the contents do not matter, because a guest could have written them to make its
 * disk look like something else. Any other FORMAT must match the header. Fails with VQ_ERROR_USAGE
 * and a sentence about "it", which the caller puts after the name of the file, or with the error of
 * SOURCE's function. Reads 2 MB or so at most. */
VqImageHeader *vq_image_header_read (const VqImageSource *source, const char *format,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vq_image_header_free (VqImageHeader *header);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqImageHeader, vq_image_header_free)

// SPDX-License-Identifier: GPL-2.0-or-later
/* Image files made byte by byte: good ones of all formats, and hostile ones. */
#pragma once

#include <glib.h>

typedef enum
{
  SAMPLE_RAW, /* zeros */
  SAMPLE_MBR, /* a raw disk with a boot sector and a partition */
  SAMPLE_ISO, /* a hybrid one: with MBR and GPT */
  SAMPLE_QCOW,
  SAMPLE_QCOW2_OLD, /* version 2 */
  SAMPLE_QCOW2,     /* version 3 */
  SAMPLE_QED,
  SAMPLE_VMDK,
  SAMPLE_VMDK_STREAM,
  SAMPLE_VMDK_TEXT,
  SAMPLE_VDI,
  SAMPLE_VHDX,
  SAMPLE_VPC,
  SAMPLE_VPC_FIXED,
  SAMPLE_LUKS,
  SAMPLE_PARALLELS,
  SAMPLE_N,
} SampleKind;

/* Bytes to put into an image; a negative offset counts from its end. */
typedef struct
{
  gint64 at;
  gsize n;
  const char *bytes;
} SamplePatch;

/* Defines a patch by a string, which may have NULs in it. */
#define PATCH(at, string)                                                                          \
  {                                                                                                \
    at, sizeof string - 1, string                                                                  \
  }

/* How to make an image. */
typedef struct
{
  SampleKind kind;
  const char *backing;        /* the name of a backing file, or NULL; for those that can have one */
  const char *backing_format; /* for qcow2; on qed "raw" or NULL */
  SamplePatch patches[4];     /* those with bytes */
} Sample;

typedef struct
{
  Sample sample;
  const char *error; /* what the message of the gate has in it */
} HostileSample;

/* What a guest sees of each sample that is neither raw nor luks, in bytes. */
#define SAMPLE_SIZE (8 * 1024 * 1024)

/* None of these may be opened. Names of backing files are relative to a directory "images" that
 * holds a raw disk "raw", a directory "directory", a FIFO "fifo", an empty file "empty", links
 * "link" to ../secret and "outside" to .., and the image itself as "hostile". */
extern const HostileSample hostile_samples[];
gsize hostile_samples_count (void);

/* Makes the image. Transfer full. */
GByteArray *sample_build (const Sample *sample);

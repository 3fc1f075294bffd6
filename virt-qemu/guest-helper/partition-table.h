/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The partition table of a disk that has become larger: GPT (UEFI specification, chapter 5) or MBR.
 * The disk is hostile in that anything may be in it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"

/* A disk and one of its partitions. Numbers without a unit are logical blocks. */
typedef struct
{
  int fd;            /* of the disk, open for reading and writing */
  uint32_t block;    /* bytes in a logical block */
  uint64_t n_blocks; /* of the disk, as it is now */
  uint32_t number;   /* of the partition, from 1 */
  uint64_t start;    /* of the partition */
  uint64_t length;   /* of the partition; gets the new one */
} Partition;

/* Lets the partition end where the disk does, in the table on the disk; what was in it stays. It
 * must be the last one. If there is no room behind it, nothing is written. */
bool partition_table_grow (Partition *partition, Why why);

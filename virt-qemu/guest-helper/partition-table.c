/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "partition-table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_MIN 512u
#define BLOCK_MAX 4096u

/* The master boot record: four entries, and two bytes at the end. */
#define MBR_ENTRIES 446u
#define MBR_ENTRY 16u
#define MBR_N 4u
#define MBR_TYPE 4u
#define MBR_START 8u
#define MBR_LENGTH 12u
#define MBR_SIGNATURE 510u
#define MBR_GPT 0xee

/* The header of a GPT, which is in the second block and in the last one. */
#define GPT_SIGNATURE "EFI PART"
#define GPT_HEADER_SIZE 12u
#define GPT_HEADER_SUM 16u
#define GPT_OWN 24u
#define GPT_OTHER 32u
#define GPT_LAST_USABLE 48u
#define GPT_ENTRIES_AT 72u
#define GPT_N 80u
#define GPT_ENTRY_SIZE 84u
#define GPT_ENTRIES_SUM 88u
#define GPT_HEADER_MIN 92u

/* An entry; one whose type is zero is free. */
#define GPT_TYPE_SIZE 16u
#define GPT_FIRST 32u
#define GPT_LAST 40u
#define GPT_ENTRY_MIN 128u
#define GPT_ENTRIES_MAX (1024u * 1024)

typedef struct
{
  uint8_t header[BLOCK_MAX];
  uint8_t *entries; /* owned */
  uint32_t n;
  uint32_t entry_size;
  uint32_t n_blocks; /* of all entries */
} Gpt;

static uint64_t
get (const uint8_t *bytes, unsigned n)
{
  uint64_t value = 0;

  while (n-- > 0)
    value = value << 8 | bytes[n];
  return value;
}

static void
put (uint8_t *bytes, unsigned n, uint64_t value)
{
  for (unsigned i = 0; i < n; i++, value >>= 8)
    bytes[i] = value;
}

static uint32_t
sum (const uint8_t *bytes, size_t n)
{
  uint32_t crc = 0xffffffff;

  for (size_t i = 0; i < n; i++)
    {
      crc ^= bytes[i];
      for (int bit = 0; bit < 8; bit++)
        crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
  return ~crc;
}

static bool
read_blocks (const Partition *partition, uint64_t at, void *bytes, size_t n, Why why)
{
  if (pread (partition->fd, bytes, n, at * partition->block) == (ssize_t)n)
    return true;
  return explain (why, "cannot read the partition table: %s", strerror (errno));
}

static bool
write_blocks (const Partition *partition, uint64_t at, const void *bytes, size_t n, Why why)
{
  if (pwrite (partition->fd, bytes, n, at * partition->block) == (ssize_t)n
      && fsync (partition->fd) == 0)
    return true;
  return explain (why, "cannot write the partition table: %s", strerror (errno));
}

static bool
fail_last (const Partition *partition, Why why)
{
  return explain (why, "there is another partition behind partition %u", partition->number);
}

/* The header must be one, and the entries as it says. */
static bool
check_header (const Partition *partition, Gpt *gpt, Why why)
{
  uint8_t *header = gpt->header;
  uint32_t size = get (header + GPT_HEADER_SIZE, 4);
  uint32_t expected = get (header + GPT_HEADER_SUM, 4);

  gpt->n = get (header + GPT_N, 4);
  gpt->entry_size = get (header + GPT_ENTRY_SIZE, 4);
  if (size < GPT_HEADER_MIN || size > partition->block || gpt->entry_size < GPT_ENTRY_MIN
      || gpt->n > GPT_ENTRIES_MAX / gpt->entry_size || partition->number > gpt->n)
    return explain (why, "the GPT makes no sense");
  put (header + GPT_HEADER_SUM, 4, 0);
  if (sum (header, size) != expected)
    return explain (why, "the GPT is damaged");
  gpt->n_blocks = (gpt->n * gpt->entry_size + partition->block - 1) / partition->block;
  return true;
}

static bool
read_entries (const Partition *partition, Gpt *gpt, Why why)
{
  size_t size = (size_t)gpt->n_blocks * partition->block;

  gpt->entries = malloc (size);
  if (gpt->entries == NULL)
    return explain (why, "out of memory");
  if (!read_blocks (partition, get (gpt->header + GPT_ENTRIES_AT, 8), gpt->entries, size, why))
    return false;
  return sum (gpt->entries, gpt->n * gpt->entry_size) == get (gpt->header + GPT_ENTRIES_SUM, 4)
         || explain (why, "the GPT is damaged");
}

static bool
is_free (const uint8_t *entry)
{
  static const uint8_t none[GPT_TYPE_SIZE];

  return memcmp (entry, none, sizeof none) == 0;
}

static bool
check_entry (const Partition *partition, const Gpt *gpt, const uint8_t *own, Why why)
{
  if (is_free (own) || get (own + GPT_FIRST, 8) != partition->start
      || get (own + GPT_LAST, 8) != partition->start + partition->length - 1)
    return explain (why, "the GPT says something else about partition %u than the kernel",
                    partition->number);
  for (uint32_t i = 0; i < gpt->n; i++)
    {
      const uint8_t *entry = gpt->entries + i * gpt->entry_size;

      if (entry != own && !is_free (entry) && get (entry + GPT_FIRST, 8) > partition->start)
        return fail_last (partition, why);
    }
  return true;
}

/* Where a copy of the header is, and where its entries are. */
static bool
write_copy (const Partition *partition, Gpt *gpt, uint64_t own, uint64_t other, uint64_t entries,
            Why why)
{
  uint8_t *header = gpt->header;

  put (header + GPT_OWN, 8, own);
  put (header + GPT_OTHER, 8, other);
  put (header + GPT_ENTRIES_AT, 8, entries);
  put (header + GPT_HEADER_SUM, 4, 0);
  put (header + GPT_HEADER_SUM, 4, sum (header, get (header + GPT_HEADER_SIZE, 4)));
  return write_blocks (partition, entries, gpt->entries, (size_t)gpt->n_blocks * partition->block,
                       why)
         && write_blocks (partition, own, header, partition->block, why);
}

/* The one at the end of the disk first: whenever it stops, there is a whole one. */
static bool
write_both (const Partition *partition, Gpt *gpt, Why why)
{
  uint64_t entries = get (gpt->header + GPT_ENTRIES_AT, 8);
  uint64_t last = partition->n_blocks - 1;

  put (gpt->header + GPT_ENTRIES_SUM, 4, sum (gpt->entries, gpt->n * gpt->entry_size));
  return write_copy (partition, gpt, last, 1, last - gpt->n_blocks, why)
         && write_copy (partition, gpt, 1, last, entries, why);
}

/* In the master boot record of a disk with a GPT, one partition is all of the disk. */
static bool
grow_protection (const Partition *partition, uint8_t *mbr, Why why)
{
  uint8_t *entry = mbr + MBR_ENTRIES;
  uint64_t length = partition->n_blocks - 1;

  if (entry[MBR_TYPE] != MBR_GPT)
    return true;
  put (entry + MBR_LENGTH, 4, length > UINT32_MAX ? UINT32_MAX : length);
  return write_blocks (partition, 0, mbr, partition->block, why);
}

static bool
grow_entry (Partition *partition, Gpt *gpt, uint8_t *mbr, Why why)
{
  uint8_t *own = gpt->entries + (partition->number - 1) * gpt->entry_size;
  uint64_t end = partition->n_blocks - 1 - gpt->n_blocks; /* the first block that it cannot have */

  if (!check_entry (partition, gpt, own, why))
    return false;
  if (end <= partition->start + partition->length)
    return true;
  put (own + GPT_LAST, 8, end - 1);
  put (gpt->header + GPT_LAST_USABLE, 8, end - 1);
  if (!write_both (partition, gpt, why) || !grow_protection (partition, mbr, why))
    return false;
  partition->length = end - partition->start;
  return true;
}

static bool
grow_gpt (Partition *partition, Gpt *gpt, uint8_t *mbr, Why why)
{
  bool done = check_header (partition, gpt, why) && read_entries (partition, gpt, why)
              && grow_entry (partition, gpt, mbr, why);

  free (gpt->entries);
  return done;
}

static bool
check_mbr (const Partition *partition, const uint8_t *mbr, const uint8_t *own, Why why)
{
  if (get (own + MBR_START, 4) != partition->start
      || get (own + MBR_LENGTH, 4) != partition->length)
    return explain (why, "the MBR says something else about partition %u than the kernel",
                    partition->number);
  for (unsigned i = 0; i < MBR_N; i++)
    if (mbr[MBR_ENTRIES + i * MBR_ENTRY + MBR_TYPE] != 0
        && get (mbr + MBR_ENTRIES + i * MBR_ENTRY + MBR_START, 4) > partition->start)
      return fail_last (partition, why);
  return true;
}

static bool
grow_mbr (Partition *partition, uint8_t *mbr, Why why)
{
  uint8_t *own = mbr + MBR_ENTRIES + (partition->number - 1) * MBR_ENTRY;
  uint64_t length = partition->n_blocks - partition->start;

  if (length > UINT32_MAX)
    length = UINT32_MAX;
  if (partition->number > MBR_N)
    return explain (why, "partition %u is a logical one", partition->number);
  if (!check_mbr (partition, mbr, own, why))
    return false;
  if (length <= partition->length)
    return true;
  put (own + MBR_LENGTH, 4, length);
  if (!write_blocks (partition, 0, mbr, partition->block, why))
    return false;
  partition->length = length;
  return true;
}

bool
partition_table_grow (Partition *partition, Why why)
{
  uint8_t mbr[BLOCK_MAX];
  Gpt gpt = { .entries = NULL };

  if (partition->block < BLOCK_MIN || partition->block > BLOCK_MAX || partition->number == 0
      || partition->n_blocks <= partition->start)
    return explain (why, "the disk makes no sense");
  if (!read_blocks (partition, 0, mbr, partition->block, why)
      || !read_blocks (partition, 1, gpt.header, partition->block, why))
    return false;
  if (memcmp (gpt.header, GPT_SIGNATURE, strlen (GPT_SIGNATURE)) == 0)
    return grow_gpt (partition, &gpt, mbr, why);
  if (get (mbr + MBR_SIGNATURE, 2) == 0xaa55)
    return grow_mbr (partition, mbr, why);
  return explain (why, "the disk has neither a GPT nor an MBR");
}

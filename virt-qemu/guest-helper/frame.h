// SPDX-License-Identifier: GPL-2.0-or-later
/* A frame of helper-wire.h, the numbers in it, and error messages. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "helper/helper-wire.h"

#define MIN(a, b) ((a) < (b) ? (a) : (b))

#define FRAME_SIZE(length) (VQ_HELPER_HEADER_SIZE + (length) + VQ_HELPER_TRAILER_SIZE)

/* The part of the nonce that is in each trailer. */
#define GUARD_SIZE 4

typedef struct
{
  uint8_t type;
  uint32_t stream;
  uint32_t length;
  const uint8_t *payload; /* not owned */
} Frame;

static inline uint32_t
get_u32 (const uint8_t *bytes)
{
  return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static inline uint64_t
get_u64 (const uint8_t *bytes)
{
  return get_u32 (bytes) | (uint64_t)get_u32 (bytes + 4) << 32;
}

static inline void
put_u32 (uint8_t *bytes, uint32_t value)
{
  for (int i = 0; i < 4; i++)
    bytes[i] = value >> (8 * i);
}

/* An error message, as in "cannot make a pipe: too many open files": one line without its
 * newline. */
typedef char Why[VQ_HELPER_TEXT_MAX];

/* Writes the message to WHY. Always returns false. */
bool explain (Why why, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

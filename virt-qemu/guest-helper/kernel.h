// SPDX-License-Identifier: GPL-2.0-or-later
/* What the host wants to tell the guest's kernel. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Both return 0 or an errno. */
int kernel_set_clock (uint64_t seconds, uint32_t nanoseconds);

/* Adds N random bytes, at most VQ_HELPER_ENTROPY_MAX, which nobody else knows. */
int kernel_add_entropy (const uint8_t *bytes, size_t n);

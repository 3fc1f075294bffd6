// SPDX-License-Identifier: GPL-2.0-or-later
/* The quoting of commas in a QEMU option, as in "-device NAME,x=VALUE,y=VALUE". */
#pragma once

#include <glib.h>

/* TEXT with its commas doubled. Transfer full. */
char *vq_qemu_value_quote (const char *text);

/* Splits TEXT where there is a single comma, and halves the doubled ones. The parts end with NULL;
 * there is at least one. Transfer full. */
char **vq_qemu_value_split (const char *text);

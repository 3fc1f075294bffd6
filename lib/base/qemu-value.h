// SPDX-License-Identifier: GPL-2.0-or-later
/* Quotes text in the value of a QEMU option, as in "-device NAME,x=VALUE,y=VALUE". */
#pragma once

#include <glib.h>

/* TEXT with its commas doubled. Transfer full. */
char *vq_qemu_value_quote (const char *text);

// SPDX-License-Identifier: GPL-2.0-or-later
/* Text among the values of one option of QEMU, as in "-device NAME,x=VALUE,y=VALUE". */
#pragma once

#include <glib.h>

/* TEXT as a value: commas doubled. Transfer full. */
char *vq_qemu_value_quote (const char *text);

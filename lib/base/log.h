// SPDX-License-Identifier: GPL-2.0-or-later
/* What people read: everything goes to stderr, a printable line each (much of it was said by QEMU
 * or the guest), after the program's name. */
#pragma once

#include <glib.h>

/* Sends GLib's messages there, but for debug messages. To be called once. NAME must stay. */
void vq_log_init (const char *name);

/* Debug messages, too (--debug). */
void vq_log_show_debug (void);

/* WHAT takes long: somebody who looks on, at a terminal, is told; else it is a debug message. */
void vq_log_progress (const char *what);

/* From now on RAW says whether a terminal, if that is where messages go, is in raw mode: lines then
 * must end with \r\n. */
void vq_log_set_raw (gboolean raw);

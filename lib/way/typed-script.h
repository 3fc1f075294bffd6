// SPDX-License-Identifier: GPL-2.0-or-later
/* A shell script as lines that can be typed at a terminal, into a POSIX shell that may be
 * interactive. Each line is a command of its own, so nothing is left open wherever it stops; none
 * holds a byte that a terminal or a line editor takes for itself, or has more than 1000 bytes (a
 * terminal takes 4095 at most). No file is needed in the guest.
 *
 * What the lines print, each on a line of its own, can be told from their echo:
 *   vq0=NONCE        the script starts
 *   vq=NUMBER=NONCE  it has ended: its exit status, 128 and more for a signal, or
 *                    VQ_TYPED_SCRIPT_DAMAGED: it did not arrive whole, and nothing was run */
#pragma once

#include <glib.h>

#define VQ_TYPED_SCRIPT_DAMAGED 999

/* What the shell knows as NUMBER after the lines; nothing in a shell that did not come that far. */
#define VQ_TYPED_SCRIPT_STATUS "$vqs"

/* A random word that nothing else in the text has, with its NUL. */
#define VQ_TYPED_SCRIPT_NONCE_SIZE 17
void vq_typed_script_make_nonce (char *nonce);

/* SCRIPT is run by /bin/sh as a child, without input, its stdout thrown away, its stderr to the
 * terminal, with Debian's PATH for root. Transfer full. */
char *vq_typed_script_new (const char *script, const char *nonce);

/* Where TEXT tells the start of the script with NONCE, behind it; TEXT if it does not. */
const char *vq_typed_script_skip_to_start (const char *text, const char *nonce);

/* Where TEXT holds "vq=NUMBER=NONCE"; NULL: nowhere. *NUMBER is -1 where it holds none. */
const char *vq_typed_script_find_number (const char *text, const char *nonce, gint64 *number);

// SPDX-License-Identifier: GPL-2.0-or-later
/* Turns a shell script into lines that can be typed at a terminal, into a POSIX shell that may be
 * interactive. Each line is a complete command, so typing can stop after any line. No line contains
 * a byte that a terminal or a line editor would interpret, and none has more than 1000 bytes (a
 * terminal takes at most 4095). No file is needed in the guest.
 *
 * The lines print the following, each on a line of its own, in a form that differs from their echo:
 *   vq0=NONCE        the script starts
 *   vq=NUMBER=NONCE  it has ended; NUMBER is its exit status, 128 and more for a signal, or
 *                    VQ_TYPED_SCRIPT_DAMAGED if it did not arrive complete and was not run */
#pragma once

#include <glib.h>

#define VQ_TYPED_SCRIPT_DAMAGED 999

/* The shell's variable with NUMBER after the lines; it is empty in a shell that has not run them
 * all. */
#define VQ_TYPED_SCRIPT_STATUS "$vqs"

/* The size of a nonce with its NUL: a word that occurs nowhere else in the text. */
#define VQ_TYPED_SCRIPT_NONCE_SIZE 17
void vq_typed_script_make_nonce (char *nonce);

/* The lines for SCRIPT. It will be run by /bin/sh as a child of the shell, without input, with its
 * stdout thrown away and its stderr on the terminal, and with Debian's PATH for root. Transfer
 * full. */
char *vq_typed_script_new (const char *script, const char *nonce);

/* The place in TEXT after the line that reports the start of the script with NONCE, or TEXT if
 * there is no such line. */
const char *vq_typed_script_skip_to_start (const char *text, const char *nonce);

/* The place of "vq=NUMBER=NONCE" in TEXT, or NULL. *NUMBER is -1 if there is no number in it. */
const char *vq_typed_script_find_number (const char *text, const char *nonce, gint64 *number);

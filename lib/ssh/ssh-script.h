// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said to the guest's shell to run a command over ssh, and what comes back before the
 * command itself says anything.
 *
 * The command line that the ssh server gets is always the same: it starts a small script. The words
 * of the command come on the script's stdin, in one line of shell, so that neither their length nor
 * their bytes nor the user's login shell matter, and so that they appear in no other process's
 * command line. The script sets up what a root shell of init has, writes a mark to stdout and to
 * stderr, and becomes the command. Whatever comes before the mark is noise of shells and sudo. */
#pragma once

#include <glib.h>

/* The command line for the ssh server: the script, through "sudo -n" if AS_USER. Never freed. */
const char *vq_ssh_script_get (gboolean as_user);

/* What the script's stdin must begin with to run ARGV; the command's own stdin follows at once. */
GBytes *vq_ssh_script_begin (const char *const *argv);

/* So much may come before the mark, in bytes. */
#define VQ_SSH_NOISE_MAX 65536

/* Finds the mark in one stream. Starts as zeroes. */
typedef struct
{
  GByteArray *noise; /* owned: what came before the mark; NULL when it was found */
  gboolean found;
  guint pid; /* of the command, in the guest; it leads a process group. Set when found */
} VqSshMark;

/* Looks at the next N bytes and returns how many of the last ones belong to the command: 0 before
 * the mark is found. */
gsize vq_ssh_script_mark_look (VqSshMark *mark, const guint8 *bytes, gsize n);

/* More noise came than may. */
gboolean vq_ssh_script_mark_is_lost (const VqSshMark *mark);

/* The last line of noise as printable text, "" if there is none. Transfer full. */
char *vq_ssh_script_mark_get_noise (const VqSshMark *mark);

void vq_ssh_script_mark_clear (VqSshMark *mark);

// SPDX-License-Identifier: GPL-2.0-or-later
/* The script that runs a command over ssh, and the output that comes before the command's own
 * output.
 *
 * The ssh server always gets the same command line, which starts a small script. The words of the
 * command come on the script's stdin, as one line of shell. So their length, their bytes and the
 * user's login shell do not matter, and they do not appear in another process's command line. The
 * script sets up the environment of a root shell that init started, writes a mark to stdout and to
 * stderr, and becomes the command. Everything before the mark is noise from shells and sudo. */
#pragma once

#include <glib.h>

/* The command line for the ssh server, with "sudo -n" if AS_USER. Static. */
const char *vq_ssh_script_get (gboolean as_user);

/* The beginning of the script's stdin that makes it run ARGV. The command's own stdin follows
 * directly. */
GBytes *vq_ssh_script_begin (const char *const *argv);

/* The most bytes that may come before the mark. */
#define VQ_SSH_NOISE_MAX 65536

/* Finds the mark in one stream. Initialise it with zeroes. */
typedef struct
{
  GByteArray *noise; /* owned; what came before the mark; NULL once it was found */
  gboolean found;
  guint pid; /* set once found: the command's process in the guest, which leads a process group */
} VqSshMark;

/* Searches the next N bytes. Returns how many of them, at the end, belong to the command; that is 0
 * until the mark is found. */
gsize vq_ssh_script_mark_look (VqSshMark *mark, const guint8 *bytes, gsize n);

/* Whether too much noise has come. */
gboolean vq_ssh_script_mark_is_lost (const VqSshMark *mark);

/* The last line of noise as printable text, or "" if there is none. Transfer full. */
char *vq_ssh_script_mark_get_noise (const VqSshMark *mark);

void vq_ssh_script_mark_clear (VqSshMark *mark);

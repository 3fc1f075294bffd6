// SPDX-License-Identifier: GPL-2.0-or-later
/* The host on which machines are made: this one, or one that ssh reaches. There, the program
 * virt-qemu on PATH does the work. */
#pragma once

#include <glib.h>

typedef struct
{
  char *destination; /* HOST or USER@HOST, for ssh; NULL: this host */
  char *port;        /* NULL: ssh's own */
} VqDownburstHost;

/* Understands the value of -c: a host's name, or a URI of libvirt's (qemu:///system,
 * qemu+ssh://USER@HOST:PORT/system). NULL, an empty one, localhost and the name of this host mean
 * this host. VQ_ERROR_USAGE if TEXT is neither. Transfer full. */
VqDownburstHost *vq_downburst_host_parse (const char *text, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void vq_downburst_host_free (VqDownburstHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqDownburstHost, vq_downburst_host_free)

/* How a program finds the file number I (from 0) that it was given. Transfer full. */
char *vq_downburst_host_get_file (guint i);

/* Runs "virt-qemu WORDS" (which end with NULL) there to its end, with FILES (GBytes; NULL: none),
 * which leave nothing on the host's disk. *OUT (transfer full) is what it writes to stdout. The
 * error is what it says on stderr, with the code that its exit status tells: VQ_ERROR_EXISTS,
 * VQ_ERROR_MISSING or another one. What it says and does not fail is logged. A host that does not
 * answer is given up after 10 seconds, and one that vanishes later after a minute. */
gboolean vq_downburst_host_run (const VqDownburstHost *host, const char *const *words,
                                const GPtrArray *files, char **out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The arguments for that: an ssh, or a shell here. Transfer full. */
char **vq_downburst_host_build_argv (const VqDownburstHost *host, const char *const *words,
                                     const GPtrArray *files);

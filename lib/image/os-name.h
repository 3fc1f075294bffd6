// SPDX-License-Identifier: GPL-2.0-or-later
/* An operating system as an image's name: DISTRO/RELEASE or DISTRO/RELEASE/ARCH, for example
 * debian/13, debian/stable, ubuntu/noble/arm64. */
#pragma once

#include <glib.h>

typedef struct
{
  char *distro; /* "debian" */
  char *series; /* the codename: "trixie" */
  char *arch;   /* as dpkg names it: "amd64" */
} VqOsName;

/* Whether NAME has the form of such a name: it begins with a distribution that we know, and a
 * release and perhaps an architecture follow. Whether there are such ones is another question. */
gboolean vq_os_name_matches (const char *name);

/* Whether NAME, which does not have that form, was probably meant to: it has capital letters, or
 * more parts. */
gboolean vq_os_name_is_misspelt (const char *name);

/* The architecture in NAME if it has that form and names one, else NULL. Transfer full. */
char *vq_os_name_get_arch (const char *name);

/* What NAME means among RELEASES (image/distro.h); ARCH is for a name that has none. Fails with
 * VQ_ERROR_MISSING if there is no such release, and with VQ_ERROR_USAGE if it is none of a system.
 * Transfer full. */
VqOsName *vq_os_name_parse (const char *name, const GPtrArray *releases, const char *arch,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vq_os_name_free (VqOsName *os);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqOsName, vq_os_name_free)

/* The name of its image's file: "debian-trixie-amd64.qcow2". Transfer full. */
char *vq_os_name_get_file (const VqOsName *os);

/* The system whose image has the file name FILE: "debian/trixie/amd64" for the one above, NULL if
 * it is not of that form. Transfer full. */
char *vq_os_name_from_file (const char *file);

/* It in one word, for messages: "debian/trixie/amd64". Transfer full. */
char *vq_os_name_describe (const VqOsName *os);

// SPDX-License-Identifier: GPL-2.0-or-later
/* Where our own programs are: beside the one that runs in the build tree, else in
 * ../libexec/virt-qemu. */
#pragma once

#include <glib.h>

/* The path of our program NAME. Fails with the path where it should be. Transfer full. */
char *vq_programs_find (const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The guest helper for guests of ARCHITECTURE, as dpkg names it. Transfer full. */
char *vq_programs_find_helper (const char *architecture, GError **error) G_GNUC_WARN_UNUSED_RESULT;

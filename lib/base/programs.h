// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds our own programs: in the directory of the running program (in the build tree they lie side
 * by side), else in ../libexec/virt-qemu from there. */
#pragma once

#include <glib.h>

/* The path of our program NAME. Fails with the path where it should be, or with the package to
 * install. Transfer full. */
char *vq_programs_find (const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The path of our file NAME that is no program, which is looked for here and in ../share/virt-qemu;
 * NULL if there is none. Transfer full. */
char *vq_programs_find_data (const char *name);

/* The guest helper for guests of ARCHITECTURE, as dpkg names it. The one for this machine's own
 * architecture is installed with our other programs; those for all architectures are a package of
 * their own, in ../share/virt-qemu, which the error names. Transfer full. */
char *vq_programs_find_helper (const char *architecture, GError **error) G_GNUC_WARN_UNUSED_RESULT;

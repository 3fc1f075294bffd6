// SPDX-License-Identifier: GPL-2.0-or-later
/* Takes rights that it does not need from one of our programs, before it reads data from the guest,
 * so that an attack on a parser gains less. None of this can be undone. */
#pragma once

#include <glib.h>

/* From now on the process cannot gain privileges by running a program, cannot make processes, dumps
 * no core, and can use at most MEMORY bytes more than now. If one of these cannot be set, it is
 * left out. */
void vq_confine_process (guint64 memory);

/* The same for a program whose libraries make threads, so that processes can be made, too. They can
 * still run no program that vq_confine_files does not let them execute. */
void vq_confine_process_with_threads (guint64 memory);

typedef enum
{
  VQ_CONFINE_READ,  /* files and directories */
  VQ_CONFINE_WRITE, /* make, write, link and remove, but not read */
} VqConfineRight;

/* From now on the process can reach files only below DIRECTORY (NULL: nowhere), and only as RIGHT
 * says. Open files stay open. Needs a kernel with Landlock (Linux 5.19). If there is none, or
 * DIRECTORY cannot be opened, returns FALSE and confines nothing. */
gboolean vq_confine_files (const char *directory, VqConfineRight right);

/* The same with several DIRECTORIES (with NULL at the end), to be read; those that do not exist are
 * left out. */
gboolean vq_confine_files_to (const char *const *directories);

// SPDX-License-Identifier: GPL-2.0-or-later
/* Takes away from a program of ours what it does not need, before it reads what comes from the
 * guest: a fault in a parser is then worth less. Nothing of this can be taken back. */
#pragma once

#include <glib.h>

/* The process gets no more privileges by running something, makes no other processes, dumps no
 * core, and gets at most MEMORY bytes more than it has now. Best effort: what fails is left as it
 * is. */
void vq_confine_process (guint64 memory);

typedef enum
{
  VQ_CONFINE_READ,  /* files and directories */
  VQ_CONFINE_WRITE, /* make, write, link and remove files, directories and symlinks; open none to
                       read */
} VqConfineRight;

/* From now on the process can open, make and remove files only as RIGHT says, and only below
 * DIRECTORY; NULL: nowhere. What is open stays open. Needs a kernel with Landlock (Linux 5.19):
 * FALSE, and nothing is confined, if that is not there, or if DIRECTORY cannot be opened. */
gboolean vq_confine_files (const char *directory, VqConfineRight right);

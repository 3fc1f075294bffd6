// SPDX-License-Identifier: GPL-2.0-or-later
/* A real QEMU without a guest system: a private directory, a small disk with only a boot sector, a
 * plan, and a VqQemuConfig made from all that. */
#pragma once

#include <glib.h>

#include "qemu/qemu-config.h"

typedef struct
{
  char *directory;
  char *overlay;
  char *vars;
  char *ram;
  VqOptions *options; /* the plan's */
  VqPlan plan;
  VqQemuConfig machine;
} BareMachine;

/* For ARCH, which is QEMU's name of an architecture, with the further options MORE (separated by
 * blanks; may be NULL). */
BareMachine *bare_machine_new (const char *arch, const char *more);
void bare_machine_free (BareMachine *bare);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BareMachine, bare_machine_free)

/* Makes the machine use EFI firmware, whose variables are in the directory. */
void bare_machine_use_firmware (BareMachine *bare);

/* Adds a read-only disk: a file NAME in the directory, which QEMU takes for FORMAT. */
void bare_machine_add_disk (BareMachine *bare, const char *name, const char *format);

/* Puts the memory into a file, so that the machine can be saved. */
void bare_machine_share_ram (BareMachine *bare);

/* A machine to load the state of TEMPLATE into, with a directory and an overlay of its own.
 * TEMPLATE must have a disk and a memory file, and ARCH and MORE must be the same. */
BareMachine *bare_machine_fork (const BareMachine *template, const char *arch, const char *more);

/* Makes the disk, which begins with the N bytes of CODE (16-bit code that runs at 7c00). The
 * overlay on it is in OVERLAY_DIR (NULL: the private directory). */
void bare_machine_make_disk (BareMachine *bare, const char *overlay_dir, const guint8 *code,
                             gsize n);

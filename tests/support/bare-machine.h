// SPDX-License-Identifier: GPL-2.0-or-later
/* What it takes to start a real QEMU without a guest system: a private directory with a small disk
 * in it that holds nothing but a boot sector, options, and a VqQemuConfig of all that. */
#pragma once

#include <glib.h>

#include "qemu/qemu-config.h"

typedef struct
{
  char *directory;
  char *overlay;
  char *ram;
  VqOptions *options;
  VqFirmware *firmware;
  VqQemuConfig machine;
} BareMachine;

/* For QEMU's architecture ARCH, with our own options MORE (may be NULL; separated by blanks). */
BareMachine *bare_machine_new (const char *arch, const char *more);
void bare_machine_free (BareMachine *bare);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BareMachine, bare_machine_free)

/* Loads EFI firmware; its variables are in the directory. */
void bare_machine_use_firmware (BareMachine *bare);

/* Puts the memory into a file, so that the machine can be saved. */
void bare_machine_share_ram (BareMachine *bare);

/* The machine to load the state of TEMPLATE into, which has a disk and a memory file: made of the
 * same ARCH and MORE, with a directory and an overlay of its own. */
BareMachine *bare_machine_fork (const BareMachine *template, const char *arch, const char *more);

/* Makes the disk: SIZE bytes of which the first N are CODE (16 bits, at 7c00). The overlay on top
 * of it is in the directory OVERLAY_DIR (NULL: the private one). */
void bare_machine_make_disk (BareMachine *bare, const char *overlay_dir, const guint8 *code,
                             gsize n);

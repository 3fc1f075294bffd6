// SPDX-License-Identifier: GPL-2.0-or-later
/* Pictures of the guest's screen. QEMU writes them into a file without a name that we give to it
 * when it starts, so it needs no right to make files, and nothing is written through a link. */
#pragma once

#include <glib.h>

#include "qemu/qmp.h"

typedef struct _VqScreen VqScreen;

VqScreen *vq_screen_new (GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vq_screen_free (VqScreen *screen);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqScreen, vq_screen_free)

/* The descriptor that QEMU must find as VQ_QEMU_CONFIG_SCREEN. It belongs to SCREEN. */
int vq_screen_get_writer (VqScreen *screen);

/* Takes one, as a PNG file of at most 64 MiB. QEMU does nothing else meanwhile. Transfer full. */
GBytes *vq_screen_take_picture (VqScreen *screen, VqQmp *qmp, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same of the QEMU that has a monitor (QMP) on the socket PATH, and was started by another
 * process. Only one client at a time can use such a monitor. */
GBytes *vq_screen_take_picture_from (const char *path, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

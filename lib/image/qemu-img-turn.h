// SPDX-License-Identifier: GPL-2.0-or-later
/* Taking turns with a qemu-img that reads and writes whole images: at most two of them run at once
 * for one cache of images, because more of them only keep each other's disk busy. */
#pragma once

#include "base/wait.h"

#define VQ_QEMU_IMG_TURNS 2

typedef struct _VqQemuImgTurn VqQemuImgTurn;

/* Waits without a limit while others have all turns, and tells the user of that. Without a cache
 * that can be used, nobody waits. Fails only with the reason of CANCEL, or if waiting fails. */
VqQemuImgTurn *vq_qemu_img_turn_take (VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives the turn to the next one. */
void vq_qemu_img_turn_free (VqQemuImgTurn *turn);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqQemuImgTurn, vq_qemu_img_turn_free)

// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/qemu-img-turn.h"

#include "image/image-cache.h"
#include "io/lock-file.h"
#include "io/log.h"

static const char *const names[VQ_QEMU_IMG_TURNS] = { ".qemu-img-1.lock", ".qemu-img-2.lock" };

struct _VqQemuImgTurn
{
  VqPrivateDir *cache;
  VqLockFile *lock;
};

/* Whether others have all turns. A cache that cannot be written has none to give. */
static gboolean
try_all (VqQemuImgTurn *self)
{
  for (gsize i = 0; i < VQ_QEMU_IMG_TURNS && self->lock == NULL; i++)
    if (!vq_lock_file_try (self->cache, names[i], &self->lock, NULL))
      return FALSE;
  return self->lock == NULL;
}

/* One of them must do: there is no event for the first of several locks. */
static gboolean
wait_for_one (VqQemuImgTurn *self, VqCancel *cancel, GError **error)
{
  gsize i = g_random_int_range (0, VQ_QEMU_IMG_TURNS);

  vq_log_progress ("two others run qemu-img: waiting until one has ended");
  self->lock
      = vq_lock_file_wait (self->cache, names[i], vq_deadline_in (G_MAXDOUBLE), cancel, error);
  return self->lock != NULL;
}

VqQemuImgTurn *
vq_qemu_img_turn_take (VqCancel *cancel, GError **error)
{
  g_autoptr (VqQemuImgTurn) self = g_new0 (VqQemuImgTurn, 1);

  self->cache = vq_image_cache_open (NULL);
  if (self->cache != NULL && try_all (self) && !wait_for_one (self, cancel, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
vq_qemu_img_turn_free (VqQemuImgTurn *turn)
{
  if (turn == NULL)
    return;
  vq_lock_file_free (turn->lock);
  vq_private_dir_free (turn->cache);
  g_free (turn);
}

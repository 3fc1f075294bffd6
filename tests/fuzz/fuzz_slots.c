// SPDX-License-Identifier: GPL-2.0-or-later
/* slots.conf, and what a slot's file tells of its holder. */
#include <fcntl.h>

#include "base/fd.h"
#include "fuzz.h"
#include "slot/slot-holder.h"
#include "slot/slot-type.h"

FUZZ (slots)
{
  const char *path = fuzz_file ("slots.conf", bytes, n);
  vq_autofd int fd = open (path, O_RDONLY | O_CLOEXEC);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) types = vq_slot_type_read (path, "/nonexistent", &error);
  g_autoptr (VqSlotHolder) holder G_GNUC_UNUSED = vq_slot_holder_read (fd);

  fuzz_assert_told (types != NULL, &error);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz.h"
#include "image/disk-layout.h"

FUZZ (disk_layout)
{
  VqDiskLayout layout = vq_disk_layout_parse (bytes, n);

  g_assert (vq_disk_layout_wants_efi (&layout) == (layout.has_esp && !layout.has_bios_boot_code));
}

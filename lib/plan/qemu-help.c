// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/qemu-help.h"

#include <string.h>

#include "io/child.h"

/* The lists look like this, with the end of the line or one of " =,\"" behind each word:
 *   name "virtio-gpu-pci", bus PCI, alias "virtio-gpu"
 *   acpi=<OnOffAuto>       - Enable ACPI
 *   rva23s64 */
gboolean
vq_qemu_help_has (const char *qemu_command, const char *option, const char *value, const char *word,
                  gint64 deadline, VqCancel *cancel)
{
  const char *const argv[] = { qemu_command, option, value, NULL };
  g_auto (GStrv) words = NULL;
  g_autofree char *list = NULL;
  g_autoptr (GError) error = NULL;

  if (!vq_child_run (argv, NULL, &list, deadline, cancel, &error))
    {
      g_debug ("%s %s %s: %s", qemu_command, option, value, error->message);
      return FALSE;
    }
  words = g_strsplit_set (list, " =,\"\n", -1);
  return g_strv_contains ((const char *const *)words, word);
}

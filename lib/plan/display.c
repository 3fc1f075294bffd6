// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/display.h"

#include <string.h>

#include "plan/qemu-help.h"

/* All cards of QEMU's have one of these in their names. */
gboolean
vq_display_is_card (const char *device)
{
  static const char *const marks[] = { "vga", "gpu", "qxl", "bochs-display", "ramfb" };
  gsize n = strcspn (device, ",");
  g_autofree char *name = g_ascii_strdown (device, n);

  for (gsize i = 0; i < G_N_ELEMENTS (marks); i++)
    if (strstr (name, marks[i]) != NULL)
      return TRUE;
  return FALSE;
}

static gboolean
user_gave_card (const VqOptions *options)
{
  for (char **word = options->qemu_options; *word != NULL; word++)
    {
      const char *option = g_str_has_prefix (*word, "--") ? *word + 1 : *word;

      if (g_str_equal (option, "-vga")
          || (g_str_equal (option, "-device") && word[1] != NULL && vq_display_is_card (word[1])))
        return TRUE;
    }
  return FALSE;
}

/* A PC's QEMU without VGA is so rare that asking it is not worth the time. */
static gboolean
has_card (const VqArch *arch, const char *qemu_command, gint64 deadline, VqCancel *cancel)
{
  g_autofree char *name = g_strndup (arch->display, strcspn (arch->display, ","));

  return g_str_equal (arch->package, "qemu-system-x86")
         || vq_qemu_help_has (qemu_command, "-device", "help", name, deadline, cancel);
}

char *
vq_display_choose (const VqOptions *options, const VqArch *arch, const char *qemu_command,
                   gint64 deadline, VqCancel *cancel)
{
  if (options->display != NULL && !g_str_equal (options->display, "auto"))
    return g_str_equal (options->display, "none") ? NULL : g_strdup (options->display);
  if (arch->display == NULL || user_gave_card (options)
      || !has_card (arch, qemu_command, deadline, cancel))
    return NULL;
  return g_strdup (arch->display);
}

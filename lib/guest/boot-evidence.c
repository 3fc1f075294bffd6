// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/boot-evidence.h"

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/visible-text.h"
#include "io/new-file.h"

/* How many seconds QEMU gets for the picture. */
#define PICTURE_SECONDS 5

/* Writes NAME in DIRECTORY and adds its path to KEPT. Others may not read it: a console may show
 * secrets. */
static void
keep (GPtrArray *kept, const char *directory, const char *name, const char *bytes, gsize n)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autoptr (GError) error = NULL;

  if (vq_new_file_write (path, 0600, bytes, n, &error))
    g_ptr_array_add (kept, g_steal_pointer (&path));
  else
    g_warning ("--log-dir: %s", error->message);
}

/* A picture of an earlier guest must not be taken for one of this. */
static void
keep_picture (VqQemu *qemu, GPtrArray *kept, const char *directory)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) picture
      = vq_qemu_take_picture (qemu, vq_deadline_in (PICTURE_SECONDS), &error);
  g_autofree char *path = g_build_filename (directory, "screen.png", NULL);

  if (picture != NULL)
    {
      keep (kept, directory, "screen.png", g_bytes_get_data (picture, NULL),
            g_bytes_get_size (picture));
      return;
    }
  g_debug ("no picture of the screen: %s", error->message);
  (void)!g_unlink (path);
}

/* What the guest wrote, made harmless for who reads it on a terminal. Transfer full. */
static GString *
show_console (VqQemu *qemu)
{
  g_autoptr (VqVisibleText) visible = vq_visible_text_new ();
  GString *shown = g_string_new (NULL);
  gsize n;
  const char *text = vq_console_get_text (vq_qemu_get_console (qemu), &n);

  vq_visible_text_add (visible, text, n, shown);
  vq_visible_text_end (visible, shown);
  return shown;
}

void
vq_boot_evidence_keep (VqQemu *qemu, const char *directory, GError **error)
{
  g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *names = NULL;
  g_autofree char *message = NULL;
  g_autoptr (GString) console = show_console (qemu);

  keep (kept, directory, "console.log", console->str, console->len);
  keep_picture (qemu, kept, directory);
  if (kept->len == 0)
    return;
  g_ptr_array_add (kept, NULL);
  names = g_strjoinv (" and ", (char **)kept->pdata);
  message = g_steal_pointer (&(*error)->message);
  (*error)->message = g_strdup_printf ("%s (see %s)", message, names);
}

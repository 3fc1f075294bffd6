// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/boot-evidence.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "base/visible-text.h"
#include "channel/channel-capture.h"
#include "io/new-file.h"

/* How many seconds QEMU gets for the picture. */
#define PICTURE_SECONDS 5

/* How many seconds the guest gets to tell its logs. */
#define LOGS_SECONDS 10

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

/* Keeps N bytes of TEXT, which the guest wrote, made harmless for who reads it on a terminal. If
 * there are none, a file of an earlier guest must not be taken for one of this. */
static void
keep_visibly (GPtrArray *kept, const char *directory, const char *name, const char *text, gsize n)
{
  g_autoptr (VqVisibleText) visible = vq_visible_text_new ();
  g_autoptr (GString) shown = g_string_new (NULL);
  g_autofree char *path = g_build_filename (directory, name, NULL);

  vq_visible_text_add (visible, text, n, shown);
  vq_visible_text_end (visible, shown);
  if (n > 0)
    keep (kept, directory, name, shown->str, shown->len);
  else
    (void)!g_unlink (path);
}

/* What both the guest and QEMU have said. The console's file is there even if it is empty. */
static void
keep_said (VqQemu *qemu, GPtrArray *kept, const char *directory)
{
  g_autofree char *said = vq_qemu_get_stderr (qemu);
  gsize n;
  const char *console = vq_console_get_text (vq_qemu_get_console (qemu), &n);

  if (n > 0)
    keep_visibly (kept, directory, "console.log", console, n);
  else
    keep (kept, directory, "console.log", "", 0);
  keep_visibly (kept, directory, "qemu.log", said, strlen (said));
}

void
vq_boot_evidence_keep (VqQemu *qemu, const char *directory, GError **error)
{
  g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *names = NULL;
  g_autofree char *message = NULL;

  keep_said (qemu, kept, directory);
  keep_picture (qemu, kept, directory);
  if (kept->len == 0)
    return;
  g_ptr_array_add (kept, NULL);
  names = g_strjoinv (" and ", (char **)kept->pdata);
  message = g_steal_pointer (&(*error)->message);
  (*error)->message = g_strdup_printf ("%s (see %s)", message, names);
}

/* Files in the guest, or what writes them; as much as a capture takes. */
static const struct
{
  const char *name;
  const char *script;
} logs[] = {
  { "journal.log", "journalctl --boot --no-pager --quiet --output=short-precise | tail -c 250000" },
  { "cloud-init.log", "tail -c 250000 /var/log/cloud-init.log" },
  { "cloud-init-output.log", "tail -c 250000 /var/log/cloud-init-output.log" },
};

void
vq_boot_evidence_keep_end (VqQemu *qemu, VqChannel *channel, const char *directory)
{
  g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func (g_free);
  gint64 deadline = vq_deadline_in (LOGS_SECONDS);

  for (gsize i = 0; i < G_N_ELEMENTS (logs); i++)
    {
      const char *const argv[] = { "sh", "-c", logs[i].script, NULL };
      g_autoptr (GError) error = NULL;
      g_autofree char *text = NULL;

      if (channel != NULL
          && !vq_channel_capture (channel, argv, &text, deadline, vq_qemu_get_cancel (qemu),
                                  &error))
        g_debug ("no %s: %s", logs[i].name, error->message);
      keep_visibly (kept, directory, logs[i].name, text != NULL ? text : "",
                    text != NULL ? strlen (text) : 0);
    }
  keep_said (qemu, kept, directory);
}

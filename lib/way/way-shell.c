// SPDX-License-Identifier: GPL-2.0-or-later
#include "way/way-shell.h"

#include "qemu/qemu-port.h"
#include "way/root-shell.h"

/* How many seconds to wait until the guest has read what was sent last; maybe nobody reads
 * there. */
#define FINISH_SECONDS 0.5

typedef struct
{
  VqWay parent;
  VqSerialLine *line;
  VqRootShell *shell;
} WayShell;

static gboolean
way_shell_is_ready (gpointer way)
{
  return vq_root_shell_is_settled (((WayShell *)way)->shell);
}

static gboolean
way_shell_open (VqWay *way, gint64 deadline, VqCancel *cancel, GError **error)
{
  return vq_root_shell_probe (((WayShell *)way)->shell, deadline, cancel, error);
}

static gboolean
way_shell_run (VqWay *way, const char *script, gint64 deadline, VqCancel *cancel, GError **error)
{
  return vq_root_shell_run (((WayShell *)way)->shell, script, deadline, cancel, error);
}

static char *
way_shell_describe (VqWay *way)
{
  g_autofree char *words = vq_serial_line_last_words (((WayShell *)way)->line, FALSE);

  if (words[0] == '\0')
    return g_strdup ("no answer");
  return g_strdup_printf ("no answer, but \"%s\"", words);
}

static void
way_shell_free (VqWay *way)
{
  WayShell *self = (WayShell *)way;

  vq_root_shell_free (self->shell);
  vq_serial_line_finish (self->line, vq_deadline_in (FINISH_SECONDS), NULL);
  vq_serial_line_free (self->line);
  g_free (self);
}

VqWay *
vq_way_shell_new (const char *directory, const char *port, gint64 deadline, VqCancel *cancel,
                  GError **error)
{
  static const VqWayClass class = { .is_ready = way_shell_is_ready,
                                    .open = way_shell_open,
                                    .run = way_shell_run,
                                    .describe = way_shell_describe,
                                    .free = way_shell_free };
  int fd = vq_qemu_port_connect (directory, port, deadline, cancel, error);
  WayShell *way;

  if (fd < 0)
    return NULL;
  way = g_new0 (WayShell, 1);
  way->parent.class = &class;
  way->parent.name = g_strconcat ("root shell on ", port, NULL);
  way->line = vq_serial_line_new (fd);
  way->shell = vq_root_shell_new (way->line);
  vq_root_shell_start (way->shell);
  return &way->parent;
}

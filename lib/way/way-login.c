// SPDX-License-Identifier: GPL-2.0-or-later
#include "way/way-login.h"

#include "base/error.h"
#include "qemu/qemu-port.h"
#include "way/login-prompt.h"
#include "way/serial-login.h"

/* How long a prompt must have been there. Other ways are asked every second, so they come first. */
#define SETTLE_SECONDS 5

/* How long a question that Enter skips must have been there, so that somebody reads the answer. */
#define SKIP_SECONDS 1

/* The time for a login with all its prompts. Under TCG each takes some seconds. */
#define LOGIN_SECONDS 120

#define FINISH_SECONDS 1.0

typedef struct
{
  VqWay parent;
  const char *user;     /* not owned; NULL: root */
  const char *password; /* not owned; NULL: none */
  VqSerialLine *line;
  VqRootShell *shell; /* NULL: not logged in */
  guint settle_id;    /* a timer that runs while there is a prompt */
  gboolean settled;
  guint skip_id; /* a timer that runs while there is a question that Enter skips */
  gboolean told; /* the user, of such questions */
} WayLogin;

static gboolean
on_settled (gpointer data)
{
  WayLogin *self = data;

  self->settle_id = 0;
  self->settled = vq_serial_login_has_prompt (self->line);
  return G_SOURCE_REMOVE;
}

/* What was said before the answer is forgotten, so each question is answered once. */
static gboolean
on_skip (gpointer data)
{
  WayLogin *self = data;

  self->skip_id = 0;
  vq_serial_line_forget (self->line, NULL);
  vq_serial_line_send (self->line, "\n");
  if (!self->told)
    g_message ("the guest asks questions because this is its first boot (systemd-firstboot): "
               "answering each with Enter");
  self->told = TRUE;
  return G_SOURCE_REMOVE;
}

static void
on_heard (gpointer data)
{
  WayLogin *self = data;

  if (self->skip_id == 0 && vq_login_prompt_can_skip (vq_serial_line_get_text (self->line)))
    self->skip_id = g_timeout_add_seconds (SKIP_SECONDS, on_skip, self);

  if (self->settle_id == 0 && !self->settled && vq_serial_login_has_prompt (self->line))
    self->settle_id = g_timeout_add_seconds (SETTLE_SECONDS, on_settled, self);
}

static gboolean
way_login_is_ready (gpointer way)
{
  return ((WayLogin *)way)->settled;
}

static gboolean
way_login_open (VqWay *way, gint64 deadline, VqCancel *cancel, GError **error)
{
  WayLogin *self = (WayLogin *)way;
  gint64 soon = MIN (deadline, vq_deadline_in (LOGIN_SECONDS));

  vq_serial_line_on_heard (self->line, NULL, NULL);
  g_clear_handle_id (&self->skip_id, g_source_remove);
  g_clear_pointer (&self->shell, vq_root_shell_free); /* it did not work the last time */
  self->shell = vq_serial_login_open (self->line, self->user, self->password, soon, cancel, error);
  return self->shell != NULL;
}

static gboolean
way_login_run (VqWay *way, const char *script, gint64 deadline, VqCancel *cancel, GError **error)
{
  return vq_root_shell_run (((WayLogin *)way)->shell, script, deadline, cancel, error);
}

static char *
way_login_describe (VqWay *way)
{
  return g_strdup ("no prompt");
}

static void
way_login_free (VqWay *way)
{
  WayLogin *self = (WayLogin *)way;
  gboolean is_in = self->shell != NULL;

  vq_serial_line_on_heard (self->line, NULL, NULL);
  g_clear_handle_id (&self->settle_id, g_source_remove);
  g_clear_handle_id (&self->skip_id, g_source_remove);
  vq_root_shell_free (self->shell);
  if (is_in)
    vq_serial_login_leave (self->line);
  vq_serial_line_finish (self->line, vq_deadline_in (FINISH_SECONDS), NULL);
  vq_serial_line_free (self->line);
  g_free (self);
}

VqWay *
vq_way_login_new (const char *directory, const char *port, const char *user, const char *password,
                  gint64 deadline, VqCancel *cancel, GError **error)
{
  static const VqWayClass class = { .is_ready = way_login_is_ready,
                                    .open = way_login_open,
                                    .run = way_login_run,
                                    .describe = way_login_describe,
                                    .free = way_login_free };
  int fd = vq_qemu_port_connect (directory, port, deadline, cancel, error);
  WayLogin *way;

  if (fd < 0)
    return NULL;
  way = g_new0 (WayLogin, 1);
  way->parent.class = &class;
  way->parent.name = g_strconcat ("login on ", port, NULL);
  way->user = user;
  way->password = password;
  way->line = vq_serial_line_new (fd);
  vq_serial_line_on_heard (way->line, on_heard, way);
  return &way->parent;
}

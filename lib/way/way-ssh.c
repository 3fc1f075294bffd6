// SPDX-License-Identifier: GPL-2.0-or-later
#include "way/way-ssh.h"

#include <fcntl.h>

#include "base/error.h"
#include "channel/channel-capture.h"
#include "ssh/ssh-channel.h"

typedef struct
{
  VqWay parent;
  VqChannel *channel; /* owned; NULL: taken */
  gboolean ended;     /* the command that finds out whether there is a way */
  GError *error;      /* owned: why there is none */
} WaySsh;

static gboolean
way_ssh_is_ready (gpointer way)
{
  return ((WaySsh *)way)->ended;
}

static gboolean
way_ssh_open (VqWay *way, gint64 deadline, VqCancel *cancel, GError **error)
{
  WaySsh *self = (WaySsh *)way;

  if (self->error != NULL)
    g_propagate_error (error, g_error_copy (self->error));
  return self->error == NULL;
}

static gboolean
way_ssh_run (VqWay *way, const char *script, gint64 deadline, VqCancel *cancel, GError **error)
{
  const char *const argv[] = { "/bin/sh", "-c", script, NULL };

  return vq_channel_capture (((WaySsh *)way)->channel, argv, NULL, deadline, cancel, error);
}

static char *
way_ssh_describe (VqWay *way)
{
  return g_strdup ("no answer that lets us in");
}

static void
way_ssh_free (VqWay *way)
{
  WaySsh *self = (WaySsh *)way;

  vq_channel_free (self->channel);
  g_clear_error (&self->error);
  g_free (way);
}

static const VqWayClass way_ssh_class = { .is_ready = way_ssh_is_ready,
                                          .open = way_ssh_open,
                                          .run = way_ssh_run,
                                          .describe = way_ssh_describe,
                                          .free = way_ssh_free };

static void
on_tried (const VqEnd *end, gpointer data)
{
  WaySsh *self = data;

  self->ended = TRUE;
  if (end->kind == VQ_ENDED_FAILED)
    self->error = g_error_copy (end->error);
  else if (end->kind != VQ_ENDED_EXITED || end->value != 0)
    vq_error_set (&self->error, VQ_ERROR_PEER, "true: it ended with %d", end->value);
}

/* A command that does nothing. */
static void
try_to_run (WaySsh *self)
{
  static const char *const argv[] = { "true", NULL };
  int fds[3];

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = open ("/dev/null", O_RDWR | O_CLOEXEC);
  vq_channel_start (self->channel, argv, fds[0], fds[1], fds[2], on_tried, self);
}

VqWay *
vq_way_ssh_new (VqSshLogin *login, gint64 deadline)
{
  WaySsh *way = g_new0 (WaySsh, 1);

  way->parent.class = &way_ssh_class;
  way->parent.name = g_strconcat ("ssh as ", login->user, NULL);
  way->channel = vq_ssh_channel_new (login, deadline);
  try_to_run (way);
  return &way->parent;
}

VqChannel *
vq_way_ssh_take_channel (VqWay *way)
{
  return way->class == &way_ssh_class ? g_steal_pointer (&((WaySsh *)way)->channel) : NULL;
}

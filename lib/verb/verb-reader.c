// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/verb-reader.h"

#include <errno.h>
#include <glib-unix.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"

struct _VqVerbReader
{
  VqCancel *cancel;
  guint source_id; /* 0: there is nobody any more */
};

static void
end (VqVerbReader *self, int code)
{
  g_autoptr (GError) error = NULL;

  vq_error_set_errno (&error, code, "cannot write the output");
  vq_cancel_trigger (self->cancel, error);
}

static gboolean
on_gone (int fd, GIOCondition condition, gpointer data)
{
  VqVerbReader *self = data;

  self->source_id = 0;
  end (self, EPIPE);
  return G_SOURCE_REMOVE;
}

/* Of a pipe, a socket or a terminal the kernel says that its other end was closed; of a file,
 * never. */
VqVerbReader *
vq_verb_reader_new (VqCancel *cancel)
{
  VqVerbReader *self = g_new0 (VqVerbReader, 1);

  self->cancel = cancel;
  self->source_id = g_unix_fd_add (STDOUT_FILENO, G_IO_ERR | G_IO_HUP, on_gone, self);
  return self;
}

void
vq_verb_reader_free (VqVerbReader *reader)
{
  if (reader == NULL)
    return;
  g_clear_handle_id (&reader->source_id, g_source_remove);
  g_free (reader);
}

void
vq_verb_reader_flush (VqVerbReader *reader)
{
  if (fflush (stdout) != 0)
    end (reader, errno);
}

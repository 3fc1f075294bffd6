// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/ssh-streams.h"

#include "ssh/ssh-output.h"
#include "ssh/ssh-script.h"

#define KEPT_MAX (4 * 1024 * 1024)
#define SCRATCH 65536

typedef struct
{
  VqSshOutput *output; /* owned */
  VqSshMark mark;
  gsize held; /* bytes in libssh's buffer; all of them have been looked at */
} Stream;

struct _VqSshStreams
{
  Stream streams[2]; /* stdout, stderr */
  guint64 count;
};

VqSshStreams *
vq_ssh_streams_new (int out, int err, void (*changed) (gpointer data), gpointer data)
{
  VqSshStreams *streams = g_new0 (VqSshStreams, 1);

  streams->streams[0].output = vq_ssh_output_new (out, changed, data);
  streams->streams[1].output = vq_ssh_output_new (err, changed, data);
  return streams;
}

void
vq_ssh_streams_free (VqSshStreams *streams)
{
  if (streams == NULL)
    return;
  for (guint i = 0; i < 2; i++)
    {
      vq_ssh_output_free (streams->streams[i].output);
      vq_ssh_script_mark_clear (&streams->streams[i].mark);
    }
  g_free (streams);
}

gboolean
vq_ssh_streams_are_flushed (VqSshStreams *streams)
{
  return vq_ssh_output_get_kept (streams->streams[0].output) == 0
         && vq_ssh_output_get_kept (streams->streams[1].output) == 0;
}

gsize
vq_ssh_streams_take (VqSshStreams *streams, gboolean is_err, const guint8 *bytes, gsize n)
{
  Stream *stream = &streams->streams[is_err ? 1 : 0];
  gsize fresh = n - MIN (n, stream->held);
  gsize own = vq_ssh_script_mark_look (&stream->mark, bytes + n - fresh, fresh);

  streams->count += fresh;
  vq_ssh_output_add (stream->output, bytes + n - own, own);
  stream->held = vq_ssh_streams_are_flushed (streams) ? 0 : n;
  return stream->held == 0 ? n : 0;
}

/* Nothing is read from the connection by this, as libssh has as much as it is asked for. */
static void
empty (Stream *stream, ssh_channel channel, gboolean is_err)
{
  g_autofree guint8 *scratch = stream->held > 0 ? g_malloc (SCRATCH) : NULL;

  while (stream->held > 0)
    {
      int n = ssh_channel_read_nonblocking (channel, scratch, MIN (stream->held, SCRATCH), is_err);

      if (n <= 0)
        return;
      stream->held -= n;
    }
}

void
vq_ssh_streams_release (VqSshStreams *streams, ssh_channel channel)
{
  if (!vq_ssh_streams_are_flushed (streams))
    return;
  empty (&streams->streams[0], channel, FALSE);
  empty (&streams->streams[1], channel, TRUE);
}

gboolean
vq_ssh_streams_are_stuck (VqSshStreams *streams)
{
  return vq_ssh_output_get_kept (streams->streams[0].output)
             + vq_ssh_output_get_kept (streams->streams[1].output)
         > KEPT_MAX;
}

gboolean
vq_ssh_streams_are_broken (VqSshStreams *streams)
{
  return vq_ssh_output_is_broken (streams->streams[0].output)
         || vq_ssh_output_is_broken (streams->streams[1].output);
}

void
vq_ssh_streams_mute (VqSshStreams *streams)
{
  vq_ssh_output_mute (streams->streams[0].output);
  vq_ssh_output_mute (streams->streams[1].output);
}

guint64
vq_ssh_streams_count (VqSshStreams *streams)
{
  return streams->count;
}

guint
vq_ssh_streams_get_pid (VqSshStreams *streams)
{
  return streams->streams[0].mark.pid;
}

gboolean
vq_ssh_streams_are_lost (VqSshStreams *streams)
{
  return vq_ssh_script_mark_is_lost (&streams->streams[0].mark)
         || vq_ssh_script_mark_is_lost (&streams->streams[1].mark);
}

char *
vq_ssh_streams_get_noise (VqSshStreams *streams)
{
  g_autofree char *noise = vq_ssh_script_mark_get_noise (&streams->streams[1].mark);

  if (noise[0] != '\0')
    return g_steal_pointer (&noise);
  return vq_ssh_script_mark_get_noise (&streams->streams[0].mark);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper/helper-renew.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/random.h"

#define ENTROPY_BYTES 256
#define ERRNO_MAX 4095 /* Linux has no larger one */
#define CLOCK_TRIES 4

/* A request; it is on the stack of the function that waits for it. */
typedef struct
{
  const char *what; /* for errors */
  int no;           /* the errno that is an answer, too; 0: none is */
  guint32 stream;   /* 0: none yet */
  gboolean done;
  int errnum;
  GError *error; /* owned; why the connection has failed */
} Request;

static gboolean
on_frame (const VqHelperFrame *frame, gpointer data, GError **error)
{
  Request *request = data;
  guint32 errnum = vq_helper_frame_get_u32 (frame->payload);

  if (errnum > ERRNO_MAX)
    return vq_error_set (error, VQ_ERROR_PEER, "an error that does not exist (%u)", errnum);
  request->done = TRUE;
  request->errnum = (int)errnum;
  return TRUE;
}

static void
on_failed (const GError *reason, gpointer data)
{
  Request *request = data;

  request->done = TRUE;
  request->error = g_error_copy (reason);
}

static const VqHelperStreamHandlers handlers = { on_frame, on_failed };

static gboolean
is_done (gpointer data)
{
  return ((Request *)data)->done;
}

static gboolean
judge (Request *request, GError **error)
{
  if (request->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&request->error));
      return FALSE;
    }
  return request->errnum == 0 || request->errnum == request->no
         || vq_error_set (error, VQ_ERROR_PEER, "%s", g_strerror (request->errnum));
}

static gboolean
ask (Request *request, VqHelperPort *port, guint8 type, const guint8 *payload, gsize length,
     GError **error)
{
  request->stream = vq_helper_port_open_stream (port, VQ_HELPER_STREAM_REQUEST, &handlers, request);
  if (request->stream == 0)
    return vq_error_set (error, VQ_ERROR_FAILED, "%s: too many commands run in the guest",
                         request->what);
  vq_helper_port_send (port, type, request->stream, payload, length);
  return TRUE;
}

static gboolean
await (Request *request, gint64 deadline, VqCancel *cancel, GError **error)
{
  VQ_ERROR_PREFIX (error, "%s", request->what);

  return vq_wait_until (is_done, request, deadline, cancel, "answer of the guest helper", error)
         && judge (request, error);
}

/* The answer is not needed any more. */
static void
leave (Request *request, VqHelperPort *port)
{
  if (request->stream != 0 && !request->done)
    vq_helper_port_drop_stream (port, request->stream);
  g_clear_error (&request->error);
}

/* The clock is read as late as possible. */
static gboolean
ask_for_clock (Request *request, VqHelperPort *port, GError **error)
{
  guint8 payload[12];
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  vq_helper_frame_put_u32 (payload, (guint32)now.tv_sec);
  vq_helper_frame_put_u32 (payload + 4, (guint32)((guint64)now.tv_sec >> 32));
  vq_helper_frame_put_u32 (payload + 8, (guint32)now.tv_nsec);
  return ask (request, port, VQ_HELPER_SET_CLOCK, payload, sizeof payload, error);
}

static gboolean
ask_for_entropy (Request *request, VqHelperPort *port, GError **error)
{
  guint8 payload[ENTROPY_BYTES];

  return vq_random_fill (payload, sizeof payload, error)
         && ask (request, port, VQ_HELPER_ADD_ENTROPY, payload, sizeof payload, error);
}

/* The guest's clock is late by the time that the guest took. A new fork may take long, because it
 * runs code for the first time; it is faster the next time. */
static gboolean
set_clock (VqHelperPort *port, gint64 slack, gint64 deadline, VqCancel *cancel, GError **error)
{
  gboolean set = TRUE, late = TRUE;

  for (int i = 0; i < CLOCK_TRIES && set && late; i++)
    {
      Request clock = { .what = "cannot set the guest's clock" };
      gint64 begin = g_get_monotonic_time ();

      set = ask_for_clock (&clock, port, error) && await (&clock, deadline, cancel, error);
      late = g_get_monotonic_time () - begin > slack;
      leave (&clock, port);
    }
  return set;
}

/* The requests are sent before the first answer is waited for. */
gboolean
vq_helper_renew (VqHelperPort *port, gint64 slack, gint64 deadline, VqCancel *cancel,
                 GError **error)
{
  Request entropy = { .what = "cannot give the guest random bytes" };
  gboolean renewed = ask_for_entropy (&entropy, port, error)
                     && set_clock (port, slack, deadline, cancel, error)
                     && await (&entropy, deadline, cancel, error);

  leave (&entropy, port);
  return renewed;
}

gboolean
vq_helper_renew_identity (VqHelperPort *port, const char *machine_id, gboolean *has_host_keys,
                          gint64 deadline, VqCancel *cancel, GError **error)
{
  Request id = { .what = "cannot set the guest's machine ID" };
  Request keys = { .what = "cannot look for the guest's host keys", .no = ENOENT };
  gboolean set = ask (&id, port, VQ_HELPER_SET_MACHINE_ID, (const guint8 *)machine_id,
                      strlen (machine_id), error)
                 && ask (&keys, port, VQ_HELPER_FIND_HOST_KEYS, NULL, 0, error)
                 && await (&id, deadline, cancel, error) && await (&keys, deadline, cancel, error);

  leave (&id, port);
  leave (&keys, port);
  *has_host_keys = keys.errnum == 0;
  return set;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest helper that answers our first frame as it should, and then sends what it wants: the
 * frames are right but for what is in them, unless the first byte is 0. */
#include <fcntl.h>
#include <string.h>

#include "base/deadline.h"
#include "fake-guest.h"
#include "fuzz.h"
#include "helper/helper-channel.h"

static void
on_done (const VqEnd *end, gpointer data)
{
  guint *n_done = data;

  g_assert ((end->error != NULL) == (end->kind == VQ_ENDED_FAILED));
  (*n_done)++;
}

/* Sends all frames but the first, which was sent. */
static void
send_frames (FakeGuest *guest, const guint8 *bytes, gsize n)
{
  guint8 hello[VQ_HELPER_HELLO_SIZE] = VQ_HELPER_MAGIC;
  const gsize first = VQ_HELPER_HEADER_SIZE + sizeof hello + 8 + VQ_HELPER_TRAILER_SIZE;
  g_autoptr (GByteArray) frames = NULL;

  memcpy (hello + VQ_HELPER_MAGIC_SIZE, fake_guest_get_nonce (guest), VQ_HELPER_NONCE_SIZE);
  frames = fuzz_make_frames (bytes, n, VQ_HELPER_HELLO_REPLY, hello);
  if (n > 0 && bytes[0] == 0)
    fake_guest_send_bytes (guest, bytes, n);
  else
    fake_guest_send_bytes (guest, frames->data + first, frames->len - first);
}

static int
open_null (void)
{
  return open ("/dev/null", O_RDWR | O_CLOEXEC);
}

FUZZ (helper_channel)
{
  const char *const argv[] = { "true", NULL };
  int fd;
  FakeGuest *guest = fake_guest_new (&fd);
  VqHelperPort *port = vq_helper_port_new (fd);
  VqChannel *channel = vq_helper_channel_new (port);
  guint n_done = 0;

  vq_helper_port_set_open (port, TRUE);
  g_assert (vq_helper_port_sync (port, vq_deadline_in (5), NULL, NULL));
  for (guint i = 0; i < 2; i++)
    vq_channel_start (channel, argv, open_null (), open_null (), open_null (), on_done, &n_done);
  fake_guest_ignore (guest);
  send_frames (guest, bytes, MIN (n, 4096));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  vq_channel_free (channel);
  g_assert_cmpuint (n_done, ==, 2);
  vq_helper_port_free (port);
  fake_guest_free (guest);
}

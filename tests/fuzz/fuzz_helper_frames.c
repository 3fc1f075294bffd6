// SPDX-License-Identifier: GPL-2.0-or-later
/* What the guest sends to the host, in raw bytes, and in frames that are right but for what is in
 * them. */
#include <string.h>

#include "fuzz.h"
#include "helper/helper-frame.h"

static const guint8 hello[VQ_HELPER_HELLO_SIZE] = "VQhelper0123456789abcde";

static void
read_frames (const guint8 *bytes, gsize n)
{
  g_autoptr (VqHelperFrameReader) reader = vq_helper_frame_reader_new ();
  VqHelperFrameState state = VQ_HELPER_FRAME_PARTIAL;
  VqHelperFrame frame;

  vq_helper_frame_reader_hunt_reply (reader, hello);
  while (n > 0 && state != VQ_HELPER_FRAME_WRONG)
    {
      g_autoptr (GError) error = NULL;
      gsize room;
      guint8 *to = vq_helper_frame_reader_get_room (reader, &room);

      g_assert_cmpuint (room, >, 0);
      room = MIN (room, n);
      memcpy (to, bytes, room);
      vq_helper_frame_reader_add (reader, room);
      bytes += room;
      n -= room;
      while ((state = vq_helper_frame_reader_next (reader, &frame, &error))
             == VQ_HELPER_FRAME_COMPLETE)
        g_assert_cmpuint (frame.length, <=, VQ_HELPER_PAYLOAD_MAX);
      fuzz_assert_told (state != VQ_HELPER_FRAME_WRONG, &error);
    }
}

FUZZ (helper_frames)
{
  g_autoptr (GByteArray) frames = fuzz_make_frames (bytes, n, VQ_HELPER_HELLO_REPLY, hello);

  read_frames (bytes, n);
  read_frames (frames->data, frames->len);
}

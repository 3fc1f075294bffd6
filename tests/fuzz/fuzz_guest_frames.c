// SPDX-License-Identifier: GPL-2.0-or-later
/* What the guest helper gets, which is not only what the host sends: words of commands among it. */
#include "inbox.h"
#include "words.h"

#include <string.h>

#include "fuzz.h"

static const guint8 hello[VQ_HELPER_HELLO_SIZE] = "VQhelper0123456789abcde";

static void
take_words (const Frame *frame)
{
  Words words = { 0 };
  Why why = "";
  g_autofree guint8 *payload = g_memdup2 (frame->payload, frame->length);

  if (words_parse (&words, payload, frame->length, why) == WORDS_GOOD)
    g_assert (words.argv[0] != NULL);
  else
    g_assert (why[0] != '\0');
  words_clear (&words);
}

static void
read_frames (const guint8 *bytes, gsize n)
{
  g_autofree Inbox *inbox = g_new0 (Inbox, 1);
  Frame frame;

  while (n > 0)
    {
      size_t room;
      uint8_t *to = inbox_room (inbox, &room);

      g_assert_cmpuint (room, >, 0);
      room = MIN (room, n);
      memcpy (to, bytes, room);
      inbox_add (inbox, room);
      bytes += room;
      n -= room;
      while (inbox_next (inbox, &frame))
        if (frame.type == VQ_HELPER_RUN)
          take_words (&frame);
      inbox_is_lost (inbox);
      inbox_owes_ack (inbox);
    }
}

FUZZ (guest_frames)
{
  const Frame words = { VQ_HELPER_RUN, 1, n, bytes };
  g_autoptr (GByteArray) frames = fuzz_make_frames (bytes, n, VQ_HELPER_HELLO, hello);

  take_words (&words);
  read_frames (bytes, n);
  read_frames (frames->data, frames->len);
}

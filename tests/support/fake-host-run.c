// SPDX-License-Identifier: GPL-2.0-or-later
/* What a FakeHost says and hears of commands. */
#include <check.h>
#include <string.h>

#include "fake-host.h"

void
fake_host_run_words (FakeHost *host, guint32 stream, GString *words, gsize part)
{
  gsize at = 0;

  fake_host_stream (host, stream);
  if (part == 0)
    part = VQ_HELPER_PAYLOAD_MAX;
  for (; words->len - at > part; at += part)
    fake_host_send (host, VQ_HELPER_RUN_PART, stream, words->str + at, part);
  fake_host_send (host, VQ_HELPER_RUN, stream, words->str + at, words->len - at);
}

void
fake_host_run (FakeHost *host, guint32 stream, ...)
{
  GString *words = g_string_new (NULL);
  va_list args;

  va_start (args, stream);
  for (const char *word = va_arg (args, char *); word != NULL; word = va_arg (args, char *))
    g_string_append_len (words, word, strlen (word) + 1);
  va_end (args);
  fake_host_run_words (host, stream, words, 0);
  g_string_free (words, TRUE);
}

void
fake_host_shell (FakeHost *host, guint32 stream, const char *script)
{
  g_autofree char *word = g_strconcat ("a", script, NULL);

  fake_host_run (host, stream, "ash", "a-c", word, NULL);
}

void
fake_host_send_stdin (FakeHost *host, guint32 stream, const void *bytes, gsize n)
{
  HostStream *self = fake_host_stream (host, stream);
  gsize sent = 0;
  gsize credit = VQ_HELPER_WINDOW; /* nothing may be under way when we are called */
  gsize before = self->stdin_credit;

  while (sent < n)
    {
      gsize allowed = credit + self->stdin_credit - before - sent;
      gsize now = MIN (MIN (n - sent, allowed), VQ_HELPER_PAYLOAD_MAX);

      if (now > 0)
        fake_host_send (host, VQ_HELPER_STDIN, stream, (const char *)bytes + sent, now);
      else
        ck_assert (fake_host_step (host));
      sent += now;
    }
}

void
fake_host_end_stdin (FakeHost *host, guint32 stream)
{
  fake_host_send (host, VQ_HELPER_STDIN_END, stream, NULL, 0);
}

HostStream *
fake_host_wait (FakeHost *host, guint32 stream)
{
  HostStream *self = fake_host_stream (host, stream);

  while (self->end == 0)
    ck_assert_msg (fake_host_step (host), "the helper ended: %s", fake_host_get_fatal (host));
  return self;
}

void
fake_host_assert_end (FakeHost *host, guint32 stream, guint8 end, guint32 value)
{
  HostStream *self = fake_host_wait (host, stream);

  ck_assert_msg (self->end == end && self->value == value, "ended with %c %u, not %c %u: %s %s",
                 self->end, self->value, end, value, self->err->str,
                 self->text != NULL ? self->text : "");
}

void
fake_host_wait_for_text (FakeHost *host, guint32 stream, const char *text)
{
  HostStream *self = fake_host_stream (host, stream);

  while (strstr (self->out->str, text) == NULL)
    {
      ck_assert_msg (self->end == 0, "ended with only: %s", self->out->str);
      ck_assert (fake_host_step (host));
    }
}

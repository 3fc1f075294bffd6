// SPDX-License-Identifier: GPL-2.0-or-later
#include "port-setup.h"

#include <check.h>
#include <string.h>

#include "leaks.h"

FakeGuest *port_guest;
VqHelperPort *port_tested;
GString *port_told;
VqChannel *port_channel;

static void
on_port_failed (const GError *reason, gpointer data)
{
  ck_assert_ptr_eq (data, &port_told);
  ck_assert (g_error_matches (reason, VQ_ERROR, VQ_ERROR_PEER));
  g_string_append_printf (port_told, "[%s]", reason->message);
}

void
port_setup (void)
{
  int fd;

  leaks_begin ();
  port_guest = fake_guest_new (&fd);
  port_tested = vq_helper_port_new (fd);
  port_told = g_string_new (NULL);
  vq_helper_port_on_failed (port_tested, on_port_failed, &port_told);
}

void
port_teardown (void)
{
  vq_helper_port_free (port_tested);
  fake_guest_free (port_guest);
  g_string_free (port_told, TRUE);
  ck_assert (!g_main_context_pending (NULL));
  leaks_assert_none ();
}

void
port_start_again (void)
{
  port_teardown ();
  port_setup ();
}

void
port_sync (void)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_helper_port_sync (port_tested, vq_deadline_in (PATIENCE), NULL, &error), "%s",
                 error != NULL ? error->message : "");
  ck_assert_ptr_null (vq_helper_port_get_error (port_tested));
}

static gboolean
on_frame (const VqHelperFrame *frame, gpointer data, GError **error)
{
  g_string_append_printf (port_told, "%s:%c%.*s ", (const char *)data, frame->type,
                          frame->type == VQ_HELPER_STDOUT ? (int)frame->length : 0, frame->payload);
  if (frame->type == VQ_HELPER_STDIN_CLOSED)
    return vq_error_set (error, VQ_ERROR_PEER, "what it should not");
  return TRUE;
}

static void
on_stream_failed (const GError *reason, gpointer data)
{
  ck_assert_ptr_nonnull (reason);
  g_string_append_printf (port_told, "%s failed ", (const char *)data);
}

guint32
port_open_stream (const char *name)
{
  static const VqHelperStreamHandlers handlers = { on_frame, on_stream_failed };

  return vq_helper_port_open_stream (port_tested, VQ_HELPER_STREAM_COMMAND, &handlers,
                                     (gpointer)name);
}

static gboolean
has_seen (gpointer data)
{
  return port_told->len >= strlen (data);
}

void
port_assert_seen (const char *expected)
{
  (void)!vq_wait_until (has_seen, (gpointer)expected, vq_deadline_in (PATIENCE), NULL, "", NULL);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  ck_assert_str_eq (port_told->str, expected);
  g_string_truncate (port_told, 0);
}

void
port_assert_failed (const char *why)
{
  g_autofree char *expected = g_strdup_printf ("[%s]", why);

  port_assert_seen (expected);
  ck_assert_str_eq (vq_helper_port_get_error (port_tested)->message, why);
}

void
port_channel_setup (void)
{
  port_setup ();
  port_sync ();
  port_channel = vq_helper_channel_new (port_tested);
}

void
port_channel_teardown (void)
{
  g_clear_pointer (&port_channel, vq_channel_free);
  port_teardown ();
}

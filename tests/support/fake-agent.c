// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake-agent.h"

#include <check.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/json.h"

struct _FakeAgent
{
  VqGuestAgent *agent;
  int fd;
  guint source_id;
  GString *in;
  GHashTable *counts; /* command -> how often */
  char *special;      /* the command that gets REPLY */
  char *reply;
  gboolean silent;
};

static char *
choose_answer (FakeAgent *fake, const char *command, JsonObject *arguments)
{
  if (g_strcmp0 (command, fake->special) == 0)
    return g_strdup (fake->reply);
  if (g_str_equal (command, "guest-sync-delimited"))
    return g_strdup_printf ("{\"return\": %" G_GINT64_FORMAT,
                            json_object_get_int_member (arguments, "id"));
  if (g_str_equal (command, "guest-exec"))
    return g_strdup ("{\"return\": {\"pid\": 11}");
  if (g_str_equal (command, "guest-exec-status"))
    return g_strdup ("{\"return\": {\"exited\": true, \"exitcode\": 0}");
  return g_strdup ("{\"return\": {}");
}

static void
count (FakeAgent *fake, const char *command)
{
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (fake->counts, command));

  g_hash_table_insert (fake->counts, g_strdup (command), GUINT_TO_POINTER (n + 1));
}

static void
handle_line (FakeAgent *fake, const char *line, gsize length)
{
  g_autoptr (JsonNode) node = vq_json_parse_object (line, length, NULL);
  g_autofree char *answer = NULL;
  g_autofree char *text = NULL;
  JsonObject *request;
  JsonObject *arguments = NULL;
  const char *command;

  ck_assert_ptr_nonnull (node);
  request = json_node_get_object (node);
  command = json_object_get_string_member (request, "execute");
  count (fake, command);
  if (fake->silent)
    return;
  if (json_object_has_member (request, "arguments"))
    arguments = json_object_get_object_member (request, "arguments");
  answer = choose_answer (fake, command, arguments);
  text = g_strdup_printf ("%s, \"id\": %" G_GINT64_FORMAT "}\n", answer,
                          json_object_get_int_member (request, "id"));
  ck_assert_int_eq (write (fake->fd, text, strlen (text)), (gssize)strlen (text));
}

static gboolean
on_readable (int fd, GIOCondition events, gpointer data)
{
  FakeAgent *fake = data;
  char buffer[65536];
  gssize n = read (fd, buffer, sizeof buffer);
  char *newline;

  ck_assert_int_gt (n, 0);
  g_string_append_len (fake->in, buffer, n);
  while (fake->fd >= 0 && (newline = memchr (fake->in->str, '\n', fake->in->len)) != NULL)
    {
      gsize length = newline - fake->in->str;
      const char *start = fake->in->str;

      if ((guint8)start[0] == 0xff)
        start++;
      handle_line (fake, start, newline - start);
      g_string_erase (fake->in, 0, length + 1);
    }
  return G_SOURCE_CONTINUE;
}

FakeAgent *
fake_agent_new (void)
{
  FakeAgent *fake = g_new0 (FakeAgent, 1);
  int pair[2];

  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  fake->fd = pair[0];
  fake->in = g_string_new (NULL);
  fake->counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  fake->source_id = g_unix_fd_add (fake->fd, G_IO_IN, on_readable, fake);
  fake->agent = vq_guest_agent_new (pair[1]);
  vq_guest_agent_set_open (fake->agent, TRUE);
  return fake;
}

void
fake_agent_hang_up (FakeAgent *fake)
{
  g_clear_handle_id (&fake->source_id, g_source_remove);
  if (fake->fd >= 0)
    close (fake->fd);
  fake->fd = -1;
}

void
fake_agent_free (FakeAgent *fake)
{
  if (fake == NULL)
    return;
  fake_agent_hang_up (fake);
  vq_guest_agent_free (fake->agent);
  g_string_free (fake->in, TRUE);
  g_hash_table_unref (fake->counts);
  g_free (fake->special);
  g_free (fake->reply);
  g_free (fake);
}

VqGuestAgent *
fake_agent_get (FakeAgent *fake)
{
  return fake->agent;
}

void
fake_agent_answer (FakeAgent *fake, const char *command, const char *reply)
{
  g_free (fake->special);
  g_free (fake->reply);
  fake->special = g_strdup (command);
  fake->reply = g_strdup (reply);
}

guint
fake_agent_take_count (FakeAgent *fake, const char *command)
{
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (fake->counts, command));

  g_hash_table_remove (fake->counts, command);
  return n;
}

void
fake_agent_be_silent (FakeAgent *fake, gboolean silent)
{
  fake->silent = silent;
}

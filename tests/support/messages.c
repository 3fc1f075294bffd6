// SPDX-License-Identifier: GPL-2.0-or-later
#include "messages.h"

#include <check.h>
#include <glib.h>
#include <string.h>

static GPtrArray *kept;
static guint handler;

static void
keep (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  g_ptr_array_add (kept, g_strdup (message));
}

void
messages_begin (void)
{
  kept = g_ptr_array_new_with_free_func (g_free);
  handler = g_log_set_handler (
      G_LOG_DOMAIN, G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_CRITICAL, keep, NULL);
}

void
messages_end (void)
{
  g_log_remove_handler (G_LOG_DOMAIN, handler);
  ck_assert_msg (kept->len == 0, "unexpected: %s", kept->len > 0 ? (char *)kept->pdata[0] : "");
  g_clear_pointer (&kept, g_ptr_array_unref);
}

int
messages_take_warnings (const char *text)
{
  int n = kept->len;

  for (int i = 0; i < n; i++)
    ck_assert_msg (strstr (kept->pdata[i], text) != NULL, "no '%s' in: %s", text,
                   (char *)kept->pdata[i]);
  g_ptr_array_set_size (kept, 0);
  return n;
}

void
messages_assert_warning (const char *text)
{
  ck_assert_int_eq (messages_take_warnings (text), 1);
}

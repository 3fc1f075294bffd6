// SPDX-License-Identifier: GPL-2.0-or-later
#include "copy-setup.h"

#include <check.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "helper/helper-channel.h"
#include "helper-process.h"
#include "host-channel.h"
#include "leaks.h"

#define PATIENCE 60 /* seconds; for things that take none */

VqChannel *copy_channel;
char *copy_host;
char *copy_guest;
guint64 copy_bytes;
static GPid helper;
static VqHelperPort *port; /* NULL: there is no helper */
static char *tools;        /* first on PATH: programs of "the guest" that misbehave */
static char *base;
static char *old_path;

static void
run (const char *const *argv)
{
  int status = -1;

  ck_assert (g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
                           &status, NULL));
  ck_assert_msg (status == 0, "%s %s", argv[0], argv[1]);
}

void
copy_shell (const char *script)
{
  const char *const argv[] = { "/bin/sh", "-ec", script, NULL };

  run (argv);
}

void
copy_setup (void)
{
  g_autofree char *path = NULL;

  leaks_begin ();
  signal (SIGPIPE, SIG_IGN);
  umask (022);
  base = g_dir_make_tmp ("check-copy-XXXXXX", NULL);
  copy_host = g_strconcat (base, "/host/", NULL);
  copy_guest = g_strconcat (base, "/guest/", NULL);
  tools = g_strconcat (base, "/tools", NULL);
  ck_assert_int_eq (mkdir (copy_host, 0755), 0);
  ck_assert_int_eq (mkdir (copy_guest, 0755), 0);
  ck_assert_int_eq (mkdir (tools, 0755), 0);
  old_path = g_strdup (g_getenv ("PATH"));
  path = g_strconcat (tools, ":", old_path, NULL);
  g_setenv ("PATH", path, TRUE);
  g_setenv ("REAL_PATH", old_path, TRUE);
  g_setenv ("H", copy_host, TRUE);
  g_setenv ("G", copy_guest, TRUE);
  copy_channel = host_channel_new ();
}

void
copy_setup_with_helper (void)
{
  copy_setup ();
  vq_channel_free (copy_channel);
  port = vq_helper_port_new (helper_process_start (&helper));
  ck_assert (vq_helper_port_sync (port, vq_deadline_in (PATIENCE), NULL, NULL));
  copy_channel = vq_helper_channel_new (port);
}

static gboolean
nothing_runs (gpointer data)
{
  return port != NULL || host_channel_n_running (copy_channel) == 0;
}

/* A cancelled copy does not wait for the end of the command that it has killed. */
void
copy_teardown (void)
{
  const char *const chmod_argv[] = { "chmod", "-R", "u+rwx", base, NULL };
  const char *const rm_argv[] = { "rm", "-rf", base, NULL };

  ck_assert (vq_wait_until (nothing_runs, NULL, vq_deadline_in (5), NULL, "end", NULL));
  g_clear_pointer (&copy_channel, vq_channel_free);
  if (port != NULL)
    {
      g_clear_pointer (&port, vq_helper_port_free);
      helper_process_stop (-1, helper);
    }
  g_setenv ("PATH", old_path, TRUE);
  run (chmod_argv);
  run (rm_argv);
  g_clear_pointer (&base, g_free);
  g_clear_pointer (&copy_host, g_free);
  g_clear_pointer (&copy_guest, g_free);
  g_clear_pointer (&tools, g_free);
  g_clear_pointer (&old_path, g_free);
  leaks_assert_none ();
}

void
copy_fake (const char *name, const char *script)
{
  g_autofree char *path = g_strconcat (tools, "/", name, NULL);
  g_autofree char *text = g_strconcat ("#!/bin/sh\nPATH=$REAL_PATH\n", script, "\n", NULL);

  ck_assert (g_file_set_contents (path, text, -1, NULL));
  ck_assert_int_eq (chmod (path, 0755), 0);
}

gboolean
copy_down (const char *from, const char *to, double seconds, GError **error)
{
  g_autofree char *source = g_strconcat (copy_host, from, NULL);
  g_autofree char *target = g_strconcat (copy_guest, to, NULL);

  return vq_copy_down (copy_channel, source, target, &copy_bytes, vq_deadline_in (seconds), NULL,
                       error);
}

gboolean
copy_up (const char *from, const char *to, double seconds, GError **error)
{
  g_autofree char *source = g_strconcat (copy_guest, from, NULL);
  g_autofree char *target = g_strconcat (copy_host, to, NULL);

  return vq_copy_up (copy_channel, source, target, &copy_bytes, vq_deadline_in (seconds), NULL,
                     error);
}

void
copy_assert_down (const char *from, const char *to)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (copy_down (from, to, 30, &error), "%s", error != NULL ? error->message : "");
}

void
copy_assert_up (const char *from, const char *to)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (copy_up (from, to, 30, &error), "%s", error != NULL ? error->message : "");
}

void
copy_assert_error (const GError *error, const char *prefix, const char *part)
{
  ck_assert_ptr_nonnull (error);
  ck_assert_msg (g_str_has_prefix (error->message, prefix), "%s", error->message);
  ck_assert_msg (strstr (error->message, part) != NULL, "%s", error->message);
  ck_assert_ptr_null (strchr (error->message, '\n'));
  ck_assert_uint_lt (strlen (error->message), 2000);
}

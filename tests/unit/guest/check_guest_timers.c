// SPDX-License-Identifier: GPL-2.0-or-later
/* The timers of a guest with systemd, of which there is but a systemctl of ours: a channel to this
 * machine makes the scripts look for systemd's directory elsewhere. */
#include "guest/guest-timers.h"

#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "host-channel.h"
#include "leaks.h"
#include "suite.h"
#include "tree.h"

#define PATIENCE 60 /* seconds */

static VqChannel *channel;
static char *directory;
static char *path_before;

static VqCommand *
timers_start (VqChannel *self, const char *const *argv, int in, int out, int err,
              VqCommandDone done, gpointer data)
{
  g_auto (GStrv) words = g_strdupv ((char **)argv);

  for (char **word = words; *word != NULL; word++)
    {
      g_auto (GStrv) parts = g_strsplit (*word, "/run/systemd/system", -1);

      g_free (*word);
      *word = g_strjoinv (directory, parts);
    }
  return vq_channel_start (channel, (const char *const *)words, in, out, err, done, data);
}

static void
timers_kill (VqChannel *self, VqCommand *command)
{
  vq_channel_kill (channel, command);
}

static const VqChannelClass timers_class = { .start = timers_start, .kill = timers_kill };
static VqChannel timers_channel = { &timers_class };

static char *
in_directory (const char *name)
{
  return g_build_filename (directory, name, NULL);
}

/* systemctl shows what the file "units" says, and writes down what else it is told to. */
static const char systemctl[]
    = "#!/bin/sh\n"
      "d=${0%/*}\n"
      "case $1 in\n"
      "  show)\n"
      "    [ \"$#$2$3$4\" = '6--property=Id,ActiveState,TimersCalendar*.timercro[n].service' ]"
      " || exit 9\n"
      "    cat \"$d/units\";;\n"
      "  stop) shift; printf '%s,' \"$@\" >>\"$d/stopped\";\n"
      "    [ ! -e \"$d/refuse\" ] || { echo refused >&2; exit 1; };;\n"
      "  start) shift; printf '%s,' \"$@\" >\"$d/started\";;\n"
      "esac\n";

static void
setup (void)
{
  g_autofree char *program = NULL;
  g_autofree char *search = NULL;

  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  channel = host_channel_new ();
  directory = g_dir_make_tmp ("vq-timers-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
  program = in_directory ("systemctl");
  ck_assert (g_file_set_contents (program, systemctl, -1, NULL));
  ck_assert_int_eq (chmod (program, 0755), 0);
  path_before = g_strdup (g_getenv ("PATH"));
  search = g_strconcat (directory, ":", path_before, NULL);
  g_setenv ("PATH", search, TRUE);
}

static void
teardown (void)
{
  g_setenv ("PATH", path_before, TRUE);
  g_clear_pointer (&path_before, g_free);
  g_clear_pointer (&channel, vq_channel_free);
  tree_remove (directory);
  g_clear_pointer (&directory, g_free);
  leaks_assert_none ();
}

static gboolean
run_stop (char **timers, GError **error)
{
  VqChannelCapture *stop = vq_guest_timers_begin_stop (&timers_channel, error);

  return stop != NULL
         && vq_guest_timers_end_stop (stop, timers, vq_deadline_in (PATIENCE), NULL, error);
}

static gboolean
stop_timers (const char *units, char **timers, GError **error)
{
  g_autofree char *path = in_directory ("units");

  ck_assert (g_file_set_contents (path, units, -1, NULL));
  return run_stop (timers, error);
}

/* What systemctl was told, and forgets it; "" if it was not. Transfer full. */
static char *
take (const char *name)
{
  g_autofree char *path = in_directory (name);
  char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return g_strdup ("");
  g_unlink (path);
  return text;
}

#define CALENDAR "TimersCalendar={ OnCalendar=*-*-* 06:00:00 ; next_elapse=n/a }\n"

static const struct
{
  const char *units, *timers, *stopped;
} timer_cases[] = {
  { "", "", "" },
  { "\n\n", "", "" },
  { "Id=a.timer\nActiveState=active\n" CALENDAR, "a.timer", "--,a.timer," },
  { "ActiveState=active\n" CALENDAR "Id=a.timer\n\n", "a.timer", "--,a.timer," },
  { CALENDAR "Id=a.timer\nActiveState=active\n", "a.timer", "--,a.timer," },
  { "Id=a.timer\n" CALENDAR CALENDAR "ActiveState=active\n", "a.timer", "--,a.timer," },
  { "Id=a.timer\nActiveState=inactive\n" CALENDAR, "", "" },
  { "Id=a.timer\nActiveState=activating\n" CALENDAR, "", "" },
  { "Id=a.timer\nActiveState=active\nTimersCalendar=\n", "", "" },
  { "Id=a.timer\nActiveState=active\n", "", "" },
  { "ActiveState=active\n" CALENDAR, "", "" },
  { "Id=a.timer\nActiveState=active\n" CALENDAR
    "\nActiveState=active\nId=b@1_x-y:z.timer\n" CALENDAR,
    "a.timer b@1_x-y:z.timer", "--,a.timer,b@1_x-y:z.timer," },
  { "Id=a.timer\n\nActiveState=active\n" CALENDAR "\nId=b.timer\nActiveState=active\n" CALENDAR,
    "b.timer", "--,b.timer," },
  { "Id=a.timer\nActiveState=active\n" CALENDAR "\nId=b.timer\nActiveState=inactive\n" CALENDAR,
    "a.timer", "--,a.timer," },
  { "Id=a.timer\nActiveState=active\n" CALENDAR "\nId=b.timer\nActiveState=active\n", "a.timer",
    "--,a.timer," },
  { "Id=a b.timer\nActiveState=active\n" CALENDAR, "", "" },
  { "Id=a\\x2db.timer\nActiveState=active\n" CALENDAR, "a\\x2db.timer", "--,a\\x2db.timer," },
  { "Id=cron.service\nActiveState=active\n", "cron.service", "--,cron.service," },
  { "Id=cron.service\nActiveState=inactive\n\nId=a.timer\nActiveState=active\n", "", "" },
  { "Id=cron.service\nActiveState=active\n\nId=a.service\nActiveState=active\n", "cron.service",
    "--,cron.service," },
  { "Id=a'b.timer\nActiveState=active\n" CALENDAR, "", "" },
  { "Id=a;id\nActiveState=active\n" CALENDAR, "", "" },
  { "Id=*\nActiveState=active\n" CALENDAR, "", "" },
  { "Id=$(id).timer\nActiveState=active\n" CALENDAR "\nId=b.timer\nActiveState=active\n" CALENDAR,
    "b.timer", "--,b.timer," },
  { "Id=-H.timer\nActiveState=active\n" CALENDAR, "-H.timer", "--,-H.timer," },
};

CASE ("names", setup, teardown, 60)

TEST_LOOP (timers, 0, G_N_ELEMENTS (timer_cases))
{
  g_autofree char *names = NULL;
  g_autofree char *stopped = NULL;
  g_autofree char *started = NULL;
  g_autoptr (GError) error = NULL;

  ck_assert_msg (stop_timers (timer_cases[_i].units, &names, &error), "%s",
                 error != NULL ? error->message : "");
  ck_assert_str_eq (names, timer_cases[_i].timers);
  stopped = take ("stopped");
  ck_assert_str_eq (stopped, timer_cases[_i].stopped);
  started = take ("started");
  ck_assert_str_eq (started, "");
}

TEST (timers_cannot_be_stopped)
{
  g_autofree char *refuse = in_directory ("refuse");
  g_autofree char *names = NULL;
  g_autoptr (GError) error = NULL;

  ck_assert (g_file_set_contents (refuse, "", 0, NULL));
  ck_assert (!stop_timers (timer_cases[2].units, &names, &error));
  ck_assert_str_eq (error->message, "cannot stop the guest's timers: sh: exit status 1: refused");
  ck_assert_ptr_null (names);
}

/* Without systemd nobody is asked. */
TEST (no_systemd)
{
  g_autofree char *units = in_directory ("units");
  g_autofree char *before = directory;
  g_autofree char *names = NULL;
  g_autofree char *stopped = NULL;

  ck_assert (g_file_set_contents (units, timer_cases[2].units, -1, NULL));
  directory = g_strdup ("/nonexistent");
  ck_assert (run_stop (&names, NULL));
  g_free (directory);
  directory = g_steal_pointer (&before);
  ck_assert_str_eq (names, "");
  stopped = take ("stopped");
  ck_assert_str_eq (stopped, "");
}

static gboolean
nothing_runs (gpointer data)
{
  return host_channel_n_running (channel) == 0;
}

TEST (start_timers)
{
  g_autofree char *started = NULL;

  vq_guest_timers_start (channel, "");
  ck_assert_uint_eq (host_channel_n_running (channel), 0);
  vq_guest_timers_start (channel, "a.timer b@1.timer");
  ck_assert_uint_eq (host_channel_n_running (channel), 1); /* it does not wait */
  ck_assert (vq_wait_until (nothing_runs, NULL, vq_deadline_in (PATIENCE), NULL, "end", NULL));
  started = take ("started");
  ck_assert_str_eq (started, "--no-block,--,a.timer,b@1.timer,");
}

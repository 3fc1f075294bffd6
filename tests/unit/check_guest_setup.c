// SPDX-License-Identifier: GPL-2.0-or-later
/* The steps that do no harm are run on this machine, through a channel that leads nowhere else. */
#include "guest-setup.h"

#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "host-channel.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 60 /* seconds */

static VqChannel *channel;
static char *directory;

static void
setup (void)
{
  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  channel = host_channel_new ();
  directory = g_dir_make_tmp ("vq-setup-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
}

static void
teardown (void)
{
  g_clear_pointer (&channel, vq_channel_free);
  ck_assert_int_eq (g_rmdir (directory), 0);
  g_clear_pointer (&directory, g_free);
  leaks_assert_none ();
}

START_TEST (parse_users)
{
  static const struct
  {
    const char *passwd, *user;
  } cases[] = {
    { "", NULL },
    { "\n\n", NULL },
    { "root:x:0:0:root:/root:/bin/sh\n", NULL },
    { "low:x:999:999::/:/bin/sh\n", NULL },
    { "user:x:1000:1000::/home/user:/bin/sh\n", "user" },
    { "user:x:1000:1000::/home/user:/bin/sh", "user" },
    { "last:x:59999:1::/:/bin/sh\n", "last" },
    { "high:x:60000:1::/:/bin/sh\n", NULL },
    { "nobody:x:65534:65534::/:/bin/sh\n", NULL },
    { "b:x:1002:1::/:/x\na:x:1001:1::/:/x\nc:x:1003:1::/:/x\n", "a" },
    { "first:x:1001:1::/:/x\nsecond:x:1001:1::/:/x\n", "first" },
    { "short:x:1000\n", NULL },
    { "short:x\n", NULL },
    { ":x:1000:1::/:/x\n", NULL },
    { "bad name:x:1000:1::/:/x\ngood:x:1001:1::/:/x\n", "good" },
    { "-option:x:1000:1::/:/x\n", NULL },
    { "a;b:x:1000:1::/:/x\n", NULL },
    { "n\303\244me:x:1000:1::/:/x\n", NULL },
    { "number:x:1e3:1::/:/x\n", NULL },
    { "number:x:+1000:1::/:/x\n", NULL },
    { "number:x:-1000:1::/:/x\n", NULL },
    { "number:x: 1000:1::/:/x\n", NULL },
    { "number:x:99999999999999999999:1::/:/x\n", NULL },
    { "a.b_c-d$:x:1000:1::/:/x\n", "a.b_c-d$" },
    { "+nis:x:1000:1::/:/x\n", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *user = vq_guest_setup_parse_users (cases[i].passwd);

      ck_assert_pstr_eq (user, cases[i].user);
    }
}
END_TEST

START_TEST (length_of_a_user_name)
{
  for (int n = 63; n <= 65; n++)
    {
      g_autofree char *name = g_strnfill (n, 'u');
      g_autofree char *passwd = g_strdup_printf ("%s:x:1000:1::/:/x\n", name);
      g_autofree char *user = vq_guest_setup_parse_users (passwd);

      ck_assert_pstr_eq (user, n <= 64 ? name : NULL);
    }
}
END_TEST

START_TEST (host_time_zone)
{
  g_autofree char *zone = vq_guest_setup_host_time_zone ();

  if (zone == NULL)
    return;
  ck_assert (zone[0] != '/' && zone[0] != '\0');
  ck_assert_ptr_null (strstr (zone, ".."));
  /* The guest is this machine, so it has it already. */
  ck_assert (vq_guest_setup_time_zone (channel, vq_deadline_in (PATIENCE), NULL, NULL));
}
END_TEST

START_TEST (find_user)
{
  g_autofree char *passwd = NULL;
  g_autofree char *expected = NULL;
  g_autofree char *user = NULL;
  static const char *const argv[] = { "getent", "passwd", NULL };

  ck_assert (vq_channel_run (channel, argv, NULL, &passwd, vq_deadline_in (PATIENCE), NULL, NULL));
  expected = vq_guest_setup_parse_users (passwd);
  ck_assert (vq_guest_setup_find_user (channel, &user, vq_deadline_in (PATIENCE), NULL, NULL));
  ck_assert_pstr_eq (user, expected);
}
END_TEST

static void
assert_scratch (const char *path)
{
  GStatBuf status;

  ck_assert_int_eq (g_stat (path, &status), 0);
  ck_assert (S_ISDIR (status.st_mode));
  ck_assert_uint_eq (status.st_mode & 07777, 0777);
}

START_TEST (make_scratch)
{
  g_autofree char *path = NULL;

  ck_assert (vq_guest_setup_make_scratch (channel, &path, vq_deadline_in (PATIENCE), NULL, NULL));
  ck_assert (g_path_is_absolute (path));
  assert_scratch (path);
  ck_assert_int_eq (g_rmdir (path), 0);
}
END_TEST

/* The same path again, and once more although it is there. */
START_TEST (make_scratch_again)
{
  static const char *const names[] = { "plain", "with blank", "quote'\"$(id)", "-n" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *wanted = g_build_filename (directory, names[i], NULL);
      g_autofree char *path = g_strdup (wanted);

      for (int round = 0; round < 2; round++)
        {
          ck_assert (
              vq_guest_setup_make_scratch (channel, &path, vq_deadline_in (PATIENCE), NULL, NULL));
          ck_assert_str_eq (path, wanted);
          assert_scratch (path);
        }
      ck_assert_int_eq (g_rmdir (path), 0);
    }
}
END_TEST

START_TEST (make_scratch_nowhere)
{
  g_autofree char *path = g_strdup ("/proc/none/scratch");
  g_autoptr (GError) error = NULL;

  ck_assert (
      !vq_guest_setup_make_scratch (channel, &path, vq_deadline_in (PATIENCE), NULL, &error));
  ck_assert (g_str_has_prefix (error->message, "cannot make the scratch directory: sh: "));
  ck_assert_str_eq (path, "/proc/none/scratch");
}
END_TEST

/* A guest whose shell prints what it likes. */

static const char *guest_output;

static VqCommand *
strange_start (VqChannel *self, const char *const *argv, int in, int out, int err,
               VqCommandDone done, gpointer data)
{
  const char *const words[] = { "printf", "%s", guest_output, NULL };

  return vq_channel_start (channel, words, in, out, err, done, data);
}

static void
strange_kill (VqChannel *self, VqCommand *command)
{
  vq_channel_kill (channel, command);
}

START_TEST (strange_scratch)
{
  static const VqChannelClass class = { .name = "strange",
                                        .start = strange_start,
                                        .kill = strange_kill };
  VqChannel strange = { &class };
  g_autofree char *large = g_strnfill (5000, '/');
  const char *const outputs[] = { "", "relative", "\n", large };

  for (guint i = 0; i < G_N_ELEMENTS (outputs); i++)
    {
      g_autofree char *path = NULL;
      g_autoptr (GError) error = NULL;

      guest_output = outputs[i];
      ck_assert (
          !vq_guest_setup_make_scratch (&strange, &path, vq_deadline_in (PATIENCE), NULL, &error));
      ck_assert_ptr_nonnull (strstr (error->message, "strange path"));
      ck_assert_uint_lt (strlen (error->message), 300);
      ck_assert_ptr_null (path);
    }
}
END_TEST

START_TEST (other_scratch_than_before)
{
  static const VqChannelClass class = { .name = "strange",
                                        .start = strange_start,
                                        .kill = strange_kill };
  VqChannel strange = { &class };
  g_autofree char *path = g_strdup ("/tmp/before");

  guest_output = "/tmp/other";
  ck_assert (!vq_guest_setup_make_scratch (&strange, &path, vq_deadline_in (PATIENCE), NULL, NULL));
  ck_assert_str_eq (path, "/tmp/before");
}
END_TEST

/* A program in the directory, which is first on PATH. */
static void
make_program (const char *name, const char *script)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);

  ck_assert (g_file_set_contents (path, script, -1, NULL));
  ck_assert_int_eq (chmod (path, 0755), 0);
}

START_TEST (wait_booted)
{
  static const char *const programs[] = { "pgrep", "runlevel", "systemctl" };
  g_autoptr (GError) error = NULL;
  g_autofree char *old = g_strdup (g_getenv ("PATH"));
  g_autofree char *new = g_strconcat (directory, ":", old, NULL);

  g_setenv ("PATH", new, TRUE);
  make_program ("pgrep", "#!/bin/sh\nexit 1\n");
  make_program ("runlevel", "#!/bin/sh\necho N 2\n");
  make_program ("systemctl", "#!/bin/sh\necho degraded\nexit 1\n");
  ck_assert (vq_guest_setup_wait_booted (channel, vq_deadline_in (PATIENCE), NULL, NULL));
  make_program ("runlevel", "#!/bin/sh\necho unknown\n");
  make_program ("systemctl", "#!/bin/sh\necho starting\nexit 1\n");
  ck_assert (!vq_guest_setup_wait_booted (channel, vq_deadline_in (0.5), NULL, &error));
  ck_assert (vq_error_is_timeout (error));
  ck_assert_ptr_nonnull (strstr (error->message, "cannot wait until the guest has booted"));
  g_setenv ("PATH", old, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      g_autofree char *path = g_build_filename (directory, programs[i], NULL);

      ck_assert_int_eq (g_unlink (path), 0);
    }
}
END_TEST

/* A guest with systemd, of which there is but a systemctl of ours: this channel makes the scripts
 * look for its directory elsewhere. */

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

static const VqChannelClass timers_class
    = { .name = "timers", .start = timers_start, .kill = strange_kill };
static VqChannel timers_channel = { &timers_class };
static char *path_before;

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
      "    [ \"$#$2$3\" = '3--property=Id,ActiveState,TimersCalendar*.timer' ]"
      " || exit 9\n"
      "    cat \"$d/units\";;\n"
      "  stop) shift; printf '%s,' \"$@\" >>\"$d/stopped\";\n"
      "    [ ! -e \"$d/refuse\" ] || { echo refused >&2; exit 1; };;\n"
      "  start) shift; printf '%s,' \"$@\" >\"$d/started\";;\n"
      "esac\n";

static void
timers_setup (void)
{
  g_autofree char *search = NULL;

  setup ();
  make_program ("systemctl", systemctl);
  path_before = g_strdup (g_getenv ("PATH"));
  search = g_strconcat (directory, ":", path_before, NULL);
  g_setenv ("PATH", search, TRUE);
}

static void
timers_teardown (void)
{
  static const char *const names[] = { "systemctl", "units", "stopped", "started", "refuse" };

  g_setenv ("PATH", path_before, TRUE);
  g_clear_pointer (&path_before, g_free);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = in_directory (names[i]);

      g_unlink (path);
    }
  teardown ();
}

static gboolean
stop_timers (const char *units, char **timers, GError **error)
{
  g_autofree char *path = in_directory ("units");

  ck_assert (g_file_set_contents (path, units, -1, NULL));
  return vq_guest_setup_stop_timers (&timers_channel, timers, vq_deadline_in (PATIENCE), NULL,
                                     error);
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
  { "Id=a b.timer\nActiveState=active\n" CALENDAR, "", "" },
  { "Id=a\\x2db.timer\nActiveState=active\n" CALENDAR, "", "" },
  { "Id=a'b.timer\nActiveState=active\n" CALENDAR, "", "" },
  { "Id=a;id\nActiveState=active\n" CALENDAR, "", "" },
  { "Id=*\nActiveState=active\n" CALENDAR, "", "" },
  { "Id=$(id).timer\nActiveState=active\n" CALENDAR "\nId=b.timer\nActiveState=active\n" CALENDAR,
    "b.timer", "--,b.timer," },
  { "Id=-H.timer\nActiveState=active\n" CALENDAR, "-H.timer", "--,-H.timer," },
};

START_TEST (timers)
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
END_TEST

START_TEST (timers_cannot_be_stopped)
{
  g_autofree char *refuse = in_directory ("refuse");
  g_autofree char *names = NULL;
  g_autoptr (GError) error = NULL;

  ck_assert (g_file_set_contents (refuse, "", 0, NULL));
  ck_assert (!stop_timers (timer_cases[2].units, &names, &error));
  ck_assert_str_eq (error->message, "cannot stop the guest's timers: sh: exit status 1: refused");
  ck_assert_ptr_null (names);
}
END_TEST

/* Without systemd nobody is asked. */
START_TEST (no_systemd)
{
  g_autofree char *before = directory;
  g_autofree char *names = NULL;
  g_autofree char *stopped = NULL;

  directory = g_strdup ("/nonexistent");
  ck_assert (
      vq_guest_setup_stop_timers (&timers_channel, &names, vq_deadline_in (PATIENCE), NULL, NULL));
  g_free (directory);
  directory = g_steal_pointer (&before);
  ck_assert_str_eq (names, "");
  stopped = take ("stopped");
  ck_assert_str_eq (stopped, "");
}
END_TEST

static gboolean
nothing_runs (gpointer data)
{
  return host_channel_n_running (channel) == 0;
}

START_TEST (start_timers)
{
  g_autofree char *started = NULL;

  vq_guest_setup_start_timers (channel, "");
  ck_assert_uint_eq (host_channel_n_running (channel), 0);
  vq_guest_setup_start_timers (channel, "a.timer b@1.timer");
  ck_assert_uint_eq (host_channel_n_running (channel), 1); /* it does not wait */
  ck_assert (vq_wait_until (nothing_runs, NULL, vq_deadline_in (PATIENCE), NULL, "end", NULL));
  started = take ("started");
  ck_assert_str_eq (started, "--no-block,--,a.timer,b@1.timer,");
}
END_TEST

static void
add_timers (Suite *suite)
{
  const TTest *const tests[] = { timers_cannot_be_stopped, no_systemd, start_timers, NULL };
  TCase *tcase = tcase_create ("names of timers");

  suite_add_case (suite, "timers", timers_setup, timers_teardown, 60, tests);
  tcase_add_checked_fixture (tcase, timers_setup, timers_teardown);
  tcase_set_timeout (tcase, 60);
  tcase_add_loop_test (tcase, timers, 0, G_N_ELEMENTS (timer_cases));
  suite_add_tcase (suite, tcase);
}

int
main (void)
{
  const TTest *const tests[] = { parse_users,
                                 length_of_a_user_name,
                                 host_time_zone,
                                 find_user,
                                 make_scratch,
                                 make_scratch_again,
                                 make_scratch_nowhere,
                                 strange_scratch,
                                 other_scratch_than_before,
                                 wait_booted,
                                 NULL };
  Suite *suite = suite_create ("guest-setup");

  suite_add_case (suite, "guest-setup", setup, teardown, 60, tests);
  add_timers (suite);
  return suite_run (suite);
}

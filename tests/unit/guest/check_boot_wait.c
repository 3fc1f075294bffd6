// SPDX-License-Identifier: GPL-2.0-or-later
/* The scripts run on this machine, through a channel that makes them look for systemd, routes and
 * network cards in a directory of the test. Programs of the test are first on PATH. */
#include "guest/boot-wait.h"

#include <check.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "host-channel.h"
#include "leaks.h"
#include "messages.h"
#include "suite.h"
#include "tree.h"

#define PATIENCE 60 /* seconds */

static VqChannel *channel;
static char *directory;
static char *path_before;

/* It is as on this machine, unless the test has a file "uptime". */
#define CLOCK "/proc/uptime"

/* What the guest has elsewhere than this machine; the directory's name comes before SECOND. */
static const char *const places[][2] = { { "/run/systemd/system", "/systemd" },
                                         { "/proc/net/", "/routes/" },
                                         { "/sys/class/net/", "/cards/" },
                                         { "/var/lib/dpkg/", "/dpkg/" },
                                         { "/proc/locks", "/locks" },
                                         { "/run/cloud-init", "/cloud-init" },
                                         { CLOCK, "/uptime" } };

static VqCommand *
guest_start (VqChannel *self, const char *const *argv, int in, int out, int err, VqCommandDone done,
             gpointer data)
{
  g_autoptr (GString) script = g_string_new (argv[2]);
  g_auto (GStrv) words = g_strdupv ((char **)argv);

  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autofree char *place = g_strconcat (directory, places[i][1], NULL);

      if (strcmp (places[i][0], CLOCK) != 0 || g_file_test (place, G_FILE_TEST_EXISTS))
        g_string_replace (script, places[i][0], place, 0);
    }
  g_free (words[2]);
  words[2] = g_strdup (script->str);
  return vq_channel_start (channel, (const char *const *)words, in, out, err, done, data);
}

static void
guest_kill (VqChannel *self, VqCommand *command)
{
  vq_channel_kill (channel, command);
}

static const VqChannelClass guest_class = { .start = guest_start, .kill = guest_kill };
static VqChannel guest = { &guest_class };

static void
put_file (const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  ck_assert_int_eq (g_mkdir_with_parents (parent, 0700), 0);
  ck_assert (g_file_set_contents (path, text, -1, NULL));
  ck_assert_int_eq (chmod (path, 0755), 0);
}

static void
setup (void)
{
  g_autofree char *search = NULL;

  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  messages_begin ();
  channel = host_channel_new ();
  directory = g_dir_make_tmp ("vq-boot-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
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
  messages_end ();
  leaks_assert_none ();
}

CASE ("boot-wait", setup, teardown, 60)

TEST (sysvinit)
{
  g_autoptr (GError) error = NULL;

  put_file ("pgrep", "#!/bin/sh\nexit 1\n");
  put_file ("runlevel", "#!/bin/sh\necho N 2\n");
  ck_assert (vq_boot_wait_system (&guest, vq_deadline_in (PATIENCE), NULL, NULL));
  put_file ("runlevel", "#!/bin/sh\necho unknown\n");
  ck_assert (!vq_boot_wait_system (&guest, vq_deadline_in (0.5), NULL, &error));
  ck_assert (vq_error_is_timeout (error));
  ck_assert_ptr_nonnull (strstr (error->message, "cannot wait until the guest has booted"));
}

/* "never" does not end, and multi-user.target waits for it. After the word BUSY there is another
 * job each time. The login is there if there is a file "login". */
static void
put_systemctl (const char *state, const char *busy)
{
  g_autofree char *script = g_strdup_printf (
      "#!/bin/sh\n"
      "case $1 in\n"
      "  is-system-running) echo %s; exit 1;;\n"
      "  list-jobs) echo '12 never.service start running'\n"
      "    echo '1 multi-user.target start waiting'\n"
      "    [ ! %s ] || echo \"13 other-$$.service stop running\";;\n"
      "  -q) [ \"$*\" = '-q is-active multi-user.target getty.target' ] && [ -e %s/login ];;\n"
      "esac\n",
      state, busy, directory);

  put_file ("systemd/marker", "");
  put_file ("systemctl", script);
}

TEST (systemd_has_booted)
{
  static const char *const states[] = { "running", "degraded" };

  for (gsize i = 0; i < G_N_ELEMENTS (states); i++)
    {
      put_systemctl (states[i], "");
      ck_assert (vq_boot_wait_system (&guest, vq_deadline_in (PATIENCE), NULL, NULL));
    }
}

/* The real pgrep finds no process of cloud-init, although its name is in the script. */
TEST (no_cloud_init)
{
  put_systemctl ("running", "");
  put_file ("cloud-init/x", "");
  ck_assert (vq_boot_wait_system (&guest, vq_deadline_in (PATIENCE), NULL, NULL));
}

/* It has left a process that is not there the next time. */
TEST (cloud_init_ends)
{
  g_autofree char *script
      = g_strdup_printf ("#!/bin/sh\n[ ! -e %s/asked ] && >%s/asked\n", directory, directory);
  g_autofree char *asked = g_build_filename (directory, "asked", NULL);

  put_systemctl ("running", "");
  put_file ("pgrep", script);
  ck_assert (vq_boot_wait_system (&guest, vq_deadline_in (PATIENCE), NULL, NULL));
  ck_assert (!g_file_test (asked, G_FILE_TEST_EXISTS));
  put_file ("cloud-init/x", "");
  ck_assert (vq_boot_wait_system (&guest, vq_deadline_in (PATIENCE), NULL, NULL));
  ck_assert (g_file_test (asked, G_FILE_TEST_EXISTS));
}

TEST (emergency)
{
  g_autoptr (GError) error = NULL;

  put_systemctl ("maintenance", "");
  ck_assert (!vq_boot_wait_system (&guest, vq_deadline_in (PATIENCE), NULL, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "emergency mode"));
}

/* It goes on after a quarter of the time. */
TEST (job_that_never_ends)
{
  gint64 start = g_get_monotonic_time ();

  put_systemctl ("starting", "");
  put_file ("login", "");
  ck_assert (vq_boot_wait_system (&guest, vq_deadline_in (12), NULL, NULL));
  messages_assert_warning ("(never.service/start)");
  ck_assert_int_ge (g_get_monotonic_time () - start, 2 * G_USEC_PER_SEC);
  ck_assert_int_lt (g_get_monotonic_time () - start, 6 * G_USEC_PER_SEC);
}

/* Something happens all the time, so it waits as long as it may. */
TEST (jobs_that_come_and_go)
{
  gint64 start = g_get_monotonic_time ();

  put_systemctl ("starting", "busy");
  put_file ("login", "");
  ck_assert (vq_boot_wait_system (&guest, vq_deadline_in (10), NULL, NULL));
  messages_assert_warning ("(never.service/start other-");
  ck_assert_int_ge (g_get_monotonic_time () - start, 4 * G_USEC_PER_SEC);
}

/* Nobody can log in: that is a failure, which the guest explains before the time is up. */
TEST (job_that_all_wait_for)
{
  g_autoptr (GError) error = NULL;

  put_systemctl ("starting", "");
  ck_assert (!vq_boot_wait_system (&guest, vq_deadline_in (7), NULL, &error));
  ck_assert_msg (
      g_str_has_suffix (error->message, "systemd's jobs do not end: never.service/start"), "%s",
      error->message);
}

/* ---- the network ---- */

#define HEADER "Iface\tDestination\tGateway \tFlags\n"
#define LOCAL_ROUTE "eth0\t0002000A\t00000000\t0001\n"
#define ROUTE "eth0\t00000000\t0202000A\t0003\n"
#define ZEROES "00000000000000000000000000000000"
#define ROUTE6 ZEROES " 00 " ZEROES " 00 fe800000000000000000000000000002 00000400 1 0 3 %s\n"

/* Each pause writes FILE with TEXT, and a line into "pauses". */
static void
put_sleep (const char *file, const char *text)
{
  g_autofree char *script = g_strdup_printf ("#!/bin/sh\necho >>%s/pauses\nprintf '%s' >%s/%s\n",
                                             directory, text, directory, file);

  put_file ("sleep", script);
}

static int
count_pauses (void)
{
  g_autofree char *path = g_build_filename (directory, "pauses", NULL);
  g_autofree char *pauses = NULL;

  return g_file_get_contents (path, &pauses, NULL, NULL) ? (int)strlen (pauses) : 0;
}

/* lo is no card; eth0 has FLAGS. */
static void
put_card (const char *flags)
{
  put_file ("cards/lo/flags", "0x9\n");
  put_file ("cards/eth0/flags", flags);
  put_file ("cards/eth0/device/vendor", "");
}

static void
wait_for_network (void)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_boot_wait_network (&guest, vq_deadline_in (PATIENCE), NULL, &error), "%s",
                 error != NULL ? error->message : "");
}

TEST (network_is_there)
{
  put_card ("0x1003\n");
  put_file ("routes/route", HEADER LOCAL_ROUTE ROUTE);
  put_sleep ("x", "");
  wait_for_network ();
  ck_assert_int_eq (count_pauses (), 0);
}

TEST (network_comes)
{
  put_card ("0x1003\n");
  put_file ("routes/route", HEADER LOCAL_ROUTE);
  put_sleep ("routes/route", HEADER ROUTE);
  wait_for_network ();
  ck_assert_int_eq (count_pauses (), 1);
}

TEST (no_card)
{
  put_file ("cards/lo/flags", "0x9\n");
  put_file ("routes/route", HEADER);
  put_sleep ("x", "");
  wait_for_network ();
  ck_assert_int_eq (count_pauses (), 0);
}

/* The card's flags, the card of an IPv6 route (NULL: there is no IPv6), and how long it waits. */
static const struct
{
  const char *flags;
  const char *card;
  int pauses;
  gboolean warns;
} rows[] = {
  { "0x1002\n", "lo", 20, TRUE },
  { "0x1002\n", NULL, 20, TRUE },
  { "0x1003\n", "lo", 100, TRUE },
  { "0x1003\n", "eth0", 100, FALSE },
};

TEST_LOOP (no_network, 0, G_N_ELEMENTS (rows))
{
  g_autofree char *route6
      = g_strdup_printf ("fe80" ROUTE6 ROUTE6, "eth0", rows[_i].card != NULL ? rows[_i].card : "");

  put_card (rows[_i].flags);
  put_file ("routes/route", HEADER LOCAL_ROUTE);
  if (rows[_i].card != NULL)
    put_file ("routes/ipv6_route", route6);
  put_sleep ("x", "");
  wait_for_network ();
  ck_assert_int_eq (count_pauses (), rows[_i].pauses);
  if (rows[_i].warns)
    messages_assert_warning ("no");
}

/* ---- nothing at work ---- */

/* In the file "locks" there is a lock on the file NAME, as the kernel writes it. */
static void
put_lock (const char *name)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autofree char *text = NULL;
  struct stat st;

  put_file (name, "");
  ck_assert_int_eq (stat (path, &st), 0);
  text = g_strdup_printf ("1: FLOCK  ADVISORY  WRITE 1 00:1a:7 0 EOF\n"
                          "2: POSIX  ADVISORY  WRITE 1234 fe:02:%lu 0 EOF\n",
                          (gulong)st.st_ino);
  put_file ("locks", text);
}

static gboolean
wait_idle (GError **error)
{
  return vq_boot_wait_idle (&guest, NULL, error);
}

TEST (idle)
{
  put_file ("dpkg/lock", "");
  put_file ("locks", "1: POSIX  ADVISORY  WRITE 1 fe:02:0 0 EOF\n");
  put_sleep ("x", "");
  ck_assert (wait_idle (NULL));
  ck_assert_int_eq (count_pauses (), 0);
}

TEST (lock_is_released)
{
  put_lock ("dpkg/lock-frontend");
  put_sleep ("locks", "");
  ck_assert (wait_idle (NULL));
  ck_assert_int_eq (count_pauses (), 1);
}

TEST (lock_is_held)
{
  g_autoptr (GError) error = NULL;

  put_lock ("dpkg/lock");
  put_file ("uptime", "10.2 3.4\n");
  put_sleep ("uptime", "310.1 3.4\\n");
  ck_assert (!wait_idle (&error));
  ck_assert_ptr_nonnull (strstr (error->message, "a program has held"));
  ck_assert_ptr_nonnull (strstr (error->message, "/dpkg/lock for 300 seconds"));
}

TEST (jobs_after_the_boot)
{
  put_file ("locks", "");
  put_systemctl ("running", "");
  put_file ("uptime", "10.2 3.4\n");
  put_sleep ("uptime", "41.1 3.4\\n");
  ck_assert (wait_idle (NULL));
  messages_assert_warning ("(never.service/start multi-user.target/start)");
}

/* Its jobs were waited for before. */
TEST (boot_that_has_not_ended)
{
  put_file ("locks", "");
  put_systemctl ("starting", "");
  put_sleep ("x", "");
  ck_assert (wait_idle (NULL));
  ck_assert_int_eq (count_pauses (), 0);
}

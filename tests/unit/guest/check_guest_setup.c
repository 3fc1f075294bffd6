// SPDX-License-Identifier: GPL-2.0-or-later
/* The steps that do no harm are run on this machine, through a channel that leads nowhere else. */
#include "guest/guest-setup.h"

#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "channel/channel-capture.h"
#include "base/error.h"
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

CASE ("guest-setup", setup, teardown, 60)

TEST (parse_users)
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

TEST (length_of_a_user_name)
{
  for (int n = 63; n <= 65; n++)
    {
      g_autofree char *name = g_strnfill (n, 'u');
      g_autofree char *passwd = g_strdup_printf ("%s:x:1000:1::/:/x\n", name);
      g_autofree char *user = vq_guest_setup_parse_users (passwd);

      ck_assert_pstr_eq (user, n <= 64 ? name : NULL);
    }
}

/* The guest is this machine, so it has the host's time zone already. */
TEST (time_zone)
{
  ck_assert (vq_guest_setup_time_zone (channel, vq_deadline_in (PATIENCE), NULL, NULL));
}

TEST (find_user)
{
  g_autofree char *passwd = NULL;
  g_autofree char *expected = NULL;
  g_autofree char *user = NULL;
  static const char *const argv[] = { "getent", "passwd", NULL };

  ck_assert (vq_channel_capture (channel, argv, &passwd, vq_deadline_in (PATIENCE), NULL, NULL));
  expected = vq_guest_setup_parse_users (passwd);
  ck_assert (vq_guest_setup_find_user (channel, &user, vq_deadline_in (PATIENCE), NULL, NULL));
  ck_assert_pstr_eq (user, expected);
}

static void
assert_scratch (const char *path)
{
  GStatBuf status;

  ck_assert_int_eq (g_stat (path, &status), 0);
  ck_assert (S_ISDIR (status.st_mode));
  ck_assert_uint_eq (status.st_mode & 07777, 0777);
}

TEST (make_scratch)
{
  g_autofree char *path = NULL;

  ck_assert (vq_guest_setup_make_scratch (channel, &path, vq_deadline_in (PATIENCE), NULL, NULL));
  ck_assert (g_path_is_absolute (path));
  assert_scratch (path);
  ck_assert_int_eq (g_rmdir (path), 0);
}

/* The same path again, and once more although it is there. */
TEST (make_scratch_again)
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

TEST (make_scratch_nowhere)
{
  g_autofree char *path = g_strdup ("/proc/none/scratch");
  g_autoptr (GError) error = NULL;

  ck_assert (
      !vq_guest_setup_make_scratch (channel, &path, vq_deadline_in (PATIENCE), NULL, &error));
  ck_assert (g_str_has_prefix (error->message, "cannot make the scratch directory: sh: "));
  ck_assert_str_eq (path, "/proc/none/scratch");
}

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

TEST (strange_scratch)
{
  static const VqChannelClass class = { .start = strange_start, .kill = strange_kill };
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

TEST (other_scratch_than_before)
{
  static const VqChannelClass class = { .start = strange_start, .kill = strange_kill };
  VqChannel strange = { &class };
  g_autofree char *path = g_strdup ("/tmp/before");

  guest_output = "/tmp/other";
  ck_assert (!vq_guest_setup_make_scratch (&strange, &path, vq_deadline_in (PATIENCE), NULL, NULL));
  ck_assert_str_eq (path, "/tmp/before");
}

/* A program in the directory, which is first on PATH. */
static void
make_program (const char *name, const char *script)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);

  ck_assert (g_file_set_contents (path, script, -1, NULL));
  ck_assert_int_eq (chmod (path, 0755), 0);
}

/* A guest whose /var/cache and /run are here. */
static VqCommand *
start_elsewhere (VqChannel *self, const char *const *argv, int in, int out, int err,
                 VqCommandDone done, gpointer data)
{
  g_autofree char *cache = g_build_filename (directory, "cache", NULL);
  g_autofree char *mark = g_build_filename (directory, "mark", NULL);
  g_autoptr (GString) script = g_string_new (argv[2]);
  const char *words[] = { argv[0], argv[1], NULL, argv[3], argv[4], NULL };

  ck_assert_uint_eq (g_strv_length ((char **)argv), argv[4] != NULL ? 5 : 4);
  g_string_replace (script, "/var/cache", cache, 0);
  g_string_replace (script, "/run/autopkgtest-reboot-prepare-mark", mark, 0);
  words[2] = script->str; /* where it is now */
  return vq_channel_start (channel, words, in, out, err, done, data);
}

static void
run_here (const char *script)
{
  const char *const argv[] = { "sh", "-ec", script, "sh", directory, NULL };
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_channel_capture (channel, argv, NULL, vq_deadline_in (PATIENCE), NULL, &error),
                 "%s", error != NULL ? error->message : "");
}

/* What other tars than GNU's know. */
static const char other_tar[] = "#!/bin/sh\n"
                                "for word; do\n"
                                "  case $word in\n"
                                "    --version) echo 'tar (busybox) 1.35'; exit 0;;\n"
                                "    --*) echo \"$word?\" >&2; exit 1;;\n"
                                "  esac\n"
                                "done\n"
                                "PATH=$REAL_PATH exec tar \"$@\"\n";

/* Names, modes, times, links and the mark; and holes, where the guest has GNU tar. */
TEST_LOOP (save_scratch, 0, 2)
{
  static const VqChannelClass class = { .start = start_elsewhere, .kill = strange_kill };
  VqChannel elsewhere = { &class };
  g_autofree char *scratch = g_build_filename (directory, "-n 'ame", NULL);
  g_autofree char *old = g_strdup (g_getenv ("PATH"));
  g_autofree char *new = g_strconcat (directory, ":", old, NULL);
  g_autoptr (GError) error = NULL;

  run_here (
      "cd \"$1\"; mkdir cache \"./-n 'ame\"; : > mark; cd \"./-n 'ame\"; mkdir -m 1777 d; echo "
      "x > d/x; "
      "chmod 751 d/x; touch -d 2001-02-03 d/x; ln d/x hard; ln -s /nowhere link; "
      "touch \"$(printf '\\303\\244')\" \"$(printf '\\344')\"");
  if (_i == 0)
    run_here ("truncate -s 1G \"$1/-n 'ame/hole\"");
  run_here ("cd \"$1/-n 'ame\"; find . -printf '%P %m %n %s %Ts %l\\n' | sort > ../before");
  g_setenv ("REAL_PATH", old, TRUE);
  g_setenv ("PATH", new, TRUE);
  if (_i == 1)
    make_program ("tar", other_tar);
  ck_assert_msg (
      vq_guest_setup_save_scratch (&elsewhere, scratch, vq_deadline_in (PATIENCE), NULL, &error),
      "%s", error != NULL ? error->message : "");
  run_here (
      "cd \"$1\"; test ! -e mark; rm -r \"./-n 'ame\"; test $(stat -c %s cache/*) -lt 100000");
  ck_assert_msg (
      vq_guest_setup_restore_scratch (&elsewhere, scratch, vq_deadline_in (PATIENCE), NULL, &error),
      "%s", error != NULL ? error->message : "");
  g_setenv ("PATH", old, TRUE);
  run_here (
      "cd \"$1/-n 'ame\"; find . -printf '%P %m %n %s %Ts %l\\n' | sort | diff ../before - >&2; "
      "test $(du -s . | cut -f1) -lt 1000; cd ..; rmdir cache; rm -rf ./* ");
}

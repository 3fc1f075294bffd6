// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests copies of trees, and guests and hosts where something goes wrong. */
#include "copy-setup.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "host-channel.h"
#include "suite.h"

/* Compares everything that GNU tar keeps, by listing both trees with it. */
static const char compare[]
    = "list() { (cd \"$1\"; find . ! -path . -printf '%P %y %m %n %l %T@ %s\\n' "
      "| sed 's/\\.[0-9]* \\([0-9]*\\)$/ \\1/' | grep -av ' d ' | sort; "
      "find . -type d ! -path . -printf '%P %m\\n' | sort); }; "
      "list $H/t > $H/1; list $H/back > $H/2; diff $H/1 $H/2 >&2; "
      "test -e $H/t/sparse -o -e $H/t/hole || diff -r --no-dereference $H/t $H/back";

static const char *const trees[] = {
  "true",
  "mkdir -p a/b/c d; touch a/b/c/x; echo y > a/y",
  "ln -s missing 1; ln -s / 2; mkdir d; ln -s d 3; ln -s ../../x d/4",
  "echo x > a; ln a b; mkdir d; ln a d/c; ln -s a s",
  "n=$(printf %0200d 7); mkdir -p $n/$n; echo x > $n/$n/$n; ln $n/$n/$n $n/hard; ln -s $n s",
  "mkdir ro; echo x > ro/x; mkdir ro/sub; echo y > ro/sub/y; chmod 555 ro/sub ro; touch z; "
  "chmod "
  "400 z",
  "for i in $(seq 5000); do echo $i > $i; done",
  "head -c 20000000 /dev/urandom > big; touch -d 1999-01-01 big",
  "truncate -s 1G sparse; echo x | dd of=sparse bs=1 seek=500000000 conv=notrunc status=none",
  "truncate -s 1G hole; echo x > real",
  "touch -- -x '--checkpoint=1' ' ' '*' \"$(printf 'a\\nb')\" \"$(printf '\\377\\376')\" "
  "'\\' "
  "\"$(printf '\\303\\266')\"",
  "touch f x; mkdir d; touch -d 2001-02-03 f; chmod 755 x",
};

CASE ("trees", copy_setup, copy_teardown, 300)

TEST_LOOP (test_trees, 0, G_N_ELEMENTS (trees))
{
  g_autofree char *make = g_strconcat ("mkdir $H/t; cd $H/t; ", trees[_i], NULL);

  copy_shell (make);
  copy_assert_down ("t/", "t/");
  copy_assert_up ("t/", "back/");
  if (strstr (trees[_i], "1G") != NULL)
    /* To compare the whole holes would take seconds. */
    copy_shell ("for d in $G/t $H/back; do test $(du -s $d | cut -f1) -lt 1000; "
                "test ! -e $d/sparse || "
                "test \"$(tail -c +499999000 $d/sparse | head -c 5000 | tr -d '\\0')\" = x; done");
  if (strstr (trees[_i], "ro/sub") != NULL)
    copy_shell ("test $(stat -c %a $H/back/ro $H/back/ro/sub | sort -u) = 555");
  copy_shell (compare);
}

/* All permissions arrive in the guest; from the guest come those that our umask allows. */
TEST (test_modes)
{
  copy_shell ("mkdir -m 777 $H/t $H/t/d; cd $H/t; touch f x; chmod 666 f; chmod 777 x; mkdir -m "
              "700 $H/old");
  copy_assert_down ("t/", "t/");
  copy_assert_up ("t/", "new/");
  copy_assert_up ("t/", "old/");
  copy_shell (
      "modes() { cd $1; echo $(stat -c %a . d f x); }; test \"$(modes $G/t)\" = '777 777 666 777'; "
      "test \"$(modes $H/new)\" = '755 755 644 755'; test \"$(modes $H/old)\" = '700 755 644 755'");
}

/* Without our setting, GNU tar would convert names to the guest's locale and from it. */
TEST (test_locale_of_the_guest)
{
  g_setenv ("LC_ALL", "en_US.ISO-8859-1", TRUE);
  copy_fake ("tar", "test \"$LC_ALL\" = C.UTF-8 || exit 9; exec tar \"$@\"");
  copy_shell ("mkdir $H/t; : > \"$H/t/$(printf '\\303\\244')\"; truncate -s 9M \"$H/t/$(printf "
              "'a\\314\\210')\"");
  copy_assert_down ("t/", "t/");
  copy_assert_down ("t/a\314\210", "t/a\314\210");
  copy_assert_up ("t/", "back/");
  g_unsetenv ("LC_ALL");
  copy_shell ("test \"$(ls $H/t)\" = \"$(ls $G/t)\"; test \"$(ls $H/t)\" = \"$(ls $H/back)\"");
}

TEST (test_merging)
{
  copy_shell (
      "mkdir -p $H/t/sub $G/t/sub $H/back/sub; echo new > $H/t/sub/x; echo old > $G/t/sub/x; "
      "echo kept > $G/t/sub/kept; echo kept > $H/back/sub/kept2; echo older > $H/back/sub/x");
  copy_assert_down ("t/", "t/");
  copy_assert_up ("t/", "back/");
  copy_shell (
      "test $(cat $G/t/sub/x) = new; test $(cat $H/back/sub/x) = new; test -e $G/t/sub/kept; "
      "test -e $H/back/sub/kept; test -e $H/back/sub/kept2");
}

TEST (test_many_files)
{
  copy_shell ("mkdir $H/t; cd $H/t; for i in $(seq 100); do mkdir $i; done; "
              "seq 20000 | awk '{ f = ($1 % 100 + 1) \"/\" $1; print $1 > f; close (f) }'");
  copy_assert_down ("t/", "t/");
  copy_assert_up ("t/", "back/");
  copy_shell (
      "test $(find $H/back -type f | wc -l) = 20000; diff -r $H/t $G/t; diff -r $H/t $H/back");
}

/* The owner is not copied, because the other side has other users. */
TEST (test_no_owner)
{
  if (geteuid () != 0)
    SKIP ("only root can do this");
  copy_shell ("mkdir $H/t $G/t; touch $H/t/x $G/t/x; chown 4711:4712 $H/t $H/t/x $G/t $G/t/x");
  copy_assert_down ("t/", "new/");
  copy_assert_up ("t/", "new/");
  copy_shell ("test \"$(stat -c %u:%g $G/new $G/new/x $H/new $H/new/x | sort -u)\" = 0:0");
}

/* The tests above run through the helper, too. Those below replace programs of the guest, which the
 * helper does not use. */
CASE_LIKE ("trees of the helper", "trees", copy_setup_with_helper, copy_teardown, 300)
CASE ("trees", copy_setup, copy_teardown, 300)

static void
keep_message (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  g_string_append_printf (data, "%s\n", message);
}

TEST (test_what_is_left_out_is_told)
{
  g_autoptr (GString) messages = g_string_new (NULL);
  guint id = g_log_set_handler (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, keep_message, messages);

  copy_shell ("mkdir $G/t; mkfifo $G/t/fifo; echo x > $G/t/x");
  copy_assert_up ("t/", "t/");
  g_log_remove_handler (G_LOG_DOMAIN, id);
  ck_assert_str_eq (messages->str,
                    "copyup: left out ./fifo: it is neither file, directory nor link\n");
  copy_shell ("cmp $G/t/x $H/t/x; test ! -e $H/t/fifo");
}

TEST (test_failed_trees)
{
  g_autoptr (GError) error = NULL;

  copy_shell ("mkdir $G/t $H/empty; seq 100000 > $G/t/a");
  copy_fake ("tar", "exit 1");
  ck_assert (!copy_up ("t/", "new/", 10, NULL));
  ck_assert (!copy_up ("t/", "empty/", 10, NULL));
  copy_shell ("test ! -e $H/new; test -d $H/empty");
  /* The files that have arrived stay. */
  copy_fake ("tar", "tar \"$@\"; exit 1");
  ck_assert (!copy_up ("t/", "new/", 10, NULL));
  copy_shell ("cmp $G/t/a $H/new/a");
}

TEST (test_two_copies_cannot_write_through_a_link)
{
  copy_shell ("mkdir $H/victim $G/1 $G/2 $G/2/a; ln -s ../victim $G/1/a; echo x > $G/2/a/x");
  copy_assert_up ("1/", "d/");
  copy_assert_up ("2/", "d/");
  copy_shell ("test -z \"$(ls $H/victim)\"; test -e $H/d/a/x; test ! -L $H/d/a");
}

/* ---- a guest that misbehaves ---- */

static const struct
{
  const char *tar; /* the script */
  VqErrorCode code;
  const char *expected;
} bad_up[] = {
  { "echo 'No space\nleft \033[31m' >&2; exit 2", VQ_ERROR_PEER, "exit status 2: No space left" },
  { "tar \"$@\"; echo 'file changed' >&2; exit 1", VQ_ERROR_PEER, "exit status 1: file changed" },
  { "tar \"$@\" | head -c 3000", VQ_ERROR_PEER, "" },
  { "tar \"$@\" | head -c 1024", VQ_ERROR_PEER, "" },
  { "tar \"$@\" | head -c 512", VQ_ERROR_PEER, "cut short" },
  { "tar \"$@\" | head -c 3000; kill -9 $$", VQ_ERROR_PEER, "killed by signal 9" },
  { "tar \"$@\"; kill -9 $$", VQ_ERROR_PEER, "killed by signal 9" },
  { "true", VQ_ERROR_PEER, "bad archive" },
  { "kill -9 $$", VQ_ERROR_PEER, "killed by signal 9" },
  { "yes", VQ_ERROR_PEER, "bad archive" },
  { "tar \"$@\" | gzip", VQ_ERROR_PEER, "bad archive" },
  { "cat /dev/zero", VQ_ERROR_PEER, "" },
  { "yes | head -c 3000000 >&2; exit 3", VQ_ERROR_PEER, "exit status 3: ... y y" },
  { "exec sleep 1000", VQ_ERROR_TIMEOUT, "no end of the copy" },
  { "tar \"$@\" | head -c 600; exec sleep 1000", VQ_ERROR_TIMEOUT, "no end of the copy" },
  { "tar \"$@\"; exec sleep 1000 >&-", VQ_ERROR_TIMEOUT, "no end of the command" },
  { "while :; do tar \"$@\" | head -c 1024; done", VQ_ERROR_TIMEOUT, "no " },
};

CASE ("trouble", copy_setup, copy_teardown, 60)

TEST_LOOP (test_bad_guest_up, 0, G_N_ELEMENTS (bad_up))
{
  g_autoptr (GError) error = NULL;
  double seconds = bad_up[_i].code == VQ_ERROR_TIMEOUT ? 1 : 20;
  gint64 start = g_get_monotonic_time ();

  copy_shell ("mkdir $G/t; seq 1000 > $G/t/x; seq 2000 > $G/t/y");
  copy_fake ("tar", bad_up[_i].tar);
  ck_assert (!copy_up ("t/", "t/", seconds, &error));
  copy_assert_error (error, "", bad_up[_i].expected);
  ck_assert_msg (g_error_matches (error, VQ_ERROR, bad_up[_i].code), "%s", error->message);
  ck_assert_int_lt (g_get_monotonic_time () - start, 10 * G_USEC_PER_SEC);
}

static const struct
{
  const char *tar;
  VqErrorCode code;
  const char *expected;
} bad_down[] = {
  { "echo 'No space left on device' >&2; exit 2", VQ_ERROR_PEER, "exit status 2: No space left" },
  { "head -c 3000 > /dev/null; echo full >&2; exit 2", VQ_ERROR_PEER, "exit status 2: full" },
  { "cat > /dev/null; exit 2", VQ_ERROR_PEER, "exit status 2" },
  { "cat > /dev/null; kill -9 $$", VQ_ERROR_PEER, "killed by signal 9" },
  { "kill -15 $$", VQ_ERROR_PEER, "killed by signal 15" },
  { "exit 0", VQ_ERROR_PEER, "stopped reading" },
  { "exec sleep 1000", VQ_ERROR_TIMEOUT, "no end of the copy" },
  { "cat > /dev/null; exec sleep 1000", VQ_ERROR_TIMEOUT, "no end of the command" },
  { "exec sleep 1000 <&-", VQ_ERROR_TIMEOUT, "no " },
};

TEST_LOOP (test_bad_guest_down, 0, G_N_ELEMENTS (bad_down))
{
  g_autoptr (GError) error = NULL;
  double seconds = bad_down[_i].code == VQ_ERROR_TIMEOUT ? 1 : 20;

  copy_shell ("mkdir $H/t; seq 1000000 > $H/t/x");
  copy_fake ("tar", bad_down[_i].tar);
  ck_assert (!copy_down ("t/", "t/", seconds, &error));
  copy_assert_error (error, "", bad_down[_i].expected);
  ck_assert_msg (g_error_matches (error, VQ_ERROR, bad_down[_i].code), "%s", error->message);
}

TEST_LOOP (test_bad_guest_files, 0, 3)
{
  static const char *const scripts[]
      = { "cat | head -c 70000; exit 4", "kill -9 $$", "exec sleep 99" };
  g_autoptr (GError) error = NULL;
  g_autofree char *kept = g_strconcat (copy_host, "kept", NULL);
  g_autofree char *fresh = g_strconcat (copy_host, "fresh", NULL);

  copy_shell ("seq 100000 > $G/f; echo x > $H/kept");
  copy_fake ("cat", scripts[_i]);
  ck_assert (!copy_up ("f", "fresh", 1, &error));
  ck_assert (vq_error_is_timeout (error) == (_i == 2));
  ck_assert (!g_file_test (fresh, G_FILE_TEST_EXISTS));
  ck_assert (!copy_up ("f", "kept", 1, NULL));
  ck_assert (g_file_test (kept, G_FILE_TEST_EXISTS));
  copy_shell ("cp $G/f $H/source");
  ck_assert (!copy_down ("source", "g", 1, NULL));
}

TEST (test_a_file_that_cannot_be_read_stops_the_copy)
{
  g_autoptr (GError) error = NULL;

  copy_shell ("mkdir $H/t; echo x > $H/t/secret; chmod 0 $H/t/secret");
  if (geteuid () == 0)
    copy_assert_down ("t/", "t/");
  else
    {
      ck_assert (!copy_down ("t/", "t/", 10, &error));
      copy_assert_error (error, "", "secret: Permission denied");
    }
}

/* The files are shorter than their status says. */
TEST (test_half_an_archive_has_no_end)
{
  const char *const source = "/sys/devices/system/clocksource/clocksource0/";
  g_autofree char *target = g_strconcat (copy_guest, "t/", NULL);
  g_autoptr (GError) error = NULL;

  copy_fake ("tar", "cat > /dev/null; touch $G/end");
  ck_assert (!vq_copy_down (copy_channel, source, target, NULL, vq_deadline_in (20), NULL, &error));
  copy_assert_error (error, "", "clocksource");
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_FAILED));
  ck_assert_uint_eq (host_channel_n_killed (copy_channel), 1);
  copy_shell ("test ! -e $G/end");
}

/* The length of the file, of one with holes only what is sent of it, and of an archive. */
TEST (test_bytes)
{
  copy_shell ("head -c 3000 /dev/zero > $H/f; head -c 2000 /dev/zero > $G/g; mkdir $H/t $G/u; "
              "cp $H/f $H/t; cp $G/g $G/u; truncate -s 8M $H/s $G/s");
  copy_bytes = 0;
  copy_assert_down ("f", "f");
  ck_assert_uint_eq (copy_bytes, 3000);
  copy_assert_up ("g", "g");
  ck_assert_uint_eq (copy_bytes, 5000);
  copy_bytes = 0;
  copy_assert_down ("s", "s2");
  copy_assert_down ("t/", "t/");
  ck_assert_uint_ge (copy_bytes, 3000 + 1024);
  ck_assert_uint_lt (copy_bytes, 1024 * 1024);
  copy_bytes = 0;
  copy_assert_up ("s", "s3");
  copy_assert_up ("u/", "u/");
  ck_assert_uint_ge (copy_bytes, 2000 + 1024);
  ck_assert_uint_lt (copy_bytes, 1024 * 1024);
}

static gboolean
trigger (gpointer cancel)
{
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_MACHINE, "the machine died");

  vq_cancel_trigger (cancel, reason);
  return G_SOURCE_REMOVE;
}

/* The number's bits mean "up" and "tree". */
TEST_LOOP (test_cancel, 0, 4)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  const char *slash = _i & 2 ? "/x/" : "/x";
  g_autofree char *on_host = g_strconcat (copy_host, slash, NULL);
  g_autofree char *on_guest = g_strconcat (copy_guest, slash, NULL);
  gboolean (*copy) (VqChannel *, const char *, const char *, guint64 *, gint64, VqCancel *,
                    GError **)
      = _i & 1 ? vq_copy_up : vq_copy_down;

  copy_shell (_i & 2 ? "mkdir $H/x $G/x" : "seq 10000 > $H/x; seq 10000 > $G/x");
  copy_fake ("tar", "exec sleep 1000");
  copy_fake ("cat", "exec sleep 1000");
  g_timeout_add (50, trigger, cancel);
  ck_assert (!copy (copy_channel, _i & 1 ? on_guest : on_host, _i & 1 ? on_host : on_guest, NULL,
                    vq_deadline_in (20), cancel, &error));
  ck_assert (vq_error_is_machine (error));
  ck_assert_uint_eq (host_channel_n_killed (copy_channel), 1);
}

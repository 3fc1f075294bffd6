// SPDX-License-Identifier: GPL-2.0-or-later
#include "copy.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "host-channel.h"
#include "leaks.h"

static VqChannel *channel;
static char *host;  /* a directory of "the host", ends in "/" */
static char *guest; /* one of "the guest" */
static char *tools; /* first on PATH: programs of "the guest" that misbehave */
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

/* Runs SCRIPT, trusted, with the two directories as $H and $G. */
static void
shell (const char *script)
{
  const char *const argv[] = { "/bin/sh", "-ec", script, NULL };

  run (argv);
}

static void
setup (void)
{
  g_autofree char *path = NULL;

  leaks_begin ();
  signal (SIGPIPE, SIG_IGN);
  umask (022);
  base = g_dir_make_tmp ("check-copy-XXXXXX", NULL);
  host = g_strconcat (base, "/host/", NULL);
  guest = g_strconcat (base, "/guest/", NULL);
  tools = g_strconcat (base, "/tools", NULL);
  ck_assert_int_eq (mkdir (host, 0755), 0);
  ck_assert_int_eq (mkdir (guest, 0755), 0);
  ck_assert_int_eq (mkdir (tools, 0755), 0);
  old_path = g_strdup (g_getenv ("PATH"));
  path = g_strconcat (tools, ":", old_path, NULL);
  g_setenv ("PATH", path, TRUE);
  g_setenv ("REAL_PATH", old_path, TRUE);
  g_setenv ("H", host, TRUE);
  g_setenv ("G", guest, TRUE);
  channel = host_channel_new ();
}

static gboolean
nothing_runs (gpointer data)
{
  return host_channel_n_running (channel) == 0;
}

/* A cancelled copy does not wait for the end of the command that it has killed. */
static void
teardown (void)
{
  const char *const chmod_argv[] = { "chmod", "-R", "u+rwx", base, NULL };
  const char *const rm_argv[] = { "rm", "-rf", base, NULL };

  ck_assert (vq_wait_until (nothing_runs, NULL, vq_deadline_in (5), NULL, "end", NULL));
  g_clear_pointer (&channel, vq_channel_free);
  g_setenv ("PATH", old_path, TRUE);
  run (chmod_argv);
  run (rm_argv);
  g_clear_pointer (&base, g_free);
  g_clear_pointer (&host, g_free);
  g_clear_pointer (&guest, g_free);
  g_clear_pointer (&tools, g_free);
  g_clear_pointer (&old_path, g_free);
  leaks_assert_none ();
}

/* Puts a program NAME in the way of the guest's own. */
static void
fake (const char *name, const char *script)
{
  g_autofree char *path = g_strconcat (tools, "/", name, NULL);
  g_autofree char *text = g_strconcat ("#!/bin/sh\nPATH=$REAL_PATH\n", script, "\n", NULL);

  ck_assert (g_file_set_contents (path, text, -1, NULL));
  ck_assert_int_eq (chmod (path, 0755), 0);
}

static gboolean
down (const char *from, const char *to, double seconds, GError **error)
{
  g_autofree char *source = g_strconcat (host, from, NULL);
  g_autofree char *target = g_strconcat (guest, to, NULL);

  return vq_copy_down (channel, source, target, vq_deadline_in (seconds), NULL, error);
}

static gboolean
up (const char *from, const char *to, double seconds, GError **error)
{
  g_autofree char *source = g_strconcat (guest, from, NULL);
  g_autofree char *target = g_strconcat (host, to, NULL);

  return vq_copy_up (channel, source, target, vq_deadline_in (seconds), NULL, error);
}

static void
assert_down (const char *from, const char *to)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (down (from, to, 30, &error), "%s", error != NULL ? error->message : "");
}

static void
assert_up (const char *from, const char *to)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (up (from, to, 30, &error), "%s", error != NULL ? error->message : "");
}

/* ERROR has PREFIX first and PART somewhere, and is one line. */
static void
assert_error (const GError *error, const char *prefix, const char *part)
{
  ck_assert_ptr_nonnull (error);
  ck_assert_msg (g_str_has_prefix (error->message, prefix), "%s", error->message);
  ck_assert_msg (strstr (error->message, part) != NULL, "%s", error->message);
  ck_assert_ptr_null (strchr (error->message, '\n'));
  ck_assert_uint_lt (strlen (error->message), 2000);
}

/* ---- single files ---- */

static const gsize sizes[] = { 0, 1, 511, 4096, 65535, 65536, 65537, 131073, 20 * 1024 * 1024 + 1 };

START_TEST (test_file_sizes)
{
  g_autofree char *source = g_strconcat (host, "a", NULL);
  g_autofree char *target = g_strconcat (host, "b", NULL);
  g_autofree char *bytes = g_malloc (sizes[_i] + 1);
  g_autofree char *back = NULL;
  gsize len;

  for (gsize i = 0; i < sizes[_i]; i++)
    bytes[i] = (char)(i * 31 + i / 256);
  ck_assert (g_file_set_contents (source, bytes, sizes[_i], NULL));
  assert_down ("a", "file");
  assert_up ("file", "b");
  ck_assert (g_file_get_contents (target, &back, &len, NULL));
  ck_assert_uint_eq (len, sizes[_i]);
  ck_assert (memcmp (bytes, back, len) == 0);
}
END_TEST

START_TEST (test_file_names)
{
  static const char *const names[]
      = { "plain", "two words", "new\nline", "\377\376", "-n",    "--help", "'",       "\"$(id)\"",
          "*",     "\\",        " ",         "a;b",      "$HOME", "~",      "\303\266" };

  shell ("echo content > $H/in");
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_strconcat (guest, names[i], NULL);

      assert_down ("in", names[i]);
      ck_assert_msg (g_file_test (path, G_FILE_TEST_IS_REGULAR), "%s", names[i]);
      assert_up (names[i], names[i]);
      g_setenv ("N", names[i], TRUE);
      shell ("cmp \"$H/in\" \"$H/$N\"; cmp \"$H/in\" \"$G/$N\"");
    }
}
END_TEST

START_TEST (test_relative_guest_names_that_look_like_options)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_copy_up (channel, "-nonexistent", "/dev/null", vq_deadline_in (10), NULL, &error));
  assert_error (error, "copyup: -nonexistent to /dev/null: exit status", "-nonexistent");
  g_clear_error (&error);
  ck_assert (!vq_copy_up (channel, "-nonexistent/", host, vq_deadline_in (10), NULL, &error));
  assert_error (error, "copyup: -nonexistent/ to ", "exit status");
}
END_TEST

START_TEST (test_exec_bits)
{
  static const mode_t modes[] = { 0644, 0744, 0654, 0645, 0600 };

  for (gsize i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autofree char *source = g_strconcat (host, "in", NULL);
      g_autofree char *name = g_strdup_printf ("-%zu", i);
      g_autofree char *target = g_strconcat (guest, name, NULL);
      struct stat st;

      ck_assert (g_file_set_contents (source, "x", 1, NULL));
      ck_assert_int_eq (chmod (source, modes[i]), 0);
      assert_down ("in", name);
      ck_assert_int_eq (stat (target, &st), 0);
      ck_assert_uint_eq (st.st_mode & 0777, (modes[i] & 0111) != 0 ? 0755 : 0644);
    }
}
END_TEST

START_TEST (test_files_are_overwritten)
{
  shell ("echo short > $H/a; seq 100000 > $G/b; seq 100000 > $H/c; chmod 600 $H/c");
  assert_down ("a", "b");
  assert_up ("b", "c");
  shell ("cmp $H/a $G/b; cmp $H/a $H/c; test \"$(stat -c %a $H/c)\" = 600");
}
END_TEST

static const struct
{
  gboolean is_up;
  const char *prepare, *from, *to, *expected;
} failing[] = {
  { FALSE, "", "missing", "x", "missing: No such file" },
  { FALSE, "mkdir $H/d", "d", "x", "is a directory" },
  { FALSE, "mkfifo $H/f", "f", "x", "not a plain file" },
  { FALSE, "touch $H/a", "a", "no/x", "no/x" },
  { FALSE, "touch $H/a; mkdir $G/d", "a", "d", "irectory" },
  { FALSE, "", "missing/", "x/", "missing/: No such file" },
  { FALSE, "touch $H/a", "a/", "x/", "a/: Not a directory" },
  { FALSE, "", "", "no/x/", "No such file" },
  { FALSE, "touch $G/f", "", "f/", "exit status" },
  { TRUE, "", "missing", "x", "missing" },
  { TRUE, "mkdir $G/d", "d", "x", "s a directory" },
  { TRUE, "touch $G/a", "a", "no/x", "no/x: No such file" },
  { TRUE, "touch $G/a; mkdir $H/d", "a", "d", "irectory" },
  { TRUE, "touch $G/a; mkfifo $H/f", "a", "f", "No such device" },
  { TRUE, "", "missing/", "x/", "missing" },
  { TRUE, "touch $G/f", "f/", "x/", "exit status" },
  { TRUE, "mkdir $G/d", "d/", "no/x/", "no/x/: No such file" },
  { TRUE, "mkdir $G/d; touch $H/f", "d/", "f/", "Not a directory" },
};

START_TEST (test_what_cannot_be_copied)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *left = g_strconcat (host, "x", NULL);
  g_autofree char *prefix = NULL;

  shell (failing[_i].prepare);
  if (failing[_i].is_up)
    ck_assert (!up (failing[_i].from, failing[_i].to, 10, &error));
  else
    ck_assert (!down (failing[_i].from, failing[_i].to, 10, &error));
  assert_error (error, failing[_i].is_up ? "copyup: " : "copydown: ", failing[_i].expected);
  /* It says what was to be copied, and nothing is left where nothing was. */
  prefix
      = g_strdup_printf (failing[_i].is_up ? "copyup: %s%s to %s%s: " : "copydown: %s%s to %s%s: ",
                         failing[_i].is_up ? guest : host, failing[_i].from,
                         failing[_i].is_up ? host : guest, failing[_i].to);
  assert_error (error, prefix, "");
  ck_assert (!g_file_test (left, G_FILE_TEST_EXISTS));
}
END_TEST

START_TEST (test_names_in_errors)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *long_name = g_strnfill (3000, 'n');

  ck_assert (!down ("new\nline\033[31m", "\377\n", 10, &error));
  assert_error (error, "copydown: ", "/new line [31m to ");
  ck_assert (g_utf8_validate (error->message, -1, NULL));
  g_clear_error (&error);
  ck_assert (!up (long_name, "x", 10, &error));
  assert_error (error, "copyup: ...nnn", "/x: ");
}
END_TEST

/* ---- files with holes ---- */

/* Makes file F in the directory D: $1 is its size in MiB, then come the places of its data. */
#define MAKE_SPARSE                                                                                \
  "make() { f=$1; truncate -s ${2}M \"$f\"; shift 2; "                                             \
  "for i; do echo data$i | dd of=\"$f\" bs=1k seek=$i conv=notrunc status=none; done; }; "

/* Compares two such files without reading their holes. */
#define COMPARE_SPARSE                                                                             \
  "same() { test $(stat -L -c %s \"$1\") = $(stat -L -c %s \"$2\"); "                              \
  "test $(($(stat -L -c %b \"$2\") * 512)) -lt 2000000; a=$1; b=$2; shift 2; "                     \
  "for i; do for f in \"$a\" \"$b\"; do dd if=\"$f\" bs=1k skip=$i count=1 status=none "           \
  "| tr -d '\\0' | grep -qx data$i; done; done; }; "

/* What goes through the guest's tar is kept, to see how much it is. */
#define WATCH_DOWN "tee $G/../stream | tar \"$@\""
#define WATCH_UP "tar \"$@\" | tee $G/../stream"

static const char *const sparse_places[] = { "", "0", "512000", "1048575", "0 99999 1048575" };

START_TEST (test_sparse_files)
{
  const char *places = sparse_places[_i];
  g_autofree char *make = g_strconcat (MAKE_SPARSE "make $H/f 1024 ", places, NULL);
  g_autofree char *compare = g_strconcat (COMPARE_SPARSE "same $H/f $G/f ", places,
                                          "; same $H/f $H/back ", places, NULL);
  const char *const few = "test -s $G/../stream; test $(stat -c %s $G/../stream) -lt 200000";

  shell (make);
  fake ("tar", WATCH_DOWN);
  assert_down ("f", "f");
  shell (few);
  fake ("tar", WATCH_UP);
  assert_up ("f", "back");
  shell (few);
  shell (compare);
}
END_TEST

/* As for a file without holes. */
START_TEST (test_sparse_modes)
{
  shell (MAKE_SPARSE "umask 022; make $H/f 64 77; make $H/x 64 77; chmod 710 $H/x; "
                     "seq 100000 > $G/old; chmod 602 $G/old; ln -s old $G/link; "
                     "seq 100000 > $H/old; chmod 604 $H/old");
  assert_down ("f", "new");
  assert_down ("x", "new-x");
  assert_down ("f", "link");
  assert_up ("new", "new");
  assert_up ("link", "old");
  shell (COMPARE_SPARSE "same $H/f $G/new 77; same $H/f $G/old 77; same $H/f $H/new 77; "
                        "same $H/f $H/old 77; test -L $G/link; test $(stat -c %a $G/new) = 644; "
                        "test $(stat -c %a $G/new-x) = 755; test $(stat -c %a $G/old) = 602; "
                        "test $(stat -c %a $H/new) = 644; test $(stat -c %a $H/old) = 604");
  /* with a mode that forbids nothing */
  assert_down ("x", "old");
  shell ("test $(stat -c %a $G/old) = 713");
}
END_TEST

START_TEST (test_sparse_names)
{
  static const char *const names[] = { "two words", "new\nline", "\377\376", "-n", "--help",
                                       "'",         "\"$(id)\"", "*",        "\\", "a'b" };

  shell (MAKE_SPARSE "make $H/in 8 4567");
  fake ("cat", "echo 'cat was used' >&2; exit 1");
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      assert_down ("in", names[i]);
      assert_up (names[i], names[i]);
      g_setenv ("N", names[i], TRUE);
      shell (COMPARE_SPARSE "same $H/in \"$G/$N\" 4567; same $H/in \"$H/$N\" 4567");
    }
}
END_TEST

/* Few holes, no holes, and what only looks like it. */
START_TEST (test_files_that_are_not_sparse)
{
  g_autoptr (GError) error = NULL;

  fake ("tar", "echo 'tar was used' >&2; exit 1");
  shell ("truncate -s 1023K $H/a; head -c 2000000 /dev/zero > $H/b; : > $H/c");
  assert_down ("a", "a");
  assert_up ("a", "A");
  assert_down ("b", "b");
  assert_up ("b", "B");
  assert_down ("c", "c");
  assert_up ("c", "C");
  shell ("cmp $H/a $H/A; cmp $H/b $H/B; cmp $H/c $H/C");
  /* a size that means nothing */
  ck_assert_msg (
      vq_copy_up (channel, "/proc/self/stat", "/dev/null", vq_deadline_in (30), NULL, &error), "%s",
      error->message);
}
END_TEST

static const struct
{
  const char *tar;
  const char *expected;
} bad_sparse_up[] = {
  { "exit 3", "exit status 3" },
  { "echo hello", "bad archive" },
  { "tar \"$@\" | head -c 1024", "" },
  { "tar \"$@\"; exit 1", "exit status 1" },
  { "cd $G; tar -c d", "no file in the archive" },
  { "cd $G; tar -c f f", "no file in the archive" },
  { "cd $G; tar -c f g", "more than a file" },
  { "cd $G; ln f h; tar -c f h", "more than a file" },
  { "cd $G; ln -s /etc/passwd l; tar -c l", "no file in the archive" },
};

START_TEST (test_bad_sparse_files)
{
  g_autoptr (GError) error = NULL;

  shell ("mkdir $G/d; truncate -s 9M $G/f $H/f; : > $G/g");
  fake ("tar", bad_sparse_up[_i].tar);
  if (_i == 5)
    fake ("tar", "cd $G; tar -c d/ f");
  ck_assert (!up ("f", "x", 20, &error));
  assert_error (error, "copyup: ", bad_sparse_up[_i].expected);
  shell ("test ! -e $H/x");
}
END_TEST

START_TEST (test_bad_guest_for_sparse_files)
{
  g_autoptr (GError) error = NULL;

  shell ("truncate -s 9M $G/f $H/f");
  fake ("tar", "cat > /dev/null; echo full >&2; exit 2");
  ck_assert (!down ("f", "x", 20, &error));
  assert_error (error, "copydown: ", "exit status 2: full");
  g_clear_error (&error);
  fake ("stat", "exit 1");
  ck_assert (!down ("f", "x", 20, &error));
  assert_error (error, "copydown: ", "exit status 1");
  /* Without stat, everything is copied as it is. */
  assert_up ("f", "y");
  shell ("cmp $G/f $H/y");
}
END_TEST

/* ---- trees ---- */

/* Compares all that GNU tar keeps, by its own eyes. */
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
  "umask 0; touch f; mkdir d; chmod 777 d; touch -d 2001-02-03 f",
};

START_TEST (test_trees)
{
  g_autofree char *make = g_strconcat ("mkdir $H/t; cd $H/t; ", trees[_i], NULL);

  shell (make);
  assert_down ("t/", "t/");
  assert_up ("t/", "back/");
  if (strstr (trees[_i], "1G") != NULL)
    /* Comparing holes to the end would take seconds. */
    shell ("for d in $G/t $H/back; do test $(du -s $d | cut -f1) -lt 1000; "
           "test ! -e $d/sparse || "
           "test \"$(tail -c +499999000 $d/sparse | head -c 5000 | tr -d '\\0')\" = x; done");
  if (strstr (trees[_i], "ro/sub") != NULL)
    shell ("test $(stat -c %a $H/back/ro $H/back/ro/sub | sort -u) = 555");
  shell (compare);
}
END_TEST

START_TEST (test_merging)
{
  shell ("mkdir -p $H/t/sub $G/t/sub $H/back/sub; echo new > $H/t/sub/x; echo old > $G/t/sub/x; "
         "echo kept > $G/t/sub/kept; echo kept > $H/back/sub/kept2; echo older > $H/back/sub/x");
  assert_down ("t/", "t/");
  assert_up ("t/", "back/");
  shell ("test $(cat $G/t/sub/x) = new; test $(cat $H/back/sub/x) = new; test -e $G/t/sub/kept; "
         "test -e $H/back/sub/kept; test -e $H/back/sub/kept2");
}
END_TEST

START_TEST (test_many_files)
{
  shell ("mkdir $H/t; cd $H/t; for i in $(seq 100); do mkdir $i; done; "
         "seq 20000 | awk '{ f = ($1 % 100 + 1) \"/\" $1; print $1 > f; close (f) }'");
  assert_down ("t/", "t/");
  assert_up ("t/", "back/");
  shell ("test $(find $H/back -type f | wc -l) = 20000; diff -r $H/t $G/t; diff -r $H/t $H/back");
}
END_TEST

/* Nobody on the other side knows the users of this one. */
START_TEST (test_no_owner)
{
  if (geteuid () != 0)
    return;
  shell ("mkdir $H/t $G/t; touch $H/t/x $G/t/x; chown 4711:4712 $H/t $H/t/x $G/t $G/t/x");
  assert_down ("t/", "new/");
  assert_up ("t/", "new/");
  shell ("test \"$(stat -c %u:%g $G/new $G/new/x $H/new $H/new/x | sort -u)\" = 0:0");
}
END_TEST

static void
keep_message (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  g_string_append_printf (data, "%s\n", message);
}

START_TEST (test_what_is_left_out_is_told)
{
  g_autoptr (GString) messages = g_string_new (NULL);
  guint id = g_log_set_handler (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, keep_message, messages);

  shell ("mkdir $G/t; mkfifo $G/t/fifo; echo x > $G/t/x");
  assert_up ("t/", "t/");
  g_log_remove_handler (G_LOG_DOMAIN, id);
  ck_assert_str_eq (messages->str,
                    "copyup: left out ./fifo: it is neither file, directory nor link\n");
  shell ("cmp $G/t/x $H/t/x; test ! -e $H/t/fifo");
}
END_TEST

START_TEST (test_failed_trees)
{
  g_autoptr (GError) error = NULL;

  shell ("mkdir $G/t $H/empty; seq 100000 > $G/t/a");
  fake ("tar", "exit 1");
  ck_assert (!up ("t/", "new/", 10, NULL));
  ck_assert (!up ("t/", "empty/", 10, NULL));
  shell ("test ! -e $H/new; test -d $H/empty");
  /* What has arrived stays. */
  fake ("tar", "tar \"$@\"; exit 1");
  ck_assert (!up ("t/", "new/", 10, NULL));
  shell ("cmp $G/t/a $H/new/a");
}
END_TEST

START_TEST (test_two_copies_cannot_write_through_a_link)
{
  shell ("mkdir $H/victim $G/1 $G/2 $G/2/a; ln -s ../victim $G/1/a; echo x > $G/2/a/x");
  assert_up ("1/", "d/");
  assert_up ("2/", "d/");
  shell ("test -z \"$(ls $H/victim)\"; test -e $H/d/a/x; test ! -L $H/d/a");
}
END_TEST

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

START_TEST (test_bad_guest_up)
{
  g_autoptr (GError) error = NULL;
  double seconds = bad_up[_i].code == VQ_ERROR_TIMEOUT ? 1 : 20;
  gint64 start = g_get_monotonic_time ();

  shell ("mkdir $G/t; seq 1000 > $G/t/x; seq 2000 > $G/t/y");
  fake ("tar", bad_up[_i].tar);
  ck_assert (!up ("t/", "t/", seconds, &error));
  assert_error (error, "copyup: ", bad_up[_i].expected);
  ck_assert_msg (g_error_matches (error, VQ_ERROR, bad_up[_i].code), "%s", error->message);
  ck_assert_int_lt (g_get_monotonic_time () - start, 10 * G_USEC_PER_SEC);
}
END_TEST

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

START_TEST (test_bad_guest_down)
{
  g_autoptr (GError) error = NULL;
  double seconds = bad_down[_i].code == VQ_ERROR_TIMEOUT ? 1 : 20;

  shell ("mkdir $H/t; seq 1000000 > $H/t/x");
  fake ("tar", bad_down[_i].tar);
  ck_assert (!down ("t/", "t/", seconds, &error));
  assert_error (error, "copydown: ", bad_down[_i].expected);
  ck_assert_msg (g_error_matches (error, VQ_ERROR, bad_down[_i].code), "%s", error->message);
}
END_TEST

START_TEST (test_bad_guest_files)
{
  static const char *const scripts[]
      = { "cat | head -c 70000; exit 4", "kill -9 $$", "exec sleep 99" };
  g_autoptr (GError) error = NULL;
  g_autofree char *kept = g_strconcat (host, "kept", NULL);
  g_autofree char *fresh = g_strconcat (host, "fresh", NULL);

  shell ("seq 100000 > $G/f; echo x > $H/kept");
  fake ("cat", scripts[_i]);
  ck_assert (!up ("f", "fresh", 1, &error));
  ck_assert (vq_error_is_timeout (error) == (_i == 2));
  ck_assert (!g_file_test (fresh, G_FILE_TEST_EXISTS));
  ck_assert (!up ("f", "kept", 1, NULL));
  ck_assert (g_file_test (kept, G_FILE_TEST_EXISTS));
  shell ("cp $G/f $H/source");
  ck_assert (!down ("source", "g", 1, NULL));
}
END_TEST

START_TEST (test_a_file_that_cannot_be_read_stops_the_copy)
{
  g_autoptr (GError) error = NULL;

  shell ("mkdir $H/t; echo x > $H/t/secret; chmod 0 $H/t/secret");
  if (geteuid () == 0)
    assert_down ("t/", "t/");
  else
    {
      ck_assert (!down ("t/", "t/", 10, &error));
      assert_error (error, "copydown: ", "secret: Permission denied");
    }
}
END_TEST

START_TEST (test_a_full_disk_on_the_host)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_copy_up (channel, "/etc/passwd", "/dev/full", vq_deadline_in (10), NULL, &error));
  assert_error (error, "copyup: /etc/passwd to /dev/full: cannot write /dev/full", "No space left");
}
END_TEST

static gboolean
trigger (gpointer cancel)
{
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_MACHINE, "the machine died");

  vq_cancel_trigger (cancel, reason);
  return G_SOURCE_REMOVE;
}

/* The number has a bit for "up" and one for "tree". */
START_TEST (test_cancel)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  const char *slash = _i & 2 ? "/x/" : "/x";
  g_autofree char *on_host = g_strconcat (host, slash, NULL);
  g_autofree char *on_guest = g_strconcat (guest, slash, NULL);
  gboolean (*copy) (VqChannel *, const char *, const char *, gint64, VqCancel *, GError **)
      = _i & 1 ? vq_copy_up : vq_copy_down;

  shell (_i & 2 ? "mkdir $H/x $G/x" : "seq 10000 > $H/x; seq 10000 > $G/x");
  fake ("tar", "exec sleep 1000");
  fake ("cat", "exec sleep 1000");
  g_timeout_add (50, trigger, cancel);
  ck_assert (!copy (channel, _i & 1 ? on_guest : on_host, _i & 1 ? on_host : on_guest,
                    vq_deadline_in (20), cancel, &error));
  ck_assert (vq_error_is_machine (error));
  ck_assert_uint_eq (host_channel_n_killed (channel), 1);
}
END_TEST

static gboolean
count (gpointer data)
{
  ++*(int *)data;
  return G_SOURCE_CONTINUE;
}

START_TEST (test_others_are_served_meanwhile)
{
  int n = 0;
  guint id = g_idle_add (count, &n);

  shell ("head -c 20000000 /dev/zero > $H/big");
  assert_down ("big", "big");
  ck_assert_int_gt (n, 100);
  n = 0;
  assert_up ("big", "back");
  ck_assert_int_gt (n, 100);
  g_source_remove (id);
}
END_TEST

static Suite *
copy_suite (void)
{
  Suite *suite = suite_create ("copy");
  TCase *files = tcase_create ("files");
  TCase *tree_case = tcase_create ("trees");
  TCase *bad = tcase_create ("trouble");

  tcase_add_checked_fixture (files, setup, teardown);
  tcase_set_timeout (files, 60);
  tcase_add_loop_test (files, test_file_sizes, 0, G_N_ELEMENTS (sizes));
  tcase_add_test (files, test_file_names);
  tcase_add_test (files, test_relative_guest_names_that_look_like_options);
  tcase_add_test (files, test_exec_bits);
  tcase_add_test (files, test_files_are_overwritten);
  tcase_add_loop_test (files, test_what_cannot_be_copied, 0, G_N_ELEMENTS (failing));
  tcase_add_test (files, test_names_in_errors);
  tcase_add_loop_test (files, test_sparse_files, 0, G_N_ELEMENTS (sparse_places));
  tcase_add_test (files, test_sparse_modes);
  tcase_add_test (files, test_sparse_names);
  tcase_add_test (files, test_files_that_are_not_sparse);
  suite_add_tcase (suite, files);
  tcase_add_checked_fixture (tree_case, setup, teardown);
  /* ext4 makes files slowly for some seconds after others were removed. */
  tcase_set_timeout (tree_case, 300);
  tcase_add_loop_test (tree_case, test_trees, 0, G_N_ELEMENTS (trees));
  tcase_add_test (tree_case, test_merging);
  tcase_add_test (tree_case, test_many_files);
  tcase_add_test (tree_case, test_no_owner);
  tcase_add_test (tree_case, test_what_is_left_out_is_told);
  tcase_add_test (tree_case, test_failed_trees);
  tcase_add_test (tree_case, test_two_copies_cannot_write_through_a_link);
  suite_add_tcase (suite, tree_case);
  tcase_add_checked_fixture (bad, setup, teardown);
  tcase_set_timeout (bad, 60);
  tcase_add_loop_test (bad, test_bad_guest_up, 0, G_N_ELEMENTS (bad_up));
  tcase_add_loop_test (bad, test_bad_guest_down, 0, G_N_ELEMENTS (bad_down));
  tcase_add_loop_test (bad, test_bad_guest_files, 0, 3);
  tcase_add_loop_test (bad, test_bad_sparse_files, 0, G_N_ELEMENTS (bad_sparse_up));
  tcase_add_test (bad, test_bad_guest_for_sparse_files);
  tcase_add_test (bad, test_a_file_that_cannot_be_read_stops_the_copy);
  tcase_add_test (bad, test_a_full_disk_on_the_host);
  tcase_add_loop_test (bad, test_cancel, 0, 4);
  tcase_add_test (bad, test_others_are_served_meanwhile);
  suite_add_tcase (suite, bad);
  return suite;
}

int
main (void)
{
  SRunner *runner = srunner_create (copy_suite ());
  int failed;

  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests copies of files with holes. */
#include "copy-setup.h"

#include <check.h>
#include <string.h>
#include <sys/stat.h>
#include "suite.h"

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

/* Keeps what goes through the guest's tar, to see how much that is. */
#define WATCH_DOWN "tee $G/../stream | tar \"$@\""
#define WATCH_UP "tar \"$@\" | tee $G/../stream"

static const char *const sparse_places[] = { "", "0", "512000", "1048575", "0 99999 1048575" };

CASE ("files", copy_setup, copy_teardown, 60)

TEST_LOOP (test_sparse_files, 0, G_N_ELEMENTS (sparse_places))
{
  const char *places = sparse_places[_i];
  g_autofree char *make = g_strconcat (MAKE_SPARSE "make $H/f 1024 ", places, NULL);
  g_autofree char *compare = g_strconcat (COMPARE_SPARSE "same $H/f $G/f ", places,
                                          "; same $H/f $H/back ", places, NULL);
  const char *const few = "test -s $G/../stream; test $(stat -c %s $G/../stream) -lt 200000";

  copy_shell (make);
  copy_fake ("tar", WATCH_DOWN);
  copy_assert_down ("f", "f");
  copy_shell (few);
  copy_fake ("tar", WATCH_UP);
  copy_assert_up ("f", "back");
  copy_shell (few);
  copy_shell (compare);
}

/* The mode is handled as for a file without holes. */
TEST (test_sparse_modes)
{
  copy_shell (MAKE_SPARSE "umask 022; make $H/f 64 77; make $H/x 64 77; chmod 710 $H/x; "
                          "seq 100000 > $G/old; chmod 602 $G/old; ln -s old $G/link; "
                          "seq 100000 > $H/old; chmod 604 $H/old");
  copy_assert_down ("f", "new");
  copy_assert_down ("x", "new-x");
  copy_assert_down ("f", "link");
  copy_assert_up ("new", "new");
  copy_assert_up ("link", "old");
  copy_shell (COMPARE_SPARSE
              "same $H/f $G/new 77; same $H/f $G/old 77; same $H/f $H/new 77; "
              "same $H/f $H/old 77; test -L $G/link; test $(stat -c %a $G/new) = 644; "
              "test $(stat -c %a $G/new-x) = 755; test $(stat -c %a $G/old) = 602; "
              "test $(stat -c %a $H/new) = 644; test $(stat -c %a $H/old) = 604");
  /* with a mode that forbids nothing */
  copy_assert_down ("x", "old");
  copy_shell ("test $(stat -c %a $G/old) = 713");
}

TEST (test_sparse_names)
{
  static const char *const names[] = { "two words", "new\nline", "\377\376", "-n", "--help",
                                       "'",         "\"$(id)\"", "*",        "\\", "a'b" };

  copy_shell (MAKE_SPARSE "make $H/in 8 4567");
  copy_fake ("cat", "echo 'cat was used' >&2; exit 1");
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      copy_assert_down ("in", names[i]);
      copy_assert_up (names[i], names[i]);
      g_setenv ("N", names[i], TRUE);
      copy_shell (COMPARE_SPARSE "same $H/in \"$G/$N\" 4567; same $H/in \"$H/$N\" 4567");
    }
}

/* Files with few holes, with no holes, and with what only looks like holes. */
TEST (test_files_that_are_not_sparse)
{
  g_autoptr (GError) error = NULL;

  copy_fake ("tar", "echo 'tar was used' >&2; exit 1");
  copy_shell ("truncate -s 1023K $H/a; head -c 2000000 /dev/zero > $H/b; : > $H/c");
  copy_assert_down ("a", "a");
  copy_assert_up ("a", "A");
  copy_assert_down ("b", "b");
  copy_assert_up ("b", "B");
  copy_assert_down ("c", "c");
  copy_assert_up ("c", "C");
  copy_shell ("cmp $H/a $H/A; cmp $H/b $H/B; cmp $H/c $H/C");
  /* a size that means nothing */
  ck_assert_msg (vq_copy_up (copy_channel, "/proc/self/stat", "/dev/null", NULL,
                             vq_deadline_in (30), NULL, &error),
                 "%s", error->message);
}

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

TEST_LOOP (test_bad_sparse_files, 0, G_N_ELEMENTS (bad_sparse_up))
{
  g_autoptr (GError) error = NULL;

  copy_shell ("mkdir $G/d; truncate -s 9M $G/f $H/f; : > $G/g");
  copy_fake ("tar", bad_sparse_up[_i].tar);
  if (_i == 5)
    copy_fake ("tar", "cd $G; tar -c d/ f");
  ck_assert (!copy_up ("f", "x", 20, &error));
  copy_assert_error (error, "", bad_sparse_up[_i].expected);
  copy_shell ("test ! -e $H/x");
}

TEST (test_bad_guest_for_sparse_files)
{
  g_autoptr (GError) error = NULL;

  copy_shell ("truncate -s 9M $G/f $H/f");
  copy_fake ("tar", "cat > /dev/null; echo full >&2; exit 2");
  ck_assert (!copy_down ("f", "x", 20, &error));
  copy_assert_error (error, "", "exit status 2: full");
  g_clear_error (&error);
  copy_fake ("stat", "exit 1");
  ck_assert (!copy_down ("f", "x", 20, &error));
  copy_assert_error (error, "", "exit status 1");
  /* Without stat, everything is copied as it is. */
  copy_assert_up ("f", "y");
  copy_shell ("cmp $G/f $H/y");
}

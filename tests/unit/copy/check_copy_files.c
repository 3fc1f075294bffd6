// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests copies of plain files, through a shell and by the helper's own program. */
#include "copy-setup.h"

#include <check.h>
#include <string.h>
#include <sys/stat.h>
#include "suite.h"

static const gsize sizes[] = { 0, 1, 511, 4096, 65535, 65536, 65537, 131073, 20 * 1024 * 1024 + 1 };

CASE ("shell", copy_setup, copy_teardown, 60)

TEST_LOOP (test_file_sizes, 0, G_N_ELEMENTS (sizes))
{
  g_autofree char *source = g_strconcat (copy_host, "a", NULL);
  g_autofree char *target = g_strconcat (copy_host, "b", NULL);
  g_autofree char *bytes = g_malloc (sizes[_i] + 1);
  g_autofree char *back = NULL;
  gsize len;

  for (gsize i = 0; i < sizes[_i]; i++)
    bytes[i] = (char)(i * 31 + i / 256);
  ck_assert (g_file_set_contents (source, bytes, sizes[_i], NULL));
  copy_assert_down ("a", "file");
  copy_assert_up ("file", "b");
  ck_assert (g_file_get_contents (target, &back, &len, NULL));
  ck_assert_uint_eq (len, sizes[_i]);
  ck_assert (memcmp (bytes, back, len) == 0);
}

TEST (test_file_names)
{
  static const char *const names[]
      = { "plain", "two words", "new\nline", "\377\376", "-n",    "--help", "'",       "\"$(id)\"",
          "*",     "\\",        " ",         "a;b",      "$HOME", "~",      "\303\266" };

  copy_shell ("echo content > $H/in");
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_strconcat (copy_guest, names[i], NULL);

      copy_assert_down ("in", names[i]);
      ck_assert_msg (g_file_test (path, G_FILE_TEST_IS_REGULAR), "%s", names[i]);
      copy_assert_up (names[i], names[i]);
      g_setenv ("N", names[i], TRUE);
      copy_shell ("cmp \"$H/in\" \"$H/$N\"; cmp \"$H/in\" \"$G/$N\"");
    }
}

TEST (test_relative_guest_names_that_look_like_options)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_copy_up (copy_channel, "-nonexistent", "/dev/null", NULL, vq_deadline_in (10),
                          NULL, &error));
  copy_assert_error (error, "-nonexistent to /dev/null: exit status", "-nonexistent");
  g_clear_error (&error);
  ck_assert (!vq_copy_up (copy_channel, "-nonexistent/", copy_host, NULL, vq_deadline_in (10), NULL,
                          &error));
  copy_assert_error (error, "-nonexistent/ to ", "exit status");
}

TEST (test_exec_bits)
{
  static const mode_t modes[] = { 0644, 0744, 0654, 0645, 0600 };

  for (gsize i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autofree char *source = g_strconcat (copy_host, "in", NULL);
      g_autofree char *name = g_strdup_printf ("-%zu", i);
      g_autofree char *target = g_strconcat (copy_guest, name, NULL);
      struct stat st;

      ck_assert (g_file_set_contents (source, "x", 1, NULL));
      ck_assert_int_eq (chmod (source, modes[i]), 0);
      copy_assert_down ("in", name);
      ck_assert_int_eq (stat (target, &st), 0);
      ck_assert_uint_eq (st.st_mode & 0777, (modes[i] & 0111) != 0 ? 0755 : 0644);
    }
}

TEST (test_files_are_overwritten)
{
  copy_shell ("echo short > $H/a; seq 100000 > $G/b; seq 100000 > $H/c; chmod 600 $H/c");
  copy_assert_down ("a", "b");
  copy_assert_up ("b", "c");
  copy_shell ("cmp $H/a $G/b; cmp $H/a $H/c; test \"$(stat -c %a $H/c)\" = 600");
}

/* A tree from the guest leaves a symlink, and then a file from the guest has its name. The file is
 * with and without holes. */
TEST (test_links_of_an_earlier_copy_are_not_followed)
{
  copy_shell ("echo unharmed > $H/victim; mkdir $G/t; ln -s ../victim $G/t/link; ln -s ../new "
              "$G/t/nowhere; "
              "echo x > $G/plain; truncate -s 9M $G/sparse");
  for (int i = 0; i < 2; i++)
    {
      copy_assert_up ("t/", "t/");
      copy_assert_up (i == 0 ? "plain" : "sparse", "t/link");
      copy_assert_up (i == 0 ? "plain" : "sparse", "t/nowhere");
      copy_shell ("test \"$(cat $H/victim)\" = unharmed; test ! -e $H/new; test ! -L $H/t/link; "
                  "cmp $H/t/link $H/t/nowhere");
    }
}

/* The old file stays, and no other file is left beside it. */
TEST (test_failed_files_change_nothing)
{
  g_autoptr (GError) error = NULL;

  copy_shell ("mkdir $H/d; echo old > $H/d/f");
  ck_assert (!copy_up ("missing", "d/f", 10, &error));
  ck_assert (!copy_up ("missing", "d/g", 10, NULL));
  copy_shell ("test \"$(cat $H/d/f)\" = old; test \"$(ls -A $H/d)\" = f");
}

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
  { FALSE, "touch $H/a; mkfifo $G/f", "a", "f", "it is a FIFO" },
  { FALSE, "truncate -s 9M $H/a; mkfifo $G/f", "a", "f", "it is a FIFO" },
  { FALSE, "", "missing/", "x/", "missing/: No such file" },
  { FALSE, "touch $H/a", "a/", "x/", "a/: Not a directory" },
  { FALSE, "", "", "no/x/", "No such file" },
  { FALSE, "touch $G/f", "", "f/", "exit status" },
  { TRUE, "", "missing", "x", "missing" },
  { TRUE, "mkdir $G/d", "d", "x", "it is a directory: end both paths in \"/\"" },
  { TRUE, "mkfifo $G/f", "f", "x", "it is a FIFO" },
  { TRUE, "touch $G/a", "a", "no/x", "no/x: No such file" },
  { TRUE, "touch $G/a; mkdir $H/d", "a", "d", "end both paths in \"/\"" },
  { TRUE, "touch $G/a; mkfifo $H/f", "a", "f", "f is not a plain file" },
  { TRUE, "", "missing/", "x/", "missing" },
  { TRUE, "touch $G/f", "f/", "x/", "exit status" },
  { TRUE, "mkdir $G/d", "d/", "no/x/", "no/x/: No such file" },
  { TRUE, "mkdir $G/d; touch $H/f", "d/", "f/", "Not a directory" },
};

TEST_LOOP (test_what_cannot_be_copied, 0, G_N_ELEMENTS (failing))
{
  g_autoptr (GError) error = NULL;
  g_autofree char *left = g_strconcat (copy_host, "x", NULL);
  g_autofree char *prefix = NULL;

  copy_shell (failing[_i].prepare);
  if (failing[_i].is_up)
    ck_assert (!copy_up (failing[_i].from, failing[_i].to, 10, &error));
  else
    ck_assert (!copy_down (failing[_i].from, failing[_i].to, 10, &error));
  copy_assert_error (error, "", failing[_i].expected);
  /* The error names both paths, and no new file is left. */
  prefix = g_strdup_printf ("%s%s to %s%s: ", failing[_i].is_up ? copy_guest : copy_host,
                            failing[_i].from, failing[_i].is_up ? copy_host : copy_guest,
                            failing[_i].to);
  copy_assert_error (error, prefix, "");
  ck_assert (!g_file_test (left, G_FILE_TEST_EXISTS));
}

/* The disk is full, or broken. */
TEST (test_disks_that_fail)
{
  g_autofree char *target = g_strconcat (copy_guest, "x", NULL);
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_copy_up (copy_channel, "/etc/passwd", "/dev/full", NULL, vq_deadline_in (10), NULL,
                          &error));
  copy_assert_error (error, "/etc/passwd to /dev/full: ", "No space left");
  g_clear_error (&error);
  ck_assert (!vq_copy_down (copy_channel, "/proc/self/mem", target, NULL, vq_deadline_in (10), NULL,
                            &error));
  copy_assert_error (error, "/proc/self/mem to ", "Input/output error");
}

static gboolean
count (gpointer data)
{
  ++*(int *)data;
  return G_SOURCE_CONTINUE;
}

TEST (test_others_are_served_meanwhile)
{
  int n = 0;
  guint id = g_idle_add (count, &n);

  copy_shell ("head -c 20000000 /dev/zero > $H/big");
  copy_assert_down ("big", "big");
  ck_assert_int_gt (n, 100);
  n = 0;
  copy_assert_up ("big", "back");
  ck_assert_int_gt (n, 100);
  g_source_remove (id);
}

TEST (test_names_in_errors)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *long_name = g_strnfill (3000, 'n');

  ck_assert (!copy_down ("new\nline\033[31m", "\377\n", 10, &error));
  copy_assert_error (error, "", "/new line to ");
  ck_assert (g_utf8_validate (error->message, -1, NULL));
  g_clear_error (&error);
  ck_assert (!copy_up (long_name, "x", 10, &error));
  copy_assert_error (error, "...nnn", "/x: ");
}

/* The same through the helper's own program, which copies plain files. */
CASE_LIKE ("helper", "shell", copy_setup_with_helper, copy_teardown, 60)

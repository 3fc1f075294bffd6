// SPDX-License-Identifier: GPL-2.0-or-later
/* The machine is this one, so a test looks at its files directly. */
#include "client/verb-file.h"

#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"
#include "tree.h"
#include "verb-setup.h"

#define MIB (1024 * 1024)

static char *top; /* a directory that both sides use, and the current directory */

static void
setup (void)
{
  verb_setup ();
  top = g_dir_make_tmp ("vq-file-XXXXXX", NULL);
  ck_assert_int_eq (chdir (top), 0);
}

static void
teardown (void)
{
  ck_assert_int_eq (chdir ("/"), 0);
  tree_remove (top);
  g_clear_pointer (&top, g_free);
  verb_teardown ();
}

/* Splits LINE at blanks; "@" stands for the machine and the directory: "web" TOP "/". */
static char **
split (const char *line)
{
  g_autofree char *prefix = g_strdup_printf ("web%s/", top);
  g_auto (GStrv) parts = g_strsplit (line, "@", -1);
  g_autofree char *words = g_strjoinv (prefix, parts);
  g_autofree char *whole = g_strconcat ("file ", words, NULL);

  return g_strsplit (whole, " ", -1);
}

static void
succeed (const char *line)
{
  g_auto (GStrv) words = split (line);
  g_autoptr (GBytes) err = NULL;
  int status = verb_run ((const char *const *)words, -1, NULL, &err);

  ck_assert_msg (status == 0 && g_bytes_get_size (err) == 0, "%s: status %d: %s", line, status,
                 as_string (err));
}

static void
refuse (const char *line, int status, const char *said)
{
  g_auto (GStrv) words = split (line);

  verb_assert_fails ((const char *const *)words, status, said);
}

static void
shell (const char *script)
{
  const char *const argv[] = { "sh", "-ec", script, NULL };
  int status = -1;

  ck_assert (g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
                           &status, NULL));
  ck_assert_msg (status == 0, "%s", script);
}

CASE ("file", setup, teardown, 100)

TEST (usage)
{
  shell ("mkdir dir; touch file");
  refuse ("", 2, "push or pull?");
  refuse ("copy file @x", 2, "push or pull?");
  refuse ("push", 2, "push needs a source and a target");
  refuse ("push file", 2, "push needs a source and a target");
  refuse ("push file web", 2, "\"web\" is not NAME/PATH");
  refuse ("push file /etc/motd", 2, "\"/etc/motd\" is not NAME/PATH");
  refuse ("pull @file", 2, "pull needs a source and a target");
  refuse ("pull @file x y", 2, "\"y\" is one argument too many");
  refuse ("pull --uid=1 @file x", 2, "--uid, --gid and --mode are for push");
  refuse ("push --uid=-1 file @x", 2, "-1 is not between 0 and");
  refuse ("push --mode=8 file @x", 2, "\"8\" is not a mode in octal");
  refuse ("push --mode=00644 file @x", 2, "is not a mode in octal");
  refuse ("push dir @x", 2, "dir is a directory: copy it with -r");
  refuse ("pull @dir x", 2, "/dir is a directory: copy it with -r");
  refuse ("push -r --mode=644 dir @x", 2, "--mode is for files");
  refuse ("push file nosuch/x", 3, "there is no instance \"nosuch\"");
  refuse ("push missing @x", 3, "cannot read missing");
  refuse ("pull @missing x", 3, "/missing in the machine");
  shell ("test ! -e x");
}

TEST (files)
{
  shell ("head -c 1048576 /dev/urandom > big; : > empty; echo x > tool; chmod 755 tool");
  succeed ("push big @copy");
  succeed ("pull @copy back");
  shell ("cmp big copy; cmp big back; test $(stat -c %s back) = 1048576");
  /* A name for the copy, or a directory for it. */
  shell ("mkdir -p in out dir/in");
  succeed ("push big empty tool @in");
  succeed ("push tool @in/");
  succeed ("pull @in/tool out");
  succeed ("pull @in/empty out/");
  shell ("cmp in/big big; test -x in/tool; test ! -x in/big; cmp out/tool tool; test -e out/empty");
  refuse ("push big @nosuch/big", 3, "/nosuch in the machine: make it with -p");
  refuse ("pull @big nosuch/big", 3, "nosuch");
  refuse ("push big @dir/in", 7, "/dir/in is a directory in the machine: end it in \"/\"");
  refuse ("push big @big/x", 3, "there is no directory ");
  shell ("ln -s /proc/self/none dangling");
  refuse ("push big @dangling", 1, "big to ");
}

/* What nobody else could read there, nobody else can read here. */
TEST (a_tree_stays_private)
{
  shell ("umask 0; mkdir -m 700 secret; mkdir -m 777 open; mkdir -m 555 closed");
  succeed ("pull -r @secret copy");
  succeed ("pull -r @open open-copy");
  succeed ("pull -r @closed closed-copy");
  shell ("test \"$(stat -c %a copy open-copy closed-copy | xargs)\" = '700 755 555'");
  shell ("mkdir -m 750 here");
  succeed ("pull -r @secret here");
  shell ("test \"$(stat -c %a here here/secret | xargs)\" = '750 700'");
  refuse ("pull -r @secret nosuch/copy", 3, "nosuch");
}

TEST (odd_names)
{
  static const char *const names[]
      = { "a b", "-x", "@y", "*", "$(id)", "\"'", "\\", "\377", "x\ny" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *local = g_strdup_printf ("./%s", names[i]);
      g_autofree char *there = g_strdup_printf ("web%s/in/%s", top, names[i]);
      g_autofree char *directory = g_strdup_printf ("web%s/in/", top);
      g_autofree char *back = g_strdup_printf ("out-%s", names[i]);
      const char *const push[] = { "file", "push", "-p", "--mode=600", local, directory, NULL };
      const char *const pull[] = { "file", "pull", there, back, NULL };
      g_autofree char *contents = NULL;

      ck_assert (g_file_set_contents (local, names[i], -1, NULL));
      ck_assert_int_eq (verb_run (push, -1, NULL, NULL), 0);
      ck_assert_int_eq (verb_run (pull, -1, NULL, NULL), 0);
      ck_assert (g_file_get_contents (back, &contents, NULL, NULL));
      ck_assert_str_eq (contents, names[i]);
    }
}

TEST (trees)
{
  shell ("mkdir -p tree/sub/deep; echo a > tree/sub/a; chmod 640 tree/sub/a; ln -s a tree/sub/l");
  succeed ("push -r tree @copy");
  shell (
      "test \"$(cat copy/sub/l)\" = a; test $(stat -c %a copy/sub/a) = 640; test -d copy/sub/deep");
  succeed ("push -r tree/ @copy/");
  shell ("cmp copy/tree/sub/a tree/sub/a");
  /* Merged into one that is there. */
  shell ("echo old > copy/old; echo new > tree/new");
  succeed ("push -r tree @copy");
  shell ("test -e copy/old; test -e copy/new");
  succeed ("pull -r @copy back");
  shell ("cmp back/sub/a tree/sub/a; test -L back/sub/l; test -e back/old");
  succeed ("pull -r @tree/ back");
  shell ("test -d back/tree/sub/deep");
  /* With -r, too, a file is a file. */
  succeed ("push -r tree/new tree @mixed/ -p");
  shell ("test -f mixed/new; test -f mixed/tree/new");
  succeed ("pull -r @tree/new single");
  shell ("test -f single");
}

/* What has no name of its own goes to the place itself, and never above it. */
TEST (sources_without_a_name)
{
  shell ("mkdir -p here/below there; echo x > here/x");
  ck_assert_int_eq (chdir ("here/below"), 0);
  succeed ("push -r .. @there/");
  succeed ("push -rp . @elsewhere/");
  ck_assert_int_eq (chdir (top), 0);
  shell ("test -f there/x; test -d there/below; test ! -e x; test -d elsewhere");
}

TEST (parents)
{
  shell ("echo x > file; mkdir tree");
  succeed ("push -p file @a/b/file");
  succeed ("push -p file @c/d/");
  succeed ("push -pr tree @e/f");
  shell ("test -f a/b/file; test -f c/d/file; test -d e/f");
  succeed ("pull -p @file g/h/file");
  succeed ("pull -p @file i/j/");
  succeed ("pull -pr @tree k/l");
  shell ("test -f g/h/file; test -f i/j/file; test -d k/l");
  shell (": > plain");
  refuse ("push -p file @plain/x", 1, "mkdir: exit status 1");
  refuse ("pull -p @file plain/x", 1, "plain");
}

TEST (owner_and_mode)
{
  if (geteuid () != 0)
    SKIP ("only root can give files away");
  shell ("echo x > file; mkdir -p tree/sub; echo x > tree/sub/x; chmod 604 tree/sub/x;"
         "ln -s /nonexistent tree/link; : > other; ln -s other over; mkdir after");
  succeed ("push --uid=1234 --gid=2345 --mode=4750 file @copy");
  succeed ("push --uid=1234 file @user");
  succeed ("push --gid=2345 --mode=0400 file @group");
  shell (
      "test $(stat -c %u:%g:%a copy) = 1234:2345:4750; test $(stat -c %u:%g:%a user) = 1234:0:644;"
      "test $(stat -c %u:%g:%a group) = 0:2345:400");
  /* Through a symbolic link, as the contents. */
  succeed ("push --uid=77 file @over");
  shell ("test $(stat -c %u other) = 77; test $(stat -c %u over) = 0; cmp file other");
  succeed ("push -r --uid=1234 tree @after/");
  shell ("test $(stat -c %u after) = 0; test $(stat -c %u after/tree) = 1234;"
         "test $(stat -c %u:%a after/tree/sub/x) = 1234:604; test $(stat -c %u after/tree/link) = "
         "1234");
  succeed ("push --mode=600 file tree/sub/x @after/");
  shell ("test $(stat -c %a after/file) = 600; test $(stat -c %a after/x) = 600");
}

/* A signal ends the copy, the command in the machine, and us. */
TEST (interrupted)
{
  g_auto (GStrv) words = NULL;
  Program client;

  shell ("mkfifo endless; mkdir out");
  words = split ("pull @endless out/file");
  ck_assert_int_eq (verb_run ((const char *const *)words, -1, NULL, NULL), 1); /* it is a FIFO */
  g_strfreev (words);
  words = split ("push /dev/zero @endless-file");
  verb_start (&client, (const char *const *)words, -1, -1, -1);
  wait_for (as_many_run, GUINT_TO_POINTER (1));
  ck_assert_int_eq (kill (client.pid, SIGTERM), 0);
  wait_for (is_true, &client.ended);
  ck_assert_int_eq (client.status, -SIGTERM);
  wait_for (nothing_runs, NULL);
}

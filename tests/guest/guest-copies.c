// SPDX-License-Identifier: GPL-2.0-or-later
#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest-tests.h"
#include "suite.h"
#include "process.h"

/* What is copied on the host, and where the guest keeps it. */
static char *dir;
#define GUEST_DIR "/var/tmp/copies"

static void
setup (void)
{
  dir = g_strdup ("/tmp/vq-copies.XXXXXX");
  ck_assert_ptr_nonnull (g_mkdtemp (dir));
  guest_expect (shared_testbed (), "rm -rf " GUEST_DIR "; mkdir " GUEST_DIR, "");
}

static void
teardown (void)
{
  process_remove_tree (dir);
  g_clear_pointer (&dir, g_free);
}

static void
expect_copy (const char *command, const char *from, const char *to, const char *expected)
{
  g_autofree char *reply = server_copy (shared_testbed (), command, from, to);

  if (strcmp (reply, expected) != 0)
    {
      g_autofree char *err = server_get_stderr (shared_testbed ());

      ck_abort_msg ("%s %s %s: %s; stderr: %s", command, from, to, reply, err);
    }
}

static const char *const names[]
    = { "plain",          "with space", "line\nbreak", "per%20cent+plus",
        "comma,and=sign", "-dash",      "\xff\xfe" };
static const gsize sizes[] = { 0, 1, 65536, 200001 };

CASE ("copies", setup, teardown, 0)

TEST_LOOP (test_a_file_down_and_up, 0, G_N_ELEMENTS (names))
{
  const char *name = names[_i];
  gsize size = sizes[_i % G_N_ELEMENTS (sizes)];
  g_autofree char *bytes = g_strnfill (size, 'a' + (char)_i);
  g_autofree char *from = g_build_filename (dir, name, NULL);
  g_autofree char *guest = g_build_filename (GUEST_DIR, name, NULL);
  g_autofree char *to = g_build_filename (dir, "back", NULL);
  g_autofree char *back = NULL;
  gsize length;

  if (size > 0)
    bytes[size / 2] = '\0';
  ck_assert (g_file_set_contents (from, bytes, size, NULL));
  expect_copy ("copydown", from, guest, "ok");
  expect_copy ("copyup", guest, to, "ok");
  ck_assert (g_file_get_contents (to, &back, &length, NULL));
  ck_assert_uint_eq (length, size);
  ck_assert_int_eq (memcmp (back, bytes, size), 0);
  guest_expect (shared_testbed (), "rm -r " GUEST_DIR "/*; ls -A " GUEST_DIR, "");
}

TEST_LOOP (test_a_program_stays_executable, 0, 3)
{
  static const mode_t modes[] = { 0644, 0755, 0700 };
  static const char *const expected[] = { "no", "yes", "yes" };
  g_autofree char *from = g_build_filename (dir, "program", NULL);

  ck_assert (g_file_set_contents (from, "#!/bin/sh\n", -1, NULL));
  ck_assert_int_eq (chmod (from, modes[_i]), 0);
  expect_copy ("copydown", from, GUEST_DIR "/program", "ok");
  guest_expect (shared_testbed (), "[ -x " GUEST_DIR "/program ] && echo yes || echo no",
                expected[_i]);
}

/* A file in the way is replaced, its tail does not stay. */
TEST (test_an_old_file_is_replaced)
{
  g_autofree char *from = g_build_filename (dir, "short", NULL);
  g_autofree char *to = g_build_filename (dir, "long", NULL);
  g_autofree char *back = NULL;

  ck_assert (g_file_set_contents (from, "new", -1, NULL));
  ck_assert (g_file_set_contents (to, "old and longer", -1, NULL));
  guest_expect (shared_testbed (), "seq 1000 >" GUEST_DIR "/file", "");
  expect_copy ("copydown", from, GUEST_DIR "/file", "ok");
  expect_copy ("copyup", GUEST_DIR "/file", to, "ok");
  ck_assert (g_file_get_contents (to, &back, NULL, NULL));
  ck_assert_str_eq (back, "new");
}

/* $1 is an empty directory. */
static const char make_tree[]
    = "cd \"$1\" && umask 022 && mkdir tree && cd tree\n"
      "mkdir -p empty sub/deep; echo hello >plain; : >zero\n"
      "printf '#!/bin/sh\\n' >sub/program; chmod 755 sub/program; chmod 600 plain\n"
      "ln -s plain link; ln -s /nowhere/at/all dangling; ln -s sub dirlink\n"
      "echo x >'with space'; echo y >'line\nbreak'; echo z >sub/\"$(printf '\\377\\376')\"\n"
      "echo w >.hidden; seq 100000 >sub/deep/long; chmod 700 sub/deep\n";

/* All that must arrive, one line for each file. */
static const char describe_tree[]
    = "cd \"$1\" && LC_ALL=C find . -mindepth 1 -printf '%P|%y|%m|%l|' "
      "\\( -type f -exec md5sum {} \\; -o -printf '\\n' \\) | LC_ALL=C sort";

static char *
on_host (const char *script, const char *argument)
{
  return process_output ((const char *[]){ "sh", "-euc", script, "sh", argument, NULL }, A_WHILE);
}

TEST (test_a_tree_down_and_up)
{
  g_autofree char *from = g_build_filename (dir, "tree/", NULL);
  g_autofree char *to = g_build_filename (dir, "back/", NULL);
  g_autofree char *made = on_host (make_tree, dir);
  g_autofree char *before = on_host (describe_tree, from);
  g_autofree char *after = NULL;
  g_autoptr (Command) command = NULL;

  expect_copy ("copydown", from, GUEST_DIR "/tree/", "ok");
  command = command_start (
      shared_testbed (),
      (const char *[]){ "sh", "-c", describe_tree, "sh", GUEST_DIR "/tree", NULL }, -1);
  command_wait (command, A_WHILE);
  ck_assert_int_eq (command->status, 0);
  ck_assert_str_eq (command->out, before);
  expect_copy ("copyup", GUEST_DIR "/tree/", to, "ok");
  after = on_host (describe_tree, to);
  ck_assert_str_eq (after, before);
}

TEST (test_an_empty_tree)
{
  g_autofree char *from = g_build_filename (dir, "void/", NULL);
  g_autofree char *to = g_build_filename (dir, "back/", NULL);

  ck_assert_int_eq (g_mkdir (from, 0755), 0);
  expect_copy ("copydown", from, GUEST_DIR "/void/", "ok");
  expect_copy ("copyup", GUEST_DIR "/void/", to, "ok");
  ck_assert_int_eq (g_rmdir (to), 0);
}

/* "DIR" is our directory. After each of them the testbed works, and stderr has said one line more.
 */
static const struct
{
  const char *command;
  const char *from;
  const char *to;
} failures[] = {
  { "copydown", "DIR/missing", GUEST_DIR "/x" },
  { "copydown", "DIR/missing/", GUEST_DIR "/x/" },
  { "copydown", "DIR", GUEST_DIR "/x" },
  { "copydown", "DIR/file", "/no/such/directory/x" },
  { "copydown", "DIR/file/", GUEST_DIR "/x/" },
  { "copydown", "DIR/file", "/etc" },
  { "copyup", GUEST_DIR "/missing", "DIR/x" },
  { "copyup", GUEST_DIR "/missing/", "DIR/x/" },
  { "copyup", "/etc", "DIR/x" },
  { "copyup", "/etc/passwd", "DIR/no/such/directory" },
  { "copyup", "/etc/apt/", "DIR/no/such/directory/" },
  { "copyup", "/etc/apt/", "DIR/file/" },
};

static char *
put_dir (const char *path)
{
  return g_str_has_prefix (path, "DIR") ? g_strconcat (dir, path + 3, NULL) : g_strdup (path);
}

TEST_LOOP (test_a_failed_copy, 0, G_N_ELEMENTS (failures))
{
  Server *server = shared_testbed ();
  g_autofree char *from = put_dir (failures[_i].from);
  g_autofree char *to = put_dir (failures[_i].to);
  g_autofree char *file = g_build_filename (dir, "file", NULL);
  g_autofree char *copied = g_build_filename (dir, "x", NULL);
  g_autofree char *before = server_get_stderr (server);
  g_autofree char *after = NULL;
  g_autofree char *reply = NULL;
  const char *said;

  ck_assert (g_file_set_contents (file, "file", -1, NULL));
  reply = server_copy (server, failures[_i].command, from, to);
  after = server_get_stderr (server);
  said = after + strlen (before);
  ck_assert_str_eq (reply, "copy-failed");
  ck_assert_msg (!g_file_test (copied, G_FILE_TEST_IS_REGULAR), "half a copy is left");
  ck_assert_msg (strchr (said, '\n') == strrchr (said, '\n')
                     && strstr (said, failures[_i].command) != NULL,
                 "not one line that names the command: %s", said);
  guest_expect (server, "echo alive", "alive");
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest helper as a process of this machine, which sees directories of the test in the place of
 * /etc, /var and /run: how it gives a guest an identity of its own. */
#include <check.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest-fixture.h"
#include "suite.h"
#include "tree.h"

#define OLD "0123456789abcdef0123456789abcdef"
#define NEW "fedcba9876543210fedcba9876543210"

/* Where those who are not root may be root of a namespace, they may do this, too. */
#define BECOME_PRIVATE                                                                             \
  "[ -n \"$vq_private\" ] || vq_private=1 exec unshare --map-root-user --mount \"$0\" \"$@\"\n"

static char *root;
static gboolean is_private; /* whether this machine lets us */

static char *
in_root (const char *path)
{
  return g_build_filename (root, path, NULL);
}

static void
make_directory (const char *path)
{
  g_autofree char *full = in_root (path);

  ck_assert_int_eq (g_mkdir_with_parents (full, 0755), 0);
}

static void
make_file (const char *path, const char *text)
{
  g_autofree char *full = in_root (path);

  ck_assert (g_file_set_contents (full, text, -1, NULL));
}

static void
make_link (const char *target, const char *path)
{
  g_autofree char *full = in_root (path);

  ck_assert_int_eq (symlink (target, full), 0);
}

static void
assert_file (const char *path, const char *text)
{
  g_autofree char *full = in_root (path);
  g_autofree char *found = NULL;

  ck_assert_msg (g_file_get_contents (full, &found, NULL, NULL), "%s", path);
  ck_assert_str_eq (found, text);
}

static void
assert_link (const char *path, const char *target)
{
  g_autofree char *full = in_root (path);
  g_autofree char *found = g_file_read_link (full, NULL);

  ck_assert_pstr_eq (found, target);
}

static gboolean
can_be_private (void)
{
  const char *argv[] = { "unshare", "--map-root-user", "--mount", "true", NULL };
  int status = -1;

  return g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL,
                       NULL, NULL, NULL, NULL, &status, NULL)
         && status == 0;
}

static void
set_up (void)
{
  g_autofree char *commands = NULL;

  root = g_dir_make_tmp ("vq-root-XXXXXX", NULL);
  make_directory ("etc/ssh");
  make_directory ("var/lib/dbus");
  make_directory ("var/log/journal");
  make_directory ("run/log/journal");
  is_private = can_be_private ();
  commands = g_strdup_printf (BECOME_PRIVATE "for dir in etc var run; do\n"
                                             "mount --bind %s/$dir /$dir || exit\ndone",
                              root);
  guest_wrap (is_private ? commands : "");
  guest_setup ();
}

static void
tear_down (void)
{
  guest_teardown ();
  guest_unwrap ();
  tree_remove (root);
  g_clear_pointer (&root, g_free);
}

/* Asks for the machine ID TEXT as STREAM, and asserts the answer ERRNUM. */
static void
set_id (guint32 stream, const char *text, int errnum)
{
  fake_host_stream (guest, stream);
  fake_host_send (guest, VQ_HELPER_SET_MACHINE_ID, stream, text, strlen (text));
  fake_host_assert_end (guest, stream, VQ_HELPER_DONE, errnum);
}

static void
find_keys (guint32 stream, int errnum)
{
  fake_host_stream (guest, stream);
  fake_host_send (guest, VQ_HELPER_FIND_HOST_KEYS, stream, NULL, 0);
  fake_host_assert_end (guest, stream, VQ_HELPER_DONE, errnum);
}

#define NEEDS_PRIVACY                                                                              \
  if (!is_private)                                                                                 \
  SKIP ("this machine does not let us mount anything")

CASE ("identity", set_up, tear_down, 60)

TEST (moves_all_that_has_the_id)
{
  NEEDS_PRIVACY;
  make_file ("etc/machine-id", OLD "\n");
  make_file ("var/lib/dbus/machine-id", OLD "\nand more");
  make_directory ("var/log/journal/" OLD);
  make_file ("var/log/journal/" OLD "/system.journal", "entries");
  set_id (1, NEW, 0);
  assert_file ("etc/machine-id", NEW "\n");
  assert_file ("var/lib/dbus/machine-id", NEW "\n");
  assert_file ("var/log/journal/" NEW "/system.journal", "entries");
  assert_link ("var/log/journal/" OLD, NEW);
  assert_link ("run/log/journal/" OLD, NULL);
}

/* The link is one that must not be followed, even if it leads to something else. */
TEST (writes_through_no_link_of_dbus)
{
  NEEDS_PRIVACY;
  make_file ("etc/machine-id", OLD);
  make_file ("etc/other", "other");
  make_link ("/etc/other", "var/lib/dbus/machine-id");
  make_directory ("run/log/journal/" OLD);
  set_id (1, NEW, 0);
  assert_file ("etc/machine-id", NEW "\n");
  assert_file ("etc/other", "other");
  assert_link ("run/log/journal/" OLD, NEW);
}

/* What systemd makes one of at the next boot, and what is no ID, stays. */
static const char *const others[]
    = { "", "uninitialized\n", "../../../etc/ssh/0123456789abcdef\n" };

TEST_LOOP (leaves_a_guest_without_id, 0, G_N_ELEMENTS (others))
{
  NEEDS_PRIVACY;
  make_file ("etc/machine-id", others[_i]);
  make_file ("var/lib/dbus/machine-id", OLD "\n");
  set_id (1, NEW, 0);
  assert_file ("etc/machine-id", others[_i]);
  assert_file ("var/lib/dbus/machine-id", OLD "\n");
}

/* Nobody waits for a FIFO. */
TEST (leaves_what_is_no_file)
{
  g_autofree char *fifo = in_root ("etc/machine-id");

  NEEDS_PRIVACY;
  set_id (1, NEW, 0);
  ck_assert_int_ne (access (fifo, F_OK), 0);
  ck_assert_int_eq (mkfifo (fifo, 0600), 0);
  set_id (2, NEW, 0);
}

TEST (finds_host_keys)
{
  g_autofree char *ssh = in_root ("etc/ssh");

  NEEDS_PRIVACY;
  make_file ("etc/ssh/ssh_host_rsa_key.pub", "");
  make_file ("etc/ssh/sshd_config", "");
  find_keys (1, ENOENT);
  make_file ("etc/ssh/ssh_host_rsa_key", "");
  find_keys (2, 0);
  tree_remove (ssh);
  find_keys (3, ENOENT);
}

/* This is refused before any file is touched. */
TEST (refuses_what_is_no_id)
{
  set_id (1, "0123456789ABCDEF0123456789ABCDEF", EINVAL);
  set_id (2, "0123456789abcdef0123456789abcde/", EINVAL);
  fake_host_send (guest, VQ_HELPER_SET_MACHINE_ID, 3, NEW, 31);
  g_free (fake_host_wait_for_fatal (guest));
  guest_status = 1;
}

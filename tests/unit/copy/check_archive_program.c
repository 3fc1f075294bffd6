// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests virt-qemu-archive alone, in any locale, and that it is confined. */
#include "copy/archiver.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "archive-setup.h"
#include "base/fd.h"
#include "base/programs.h"
#include "io/child.h"
#include "io/confine.h"
#include "suite.h"

#define PATIENCE 60 /* seconds */

static char *program;
static char *tree;

static void
setup (void)
{
  archive_setup ();
  program = vq_programs_find ("virt-qemu-archive", NULL);
  ck_assert_ptr_nonnull (program);
  tree = in (base, "tree");
  ck_assert_int_eq (mkdir (tree, 0755), 0);
}

static void
teardown (void)
{
  g_unsetenv ("LC_ALL");
  g_clear_pointer (&program, g_free);
  g_clear_pointer (&tree, g_free);
  archive_teardown ();
}

/* Starts the program with FD, which is closed in this process. */
static VqChild *
start (const char *word, int fd, const char *directory)
{
  g_autofree char *number = g_strdup_printf ("%d", fd);
  const char *const argv[] = { program, word, number, directory, NULL };
  const VqChildOptions options = { .stdout_fd = -1, .keep_fds = &fd, .n_keep_fds = 1 };
  VqChild *child = vq_child_spawn (argv, &options, NULL);

  ck_assert_ptr_nonnull (child);
  close (fd);
  return child;
}

static int
end (VqChild *child)
{
  ck_assert (vq_child_wait (child, vq_deadline_in (PATIENCE), NULL, NULL));
  return vq_child_get_status (child);
}

static void
copy_tree (void)
{
  g_autoptr (VqChild) packer = NULL;
  g_autoptr (VqChild) unpacker = NULL;
  int fds[2];

  ck_assert_int_eq (pipe2 (fds, O_CLOEXEC), 0);
  packer = start (VQ_ARCHIVER_PACK, fds[1], tree);
  unpacker = start (VQ_ARCHIVER_UNPACK, fds[0], dest);
  ck_assert_int_eq (end (packer), 0);
  ck_assert_int_eq (end (unpacker), 0);
}

/* Names with a composed and a decomposed character, in Latin-1, and in almost correct UTF-8. */
static const char *const names[]
    = { "\303\244", "a\314\210", "\344", "\355\240\200", "\364\220\200\200", "plain" };

static const char *const locales[] = { "C", "C.UTF-8" };

CASE ("program", setup, teardown, 120)

TEST_LOOP (names_are_bytes, 0, G_N_ELEMENTS (locales))
{
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *file = in (tree, names[i]);
      g_autofree char *link_name = g_strconcat (names[i], ".link", NULL);
      g_autofree char *link_path = in (tree, link_name);
      g_autofree char *hard_name = g_strconcat (names[i], ".hard", NULL);
      g_autofree char *hard_path = in (tree, hard_name);

      put_file (file, "x", 0644);
      ck_assert_int_eq (symlink (names[i], link_path), 0);
      ck_assert_int_eq (link (file, hard_path), 0);
    }
  g_setenv ("LC_ALL", locales[_i], TRUE);
  copy_tree ();
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *file = in (dest, names[i]);
      g_autofree char *link_path = g_strconcat (file, ".link", NULL);
      g_autofree char *hard_path = g_strconcat (file, ".hard", NULL);
      g_autofree char *target = g_file_read_link (link_path, NULL);
      struct stat st;

      ck_assert_int_eq (lstat (file, &st), 0);
      ck_assert_uint_eq (st.st_nlink, 2);
      ck_assert_pstr_eq (target, names[i]);
      ck_assert_int_eq (lstat (hard_path, &st), 0);
    }
}

static gboolean
is_there (gpointer path)
{
  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static gboolean
look_again (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* Sends ENTRIES without the end of the archive, and waits until the last one is unpacked. */
static void
send_entries (int fd, const Entry *entries, const char *last)
{
  guint id = g_timeout_add (10, look_again, NULL);

  build (entries, FALSE);
  while (stream->len > 0 && stream->data[stream->len - 1] == 0)
    g_byte_array_set_size (stream, stream->len - 1);
  g_byte_array_set_size (stream, (stream->len + 511) / 512 * 512);
  ck_assert_int_eq (write (fd, stream->data, stream->len), stream->len);
  ck_assert (
      vq_wait_until (is_there, (gpointer)last, vq_deadline_in (PATIENCE), NULL, "file", NULL));
  g_source_remove (id);
}

static void
assert_line (const char *text, const char *pattern)
{
  ck_assert_msg (g_regex_match_simple (pattern, text, G_REGEX_MULTILINE, 0), "%s: %s", pattern,
                 text);
}

static char *
proc_file (VqChild *child, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/%s", vq_child_get_pid (child), name);
  char *text = NULL;

  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

static gboolean
kernel_confines (void)
{
  pid_t pid = fork ();
  int status;

  if (pid == 0)
    {
      vq_confine_process (0);
      _exit (vq_confine_files (NULL, VQ_CONFINE_READ) ? 0 : 1);
    }
  ck_assert_int_eq (waitpid (pid, &status, 0), pid);
  return status == 0;
}

/* Another user moves a directory out of the tree while files are made in it. */
TEST (confined)
{
  static const Entry first[] = { { D, "d", NULL, 0755 }, { R, "d/1", "x", 0644 }, { 0 } };
  static const Entry second[] = { { R, "d/2", "x", 0644 }, { R, "e", "x", 0644 }, { 0 } };
  g_autofree char *seen = in (dest, "d/1");
  g_autofree char *inside = in (dest, "d");
  g_autofree char *moved = in (base, "moved");
  g_autofree char *harm = in (moved, "2");
  g_autofree char *status = NULL;
  g_autofree char *limits = NULL;
  g_autoptr (VqChild) child = NULL;
  g_autofree char *said = NULL;
  vq_autofd int fd = -1;
  int fds[2];

  ck_assert_int_eq (pipe2 (fds, O_CLOEXEC), 0);
  fd = fds[1];
  child = start (VQ_ARCHIVER_UNPACK, fds[0], dest);
  send_entries (fd, first, seen);
  status = proc_file (child, "status");
  limits = proc_file (child, "limits");
  assert_line (status, "^NoNewPrivs:\t1$");
  assert_line (limits, "^Max core file size +0 ");
  assert_line (limits, "^Max processes +0 ");
  assert_line (limits, "^Max address space +[0-9]+ ");
  ck_assert_int_eq (rename (inside, moved), 0);
  build (second, FALSE);
  ck_assert_int_eq (write (fd, stream->data, stream->len), stream->len);
  vq_fd_clear (&fd);
  if (!kernel_confines ())
    SKIP ("this kernel has no Landlock");
  ck_assert_int_ne (end (child), 0);
  said = vq_child_get_stderr (child);
  ck_assert_msg (g_str_has_suffix (said, "/dest/d/2: Permission denied"), "%s", said);
  ck_assert (!g_file_test (harm, G_FILE_TEST_EXISTS));
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "template/template-key.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "leaks.h"
#include "suite.h"
#include "tree.h"

#define PATIENCE 20 /* seconds */

static char *directory;
static char *file; /* in it, "contents" */

static void
setup (void)
{
  leaks_begin ();
  directory = g_strdup ("/tmp/vq-test-XXXXXX");
  ck_assert_ptr_nonnull (g_mkdtemp (directory));
  file = g_build_filename (directory, "file", NULL);
  ck_assert (g_file_set_contents (file, "contents", -1, NULL));
}

static void
teardown (void)
{
  tree_remove (directory);
  g_clear_pointer (&directory, g_free);
  g_clear_pointer (&file, g_free);
  leaks_assert_none ();
}

/* The digest of facts: name, value, value, NULL, name, ..., NULL, NULL. */
static char *
digest_of (const char *const *words)
{
  g_autoptr (VqTemplateKey) key = vq_template_key_new ();

  while (*words != NULL)
    {
      const char *name = *words++;

      vq_template_key_add_argv (key, name, words);
      words += g_strv_length ((char **)words) + 1;
    }
  return vq_template_key_get_digest (key);
}

/* No two of these are the same facts, though many are the same letters in the same order. */
static const char *const different[][12] = {
  { NULL },
  { "", NULL, NULL },
  { "", "", NULL, NULL },
  { "", "", "", NULL, NULL },
  { "", "", NULL, "", "", NULL, NULL },
  { "a", NULL, NULL },
  { "a", "b", NULL, NULL },
  { "b", "a", NULL, NULL },
  { "ab", "", NULL, NULL },
  { "ab", NULL, NULL },
  { "", "ab", NULL, NULL },
  { "a", "b", "", NULL, NULL },
  { "a", "", "b", NULL, NULL },
  { "a", "b", "c", NULL, NULL },
  { "a", "bc", NULL, NULL },
  { "ab", "c", NULL, NULL },
  { "a", "c", "b", NULL, NULL },
  { "a", "b c", NULL, NULL },
  { "a", "b", NULL, "c", NULL, NULL },
  { "a", NULL, "b", "c", NULL, NULL },
  { "a", NULL, "b", NULL, "c", NULL, NULL },
  { "b", NULL, "a", NULL, "c", NULL, NULL },
  { "a", "b", NULL, "a", "b", NULL, NULL },
  { "a", "b", "a", "b", NULL, NULL },
  { "a", "11:b", NULL, NULL },
  { "a", "1", "1:b", NULL, NULL },
  { "1:a", "1:1", "1:b", NULL, NULL },
  { "a", "B", NULL, NULL },
  { "a", "b\n", NULL, NULL },
  { "a", "\xff", NULL, NULL },
  { "a", "\xef\xbf\xbd", NULL, NULL },
};

CASE ("key", setup, teardown, 60)

TEST (all_differ)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (different); i++)
    {
      char *digest = digest_of (different[i]);
      g_autofree char *again = digest_of (different[i]);

      ck_assert_str_eq (digest, again);
      ck_assert (vq_template_key_is_digest (digest));
      ck_assert_msg (g_hash_table_add (seen, digest), "%zu", i);
    }
}

/* So that it stays what it is: SHA-256 of "5:image", "1:1", "3:i.q". */
TEST (known_digest)
{
  const char *const words[] = { "image", "i.q", NULL, NULL };
  g_autofree char *digest = digest_of (words);
  g_autofree char *whole = g_compute_checksum_for_string (G_CHECKSUM_SHA256, "5:image1:13:i.q", -1);

  ck_assert (g_str_has_prefix (whole, digest));
  ck_assert_uint_eq (strlen (digest), 32);
}

TEST (no_value_is_not_empty)
{
  g_autoptr (VqTemplateKey) none = vq_template_key_new ();
  g_autoptr (VqTemplateKey) empty = vq_template_key_new ();
  g_autofree char *digest = NULL;
  g_autofree char *other = NULL;

  vq_template_key_add_text (none, "user", NULL);
  vq_template_key_add_text (empty, "user", "");
  digest = vq_template_key_get_digest (none);
  other = vq_template_key_get_digest (empty);
  ck_assert_str_ne (digest, other);
  ck_assert_ptr_null (vq_template_key_get (none, "user"));
  ck_assert_str_eq (vq_template_key_get (empty, "user"), "");
  ck_assert_ptr_null (vq_template_key_get (empty, "other"));
}

TEST (digest_texts)
{
  static const char *const bad[] = { "",
                                     "0123456789abcdef0123456789abcde",
                                     "0123456789abcdef0123456789abcdef0",
                                     "0123456789abcdef0123456789abcdeF",
                                     "0123456789abcdef0123456789abcde.",
                                     "../3456789abcdef0123456789abcdef" };

  ck_assert (vq_template_key_is_digest ("0123456789abcdef0123456789abcdef"));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    ck_assert_msg (!vq_template_key_is_digest (bad[i]), "%s", bad[i]);
}

static char *
digest_of_file (const char *path)
{
  g_autoptr (VqTemplateKey) key = vq_template_key_new ();
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_template_key_add_file (key, "f", path, &error), "%s",
                 error != NULL ? error->message : "");
  ck_assert_str_eq (vq_template_key_get (key, "f"), path);
  return vq_template_key_get_digest (key);
}

static void
overwrite_and_set_times_back (const char *path)
{
  struct stat before;
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  struct timespec times[2];

  ck_assert_int_eq (fstat (fd, &before), 0);
  times[0] = before.st_atim;
  times[1] = before.st_mtim;
  ck_assert_int_eq (pwrite (fd, "C", 1, 0), 1);
  ck_assert_int_eq (futimens (fd, times), 0);
  close (fd);
}

static void
append (const char *path)
{
  int fd = open (path, O_WRONLY | O_APPEND | O_CLOEXEC);

  ck_assert_int_eq (write (fd, "x", 1), 1);
  close (fd);
}

static void
touch_nanoseconds (const char *path)
{
  struct stat st;
  struct timespec times[2] = { { 0, UTIME_OMIT }, { 0 } };

  ck_assert_int_eq (stat (path, &st), 0);
  times[1] = st.st_mtim;
  times[1].tv_nsec ^= 1;
  ck_assert_int_eq (utimensat (AT_FDCWD, path, times, 0), 0);
}

/* The same contents and times, another file. */
static void
replace_by_copy (const char *path)
{
  g_autofree char *copy = g_strconcat (path, ".copy", NULL);
  const char *argv[] = { "cp", "-p", path, copy, NULL };

  ck_assert (g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
                           NULL, NULL));
  ck_assert_int_eq (g_rename (copy, path), 0);
}

static void
change_inode (const char *path)
{
  ck_assert_int_eq (chmod (path, 0600), 0);
  ck_assert_int_eq (chmod (path, 0644), 0);
}

CASE ("changes", setup, teardown, 0)

TEST_LOOP (files_that_change, 0, 5)
{
  static void (*const changes[]) (const char *)
      = { append, overwrite_and_set_times_back, touch_nanoseconds, replace_by_copy, change_inode };
  g_autofree char *before = digest_of_file (file);
  g_autofree char *same = digest_of_file (file);
  g_autofree char *after = NULL;

  ck_assert_str_eq (before, same);
  tree_await_tick ();
  changes[_i](file);
  after = digest_of_file (file);
  ck_assert_str_ne (before, after);
}

CASE ("key", setup, teardown, 60)

/* To read a file changes no more than the time of that. */
TEST (file_that_is_read)
{
  g_autofree char *before = digest_of_file (file);
  g_autofree char *after = NULL;
  struct timespec times[2] = { { 1, 1 }, { 0, UTIME_OMIT } };
  g_autofree char *text = NULL;

  ck_assert (g_file_get_contents (file, &text, NULL, NULL));
  after = digest_of_file (file);
  ck_assert_str_eq (before, after);
  ck_assert_int_eq (utimensat (AT_FDCWD, file, times, 0), 0); /* a change of the inode */
}

/* The same file by another name is another fact; through a link, the file behind it counts. */
TEST (other_names)
{
  g_autofree char *link = g_build_filename (directory, "link", NULL);
  g_autofree char *other = g_build_filename (directory, "other", NULL);
  g_autofree char *direct = NULL;
  g_autofree char *one = NULL;
  g_autofree char *two = NULL;

  ck_assert (g_file_set_contents (other, "contents", -1, NULL));
  ck_assert_int_eq (symlink (file, link), 0);
  direct = digest_of_file (file);
  one = digest_of_file (link);
  ck_assert_int_eq (g_unlink (link), 0);
  ck_assert_int_eq (symlink (other, link), 0);
  two = digest_of_file (link);
  ck_assert_str_ne (direct, one);
  ck_assert_str_ne (one, two);
}

TEST (relative_path)
{
  g_autoptr (VqTemplateKey) key = vq_template_key_new ();
  g_autofree char *before = g_get_current_dir ();

  ck_assert_int_eq (chdir (directory), 0);
  ck_assert (vq_template_key_add_file (key, "f", "file", NULL));
  ck_assert_int_eq (chdir (before), 0);
  ck_assert_str_eq (vq_template_key_get (key, "f"), file);
}

/* What cannot be looked at, or can change without a trace. A failure adds no fact. */
TEST (bad_files)
{
  g_autoptr (VqTemplateKey) key = vq_template_key_new ();
  g_autofree char *empty = vq_template_key_get_digest (key);
  g_autofree char *after = NULL;
  g_autofree char *block = g_build_filename (directory, "block", NULL);
  const char *const paths[] = { "/nonexistent/file", directory, "/dev/null", "/dev/zero", block };

  if (mknod (block, S_IFBLK | 0600, makedev (7, 0)) != 0)
    ck_assert_int_ne (getuid (), 0);
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert (!vq_template_key_add_file (key, "f", paths[i], &error));
      ck_assert_ptr_nonnull (strstr (error->message, paths[i]));
    }
  after = vq_template_key_get_digest (key);
  ck_assert_str_eq (empty, after);
}

static void
write_program (const char *path, const char *script)
{
  ck_assert (g_file_set_contents (path, script, -1, NULL));
  ck_assert_int_eq (chmod (path, 0755), 0);
}

static gboolean
add_program (VqTemplateKey *key, const char *program, GError **error)
{
  return vq_template_key_add_program (key, "p", program, vq_deadline_in (PATIENCE), NULL, error);
}

/* The program is the same file, but what it says differs: a library of it is another one. */
TEST (program_says_other_version)
{
  g_autofree char *said = g_build_filename (directory, "said", NULL);
  g_autofree char *script = g_strdup_printf ("#!/bin/sh\ncat %s; echo \"$@\"\n", said);
  char *digests[3];

  write_program (file, script);
  for (int i = 0; i < 3; i++)
    {
      g_autoptr (VqTemplateKey) key = vq_template_key_new ();

      ck_assert (g_file_set_contents (said, i < 2 ? "one\n" : "two\n", -1, NULL));
      ck_assert (add_program (key, file, NULL));
      digests[i] = vq_template_key_get_digest (key);
    }
  ck_assert_str_eq (digests[0], digests[1]);
  ck_assert_str_ne (digests[0], digests[2]);
  for (int i = 0; i < 3; i++)
    g_free (digests[i]);
}

TEST (program_on_path)
{
  g_autoptr (VqTemplateKey) key = vq_template_key_new ();
  g_autofree char *path = g_find_program_in_path ("cat");
  g_autoptr (JsonNode) json = NULL;
  g_autofree char *text = NULL;

  ck_assert (add_program (key, "cat", NULL));
  ck_assert_str_eq (vq_template_key_get (key, "p"), path);
  json = vq_template_key_to_json (key);
  text = json_to_string (json, FALSE);
  ck_assert_ptr_nonnull (strstr (text, "cat (GNU coreutils)"));
}

TEST (bad_programs)
{
  g_autoptr (VqTemplateKey) key = vq_template_key_new ();
  g_autoptr (GError) missing = NULL;
  g_autoptr (GError) failing = NULL;
  g_autoptr (GError) hanging = NULL;
  g_autofree char *hangs = g_build_filename (directory, "hangs", NULL);

  ck_assert (!add_program (key, "vq-no-such-program", &missing));
  ck_assert_ptr_nonnull (strstr (missing->message, "vq-no-such-program"));
  write_program (file, "#!/bin/sh\necho 'bad library' >&2; exit 3\n");
  ck_assert (!add_program (key, file, &failing));
  ck_assert_ptr_nonnull (strstr (failing->message, "bad library"));
  write_program (hangs, "#!/bin/sh\nexec sleep 1000\n");
  ck_assert (!vq_template_key_add_program (key, "p", hangs, vq_deadline_in (0.1), NULL, &hanging));
  ck_assert (vq_error_is_timeout (hanging));
}

TEST (host)
{
  g_autoptr (VqTemplateKey) key = vq_template_key_new ();

  ck_assert (vq_template_key_add_host (key, NULL));
  ck_assert (g_str_has_prefix (vq_template_key_get (key, "host kernel"), "Linux "));
  ck_assert_uint_gt (strlen (vq_template_key_get (key, "host processor")), 10);
  ck_assert_str_eq (vq_template_key_get (key, "virt-qemu"), VQ_VERSION);
}

/* For people: all facts in order, and always UTF-8. */
TEST (json)
{
  g_autoptr (VqTemplateKey) key = vq_template_key_new ();
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *text = NULL;
  const char *const argv[] = { "qemu", "-m", "1G", NULL };

  vq_template_key_add_text (key, "a", "x\"\n\xff");
  vq_template_key_add_argv (key, "b", argv);
  vq_template_key_add_text (key, "c", NULL);
  node = vq_template_key_to_json (key);
  text = json_to_string (node, FALSE);
  ck_assert_str_eq (text, "[{\"name\":\"a\",\"values\":[\"x\\\"\\n\xef\xbf\xbd\"]},"
                          "{\"name\":\"b\",\"values\":[\"qemu\",\"-m\",\"1G\"]},"
                          "{\"name\":\"c\",\"values\":[]}]");
}

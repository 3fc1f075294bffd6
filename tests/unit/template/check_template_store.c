// SPDX-License-Identifier: GPL-2.0-or-later
/* The cache as one process sees it: find, begin, commit. */
#include "template/template-store.h"

#include <check.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "messages.h"
#include "suite.h"
#include "template-cache.h"
#include "tree.h"

static char *
read_file (VqTemplate *template, const char *name)
{
  g_autofree char *path = g_build_filename (vq_template_get_directory (template), name, NULL);
  char *text = NULL;

  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

static mode_t
mode_of (const char *path)
{
  struct stat st;

  ck_assert_int_eq (lstat (path, &st), 0);
  return st.st_mode & 07777;
}

CASE ("template-store", cache_setup, cache_teardown, 60)

TEST (nothing_there)
{
  ck_assert_ptr_null (cache_find (cache_store, "a"));
  cache_assert_names (NULL, NULL);
}

TEST (made_and_found)
{
  g_autoptr (VqTemplate) made = cache_make (cache_store, "a");
  g_autoptr (VqTemplate) found = cache_find (cache_store, "a");
  g_autofree char *state = read_file (found, VQ_TEMPLATE_STATE);
  g_autofree char *expected = cache_join ("%s", cache_digest_a);

  ck_assert_str_eq (state, "a");
  ck_assert_str_eq (vq_template_get_directory (found), expected);
  ck_assert (vq_template_info_has_file (vq_template_get_info (found), VQ_TEMPLATE_EFI_VARS));
  ck_assert_str_eq (vq_template_info_get_image (vq_template_get_info (found)), "/images/a.qcow2");
  ck_assert (vq_template_check (made, NULL));
  ck_assert (vq_template_check (found, NULL));
  cache_assert_names (cache_digest_a, NULL); /* no lock, nothing aside */
}

TEST (closed_to_others)
{
  static const char *const names[]
      = { "ram", "disk", "state", "efivars.fd", "template.json", "lock" };
  g_autoptr (VqTemplate) made = cache_make (cache_store, "a");
  g_autofree char *directory = cache_join ("%s", cache_digest_a);

  ck_assert_uint_eq (mode_of (directory), 0700);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (directory, names[i], NULL);

      ck_assert_uint_eq (mode_of (path), 0600);
    }
}

TEST (facts_about_the_guest)
{
  g_autoptr (VqTemplateBuild) build = cache_begin_build (cache_store, "a", VQ_TEMPLATE_ANY);
  g_autoptr (VqTemplate) made = NULL;
  g_autoptr (VqTemplate) found = NULL;

  cache_fill (build, "a");
  vq_template_build_set (build, "user", "debian");
  made = vq_template_build_commit (build, NULL);
  found = cache_find (cache_store, "a");
  ck_assert_str_eq (vq_template_get (made, "user"), "debian");
  ck_assert_str_eq (vq_template_get (found, "user"), "debian");
  ck_assert_ptr_null (vq_template_get (found, "scratch"));
}

TEST (each_key_has_its_own)
{
  g_autoptr (VqTemplate) a = cache_make (cache_store, "a");
  g_autoptr (VqTemplate) none = cache_find (cache_store, "b");
  g_autoptr (VqTemplate) b = cache_make (cache_store, "b");
  g_autoptr (VqTemplate) found = cache_find (cache_store, "a");
  g_autofree char *state = read_file (found, VQ_TEMPLATE_STATE);

  ck_assert_ptr_null (none);
  ck_assert_str_eq (state, "a");
}

TEST (final_path_is_known_before)
{
  g_autoptr (VqTemplateBuild) build = cache_begin_build (cache_store, "a", VQ_TEMPLATE_ANY);
  g_autofree char *final = vq_template_build_get_final_path (build);
  g_autoptr (VqTemplate) made = NULL;

  cache_fill (build, "a");
  made = vq_template_build_commit (build, NULL);
  ck_assert_str_eq (vq_template_get_directory (made), final);
}

TEST (abandoned)
{
  g_autoptr (VqTemplateBuild) build = cache_begin_build (cache_store, "a", VQ_TEMPLATE_ANY);

  cache_fill (build, "a");
  ck_assert_ptr_null (cache_find (cache_store, "a"));
  g_clear_pointer (&build, vq_template_build_free);
  cache_assert_names (NULL, NULL);
}

static void
remove_state (VqTemplateBuild *build)
{
  g_autofree char *path
      = g_build_filename (vq_template_build_get_directory (build), VQ_TEMPLATE_STATE, NULL);

  ck_assert_int_eq (g_unlink (path), 0);
}

static void
empty_state (VqTemplateBuild *build)
{
  g_autofree char *path
      = g_build_filename (vq_template_build_get_directory (build), VQ_TEMPLATE_STATE, NULL);

  ck_assert_int_eq (truncate (path, 0), 0);
}

static void
add_directory (VqTemplateBuild *build)
{
  g_autofree char *path = g_build_filename (vq_template_build_get_directory (build), "sub", NULL);

  ck_assert_int_eq (g_mkdir (path, 0700), 0);
}

/* The files are there, but no longer under the name that is going to be renamed. */
static void
exchange_directory (VqTemplateBuild *build)
{
  g_autofree char *elsewhere = cache_join ("elsewhere");

  ck_assert_int_eq (g_rename (vq_template_build_get_directory (build), elsewhere), 0);
  ck_assert_int_eq (g_mkdir (vq_template_build_get_directory (build), 0700), 0);
}

static void
add_long_fact (VqTemplateBuild *build)
{
  g_autofree char *text = g_strnfill (VQ_TEMPLATE_INFO_MAX, 'x');

  vq_template_build_set (build, "long", text);
}

static void
occupy_name (VqTemplateBuild *build)
{
  g_autofree char *path = cache_join ("%s", cache_digest_a);

  ck_assert (g_file_set_contents (path, "", -1, NULL));
}

CASE ("not committed", cache_setup, cache_teardown, 0)

/* What is not whole is no template, and nobody else's matter. */
TEST_LOOP (not_committed, 0, 6)
{
  static const struct
  {
    void (*spoil) (VqTemplateBuild *build);
    const char *reason;
  } cases[] = { { remove_state, "/state" },
                { empty_state, "/state is empty" },
                { add_directory, "/sub is not a plain file" },
                { exchange_directory, "somebody has removed" },
                { add_long_fact, "facts" },
                { occupy_name, "cannot rename" } };
  g_autoptr (VqTemplateBuild) build = cache_begin_build (cache_store, "a", VQ_TEMPLATE_ANY);
  g_autoptr (VqTemplate) template = NULL;
  g_autoptr (GError) error = NULL;

  cache_fill (build, "a");
  cases[_i].spoil (build);
  template = vq_template_build_commit (build, &error);
  ck_assert_ptr_null (template);
  ck_assert_msg (strstr (error->message, cases[_i].reason) != NULL, "%s", error->message);
  g_clear_pointer (&build, vq_template_build_free);
  messages_take_warnings (cache_digest_a); /* of a subdirectory that cannot be removed */
  template = cache_find (cache_store, "a");
  messages_take_warnings (cache_digest_a); /* of the file that has the template's name */
  ck_assert_ptr_null (template);
}

/* A file may not get longer than a limit: the same to us as a full disk. */
static int
commit_with_limit (void)
{
  struct rlimit limit = { 100, 100 };
  VqTemplateBuild *build = cache_begin_build (cache_store, "a", VQ_TEMPLATE_ANY);
  g_autoptr (GError) error = NULL;

  cache_fill (build, "a");
  signal (SIGXFSZ, SIG_IGN);
  if (setrlimit (RLIMIT_FSIZE, &limit) != 0)
    return 1;
  if (vq_template_build_commit (build, &error) != NULL)
    return 2;
  vq_template_build_free (build);
  return strstr (error->message, "template.json") != NULL ? 0 : 3;
}

CASE ("template-store", cache_setup, cache_teardown, 60)

TEST (disk_full)
{
  pid_t pid = fork ();
  int status;

  if (pid == 0)
    _exit (commit_with_limit ());
  ck_assert_int_eq (waitpid (pid, &status, 0), pid);
  ck_assert_int_eq (status, 0);
  cache_assert_names (NULL, NULL);
}

TEST (room)
{
  g_autoptr (VqTemplateBuild) build = cache_begin_build (cache_store, "a", VQ_TEMPLATE_ANY);
  g_autoptr (GError) error = NULL;

  ck_assert (vq_template_build_check_room (build, 1, NULL));
  ck_assert (!vq_template_build_check_room (build, G_GUINT64_CONSTANT (1) << 60, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "--template-dir"));
}

/* An unused one makes room for the new. */
TEST (new_one_wanted)
{
  g_autoptr (VqTemplate) made = NULL;
  g_autoptr (VqTemplateBuild) build = NULL;
  g_autofree char *state = NULL;

  cache_leave (cache_store, "a");
  build = cache_begin_build (cache_store, "a", VQ_TEMPLATE_NEW);
  ck_assert_ptr_null (cache_find (cache_store, "a"));
  cache_fill (build, "second");
  made = vq_template_build_commit (build, NULL);
  state = read_file (made, VQ_TEMPLATE_STATE);
  ck_assert_str_eq (state, "second");
  cache_assert_names (cache_digest_a, NULL);
}

static void
assert_state (const char *expected)
{
  g_autoptr (VqTemplate) found = cache_find (cache_store, "a");
  g_autofree char *state = read_file (found, VQ_TEMPLATE_STATE);

  ck_assert_str_eq (state, expected);
}

/* Who uses the old one keeps it, at its path; others get the new one. */
TEST (new_one_wanted_while_in_use)
{
  g_autoptr (VqTemplate) old = cache_make (cache_store, "a");
  g_autoptr (VqTemplateBuild) build = cache_begin_build (cache_store, "a", VQ_TEMPLATE_NEW);
  g_autofree char *second = g_strconcat (cache_digest_a, ".2", NULL);
  g_autofree char *old_path = cache_join ("%s", cache_digest_a);
  g_autofree char *old_state = NULL;

  cache_fill (build, "second");
  vq_template_free (vq_template_build_commit (build, NULL));
  assert_state ("second");
  old_state = read_file (old, VQ_TEMPLATE_STATE);
  ck_assert_str_eq (old_state, "a");
  ck_assert (vq_template_check (old, NULL));
  cache_assert_names (cache_digest_a, second, NULL);
  g_clear_pointer (&old, vq_template_free);
  cache_leave (cache_store, "b"); /* each build tidies up */
  ck_assert_int_eq (access (old_path, F_OK), -1);
  assert_state ("second");
}

/* However often: no path is given to another while somebody uses it. */
TEST (many_new_ones_in_use)
{
  VqTemplate *templates[12];
  g_autofree char *last = cache_join ("%s.12", cache_digest_a);

  for (gsize i = 0; i < G_N_ELEMENTS (templates); i++)
    {
      g_autoptr (VqTemplateBuild) build = cache_begin_build (cache_store, "a", VQ_TEMPLATE_NEW);
      g_autofree char *text = g_strdup_printf ("%zu", i);

      cache_fill (build, text);
      templates[i] = vq_template_build_commit (build, NULL);
      assert_state (text);
    }
  ck_assert_str_eq (vq_template_get_directory (templates[11]), last);
  for (gsize i = 0; i < G_N_ELEMENTS (templates); i++)
    {
      ck_assert (vq_template_check (templates[i], NULL));
      vq_template_free (templates[i]);
    }
}

/* Somebody removes the cache by hand while it is used. */
TEST (removed_by_hand)
{
  g_autoptr (VqTemplate) made = cache_make (cache_store, "a");
  g_autoptr (VqTemplate) next = NULL;
  g_autoptr (VqTemplateStore) other = NULL;
  g_autoptr (GError) error = NULL;

  tree_remove (cache_path);
  ck_assert (!vq_template_check (made, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "removed"));
  ck_assert_ptr_null (cache_find (cache_store, "a"));
  other = cache_open ();
  next = cache_make (other, "a");
  ck_assert (!vq_template_check (made, NULL)); /* another one has its path */
  ck_assert (vq_template_check (next, NULL));
}

TEST (removed_while_building)
{
  g_autoptr (VqTemplateBuild) build = cache_begin_build (cache_store, "a", VQ_TEMPLATE_ANY);
  g_autoptr (GError) error = NULL;

  tree_remove (cache_path);
  ck_assert_ptr_null (vq_template_build_commit (build, &error));
  ck_assert_ptr_nonnull (error);
  ck_assert_int_eq (g_mkdir (cache_path, 0700), 0);
}

static void
assert_not_opened (const char *path, const char *reason)
{
  static const VqTemplateLimits limits = { 0, 0 };
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vq_template_store_open (path, &limits, &error));
  ck_assert_msg (strstr (error->message, reason) != NULL, "%s", error->message);
}

TEST (bad_directories)
{
  g_autofree char *file = cache_join ("file");
  g_autofree char *below = cache_join ("file/below");

  ck_assert (g_file_set_contents (file, "", -1, NULL));
  assert_not_opened (file, file);
  assert_not_opened (below, below);
  assert_not_opened ("", "directory");
  ck_assert_int_eq (chmod (cache_path, 0777), 0);
  assert_not_opened (cache_path, "chmod go-w");
}

/* Root may write everywhere. */
static int
open_unwritable (void)
{
  static const VqTemplateLimits limits = { 0, 0 };
  g_autoptr (GError) error = NULL;

  if (chmod (cache_path, 0500) != 0
      || (getuid () == 0
          && (chown (cache_path, 65534, -1) != 0 || setresuid (65534, 65534, 65534) != 0)))
    return 1;
  if (vq_template_store_open (cache_path, &limits, &error) != NULL)
    return 2;
  return strstr (error->message, "cannot write to the directory") != NULL ? 0 : 3;
}

TEST (unwritable_directory)
{
  pid_t pid = fork ();
  int status;

  if (pid == 0)
    _exit (open_unwritable ());
  ck_assert_int_eq (waitpid (pid, &status, 0), pid);
  ck_assert_int_eq (status, 0);
  ck_assert_int_eq (chmod (cache_path, 0700), 0);
}

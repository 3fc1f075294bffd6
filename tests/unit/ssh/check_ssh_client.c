// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests the seeds that virt-qemu-ssh makes. How it runs commands is tested with the ssh channel. */
#include "ssh/ssh-client.h"

#include <string.h>
#include <sys/stat.h>

#include "leaks.h"
#include "ssh/ssh-key.h"
#include "suite.h"
#include "tree.h"

#define PATIENCE 60 /* seconds; for things that take none */

static char *directory;

static void
setup (void)
{
  leaks_begin ();
  directory = g_dir_make_tmp ("vq-client-XXXXXX", NULL);
}

static void
teardown (void)
{
  tree_remove (directory);
  g_clear_pointer (&directory, g_free);
  leaks_assert_none ();
}

CASE ("seed", setup, teardown, 60)

TEST (a_seed)
{
  g_autoptr (GError) error = NULL;
  gboolean made
      = vq_ssh_client_make_seed (directory, NULL, TRUE, vq_deadline_in (PATIENCE), NULL, &error);
  g_autofree char *path = g_build_filename (directory, "cloud-seed.iso", NULL);
  g_autofree char *key_path = g_build_filename (directory, "ssh-key", NULL);
  g_autofree char *host_key_path = g_build_filename (directory, "ssh-host-key", NULL);
  g_autofree char *key = NULL;
  g_autofree char *host_key_text = NULL;
  g_auto (ssh_key) parsed = NULL;
  g_auto (ssh_key) host_key = NULL;
  struct stat st;

  ck_assert_msg (made, "%s", error != NULL ? error->message : "");
  ck_assert_int_eq (stat (path, &st), 0);
  ck_assert_int_gt (st.st_size, 17 * 2048);
  ck_assert (g_file_get_contents (key_path, &key, NULL, NULL));
  ck_assert (g_file_get_contents (host_key_path, &host_key_text, NULL, NULL));
  parsed = vq_ssh_key_parse_private (key, NULL);
  host_key = vq_ssh_key_parse_public (host_key_text, NULL);
  ck_assert (parsed != NULL && host_key != NULL);
  ck_assert_ptr_null (strchr (host_key_text, '\n'));
}

/* The user's part, and no keys. */
TEST (users_seed)
{
  g_autoptr (VqSeed) seed = vq_seed_new ();
  g_autoptr (GBytes) bytes = g_bytes_new_static ("unmistakable", strlen ("unmistakable"));
  g_autofree char *path = g_build_filename (directory, "cloud-seed.iso", NULL);
  g_autofree char *key_path = g_build_filename (directory, "ssh-key", NULL);
  g_autofree char *image = NULL;
  gsize n;

  vq_seed_add (seed, "a file", bytes, FALSE);
  ck_assert (
      vq_ssh_client_make_seed (directory, seed, FALSE, vq_deadline_in (PATIENCE), NULL, NULL));
  ck_assert (!g_file_test (key_path, G_FILE_TEST_EXISTS));
  ck_assert (g_file_get_contents (path, &image, &n, NULL));
  ck_assert_ptr_nonnull (memmem (image, n, "unmistakable", strlen ("unmistakable")));
}

static gboolean
make_host_key (const char *path, const char *from)
{
  g_autoptr (VqChild) child = vq_ssh_client_start_host_key (path, from, NULL);

  return vq_child_wait (child, vq_deadline_in (PATIENCE), NULL, NULL)
         && vq_child_check_success (child, NULL);
}

/* A new key, and the same one given by the user; what is no key leaves nothing. */
TEST (host_keys)
{
  g_autofree char *first = g_build_filename (directory, "first", NULL);
  g_autofree char *first_public = g_build_filename (directory, "first.pub", NULL);
  g_autofree char *second = g_build_filename (directory, "second", NULL);
  g_autofree char *second_public = g_build_filename (directory, "second.pub", NULL);
  g_autofree char *line = NULL;
  g_autofree char *same = NULL;

  ck_assert (make_host_key (first, NULL));
  ck_assert (!make_host_key (second, first_public));
  ck_assert (!g_file_test (second, G_FILE_TEST_EXISTS));
  ck_assert (make_host_key (second, first));
  ck_assert (g_file_get_contents (first_public, &line, NULL, NULL));
  ck_assert (g_file_get_contents (second_public, &same, NULL, NULL));
  ck_assert (g_str_has_prefix (line, "ssh-ed25519 AAAA"));
  ck_assert_str_eq (line, same);
}

TEST (no_seed)
{
  g_autofree char *none = g_build_filename (directory, "none", NULL);
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_ssh_client_make_seed (none, NULL, TRUE, vq_deadline_in (PATIENCE), NULL, &error));
  ck_assert_msg (g_str_has_prefix (error->message, "virt-qemu-ssh: "), "%s", error->message);
  ck_assert_msg (strstr (error->message, none) != NULL, "%s", error->message);
}

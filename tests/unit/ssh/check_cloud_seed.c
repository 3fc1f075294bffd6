// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/cloud-seed.h"

#include <archive.h>
#include <archive_entry.h>
#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/child.h"
#include "base/error.h"
#include "seed/user-data.h"
#include "base/json.h"
#include "leaks.h"
#include "ssh/ssh-key.h"
#include "suite.h"
#include "tree.h"

#define PATIENCE 30 /* seconds; for things that take none */
#define FILE_MAX 65536

static char *directory;
static char *login_key, *host_key; /* what "make" has made; NULL: none */

static void
setup (void)
{
  leaks_begin ();
  directory = g_dir_make_tmp ("vq-seed-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
}

static void
teardown (void)
{
  tree_remove (directory);
  g_clear_pointer (&directory, g_free);
  g_clear_pointer (&login_key, g_free);
  g_clear_pointer (&host_key, g_free);
  leaks_assert_none ();
}

static char *
read_made (const char *name)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? text : NULL;
}

/* USER_DATA is the user's; NULL: there is none. */
static void
make_with (const char *user_data)
{
  g_autoptr (VqSeed) seed = vq_seed_new ();
  g_autoptr (GError) error = NULL;

  if (user_data != NULL)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (user_data, strlen (user_data));

      vq_seed_add (seed, "user-data", bytes, FALSE);
    }
  ck_assert_msg (vq_cloud_seed_make (directory, seed, TRUE, &error), "%s",
                 error != NULL ? error->message : "");
  g_free (login_key);
  g_free (host_key);
  login_key = read_made ("ssh-key");
  host_key = read_made ("ssh-host-key");
}

static void
make (void)
{
  make_with (NULL);
}

static char *
read_entry (struct archive *archive)
{
  char *text = g_malloc0 (FILE_MAX);

  ck_assert_int_gt (archive_read_data (archive, text, FILE_MAX - 1), 0);
  return text;
}

/* The two files of the image, and no others. */
static void
unpack (char **meta_data, char **user_data)
{
  g_autofree char *path = g_build_filename (directory, VQ_SEED_IMAGE, NULL);
  struct archive *archive = archive_read_new ();
  struct archive_entry *entry;
  guint n = 0;

  *meta_data = *user_data = NULL;
  ck_assert_int_eq (archive_read_support_format_iso9660 (archive), ARCHIVE_OK);
  ck_assert_int_eq (archive_read_open_filename (archive, path, 2048), ARCHIVE_OK);
  while (archive_read_next_header (archive, &entry) == ARCHIVE_OK)
    {
      const char *name = archive_entry_pathname (entry);

      if (archive_entry_filetype (entry) == AE_IFDIR)
        continue;
      ck_assert_int_eq (archive_entry_filetype (entry), AE_IFREG);
      n++;
      if (strcmp (name, "meta-data") == 0)
        *meta_data = read_entry (archive);
      else if (strcmp (name, "user-data") == 0)
        *user_data = read_entry (archive);
    }
  ck_assert_uint_eq (n, 2);
  ck_assert (*meta_data != NULL && *user_data != NULL);
  archive_read_free (archive);
}

static const char *
get_string (JsonObject *object, const char *member)
{
  const char *text = NULL;

  ck_assert (vq_json_get_string (object, member, NULL, &text, NULL));
  ck_assert_ptr_nonnull (text);
  return text;
}

static JsonNode *
parse_user_data (const char *text)
{
  static const char first[] = "#cloud-config\n";
  JsonNode *root;

  ck_assert (g_str_has_prefix (text, first));
  root = vq_json_parse_object (text + strlen (first), strlen (text) - strlen (first), NULL);
  ck_assert_ptr_nonnull (root);
  return root;
}

static char *
public_half (const char *private)
{
  g_auto (ssh_key) key = vq_ssh_key_parse_private (private, NULL);

  ck_assert_ptr_nonnull (key);
  return vq_ssh_key_format_public (key, NULL);
}

CASE ("seed", setup, teardown, 60)

TEST (what_is_in_it)
{
  g_autofree char *meta_data = NULL;
  g_autofree char *user_data = NULL;
  g_autofree char *public = NULL;
  g_autofree char *public_host_key = NULL;
  g_autoptr (JsonNode) root = NULL;
  JsonObject *object;
  JsonObject *keys = NULL;
  JsonArray *authorized;

  make ();
  unpack (&meta_data, &user_data);
  root = parse_user_data (user_data);
  object = json_node_get_object (root);
  public = public_half (login_key);
  authorized = json_object_get_array_member (object, "ssh_authorized_keys");
  ck_assert_uint_eq (json_array_get_length (authorized), 1);
  ck_assert_str_eq (json_array_get_string_element (authorized, 0), public);
  ck_assert (vq_json_get_object (object, "ssh_keys", &keys, NULL));
  public_host_key = public_half (get_string (keys, "ed25519_private"));
  ck_assert_str_eq (public_host_key, host_key);
  ck_assert_str_eq (get_string (keys, "ed25519_public"), host_key);
  ck_assert_str_ne (public, host_key);
  ck_assert (strstr (user_data, "PRIVATE KEY") != NULL);
  ck_assert (strstr (user_data, login_key) == NULL);
}

TEST (what_cloud_init_shall_not_do)
{
  static const struct
  {
    const char *member;
    gboolean value;
  } cases[] = {
    { "disable_root", FALSE },   { "preserve_hostname", TRUE }, { "manage_etc_hosts", FALSE },
    { "package_update", FALSE }, { "package_upgrade", FALSE },  { "resize_rootfs", FALSE },
  };
  g_autofree char *meta_data = NULL;
  g_autofree char *user_data = NULL;
  g_autoptr (JsonNode) root = NULL;
  JsonObject *object;
  JsonObject *growpart = NULL;

  make ();
  unpack (&meta_data, &user_data);
  root = parse_user_data (user_data);
  object = json_node_get_object (root);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gboolean value = !cases[i].value;

      ck_assert (vq_json_get_bool (object, cases[i].member, !cases[i].value, &value, NULL));
      ck_assert_msg (value == cases[i].value, "%s", cases[i].member);
    }
  ck_assert (vq_json_get_object (object, "growpart", &growpart, NULL));
  ck_assert_str_eq (get_string (growpart, "mode"), "off");
}

static char *
instance_id (void)
{
  static const char first[] = "instance-id: ";
  g_autofree char *meta_data = NULL;
  g_autofree char *user_data = NULL;

  unpack (&meta_data, &user_data);
  ck_assert_msg (g_str_has_prefix (meta_data, first), "%s", meta_data);
  return g_strdup (g_strchomp (meta_data + strlen (first)));
}

/* The second seed replaces all of the first. */
TEST (another_one)
{
  g_autofree char *old_key = NULL;
  g_autofree char *old_host_key = NULL;
  g_autofree char *id[2] = { NULL, NULL };

  make ();
  old_key = g_strdup (login_key);
  old_host_key = g_strdup (host_key);
  id[0] = instance_id ();
  make ();
  id[1] = instance_id ();
  ck_assert_str_ne (login_key, old_key);
  ck_assert_str_ne (host_key, old_host_key);
  ck_assert_str_ne (id[0], id[1]);
  ck_assert (g_str_has_prefix (id[0], "virt-qemu-")
             && strlen (id[0]) == strlen ("virt-qemu-") + 32);
  g_free (id[1]);
}

/* The files are private even with an open umask. */
TEST (files_are_private)
{
  static const char *const names[] = { "cloud-seed.iso", "ssh-key", "ssh-host-key" };
  g_autoptr (GDir) dir = NULL;
  guint n = 0;

  umask (0);
  make ();
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (directory, names[i], NULL);
      GStatBuf status;

      ck_assert_int_eq (g_stat (path, &status), 0);
      ck_assert_uint_eq (status.st_mode & 07777, 0600);
    }
  dir = g_dir_open (directory, 0, NULL);
  while (g_dir_read_name (dir) != NULL)
    n++;
  ck_assert_uint_eq (n, 3);
}

/* Our part comes last, and says that it replaces nothing; it leaves to the user what else
 * cloud-init does. */
TEST (with_the_users)
{
  g_autofree char *meta_data = NULL;
  g_autofree char *user_data = NULL;

  make_with ("#cloud-config\npackage_update: true\nssh_authorized_keys: [mine]\n");
  unpack (&meta_data, &user_data);
  ck_assert (g_str_has_prefix (user_data, "#cloud-config-archive\n- |\n  #cloud-config\n"
                                          "  package_update: true\n"));
  ck_assert_ptr_nonnull (strstr (user_data, "\"merge_how\" : \"dict(no_replace,recurse_list)+"
                                            "list(append)+str()\""));
  ck_assert_ptr_null (strstr (user_data, "preserve_hostname"));
  ck_assert_ptr_nonnull (host_key);
}

/* Where the user may set the guest's host keys, we do not know what they are. */
TEST (users_host_keys)
{
  static const char *const datas[] = {
    "#cloud-config\nssh_keys: {rsa_private: x}\n",
    "#cloud-config-archive\n- |\n  #!/bin/sh\n- content: 'ssh_keys: {}'\n",
    "#include\nhttp://example.org/\n",
    "## template: jinja\n#cloud-config\n",
  };

  make ();
  ck_assert_ptr_nonnull (host_key);
  for (guint i = 0; i < G_N_ELEMENTS (datas); i++)
    {
      make_with (datas[i]);
      ck_assert_msg (host_key == NULL && login_key != NULL, "%s", datas[i]);
    }
}

/* Looks at the disk as ds-identify in the guest does. blkid is in /sbin, which is not in
 * everybody's PATH. */
TEST (label)
{
  g_autofree char *path = NULL;
  g_autofree char *out = NULL;
  g_autoptr (GError) error = NULL;
  const char *argv[]
      = { "env", "PATH=/usr/sbin:/sbin:/usr/bin:/bin", "blkid", "-p", "-o", "export", NULL, NULL };

  make ();
  argv[6] = path = g_build_filename (directory, VQ_SEED_IMAGE, NULL);
  ck_assert_msg (vq_child_run (argv, NULL, &out, vq_deadline_in (PATIENCE), NULL, &error), "%s",
                 error != NULL ? error->message : "");
  ck_assert_msg (strstr (out, "\nLABEL=cidata\n") != NULL, "%s", out);
  ck_assert_msg (strstr (out, "\nTYPE=iso9660\n") != NULL, "%s", out);
}

/* The label is in the primary descriptor, too, because some readers know no other. */
TEST (volume_id)
{
  g_autofree char *path = NULL;
  g_autofree char *bytes = NULL;
  gsize length = 0;

  make ();
  path = g_build_filename (directory, VQ_SEED_IMAGE, NULL);
  ck_assert (g_file_get_contents (path, &bytes, &length, NULL));
  ck_assert_uint_gt (length, 17 * 2048);
  ck_assert_uint_lt (length, 1024 * 1024);
  ck_assert_mem_eq (bytes + 16 * 2048, "\001CD001", 6);
  ck_assert_int_eq (g_ascii_strncasecmp (bytes + 16 * 2048 + 40, "cidata          ", 16), 0);
}

TEST (no_directory)
{
  g_autofree char *none = g_build_filename (directory, "none", NULL);
  g_autoptr (VqSeed) seed = vq_seed_new ();
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_cloud_seed_make (none, seed, TRUE, &error));
  ck_assert_msg (strstr (error->message, none) != NULL, "%s", error->message);
}

/* The directory need not be empty: a symlink with the image's name is not followed. */
TEST (a_link_is_not_followed)
{
  g_autofree char *path = g_build_filename (directory, VQ_SEED_IMAGE, NULL);
  g_autofree char *other = g_build_filename (directory, "other", NULL);

  ck_assert_int_eq (symlink (other, path), 0);
  make ();
  ck_assert (!g_file_test (other, G_FILE_TEST_EXISTS));
  ck_assert (!g_file_test (path, G_FILE_TEST_IS_SYMLINK));
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/cloud-seed.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/random.h"
#include "ssh/ssh-key.h"

#define LABEL "cidata" /* cloud-init looks for a disk with this label */
#define ID_BYTES 16

typedef struct
{
  char *key, *public_key;           /* for logging in */
  char *host_key, *public_host_key; /* for the guest */
} Keys;

static void
keys_clear (Keys *keys)
{
  g_free (keys->key);
  g_free (keys->public_key);
  g_free (keys->host_key);
  g_free (keys->public_host_key);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Keys, keys_clear)

static void
add_no (JsonBuilder *builder, const char *member)
{
  json_builder_set_member_name (builder, member);
  json_builder_add_boolean_value (builder, FALSE);
}

static void
add_yes (JsonBuilder *builder, const char *member)
{
  json_builder_set_member_name (builder, member);
  json_builder_add_boolean_value (builder, TRUE);
}

static void
add_text (JsonBuilder *builder, const char *member, const char *text)
{
  json_builder_set_member_name (builder, member);
  json_builder_add_string_value (builder, text);
}

static void
add_ssh (JsonBuilder *builder, const Keys *keys)
{
  add_no (builder, "disable_root");
  json_builder_set_member_name (builder, "ssh_authorized_keys");
  json_builder_begin_array (builder);
  json_builder_add_string_value (builder, keys->public_key);
  json_builder_end_array (builder);
  json_builder_set_member_name (builder, "ssh_keys");
  json_builder_begin_object (builder);
  add_text (builder, "ed25519_private", keys->host_key);
  add_text (builder, "ed25519_public", keys->public_host_key);
  json_builder_end_object (builder);
  add_yes (builder, "no_ssh_fingerprints");
}

/* Switches off what cloud-init would otherwise change in the guest, or spend time on. */
static void
add_restraint (JsonBuilder *builder)
{
  add_yes (builder, "preserve_hostname");
  add_no (builder, "manage_etc_hosts");
  add_no (builder, "package_update");
  add_no (builder, "package_upgrade");
  add_no (builder, "resize_rootfs");
  json_builder_set_member_name (builder, "growpart");
  json_builder_begin_object (builder);
  add_text (builder, "mode", "off");
  json_builder_end_object (builder);
  json_builder_set_member_name (builder, "apt");
  json_builder_begin_object (builder);
  add_yes (builder, "preserve_sources_list");
  json_builder_end_object (builder);
}

/* cloud-init reads YAML, and JSON is valid YAML. */
static char *
make_user_data (const Keys *keys)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *json = NULL;

  json_builder_begin_object (builder);
  add_ssh (builder, keys);
  add_restraint (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  json = json_to_string (root, TRUE);
  return g_strconcat ("#cloud-config\n", json, "\n", NULL);
}

/* A new instance id each time, so that cloud-init takes the guest for a new machine. NULL on
 * failure. */
static char *
make_meta_data (GError **error)
{
  guint8 bytes[ID_BYTES];
  GString *text = g_string_new ("{ \"instance-id\": \"virt-qemu-");

  if (!vq_random_fill (bytes, sizeof bytes, error))
    return g_string_free (text, TRUE), NULL;
  for (guint i = 0; i < sizeof bytes; i++)
    g_string_append_printf (text, "%02x", bytes[i]);
  g_string_append (text, "\" }\n");
  return g_string_free (text, FALSE);
}

static gboolean
check (struct archive *archive, int result, GError **error)
{
  return result >= ARCHIVE_WARN
         || vq_error_set (error, VQ_ERROR_FAILED, "%s", archive_error_string (archive));
}

static gboolean
add_file (struct archive *archive, const char *name, const char *text, GError **error)
{
  struct archive_entry *entry = archive_entry_new ();
  gsize length = strlen (text);
  gboolean good;

  archive_entry_set_pathname (entry, name);
  archive_entry_set_filetype (entry, AE_IFREG);
  archive_entry_set_perm (entry, 0600);
  archive_entry_set_size (entry, (la_int64_t)length);
  good = check (archive, archive_write_header (archive, entry), error)
         && check (archive,
                   archive_write_data (archive, text, length) == (la_ssize_t)length ? ARCHIVE_OK
                                                                                    : ARCHIVE_FATAL,
                   error);
  archive_entry_free (entry);
  return good;
}

/* Names and the label stay as they are, because Rock Ridge and Joliet are on by default. libarchive
 * uses an unlinked temporary file in $TMPDIR. */
static gboolean
write_files (struct archive *archive, int fd, const char *meta_data, const char *user_data,
             GError **error)
{
  return check (archive, archive_write_set_format_iso9660 (archive), error)
         && check (archive, archive_write_set_options (archive, "iso9660:volume-id=" LABEL), error)
         && check (archive, archive_write_open_fd (archive, fd), error)
         && add_file (archive, "meta-data", meta_data, error)
         && add_file (archive, "user-data", user_data, error)
         && check (archive, archive_write_close (archive), error);
}

static gboolean
write_image (int fd, const char *path, const char *meta_data, const char *user_data, GError **error)
{
  struct archive *archive = archive_write_new ();
  gboolean good;
  VQ_ERROR_PREFIX (error, "cannot write %s", path);

  good = write_files (archive, fd, meta_data, user_data, error);
  archive_write_free (archive);
  return good;
}

static gboolean
make_image (const char *directory, const Keys *keys, GError **error)
{
  g_autofree char *path = g_build_filename (directory, VQ_CLOUD_SEED_IMAGE, NULL);
  g_autofree char *user_data = make_user_data (keys);
  g_autofree char *meta_data = make_meta_data (error);
  vq_autofd int fd = -1;

  if (meta_data == NULL)
    return FALSE;
  unlink (path);
  fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    return vq_error_set_errno (error, errno, "cannot make %s", path);
  return write_image (fd, path, meta_data, user_data, error)
         && (close (g_steal_fd (&fd)) == 0
             || vq_error_set_errno (error, errno, "cannot write %s", path));
}

static gboolean
make_key_file (const char *directory, const Keys *keys, GError **error)
{
  g_autofree char *path = g_build_filename (directory, VQ_CLOUD_SEED_KEY, NULL);

  return g_file_set_contents_full (path, keys->key, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
                                   error);
}

gboolean
vq_cloud_seed_make (const char *directory, VqSshLogin *login, GError **error)
{
  g_auto (Keys) keys = { NULL, NULL, NULL, NULL };

  if (!vq_ssh_key_generate (&keys.key, &keys.public_key, error)
      || !vq_ssh_key_generate (&keys.host_key, &keys.public_host_key, error)
      || !make_key_file (directory, &keys, error) || !make_image (directory, &keys, error))
    return FALSE;
  vq_ssh_login_clear (login);
  login->user = g_strdup ("root");
  login->key = g_steal_pointer (&keys.key);
  login->host_key = g_steal_pointer (&keys.public_host_key);
  return TRUE;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "template/template-info.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/host-facts.h"
#include "leaks.h"
#include "suite.h"
#include "tree.h"

#define KEY "0123456789abcdef0123456789abcdef"
#define JSON(more) "{ \"format\": 1, \"key\": \"" KEY "\", " more " }"
#define REST                                                                                       \
  "\"image\": \"/i\", \"host-boot\": \"b\", \"created\": \"2024-02-29T12:00:00.5Z\", "             \
  "\"files\": {}, \"guest\": {}"

static char *path;
static VqPrivateDir *dir;

static void
setup (void)
{
  leaks_begin ();
  path = g_strdup ("/tmp/vq-test-XXXXXX");
  ck_assert_ptr_nonnull (g_mkdtemp (path));
  dir = vq_private_dir_open (path, VQ_PRIVATE_DIR_EXISTING, NULL);
}

static void
teardown (void)
{
  g_clear_pointer (&dir, vq_private_dir_free);
  tree_remove (path);
  g_clear_pointer (&path, g_free);
  leaks_assert_none ();
}

static VqTemplateInfo *
make (const char *image)
{
  g_autoptr (VqTemplateKey) key = vq_template_key_new ();
  g_autoptr (GError) error = NULL;
  VqTemplateInfo *info;

  vq_template_key_add_text (key, "first", "fact");
  if (image != NULL)
    vq_template_key_add_text (key, VQ_TEMPLATE_KEY_IMAGE, image);
  info = vq_template_info_new (key, &error);
  ck_assert_msg (info != NULL, "%s", error != NULL ? error->message : "");
  return info;
}

static VqTemplateInfo *
read_good (void)
{
  g_autoptr (GError) error = NULL;
  VqTemplateInfo *info = vq_template_info_read (dir, &error);

  ck_assert_msg (info != NULL, "%s", error != NULL ? error->message : "");
  return info;
}

static void
write_info (VqTemplateInfo *info)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_template_info_write (info, dir, &error), "%s",
                 error != NULL ? error->message : "");
}

CASE ("template-info", setup, teardown, 60)

TEST (written_and_read)
{
  g_autoptr (VqTemplateInfo) info = make ("/images/\xff.qcow2");
  g_autoptr (VqTemplateInfo) again = NULL;
  gint64 before = g_get_real_time ();

  write_info (info);
  again = read_good ();
  ck_assert_str_eq (vq_template_info_get_key (again), vq_template_info_get_key (info));
  ck_assert (vq_template_key_is_digest (vq_template_info_get_key (again)));
  ck_assert_str_eq (vq_template_info_get_image (again), "/images/\xef\xbf\xbd.qcow2");
  ck_assert_int_ge (vq_template_info_get_created (again), before);
  ck_assert_int_le (vq_template_info_get_created (again), g_get_real_time ());
  ck_assert_int_eq (vq_template_info_get_created (again), vq_template_info_get_created (info));
  ck_assert (vq_template_info_is_safe (again));
}

TEST (no_image)
{
  g_autoptr (VqTemplateInfo) info = make (NULL);
  g_autoptr (VqTemplateInfo) again = NULL;

  write_info (info);
  again = read_good ();
  ck_assert_str_eq (vq_template_info_get_image (again), "");
}

/* People read it, and other programs may. */
TEST (is_json)
{
  g_autoptr (VqTemplateInfo) info = make ("/i");
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autofree char *file = g_build_filename (path, VQ_TEMPLATE_INFO_FILE, NULL);
  JsonObject *root;
  struct stat st;

  vq_template_info_set (info, "scratch", "/tmp/x");
  write_info (info);
  ck_assert (json_parser_load_from_file (parser, file, NULL));
  root = json_node_get_object (json_parser_get_root (parser));
  ck_assert_str_eq (json_object_get_string_member (root, "image"), "/i");
  ck_assert_str_eq (
      json_object_get_string_member (json_object_get_object_member (root, "guest"), "scratch"),
      "/tmp/x");
  ck_assert_uint_eq (json_array_get_length (json_object_get_array_member (root, "facts")), 2);
  ck_assert_int_eq (stat (file, &st), 0);
  ck_assert_uint_eq (st.st_mode & 07777, 0600);
}

TEST (any_bytes_about_the_guest)
{
  g_autoptr (VqTemplateInfo) info = make ("/i");
  g_autoptr (VqTemplateInfo) again = NULL;
  char all[256];

  for (int i = 0; i < 255; i++)
    all[i] = (char)(i + 1);
  all[255] = '\0';
  vq_template_info_set (info, "all", all);
  vq_template_info_set (info, "empty", "");
  vq_template_info_set (info, "twice", "first");
  vq_template_info_set (info, "twice", "second\\");
  write_info (info);
  again = read_good ();
  ck_assert_str_eq (vq_template_info_get (again, "all"), all);
  ck_assert_str_eq (vq_template_info_get (again, "empty"), "");
  ck_assert_str_eq (vq_template_info_get (again, "twice"), "second\\");
  ck_assert_ptr_null (vq_template_info_get (again, "none"));
}

TEST (too_long)
{
  g_autoptr (VqTemplateInfo) info = make ("/i");
  g_autofree char *text = g_strnfill (VQ_TEMPLATE_INFO_MAX, 'x');
  g_autoptr (GError) error = NULL;

  vq_template_info_set (info, "long", text);
  ck_assert (!vq_template_info_write (info, dir, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "facts"));
  ck_assert (!tree_has (dir, VQ_TEMPLATE_INFO_FILE));
}

TEST (ages)
{
  static const char good[] = JSON (REST);
  g_autoptr (VqTemplateInfo) info = NULL;
  gint64 created = G_GINT64_CONSTANT (1709208000500000);

  ck_assert (vq_private_dir_write (dir, VQ_TEMPLATE_INFO_FILE, good, NULL));
  info = read_good ();
  ck_assert_int_eq (vq_template_info_get_created (info), created);
  ck_assert_int_ge (vq_template_info_get_age (info),
                    g_get_real_time () / G_USEC_PER_SEC - 1709208000 - 2);
  ck_assert (!vq_template_info_is_safe (info));
}

/* Somebody has set the clock: as far in the future as it would be old. */
TEST (from_the_future)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) later = g_date_time_add_days (now, 2);
  g_autofree char *created = g_date_time_format_iso8601 (later);
  g_autofree char *text
      = g_strdup_printf ("{ \"format\": 1, \"key\": \"k\", \"image\": \"\", \"host-boot\": \"\", "
                         "\"created\": \"%s\", \"files\": {}, \"guest\": {} }",
                         created);
  g_autoptr (VqTemplateInfo) info = NULL;

  ck_assert (vq_private_dir_write (dir, VQ_TEMPLATE_INFO_FILE, text, NULL));
  info = read_good ();
  ck_assert_int_ge (vq_template_info_get_age (info), 2 * 24 * 60 * 60 - 60);
  ck_assert_int_le (vq_template_info_get_age (info), 2 * 24 * 60 * 60);
}

/* Each of them lacks something, or has it with the wrong type. */
static const char *const bad[] = {
  "",
  "{",
  "[]",
  "null",
  "{}",
  "\"text\"",
  JSON (""),
  JSON (REST) "x",
  "{ \"format\": 2, \"key\": \"" KEY "\", " REST " }",
  "{ \"format\": \"1\", \"key\": \"" KEY "\", " REST " }",
  "{ \"format\": 1, " REST " }",
  "{ \"format\": 1, \"key\": 5, " REST " }",
  JSON ("\"image\": \"\", \"host-boot\": \"\", \"created\": \"\", \"files\": {}, \"guest\": {}"),
  JSON ("\"image\": \"\", \"host-boot\": \"\", \"created\": 1, \"files\": {}, \"guest\": {}"),
  JSON ("\"image\": \"\", \"host-boot\": \"\", \"files\": {}, \"guest\": {}"),
  JSON ("\"host-boot\": \"\", \"created\": \"2024-02-29T12:00:00Z\", \"files\": {}, \"guest\": {}"),
  JSON ("\"image\": \"\", \"created\": \"2024-02-29T12:00:00Z\", \"files\": {}, \"guest\": {}"),
  JSON (REST ", \"files\": []"),
  JSON (REST ", \"files\": { \"ram\": 5 }"),
  JSON (REST ", \"files\": { \"ram\": null }"),
  JSON (REST ", \"guest\": 7"),
  JSON ("\"image\": \"\", \"host-boot\": \"\", \"created\": \"2024-02-29T12:00:00Z\", "
        "\"files\": {}"),
};

TEST (bad_texts)
{
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *file = g_build_filename (path, VQ_TEMPLATE_INFO_FILE, NULL);

      ck_assert (vq_private_dir_write (dir, VQ_TEMPLATE_INFO_FILE, bad[i], NULL));
      ck_assert_msg (vq_template_info_read (dir, &error) == NULL, "%s", bad[i]);
      ck_assert_ptr_nonnull (strstr (error->message, file));
      ck_assert_int_eq (g_unlink (file), 0);
    }
}

TEST (every_beginning)
{
  g_autoptr (VqTemplateInfo) info = make ("/i");
  g_autofree char *file = g_build_filename (path, VQ_TEMPLATE_INFO_FILE, NULL);
  struct stat st;

  write_info (info);
  ck_assert_int_eq (stat (file, &st), 0);
  for (off_t size = st.st_size - 1; size >= 0; size--)
    {
      ck_assert_int_eq (truncate (file, size), 0);
      ck_assert_ptr_null (vq_template_info_read (dir, NULL));
    }
}

TEST (bad_files)
{
  g_autoptr (GError) missing = NULL;
  g_autoptr (GError) deep = NULL;
  g_autoptr (GError) endless = NULL;
  g_autofree char *text = g_strnfill (VQ_TEMPLATE_INFO_MAX + 1, ' ');
  g_autofree char *brackets = g_strnfill (VQ_TEMPLATE_INFO_MAX, '[');
  g_autofree char *file = g_build_filename (path, VQ_TEMPLATE_INFO_FILE, NULL);

  ck_assert_ptr_null (vq_template_info_read (dir, &missing));
  ck_assert_ptr_nonnull (strstr (missing->message, file));
  ck_assert (vq_private_dir_write (dir, VQ_TEMPLATE_INFO_FILE, text, NULL));
  ck_assert_ptr_null (vq_template_info_read (dir, &endless));
  ck_assert_ptr_nonnull (strstr (endless->message, "longer"));
  ck_assert_int_eq (g_unlink (file), 0);
  ck_assert (vq_private_dir_write (dir, VQ_TEMPLATE_INFO_FILE, brackets, NULL));
  ck_assert_ptr_null (vq_template_info_read (dir, &deep));
  ck_assert_ptr_nonnull (strstr (deep->message, "deeper"));
}

static void
append (const char *name)
{
  g_autofree char *file = g_build_filename (path, name, NULL);
  int fd = open (file, O_WRONLY | O_APPEND | O_CLOEXEC);

  ck_assert_int_eq (write (fd, "x", 1), 1);
  close (fd);
}

/* What is recorded is what was there; modes are closed on the way. */
TEST (files)
{
  g_autoptr (VqTemplateInfo) info = make ("/i");
  g_autoptr (VqTemplateInfo) again = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *file = g_build_filename (path, "ram", NULL);

  ck_assert (g_file_set_contents_full (file, "x", 1, G_FILE_SET_CONTENTS_NONE, 0644, NULL));
  ck_assert (vq_template_info_add_file (info, dir, "ram", NULL));
  write_info (info);
  again = read_good ();
  ck_assert (vq_template_info_has_file (again, "ram"));
  ck_assert (!vq_template_info_has_file (again, "disk"));
  ck_assert (vq_template_info_check (info, dir, NULL));
  ck_assert (vq_template_info_check (again, dir, NULL));
  append ("ram");
  ck_assert (!vq_template_info_check (again, dir, &error));
  ck_assert_ptr_nonnull (strstr (error->message, file));
}

TEST (files_that_cannot_be_added)
{
  g_autoptr (VqTemplateInfo) info = make ("/i");
  g_autofree char *sub = g_build_filename (path, "sub", NULL);
  g_autoptr (GError) missing = NULL;
  g_autoptr (GError) directory = NULL;

  ck_assert_int_eq (g_mkdir (sub, 0700), 0);
  ck_assert (!vq_template_info_add_file (info, dir, "none", &missing));
  ck_assert_ptr_nonnull (strstr (missing->message, "none"));
  ck_assert (!vq_template_info_add_file (info, dir, "sub", &directory));
  ck_assert_ptr_nonnull (strstr (directory->message, "not a plain file"));
}

/* Names that lead out of the directory are not looked at. */
TEST (names_with_slashes)
{
  static const char text[] = JSON (
      "\"image\": \"\", \"host-boot\": \"\", \"created\": \"2024-02-29T12:00:00Z\", \"files\": { "
      "\"../x\": \"s\" }, \"guest\": {}");
  g_autoptr (VqTemplateInfo) info = NULL;
  g_autoptr (GError) error = NULL;

  ck_assert (vq_private_dir_write (dir, VQ_TEMPLATE_INFO_FILE, text, NULL));
  info = read_good ();
  ck_assert (!vq_template_info_check (info, dir, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "not the name of a file"));
}

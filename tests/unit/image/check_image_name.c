// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image-name.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "leaks.h"
#include "suite.h"

/* "here" is the current directory, "one" and "two" are looked through in that order. */
static char *top;
static char *home; /* where we were before */

static void
make (const char *name)
{
  g_autofree char *path = g_build_filename (top, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  ck_assert_int_eq (g_mkdir_with_parents (parent, 0700), 0);
  if (g_str_has_suffix (name, "/"))
    ck_assert_int_eq (g_mkdir_with_parents (path, 0700), 0);
  else
    ck_assert (g_file_set_contents (path, "x", 1, NULL));
}

static void
setup (void)
{
  leaks_begin ();
  home = g_get_current_dir ();
  top = g_dir_make_tmp ("vq-name-XXXXXX", NULL);
  ck_assert_ptr_nonnull (top);
  make ("one/");
  make ("two/");
  make ("here/");
  ck_assert_int_eq (g_chdir (top), 0);
  ck_assert_int_eq (g_chdir ("here"), 0);
}

static void
teardown (void)
{
  const char *const argv[] = { "rm", "-rf", top, NULL };

  ck_assert_int_eq (g_chdir (home), 0);
  ck_assert (g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
                           NULL, NULL));
  g_clear_pointer (&top, g_free);
  g_clear_pointer (&home, g_free);
  leaks_assert_none ();
}

/* What NAME is taken for, with TOP replaced by "TOP"; NULL for an error. */
static char *
find (const char *name, GError **error)
{
  g_autofree char *one = g_build_filename (top, "one", NULL);
  g_autofree char *two = g_build_filename (top, "two", NULL);
  g_autofree char *none = g_build_filename (top, "none", NULL);
  const char *const directories[] = { one, none, two, NULL };
  g_autofree char *path = vq_image_name_find (name, directories, error);
  gsize n = strlen (top);

  if (path != NULL && strncmp (path, top, n) == 0)
    return g_strconcat ("TOP", path + n, NULL);
  return g_steal_pointer (&path);
}

CASE ("image-name", setup, teardown, 60)

TEST (found)
{
  static const struct
  {
    const char *files[4];
    const char *name, *path;
  } cases[] = {
    { { "here/sid" }, "sid", "sid" },
    { { "here/sid", "one/sid" }, "sid", "sid" },
    { { "one/sid", "two/sid" }, "sid", "TOP/one/sid" },
    { { "two/sid" }, "sid", "TOP/two/sid" },
    { { "one/sid.img" }, "sid", "TOP/one/sid.img" },
    { { "one/sid.qcow2" }, "sid", "TOP/one/sid.qcow2" },
    { { "one/sid", "one/sid.img", "one/sid.qcow2" }, "sid", "TOP/one/sid" },
    { { "one/sid.img", "one/sid.qcow2" }, "sid", "TOP/one/sid.img" },
    { { "one/sid.qcow2", "two/sid" }, "sid", "TOP/one/sid.qcow2" },
    { { "one/sid.qcow2" }, "sid.qcow2", "TOP/one/sid.qcow2" },
    { { "one/sid.img.img" }, "sid.img", "TOP/one/sid.img.img" },
    /* only what is said, here */
    { { "here/sid.img", "two/sid" }, "sid", "TOP/two/sid" },
    /* directories are no images */
    { { "here/sid/", "one/sid.img" }, "sid", "TOP/one/sid.img" },
    { { "one/sid/", "one/sid.img" }, "sid", "TOP/one/sid.img" },
    { { "here/sid/" }, "sid", "sid" },
    /* a name with a slash is a path, there or not */
    { { "one/sid" }, "./sid", "./sid" },
    { { "one/sub/sid" }, "sub/sid", "sub/sid" },
    { { "one/sid" }, "/sid", "/sid" },
    { { NULL }, "nothing/here", "nothing/here" },
    { { "one/a b,c" }, "a b,c", "TOP/one/a b,c" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *path = NULL;

      if (i > 0)
        {
          teardown ();
          setup ();
        }
      for (int f = 0; cases[i].files[f] != NULL; f++)
        make (cases[i].files[f]);
      path = find (cases[i].name, &error);
      ck_assert_msg (g_strcmp0 (path, cases[i].path) == 0, "case %u: %s, %s", i, path,
                     error != NULL ? error->message : "");
    }
}

/* A file comes first. */
TEST (systems)
{
  ck_assert (vq_image_name_is_system ("debian/13"));
  make ("debian/13");
  ck_assert (vq_image_name_is_system ("debian/13"));
  make ("here/debian/13/");
  ck_assert (vq_image_name_is_system ("debian/13"));
  make ("here/debian/13/amd64");
  ck_assert (!vq_image_name_is_system ("debian/13/amd64"));
  ck_assert (!vq_image_name_is_system ("./debian/13"));
  ck_assert (!vq_image_name_is_system ("debian"));
}

TEST (found_nowhere)
{
  static const char *const names[] = { "sid", "", "a\nb" };

  make ("one/sid.vmdk");
  make ("two/other");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (find (names[i], &error));
      ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_MISSING));
      ck_assert_ptr_null (strchr (error->message, '\n'));
    }
}

/* One line, with all that was looked for and where. */
TEST (message)
{
  const char *const directories[] = { "/nonexistent/a", "/nonexistent/b", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) with = NULL;

  g_unsetenv ("IMAGEDIR");
  ck_assert_ptr_null (vq_image_name_find ("sid", directories, &error));
  ck_assert_str_eq (error->message,
                    "there is no image sid: no such file here, and no sid, sid.img or sid.qcow2 in "
                    "/nonexistent/a, /nonexistent/b (IMAGEDIR is not set); a system is named as "
                    "debian/13 (virt-qemu image list-os)");
  g_setenv ("IMAGEDIR", "/nonexistent/a", TRUE);
  ck_assert_ptr_null (vq_image_name_find ("sid", directories, &with));
  ck_assert_ptr_nonnull (strstr (with->message, "in /nonexistent/a, /nonexistent/b; a system"));
}

TEST (long_names)
{
  g_autofree char *name = g_strnfill (5000, 'n');
  g_autoptr (GError) error = NULL;
  g_autofree char *path = find (name, &error);

  ck_assert_pstr_eq (path, name); /* who opens it says that it is too long */
}

TEST (directories)
{
  static const struct
  {
    const char *value;
    guint n;
  } cases[] = { { NULL, 2 }, { "", 2 }, { "/srv/my images", 3 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (GStrv) list = NULL;
      g_autofree char *sbuild = g_build_filename (g_get_user_cache_dir (), "sbuild", NULL);
      g_autofree char *ours = g_build_filename (g_get_user_cache_dir (), "virt-qemu", NULL);

      if (cases[i].value != NULL)
        g_setenv ("IMAGEDIR", cases[i].value, TRUE);
      else
        g_unsetenv ("IMAGEDIR");
      list = vq_image_name_get_directories ();
      ck_assert_uint_eq (g_strv_length (list), cases[i].n);
      if (cases[i].n == 3)
        ck_assert_str_eq (list[0], cases[i].value);
      ck_assert_str_eq (list[cases[i].n - 2], sbuild);
      ck_assert_str_eq (list[cases[i].n - 1], ours);
    }
  g_unsetenv ("IMAGEDIR");
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/shared-dir.h"

#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/child.h"
#include "base/deadline.h"
#include "base/error.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 60 /* seconds */

static char *directory;

static void
setup (void)
{
  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  directory = g_dir_make_tmp ("vq-shared-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
}

static void
teardown (void)
{
  const char *const argv[] = { "rm", "-rf", directory, NULL };

  ck_assert (vq_child_run (argv, NULL, NULL, vq_deadline_in (PATIENCE), NULL, NULL));
  g_clear_pointer (&directory, g_free);
  leaks_assert_none ();
}

CASE ("shared-dir", setup, teardown, 60)

TEST (good)
{
  static const struct
  {
    const char *text, *source, *destination;
    gboolean writable;
  } cases[] = {
    { "src=/a,dst=/b", "/a", "/b", FALSE },
    { "dst=/b,src=/a", "/a", "/b", FALSE },
    { "src=/a,dst=/b,rw", "/a", "/b", TRUE },
    { "rw,src=/a,dst=/b", "/a", "/b", TRUE },
    { "src=/a,rw,dst=/b", "/a", "/b", TRUE },
    { "src=/a,1,,2,dst=/b,rx", "/a,1,,2", "/b,rx", FALSE },
    { "src=/a=b c,dst=/b\"c", "/a=b c", "/b\"c", FALSE },
    { "src=/a/../c/,dst=/b/", "/a/../c/", "/b/", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (VqSharedDir) dir = vq_shared_dir_parse (cases[i].text, &error);

      ck_assert_msg (dir != NULL, "%s: %s", cases[i].text, error != NULL ? error->message : "");
      ck_assert_str_eq (dir->source, cases[i].source);
      ck_assert_str_eq (dir->destination, cases[i].destination);
      ck_assert_int_eq (dir->writable, cases[i].writable);
    }
}

TEST (bad)
{
  static const struct
  {
    const char *text, *error;
  } cases[] = {
    { "", "it needs both" },
    { ",", "'' is not one of src=PATH, dst=PATH, rw" },
    { "/a", "'/a' is not one of" },
    { "ro,src=/a,dst=/b", "'ro' is not one of" },
    { "src=/a,dst=/b,rw,ro", "'ro' is not one of" },
    { "src=/a", "it needs both src=PATH and dst=PATH" },
    { "dst=/a,rw", "it needs both" },
    { "rw", "it needs both" },
    { "src=,dst=/b", "it needs both" },
    { "src=/a,dst=", "it needs both" },
    { "src=/a,src=/a,dst=/b", "src= is given twice" },
    { "src=/a,dst=/b,dst=/b", "dst= is given twice" },
    { "src=,src=/a,dst=/b", "src= is given twice" },
    { "src=/a,dst=/b,rw,rw", "rw is given twice" },
    { "src=/a,dst=b", "dst=b is not an absolute path" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (vq_shared_dir_parse (cases[i].text, &error));
      ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
      ck_assert_msg (g_str_has_prefix (error->message, cases[i].error), "%s: %s", cases[i].text,
                     error->message);
    }
}

/* QEMU, and a plan, may have another current directory. */
TEST (relative_source)
{
  g_autoptr (VqSharedDir) dir = vq_shared_dir_parse ("src=sub,dst=/b", NULL);
  g_autofree char *here = g_get_current_dir ();
  g_autofree char *expected = g_build_filename (here, "sub", NULL);

  ck_assert_str_eq (dir->source, expected);
}

/* Gives the error for the source NAME below our directory, or "". */
static char *
check_source (const char *name)
{
  g_autofree char *text = g_strdup_printf ("src=%s/%s,dst=/b", directory, name);
  g_autoptr (VqSharedDir) dir = vq_shared_dir_parse (text, NULL);
  g_autoptr (GError) error = NULL;

  if (vq_shared_dir_check (dir, &error))
    return g_strdup ("");
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
  return g_strdup (error->message);
}

TEST (sources)
{
  static const struct
  {
    const char *name, *error;
  } cases[] = {
    { "directory", "" },
    { "link", "" },
    { "missing", "--shared-dir: there is no " },
    { "file", "--shared-dir: " },
    { "broken", "--shared-dir: there is no " },
  };
  g_autofree char *file = g_build_filename (directory, "file", NULL);
  g_autofree char *sub = g_build_filename (directory, "directory", NULL);
  g_autofree char *link = g_build_filename (directory, "link", NULL);
  g_autofree char *broken = g_build_filename (directory, "broken", NULL);

  ck_assert (g_file_set_contents (file, "x", 1, NULL));
  ck_assert_int_eq (g_mkdir (sub, 0700), 0);
  ck_assert_int_eq (symlink ("directory", link), 0);
  ck_assert_int_eq (symlink ("nothing", broken), 0);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *message = check_source (cases[i].name);

      ck_assert_msg (g_str_has_prefix (message, cases[i].error)
                         && (*message == '\0') == (*cases[i].error == '\0'),
                     "%s: %s", cases[i].name, message);
    }
}

TEST (unreadable_source)
{
  g_autofree char *sub = g_build_filename (directory, "directory", NULL);
  g_autofree char *message = NULL;

  if (geteuid () == 0)
    SKIP ("root can read everything");
  ck_assert_int_eq (g_mkdir (sub, 0), 0);
  message = check_source ("directory");
  ck_assert_ptr_nonnull (strstr (message, "Permission denied"));
  ck_assert_int_eq (g_chmod (sub, 0700), 0);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/run-test.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "suite.h"

#define DISK_BYTES 4096

static char *directory;

static void
set_up (void)
{
  directory = g_dir_make_tmp ("check-run-test-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
}

static void
tear_down (void)
{
  g_rmdir (directory);
  g_free (directory);
}

/* The error for a test with N BYTES in it; NULL: it is taken. */
static char *
open_with (const char *bytes, gsize n)
{
  g_autofree char *path = g_build_filename (directory, "test", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (VqRunTest) test = NULL;

  ck_assert (g_file_set_contents (path, bytes, n, NULL));
  test = vq_run_test_open (path, NULL, &error);
  g_unlink (path);
  ck_assert_int_eq (test == NULL, error != NULL);
  if (error == NULL)
    return NULL;
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
  return g_strdup (error->message);
}

static void
assert_refused (const char *name, VqErrorCode code, const char *part)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vq_run_test_open (name, NULL, &error));
  ck_assert_msg (strstr (error->message, part) != NULL, "%s", error->message);
  ck_assert (g_error_matches (error, VQ_ERROR, code));
}

CASE ("run-test", set_up, tear_down, 0)

TEST (takes_programs)
{
  static const char *const programs[]
      = { "#!/bin/sh\n", "\n", "\177ELF", "<input sed s/x/y/\n", "<htm", "\xef\xbb\xbf", "x" };

  for (guint i = 0; i < G_N_ELEMENTS (programs); i++)
    ck_assert_ptr_null (open_with (programs[i], strlen (programs[i])));
}

TEST (refuses_what_is_no_program)
{
  static const char *const cases[][2] = {
    { "", "is an empty file" },
    { "<html>", "is a web page" },
    { "\xef\xbb\xbf \r\n<!DOCTYPE HTML PUBLIC", "is a web page" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *said = open_with (cases[i][0], strlen (cases[i][0]));

      ck_assert_msg (said != NULL && strstr (said, cases[i][1]) != NULL, "%s", said);
    }
}

/* A raw disk with a partition from sector 1 on; without it, it could be anything. */
TEST (refuses_disk_images)
{
  static const guint8 entry[] = { 0, 0, 0, 0, 0x83, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0 };
  char disk[DISK_BYTES] = "";
  g_autofree char *said = NULL;

  disk[510] = 0x55;
  disk[511] = (char)0xaa;
  ck_assert_ptr_null (open_with (disk, sizeof disk));
  memcpy (disk + 446, entry, sizeof entry);
  said = open_with (disk, sizeof disk);
  ck_assert_ptr_nonnull (said);
  ck_assert_msg (strstr (said, "is a disk image (raw), and no test: give the image with --image=")
                     != NULL,
                 "%s", said);
}

TEST (names_what_is_not_there)
{
  assert_refused ("/nonexistent/test", VQ_ERROR_MISSING, "there is no test /nonexistent/test");
  assert_refused ("debian/13", VQ_ERROR_USAGE, "debian/13 is the name of an image, and no test");
  assert_refused ("htp://host/test", VQ_ERROR_USAGE,
                  "a test can be a file, or be fetched over http, https and file only");
  assert_refused ("file://host/test", VQ_ERROR_USAGE, "is no file on this host");
}

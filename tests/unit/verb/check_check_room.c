// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/check-room.h"

#include <check.h>
#include <glib/gstdio.h>
#include <sys/resource.h>

#include "check-setup.h"
#include "suite.h"

CASE ("check-room", check_setup, check_teardown, 60)

static const VqCheckLine *
look (const char *template_dir, const char *meminfo)
{
  check_forget ();
  vq_check_room (check_lines, template_dir, meminfo);
  return check_lines->pdata[0];
}

/* It is not made only to be looked at. */
TEST (template_directory)
{
  g_autofree char *below = g_build_filename (check_root, "a/b", NULL);
  g_autofree char *found = g_strdup_printf ("free in %s (a template needs 2.2 GiB)", check_root);

  for (int i = 0; i < 2; i++)
    {
      const VqCheckLine *line = look (i == 0 ? check_root : below, "/proc/meminfo");

      ck_assert_uint_gt (line->bytes, 0);
      check_assert ("templates", line->state, found,
                    line->advice != NULL ? "--template-dir" : NULL);
      ck_assert_int_eq (line->state == VQ_CHECK_OK, line->bytes >= G_GUINT64_CONSTANT (2304) << 20);
    }
  ck_assert (!g_file_test (below, G_FILE_TEST_EXISTS));
}

TEST (bad_template_directories)
{
  g_autofree char *file = check_write ("/file", "", 0755);
  g_autofree char *below = g_build_filename (file, "x", NULL);

  look (file, "/proc/meminfo");
  check_assert ("templates", VQ_CHECK_WARNING, "is not a directory", "--template-dir");
  look (below, "/proc/meminfo");
  check_assert ("templates", VQ_CHECK_WARNING, "is not a directory", "--template-dir");
  ck_assert_int_eq (g_chmod (check_root, 0777), 0);
  look (check_root, "/proc/meminfo");
  check_assert ("templates", VQ_CHECK_WARNING, "chmod go-w", "--template-dir");
}

TEST (memory)
{
  static const struct
  {
    const char *text;
    VqCheckState state;
    const char *found, *advice;
    guint64 bytes;
  } cases[] = {
    { "MemTotal: 9 kB\nMemAvailable:    2097152 kB\nx", VQ_CHECK_OK, "2.0 GiB available", NULL,
      G_GUINT64_CONSTANT (2) << 30 },
    { "MemTotal: 9999999 kB\nMemAvailable:    2097151 kB\n", VQ_CHECK_WARNING, "2.0 GiB available",
      "--ram-size", (G_GUINT64_CONSTANT (2) << 30) - 1024 },
    { "MemTotal: 9999999 kB\n", VQ_CHECK_WARNING, "does not tell", NULL, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = check_write ("/meminfo", cases[i].text, 0644);
      const VqCheckLine *line;

      look (check_root, path);
      line = check_assert ("memory", cases[i].state, cases[i].found, cases[i].advice);
      ck_assert_uint_eq (line->bytes, cases[i].bytes);
    }
}

/* Looks with the soft limit VALUE on RESOURCE. */
static void
look_limited (int resource, rlim_t value)
{
  struct rlimit before;
  struct rlimit limited;

  ck_assert_int_eq (getrlimit (resource, &before), 0);
  limited = before;
  limited.rlim_cur = value;
  ck_assert_int_eq (setrlimit (resource, &limited), 0);
  look (check_root, "/proc/meminfo");
  ck_assert_int_eq (setrlimit (resource, &before), 0);
}

TEST (limits)
{
  look (check_root, "/proc/meminfo");
  check_assert ("limits", VQ_CHECK_OK, "suffice", NULL);
  look_limited (RLIMIT_FSIZE, 1 << 20);
  check_assert ("limits", VQ_CHECK_WARNING, "size of a file: 1.0 MiB (2.0 GiB is needed)",
                "raise the limit: ulimit -f");
  ck_assert_str_eq (((const VqCheckLine *)check_lines->pdata[3])->advice,
                    "raise the limit: ulimit -f"); /* once */
  look_limited (RLIMIT_NPROC, 127);
  check_assert ("limits", VQ_CHECK_WARNING, "processes: 127 (128 is needed)", "ulimit -u");
  look_limited (RLIMIT_NPROC, 128);
  check_assert ("limits", VQ_CHECK_OK, "suffice", NULL);
  look_limited (RLIMIT_NOFILE, 128); /* the server raises it */
  check_assert ("limits", VQ_CHECK_OK, "suffice", NULL);
#ifndef __SANITIZE_ADDRESS__ /* which needs much more address space */
  look_limited (RLIMIT_AS, G_GUINT64_CONSTANT (3) << 30);
  check_assert ("limits", VQ_CHECK_WARNING, "memory of a process: 3.0 GiB", "ulimit -v");
  look_limited (RLIMIT_AS, G_GUINT64_CONSTANT (1) << 30);
  check_assert ("limits", VQ_CHECK_ERROR, "memory of a process: 1.0 GiB", "ulimit -v");
#endif
}

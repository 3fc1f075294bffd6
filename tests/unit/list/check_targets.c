// SPDX-License-Identifier: GPL-2.0-or-later
#include "list/targets.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "suite.h"

static char *path;

static void
setup (void)
{
  int fd = g_file_open_tmp ("targets-XXXXXX", &path, NULL);

  ck_assert (g_close (fd, NULL));
}

static void
teardown (void)
{
  g_unlink (path);
  g_clear_pointer (&path, g_free);
}

CASE ("targets", setup, teardown, 30)

static gboolean
read_file (const char *text, GPtrArray *names, GError **error)
{
  ck_assert (g_file_set_contents (path, text, -1, NULL));
  return vq_targets_read (path, names, error);
}

/* As list prints it, and as people write it. */
TEST (names_in_a_file)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  ck_assert (read_file ("roles: [a]\ntargets:\n  root@web.virt-qemu: ssh-ed25519 AAAA\n"
                        "  web-2: null\n  ubuntu@b:\n",
                        names, NULL));
  ck_assert_int_eq (names->len, 3);
  ck_assert_str_eq (names->pdata[0], "web");
  ck_assert_str_eq (names->pdata[1], "web-2");
  ck_assert_str_eq (names->pdata[2], "b");
  ck_assert (read_file ("targets: {}\n", names, NULL));
  ck_assert_int_eq (names->len, 3);
}

static const struct
{
  const char *text, *error;
} bad[] = {
  { "", "no mapping" },
  { "targets:\n", "no mapping" },
  { "targets: [web]", "no mapping" },
  { "targets:\n  a b: c\n", "a b" },
  { "targets: {[a]: b}", "name" },
  { "targets:\n  \"web: 1\n", "line" },
};

TEST_LOOP (bad_file, 0, G_N_ELEMENTS (bad))
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;

  ck_assert (!read_file (bad[_i].text, names, &error));
  ck_assert_int_eq (error->code, VQ_ERROR_USAGE);
  ck_assert_msg (strstr (error->message, bad[_i].error) != NULL, "%s", error->message);
  ck_assert_msg (g_str_has_prefix (error->message, path), "%s", error->message);
}

TEST (no_file)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_targets_read ("/nonexistent/targets", names, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "/nonexistent/targets"));
}

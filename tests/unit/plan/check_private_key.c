// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/private-key.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "leaks.h"
#include "suite.h"
#include "tree.h"

#define KEY "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"

static char *directory;

static void
set_up (void)
{
  leaks_begin ();
  directory = g_dir_make_tmp ("vq-access-XXXXXX", NULL);
}

static void
tear_down (void)
{
  tree_remove (directory);
  g_clear_pointer (&directory, g_free);
  leaks_assert_none ();
}

/* A file NAME with N bytes of TEXT. Transfer full. */
static char *
make_file (const char *name, const char *text, gssize n)
{
  char *path = g_build_filename (directory, name, NULL);

  ck_assert (g_file_set_contents (path, text, n, NULL));
  return path;
}

static void
assert_refused_as (VqErrorCode code, const char *path, const char *why)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vq_private_key_read (path, &error));
  ck_assert_msg (g_error_matches (error, VQ_ERROR, (int)code), "%s", error->message);
  ck_assert_msg (strstr (error->message, path) != NULL, "%s", error->message);
  ck_assert_msg (strstr (error->message, why) != NULL, "%s", error->message);
}

CASE ("private-key", set_up, tear_down, 60)

TEST (a_key)
{
  g_autofree char *path = make_file ("key", KEY, -1);
  g_autofree char *text = vq_private_key_read (path, NULL);

  ck_assert_str_eq (text, KEY);
}

static void
assert_refused (const char *path, const char *why)
{
  assert_refused_as (VQ_ERROR_USAGE, path, why);
}

/* Nobody waits for a FIFO's other end. */
TEST (no_keys)
{
  g_autofree char *missing = g_build_filename (directory, "missing", NULL);
  g_autofree char *fifo = g_build_filename (directory, "fifo", NULL);
  g_autofree char *zeroes = g_malloc0 (100000);
  g_autofree char *empty = make_file ("empty", "", 0);
  g_autofree char *text = make_file ("text", "hello\n", -1);
  g_autofree char *public = make_file ("id.pub", "ssh-ed25519 AAAA me\n", -1);
  g_autofree char *large = make_file ("large", zeroes, 100000);

  ck_assert_int_eq (mkfifo (fifo, 0600), 0);
  assert_refused_as (VQ_ERROR_MISSING, missing, "cannot read");
  assert_refused (directory, "is not a plain file");
  assert_refused (fifo, "is not a plain file");
  assert_refused (large, "is larger than 32768 bytes");
  assert_refused (empty, "holds no private key");
  assert_refused (text, "holds no private key");
  assert_refused (public, "without .pub");
}

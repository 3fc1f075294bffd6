// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/unix-socket.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "suite.h"

static char *directory;
static char *path;

static void
setup (void)
{
  directory = g_dir_make_tmp ("vq-socket-XXXXXX", NULL);
  path = g_build_filename (directory, "socket", NULL);
}

static void
teardown (void)
{
  g_unlink (path);
  ck_assert_int_eq (g_rmdir (directory), 0);
  g_clear_pointer (&path, g_free);
  g_clear_pointer (&directory, g_free);
}

CASE ("unix-socket", setup, teardown, 20)

static int
connect_fails (GError **error)
{
  ck_assert_int_eq (vq_unix_socket_connect (path, error), -1);
  return (*error)->code;
}

TEST (connects)
{
  g_autoptr (GError) error = NULL;
  vq_autofd int server = vq_unix_socket_listen (path, &error);
  vq_autofd int client = vq_unix_socket_connect (path, &error);
  vq_autofd int accepted = accept4 (server, NULL, NULL, SOCK_CLOEXEC);
  struct stat st;

  ck_assert_int_ge (server, 0);
  ck_assert_int_ge (client, 0);
  ck_assert (vq_unix_socket_peer_is_allowed (accepted));
  ck_assert (vq_unix_socket_peer_is_allowed (client));
  ck_assert_int_eq (g_stat (path, &st), 0);
  ck_assert_int_eq (st.st_mode & 07777, 0600);
}

TEST (nobody_listens)
{
  g_autoptr (GError) none = NULL;
  g_autoptr (GError) left = NULL;
  vq_autofd int server = -1;

  ck_assert_int_eq (connect_fails (&none), VQ_ERROR_MISSING);
  server = vq_unix_socket_listen (path, NULL);
  vq_fd_clear (&server);
  ck_assert_int_eq (connect_fails (&left), VQ_ERROR_MISSING);
}

TEST (name_is_taken)
{
  g_autoptr (GError) error = NULL;
  vq_autofd int server = vq_unix_socket_listen (path, NULL);

  ck_assert_int_eq (vq_unix_socket_listen (path, &error), -1);
  ck_assert_ptr_nonnull (strstr (error->message, "Address already in use"));
}

TEST (path_is_too_long)
{
  g_autofree char *dots = g_strnfill (120, 'x');
  g_autofree char *long_path = g_build_filename (directory, dots, NULL);
  g_autoptr (GError) error = NULL;

  ck_assert_int_eq (vq_unix_socket_listen (long_path, &error), -1);
  ck_assert_ptr_nonnull (strstr (error->message, "too long"));
}

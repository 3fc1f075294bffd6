// SPDX-License-Identifier: GPL-2.0-or-later
/* The socket is this test's. As QEMU does, it takes one connection and leaves further ones in the
 * queue. */
#include "qemu/qemu-port.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 60 /* seconds */

static char *directory;
static char *path;
static int listener;
static VqCancel *cancel;

static void
set_up (void)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  leaks_begin ();
  directory = g_dir_make_tmp ("vq-port-XXXXXX", NULL);
  path = g_build_filename (directory, "hvc1", NULL);
  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ck_assert_int_eq (bind (listener, (struct sockaddr *)&address, sizeof address), 0);
  ck_assert_int_eq (listen (listener, 1), 0);
  cancel = vq_cancel_new (NULL);
}

static void
tear_down (void)
{
  g_clear_pointer (&cancel, vq_cancel_free);
  close (listener);
  g_unlink (path);
  g_rmdir (directory);
  g_clear_pointer (&path, g_free);
  g_clear_pointer (&directory, g_free);
  leaks_assert_none ();
}

static int
connect_within (double seconds, GError **error)
{
  return vq_qemu_port_connect (directory, "hvc1", vq_deadline_in (seconds), cancel, error);
}

/* Each boot leaves a connection behind that QEMU does not take. */
static void
fill_queue (void)
{
  for (guint i = 0; i < 2; i++)
    {
      int fd = connect_within (PATIENCE, NULL);

      ck_assert_int_ge (fd, 0);
      close (fd);
    }
}

CASE ("qemu-port", set_up, tear_down, 60)

TEST (connects)
{
  vq_autofd int fd = connect_within (0, NULL);
  vq_autofd int other = accept (listener, NULL, NULL);

  ck_assert_int_eq (write (fd, "x", 1), 1);
  ck_assert_int_ge (other, 0);
}

TEST (no_socket)
{
  g_autoptr (GError) error = NULL;

  ck_assert_int_eq (
      vq_qemu_port_connect (directory, "none", vq_deadline_in (PATIENCE), NULL, &error), -1);
  ck_assert_ptr_nonnull (strstr (error->message, "/none: No such file"));
  ck_assert (!vq_error_is_timeout (error));
}

/* DEADLINE in seconds; but no wait takes longer than a few seconds. */
TEST_LOOP (in_use, 0, 2)
{
  gint64 start = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;

  fill_queue ();
  ck_assert_int_eq (connect_within (_i == 0 ? 0.2 : PATIENCE, &error), -1);
  ck_assert (vq_error_is_timeout (error));
  ck_assert_ptr_nonnull (strstr (error->message, "/hvc1 is in use: end the other program"));
  ck_assert_int_lt (g_get_monotonic_time () - start, (_i == 0 ? 2 : 10) * G_USEC_PER_SEC);
}

static gboolean
trigger (gpointer data)
{
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_CANCELLED, "got signal 15");

  vq_cancel_trigger (cancel, reason);
  return G_SOURCE_REMOVE;
}

TEST (cancelled)
{
  g_autoptr (GError) error = NULL;

  fill_queue ();
  g_timeout_add (50, trigger, NULL);
  ck_assert_int_eq (connect_within (PATIENCE, &error), -1);
  ck_assert_str_eq (error->message, "got signal 15");
}

static gboolean
take_one (gpointer data)
{
  close (accept (listener, NULL, NULL));
  return G_SOURCE_REMOVE;
}

TEST (room_comes)
{
  vq_autofd int fd = -1;

  fill_queue ();
  g_timeout_add (100, take_one, NULL);
  fd = connect_within (PATIENCE, NULL);
  ck_assert_int_ge (fd, 0);
}

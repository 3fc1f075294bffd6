// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's console is a socket of this test; check_serial_login has the login itself. */
#include "way/way-login.h"

#include <check.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "leaks.h"
#include "messages.h"
#include "suite.h"

#define PATIENCE 60 /* seconds */

static char *directory;
static char *path;
static int listener;
static int guest; /* its end */
static VqWay *way;

static void
set_up (void)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_autoptr (GError) error = NULL;

  leaks_begin ();
  directory = g_dir_make_tmp ("vq-login-XXXXXX", NULL);
  path = g_build_filename (directory, "ttyS0", NULL);
  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ck_assert_int_eq (bind (listener, (struct sockaddr *)&address, sizeof address), 0);
  ck_assert_int_eq (listen (listener, 1), 0);
  way = vq_way_login_new (directory, "ttyS0", NULL, NULL, vq_deadline_in (60), NULL, &error);
  ck_assert_msg (way != NULL, "%s", error != NULL ? error->message : "");
  guest = accept (listener, NULL, NULL);
}

static void
tear_down (void)
{
  g_clear_pointer (&way, vq_way_free);
  close (guest);
  close (listener);
  g_unlink (path);
  g_rmdir (directory);
  g_clear_pointer (&path, g_free);
  g_clear_pointer (&directory, g_free);
  ck_assert (!g_main_context_pending (NULL));
  leaks_assert_none ();
}

static void
say (const char *text)
{
  ck_assert_int_eq (write (guest, text, strlen (text)), (gssize)strlen (text));
}

CASE ("way-login", set_up, tear_down, 60)

TEST (prompt_that_stays)
{
  say ("\r\nhost login: ");
  ck_assert (!vq_way_is_ready (way));
  ck_assert (vq_wait_until (vq_way_is_ready, way, vq_deadline_in (PATIENCE), NULL, "", NULL));
}

/* The system goes on: what looked like a prompt was none. */
TEST (prompt_that_goes)
{
  say ("\r\nhost login: ");
  g_main_context_iteration (NULL, TRUE);
  say ("none\r\nStarting all the rest\r\n");
  ck_assert (!vq_wait_until (vq_way_is_ready, way, vq_deadline_in (7), NULL, "", NULL));
}

/* What comes while it is freed must not arm anything. */
TEST (prompt_at_the_end)
{
  g_autoptr (GError) error = NULL;
  char *name = g_strdup (way->name);

  ck_assert_str_eq (name, "login on ttyS0");
  g_free (name);
  say ("\r\nhost login: ");
  g_clear_pointer (&way, vq_way_free);
  ck_assert (!vq_wait_pause (6000, NULL, &error) || error == NULL);
}

static gboolean
guest_can_read (gpointer data)
{
  struct pollfd entry = { .fd = guest, .events = POLLIN };

  return poll (&entry, 1, 0) > 0;
}

/* What we type within five seconds; "" if it is nothing. Transfer full. */
static char *
read_answer (void)
{
  char bytes[100];
  gboolean typed = vq_wait_until (guest_can_read, NULL, vq_deadline_in (5), NULL, "answer", NULL);
  gssize n = typed ? read (guest, bytes, sizeof bytes) : 0;

  return g_strndup (bytes, n);
}

/* Each question of the first boot is answered once, and the user is told once. */
TEST (first_boot)
{
  static const char *const says[]
      = { "-- Press any key to proceed --\r\n", "\r\nPlease enter a locale (empty to skip, ...): ",
          "\r\nNo data entered, skipping.\r\n" };
  static const char *const answers[] = { "\n", "\n", "" };

  messages_begin ();
  for (gsize i = 0; i < G_N_ELEMENTS (says); i++)
    {
      g_autofree char *answer = NULL;

      say (says[i]);
      answer = read_answer ();
      ck_assert_str_eq (answer, answers[i]);
    }
  messages_assert_warning ("systemd-firstboot");
  messages_end ();
  say ("\r\nhost login: ");
  ck_assert (vq_wait_until (vq_way_is_ready, way, vq_deadline_in (PATIENCE), NULL, "", NULL));
}

TEST (no_socket)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (
      vq_way_login_new (directory, "ttyS1", NULL, NULL, vq_deadline_in (60), NULL, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "ttyS1"));
}

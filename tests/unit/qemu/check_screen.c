// SPDX-License-Identifier: GPL-2.0-or-later
/* Pictures of a real QEMU that we only know by its socket, as those who have not started it do. */
#include "qemu/screen.h"

#include <check.h>
#include <string.h>
#include <unistd.h>

#include "bare-machine.h"
#include "base/error.h"
#include "io/unix-socket.h"
#include "leaks.h"
#include "qemu/qemu.h"
#include "suite.h"

#define PATIENCE 60

static const guint8 code_halt[] = { 0xf4 }; /* hlt */

static BareMachine *bare;
static VqQemu *qemu;
static char *path;

static void
start (const char *display)
{
  g_autoptr (GError) error = NULL;

  bare = bare_machine_new ("x86_64", NULL);
  bare->plan.display = (char *)display;
  bare_machine_make_disk (bare, NULL, code_halt, sizeof code_halt);
  path = g_build_filename (bare->directory, "qmp", NULL);
  qemu = vq_qemu_start (&bare->machine, vq_deadline_in (PATIENCE), NULL, &error);
  ck_assert_msg (qemu != NULL, "%s", error != NULL ? error->message : "");
}

static void
tear_down (void)
{
  g_clear_pointer (&qemu, vq_qemu_free);
  g_clear_pointer (&path, g_free);
  g_clear_pointer (&bare, bare_machine_free);
  leaks_assert_none ();
}

/* Asserts that a picture can be taken, and is complete. */
static void
assert_picture (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) picture
      = vq_screen_take_picture_from (path, vq_deadline_in (PATIENCE), &error);
  const char *bytes;
  gsize n;

  ck_assert_msg (picture != NULL, "%s", error != NULL ? error->message : "");
  bytes = g_bytes_get_data (picture, &n);
  ck_assert_uint_gt (n, 100);
  ck_assert_mem_eq (bytes, "\x89PNG\r\n\x1a\n", 8);
  ck_assert_mem_eq (bytes + n - 8, "IEND\xae\x42\x60\x82", 8);
}

/* Asserts that none can be taken, and that the error has TEXT in it. */
static void
assert_none (double seconds, int code, const char *text)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vq_screen_take_picture_from (path, vq_deadline_in (seconds), &error));
  ck_assert_msg (g_error_matches (error, VQ_ERROR, code), "%s", error->message);
  ck_assert_msg (strstr (error->message, text) != NULL, "%s", error->message);
}

CASE ("screen", leaks_begin, tear_down, 120)

/* How many descriptors for pictures QEMU has. */
static guint
count_descriptors (void)
{
  g_autofree char *directory = g_strdup_printf ("/proc/%d/fd", vq_qemu_get_pid (qemu));
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *link = g_build_filename (directory, name, NULL);
      g_autofree char *target = g_file_read_link (link, NULL);

      n += target != NULL && strstr (target, "virt-qemu-screen") != NULL;
    }
  return n;
}

/* QEMU drops descriptors only while the guest runs. */
TEST (pictures)
{
  start ("VGA");
  ck_assert (vq_qemu_run_guest (qemu, vq_deadline_in (PATIENCE), NULL));
  assert_picture ();
  assert_picture ();
  ck_assert_uint_eq (count_descriptors (), 0);
}

TEST (another_client)
{
  int fd;

  start ("VGA");
  fd = vq_unix_socket_connect (path, NULL);
  ck_assert_int_ge (fd, 0);
  assert_none (0.3, VQ_ERROR_BUSY, "another client");
  close (fd);
  assert_picture ();
}

TEST (no_screen)
{
  start (NULL);
  assert_none (PATIENCE, VQ_ERROR_PEER, "no console");
}

TEST (no_qemu)
{
  start ("VGA");
  g_clear_pointer (&qemu, vq_qemu_free);
  assert_none (PATIENCE, VQ_ERROR_MISSING, "qmp");
}

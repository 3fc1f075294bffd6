// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-fixture.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper-process.h"
#include "leaks.h"

#define PATIENCE_MS 60000

FakeHost *guest;
int guest_status;
char *guest_directory;

void
guest_setup_raw (void)
{
  leaks_begin ();
  guest_directory = g_dir_make_tmp ("vq-helper-XXXXXX", NULL);
  guest_status = 0;
  guest = fake_host_new ();
}

void
guest_setup (void)
{
  guest_setup_raw ();
  fake_host_hello (guest, 'a');
}

static void
remove_files (const char *path)
{
  GDir *dir = g_dir_open (path, 0, NULL);

  for (const char *name = g_dir_read_name (dir); name != NULL; name = g_dir_read_name (dir))
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      ck_assert_int_eq (g_unlink (file), 0);
    }
  g_dir_close (dir);
  ck_assert_int_eq (g_rmdir (path), 0);
}

void
guest_teardown (void)
{
  fake_host_free (guest, guest_status);
  remove_files (guest_directory);
  g_clear_pointer (&guest_directory, g_free);
  leaks_assert_none ();
}

static char *wrapper;
static char *wrapped;

void
guest_wrap (const char *commands)
{
  g_autofree char *program = helper_process_path ();
  g_autofree char *script = g_strdup_printf ("#!/bin/sh\n%s\nexec %s \"$@\"\n", commands, program);

  wrapped = g_strdup (g_getenv ("VQ_GUEST_HELPER"));
  wrapper = g_strdup ("/tmp/vq-wrapper-XXXXXX");
  close (g_mkstemp (wrapper));
  ck_assert (g_file_set_contents (wrapper, script, -1, NULL));
  ck_assert_int_eq (g_chmod (wrapper, 0755), 0);
  g_setenv ("VQ_GUEST_HELPER", wrapper, TRUE);
}

void
guest_unwrap (void)
{
  if (wrapped != NULL)
    g_setenv ("VQ_GUEST_HELPER", wrapped, TRUE);
  else
    g_unsetenv ("VQ_GUEST_HELPER");
  g_unlink (wrapper);
  g_clear_pointer (&wrapper, g_free);
  g_clear_pointer (&wrapped, g_free);
}

char *
guest_make_fifo (const char *name)
{
  char *fifo = g_build_filename (guest_directory, name, NULL);

  ck_assert_int_eq (mkfifo (fifo, 0600), 0);
  return fifo;
}

int
guest_start_lasting (void)
{
  g_autofree char *fifo = guest_make_fifo ("lasting");
  g_autofree char *script = g_strdup_printf ("exec 9>%s; sleep 1000 & echo started; wait", fifo);
  int fd = open (fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

  ck_assert_int_ge (fd, 0);
  fake_host_shell (guest, 1, script);
  fake_host_wait_for_text (guest, 1, "started");
  return fd;
}

void
guest_assert_killed (int fd)
{
  struct pollfd entry = { .fd = fd, .events = POLLIN };

  ck_assert_int_eq (poll (&entry, 1, PATIENCE_MS), 1);
  ck_assert_int_eq (entry.revents, POLLHUP);
  close (fd);
}

gsize
guest_fill_stdin (guint32 number, const char *bytes)
{
  HostStream *stream = fake_host_stream (guest, number);
  gsize sent = 0;

  while (sent - stream->stdin_credit < VQ_HELPER_WINDOW)
    {
      gsize n = MIN (VQ_HELPER_WINDOW - (sent - stream->stdin_credit), 10000);

      ck_assert_uint_le (sent + n, 2 * 1024 * 1024);
      fake_host_send (guest, VQ_HELPER_STDIN, number, bytes + sent, n);
      sent += n;
      guest_assert_works (100000 + sent); /* the credit has come by then */
    }
  return sent;
}

int
guest_open_fifo (const char *fifo)
{
  int fd = open (fifo, O_RDONLY | O_CLOEXEC);

  ck_assert_int_ge (fd, 0);
  return fd;
}

void
guest_assert_works (guint32 stream)
{
  fake_host_shell (guest, stream, "printf works");
  fake_host_assert_end (guest, stream, VQ_HELPER_EXITED, 0);
  ck_assert_str_eq (fake_host_stream (guest, stream)->out->str, "works");
}

guint
guest_count_fds (void)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd", (int)fake_host_pid (guest));
  GDir *dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  ck_assert_ptr_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;
  g_dir_close (dir);
  return n;
}

guint
guest_count_processes (void)
{
  int pid = fake_host_pid (guest);
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/children", pid, pid);
  g_autofree char *text = NULL;
  guint n = 0;

  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  for (const char *at = text; *at != '\0'; at++)
    n += *at == ' ';
  return n;
}

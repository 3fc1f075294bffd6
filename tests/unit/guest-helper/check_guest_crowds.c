// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest helper as a process of this machine: many commands, at once and in a row. */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "guest-fixture.h"
#include "suite.h"

CASE ("crowds", guest_setup, guest_teardown, 120)

TEST (runs_hundreds_at_once)
{
  for (guint32 i = 1; i <= 300; i++)
    fake_host_shell (guest, i, "read line; echo \"$line\"; exec cat");
  for (guint32 i = 1; i <= 300; i++)
    {
      g_autofree char *text = g_strdup_printf ("line\n%u\n", i);

      fake_host_send_stdin (guest, i, text, strlen (text));
      fake_host_end_stdin (guest, i);
    }
  for (guint32 i = 300; i >= 1; i--)
    {
      g_autofree char *text = g_strdup_printf ("line\n%u\n", i);

      fake_host_assert_end (guest, i, VQ_HELPER_EXITED, 0);
      ck_assert_str_eq (fake_host_stream (guest, i)->out->str, text);
    }
}

TEST (runs_as_many_as_there_may_be)
{
  for (guint32 i = 1; i <= VQ_HELPER_STREAMS_MAX; i++)
    fake_host_run (guest, i, "acat", NULL);
  for (guint32 i = 0; i < 2; i++)
    {
      fake_host_run (guest, 2000 + i, "atrue", NULL);
      fake_host_assert_end (guest, 2000 + i, VQ_HELPER_NOT_STARTED, 0);
      ck_assert_str_eq (fake_host_stream (guest, 2000 + i)->text, "too many commands at once");
    }
  /* One that comes in parts is told so only when it is complete, and then is over. */
  fake_host_stream (guest, 3000);
  fake_host_send (guest, VQ_HELPER_RUN_PART, 3000, "aecho", 6);
  fake_host_end_stdin (guest, 1);
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 0);
  fake_host_send (guest, VQ_HELPER_RUN_PART, 3000, "ax", 3);
  fake_host_send (guest, VQ_HELPER_RUN, 3000, "ay", 3);
  fake_host_assert_end (guest, 3000, VQ_HELPER_NOT_STARTED, 0);
  guest_assert_works (4000);
}

TEST (survives_a_lack_of_descriptors)
{
  struct rlimit few = { 20, 20 };

  ck_assert_int_eq (prlimit (fake_host_pid (guest), RLIMIT_NOFILE, &few, NULL), 0);
  for (guint32 i = 1; i <= 50; i++)
    fake_host_run (guest, i, "acat", NULL);
  fake_host_assert_end (guest, 50, VQ_HELPER_NOT_STARTED, 0);
  /* C libraries differ in the rest. */
  ck_assert (g_str_has_prefix (fake_host_stream (guest, 50)->text, "cannot make a pipe: "));
  fake_host_end_stdin (guest, 1);
  fake_host_end_stdin (guest, 2);
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 0);
  fake_host_assert_end (guest, 2, VQ_HELPER_EXITED, 0);
  guest_assert_works (51);
}

/* Always the same with ASan, which keeps what was freed. */
static guint
resident_kib (void)
{
#ifdef __SANITIZE_ADDRESS__
  return 0;
#else
  g_autofree char *path = g_strdup_printf ("/proc/%d/statm", (int)fake_host_pid (guest));
  g_autofree char *text = NULL;
  char *rest;

  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  strtoul (text, &rest, 10);
  return strtoul (rest, NULL, 10) * (sysconf (_SC_PAGESIZE) / 1024);
#endif
}

/* Every way in which a command can start, or not. */
static void
run_one_of_each (guint32 number)
{
  fake_host_shell (guest, number, "echo hello; exit 1");
  fake_host_assert_end (guest, number, VQ_HELPER_EXITED, 1);
  fake_host_run (guest, number + 1, "ano-such-program", "d/tmp", "eA=B", NULL);
  fake_host_assert_end (guest, number + 1, VQ_HELPER_EXITED, 127);
  fake_host_run (guest, number + 2, "atrue", "d/no/such", NULL);
  fake_host_assert_end (guest, number + 2, VQ_HELPER_NOT_STARTED, 0);
  fake_host_run (guest, number + 3, "atrue", "t1 1", NULL);
  fake_host_assert_end (guest, number + 3, VQ_HELPER_EXITED, 0);
}

TEST (leaks_nothing)
{
  guint kib = 0;
  guint n_fds = guest_count_fds ();

  for (guint32 i = 1; i <= 800; i++)
    {
      run_one_of_each (10 * i);
      if (i == 100)
        kib = resident_kib ();
    }
  guest_assert_works (1);
  ck_assert_uint_eq (guest_count_fds (), n_fds);
  ck_assert_uint_eq (guest_count_processes (), 0);
  ck_assert_uint_le (resident_kib (), kib + 2 * VQ_HELPER_ACK_BYTES / 1024);
}

/* Each of these daemons holds two pipes. Of more than there may be, the oldest are closed. */
TEST (keeps_so_many_pipes_of_daemons_and_no_more)
{
  const guint n = 520;
  g_autofree char *fifo = guest_make_fifo ("fifo");
  g_autofree char *script = g_strdup_printf ("(read line <%s) & exit", fifo);
  guint n_fds = guest_count_fds ();
  int fd;

  for (guint32 i = 1; i <= n; i++)
    {
      fake_host_shell (guest, i, script);
      fake_host_assert_end (guest, i, VQ_HELPER_EXITED, 0);
    }
  ck_assert_uint_eq (guest_count_fds (), n_fds + 1024);
  fd = open (fifo, O_WRONLY | O_CLOEXEC);
  for (guint i = 0; i < n; i++)
    ck_assert_int_eq (write (fd, "\n", 1), 1);
  for (guint32 i = n + 1; guest_count_fds () > n_fds; i++)
    guest_assert_works (i);
  close (fd);
}

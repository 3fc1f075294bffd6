// SPDX-License-Identifier: GPL-2.0-or-later
/* "virt-qemu console", on a terminal with a person at it. The other end of the console is ours. */
#include "client/verb-console.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli-run.h"
#include "instance-setup.h"
#include "io/unix-socket.h"
#include "person.h"
#include "suite.h"

#define PATIENCE_MS 60000

static char *program;
static int listener, port;

static void
setup (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *here = g_path_get_dirname (self);
  g_autofree char *exec = NULL;
  g_autofree char *path = NULL;

  program = g_build_filename (here, "..", "virt-qemu", NULL);
  instance_setup ();
  exec = g_build_filename (instance_directory, "exec", NULL);
  instance_serve ("web", exec);
  path = g_build_filename (instance_directory, "run", "web", "ttyS0", NULL);
  listener = vq_unix_socket_listen (path, NULL);
  ck_assert_int_ge (listener, 0);
}

static void
teardown (void)
{
  close (listener);
  cli_run_clear ();
  instance_teardown ();
  g_clear_pointer (&program, g_free);
}

static int
run_program (gpointer words)
{
  int tty = open ("/dev/tty", O_RDWR | O_CLOEXEC);

  for (int fd = 0; tty >= 0 && fd <= STDERR_FILENO; fd++)
    dup2 (tty, fd);
  execv (program, words);
  return 99;
}

static void
await (int fd)
{
  struct pollfd entry = { fd, POLLIN, 0 };

  ck_assert_int_eq (poll (&entry, 1, PATIENCE_MS), 1);
}

static void
begin (void)
{
  static const char *const words[] = { "virt-qemu", "console", "web", NULL };

  person_begin (run_program, (gpointer)words, 24, 80);
  await (listener);
  port = accept (listener, NULL, NULL);
  ck_assert_int_ge (port, 0);
  person_expect ("Ctrl-] leaves it\r\n");
}

/* Sends TEXT, after which the terminal is surely raw. */
static void
say (const char *text)
{
  ck_assert_int_eq (write (port, text, strlen (text)), (gssize)strlen (text));
  person_expect (text);
}

static void
assert_gets (const char *text)
{
  char buffer[100];
  gsize n = 0;

  while (n < strlen (text))
    {
      gssize got;

      await (port);
      got = read (port, buffer + n, sizeof buffer - n);
      ck_assert_int_gt (got, 0);
      n += got;
    }
  ck_assert_msg (n == strlen (text) && memcmp (buffer, text, n) == 0, "%.*s", (int)n, buffer);
}

static int
end (void)
{
  siginfo_t info;

  ck_assert_int_eq (waitid (P_PID, person_child (), &info, WEXITED | WNOWAIT), 0);
  ck_assert (person_is_as_before ());
  close (port);
  return WEXITSTATUS (person_end ());
}

CASE ("console", setup, teardown, 100)

/* Every key is for the guest, ^C too, and nothing is echoed here. */
TEST (keys_and_output)
{
  begin ();
  say ("web login: ");
  ck_assert (person_is_raw ());
  person_type ("root\r\003");
  assert_gets ("root\r\003");
  ck_assert_ptr_null (strstr (person_seen (), "root"));
  person_type ("last\035never");
  assert_gets ("last");
  ck_assert_int_eq (end (), 0);
}

TEST (machine_ends)
{
  begin ();
  say ("Power down.");
  shutdown (port, SHUT_RDWR);
  person_expect ("console of \"web\": the machine has ended");
  ck_assert_int_eq (end (), 4);
}

/* The second one is told, and the first one goes on; then the console is free. */
TEST (it_is_in_use)
{
  begin ();
  say ("login: ");
  ck_assert_int_eq (cli_run ("console web"), 4);
  cli_assert_in (cli_err, "console of \"web\": it is in use\n");
  say ("Password: ");
  person_type ("\035");
  ck_assert_int_eq (end (), 0);
  begin ();
  say ("login: ");
  person_type ("\035");
  ck_assert_int_eq (end (), 0);
}

/* Its lock is free however it has ended. */
TEST (killed)
{
  begin ();
  say ("login: ");
  kill (person_child (), SIGKILL);
  waitpid (person_child (), NULL, 0);
  close (port);
  cli_run ("console web");
  ck_assert_ptr_null (strstr (cli_err, "in use"));
}

TEST (the_machine_just_ends)
{
  close (listener);
  ck_assert_int_eq (cli_run ("console web"), 4);
  cli_assert_in (cli_err, "just starting or stopping");
}

/* It can be left nevertheless. */
TEST (guest_reads_nothing)
{
  g_autofree char *much = g_strnfill (2000, 'x');

  begin ();
  say ("busy");
  for (int i = 0; i < 300; i++)
    person_type (much);
  person_type ("\035");
  ck_assert_int_eq (end (), 0);
}

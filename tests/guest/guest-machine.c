// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "guest-tests.h"
#include "suite.h"
#include "process.h"

static const char *const sockets[] = { "ttyS0", "ttyS1", "hvc0", "hvc1", "monitor", "qmp" };

CASE ("machine", NULL, NULL, 0)

TEST_LOOP (test_sockets_are_in_a_private_directory, 0, G_N_ELEMENTS (sockets))
{
  g_autofree char *directory = server_get_directory (shared_testbed ());
  g_autofree char *path = g_build_filename (directory, sockets[_i], NULL);
  struct stat st;

  ck_assert_int_eq (stat (directory, &st), 0);
  ck_assert_int_eq (st.st_mode & 07777, 0700);
  ck_assert_msg (stat (path, &st) == 0, "%s is not there", path);
  ck_assert (S_ISSOCK (st.st_mode));
}

/* The overlay has no name: a kill -9 leaves no large file. */
TEST (test_the_directory_has_no_large_file)
{
  g_autofree char *out
      = process_output ((const char *[]){ "find", server_get_tmpdir (shared_testbed ()), "-type",
                                          "f", "-size", "+1M", NULL },
                        SOON);

  ck_assert_str_eq (out, "");
}

/* Reads from FD until TEXT has come; gives all that was read. */
static char *
read_until (int fd, const char *text)
{
  GString *all = g_string_new (NULL);

  while (strstr (all->str, text) == NULL)
    {
      char buffer[4096];
      gssize n = process_poll (fd, POLLIN, SOON) ? read (fd, buffer, sizeof buffer) : -1;

      if (n <= 0)
        ck_abort_msg ("no `%s' in: %s", text, all->str);
      for (gssize i = 0; i < n; i++)
        if (buffer[i] != '\0')
          g_string_append_c (all, buffer[i]);
    }
  return g_string_free (all, FALSE);
}

static int
connect_monitor (const char *name)
{
  g_autofree char *directory = server_get_directory (shared_testbed ());
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_snprintf (address.sun_path, sizeof address.sun_path, "%s/%s", directory, name);
  ck_assert_int_eq (connect (fd, (struct sockaddr *)&address, sizeof address), 0);
  return fd;
}

/* What QEMU's monitor says to LINE, which ends in a newline. */
static char *
ask_monitor (const char *line)
{
  int fd = connect_monitor ("monitor");
  g_autofree char *banner = read_until (fd, "(qemu) ");
  char *answer;

  ck_assert_int_eq (write (fd, line, strlen (line)), strlen (line));
  /* The prompt is shown again while it echoes; the answer ends in one on a line of its own. */
  answer = read_until (fd, "\n(qemu) ");
  close (fd);
  return answer;
}

TEST (test_people_can_use_the_monitor)
{
  for (int i = 0; i < 2; i++) /* the second one finds it free again */
    {
      g_autofree char *answer = ask_monitor ("info status\n");

      ck_assert_msg (strstr (answer, "VM status: running") != NULL, "%s", answer);
    }
}

TEST (test_programs_can_use_qmp)
{
  static const char request[]
      = "{\"execute\":\"qmp_capabilities\"}{\"execute\":\"query-status\",\"id\":7}\n";
  int fd = connect_monitor ("qmp");
  g_autofree char *answer = NULL;

  g_free (read_until (fd, "\"QMP\""));
  ck_assert_int_eq (write (fd, request, strlen (request)), strlen (request));
  answer = read_until (fd, "\"id\": 7");
  ck_assert_msg (strstr (answer, "\"running\": true") != NULL, "%s", answer);
  close (fd);
}

/* "TCP[HOST_FORWARD]  12       127.0.0.1 10022       10.0.2.15    22     0     0" */
TEST (test_ssh_is_forwarded)
{
  g_autofree char *answer = ask_monitor ("info usernet\n");
  const char *line = strstr (answer, "HOST_FORWARD]");
  struct sockaddr_in address = { .sin_family = AF_INET };
  char host[64];
  int fd, handle, port, guest_port;

  ck_assert_msg (line != NULL, "%s", answer);
  ck_assert_int_eq (
      sscanf (line, "HOST_FORWARD] %d %63s %d %*s %d", &handle, host, &port, &guest_port), 4);
  ck_assert_str_eq (host, "127.0.0.1");
  ck_assert_int_ge (port, 10022);
  ck_assert_int_eq (guest_port, 22);
  fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  address.sin_port = htons (port);
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  ck_assert_int_eq (connect (fd, (struct sockaddr *)&address, sizeof address), 0);
  close (fd);
}

/* The image does not load the driver at boot, which takes a second under emulation. */
TEST (test_a_graphics_card)
{
  guest_expect (shared_testbed (), "modprobe bochs && ls /dev/dri/card0 /dev/fb0",
                "/dev/dri/card0\n/dev/fb0");
}

TEST (test_network_reaches_the_host_side)
{
  guest_expect (shared_testbed (), "ip -4 route show default | grep -c 'via 10.0.2.2'", "1");
}

TEST (test_debug_fail_tells_of_the_machine)
{
  Server *server = shared_testbed ();
  g_autofree char *before = server_get_stderr (server);
  g_autofree char *after = NULL;

  server_expect (server, SOON, "auxverb_debug_fail", "ok");
  after = server_get_stderr (server);
  ck_assert_msg (strstr (after + strlen (before), "the testbed runs; its console said last")
                     != NULL,
                 "%s", after);
}

/* What is asked for, and what the shell says then. */
static const struct
{
  const char *request;
  const char *said;
} shells[] = {
  { "shell /var/tmp GREETING=good%20day\n", "[42 /var/tmp good day]" },
  { "shell\n", "[42 / ]" },
};

TEST_LOOP (test_a_shell_on_the_terminal, 0, G_N_ELEMENTS (shells))
{
  Server *server = shared_testbed ();
  int terminal = server_get_terminal (server);
  const char *input = "echo \"[$((6 * 7)) $PWD $GREETING]\"\nexit 3\n";
  g_autofree char *shown = NULL;
  g_autofree char *reply = NULL;

  server_send (server, shells[_i].request);
  g_free (read_until (terminal, "A root shell in the testbed"));
  ck_assert_int_eq (write (terminal, input, strlen (input)), strlen (input));
  shown = read_until (terminal, shells[_i].said);
  reply = server_read_line (server, SOON);
  ck_assert_str_eq (reply, "ok");
  guest_expect (server, "echo alive", "alive");
}

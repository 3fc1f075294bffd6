// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu-exec SOCKET COMMAND [ARG...]: runs COMMAND in the testbed whose server listens on
 * SOCKET. autopkgtest starts it for every single command, so it is small and links only to libc. It
 * moves no data: it passes its stdin, stdout and stderr to the server and waits.
 *
 * The exit status is the command's, or 128 + N if signal N killed it, or 255 if the command could
 * not be run or its end is unknown. To autopkgtest, 254 and 255 mean trouble with the testbed, so a
 * command that exits with one of them is reported as 253. lib/channel/exec-wire.h describes the
 * messages. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "channel/exec-talk.h"

#define EXIT_TROUBLE 255
#define EXIT_CLASH 253

static void __attribute__ ((format (printf, 1, 2), noreturn)) die (const char *format, ...)
{
  char text[VQ_EXEC_TEXT_MAX + 256];
  va_list args;

  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);
  /* In one write, so that the lines of several clients do not mix. */
  dprintf (STDERR_FILENO, "virt-qemu-exec: %s\n", text);
  _exit (EXIT_TROUBLE);
}

/* Opens the descriptors 0 to 2 if they are closed, because a closed descriptor cannot be sent, and
 * our socket must not get one of these numbers. */
static void
fill_closed_stdio (void)
{
  int fd;

  do
    fd = open ("/dev/null", O_RDWR | O_CLOEXEC);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd > STDERR_FILENO)
    close (fd);
}

static int
connect_to (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  size_t length = strlen (path);
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0)
    die ("cannot make a socket: %s", strerror (errno));
  if (length >= sizeof address.sun_path)
    die ("the socket's path is too long: %s", path);
  memcpy (address.sun_path, path, length);
  while (connect (fd, (struct sockaddr *)&address, sizeof address) != 0)
    if (errno != EINTR)
      die ("cannot reach the machine's server at %s: %s", path, strerror (errno));
  return fd;
}

/* If the server has hung up meanwhile, its reply may still have come. */
static void
send_request (int fd, char **argv)
{
  static const int stdio[VQ_EXEC_N_FDS] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };
  const VqExecTalkCommand command = { .argv = (const char *const *)argv };
  VqExecTalk talk = { 0 };
  int wrong = vq_exec_talk_pack (&talk, &command);
  int sent = 0;

  if (wrong != 0)
    die ("%s", vq_exec_talk_describe (wrong));
  while (sent == 0)
    sent = vq_exec_talk_send (&talk, fd, stdio);
  if (sent < 0 && errno != EPIPE && errno != ECONNRESET)
    die ("cannot send the command: %s", strerror (errno));
  vq_exec_talk_clear (&talk);
}

static int
wait_for_reply (int fd)
{
  VqExecTalkReply reply = { 0 };
  int received = 0;

  while (received == 0)
    received = vq_exec_talk_receive (&reply, fd);
  if (received < 0)
    die ("%s", vq_exec_talk_describe (errno));
  if (reply.head.kind == VQ_EXEC_EXITED)
    return reply.head.value == 254 || reply.head.value == 255 ? EXIT_CLASH : reply.head.value;
  if (reply.head.kind == VQ_EXEC_SIGNALLED)
    return 128 + reply.head.value;
  die ("%s", reply.text);
}

int
main (int argc, char **argv)
{
  int fd;

  signal (SIGPIPE, SIG_IGN);
  fill_closed_stdio ();
  if (argc < 3)
    die ("usage: virt-qemu-exec SOCKET COMMAND [ARG...]");
  fd = connect_to (argv[1]);
  send_request (fd, argv + 2);
  return wait_for_reply (fd);
}

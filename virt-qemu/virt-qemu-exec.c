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
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "channel/exec-wire.h"

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
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0)
    die ("cannot make a socket: %s", strerror (errno));
  if (strlen (path) >= sizeof address.sun_path)
    die ("the socket's path is too long: %s", path);
  strcpy (address.sun_path, path);
  while (connect (fd, (struct sockaddr *)&address, sizeof address) != 0)
    if (errno != EINTR)
      die ("cannot reach the testbed's server at %s: %s", path, strerror (errno));
  return fd;
}

/* ARGV in the form of the message. */
static char *
pack_argv (char **argv, VqExecRequest *request)
{
  size_t bytes = 0;
  char *packed, *end;

  for (int i = 0; argv[i] != NULL; i++)
    bytes += strlen (argv[i]) + 1;
  packed = end = malloc (bytes);
  if (packed == NULL)
    die ("out of memory");
  for (int i = 0; argv[i] != NULL; i++)
    end = stpcpy (end, argv[i]) + 1;
  request->argv_bytes = bytes;
  return packed;
}

/* Sends the beginning of the message with the descriptors. Returns the number of bytes sent, or
 * -1. */
static ssize_t
send_with_stdio (int fd, struct iovec *parts, size_t n_parts)
{
  static const int stdio[VQ_EXEC_N_FDS] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };
  union
  {
    char bytes[CMSG_SPACE (sizeof stdio)];
    struct cmsghdr align;
  } control = { .bytes = { 0 } };
  struct msghdr message = { .msg_iov = parts,
                            .msg_iovlen = n_parts,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof control.bytes };
  struct cmsghdr *rights = CMSG_FIRSTHDR (&message);
  ssize_t n;

  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN (sizeof stdio);
  memcpy (CMSG_DATA (rights), stdio, sizeof stdio);
  do
    n = sendmsg (fd, &message, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n;
}

/* Returns false if the server has hung up. Its reply may still have come. */
static bool
send_all (int fd, const char *bytes, size_t len)
{
  while (len > 0)
    {
      ssize_t n = send (fd, bytes, len, MSG_NOSIGNAL);

      if (n < 0 && errno != EINTR)
        return false;
      if (n > 0)
        {
          bytes += n;
          len -= n;
        }
    }
  return true;
}

static void
send_request (int fd, int argc, char **argv)
{
  VqExecRequest request = { .magic = VQ_EXEC_MAGIC, .version = VQ_EXEC_VERSION, .argc = argc };
  char *packed = pack_argv (argv, &request);
  struct iovec parts[] = { { &request, sizeof request }, { packed, request.argv_bytes } };
  ssize_t sent;

  if (request.argc > VQ_EXEC_ARGC_MAX || request.argv_bytes > VQ_EXEC_ARGV_BYTES_MAX)
    die ("the command has too many or too long arguments (%u, %u bytes)", request.argc,
         request.argv_bytes);
  sent = send_with_stdio (fd, parts, 2);
  if (sent >= (ssize_t)sizeof request)
    send_all (fd, packed + (sent - sizeof request), request.argv_bytes + sizeof request - sent);
  else if (sent >= 0 && send_all (fd, (char *)&request + sent, sizeof request - sent))
    send_all (fd, packed, request.argv_bytes);
  else if (sent < 0 && errno != EPIPE && errno != ECONNRESET)
    die ("cannot send the command: %s", strerror (errno));
  free (packed);
}

/* Reads exactly LEN bytes. */
static void
receive (int fd, void *buffer, size_t len)
{
  for (size_t have = 0; have < len;)
    {
      ssize_t n = recv (fd, (char *)buffer + have, len - have, 0);

      if (n == 0 || (n < 0 && errno == ECONNRESET))
        die ("the testbed's server went away");
      if (n < 0 && errno != EINTR)
        die ("cannot read from the testbed's server: %s", strerror (errno));
      if (n > 0)
        have += n;
    }
}

static int
wait_for_reply (int fd)
{
  char text[VQ_EXEC_TEXT_MAX + 1] = "";
  VqExecReply reply;

  receive (fd, &reply, sizeof reply);
  if (reply.magic != VQ_EXEC_MAGIC || reply.text_bytes > VQ_EXEC_TEXT_MAX)
    die ("what listens there is not a testbed's server");
  receive (fd, text, reply.text_bytes);
  if (reply.kind == VQ_EXEC_EXITED)
    return reply.value == 254 || reply.value == 255 ? EXIT_CLASH : reply.value;
  if (reply.kind == VQ_EXEC_SIGNALLED)
    return 128 + reply.value;
  die ("%s", text);
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
  send_request (fd, argc - 2, argv + 2);
  return wait_for_reply (fd);
}

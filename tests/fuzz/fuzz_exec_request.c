// SPDX-License-Identifier: GPL-2.0-or-later
/* The request of a process that runs a command, from whoever can reach the socket. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "channel/exec-request.h"
#include "fuzz.h"

static VqExecProgress
receive (VqExecRequestIn *request, int fd)
{
  const char *wrong = NULL;
  VqExecProgress progress;

  while ((progress = vq_exec_request_in_receive (request, fd, &wrong)) == VQ_EXEC_REQUEST_PARTIAL)
    ;
  g_assert ((wrong != NULL) == (progress == VQ_EXEC_REQUEST_WRONG));
  return progress;
}

/* Sends the bytes, with three descriptors. */
static void
send_all (int fd, const guint8 *bytes, gsize n)
{
  const int fds[VQ_EXEC_N_FDS] = { fd, fd, fd };
  char control[CMSG_SPACE (sizeof fds)] = { 0 };
  struct iovec part = { (void *)bytes, n };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control };
  struct cmsghdr *header;

  message.msg_controllen = sizeof control;
  header = CMSG_FIRSTHDR (&message);
  *header = (struct cmsghdr){ CMSG_LEN (sizeof fds), SOL_SOCKET, SCM_RIGHTS };
  memcpy (CMSG_DATA (header), fds, sizeof fds);
  g_assert (n == 0 || sendmsg (fd, &message, 0) == (gssize)n);
  shutdown (fd, SHUT_WR);
}

FUZZ (exec_request)
{
  g_autoptr (VqExecRequestIn) request = vq_exec_request_in_new ();
  int pair[2];
  VqTerminal terminal;

  if (n > 65536 || socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return;
  send_all (pair[0], bytes, n);
  if (receive (request, pair[1]) == VQ_EXEC_REQUEST_COMPLETE)
    {
      g_assert (g_strv_length ((char **)vq_exec_request_in_get_argv (request)) >= 1);
      if (vq_exec_request_in_get_terminal (request, &terminal))
        g_assert (terminal.argv[0] != NULL && terminal.directory != NULL);
    }
  close (pair[0]);
  close (pair[1]);
}

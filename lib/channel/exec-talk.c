// SPDX-License-Identifier: GPL-2.0-or-later
#include "channel/exec-talk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Counts WORDS and adds their bytes to *BYTES. */
static size_t
measure (const char *const *words, size_t *bytes)
{
  size_t n = 0;

  for (; words[n] != NULL; n++)
    *bytes += strlen (words[n]) + 1;
  return n;
}

static char *
append (char *end, const char *const *words)
{
  for (; *words != NULL; words++)
    end = stpcpy (end, *words) + 1;
  return end;
}

int
vq_exec_talk_pack (VqExecTalk *talk, const VqExecTalkCommand *command)
{
  const char *const directory[] = { command->directory, NULL };
  const char *const *environment
      = command->environment != NULL ? command->environment : directory + 1;
  size_t bytes = 0;
  size_t argc = measure (command->argv, &bytes);
  size_t envc = measure (environment, &bytes);
  size_t n = argc + envc + measure (directory, &bytes);
  VqExecRequest head = { VQ_EXEC_MAGIC,  VQ_EXEC_VERSION, (uint32_t)argc,
                         (uint32_t)envc, (uint32_t)bytes, command->directory != NULL,
                         command->rows,  command->columns };
  char *end;

  if (n > VQ_EXEC_WORDS_MAX || bytes > VQ_EXEC_BYTES_MAX)
    return E2BIG;
  talk->length = sizeof head + bytes;
  talk->bytes = malloc (talk->length);
  if (talk->bytes == NULL)
    return ENOMEM;
  memcpy (talk->bytes, &head, sizeof head);
  end = append (talk->bytes + sizeof head, command->argv);
  append (append (end, environment), directory);
  return 0;
}

int
vq_exec_talk_add (VqExecTalk *talk, const VqExecMessage *message)
{
  char *bytes = realloc (talk->bytes, talk->length + sizeof *message);

  if (bytes == NULL)
    return ENOMEM;
  memcpy (bytes + talk->length, message, sizeof *message);
  talk->bytes = bytes;
  talk->length += sizeof *message;
  return 0;
}

void
vq_exec_talk_clear (VqExecTalk *talk)
{
  free (talk->bytes);
  *talk = (VqExecTalk){ 0 };
}

/* As sendmsg. */
static ssize_t
send_part (int fd, struct iovec *part, const int *fds, size_t n_fds)
{
  union
  {
    char bytes[CMSG_SPACE (VQ_EXEC_N_FDS * sizeof (int))];
    struct cmsghdr align;
  } control = { .bytes = { 0 } };
  struct msghdr message = { .msg_iov = part, .msg_iovlen = 1 };
  ssize_t n;

  if (n_fds > 0)
    {
      message.msg_control = control.bytes;
      message.msg_controllen = CMSG_SPACE (n_fds * sizeof (int));
      control.align = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
                                        .cmsg_type = SCM_RIGHTS,
                                        .cmsg_len = CMSG_LEN (n_fds * sizeof (int)) };
      memcpy (CMSG_DATA (&control.align), fds, n_fds * sizeof (int));
    }
  do
    n = sendmsg (fd, &message, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n;
}

int
vq_exec_talk_send (VqExecTalk *talk, int fd, const int stdio[VQ_EXEC_N_FDS])
{
  struct iovec part = { talk->bytes + talk->sent, talk->length - talk->sent };
  ssize_t n = part.iov_len == 0 ? 0
                                : send_part (fd, &part, stdio,
                                             talk->sent == 0 && stdio != NULL ? VQ_EXEC_N_FDS : 0);

  if (n < 0)
    return -1;
  talk->sent += n;
  return talk->sent == talk->length;
}

static int
is_reply (const VqExecReply *head)
{
  return head->magic == VQ_EXEC_MAGIC && head->kind >= VQ_EXEC_EXITED
         && head->kind <= VQ_EXEC_FAILED && head->text_bytes <= VQ_EXEC_TEXT_MAX;
}

int
vq_exec_talk_receive (VqExecTalkReply *reply, int fd)
{
  size_t head_bytes = sizeof reply->head;
  size_t want = reply->have < head_bytes ? head_bytes : head_bytes + reply->head.text_bytes;
  char *to = reply->have < head_bytes ? (char *)&reply->head + reply->have
                                      : reply->text + (reply->have - head_bytes);
  ssize_t n;

  do
    n = recv (fd, to, want - reply->have, 0);
  while (n < 0 && errno == EINTR);
  if (n == 0)
    errno = ECONNRESET;
  if (n <= 0)
    return -1;
  reply->have += n;
  if (reply->have < head_bytes)
    return 0;
  if (!is_reply (&reply->head))
    {
      errno = EPROTO;
      return -1;
    }
  return reply->have == head_bytes + reply->head.text_bytes;
}

const char *
vq_exec_talk_describe (int errnum)
{
  switch (errnum)
    {
    case E2BIG:
      return "the command has too many or too long arguments";
    case EPIPE:
    case ECONNRESET:
      return "the machine's server went away";
    case EPROTO:
      return "what listens there is not a machine's server";
    default:
      return strerror (errnum);
    }
}

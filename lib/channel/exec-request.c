// SPDX-License-Identifier: GPL-2.0-or-later
#include "channel/exec-request.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_CHUNK 65536
#define READS_PER_CALL 4

struct _VqExecRequestIn
{
  VqExecRequest head;
  gsize head_have;    /* how many bytes of the head have come */
  GByteArray *packed; /* the words with their NULs, as far as they have come */
  /* These point into PACKED, and are NULL until that is complete. */
  const char **words; /* owned: argv and its NULL, then the environment and its NULL */
  const char *directory;
  int stdio[VQ_EXEC_N_FDS];
  guint n_stdio; /* 0 or VQ_EXEC_N_FDS; owned */
};

VqExecRequestIn *
vq_exec_request_in_new (void)
{
  VqExecRequestIn *self = g_new0 (VqExecRequestIn, 1);

  self->packed = g_byte_array_new ();
  return self;
}

static void
close_all (const int *fds, guint n)
{
  for (guint i = 0; i < n; i++)
    close (fds[i]);
}

void
vq_exec_request_in_free (VqExecRequestIn *self)
{
  if (self == NULL)
    return;
  close_all (self->stdio, self->n_stdio);
  g_byte_array_unref (self->packed);
  g_free (self->words);
  g_free (self);
}

const char *const *
vq_exec_request_in_get_argv (VqExecRequestIn *self)
{
  g_assert (self->words != NULL);
  return self->words;
}

gboolean
vq_exec_request_in_get_terminal (VqExecRequestIn *self, VqTerminal *terminal)
{
  const VqExecRequest *head = &self->head;

  g_assert (self->words != NULL);
  if (!head->on_terminal)
    return FALSE;
  *terminal = (VqTerminal){ self->words, self->directory, self->words + head->argc + 1, head->rows,
                            head->columns };
  return TRUE;
}

void
vq_exec_request_in_steal_stdio (VqExecRequestIn *self, int stdio[VQ_EXEC_N_FDS])
{
  g_assert (self->n_stdio == VQ_EXEC_N_FDS);
  memcpy (stdio, self->stdio, sizeof self->stdio);
  self->n_stdio = 0;
}

/* Takes over the descriptors of one message. Returns FALSE if they are not exactly three. */
static gboolean
take_fds (VqExecRequestIn *self, struct msghdr *message)
{
  gboolean good = (message->msg_flags & MSG_CTRUNC) == 0;

  for (struct cmsghdr *c = CMSG_FIRSTHDR (message); c != NULL; c = CMSG_NXTHDR (message, c))
    {
      int fds[VQ_EXEC_N_FDS + 1];
      guint n = (c->cmsg_len - CMSG_LEN (0)) / sizeof (int);

      if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
        continue;
      g_assert (n <= G_N_ELEMENTS (fds)); /* there is no room for more in the control buffer */
      memcpy (fds, CMSG_DATA (c), n * sizeof (int));
      if (n == VQ_EXEC_N_FDS && self->n_stdio == 0)
        {
          memcpy (self->stdio, fds, sizeof self->stdio);
          self->n_stdio = n;
          continue;
        }
      close_all (fds, n);
      good = FALSE;
    }
  return good;
}

/* Like recvmsg. If the descriptors are wrong, returns -1 with EBADMSG. */
static gssize
receive (VqExecRequestIn *self, int socket_fd, void *buffer, gsize len)
{
  union
  {
    char bytes[CMSG_SPACE (VQ_EXEC_N_FDS * sizeof (int))];
    struct cmsghdr align;
  } control;
  struct iovec part = { buffer, len };
  struct msghdr message = { .msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof control.bytes };
  gssize n;

  do
    n = recvmsg (socket_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  if (n >= 0 && !take_fds (self, &message))
    {
      errno = EBADMSG;
      return -1;
    }
  return n;
}

static gssize
receive_head (VqExecRequestIn *self, int socket_fd)
{
  gssize n = receive (self, socket_fd, (guint8 *)&self->head + self->head_have,
                      sizeof self->head - self->head_have);

  self->head_have += MAX (n, 0);
  return n;
}

static gssize
receive_packed (VqExecRequestIn *self, int socket_fd)
{
  gsize have = self->packed->len;
  gsize chunk = MIN (self->head.bytes - have, READ_CHUNK);
  gssize n;
  int saved;

  g_byte_array_set_size (self->packed, have + chunk);
  n = receive (self, socket_fd, self->packed->data + have, chunk);
  saved = errno;
  g_byte_array_set_size (self->packed, have + MAX (n, 0));
  errno = saved;
  return n;
}

/* How many words there are. */
static guint64
count_words (const VqExecRequest *head)
{
  return (guint64)head->argc + head->envc + (head->on_terminal ? 1 : 0);
}

/* Says what is wrong with the fixed part of the request as far as it has come, or gives NULL. That
 * of another version may be shorter than ours. */
static const char *
check_head (VqExecRequestIn *self)
{
  const VqExecRequest *head = &self->head;

  if (self->head_have < G_STRUCT_OFFSET (VqExecRequest, argc))
    return NULL;
  if (head->magic != VQ_EXEC_MAGIC)
    return "the request is not valid";
  if (head->version != VQ_EXEC_VERSION)
    return "the client is of another version than the running server: start the server again";
  if (self->head_have < sizeof *head)
    return NULL;
  if (head->argc == 0 || count_words (head) > VQ_EXEC_WORDS_MAX)
    return "the request is not valid: wrong number of arguments";
  if (head->bytes < count_words (head) || head->bytes > VQ_EXEC_BYTES_MAX)
    return "the request is not valid: wrong length of the arguments";
  if (self->n_stdio == 0)
    return "the request is not valid: it came without stdin, stdout and stderr";
  return NULL;
}

/* The word at *AT, which is then behind it. NULL if there is none before END. */
static const char *
next_word (const char **at, const char *end)
{
  const char *word = *at;
  const char *word_end = memchr (word, '\0', end - word);

  if (word_end == NULL)
    return NULL;
  *at = word_end + 1;
  return word;
}

/* Finds the words. Returns FALSE if their number is not the promised one. */
static gboolean
split_packed (VqExecRequestIn *self)
{
  const VqExecRequest *head = &self->head;
  g_autofree const char **words = g_new0 (const char *, head->argc + head->envc + 2);
  const char *at = (const char *)self->packed->data;
  const char *end = at + self->packed->len;

  for (guint i = 0; i < head->argc + head->envc; i++)
    {
      const char *word = next_word (&at, end);

      if (word == NULL)
        return FALSE;
      words[i < head->argc ? i : i + 1] = word;
    }
  self->directory = head->on_terminal ? next_word (&at, end) : NULL;
  if (at != end || (head->on_terminal && self->directory == NULL))
    return FALSE;
  self->words = g_steal_pointer (&words);
  return TRUE;
}

static const char *
describe_failure (gssize n)
{
  if (n < 0 && errno == EBADMSG)
    return "the request is not valid: exactly stdin, stdout and stderr must come with it "
           "(is the limit of open files, ulimit -n, too low?)";
  return "the request ended too early";
}

/* Reads once. Sets *AGAIN if there may be more to read. */
static VqExecProgress
advance (VqExecRequestIn *self, int socket_fd, gboolean *again, const char **wrong)
{
  gboolean in_head = self->head_have < sizeof self->head;
  gssize n = in_head ? receive_head (self, socket_fd) : receive_packed (self, socket_fd);

  *again = n > 0;
  if (n < 0 && errno == EAGAIN)
    return VQ_EXEC_REQUEST_PARTIAL;
  if (n <= 0)
    *wrong = describe_failure (n);
  else if (in_head)
    *wrong = check_head (self);
  else if (self->packed->len < self->head.bytes)
    return VQ_EXEC_REQUEST_PARTIAL;
  else if (split_packed (self))
    return VQ_EXEC_REQUEST_COMPLETE;
  else
    *wrong = "the request is not valid: the arguments are not as many as promised";
  return *wrong == NULL ? VQ_EXEC_REQUEST_PARTIAL : VQ_EXEC_REQUEST_WRONG;
}

VqExecProgress
vq_exec_request_in_receive (VqExecRequestIn *self, int socket_fd, const char **wrong)
{
  VqExecProgress progress = VQ_EXEC_REQUEST_PARTIAL;
  gboolean again = TRUE;

  *wrong = NULL;
  for (guint i = 0; i < READS_PER_CALL && again && progress == VQ_EXEC_REQUEST_PARTIAL; i++)
    progress = advance (self, socket_fd, &again, wrong);
  return progress;
}

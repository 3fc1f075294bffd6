// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake-terminal.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/wait.h"

#define PATIENCE 60 /* seconds; for things that take none */

struct _FakeTerminal
{
  int fd;     /* owned; our end of the pair, -1: closed */
  int master; /* owned */
  int slave;  /* owned; keeps the terminal there when nobody has it open */
  GPid pid;   /* 0: none */
  guint in_id, out_id, room_id, piece_id;
  GString *typed; /* what the terminal has no room for yet */
  gsize piece;    /* size; 0: any */
  GString *late;  /* what is still to come in pieces */
  gsize skip;     /* so much still arrives... */
  gsize lost;     /* ...before so much is lost */
  GString *sent, *said;
};

/* A terminal whose program is slow takes no more for a while, and must be listened to meanwhile. */
static gboolean
on_room (int fd, GIOCondition events, gpointer data)
{
  FakeTerminal *self = data;
  gssize n = write (fd, self->typed->str, self->typed->len);

  ck_assert (n >= 0 || errno == EAGAIN || errno == EINTR);
  g_string_erase (self->typed, 0, MAX (n, 0));
  if (self->typed->len > 0)
    return G_SOURCE_CONTINUE;
  self->room_id = 0;
  return G_SOURCE_REMOVE;
}

static void
type (FakeTerminal *self, const char *bytes, gsize n)
{
  g_string_append_len (self->typed, bytes, n);
  if (self->room_id == 0 && n > 0)
    self->room_id = g_unix_fd_add (self->master, G_IO_OUT, on_room, self);
}

static gboolean
on_sent (int fd, GIOCondition events, gpointer data)
{
  FakeTerminal *self = data;
  char buffer[4096];
  gssize n = read (fd, buffer, sizeof buffer);
  gsize good, lost;

  if (n <= 0)
    {
      self->in_id = 0;
      return G_SOURCE_REMOVE;
    }
  for (gssize i = 0; i < n; i++)
    g_string_append_c (self->sent, buffer[i] != '\0' ? buffer[i] : '?');
  good = MIN (self->skip, (gsize)n);
  lost = MIN (self->lost, n - good);
  self->skip -= good;
  self->lost -= lost;
  if (self->pid != 0)
    {
      type (self, buffer, good);
      type (self, buffer + good + lost, n - good - lost);
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
on_piece (gpointer data)
{
  FakeTerminal *self = data;
  gsize n = self->piece > 0 ? MIN (self->piece, self->late->len) : self->late->len;

  if (n > 0 && self->fd >= 0) /* who has closed the other end hears nothing */
    (void)!send (self->fd, self->late->str, n, MSG_NOSIGNAL);
  g_string_erase (self->late, 0, n);
  if (self->late->len > 0)
    return G_SOURCE_CONTINUE;
  self->piece_id = 0;
  return G_SOURCE_REMOVE;
}

void
fake_terminal_say (FakeTerminal *self, const char *text, gsize n)
{
  for (gsize i = 0; i < n; i++)
    g_string_append_c (self->said, text[i] != '\0' ? text[i] : '?');
  g_string_append_len (self->late, text, n);
  if (self->piece_id == 0)
    self->piece_id = g_timeout_add (0, on_piece, self);
}

static gboolean
on_said (int fd, GIOCondition events, gpointer data)
{
  char buffer[4096];
  gssize n = read (fd, buffer, sizeof buffer);

  if (n > 0)
    fake_terminal_say (data, buffer, n);
  return G_SOURCE_CONTINUE;
}

static void
open_terminal (FakeTerminal *self)
{
  self->master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  ck_assert_int_ge (self->master, 0);
  ck_assert_int_eq (grantpt (self->master), 0);
  ck_assert_int_eq (unlockpt (self->master), 0);
  g_unix_set_fd_nonblocking (self->master, TRUE, NULL);
  self->slave = open (ptsname (self->master), O_RDWR | O_NOCTTY | O_CLOEXEC);
  ck_assert_int_ge (self->slave, 0);
}

FakeTerminal *
fake_terminal_new (int *fd)
{
  FakeTerminal *self = g_new0 (FakeTerminal, 1);
  int ends[2];

  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  *fd = ends[0];
  self->fd = ends[1];
  open_terminal (self);
  self->typed = g_string_new (NULL);
  self->late = g_string_new (NULL);
  self->sent = g_string_new (NULL);
  self->said = g_string_new (NULL);
  self->in_id = g_unix_fd_add (self->fd, G_IO_IN | G_IO_HUP, on_sent, self);
  self->out_id = g_unix_fd_add (self->master, G_IO_IN, on_said, self);
  return self;
}

static void G_GNUC_NORETURN
run_child (FakeTerminal *self, const char *const *argv, char **environment, gboolean controlling)
{
  static const int normal[] = { SIGINT, SIGTERM, SIGPIPE, SIGHUP };
  sigset_t none;

  for (guint i = 0; i < G_N_ELEMENTS (normal); i++)
    signal (normal[i], SIG_DFL);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  setsid ();
  if (controlling)
    ioctl (self->slave, TIOCSCTTY, 0);
  for (int fd = 0; fd <= 2; fd++)
    dup2 (self->slave, fd);
  execvpe (argv[0], (char *const *)argv, environment);
  _exit (127);
}

void
fake_terminal_start (FakeTerminal *self, const char *const *argv, const char *const *environment,
                     gboolean controlling)
{
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);

  for (; *environment != NULL; environment++)
    g_ptr_array_add (words, g_strdup (*environment));
  g_ptr_array_add (words, g_strdup ("HOME=/nonexistent"));
  g_ptr_array_add (words, NULL);
  ck_assert_int_eq (self->pid, 0);
  self->pid = fork ();
  ck_assert_int_ge (self->pid, 0);
  if (self->pid == 0)
    run_child (self, argv, (char **)words->pdata, controlling);
  g_ptr_array_unref (words);
}

void
fake_terminal_kill (FakeTerminal *self)
{
  if (self->pid == 0)
    return;
  kill (-self->pid, SIGKILL);
  kill (self->pid, SIGKILL);
  waitpid (self->pid, NULL, 0);
  self->pid = 0;
}

void
fake_terminal_type (FakeTerminal *self, const char *text)
{
  type (self, text, strlen (text));
}

void
fake_terminal_split (FakeTerminal *self, gsize size)
{
  self->piece = size;
}

void
fake_terminal_lose (FakeTerminal *self, gsize skip, gsize n)
{
  self->skip = skip;
  self->lost = n;
}

const char *
fake_terminal_sent (FakeTerminal *self)
{
  return self->sent->str;
}

const char *
fake_terminal_said (FakeTerminal *self)
{
  return self->said->str;
}

typedef struct
{
  FakeTerminal *terminal;
  const char *text;
} Expected;

static gboolean
was_said (gpointer data)
{
  Expected *expected = data;

  return strstr (expected->terminal->said->str, expected->text) != NULL;
}

void
fake_terminal_expect (FakeTerminal *self, const char *text)
{
  Expected expected = { self, text };

  ck_assert_msg (vq_wait_until (was_said, &expected, vq_deadline_in (PATIENCE), NULL, "text", NULL),
                 "there is no \"%s\" in \"%s\"", text, self->said->str);
}

static void
clear_source (guint *id)
{
  if (*id != 0)
    g_source_remove (*id);
  *id = 0;
}

void
fake_terminal_hang_up (FakeTerminal *self)
{
  clear_source (&self->in_id);
  clear_source (&self->piece_id);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

void
fake_terminal_free (FakeTerminal *self)
{
  fake_terminal_kill (self);
  fake_terminal_hang_up (self);
  clear_source (&self->out_id);
  clear_source (&self->room_id);
  close (self->master);
  close (self->slave);
  g_string_free (self->typed, TRUE);
  g_string_free (self->late, TRUE);
  g_string_free (self->sent, TRUE);
  g_string_free (self->said, TRUE);
  g_free (self);
}

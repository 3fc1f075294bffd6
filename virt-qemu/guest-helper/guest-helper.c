// SPDX-License-Identifier: GPL-2.0-or-later
/* guest-helper --fd N [--daemon]: runs commands in a guest for the server, which is at the other
 * end of descriptor N, a virtio-serial port (in tests, a stream socket). lib/helper/helper-wire.h
 * describes the frames. The helper must run in any guest, so it needs nothing there except Linux
 * 4.9: it uses libc only and is linked statically.
 *
 * There is one thread with one loop, and only its poll waits. The one exception is that it waits
 * until a new process has become its program. --daemon (daemon.h) is for guests: the program that
 * was started exits with status 0 as soon as the daemon serves. When the helper runs itself as a
 * command, that moves a file (files.h). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon.h"
#include "files.h"
#include "grow.h"
#include "helper.h"
#include "test.h"

extern char **environ;

/* The port, the signals, all pipes of all streams, and the sinks. */
#define ENTRIES_MAX (2 + 3 * 2 * VQ_HELPER_STREAMS_MAX + SINKS_MAX)
#define PORT_ENTRY 0
#define SIGNAL_ENTRY 1
#define FIRST_STREAM_ENTRY 2

typedef struct
{
  struct pollfd entries[ENTRIES_MAX];
  uint32_t streams[ENTRIES_MAX]; /* the number of the stream that each entry is for */
  nfds_t n;
  nfds_t first_sink;
  bool is_urgent; /* something must be read without waiting */
} PollSet;

typedef struct
{
  int fd;
  bool is_daemon;
} Options;

static bool
parse_fd (const char *text, int *fd)
{
  char *end;
  long value = strtol (text, &end, 10);

  *fd = value;
  return *end == '\0' && end > text && value >= 0 && value <= INT_MAX;
}

static bool
parse_options (Options *options, char **argv)
{
  *options = (Options){ .fd = -1 };
  while (*++argv != NULL)
    if (strcmp (*argv, "--daemon") == 0)
      options->is_daemon = true;
    else if (strcmp (*argv, "--fd") != 0 || argv[1] == NULL || !parse_fd (*++argv, &options->fd))
      return false;
  return options->fd >= 0;
}

static void
add_entry (PollSet *set, uint32_t stream, int fd, short events)
{
  set->entries[set->n] = (struct pollfd){ .fd = fd, .events = events };
  set->streams[set->n++] = stream;
}

static void
add_output (PollSet *set, const Stream *stream, const Output *output)
{
  if (!output_wants (output))
    return;
  add_entry (set, stream->number, output->fd, POLLIN);
  set->is_urgent |= output_is_urgent (output);
}

static void
fill (PollSet *set, const Helper *helper, int signal_fd)
{
  struct pollfd port = port_wanted (&helper->port);
  bool takes_output = !helper->port.full && !outbox_is_full (&helper->port.out);

  set->n = 0;
  set->is_urgent = false;
  add_entry (set, 0, port.fd, port.events);
  add_entry (set, 0, signal_fd, POLLIN);
  for (const Stream *stream = helper->streams.first; stream != NULL; stream = stream->next)
    {
      if (input_waits (&stream->in))
        add_entry (set, stream->number, stream->in.fd, POLLOUT);
      for (int i = 0; i < 2 && takes_output; i++)
        add_output (set, stream, &stream->out[stream->next_out ^ i]);
    }
  set->first_sink = set->n;
  for (int i = 0; i < helper->sinks.n; i++)
    add_entry (set, 0, helper->sinks.fds[i], POLLIN);
}

/* Returns whether there was output, and room for it. */
static bool
serve_output (Helper *helper, Stream *stream, Output *output, short revents)
{
  size_t credit = output->credit;

  if (revents == POLLHUP && !output->is_terminal)
    output_close (output); /* it is empty and has no writer */
  /* A busy stream gets a few turns at once, as long as the port takes everything. */
  for (int i = 0; i < 4 && output_wants (output); i++)
    {
      size_t room = port_room (&helper->port);

      if (room == 0 || !output_move (output, stream->number, &helper->port.out, room))
        break;
    }
  return output->credit < credit;
}

/* A descriptor that was ready may be closed by now, and its number may be in use for another
 * one. */
static void
serve_entry (Helper *helper, Stream *stream, int fd, short revents)
{
  if (stream == NULL)
    return;
  if (fd == stream->in.fd && input_waits (&stream->in))
    input_move (&stream->in);
  for (int i = 0; i < 2; i++)
    if (fd == stream->out[i].fd && output_wants (&stream->out[i])
        && serve_output (helper, stream, &stream->out[i], revents))
      {
        stream->next_out = !i;
        streams_move_to_back (&helper->streams, stream);
      }
}

static void
serve (Helper *helper, const PollSet *set)
{
  /* Backwards, because when a sink goes, the numbers of those after it change. */
  for (nfds_t i = set->n; i-- > set->first_sink;)
    if (set->entries[i].revents != 0)
      sinks_drain (&helper->sinks, i - set->first_sink);
  for (nfds_t i = FIRST_STREAM_ENTRY; i < set->first_sink; i++)
    if (set->entries[i].revents != 0 || set->is_urgent)
      serve_entry (helper, streams_find (&helper->streams, set->streams[i]), set->entries[i].fd,
                   set->entries[i].revents);
}

static void
reap (Helper *helper)
{
  int status;
  pid_t process;

  while ((process = waitpid (-1, &status, WNOHANG)) > 0)
    {
      Stream *stream = streams_find_process (&helper->streams, process);

      if (stream != NULL)
        stream_end (stream, status);
    }
}

/* Returns false if we must end. */
static bool
take_signals (Helper *helper, int signal_fd, bool is_daemon)
{
  struct signalfd_siginfo infos[8];
  ssize_t n = read (signal_fd, infos, sizeof infos);
  bool go_on = true;

  for (ssize_t i = 0; i < n / (ssize_t)sizeof infos[0]; i++)
    if (infos[i].ssi_signo == SIGCHLD)
      reap (helper);
    else if (!is_daemon || daemon_is_shutdown (infos[i].ssi_pid))
      go_on = false;
  return go_on;
}

/* How many milliseconds to wait; -1: until something happens. */
static int
patience (const PollSet *set, const Port *port)
{
  if (set->is_urgent)
    return 0;
  /* If there is no host, the next one may come much later. */
  return inbox_is_lost (&port->in) && port->away < 0 ? VQ_HELPER_LOST_SECONDS * 1000 : -1;
}

/* Serves until the connection is gone for good, the host sends something that makes no sense, or
 * something fails here. */
static int
loop (Helper *helper, int signal_fd, bool is_daemon)
{
  static PollSet set;
  Why why;

  while (helper_report (helper))
    {
      int n;
      int milliseconds;

      fill (&set, helper, signal_fd);
      milliseconds = patience (&set, &helper->port);
      n = poll (set.entries, set.n, milliseconds);
      if (n < 0 && errno != EINTR && errno != ENOMEM)
        return EXIT_FAILURE;
      if (n < 0)
        continue;
      serve (helper, &set);
      if (set.entries[SIGNAL_ENTRY].revents != 0 && !take_signals (helper, signal_fd, is_daemon))
        return EXIT_SUCCESS;
      if (!port_handle (&helper->port, set.entries[PORT_ENTRY].revents))
        return EXIT_SUCCESS;
      if (!helper_handle_frames (helper, why))
        {
          helper_fail (helper, why);
          return EXIT_FAILURE;
        }
      if (n == 0 && milliseconds > 0)
        {
          helper_fail (helper, helper->port.in.why);
          return EXIT_FAILURE;
        }
    }
  return helper->port.out.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Blocks all signals except those that only our own faults or the kernel cause. So signals that a
 * test sends to all processes do not reach us. */
static int
open_signals (void)
{
  const uint64_t all = UINT64_MAX;
  sigset_t ours;

  /* sigfillset leaves out the signals that the C library uses for its threads, hence the system
   * call. */
  syscall (SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof all);
  sigemptyset (&ours);
  sigaddset (&ours, SIGCHLD);
  sigaddset (&ours, SIGTERM);
  return signalfd (-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Neither the port nor one of our pipes may have the number of a command's stdin, stdout or
 * stderr. */
static int
move_above_stdio (int fd)
{
  int above = fcntl (fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  int filler;

  if (above < 0)
    return fd;
  close (fd);
  do
    filler = open ("/dev/null", O_RDWR | O_CLOEXEC);
  while (filler >= 0 && filler <= STDERR_FILENO);
  if (filler > STDERR_FILENO)
    close (filler);
  return above;
}

static bool
set_up (Helper *helper, const Options *options, int *signal_fd, Why why)
{
  int fd = move_above_stdio (options->fd);
  int ready = -1;

  if (!port_open (&helper->port, fd, why)
      || (options->is_daemon && !daemon_begin (fd, &ready, why)))
    return false;
  spawn_init (&helper->context.defaults);
  if (options->is_daemon)
    helper->context.defaults.is_oom_immune = daemon_become_oom_immune ();
  if (!environment_init (&helper->context.environment, environ))
    return explain (why, "out of memory");
  *signal_fd = open_signals ();
  if (*signal_fd < 0)
    return explain (why, "cannot wait for signals: %s", strerror (errno));
  if (ready >= 0)
    daemon_ready (ready);
  return true;
}

static int
run_as_command (char **words)
{
  if (words[1] != NULL && words[2] != NULL && strcmp (words[1], VQ_HELPER_GROW) == 0)
    return grow_main (words[2]);
  if (words[1] != NULL && words[2] != NULL && strcmp (words[1], VQ_HELPER_TEST) == 0)
    return test_main (words);
  return files_main (words);
}

int
main (int argc, char **argv)
{
  static Helper helper;
  Options options;
  int signal_fd = -1;
  int status;
  Why why;

  if (strcmp (argv[0], VQ_HELPER_SELF) == 0)
    return run_as_command (argv);
  if (!parse_options (&options, argv))
    {
      fprintf (stderr, "usage: guest-helper --fd N [--daemon]\n");
      return EXIT_FAILURE;
    }
  if (!set_up (&helper, &options, &signal_fd, why))
    {
      fprintf (stderr, "guest-helper: %s\n", why);
      return EXIT_FAILURE;
    }
  status = loop (&helper, signal_fd, options.is_daemon);
  close (signal_fd);
  helper_clear (&helper);
  return status;
}

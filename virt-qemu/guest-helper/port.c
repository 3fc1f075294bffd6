// SPDX-License-Identifier: GPL-2.0-or-later
#include "port.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

/* The most that a virtio port gives for one read. If a read gives less, the port is empty. */
#define READ_MAX 4096

typedef enum
{
  TAKEN,  /* everything has been read */
  AT_END, /* there is no host, now or for good */
  GONE,   /* the port itself is gone */
} Taken;

bool
port_open (Port *port, int fd, Why why)
{
  struct stat status;
  int flags = fcntl (fd, F_GETFL);

  port->fd = fd;
  port->away = -1;
  if (flags < 0 || fstat (fd, &status) < 0)
    return explain (why, "descriptor %d: %s", fd, strerror (errno));
  if (!S_ISSOCK (status.st_mode) && !S_ISCHR (status.st_mode))
    return explain (why, "descriptor %d is neither a port nor a socket", fd);
  if (fcntl (fd, F_SETFL, flags | O_NONBLOCK) < 0)
    return explain (why, "descriptor %d: %s", fd, strerror (errno));
  port->is_device = S_ISCHR (status.st_mode);
  return true;
}

static void
stop_waiting_for_host (Port *port)
{
  if (port->away >= 0)
    close (port->away);
  port->away = -1;
}

void
port_close (Port *port)
{
  stop_waiting_for_host (port);
  close (port->fd);
  outbox_clear (&port->out);
}

struct pollfd
port_wanted (const Port *port)
{
  if (port->away >= 0)
    return (struct pollfd){ .fd = port->away, .events = POLLIN };
  return (struct pollfd){ .fd = port->fd, .events = POLLIN | (port->full ? POLLOUT : 0) };
}

static Taken
take (Port *port)
{
  for (;;)
    {
      size_t room;
      uint8_t *bytes = inbox_room (&port->in, &room);
      ssize_t n = room > 0 ? read (port->fd, bytes, room) : 0;

      if (room == 0 || (n < 0 && errno == EAGAIN))
        return TAKEN;
      if (n == 0 || (n < 0 && errno == EIO))
        return AT_END;
      if (n < 0 && errno != EINTR)
        return GONE;
      if (n > 0)
        inbox_add (&port->in, n);
      if (n > 0 && n < READ_MAX)
        return TAKEN;
    }
}

/* Reads what is there, and finds out whether the host is back. */
static bool
look_for_host (Port *port)
{
  struct epoll_event event;
  struct pollfd now = { .fd = port->fd, .events = POLLIN };
  Taken taken;

  epoll_wait (port->away, &event, 1, 0); /* clears the event for this change */
  taken = take (port);
  poll (&now, 1, 0);
  if (taken == TAKEN && !(now.revents & POLLHUP))
    stop_waiting_for_host (port);
  return taken != GONE;
}

static bool
wait_for_host (Port *port)
{
  struct epoll_event change = { .events = EPOLLIN | EPOLLOUT | EPOLLET };

  port->away = epoll_create1 (EPOLL_CLOEXEC);
  if (port->away < 0 || epoll_ctl (port->away, EPOLL_CTL_ADD, port->fd, &change) < 0)
    return false;
  /* The host may have come back before we began to watch. */
  return look_for_host (port);
}

bool
port_handle (Port *port, short revents)
{
  Taken taken;

  if (revents == 0)
    return true;
  if (port->away >= 0)
    return look_for_host (port);
  if (revents & POLLOUT)
    port->full = false;
  if (!(revents & ~POLLOUT))
    return true;
  taken = take (port);
  if (taken == AT_END && port->is_device)
    return wait_for_host (port);
  return taken == TAKEN;
}

bool
port_flush (Port *port)
{
  Outbox *out = &port->out;

  while (!port->full && outbox_waiting (out) > 0)
    {
      ssize_t n = write (port->fd, out->bytes + out->sent,
                         MIN (outbox_waiting (out), VQ_HELPER_FRAME_MAX));

      if (n > 0)
        outbox_remove (out, n);
      else if (n < 0 && (errno == EAGAIN || (errno == EIO && port->is_device)))
        port->full = true;
      else if (n == 0 || errno != EINTR)
        return false;
    }
  return true;
}

size_t
port_room (Port *port)
{
  size_t waiting;

  /* If the connection is gone, the next read finds out, so the result is ignored. */
  if (outbox_waiting (&port->out) > VQ_HELPER_PAYLOAD_MAX / 2)
    port_flush (port);
  waiting = outbox_waiting (&port->out);
  if (port->full || outbox_is_full (&port->out) || waiting > VQ_HELPER_PAYLOAD_MAX / 2)
    return 0;
  return VQ_HELPER_PAYLOAD_MAX - waiting;
}

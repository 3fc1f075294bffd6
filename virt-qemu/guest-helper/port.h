// SPDX-License-Identifier: GPL-2.0-or-later
/* The connection to the host: a virtio-serial port in a guest, a stream socket in tests.
 *
 * A socket that has reached its end is gone for good. But if the host of a port goes away, we wait,
 * because the next host may come hours later. Meanwhile poll reports POLLHUP all the time and read
 * returns 0. So such a port is watched through an edge-triggered epoll descriptor, which reports
 * only changes. */
#pragma once

#include <poll.h>

#include "inbox.h"
#include "outbox.h"

typedef struct
{
  int fd;         /* owned */
  int away;       /* owned; the epoll descriptor while the host is away, otherwise -1 */
  bool is_device; /* false: it is a socket */
  bool full;      /* it takes no more at the moment */
  Inbox in;
  Outbox out;
} Port;

/* Takes over FD and makes it non-blocking. */
bool port_open (Port *port, int fd, Why why);
void port_close (Port *port);

/* port_wanted says what to poll for. When that happens, port_handle reads into the inbox; it
 * returns false if the connection is gone for good. */
struct pollfd port_wanted (const Port *port);
bool port_handle (Port *port, short revents);

/* Sends the outbox, as far as the port takes it. Returns false if the connection is gone. */
bool port_flush (Port *port);

/* How many bytes of bulk data may be put into the outbox now as the payload of a frame, or 0. At
 * most one such frame ever waits. */
size_t port_room (Port *port);

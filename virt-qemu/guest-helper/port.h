// SPDX-License-Identifier: GPL-2.0-or-later
/* The connection to the host: a virtio-serial port in a guest, a stream socket in tests.
 *
 * A socket that is at its end is gone for good. A port whose host has gone is waited for: the next
 * host may come hours later. Meanwhile poll says POLLHUP all the time and read gives 0, so such a
 * port is watched through an epoll descriptor, edge-triggered: it tells of changes only. */
#pragma once

#include <poll.h>

#include "inbox.h"
#include "outbox.h"

typedef struct
{
  int fd;         /* owned */
  int away;       /* owned: the epoll descriptor while the host is away, else -1 */
  bool is_device; /* and no socket */
  bool full;      /* it takes no more at the moment */
  Inbox in;
  Outbox out;
} Port;

/* Takes over FD, and makes it non-blocking. */
bool port_open (Port *port, int fd, Why why);
void port_close (Port *port);

/* What to wait for, and what to do when it is there: reads into the inbox what there is. False: the
 * connection is gone for good. */
struct pollfd port_wanted (const Port *port);
bool port_handle (Port *port, short revents);

/* Sends what the outbox holds, as far as the port takes it. False: the connection is gone. */
bool port_flush (Port *port);

/* How long a payload of bulk data may be put into the outbox now, 0 for none. A frame always goes
 * to the port in one piece if it can, so there is never more than one that waits. */
size_t port_room (Port *port);

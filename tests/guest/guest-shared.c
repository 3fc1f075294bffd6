// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-tests.h"

static Server *shared;

Server *
shared_testbed (void)
{
  if (shared == NULL)
    {
      shared = server_start_on_image (&(ServerSetup){ .terminal = TRUE });
      server_open (shared, "open");
    }
  return shared;
}

Server *
shared_testbed_steal (void)
{
  Server *server = shared_testbed ();

  shared = NULL;
  return server;
}

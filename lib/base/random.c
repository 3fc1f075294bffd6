// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/random.h"

#include <errno.h>
#include <sys/random.h>

#include "base/error.h"

gboolean
vq_random_fill (guint8 *bytes, gsize n, GError **error)
{
  gssize got;

  g_assert (n <= 256);
  do
    got = getrandom (bytes, n, 0);
  while (got < 0 && errno == EINTR);
  return got == (gssize)n || vq_error_set_errno (error, errno, "cannot get random bytes");
}

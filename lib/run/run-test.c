// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/run-test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "pull/fetch.h"
#include "pull/pull-url.h"
#include "run/test-check.h"

/* A program may be so large, in bytes, if it is fetched, and the server so slow, in seconds. */
#define FETCH_MAX (256 * 1024 * 1024)
#define STALL 60

struct _VqRunTest
{
  int fd;
};

/* One that takes over FD. */
static VqRunTest *
run_test_new (int fd)
{
  VqRunTest *test = g_new (VqRunTest, 1);

  test->fd = fd;
  return test;
}

static gboolean
check_type (int fd, const char *name, GError **error)
{
  struct stat st;

  if (fstat (fd, &st) < 0)
    return vq_error_set_errno (error, errno, "cannot look at the test %s", name);
  return S_ISREG (st.st_mode)
         || vq_error_set (error, VQ_ERROR_USAGE,
                          "the test %s is not a plain file: name one that can be run", name);
}

static VqRunTest *
open_file (const char *name, GError **error)
{
  vq_autofd int fd = open (name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

  if (fd >= 0)
    return check_type (fd, name, error) ? run_test_new (g_steal_fd (&fd)) : NULL;
  if (errno == ENOENT && vq_test_check_missing (name, error))
    vq_error_set (error, VQ_ERROR_MISSING, "there is no test %s", name);
  else if (errno != ENOENT)
    vq_error_set_errno (error, errno, "cannot read the test %s", name);
  return NULL;
}

static VqRunTest *
fetch (const char *url, VqCancel *cancel, GError **error)
{
  g_autofree char *shown = vq_pull_url_show (url);
  g_auto (VqFetchResult) result = { .same = FALSE };
  vq_autofd int fd = memfd_create ("test", MFD_CLOEXEC);
  VQ_ERROR_PREFIX (error, "cannot fetch the test %s", shown);

  if (fd < 0)
    {
      vq_error_set_errno (error, errno, "there is no memory for it");
      return NULL;
    }
  if (!vq_pull_url_check (url, error)
      || !vq_fetch_get (
          &(VqFetchRequest){
              .url = url, .shown = shown, .fd = fd, .max = FETCH_MAX, .stall = STALL },
          NULL, NULL, &result, cancel, error))
    return NULL;
  return run_test_new (g_steal_fd (&fd));
}

static VqRunTest *
open_any (const char *name, VqCancel *cancel, GError **error)
{
  g_autofree char *path = NULL;

  if (!vq_pull_url_is (name))
    return open_file (name, error);
  if (!vq_pull_url_is_file (name))
    return fetch (name, cancel, error);
  path = vq_pull_url_get_path (name, error);
  return path != NULL ? open_file (path, error) : NULL;
}

VqRunTest *
vq_run_test_open (const char *name, VqCancel *cancel, GError **error)
{
  g_autofree char *shown = vq_pull_url_show (name);
  g_autoptr (VqRunTest) test = open_any (name, cancel, error);

  return test != NULL && vq_test_check_contents (test->fd, shown, error) ? g_steal_pointer (&test)
                                                                         : NULL;
}

void
vq_run_test_free (VqRunTest *test)
{
  if (test == NULL)
    return;
  vq_fd_clear (&test->fd);
  g_free (test);
}

int
vq_run_test_open_reader (VqRunTest *test, GError **error)
{
  int fd = lseek (test->fd, 0, SEEK_SET) == 0 ? fcntl (test->fd, F_DUPFD_CLOEXEC, 3) : -1;

  if (fd < 0)
    vq_error_set_errno (error, errno, "cannot read the test");
  return fd;
}

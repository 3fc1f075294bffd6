// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/inherited.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/units.h"

/* The server itself needs about 40 descriptors, and QEMU as many. */
#define FILES_NEEDED 128

/* The usual soft limit. A larger one would break programs that use select(2). */
#define FILES_USUAL 1024

/* With a much larger one, QEMU and qemu-img can make no threads, because each has a stack as large
 * as the limit. */
#define STACK_USUAL (8 * 1024 * 1024)
#define STACK_NEEDED (1024 * 1024)

static const int fatal[] = { SIGPIPE, SIGXFSZ };

/* The soft limit of the user, raised to the usual one. */
static rlim_t files_of_children = FILES_USUAL;

static void
open_standard_descriptors (void)
{
  int fd;

  do
    fd = open ("/dev/null", O_RDWR | O_CLOEXEC);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0)
    close (fd);
}

static void
set_signals (__sighandler_t handler)
{
  sigset_t none;

  sigemptyset (&none);
  for (gsize i = 0; i < G_N_ELEMENTS (fatal); i++)
    signal (fatal[i], handler);
  signal (SIGCHLD, SIG_DFL);
  sigprocmask (SIG_SETMASK, &none, NULL);
}

/* Sets the soft limit to VALUE, or as near to it as possible. Returns what it is then. */
static rlim_t
set_soft (int resource, rlim_t value)
{
  struct rlimit limit;

  if (getrlimit (resource, &limit) != 0)
    return value;
  limit.rlim_cur = MIN (value, limit.rlim_max);
  return setrlimit (resource, &limit) == 0 ? limit.rlim_cur : 0;
}

static rlim_t
get_soft (int resource)
{
  struct rlimit limit = { 0 };

  getrlimit (resource, &limit);
  return limit.rlim_cur;
}

static gboolean
set_limits (GError **error)
{
  rlim_t stack = set_soft (RLIMIT_STACK, STACK_USUAL);
  rlim_t files;

  files_of_children = MAX (get_soft (RLIMIT_NOFILE), FILES_USUAL);
  files = set_soft (RLIMIT_NOFILE, files_of_children);
  if (files < FILES_NEEDED)
    return vq_error_set (error, VQ_ERROR_FAILED,
                         "only %d files may be open at once, but %d are needed: raise that limit, "
                         "ulimit -n",
                         (int)files, FILES_NEEDED);
  if (stack < STACK_NEEDED)
    return vq_error_set (error, VQ_ERROR_FAILED,
                         "the stack may have only %d KiB, but %d are needed: raise that limit, "
                         "ulimit -s",
                         (int)(stack / 1024), STACK_NEEDED / 1024);
  return TRUE;
}

gboolean
vq_inherited_settle (GError **error)
{
  open_standard_descriptors ();
  set_signals (SIG_IGN);
  umask (umask (0) & (S_IRWXG | S_IRWXO));
  return set_limits (error);
}

void
vq_inherited_give_back (void)
{
  set_signals (SIG_DFL);
  set_soft (RLIMIT_NOFILE, files_of_children);
}

/* The limits that make a system call, and so a program, fail. */
static const struct
{
  int errnum;
  int resource;
  const char *sign; /* what programs say then */
  const char *note;
} noted[] = {
  { EFBIG, RLIMIT_FSIZE, "too large",
    " (no file may be larger than %s here: raise that limit, ulimit -f)" },
  { ENOMEM, RLIMIT_AS, "annot allocate",
    " (no process may use more than %s of memory here: raise that limit, ulimit -v)" },
};

static char *
build_note (gsize index)
{
  rlim_t limit = get_soft (noted[index].resource);
  g_autofree char *size = vq_units_size_to_string (limit);
  g_auto (GStrv) parts = g_strsplit (noted[index].note, "%s", 2);

  return limit != RLIM_INFINITY ? g_strjoinv (size, parts) : g_strdup ("");
}

char *
vq_inherited_note_on_errno (int errnum)
{
  for (gsize i = 0; i < G_N_ELEMENTS (noted); i++)
    if (noted[i].errnum == errnum)
      return build_note (i);
  return g_strdup ("");
}

char *
vq_inherited_note_on_signal (int signum)
{
  return vq_inherited_note_on_errno (signum == SIGXFSZ                        ? EFBIG
                                     : signum == SIGSEGV || signum == SIGABRT ? ENOMEM
                                                                              : 0);
}

char *
vq_inherited_note_on_text (const char *text)
{
  for (gsize i = 0; i < G_N_ELEMENTS (noted); i++)
    if (strstr (text, noted[i].sign) != NULL)
      return build_note (i);
  return g_strdup ("");
}

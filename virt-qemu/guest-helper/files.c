// SPDX-License-Identifier: GPL-2.0-or-later
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/helper-wire.h"

/* What a pipe holds if it is large. */
#define BLOCK_SIZE (128 * 1024)

static int
complain (const char *what, const char *path)
{
  fprintf (stderr, "cannot %s %s: %s\n", what, path, strerror (errno));
  return EXIT_FAILURE;
}

/* It knows what to do with all other files, and what to say. */
int
files_become (char **command)
{
  if (command[0] == NULL)
    return complain ("open", "it");
  execvp (command[0], command);
  return complain ("run", command[0]);
}

static bool
write_all (int fd, const char *bytes, size_t length)
{
  while (length > 0)
    {
      ssize_t n = write (fd, bytes, length);

      if (n < 0 && errno != EINTR)
        return false;
      bytes += n > 0 ? n : 0;
      length -= n > 0 ? n : 0;
    }
  return true;
}

/* All of FROM goes to TO; PATH is one of them. */
static int
move (int from, int to, const char *path)
{
  static char block[BLOCK_SIZE];
  ssize_t n;

  while ((n = read (from, block, sizeof block)) != 0)
    if (n < 0 && errno != EINTR)
      return complain ("read", path);
    else if (n > 0 && !write_all (to, block, n))
      return complain ("write", path);
  return EXIT_SUCCESS;
}

/* As chmod +x. */
static bool
make_executable (int fd)
{
  mode_t mask = umask (0);
  struct stat st;

  umask (mask);
  return fstat (fd, &st) == 0 && fchmod (fd, (st.st_mode & 07777) | (0111 & ~mask)) == 0;
}

/* A FIFO must not hold us up: hence O_NONBLOCK, which means nothing to a plain file. */
static int
put (const char *path, bool executable, char **command)
{
  int fd = open (path, O_WRONLY | O_NONBLOCK | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  struct stat st;
  int status;

  if (fd < 0 || fstat (fd, &st) < 0 || !S_ISREG (st.st_mode))
    return files_become (command);
  status = move (STDIN_FILENO, fd, path);
  if (status == EXIT_SUCCESS && executable && !make_executable (fd))
    status = complain ("make executable", path);
  if (close (fd) < 0 && status == EXIT_SUCCESS)
    status = complain ("write", path);
  return status;
}

static bool
is_simple (int fd)
{
  struct stat st;

  return fstat (fd, &st) == 0 && S_ISREG (st.st_mode) && st.st_blocks * 512 >= st.st_size;
}

static int
get (const char *path, char **command)
{
  int fd = open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

  if (fd < 0 || !is_simple (fd))
    return files_become (command);
  return move (fd, STDOUT_FILENO, path);
}

int
files_put_executable (const char *path, char **command)
{
  return put (path, true, command);
}

int
files_main (char **words)
{
  const char *verb = words[1];

  if (verb == NULL || words[2] == NULL)
    return EXIT_FAILURE;
  if (strcmp (verb, VQ_HELPER_FILE_GET) == 0)
    return get (words[2], words + VQ_HELPER_SELF_WORDS);
  if (strcmp (verb, VQ_HELPER_FILE_PUT) == 0)
    return put (words[2], false, words + VQ_HELPER_SELF_WORDS);
  if (strcmp (verb, VQ_HELPER_FILE_PUT_EXECUTABLE) == 0)
    return files_put_executable (words[2], words + VQ_HELPER_SELF_WORDS);
  return EXIT_FAILURE;
}

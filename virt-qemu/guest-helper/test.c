// SPDX-License-Identifier: GPL-2.0-or-later
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "helper/helper-wire.h"

static bool
make_directory (const char *path)
{
  return mkdir (path, 0777) == 0 || errno == EEXIST;
}

/* The directory of the test, and the one for its logs. */
static bool
make_directories (const char *test)
{
  char path[PATH_MAX];

  snprintf (path, sizeof path, "%s", test);
  return make_directory (dirname (path)) && make_directory (VQ_HELPER_TEST_LOGS);
}

static void
take_null_for_stdin (void)
{
  int fd = open ("/dev/null", O_RDONLY);

  if (fd > STDIN_FILENO)
    {
      dup2 (fd, STDIN_FILENO);
      close (fd);
    }
}

/* A script without a first line that names its interpreter is for sh, as for a shell: WITH_SH. */
static int
run (char **argv, char **with_sh)
{
  take_null_for_stdin ();
  if (chdir (VQ_HELPER_TEST_DISK) < 0 && errno != ENOENT)
    fprintf (stderr, "cannot enter %s: %s\n", VQ_HELPER_TEST_DISK, strerror (errno));
  execv (argv[0], argv);
  if (errno == ENOEXEC)
    execvp (with_sh[0], with_sh);
  fprintf (stderr, "cannot run %s: %s\n", argv[0], strerror (errno));
  return 126;
}

int
test_main (char **words)
{
  char *path = words[2];
  char **command = words + VQ_HELPER_SELF_WORDS;
  int n = 0;
  int status;

  while (n < VQ_HELPER_TEST_WORDS && command[n] != NULL)
    n++;
  if (n < VQ_HELPER_TEST_WORDS)
    return EXIT_FAILURE;
  if (access (VQ_HELPER_TEST_SEED, F_OK) == 0 || !make_directories (path))
    return files_become (command);
  status = files_put_executable (path, command);
  if (status != EXIT_SUCCESS)
    return status;
  command[n - 1] = path;       /* what follows are the arguments of the test */
  command[n - 2] = command[0]; /* sh */
  return run (command + n - 1, command + n - 2);
}

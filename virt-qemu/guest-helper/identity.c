// SPDX-License-Identifier: GPL-2.0-or-later
#include "identity.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGITS VQ_HELPER_MACHINE_ID_SIZE

#define ID_FILE "/etc/machine-id"
#define DBUS_ID_FILE "/var/lib/dbus/machine-id"

typedef char MachineId[DIGITS + 1];

static bool
is_machine_id (const char *text)
{
  return strlen (text) == DIGITS && strspn (text, "0123456789abcdef") == DIGITS;
}

/* A file that is not plain must not hold us up: hence O_NONBLOCK. */
static int
open_plain (const char *path, int flags)
{
  int fd = open (path, flags | O_NONBLOCK | O_CLOEXEC);
  struct stat st;

  if (fd < 0 || (fstat (fd, &st) == 0 && S_ISREG (st.st_mode)))
    return fd;
  close (fd);
  errno = EINVAL;
  return -1;
}

/* Returns false if the guest has no ID. */
static bool
read_machine_id (MachineId id)
{
  int fd = open_plain (ID_FILE, O_RDONLY);
  ssize_t n = fd >= 0 ? read (fd, id, DIGITS) : -1;

  if (fd >= 0)
    close (fd);
  id[n > 0 ? n : 0] = '\0';
  return is_machine_id (id);
}

/* Nearly always the file has the right size already, and in a new fork even a system call that
 * changes nothing takes time. */
static bool
cut (int fd, off_t size)
{
  struct stat st;

  return (fstat (fd, &st) == 0 && st.st_size == size) || ftruncate (fd, size) == 0;
}

static int
write_machine_id (int fd, const MachineId id)
{
  char line[DIGITS + 1];

  memcpy (line, id, DIGITS);
  line[DIGITS] = '\n';
  errno = EIO; /* if only a part is written */
  return pwrite (fd, line, sizeof line, 0) == sizeof line && cut (fd, sizeof line) ? 0 : errno;
}

/* journalctl looks for the journal in a directory with the machine's ID, and journald goes on with
 * the files that it has open. A guest that keeps no journal there has nothing to move. */
static void
move_journal (const char *parent, const MachineId from, const MachineId to)
{
  char old[64], new[64];

  snprintf (old, sizeof old, "%s/%s", parent, from);
  snprintf (new, sizeof new, "%s/%s", parent, to);
  if (rename (old, new) == 0 && symlink (to, old) < 0)
    rename (new, old);
}

/* In most guests it is a link to the other file. */
static int
set_dbus_id (const MachineId id)
{
  int fd = open_plain (DBUS_ID_FILE, O_WRONLY | O_NOFOLLOW);
  int error;

  if (fd < 0)
    return errno == ENOENT || errno == ELOOP || errno == ENOTDIR ? 0 : errno;
  error = write_machine_id (fd, id);
  close (fd);
  return error;
}

static int
set_machine_id (int fd, const MachineId old, const MachineId new)
{
  int error;

  move_journal ("/var/log/journal", old, new);
  move_journal ("/run/log/journal", old, new);
  error = write_machine_id (fd, new);
  return error != 0 ? error : set_dbus_id (new);
}

int
identity_set_machine_id (const uint8_t request[VQ_HELPER_MACHINE_ID_SIZE])
{
  MachineId old, new;
  int fd, error;

  memcpy (new, request, DIGITS);
  new[DIGITS] = '\0';
  if (!is_machine_id (new))
    return EINVAL;
  if (!read_machine_id (old) || strcmp (old, new) == 0)
    return 0;
  fd = open_plain (ID_FILE, O_WRONLY);
  if (fd < 0)
    return errno == EROFS ? 0 : errno;
  error = set_machine_id (fd, old, new);
  close (fd);
  return error;
}

int
identity_find_host_keys (void)
{
  DIR *dir = opendir ("/etc/ssh");
  int found = ENOENT;

  if (dir == NULL)
    return ENOENT;
  for (struct dirent *entry = readdir (dir); entry != NULL; entry = readdir (dir))
    if (fnmatch ("ssh_host_*_key", entry->d_name, 0) == 0)
      found = 0;
  closedir (dir);
  return found;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The umask is changed for a moment, because chmod after open would leave a moment in which others
 * cannot open the file. */
#include "slot/slot-place.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "io/private-dir.h"

#define GROUP "kvm"
#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static mode_t
get_mask (const VqSlotType *type)
{
  return type->is_shared ? S_IRWXO : S_IRWXG | S_IRWXO;
}

/* Root makes the directory for all users. That it is there already is no failure. */
static gboolean
make_shared (const char *path, GError **error)
{
  const struct group *group = getgrnam (GROUP);
  mode_t before = umask (S_IRWXO);
  gboolean made = mkdir (path, 0770) == 0;
  int errnum = errno;

  umask (before);
  if (!made)
    return errnum == EEXIST || vq_error_set_errno (error, errnum, "cannot make %s", path);
  if ((group == NULL || chown (path, -1, group->gr_gid) == 0) && chmod (path, 02770) == 0)
    return TRUE;
  return vq_error_set_errno (error, errno, "cannot give %s to the group " GROUP, path);
}

/* Slots are shared only where nobody but root, or ourselves, has said so. */
static gboolean
check_shared (int fd, const char *path, GError **error)
{
  struct stat st;

  if (fstat (fd, &st) != 0)
    return vq_error_set_errno (error, errno, "cannot look at %s", path);
  if (st.st_uid != 0 && st.st_uid != geteuid ())
    return vq_error_set (error, VQ_ERROR_FAILED, "%s belongs to another user (UID %u)", path,
                         (guint)st.st_uid);
  return (st.st_mode & S_IWOTH) == 0
         || vq_error_set (error, VQ_ERROR_FAILED,
                          "everybody can write to %s: run chmod o-w %s as root", path, path);
}

static gboolean
fail_to_open (int errnum, const char *path, GError **error)
{
  if (errnum == EACCES)
    return vq_error_set (error, VQ_ERROR_FAILED,
                         "cannot open %s: only members of its group may take slots, so run "
                         "\"adduser %s " GROUP "\" as root, and log in again",
                         path, g_get_user_name ());
  if (errnum == ENOENT)
    return vq_error_set (error, VQ_ERROR_MISSING,
                         "there is no directory %s: run \"systemd-tmpfiles --create\" as root, or "
                         "take a slot as root once",
                         path);
  return vq_error_set_errno (error, errnum, "cannot open %s", path);
}

static int
open_shared (const VqSlotType *type, gboolean create, GError **error)
{
  vq_autofd int fd = -1;

  if (create && geteuid () == 0 && !make_shared (type->directory, error))
    return -1;
  fd = open (type->directory, DIRECTORY_FLAGS);
  if (fd < 0)
    return fail_to_open (errno, type->directory, error), -1;
  return check_shared (fd, type->directory, error) ? g_steal_fd (&fd) : -1;
}

static int
open_private (const VqSlotType *type, gboolean create, GError **error)
{
  g_autoptr (VqPrivateDir) dir = vq_private_dir_open (
      type->directory, create ? VQ_PRIVATE_DIR_CREATE : VQ_PRIVATE_DIR_EXISTING, error);
  int fd = dir != NULL ? fcntl (vq_private_dir_get_fd (dir), F_DUPFD_CLOEXEC, 0) : -1;

  if (dir != NULL && fd < 0)
    vq_error_set_errno (error, errno, "cannot open %s", type->directory);
  return fd;
}

static gboolean
make_below (const VqSlotType *type, int above, GError **error)
{
  mode_t before = umask (get_mask (type));
  gboolean made = mkdirat (above, type->name, 0770) == 0 || errno == EEXIST;
  int errnum = errno;

  umask (before);
  return made || vq_error_set_errno (error, errnum, "it cannot be made");
}

/* Others than those who share TYPE must not write to it. */
static gboolean
check_mode (const VqSlotType *type, int fd, mode_t kind, GError **error)
{
  mode_t forbidden = type->is_shared ? S_IWOTH : S_IWOTH | S_IWGRP;
  struct stat st;

  if (fstat (fd, &st) != 0)
    return vq_error_set_errno (error, errno, "it cannot be looked at");
  if ((st.st_mode & S_IFMT) != kind)
    return vq_error_set (error, VQ_ERROR_FAILED, "it is not a plain file");
  return (st.st_mode & forbidden) == 0
         || vq_error_set (error, VQ_ERROR_FAILED, "other users can write to it: remove it");
}

/* The directory of one type, in ABOVE. */
static int
open_below (const VqSlotType *type, int above, gboolean create, GError **error)
{
  vq_autofd int fd = -1;
  VQ_ERROR_PREFIX (error, "%s/%s", type->directory, type->name);

  if (create && !make_below (type, above, error))
    return -1;
  fd = openat (above, type->name, DIRECTORY_FLAGS);
  if (fd < 0)
    return vq_error_set_errno (error, errno, "it cannot be opened"), -1;
  return check_mode (type, fd, S_IFDIR, error) ? g_steal_fd (&fd) : -1;
}

int
vq_slot_place_open (const VqSlotType *type, gboolean create, GError **error)
{
  vq_autofd int above
      = type->is_shared ? open_shared (type, create, error) : open_private (type, create, error);

  return above >= 0 ? open_below (type, above, create, error) : -1;
}

int
vq_slot_place_open_file (const VqSlotType *type, int place, const char *name, int flags,
                         GError **error)
{
  mode_t before = umask (get_mask (type));
  /* O_NONBLOCK, because somebody may have put a FIFO there. */
  vq_autofd int fd
      = openat (place, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0660);
  int errnum = errno;
  VQ_ERROR_PREFIX (error, "%s/%s/%s", type->directory, type->name, name);

  umask (before);
  if (fd < 0)
    return vq_error_set_errno (error, errnum, "it cannot be opened"), -1;
  return check_mode (type, fd, S_IFREG, error) ? g_steal_fd (&fd) : -1;
}

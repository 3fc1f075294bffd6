/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "grow.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "partition-table.h"

/* What the kernel's headers say, which musl-gcc does not find: linux/fs.h and linux/blkpg.h. */
#define GET_BLOCK_SIZE _IO (0x12, 104)
#define GET_SIZE _IOR (0x12, 114, size_t)
#define CHANGE_PARTITION _IO (0x12, 105)
#define RESIZE_PARTITION 3
typedef struct
{
  int64_t start;  /* bytes */
  int64_t length; /* bytes */
  int number;
  char names[128];
} KernelPartition;
typedef struct
{
  int what;
  int flags;
  int length;
  void *data;
} PartitionChange;

/* fs/ext4/ext4.h: the number of the file system's blocks. */
#define EXT4 0xef53
#define EXT4_RESIZE _IOW ('f', 16, uint64_t)

/* fs/xfs/libxfs/xfs_fs.h. */
#define XFS 0x58465342
typedef struct
{
  uint32_t block_size, realtime, group_blocks, n_groups, log_blocks, sector, inode_size,
      inode_percent;
  uint64_t rest[10];
} XfsGeometry;
typedef struct
{
  uint64_t blocks;
  uint32_t inode_percent;
} XfsGrowth;
#define XFS_GET_GEOMETRY _IOR ('X', 100, XfsGeometry)
#define XFS_GROW _IOW ('X', 110, XfsGrowth)

/* linux/btrfs.h. */
#define BTRFS 0x9123683e
typedef struct
{
  int64_t fd;
  char name[4088];
} BtrfsResize;
#define BTRFS_RESIZE _IOW (0x94, 3, BtrfsResize)

#define SECTOR 512u /* in which /sys counts */

/* A file system, and the block device that it is on. */
typedef struct
{
  int fd; /* of its root directory */
  uint32_t type;
  uint32_t block; /* bytes */
  dev_t device;
} FileSystem;

static bool
read_number (int directory, const char *name, uint64_t *number)
{
  char text[32] = "";
  int fd = openat (directory, name, O_RDONLY | O_CLOEXEC);
  char *end;

  if (fd < 0)
    return false;
  if (read (fd, text, sizeof text - 1) < 0)
    text[0] = '\0';
  close (fd);
  *number = strtoull (text, &end, 10);
  return end > text && *end == '\n';
}

/* The device in a line of /proc/self/mountinfo (proc(5)) for the mount point PATH, or NULL. */
static char *
find_source (char *line, const char *path)
{
  char mounted[4096], source[4096];
  char *rest = strstr (line, " - ");

  if (rest == NULL || sscanf (line, "%*s %*s %*s %*s %4095s", mounted) != 1
      || strcmp (mounted, path) != 0 || sscanf (rest, " - %*s %4095s", source) != 1)
    return NULL;
  return strdup (source);
}

/* Of btrfs, stat tells a device that is none. */
static bool
find_mounted (const char *path, dev_t *device)
{
  FILE *file = fopen ("/proc/self/mountinfo", "re");
  char *line = NULL;
  size_t size = 0;
  struct stat st;
  bool found = false;

  while (file != NULL && getline (&line, &size, file) >= 0)
    {
      char *source = find_source (line, path);

      if (source != NULL && stat (source, &st) == 0 && S_ISBLK (st.st_mode))
        {
          *device = st.st_rdev;
          found = true;
        }
      free (source);
    }
  free (line);
  if (file != NULL)
    fclose (file);
  return found;
}

static bool
open_file_system (FileSystem *self, const char *path, Why why)
{
  struct statfs fs;
  struct stat st;

  self->fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (self->fd < 0 || fstatfs (self->fd, &fs) < 0 || fstat (self->fd, &st) < 0)
    return explain (why, "cannot open %s: %s", path, strerror (errno));
  self->type = fs.f_type;
  self->block = fs.f_bsize;
  self->device = st.st_dev;
  if (self->type == BTRFS && !find_mounted (path, &self->device))
    return explain (why, "the device of %s cannot be found", path);
  return true;
}

/* The directory of DEVICE in /sys, or of the disk that it is a partition of if BELOW is "/..". */
static int
open_in_sys (dev_t device, const char *below)
{
  char path[64];

  snprintf (path, sizeof path, "/sys/dev/block/%u:%u%s", major (device), minor (device), below);
  return open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Opens the block device whose directory in /sys is DIRECTORY, by its name in /dev. */
static int
open_device (int directory)
{
  char text[512] = "";
  char path[300];
  int fd = openat (directory, "uevent", O_RDONLY | O_CLOEXEC);
  char *name;

  if (fd < 0)
    return -1;
  if (read (fd, text, sizeof text - 1) < 0)
    text[0] = '\0';
  close (fd);
  name = strstr (text, "DEVNAME=");
  if (name == NULL)
    return -1;
  snprintf (path, sizeof path, "/dev/%.*s", (int)strcspn (name + 8, "\n"), name + 8);
  return open (path, O_RDWR | O_CLOEXEC);
}

static bool
read_partition (int directory, Partition *partition, Why why)
{
  uint64_t number, start, length, size;
  int block;

  if (!read_number (directory, "partition", &number) || !read_number (directory, "start", &start)
      || !read_number (directory, "size", &length))
    return explain (why, "cannot ask for the place of the partition");
  if (ioctl (partition->fd, GET_BLOCK_SIZE, &block) < 0
      || ioctl (partition->fd, GET_SIZE, &size) < 0 || block <= 0)
    return explain (why, "cannot ask for the size of the disk: %s", strerror (errno));
  partition->block = block;
  partition->n_blocks = size / block;
  partition->number = number;
  partition->start = start * SECTOR / block;
  partition->length = length * SECTOR / block;
  return true;
}

static bool
tell_kernel (const Partition *partition, Why why)
{
  KernelPartition data = { .start = partition->start * partition->block,
                           .length = partition->length * partition->block,
                           .number = partition->number };
  PartitionChange change = { .what = RESIZE_PARTITION, .length = sizeof data, .data = &data };

  return ioctl (partition->fd, CHANGE_PARTITION, &change) == 0
         || explain (why, "the kernel does not take the partition's new size: %s",
                     strerror (errno));
}

/* *BYTES is the size of the partition then. */
static bool
grow_partition_in (int directory, int disk, uint64_t *bytes, Why why)
{
  Partition partition = { .fd = disk < 0 ? -1 : open_device (disk) };
  bool done;

  if (faccessat (directory, "partition", F_OK, 0) < 0)
    return explain (why, "it is on no partition of a disk");
  if (partition.fd < 0)
    return explain (why, "the disk cannot be opened: %s", strerror (errno));
  done = read_partition (directory, &partition, why) && partition_table_grow (&partition, why)
         && tell_kernel (&partition, why);
  *bytes = partition.length * partition.block;
  close (partition.fd);
  return done;
}

static bool
grow_partition (const FileSystem *fs, uint64_t *bytes, Why why)
{
  int directory = open_in_sys (fs->device, "");
  int disk = open_in_sys (fs->device, "/..");
  bool done = directory >= 0 ? grow_partition_in (directory, disk, bytes, why)
                             : explain (why, "it is on no block device");

  if (directory >= 0)
    close (directory);
  if (disk >= 0)
    close (disk);
  return done;
}

static int
grow_ext4 (const FileSystem *fs, uint64_t bytes)
{
  uint64_t blocks = bytes / fs->block;

  return ioctl (fs->fd, EXT4_RESIZE, &blocks);
}

static int
grow_xfs (const FileSystem *fs, uint64_t bytes)
{
  XfsGeometry geometry;
  XfsGrowth growth;

  if (ioctl (fs->fd, XFS_GET_GEOMETRY, &geometry) < 0)
    return -1;
  growth = (XfsGrowth){ bytes / geometry.block_size, geometry.inode_percent };
  return ioctl (fs->fd, XFS_GROW, &growth);
}

static int
grow_btrfs (const FileSystem *fs)
{
  static BtrfsResize resize = { .name = "max" };

  return ioctl (fs->fd, BTRFS_RESIZE, &resize);
}

static bool
grow_file_system (const FileSystem *fs, uint64_t bytes, Why why)
{
  int result;

  if (fs->type == EXT4)
    result = grow_ext4 (fs, bytes);
  else if (fs->type == XFS)
    result = grow_xfs (fs, bytes);
  else if (fs->type == BTRFS)
    result = grow_btrfs (fs);
  else
    return explain (why, "the file system is not ext4, xfs or btrfs (its type is %" PRIx32 ")",
                    fs->type);
  return result >= 0 || explain (why, "the file system cannot be enlarged: %s", strerror (errno));
}

int
grow_main (const char *path)
{
  FileSystem fs = { .fd = -1 };
  uint64_t bytes = 0;
  Why why;

  if (open_file_system (&fs, path, why) && grow_partition (&fs, &bytes, why)
      && grow_file_system (&fs, bytes, why))
    return EXIT_SUCCESS;
  fprintf (stderr, "%s\n", why);
  return EXIT_FAILURE;
}

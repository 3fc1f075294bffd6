// SPDX-License-Identifier: GPL-2.0-or-later
/* sfdisk makes the tables, and says afterwards whether they are good. */
#include "partition-table.h"

#include <check.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "suite.h"

#define MIB (1024 * 1024)
#define SIZE 64   /* of the disk before, in MiB */
#define LARGER 96 /* and after */

/* Where tables are. */
#define ENDS "{ head -c 64K $disk; tail -c 64K $disk; } | sha256sum"

static char *disk;

static void
set_up (void)
{
  int fd = g_file_open_tmp ("vq-disk-XXXXXX", &disk, NULL);

  ck_assert (fd >= 0 && ftruncate (fd, SIZE * MIB) == 0);
  close (fd);
}

static void
tear_down (void)
{
  g_unlink (disk);
  g_clear_pointer (&disk, g_free);
}

CASE ("partition-table", set_up, tear_down, 30)

/* Runs the shell's COMMAND, in which $disk is the disk. Transfer full. */
static char *
shell (const char *command)
{
  const char *const argv[] = { "sh", "-c", command, NULL };
  g_auto (GStrv) environment = g_environ_setenv (g_get_environ (), "disk", disk, TRUE);
  g_autofree char *err = NULL;
  char *out;
  int status;

  environment = g_environ_setenv (environment, "PATH", "/usr/sbin:/usr/bin:/sbin:/bin", TRUE);
  ck_assert (g_spawn_sync (NULL, (char **)argv, environment, G_SPAWN_SEARCH_PATH, NULL, NULL, &out,
                           &err, &status, NULL));
  ck_assert_msg (status == 0, "%s: %s%s", command, out, err);
  return out;
}

static void
make_table (const char *table)
{
  g_autofree char *command = g_strdup_printf ("printf '%%s\\n' %s | sfdisk -q $disk", table);
  g_autofree char *out = shell (command);
}

static void
enlarge (void)
{
  ck_assert_int_eq (truncate (disk, LARGER * MIB), 0);
}

/* On the larger disk, lets the partition NUMBER grow that is from MiB START to END. */
static gboolean
grow (guint number, guint64 start, guint64 end, Why why)
{
  vq_autofd int fd = open (disk, O_RDWR | O_CLOEXEC);
  Partition partition = { .fd = fd,
                          .block = 512,
                          .n_blocks = LARGER * MIB / 512,
                          .number = number,
                          .start = start * MIB / 512,
                          .length = (end - start) * MIB / 512 };
  gboolean done;

  done = partition_table_grow (&partition, why);
  if (done)
    ck_assert_uint_gt (partition.length, (LARGER - 1 - start) * MIB / 512 - 1);
  return done;
}

/* Of all partitions: start and size, in MiB, in the order of their numbers. */
static void
assert_partitions (const char *expected)
{
  g_autofree char *found = shell (
      "sfdisk -d $disk | sed -nE 's/.*start= *([0-9]+), size= *([0-9]+).*/\\1 \\2/p' | "
      "while read start size; do printf '%s+%s ' $((start / 2048)) $((size / 2048)); done");
  g_autofree char *verdict = shell ("sfdisk --verify $disk 2>&1");

  ck_assert_str_eq (found, expected);
  ck_assert_msg (strstr (verdict, "No errors detected") != NULL, "%s", verdict);
}

static const struct
{
  const char *table;
  guint number, start, end;
  const char *after;
} good[] = {
  { "'label: gpt' start=1MiB,size=8MiB start=9MiB,size=54MiB", 2, 9, 63, "1+8 9+86 " },
  /* Numbers need not be in the order on the disk. */
  { "'label: gpt' start=40MiB,size=20MiB start=1MiB,size=8MiB", 1, 40, 60, "40+55 1+8 " },
  { "'label: gpt' 'first-lba: 34' 'table-length: 8' start=1MiB,size=60MiB", 1, 1, 61, "1+94 " },
  { "'label: dos' start=1MiB,size=8MiB start=9MiB,size=55MiB", 2, 9, 64, "1+8 9+87 " },
};

TEST_LOOP (grows, 0, G_N_ELEMENTS (good))
{
  Why why = "";

  make_table (good[_i].table);
  enlarge ();
  ck_assert_msg (grow (good[_i].number, good[_i].start, good[_i].end, why), "%s", why);
  assert_partitions (good[_i].after);
}

static const struct
{
  const char *table;
  const char *damage; /* a shell's command */
  guint number, start, end;
  const char *why;
} bad[] = {
  { "'label: gpt' start=1MiB,size=8MiB start=9MiB,size=8MiB", ":", 1, 1, 9, "behind partition 1" },
  { "'label: dos' start=1MiB,size=8MiB start=9MiB,size=8MiB", ":", 1, 1, 9, "behind partition 1" },
  { "'label: dos' start=1MiB,size=8MiB,type=5", ":", 5, 2, 6, "a logical one" },
  { "'label: gpt' start=1MiB,size=8MiB", ":", 1, 1, 10, "something else about partition 1" },
  { "'label: gpt' start=1MiB,size=8MiB", ":", 2, 1, 9, "something else about partition 2" },
  { "'label: gpt' start=1MiB,size=8MiB", ":", 200, 1, 9, "makes no sense" },
  { "'label: dos' start=1MiB,size=8MiB", ":", 1, 2, 9, "something else about partition 1" },
  /* A byte of an entry, and one of the header, and all of it. */
  { "'label: gpt' start=1MiB,size=8MiB", "printf x | dd of=$disk bs=1 seek=1100 conv=notrunc", 1, 1,
    9, "damaged" },
  { "'label: gpt' start=1MiB,size=8MiB", "printf x | dd of=$disk bs=1 seek=570 conv=notrunc", 1, 1,
    9, "damaged" },
  { "'label: gpt' start=1MiB,size=8MiB",
    "printf '\\377\\377\\377\\377' | dd of=$disk bs=1 seek=592 conv=notrunc", 1, 1, 9,
    "makes no sense" },
  { "'label: gpt' start=1MiB,size=8MiB", "dd if=/dev/zero of=$disk bs=1024 count=1 conv=notrunc", 1,
    1, 9, "neither a GPT nor an MBR" },
};

TEST_LOOP (stays, 0, G_N_ELEMENTS (bad))
{
  g_autofree char *before = NULL;
  g_autofree char *damaged = NULL;
  g_autofree char *after = NULL;
  Why why = "";

  make_table (bad[_i].table);
  damaged = shell (bad[_i].damage);
  enlarge ();
  before = shell (ENDS);
  ck_assert (!grow (bad[_i].number, bad[_i].start, bad[_i].end, why));
  ck_assert_msg (strstr (why, bad[_i].why) != NULL, "%s", why);
  after = shell (ENDS);
  ck_assert_str_eq (before, after);
}

/* There is no room behind it, so a second time changes nothing. */
TEST (only_once)
{
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  Why why = "";

  make_table ("'label: dos' start=1MiB,size=63MiB");
  enlarge ();
  ck_assert (grow (1, 1, 64, why));
  before = shell (ENDS);
  ck_assert (grow (1, 1, LARGER, why));
  after = shell (ENDS);
  ck_assert_str_eq (before, after);
}

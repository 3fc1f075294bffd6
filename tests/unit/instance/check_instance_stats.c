// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-stats.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "instance-setup.h"
#include "suite.h"

#define MIB (1024 * 1024)

CASE ("instance-stats", instance_setup, instance_teardown, 10)

static void
write_file (gsize size)
{
  g_autofree char *path = vq_private_dir_join (instance_place, "disk");
  g_autofree char *bytes = g_malloc (size);

  memset (bytes, 'x', size);
  ck_assert (g_file_set_contents (path, bytes, size, NULL));
}

TEST (keeps_the_most)
{
  VqInstanceStats stats = { 0 };
  guint64 disk_space, memory;

  write_file (2 * MIB);
  vq_instance_stats_raise (&stats, instance_place, getpid ());
  disk_space = stats.disk_space;
  memory = stats.memory;
  ck_assert_uint_ge (disk_space, 2 * MIB);
  ck_assert_uint_lt (disk_space, 3 * MIB);
  ck_assert_uint_ge (memory, MIB);
  write_file (MIB);
  vq_instance_stats_raise (&stats, instance_place, 0);
  ck_assert_uint_eq (stats.disk_space, disk_space);
  ck_assert_uint_eq (stats.memory, memory);
  write_file (4 * MIB);
  vq_instance_stats_raise (&stats, instance_place, 0);
  ck_assert_uint_ge (stats.disk_space, 4 * MIB);
}

TEST (memory_that_is_gone_is_counted)
{
  VqInstanceStats stats = { 0 };
  guint64 before;
  char *bytes;

  vq_instance_stats_raise (&stats, instance_place, getpid ());
  before = stats.memory;
  bytes = g_malloc (64 * MIB);
  memset (bytes, 1, 64 * MIB);
  ck_assert_int_eq (bytes[MIB], 1);
  g_free (bytes);
  vq_instance_stats_raise (&stats, instance_place, getpid ());
  ck_assert_uint_ge (stats.memory, before + 32 * MIB);
}

TEST (words)
{
  VqInstanceStats stats = { .disk_space = 5 };
  g_auto (GStrv) few = vq_instance_stats_build_words (&stats);
  g_auto (GStrv) all = NULL;

  ck_assert (
      g_strv_equal ((const char *const *)few, (const char *const[]){ "disk_space=5", NULL }));
  stats.memory = 6;
  all = vq_instance_stats_build_words (&stats);
  ck_assert (g_strv_equal ((const char *const *)all,
                           (const char *const[]){ "disk_space=5", "memory=6", NULL }));
}

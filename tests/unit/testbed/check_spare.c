// SPDX-License-Identifier: GPL-2.0-or-later
/* When a spare machine is made. How it is made and used: tests/guest/check_spares.c. */
#include "testbed/spare.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mount.h>

#include "leaks.h"
#include "messages.h"
#include "suite.h"
#include "tree.h"

#define RAM_MIB 64
#define LEFT_MIB 512 /* as spare.c says */

static char *directory;
static char *meminfo; /* in it */
static VqOptions *options;
static VqCancel *cancel;
static VqPlan *plan;

static void
setup (void)
{
  g_autofree char *image = NULL;
  g_autofree char *zeros = g_malloc0 (1 << 20);

  leaks_begin ();
  messages_begin ();
  directory = g_strdup ("/tmp/vq-spare-XXXXXX");
  ck_assert_ptr_nonnull (g_mkdtemp (directory));
  meminfo = g_build_filename (directory, "meminfo", NULL);
  image = g_build_filename (directory, "image", NULL);
  memcpy (zeros + 510, "\x55\xaa", 2); /* a boot sector */
  ck_assert (g_file_set_contents (image, zeros, 1 << 20, NULL));
}

static void
teardown (void)
{
  messages_end ();
  g_clear_pointer (&plan, vq_plan_free);
  g_clear_pointer (&options, vq_options_free);
  g_clear_pointer (&cancel, vq_cancel_free);
  tree_remove (directory);
  g_clear_pointer (&directory, g_free);
  g_clear_pointer (&meminfo, g_free);
  leaks_assert_none ();
}

/* What is in the way with the option WORD, on a host that has so much memory; "" if nothing is. */
static const char *
find (const char *word, guint64 kib)
{
  g_autofree char *image = g_build_filename (directory, "image", NULL);
  g_autofree char *text
      = g_strdup_printf ("MemFree: 1 kB\nMemAvailable: %" G_GUINT64_FORMAT " kB\n", kib);
  const char *const argv[]
      = { "server", "--accel=tcg", "--boot=none", "--ram-size=" G_STRINGIFY (RAM_MIB),
          word,     image,         NULL };
  g_autoptr (GError) error = NULL;
  const char *obstacle;

  ck_assert (g_file_set_contents (meminfo, text, -1, NULL));
  ck_assert_int_eq (vq_options_parse (G_N_ELEMENTS (argv) - 1, argv, &options, NULL),
                    VQ_OPTIONS_RUN);
  cancel = vq_cancel_new (NULL);
  plan = vq_plan_new (options, cancel, &error);
  ck_assert_msg (plan != NULL, "%s", error != NULL ? error->message : "");
  obstacle = vq_spare_find_obstacle (plan, meminfo);
  return obstacle != NULL ? obstacle : "";
}

#define ENOUGH_KIB ((RAM_MIB + LEFT_MIB) * 1024)

static const struct
{
  const char *option;
  guint64 kib;
  const char *obstacle;
} cases[] = {
  { "--spare=auto", ENOUGH_KIB, "" },
  { "--spare=auto", ENOUGH_KIB - 1, "memory" },
  { "--spare=on", 0, "" },
  { "--spare=off", ENOUGH_KIB, "wants" },
  { "--qemu-options=-name x", ENOUGH_KIB, "only one machine" },
};

CASE ("spare", setup, teardown, 60)

TEST_LOOP (memory_and_options, 0, G_N_ELEMENTS (cases))
{
  const char *obstacle = find (cases[_i].option, cases[_i].kib);

  ck_assert_msg (cases[_i].obstacle[0] == '\0' ? obstacle[0] == '\0'
                                               : strstr (obstacle, cases[_i].obstacle) != NULL,
                 "%s: %s", cases[_i].option, obstacle);
}

/* A spare must not take the last room from the guest that runs. */
TEST (no_room)
{
  g_autofree char *small = g_build_filename (directory, "small", NULL);
  g_autofree char *option = g_strconcat ("--overlay-dir=", small, NULL);

  ck_assert_int_eq (g_mkdir (small, 0700), 0);
  if (!tree_mount (small, "200m"))
    SKIP ("only root can mount");
  ck_assert_str_eq (find (option, ENOUGH_KIB), "the disk has no room for another guest");
  ck_assert_int_eq (umount2 (small, MNT_DETACH), 0);
}

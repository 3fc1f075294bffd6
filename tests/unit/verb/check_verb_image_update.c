// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu image update, up to where it needs a guest with a system (tests/guest has that): the
 * image is a disk without one, so that its boot never ends. */
#include <check.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli-run.h"
#include "image/image-cache.h"
#include "io/lock-file.h"
#include "suite.h"
#include "tree.h"

#define IMAGES "cache/virt-qemu/images/"
#define LINK "debian-sid-amd64.qcow2"
#define DIGEST "0123456789012345678901234567890123456789012345678901234567890123"
#define FILE_NAME "sha256-" DIGEST ".qcow2"
#define UPDATE "image update --accel=tcg --boot=none --ram-size=64 --no-template "

static char *top;
static char *home;

static void
set_in_top (const char *variable, const char *name)
{
  g_autofree char *path = g_build_filename (top, name, NULL);

  ck_assert_int_eq (g_mkdir_with_parents (path, 0700), 0);
  ck_assert (g_setenv (variable, path, TRUE));
}

static void
setup (void)
{
  static char sector[1024 * 1024];

  home = g_get_current_dir ();
  top = g_dir_make_tmp ("vq-update-XXXXXX", NULL);
  ck_assert_ptr_nonnull (top);
  ck_assert_int_eq (g_chdir (top), 0);
  set_in_top ("TMPDIR", "tmp");
  set_in_top ("XDG_CACHE_HOME", "cache");
  ck_assert_int_eq (g_mkdir_with_parents (IMAGES, 0700), 0);
  memcpy (sector + 510, "\x55\xaa", 2);
  ck_assert (g_file_set_contents (IMAGES FILE_NAME, sector, sizeof sector, NULL));
  ck_assert (g_file_set_contents (IMAGES FILE_NAME ".lock", "", 0, NULL));
  ck_assert_int_eq (g_chmod (IMAGES FILE_NAME, 0400), 0);
  ck_assert_int_eq (g_chmod (IMAGES FILE_NAME ".lock", 0600), 0);
  ck_assert_int_eq (symlink (FILE_NAME, IMAGES LINK), 0);
}

static void
teardown (void)
{
  ck_assert_int_eq (g_chdir (home), 0);
  tree_remove (top);
  g_clear_pointer (&top, g_free);
  g_clear_pointer (&home, g_free);
  cli_run_clear ();
}

static void
expect (const char *line, int status, const char *part)
{
  int ended = cli_run (line);

  ck_assert_msg (ended == status, "%d: %s: %s%s", ended, line, cli_out, cli_err);
  cli_assert_in (status == 0 ? cli_out : cli_err, part);
}

static guint
count_files (const char *directory)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* The image, its lock and its name are there, and nothing else is. */
static void
assert_as_before (void)
{
  g_autofree char *file = g_file_read_link (IMAGES LINK, NULL);

  ck_assert_str_eq (file, FILE_NAME);
  ck_assert_uint_eq (count_files (IMAGES), 3);
}

CASE ("verb-image-update", setup, teardown, 120)

TEST (wrong_command_lines)
{
  static const struct
  {
    const char *line;
    int status;
    const char *said;
  } cases[] = {
    { "image update", 2, "" },
    { "image update debian/sid debian/13", 2, "which image? It must be one" },
    { "image update debian/sid --format=xml", 2, "\"xml\" is not text or json" },
    { "image update --size=1G debian/sid", 2, "--size" },
    { "image update debian/12/amd64", 3, "it is not in the cache: virt-qemu image build" },
    { "image update nothing", 3, "the cache has no image that is called \"nothing\"" },
    { "image update 0123 debian/nope", 2, "must be one" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    expect (cases[i].line, cases[i].status, cases[i].said);
  assert_as_before ();
}

TEST (fetched)
{
  ck_assert_int_eq (g_unlink (IMAGES LINK), 0);
  expect ("image update 01234", 2, "was not built by the name of a system");
}

/* Its digest names the image as well as the system does. */
TEST_LOOP (does_not_boot, 0, 3)
{
  static const char *const names[] = { "debian/unstable/amd64", "0123", IMAGES FILE_NAME };
  g_autofree char *path = g_build_filename (top, names[_i], NULL);
  g_autofree char *line
      = g_strconcat (UPDATE "--timeout-reboot=1 ", _i == 2 ? path : names[_i], NULL);

  expect (line, 6, "cannot update debian/sid/amd64: ");
  cli_assert_in (cli_err, "booting it");
  assert_as_before ();
  ck_assert_uint_eq (count_files ("tmp"), 0);
}

/* ---- while one runs ---- */

typedef struct
{
  GPid pid;
  int out, err;
} Running;

static Running
start (void)
{
  g_autofree char *program = cli_run_find ();
  g_autofree char *line = g_strconcat (program, " " UPDATE "debian/sid/amd64", NULL);
  g_auto (GStrv) argv = g_strsplit (line, " ", -1);
  Running running;

  ck_assert (g_spawn_async_with_pipes (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                                       &running.pid, NULL, &running.out, &running.err, NULL));
  return running;
}

static void
read_until (int fd, const char *part)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char c;

  while (strstr (text->str, part) == NULL)
    {
      ck_assert_msg (read (fd, &c, 1) == 1, "%s", text->str);
      g_string_append_c (text, c);
    }
}

static int
finish (Running *running)
{
  int status;

  ck_assert_int_eq (waitpid (running->pid, &status, 0), running->pid);
  close (running->out);
  close (running->err);
  return status;
}

/* What removes its files after it becomes our child, so that its end can be waited for. */
TEST_LOOP (killed, 0, 2)
{
  static const int signals[] = { SIGTERM, SIGKILL };
  Running running;

  ck_assert_int_eq (prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
  running = start ();
  read_until (running.err, "booting it");
  ck_assert_int_eq (kill (running.pid, signals[_i]), 0);
  ck_assert_int_ne (finish (&running), 0);
  while (wait (NULL) > 0)
    ;
  ck_assert_int_eq (errno, ECHILD);
  if (_i == 1)
    g_unlink (IMAGES LINK ".lock"); /* an empty file, which the next one takes */
  assert_as_before ();
}

/* The second one takes what the first one has made. */
TEST (another_one_runs)
{
  g_autoptr (VqPrivateDir) dir = vq_private_dir_open (IMAGES, VQ_PRIVATE_DIR_EXISTING, NULL);
  VqLockFile *lock;
  Running running;

  ck_assert (vq_lock_file_try (dir, LINK ".lock", &lock, NULL));
  ck_assert_ptr_nonnull (lock);
  running = start ();
  read_until (running.err, "another process is building or updating debian/sid/amd64: waiting");
  ck_assert (g_file_set_contents (IMAGES "sha256-new", "x", 1, NULL));
  ck_assert_int_eq (g_unlink (IMAGES LINK), 0);
  ck_assert_int_eq (symlink ("sha256-new", IMAGES LINK), 0);
  vq_lock_file_free (lock);
  read_until (running.out, "/sha256-new\n");
  ck_assert_int_eq (finish (&running), 0);
}

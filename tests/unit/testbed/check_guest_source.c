// SPDX-License-Identifier: GPL-2.0-or-later
/* A disk without a system on it: each boot fails when its time is over, but up to there, and with
 * what is told on the way, everything is as ever. */
#include "testbed/guest-source.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "io/lock-file.h"
#include "leaks.h"
#include "qemu/machine-files.h"
#include "messages.h"
#include "suite.h"
#include "template/template-name.h"
#include "template/template-store.h"
#include "testbed/plan-inputs.h"
#include "tree.h"
#include "testbed/guest-facts.h"

#define PATIENCE 60 /* seconds */
#define DISK_SIZE (8 * 1024 * 1024)

static char *tmpdir; /* where private directories are made; GLib asks for it only once */
static char *directory;
static char *cache; /* in it */
static VqOptions *options;
static VqPlan *plan;
static VqCancel *cancel;
static VqGuestSource *source;

static void
setup (void)
{
  g_autofree char *image = NULL;
  g_autofree char *bytes = g_malloc0 (DISK_SIZE);

  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  directory = g_strdup ("/tmp/vq-source-XXXXXX");
  ck_assert_ptr_nonnull (g_mkdtemp (directory));
  cache = g_build_filename (directory, "cache", NULL);
  image = g_build_filename (directory, "image", NULL);
  memcpy (bytes + 510, "\x55\xaa", 2);
  ck_assert (g_file_set_contents (image, bytes, DISK_SIZE, NULL));
  messages_begin ();
}

static void
teardown (void)
{
  messages_end ();
  g_clear_pointer (&source, vq_guest_source_free);
  g_clear_pointer (&cancel, vq_cancel_free);
  g_clear_pointer (&plan, vq_plan_free);
  g_clear_pointer (&options, vq_options_free);
  tree_remove (directory);
  g_clear_pointer (&directory, g_free);
  g_clear_pointer (&cache, g_free);
  /* Nothing is left in it. */
  ck_assert_int_eq (g_rmdir (tmpdir), 0);
  ck_assert_int_eq (g_mkdir (tmpdir, 0700), 0);
  leaks_assert_none ();
}

/* WORDS are separated by blanks; '|' stands for a blank in a word. */
static void
begin (const char *words)
{
  g_autofree char *line = g_strdup_printf ("server --accel=tcg --boot=none --timeout-reboot=1 "
                                           "--template-dir=%s --ram-size=64 %s %s/image",
                                           cache, words, directory);
  g_auto (GStrv) argv = g_strsplit (g_strdelimit (line, "|", '\001'), " ", -1);
  g_autoptr (GError) error = NULL;

  for (char **word = argv; *word != NULL; word++)
    g_strdelimit (*word, "\001", ' ');
  ck_assert_msg (
      vq_options_parse (g_strv_length (argv), (const char *const *)argv, &options, &error)
          == VQ_OPTIONS_RUN,
      "%s", error != NULL ? error->message : "");
  cancel = vq_cancel_new (NULL);
  plan = vq_plan_new (options, cancel, &error);
  ck_assert_msg (plan != NULL, "%s", error != NULL ? error->message : "");
  source = vq_guest_source_new (plan, cancel);
}

/* The boot comes to nothing, with one line. */
static void
assert_boot_fails (void)
{
  VqGuestFacts facts = { NULL };
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vq_guest_source_get (source, &facts, &error));
  ck_assert_msg (vq_error_is_timeout (error), "%s", error->message);
  ck_assert_ptr_null (strchr (error->message, '\n'));
  vq_guest_facts_clear (&facts);
}

/* How many templates there are, counting those that were begun. */
static int
count_templates (void)
{
  g_autoptr (GDir) dir = g_dir_open (cache, 0, NULL);
  const char *name;
  int n = 0;

  ck_assert_ptr_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (cache, name, NULL);

      n += g_file_test (path, G_FILE_TEST_IS_DIR);
    }
  return n;
}

int
suite_prepare (int argc, char **argv)
{
  tmpdir = g_strdup ("/tmp/vq-source-XXXXXX");
  if (g_mkdtemp (tmpdir) == NULL)
    return EXIT_FAILURE;
  g_setenv ("TMPDIR", tmpdir, TRUE);
  return -1;
}

void
suite_finish (void)
{
  g_rmdir (tmpdir);
  g_free (tmpdir);
}

CASE ("guest_source", setup, teardown, 60)

TEST (off)
{
  begin ("--template=off");
  for (int i = 0; i < 2; i++)
    assert_boot_fails ();
  ck_assert (!g_file_test (cache, G_FILE_TEST_EXISTS));
}

/* One warning, however many guests. */
TEST (cannot_be)
{
  begin ("--qemu-options=-m|64");
  assert_boot_fails ();
  messages_assert_warning ("no template, so the testbed is booted: --qemu-options lay out the "
                           "guest's memory themselves; --template=off silences this");
  assert_boot_fails ();
  ck_assert (!g_file_test (cache, G_FILE_TEST_EXISTS));
}

TEST (cache_cannot_be_used)
{
  begin ("--template=auto");
  ck_assert (g_file_set_contents (cache, "a file", -1, NULL));
  assert_boot_fails ();
  messages_assert_warning (cache);
  assert_boot_fails ();
}

TEST (cache_is_open_to_others)
{
  ck_assert_int_eq (g_mkdir (cache, 0700), 0);
  ck_assert_int_eq (chmod (cache, 0777), 0);
  begin ("--template=refresh");
  assert_boot_fails ();
  messages_assert_warning (cache);
  ck_assert_int_eq (count_templates (), 0);
}

/* That a boot fails says nothing about templates: the next guest is to be one. */
TEST (boot_of_a_template_fails)
{
  begin ("--template=auto");
  for (int i = 0; i < 2; i++)
    {
      assert_boot_fails ();
      ck_assert_int_eq (count_templates (), 0);
    }
}

/* It is made again. */
TEST (cache_is_removed)
{
  begin ("--template=auto");
  assert_boot_fails ();
  ck_assert_int_eq (g_rmdir (cache), 0);
  assert_boot_fails ();
  ck_assert_int_eq (count_templates (), 0);
}

/* 64 TiB of memory fit nowhere: not on the disk, and not into this machine. */
TEST (no_room)
{
  VqGuestFacts facts = { NULL };
  g_autoptr (GError) error = NULL;

  begin ("--ram-size=67108864");
  ck_assert_ptr_null (vq_guest_source_get (source, &facts, &error));
  ck_assert_ptr_null (strchr (error->message, '\n'));
  messages_assert_warning ("no template, so the testbed is booted: ");
  ck_assert_int_eq (count_templates (), 0);
}

/* Who wants a template and nothing else need not wait for a boot. */
TEST (no_room_for_a_wanted_template)
{
  g_autoptr (GError) error = NULL;

  begin ("--ram-size=67108864");
  ck_assert_ptr_null (vq_guest_source_make_template (source, &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_NO_ROOM));
  ck_assert_ptr_nonnull (strstr (error->message, "--template-dir"));
  ck_assert_int_eq (count_templates (), 0);
}

/* Whether a template is being made whose memory has a file already. */
static gboolean
has_memory_file (void)
{
  g_autoptr (GDir) dir = g_dir_open (cache, 0, NULL);
  gboolean found = FALSE;
  const char *name;

  while (!found && dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (cache, name, VQ_TEMPLATE_RAM, NULL);

      found = access (path, F_OK) == 0;
    }
  return found;
}

/* A process that makes the cache's disk as small as it can get, as soon as a guest has its memory
 * there. */
static pid_t
start_filler (void)
{
  pid_t pid = fork ();
  int result = -1;

  if (pid != 0)
    return pid;
  while (!has_memory_file ())
    g_usleep (1000);
  for (int kib = 256; result != 0 && kib < 64 * 1024; kib += 256)
    {
      g_autofree char *size = g_strdup_printf ("size=%dk", kib);

      result = mount ("tmpfs", cache, "tmpfs", MS_REMOUNT, size);
    }
  _exit (result != 0);
}

/* The memory's file cannot grow any more: the next guest does without. Only root may make disks. */
TEST (disk_becomes_full)
{
  pid_t pid;
  int status;

  ck_assert_int_eq (g_mkdir (cache, 0700), 0);
  if (!tree_mount (cache, "328m"))
    SKIP ("only root may make disks");
  begin ("--template=auto");
  pid = start_filler ();
  assert_boot_fails ();
  ck_assert_int_eq (waitpid (pid, &status, 0), pid);
  ck_assert_int_eq (status, 0);
  messages_assert_warning ("has become full");
  ck_assert_int_eq (count_templates (), 0);
  assert_boot_fails ();
  ck_assert_int_eq (umount2 (cache, MNT_DETACH), 0);
}

/* Puts a template for the plan into the cache, of files that no QEMU can make anything of. That of
 * the memory has RAM_SIZE bytes. */
static void
put_template (off_t ram_size)
{
  static const char *const names[]
      = { VQ_TEMPLATE_RAM, VQ_TEMPLATE_DISK, VQ_TEMPLATE_STATE, VQ_TEMPLATE_OVERLAY };
  const VqTemplateLimits limits = { 0, 0 };
  g_autoptr (VqTemplateKey) key
      = vq_plan_inputs_get_key (plan, vq_deadline_in (PATIENCE), NULL, NULL);
  g_autoptr (VqTemplateStore) store = vq_template_store_open (cache, &limits, NULL);
  g_autoptr (VqTemplateBuild) build = NULL;
  VqTemplate *template = NULL;

  ck_assert (key != NULL && store != NULL);
  ck_assert (vq_template_store_begin (store, key, VQ_TEMPLATE_ANY, PATIENCE, NULL, &template,
                                      &build, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path
          = g_build_filename (vq_template_build_get_directory (build), names[i], NULL);

      ck_assert (g_file_set_contents (path, "nonsense", -1, NULL));
      ck_assert (!g_str_equal (names[i], VQ_TEMPLATE_RAM) || truncate (path, ram_size) == 0);
    }
  template = vq_template_build_commit (build, NULL);
  ck_assert_ptr_nonnull (template);
  vq_template_free (template);
}

static void
put_bad_template (void)
{
  put_template (8);
}

/* Another one is made, once. The second guest does not try the bad one again. */
TEST (bad_template)
{
  begin ("--template=auto");
  put_bad_template ();
  assert_boot_fails ();
  messages_assert_warning ("the template cannot be used, so another one is made: ");
  ck_assert_int_eq (count_templates (), 0);
  assert_boot_fails ();
}

/* A QEMU that does not start where one of its words is like PATTERN, as in a shell; then it says
 * COMPLAINT. Each start is a
 * line in the file "starts": whether with KVM, and whether with the memory in a file. */
static void
make_qemu (const char *pattern, const char *complaint)
{
  g_autofree char *path = g_build_filename (directory, "qemu", NULL);
  g_autofree char *text = g_strdup_printf ("#!/bin/sh\n"
                                           "start=; broken=\n"
                                           "for word; do\n"
                                           "  case $word in\n"
                                           "  kvm) start=\"kvm $start\" ;;\n"
                                           "  memory-backend-file*) start=\"${start}file\" ;;\n"
                                           "  esac\n"
                                           "  case $word in %s) broken=yes ;; esac\n"
                                           "done\n"
                                           "[ $# = 1 ] || echo \"$start\" >>%s/starts\n"
                                           "[ -z \"$broken\" ] || { echo '%s' >&2; exit 1; }\n"
                                           "exec qemu-system-x86_64 \"$@\"\n",
                                           pattern, directory, complaint);

  ck_assert (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
}

static void
begin_with_qemu_that_says (const char *pattern, const char *complaint)
{
  g_autofree char *words = g_strdup_printf ("--qemu-command=%s/qemu", directory);

  make_qemu (pattern, complaint);
  begin (words);
}

static void
begin_with_qemu (const char *pattern)
{
  begin_with_qemu_that_says (pattern, "broken");
}

static void
assert_starts (const char *expected)
{
  g_autofree char *path = g_build_filename (directory, "starts", NULL);
  g_autofree char *starts = NULL;

  ck_assert (g_file_get_contents (path, &starts, NULL, NULL));
  ck_assert_str_eq (starts, expected);
}

/* Without KVM it is another machine: a template is made of that. It boots no further than others
 * here. */
TEST (kvm_is_broken)
{
  begin_with_qemu ("kvm");
  options->accel = VQ_ACCEL_AUTO;
  plan->kvm = TRUE;
  assert_boot_fails ();
  messages_assert_warning ("no KVM, so the guest is slow");
  ck_assert (!plan->kvm);
  assert_starts ("kvm file\nkvm \nfile\n");
  ck_assert_int_eq (count_templates (), 0);
}

static const char *const no_sandbox[]
    = { "-sandbox on: There is no option group (sandbox)",
        "failed to install seccomp syscall filter in the kernel: Invalid argument" };

TEST_LOOP (qemu_has_no_sandbox, 0, G_N_ELEMENTS (no_sandbox))
{
  begin_with_qemu_that_says ("-sandbox", no_sandbox[_i]);
  assert_boot_fails ();
  messages_assert_warning ("QEMU runs without its sandbox: ");
  assert_starts ("file\n\nfile\n");
  assert_boot_fails (); /* the warning comes once */
  assert_starts ("file\n\nfile\nfile\n");
}

TEST (sandbox_is_required)
{
  VqGuestFacts facts = { NULL };
  g_autoptr (GError) error = NULL;

  begin_with_qemu_that_says ("-sandbox", no_sandbox[0]);
  options->sandbox = VQ_SANDBOX_ON;
  ck_assert_ptr_null (vq_guest_source_get (source, &facts, &error));
  ck_assert_ptr_nonnull (strstr (error->message, no_sandbox[0]));
}

/* Nobody knows yet that the file is to blame, as the guest does not boot without, either. */
TEST (memory_file_is_refused)
{
  begin_with_qemu ("memory-backend-file*");
  assert_boot_fails ();
  assert_starts ("file\n\n");
  ck_assert_int_eq (count_templates (), 0);
}

TEST (qemu_does_not_start)
{
  VqGuestFacts facts = { NULL };
  g_autoptr (GError) error = NULL;

  begin_with_qemu ("-nodefaults");
  ck_assert_ptr_null (vq_guest_source_get (source, &facts, &error));
  ck_assert_str_eq (error->message, "QEMU ended: exit status 1: broken");
  assert_starts ("file\n\n");
}

/* The template is not to blame, so it is tried once more. A boot would need more. */
TEST (host_is_short_of_memory)
{
  VqGuestFacts facts = { NULL };
  g_autoptr (GError) error = NULL;

  begin_with_qemu_that_says ("-nodefaults", "Cannot allocate memory");
  put_template (64 * 1024 * 1024);
  ck_assert_ptr_null (vq_guest_source_get (source, &facts, &error));
  ck_assert_str_eq (error->message, "QEMU ended: exit status 1: Cannot allocate memory");
  assert_starts ("file\nfile\n");
  ck_assert_int_eq (count_templates (), 1);
}

/* The one that is there is not looked at. */
TEST (refresh)
{
  begin ("--template=refresh");
  put_bad_template ();
  assert_boot_fails ();
  ck_assert_int_eq (count_templates (), 0);
}

TEST (off_with_a_template)
{
  begin ("--template=off");
  put_bad_template ();
  assert_boot_fails ();
  ck_assert_int_eq (count_templates (), 1);
}

/* Nobody is there any more who would like to know why there is no template. */
TEST_LOOP (cancelled, 0, 2)
{
  VqGuestFacts facts = { NULL };
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_CANCELLED, "a signal");
  g_autoptr (GError) error = NULL;

  begin (_i == 0 ? "--template=auto" : "--template=off");
  vq_cancel_trigger (cancel, reason);
  ck_assert_ptr_null (vq_guest_source_get (source, &facts, &error));
  ck_assert (vq_error_is_cancelled (error));
}

/* That of an earlier guest is kept for the next try. */
TEST (facts_stay)
{
  VqGuestFacts facts = { g_strdup ("/tmp/scratch"), g_strdup ("joe") };
  g_autoptr (GError) error = NULL;

  begin ("--template=off");
  ck_assert_ptr_null (vq_guest_source_get (source, &facts, &error));
  ck_assert_str_eq (facts.scratch, "/tmp/scratch");
  vq_guest_facts_clear (&facts);
  ck_assert_ptr_null (facts.scratch);
  ck_assert_ptr_null (facts.user);
  vq_guest_facts_clear (&facts);
}

/* Another process was to make the template, and hangs: a guest boots without one. The next one
 * looks again. */
TEST (another_process_hangs)
{
  const struct timespec long_ago[2] = { { 1000000000, 0 }, { 1000000000, 0 } };
  g_autoptr (VqPrivateDir) dir = NULL;
  g_autoptr (VqTemplateKey) key = NULL;
  g_autoptr (VqLockFile) lock = NULL;
  g_autofree char *digest = NULL;
  g_autofree char *name = NULL;

  begin_with_qemu ("nothing");
  ck_assert_int_eq (g_mkdir (cache, 0700), 0);
  dir = vq_private_dir_open (cache, VQ_PRIVATE_DIR_EXISTING, NULL);
  key = vq_plan_inputs_get_key (plan, vq_deadline_in (PATIENCE), NULL, NULL);
  digest = vq_template_key_get_digest (key);
  name = vq_template_name_build_lock (digest);
  ck_assert (vq_lock_file_try (dir, name, &lock, NULL));
  ck_assert_int_eq (utimensat (vq_private_dir_get_fd (dir), name, long_ago, 0), 0);
  assert_boot_fails ();
  ck_assert_int_eq (messages_take_warnings ("process"), 2);
  assert_starts ("\n");
  g_clear_pointer (&lock, vq_lock_file_free);
  assert_boot_fails ();
  assert_starts ("\nfile\n");
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/plan.h"

#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "io/child.h"
#include "disk-images.h"
#include "base/error.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 60 /* seconds */

static char *directory;
static char *image;

static void
run (const char *script)
{
  const char *const argv[] = { "sh", "-ec", script, "sh", image, NULL };
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_child_run (argv, NULL, NULL, vq_deadline_in (PATIENCE), NULL, &error), "%s",
                 error != NULL ? error->message : "");
}

static void
setup (void)
{
  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  directory = g_dir_make_tmp ("vq-plan-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
  image = g_build_filename (directory, "disk.img", NULL);
}

static void
teardown (void)
{
  run ("rm -rf -- \"${1%/*}\"");
  g_clear_pointer (&image, g_free);
  g_clear_pointer (&directory, g_free);
  leaks_assert_none ();
}

/* OPTIONS are separated by blanks; the images come after them. */
static VqPlan *
make_plan (const char *options, const char *path, VqOptions **parsed, GError **error)
{
  g_autofree char *line = g_strdup_printf ("server %s %s", options, path);
  g_auto (GStrv) argv = g_strsplit (g_strchug (line), " ", -1);

  ck_assert_int_eq (
      vq_options_parse (g_strv_length (argv), (const char *const *)argv, parsed, NULL),
      VQ_OPTIONS_RUN);
  return vq_plan_new (*parsed, NULL, error);
}

static void
assert_no_plan (const char *options, const char *path, const char *text)
{
  g_autoptr (VqOptions) parsed = NULL;
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (make_plan (options, path, &parsed, &error));
  ck_assert_msg (strstr (error->message, text) != NULL, "\"%s\" is not in: %s", text,
                 error->message);
  ck_assert_ptr_null (strchr (error->message, '\n'));
}

/* The same disk, with what it takes to boot it. */
static const char make_empty[] = "truncate -s 64M \"$1\"\n";
static const char make_gpt[]
    = "truncate -s 64M \"$1\"\n"
      "printf 'label: gpt\\nsize=16M, type=U\\ntype=L\\n' | sfdisk -q \"$1\"\n";
static const char make_mbr[] = "truncate -s 64M \"$1\"\n"
                               "printf 'label: dos\\ntype=83, bootable\\n' | sfdisk -q \"$1\"\n"
                               "printf '\\353\\143\\220' | dd of=\"$1\" conv=notrunc status=none\n";
static const char make_both[]
    = "truncate -s 64M \"$1\"\n"
      "printf 'label: gpt\\nsize=16M, type=U\\ntype=L\\n' | sfdisk -q \"$1\"\n"
      "printf '\\353\\143\\220' | dd of=\"$1\" conv=notrunc status=none\n";
static const char make_qcow2[]
    = "truncate -s 64M \"$1\"\n"
      "printf 'label: gpt\\nsize=16M, type=U\\ntype=L\\n' | sfdisk -q \"$1\"\n"
      "qemu-img convert -O qcow2 \"$1\" \"$1.q\"; mv \"$1.q\" \"$1\"\n";

CASE ("plan", setup, teardown, 120)

TEST (boot)
{
  static const struct
  {
    const char *make, *options;
    gboolean efi;
  } cases[] = {
    { make_gpt, "", TRUE },
    { make_gpt, "--boot=auto", TRUE },
    { make_gpt, "--boot=bios", FALSE },
    { make_gpt, "--boot=none", FALSE },
    { make_mbr, "", FALSE },
    { make_mbr, "--boot=efi", TRUE },
    { make_mbr, "--efi", TRUE },
    { make_both, "", FALSE },
    { make_qcow2, "", TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *options = g_strdup_printf ("--accel=tcg --qemu-architecture=x86_64%s%s",
                                                  *cases[i].options ? " " : "", cases[i].options);
      g_autoptr (VqOptions) parsed = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (VqPlan) plan = NULL;

      g_unlink (image);
      run (cases[i].make);
      plan = make_plan (options, image, &parsed, &error);
      ck_assert_msg (plan != NULL, "%s", error != NULL ? error->message : "");
      ck_assert_msg ((plan->firmware != NULL) == cases[i].efi, "case %u", i);
      ck_assert (g_path_is_absolute (plan->qemu_command));
      ck_assert_str_eq (images_get_file (plan->image)->path, image);
      ck_assert (!plan->kvm);
    }
}

TEST (bad_images)
{
  g_autofree char *missing = g_build_filename (directory, "missing", NULL);

  assert_no_plan ("--accel=tcg", missing, missing);
  assert_no_plan ("--accel=tcg", directory, directory);
  ck_assert (g_file_set_contents (image, "", 0, NULL));
  assert_no_plan ("--accel=tcg", image, image);
  run (make_mbr);
  {
    g_autofree char *two = g_strdup_printf ("%s %s", image, missing);

    assert_no_plan ("--accel=tcg", two, missing);
  }
}

TEST (bad_architectures)
{
  run (make_empty);
  assert_no_plan ("--qemu-architecture=vax", image, "unknown QEMU architecture \"vax\"");
  assert_no_plan ("--dpkg-architecture=vax", image, "unknown dpkg architecture \"vax\"");
}

TEST (no_qemu)
{
  g_autofree char *path = g_strdup (g_getenv ("PATH"));

  run (make_empty);
  assert_no_plan ("--qemu-command=/nonexistent/qemu", image,
                  "--qemu-command: /nonexistent/qemu is not an executable");
  g_setenv ("PATH", directory, TRUE);
  assert_no_plan ("--dpkg-architecture=s390x", image,
                  "no qemu-system-s390x for s390x guests: install the package qemu-system-misc");
  g_setenv ("PATH", path, TRUE);
}

TEST (no_firmware)
{
  run (make_mbr);
  /* any program will do: it is not started */
  assert_no_plan ("--accel=tcg --qemu-architecture=s390x --qemu-command=true --boot=efi", image,
                  "s390x");
}

TEST (boot_timeout)
{
  static const struct
  {
    const char *options;
    int seconds;
  } cases[] = {
    { "--accel=tcg --qemu-architecture=x86_64", 300 },
    { "--accel=tcg --qemu-architecture=x86_64 --timeout-reboot=60", 60 },
    { "--accel=tcg --qemu-architecture=x86_64 --timeout-reboot=7", 7 },
  };

  run (make_mbr);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (VqOptions) parsed = NULL;
      g_autoptr (VqPlan) plan = make_plan (cases[i].options, image, &parsed, NULL);

      ck_assert_ptr_nonnull (plan);
      ck_assert_int_eq (plan->boot_timeout, cases[i].seconds);
    }
}

TEST (more_images)
{
  g_autofree char *two = g_strdup_printf ("%s %s", image, image);
  g_autoptr (VqOptions) parsed = NULL;
  g_autoptr (VqPlan) plan = NULL;

  run (make_mbr);
  plan = make_plan ("--accel=tcg --qemu-architecture=x86_64", two, &parsed, NULL);
  ck_assert_ptr_nonnull (plan);
  ck_assert_uint_eq (plan->more->len, 1);
}

/* Both the first image and further ones, and a file of that name here goes first. */
TEST (image_names)
{
  g_autofree char *named = g_build_filename (directory, "further.qcow2", NULL);
  g_autoptr (VqOptions) parsed = NULL;
  g_autoptr (VqPlan) plan = NULL;

  run (make_mbr);
  run ("cp \"$1\" \"${1%/*}/further.qcow2\"\n");
  g_setenv ("IMAGEDIR", directory, TRUE);
  plan = make_plan ("--accel=tcg --qemu-architecture=x86_64", "disk further", &parsed, NULL);
  ck_assert_ptr_nonnull (plan);
  ck_assert_str_eq (images_get_file (plan->image)->path, image);
  ck_assert_uint_eq (plan->more->len, 1);
  ck_assert_str_eq (images_get_file (plan->more->pdata[0])->path, named);
  assert_no_plan ("--accel=tcg", "nowhere-to-be-found", "no image nowhere-to-be-found: ");
  assert_no_plan ("--accel=tcg", "disk nowhere-to-be-found", directory);
  g_unsetenv ("IMAGEDIR");
}

TEST (shared_dirs)
{
  run (make_mbr);
  assert_no_plan ("--accel=tcg --shared-dir=src=/nonexistent/d,dst=/x", image,
                  "--shared-dir: there is no /nonexistent/d");
  assert_no_plan ("--accel=tcg --shared-dir=src=/etc/passwd,dst=/x", image,
                  "--shared-dir: /etc/passwd is not a directory");
}

TEST (template_dir)
{
  run (make_mbr);
  assert_no_plan ("--accel=tcg --template-dir=/etc/passwd", image,
                  "--template-dir: /etc/passwd is not a directory");
}

TEST (baseimage)
{
  static const struct
  {
    const char *options;
    const char *bus; /* NULL: none */
  } cases[] = {
    { "--accel=tcg --qemu-architecture=x86_64", NULL },
    { "--accel=tcg --qemu-architecture=x86_64 --baseimage", "pci.0" },
    { "--accel=tcg --qemu-architecture=x86_64 --baseimage --efi", "vq-baseimage-port" },
  };

  run (make_mbr);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (VqOptions) parsed = NULL;
      g_autoptr (VqPlan) plan = make_plan (cases[i].options, image, &parsed, NULL);

      ck_assert_ptr_nonnull (plan);
      ck_assert_pstr_eq (plan->hotplug != NULL ? plan->hotplug->bus : NULL, cases[i].bus);
    }
}

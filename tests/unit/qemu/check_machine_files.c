// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/machine-files.h"

#include <check.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/child.h"
#include "disk-images.h"
#include "base/error.h"
#include "leaks.h"
#include "suite.h"
#include "tree.h"

#define PATIENCE 60 /* seconds */
#define MIB (1024 * 1024)

static char *directory;
static char *tmpdir;   /* where private directories are made; GLib asks for it only once */
static char *template; /* in it: a directory that is to be a template */
static VqOptions options;
static VqPlan plan;

static char *
in_directory (const char *name)
{
  return g_build_filename (directory, name, NULL);
}

static void
put (const char *path, const char *text)
{
  g_autofree char *parent = g_path_get_dirname (path);

  ck_assert_int_eq (g_mkdir_with_parents (parent, 0700), 0);
  ck_assert (g_file_set_contents (path, text, -1, NULL));
}

static void
make_plan (void)
{
  g_autofree char *image = in_directory ("image");
  g_autofree char *code = in_directory ("usr/share/OVMF/OVMF_CODE_4M.fd");
  g_autofree char *vars = in_directory ("usr/share/OVMF/OVMF_VARS_4M.fd");
  const char *const argv[] = { "qemu-img", "create", "-q", "-f", "qcow2", image, "8M", NULL };

  ck_assert (vq_child_run (argv, NULL, NULL, vq_deadline_in (PATIENCE), NULL, NULL));
  put (code, "code");
  put (vars, "fresh variables");
  options = (VqOptions){ .ram_size_mib = 2 };
  plan = (VqPlan){ .options = &options };
  plan.image = vq_image_inspect (image, VQ_IMAGE_BOOT, NULL, NULL);
  plan.firmware = vq_firmware_find_in (directory, "x86_64", NULL);
  ck_assert (plan.image != NULL && plan.firmware != NULL);
}

static void
setup (void)
{
  leaks_begin ();
  directory = g_strdup ("/tmp/vq-files-XXXXXX");
  ck_assert_ptr_nonnull (g_mkdtemp (directory));
  template = in_directory ("template");
  ck_assert_int_eq (g_mkdir (template, 0700), 0);
  make_plan ();
}

static void
teardown (void)
{
  plan.disk_dir = NULL;
  vq_image_free (plan.image);
  vq_firmware_free (plan.firmware);
  g_clear_pointer (&options.overlay_dir, g_free);
  tree_remove (directory);
  g_clear_pointer (&directory, g_free);
  g_clear_pointer (&template, g_free);
  leaks_assert_none ();
}

/* The names in PATH are these, in order, with a blank behind each. */
static void
assert_names (const char *path, const char *expected)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  g_autoptr (GString) names = g_string_new (NULL);
  GList *list = NULL;

  ck_assert_ptr_nonnull (dir);
  for (const char *name; (name = g_dir_read_name (dir)) != NULL;)
    list = g_list_insert_sorted (list, g_strdup (name), (GCompareFunc)strcmp);
  for (GList *name = list; name != NULL; name = name->next)
    g_string_append_printf (names, "%s ", (char *)name->data);
  g_list_free_full (list, g_free);
  ck_assert_str_eq (names->str, expected);
}

static void
assert_text (const char *parent, const char *name, const char *expected)
{
  g_autofree char *path = g_build_filename (parent, name, NULL);
  g_autofree char *text = NULL;

  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  ck_assert_str_eq (text, expected);
}

static void
assert_size (const char *path, goffset size)
{
  struct stat st;

  ck_assert_int_eq (stat (path, &st), 0);
  ck_assert_int_eq (st.st_size, size);
}

/* PATH is an empty overlay on BACKING, closed to others. */
static void
assert_overlay (const char *path, const char *backing, const char *format)
{
  const char *const argv[] = { "qemu-img", "info", "-U", "--output=json", path, NULL };
  g_autofree char *out = NULL;
  g_autofree char *name = g_strdup_printf ("\"backing-filename\": \"%s\"", backing);
  g_autofree char *type = g_strdup_printf ("\"backing-filename-format\": \"%s\"", format);
  struct stat st;

  ck_assert (vq_child_run (argv, NULL, &out, vq_deadline_in (PATIENCE), NULL, NULL));
  ck_assert_msg (strstr (out, name) != NULL, "%s", out);
  ck_assert_msg (strstr (out, type) != NULL, "%s", out);
  ck_assert_ptr_nonnull (strstr (out, "\"virtual-size\": 8388608"));
  ck_assert_int_eq (stat (path, &st), 0);
  ck_assert_int_eq (st.st_mode & 07777, 0600);
}

static VqMachineFiles *
make (VqMachineFiles *files, GError *error)
{
  ck_assert_msg (files != NULL, "%s", error != NULL ? error->message : "");
  return files;
}

static VqMachineFiles *
make_fresh (void)
{
  g_autoptr (GError) error = NULL;

  return make (vq_machine_files_new_fresh (&plan, vq_deadline_in (PATIENCE), NULL, &error), error);
}

static VqMachineFiles *
make_template (void)
{
  g_autoptr (GError) error = NULL;

  return make (
      vq_machine_files_new_template (&plan, template, vq_deadline_in (PATIENCE), NULL, &error),
      error);
}

static VqMachineFiles *
make_fork (void)
{
  g_autoptr (GError) error = NULL;

  return make (vq_machine_files_new_fork (&plan, template, &error), error);
}

static VqQemuConfig
fill (VqMachineFiles *files)
{
  VqQemuConfig machine = { .plan = &plan };

  vq_machine_files_fill (files, &machine);
  ck_assert_str_eq (machine.directory, vq_machine_files_get_directory (files));
  ck_assert (g_str_has_prefix (machine.directory, tmpdir));
  return machine;
}

/* As if QEMU had saved: the template's files are complete, found as "final". */
static char *
complete_template (void)
{
  g_autoptr (VqMachineFiles) files = make_template ();
  g_autofree char *vars = g_build_filename (fill (files).directory, VQ_TEMPLATE_EFI_VARS, NULL);
  g_autofree char *final = in_directory ("final");
  char *final_disk = in_directory ("final/disk");
  int state = vq_machine_files_open_state (files, NULL);

  put (vars, "variables of the template");
  ck_assert_int_eq (write (state, "state", 5), 5);
  close (state);
  ck_assert (vq_machine_files_prepare_forks (files, final, vq_deadline_in (PATIENCE), NULL, NULL));
  ck_assert (vq_machine_files_complete_template (files, NULL));
  return final_disk;
}

int
suite_prepare (int argc, char **argv)
{
  tmpdir = g_strdup ("/tmp/vq-files-XXXXXX");
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

CASE ("files", setup, teardown, 60)

TEST (fresh)
{
  VqMachineFiles *files = make_fresh ();
  VqQemuConfig machine = fill (files);

  ck_assert_ptr_null (machine.ram_path);
  ck_assert (!machine.ram_shared && !machine.incoming);
  assert_names (machine.directory, "efivars.fd lock overlay ");
  assert_text (machine.directory, "efivars.fd", "fresh variables");
  ck_assert (g_str_has_prefix (machine.overlay, machine.directory));
  assert_overlay (machine.overlay, images_get_file (plan.image)->path, "qcow2");
  vq_machine_files_opened (files);
  assert_names (machine.directory, "efivars.fd lock ");
  vq_machine_files_free (files);
  assert_names (tmpdir, "");
  assert_names (template, "");
}

TEST (without_firmware)
{
  VqMachineFiles *files;

  g_clear_pointer (&plan.firmware, vq_firmware_free);
  g_free (complete_template ());
  assert_names (template, "disk overlay ram state ");
  files = make_fork ();
  assert_names (fill (files).directory, "lock overlay ");
  vq_machine_files_free (files);
  files = make_fresh ();
  assert_names (fill (files).directory, "lock overlay ");
  vq_machine_files_free (files);
  assert_names (tmpdir, "");
}

/* The overlay has a place there until QEMU has it open, or until all goes. */
TEST (overlay_dir)
{
  for (int opened = 0; opened < 2; opened++)
    {
      VqMachineFiles *files;

      g_free (options.overlay_dir);
      options.overlay_dir = in_directory ("overlays");
      ck_assert_int_eq (g_mkdir_with_parents (options.overlay_dir, 0700), 0);
      files = make_fresh ();
      assert_names (fill (files).directory, "efivars.fd lock ");
      ck_assert (g_str_has_prefix (fill (files).overlay, options.overlay_dir));
      assert_overlay (fill (files).overlay, images_get_file (plan.image)->path, "qcow2");
      if (opened)
        {
          vq_machine_files_opened (files);
          assert_names (options.overlay_dir, "");
        }
      vq_machine_files_free (files);
      assert_names (options.overlay_dir, "");
      assert_names (tmpdir, "");
    }
}

TEST (no_overlay_dir)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) of_fork = NULL;
  g_autofree char *final_disk = complete_template ();

  options.overlay_dir = in_directory ("missing");
  ck_assert_ptr_null (vq_machine_files_new_fresh (&plan, vq_deadline_in (PATIENCE), NULL, &error));
  ck_assert_msg (g_str_has_prefix (error->message, "--overlay-dir: "), "%s", error->message);
  ck_assert_ptr_null (vq_machine_files_new_fork (&plan, template, &of_fork));
  ck_assert_msg (g_str_has_prefix (of_fork->message, "--overlay-dir: "), "%s", of_fork->message);
  assert_names (tmpdir, "");
}

TEST (template_that_is_made)
{
  VqMachineFiles *files = make_template ();
  VqQemuConfig machine = fill (files);
  g_autofree char *disk = g_build_filename (template, VQ_TEMPLATE_DISK, NULL);
  g_autofree char *ram = g_build_filename (template, VQ_TEMPLATE_RAM, NULL);

  ck_assert_str_eq (machine.overlay, disk);
  ck_assert_str_eq (machine.ram_path, ram);
  ck_assert (machine.ram_shared && !machine.incoming);
  assert_names (machine.directory, "efivars.fd lock ");
  assert_text (machine.directory, "efivars.fd", "fresh variables");
  assert_overlay (disk, images_get_file (plan.image)->path, "qcow2");
  assert_size (ram, 2 * MIB);
  vq_machine_files_opened (files);
  assert_names (template, "disk ram ");
  vq_machine_files_free (files);
  assert_names (tmpdir, "");
  assert_names (template, "disk ram ");
}

/* --overlay-dir is for what goes away again. */
TEST (template_and_overlay_dir)
{
  VqMachineFiles *files;

  options.overlay_dir = in_directory ("overlays");
  ck_assert_int_eq (g_mkdir (options.overlay_dir, 0700), 0);
  files = make_template ();
  assert_names (options.overlay_dir, "");
  assert_names (template, "disk ram ");
  vq_machine_files_free (files);
}

TEST (complete)
{
  g_autofree char *final_disk = complete_template ();
  g_autofree char *overlay = g_build_filename (template, VQ_TEMPLATE_OVERLAY, NULL);

  assert_names (template, "disk efivars.fd overlay ram state ");
  assert_text (template, VQ_TEMPLATE_EFI_VARS, "variables of the template");
  assert_overlay (overlay, final_disk, "qcow2");
  assert_names (tmpdir, "");
}

/* What is there already is somebody's. */
TEST (complete_twice)
{
  g_autofree char *final_disk = complete_template ();
  g_autofree char *disk = g_build_filename (template, VQ_TEMPLATE_DISK, NULL);
  g_autofree char *ram = g_build_filename (template, VQ_TEMPLATE_RAM, NULL);
  g_autoptr (VqMachineFiles) files = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) of_state = NULL;

  ck_assert_int_eq (g_unlink (disk), 0);
  ck_assert_int_eq (g_unlink (ram), 0);
  files = make_template ();
  ck_assert (!vq_machine_files_complete_template (files, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "File exists"));
  ck_assert_int_eq (vq_machine_files_open_state (files, &of_state), -1);
  ck_assert_ptr_nonnull (strstr (of_state->message, "File exists"));
}

TEST (fork_of_it)
{
  g_autofree char *final_disk = complete_template ();
  g_autofree char *ram = g_build_filename (template, VQ_TEMPLATE_RAM, NULL);
  VqMachineFiles *files = make_fork ();
  VqMachineFiles *other = make_fork ();
  VqQemuConfig machine = fill (files);
  g_autofree char *vars = g_build_filename (machine.directory, VQ_TEMPLATE_EFI_VARS, NULL);

  ck_assert_str_eq (machine.ram_path, ram);
  ck_assert (!machine.ram_shared && machine.incoming);
  ck_assert (g_str_has_prefix (machine.overlay, machine.directory));
  assert_overlay (machine.overlay, final_disk, "qcow2");
  assert_text (machine.directory, VQ_TEMPLATE_EFI_VARS, "variables of the template");
  put (vars, "variables of a fork");
  assert_text (fill (other).directory, VQ_TEMPLATE_EFI_VARS, "variables of the template");
  assert_text (template, VQ_TEMPLATE_EFI_VARS, "variables of the template");
  vq_machine_files_opened (files);
  assert_names (machine.directory, "efivars.fd lock ");
  assert_names (fill (other).directory, "efivars.fd lock overlay ");
  vq_machine_files_free (files);
  vq_machine_files_free (other);
  assert_names (tmpdir, "");
  assert_names (template, "disk efivars.fd overlay ram state ");
}

/* The disk stays when the machine ends and the template is removed, and another machine boots from
 * it. The next fork replaces it. */
TEST (fork_whose_disk_stays)
{
  g_autofree char *final_disk = complete_template ();
  g_autofree char *kept = in_directory ("kept");
  VqMachineFiles *files;
  VqQemuConfig machine;

  ck_assert_int_eq (g_mkdir (kept, 0700), 0);
  plan.disk_dir = kept;
  files = make_fork ();
  machine = fill (files);
  ck_assert (machine.disk_stays);
  ck_assert_str_eq (machine.directory, vq_machine_files_get_directory (files));
  put (machine.efi_vars, "variables of this machine");
  put (machine.overlay, "its disk");
  vq_machine_files_opened (files);
  vq_machine_files_free (files);
  assert_names (kept, "disk efivars.fd template-disk ");
  tree_remove (template);

  files = make (vq_machine_files_new_kept (&plan, NULL), NULL);
  machine = fill (files);
  assert_text (kept, "disk", "its disk");
  assert_text (kept, VQ_TEMPLATE_EFI_VARS, "variables of this machine");
  ck_assert (g_str_has_prefix (machine.template_disk, kept) && !machine.incoming);
  ck_assert (g_str_has_prefix (machine.overlay, kept)
             && g_str_has_prefix (machine.console_log, kept));
  vq_machine_files_free (files);
  assert_names (kept, "disk efivars.fd template-disk ");
}

TEST (fork_replaces_what_stayed)
{
  g_autofree char *final_disk = complete_template ();
  g_autofree char *kept = in_directory ("kept");
  VqMachineFiles *files;

  ck_assert_int_eq (g_mkdir (kept, 0700), 0);
  plan.disk_dir = kept;
  files = make_fork ();
  put (fill (files).overlay, "its disk");
  vq_machine_files_free (files);
  files = make_fork ();
  assert_overlay (fill (files).overlay, final_disk, "qcow2");
  assert_text (kept, VQ_TEMPLATE_EFI_VARS, "variables of the template");
  vq_machine_files_free (files);
}

/* A seed stays with the disk that it was made for, until another disk takes its place. */
TEST (seeds)
{
  g_autofree char *final_disk = complete_template ();
  g_autofree char *kept = in_directory ("kept");
  g_autofree char *other = in_directory ("other");
  g_autofree char *seed = g_build_filename (template, "cloud-seed.iso", NULL);
  g_autofree char *key = g_build_filename (template, "ssh-key", NULL);
  VqMachineFiles *files = make_fork ();

  put (seed, "seed");
  put (key, "key");
  ck_assert_str_eq (vq_machine_files_get_seed_directory (files), template);
  vq_machine_files_free (files);
  ck_assert_int_eq (g_mkdir (kept, 0700), 0);
  ck_assert_int_eq (g_mkdir (other, 0700), 0);
  plan.disk_dir = kept;
  files = make_fork ();
  ck_assert_str_eq (vq_machine_files_get_seed_directory (files), kept);
  assert_text (kept, "cloud-seed.iso", "seed");
  assert_text (kept, "ssh-key", "key");
  plan.disk_dir = other;
  vq_machine_files_free (make (
      vq_machine_files_new_receiver (&plan, kept, vq_deadline_in (PATIENCE), NULL, NULL), NULL));
  assert_text (other, "cloud-seed.iso", "seed");
  vq_machine_files_free (make_fresh ());
  assert_names (other, "disk efivars.fd ");
  vq_machine_files_free (files);
}

/* A machine whose testbed is copied has the template's seed in its own directory, too. */
TEST (seed_of_a_source)
{
  g_autofree char *final_disk = complete_template ();
  g_autofree char *seed = g_build_filename (template, "cloud-seed.iso", NULL);
  VqMachineFiles *files = make_fork ();

  put (seed, "seed");
  ck_assert (vq_machine_files_be_source (files, NULL));
  ck_assert (vq_machine_files_be_source (files, NULL));
  assert_text (vq_machine_files_get_directory (files), "cloud-seed.iso", "seed");
  vq_machine_files_free (files);
}

/* A machine that was booted lies on the image itself. */
TEST (fresh_disk_stays)
{
  g_autofree char *kept = in_directory ("kept");
  VqMachineFiles *files;

  ck_assert_int_eq (g_mkdir (kept, 0700), 0);
  plan.disk_dir = kept;
  files = make_fresh ();
  vq_machine_files_opened (files);
  vq_machine_files_free (files);
  assert_names (kept, "disk efivars.fd ");
  files = make (vq_machine_files_new_kept (&plan, NULL), NULL);
  ck_assert_ptr_null (fill (files).template_disk);
  assert_overlay (fill (files).overlay, images_get_file (plan.image)->path, "qcow2");
  vq_machine_files_free (files);
}

/* From now on each machine has two further disks: an empty one, and one on the image. */
static void
use_disks (VqDisk disks[2], VqDiskSpec specs[2])
{
  specs[0] = (VqDiskSpec){ .name = (char *)"a" };
  specs[1] = (VqDiskSpec){ .name = (char *)"b" };
  disks[0] = (VqDisk){ .spec = &specs[0], .size = 8 * MIB };
  disks[1] = (VqDisk){ .spec = &specs[1], .image = plan.image, .size = 8 * MIB };
  plan.disks = g_ptr_array_new ();
  g_ptr_array_add (plan.disks, &disks[0]);
  g_ptr_array_add (plan.disks, &disks[1]);
}

static const VqMachineDisk *
get_disk (VqMachineFiles *files, guint index)
{
  return fill (files).disks->pdata[index];
}

static void
assert_empty_disk (const char *path, guint64 size)
{
  g_autoptr (VqImage) image = vq_image_inspect (path, VQ_IMAGE_DATA, NULL, NULL);

  ck_assert_ptr_nonnull (image);
  ck_assert_uint_eq (vq_image_get_size (image), size);
  ck_assert_uint_eq (vq_image_get_files (image)->len, 1);
}

TEST (further_disks_of_a_fresh_machine)
{
  VqDiskSpec specs[2];
  VqDisk disks[2];
  VqMachineFiles *files;
  guint64 space;

  use_disks (disks, specs);
  files = make_fresh ();
  assert_names (fill (files).directory, "disk.a disk.b efivars.fd lock overlay ");
  assert_empty_disk (get_disk (files, 0)->path, 8 * MIB);
  assert_overlay (get_disk (files, 1)->path, images_get_file (plan.image)->path, "qcow2");
  vq_machine_files_opened (files);
  assert_names (fill (files).directory, "efivars.fd lock ");
  space = vq_machine_files_get_disk_space (files);
  ck_assert_uint_gt (space, vq_machine_disks_get_space ((GPtrArray *)fill (files).disks));
  ck_assert_uint_gt (vq_machine_disks_get_space ((GPtrArray *)fill (files).disks), 0);
  vq_machine_files_free (files);
  assert_names (tmpdir, "");
  g_clear_pointer (&plan.disks, g_ptr_array_unref);
}

TEST (further_disks_of_a_fork)
{
  g_autofree char *final_a = in_directory ("final/disk.a");
  g_autofree char *final_b = in_directory ("final/disk.b");
  g_autofree char *templates = g_build_filename (template, "disk.a", NULL);
  VqDiskSpec specs[2];
  VqDisk disks[2];
  VqMachineFiles *files;

  use_disks (disks, specs);
  g_free (complete_template ());
  assert_names (template, "disk disk.a disk.b efivars.fd overlay overlay.a overlay.b ram state ");
  files = make_fork ();
  assert_overlay (get_disk (files, 0)->path, final_a, "qcow2");
  assert_overlay (get_disk (files, 1)->path, final_b, "qcow2");
  ck_assert_str_eq (get_disk (files, 0)->template_disk, templates);
  vq_machine_files_free (files);
  assert_names (tmpdir, "");
  g_clear_pointer (&plan.disks, g_ptr_array_unref);
}

/* They outlive the template; a machine that takes over the state of such a one has their like; and
 * a fresh machine has nothing of them. */
TEST (further_disks_that_stay)
{
  g_autofree char *kept = in_directory ("kept");
  g_autofree char *other = in_directory ("other");
  g_autoptr (GError) error = NULL;
  VqDiskSpec specs[2];
  VqDisk disks[2];
  VqMachineFiles *files, *copy;

  use_disks (disks, specs);
  g_free (complete_template ());
  ck_assert_int_eq (g_mkdir (kept, 0700), 0);
  ck_assert_int_eq (g_mkdir (other, 0700), 0);
  plan.disk_dir = kept;
  files = make_fork ();
  put (get_disk (files, 0)->path, "what a guest has written");
  vq_machine_files_opened (files);
  tree_remove (template);
  assert_names (kept, "disk disk.a disk.b efivars.fd template-disk template-disk.a "
                      "template-disk.b ");
  plan.disk_dir = other;
  copy = make (vq_machine_files_new_receiver (&plan, kept, vq_deadline_in (PATIENCE), NULL, &error),
               error);
  assert_overlay (get_disk (copy, 1)->path, get_disk (copy, 1)->template_disk, "qcow2");
  ck_assert (vq_machine_files_copy (files, other, NULL));
  assert_text (other, "disk.a", "what a guest has written");
  vq_machine_files_free (copy);
  vq_machine_files_free (files);
  plan.disk_dir = kept;
  files = make (vq_machine_files_new_kept (&plan, NULL), NULL);
  ck_assert (g_str_has_prefix (get_disk (files, 1)->template_disk, kept));
  vq_machine_files_free (files);
  files = make_fresh ();
  assert_names (kept, "disk disk.a disk.b efivars.fd ");
  vq_machine_files_free (files);
  g_clear_pointer (&plan.disks, g_ptr_array_unref);
}

/* A server's machine has its files elsewhere than where it is looked for. */
TEST (further_disks_of_a_source)
{
  VqDiskSpec specs[2];
  VqDisk disks[2];
  VqMachineFiles *files;

  use_disks (disks, specs);
  g_free (complete_template ());
  files = make_fork ();
  vq_machine_files_opened (files);
  ck_assert (vq_machine_files_be_source (files, NULL));
  ck_assert (vq_machine_files_be_source (files, NULL));
  assert_names (fill (files).directory,
                "efivars.fd lock template-disk template-disk.a template-disk.b ");
  vq_machine_files_free (files);
  g_clear_pointer (&plan.disks, g_ptr_array_unref);
}

/* One that cannot be made leaves nothing, and the error names it. */
TEST (further_disk_that_fails)
{
  g_autoptr (GError) error = NULL;
  VqDiskSpec specs[2];
  VqDisk disks[2];

  use_disks (disks, specs);
  disks[0].size = G_MAXUINT64;
  ck_assert_ptr_null (vq_machine_files_new_fresh (&plan, vq_deadline_in (PATIENCE), NULL, &error));
  ck_assert_msg (g_str_has_prefix (error->message, "--disk: a: cannot create an empty disk: "),
                 "%s", error->message);
  ck_assert_ptr_null (strchr (error->message, '\n'));
  assert_names (tmpdir, "");
  g_clear_pointer (&plan.disks, g_ptr_array_unref);
}

/* It is open to be read, and must be there. */
TEST (state_of_a_fork)
{
  g_autofree char *final_disk = complete_template ();
  g_autofree char *path = g_build_filename (template, VQ_TEMPLATE_STATE, NULL);
  g_autoptr (VqMachineFiles) files = make_fork ();
  g_autoptr (GError) error = NULL;
  int state = vq_machine_files_open_state (files, NULL);
  char bytes[6];

  ck_assert_int_eq (read (state, bytes, sizeof bytes), 5);
  ck_assert_int_eq (write (state, bytes, 1), -1);
  close (state);
  ck_assert_int_eq (g_unlink (path), 0);
  ck_assert_int_eq (vq_machine_files_open_state (files, &error), -1);
  ck_assert_msg (strstr (error->message, path) != NULL, "%s", error->message);
}

/* QEMU would go on with a memory of zeros, or be killed. */
TEST (fork_of_other_memory)
{
  static const off_t sizes[] = { 0, 4096, 2 * MIB - 1, 2 * MIB + 1 };
  g_autofree char *final_disk = complete_template ();
  g_autofree char *ram = g_build_filename (template, VQ_TEMPLATE_RAM, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert_int_eq (truncate (ram, sizes[i]), 0);
      ck_assert_ptr_null (vq_machine_files_new_fork (&plan, template, &error));
      ck_assert_msg (strstr (error->message, "bytes instead of 2 MiB") != NULL, "%s",
                     error->message);
    }
  assert_names (tmpdir, "");
}

/* What is in it would be in the new machine's memory. */
TEST (memory_is_there_already)
{
  g_autofree char *ram = g_build_filename (template, VQ_TEMPLATE_RAM, NULL);
  g_autoptr (GError) error = NULL;

  put (ram, "x");
  ck_assert_ptr_null (
      vq_machine_files_new_template (&plan, template, vq_deadline_in (PATIENCE), NULL, &error));
  ck_assert_msg (strstr (error->message, "cannot make the memory file") != NULL, "%s",
                 error->message);
}

TEST (fork_into_overlay_dir)
{
  g_autofree char *final_disk = complete_template ();
  VqMachineFiles *files;

  options.overlay_dir = in_directory ("overlays");
  ck_assert_int_eq (g_mkdir (options.overlay_dir, 0700), 0);
  files = make_fork ();
  ck_assert (g_str_has_prefix (fill (files).overlay, options.overlay_dir));
  assert_overlay (fill (files).overlay, final_disk, "qcow2");
  vq_machine_files_opened (files);
  assert_names (options.overlay_dir, "");
  vq_machine_files_free (files);
}

TEST (fork_of_an_incomplete_one)
{
  static const char *const names[] = { VQ_TEMPLATE_RAM, VQ_TEMPLATE_OVERLAY, VQ_TEMPLATE_EFI_VARS };
  g_autofree char *final_disk = complete_template ();

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (template, names[i], NULL);
      g_autoptr (GError) error = NULL;

      ck_assert_int_eq (g_unlink (path), 0);
      ck_assert_ptr_null (vq_machine_files_new_fork (&plan, template, &error));
      ck_assert_msg (strstr (error->message, path) != NULL, "%s", error->message);
      assert_names (tmpdir, "");
    }
}

TEST (no_private_directory)
{
  g_autoptr (GError) error = NULL;

  ck_assert_int_eq (g_rmdir (tmpdir), 0);
  ck_assert_ptr_null (vq_machine_files_new_fresh (&plan, vq_deadline_in (PATIENCE), NULL, &error));
  ck_assert_ptr_nonnull (strstr (error->message, tmpdir));
  ck_assert_int_eq (g_mkdir (tmpdir, 0700), 0);
}

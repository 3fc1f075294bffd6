// SPDX-License-Identifier: GPL-2.0-or-later
#include "bare-machine.h"

#include <check.h>
#include <string.h>

#include "io/child.h"
#include "qemu/ram-file.h"
#include "template/template.h"

#define SECTOR 512
#define DISK_SIZE (64 * 1024 * 1024)
#define PATIENCE 60 /* seconds */

static VqOptions *
parse_options (const char *more)
{
  g_autofree char *line = g_strdup_printf ("server --accel=tcg --ram-size=64 %s disk.img", more);
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  GPtrArray *argv = g_ptr_array_new ();
  VqOptions *options = NULL;

  for (char **word = words; *word != NULL; word++)
    if (**word != '\0')
      g_ptr_array_add (argv, *word);
  g_ptr_array_add (argv, NULL);
  ck_assert_int_eq (
      vq_options_parse (argv->len - 1, (const char *const *)argv->pdata, &options, NULL),
      VQ_OPTIONS_RUN);
  g_ptr_array_unref (argv);
  return options;
}

static void
make_plan (VqPlan *plan, const VqOptions *options, const char *arch)
{
  plan->options = options;
  plan->sandbox = options->sandbox != VQ_SANDBOX_OFF;
  plan->arch = vq_arch_find_qemu (arch);
  plan->qemu_command = g_strconcat ("qemu-system-", arch, NULL);
  plan->more = g_ptr_array_new_with_free_func ((GDestroyNotify)vq_image_free);
  if (options->baseimage)
    plan->hotplug = vq_hotplug_bus_find (options, plan->arch, FALSE, "", NULL);
}

static VqImage *
inspect (const char *path, VqImageUse use)
{
  g_autoptr (GError) error = NULL;
  VqImage *image = vq_image_inspect (path, use, NULL, &error);

  ck_assert_msg (image != NULL, "%s", error != NULL ? error->message : "");
  return image;
}

/* Makes the disk that CODE is on. Transfer full. */
static char *
make_base (BareMachine *bare, const guint8 *code, gsize n)
{
  char *base = g_build_filename (bare->directory, "base.raw", NULL);
  guint8 sector[SECTOR] = { 0 };

  ck_assert_uint_lt (n, SECTOR - 2);
  if (n > 0)
    memcpy (sector, code, n);
  sector[SECTOR - 2] = 0x55;
  sector[SECTOR - 1] = 0xaa;
  ck_assert (g_file_set_contents (base, (const char *)sector, SECTOR, NULL));
  ck_assert_int_eq (truncate (base, DISK_SIZE), 0);
  g_clear_pointer (&bare->plan.image, vq_image_free);
  bare->plan.image = inspect (base, VQ_IMAGE_BOOT);
  return base;
}

BareMachine *
bare_machine_new (const char *arch, const char *more)
{
  BareMachine *bare = g_new0 (BareMachine, 1);
  VqQemuConfig *machine = &bare->machine;

  bare->directory = g_dir_make_tmp ("vq-machine-XXXXXX", NULL);
  bare->machine.efi_vars = bare->vars
      = g_build_filename (bare->directory, VQ_TEMPLATE_EFI_VARS, NULL);
  ck_assert_ptr_nonnull (bare->directory);
  bare->options = parse_options (more != NULL ? more : "");
  make_plan (&bare->plan, bare->options, arch);
  g_free (make_base (bare, NULL, 0));
  machine->plan = &bare->plan;
  machine->directory = bare->directory;
  machine->qmp_fd = -1;
  machine->console_fd = -1;
  return bare;
}

static void
run (const char *const *argv)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_child_run (argv, NULL, NULL, vq_deadline_in (PATIENCE), NULL, &error), "%s",
                 error != NULL ? error->message : "");
}

void
bare_machine_use_firmware (BareMachine *bare)
{
  VqPlan *plan = &bare->plan;

  plan->firmware = vq_firmware_find (plan->arch->qemu, NULL);
  ck_assert_ptr_nonnull (plan->firmware); /* ovmf is a build dependency */
  if (vq_firmware_has_vars (plan->firmware))
    ck_assert (vq_firmware_copy_vars (plan->firmware, bare->vars, NULL));
  if (plan->options->baseimage)
    plan->hotplug = vq_hotplug_bus_find (plan->options, plan->arch, TRUE, "", NULL);
}

void
bare_machine_share_ram (BareMachine *bare)
{
  bare->machine.ram_path = bare->ram = g_build_filename (bare->directory, "ram", NULL);
  bare->machine.ram_shared = TRUE;
  ck_assert (vq_ram_file_create (bare->ram, bare->options->ram_size_mib, NULL));
}

void
bare_machine_add_disk (BareMachine *bare, const char *name, const char *format)
{
  g_autofree char *path = g_build_filename (bare->directory, name, NULL);

  run ((const char *const[]){ "qemu-img", "create", "-q", "-f", format, path, "1M", NULL });
  g_ptr_array_add (bare->plan.more, inspect (path, VQ_IMAGE_DATA));
}

static void
make_overlay (BareMachine *bare, const char *directory, const char *base, const char *format)
{
  bare->machine.overlay = bare->overlay = g_build_filename (directory, "overlay", NULL);
  run ((const char *const[]){ "qemu-img", "create", "-q", "-f", "qcow2", "-F", format, "-b", base,
                              bare->overlay, NULL });
}

BareMachine *
bare_machine_fork (const BareMachine *template, const char *arch, const char *more)
{
  BareMachine *bare = bare_machine_new (arch, more);
  g_autofree char *vars = g_build_filename (template->directory, VQ_TEMPLATE_EFI_VARS, NULL);
  g_autofree char *base = g_build_filename (template->directory, "base.raw", NULL);

  if (template->plan.firmware != NULL)
    {
      bare->plan.firmware = vq_firmware_find (arch, NULL);
      run ((const char *const[]){ "cp", vars, bare->directory, NULL });
    }
  g_clear_pointer (&bare->plan.image, vq_image_free);
  bare->plan.image = inspect (base, VQ_IMAGE_BOOT);
  make_overlay (bare, bare->directory, template->overlay, "qcow2");
  bare->machine.template_disk = template->overlay;
  bare->machine.ram_path = bare->ram = g_strdup (template->ram);
  bare->machine.incoming = TRUE;
  return bare;
}

void
bare_machine_make_disk (BareMachine *bare, const char *overlay_dir, const guint8 *code, gsize n)
{
  g_autofree char *base = make_base (bare, code, n);

  make_overlay (bare, overlay_dir != NULL ? overlay_dir : bare->directory, base, "raw");
}

void
bare_machine_free (BareMachine *bare)
{
  if (bare == NULL)
    return;
  run ((const char *const[]){ "rm", "-rf", bare->directory, NULL });
  g_free (bare->plan.qemu_command);
  vq_image_free (bare->plan.image);
  vq_firmware_free (bare->plan.firmware);
  g_ptr_array_unref (bare->plan.more);
  vq_options_free (bare->options);
  g_free (bare->overlay);
  g_free (bare->ram);
  g_free (bare->vars);
  g_free (bare->directory);
  g_free (bare);
}

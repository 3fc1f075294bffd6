// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/plan.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "plan/accel.h"
#include "image/disk-layout.h"
#include "base/error.h"
#include "plan/display.h"
#include "plan/hotplug-bus.h"
#include "plan/qemu-help.h"
#include "plan/shared-dir.h"
#include "io/log.h"
#include "io/workdir.h"
#include "plan/private-key.h"
#include "pull/pull-image.h"
#include "seed/seed-read.h"

/* Seconds that qemu-img may take. */
#define INSPECT_SECONDS 60

/* Roughly how much longer a boot takes under TCG. */
#define TCG_STRETCH 5

static gboolean
find_qemu (VqPlan *plan, GError **error)
{
  g_autofree char *guess = g_strconcat ("qemu-system-", plan->arch->qemu, NULL);
  const char *name = plan->options->qemu_command != NULL ? plan->options->qemu_command : guess;

  plan->qemu_command = g_find_program_in_path (name);
  if (plan->qemu_command != NULL)
    return TRUE;
  if (plan->options->qemu_command != NULL)
    return vq_error_set (error, VQ_ERROR_FAILED, "--qemu-command: %s is not an executable", name);
  return vq_error_set (error, VQ_ERROR_FAILED, "no %s for %s guests: install the package %s", name,
                       plan->arch->dpkg, plan->arch->package);
}

/* Under KVM it may be another QEMU than under TCG: on an arm64 host for armhf guests. */
static gboolean
choose_qemu (VqPlan *plan, GError **error)
{
  const VqArch *arch = vq_arch_choose (plan->options, error);
  const VqArch *kvm_arch = arch != NULL && plan->kvm ? vq_arch_find_host_kvm (arch) : NULL;

  if (arch == NULL)
    return FALSE;
  plan->arch = kvm_arch != NULL && plan->options->qemu_command == NULL ? kvm_arch : arch;
  g_clear_pointer (&plan->qemu_command, g_free);
  return find_qemu (plan, error);
}

static VqImage *
inspect_image (const VqPlan *plan, const char *name, VqImageUse use, VqCancel *cancel,
               GError **error)
{
  const VqOptions *options = plan->options;
  g_autofree char *path = vq_pull_image_find (name, plan->arch->dpkg, cancel, error);

  return path != NULL
             ? vq_image_inspect (path, use, (const char *const *)options->allowed_backing, error)
             : NULL;
}

static gboolean
grow_disk (VqPlan *plan, GError **error)
{
  VQ_ERROR_PREFIX (error, "option --disk-size");

  return plan->options->disk_size == 0
         || vq_image_grow (plan->image, plan->options->disk_size, error);
}

static gboolean
inspect_images (VqPlan *plan, VqCancel *cancel, GError **error)
{
  char **name = plan->options->images;

  plan->image = inspect_image (plan, *name, VQ_IMAGE_BOOT, cancel, error);
  if (plan->image == NULL || !grow_disk (plan, error))
    return FALSE;
  while (*++name != NULL)
    {
      VqImage *image = inspect_image (plan, *name, VQ_IMAGE_DATA, cancel, error);

      if (image == NULL)
        return FALSE;
      g_ptr_array_add (plan->more, image);
    }
  return TRUE;
}

static gboolean
find_disks (VqPlan *plan, VqCancel *cancel, GError **error)
{
  const GPtrArray *specs = plan->options->disks;
  const char *const *allowed = (const char *const *)plan->options->allowed_backing;
  const char *arch = plan->arch->dpkg;

  plan->disks = vq_disk_find_all (specs, FALSE, arch, allowed, cancel, error);
  if (plan->disks != NULL)
    plan->late_disks = vq_disk_find_all (specs, TRUE, arch, allowed, cancel, error);
  return plan->late_disks != NULL;
}

/* --boot=auto on a PC: looks at the image. */
static gboolean
image_wants_efi (VqPlan *plan, gboolean *efi, gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autoptr (VqWorkdir) workdir = vq_workdir_new (NULL, error);
  VqDiskLayout layout;

  if (workdir == NULL
      || !vq_disk_layout_read (plan->image, &layout, vq_workdir_get_path (workdir), deadline,
                               cancel, error))
    return FALSE;
  *efi = vq_disk_layout_wants_efi (&layout);
  g_debug ("--boot=auto: the image boots by %s", *efi ? "EFI" : "BIOS");
  return TRUE;
}

static gboolean
choose_firmware (VqPlan *plan, gint64 deadline, VqCancel *cancel, GError **error)
{
  VqBoot boot = plan->options->boot != VQ_BOOT_AUTO ? plan->options->boot : plan->arch->boot;
  gboolean efi = boot == VQ_BOOT_EFI;

  if (boot == VQ_BOOT_AUTO && !image_wants_efi (plan, &efi, deadline, cancel, error))
    return FALSE;
  if (!efi)
    return TRUE;
  plan->firmware = vq_firmware_find (vq_arch_get_firmware (plan->arch), error);
  return plan->firmware != NULL;
}

static void
set_boot_timeout (VqPlan *plan)
{
  plan->boot_timeout = plan->options->timeout_reboot;
  if (!plan->kvm && !plan->options->timeout_reboot_given)
    plan->boot_timeout *= TCG_STRETCH;
}

static void
warn_of_tcg (const char *why)
{
  g_warning ("no KVM, so the guest is slow (QEMU's TCG): %s; --accel=tcg silences this", why);
}

static gboolean
choose_accel (VqPlan *plan, VqCancel *cancel, GError **error)
{
  g_autofree char *why = NULL;

  if (!vq_accel_choose (plan->options, plan->arch, plan->qemu_command, &plan->kvm, &why, cancel,
                        error))
    return FALSE;
  if (why != NULL)
    warn_of_tcg (why);
  set_boot_timeout (plan);
  return choose_qemu (plan, error);
}

gboolean
vq_plan_give_up_kvm (VqPlan *plan, const char *why)
{
  if (!plan->kvm || plan->options->accel != VQ_ACCEL_AUTO)
    return FALSE;
  plan->kvm = FALSE;
  if (!choose_qemu (plan, NULL))
    return FALSE;
  warn_of_tcg (why);
  set_boot_timeout (plan);
  return TRUE;
}

/* What a QEMU says that was built without the sandbox, and one on a kernel without it. It names our
 * option first, and then the reason. */
static gboolean
is_about_sandbox (const char *why)
{
  return strstr (why, "-sandbox on") != NULL || strstr (why, "There is no option group") != NULL
         || strstr (why, "seccomp syscall filter") != NULL;
}

gboolean
vq_plan_give_up_sandbox (VqPlan *plan, const char *why)
{
  if (!plan->sandbox || plan->options->sandbox != VQ_SANDBOX_AUTO || !is_about_sandbox (why))
    return FALSE;
  plan->sandbox = FALSE;
  g_warning ("QEMU runs without its sandbox: %s; --sandbox=off silences this", why);
  return TRUE;
}

static gboolean
check_overlay_dir (const VqOptions *options, GError **error)
{
  const char *directory = options->overlay_dir;

  if (directory == NULL || access (directory, W_OK | X_OK) == 0)
    return TRUE;
  return vq_error_set_errno (error, errno, "--overlay-dir: cannot make files in %s", directory);
}

/* A directory that does not exist is made later, and one that cannot be used only costs a boot. But
 * to name something that is not a directory is a mistake. */
static gboolean
check_template_dir (const VqOptions *options, GError **error)
{
  const char *directory = options->template_dir;

  return directory == NULL || !g_file_test (directory, G_FILE_TEST_EXISTS)
         || g_file_test (directory, G_FILE_TEST_IS_DIR)
         || vq_error_set (error, VQ_ERROR_USAGE, "--template-dir: %s is not a directory",
                          directory);
}

static gboolean
check_log_dir (const VqOptions *options, GError **error)
{
  const char *directory = options->log_dir;

  if (directory == NULL
      || (g_mkdir_with_parents (directory, 0700) == 0 && access (directory, W_OK | X_OK) == 0))
    return TRUE;
  return vq_error_set (error, VQ_ERROR_USAGE, "--log-dir: cannot make files in %s: %s", directory,
                       g_strerror (errno));
}

static gboolean
check_scripts (const VqOptions *options, GError **error)
{
  for (char **path = options->template_scripts; *path != NULL; path++)
    if (access (*path, R_OK) != 0)
      return vq_error_set_errno (error, errno, "--template-script: cannot read %s", *path);
    else if (!g_file_test (*path, G_FILE_TEST_IS_REGULAR))
      return vq_error_set (error, VQ_ERROR_FAILED, "--template-script: %s is not a plain file",
                           *path);
  return TRUE;
}

static gboolean
check_shared_dirs (const VqOptions *options, GError **error)
{
  for (guint i = 0; i < options->shared_dirs->len; i++)
    if (!vq_shared_dir_check (options->shared_dirs->pdata[i], error))
      return FALSE;
  return TRUE;
}

/* What a newer QEMU has and an older one does not. */
static void
choose_devices (VqPlan *plan, gint64 deadline, VqCancel *cancel)
{
  const VqArch *arch = plan->arch;
  const char *qemu = plan->qemu_command;

  plan->display = vq_display_choose (plan->options, arch, qemu, deadline, cancel);
  if (arch->machine_new != NULL)
    {
      g_autofree char *value = g_strconcat (arch->machine, ",help", NULL);
      g_autofree char *name = g_strndup (arch->machine_new, strcspn (arch->machine_new, "="));

      plan->machine_new = vq_qemu_help_has (qemu, "-machine", value, name, deadline, cancel);
    }
  plan->cpu_new = arch->cpu_new != NULL
                  && vq_qemu_help_has (qemu, "-cpu", "help", arch->cpu_new, deadline, cancel);
}

static gboolean
choose_hotplug (VqPlan *plan, GError **error)
{
  const char *what = plan->options->baseimage ? "--baseimage" : "--disk=encrypt=";

  if (!plan->options->baseimage && plan->late_disks->len == 0)
    return TRUE;
  plan->hotplug
      = vq_hotplug_bus_find (plan->options, plan->arch, plan->firmware != NULL, what, error);
  return plan->hotplug != NULL;
}

/* Whether the user has named a way in that needs no seed. */
static gboolean
names_way_in (const VqOptions *options)
{
  return options->ssh_user != NULL || options->ssh_key != NULL || options->password != NULL
         || options->guest_agent == VQ_AGENT_REQUIRE;
}

void
vq_plan_keep_disk (VqPlan *plan, const char *directory)
{
  g_free (plan->disk_dir);
  plan->disk_dir = g_strdup (directory);
}

void
vq_plan_set_slot (VqPlan *plan, const VqSlot *slot)
{
  plan->slot = slot;
}

void
vq_plan_set_identity (VqPlan *plan, const char *machine_id, const char *host_key)
{
  g_free (plan->machine_id);
  g_free (plan->host_key);
  plan->machine_id = g_strdup (machine_id);
  plan->host_key = g_strdup (host_key);
}

gboolean
vq_plan_add_cloud_seed (VqPlan *plan)
{
  if (plan->cloud_seed || names_way_in (plan->options))
    return FALSE;
  plan->cloud_seed = TRUE;
  return TRUE;
}

static gboolean
read_ssh_key (VqPlan *plan, GError **error)
{
  VQ_ERROR_PREFIX (error, "option --ssh-key");

  if (plan->options->ssh_key == NULL)
    return TRUE;
  plan->ssh_key = vq_private_key_read (plan->options->ssh_key, error);
  return plan->ssh_key != NULL;
}

static gboolean
read_seed (VqPlan *plan, GError **error)
{
  if (vq_seed_request_is_empty (&plan->options->seed))
    return TRUE;
  plan->seed = vq_seed_read (&plan->options->seed, error);
  return plan->seed != NULL;
}

VqPlan *
vq_plan_new (const VqOptions *options, VqCancel *cancel, GError **error)
{
  g_autoptr (VqPlan) plan = g_new0 (VqPlan, 1);
  gint64 deadline;

  if (options->debug)
    vq_log_show_debug ();
  plan->options = options;
  plan->sandbox = options->sandbox != VQ_SANDBOX_OFF;
  plan->more = g_ptr_array_new_with_free_func ((GDestroyNotify)vq_image_free);
  plan->arch = vq_arch_choose (options, error);
  if (plan->arch == NULL || !check_overlay_dir (options, error)
      || !check_template_dir (options, error) || !check_log_dir (options, error)
      || !check_scripts (options, error) || !check_shared_dirs (options, error)
      || !read_ssh_key (plan, error) || !read_seed (plan, error) || !choose_qemu (plan, error)
      || !inspect_images (plan, cancel, error) || !find_disks (plan, cancel, error))
    return NULL;
  deadline = vq_deadline_in (INSPECT_SECONDS);
  if (!choose_firmware (plan, deadline, cancel, error) || !choose_hotplug (plan, error)
      || !choose_accel (plan, cancel, error))
    return NULL;
  choose_devices (plan, deadline, cancel);
  if (options->channel == VQ_CHANNEL_SSH)
    vq_plan_add_cloud_seed (plan);
  return g_steal_pointer (&plan);
}

void
vq_plan_free (VqPlan *plan)
{
  if (plan == NULL)
    return;
  vq_firmware_free (plan->firmware);
  vq_image_free (plan->image);
  g_ptr_array_unref (plan->more);
  g_clear_pointer (&plan->disks, g_ptr_array_unref);
  g_clear_pointer (&plan->late_disks, g_ptr_array_unref);
  vq_seed_free (plan->seed);
  g_free (plan->qemu_command);
  g_free (plan->display);
  g_free (plan->ssh_key);
  g_free (plan->disk_dir);
  g_free (plan->machine_id);
  g_free (plan->host_key);
  g_free (plan);
}

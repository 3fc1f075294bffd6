// SPDX-License-Identifier: GPL-2.0-or-later
#include "testbed/plan-inputs.h"

#include <glib/gstdio.h>

#include "base/error.h"
#include "guest/guest-setup.h"
#include "qemu/qemu-config.h"
#include "base/programs.h"
#include "guest/template-script.h"
#include "plan/option.h"
#include "base/host-facts.h"

/* Adds the files of IMAGE. */
static gboolean
add_image (VqTemplateKey *key, const char *name, const VqImage *image, GError **error)
{
  const GPtrArray *files = vq_image_get_files (image);

  for (guint i = 0; i < files->len; i++)
    {
      const VqImageGateFile *file = files->pdata[i];

      if (!vq_template_key_add_file (key, i == 0 ? name : "backing file", file->path, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
add_images (VqTemplateKey *key, const VqPlan *plan, GError **error)
{
  if (!add_image (key, VQ_TEMPLATE_KEY_IMAGE, plan->image, error))
    return FALSE;
  for (guint i = 0; i < plan->more->len; i++)
    if (!add_image (key, "further image", plan->more->pdata[i], error))
      return FALSE;
  return TRUE;
}

/* Adds the disk, and what it begins with. */
static gboolean
add_disk (VqTemplateKey *key, const VqDisk *disk, GError **error)
{
  g_auto (GStrv) words = vq_disk_spec_describe (disk->spec);
  g_autofree char *size = g_strdup_printf ("%" G_GUINT64_FORMAT, disk->size);

  vq_template_key_add_argv (key, "disk", (const char *const *)words);
  vq_template_key_add_text (key, "disk's size", size);
  return disk->image == NULL || add_image (key, "disk's image", disk->image, error);
}

static gboolean
add_disks (VqTemplateKey *key, const VqPlan *plan, GError **error)
{
  for (guint i = 0; i < plan->disks->len; i++)
    if (!add_disk (key, plan->disks->pdata[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
add_firmware (VqTemplateKey *key, const VqPlan *plan, GError **error)
{
  return plan->firmware == NULL
         || (vq_template_key_add_file (key, "firmware", vq_firmware_get_code (plan->firmware),
                                       error)
             && (!vq_firmware_has_vars (plan->firmware)
                 || vq_template_key_add_file (key, "firmware variables",
                                              vq_firmware_get_vars (plan->firmware), error)));
}

static void
add_machine (VqTemplateKey *key, const VqPlan *plan)
{
  g_auto (GStrv) argv = vq_qemu_config_build_model (plan);

  vq_template_key_add_argv (key, "QEMU's command line", (const char *const *)argv);
}

/* If NAME is a file, adds it, with its backing files if it is a disk image. */
static gboolean
add_if_file (VqTemplateKey *key, const VqPlan *plan, const char *name, GError **error)
{
  static const char fact[] = "file of --qemu-options";
  g_autoptr (VqImage) image = NULL;
  GStatBuf st;

  if (!g_file_test (name, G_FILE_TEST_IS_REGULAR))
    return TRUE;
  if (g_stat (name, &st) == 0 && st.st_size == 0) /* too short even for a raw image */
    return vq_template_key_add_file (key, fact, name, error);
  image = vq_image_inspect (name, VQ_IMAGE_DATA,
                            (const char *const *)plan->options->allowed_backing, error);
  return image != NULL && add_image (key, fact, image, error);
}

/* Does the same for every name in WORD, which may be a name itself, or like
 * "file=PATH,readonly=on", where commas in values are doubled, or JSON. */
static gboolean
add_files_in (VqTemplateKey *key, const VqPlan *plan, const char *word, GError **error)
{
  g_auto (GStrv) halves = g_strsplit (word, ",,", -1);
  g_autofree char *marked = g_strjoinv ("\001", halves);
  g_auto (GStrv) parts = g_strsplit_set (marked, ",=:\"", -1);

  if (!add_if_file (key, plan, word, error))
    return FALSE;
  for (char **part = parts; parts[1] != NULL && *part != NULL; part++)
    if (!add_if_file (key, plan, g_strdelimit (*part, "\001", ','), error))
      return FALSE;
  return TRUE;
}

/* Adds every file that is named in the user's own options for QEMU. */
static gboolean
add_named_files (VqTemplateKey *key, const VqPlan *plan, GError **error)
{
  for (char **word = plan->options->qemu_options; *word != NULL; word++)
    if (!add_files_in (key, plan, *word, error))
      return FALSE;
  return TRUE;
}

/* The SHA-256 of the sources of this library: the same in all programs of one build, so that they
 * share templates, and what runs does not depend on which file lies on the disk now. */
static const char library_sum[] =
#include "testbed/library-sum.inc"
    ;

/* Adds our own code: this library and the guest helper. */
static gboolean
add_our_programs (VqTemplateKey *key, const VqPlan *plan, GError **error)
{
  g_autofree char *helper = vq_programs_find_helper (plan->arch->dpkg, error);

  vq_template_key_add_text (key, "library", library_sum);
  return helper != NULL && vq_template_key_add_file (key, "guest helper", helper, error);
}

/* Adds what guest-prepare depends on. */
static gboolean
add_preparation (VqTemplateKey *key, const VqPlan *plan, GError **error)
{
  g_autofree char *zone = vq_host_facts_get_time_zone ();
  g_autofree char *disk_size
      = g_strdup_printf ("%" G_GUINT64_FORMAT, vq_image_get_size (plan->image));

  vq_template_key_add_text (key, "time zone", zone);
  vq_template_key_add_text (key, "disk size", disk_size);
  vq_template_key_add_text (key, "guest agent",
                            vq_option_agent_choice_to_string (plan->options->guest_agent));
  for (char **path = plan->options->template_scripts; *path != NULL; path++)
    {
      g_autofree char *script = vq_template_script_get_digest (*path, error);

      if (script == NULL)
        return FALSE;
      vq_template_key_add_text (key, "template script", script);
    }
  return TRUE;
}

static void
add_seed (VqTemplateKey *key, const VqPlan *plan)
{
  g_autofree char *digest = plan->seed != NULL ? vq_seed_get_digest (plan->seed) : NULL;

  vq_template_key_add_text (key, "seed for cloud-init", digest);
  if (plan->options->cloud_init_errors == VQ_CLOUD_INIT_ERRORS_WARN)
    vq_template_key_add_text (key, "errors of cloud-init", "warn");
}

/* Whether a guest can be saved that runs on these images, with these options. */
static gboolean
check_saving (const VqPlan *plan, GError **error)
{
  gboolean ok = vq_qemu_config_check_saving (plan->options, error)
                && vq_image_check_saving (plan->image, error);

  if (ok && plan->options->channel == VQ_CHANNEL_SSH)
    return vq_error_set (error, VQ_ERROR_FAILED, "--channel=ssh cannot set a fork's clock");
  for (guint i = 0; ok && i < plan->more->len; i++)
    ok = vq_image_check_saving (plan->more->pdata[i], error);
  for (guint i = 0; ok && i < plan->disks->len; i++)
    {
      const VqDisk *disk = plan->disks->pdata[i];

      ok = disk->image == NULL || vq_image_check_saving (disk->image, error);
    }
  return ok;
}

VqTemplateKey *
vq_plan_inputs_get_key (const VqPlan *plan, gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autoptr (VqTemplateKey) key = vq_template_key_new ();

  add_machine (key, plan);
  add_seed (key, plan);
  if (!check_saving (plan, error) || !add_images (key, plan, error) || !add_disks (key, plan, error)
      || !add_firmware (key, plan, error) || !add_named_files (key, plan, error)
      || !vq_template_key_add_program (key, "QEMU", plan->qemu_command, deadline, cancel, error)
      || !add_our_programs (key, plan, error) || !add_preparation (key, plan, error)
      || !vq_template_key_add_host (key, error))
    return NULL;
  return g_steal_pointer (&key);
}

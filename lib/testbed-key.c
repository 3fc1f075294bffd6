// SPDX-License-Identifier: GPL-2.0-or-later
#include "testbed-key.h"

#include "error.h"
#include "guest-setup.h"
#include "machine.h"
#include "programs.h"

/* Backing files below one image; a longer chain is taken for a circle. */
#define CHAIN_MAX 64

/* The path of IMAGE's backing file; NULL if it has none. */
static gboolean
find_backing (const VqImage *image, char **path, GError **error)
{
  const char *name = vq_image_get_backing_file (image);
  g_autofree char *directory = g_path_get_dirname (vq_image_get_path (image));

  *path = NULL;
  if (name == NULL)
    return TRUE;
  if (g_str_has_prefix (name, "file:"))
    name += strlen ("file:");
  if (g_uri_parse_scheme (name) != NULL || g_str_has_prefix (name, "json:"))
    return vq_set_error (error, VQ_ERROR_FAILED, "%s has a backing file that is no plain file: %s",
                         vq_image_get_path (image), name);
  *path = g_canonicalize_filename (name, directory);
  return TRUE;
}

/* Adds the file of IMAGE and all backing files under it. */
static gboolean
add_image (VqTemplateKey *key, const char *name, const VqImage *image, gint64 deadline,
           VqCancel *cancel, GError **error)
{
  g_autoptr (VqImage) below = NULL;

  for (int depth = 0; depth < CHAIN_MAX; depth++)
    {
      g_autofree char *path = NULL;
      VqImage *next;

      if (!vq_template_key_add_file (key, name, vq_image_get_path (image), error)
          || !find_backing (image, &path, error))
        return FALSE;
      if (path == NULL)
        return TRUE;
      next = vq_image_inspect (path, VQ_IMAGE_DATA, deadline, cancel, error);
      g_clear_pointer (&below, vq_image_free);
      image = below = next;
      if (next == NULL)
        return FALSE;
      name = "backing file";
    }
  return vq_set_error (error, VQ_ERROR_FAILED, "too many backing files under each other");
}

static gboolean
add_images (VqTemplateKey *key, const VqPlan *plan, gint64 deadline, VqCancel *cancel,
            GError **error)
{
  if (!add_image (key, VQ_TEMPLATE_KEY_IMAGE, plan->image, deadline, cancel, error))
    return FALSE;
  for (guint i = 0; i < plan->more->len; i++)
    if (!add_image (key, "further image", plan->more->pdata[i], deadline, cancel, error))
      return FALSE;
  return TRUE;
}

static gboolean
add_firmware (VqTemplateKey *key, const VqPlan *plan, GError **error)
{
  return plan->firmware == NULL
         || (vq_template_key_add_file (key, "firmware", vq_firmware_get_code (plan->firmware),
                                       error)
             && vq_template_key_add_file (key, "firmware variables",
                                          vq_firmware_get_vars (plan->firmware), error));
}

/* The command line with the same names for everything that differs from run to run. */
static void
add_argv (VqTemplateKey *key, const VqPlan *plan)
{
  const VqMachine machine = { .options = plan->options,
                              .arch = plan->arch,
                              .qemu_command = plan->qemu_command,
                              .kvm = plan->kvm,
                              .firmware = plan->firmware,
                              .directory = "DIRECTORY",
                              .overlay = "OVERLAY",
                              .ram_path = "RAM" };
  g_auto (GStrv) argv = vq_machine_build_argv (&machine);

  vq_template_key_add_argv (key, "QEMU's command line", (const char *const *)argv);
}

/* Every file that the user's own options for QEMU name, wherever in a word:
 * "file=PATH,readonly=on". */
static gboolean
add_named_files (VqTemplateKey *key, const VqPlan *plan, GError **error)
{
  for (char **word = plan->options->qemu_options; *word != NULL; word++)
    {
      g_auto (GStrv) parts = g_strsplit_set (*word, ",=:", -1);

      for (char **part = parts; *part != NULL; part++)
        if (g_file_test (*part, G_FILE_TEST_IS_REGULAR)
            && !vq_template_key_add_file (key, "file of --qemu-options", *part, error))
          return FALSE;
    }
  return TRUE;
}

/* Ourselves: this program, and the one that runs in the guest. */
static gboolean
add_our_programs (VqTemplateKey *key, const VqPlan *plan, GError **error)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", error);
  g_autofree char *helper = vq_programs_find_helper (plan->arch->dpkg, error);

  return self != NULL && helper != NULL && vq_template_key_add_file (key, "server", self, error)
         && vq_template_key_add_file (key, "guest helper", helper, error);
}

/* What is done in the guest before it is saved. */
static gboolean
add_preparation (VqTemplateKey *key, const VqPlan *plan, GError **error)
{
  g_autofree char *zone = vq_guest_setup_host_time_zone ();

  vq_template_key_add_text (key, "time zone", zone);
  for (char **path = plan->options->template_scripts; *path != NULL; path++)
    {
      g_autofree char *script = NULL;

      if (!g_file_get_contents (*path, &script, NULL, error))
        return FALSE;
      vq_template_key_add_text (key, "template script", script);
    }
  return TRUE;
}

VqTemplateKey *
vq_testbed_key_new (const VqPlan *plan, gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autoptr (VqTemplateKey) key = vq_template_key_new ();

  add_argv (key, plan);
  if (!add_images (key, plan, deadline, cancel, error) || !add_firmware (key, plan, error)
      || !add_named_files (key, plan, error)
      || !vq_template_key_add_program (key, "QEMU", plan->qemu_command, deadline, cancel, error)
      || !add_our_programs (key, plan, error) || !add_preparation (key, plan, error)
      || !vq_template_key_add_host (key, error))
    return NULL;
  return g_steal_pointer (&key);
}

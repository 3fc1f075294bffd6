// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/options.h"

#include <string.h>

#include "base/arguments.h"
#include "base/error.h"
#include "disk/disk-spec.h"
#include "plan/config.h"
#include "plan/nic.h"
#include "plan/option.h"
#include "plan/shared-dir.h"
#include "template/template-limits.h"

#define PROGRAM "autopkgtest-virt-qemu-ng"

static VqOptions *
options_new (void)
{
  VqOptions *options = g_new0 (VqOptions, 1);

  options->timeout_reboot = 60;
  options->timeout_poweroff = -1;
  options->timeout_copy = 300;
  options->boot = VQ_BOOT_AUTO;
  options->accel = VQ_ACCEL_AUTO;
  options->network = VQ_NETWORK_USER;
  options->qemu_options = g_new0 (char *, 1);
  options->channel = VQ_CHANNEL_AUTO;
  options->template = VQ_TEMPLATE_AUTO;
  options->template_max_age = VQ_TEMPLATE_MAX_AGE_DEFAULT;
  options->template_cache_size = VQ_TEMPLATE_MAX_SIZE_DEFAULT;
  options->template_scripts = g_new0 (char *, 1);
  options->allowed_backing = g_new0 (char *, 1);
  vq_seed_request_init (&options->seed);
  options->shared_dirs = g_ptr_array_new_with_free_func ((GDestroyNotify)vq_shared_dir_free);
  options->nics = g_ptr_array_new_with_free_func ((GDestroyNotify)vq_nic_free);
  options->disks = g_ptr_array_new_with_free_func ((GDestroyNotify)vq_disk_spec_free);
  return options;
}

void
vq_options_free (VqOptions *options)
{
  if (options == NULL)
    return;
  g_free (options->qemu_architecture);
  g_free (options->dpkg_architecture);
  g_free (options->qemu_command);
  g_free (options->overlay_dir);
  g_free (options->user);
  g_free (options->password);
  g_free (options->ssh_user);
  g_free (options->ssh_key);
  g_free (options->display);
  g_free (options->log_dir);
  g_free (options->keep_failed);
  g_free (options->stats_file);
  g_free (options->instance);
  g_strfreev (options->qemu_options);
  g_free (options->template_dir);
  g_strfreev (options->template_scripts);
  g_strfreev (options->allowed_backing);
  vq_seed_request_clear (&options->seed);
  g_ptr_array_unref (options->shared_dirs);
  g_ptr_array_unref (options->nics);
  g_ptr_array_unref (options->disks);
  vq_slot_choice_free (options->slot);
  g_strfreev (options->images);
  g_strfreev (options->from_files);
  g_free (options);
}

/* Whether this option makes sense for a machine that is there already. */
static gboolean
is_for_instance (int index)
{
  return index == VQ_OPTION_INSTANCE || index == VQ_OPTION_ALLOW_REVERT || index == VQ_OPTION_USER
         || index == VQ_OPTION_DEBUG || index == VQ_OPTION_STATS || index == VQ_OPTION_STATS_FILE;
}

static gboolean
apply_option (VqOptions *options, int index, const char *value, GError **error)
{
  const VqArgument *option = &vq_option_table[index];
  g_autofree char *name = vq_arguments_describe (option);
  VQ_ERROR_PREFIX (error, "option %s", name);

  if (!vq_option_store (options, index, value, error))
    return FALSE;
  if (!is_for_instance (index) && options->for_image == NULL)
    options->for_image = option->name;
  if (index == VQ_OPTION_TIMEOUT_REBOOT)
    options->timeout_reboot_given = TRUE;
  return TRUE;
}

/* An empty name usually comes from autopkgtest, which reads @FILE itself and makes an empty
 * argument of an empty line. */
static gboolean
add_image (GStrvBuilder *images, const char *value, GError **error)
{
  if (*value == '\0')
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "an image's name is empty; remove empty lines from the @FILE, if any");
  g_strv_builder_add (images, value);
  return TRUE;
}

/* A command line that is being parsed. */
typedef struct
{
  VqArguments *arguments;
  VqOptions *options;
  GStrvBuilder *images;
  const VqOptionsMore *more; /* NULL: none */
  gpointer data;             /* for it */
  gboolean ended;            /* what is left is not ours */
} Parsing;

#define BIT(index) (G_GUINT64_CONSTANT (1) << (index))

G_STATIC_ASSERT (VQ_OPTION_N <= 64);

static gboolean
take_positional (Parsing *parsing, const char *value, GError **error)
{
  if (parsing->more == NULL)
    return add_image (parsing->images, value, error);
  parsing->ended = TRUE;
  return parsing->more->rest (parsing->data, value, vq_arguments_get_rest (parsing->arguments),
                              error);
}

static gboolean
take_more (const Parsing *parsing, int index, const char *value, GError **error)
{
  VQ_ERROR_PREFIX (error, "option --%s", parsing->more->table[index].name);

  return parsing->more->option (parsing->data, index, value, error);
}

/* Takes the option INDEX. The result is VQ_OPTIONS_RUN if the command line goes on. */
static VqOptionsResult
take_option (Parsing *parsing, int index, const char *value, GError **error)
{
  if (index == VQ_OPTION_HELP || index == VQ_OPTION_VERSION)
    return index == VQ_OPTION_HELP ? VQ_OPTIONS_HELP : VQ_OPTIONS_VERSION;
  if (index < VQ_OPTION_N)
    parsing->options->given |= BIT (index);
  if (index < VQ_OPTION_N ? apply_option (parsing->options, index, value, error)
                          : take_more (parsing, index - VQ_OPTION_N, value, error))
    return VQ_OPTIONS_RUN;
  return VQ_OPTIONS_ERROR;
}

/* Parses the command line up to its end, the first error, --help or --version. */
static VqOptionsResult
parse_all (Parsing *parsing, GError **error)
{
  VqOptionsResult result = VQ_OPTIONS_RUN;
  const char *value;
  int index;

  while (result == VQ_OPTIONS_RUN && !parsing->ended)
    switch (vq_arguments_next (parsing->arguments, &index, &value, error))
      {
      case VQ_ARGUMENT_ERROR:
        return VQ_OPTIONS_ERROR;
      case VQ_ARGUMENT_POSITIONAL:
        if (!take_positional (parsing, value, error))
          return VQ_OPTIONS_ERROR;
        break;
      case VQ_ARGUMENT_OPTION:
        result = take_option (parsing, index, value, error);
        break;
      case VQ_ARGUMENT_END:
        parsing->ended = TRUE;
        break;
      }
  parsing->options->images = g_strv_builder_end (parsing->images);
  return result;
}

/* The options that settle the same thing as INDEX, as bits. */
static guint64
get_rivals (int index)
{
  static const guint64 rivals[]
      = { BIT (VQ_OPTION_DPKG_ARCHITECTURE) | BIT (VQ_OPTION_QEMU_ARCHITECTURE),
          BIT (VQ_OPTION_DISK) | BIT (VQ_OPTION_DISKS),
          BIT (VQ_OPTION_BOOT) | BIT (VQ_OPTION_EFI) };

  for (guint i = 0; i < G_N_ELEMENTS (rivals); i++)
    if (rivals[i] & BIT (index))
      return rivals[i];
  return BIT (index);
}

static gboolean
apply_value_of_file (VqOptions *options, int index, const char *value, GStrvBuilder *words,
                     GError **error)
{
  const char *name = vq_option_table[index].name;
  g_autofree char *word
      = value != NULL ? g_strdup_printf ("--%s=%s", name, value) : g_strdup_printf ("--%s", name);

  g_debug ("the configuration files say %s", word);
  g_strv_builder_add (words, word);
  return apply_option (options, index, value, error);
}

/* What the command line says counts alone. */
static gboolean
apply_entry (VqOptions *options, const VqConfigEntry *entry, GStrvBuilder *words, GError **error)
{
  VQ_ERROR_PREFIX (error, "%s", entry->origin);

  if (entry->values == NULL || (options->given & get_rivals (entry->index)) != 0
      || (options->instance != NULL && !is_for_instance (entry->index)))
    return TRUE;
  if (vq_option_get_config_kind (entry->index) == VQ_CONFIG_FLAG)
    return apply_value_of_file (options, entry->index, NULL, words, error);
  for (char **value = entry->values; *value != NULL; value++)
    if (!apply_value_of_file (options, entry->index, *value, words, error))
      return FALSE;
  return TRUE;
}

static gboolean
apply_files (VqOptions *options, const char *image, GError **error)
{
  static const VqConfigKeys keys = { vq_option_table, vq_option_get_config_kind };
  g_autoptr (GPtrArray) entries = vq_config_read (&keys, image, error);
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();

  for (guint i = 0; entries != NULL && i < entries->len; i++)
    if (!apply_entry (options, entries->pdata[i], words, error))
      return FALSE;
  options->from_files = g_strv_builder_end (words);
  return entries != NULL;
}

/* Either an image or an instance. */
static gboolean
check_machine_is_named (const VqOptions *options, GError **error)
{
  if (options->instance == NULL && options->allow_revert)
    return vq_error_set (error, VQ_ERROR_USAGE, "--allow-revert needs --instance");
  if (options->instance == NULL)
    return options->images[0] != NULL
           || vq_error_set (error, VQ_ERROR_USAGE, "no image given; name the disk image to boot");
  if (options->images[0] != NULL)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "--instance: that machine has an image already; leave %s out",
                         options->images[0]);
  return options->for_image == NULL
         || vq_error_set (error, VQ_ERROR_USAGE,
                          "--instance: that machine is there already; leave --%s out",
                          options->for_image);
}

/* Refuses combinations of options that contradict each other. */
static gboolean
check_together (const VqOptions *options, GError **error)
{
  if (options->channel == VQ_CHANNEL_SSH && options->guest_agent == VQ_AGENT_REQUIRE)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "--channel=ssh does not use the guest agent; leave --guest-agent=require "
                         "out");
  if ((options->ssh_user != NULL || options->ssh_key != NULL)
      && options->guest_agent == VQ_AGENT_REQUIRE)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "only the guest agent is to be used; leave --ssh-user and --ssh-key out");
  if (options->ssh_user != NULL && options->ssh_key == NULL && options->password == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "--ssh-user needs --ssh-key or --password");
  return vq_seed_request_check (&options->seed, error);
}

/* What the user does not say is what the slot has, or else our default. */
static gboolean
settle_size (VqOptions *options, GError **error)
{
  const VqSlotChoice *slot = options->slot;

  if (slot != NULL
      && (!vq_slot_choice_fit_machine (slot, &options->cpus, &options->ram_size_mib,
                                       &options->disk_size, error)
          || !vq_slot_choice_add_disks (slot, options->disks, error)))
    return FALSE;
  if (options->cpus == 0)
    options->cpus = 1;
  if (options->ram_size_mib == 0)
    options->ram_size_mib = VQ_OPTIONS_RAM_SIZE_MIB;
  return vq_disk_spec_complete (options->disks, options->clone_disks, error)
         && (slot == NULL || vq_slot_choice_check_disks (slot, options->disks, error));
}

gboolean
vq_options_check_machine (const VqOptions *options, GError **error)
{
  static const int wrong[] = { VQ_OPTION_INSTANCE, VQ_OPTION_STATS, VQ_OPTION_STATS_FILE,
                               VQ_OPTION_KEEP_FAILED, VQ_OPTION_SPARE };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    if (options->given & BIT (wrong[i]))
      return vq_error_set (error, VQ_ERROR_USAGE,
                           "--%s is only for autopkgtest's server: leave it out",
                           vq_option_table[wrong[i]].name);
  return TRUE;
}

static gboolean
read_environment (VqOptions *options, GError **error)
{
  const char *text = g_getenv ("AUTOPKGTEST_VIRT_COPY_TIMEOUT");
  gint64 seconds = options->timeout_copy;

  if (text != NULL && !g_ascii_string_to_signed (text, 10, 0, G_MAXINT, &seconds, NULL))
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "AUTOPKGTEST_VIRT_COPY_TIMEOUT: '%s' is not a number of seconds", text);
  options->timeout_copy = seconds;
  return TRUE;
}

/* All that is to be done when every option is known. */
static gboolean
settle (VqOptions *options, GError **error)
{
  return read_environment (options, error) && check_together (options, error)
         && settle_size (options, error);
}

static VqOptionsResult
parse (int argc, const char *const *argv, gboolean with_files, VqOptions **options, GError **error)
{
  g_autoptr (VqOptions) result = options_new ();
  g_autoptr (GStrvBuilder) images = g_strv_builder_new ();
  g_autoptr (VqArguments) arguments = NULL;
  VqOptionsResult what;

  *options = NULL;
  /* A program may be started with an empty argv, without even its own name. */
  arguments = vq_arguments_new (vq_option_table, argc > 0 ? argv + 1 : argv, error);
  if (arguments == NULL)
    return VQ_OPTIONS_ERROR;
  what = parse_all (&(Parsing){ .arguments = arguments, .options = result, .images = images },
                    error);
  if (what != VQ_OPTIONS_RUN)
    return what;
  if (!check_machine_is_named (result, error)
      || (with_files && !apply_files (result, result->images[0], error)) || !settle (result, error))
    return VQ_OPTIONS_ERROR;
  *options = g_steal_pointer (&result);
  return VQ_OPTIONS_RUN;
}

VqOptionsResult
vq_options_parse (int argc, const char *const *argv, VqOptions **options, GError **error)
{
  return parse (argc, argv, TRUE, options, error);
}

VqOptionsResult
vq_options_parse_recorded (int argc, const char *const *argv, VqOptions **options, GError **error)
{
  return parse (argc, argv, FALSE, options, error);
}

/* The machine's options, and behind them those of MORE. Transfer full. */
static GArray *
join_tables (const VqOptionsMore *more)
{
  GArray *table = g_array_new (TRUE, FALSE, sizeof (VqArgument));

  g_array_append_vals (table, vq_option_table, VQ_OPTION_N);
  for (const VqArgument *option = more->table; option->name != NULL; option++)
    g_array_append_val (table, *option);
  return table;
}

VqOptionsResult
vq_options_parse_more (const char *const *arguments, const VqOptionsMore *more, gpointer data,
                       VqOptions **options, GError **error)
{
  g_autoptr (GArray) table = join_tables (more);
  g_autoptr (VqArguments) parser = vq_arguments_new_plain ((gconstpointer)table->data, arguments);
  g_autoptr (VqOptions) result = options_new ();
  g_autoptr (GStrvBuilder) images = g_strv_builder_new ();
  VqOptionsResult what = parse_all (&(Parsing){ parser, result, images, more, data, FALSE }, error);

  *options = NULL;
  if (what != VQ_OPTIONS_RUN)
    return what;
  if (!vq_options_check_machine (result, error)
      || !apply_files (result, more->get_image (data), error) || !settle (result, error))
    return VQ_OPTIONS_ERROR;
  *options = g_steal_pointer (&result);
  return VQ_OPTIONS_RUN;
}

void
vq_options_set_image (VqOptions *options, const char *image)
{
  const char *const images[] = { image, NULL };

  g_strfreev (options->images);
  options->images = g_strdupv ((char **)images);
}

char *
vq_options_usage_error (const GError *error)
{
  g_autofree char *message = g_strdup (error->message);

  /* The message may quote an argument, whose line breaks must not make several lines of the
   * message. */
  for (char *c = message; *c != '\0'; c++)
    if (g_ascii_iscntrl (*c))
      *c = '?';
  return g_strdup_printf (PROGRAM ": error: %s\nTry '" PROGRAM " --help' for the options.\n",
                          message);
}

const char *
vq_options_version (void)
{
  return PROGRAM " " VQ_VERSION "\n";
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/options.h"

#include <string.h>

#include "base/arguments.h"
#include "base/error.h"
#include "disk/disk-spec.h"
#include "plan/display.h"
#include "plan/nic.h"
#include "plan/shared-dir.h"
#include "template/template-limits.h"
#include "base/units.h"

#define PROGRAM "autopkgtest-virt-qemu-ng"

enum
{
  OPTION_QEMU_ARCHITECTURE,
  OPTION_DPKG_ARCHITECTURE,
  OPTION_QEMU_COMMAND,
  OPTION_OVERLAY_DIR,
  OPTION_USER,
  OPTION_PASSWORD,
  OPTION_CPUS,
  OPTION_RAM_SIZE,
  OPTION_DISK_SIZE,
  OPTION_DISK,
  OPTION_DISKS,
  OPTION_CLONE_DISKS,
  OPTION_SLOT,
  OPTION_TIMEOUT_REBOOT,
  OPTION_TIMEOUT_POWEROFF,
  OPTION_SHOW_BOOT,
  OPTION_INSTANCE,
  OPTION_ALLOW_REVERT,
  OPTION_LOG_DIR,
  OPTION_KEEP_FAILED,
  OPTION_STATS_FILE,
  OPTION_DEBUG,
  OPTION_QEMU_OPTIONS,
  OPTION_SANDBOX,
  OPTION_BASEIMAGE,
  OPTION_BOOT,
  OPTION_EFI,
  OPTION_SHARED_DIR,
  OPTION_ACCEL,
  OPTION_NETWORK,
  OPTION_NIC,
  OPTION_DISPLAY,
  OPTION_CHANNEL,
  OPTION_GUEST_AGENT,
  OPTION_SSH_USER,
  OPTION_SSH_KEY,
  OPTION_TEMPLATE,
  OPTION_SPARE,
  OPTION_TEMPLATE_DIR,
  OPTION_TEMPLATE_MAX_AGE,
  OPTION_TEMPLATE_CACHE_SIZE,
  OPTION_TEMPLATE_SCRIPT,
  OPTION_ALLOW_BACKING,
  OPTION_USER_DATA,
  OPTION_META_DATA,
  OPTION_NETWORK_CONFIG,
  OPTION_CLOUD_INIT_ERRORS,
  OPTION_SET,
  OPTION_CDROM_FILE,
  OPTION_HELP,
  OPTION_VERSION,
};

/* The names of the options, for the parser. */
static const VqArgument arguments_table[] = {
  [OPTION_QEMU_ARCHITECTURE] = { "qemu-architecture", 0, TRUE },
  [OPTION_DPKG_ARCHITECTURE] = { "dpkg-architecture", 0, TRUE },
  [OPTION_QEMU_COMMAND] = { "qemu-command", 'q', TRUE },
  [OPTION_OVERLAY_DIR] = { "overlay-dir", 'o', TRUE },
  [OPTION_USER] = { "user", 'u', TRUE },
  [OPTION_PASSWORD] = { "password", 'p', TRUE },
  [OPTION_CPUS] = { "cpus", 'c', TRUE },
  [OPTION_RAM_SIZE] = { "ram-size", 0, TRUE },
  [OPTION_DISK_SIZE] = { "disk-size", 0, TRUE },
  [OPTION_DISK] = { "disk", 0, TRUE },
  [OPTION_DISKS] = { "disks", 0, TRUE },
  [OPTION_CLONE_DISKS] = { "clone-disks", 0, FALSE },
  [OPTION_SLOT] = { "slot", 0, TRUE },
  [OPTION_TIMEOUT_REBOOT] = { "timeout-reboot", 0, TRUE },
  [OPTION_TIMEOUT_POWEROFF] = { "timeout-poweroff", 0, TRUE },
  [OPTION_SHOW_BOOT] = { "show-boot", 0, FALSE },
  [OPTION_INSTANCE] = { "instance", 0, TRUE },
  [OPTION_ALLOW_REVERT] = { "allow-revert", 0, FALSE },
  [OPTION_LOG_DIR] = { "log-dir", 0, TRUE },
  [OPTION_KEEP_FAILED] = { "keep-failed", 0, TRUE },
  [OPTION_STATS_FILE] = { "stats-file", 0, TRUE },
  [OPTION_DEBUG] = { "debug", 'd', FALSE },
  [OPTION_QEMU_OPTIONS] = { "qemu-options", 0, TRUE },
  [OPTION_SANDBOX] = { "sandbox", 0, TRUE },
  [OPTION_BASEIMAGE] = { "baseimage", 0, FALSE },
  [OPTION_BOOT] = { "boot", 0, TRUE },
  [OPTION_EFI] = { "efi", 0, FALSE },
  [OPTION_SHARED_DIR] = { "shared-dir", 0, TRUE },
  [OPTION_ACCEL] = { "accel", 0, TRUE },
  [OPTION_NETWORK] = { "network", 0, TRUE },
  [OPTION_NIC] = { "nic", 0, TRUE },
  [OPTION_DISPLAY] = { "display", 0, TRUE },
  [OPTION_CHANNEL] = { "channel", 0, TRUE },
  [OPTION_GUEST_AGENT] = { "guest-agent", 0, TRUE },
  [OPTION_SSH_USER] = { "ssh-user", 0, TRUE },
  [OPTION_SSH_KEY] = { "ssh-key", 0, TRUE },
  [OPTION_TEMPLATE] = { "template", 0, TRUE },
  [OPTION_SPARE] = { "spare", 0, TRUE },
  [OPTION_TEMPLATE_DIR] = { "template-dir", 0, TRUE },
  [OPTION_TEMPLATE_MAX_AGE] = { "template-max-age", 0, TRUE },
  [OPTION_TEMPLATE_CACHE_SIZE] = { "template-cache-size", 0, TRUE },
  [OPTION_TEMPLATE_SCRIPT] = { "template-script", 0, TRUE },
  [OPTION_ALLOW_BACKING] = { "allow-backing", 0, TRUE },
  [OPTION_USER_DATA] = { "user-data", 0, TRUE },
  [OPTION_META_DATA] = { "meta-data", 0, TRUE },
  [OPTION_NETWORK_CONFIG] = { "network-config", 0, TRUE },
  [OPTION_CLOUD_INIT_ERRORS] = { "cloud-init-errors", 0, TRUE },
  [OPTION_SET] = { "set", 0, TRUE },
  [OPTION_CDROM_FILE] = { "cdrom-file", 0, TRUE },
  [OPTION_HELP] = { "help", 'h', FALSE },
  [OPTION_VERSION] = { "version", 0, FALSE },
  { NULL },
};

static const char *const boot_words[] = { "auto", "bios", "efi", "ieee1275", "none", NULL };
static const char *const accel_words[] = { "auto", "kvm", "tcg", NULL };
static const char *const network_words[] = { "user", "restricted", NULL };
static const char *const sandbox_words[] = { "auto", "on", "off", NULL };
static const char *const channel_words[] = { "auto", "helper", "ssh", NULL };
static const char *const agent_words[] = { "auto", "require", "install", "off", NULL };
static const char *const spare_words[] = { "auto", "on", "off", NULL };
static const char *const errors_words[] = { "fail", "warn", NULL };
static const char *const template_words[] = { "auto", "off", "refresh", NULL };

/* How an option's value is stored in VqOptions. */
typedef enum
{
  RULE_STRING,     /* a char *; must not be empty */
  RULE_NAME,       /* a char *; the Python server takes an empty name for "not given" */
  RULE_SECRET,     /* a char *; may be empty */
  RULE_INT,        /* an int from min to max */
  RULE_CONSTANT,   /* a flag: an int or enum that becomes min */
  RULE_CHOICE,     /* an enum: the index of the value in words */
  RULE_WORDS,      /* a char **, from one value */
  RULE_LIST,       /* a char **, to which each value is added; must not be empty */
  RULE_AGE,        /* a guint64, seconds */
  RULE_SIZE,       /* a guint64, bytes */
  RULE_DISPLAY,    /* a char *: auto, none or a graphics card */
  RULE_SHARED_DIR, /* adds to a GPtrArray of VqSharedDir */
  RULE_NIC,        /* adds to a GPtrArray of VqNic */
  RULE_DISK,       /* adds to a GPtrArray of VqDiskSpec */
  RULE_DISKS,      /* adds so many to it */
  RULE_SLOT,       /* a VqSlotChoice */
  RULE_SETTING,    /* a char **, to which NAME=VALUE is added */
  RULE_SEED_FILE,  /* a char **, to which NAME=PATH is added */
  RULE_EXIT,       /* ends the parsing */
} RuleKind;

typedef struct
{
  RuleKind kind;
  gsize offset; /* in VqOptions */
  int min;
  int max;
  const char *const *words;
} Rule;

#define FIELD(name) G_STRUCT_OFFSET (VqOptions, name)

static const Rule rules[] = {
  [OPTION_QEMU_ARCHITECTURE] = { RULE_NAME, FIELD (qemu_architecture) },
  [OPTION_DPKG_ARCHITECTURE] = { RULE_NAME, FIELD (dpkg_architecture) },
  [OPTION_QEMU_COMMAND] = { RULE_STRING, FIELD (qemu_command) },
  [OPTION_OVERLAY_DIR] = { RULE_STRING, FIELD (overlay_dir) },
  [OPTION_USER] = { RULE_NAME, FIELD (user) },
  [OPTION_PASSWORD] = { RULE_SECRET, FIELD (password) },
  [OPTION_CPUS] = { RULE_INT, FIELD (cpus), 1, 1024 },
  [OPTION_RAM_SIZE] = { RULE_INT, FIELD (ram_size_mib), 32, G_MAXINT },
  [OPTION_DISK_SIZE] = { RULE_SIZE, FIELD (disk_size) },
  [OPTION_DISK] = { RULE_DISK, FIELD (disks) },
  [OPTION_DISKS] = { RULE_DISKS, FIELD (disks) },
  [OPTION_CLONE_DISKS] = { RULE_CONSTANT, FIELD (clone_disks), TRUE },
  [OPTION_SLOT] = { RULE_SLOT, FIELD (slot) },
  [OPTION_TIMEOUT_REBOOT] = { RULE_INT, FIELD (timeout_reboot), 1, G_MAXINT },
  [OPTION_TIMEOUT_POWEROFF] = { RULE_INT, FIELD (timeout_poweroff), 0, G_MAXINT },
  [OPTION_SHOW_BOOT] = { RULE_CONSTANT, FIELD (show_boot), TRUE },
  [OPTION_INSTANCE] = { RULE_STRING, FIELD (instance) },
  [OPTION_ALLOW_REVERT] = { RULE_CONSTANT, FIELD (allow_revert), TRUE },
  [OPTION_LOG_DIR] = { RULE_STRING, FIELD (log_dir) },
  [OPTION_KEEP_FAILED] = { RULE_STRING, FIELD (keep_failed) },
  [OPTION_STATS_FILE] = { RULE_STRING, FIELD (stats_file) },
  [OPTION_DEBUG] = { RULE_CONSTANT, FIELD (debug), TRUE },
  [OPTION_QEMU_OPTIONS] = { RULE_WORDS, FIELD (qemu_options) },
  [OPTION_SANDBOX] = { RULE_CHOICE, FIELD (sandbox), .words = sandbox_words },
  [OPTION_BASEIMAGE] = { RULE_CONSTANT, FIELD (baseimage), TRUE },
  [OPTION_BOOT] = { RULE_CHOICE, FIELD (boot), .words = boot_words },
  [OPTION_EFI] = { RULE_CONSTANT, FIELD (boot), VQ_BOOT_EFI },
  [OPTION_SHARED_DIR] = { RULE_SHARED_DIR, FIELD (shared_dirs) },
  [OPTION_ACCEL] = { RULE_CHOICE, FIELD (accel), .words = accel_words },
  [OPTION_NETWORK] = { RULE_CHOICE, FIELD (network), .words = network_words },
  [OPTION_NIC] = { RULE_NIC, FIELD (nics) },
  [OPTION_DISPLAY] = { RULE_DISPLAY, FIELD (display) },
  [OPTION_CHANNEL] = { RULE_CHOICE, FIELD (channel), .words = channel_words },
  [OPTION_GUEST_AGENT] = { RULE_CHOICE, FIELD (guest_agent), .words = agent_words },
  [OPTION_SSH_USER] = { RULE_STRING, FIELD (ssh_user) },
  [OPTION_SSH_KEY] = { RULE_STRING, FIELD (ssh_key) },
  [OPTION_TEMPLATE] = { RULE_CHOICE, FIELD (template), .words = template_words },
  [OPTION_SPARE] = { RULE_CHOICE, FIELD (spare), .words = spare_words },
  [OPTION_TEMPLATE_DIR] = { RULE_STRING, FIELD (template_dir) },
  [OPTION_TEMPLATE_MAX_AGE] = { RULE_AGE, FIELD (template_max_age) },
  [OPTION_TEMPLATE_CACHE_SIZE] = { RULE_SIZE, FIELD (template_cache_size) },
  [OPTION_TEMPLATE_SCRIPT] = { RULE_LIST, FIELD (template_scripts) },
  [OPTION_ALLOW_BACKING] = { RULE_LIST, FIELD (allowed_backing) },
  [OPTION_USER_DATA] = { RULE_LIST, FIELD (seed.user_data) },
  [OPTION_META_DATA] = { RULE_LIST, FIELD (seed.meta_data) },
  [OPTION_NETWORK_CONFIG] = { RULE_STRING, FIELD (seed.network_config) },
  [OPTION_CLOUD_INIT_ERRORS] = { RULE_CHOICE, FIELD (cloud_init_errors), .words = errors_words },
  [OPTION_SET] = { RULE_SETTING, FIELD (seed.settings) },
  [OPTION_CDROM_FILE] = { RULE_SEED_FILE, FIELD (seed.files) },
  [OPTION_HELP] = { RULE_EXIT },
  [OPTION_VERSION] = { RULE_EXIT },
};

G_STATIC_ASSERT (G_N_ELEMENTS (rules) + 1 == G_N_ELEMENTS (arguments_table));

const char *
vq_options_agent_choice_to_string (VqAgentChoice choice)
{
  return agent_words[choice];
}

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
  g_free (options);
}

/* Words cannot be abbreviated, as with argparse's choices. */
static gboolean
set_choice (int *field, const char *value, const char *const *words, GError **error)
{
  g_autofree char *list = NULL;

  for (int i = 0; words[i] != NULL; i++)
    if (strcmp (words[i], value) == 0)
      {
        *field = i;
        return TRUE;
      }
  list = g_strjoinv (", ", (char **)words);
  return vq_error_set (error, VQ_ERROR_USAGE, "'%s' is not one of %s", value, list);
}

static gboolean
refuse_empty (GError **error)
{
  return vq_error_set (error, VQ_ERROR_USAGE, "the value is empty; leave the option out");
}

static gboolean
set_string (char **field, const char *value, RuleKind kind, GError **error)
{
  if (*value == '\0' && kind == RULE_STRING)
    return refuse_empty (error);
  g_free (*field);
  *field = *value == '\0' && kind == RULE_NAME ? NULL : g_strdup (value);
  return TRUE;
}

static gboolean
set_display (char **field, const char *value, GError **error)
{
  if (!g_str_equal (value, "auto") && !g_str_equal (value, "none") && !vq_display_is_card (value))
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "'%s' is not auto, none or a graphics card of QEMU's such as VGA or "
                         "virtio-gpu-pci",
                         value);
  return set_string (field, value, RULE_STRING, error);
}

static gboolean
append_string (char ***field, const char *value, GError **error)
{
  guint n = g_strv_length (*field);

  if (*value == '\0')
    return refuse_empty (error);
  *field = g_renew (char *, *field, n + 2);
  (*field)[n] = g_strdup (value);
  (*field)[n + 1] = NULL;
  return TRUE;
}

/* A second directory on the same mount point would hide the first. */
static gboolean
add_shared_dir (GPtrArray *dirs, const char *value, GError **error)
{
  g_autoptr (VqSharedDir) dir = vq_shared_dir_parse (value, error);

  if (dir == NULL)
    return FALSE;
  for (guint i = 0; i < dirs->len; i++)
    if (g_str_equal (((VqSharedDir *)dirs->pdata[i])->destination, dir->destination))
      return vq_error_set (error, VQ_ERROR_USAGE, "dst=%s is given twice", dir->destination);
  g_ptr_array_add (dirs, g_steal_pointer (&dir));
  return TRUE;
}

static gboolean
add_disk (GPtrArray *disks, const char *value, GError **error)
{
  VqDiskSpec *disk = vq_disk_spec_parse (value, error);

  if (disk == NULL)
    return FALSE;
  g_ptr_array_add (disks, disk);
  return TRUE;
}

static gboolean
add_disks (GPtrArray *disks, const char *value, GError **error)
{
  VQ_ERROR_PREFIX (error, "there can be %d disks, and must be at least one disk",
                   VQ_DISK_SPEC_N_MAX);
  int n;

  if (!vq_arguments_parse_int (value, 1, VQ_DISK_SPEC_N_MAX, &n, error))
    return FALSE;
  while (n-- > 0)
    if (!add_disk (disks, "action=create", error))
      return FALSE;
  return TRUE;
}

static gboolean
set_slot (VqSlotChoice **field, const char *value, GError **error)
{
  VqSlotChoice *choice = vq_slot_choice_parse (value, error);

  if (choice == NULL)
    return FALSE;
  vq_slot_choice_free (*field);
  *field = choice;
  return TRUE;
}

/* Stores VALUE (NULL for flags) as RULE says. */
static gboolean
apply (VqOptions *options, const Rule *rule, const char *value, GError **error)
{
  gpointer field = G_STRUCT_MEMBER_P (options, rule->offset);

  switch (rule->kind)
    {
    case RULE_STRING:
    case RULE_NAME:
    case RULE_SECRET:
      return set_string (field, value, rule->kind, error);
    case RULE_DISPLAY:
      return set_display (field, value, error);
    case RULE_INT:
      return vq_arguments_parse_int (value, rule->min, rule->max, field, error);
    case RULE_CONSTANT:
      *(int *)field = rule->min;
      return TRUE;
    case RULE_CHOICE:
      return set_choice (field, value, rule->words, error);
    case RULE_WORDS:
      g_strfreev (*(char ***)field);
      *(char ***)field = vq_arguments_split (value, error);
      return *(char ***)field != NULL;
    case RULE_LIST:
      return append_string (field, value, error);
    case RULE_AGE:
      return vq_units_parse_age (value, field, error);
    case RULE_SIZE:
      return vq_units_parse_size (value, field, error);
    case RULE_SHARED_DIR:
      return add_shared_dir (*(GPtrArray **)field, value, error);
    case RULE_NIC:
      return vq_nic_add (*(GPtrArray **)field, value, error);
    case RULE_DISK:
      return add_disk (*(GPtrArray **)field, value, error);
    case RULE_DISKS:
      return add_disks (*(GPtrArray **)field, value, error);
    case RULE_SLOT:
      return set_slot (field, value, error);
    case RULE_SETTING:
      return vq_seed_request_add_setting (field, value, error);
    case RULE_SEED_FILE:
      return vq_seed_request_add_file (field, value, error);
    case RULE_EXIT:
      break;
    }
  g_return_val_if_reached (FALSE);
}

/* Whether this option makes sense for a machine that is there already. */
static gboolean
is_for_instance (int index)
{
  return index == OPTION_INSTANCE || index == OPTION_ALLOW_REVERT || index == OPTION_USER
         || index == OPTION_DEBUG || index == OPTION_STATS_FILE;
}

static gboolean
apply_option (VqOptions *options, int index, const char *value, GError **error)
{
  const VqArgument *option = &arguments_table[index];
  g_autofree char *name = vq_arguments_describe (option);
  VQ_ERROR_PREFIX (error, "option %s", name);

  if (!apply (options, &rules[index], value, error))
    return FALSE;
  if (!is_for_instance (index) && options->for_image == NULL)
    options->for_image = option->name;
  if (index == OPTION_TIMEOUT_REBOOT)
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

#define N_OPTIONS ((int)G_N_ELEMENTS (rules))

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
  if (index < N_OPTIONS && rules[index].kind == RULE_EXIT)
    return index == OPTION_HELP ? VQ_OPTIONS_HELP : VQ_OPTIONS_VERSION;
  if (index < N_OPTIONS ? apply_option (parsing->options, index, value, error)
                        : take_more (parsing, index - N_OPTIONS, value, error))
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
  const char *wrong = options->instance != NULL         ? "--instance"
                      : options->stats_file != NULL     ? "--stats-file"
                      : options->keep_failed != NULL    ? "--keep-failed"
                      : options->spare != VQ_SPARE_AUTO ? "--spare"
                                                        : NULL;

  return wrong == NULL
         || vq_error_set (error, VQ_ERROR_USAGE,
                          "%s is only for autopkgtest's server: leave it out", wrong);
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

VqOptionsResult
vq_options_parse (int argc, const char *const *argv, VqOptions **options, GError **error)
{
  g_autoptr (VqOptions) result = options_new ();
  g_autoptr (GStrvBuilder) images = g_strv_builder_new ();
  g_autoptr (VqArguments) arguments = NULL;
  VqOptionsResult what;

  *options = NULL;
  /* A program may be started with an empty argv, without even its own name. */
  arguments = vq_arguments_new (arguments_table, argc > 0 ? argv + 1 : argv, error);
  if (arguments == NULL)
    return VQ_OPTIONS_ERROR;
  what = parse_all (&(Parsing){ .arguments = arguments, .options = result, .images = images },
                    error);
  if (what != VQ_OPTIONS_RUN)
    return what;
  if (!check_machine_is_named (result, error) || !read_environment (result, error)
      || !check_together (result, error) || !settle_size (result, error))
    return VQ_OPTIONS_ERROR;
  *options = g_steal_pointer (&result);
  return VQ_OPTIONS_RUN;
}

/* The machine's options, and behind them those of MORE. Transfer full. */
static GArray *
join_tables (const VqOptionsMore *more)
{
  GArray *table = g_array_new (TRUE, FALSE, sizeof (VqArgument));

  g_array_append_vals (table, arguments_table, N_OPTIONS);
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
  if (!vq_options_check_machine (result, error) || !read_environment (result, error)
      || !check_together (result, error) || !settle_size (result, error))
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

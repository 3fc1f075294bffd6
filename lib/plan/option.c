// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/option.h"

#include <string.h>

#include "base/error.h"
#include "base/units.h"
#include "disk/disk-spec.h"
#include "plan/display.h"
#include "plan/nic.h"
#include "plan/shared-dir.h"

const VqArgument vq_option_table[VQ_OPTION_N + 1] = {
  [VQ_OPTION_QEMU_ARCHITECTURE] = { "qemu-architecture", 0, TRUE },
  [VQ_OPTION_DPKG_ARCHITECTURE] = { "dpkg-architecture", 0, TRUE },
  [VQ_OPTION_QEMU_COMMAND] = { "qemu-command", 'q', TRUE },
  [VQ_OPTION_OVERLAY_DIR] = { "overlay-dir", 'o', TRUE },
  [VQ_OPTION_USER] = { "user", 'u', TRUE },
  [VQ_OPTION_PASSWORD] = { "password", 'p', TRUE },
  [VQ_OPTION_CPUS] = { "cpus", 'c', TRUE },
  [VQ_OPTION_RAM_SIZE] = { "ram-size", 0, TRUE },
  [VQ_OPTION_DISK_SIZE] = { "disk-size", 0, TRUE },
  [VQ_OPTION_DISK] = { "disk", 0, TRUE },
  [VQ_OPTION_DISKS] = { "disks", 0, TRUE },
  [VQ_OPTION_CLONE_DISKS] = { "clone-disks", 0, FALSE },
  [VQ_OPTION_SLOT] = { "slot", 0, TRUE },
  [VQ_OPTION_TIMEOUT_REBOOT] = { "timeout-reboot", 0, TRUE },
  [VQ_OPTION_TIMEOUT_POWEROFF] = { "timeout-poweroff", 0, TRUE },
  [VQ_OPTION_SHOW_BOOT] = { "show-boot", 0, FALSE },
  [VQ_OPTION_INSTANCE] = { "instance", 0, TRUE },
  [VQ_OPTION_ALLOW_REVERT] = { "allow-revert", 0, FALSE },
  [VQ_OPTION_LOG_DIR] = { "log-dir", 0, TRUE },
  [VQ_OPTION_KEEP_FAILED] = { "keep-failed", 0, TRUE },
  [VQ_OPTION_STATS] = { "stats", 0, FALSE },
  [VQ_OPTION_STATS_FILE] = { "stats-file", 0, TRUE },
  [VQ_OPTION_DEBUG] = { "debug", 'd', FALSE },
  [VQ_OPTION_QEMU_OPTIONS] = { "qemu-options", 0, TRUE },
  [VQ_OPTION_SANDBOX] = { "sandbox", 0, TRUE },
  [VQ_OPTION_BASEIMAGE] = { "baseimage", 0, FALSE },
  [VQ_OPTION_BOOT] = { "boot", 0, TRUE },
  [VQ_OPTION_EFI] = { "efi", 0, FALSE },
  [VQ_OPTION_SHARED_DIR] = { "shared-dir", 0, TRUE },
  [VQ_OPTION_ACCEL] = { "accel", 0, TRUE },
  [VQ_OPTION_NETWORK] = { "network", 0, TRUE },
  [VQ_OPTION_NIC] = { "nic", 0, TRUE },
  [VQ_OPTION_DISPLAY] = { "display", 0, TRUE },
  [VQ_OPTION_CHANNEL] = { "channel", 0, TRUE },
  [VQ_OPTION_GUEST_AGENT] = { "guest-agent", 0, TRUE },
  [VQ_OPTION_SSH_USER] = { "ssh-user", 0, TRUE },
  [VQ_OPTION_SSH_KEY] = { "ssh-key", 0, TRUE },
  [VQ_OPTION_TEMPLATE] = { "template", 0, TRUE },
  [VQ_OPTION_SPARE] = { "spare", 0, TRUE },
  [VQ_OPTION_TEMPLATE_DIR] = { "template-dir", 0, TRUE },
  [VQ_OPTION_TEMPLATE_MAX_AGE] = { "template-max-age", 0, TRUE },
  [VQ_OPTION_TEMPLATE_CACHE_SIZE] = { "template-cache-size", 0, TRUE },
  [VQ_OPTION_TEMPLATE_SCRIPT] = { "template-script", 0, TRUE },
  [VQ_OPTION_ALLOW_BACKING] = { "allow-backing", 0, TRUE },
  [VQ_OPTION_USER_DATA] = { "user-data", 0, TRUE },
  [VQ_OPTION_META_DATA] = { "meta-data", 0, TRUE },
  [VQ_OPTION_NETWORK_CONFIG] = { "network-config", 0, TRUE },
  [VQ_OPTION_CLOUD_INIT_ERRORS] = { "cloud-init-errors", 0, TRUE },
  [VQ_OPTION_SET] = { "set", 0, TRUE },
  [VQ_OPTION_CDROM_FILE] = { "cdrom-file", 0, TRUE },
  [VQ_OPTION_HELP] = { "help", 'h', FALSE },
  [VQ_OPTION_VERSION] = { "version", 0, FALSE },
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
  [VQ_OPTION_QEMU_ARCHITECTURE] = { RULE_NAME, FIELD (qemu_architecture) },
  [VQ_OPTION_DPKG_ARCHITECTURE] = { RULE_NAME, FIELD (dpkg_architecture) },
  [VQ_OPTION_QEMU_COMMAND] = { RULE_STRING, FIELD (qemu_command) },
  [VQ_OPTION_OVERLAY_DIR] = { RULE_STRING, FIELD (overlay_dir) },
  [VQ_OPTION_USER] = { RULE_NAME, FIELD (user) },
  [VQ_OPTION_PASSWORD] = { RULE_SECRET, FIELD (password) },
  [VQ_OPTION_CPUS] = { RULE_INT, FIELD (cpus), 1, 1024 },
  [VQ_OPTION_RAM_SIZE] = { RULE_INT, FIELD (ram_size_mib), 32, G_MAXINT },
  [VQ_OPTION_DISK_SIZE] = { RULE_SIZE, FIELD (disk_size) },
  [VQ_OPTION_DISK] = { RULE_DISK, FIELD (disks) },
  [VQ_OPTION_DISKS] = { RULE_DISKS, FIELD (disks) },
  [VQ_OPTION_CLONE_DISKS] = { RULE_CONSTANT, FIELD (clone_disks), TRUE },
  [VQ_OPTION_SLOT] = { RULE_SLOT, FIELD (slot) },
  [VQ_OPTION_TIMEOUT_REBOOT] = { RULE_INT, FIELD (timeout_reboot), 1, G_MAXINT },
  [VQ_OPTION_TIMEOUT_POWEROFF] = { RULE_INT, FIELD (timeout_poweroff), 0, G_MAXINT },
  [VQ_OPTION_SHOW_BOOT] = { RULE_CONSTANT, FIELD (show_boot), TRUE },
  [VQ_OPTION_INSTANCE] = { RULE_STRING, FIELD (instance) },
  [VQ_OPTION_ALLOW_REVERT] = { RULE_CONSTANT, FIELD (allow_revert), TRUE },
  [VQ_OPTION_LOG_DIR] = { RULE_STRING, FIELD (log_dir) },
  [VQ_OPTION_KEEP_FAILED] = { RULE_STRING, FIELD (keep_failed) },
  [VQ_OPTION_STATS] = { RULE_CONSTANT, FIELD (stats), TRUE },
  [VQ_OPTION_STATS_FILE] = { RULE_STRING, FIELD (stats_file) },
  [VQ_OPTION_DEBUG] = { RULE_CONSTANT, FIELD (debug), TRUE },
  [VQ_OPTION_QEMU_OPTIONS] = { RULE_WORDS, FIELD (qemu_options) },
  [VQ_OPTION_SANDBOX] = { RULE_CHOICE, FIELD (sandbox), .words = sandbox_words },
  [VQ_OPTION_BASEIMAGE] = { RULE_CONSTANT, FIELD (baseimage), TRUE },
  [VQ_OPTION_BOOT] = { RULE_CHOICE, FIELD (boot), .words = boot_words },
  [VQ_OPTION_EFI] = { RULE_CONSTANT, FIELD (boot), VQ_BOOT_EFI },
  [VQ_OPTION_SHARED_DIR] = { RULE_SHARED_DIR, FIELD (shared_dirs) },
  [VQ_OPTION_ACCEL] = { RULE_CHOICE, FIELD (accel), .words = accel_words },
  [VQ_OPTION_NETWORK] = { RULE_CHOICE, FIELD (network), .words = network_words },
  [VQ_OPTION_NIC] = { RULE_NIC, FIELD (nics) },
  [VQ_OPTION_DISPLAY] = { RULE_DISPLAY, FIELD (display) },
  [VQ_OPTION_CHANNEL] = { RULE_CHOICE, FIELD (channel), .words = channel_words },
  [VQ_OPTION_GUEST_AGENT] = { RULE_CHOICE, FIELD (guest_agent), .words = agent_words },
  [VQ_OPTION_SSH_USER] = { RULE_STRING, FIELD (ssh_user) },
  [VQ_OPTION_SSH_KEY] = { RULE_STRING, FIELD (ssh_key) },
  [VQ_OPTION_TEMPLATE] = { RULE_CHOICE, FIELD (template), .words = template_words },
  [VQ_OPTION_SPARE] = { RULE_CHOICE, FIELD (spare), .words = spare_words },
  [VQ_OPTION_TEMPLATE_DIR] = { RULE_STRING, FIELD (template_dir) },
  [VQ_OPTION_TEMPLATE_MAX_AGE] = { RULE_AGE, FIELD (template_max_age) },
  [VQ_OPTION_TEMPLATE_CACHE_SIZE] = { RULE_SIZE, FIELD (template_cache_size) },
  [VQ_OPTION_TEMPLATE_SCRIPT] = { RULE_LIST, FIELD (template_scripts) },
  [VQ_OPTION_ALLOW_BACKING] = { RULE_LIST, FIELD (allowed_backing) },
  [VQ_OPTION_USER_DATA] = { RULE_LIST, FIELD (seed.user_data) },
  [VQ_OPTION_META_DATA] = { RULE_LIST, FIELD (seed.meta_data) },
  [VQ_OPTION_NETWORK_CONFIG] = { RULE_STRING, FIELD (seed.network_config) },
  [VQ_OPTION_CLOUD_INIT_ERRORS] = { RULE_CHOICE, FIELD (cloud_init_errors), .words = errors_words },
  [VQ_OPTION_SET] = { RULE_SETTING, FIELD (seed.settings) },
  [VQ_OPTION_CDROM_FILE] = { RULE_SEED_FILE, FIELD (seed.files) },
  [VQ_OPTION_HELP] = { RULE_EXIT },
  [VQ_OPTION_VERSION] = { RULE_EXIT },
};

G_STATIC_ASSERT (G_N_ELEMENTS (rules) == VQ_OPTION_N);

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

gboolean
vq_option_store (VqOptions *options, int index, const char *value, GError **error)
{
  const Rule *rule = &rules[index];
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

VqConfigKind
vq_option_get_config_kind (int index)
{
  switch (rules[index].kind)
    {
    case RULE_EXIT:
      return VQ_CONFIG_FORBIDDEN;
    case RULE_CONSTANT:
      return index == VQ_OPTION_ALLOW_REVERT ? VQ_CONFIG_FORBIDDEN : VQ_CONFIG_FLAG;
    case RULE_LIST:
    case RULE_SHARED_DIR:
    case RULE_NIC:
    case RULE_DISK:
    case RULE_SETTING:
    case RULE_SEED_FILE:
      return VQ_CONFIG_LIST;
    default:
      return index == VQ_OPTION_INSTANCE ? VQ_CONFIG_FORBIDDEN : VQ_CONFIG_VALUE;
    }
}

const char *
vq_option_agent_choice_to_string (VqAgentChoice choice)
{
  return agent_words[choice];
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The options of a machine: their names, and how the value of each is checked and stored. In what
 * order options come, and which fit together, is for options.h. */
#pragma once

#include "plan/config.h"
#include "plan/options.h"

typedef enum
{
  VQ_OPTION_QEMU_ARCHITECTURE,
  VQ_OPTION_DPKG_ARCHITECTURE,
  VQ_OPTION_QEMU_COMMAND,
  VQ_OPTION_OVERLAY_DIR,
  VQ_OPTION_USER,
  VQ_OPTION_PASSWORD,
  VQ_OPTION_CPUS,
  VQ_OPTION_RAM_SIZE,
  VQ_OPTION_DISK_SIZE,
  VQ_OPTION_DISK,
  VQ_OPTION_DISKS,
  VQ_OPTION_CLONE_DISKS,
  VQ_OPTION_SLOT,
  VQ_OPTION_TIMEOUT_REBOOT,
  VQ_OPTION_TIMEOUT_POWEROFF,
  VQ_OPTION_SHOW_BOOT,
  VQ_OPTION_INSTANCE,
  VQ_OPTION_ALLOW_REVERT,
  VQ_OPTION_LOG_DIR,
  VQ_OPTION_KEEP_FAILED,
  VQ_OPTION_STATS,
  VQ_OPTION_STATS_FILE,
  VQ_OPTION_DEBUG,
  VQ_OPTION_QEMU_OPTIONS,
  VQ_OPTION_SANDBOX,
  VQ_OPTION_BASEIMAGE,
  VQ_OPTION_BOOT,
  VQ_OPTION_EFI,
  VQ_OPTION_SHARED_DIR,
  VQ_OPTION_ACCEL,
  VQ_OPTION_NETWORK,
  VQ_OPTION_NIC,
  VQ_OPTION_DISPLAY,
  VQ_OPTION_CHANNEL,
  VQ_OPTION_GUEST_AGENT,
  VQ_OPTION_SSH_USER,
  VQ_OPTION_SSH_KEY,
  VQ_OPTION_TEMPLATE,
  VQ_OPTION_SPARE,
  VQ_OPTION_TEMPLATE_DIR,
  VQ_OPTION_TEMPLATE_MAX_AGE,
  VQ_OPTION_TEMPLATE_CACHE_SIZE,
  VQ_OPTION_TEMPLATE_SCRIPT,
  VQ_OPTION_ALLOW_BACKING,
  VQ_OPTION_USER_DATA,
  VQ_OPTION_META_DATA,
  VQ_OPTION_NETWORK_CONFIG,
  VQ_OPTION_CLOUD_INIT_ERRORS,
  VQ_OPTION_SET,
  VQ_OPTION_CDROM_FILE,
  VQ_OPTION_HELP,
  VQ_OPTION_VERSION,
  VQ_OPTION_N,
} VqOptionIndex;

/* The names of the options, by their index, for the parser. */
extern const VqArgument vq_option_table[VQ_OPTION_N + 1];

/* Stores VALUE (NULL for flags) of the option INDEX, which is neither --help nor --version. The
 * error does not name the option. Waits for nothing except slots.conf. */
gboolean vq_option_store (VqOptions *options, int index, const char *value, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* How a configuration file gives the option INDEX. */
VqConfigKind vq_option_get_config_kind (int index);

/* The word that --guest-agent takes: "install". */
const char *vq_option_agent_choice_to_string (VqAgentChoice choice);

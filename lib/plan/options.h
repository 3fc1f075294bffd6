// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line of the server: that of autopkgtest-virt-qemu 6.0 with the same meaning and the
 * same defaults, and some options of our own. Nothing here looks at the machine: whether an image
 * or a QEMU exists is for others to find out. */
#pragma once

#include <glib.h>

/* How the guest boots (--boot). */
typedef enum
{
  VQ_BOOT_AUTO, /* look at the image and the architecture */
  VQ_BOOT_BIOS,
  VQ_BOOT_EFI,
  VQ_BOOT_IEEE1275,
  VQ_BOOT_NONE,
} VqBoot;

/* What runs the guest's code (--accel). */
typedef enum
{
  VQ_ACCEL_AUTO, /* KVM if it works, else TCG with a warning */
  VQ_ACCEL_KVM,
  VQ_ACCEL_TCG,
} VqAccel;

/* How commands reach the guest (--channel). */
typedef enum
{
  VQ_CHANNEL_AUTO,   /* the helper if it works, else another with a warning */
  VQ_CHANNEL_HELPER, /* our own program in the guest */
  VQ_CHANNEL_AGENT,  /* the guest agent alone */
  VQ_CHANNEL_SSH,    /* the guest's ssh server alone */
} VqChannelChoice;

/* What is done with qemu-guest-agent (--guest-agent). */
typedef enum
{
  VQ_AGENT_AUTO,    /* one way into the guest, if it is there */
  VQ_AGENT_REQUIRE, /* the only way */
  VQ_AGENT_INSTALL, /* installed in the testbed, which another way leads into, if it is missing */
  VQ_AGENT_OFF,     /* not talked to */
} VqAgentChoice;

/* What becomes of saved testbeds (--template). */
typedef enum
{
  VQ_TEMPLATE_AUTO,    /* use one that fits, else make one */
  VQ_TEMPLATE_OFF,     /* boot each time, save nothing */
  VQ_TEMPLATE_REFRESH, /* make a new one even if one fits */
} VqTemplateChoice;

/* A parsed command line. Strings are NULL where the option was not given, and are kept as given
 * (they may be empty). Vectors end with NULL. */
typedef struct
{
  char *qemu_architecture; /* QEMU's name: "x86_64" */
  char *dpkg_architecture; /* dpkg's name: "amd64"; qemu_architecture goes before it */
  char *qemu_command;
  char *overlay_dir;
  char *user;     /* runs the tests that need no root */
  char *password; /* of user, or of root without one, at the guest's login prompt */
  int cpus;       /* 1 to 1024 */
  int ram_size_mib;
  int timeout_reboot;            /* seconds, at least 1 */
  gboolean timeout_reboot_given; /* FALSE: it may be stretched where the guest is slow */
  int timeout_poweroff;          /* seconds; -1: not given, QEMU is just ended */
  gboolean show_boot;
  gboolean debug;
  char **qemu_options; /* appended to QEMU's argv; empty if not given */
  VqBoot boot;
  VqAccel accel;
  char *ssh_user; /* of the guest's ssh server */
  char *ssh_key;  /* a file of the host: the private key of ssh_user, or of root */
  VqChannelChoice channel;
  VqAgentChoice guest_agent;
  VqTemplateChoice template;
  char *template_dir;
  guint64 template_max_age;    /* seconds, at most G_MAXINT; 0: no limit */
  guint64 template_cache_size; /* bytes, at most G_MAXINT64; 0: no limit */
  char **template_scripts;     /* files of the host, in the order given; empty if not given */
  gboolean baseimage;
  GPtrArray *shared_dirs; /* VqSharedDir; empty if not given */
  char **images;          /* one or more: the boot image, then read-only ones */
} VqOptions;

void vq_options_free (VqOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqOptions, vq_options_free)

/* What the caller is to do after vq_options_parse. */
typedef enum
{
  VQ_OPTIONS_ERROR,   /* *error is set: print it with vq_options_usage_error, exit with 2 */
  VQ_OPTIONS_RUN,     /* *options is set */
  VQ_OPTIONS_HELP,    /* print vq_options_help () on stdout, exit with 0 */
  VQ_OPTIONS_VERSION, /* print vq_options_version () on stdout, exit with 0 */
} VqOptionsResult;

/* Parses ARGV (argv[0] is skipped; it is not changed), which may name files of arguments (@FILE).
 * Of --help, --version and a bad argument the first one decides. Every error is VQ_ERROR_USAGE.
 * *OPTIONS is the caller's, and NULL unless VQ_OPTIONS_RUN is returned. Reads the files that are
 * named, waits for nothing else. */
VqOptionsResult vq_options_parse (int argc, const char *const *argv, VqOptions **options,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The text of --help; it ends with a newline. */
const char *vq_options_help (void);

/* The line of --version; it ends with a newline. */
const char *vq_options_version (void);

/* The two lines that a usage error is to be told with; they end with a newline. Transfer full. */
char *vq_options_usage_error (const GError *error);

/* The word that --guest-agent takes: "install". */
const char *vq_options_agent_choice_to_string (VqAgentChoice choice);

// SPDX-License-Identifier: GPL-2.0-or-later
/* The server's command line and environment. It has the options of autopkgtest-virt-qemu 6.0, with
 * the same meaning and defaults, and some of our own. Nothing here looks at the host, but for the
 * types of slots that it has: whether an image or a QEMU exists is checked elsewhere (plan.h). */
#pragma once

#include <glib.h>

#include "base/arguments.h"
#include "plan/slot-choice.h"
#include "seed/seed-request.h"

/* The default of --ram-size. */
#define VQ_OPTIONS_RAM_SIZE_MIB 2048

/* How the guest boots (--boot). */
typedef enum
{
  VQ_BOOT_AUTO, /* the architecture and the image decide */
  VQ_BOOT_BIOS,
  VQ_BOOT_EFI,
  VQ_BOOT_IEEE1275,
  VQ_BOOT_NONE,
} VqBoot;

/* What runs the guest's code (--accel). */
typedef enum
{
  VQ_ACCEL_AUTO, /* KVM if it works, otherwise TCG after a warning */
  VQ_ACCEL_KVM,
  VQ_ACCEL_TCG,
} VqAccel;

/* What the guest's network reaches (--network). */
typedef enum
{
  VQ_NETWORK_USER,       /* what the user who runs the server can reach */
  VQ_NETWORK_RESTRICTED, /* nothing; the host still reaches the guest's ssh server */
} VqNetwork;

/* What follows from an error in cloud-init (--cloud-init-errors). */
typedef enum
{
  VQ_CLOUD_INIT_ERRORS_FAIL, /* the guest is not used */
  VQ_CLOUD_INIT_ERRORS_WARN, /* we warn of it */
} VqCloudInitErrors;

/* Whether the kernel refuses QEMU the system calls that it does not need (--sandbox). */
typedef enum
{
  VQ_SANDBOX_AUTO, /* if this QEMU can do that, otherwise after a warning */
  VQ_SANDBOX_ON,
  VQ_SANDBOX_OFF,
} VqSandbox;

/* How commands reach the guest (--channel). */
typedef enum
{
  VQ_CHANNEL_AUTO,   /* the helper if it works, else ssh with a warning */
  VQ_CHANNEL_HELPER, /* only our own program in the guest */
  VQ_CHANNEL_SSH,    /* only the guest's ssh server */
} VqChannelChoice;

/* What is done with qemu-guest-agent (--guest-agent). */
typedef enum
{
  VQ_AGENT_AUTO,    /* try it as one of several ways in */
  VQ_AGENT_REQUIRE, /* try no other way in */
  VQ_AGENT_INSTALL, /* install it in the testbed if it is missing */
  VQ_AGENT_OFF,     /* do not talk to it */
} VqAgentChoice;

/* Whether the next fork is made before anybody asks for it (--spare). */
typedef enum
{
  VQ_SPARE_AUTO, /* if the host has enough for it */
  VQ_SPARE_ON,
  VQ_SPARE_OFF,
} VqSpareChoice;

/* Whether testbeds are saved and forked (--template). */
typedef enum
{
  VQ_TEMPLATE_AUTO,    /* use a template that fits, otherwise make one */
  VQ_TEMPLATE_OFF,     /* boot each time and save nothing */
  VQ_TEMPLATE_REFRESH, /* make a new template even if there is one that fits */
} VqTemplateChoice;

/* A parsed command line. A string is NULL if its option was not given; otherwise it is what the
 * user gave, and may be empty. Vectors end with NULL. */
typedef struct
{
  char *qemu_architecture; /* QEMU's name: "x86_64" */
  char *dpkg_architecture; /* dpkg's name: "amd64"; not used if qemu_architecture is set */
  char *qemu_command;
  char *overlay_dir;
  char *user;     /* the guest's user for tests that need no root */
  char *password; /* the password of user, or of root if there is no user */
  int cpus;       /* 1 to 1024 */
  int ram_size_mib;
  guint64 disk_size;             /* bytes; 0: that of the image */
  int timeout_reboot;            /* seconds, at least 1 */
  gboolean timeout_reboot_given; /* FALSE: more time may be allowed if the guest is slow */
  int timeout_poweroff;          /* seconds; -1: not given, so QEMU is ended at once */
  int timeout_copy;              /* seconds, from $AUTOPKGTEST_VIRT_COPY_TIMEOUT; 0: no limit */
  gboolean show_boot;
  char *log_dir;         /* where a boot that fails leaves what it knows */
  char *instance;        /* the machine that is there already; there is no image then */
  gboolean allow_revert; /* whether that may be reverted */
  char *keep_failed;     /* the name of an instance that a testbed in which a test failed becomes */
  char *stats_file;      /* where the server writes what it has done and taken */
  gboolean stats;
  gboolean debug;
  char **qemu_options; /* appended to QEMU's argv; empty if not given */
  VqBoot boot;
  VqAccel accel;
  VqNetwork network;
  char *display; /* "auto" (as if it was not given), "none", or a device of QEMU's */
  VqSandbox sandbox;
  char *ssh_user; /* whom to log in as over ssh */
  char *ssh_key;  /* a file on the host with the private key of ssh_user, or of root */
  VqChannelChoice channel;
  VqAgentChoice guest_agent;
  VqTemplateChoice template;
  VqSpareChoice spare;
  char *template_dir;
  guint64 template_max_age;    /* seconds, at most G_MAXINT; 0: no limit */
  guint64 template_cache_size; /* bytes, at most G_MAXINT64; 0: no limit */
  char **allowed_backing;      /* directories for backing files; empty if not given */
  char **template_scripts;     /* files on the host, in the order given; empty if not given */
  gboolean baseimage;
  VqSeedRequest seed; /* what cloud-init in the guest is to do; empty if not given */
  VqCloudInitErrors cloud_init_errors;
  const char *for_image;  /* the name of the first option that is not for an instance; or NULL */
  GPtrArray *shared_dirs; /* VqSharedDir; empty if not given */
  GPtrArray *nics;        /* VqNic; empty if not given: one card, in the user network */
  GPtrArray *disks;       /* VqDiskSpec, complete; empty if not given */
  gboolean clone_disks;
  VqSlotChoice *slot; /* NULL: the machine needs none */
  char **images;      /* at least one, but for an instance: the boot image, then read-only ones */
  guint64 given;      /* which options the command line has, for this module */
  char **from_files;  /* what configuration files (config.h) add to it: "--cpus=2" */
} VqOptions;

void vq_options_free (VqOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqOptions, vq_options_free)

/* What the caller must do after vq_options_parse. */
typedef enum
{
  VQ_OPTIONS_ERROR,   /* *error is set: print it with vq_options_usage_error, exit with 2 */
  VQ_OPTIONS_RUN,     /* *options is set */
  VQ_OPTIONS_HELP,    /* print vq_options_help () on stdout, exit with 0 */
  VQ_OPTIONS_VERSION, /* print vq_options_version () on stdout, exit with 0 */
} VqOptionsResult;

/* Parses ARGV, which may contain @FILE; argv[0] is skipped, and ARGV is not changed. Whichever
 * comes first of --help, --version and a bad argument decides the result. Every error is
 * VQ_ERROR_USAGE. *OPTIONS belongs to the caller, and is NULL unless VQ_OPTIONS_RUN is returned.
 * Waits for nothing except the files that are named, slots.conf and configuration files, of which
 * what ARGV does not say is taken. */
VqOptionsResult vq_options_parse (int argc, const char *const *argv, VqOptions **options,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for the command line of a machine that was made earlier, which says all there is to say:
 * no configuration file is read. */
VqOptionsResult vq_options_parse_recorded (int argc, const char *const *argv, VqOptions **options,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A command line with more options than those of the machine, and with positional arguments that
 * are not images. */
typedef struct
{
  const VqArgument *table; /* the further options; they must not have names of the machine's */
  gboolean (*option) (gpointer data, int index, const char *value, GError **error);
  /* Called with the first positional argument, and with all that follows it: nothing of that is
   * an option of ours. */
  gboolean (*rest) (gpointer data, const char *value, const char *const *rest, GError **error);
  /* Called at the end of the command line: the image. */
  const char *(*get_image) (gpointer data);
} VqOptionsMore;

/* Parses ARGUMENTS (with NULL at the end), in which no @FILE is replaced, and gives what is not the
 * machine's to MORE, with DATA. OPTIONS has no images then: vq_options_set_image. Otherwise this is
 * vq_options_parse. */
VqOptionsResult vq_options_parse_more (const char *const *arguments, const VqOptionsMore *more,
                                       gpointer data, VqOptions **options, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* From now on IMAGE is the only image. */
void vq_options_set_image (VqOptions *options, const char *image);

/* Fails with VQ_ERROR_USAGE if OPTIONS has one that is not for a machine, but only for a server
 * that autopkgtest starts. */
gboolean vq_options_check_machine (const VqOptions *options, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The text of --help; it ends with a newline. */
const char *vq_options_help (void);

/* The line of --version; it ends with a newline. */
const char *vq_options_version (void);

/* The two lines to print for a usage error; they end with a newline. Transfer full. */
char *vq_options_usage_error (const GError *error);

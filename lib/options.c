// SPDX-License-Identifier: GPL-2.0-or-later
#include "options.h"

#include <string.h>

#include "arguments.h"
#include "error.h"
#include "template-sweep.h"
#include "units.h"

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
  OPTION_TIMEOUT_REBOOT,
  OPTION_TIMEOUT_POWEROFF,
  OPTION_SHOW_BOOT,
  OPTION_DEBUG,
  OPTION_QEMU_OPTIONS,
  OPTION_BASEIMAGE,
  OPTION_BOOT,
  OPTION_EFI,
  OPTION_SHARED_DIR,
  OPTION_ACCEL,
  OPTION_CHANNEL,
  OPTION_TEMPLATE,
  OPTION_TEMPLATE_DIR,
  OPTION_TEMPLATE_MAX_AGE,
  OPTION_TEMPLATE_CACHE_SIZE,
  OPTION_TEMPLATE_SCRIPT,
  OPTION_HELP,
  OPTION_VERSION,
};

/* How the command line is read. */
static const VqArgument arguments_table[] = {
  [OPTION_QEMU_ARCHITECTURE] = { "qemu-architecture", 0, TRUE },
  [OPTION_DPKG_ARCHITECTURE] = { "dpkg-architecture", 0, TRUE },
  [OPTION_QEMU_COMMAND] = { "qemu-command", 'q', TRUE },
  [OPTION_OVERLAY_DIR] = { "overlay-dir", 'o', TRUE },
  [OPTION_USER] = { "user", 'u', TRUE },
  [OPTION_PASSWORD] = { "password", 'p', TRUE },
  [OPTION_CPUS] = { "cpus", 'c', TRUE },
  [OPTION_RAM_SIZE] = { "ram-size", 0, TRUE },
  [OPTION_TIMEOUT_REBOOT] = { "timeout-reboot", 0, TRUE },
  [OPTION_TIMEOUT_POWEROFF] = { "timeout-poweroff", 0, TRUE },
  [OPTION_SHOW_BOOT] = { "show-boot", 0, FALSE },
  [OPTION_DEBUG] = { "debug", 'd', FALSE },
  [OPTION_QEMU_OPTIONS] = { "qemu-options", 0, TRUE },
  [OPTION_BASEIMAGE] = { "baseimage", 0, FALSE },
  [OPTION_BOOT] = { "boot", 0, TRUE },
  [OPTION_EFI] = { "efi", 0, FALSE },
  [OPTION_SHARED_DIR] = { "shared-dir", 0, TRUE },
  [OPTION_ACCEL] = { "accel", 0, TRUE },
  [OPTION_CHANNEL] = { "channel", 0, TRUE },
  [OPTION_TEMPLATE] = { "template", 0, TRUE },
  [OPTION_TEMPLATE_DIR] = { "template-dir", 0, TRUE },
  [OPTION_TEMPLATE_MAX_AGE] = { "template-max-age", 0, TRUE },
  [OPTION_TEMPLATE_CACHE_SIZE] = { "template-cache-size", 0, TRUE },
  [OPTION_TEMPLATE_SCRIPT] = { "template-script", 0, TRUE },
  [OPTION_HELP] = { "help", 'h', FALSE },
  [OPTION_VERSION] = { "version", 0, FALSE },
  { NULL },
};

static const char *const boot_words[] = { "auto", "bios", "efi", "ieee1275", "none", NULL };
static const char *const accel_words[] = { "auto", "kvm", "tcg", NULL };
static const char *const channel_words[] = { "auto", "helper", "agent", NULL };
static const char *const template_words[] = { "auto", "off", "refresh", NULL };

/* What an option's value becomes in VqOptions. */
typedef enum
{
  RULE_STRING,      /* a char *; must not be empty */
  RULE_NAME,        /* a char *; the Python server takes an empty name for "not given" */
  RULE_SECRET,      /* a char *; may be empty */
  RULE_INT,         /* an int from min to max */
  RULE_CONSTANT,    /* a flag: an int or enum that becomes min */
  RULE_CHOICE,      /* an enum, by its place in words */
  RULE_WORDS,       /* a char **, from one value */
  RULE_LIST,        /* a char **, a value each time; must not be empty */
  RULE_AGE,         /* a guint64, seconds */
  RULE_SIZE,        /* a guint64, bytes */
  RULE_UNSUPPORTED, /* refused */
  RULE_EXIT,        /* ends the parsing */
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
  [OPTION_TIMEOUT_REBOOT] = { RULE_INT, FIELD (timeout_reboot), 1, G_MAXINT },
  [OPTION_TIMEOUT_POWEROFF] = { RULE_INT, FIELD (timeout_poweroff), 0, G_MAXINT },
  [OPTION_SHOW_BOOT] = { RULE_CONSTANT, FIELD (show_boot), TRUE },
  [OPTION_DEBUG] = { RULE_CONSTANT, FIELD (debug), TRUE },
  [OPTION_QEMU_OPTIONS] = { RULE_WORDS, FIELD (qemu_options) },
  [OPTION_BASEIMAGE] = { RULE_UNSUPPORTED },
  [OPTION_BOOT] = { RULE_CHOICE, FIELD (boot), .words = boot_words },
  [OPTION_EFI] = { RULE_CONSTANT, FIELD (boot), VQ_BOOT_EFI },
  [OPTION_SHARED_DIR] = { RULE_UNSUPPORTED },
  [OPTION_ACCEL] = { RULE_CHOICE, FIELD (accel), .words = accel_words },
  [OPTION_CHANNEL] = { RULE_CHOICE, FIELD (channel), .words = channel_words },
  [OPTION_TEMPLATE] = { RULE_CHOICE, FIELD (template), .words = template_words },
  [OPTION_TEMPLATE_DIR] = { RULE_STRING, FIELD (template_dir) },
  [OPTION_TEMPLATE_MAX_AGE] = { RULE_AGE, FIELD (template_max_age) },
  [OPTION_TEMPLATE_CACHE_SIZE] = { RULE_SIZE, FIELD (template_cache_size) },
  [OPTION_TEMPLATE_SCRIPT] = { RULE_LIST, FIELD (template_scripts) },
  [OPTION_HELP] = { RULE_EXIT },
  [OPTION_VERSION] = { RULE_EXIT },
};

G_STATIC_ASSERT (G_N_ELEMENTS (rules) + 1 == G_N_ELEMENTS (arguments_table));

const char *
vq_boot_to_string (VqBoot boot)
{
  return boot_words[boot];
}

const char *
vq_accel_to_string (VqAccel accel)
{
  return accel_words[accel];
}

const char *
vq_channel_choice_to_string (VqChannelChoice channel)
{
  return channel_words[channel];
}

const char *
vq_template_choice_to_string (VqTemplateChoice choice)
{
  return template_words[choice];
}

static VqOptions *
options_new (void)
{
  VqOptions *options = g_new0 (VqOptions, 1);

  options->cpus = 1;
  options->ram_size_mib = 2048;
  options->timeout_reboot = 60;
  options->timeout_poweroff = -1;
  options->boot = VQ_BOOT_AUTO;
  options->accel = VQ_ACCEL_AUTO;
  options->qemu_options = g_new0 (char *, 1);
  options->channel = VQ_CHANNEL_AUTO;
  options->template = VQ_TEMPLATE_AUTO;
  options->template_max_age = VQ_TEMPLATE_MAX_AGE_DEFAULT;
  options->template_cache_size = VQ_TEMPLATE_MAX_SIZE_DEFAULT;
  options->template_scripts = g_new0 (char *, 1);
  return options;
}

void
vq_options_free (VqOptions *options)
{
  g_free (options->qemu_architecture);
  g_free (options->dpkg_architecture);
  g_free (options->qemu_command);
  g_free (options->overlay_dir);
  g_free (options->user);
  g_free (options->password);
  g_strfreev (options->qemu_options);
  g_free (options->template_dir);
  g_strfreev (options->template_scripts);
  g_strfreev (options->images);
  g_free (options);
}

/* Only whole words count, as with argparse's choices. */
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
  return vq_set_error (error, VQ_ERROR_USAGE, "'%s' is none of %s", value, list);
}

static gboolean
refuse_empty (GError **error)
{
  return vq_set_error (error, VQ_ERROR_USAGE, "the value is empty; leave the option out");
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

/* Puts VALUE (NULL for flags) where RULE says. */
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
    case RULE_INT:
      return vq_arguments_parse_int (value, rule->min, rule->max, field, error);
    case RULE_CONSTANT:
      *(int *)field = rule->min;
      return TRUE;
    case RULE_CHOICE:
      return set_choice (field, value, rule->words, error);
    case RULE_WORDS:
      g_strfreev (*(char ***)field);
      *(char ***)field = vq_arguments_split (value);
      return TRUE;
    case RULE_LIST:
      return append_string (field, value, error);
    case RULE_AGE:
      return vq_units_parse_age (value, field, error);
    case RULE_SIZE:
      return vq_units_parse_size (value, field, error);
    case RULE_UNSUPPORTED:
    case RULE_EXIT:
      break;
    }
  g_return_val_if_reached (FALSE);
}

static gboolean
apply_option (VqOptions *options, int index, const char *value, GError **error)
{
  const VqArgument *option = &arguments_table[index];
  g_autofree char *name = vq_argument_to_string (option);

  if (rules[index].kind == RULE_UNSUPPORTED)
    return vq_set_error (error, VQ_ERROR_USAGE, "option %s is not supported yet; leave it out",
                         name);
  if (!apply (options, &rules[index], value, error))
    {
      g_prefix_error (error, "option %s: ", name);
      return FALSE;
    }
  if (index == OPTION_TIMEOUT_REBOOT)
    options->timeout_reboot_given = TRUE;
  return TRUE;
}

/* autopkgtest reads @FILE itself, and makes an empty argument of an empty line. */
static gboolean
add_image (GStrvBuilder *images, const char *value, GError **error)
{
  if (*value == '\0')
    return vq_set_error (error, VQ_ERROR_USAGE,
                         "an image's name is empty; remove empty lines from the @FILE, if any");
  g_strv_builder_add (images, value);
  return TRUE;
}

/* Goes through the command line until its end, the first error, --help or --version. */
static VqOptionsResult
parse_all (VqArguments *arguments, VqOptions *options, GError **error)
{
  g_autoptr (GStrvBuilder) images = g_strv_builder_new ();
  VqArgumentKind kind;
  const char *value;
  int index;

  while ((kind = vq_arguments_next (arguments, &index, &value, error)) != VQ_ARGUMENT_END)
    {
      if (kind == VQ_ARGUMENT_ERROR)
        return VQ_OPTIONS_ERROR;
      if (kind == VQ_ARGUMENT_POSITIONAL && !add_image (images, value, error))
        return VQ_OPTIONS_ERROR;
      if (kind == VQ_ARGUMENT_POSITIONAL)
        continue;
      if (rules[index].kind == RULE_EXIT)
        return index == OPTION_HELP ? VQ_OPTIONS_HELP : VQ_OPTIONS_VERSION;
      if (!apply_option (options, index, value, error))
        return VQ_OPTIONS_ERROR;
    }
  options->images = g_strv_builder_end (images);
  return VQ_OPTIONS_RUN;
}

VqOptionsResult
vq_options_parse (int argc, const char *const *argv, VqOptions **options, GError **error)
{
  g_autoptr (VqOptions) result = options_new ();
  g_autoptr (VqArguments) arguments = NULL;
  VqOptionsResult what;

  *options = NULL;
  /* A program may be started without even its own name. */
  arguments = vq_arguments_new (arguments_table, argc > 0 ? argv + 1 : argv, error);
  if (arguments == NULL)
    return VQ_OPTIONS_ERROR;
  what = parse_all (arguments, result, error);
  if (what != VQ_OPTIONS_RUN)
    return what;
  if (result->images[0] == NULL)
    {
      vq_set_error (error, VQ_ERROR_USAGE, "no image given; name the disk image to boot");
      return VQ_OPTIONS_ERROR;
    }
  *options = g_steal_pointer (&result);
  return VQ_OPTIONS_RUN;
}

char *
vq_options_usage_error (const GError *error)
{
  g_autofree char *message = g_strdup (error->message);

  /* It may quote the command line: an argument's line breaks must not make more lines of it. */
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

const char *
vq_options_help (void)
{
  return "Usage: autopkgtest [...] -- qemu-ng [OPTION...] IMAGE [READ-ONLY-IMAGE...]\n"
         "\n"
         "An autopkgtest virtualisation server: the testbed is a QEMU virtual machine that\n"
         "boots IMAGE. The images are not changed. autopkgtest starts this program and\n"
         "talks to it over stdin and stdout.\n"
         "\n"
         "Virtual machine:\n"
         "  -c, --cpus=N                   number of CPUs, 1 to 1024 (default: 1)\n"
         "      --ram-size=MIB             memory in MiB, at least 32 (default: 2048)\n"
         "      --boot=HOW                 auto, bios, efi, ieee1275, none (default: auto)\n"
         "      --efi                      the same as --boot=efi\n"
         "      --accel=HOW                auto, kvm, tcg (default: auto, KVM if it works)\n"
         "      --qemu-architecture=ARCH   QEMU's name for it (default: the host's)\n"
         "      --dpkg-architecture=ARCH   dpkg's name for it (default: the host's)\n"
         "  -q, --qemu-command=COMMAND     QEMU to run (default: qemu-system-ARCH)\n"
         "      --qemu-options=OPTIONS     more options for QEMU, separated by blanks\n"
         "  -o, --overlay-dir=DIR          for the guest's writes (default: the private\n"
         "                                 directory in $TMPDIR or /tmp)\n"
         "\n"
         "Guest:\n"
         "  -u, --user=USER                runs tests that need no root (default: the\n"
         "                                 first one with a UID in 1000-59999)\n"
         "  -p, --password=PASSWORD        of USER (accepted, but nothing needs it now)\n"
         "      --timeout-reboot=SECONDS   for each boot (default: 60; 300 under TCG)\n"
         "      --timeout-poweroff=SECONDS shut the guest down and wait so long for it\n"
         "                                 (default: end QEMU at once)\n"
         "      --channel=HOW              how commands reach it: auto, helper (a program\n"
         "                                 of ours in memory), agent (default: auto)\n"
         "\n"
         "Templates, testbeds saved when they were ready:\n"
         "      --template=HOW             auto, off, refresh (default: auto)\n"
         "      --template-dir=DIR         where they are (default:\n"
         "                                 $XDG_CACHE_HOME/virt-qemu/templates)\n"
         "      --template-max-age=AGE     a number with s, m, h or d; 0: no limit\n"
         "                                 (default: 1d)\n"
         "      --template-cache-size=SIZE for all, a number with M, G or T; 0: no limit\n"
         "                                 (default: 20G)\n"
         "      --template-script=FILE     run it as root in the guest before it is saved;\n"
         "                                 may be given more than once\n"
         "\n"
         "Messages:\n"
         "      --show-boot                show what the guest's serial console says\n"
         "  -d, --debug                    show what the server does\n"
         "  -h, --help                     show this text and exit\n"
         "      --version                  show the version and exit\n"
         "\n"
         "--baseimage and --shared-dir=src=DIR,dst=DIR[,rw] are not supported yet.\n"
         "@FILE stands for the arguments in FILE, one per line. Long options may be cut\n"
         "short as long as they stay unique.\n"
         "\n"
         "The guest must run qemu-guest-agent. Example:\n"
         "  autopkgtest gzip -- qemu-ng --ram-size=1024 debian-12.qcow2\n"
         "\n"
         "autopkgtest-virt-qemu-ng(1) says more.\n";
}

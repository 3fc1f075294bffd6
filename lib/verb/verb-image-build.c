// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/verb-image-build.h"

#include "base/arguments.h"
#include "base/error.h"
#include "base/signals.h"
#include "base/units.h"
#include "image/distro.h"
#include "image/image-build.h"
#include "plan/arch.h"
#include "verb/verb-output.h"

#define NAME "virt-qemu image build"

/* Those up to the last that changes the image are passed on. */
enum
{
  OPTION_BOOT,
  OPTION_FS,
  OPTION_MIRROR,
  OPTION_KEYRING,
  OPTION_COMPONENTS,
  OPTION_NO_DEB_SRC,
  OPTION_PROXY,
  OPTION_PACKAGES,
  OPTION_SCRIPT,
  OPTION_APPEND,
  N_PASSED,
  OPTION_SIZE = N_PASSED,
  OPTION_OUTPUT,
  OPTION_REPLACE,
  OPTION_FORMAT,
  OPTION_HELP,
};

static const VqArgument arguments_table[] = {
  [OPTION_BOOT] = { "boot", 0, TRUE },
  [OPTION_FS] = { "fs", 0, TRUE },
  [OPTION_MIRROR] = { "mirror", 0, TRUE },
  [OPTION_KEYRING] = { "keyring", 0, TRUE },
  [OPTION_COMPONENTS] = { "components", 0, TRUE },
  [OPTION_NO_DEB_SRC] = { "no-deb-src", 0, FALSE },
  [OPTION_PROXY] = { "proxy", 0, TRUE },
  [OPTION_PACKAGES] = { "packages", 0, TRUE },
  [OPTION_SCRIPT] = { "script", 0, TRUE },
  [OPTION_APPEND] = { "append", 0, TRUE },
  [OPTION_SIZE] = { "size", 0, TRUE },
  [OPTION_OUTPUT] = { "output", 'o', TRUE },
  [OPTION_REPLACE] = { "replace", 0, FALSE },
  [OPTION_FORMAT] = { "format", 0, TRUE },
  [OPTION_HELP] = { "help", 'h', FALSE },
  { NULL },
};

static const char help[]
    = "Usage: " NAME " [OPTION...] DISTRO/RELEASE[/ARCH]\n"
      "\n"
      "Builds the image of a system that \"virt-qemu image list-os\" lists, for example\n"
      "debian/13, with mmdebstrap, and prints its path. It needs no root, some minutes,\n"
      "and 3 GB in $TMPDIR. If the image is in the cache, it is not built again. In it\n"
      "are the guest agent, and root shells on hvc1 and ttyS1, so root needs no password.\n"
      "\n"
      "  -o, --output=FILE      the new file (default: one in\n"
      "                         $XDG_CACHE_HOME/virt-qemu/images, where that name finds it)\n"
      "      --replace          build it anew if there is one\n"
      "      --boot=efi|bios|ieee1275|zipl\n"
      "                         how it boots (default: efi; ppc64el: ieee1275; s390x: zipl)\n"
      "      --fs=ext4|btrfs    the file system (default: ext4)\n"
      "      --size=SIZE        of the disk, for example 20G (default: 16G); only what is\n"
      "                         used takes room on the host\n"
      "      --packages=LIST    more packages, with commas between them; may be repeated\n"
      "      --script=FILE      a program that changes the system: its argument is the\n"
      "                         root directory; may be repeated\n"
      "      --append=TEXT      more for the kernel's command line\n"
      "      --mirror=URL       where the packages are (default: $VIRT_QEMU_MIRROR, or\n"
      "                         deb.debian.org or archive.ubuntu.com)\n"
      "      --keyring=FILE     the keys with which the archive is signed\n"
      "      --components=LIST  of the archive, for example main,contrib\n"
      "      --no-deb-src       no sources of source packages\n"
      "      --proxy=URL        used for the build, not in the image\n"
      "      --format=FORMAT    text or json (default: text)\n"
      "  -h, --help             show this text and exit\n"
      "\n"
      "With SOURCE_DATE_EPOCH, no file in it is newer than that, and its IDs are the same\n"
      "each time.\n";

/* The parsed command line. Strings that are not owned belong to its parser. */
typedef struct
{
  GPtrArray *words; /* owned: for virt-qemu-build; NULL at the end when all are read */
  const char *name; /* NULL: none given */
  const char *output;
  gboolean replace;
  gboolean json;
  gboolean help; /* print the help and ignore the rest */
} Request;

static gboolean
apply_size (Request *request, const char *value, GError **error)
{
  guint64 bytes;

  if (!vq_units_parse_size (value, &bytes, error))
    return FALSE;
  g_ptr_array_add (request->words, g_strdup_printf ("--size=%" G_GUINT64_FORMAT, bytes >> 20));
  return TRUE;
}

static void
pass_on (Request *request, const VqArgument *argument, const char *value)
{
  g_ptr_array_add (request->words, argument->takes_value
                                       ? g_strdup_printf ("--%s=%s", argument->name, value)
                                       : g_strconcat ("--", argument->name, NULL));
}

static gboolean
apply_option (gpointer data, int index, const char *value, GError **error)
{
  Request *request = data;

  if (index < N_PASSED)
    pass_on (request, &arguments_table[index], value);
  else if (index == OPTION_SIZE)
    return apply_size (request, value, error);
  else if (index == OPTION_FORMAT)
    return vq_verb_output_read_format (value, "text", &request->json, error);
  else if (index == OPTION_OUTPUT)
    request->output = value;
  request->replace |= index == OPTION_REPLACE;
  request->help |= index == OPTION_HELP;
  return TRUE;
}

static gboolean
apply_positional (gpointer data, const char *value, GError **error)
{
  Request *request = data;

  return vq_arguments_take_only (&request->name, value, error);
}

static gboolean
parse (Request *request, VqArguments *parser, GError **error)
{
  static const VqArgumentsTaker taker = { apply_option, apply_positional };

  if (!vq_arguments_take_all (parser, &taker, request, &request->help, error))
    return FALSE;
  g_ptr_array_add (request->words, NULL);
  return request->help || request->name != NULL
         || vq_error_set (error, VQ_ERROR_USAGE,
                          "which system? \"virt-qemu image list-os\" lists them");
}

static VqOsName *
find_os (const char *name, GError **error)
{
  g_autoptr (GPtrArray) releases = vq_distro_list (NULL, NULL, error);

  return releases != NULL ? vq_os_name_parse (name, releases, vq_arch_find_host ()->dpkg, error)
                          : NULL;
}

static void
print_path (const Request *request, const char *path)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  if (!request->json)
    {
      vq_verb_output_text ("%s\n", path);
      return;
    }
  json_builder_begin_object (builder);
  vq_verb_output_add_string (builder, "image", path);
  json_builder_end_object (builder);
  vq_verb_output_json (builder);
}

static gboolean
build (const Request *request, GError **error)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (VqSignals) signals = vq_signals_new (cancel, error);
  g_autoptr (VqOsName) os = signals != NULL ? find_os (request->name, error) : NULL;
  const VqImageBuildOptions options = { .words = (const char *const *)request->words->pdata,
                                        .output = request->output,
                                        .replace = request->replace };
  g_autofree char *path = os != NULL ? vq_image_build (os, &options, cancel, error) : NULL;

  if (path != NULL)
    print_path (request, path);
  return path != NULL;
}

VqVerbStatus
vq_verb_image_build_run (const char *const *arguments)
{
  g_autoptr (VqArguments) parser = vq_arguments_new_plain (arguments_table, arguments);
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  Request request = { .words = words };

  if (!parse (&request, parser, &error))
    return vq_verb_error_report (error, NAME " --help", vq_verb_error_wants_json (arguments));
  if (request.help)
    vq_verb_output_text ("%s", help);
  else if (!build (&request, &error))
    return vq_verb_error_report (error, NAME " --help", request.json);
  return VQ_VERB_OK;
}

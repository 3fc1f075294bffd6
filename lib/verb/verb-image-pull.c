// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/verb-image-pull.h"

#include <string.h>

#include "base/arguments.h"
#include "base/error.h"
#include "base/signals.h"
#include "base/units.h"
#include "plan/arch.h"
#include "pull/known-image.h"
#include "pull/pull-sums.h"
#include "pull/pull-url.h"
#include "pull/pull.h"
#include "verb/verb-output.h"

#define NAME "virt-qemu image pull"

enum
{
  OPTION_SHA256,
  OPTION_SHA512,
  OPTION_SUMS,
  OPTION_NO_SUMS,
  OPTION_KEYRING,
  OPTION_MAX_SIZE,
  OPTION_TIMEOUT,
  OPTION_CACHE_DIR,
  OPTION_FORMAT,
  OPTION_HELP,
};

static const VqArgument arguments_table[] = {
  [OPTION_SHA256] = { "sha256", 0, TRUE },
  [OPTION_SHA512] = { "sha512", 0, TRUE },
  [OPTION_SUMS] = { "sums", 0, FALSE },
  [OPTION_NO_SUMS] = { "no-sums", 0, FALSE },
  [OPTION_KEYRING] = { "keyring", 0, TRUE },
  [OPTION_MAX_SIZE] = { "max-size", 0, TRUE },
  [OPTION_TIMEOUT] = { "timeout", 0, TRUE },
  [OPTION_CACHE_DIR] = { "cache-dir", 0, TRUE },
  [OPTION_FORMAT] = { "format", 0, TRUE },
  [OPTION_HELP] = { "help", 'h', FALSE },
  { NULL },
};

static const char help[]
    = "Usage: " NAME " [OPTION...] URL|NAME\n"
      "\n"
      "Fetches the disk image at URL (http or https), unless it is in the cache and the\n"
      "server has no newer one, and prints its path. If this is interrupted, the next\n"
      "pull goes on from there. What is packed with gzip, bzip2, xz or zstd is unpacked.\n"
      "Its digest must be the one in the file SHA512SUMS or SHA256SUMS beside it, if\n"
      "the server has that. A NAME such as debian/13, debian/testing/arm64 or\n"
      "ubuntu/noble stands for a URL of the distribution; images.conf has them, and\n"
      "your own.\n"
      "\n"
      "      --sha256=DIGEST, --sha512=DIGEST\n"
      "                         the digest that it must have, as it is on the server\n"
      "      --sums             fail if there is no such file beside it\n"
      "      --no-sums          do not look for such a file\n"
      "      --keyring=FILE     that file must be signed with a key in FILE\n"
      "      --max-size=SIZE    fetch nothing that is larger, packed or unpacked: a number\n"
      "                         with M, G or T, or 0 for no limit (default: 50G)\n"
      "      --timeout=TIME     give up when nothing has come for so long (default: 60s)\n"
      "      --cache-dir=DIR    where images are kept (default:\n"
      "                         $XDG_CACHE_HOME/virt-qemu/images)\n"
      "      --format=FORMAT    text or json (default: text)\n"
      "  -h, --help             show this text and exit\n";

typedef struct
{
  VqPullOptions options;
  VqPullSums digests;
  VqKnownImage *known; /* NULL: no name was given */
  const char *url;     /* NULL: none given */
  gboolean json;
  gboolean help; /* print the help and ignore the rest */
} Request;

static void
request_clear (Request *request)
{
  vq_pull_sums_clear (&request->digests);
  g_clear_pointer (&request->known, vq_known_image_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Request, request_clear)

static gboolean
apply_timeout (Request *request, const char *value, GError **error)
{
  guint64 seconds;

  if (!vq_units_parse_age (value, &seconds, error))
    return FALSE;
  request->options.stall = seconds;
  return seconds > 0 || vq_error_set (error, VQ_ERROR_USAGE, "it must be more than nothing");
}

/* 0 is no limit, as for "prune". */
static gboolean
apply_max_size (Request *request, const char *value, GError **error)
{
  guint64 *size = &request->options.max_size;

  if (!vq_units_parse_size (value, size, error))
    return FALSE;
  if (*size == 0)
    *size = G_MAXINT64;
  return TRUE;
}

static gboolean
apply_option (gpointer data, int index, const char *value, GError **error)
{
  Request *request = data;

  switch (index)
    {
    case OPTION_SHA256:
      return vq_pull_sums_take (&request->digests.sha256, 64, value, error);
    case OPTION_SHA512:
      return vq_pull_sums_take (&request->digests.sha512, 128, value, error);
    case OPTION_SUMS:
      request->options.sums = VQ_PULL_SUMS_NEEDED;
      return TRUE;
    case OPTION_NO_SUMS:
      request->options.sums = VQ_PULL_SUMS_NEVER;
      return TRUE;
    case OPTION_KEYRING:
      request->options.keyring = value;
      return TRUE;
    case OPTION_MAX_SIZE:
      return apply_max_size (request, value, error);
    case OPTION_TIMEOUT:
      return apply_timeout (request, value, error);
    case OPTION_CACHE_DIR:
      request->options.directory = value;
      return TRUE;
    case OPTION_FORMAT:
      return vq_verb_output_read_format (value, "text", &request->json, error);
    default:
      request->help = TRUE;
      return TRUE;
    }
}

static gboolean
apply_word (gpointer data, const char *value, GError **error)
{
  Request *request = data;

  return vq_arguments_take_only (&request->url, value, error);
}

static gboolean
check (const Request *request, GError **error)
{
  gboolean has_digest = request->digests.sha256 != NULL || request->digests.sha512 != NULL;

  if (request->url == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "which image?");
  if (vq_pull_url_is_file (request->url))
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "%s is on this host already: only http and https images are fetched",
                         request->url);
  if (strstr (request->url, "://") != NULL && !vq_pull_url_is (request->url))
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "\"%s\": images are fetched over http and https only", request->url);
  if (has_digest && (request->options.keyring != NULL || request->options.sums != 0))
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "a digest and the files of the server are two ways: choose one");
  return request->options.sums != VQ_PULL_SUMS_NEVER || request->options.keyring == NULL
         || vq_error_set (error, VQ_ERROR_USAGE, "--keyring needs what --no-sums excludes");
}

/* What the user has said of digests counts more than what images.conf does. */
static gboolean
resolve (Request *request, GError **error)
{
  VqPullOptions *options = &request->options;
  g_auto (GStrv) files = NULL;

  if (vq_pull_url_is (request->url))
    return TRUE;
  files = vq_known_image_get_files ();
  request->known = vq_known_image_find (request->url, vq_arch_find_host ()->dpkg,
                                        (const char *const *)files, error);
  if (request->known == NULL)
    return FALSE;
  request->url = request->known->url;
  if (options->sums != VQ_PULL_SUMS_IF_THERE || request->digests.sha256 != NULL
      || request->digests.sha512 != NULL)
    return TRUE;
  if (request->known->needs_sums)
    options->sums = VQ_PULL_SUMS_NEEDED;
  if (options->keyring == NULL)
    options->keyring = request->known->keyring;
  return TRUE;
}

static void
print (const Request *request, const VqPullResult *result)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  if (!request->json)
    {
      vq_verb_output_text ("%s\n", result->path);
      return;
    }
  json_builder_begin_object (builder);
  vq_verb_output_add_string (builder, "path", result->path);
  vq_verb_output_add_string (builder, "url", request->url);
  vq_verb_output_add_string (builder, "sha256", result->sha256);
  json_builder_set_member_name (builder, "fetched");
  json_builder_add_boolean_value (builder, result->fetched);
  json_builder_set_member_name (builder, "checked");
  json_builder_add_boolean_value (builder, result->checked);
  json_builder_end_object (builder);
  vq_verb_output_json (builder);
}

static gboolean
pull (Request *request, GError **error)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (VqSignals) signals = vq_signals_new (cancel, error);
  g_auto (VqPullResult) result = { 0 };

  request->options.sha256 = request->digests.sha256;
  request->options.sha512 = request->digests.sha512;
  if (signals == NULL || !resolve (request, error)
      || !vq_pull_run (request->url, &request->options, &result, cancel, error))
    return FALSE;
  print (request, &result);
  return TRUE;
}

VqVerbStatus
vq_verb_image_pull_run (const char *const *arguments)
{
  static const VqArgumentsTaker taker = { apply_option, apply_word };
  g_auto (Request) request = { .options = VQ_PULL_OPTIONS_DEFAULT };
  g_autoptr (VqArguments) parser = vq_arguments_new_plain (arguments_table, arguments);
  g_autoptr (GError) error = NULL;

  if (!vq_arguments_take_all (parser, &taker, &request, &request.help, &error)
      || (!request.help && !check (&request, &error)))
    return vq_verb_error_report (error, NAME " --help", vq_verb_error_wants_json (arguments));
  if (request.help)
    vq_verb_output_text ("%s", help);
  else if (!pull (&request, &error))
    return vq_verb_error_report (error, NAME " --help", request.json);
  return VQ_VERB_OK;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/image-request.h"

#include <string.h>

#include "base/arguments.h"
#include "base/error.h"
#include "base/text.h"
#include "plan/arch.h"
#include "pull/pull-image.h"
#include "verb/verb-output.h"

/* A ploop image is a directory, with a file that describes it and the disk itself beside it. */
#define PLOOP_DESCRIPTION "DiskDescriptor.xml"
#define PLOOP_DISK "root.hds"

/* Option N is the flag 1 << N; those that every verb has come after these. */
enum
{
  OPTION_OUTPUT_FORMAT,
  OPTION_COMPRESS,
  OPTION_SPARSE,
  OPTION_REPLACE,
  N_CHOSEN,
  OPTION_FORMAT = N_CHOSEN,
  OPTION_IMAGE_FORMAT,
  OPTION_ALLOW_BACKING,
  OPTION_HELP,
};

static const VqArgument arguments_table[] = {
  [OPTION_OUTPUT_FORMAT] = { "output-format", 'O', TRUE },
  [OPTION_COMPRESS] = { "compress", 'c', FALSE },
  [OPTION_SPARSE] = { "sparse", 'S', TRUE },
  [OPTION_REPLACE] = { "replace", 0, FALSE },
  [OPTION_FORMAT] = { "format", 0, TRUE },
  [OPTION_IMAGE_FORMAT] = { "image-format", 'f', TRUE },
  [OPTION_ALLOW_BACKING] = { "allow-backing", 0, TRUE },
  [OPTION_HELP] = { "help", 'h', FALSE },
  { NULL },
};

void
vq_image_request_clear (VqImageRequest *request)
{
  g_strfreev (request->paths);
  g_free (request->image_format);
  g_free (request->output_format);
  g_clear_pointer (&request->allowed, g_ptr_array_unref);
}

/* A command line that is read. */
typedef struct
{
  VqImageRequest *request;
  VqImageRequestOptions options; /* that the verb has */
  GStrvBuilder *paths;
} Words;

static void
replace (char **text, const char *value)
{
  g_free (*text);
  *text = g_strdup (value);
}

static gboolean
apply_sparse (VqImageRequest *request, const char *value, GError **error)
{
  static const VqArgumentUnit units[] = { { 'K', 1 << 10 }, { 'M', 1 << 20 }, { 0, 0 } };

  return vq_arguments_parse_quantity (value, units, 1 << 30, &request->sparse, error);
}

static gboolean
apply_option (VqImageRequest *request, int index, const char *value, GError **error)
{
  switch (index)
    {
    case OPTION_OUTPUT_FORMAT:
      replace (&request->output_format, value);
      return TRUE;
    case OPTION_COMPRESS:
      request->compress = TRUE;
      return TRUE;
    case OPTION_SPARSE:
      return apply_sparse (request, value, error);
    case OPTION_REPLACE:
      request->replace = TRUE;
      return TRUE;
    case OPTION_FORMAT:
      return vq_verb_output_read_format (value, "text", &request->json, error);
    case OPTION_IMAGE_FORMAT:
      replace (&request->image_format, value);
      return TRUE;
    case OPTION_ALLOW_BACKING:
      g_ptr_array_add (request->allowed, g_strdup (value));
      return TRUE;
    default:
      request->help = TRUE;
      return TRUE;
    }
}

static gboolean
take_option (gpointer data, int index, const char *value, GError **error)
{
  Words *words = data;

  if (index < N_CHOSEN && (words->options & (1u << index)) == 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "this verb does not have it");
  return apply_option (words->request, index, value, error);
}

static gboolean
take_path (gpointer data, const char *value, GError **error)
{
  g_strv_builder_add (((Words *)data)->paths, value);
  return TRUE;
}

static gboolean
parse (VqImageRequest *request, const VqImageRequestVerb *verb, const char *const *arguments,
       GError **error)
{
  g_autoptr (VqArguments) parser = vq_arguments_new_plain (arguments_table, arguments);
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new ();
  static const VqArgumentsTaker taker = { take_option, take_path };
  Words words = { request, verb->options, paths };
  gboolean parsed = vq_arguments_take_all (parser, &taker, &words, &request->help, error);
  guint n;

  g_ptr_array_add (request->allowed, NULL);
  request->paths = g_strv_builder_end (paths);
  n = g_strv_length (request->paths);
  if (!parsed || request->help || n == verb->n_paths)
    return parsed;
  return n < verb->n_paths
             ? vq_error_set (error, VQ_ERROR_USAGE, "which %s?", n == 0 ? "image" : "new file")
             : vq_arguments_refuse (request->paths[verb->n_paths], error);
}

/* The disk in PATH if that is a ploop directory, else PATH. Transfer full. */
static char *
find_ploop_disk (const char *path)
{
  g_autofree char *description = g_build_filename (path, PLOOP_DESCRIPTION, NULL);

  return g_file_test (path, G_FILE_TEST_IS_DIR) && g_file_test (description, G_FILE_TEST_EXISTS)
             ? g_build_filename (path, PLOOP_DISK, NULL)
             : g_strdup (path);
}

static VqImage *
inspect (const VqImageRequest *request, const char *path, GError **error)
{
  g_autoptr (VqImage) image
      = vq_image_inspect (path, VQ_IMAGE_DATA, (const char *const *)request->allowed->pdata, error);
  const VqImageGateFile *file = image != NULL ? vq_image_get_files (image)->pdata[0] : NULL;

  if (image == NULL)
    return NULL;
  if (request->image_format == NULL || strcmp (request->image_format, file->format) == 0)
    return g_steal_pointer (&image);
  vq_error_set (error, VQ_ERROR_FAILED, "%s is %s, not %s", path, file->format,
                request->image_format);
  return NULL;
}

/* What is wrong with an image is not wrong with the command line. */
VqImage *
vq_image_request_open (const VqImageRequest *request, VqCancel *cancel, GError **error)
{
  g_autofree char *found
      = vq_pull_image_find (request->paths[0], vq_arch_find_host ()->dpkg, cancel, error);
  g_autofree char *path = found != NULL ? find_ploop_disk (found) : NULL;
  VqImage *image = path != NULL ? inspect (request, path, error) : NULL;

  if (image == NULL && error != NULL && g_error_matches (*error, VQ_ERROR, VQ_ERROR_USAGE))
    (*error)->code = VQ_ERROR_FAILED;
  return image;
}

VqVerbStatus
vq_image_request_run (const VqImageRequestVerb *verb, const char *const *arguments)
{
  g_auto (VqImageRequest) request = { .allowed = g_ptr_array_new_with_free_func (g_free) };
  g_autoptr (GError) error = NULL;

  if (!parse (&request, verb, arguments, &error))
    return vq_verb_error_report (error, verb->how, vq_verb_error_wants_json (arguments));
  if (request.help)
    vq_verb_output_text ("%s", verb->help);
  else if (!verb->act (&request, &error))
    return vq_verb_error_report (error, verb->how, request.json);
  return VQ_VERB_OK;
}

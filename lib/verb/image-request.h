// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line of a verb of virt-qemu image, and the image that it names. */
#pragma once

#include "image/image.h"
#include "verb/verb-error.h"

/* The options that not every verb has. */
typedef enum
{
  VQ_IMAGE_REQUEST_OUTPUT = 1 << 0,   /* --output-format: what "convert" writes */
  VQ_IMAGE_REQUEST_COMPRESS = 1 << 1, /* --compress */
  VQ_IMAGE_REQUEST_SPARSE = 1 << 2,   /* --sparse */
  VQ_IMAGE_REQUEST_REPLACE = 1 << 3,  /* --replace */
} VqImageRequestOptions;

typedef struct
{
  char **paths;        /* the positional arguments */
  gboolean json;       /* --format=json */
  char *image_format;  /* --image-format; NULL: none given */
  GPtrArray *allowed;  /* of char *, with NULL at the end: --allow-backing */
  char *output_format; /* NULL: none given */
  gboolean compress;
  guint64 sparse; /* bytes of zeroes that become a hole; 0: qemu-img decides */
  gboolean replace;
  gboolean help; /* print the help and ignore the rest */
} VqImageRequest;

void vq_image_request_clear (VqImageRequest *request);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VqImageRequest, vq_image_request_clear)

/* Finds the image that the first argument names, as the server finds it (pull/pull-image.h), or the
 * one in a directory of the ploop format, and checks it. Waits as long as one comes whose address
 * was given. Fails with VQ_ERROR_MISSING if there
 * is none, and with VQ_ERROR_FAILED if it is no good image. Transfer full. */
VqImage *vq_image_request_open (const VqImageRequest *request, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* A verb that has N_PATHS positional arguments. */
typedef struct
{
  VqImageRequestOptions options;
  guint n_paths;
  const char *help; /* what --help prints */
  const char *how;  /* the command that prints it */
  gboolean (*act) (const VqImageRequest *request, GError **error);
} VqImageRequestVerb;

/* Parses ARGUMENTS (with NULL at the end) and does what VERB does, or prints its help. Errors are
 * reported. */
VqVerbStatus vq_image_request_run (const VqImageRequestVerb *verb, const char *const *arguments);

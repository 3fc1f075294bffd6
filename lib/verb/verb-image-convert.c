// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/verb-image-convert.h"

#include <unistd.h>

#include "base/signals.h"
#include "image/image-convert.h"
#include "verb/image-request.h"

static const char help[]
    = "Usage: virt-qemu image convert [OPTION...] IMAGE FILE\n"
      "\n"
      "Copies a disk image, with the backing files that it has, to a new file. That has\n"
      "its name only when it is complete, has been checked, and is on the disk; until\n"
      "then it is FILE.virt-qemu.part. Nobody may be writing IMAGE meanwhile.\n"
      "\n"
      "  -O, --output-format=FORMAT qcow2, qed, raw, vdi, vhdx, vmdk or vpc (default:\n"
      "                             qcow2)\n"
      "  -c, --compress             compress it, with zstd if it is qcow2\n"
      "  -S, --sparse=SIZE          make holes of so many zeroes in a row: a number with\n"
      "                             K or M (default: 4K)\n"
      "      --replace              replace FILE if there is one\n"
      "  -f, --image-format=FORMAT  fail unless IMAGE has this format\n"
      "      --allow-backing=DIR    let it have backing files in DIR and below\n"
      "      --format=FORMAT        for errors: text or json (default: text)\n"
      "  -h, --help                 show this text and exit\n";

static gboolean
convert (const VqImageRequest *request, GError **error)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (VqSignals) signals = vq_signals_new (cancel, error);
  g_autoptr (VqImage) image
      = signals != NULL ? vq_image_request_open (request, cancel, error) : NULL;
  const VqImageConvertOptions options
      = { .format = request->output_format != NULL ? request->output_format : "qcow2",
          .compress = request->compress,
          .sparse = request->sparse,
          .replace = request->replace,
          .progress_fd = isatty (STDERR_FILENO) ? STDERR_FILENO : -1 };

  return image != NULL && vq_image_convert (image, request->paths[1], &options, cancel, error);
}

VqVerbStatus
vq_verb_image_convert_run (const char *const *arguments)
{
  static const VqImageRequestVerb verb
      = { .options = VQ_IMAGE_REQUEST_OUTPUT | VQ_IMAGE_REQUEST_COMPRESS | VQ_IMAGE_REQUEST_SPARSE
                     | VQ_IMAGE_REQUEST_REPLACE,
          .n_paths = 2,
          .help = help,
          .how = "virt-qemu image convert --help",
          .act = convert };

  return vq_image_request_run (&verb, arguments);
}

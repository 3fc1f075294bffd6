// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/verb-image-info.h"

#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/text.h"
#include "base/units.h"
#include "verb/image-request.h"
#include "verb/verb-output.h"

#define SECONDS 60

static const char help[]
    = "Usage: virt-qemu image info [OPTION...] IMAGE\n"
      "\n"
      "Says what a disk image is. Its header is checked first, as for a testbed; only\n"
      "then qemu-img reads it, with limits on its time and memory, and both must agree.\n"
      "IMAGE may be in use, and may be a directory of the ploop format.\n"
      "\n"
      "  -f, --image-format=FORMAT  fail unless IMAGE has this format\n"
      "      --allow-backing=DIR    let it have backing files in DIR and below\n"
      "      --format=FORMAT        text or json (default: text)\n"
      "  -h, --help                 show this text and exit\n"
      "\n"
      "The status is 3 if there is no such image, 1 if it is no good one, and 6 if\n"
      "qemu-img was stopped by its limits: 30 s of CPU time and 1 GiB of memory.\n"
      "VIRT_QEMU_IMG_LIMITS=60,2G raises them.\n";

static void
add_file (JsonBuilder *builder, const VqImageGateFile *file)
{
  struct stat st;
  gboolean known = stat (file->path, &st) == 0 && S_ISREG (st.st_mode);

  json_builder_begin_object (builder);
  vq_verb_output_add_string (builder, "path", file->path);
  vq_verb_output_add_string (builder, "format", file->format);
  vq_verb_output_add_int (builder, "virtual_size", file->virtual_size);
  vq_verb_output_add_size (builder, "file_size", known ? st.st_size : -1);
  vq_verb_output_add_size (builder, "disk_size", known ? (gint64)st.st_blocks * 512 : -1);
  json_builder_end_object (builder);
}

static void
print_json (const VqImage *image, JsonNode *said)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  const GPtrArray *files = vq_image_get_files (image);

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "files");
  json_builder_begin_array (builder);
  for (guint i = 0; i < files->len; i++)
    add_file (builder, files->pdata[i]);
  json_builder_end_array (builder);
  json_builder_set_member_name (builder, "qemu_img");
  json_builder_add_value (builder, json_node_copy (said));
  json_builder_end_object (builder);
  vq_verb_output_json (builder);
}

static void
print_text (const VqImage *image)
{
  const GPtrArray *files = vq_image_get_files (image);

  for (guint i = 0; i < files->len; i++)
    {
      const VqImageGateFile *file = files->pdata[i];
      g_autofree char *path = vq_text_printable (file->path, strlen (file->path), G_MAXSIZE);
      g_autofree char *size = vq_units_size_to_string (file->virtual_size);
      struct stat st = { 0 };
      g_autofree char *taken
          = vq_units_size_to_string (stat (file->path, &st) == 0 ? st.st_blocks * 512 : 0);

      vq_verb_output_text ("%s%s: %s, %s for the guest, %s on the disk\n",
                           i > 0 ? "on top of " : "", path, file->format, size, taken);
    }
}

static gboolean
show (const VqImageRequest *request, GError **error)
{
  g_autoptr (VqImage) image = vq_image_request_open (request, NULL, error);
  g_autoptr (JsonNode) said = NULL;

  if (image == NULL || !vq_image_query (image, &said, vq_deadline_in (SECONDS), NULL, error))
    return FALSE;
  if (request->json)
    print_json (image, said);
  else
    print_text (image);
  return TRUE;
}

VqVerbStatus
vq_verb_image_info_run (const char *const *arguments)
{
  static const VqImageRequestVerb verb
      = { .n_paths = 1, .help = help, .how = "virt-qemu image info --help", .act = show };

  return vq_image_request_run (&verb, arguments);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/block-nodes.h"

#include "base/qemu-value.h"

#define READ_ONLY VQ_BLOCK_NODES_READ_ONLY

static void G_GNUC_PRINTF (2, 3) add (GPtrArray *argv, const char *format, ...)
{
  va_list args;

  g_ptr_array_add (argv, g_strdup ("-blockdev"));
  va_start (args, format);
  g_ptr_array_add (argv, g_strdup_vprintf (format, args));
  va_end (args);
}

/* The file's own node: not in JSON, because a path need not be UTF-8. */
static void
add_file (GPtrArray *argv, const char *name, const char *protocol, const char *path,
          const char *options)
{
  g_autofree char *quoted = vq_qemu_value_quote (path);

  add (argv, "driver=%s,node-name=%s-file,filename=%s,%s", protocol, name, quoted, options);
}

/* The drivers that have backing files. */
static gboolean
can_have_backing (const char *format)
{
  static const char *const formats[] = { "qcow", "qcow2", "qed", "vmdk", NULL };

  return g_strv_contains (formats, format);
}

/* BACKING is the node's name, or NULL. "No backing file" can only be said in JSON. */
static void
add_format (GPtrArray *argv, const char *name, const char *format, const char *backing)
{
  if (backing != NULL)
    add (argv, "driver=%s,node-name=%s,file=%s-file,backing=%s," READ_ONLY, format, name, name,
         backing);
  else if (can_have_backing (format))
    add (argv,
         "{\"driver\":\"%s\",\"node-name\":\"%s\",\"file\":\"%s-file\",\"backing\":null,"
         "\"read-only\":true,\"auto-read-only\":false}",
         format, name, name);
  else
    add (argv, "driver=%s,node-name=%s,file=%s-file," READ_ONLY, format, name, name);
}

static char *
build_name (const char *name, guint index)
{
  return index == 0 ? g_strdup (name) : g_strdup_printf ("%s-%u", name, index);
}

/* From the bottom to the top, because QEMU must know a node before another one names it. */
void
vq_block_nodes_add_image (GPtrArray *argv, const char *name, const VqImage *image)
{
  const GPtrArray *files = vq_image_get_files (image);
  g_autofree char *backing = NULL;

  for (guint i = files->len; i-- > 0;)
    {
      const VqImageGateFile *file = files->pdata[i];
      char *own = build_name (name, i);

      add_file (argv, own, file->protocol, file->path, READ_ONLY);
      add_format (argv, own, file->format, backing);
      g_free (backing);
      backing = own;
    }
}

void
vq_block_nodes_add_overlay (GPtrArray *argv, const char *name, const char *path,
                            const char *backing, const char *options)
{
  g_autofree char *below = backing != NULL ? g_strconcat ("backing=", backing, ",", NULL) : NULL;

  add_file (argv, name, "file", path, options);
  add (argv, "driver=qcow2,node-name=%s,file=%s-file,%s%s", name, name, below != NULL ? below : "",
       options);
}

void
vq_block_nodes_add_raw (GPtrArray *argv, const char *name, const char *path)
{
  add_file (argv, name, "file", path, READ_ONLY);
  add_format (argv, name, "raw", NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/path.h"
#include "base/qemu-value.h"
#include "base/text.h"
#include "base/units.h"
#include "image/image-hold.h"
#include "image/qemu-img.h"

/* What QEMU gives an overlay at most is twice as much. */
#define OVERLAY_MAX (G_GUINT64_CONSTANT (1) << 50)

struct _VqImage
{
  GPtrArray *files; /* VqImageGateFile */
  GArray *holds;    /* of int, owned: the locks of those that were fetched */
  char *shown;      /* the user's path made printable, for messages */
  guint64 size;     /* of overlays; bytes */
};

static const VqImageGateFile *
get_first (const VqImage *image)
{
  return image->files->pdata[0];
}

/* Any file that has no other format is a raw disk. */
static gboolean
check_use (const VqImage *image, VqImageUse use, GError **error)
{
  const VqImageGateFile *file = get_first (image);

  if (use != VQ_IMAGE_BOOT || !g_str_equal (file->format, "raw")
      || (file->contents & VQ_IMAGE_CONTENTS_BOOT_SECTOR) != 0)
    return TRUE;
  return vq_error_set (error, VQ_ERROR_USAGE,
                       "%s is not a disk image that QEMU knows, nor a raw disk with a boot sector",
                       image->shown);
}

static gboolean
hold_files (VqImage *image, GError **error)
{
  for (guint i = 0; i < image->files->len; i++)
    {
      const VqImageGateFile *file = image->files->pdata[i];
      int fd;

      if (!vq_image_hold_take (file->path, &fd, error))
        return FALSE;
      if (fd >= 0)
        g_array_append_val (image->holds, fd);
    }
  return TRUE;
}

VqImage *
vq_image_inspect (const char *path, VqImageUse use, const char *const *allowed, GError **error)
{
  g_autoptr (VqImage) image = g_new0 (VqImage, 1);

  image->holds = g_array_new (FALSE, FALSE, sizeof (int));
  g_array_set_clear_func (image->holds, (GDestroyNotify)vq_fd_clear);
  image->shown = vq_text_printable (path, strlen (path), 512);
  if (*path == '\0')
    {
      vq_error_set (error, VQ_ERROR_USAGE, "the name of the disk image is empty");
      return NULL;
    }
  image->files = use == VQ_IMAGE_LUKS ? vq_image_gate_check_luks (path, error)
                                      : vq_image_gate_check (path, allowed, error);
  if (image->files == NULL || !check_use (image, use, error) || !vq_qemu_img_check (error)
      || !hold_files (image, error))
    return NULL;
  image->size = get_first (image)->virtual_size;
  return g_steal_pointer (&image);
}

guint64
vq_image_get_size (const VqImage *image)
{
  return image->size;
}

gboolean
vq_image_grow (VqImage *image, guint64 size, GError **error)
{
  g_autofree char *wanted = vq_units_size_to_string (size);
  g_autofree char *own = vq_units_size_to_string (image->size);

  if (size > OVERLAY_MAX)
    return vq_error_set (error, VQ_ERROR_USAGE, "a disk can have 1024T at most");
  if (size < image->size)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "%s is less than %s, and the disk of %s cannot become smaller", wanted,
                         own, image->shown);
  image->size = size;
  return TRUE;
}

void
vq_image_free (VqImage *image)
{
  if (image == NULL)
    return;
  g_clear_pointer (&image->files, g_ptr_array_unref);
  g_clear_pointer (&image->holds, g_array_unref);
  g_free (image->shown);
  g_free (image);
}

void
vq_image_note_user (const VqImage *image, const char *path)
{
  for (guint i = 0; i < image->files->len; i++)
    vq_image_hold_note (((VqImageGateFile *)image->files->pdata[i])->path, path);
}

const GPtrArray *
vq_image_get_files (const VqImage *image)
{
  return image->files;
}

gboolean
vq_image_check_saving (const VqImage *image, GError **error)
{
  static const char *const formats[]
      = { "parallels", "qcow", "vdi", "vhdx", "vmdk", "vpc", "vvfat", NULL };

  for (guint i = 0; i < image->files->len; i++)
    {
      const VqImageGateFile *file = image->files->pdata[i];
      g_autofree char *shown = vq_text_printable (file->path, strlen (file->path), 512);

      if (g_strv_contains (formats, file->format))
        return vq_error_set (error, VQ_ERROR_FAILED,
                             "QEMU does not save machines with %s images: make a qcow2 one of %s "
                             "with qemu-img convert -O qcow2",
                             file->format, shown);
    }
  return TRUE;
}

/* qemu-img would overwrite an existing file, and would create a file that others can read. */
static gboolean
create_private_file (const char *path, GError **error)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

  if (fd < 0)
    {
      int errnum = errno;
      g_autofree char *shown = vq_text_printable (path, strlen (path), 512);

      return vq_error_set_errno (error, errnum, "cannot create %s", shown);
    }
  close (fd);
  return TRUE;
}

/* Runs ARGV, which writes to PATH. */
static gboolean
write_with_qemu_img (const char *const *argv, const char *path, gint64 deadline, VqCancel *cancel,
                     GError **error)
{
  if (!create_private_file (path, error))
    return FALSE;
  if (vq_qemu_img_run (argv, NULL, deadline, cancel, error))
    return TRUE;
  g_unlink (path);
  return FALSE;
}

/* Makes the overlay PATH on the file BACKING. qemu-img does not open BACKING. */
static gboolean
create_overlay (const char *backing, const char *format, guint64 bytes, const char *path,
                gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autofree char *overlay = vq_path_make_absolute (path, error);
  g_autofree char *size = g_strdup_printf ("%" G_GUINT64_FORMAT, bytes);
  const char *argv[]
      = { "create", "-q", "-u", "-f", "qcow2", "-F", format, "-b", backing, overlay, size, NULL };

  if (overlay != NULL && write_with_qemu_img (argv, overlay, deadline, cancel, error))
    return TRUE;
  g_prefix_error (error, "cannot create an overlay on %s: ", backing);
  return FALSE;
}

static gboolean
create_empty (guint64 bytes, const char *path, gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autofree char *absolute = vq_path_make_absolute (path, error);
  g_autofree char *size = g_strdup_printf ("%" G_GUINT64_FORMAT, bytes);
  const char *argv[] = { "create", "-q", "-f", "qcow2", absolute, size, NULL };

  if (absolute != NULL && write_with_qemu_img (argv, absolute, deadline, cancel, error))
    return TRUE;
  g_prefix_error (error, "cannot create an empty disk: ");
  return FALSE;
}

gboolean
vq_image_create_qcow2 (const char *below, guint64 size, const char *path, gint64 deadline,
                       VqCancel *cancel, GError **error)
{
  return below != NULL ? create_overlay (below, "qcow2", size, path, deadline, cancel, error)
                       : create_empty (size, path, deadline, cancel, error);
}

gboolean
vq_image_create_overlay (const VqImage *image, const char *overlay_path, gint64 deadline,
                         VqCancel *cancel, GError **error)
{
  const VqImageGateFile *file = get_first (image);

  return create_overlay (file->path, file->format, image->size, overlay_path, deadline, cancel,
                         error);
}

gboolean
vq_image_create_second_overlay (const VqImage *image, const char *disk, const char *overlay_path,
                                gint64 deadline, VqCancel *cancel, GError **error)
{
  return create_overlay (disk, "qcow2", image->size, overlay_path, deadline, cancel, error);
}

/* The first N_FILES of IMAGE for --image-opts. Transfer full. */
static char *
build_options (const VqImage *image, guint n_files)
{
  GString *options = g_string_new (NULL);
  g_autofree char *prefix = g_strdup ("");

  for (guint i = 0; i < n_files; i++)
    {
      const VqImageGateFile *file = image->files->pdata[i];
      g_autofree char *quoted = vq_qemu_value_quote (file->path);
      char *next = g_strconcat (prefix, "backing.", NULL);

      g_string_append_printf (options, "%s%sdriver=%s,%sfile.driver=%s,%sfile.filename=%s",
                              i > 0 ? "," : "", prefix, file->format, prefix, file->protocol,
                              prefix, quoted);
      g_free (prefix);
      prefix = next;
    }
  return g_string_free (options, FALSE);
}

char *
vq_image_build_options (const VqImage *image)
{
  return build_options (image, image->files->len);
}

/* Another opinion means that one program sees a disk where another sees something else. */
static gboolean
check_agreement (const VqImage *image, JsonObject *info, GError **error)
{
  const VqImageGateFile *file = get_first (image);
  const char *format;
  gint64 size;

  if (!vq_json_get_string (info, "format", "", &format, error)
      || !vq_json_get_int (info, "virtual-size", -1, &size, error))
    return FALSE;
  return (strcmp (format, file->format) == 0 && (guint64)size == file->virtual_size)
         || vq_error_set (error, VQ_ERROR_FAILED,
                          "its header says %s and %" G_GUINT64_FORMAT " bytes, but qemu-img "
                          "says %s and %" G_GINT64_FORMAT " bytes: do not use it",
                          file->format, file->virtual_size, format, size);
}

/* "info" opens no backing files. */
gboolean
vq_image_query (const VqImage *image, JsonNode **info, gint64 deadline, VqCancel *cancel,
                GError **error)
{
  VQ_ERROR_PREFIX (error, "%s", image->shown);
  g_autofree char *options = build_options (image, 1);
  g_autofree char *text = NULL;
  g_autoptr (JsonNode) node = NULL;
  const char *argv[] = { "info", "-U", "--output=json", "--image-opts", options, NULL };

  if (!vq_qemu_img_run (argv, &text, deadline, cancel, error))
    return FALSE;
  node = vq_json_parse_object (text, strlen (text), error);
  if (node == NULL || !check_agreement (image, json_node_get_object (node), error))
    return FALSE;
  *info = g_steal_pointer (&node);
  return TRUE;
}

gboolean
vq_image_copy_start (const VqImage *image, gsize size, const char *output_path, gint64 deadline,
                     VqCancel *cancel, GError **error)
{
  g_autofree char *output = vq_path_make_absolute (output_path, error);
  g_autofree char *block = g_strdup_printf ("bs=%" G_GSIZE_FORMAT, size);
  g_autofree char *options = vq_image_build_options (image);
  g_autofree char *from = g_strconcat ("if=", options, NULL);
  g_autofree char *to = output != NULL ? g_strconcat ("of=", output, NULL) : NULL;
  const char *argv[]
      = { "dd", "-U", "--image-opts", "-O", "raw", block, "count=1", from, to, NULL };

  if (output != NULL && write_with_qemu_img (argv, output, deadline, cancel, error))
    return TRUE;
  g_prefix_error (error, "cannot copy the first sectors of %s to %s: ", image->shown, output_path);
  return FALSE;
}

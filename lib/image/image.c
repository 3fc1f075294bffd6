// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/child.h"
#include "base/error.h"
#include "base/path.h"
#include "base/json.h"
#include "base/text.h"

/* An image's header can make qemu-img work or allocate without end. These limits are far above what
 * a good image needs, which is 0.1 s and 200 MB of address space. */
#define QEMU_IMG_CPU_SECONDS 10
#define QEMU_IMG_ADDRESS_SPACE (G_GUINT64_CONSTANT (1) << 30)

/* qemu-img has up to 64 threads. With a malloc arena of 128 MiB of addresses for each, some of them
 * could not start within the limit, and qemu-img would abort. */
#define QEMU_IMG "env", "MALLOC_ARENA_MAX=1", "qemu-img"

#define SECTOR 512

struct _VqImage
{
  char *path;
  char *shown; /* the path made printable, for messages */
  char *format;
  char *backing_file; /* may be NULL */
  gboolean has_more_files;
  guint64 virtual_size;
};

/* Removes the "env" of the command line from the message, and the repeated name of the program. */
static void
tidy_message (GError *error)
{
  static const char *const prefixes[] = { "env: ", "qemu-img: " };
  const char *text = error->message;
  char *tidy;

  for (gsize i = 0; i < G_N_ELEMENTS (prefixes); i++)
    if (g_str_has_prefix (text, prefixes[i]))
      text += strlen (prefixes[i]);
  tidy = g_strconcat ("qemu-img: ", text, NULL);
  g_free (error->message);
  error->message = tidy;
}

/* ARGV begins with QEMU_IMG. Paths in it are always absolute, so that QEMU takes none for an option
 * or for "PROTOCOL:NAME". */
static gboolean
run_qemu_img (const char *const *argv, char **out, gint64 deadline, VqCancel *cancel,
              GError **error)
{
  static const VqChildOptions limits = {
    .stdout_fd = -1,
    .cpu_seconds = QEMU_IMG_CPU_SECONDS,
    .address_space = QEMU_IMG_ADDRESS_SPACE,
  };
  g_autofree char *program = g_find_program_in_path ("qemu-img");
  GError *local = NULL;

  if (program == NULL)
    return vq_error_set (error, VQ_ERROR_FAILED,
                         "cannot find qemu-img: install the package qemu-utils");
  if (vq_child_run (argv, &limits, out, deadline, cancel, &local))
    return TRUE;
  tidy_message (local);
  g_propagate_error (error, local);
  return FALSE;
}

static gboolean
check_type (VqImage *image, const struct stat *st, GError **error)
{
  if (S_ISDIR (st->st_mode))
    return vq_error_set (error, VQ_ERROR_USAGE, "%s is a directory, not a disk image",
                         image->shown);
  if (!S_ISREG (st->st_mode) && !S_ISBLK (st->st_mode))
    return vq_error_set (error, VQ_ERROR_USAGE, "%s is neither a file nor a block device",
                         image->shown);
  if (S_ISREG (st->st_mode) && st->st_size == 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "%s is empty, not a disk image", image->shown);
  return TRUE;
}

/* Opens the image for reading. The file's type is checked first, because just opening some devices
 * does harm. */
static int
open_image (VqImage *image, GError **error)
{
  struct stat st;
  int fd;

  if (stat (image->path, &st) < 0)
    return vq_error_set_errno (error, errno, "cannot open the image %s", image->shown), -1;
  if (!check_type (image, &st, error))
    return -1;
  fd = open (image->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    vq_error_set_errno (error, errno, "cannot read the image %s", image->shown);
  return fd;
}

/* *HAS_BOOT_SECTOR tells whether the file, taken as a raw disk, has a DOS or GPT partition table or
 * other boot code. In all these cases the first sector ends with the same mark. */
static gboolean
look_at_file (VqImage *image, gboolean *has_boot_sector, GError **error)
{
  guint8 sector[SECTOR];
  int fd = open_image (image, error);
  gssize n;

  if (fd < 0)
    return FALSE;
  n = pread (fd, sector, sizeof sector, 0);
  if (n < 0)
    vq_error_set_errno (error, errno, "cannot read the image %s", image->shown);
  *has_boot_sector = n == SECTOR && sector[510] == 0x55 && sector[511] == 0xaa;
  close (fd);
  return n >= 0;
}

/* DATA is the part of qemu-img's answer that is specific to the image's format. */
static gboolean
names_more_files (VqImage *image, JsonObject *data)
{
  JsonNode *extents = json_object_get_member (data, "extents");
  JsonArray *array
      = extents != NULL && JSON_NODE_HOLDS_ARRAY (extents) ? json_node_get_array (extents) : NULL;

  if (json_object_has_member (data, "data-file"))
    return TRUE;
  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonNode *extent = json_array_get_element (array, i);
      const char *name = NULL;

      if (!JSON_NODE_HOLDS_OBJECT (extent)
          || !vq_json_get_string (json_node_get_object (extent), "filename", NULL, &name, NULL)
          || g_strcmp0 (name, image->path) != 0)
        return TRUE;
    }
  return FALSE;
}

static gboolean
read_specific (VqImage *image, JsonObject *info, GError **error)
{
  JsonObject *specific, *data = NULL;

  if (!vq_json_get_object (info, "format-specific", &specific, error)
      || (specific != NULL && !vq_json_get_object (specific, "data", &data, error)))
    return FALSE;
  image->has_more_files = data != NULL && names_more_files (image, data);
  return TRUE;
}

static gboolean
read_info (VqImage *image, JsonObject *info, GError **error)
{
  const char *format, *backing_file;
  gint64 size;

  if (!vq_json_get_string (info, "format", NULL, &format, error)
      || !vq_json_get_string (info, "backing-filename", NULL, &backing_file, error)
      || !vq_json_get_int (info, "virtual-size", 0, &size, error)
      || !read_specific (image, info, error))
    return FALSE;
  if (format == NULL)
    return vq_error_set (error, VQ_ERROR_PEER, "no format in its answer");
  if (size <= 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "the disk has no size");
  image->format = g_strdup (format);
  image->backing_file = g_strdup (backing_file);
  image->virtual_size = size;
  return TRUE;
}

static gboolean
ask_qemu_img (VqImage *image, gint64 deadline, VqCancel *cancel, GError **error)
{
  const char *argv[] = { QEMU_IMG, "info", "--output=json", "--force-share", image->path, NULL };
  g_autofree char *out = NULL;
  g_autoptr (JsonNode) info = NULL;

  if (!run_qemu_img (argv, &out, deadline, cancel, error))
    return FALSE;
  info = vq_json_parse_object (out, strlen (out), error);
  return info != NULL && read_info (image, json_node_get_object (info), error);
}

static gboolean
inspect (VqImage *image, VqImageUse use, gint64 deadline, VqCancel *cancel, GError **error)
{
  gboolean has_boot_sector;

  if (!look_at_file (image, &has_boot_sector, error))
    return FALSE;
  if (!ask_qemu_img (image, deadline, cancel, error))
    {
      g_prefix_error (error, "cannot use the image %s: ", image->shown);
      return FALSE;
    }
  /* qemu-img takes any file that it does not recognise for a raw disk. */
  if (use == VQ_IMAGE_BOOT && g_str_equal (image->format, "raw") && !has_boot_sector)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "%s is not a disk image that QEMU knows, nor a raw disk with a boot "
                         "sector",
                         image->shown);
  return TRUE;
}

VqImage *
vq_image_inspect (const char *path, VqImageUse use, gint64 deadline, VqCancel *cancel,
                  GError **error)
{
  g_autoptr (VqImage) image = g_new0 (VqImage, 1);

  image->shown = vq_text_printable (path, strlen (path), 512);
  if (*path == '\0')
    {
      vq_error_set (error, VQ_ERROR_USAGE, "the name of the disk image is empty");
      return NULL;
    }
  image->path = vq_path_make_absolute (path, error);
  if (image->path == NULL || !inspect (image, use, deadline, cancel, error))
    return NULL;
  return g_steal_pointer (&image);
}

void
vq_image_free (VqImage *image)
{
  if (image == NULL)
    return;
  g_free (image->path);
  g_free (image->shown);
  g_free (image->format);
  g_free (image->backing_file);
  g_free (image);
}

const char *
vq_image_get_path (const VqImage *image)
{
  return image->path;
}

const char *
vq_image_get_format (const VqImage *image)
{
  return image->format;
}

guint64
vq_image_get_virtual_size (const VqImage *image)
{
  return image->virtual_size;
}

const char *
vq_image_get_backing_file (const VqImage *image)
{
  return image->backing_file;
}

gboolean
vq_image_has_more_files (const VqImage *image)
{
  return image->has_more_files;
}

gboolean
vq_image_check_saving (const VqImage *image, GError **error)
{
  static const char *const formats[]
      = { "parallels", "qcow", "vdi", "vhdx", "vmdk", "vpc", "vvfat", NULL };

  if (!g_strv_contains (formats, image->format))
    return TRUE;
  return vq_error_set (error, VQ_ERROR_FAILED,
                       "QEMU does not save machines with %s images: make a qcow2 one of %s with "
                       "qemu-img convert -O qcow2",
                       image->format, image->shown);
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
  if (run_qemu_img (argv, NULL, deadline, cancel, error))
    return TRUE;
  g_unlink (path);
  return FALSE;
}

gboolean
vq_image_create_overlay (const VqImage *image, const char *overlay_path, gint64 deadline,
                         VqCancel *cancel, GError **error)
{
  g_autofree char *overlay = vq_path_make_absolute (overlay_path, error);
  const char *argv[] = { QEMU_IMG,      "create", "-q",        "-f",    "qcow2", "-F",
                         image->format, "-b",     image->path, overlay, NULL };

  if (overlay != NULL && write_with_qemu_img (argv, overlay, deadline, cancel, error))
    return TRUE;
  g_prefix_error (error, "cannot create an overlay on %s: ", image->shown);
  return FALSE;
}

gboolean
vq_image_create_second_overlay (const VqImage *image, const char *disk, const char *overlay_path,
                                gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autofree char *overlay = vq_path_make_absolute (overlay_path, error);
  g_autofree char *size = g_strdup_printf ("%" G_GUINT64_FORMAT, image->virtual_size);
  const char *argv[] = { QEMU_IMG, "create", "-q", "-u",    "-f", "qcow2", "-F",
                         "qcow2",  "-b",     disk, overlay, size, NULL };

  if (overlay != NULL && write_with_qemu_img (argv, overlay, deadline, cancel, error))
    return TRUE;
  g_prefix_error (error, "cannot create an overlay on %s: ", disk);
  return FALSE;
}

gboolean
vq_image_copy_start (const VqImage *image, gsize size, const char *output_path, gint64 deadline,
                     VqCancel *cancel, GError **error)
{
  g_autofree char *output = vq_path_make_absolute (output_path, error);
  g_autofree char *block = g_strdup_printf ("bs=%" G_GSIZE_FORMAT, size);
  g_autofree char *from = g_strconcat ("if=", image->path, NULL);
  g_autofree char *to = output != NULL ? g_strconcat ("of=", output, NULL) : NULL;
  const char *argv[] = { QEMU_IMG, "dd",      "-U", "-f", image->format, "-O", "raw",
                         block,    "count=1", from, to,   NULL };

  if (output != NULL && write_with_qemu_img (argv, output, deadline, cancel, error))
    return TRUE;
  g_prefix_error (error, "cannot copy the first sectors of %s to %s: ", image->shown, output_path);
  return FALSE;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "io/child.h"
#include "base/error.h"
#include "base/path.h"
#include "base/qemu-value.h"
#include "base/text.h"

/* An image's header can make qemu-img work or allocate without end. These limits are far above what
 * a good image needs, which is 0.1 s and 200 MB of address space. */
#define QEMU_IMG_CPU_SECONDS 10
#define QEMU_IMG_ADDRESS_SPACE (G_GUINT64_CONSTANT (1) << 30)

/* qemu-img has up to 64 threads. With a malloc arena of 128 MiB of addresses for each, some of them
 * could not start within the limit, and qemu-img would abort. */
#define QEMU_IMG "env", "MALLOC_ARENA_MAX=1", "qemu-img"

struct _VqImage
{
  GPtrArray *files; /* VqImageGateFile */
  char *shown;      /* the user's path made printable, for messages */
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

static gboolean
check_program (GError **error)
{
  g_autofree char *program = g_find_program_in_path ("qemu-img");

  return program != NULL
         || vq_error_set (error, VQ_ERROR_FAILED,
                          "cannot find qemu-img: install the package qemu-utils");
}

/* ARGV begins with QEMU_IMG. Paths in it are always absolute, so that QEMU takes none for an option
 * or for "PROTOCOL:NAME". */
static gboolean
run_qemu_img (const char *const *argv, gint64 deadline, VqCancel *cancel, GError **error)
{
  static const VqChildOptions limits = {
    .stdout_fd = -1,
    .cpu_seconds = QEMU_IMG_CPU_SECONDS,
    .address_space = QEMU_IMG_ADDRESS_SPACE,
  };
  GError *local = NULL;

  if (!check_program (error))
    return FALSE;
  if (vq_child_run (argv, &limits, NULL, deadline, cancel, &local))
    return TRUE;
  tidy_message (local);
  g_propagate_error (error, local);
  return FALSE;
}

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

VqImage *
vq_image_inspect (const char *path, VqImageUse use, const char *const *allowed, GError **error)
{
  g_autoptr (VqImage) image = g_new0 (VqImage, 1);

  image->shown = vq_text_printable (path, strlen (path), 512);
  if (*path == '\0')
    {
      vq_error_set (error, VQ_ERROR_USAGE, "the name of the disk image is empty");
      return NULL;
    }
  image->files = vq_image_gate_check (path, allowed, error);
  if (image->files == NULL || !check_use (image, use, error) || !check_program (error))
    return NULL;
  return g_steal_pointer (&image);
}

void
vq_image_free (VqImage *image)
{
  if (image == NULL)
    return;
  g_clear_pointer (&image->files, g_ptr_array_unref);
  g_free (image->shown);
  g_free (image);
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
  if (run_qemu_img (argv, deadline, cancel, error))
    return TRUE;
  g_unlink (path);
  return FALSE;
}

/* Makes the overlay PATH on the file BACKING, which has the size of IMAGE. qemu-img does not open
 * BACKING. */
static gboolean
create_overlay (const VqImage *image, const char *backing, const char *format, const char *path,
                gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autofree char *overlay = vq_path_make_absolute (path, error);
  g_autofree char *size = g_strdup_printf ("%" G_GUINT64_FORMAT, get_first (image)->virtual_size);
  const char *argv[] = { QEMU_IMG, "create", "-q",    "-u",    "-f", "qcow2", "-F",
                         format,   "-b",     backing, overlay, size, NULL };

  if (overlay != NULL && write_with_qemu_img (argv, overlay, deadline, cancel, error))
    return TRUE;
  g_prefix_error (error, "cannot create an overlay on %s: ", backing);
  return FALSE;
}

gboolean
vq_image_create_overlay (const VqImage *image, const char *overlay_path, gint64 deadline,
                         VqCancel *cancel, GError **error)
{
  const VqImageGateFile *file = get_first (image);

  return create_overlay (image, file->path, file->format, overlay_path, deadline, cancel, error);
}

gboolean
vq_image_create_second_overlay (const VqImage *image, const char *disk, const char *overlay_path,
                                gint64 deadline, VqCancel *cancel, GError **error)
{
  return create_overlay (image, disk, "qcow2", overlay_path, deadline, cancel, error);
}

/* The whole chain of IMAGE for --image-opts. Transfer full. */
static char *
build_options (const VqImage *image)
{
  GString *options = g_string_new (NULL);
  g_autofree char *prefix = g_strdup ("");

  for (guint i = 0; i < image->files->len; i++)
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

gboolean
vq_image_copy_start (const VqImage *image, gsize size, const char *output_path, gint64 deadline,
                     VqCancel *cancel, GError **error)
{
  g_autofree char *output = vq_path_make_absolute (output_path, error);
  g_autofree char *block = g_strdup_printf ("bs=%" G_GSIZE_FORMAT, size);
  g_autofree char *options = build_options (image);
  g_autofree char *from = g_strconcat ("if=", options, NULL);
  g_autofree char *to = output != NULL ? g_strconcat ("of=", output, NULL) : NULL;
  const char *argv[]
      = { QEMU_IMG, "dd", "-U", "--image-opts", "-O", "raw", block, "count=1", from, to, NULL };

  if (output != NULL && write_with_qemu_img (argv, output, deadline, cancel, error))
    return TRUE;
  g_prefix_error (error, "cannot copy the first sectors of %s to %s: ", image->shown, output_path);
  return FALSE;
}

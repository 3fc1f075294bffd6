// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image-convert.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "image/qemu-img.h"
#include "io/part-file.h"

#define CHECK_SECONDS 600

/* What O_DIRECT needs at most. */
#define ALIGNED 4096

/* One conversion. */
typedef struct
{
  const VqImage *image;
  const VqImageConvertOptions *options;
  VqCancel *cancel;
  char *target; /* absolute */
  VqPartFile *part;
} Convert;

static void
clear (Convert *self)
{
  vq_part_file_free (self->part);
  g_free (self->target);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Convert, clear)

static gboolean
check_target (const Convert *self, GError **error)
{
  static const char *const formats[]
      = { "qcow2", "qed", "raw", "vdi", "vhdx", "vmdk", "vpc", NULL };
  const GPtrArray *files = vq_image_get_files (self->image);
  struct stat target, source;

  if (!g_strv_contains (formats, self->options->format))
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "cannot write the format \"%s\": it must be qcow2, qed, raw, vdi, vhdx, "
                         "vmdk or vpc",
                         self->options->format);
  if (stat (self->target, &target) != 0)
    return TRUE;
  for (guint i = 0; i < files->len; i++)
    if (stat (((VqImageGateFile *)files->pdata[i])->path, &source) == 0
        && source.st_ino == target.st_ino && source.st_dev == target.st_dev)
      return vq_error_set (error, VQ_ERROR_USAGE, "%s is a file of the image itself", self->target);
  if (!S_ISREG (target.st_mode))
    return vq_error_set (error, VQ_ERROR_USAGE, "%s is no plain file", self->target);
  return self->options->replace
         || vq_error_set (error, VQ_ERROR_EXISTS, "%s exists already: --replace replaces it",
                          self->target);
}

/* Whether the file system can write past the host's cache: some say that they can, and then
 * cannot. */
static gboolean
can_write_directly (const Convert *self)
{
  vq_autofd int fd = open (vq_part_file_get_path (self->part), O_WRONLY | O_DIRECT | O_CLOEXEC);
  void *block;
  gboolean can;

  if (fd < 0 || posix_memalign (&block, ALIGNED, ALIGNED) != 0)
    return FALSE;
  memset (block, 0, ALIGNED);
  can = pwrite (fd, block, ALIGNED, 0) == ALIGNED;
  free (block);
  return can && ftruncate (vq_part_file_get_fd (self->part), 0) == 0;
}

static gboolean
copy (const Convert *self, GError **error)
{
  const VqImageConvertOptions *options = self->options;
  g_autofree char *source = vq_image_build_options (self->image);
  g_autofree char *sparse = g_strdup_printf ("%" G_GUINT64_FORMAT, options->sparse);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  const char *const words[]
      = { "convert", "--image-opts",  "-t", can_write_directly (self) ? "none" : "writeback",
          "-O",      options->format, NULL };

  for (const char *const *word = words; *word != NULL; word++)
    g_ptr_array_add (argv, (gpointer)*word);
  if (options->progress_fd >= 0)
    g_ptr_array_add (argv, (gpointer) "-p");
  if (options->compress)
    g_ptr_array_add (argv, (gpointer) "-c");
  if (options->compress && strcmp (options->format, "qcow2") == 0)
    {
      g_ptr_array_add (argv, (gpointer) "-o");
      g_ptr_array_add (argv, (gpointer) "compression_type=zstd");
    }
  if (options->sparse != 0)
    {
      g_ptr_array_add (argv, (gpointer) "-S");
      g_ptr_array_add (argv, sparse);
    }
  g_ptr_array_add (argv, source);
  g_ptr_array_add (argv, (gpointer)vq_part_file_get_path (self->part));
  g_ptr_array_add (argv, NULL);
  return vq_qemu_img_work ((const char *const *)argv->pdata, options->progress_fd, -1, self->cancel,
                           error);
}

/* qemu-img can check the formats that have tables of their own. */
static gboolean
check_tables (const Convert *self, GError **error)
{
  static const char *const formats[] = { "qcow2", "qed", "vdi", "vhdx", "vmdk", NULL };
  const char *const argv[]
      = { "check", "-q", "-f", self->options->format, vq_part_file_get_path (self->part), NULL };

  return !g_strv_contains (formats, self->options->format)
         || vq_qemu_img_run (argv, NULL, vq_deadline_in (CHECK_SECONDS), self->cancel, error);
}

static guint64
get_size (const VqImage *image)
{
  return ((VqImageGateFile *)vq_image_get_files (image)->pdata[0])->virtual_size;
}

/* Some formats round the size of a disk up. */
static gboolean
verify (const Convert *self, GError **error)
{
  g_autoptr (VqImage) made = vq_image_inspect (vq_part_file_get_path (self->part), VQ_IMAGE_DATA,
                                               (const char *const[]){ NULL }, error);
  g_autoptr (JsonNode) said = NULL;

  if (made == NULL
      || !vq_image_query (made, &said, vq_deadline_in (CHECK_SECONDS), self->cancel, error)
      || !check_tables (self, error))
    return FALSE;
  return get_size (made) >= get_size (self->image)
         || vq_error_set (error, VQ_ERROR_FAILED, "it is smaller than the image");
}

/* What is wrong with it is not wrong with the command line. */
static gboolean
check_copy (const Convert *self, GError **error)
{
  g_autoptr (GError) why = NULL;

  if (verify (self, &why))
    return TRUE;
  return vq_error_set (error, why->code == VQ_ERROR_USAGE ? VQ_ERROR_FAILED : why->code,
                       "the copy is not good: %s", why->message);
}

gboolean
vq_image_convert (const VqImage *image, const char *path, const VqImageConvertOptions *options,
                  VqCancel *cancel, GError **error)
{
  VQ_ERROR_PREFIX (error, "cannot make %s", path);
  g_auto (Convert) self = { .image = image, .options = options, .cancel = cancel };

  self.target = vq_path_make_absolute (path, error);
  if (self.target == NULL || !check_target (&self, error))
    return FALSE;
  self.part = vq_part_file_new (self.target, error);
  return self.part != NULL && copy (&self, error) && check_copy (&self, error)
         && vq_part_file_commit (self.part, NULL, options->replace, error);
}

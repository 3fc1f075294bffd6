// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image-gate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"

/* A longer chain is a mistake or an attack. */
#define CHAIN_MAX 64

#define CONVERT "make one image of it with qemu-img convert -O qcow2, if you trust it"

/* The state of a check, which goes from an image down its chain of backing files. */
typedef struct
{
  GPtrArray *files;       /* of VqImageGateFile: the files that have been checked */
  GPtrArray *directories; /* of char: real paths in which backing files may be; the first is the
                           * image's own */
  gboolean luks;          /* it must be a LUKS1 volume */
} Walk;

static void
file_free (VqImageGateFile *file)
{
  g_free (file->path);
  g_free (file);
}

static char *
show (const char *name)
{
  return vq_text_printable (name, strlen (name), 512);
}

/* PATH with all symbolic links followed; NULL and errno if there is no such file. Transfer full. */
static char *
get_real_path (const char *path)
{
  char *real = realpath (path, NULL);
  char *copy = g_strdup (real);

  free (real); /* GLib may use another allocator */
  return copy;
}

/* "debain/13" is taken for a file. */
#define NO_SYSTEM ", nor a system of that name (virt-qemu image list-os)"

static gboolean
add_directory (Walk *walk, const char *path, const char *option, GError **error)
{
  char *real = get_real_path (path);
  int errnum = errno;
  g_autofree char *shown = show (path);

  if (real == NULL)
    return vq_error_set_errno (error, errnum, "cannot find the directory %s%s%s", option, shown,
                               option[0] == '\0' ? NO_SYSTEM : "");
  g_ptr_array_add (walk->directories, real);
  return TRUE;
}

/* Adds the image's own directory and ALLOWED. If PATH is a symbolic link, both the link's directory
 * and the file's directory count as its own. */
static gboolean
add_directories (Walk *walk, const char *path, const char *const *allowed, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *real = get_real_path (path);
  g_autofree char *real_directory = real != NULL ? g_path_get_dirname (real) : NULL;

  if (!add_directory (walk, directory, "", error)
      || (real != NULL && !add_directory (walk, real_directory, "", error)))
    return FALSE;
  for (; allowed != NULL && *allowed != NULL; allowed++)
    if (!add_directory (walk, *allowed, "--allow-backing=", error))
      return FALSE;
  return TRUE;
}

static gboolean
is_below (const char *path, const char *directory)
{
  gsize n = strlen (directory);

  return strncmp (path, directory, n) == 0 && (path[n] == '/' || directory[n - 1] == '/');
}

static gboolean
is_allowed (const Walk *walk, const char *path)
{
  for (guint i = 0; i < walk->directories->len; i++)
    if (is_below (path, walk->directories->pdata[i]))
      return TRUE;
  return FALSE;
}

static gboolean
is_known (const Walk *walk, const char *path)
{
  for (guint i = 0; i < walk->files->len; i++)
    if (g_str_equal (path, ((VqImageGateFile *)walk->files->pdata[i])->path))
      return TRUE;
  return FALSE;
}

static gboolean
check_type (const struct stat *st, GError **error)
{
  if (S_ISDIR (st->st_mode))
    return vq_error_set (error, VQ_ERROR_USAGE, "it is a directory, not a disk image");
  if (!S_ISREG (st->st_mode) && !S_ISBLK (st->st_mode))
    return vq_error_set (error, VQ_ERROR_USAGE, "it is neither a file nor a block device");
  if (S_ISREG (st->st_mode) && st->st_size == 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "it is empty, not a disk image");
  return TRUE;
}

/* Opens FILE, of which only the path is known. Its type is checked first, because just opening some
 * devices does harm, and then again, because the file may have been replaced. */
static int
open_file (VqImageGateFile *file, GError **error)
{
  vq_autofd int fd = -1;
  struct stat st;

  if (lstat (file->path, &st) < 0)
    return vq_error_set_errno (error, errno, "cannot look at it"), -1;
  if (!check_type (&st, error))
    return -1;
  fd = open (file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
  if (fd < 0)
    vq_error_set_errno (error, errno, "cannot read it");
  else if (fstat (fd, &st) < 0)
    vq_error_set_errno (error, errno, "cannot look at it");
  else if (check_type (&st, error))
    {
      file->protocol = S_ISBLK (st.st_mode) ? "host_device" : "file";
      return g_steal_fd (&fd);
    }
  return -1;
}

/* A VqImageReadFunc; DATA is the descriptor. */
static gboolean
read_file (gpointer data, guint64 offset, guint8 *buf, gsize n, GError **error)
{
  while (n > 0)
    {
      gssize got = pread (GPOINTER_TO_INT (data), buf, n, offset);

      if (got < 0 && errno == EINTR)
        continue;
      if (got < 0)
        return vq_error_set_errno (error, errno, "cannot read it");
      if (got == 0)
        return vq_error_set (error, VQ_ERROR_USAGE, "it became shorter while it was read");
      buf += got;
      offset += got;
      n -= got;
    }
  return TRUE;
}

/* Reads the header of FILE. FORMAT is the recorded format, or NULL. */
static VqImageHeader *
read_header (VqImageGateFile *file, const char *format, GError **error)
{
  vq_autofd int fd = open_file (file, error);
  VqImageSource source = { .read = read_file, .data = GINT_TO_POINTER (fd) };
  off_t size;

  if (fd < 0)
    return NULL;
  size = lseek (fd, 0, SEEK_END); /* of a block device, too */
  if (size < 0)
    return vq_error_set_errno (error, errno, "cannot find out its size"), NULL;
  source.size = size;
  return vq_image_header_read (&source, format, error);
}

static gboolean
check_header (const VqImageHeader *header, gboolean luks, GError **error)
{
  if (header->data_file != NULL)
    {
      g_autofree char *shown = show (header->data_file);

      return vq_error_set (
          error, VQ_ERROR_USAGE,
          "it has its contents in another file%s%s, and no option allows that: " CONVERT,
          *shown != '\0' ? ", " : "", shown);
    }
  if (header->is_encrypted && !luks && g_str_equal (header->format, "luks"))
    return vq_error_set (
        error, VQ_ERROR_USAGE,
        "it is encrypted with LUKS1, so its key is needed: for a disk that is "
        "attached, add action=attach,encrypt=luks1,secret=FILE; for a clone of it, "
        "add parent-encrypt=luks1,parent-secret=FILE");
  if (header->is_encrypted && !(luks && g_str_equal (header->format, "luks")))
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "it is encrypted, and no option gives the key: " CONVERT);
  if (luks && !header->is_encrypted)
    return vq_error_set (error, VQ_ERROR_USAGE, "it is not encrypted with LUKS1");
  if (header->virtual_size == 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "the disk has no size");
  return TRUE;
}

/* Checks the file at the real path PATH, which is taken over. FORMAT is the recorded format, or
 * NULL. */
static VqImageHeader *
check_file (Walk *walk, char *path, const char *format, GError **error)
{
  VqImageGateFile *file = g_new0 (VqImageGateFile, 1);
  g_autoptr (VqImageHeader) header = NULL;

  file->path = path;
  g_ptr_array_add (walk->files, file);
  header = read_header (file, format, error);
  if (header == NULL || !check_header (header, walk->luks, error))
    return NULL;
  file->format = header->format;
  file->virtual_size = header->virtual_size;
  file->contents = header->contents;
  return g_steal_pointer (&header);
}

/* As QEMU has it: what has a colon before any slash is no path. "file:/PATH" is one, though. */
static const char *
get_path_in_name (const char *name)
{
  if (g_str_has_prefix (name, "file:/"))
    name += strlen ("file:");
  return name[strcspn (name, ":/")] != ':' ? name : NULL;
}

/* The path of the backing file that the image at PATH names as NAME, or NULL if NAME is not a path.
 * A relative NAME starts from the directory in PATH, even if PATH is a symbolic link. Transfer
 * full. */
static char *
find_backing (const char *path, const char *name, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);

  name = get_path_in_name (name);
  if (name == NULL)
    {
      vq_error_set (error, VQ_ERROR_USAGE,
                    "which is not a path, and no option allows that: " CONVERT);
      return NULL;
    }
  return name[0] == '/' ? g_strdup (name) : g_build_filename (directory, name, NULL);
}

/* Whether the real path PATH may be the next file. */
static gboolean
check_place (const Walk *walk, const char *path, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *shown = show (directory);
  g_autofree char *own = show (walk->directories->pdata[0]);

  if (!is_allowed (walk, path))
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "which is in %s and not in the image's directory %s: --allow-backing=%s "
                         "allows that, if you trust the image",
                         shown, own, shown);
  if (is_known (walk, path))
    return vq_error_set (error, VQ_ERROR_USAGE, "so that the backing files go in a circle");
  if (walk->files->len > CHAIN_MAX)
    return vq_error_set (error, VQ_ERROR_USAGE, "which is one too many: %d can be used", CHAIN_MAX);
  return TRUE;
}

/* Goes to the backing file NAME of the image at *PATH: replaces *PATH by its path, and returns its
 * real path. Transfer full. */
static char *
step_down (const Walk *walk, char **path, const char *name, GError **error)
{
  g_autofree char *next = find_backing (*path, name, error);
  g_autofree char *real = next != NULL ? get_real_path (next) : NULL;

  if (next != NULL && real == NULL)
    vq_error_set_errno (error, errno, "which cannot be found");
  if (real == NULL || !check_place (walk, real, error))
    {
      g_autofree char *shown = show (name);

      g_prefix_error (error, "it has the backing file %s, ", shown);
      return NULL;
    }
  g_free (*path);
  *path = g_steal_pointer (&next);
  return g_steal_pointer (&real);
}

/* Says in ERROR that it is about the file PATH, which IMAGE needs. */
static void
prefix_file (GError **error, const char *path, const char *image)
{
  g_autofree char *shown = show (path);
  g_autofree char *shown_image = show (image);

  if (g_str_equal (path, image))
    g_prefix_error (error, "cannot use the image %s: ", shown);
  else
    g_prefix_error (error, "cannot use the image %s with its backing file %s: ", shown_image,
                    shown);
}

static gboolean
walk_down (Walk *walk, const char *image, GError **error)
{
  g_autofree char *path = g_strdup (image); /* as QEMU uses it, with symbolic links kept */
  g_autofree char *format = NULL;
  char *real = get_real_path (path);

  if (real == NULL)
    vq_error_set_errno (error, errno, "cannot find it");
  while (real != NULL)
    {
      g_autoptr (VqImageHeader) header = check_file (walk, real, format, error);

      if (header == NULL)
        break;
      if (header->backing_file == NULL)
        return TRUE;
      real = step_down (walk, &path, header->backing_file, error);
      g_free (format);
      format = g_steal_pointer (&header->backing_format);
    }
  prefix_file (error, path, image);
  return FALSE;
}

static GPtrArray *
check (const char *path, gboolean luks, const char *const *allowed, GError **error)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func ((GDestroyNotify)file_free);
  g_autoptr (GPtrArray) directories = g_ptr_array_new_with_free_func (g_free);
  Walk walk = { files, directories, luks };

  if (!add_directories (&walk, path, allowed, error) || !walk_down (&walk, path, error))
    return NULL;
  return g_steal_pointer (&files);
}

GPtrArray *
vq_image_gate_check (const char *path, const char *const *allowed, GError **error)
{
  return check (path, FALSE, allowed, error);
}

GPtrArray *
vq_image_gate_check_luks (const char *path, GError **error)
{
  return check (path, TRUE, NULL, error);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "disk/disk-luks.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/qemu-value.h"
#include "image/qemu-img.h"

/* The key is as strong as it is: many rounds of PBKDF2, of which QEMU would otherwise do some
 * seconds' worth, only help against guessing one that a person has thought of. */
#define ITER_TIME "10"

/* QEMU 7.2 measures how many rounds these are. On a fast host, the first ones may be over before a
 * kernel that counts CPU time by the ticks of its clock has seen them, and then it says this and
 * gives up. That is chance, so it is asked again. */
#define NOT_MEASURED "Unable to get accurate CPU usage"
#define ATTEMPTS 100

/* Somebody may have asked for many rounds, and there may be eight keys. */
#define CHECK_SECONDS 120

/* What QEMU's driver for Ceph says. */
#define WRONG_KEY "encryption load fail: Operation not permitted"
#define NO_VOLUME "encryption load fail: Invalid argument"

#define FORMAT "encrypt.format=luks,encrypt.key-secret=key"
#define CREATE_OPTIONS FORMAT ",encrypt.iter-time=" ITER_TIME

/* The value of --object for the descriptor FD. Transfer full. */
static char *
build_object (int fd)
{
  return g_strdup_printf ("secret,id=key,file=/dev/fd/%d", fd);
}

/* qemu-img would overwrite an existing file, and would create a file that others can read. */
static gboolean
make_private (const char *path, GError **error)
{
  vq_autofd int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

  return fd >= 0 || vq_error_set_errno (error, errno, "cannot create %s", path);
}

static gboolean
create (const char *path, guint64 size, int fd, const char *below, const char *format,
        gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autofree char *object = build_object (fd);
  g_autofree char *bytes = g_strdup_printf ("%" G_GUINT64_FORMAT, size);
  const char *const plain[] = { "create", "-q",           "-f", "qcow2", "--object", object,
                                "-o",     CREATE_OPTIONS, path, bytes,   NULL };
  const char *const overlay[]
      = { "create",       "-q", "-u",   "-f", "qcow2", "--object", object, "-o",
          CREATE_OPTIONS, "-F", format, "-b", below,   path,       bytes,  NULL };

  return vq_qemu_img_run_with (below != NULL ? overlay : plain, fd, deadline, cancel, error);
}

/* The file is made anew each time, because qemu-img may remove it when it fails. */
static gboolean
create_private (const char *path, guint64 size, int fd, const char *below, const char *format,
                gint64 deadline, VqCancel *cancel, GError **error)
{
  if (!make_private (path, error))
    return FALSE;
  if (create (path, size, fd, below, format, deadline, cancel, error))
    return TRUE;
  unlink (path);
  return FALSE;
}

gboolean
vq_disk_luks_create (const char *path, guint64 size, const VqDiskSecret *secret, const char *below,
                     const char *format, gint64 deadline, VqCancel *cancel, GError **error)
{
  VQ_ERROR_PREFIX (error, "cannot make an encrypted disk");
  vq_autofd int fd = vq_disk_secret_open (secret, error);
  g_autoptr (GError) why = NULL;

  if (fd < 0)
    return FALSE;
  for (int attempt = 1; attempt <= ATTEMPTS; attempt++)
    {
      g_clear_error (&why);
      if (create_private (path, size, fd, below, format, deadline, cancel, &why))
        return TRUE;
      if (strstr (why->message, NOT_MEASURED) == NULL)
        break;
    }
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

/* Reading a sector takes the key; qemu-img info does without. */
static gboolean
read_start (const char *options, const VqDiskSecret *secret, gint64 deadline, VqCancel *cancel,
            GError **error)
{
  vq_autofd int fd = vq_disk_secret_open (secret, error);
  g_autofree char *object = build_object (fd);
  const char *const argv[]
      = { "map",          "--output=json", "-U", "--object", object, "--max-length=512",
          "--image-opts", options,         NULL };

  return fd >= 0 && vq_qemu_img_run_with (argv, fd, deadline, cancel, error);
}

gboolean
vq_disk_luks_check_key (const VqImage *image, const VqDiskSecret *secret, const char *key,
                        VqCancel *cancel, GError **error)
{
  const VqImageGateFile *file = vq_image_get_files (image)->pdata[0];
  g_autofree char *quoted = vq_qemu_value_quote (file->path);
  g_autofree char *options = g_strdup_printf ("driver=luks,key-secret=key,file.driver=%s,"
                                              "file.filename=%s",
                                              file->protocol, quoted);
  g_autoptr (GError) why = NULL;

  if (read_start (options, secret, vq_deadline_in (CHECK_SECONDS), cancel, &why))
    return TRUE;
  if (strstr (why->message, "Invalid password") != NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "%s is not the key of %s", key, file->path);
  g_propagate_prefixed_error (error, g_steal_pointer (&why), "cannot open %s: ", file->path);
  return FALSE;
}

static void
add_option (GString *options, const char *name, const char *value)
{
  g_autofree char *quoted = value != NULL ? vq_qemu_value_quote (value) : NULL;

  if (value != NULL)
    g_string_append_printf (options, ",%s=%s", name, quoted);
}

gboolean
vq_disk_luks_check_key_in_ceph (const VqRbdName *name, const char *format,
                                const VqDiskSecret *secret, const char *key, VqCancel *cancel,
                                GError **error)
{
  g_autoptr (GString) options = g_string_new ("driver=rbd,encrypt.key-secret=key");
  g_autofree char *spec = vq_rbd_name_get_spec (name);
  g_autoptr (GError) why = NULL;

  add_option (options, "encrypt.format", format);
  add_option (options, "pool", name->pool);
  add_option (options, "image", name->image);
  add_option (options, "user", name->id);
  add_option (options, "conf", name->conf);
  if (read_start (options->str, secret, vq_deadline_in (CHECK_SECONDS), cancel, &why))
    return TRUE;
  if (strstr (why->message, WRONG_KEY) != NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "%s is not the key of %s", key, spec);
  if (strstr (why->message, NO_VOLUME) != NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "%s is not encrypted with %s", spec,
                         strcmp (format, "luks") == 0 ? "luks1" : format);
  g_propagate_prefixed_error (error, g_steal_pointer (&why), "cannot open %s: ", spec);
  return FALSE;
}

gboolean
vq_disk_luks_fill (const char *path, const VqDiskSecret *secret, const VqImage *image,
                   VqCancel *cancel, GError **error)
{
  VQ_ERROR_PREFIX (error, "cannot copy the image to an encrypted disk");
  vq_autofd int fd = vq_disk_secret_open (secret, error);
  g_autofree char *object = build_object (fd);
  g_autofree char *from = vq_image_build_options (image);
  g_autofree char *quoted = vq_qemu_value_quote (path);
  g_autofree char *to
      = g_strdup_printf ("driver=qcow2," FORMAT ",file.driver=file,file.filename=%s", quoted);
  const char *const argv[] = {
    "convert", "-n", "--object", object, "--image-opts", "--target-image-opts", from, to, NULL
  };

  return fd >= 0 && vq_qemu_img_work (argv, -1, fd, cancel, error);
}

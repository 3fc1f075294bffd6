// SPDX-License-Identifier: GPL-2.0-or-later
#include "shared-dir.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "guest-script.h"
#include "qemu-value.h"

/* $1 is the mount tag, $2 the mount point, $3 ro or rw. With access=user a file that a user of the
 * guest makes gets that user's number, not the one who mounted it. */
static const char mount_script[]
    = "[ -d /sys/module/9pnet_virtio ] || modprobe -q 9pnet_virtio 2>/dev/null || :\n"
      "grep -qw 9p /proc/filesystems || modprobe -q 9p 2>/dev/null || :\n"
      "if ! grep -qw 9p /proc/filesystems; then\n"
      "  echo \"the kernel of the guest, $(uname -r), has no 9p file system (Debian's cloud kernels"
      " have none): use another kernel, or leave the option out\" >&2\n"
      "  exit 1\n"
      "fi\n"
      "mkdir -p -- \"$2\"\n"
      "mount -t 9p -o \"$3,trans=virtio,version=9p2000.L,access=user,msize=512000\" \"$1\" "
      "\"$2\"\n";

static char *
build_tag (guint index)
{
  return g_strdup_printf ("shared%u", index);
}

static gboolean
set_once (char **field, const char *name, const char *value, GError **error)
{
  if (*field != NULL)
    return vq_set_error (error, VQ_ERROR_USAGE, "%s= is given twice", name);
  *field = g_strdup (value);
  return TRUE;
}

/* LAST is where a part that means nothing by itself belongs to, NULL if nowhere. */
static gboolean
parse_part (VqSharedDir *dir, const char *part, char ***last, GError **error)
{
  char **field = *last;
  char *joined;

  if (g_str_has_prefix (part, "src="))
    return set_once (*last = &dir->source, "src", part + 4, error);
  if (g_str_has_prefix (part, "dst="))
    return set_once (*last = &dir->destination, "dst", part + 4, error);
  if (g_str_equal (part, "rw") && dir->writable)
    return vq_set_error (error, VQ_ERROR_USAGE, "rw is given twice");
  if (g_str_equal (part, "rw"))
    {
      *last = NULL;
      return dir->writable = TRUE;
    }
  if (field == NULL)
    return vq_set_error (error, VQ_ERROR_USAGE, "'%s' is none of src=PATH, dst=PATH, rw", part);
  joined = g_strjoin (",", *field, part, NULL);
  g_free (*field);
  *field = joined;
  return TRUE;
}

static gboolean
check_paths (VqSharedDir *dir, GError **error)
{
  char *absolute;

  if (dir->source == NULL || *dir->source == '\0' || dir->destination == NULL
      || *dir->destination == '\0')
    return vq_set_error (error, VQ_ERROR_USAGE, "it needs both src=PATH and dst=PATH");
  if (dir->destination[0] != '/')
    return vq_set_error (error, VQ_ERROR_USAGE, "dst=%s is no absolute path", dir->destination);
  if (dir->destination[strspn (dir->destination, "/.")] == '\0')
    return vq_set_error (error, VQ_ERROR_USAGE, "dst=%s is the guest's root", dir->destination);
  absolute = g_canonicalize_filename (dir->source, NULL);
  g_free (dir->source);
  dir->source = absolute;
  return TRUE;
}

VqSharedDir *
vq_shared_dir_parse (const char *text, GError **error)
{
  g_autoptr (VqSharedDir) dir = g_new0 (VqSharedDir, 1);
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);
  char **last = NULL;

  for (char **part = parts; *part != NULL; part++)
    if (!parse_part (dir, *part, &last, error))
      return NULL;
  return check_paths (dir, error) ? g_steal_pointer (&dir) : NULL;
}

void
vq_shared_dir_free (VqSharedDir *dir)
{
  if (dir == NULL)
    return;
  g_free (dir->source);
  g_free (dir->destination);
  g_free (dir);
}

gboolean
vq_shared_dir_check (const VqSharedDir *dir, GError **error)
{
  if (!g_file_test (dir->source, G_FILE_TEST_EXISTS))
    return vq_set_error (error, VQ_ERROR_USAGE, "--shared-dir: there is no %s", dir->source);
  if (!g_file_test (dir->source, G_FILE_TEST_IS_DIR))
    return vq_set_error (error, VQ_ERROR_USAGE, "--shared-dir: %s is no directory", dir->source);
  return access (dir->source, R_OK | X_OK) == 0
         || vq_set_error (error, VQ_ERROR_USAGE, "--shared-dir: cannot read %s: %s", dir->source,
                          g_strerror (errno));
}

/* With "none" a file gets the owner that the guest gives it where we may do that, else ours.
 * Without "remap" files of two file systems below one directory could be mixed up. */
char *
vq_shared_dir_build_fsdev (const VqSharedDir *dir, guint index)
{
  g_autofree char *tag = build_tag (index);
  g_autofree char *path = vq_qemu_value_quote (dir->source);

  return g_strdup_printf ("local,id=%s,path=%s,security_model=none,multidevs=remap%s", tag, path,
                          dir->writable ? "" : ",readonly=on");
}

char *
vq_shared_dir_build_device (guint index, const char *virtio)
{
  g_autofree char *tag = build_tag (index);

  return g_strdup_printf ("virtio-9p-%s,fsdev=%s,mount_tag=%s", virtio, tag, tag);
}

static gboolean
mount_dir (const VqSharedDir *dir, guint index, VqChannel *channel, gint64 deadline,
           VqCancel *cancel, GError **error)
{
  g_autofree char *tag = build_tag (index);
  g_autofree char *failure
      = g_strdup_printf ("--shared-dir: cannot mount %s in the guest", dir->destination);
  const char *const arguments[] = { tag, dir->destination, dir->writable ? "rw" : "ro", NULL };

  return vq_guest_script_run (channel, mount_script, arguments, NULL, deadline, cancel, failure,
                              error);
}

gboolean
vq_shared_dir_mount_all (const GPtrArray *dirs, VqChannel *channel, gint64 deadline,
                         VqCancel *cancel, GError **error)
{
  for (guint i = 0; i < dirs->len; i++)
    if (!mount_dir (dirs->pdata[i], i, channel, deadline, cancel, error))
      return FALSE;
  return TRUE;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "disk-images.h"

#include <check.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>

#include "io/child.h"
#include "tree.h"

char *images_dir;
static char *path_before;

void
images_begin (void)
{
  images_dir = g_dir_make_tmp ("check-image-XXXXXX", NULL);
  ck_assert_ptr_nonnull (images_dir);
  path_before = g_strdup (g_getenv ("PATH"));
}

void
images_end (void)
{
  g_setenv ("PATH", path_before, TRUE);
  g_clear_pointer (&path_before, g_free);
  tree_remove (images_dir);
  g_clear_pointer (&images_dir, g_free);
  ck_assert (waitpid (-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

char *
images_join (const char *name)
{
  return g_build_filename (images_dir, name, NULL);
}

char *
images_put_raw (const char *name, gsize size)
{
  char *path = images_join (name);
  g_autofree char *contents = g_malloc0 (size + 1);

  if (size >= 512)
    memcpy (contents + 510, "\x55\xaa", 2);
  ck_assert (g_file_set_contents (path, contents, size, NULL));
  return path;
}

static void
run (const char *const *argv)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_child_run (argv, NULL, NULL, vq_deadline_in (20), NULL, &error), "%s",
                 error != NULL ? error->message : "");
}

char *
images_put (const char *name, const char *format, const char *backing)
{
  char *path = images_join (name);

  if (backing == NULL)
    run ((const char *const[]){ "qemu-img", "create", "-q", "-f", format, path, "8M", NULL });
  else
    run ((const char *const[]){ "qemu-img", "create", "-q", "-f", format, "-F", "qcow2", "-b",
                                backing, path, NULL });
  return path;
}

VqImage *
images_inspect (const char *path, VqImageUse use)
{
  g_autoptr (GError) error = NULL;
  VqImage *image = vq_image_inspect (path, use, NULL, &error);

  ck_assert_msg (image != NULL, "%s: %s", path, error != NULL ? error->message : "");
  return image;
}

const VqImageGateFile *
images_get_file (const VqImage *image)
{
  return vq_image_get_files (image)->pdata[0];
}

void
images_fake_qemu_img (const char *script)
{
  g_autofree char *program = images_join ("qemu-img");
  g_autofree char *text = g_strdup_printf ("#!/bin/sh\n%s\n", script);
  g_autofree char *search = g_strdup_printf ("%s:%s", images_dir, path_before);

  ck_assert (g_file_set_contents (program, text, -1, NULL));
  ck_assert_int_eq (g_chmod (program, 0700), 0);
  g_setenv ("PATH", search, TRUE);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/test-check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "image/image-header.h"
#include "image/image-name.h"
#include "pull/pull-image.h"

#define SHOWN_MAX 512

/* So much of a page is read, in bytes. */
#define START 1024

#define HINT "give the image with --image=%s, and name the test after it"

static gboolean
read_file (gpointer data, guint64 offset, guint8 *buf, gsize n, GError **error)
{
  gssize got = pread (GPOINTER_TO_INT (data), buf, n, (off_t)offset);

  return got == (gssize)n || vq_error_set_errno (error, got < 0 ? errno : EIO, "cannot read it");
}

/* The format of the disk image FD; NULL if it is none. Any program could be a raw one, but none
 * begins with a partition table. */
static const char *
find_format (int fd, guint64 size)
{
  const VqImageSource source = { .read = read_file, .data = GINT_TO_POINTER (fd), .size = size };
  g_autoptr (VqImageHeader) header = vq_image_header_read (&source, NULL, NULL);

  if (header == NULL)
    return NULL;
  return strcmp (header->format, "raw") != 0 || (header->contents & VQ_IMAGE_CONTENTS_GPT)
                 || (header->contents & (VQ_IMAGE_CONTENTS_MBR | VQ_IMAGE_CONTENTS_ISO))
             ? header->format
             : NULL;
}

/* Servers send one where they have nothing else. */
static gboolean
is_web_page (int fd)
{
  static const char *const begins[] = { "<!doctype html", "<html", NULL };
  char start[START + 1];
  gssize n = pread (fd, start, START, 0);
  const char *text = start;

  start[MAX (n, 0)] = '\0';
  if (g_str_has_prefix (text, "\xef\xbb\xbf"))
    text += 3;
  text += strspn (text, " \t\r\n");
  for (const char *const *begin = begins; *begin != NULL; begin++)
    if (g_ascii_strncasecmp (text, *begin, strlen (*begin)) == 0)
      return TRUE;
  return FALSE;
}

gboolean
vq_test_check_contents (int fd, const char *name, GError **error)
{
  g_autofree char *shown = vq_text_printable (name, strlen (name), SHOWN_MAX);
  const char *format;
  struct stat st;

  if (fstat (fd, &st) < 0)
    return vq_error_set_errno (error, errno, "cannot look at the test %s", shown);
  if (st.st_size == 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "the test %s is an empty file", shown);
  if (is_web_page (fd))
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "the test %s is a web page, and no program: name the file itself", shown);
  format = find_format (fd, st.st_size);
  return format == NULL
         || vq_error_set (error, VQ_ERROR_USAGE, "%s is a disk image (%s), and no test: " HINT,
                          shown, format, shown);
}

static gboolean
is_image_name (const char *name)
{
  g_auto (GStrv) directories = vq_image_name_get_directories ();
  g_autofree char *path = NULL;

  if (strchr (name, '/') != NULL)
    return vq_pull_image_is_cached (name);
  path = vq_image_name_find (name, (const char *const *)directories, NULL);
  return path != NULL || vq_pull_image_is_cached (name);
}

gboolean
vq_test_check_missing (const char *name, GError **error)
{
  g_autofree char *shown = vq_text_printable (name, strlen (name), SHOWN_MAX);
  g_autofree char *scheme = g_uri_parse_scheme (name);

  if (scheme != NULL && strstr (name, "://") != NULL)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "\"%s\": a test can be a file, or be fetched over http, https and file "
                         "only",
                         shown);
  return !is_image_name (name)
         || vq_error_set (error, VQ_ERROR_USAGE, "%s is the name of an image, and no test: " HINT,
                          shown, shown);
}

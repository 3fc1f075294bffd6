// SPDX-License-Identifier: GPL-2.0-or-later
#include "pull/pull-sums.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "io/child.h"
#include "pull/fetch.h"
#include "pull/pull-url.h"

#define SUMS_MAX (1024 * 1024)
#define GPGV_SECONDS 60

void
vq_pull_sums_clear (VqPullSums *sums)
{
  g_clear_pointer (&sums->sha256, g_free);
  g_clear_pointer (&sums->sha512, g_free);
}

static gboolean
is_hex (const char *text, gsize digits)
{
  return strspn (text, "0123456789abcdefABCDEF") == digits;
}

gboolean
vq_pull_sums_take (char **digest, gsize digits, const char *text, GError **error)
{
  if (!is_hex (text, digits) || strlen (text) != digits)
    return vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" has not %zu hexadecimal digits", text,
                         digits);
  g_free (*digest);
  *digest = g_ascii_strdown (text, -1);
  return TRUE;
}

/* Whether it is NAME, or NAME in the current directory. */
static gboolean
is_name (const char *text, const char *name)
{
  return strcmp (text, name) == 0
         || (g_str_has_prefix (text, "./") && strcmp (text + 2, name) == 0);
}

/* "DIGEST  NAME", or with a star in place of the second blank. */
static const char *
match_plain (const char *line, const char *name, gsize digits)
{
  return is_hex (line, digits) && line[digits] == ' '
                 && (line[digits + 1] == ' ' || line[digits + 1] == '*')
                 && is_name (line + digits + 2, name)
             ? line
             : NULL;
}

/* "SHA256 (NAME) = DIGEST" */
static const char *
match_tagged (const char *line, const char *name, gsize digits)
{
  const char *end = strstr (line, ") = ");
  g_autofree char *begin = g_strdup_printf ("SHA%zu (", digits * 4);
  g_autofree char *named = NULL;

  if (end == NULL || !g_str_has_prefix (line, begin))
    return NULL;
  named = g_strndup (line + strlen (begin), end - line - strlen (begin));
  return is_name (named, name) && is_hex (end + 4, digits) && end[4 + digits] == '\0' ? end + 4
                                                                                      : NULL;
}

char *
vq_pull_sums_find (const char *text, const char *name, gsize digits)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (char **line = lines; *line != NULL; line++)
    {
      const char *found;

      g_strchomp (*line);
      found = match_plain (*line, name, digits);
      if (found == NULL)
        found = match_tagged (*line, name, digits);
      if (found != NULL)
        return g_ascii_strdown (found, digits);
    }
  return NULL;
}

/* Fetches URL into memory: *FD is a memfd. It is -1 if the server has no such file. */
static gboolean
fetch_small (const char *url, guint stall, int *fd, VqCancel *cancel, GError **error)
{
  vq_autofd int file = memfd_create ("sums", MFD_CLOEXEC);
  g_auto (VqFetchResult) result = { 0 };
  const VqFetchRequest request
      = { .url = url, .fd = file, .max = SUMS_MAX, .fixed_max = TRUE, .stall = stall };
  g_autoptr (GError) why = NULL;

  *fd = -1;
  if (file < 0)
    return vq_error_set_errno (error, errno, "cannot make a file in memory");
  if (!vq_fetch_get (&request, NULL, NULL, &result, cancel, &why))
    return vq_error_is_missing (why) || (g_propagate_error (error, g_steal_pointer (&why)), FALSE);
  *fd = g_steal_fd (&file);
  return TRUE;
}

/* The text in the memfd FD. Transfer full. */
static char *
read_all (int fd)
{
  struct stat st;
  g_autofree char *text = NULL;

  if (fstat (fd, &st) != 0)
    return NULL;
  text = g_malloc0 (st.st_size + 1);
  return pread (fd, text, st.st_size, 0) == st.st_size ? g_steal_pointer (&text) : NULL;
}

static gboolean
run_gpgv (int sums, int signature, const char *keyring, VqCancel *cancel, GError **error)
{
  const int fds[] = { sums, signature };
  const VqChildOptions options = { .stdout_fd = -1, .keep_fds = fds, .n_keep_fds = 2 };
  g_autofree char *path = vq_path_make_absolute (keyring, error);
  g_autofree char *sums_path = g_strdup_printf ("/dev/fd/%d", sums);
  g_autofree char *signature_path = g_strdup_printf ("/dev/fd/%d", signature);
  const char *const argv[]
      = { "gpgv", "--quiet", "--keyring", path, signature_path, sums_path, NULL };
  g_autofree char *gpgv = g_find_program_in_path ("gpgv");

  if (path == NULL)
    return FALSE;
  if (gpgv == NULL)
    return vq_error_set (error, VQ_ERROR_FAILED, "there is no gpgv: install the package gpgv");
  return vq_child_run (argv, &options, NULL, vq_deadline_in (GPGV_SECONDS), cancel, error);
}

static gboolean
check_signature (const char *url, int sums, const char *keyring, guint stall, VqCancel *cancel,
                 GError **error)
{
  static const char *const suffixes[] = { ".gpg", ".sign" };

  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *signature_url = g_strconcat (url, suffixes[i], NULL);
      vq_autofd int signature = -1;

      if (!fetch_small (signature_url, stall, &signature, cancel, error))
        return FALSE;
      if (signature >= 0)
        return run_gpgv (sums, signature, keyring, cancel, error);
    }
  return vq_error_set (error, VQ_ERROR_MISSING, "it has no signature beside it (.gpg or .sign)");
}

typedef struct
{
  const char *name;
  gsize digits;
} Kind;

/* *DIGEST stays NULL if the server has no such file, or that does not know the image. */
static gboolean
fetch_kind (const char *url, const Kind *kind, const char *keyring, guint stall, char **digest,
            VqCancel *cancel, GError **error)
{
  g_autofree char *sums_url = vq_pull_url_get_sibling (url, kind->name);
  g_autofree char *name = vq_pull_url_get_name (url);
  g_autofree char *text = NULL;
  vq_autofd int fd = -1;
  g_autofree char *shown = vq_pull_url_show (sums_url);
  VQ_ERROR_PREFIX (error, "%s", shown);

  if (!fetch_small (sums_url, stall, &fd, cancel, error))
    return FALSE;
  if (fd < 0)
    return TRUE;
  if (keyring != NULL && !check_signature (sums_url, fd, keyring, stall, cancel, error))
    return FALSE;
  text = read_all (fd);
  *digest = text != NULL ? vq_pull_sums_find (text, name, kind->digits) : NULL;
  return TRUE;
}

gboolean
vq_pull_sums_fetch (const char *url, const char *keyring, guint stall, VqPullSums *sums,
                    VqCancel *cancel, GError **error)
{
  static const Kind sha512 = { "SHA512SUMS", 128 };
  static const Kind sha256 = { "SHA256SUMS", 64 };

  if (!fetch_kind (url, &sha512, keyring, stall, &sums->sha512, cancel, error))
    return FALSE;
  return sums->sha512 != NULL
         || fetch_kind (url, &sha256, keyring, stall, &sums->sha256, cancel, error);
}

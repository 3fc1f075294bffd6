// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu-fetch: fetches a file from the network, or unpacks one, for virt-qemu and the server;
 * pull/fetch-wire.h describes its arguments and what it prints. It is a program of its own so that
 * these do not parse what the network sends, and have neither libcurl nor libarchive in their
 * memory. It writes only to files that they have opened for it. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/inherited.h"
#include "io/confine.h"
#include "pull/fetch-output.h"
#include "pull/fetch-transfer.h"
#include "pull/fetch-unpack.h"
#include "pull/fetch-wire.h"

#define MEMORY (512 * 1024 * 1024)

static const char *
get (const char *const *args, const char *name)
{
  gsize length = strlen (name);

  for (; *args != NULL; args++)
    if (strncmp (*args, name, length) == 0 && (*args)[length] == '=')
      return *args + length + 1;
  return NULL;
}

static guint64
get_number (const char *const *args, const char *name)
{
  const char *value = get (args, name);

  return value != NULL ? g_ascii_strtoull (value, NULL, 10) : 0;
}

static int
get_fd (const char *const *args, const char *name)
{
  const char *value = get (args, name);

  return value != NULL ? atoi (value) : -1;
}

/* The file that curl (1) takes, too, in place of the system's certificates. */
static const char *
find_certificates (void)
{
  const char *path = g_getenv ("CURL_CA_BUNDLE");

  if (path == NULL || *path == '\0')
    path = g_getenv ("SSL_CERT_FILE");
  return path != NULL && *path != '\0' ? path : NULL;
}

/* The libraries read the addresses of name servers, host names, certificates, and plugins. */
static void
confine (const char *certificates)
{
  g_autofree char *directory = certificates != NULL ? g_path_get_dirname (certificates) : NULL;
  const char *const readable[] = { "/etc", "/usr", "/lib", "/lib64", "/run", directory, NULL };

  vq_confine_process_with_threads (MEMORY);
  if (!vq_confine_files_to (readable))
    g_debug ("this kernel cannot confine us to files");
}

static gboolean
fetch (const char *const *args, GError **error)
{
  int fd = get_fd (args, "fd");
  g_autofree char *sha256 = NULL;
  g_autofree char *sha512 = NULL;
  g_autoptr (VqFetchOutput) output = vq_fetch_output_new (fd, get (args, "sha512") != NULL);
  VqFetchTransfer transfer = { .url = get (args, "url"),
                               .size = get_number (args, "size"),
                               .if_range = get (args, "if-range"),
                               .etag = get (args, "etag"),
                               .modified = get (args, "modified"),
                               .max = get_number (args, "max"),
                               .fixed_max = get (args, "fixed-max") != NULL,
                               .stall = get_number (args, "stall"),
                               .certificates = find_certificates () };
  gboolean same = FALSE;
  gboolean fetched;

  curl_global_init (CURL_GLOBAL_DEFAULT);
  confine (transfer.certificates);
  fetched = vq_fetch_transfer_run (&transfer, output, fd, &same, error);
  if (!vq_fetch_output_flush (output, fetched ? error : NULL) || !fetched)
    return FALSE;
  if (!same && !vq_fetch_output_sync (output, error))
    return FALSE;
  vq_fetch_output_finish (output, &sha256, &sha512);
  if (same)
    printf ("same 1\n");
  else
    printf ("at %" G_GUINT64_FORMAT "\nsha256 %s\n", vq_fetch_output_get_size (output), sha256);
  if (!same && sha512 != NULL)
    printf ("sha512 %s\n", sha512);
  return TRUE;
}

static gboolean
unpack (const char *const *args, GError **error)
{
  vq_confine_process (MEMORY);
  if (!vq_confine_files (NULL, VQ_CONFINE_READ))
    g_debug ("this kernel cannot confine us to files");
  return vq_fetch_unpack_run (get_fd (args, "from"), get_fd (args, "fd"), get_number (args, "max"),
                              error);
}

static gboolean
work (const char *const *args, GError **error)
{
  if (g_strcmp0 (args[0], VQ_FETCH_GET) == 0 && get (args, "url") != NULL)
    return fetch (args, error);
  if (g_strcmp0 (args[0], VQ_FETCH_UNPACK) == 0)
    return unpack (args, error);
  return vq_error_set (error, VQ_ERROR_USAGE, "wrong arguments: this program is virt-qemu's");
}

static int
run (const char *const *args)
{
  g_autoptr (GError) error = NULL;

  if (vq_inherited_settle (&error) && work (args, &error) && fflush (stdout) == 0)
    return 0;
  fflush (stdout);
  fprintf (stderr, "%s\n", error != NULL ? error->message : "cannot write to virt-qemu");
  return VQ_FETCH_STATUS + (error != NULL ? (int)vq_error_get_code (error) : VQ_ERROR_FAILED);
}

int
main (int argc, char **argv)
{
  static const char *const none[] = { NULL };

  /* Not exit: the leak checker of a SANITIZE=1 build would fail, as it needs /proc and a process.
   */
  _exit (run (argc > 1 ? (const char *const *)argv + 1 : none));
}

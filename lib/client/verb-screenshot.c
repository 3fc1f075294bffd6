// SPDX-License-Identifier: GPL-2.0-or-later
#include "client/verb-screenshot.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "instance/instance-socket.h"
#include "io/new-file.h"
#include "qemu/screen.h"
#include "client/instance-request.h"

#define HELP "virt-qemu screenshot --help"

#define SECONDS 10

static const char help[]
    = "Usage: virt-qemu screenshot NAME FILE.png\n"
      "\n"
      "Takes a picture of what is on the screen of an instance that runs, and writes it\n"
      "to a file; \"-\" is the standard output. This works while the guest reboots, too.\n"
      "\n"
      "  -h, --help             show this text and exit\n";

/* QEMU itself is asked, not the supervisor, which may be waiting for a boot that fails. */
static GBytes *
take (const char *name, GError **error)
{
  VQ_ERROR_PREFIX (error, "cannot take a picture of the screen of \"%s\"", name);
  g_autofree char *socket = vq_instance_socket_find (name, "qmp", error);

  return socket != NULL ? vq_screen_take_picture_from (socket, vq_deadline_in (SECONDS), error)
                        : NULL;
}

static gboolean
write_all (int fd, GBytes *picture, const char *path, GError **error)
{
  gsize n;
  const char *bytes = g_bytes_get_data (picture, &n);

  return vq_fd_write_all (fd, bytes, n)
         || vq_error_set_errno (error, errno, "cannot write %s", path);
}

static gboolean
write_file (GBytes *picture, const char *path, GError **error)
{
  g_autoptr (VqNewFile) file = vq_new_file_open (path, error);

  return file != NULL && write_all (vq_new_file_get_fd (file), picture, path, error)
         && vq_new_file_commit (file, error);
}

static gboolean
save (const VqInstanceRequest *request, GError **error)
{
  const char *path = request->names[1];
  g_autoptr (GBytes) picture = NULL;

  if (path == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "which file?");
  picture = take (request->names[0], error);
  if (picture == NULL)
    return FALSE;
  return strcmp (path, "-") == 0 ? write_all (STDOUT_FILENO, picture, "the output", error)
                                 : write_file (picture, path, error);
}

VqVerbStatus
vq_verb_screenshot_run (const char *const *arguments)
{
  static const VqInstanceRequestVerb verb
      = { .min_names = 1, .max_names = 2, .help = help, .how = HELP, .act = save };

  return vq_instance_request_run (&verb, arguments);
}

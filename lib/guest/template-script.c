// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/template-script.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "channel/channel-call.h"
#include "base/error.h"
#include "base/fd.h"
#include "io/plain-file.h"
#include "io/guest-text.h"

/* The longest first line in which Linux looks for an interpreter. */
#define LINE_MAX_BYTES 255

/* How much of a script's output is shown. What apt-get writes for a hundred packages is a tenth of
 * that. */
#define OUTPUT_MAX (1024 * 1024)

#define ELF_MAGIC "\177ELF"

static const char runner[] =
#include "guest/run-template-script.sh.inc"
    ;

/* The interpreter and its argument, from "#!" in the first line. As in the kernel, everything after
 * the interpreter is one argument. Without "#!", it is sh, or nothing for an ELF program. */
static char **
find_interpreter (int fd)
{
  char line[LINE_MAX_BYTES + 1] = "";
  gssize n = pread (fd, line, LINE_MAX_BYTES, 0);
  char *name, *argument;

  line[MAX (n, 0)] = '\0';
  if (g_str_has_prefix (line, ELF_MAGIC))
    return g_new0 (char *, 1);
  line[strcspn (line, "\n")] = '\0';
  name = g_str_has_prefix (line, "#!") ? g_strstrip (line + 2) : line;
  if (name == line || name[0] == '\0')
    return g_strsplit ("/bin/sh", " ", 0);
  argument = name + strcspn (name, " \t");
  if (*argument != '\0')
    *argument++ = '\0';
  argument += strspn (argument, " \t");
  return g_strdupv ((char *[]){ name, *argument != '\0' ? argument : NULL, NULL });
}

static char **
build_argv (int fd)
{
  g_auto (GStrv) interpreter = find_interpreter (fd);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_add_many (builder, "sh", "-c", runner, "sh", NULL);
  g_strv_builder_addv (builder, (const char **)interpreter);
  return g_strv_builder_end (builder);
}

/* Starts the script, and takes over FD. Its stdout and stderr are one pipe to SHOWN, so that their
 * lines keep their order. Returns NULL on failure. */
static VqChannelCall *
start_script (VqChannel *channel, int fd, VqGuestText *shown, GError **error)
{
  g_auto (GStrv) argv = build_argv (fd);
  int out = vq_guest_text_open_pipe (shown, error);

  if (out < 0)
    {
      close (fd);
      return NULL;
    }
  return vq_channel_call_start (channel, (const char *const *)argv, fd, out,
                                fcntl (out, F_DUPFD_CLOEXEC, 0));
}

/* Takes over FD. */
static gboolean
run_script (VqChannel *channel, int fd, gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autoptr (VqGuestText) shown = vq_guest_text_new (OUTPUT_MAX);
  VqChannelCall *call = start_script (channel, fd, shown, error);
  VqEnd end;

  if (call == NULL
      || !vq_channel_call_finish (call, "end of the script", deadline, cancel, &end, error))
    return FALSE;
  return end.value == 0
         || vq_error_set (error, VQ_ERROR_FAILED, "%s %d",
                          end.kind == VQ_ENDED_EXITED ? "exit status" : "killed by signal",
                          end.value);
}

gboolean
vq_template_script_run (VqChannel *channel, const char *path, gint64 deadline, VqCancel *cancel,
                        GError **error)
{
  VQ_ERROR_PREFIX (error, "--template-script %s", path);
  int fd = vq_plain_file_open (path, G_MAXOFFSET, NULL, error);

  return fd >= 0 && run_script (channel, fd, deadline, cancel, error);
}

char *
vq_template_script_get_digest (const char *path, GError **error)
{
  VQ_ERROR_PREFIX (error, "--template-script %s", path);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  vq_autofd int fd = vq_plain_file_open (path, G_MAXOFFSET, NULL, error);
  guchar block[4096];
  gssize n = -1;

  while (fd >= 0 && (n = read (fd, block, sizeof block)) > 0)
    g_checksum_update (checksum, block, n);
  if (fd >= 0 && n < 0)
    vq_error_set_errno (error, errno, "cannot read it");
  return n == 0 ? g_strdup (g_checksum_get_string (checksum)) : NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "testbed/guest-upgrade.h"

#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "channel/channel-capture.h"
#include "guest/boot-wait.h"
#include "guest/guest-script.h"
#include "io/line-reader.h"
#include "io/progress-line.h"
#include "testbed/guest-source.h"

#define NETWORK_SECONDS 100
#define UPGRADE_SECONDS (4 * 60 * 60)
#define END_SECONDS 100 /* after its output has ended */
#define TRIM_SECONDS 600
#define POWER_OFF_SECONDS 300

/* How many bytes of apt's text are shown. */
#define SHOWN_MAX 60

static const char upgrade_script[] =
#include "testbed/upgrade.sh.inc"
    ;

/* The file systems that can be trimmed. */
static const char trim_script[] = "sync\nfstrim --all\n";

/* A line of apt's is "dlstatus:1:20.5:Retrieving file 1 of 5" or "pmstatus:hello:40:Unpacking
 * hello". */
static void
show (const char *line)
{
  g_auto (GStrv) fields = g_strsplit (line, ":", 4);
  g_autofree char *what = NULL;
  g_autofree char *text = NULL;

  if (g_strv_length (fields) < 4)
    return;
  what = vq_text_printable (fields[3], strlen (fields[3]), SHOWN_MAX);
  text = g_strdup_printf ("%.0f %%: %s", g_ascii_strtod (fields[2], NULL), what);
  vq_progress_line_show (text);
}

/* Follows what the script says on FD, until it has said all. */
static gboolean
follow (int fd, gboolean *changed, VqCancel *cancel, GError **error)
{
  g_autoptr (VqLineReader) reader = vq_line_reader_new (fd);

  for (;;)
    {
      g_autofree char *line = NULL;

      if (!vq_line_reader_next (reader, &line, cancel, error))
        return FALSE;
      if (line == NULL)
        return TRUE;
      *changed |= strcmp (line, "changed") == 0;
      show (line);
    }
}

static gboolean
take_too_long (gpointer data)
{
  g_autoptr (GError) error = NULL;

  vq_error_set (&error, VQ_ERROR_TIMEOUT, "apt has not ended within %d hours",
                UPGRADE_SECONDS / 3600);
  vq_cancel_trigger (data, error);
  return G_SOURCE_CONTINUE;
}

/* Runs ARGV, whose stdout is followed. */
static gboolean
run_followed (VqChannel *channel, const char *const *argv, gboolean *changed, VqCancel *cancel,
              GError **error)
{
  VqChannelCapture *run;
  vq_autofd int out = -1;
  gboolean followed;
  int ends[2];

  if (!g_unix_open_pipe (ends, FD_CLOEXEC, error))
    return FALSE;
  out = ends[0];
  run = vq_channel_capture_start (channel, argv, -1, ends[1], error);
  if (run == NULL)
    return FALSE;
  followed = follow (out, changed, cancel, error);
  vq_progress_line_clear ();
  if (followed)
    return vq_channel_capture_finish (run, NULL, vq_deadline_in (END_SECONDS), cancel, error);
  vq_channel_capture_free (run);
  return FALSE;
}

static gboolean
run_apt (VqGuest *guest, gboolean autoremove, gboolean *changed, GError **error)
{
  const char *const argv[]
      = { "sh", "-ec", upgrade_script, "sh", autoremove ? "autoremove" : "", NULL };
  g_autoptr (VqCancel) cancel = vq_cancel_new (vq_guest_get_cancel (guest));
  guint id = g_timeout_add_seconds (UPGRADE_SECONDS, take_too_long, cancel);
  gboolean good = run_followed (vq_guest_get_channel (guest), argv, changed, cancel, error);

  g_source_remove (id);
  return good;
}

/* Packages may also be on the image itself. */
static gboolean
wait_for_network (VqGuest *guest, const VqPlan *plan, GError **error)
{
  return plan->options->network == VQ_NETWORK_RESTRICTED
         || vq_boot_wait_network (vq_guest_get_channel (guest), vq_deadline_in (NETWORK_SECONDS),
                                  vq_guest_get_cancel (guest), error);
}

static gboolean
upgrade (VqGuest *guest, const VqPlan *plan, gboolean autoremove, gboolean *changed, GError **error)
{
  VQ_ERROR_PREFIX (error, "cannot upgrade the packages in the guest");

  g_message ("upgrading its packages");
  return wait_for_network (guest, plan, error) && run_apt (guest, autoremove, changed, error);
}

/* What cannot be trimmed only takes more room. */
static gboolean
trim (VqGuest *guest, GError **error)
{
  g_autoptr (GError) why = NULL;

  if (vq_guest_script_run (vq_guest_get_channel (guest), trim_script, NULL, NULL,
                           vq_deadline_in (TRIM_SECONDS), vq_guest_get_cancel (guest),
                           "cannot trim the file systems", &why))
    return TRUE;
  if (why->code == VQ_ERROR_PEER)
    {
      g_warning ("%s: the image will be larger", why->message);
      return TRUE;
    }
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

gboolean
vq_guest_upgrade (VqPlan *plan, gboolean autoremove, gboolean *changed, VqCancel *cancel,
                  GError **error)
{
  g_autoptr (VqGuestSource) source = vq_guest_source_new (plan, cancel);
  g_autoptr (VqGuest) guest = NULL;

  *changed = FALSE;
  g_message ("booting it");
  guest = vq_guest_source_get_plain (source, error);
  if (guest == NULL || !upgrade (guest, plan, autoremove, changed, error))
    return FALSE;
  if (!*changed)
    return TRUE;
  if (!trim (guest, error))
    return FALSE;
  g_message ("powering it off");
  return vq_guest_power_off (guest, vq_deadline_in (POWER_OFF_SECONDS), error);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/verb-logs.h"

#include <errno.h>

#include "base/error.h"
#include "base/visible-text.h"
#include "instance/instance-place.h"
#include "instance/instance.h"
#include "instance/supervisor.h"
#include "qemu/machine-files.h"
#include "verb/instance-request.h"
#include "verb/verb-output.h"

#define HELP "virt-qemu logs --help"

/* What is larger was not written by us. */
#define MAX_BYTES (64 * 1024 * 1024)

static const char help[]
    = "Usage: virt-qemu logs NAME\n"
      "\n"
      "Shows what the guest has written to its console since it was started, reverted\n"
      "or made, and then what the supervisor of the instance has said. A stopped\n"
      "instance still has these, as the files console.log and supervisor.log in its\n"
      "directory.\n"
      "\n"
      "  -h, --help             show this text and exit\n";

/* An instance that has never run has no logs. */
static gboolean
show_file (VqInstance *instance, const char *name, GError **error)
{
  g_autoptr (VqVisibleText) visible = NULL;
  g_autoptr (GString) shown = NULL;
  g_autoptr (GError) why = NULL;
  gsize length;
  g_autofree char *text
      = vq_private_dir_read (vq_instance_get_dir (instance), name, MAX_BYTES, &length, &why);

  if (text == NULL && vq_error_is_errno (why, ENOENT))
    return TRUE;
  if (text == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&why));
      return FALSE;
    }
  visible = vq_visible_text_new ();
  shown = g_string_new (NULL);
  vq_visible_text_add (visible, text, length, shown);
  vq_visible_text_end (visible, shown);
  vq_verb_output_text ("%s", shown->str);
  return TRUE;
}

static gboolean
show (const char *name, GError **error)
{
  g_autoptr (VqPrivateDir) place = vq_instance_place_open_state (error);
  g_autoptr (VqInstance) instance = place != NULL ? vq_instance_open (place, name, error) : NULL;

  return instance != NULL && show_file (instance, VQ_MACHINE_FILES_CONSOLE_LOG, error)
         && show_file (instance, VQ_SUPERVISOR_LOG, error);
}

VqVerbStatus
vq_verb_logs_run (const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_auto (VqInstanceRequest) request = { 0 };

  if (!vq_instance_request_parse (&request, arguments, 0, 1, 1, &error))
    return vq_verb_error_report (error, HELP, FALSE);
  if (request.help)
    vq_verb_output_text ("%s", help);
  else if (!show (request.names[0], &error))
    return vq_verb_error_report (error, HELP, FALSE);
  return VQ_VERB_OK;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "client/verb-fork.h"

#include "base/error.h"
#include "instance/control-client.h"
#include "instance/control-wire.h"
#include "instance/instance-name.h"
#include "instance/instance-place.h"
#include "instance/instance-seed.h"
#include "instance/instance-start.h"
#include "client/instance-request.h"
#include "verb/verb-output.h"

static const char help[]
    = "Usage: virt-qemu fork [OPTION...] NAME NEW\n"
      "\n"
      "Makes the instance NEW, which is a copy of NAME as it is now: its memory, its\n"
      "disk and its processes. NAME must run, and goes on; it stands still for a moment\n"
      "only (without KVM and with a QEMU before 9.0 for a second or two). Commands that\n"
      "virt-qemu runs in NAME have nobody who waits for them in NEW, so they are ended\n"
      "there. Prints the name of the new instance.\n"
      "NEW stays until it is deleted and has no lease, even if NAME is ephemeral or has\n"
      "one, unless these options say otherwise:\n"
      "\n"
      "      --ephemeral        NEW is deleted when it stops\n" VQ_INSTANCE_LIFE_LEASE_HELP
          VQ_INSTANCE_LIFE_OWNER_HELP
      "      --no-wait          fail if something else is being done with NAME\n"
      "      --format=json      tell errors in JSON, too\n"
      "  -h, --help             show this text and exit\n";

/* Whether the instance runs and, with --no-wait, has nothing else to do. */
static gboolean
check_source (VqInstance *source, const VqInstanceRequest *request, GError **error)
{
  const char *const words[] = { "ready", VQ_CONTROL_NOW, NULL };
  g_auto (GStrv) reply = NULL;

  if (!vq_instance_is_running (source))
    return vq_instance_set_stopped_error (source, error);
  if (!request->no_wait)
    return TRUE;
  reply = vq_control_client_call (source, words, NULL, error);
  return reply != NULL;
}

/* How long the copy stays is not copied: who asks for it may need it longer than the source. */
static VqInstanceRecord *
copy_record (const VqInstanceRecord *old, const VqInstanceRequest *request)
{
  VqInstanceRecord *record
      = vq_instance_record_new (old->image, old->directory, (const char *const *)old->arguments);

  record->cloud_seed = old->cloud_seed;
  g_free (record->accel);
  record->accel = g_strdup (old->accel);
  g_free (record->source);
  record->source = g_strdup (request->names[0]);
  vq_instance_record_set_text (&record->os_type, old->os_type);
  vq_instance_record_set_text (&record->os_version, old->os_version);
  record->ephemeral = request->ephemeral;
  record->lease = MAX (request->life.lease, 0);
  return record;
}

static VqInstance *
make (VqPrivateDir *place, const VqInstanceRequest *request, GError **error)
{
  g_autoptr (VqInstance) source = vq_instance_open (place, request->names[0], error);
  g_autoptr (VqInstance) instance = NULL;
  g_autoptr (GBytes) seed = NULL;

  g_strfreev (vq_instance_sweep (place));
  if (source == NULL || !vq_instance_name_check (request->names[1], error)
      || !check_source (source, request, error))
    return NULL;
  if (!vq_instance_seed_load (vq_instance_get_dir (source), &seed, error))
    return NULL;
  instance = vq_instance_create (place, request->names[1],
                                 copy_record (vq_instance_get_record (source), request), error);
  return instance != NULL && vq_instance_seed_keep (instance, seed, error)
             ? g_steal_pointer (&instance)
             : NULL;
}

static gboolean
do_fork (const VqInstanceRequest *request, GError **error)
{
  g_autoptr (VqPrivateDir) place = vq_instance_place_open_state (error);
  g_autoptr (VqInstance) instance = place != NULL ? make (place, request, error) : NULL;

  if (instance == NULL
      || !vq_instance_start (instance, TRUE, &request->life.owner, NULL, NULL, error))
    return FALSE;
  vq_verb_output_text ("%s\n", vq_instance_get_name (instance));
  return TRUE;
}

VqVerbStatus
vq_verb_fork_run (const char *const *arguments)
{
  static const VqInstanceRequestVerb verb
      = { .options = VQ_INSTANCE_REQUEST_NO_WAIT | VQ_INSTANCE_REQUEST_EPHEMERAL
                     | VQ_INSTANCE_REQUEST_LEASE | VQ_INSTANCE_REQUEST_OWNER,
          .min_names = 2,
          .max_names = 2,
          .help = help,
          .how = "virt-qemu fork --help",
          .act = do_fork };

  return vq_instance_request_run (&verb, arguments);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-keep.h"

#include <string.h>

#include "base/error.h"
#include "base/programs.h"
#include "disk/disk.h"
#include "instance/control-server.h"
#include "instance/control-wire.h"
#include "instance/instance-name.h"
#include "instance/instance-place.h"
#include "instance/instance-start.h"

/* How many instances of nearly the same name there may be. */
#define NAMES_MAX 99

/* The guest keeps its machine ID, because it is to stay what the test has made of it. */
static VqInstanceRecord *
build_record (VqTestbed *testbed, const VqPlan *plan, const char *const *arguments)
{
  g_autofree char *here = g_get_current_dir ();
  VqInstanceRecord *record = vq_instance_record_new (plan->options->images[0], here, arguments);

  g_free (record->machine_id);
  record->machine_id = g_strdup ("");
  g_free (record->source);
  record->source = g_strdup (vq_testbed_get_directory (testbed));
  record->cloud_seed = plan->cloud_seed;
  vq_instance_record_set_accel (record, plan->kvm);
  return record;
}

/* Transfer full. */
static char *
build_name (const char *name, int number)
{
  return number == 1 ? g_strdup (name) : g_strdup_printf ("%s-%d", name, number);
}

gboolean
vq_instance_keep_check (const char *name, GError **error)
{
  VQ_ERROR_PREFIX (error, "option --keep-failed");
  g_autofree char *longest = build_name (name, NAMES_MAX);
  g_autofree char *supervisor = vq_programs_find (VQ_INSTANCE_START_PROGRAM, error);

  return supervisor != NULL && vq_instance_name_check (name, error)
         && vq_instance_name_check (longest, error);
}

static VqInstance *
create (VqPrivateDir *place, VqTestbed *testbed, const char *name, const VqPlan *plan,
        const char *const *arguments, GError **error)
{
  for (int i = 1;; i++)
    {
      g_autofree char *tried = build_name (name, i);
      g_autoptr (GError) why = NULL;
      VqInstance *instance = NULL;

      if (vq_instance_name_check (tried, &why))
        instance = vq_instance_create (place, tried, build_record (testbed, plan, arguments), &why);
      if (instance != NULL)
        return instance;
      if (i < NAMES_MAX && g_error_matches (why, VQ_ERROR, VQ_ERROR_EXISTS))
        continue;
      g_propagate_error (error, g_steal_pointer (&why));
      return NULL;
    }
}

/* The supervisor of the new instance asks us for the machine, as it would ask another
 * supervisor. */
static void
on_request (VqControlRequest *request, gpointer data)
{
  const char *const *words = vq_control_request_get_words (request);
  g_autoptr (GError) error = NULL;

  if (strcmp (words[0], "fork") != 0 || words[1] == NULL || words[2] == NULL)
    vq_error_set (&error, VQ_ERROR_USAGE, "a testbed can only be asked for a copy");
  else if (vq_testbed_send (data, words[1], words[2], &error))
    {
      vq_control_request_succeed (request, (const char *const[]){ NULL });
      return;
    }
  vq_control_request_fail (request, error);
}

static gboolean
check (const VqPlan *plan, GError **error)
{
  if (plan->options->images[1] != NULL)
    return vq_error_set (error, VQ_ERROR_FAILED, "an instance has only one image");
  return vq_disk_check_lasting (plan->options->disks, TRUE, error);
}

char *
vq_instance_keep (VqTestbed *testbed, const char *name, const VqPlan *plan,
                  const char *const *arguments, VqCancel *cancel, GError **error)
{
  g_auto (VqInstanceOwner) nobody = VQ_INSTANCE_OWNER_NONE;
  g_autofree char *socket
      = g_build_filename (vq_testbed_get_directory (testbed), VQ_CONTROL_SOCKET, NULL);
  g_autoptr (VqControlServer) control = NULL;
  g_autoptr (VqPrivateDir) place = NULL;
  g_autoptr (VqInstance) instance = NULL;

  if (!check (plan, error) || !vq_testbed_be_source (testbed, error))
    return NULL;
  control = vq_control_server_new (socket, on_request, testbed, error);
  place = control != NULL ? vq_instance_place_open_state (error) : NULL;
  instance = place != NULL ? create (place, testbed, name, plan, arguments, error) : NULL;
  if (instance == NULL
      || !vq_instance_start (instance, TRUE, &nobody, vq_testbed_get_slot (testbed), cancel, error))
    return NULL;
  vq_testbed_leave_slot (testbed);
  return g_strdup (vq_instance_get_name (instance));
}

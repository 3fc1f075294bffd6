// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-machine.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/programs.h"
#include "instance/control-client.h"
#include "instance/control-wire.h"
#include "instance/instance-host-key.h"
#include "instance/instance-place.h"
#include "instance/instance-seed.h"
#include "instance/instance-socket.h"
#include "io/workdir.h"
#include "plan/options.h"
#include "plan/plan.h"

#define EXEC_NAME "virt-qemu-exec"

struct _VqInstanceMachine
{
  VqInstance *instance;
  const char *exec_socket;
  VqCancel *cancel;
  VqOptions *options;
  VqPlan *plan;
  char *exec_program;
  VqTestbed *testbed;
  VqSlot *slot; /* until there is a testbed that has it */
  gint64 lease_end;
  VqInstance *source; /* the one that we copy */
};

VqInstanceMachine *
vq_instance_machine_new (VqInstance *instance, const char *exec_socket, VqCancel *cancel)
{
  VqInstanceMachine *self = g_new0 (VqInstanceMachine, 1);

  self->instance = instance;
  self->exec_socket = exec_socket;
  self->cancel = cancel;
  return self;
}

void
vq_instance_machine_free (VqInstanceMachine *self)
{
  if (self == NULL)
    return;
  vq_testbed_free (self->testbed);
  vq_slot_free (self->slot);
  vq_instance_free (self->source);
  vq_plan_free (self->plan);
  vq_options_free (self->options);
  g_free (self->exec_program);
  g_free (self);
}

VqTestbed *
vq_instance_machine_get_testbed (VqInstanceMachine *self)
{
  return self->testbed;
}

void
vq_instance_machine_give_slot (VqInstanceMachine *self, VqSlot *slot)
{
  self->slot = slot;
}

void
vq_instance_machine_tell_slot (VqInstanceMachine *self)
{
  const VqInstanceRecord *record = vq_instance_get_record (self->instance);
  const VqSlotUse use = {
    .instance = vq_instance_get_name (self->instance),
    .owner = record->owner,
    .description = record->description[0] != '\0' ? record->description : record->image,
    .lease_end = self->lease_end,
  };

  if (self->testbed != NULL)
    vq_testbed_set_slot_use (self->testbed, &use);
}

void
vq_instance_machine_set_lease (VqInstanceMachine *self, gint64 end)
{
  self->lease_end = end;
  vq_instance_machine_tell_slot (self);
}

/* Cuts the words that name the instance off those that name images. */
static void
drop_name (VqOptions *options)
{
  if (options->images[0] == NULL || options->images[1] == NULL)
    return;
  g_clear_pointer (&options->images[1], g_free);
}

/* The command line that describes the machine. Its words belong to RECORD. */
static GPtrArray *
build_argv (const VqInstanceRecord *record)
{
  GPtrArray *argv = g_ptr_array_new ();

  g_ptr_array_add (argv, (gpointer) "virt-qemu");
  for (char **word = record->arguments; *word != NULL; word++)
    g_ptr_array_add (argv, *word);
  g_ptr_array_add (argv, NULL);
  return argv;
}

static gboolean
parse_options (VqInstanceMachine *self, GError **error)
{
  const VqInstanceRecord *record = vq_instance_get_record (self->instance);
  g_autoptr (GPtrArray) argv = build_argv (record);
  VqOptionsResult result;

  if (chdir (record->directory) != 0)
    return vq_error_set_errno (error, errno, "cannot go to the directory %s", record->directory);
  result = vq_options_parse_recorded (argv->len - 1, (const char *const *)argv->pdata,
                                      &self->options, error);
  if (result == VQ_OPTIONS_ERROR)
    return FALSE;
  if (result != VQ_OPTIONS_RUN)
    return vq_error_set (error, VQ_ERROR_FAILED, "its record describes no machine");
  drop_name (self->options);
  return TRUE;
}

/* Whether it takes over the state of another machine. */
static gboolean
is_copy (const VqInstanceRecord *record)
{
  return !record->has_disk && record->source[0] != '\0';
}

/* A copy runs with what the other machine runs with, because its state fits nothing else. So it
 * need not find out what works here. */
static void
take_accel (VqInstanceMachine *self)
{
  const VqInstanceRecord *record = vq_instance_get_record (self->instance);

  if (is_copy (record) && strcmp (record->accel, "kvm") == 0)
    self->options->accel = VQ_ACCEL_KVM;
  else if (is_copy (record) && strcmp (record->accel, "tcg") == 0)
    self->options->accel = VQ_ACCEL_TCG;
}

static void
set_identity (VqInstanceMachine *self)
{
  const char *machine_id = vq_instance_get_record (self->instance)->machine_id;
  VqPrivateDir *dir = vq_instance_get_dir (self->instance);
  g_autofree char *host_key = vq_private_dir_join (dir, VQ_INSTANCE_HOST_KEY);

  if (machine_id[0] != '\0')
    vq_plan_set_identity (self->plan, machine_id, host_key);
}

/* The host key is made while the plan is. */
static gboolean
make_plan (VqInstanceMachine *self, GError **error)
{
  VqPrivateDir *dir = vq_instance_get_dir (self->instance);
  g_autoptr (VqChild) key = NULL;

  self->exec_program = vq_programs_find (EXEC_NAME, error);
  if (self->exec_program == NULL || !vq_instance_host_key_start (dir, &key, error))
    return FALSE;
  vq_workdir_sweep (NULL);
  take_accel (self);
  if (!vq_instance_seed_load (dir, &self->options->seed.packed, error))
    return FALSE;
  self->plan = vq_plan_new (self->options, self->cancel, error);
  if (self->plan == NULL
      || !vq_instance_host_key_finish (g_steal_pointer (&key), self->cancel, error))
    return FALSE;
  vq_plan_keep_disk (self->plan, vq_private_dir_get_path (dir));
  set_identity (self);
  return TRUE;
}

/* Makes whoever has the machine that is copied send it to SOCKET: the supervisor of an instance, or
 * a server that keeps its testbed (instance-keep.h). */
static gboolean
ask_for_copy (const char *socket, gpointer data, GError **error)
{
  VqInstanceMachine *self = data;
  VqPrivateDir *dir = vq_instance_get_dir (self->instance);
  const char *const words[] = { "fork", socket, vq_private_dir_get_path (dir), NULL };
  const char *source = vq_instance_get_record (self->instance)->source;
  g_autofree char *path = g_build_filename (source, VQ_CONTROL_SOCKET, NULL);
  g_auto (GStrv) reply = self->source != NULL
                             ? vq_control_client_call (self->source, words, self->cancel, error)
                             : vq_control_client_ask (path, "testbed", words, self->cancel, error);

  return reply != NULL;
}

static gboolean
receive (VqInstanceMachine *self, GError **error)
{
  const char *name = vq_instance_get_record (self->instance)->source;
  g_autoptr (VqPrivateDir) place = NULL;

  if (g_path_is_absolute (name))
    return vq_testbed_receive (self->testbed, name, ask_for_copy, self, error);
  place = vq_instance_place_open_state (error);
  self->source = place != NULL ? vq_instance_open (place, name, error) : NULL;
  return self->source != NULL
         && vq_testbed_receive (self->testbed,
                                vq_private_dir_get_path (vq_instance_get_dir (self->source)),
                                ask_for_copy, self, error);
}

/* The disk of a machine that was never ready is not worth keeping. */
static gboolean
open_testbed (VqInstanceMachine *self, GError **error)
{
  VqInstanceRecord *record = vq_instance_get_record (self->instance);

  self->testbed = vq_testbed_new (self->plan, self->exec_program, self->exec_socket, self->cancel);
  vq_instance_machine_tell_slot (self);
  if (self->slot != NULL)
    vq_testbed_give_slot (self->testbed, g_steal_pointer (&self->slot));
  if ((record->has_disk || is_copy (record)) && record->cloud_seed
      && !vq_plan_add_cloud_seed (self->plan))
    g_debug ("the options name a way in, so the guest gets no seed");
  if (is_copy (record))
    return receive (self, error);
  return record->has_disk ? vq_testbed_open_kept (self->testbed, error)
                          : vq_testbed_open (self->testbed, error);
}

/* To be called whenever there is a new machine. */
static gboolean
note_machine (VqInstanceMachine *self, GError **error)
{
  VqInstanceRecord *record = vq_instance_get_record (self->instance);

  record->has_disk = TRUE;
  record->cloud_seed = self->plan->cloud_seed;
  vq_instance_record_set_accel (record, self->plan->kvm);
  return vq_instance_record_write (record, vq_instance_get_dir (self->instance), error)
         && vq_instance_socket_link (self->instance, vq_testbed_get_directory (self->testbed),
                                     error);
}

gboolean
vq_instance_machine_start (VqInstanceMachine *self, GError **error)
{
  return parse_options (self, error) && make_plan (self, error) && open_testbed (self, error)
         && note_machine (self, error);
}

gboolean
vq_instance_machine_revert (VqInstanceMachine *self, GError **error)
{
  return vq_testbed_revert (self->testbed, error) && note_machine (self, error);
}

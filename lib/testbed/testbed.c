// SPDX-License-Identifier: GPL-2.0-or-later
#include "testbed/testbed.h"

#include "guest/baseimage.h"
#include "base/host-facts.h"
#include "base/error.h"
#include "channel/exec-server.h"
#include "guest/guest-disks.h"
#include "guest/guest-setup.h"
#include "guest/guest.h"
#include "guest/late-disks.h"
#include "testbed/guest-source.h"
#include "testbed/machine-slot.h"
#include "plan/shared-dir.h"
#include "testbed/shell.h"
#include "testbed/test-command.h"
#include "testbed/guest-facts.h"
#include "guest/shared-mount.h"

#define COPY_SECONDS 300

/* How many seconds it may take to attach a shared directory or a disk to a guest. */
#define ATTACH_SECONDS 100
/* The same for all late disks, which may be made then, and get file systems. */
#define LATE_SECONDS 600

/* How many seconds it may take to copy a guest. */
#define SEND_SECONDS 60

struct _VqTestbed
{
  VqServed parent;
  VqPlan *plan;
  const char *fixed_socket; /* the same for all guests; NULL: each has its own */
  VqGuestSource *source;
  VqLateDisks *late_disks;
  VqCancel *cancel;
  VqGuest *guest;   /* NULL: the testbed is closed */
  VqGuest *leaving; /* the one before, whose QEMU was told to end; NULL: none */
  VqExecServer *exec_server;
  char *exec_socket;
  guint64 n_earlier_commands; /* those of exec servers that are gone */
  gboolean test_failed;       /* since the machine has been there, or was rebooted */
  VqTestbedKeep keep;         /* NULL: none */
  gpointer keep_data;
  VqSlot *slot; /* NULL: it needs none, or is closed */
  VqSlotUse slot_use;
  VqGuestFacts facts; /* the scratch directory's path stays the same from the first open on */
};

static void
look (VqServed *served)
{
  VqTestbed *testbed = (VqTestbed *)served;
  VqServedUsage *usage = &served->usage;
  VqGuest *guest = testbed->guest;

  usage->origin = vq_guest_source_get_origin (testbed->source);
  if (testbed->exec_server != NULL)
    usage->n_commands
        = testbed->n_earlier_commands + vq_exec_server_get_n_commands (testbed->exec_server);
  if (guest != NULL)
    {
      usage->memory = MAX (usage->memory, vq_host_facts_get_peak_memory (vq_guest_get_pid (guest)));
      usage->disk_space = MAX (usage->disk_space, vq_guest_get_disk_space (guest));
    }
}

/* Ends all commands, and keeps the logs. */
static void
disconnect (VqTestbed *testbed)
{
  look (&testbed->parent);
  testbed->n_earlier_commands = testbed->parent.usage.n_commands;
  if (testbed->guest != NULL)
    vq_cancel_set_watch (vq_guest_get_cancel (testbed->guest), NULL, NULL);
  g_clear_pointer (&testbed->exec_server, vq_exec_server_free);
  g_clear_pointer (&testbed->exec_socket, g_free);
  if (testbed->guest != NULL)
    vq_guest_keep_logs (testbed->guest);
}

/* Waits until the machine before is gone. */
static void
end_leaving (VqTestbed *testbed)
{
  if (testbed->leaving != NULL)
    vq_guest_shut_down (testbed->leaving, -1);
  g_clear_pointer (&testbed->leaving, vq_guest_free);
}

static void
kill_guest (VqTestbed *testbed)
{
  disconnect (testbed);
  g_clear_pointer (&testbed->guest, vq_guest_free);
}

void
vq_testbed_free (VqTestbed *testbed)
{
  if (testbed == NULL)
    return;
  kill_guest (testbed);
  end_leaving (testbed);
  vq_machine_slot_drop (testbed->plan, &testbed->slot);
  vq_guest_facts_clear (&testbed->facts);
  vq_guest_source_free (testbed->source);
  vq_late_disks_free (testbed->late_disks);
  g_free (testbed);
}

gboolean
vq_testbed_is_open (VqTestbed *testbed)
{
  return testbed->guest != NULL;
}

static char **
get_capabilities (VqServed *served)
{
  VqTestbed *testbed = (VqTestbed *)served;
  GStrvBuilder *builder = g_strv_builder_new ();
  const char *wanted = testbed->plan->options->user;
  const char *user = wanted != NULL && wanted[0] != '\0' && !g_str_equal (wanted, "root")
                         ? wanted
                         : testbed->facts.user;
  char **words;

  g_strv_builder_add_many (builder, "isolation-machine", "reboot", "revert", "revert-full-system",
                           "root-on-testbed", NULL);
  if (user != NULL)
    {
      g_autofree char *word = g_strconcat ("suggested-normal-user=", user, NULL);

      g_strv_builder_add (builder, word);
    }
  words = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);
  return words;
}

/* While nobody uses the testbed, nobody hears of a full disk unless we say so. */
static void
on_machine_failed (const GError *reason, gpointer data)
{
  if (reason->code == VQ_ERROR_NO_ROOM)
    g_message ("%s", reason->message);
  vq_exec_server_fail (data, reason);
}

void
vq_testbed_on_failed_test (VqTestbed *testbed, VqTestbedKeep keep, gpointer data)
{
  testbed->keep = keep;
  testbed->keep_data = data;
}

static void
on_test_ended (int status, gpointer data)
{
  VqTestbed *testbed = data;

  testbed->test_failed |= vq_test_command_failed (status);
}

static void
keep_if_failed (VqTestbed *testbed)
{
  gboolean failed = testbed->test_failed;

  testbed->test_failed = FALSE;
  if (failed && testbed->keep != NULL && testbed->guest != NULL)
    testbed->keep (testbed, testbed->keep_data);
}

static gboolean
start_exec_server (VqTestbed *testbed, GError **error)
{
  testbed->exec_socket
      = testbed->fixed_socket != NULL
            ? g_strdup (testbed->fixed_socket)
            : g_build_filename (vq_guest_get_directory (testbed->guest), "exec", NULL);
  testbed->exec_server = vq_exec_server_new (testbed->exec_socket, error);
  if (testbed->exec_server == NULL)
    return FALSE;
  vq_exec_server_watch (testbed->exec_server, vq_test_command_matches, on_test_ended, testbed);
  vq_exec_server_set_channel (testbed->exec_server, vq_guest_get_channel (testbed->guest));
  vq_cancel_set_watch (vq_guest_get_cancel (testbed->guest), on_machine_failed,
                       testbed->exec_server);
  return TRUE;
}

/* Plugged in only after the boot: during the boot the guest would find two disks with the same
 * UUIDs. */
static gboolean
attach_baseimage (VqTestbed *testbed, gint64 deadline, GError **error)
{
  VqChannel *channel = vq_guest_get_channel (testbed->guest);
  VqCancel *cancel = vq_guest_get_cancel (testbed->guest);

  return !testbed->plan->options->baseimage
         || (vq_baseimage_add_rules (channel, "", deadline, cancel, error)
             && vq_guest_plug_baseimage (testbed->guest, deadline, error)
             && vq_baseimage_wait (channel, "", deadline, cancel, error));
}

static gboolean
set_up_disks (VqTestbed *testbed, const GPtrArray *disks, GError **error)
{
  return vq_guest_disks_set_up (disks, vq_guest_get_channel (testbed->guest),
                                vq_deadline_in (LATE_SECONDS), vq_guest_get_cancel (testbed->guest),
                                error);
}

/* To be called before a test is told that it may reboot, because it then reboots at once. */
static gboolean
detach_baseimage (VqTestbed *testbed, GError **error)
{
  return !testbed->plan->options->baseimage
         || vq_guest_unplug_baseimage (testbed->guest, vq_deadline_in (ATTACH_SECONDS), error);
}

/* Attaches what cannot be part of a template. To be called after each fork and boot. */
static gboolean
attach (VqTestbed *testbed, GError **error)
{
  gint64 deadline = vq_deadline_in (ATTACH_SECONDS);

  return vq_shared_mount_all (testbed->plan->options->shared_dirs,
                              vq_guest_get_channel (testbed->guest), deadline,
                              vq_guest_get_cancel (testbed->guest), error)
         && attach_baseimage (testbed, deadline, error);
}

/* They are not in a template, because their keys must not be there. */
static gboolean
plug_late_disks (VqTestbed *testbed, GError **error)
{
  return vq_late_disks_plug (testbed->late_disks, testbed->guest, vq_deadline_in (LATE_SECONDS),
                             error);
}

/* Over ssh, the guest is known by the key that it has. */
static gboolean
renew_identity (VqTestbed *testbed, GError **error)
{
  const VqPlan *plan = testbed->plan;

  return plan->machine_id == NULL || !vq_guest_has_helper (testbed->guest)
         || vq_guest_renew_identity (testbed->guest, plan->machine_id, plan->host_key,
                                     vq_deadline_in (ATTACH_SECONDS), error);
}

/* Takes over GUEST, which is NULL if there is none. IS_NEW: it is not one that boots again. */
static gboolean
begin (VqTestbed *testbed, VqGuest *guest, gboolean is_new, gint64 start, GError **error)
{
  testbed->guest = guest;
  if (guest != NULL && (!is_new || renew_identity (testbed, error))
      && start_exec_server (testbed, error) && plug_late_disks (testbed, error)
      && attach (testbed, error))
    {
      g_debug ("the testbed is open after %.2f s",
               (g_get_monotonic_time () - start) / (double)G_USEC_PER_SEC);
      return TRUE;
    }
  kill_guest (testbed);
  return FALSE;
}

void
vq_testbed_set_slot_use (VqTestbed *testbed, const VqSlotUse *use)
{
  g_autoptr (GError) error = NULL;

  testbed->slot_use = *use;
  if (testbed->slot != NULL && !vq_slot_tell (testbed->slot, use, &error))
    g_warning ("%s", error->message);
}

void
vq_testbed_give_slot (VqTestbed *testbed, VqSlot *slot)
{
  const VqSlotUse use = testbed->slot_use;

  testbed->slot = slot;
  vq_plan_set_slot (testbed->plan, slot);
  vq_testbed_set_slot_use (testbed, &use);
}

const VqSlot *
vq_testbed_get_slot (VqTestbed *testbed)
{
  return testbed->slot;
}

void
vq_testbed_leave_slot (VqTestbed *testbed)
{
  /* The spare machine has a copy of the descriptor, which would keep the slot from being free. */
  vq_guest_source_drop_spare (testbed->source);
  vq_machine_slot_drop (testbed->plan, &testbed->slot);
}

static gboolean
take_slot (VqTestbed *testbed, GError **error)
{
  return testbed->slot != NULL
         || vq_machine_slot_take (testbed->plan, &testbed->slot_use, testbed->cancel,
                                  &testbed->slot, error);
}

/* Returns OPEN. A testbed that is not open has no slot. */
static gboolean
keep_slot_if (VqTestbed *testbed, gboolean open)
{
  if (!open)
    vq_machine_slot_drop (testbed->plan, &testbed->slot);
  return open;
}

gboolean
vq_testbed_open (VqTestbed *testbed, GError **error)
{
  VQ_ERROR_PREFIX (error, "cannot open the testbed");
  gboolean ready = take_slot (testbed, error);
  gint64 start = g_get_monotonic_time ();

  return keep_slot_if (
      testbed, ready && vq_late_disks_prepare (testbed->late_disks, TRUE, testbed->cancel, error)
                   && begin (testbed, vq_guest_source_get (testbed->source, &testbed->facts, error),
                             TRUE, start, error));
}

gboolean
vq_testbed_open_kept (VqTestbed *testbed, GError **error)
{
  VQ_ERROR_PREFIX (error, "cannot boot the machine from its disk");
  gboolean ready = take_slot (testbed, error);
  gint64 start = g_get_monotonic_time ();

  return keep_slot_if (
      testbed,
      ready && vq_late_disks_prepare (testbed->late_disks, FALSE, testbed->cancel, error)
          && begin (testbed, vq_guest_source_get_kept (testbed->source, &testbed->facts, error),
                    FALSE, start, error));
}

gboolean
vq_testbed_receive (VqTestbed *testbed, const char *source, VqLiveMigrationAsk ask, gpointer data,
                    GError **error)
{
  gboolean ready = take_slot (testbed, error);
  gint64 start = g_get_monotonic_time ();

  return keep_slot_if (testbed,
                       ready
                           && begin (testbed,
                                     vq_guest_source_receive (testbed->source, source, ask, data,
                                                              &testbed->facts, error),
                                     TRUE, start, error));
}

gboolean
vq_testbed_be_source (VqTestbed *testbed, GError **error)
{
  return vq_guest_be_source (testbed->guest, error);
}

/* A disk that was plugged in later is missing in the command line of the other machine. */
gboolean
vq_testbed_send (VqTestbed *testbed, const char *socket, const char *target, GError **error)
{
  if (testbed->plan->options->baseimage)
    return vq_error_set (error, VQ_ERROR_FAILED, "a machine with --baseimage cannot be copied");
  if (testbed->plan->late_disks->len > 0)
    return vq_error_set (error, VQ_ERROR_FAILED,
                         "a machine with an encrypted disk cannot be copied");
  return vq_guest_send (testbed->guest, socket, target, vq_deadline_in (SEND_SECONDS), error);
}

static void
end_guest (VqTestbed *testbed, int seconds)
{
  keep_if_failed (testbed);
  disconnect (testbed);
  if (testbed->guest != NULL)
    vq_guest_shut_down (testbed->guest, seconds);
  g_clear_pointer (&testbed->guest, vq_guest_free);
  end_leaving (testbed);
}

/* The next machine is there already, so nobody has to wait for the end of this one. */
static gboolean
exchange_guest (VqTestbed *testbed, GError **error)
{
  gboolean opened;

  disconnect (testbed);
  end_leaving (testbed);
  testbed->leaving = g_steal_pointer (&testbed->guest);
  opened = vq_testbed_open (testbed, error);
  vq_guest_begin_end (testbed->leaving);
  return opened;
}

gboolean
vq_testbed_revert (VqTestbed *testbed, GError **error)
{
  int seconds = testbed->plan->options->timeout_poweroff;

  keep_if_failed (testbed); /* the next machine may have to wait for a slot then */
  if (seconds < 0 && vq_guest_source_has_spare (testbed->source))
    return exchange_guest (testbed, error);
  end_guest (testbed, seconds);
  return vq_testbed_open (testbed, error);
}

static gint64
copy_deadline (VqTestbed *testbed)
{
  int seconds = testbed->plan->options->timeout_copy;

  return vq_deadline_in (seconds != 0 ? seconds : G_MAXINT);
}

/* Kills all commands, and lets no new ones start, because their channel ends with the reboot. */
static void
drop_commands (VqTestbed *testbed)
{
  g_autoptr (GError) reason = NULL;

  vq_error_set (&reason, VQ_ERROR_MACHINE, "the machine is being rebooted");
  vq_exec_server_fail (testbed->exec_server, reason);
}

static void
on_system_ended (const GError *reason, gpointer data)
{
  VqTestbed *testbed = data;

  if (testbed->exec_server != NULL)
    drop_commands (testbed);
}

/* A command may be the one that reboots the guest. It runs until the guest ends it, or until the
 * system has ended, if anything tells us of that. */
static void
drop_commands_later (VqTestbed *testbed)
{
  VqCancel *boot = vq_boot_watch_get_cancel (vq_guest_get_boots (testbed->guest));

  if (vq_cancel_reason (boot) != NULL || !vq_guest_has_helper (testbed->guest))
    drop_commands (testbed);
  else
    vq_cancel_set_watch (boot, on_system_ended, testbed);
}

/* When the mark of a test has gone, its guest may be reset even before we hear that all is saved.
 * Restoring it will tell. */
static gboolean
save_scratch (VqTestbed *testbed, GError **error)
{
  VqBootWatch *boots = vq_guest_get_boots (testbed->guest);
  g_autoptr (GError) why = NULL;

  if (vq_guest_setup_save_scratch (vq_guest_get_channel (testbed->guest), testbed->facts.scratch,
                                   copy_deadline (testbed), vq_boot_watch_get_cancel (boots), &why)
      || vq_boot_watch_wait_end (boots))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

static gboolean
reboot_guest (VqTestbed *testbed, gboolean prepare_only, GError **error)
{
  VqCancel *cancel = vq_guest_get_cancel (testbed->guest);

  if (!detach_baseimage (testbed, error)
      || !vq_guest_prepare_reboot (testbed->guest, vq_deadline_in (ATTACH_SECONDS), error)
      || !save_scratch (testbed, error))
    return FALSE;
  if (prepare_only)
    drop_commands_later (testbed);
  else
    drop_commands (testbed);
  testbed->test_failed = FALSE; /* a test that reboots is killed by that, and goes on later */
  if (!vq_guest_reboot (testbed->guest, prepare_only ? VQ_REBOOT_ITSELF : VQ_REBOOT_TOLD, error))
    return FALSE;
  vq_exec_server_set_channel (testbed->exec_server, vq_guest_get_channel (testbed->guest));
  return set_up_disks (testbed, testbed->plan->disks, error)
         && set_up_disks (testbed, testbed->plan->late_disks, error) && attach (testbed, error)
         && vq_guest_setup_restore_scratch (vq_guest_get_channel (testbed->guest),
                                            testbed->facts.scratch, copy_deadline (testbed), cancel,
                                            error);
}

gboolean
vq_testbed_reboot (VqTestbed *testbed, gboolean prepare_only, GError **error)
{
  VQ_ERROR_PREFIX (error, "cannot reboot the machine");

  return reboot_guest (testbed, prepare_only, error);
}

void
vq_testbed_close_within (VqTestbed *testbed, int seconds)
{
  end_guest (testbed, seconds);
  if (testbed->slot != NULL)
    vq_guest_source_drop_spare (testbed->source);
  vq_machine_slot_drop (testbed->plan, &testbed->slot);
}

void
vq_testbed_close (VqTestbed *testbed)
{
  vq_testbed_close_within (testbed, testbed->plan->options->timeout_poweroff);
}

const GError *
vq_testbed_get_failure (VqTestbed *testbed)
{
  return testbed->guest != NULL ? vq_cancel_reason (vq_guest_get_cancel (testbed->guest)) : NULL;
}

const char *
vq_testbed_get_directory (VqTestbed *testbed)
{
  return testbed->guest != NULL ? vq_guest_get_directory (testbed->guest) : NULL;
}

GPid
vq_testbed_get_pid (VqTestbed *testbed)
{
  return testbed->guest != NULL ? vq_guest_get_pid (testbed->guest) : 0;
}

void
vq_testbed_set_scratch (VqTestbed *testbed, const char *path)
{
  g_free (testbed->facts.scratch);
  testbed->facts.scratch = g_strdup (path);
}

VqServed *
vq_testbed_get_served (VqTestbed *testbed)
{
  return &testbed->parent;
}

static gboolean
is_open (VqServed *served)
{
  return vq_testbed_is_open ((VqTestbed *)served);
}

static gboolean
open_served (VqServed *served, GError **error)
{
  return vq_testbed_open ((VqTestbed *)served, error);
}

static gboolean
revert (VqServed *served, GError **error)
{
  return vq_testbed_revert ((VqTestbed *)served, error);
}

static gboolean
reboot (VqServed *served, gboolean prepare_only, GError **error)
{
  return vq_testbed_reboot ((VqTestbed *)served, prepare_only, error);
}

static void
close_served (VqServed *served)
{
  vq_testbed_close ((VqTestbed *)served);
}

/* Without its slot, a testbed has no right to a machine. A command in the guest may need the only
 * processor. */
static gboolean
is_in_the_way (VqTestbed *testbed)
{
  if (testbed->guest == NULL && testbed->plan->options->slot != NULL)
    return TRUE;
  return g_get_num_processors () == 1 && testbed->exec_server != NULL
         && vq_exec_server_is_busy (testbed->exec_server);
}

static void
make_ready (VqServed *served, int caller)
{
  VqTestbed *testbed = (VqTestbed *)served;

  end_leaving (testbed);
  if (!is_in_the_way (testbed))
    vq_guest_source_make_spare (testbed->source, caller);
}

static const char *
get_scratch (VqServed *served)
{
  return ((VqTestbed *)served)->facts.scratch;
}

static const char *
get_exec_socket (VqServed *served)
{
  return ((VqTestbed *)served)->exec_socket;
}

static VqChannel *
get_channel (VqServed *served)
{
  return vq_guest_get_channel (((VqTestbed *)served)->guest);
}

static VqCancel *
get_cancel (VqServed *served)
{
  return vq_guest_get_cancel (((VqTestbed *)served)->guest);
}

static gboolean
run_shell (VqServed *served, const char *directory, const char *const *environment, GError **error)
{
  VqTestbed *testbed = (VqTestbed *)served;
  g_autofree char *console = g_build_filename (vq_guest_get_directory (testbed->guest),
                                               testbed->plan->arch->serial[0], NULL);
  const char *user = testbed->facts.user != NULL ? testbed->facts.user : "root";

  return vq_shell_run (vq_guest_get_channel (testbed->guest), directory, environment, console,
                       vq_guest_get_ssh_port (testbed->guest), user,
                       vq_guest_get_cancel (testbed->guest), error);
}

static void
describe_failure (VqServed *served)
{
  VqTestbed *testbed = (VqTestbed *)served;
  g_autofree char *console = NULL;
  const GError *reason;

  if (testbed->guest == NULL)
    return;
  reason = vq_cancel_reason (vq_guest_get_cancel (testbed->guest));
  console = vq_guest_describe_console (testbed->guest);
  g_message ("the testbed %s%s; its console said last: %s",
             reason != NULL ? "has failed: " : "runs", reason != NULL ? reason->message : "",
             console[0] != '\0' ? console : "(nothing)");
}

static const VqServedClass class = {
  .is_open = is_open,
  .get_capabilities = get_capabilities,
  .open = open_served,
  .revert = revert,
  .reboot = reboot,
  .close = close_served,
  .get_scratch = get_scratch,
  .get_exec_socket = get_exec_socket,
  .get_channel = get_channel,
  .get_cancel = get_cancel,
  .shell = run_shell,
  .describe_failure = describe_failure,
  .make_ready = make_ready,
  .look = look,
};

VqTestbed *
vq_testbed_new (VqPlan *plan, const char *exec_program, const char *exec_socket, VqCancel *cancel)
{
  VqTestbed *testbed = g_new0 (VqTestbed, 1);

  testbed->plan = plan;
  testbed->parent.class = &class;
  testbed->parent.exec_program = exec_program;
  testbed->parent.timeout_copy = plan->options->timeout_copy;
  testbed->fixed_socket = exec_socket;
  testbed->source = vq_guest_source_new (plan, cancel);
  testbed->late_disks = vq_late_disks_new (plan);
  testbed->cancel = cancel;
  if (plan->options->images != NULL)
    testbed->slot_use.description = plan->options->images[0];
  return testbed;
}

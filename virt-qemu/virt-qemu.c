// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu VERB, for people and scripts. The verbs are in lib/verb; here are their table and the
 * exit status. */
#include <locale.h>

#include "base/inherited.h"
#include "io/log.h"
#include "instance/instance-start.h"
#include "verb/verb-check.h"
#include "client/verb-console.h"
#include "client/verb-events.h"
#include "client/verb-exec.h"
#include "client/verb-file.h"
#include "client/verb-fork.h"
#include "client/verb-instance.h"
#include "client/verb-launch.h"
#include "client/verb-list.h"
#include "lock/verb-lock.h"
#include "client/verb-logs.h"
#include "client/verb-screenshot.h"
#include "client/verb-shell.h"
#include "client/verb-ssh.h"
#include "client/verb-stats.h"
#include "run/verb-run.h"
#include "verb/verb-image.h"
#include "verb/verb-output.h"
#include "verb/verb-slots.h"
#include "verb/verb-template.h"
#include "verb/verb.h"

static const VqVerb verbs[] = {
  { "launch", "make an instance and start it", vq_verb_launch_run },
  { "create", "make an instance", vq_verb_launch_create },
  { "start", "start instances", vq_verb_instance_start },
  { "renew", "put off the end of instances with a lease", vq_verb_instance_renew },
  { "stop", "shut instances down", vq_verb_instance_stop },
  { "restart", "reboot instances", vq_verb_instance_restart },
  { "revert", "make instances as they were when launched", vq_verb_instance_revert },
  { "fork", "make an instance that is a copy of one that runs", vq_verb_fork_run },
  { "delete", "remove instances", vq_verb_instance_delete },
  { "lock", "make machines for somebody, all or none", vq_verb_lock_run },
  { "unlock", "destroy machines that were locked", vq_verb_lock_unlock },
  { "update", "note that an instance is down, or what it is for", vq_verb_lock_update },
  { "exec", "run a command in an instance", vq_verb_exec_run },
  { "shell", "open a shell in an instance", vq_verb_shell_run },
  { "console", "connect to the serial console of an instance", vq_verb_console_run },
  { "ssh-config", "print what ssh must know to log in to instances", vq_verb_ssh_config },
  { "file", "copy files into an instance and out of it", vq_verb_file_run },
  { "list", "show all instances", vq_verb_list_run },
  { "info", "show what is known about an instance", vq_verb_list_info },
  { "stats", "show what an instance takes of the host", vq_verb_stats_run },
  { "logs", "show what a guest wrote to its console", vq_verb_logs_run },
  { "screenshot", "take a picture of the screen of an instance", vq_verb_screenshot_run },
  { "wait", "wait until an instance is ready or has stopped", vq_verb_instance_wait },
  { "events", "show what happens to instances", vq_verb_events_run },
  { "prune", "remove what killed processes have left of instances", vq_verb_list_prune },
  { "run", "run a test in a machine of its own", vq_verb_run_run },
  { "slots", "show the slots of this host, and who has them", vq_verb_slots_run },
  { "template", "list and remove templates, from which testbeds are forked", vq_verb_template_run },
  { "image", "build disk images, look at them and convert them", vq_verb_image_run },
  { "check", "say what this host can do, and what is missing", vq_verb_check_run },
  { VQ_VERB_SSH_PROXY, NULL, vq_verb_ssh_proxy },
  { VQ_VERB_SSH_HOST_KEY, NULL, vq_verb_ssh_host_key },
  { VQ_INSTANCE_START_VERB, NULL, vq_verb_instance_supervise },
  { NULL },
};

static const VqVerbTable table
    = { "virt-qemu", "Virtual machines that are forked, not booted.", verbs };

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  VqVerbStatus status;

  setlocale (LC_ALL, "");
  vq_log_init ("virt-qemu");
  if (!vq_inherited_settle (&error))
    {
      g_critical ("%s", error->message);
      return VQ_VERB_FAILED;
    }
  status = vq_verb_run (&table, (const char *const *)argv + (argc > 0));
  if (vq_verb_output_finish ())
    return status;
  if (!vq_verb_output_has_lost_reader ())
    g_critical ("cannot write the output");
  return VQ_VERB_FAILED;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "list/targets.h"
#include "client/verb-ssh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "client/instance-request.h"
#include "client/machine-exec.h"
#include "instance/instance-host-key.h"
#include "instance/instance-place.h"
#include "instance/instance-socket.h"
#include "io/child.h"
#include "io/lock-file.h"
#include "verb/verb-output.h"

/* For ssh-keygen, or for another process of ours that runs it. */
#define KEY_SECONDS 30

#define KEY "ssh-key"
#define NEW_KEY KEY ".new"

static const char config_help[]
    = "Usage: virt-qemu ssh-config [OPTION...] [NAME]\n"
      "\n"
      "Prints lines for ~/.ssh/config, with which \"ssh NAME" VQ_TARGETS_HOST_SUFFIX
      "\" logs in to the\n"
      "instance NAME, as root if no user is given. There is no port and no question\n"
      "about keys: the guest's host key is known, and checked. Without NAME, the lines are for all "
      "instances, those of later, too.\n"
      "The guest must have an ssh server (openssh-server), which need not run.\n"
      "\n"
      "  -h, --help             show this text and exit\n";

static const char server_script[] =
#include "client/ssh-server.sh.inc"
    ;

static const char key_script[] =
#include "client/host-key.sh.inc"
    ;

/* The directory above that of the instances. */
static VqPrivateDir *
open_state (GError **error)
{
  g_autoptr (VqPrivateDir) place = vq_instance_place_open_state (error);
  g_autofree char *path
      = place != NULL ? g_path_get_dirname (vq_private_dir_get_path (place)) : NULL;

  return path != NULL ? vq_private_dir_open (path, VQ_PRIVATE_DIR_EXISTING, error) : NULL;
}

/* PATH as a word of our user's shell, in a line of ssh's where "%" begins a token. */
static char *
quote (const char *path)
{
  g_autofree char *word = g_shell_quote (path);
  g_auto (GStrv) parts = g_strsplit (word, "%", -1);

  return g_strjoinv ("%%", parts);
}

/* ssh may be run where our variables are not set. An old ssh does not know KnownHostsCommand and
 * takes any host key; what is run for ssh comes from the same user. */
static gboolean
print_config (const VqInstanceRequest *request, GError **error)
{
  const char *name = request->names[0];
  g_autofree char *program = g_file_read_link ("/proc/self/exe", error);
  g_autoptr (VqPrivateDir) state = program != NULL ? open_state (error) : NULL;
  g_autoptr (VqPrivateDir) place = state != NULL ? vq_instance_place_open_state (error) : NULL;
  g_autoptr (VqInstance) instance
      = place != NULL && name != NULL ? vq_instance_open (place, name, error) : NULL;
  g_autofree char *state_word = NULL;
  g_autofree char *program_word = NULL;
  g_autofree char *key = NULL;

  if (place == NULL || (name != NULL && instance == NULL))
    return FALSE;
  state_word = quote (vq_private_dir_get_path (state));
  program_word = quote (program);
  key = vq_private_dir_join (state, KEY);
  vq_verb_output_text (
      "Host %s" VQ_TARGETS_HOST_SUFFIX "\n"
      "  ProxyCommand env VIRT_QEMU_STATE_DIR=%s %s " VQ_VERB_SSH_PROXY " '%%h'\n"
      "  IdentityFile \"%s\"\n"
      "  IdentitiesOnly yes\n"
      "  User root\n"
      "  IgnoreUnknown KnownHostsCommand\n"
      "  KnownHostsCommand /usr/bin/env VIRT_QEMU_STATE_DIR=%s %s " VQ_VERB_SSH_HOST_KEY " %%H\n"
      "  StrictHostKeyChecking accept-new\n"
      "  UserKnownHostsFile /dev/null\n"
      "  LogLevel ERROR\n",
      name != NULL ? name : "*", state_word, program_word, key, state_word, program_word);
  return TRUE;
}

VqVerbStatus
vq_verb_ssh_config (const char *const *arguments)
{
  static const VqInstanceRequestVerb verb = {
    .max_names = 1, .help = config_help, .how = "virt-qemu ssh-config --help", .act = print_config
  };

  return vq_instance_request_run (&verb, arguments);
}

/* A key gets its name when it is complete. */
static gboolean
make_key (VqPrivateDir *state, GError **error)
{
  g_autofree char *path = vq_private_dir_join (state, NEW_KEY);
  const char *const argv[]
      = { "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "virt-qemu", "-f", path, NULL };
  int fd = vq_private_dir_get_fd (state);

  unlinkat (fd, NEW_KEY, 0);
  if (!vq_child_run (argv, NULL, NULL, vq_deadline_in (KEY_SECONDS), NULL, error))
    return FALSE;
  unlinkat (fd, NEW_KEY ".pub", 0);
  return renameat (fd, NEW_KEY, fd, KEY) == 0
         || vq_error_set_errno (error, errno, "cannot rename %s", path);
}

/* The public half of our key, which is made if it is not there. Transfer full. */
static char *
get_public_key (GError **error)
{
  VQ_ERROR_PREFIX (error, "cannot make a key with ssh-keygen (package openssh-client)");
  g_autoptr (VqPrivateDir) state = open_state (error);
  gint64 deadline = vq_deadline_in (KEY_SECONDS);
  g_autoptr (VqLockFile) lock
      = state != NULL ? vq_lock_file_wait (state, KEY ".lock", deadline, NULL, error) : NULL;
  g_autofree char *path = lock != NULL ? vq_private_dir_join (state, KEY) : NULL;
  const char *const argv[] = { "ssh-keygen", "-y", "-f", path, NULL };
  char *line = NULL;

  if (lock == NULL || (access (path, F_OK) != 0 && !make_key (state, error))
      || !vq_child_run (argv, NULL, &line, deadline, NULL, error))
    return NULL;
  return g_strchomp (line);
}

/* The instance that ssh calls HOST. */
static VqInstance *
open_instance (const char *host, GError **error)
{
  g_autofree char *name = g_str_has_suffix (host, VQ_TARGETS_HOST_SUFFIX)
                              ? g_strndup (host, strlen (host) - strlen (VQ_TARGETS_HOST_SUFFIX))
                              : g_strdup (host);
  g_autoptr (VqPrivateDir) place = vq_instance_place_open_state (error);

  return place != NULL ? vq_instance_open (place, name, error) : NULL;
}

/* Makes the private half of the host key of INSTANCE our stdin for a moment, and gives it to the
 * guest if it needs it. That must be done before ssh's first bytes can go to the guest. Returns an
 * exit status, as vq_machine_exec_run does. */
static int
send_host_key (VqInstance *instance, const char *public_key, GError **error)
{
  const char *const argv[] = { "sh", "-c", key_script, "sh", public_key, NULL };
  const VqMachineExec what
      = { .name = vq_instance_get_name (instance), .command = { .argv = argv } };
  vq_autofd int key = vq_private_dir_open_file (vq_instance_get_dir (instance),
                                                VQ_INSTANCE_HOST_KEY, O_RDONLY, error);
  vq_autofd int connection = key >= 0 ? fcntl (STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : -1;
  int status;

  if (key < 0)
    return VQ_MACHINE_EXEC_FAILED;
  if (connection < 0 || dup2 (key, STDIN_FILENO) < 0)
    {
      vq_error_set_errno (error, errno, "cannot send the host key");
      return VQ_MACHINE_EXEC_FAILED;
    }
  status = vq_machine_exec_run (&what, error);
  dup2 (connection, STDIN_FILENO);
  return status;
}

static int
serve (const char *host, GError **error)
{
  g_autoptr (VqInstance) instance = open_instance (host, error);
  const char *name = instance != NULL ? vq_instance_get_name (instance) : NULL;
  g_autofree char *socket = name != NULL ? vq_instance_socket_find (name, "exec", error) : NULL;
  g_autofree char *key = socket != NULL ? get_public_key (error) : NULL;
  g_autofree char *host_key
      = key != NULL ? vq_instance_host_key_read (vq_instance_get_dir (instance)) : NULL;
  const char *const argv[]
      = { "sh", "-c", server_script, "sh", key, host_key != NULL ? host_key : "", NULL };
  const VqMachineExec what = { .name = name, .command = { .argv = argv } };
  int status;

  if (key == NULL)
    return VQ_MACHINE_EXEC_FAILED;
  status = host_key != NULL ? send_host_key (instance, host_key, error) : 0;
  return status == 0 ? vq_machine_exec_run (&what, error) : status;
}

/* ssh asks for nothing that it does not need, so an instance without a key is no error. */
VqVerbStatus
vq_verb_ssh_host_key (const char *const *arguments)
{
  g_autoptr (VqInstance) instance
      = arguments[0] != NULL ? open_instance (arguments[0], NULL) : NULL;
  g_autofree char *key
      = instance != NULL ? vq_instance_host_key_read (vq_instance_get_dir (instance)) : NULL;

  if (key != NULL)
    vq_verb_output_text ("%s %s\n", arguments[0], key);
  return VQ_VERB_OK;
}

VqVerbStatus
vq_verb_ssh_proxy (const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  int status = VQ_MACHINE_EXEC_FAILED;

  if (g_strv_length ((char **)arguments) == 1)
    status = serve (arguments[0], &error);
  else
    vq_error_set (&error, VQ_ERROR_USAGE, "this verb is for ssh itself");
  if (error != NULL)
    vq_verb_error_report (error, "virt-qemu ssh-config --help", FALSE);
  return (VqVerbStatus)status;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "client/verb-ssh.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "client/instance-request.h"
#include "client/machine-exec.h"
#include "instance/instance-place.h"
#include "instance/instance-socket.h"
#include "io/child.h"
#include "io/lock-file.h"
#include "verb/verb-output.h"

/* What a host's name has after that of the instance. */
#define SUFFIX ".virt-qemu"

/* For ssh-keygen, or for another process of ours that runs it. */
#define KEY_SECONDS 30

#define KEY "ssh-key"
#define NEW_KEY KEY ".new"

static const char config_help[]
    = "Usage: virt-qemu ssh-config [OPTION...] [NAME]\n"
      "\n"
      "Prints lines for ~/.ssh/config, with which \"ssh NAME" SUFFIX "\" logs in to the\n"
      "instance NAME, as root if no user is given. There is no port and no question\n"
      "about keys. Without NAME, the lines are for all instances, those of later, too.\n"
      "The guest must have an ssh server (openssh-server), which need not run.\n"
      "\n"
      "  -h, --help             show this text and exit\n";

static const char server_script[] =
#include "client/ssh-server.sh.inc"
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

/* ssh may be run where our variables are not set. */
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
  vq_verb_output_text ("Host %s" SUFFIX "\n"
                       "  ProxyCommand env VIRT_QEMU_STATE_DIR=%s %s " VQ_VERB_SSH_PROXY " '%%h'\n"
                       "  IdentityFile \"%s\"\n"
                       "  IdentitiesOnly yes\n"
                       "  User root\n"
                       "  StrictHostKeyChecking no\n"
                       "  UserKnownHostsFile /dev/null\n"
                       "  LogLevel ERROR\n",
                       name != NULL ? name : "*", state_word, program_word, key);
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

static int
serve (const char *host, GError **error)
{
  g_autofree char *name = g_str_has_suffix (host, SUFFIX)
                              ? g_strndup (host, strlen (host) - strlen (SUFFIX))
                              : g_strdup (host);
  g_autofree char *socket = vq_instance_socket_find (name, "exec", error);
  g_autofree char *key = socket != NULL ? get_public_key (error) : NULL;
  const char *const argv[] = { "sh", "-c", server_script, "sh", key, NULL };
  const VqMachineExec what = { .name = name, .command = { .argv = argv } };

  return key != NULL ? vq_machine_exec_run (&what, error) : VQ_MACHINE_EXEC_FAILED;
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

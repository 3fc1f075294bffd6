// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-testbed.h"

#include "base/error.h"
#include "channel/channel-capture.h"
#include "channel/exec-client.h"
#include "guest/guest-setup.h"
#include "instance/control-client.h"
#include "instance/control-wire.h"
#include "instance/instance-place.h"
#include "instance/instance-socket.h"
#include "testbed/shell.h"

/* How many seconds each step of opening and closing may take in the guest. */
#define STEP_SECONDS 100
#define CLOSE_SECONDS 10

struct _VqInstanceTestbed
{
  VqServed parent;
  const VqOptions *options;
  VqCancel *cancel;
  VqInstance *instance;
  char *exec_socket;
  VqChannel *channel; /* NULL: the testbed is closed */
  char *scratch;
  char *user; /* the name of the first normal user, or NULL */
};

static VqInstanceTestbed *
get_self (VqServed *served)
{
  return (VqInstanceTestbed *)served;
}

static gboolean
is_open (VqServed *served)
{
  return get_self (served)->channel != NULL;
}

/* autopkgtest reverts only what says that it can be reverted. */
static char **
get_capabilities (VqServed *served)
{
  VqInstanceTestbed *self = get_self (served);
  const char *user = self->options->user != NULL ? self->options->user : self->user;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *word = user != NULL ? g_strconcat ("suggested-normal-user=", user, NULL) : NULL;

  g_strv_builder_add_many (builder, "isolation-machine", "reboot", "root-on-testbed", NULL);
  if (self->options->allow_revert)
    g_strv_builder_add_many (builder, "revert", "revert-full-system", NULL);
  if (word != NULL)
    g_strv_builder_add (builder, word);
  return g_strv_builder_end (builder);
}

/* Asks the supervisor. */
static gboolean
ask (VqInstanceTestbed *self, const char *const *words, GError **error)
{
  g_auto (GStrv) reply = vq_control_client_call (self->instance, words, self->cancel, error);

  return reply != NULL;
}

/* Finds the instance, and waits until it is ready. */
static gboolean
find_instance (VqInstanceTestbed *self, GError **error)
{
  g_autoptr (VqPrivateDir) place = vq_instance_place_open_state (error);

  g_clear_pointer (&self->instance, vq_instance_free);
  g_clear_pointer (&self->exec_socket, g_free);
  if (place != NULL)
    self->instance = vq_instance_open (place, self->options->instance, error);
  if (self->instance == NULL)
    return FALSE;
  if (!vq_instance_is_running (self->instance))
    return vq_error_set (error, VQ_ERROR_BUSY,
                         "it does not run: start it with `virt-qemu start %s'",
                         self->options->instance);
  if (!ask (self, (const char *const[]){ "ready", NULL }, error))
    return FALSE;
  self->exec_socket = vq_instance_socket_build_path (self->instance, "exec", error);
  return self->exec_socket != NULL;
}

static gboolean
make_facts (VqInstanceTestbed *self, GError **error)
{
  g_clear_pointer (&self->user, g_free);
  return vq_guest_setup_find_user (self->channel, &self->user, vq_deadline_in (STEP_SECONDS),
                                   self->cancel, error)
         && vq_guest_setup_make_scratch (self->channel, &self->scratch,
                                         vq_deadline_in (STEP_SECONDS), self->cancel, error);
}

static gboolean
open_testbed (VqServed *served, GError **error)
{
  VqInstanceTestbed *self = get_self (served);
  VQ_ERROR_PREFIX (error, "cannot open the instance \"%s\"", self->options->instance);

  if (!find_instance (self, error))
    return FALSE;
  self->channel = vq_exec_client_new (self->exec_socket);
  if (make_facts (self, error))
    return TRUE;
  g_clear_pointer (&self->channel, vq_channel_free);
  return FALSE;
}

/* The supervisor makes the scratch directory in the fresh machine. */
static gboolean
revert (VqServed *served, GError **error)
{
  VqInstanceTestbed *self = get_self (served);
  VQ_ERROR_PREFIX (error, "cannot revert the instance \"%s\"", self->options->instance);

  if (!self->options->allow_revert)
    return vq_error_set (error, VQ_ERROR_USAGE, "--allow-revert was not given");
  return ask (self, (const char *const[]){ "revert", self->scratch, NULL }, error);
}

static gboolean
reboot (VqServed *served, gboolean prepare_only, GError **error)
{
  VqInstanceTestbed *self = get_self (served);
  const char *const words[]
      = { "restart", self->scratch, prepare_only ? VQ_CONTROL_ITSELF : NULL, NULL };
  VQ_ERROR_PREFIX (error, "cannot reboot the instance \"%s\"", self->options->instance);

  return ask (self, words, error);
}

/* What has ended us must not keep us from cleaning up, so there is no cancel. */
static void
close_testbed (VqServed *served)
{
  VqInstanceTestbed *self = get_self (served);
  const char *const argv[] = { "rm", "-rf", "--", self->scratch, NULL };
  g_autoptr (GError) error = NULL;

  if (!vq_channel_capture (self->channel, argv, NULL, vq_deadline_in (CLOSE_SECONDS), NULL, &error))
    g_warning ("the scratch directory %s stays in the instance \"%s\": %s", self->scratch,
               self->options->instance, error->message);
  g_clear_pointer (&self->channel, vq_channel_free);
  g_clear_pointer (&self->scratch, g_free);
}

static const char *
get_scratch (VqServed *served)
{
  return get_self (served)->scratch;
}

static const char *
get_exec_socket (VqServed *served)
{
  return get_self (served)->exec_socket;
}

static VqChannel *
get_channel (VqServed *served)
{
  return get_self (served)->channel;
}

static VqCancel *
get_cancel (VqServed *served)
{
  return get_self (served)->cancel;
}

static gboolean
run_shell (VqServed *served, const char *directory, const char *const *environment, GError **error)
{
  VqInstanceTestbed *self = get_self (served);
  g_autofree char *console = vq_instance_socket_build_path (self->instance, "ttyS0", error);

  return console != NULL
         && vq_shell_run (self->channel, directory, environment, console, 0, "root", self->cancel,
                          error);
}

static void
describe_failure (VqServed *served)
{
  VqInstanceTestbed *self = get_self (served);
  const char *name = self->options->instance;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  if (self->instance != NULL)
    path = vq_instance_socket_build_path (self->instance, "exec", &error);
  if (error != NULL)
    g_warning ("%s; `virt-qemu logs %s' shows its console", error->message, name);
  else
    g_message ("the testbed is the instance \"%s\"; `virt-qemu logs %s' shows its console", name,
               name);
}

static void
look (VqServed *served)
{
  served->usage.origin = is_open (served) ? "instance" : served->usage.origin;
}

static const VqServedClass class = {
  .is_open = is_open,
  .get_capabilities = get_capabilities,
  .open = open_testbed,
  .revert = revert,
  .reboot = reboot,
  .close = close_testbed,
  .get_scratch = get_scratch,
  .get_exec_socket = get_exec_socket,
  .get_channel = get_channel,
  .get_cancel = get_cancel,
  .shell = run_shell,
  .describe_failure = describe_failure,
  .look = look,
};

VqInstanceTestbed *
vq_instance_testbed_new (const VqOptions *options, const char *exec_program, VqCancel *cancel)
{
  VqInstanceTestbed *self = g_new0 (VqInstanceTestbed, 1);

  self->parent.class = &class;
  self->parent.exec_program = exec_program;
  self->parent.timeout_copy = options->timeout_copy;
  self->options = options;
  self->cancel = cancel;
  return self;
}

void
vq_instance_testbed_free (VqInstanceTestbed *testbed)
{
  if (testbed == NULL)
    return;
  if (testbed->channel != NULL)
    close_testbed (&testbed->parent);
  vq_instance_free (testbed->instance);
  g_free (testbed->exec_socket);
  g_free (testbed->user);
  g_free (testbed);
}

VqServed *
vq_instance_testbed_get_served (VqInstanceTestbed *testbed)
{
  return &testbed->parent;
}

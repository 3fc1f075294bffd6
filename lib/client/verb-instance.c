// SPDX-License-Identifier: GPL-2.0-or-later
#include "client/verb-instance.h"

#include "base/error.h"
#include "instance/control-client.h"
#include "instance/control-wire.h"
#include "instance/instance-place.h"
#include "instance/instance-start.h"
#include "client/instance-removal.h"
#include "client/instance-request.h"
#include "client/lock-owner.h"
#include "verb/verb-output.h"

/* How many instances one command may name. */
#define MANY 1000

/* A verb: what its command line may have, and what it does with each instance. */
typedef struct
{
  const char *name;
  VqInstanceRequestOptions options;
  guint max_names;
  gboolean (*act) (VqInstance *instance, const VqInstanceRequest *request, GError **error);
  const char *help; /* what follows the usage line */
} Verb;

/* Sends the request VERB [now] [ARGUMENT] to the supervisor. */
static gboolean
ask (VqInstance *instance, const VqInstanceRequest *request, const char *verb, const char *argument,
     GError **error)
{
  const char *words[4] = { verb };
  g_auto (GStrv) reply = NULL;
  gsize n = 1;

  if (request->no_wait)
    words[n++] = VQ_CONTROL_NOW;
  words[n] = argument;
  reply = vq_control_client_call (instance, words, NULL, error);
  return reply != NULL;
}

static gboolean
start (VqInstance *instance, const VqInstanceRequest *request, GError **error)
{
  return vq_instance_lock (instance, error)
         && vq_instance_life_write (&request->life, instance, error)
         && vq_instance_start (instance, FALSE, &request->life.owner, NULL, NULL, error);
}

static gboolean
stop (VqInstance *instance, const VqInstanceRequest *request, GError **error)
{
  g_autofree char *seconds = g_strdup_printf ("%d", request->force ? -1 : request->timeout);

  return ask (instance, request, "stop", seconds, error);
}

static gboolean
renew (VqInstance *instance, const VqInstanceRequest *request, GError **error)
{
  g_autofree char *seconds = g_strdup_printf ("%" G_GINT64_FORMAT, request->life.lease);

  return ask (instance, request, "renew", request->life.lease >= 0 ? seconds : NULL, error);
}

static gboolean
restart (VqInstance *instance, const VqInstanceRequest *request, GError **error)
{
  return ask (instance, request, "restart", NULL, error);
}

static gboolean
revert (VqInstance *instance, const VqInstanceRequest *request, GError **error)
{
  return ask (instance, request, "revert", NULL, error);
}

static gboolean delete (VqInstance *instance, const VqInstanceRequest *request, GError **error)
{
  if (request->force)
    return vq_instance_removal_force (instance, error);
  if (!vq_lock_owner_check_removal (instance, error))
    return FALSE;
  if (!vq_instance_is_running (instance))
    return vq_instance_removal_stopped (instance, error);
  return vq_error_set (error, VQ_ERROR_BUSY,
                       "the instance \"%s\" runs: stop it first, or give --force",
                       vq_instance_get_name (instance));
}

/* A supervisor that does not answer is just starting or ending. */
static gboolean
await (VqInstance *instance, const VqInstanceRequest *request, GError **error)
{
  if (!request->stopped)
    return ask (instance, request, "ready", NULL, error);
  if (vq_instance_is_running (instance) && !ask (instance, request, "end", NULL, NULL))
    vq_instance_await_stop (instance);
  return TRUE;
}

static const Verb start_verb
    = { "start", VQ_INSTANCE_REQUEST_LEASE | VQ_INSTANCE_REQUEST_OWNER, MANY, start,
        "Starts instances that do not run, and waits until they are ready. The first time\n"
        "an instance is forked from a template; later it boots from its own disk. Without\n"
        "--lease, the last one holds again.\n"
        "\n" VQ_INSTANCE_LIFE_LEASE_HELP VQ_INSTANCE_LIFE_OWNER_HELP };

static const Verb renew_verb
    = { "renew", VQ_INSTANCE_REQUEST_LEASE | VQ_INSTANCE_REQUEST_TARGETS, MANY, renew,
        "Begins the leases of instances that run anew.\n"
        "\n"
        "      --lease=TIME       for this time from now on, as 90s, 15m, 2h or 1d (default:\n"
        "                         that of launch or start; 0: no end)\n"
        "  -t, --targets=FILE     names, from YAML as \"virt-qemu lock\" prints it\n" };

static const Verb stop_verb
    = { "stop",
        VQ_INSTANCE_REQUEST_TIMEOUT | VQ_INSTANCE_REQUEST_FORCE | VQ_INSTANCE_REQUEST_NO_WAIT, MANY,
        stop,
        "Shuts instances down. An instance keeps its disk, unless it is ephemeral: then\n"
        "it is deleted.\n"
        "\n"
        "      --timeout=SECONDS  how long the guest may take to shut down before it is\n"
        "                         ended by force (default: 30)\n"
        "  -f, --force            end it at once, whatever is being done with it; what the\n"
        "                         guest has not written to its disk is lost\n"
        "      --no-wait          fail if something else is being done with it\n" };

static const Verb restart_verb
    = { "restart", VQ_INSTANCE_REQUEST_NO_WAIT, MANY, restart,
        "Reboots the guests of instances that run, and waits until they are ready.\n"
        "\n"
        "      --no-wait          fail if something else is being done with it\n" };

static const Verb revert_verb
    = { "revert", VQ_INSTANCE_REQUEST_NO_WAIT, MANY, revert,
        "Replaces the machines of instances that run by fresh ones, as after launch.\n"
        "Everything that was done in them is lost.\n"
        "\n"
        "      --no-wait          fail if something else is being done with it\n" };

static const Verb delete_verb
    = { "delete", VQ_INSTANCE_REQUEST_FORCE, MANY, delete,
        "Removes instances with their disks; if one cannot be removed, still the others.\n"
        "\n"
        "  -f, --force            even if they run, are locked by others, or what is kept\n"
        "                         about them is damaged\n" };

static const Verb wait_verb
    = { "wait", VQ_INSTANCE_REQUEST_FOR | VQ_INSTANCE_REQUEST_NO_WAIT, 1, await,
        "Waits until the instance is ready, or until it has stopped. There must be one of\n"
        "this name: an ephemeral one that has stopped before is none.\n"
        "\n"
        "      --for=STATE        what to wait for: ready or stopped (default: ready)\n"
        "      --no-wait          fail if something is being done with it\n" };

static void
print_help (const Verb *verb)
{
  vq_verb_output_text ("Usage: virt-qemu %s [OPTION...] NAME%s\n\n%s"
                       "      --format=json      tell errors in JSON, too\n"
                       "  -h, --help             show this text and exit\n",
                       verb->name, verb->max_names > 1 ? "..." : "", verb->help);
}

static VqVerbStatus
fail (const Verb *verb, const VqInstanceRequest *request, const GError *error)
{
  g_autofree char *help = g_strdup_printf ("virt-qemu %s --help", verb->name);

  return vq_verb_error_report (error, help, request->json);
}

/* By force, one can be deleted that cannot be used any more. */
static VqInstance *
open_instance (const Verb *verb, VqPrivateDir *place, const char *name,
               const VqInstanceRequest *request, GError **error)
{
  if (verb == &delete_verb && request->force)
    return vq_instance_open_damaged (place, name, error);
  return vq_instance_open (place, name, error);
}

static VqVerbStatus
act (const Verb *verb, VqPrivateDir *place, const char *name, const VqInstanceRequest *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqInstance) instance = open_instance (verb, place, name, request, &error);

  if (instance != NULL && verb->act (instance, request, &error))
    return VQ_VERB_OK;
  return fail (verb, request, error);
}

/* If several fail, the status is that of the first. */
static VqVerbStatus
act_on_all (const Verb *verb, const VqInstanceRequest *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqPrivateDir) place = vq_instance_place_open_state (&error);
  VqVerbStatus status = VQ_VERB_OK;

  if (place == NULL)
    return fail (verb, request, error);
  for (char **name = request->names; *name != NULL; name++)
    {
      VqVerbStatus one = act (verb, place, *name, request);

      status = status != VQ_VERB_OK ? status : one;
    }
  return status;
}

static VqVerbStatus
run (const Verb *verb, const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_auto (VqInstanceRequest) request = { 0 };

  if (!vq_instance_request_parse (&request, arguments, verb->options, 1, verb->max_names, &error))
    return fail (verb, &request, error);
  if (!request.help)
    return act_on_all (verb, &request);
  print_help (verb);
  return VQ_VERB_OK;
}

VqVerbStatus
vq_verb_instance_start (const char *const *arguments)
{
  return run (&start_verb, arguments);
}

VqVerbStatus
vq_verb_instance_renew (const char *const *arguments)
{
  return run (&renew_verb, arguments);
}

VqVerbStatus
vq_verb_instance_stop (const char *const *arguments)
{
  return run (&stop_verb, arguments);
}

VqVerbStatus
vq_verb_instance_restart (const char *const *arguments)
{
  return run (&restart_verb, arguments);
}

VqVerbStatus
vq_verb_instance_revert (const char *const *arguments)
{
  return run (&revert_verb, arguments);
}

VqVerbStatus
vq_verb_instance_delete (const char *const *arguments)
{
  return run (&delete_verb, arguments);
}

VqVerbStatus
vq_verb_instance_wait (const char *const *arguments)
{
  return run (&wait_verb, arguments);
}

VqVerbStatus
vq_verb_instance_supervise (const char *const *arguments)
{
  g_autoptr (GError) error = NULL;

  if (g_strv_length ((char **)arguments) != VQ_INSTANCE_START_N_ARGUMENTS)
    vq_error_set (&error, VQ_ERROR_USAGE, "this verb is for virt-qemu itself");
  else if (vq_instance_start_supervise (arguments, &error))
    return VQ_VERB_OK;
  return error != NULL ? vq_verb_error_report (error, "virt-qemu --help", FALSE) : VQ_VERB_FAILED;
}

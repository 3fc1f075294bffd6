// SPDX-License-Identifier: GPL-2.0-or-later
#include "lock/verb-lock.h"

#include "base/error.h"
#include "base/signals.h"
#include "client/instance-removal.h"
#include "list/instance-row.h"
#include "client/lock-owner.h"
#include "lock/machine-maker.h"
#include "instance/control-client.h"
#include "instance/instance-mark.h"
#include "instance/instance-place.h"
#include "verb/verb-output.h"

static gboolean
print_made (const GPtrArray *names, VqListFormat format, GError **error)
{
  g_autoptr (VqPrivateDir) place = vq_instance_place_open_state (error);
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify)json_node_unref);

  for (guint i = 0; place != NULL && i < names->len; i++)
    {
      JsonNode *row = vq_instance_row_read (place, names->pdata[i], error);

      if (row == NULL)
        return FALSE;
      g_ptr_array_add (rows, row);
    }
  vq_list_output_print (rows, format);
  return place != NULL;
}

/* Nobody would know of machines whose names could not be written. */
static gboolean
tell (const GPtrArray *names, VqListFormat format, GError **error)
{
  if (print_made (names, format, error) && vq_verb_output_finish ())
    return TRUE;
  vq_machine_maker_undo (names);
  if (*error == NULL)
    vq_error_set (error, VQ_ERROR_FAILED,
                  "the names of the machines could not be written, so none is locked");
  return FALSE;
}

/* A signal is heard between the steps, so that then, too, nothing is left. */
static gboolean
lock (const VqLockRequest *request, GError **error)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (VqSignals) signals = vq_signals_new (cancel, error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  return signals != NULL && vq_machine_maker_run (request, names, cancel, error)
         && tell (names, request->format, error);
}

static gboolean
unlock_one (VqPrivateDir *place, const char *name, const VqLockRequest *request, GError **error)
{
  g_autoptr (GError) why = NULL;
  g_autoptr (VqInstance) instance = vq_instance_open (place, name, &why);

  if (instance == NULL && vq_error_is_missing (why))
    {
      g_message ("there is no instance \"%s\": it is gone already", name);
      return TRUE;
    }
  if (instance == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&why));
      return FALSE;
    }
  return (request->force || vq_lock_owner_check (instance, request->owner, request->desc, error))
         && vq_instance_removal_force (instance, error);
}

/* The supervisor of one that runs has its record. */
static gboolean
mark (VqInstance *instance, const char *const *words, GError **error)
{
  g_auto (GStrv) reply = NULL;
  g_autoptr (GError) why = NULL;

  if (vq_instance_lock (instance, &why))
    return vq_instance_mark (instance, words + 1, error);
  if (vq_error_is_missing (why))
    {
      g_propagate_error (error, g_steal_pointer (&why));
      return FALSE;
    }
  reply = vq_control_client_call (instance, words, NULL, error);
  return reply != NULL;
}

static gboolean
update_one (VqPrivateDir *place, const char *name, const VqLockRequest *request, GError **error)
{
  g_autoptr (VqInstance) instance = vq_instance_open (place, name, error);
  g_autofree char *status = g_strconcat ("status=", request->status, NULL);
  g_autofree char *description = g_strconcat ("description=", request->desc, NULL);
  const char *words[4] = { "mark" };
  gsize n = 1;

  if (request->status != NULL)
    words[n++] = status;
  if (request->desc != NULL)
    words[n++] = description;
  return instance != NULL && mark (instance, words, error);
}

typedef gboolean (*ActOne) (VqPrivateDir *place, const char *name, const VqLockRequest *request,
                            GError **error);

/* If several fail, the status is that of the first. */
static VqVerbStatus
act_on_all (const VqLockRequest *request, ActOne act, const char *how)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqPrivateDir) place = vq_instance_place_open_state (&error);
  gboolean json = request->format == VQ_LIST_JSON;
  VqVerbStatus status = VQ_VERB_OK;

  if (place == NULL)
    return vq_verb_error_report (error, how, json);
  for (guint i = 0; i < request->names->len; i++)
    if (!act (place, request->names->pdata[i], request, &error))
      {
        VqVerbStatus one = vq_verb_error_report (error, how, json);

        g_clear_error (&error);
        status = status != VQ_VERB_OK ? status : one;
        if (!request->keep_going)
          break;
      }
  return status;
}

VqVerbStatus
vq_verb_lock_run (const char *const *arguments)
{
  static const char how[] = "virt-qemu lock --help";
  g_autoptr (GError) error = NULL;
  g_auto (VqLockRequest) request = { 0 };

  if (!vq_lock_request_parse (&request, arguments, VQ_LOCK_REQUEST_LOCK, &error))
    return vq_verb_error_report (error, how, vq_verb_error_wants_json (arguments));
  if (request.help)
    vq_verb_output_text ("%s", vq_lock_request_get_help (VQ_LOCK_REQUEST_LOCK));
  else if (!lock (&request, &error))
    return vq_verb_error_report (error, how, request.format == VQ_LIST_JSON);
  return VQ_VERB_OK;
}

static VqVerbStatus
run (const char *const *arguments, VqLockRequestVerb verb, ActOne act, const char *how)
{
  g_autoptr (GError) error = NULL;
  g_auto (VqLockRequest) request = { 0 };

  if (!vq_lock_request_parse (&request, arguments, verb, &error))
    return vq_verb_error_report (error, how, vq_verb_error_wants_json (arguments));
  if (!request.help)
    return act_on_all (&request, act, how);
  vq_verb_output_text ("%s", vq_lock_request_get_help (verb));
  return VQ_VERB_OK;
}

VqVerbStatus
vq_verb_lock_unlock (const char *const *arguments)
{
  return run (arguments, VQ_LOCK_REQUEST_UNLOCK, unlock_one, "virt-qemu unlock --help");
}

VqVerbStatus
vq_verb_lock_update (const char *const *arguments)
{
  return run (arguments, VQ_LOCK_REQUEST_UPDATE, update_one, "virt-qemu update --help");
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/cloud-init.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "guest/guest-script.h"

/* How many seconds before the deadline the guest gives up by itself, so that it can say why. */
#define RESERVE 10

#define SHOWN_MAX 500 /* bytes of what cloud-init says in a message */

#define MORE "--log-dir=DIR keeps its logs"

static const char script[] =
#include "guest/wait-cloud-init.sh.inc"
    ;

/* Its stages, as they are called in its report. */
static const char *const stages[]
    = { "init-local", "init", "modules-init", "modules-config", "modules-final" };

/* The object "v1", which has everything in it; NULL: there is none. */
static JsonObject *
get_v1 (JsonNode *root)
{
  JsonObject *v1 = NULL;

  return root != NULL && vq_json_get_object (json_node_get_object (root), "v1", &v1, NULL) ? v1
                                                                                           : NULL;
}

/* Adds the texts in LIST, which is what a guest has sent, as "STAGE: TEXT". */
static void
add_list (GString *all, const char *stage, JsonNode *list)
{
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (list) ? json_node_get_array (list) : NULL;

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);

      if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
        g_string_append_printf (all, "%s%s: %s", all->len > 0 ? "; " : "", stage,
                                json_node_get_string (node));
    }
}

/* Recoverable errors have one list for each level. */
static void
add_lists (GString *all, const char *stage, JsonNode *lists)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (lists) ? json_node_get_object (lists) : NULL;
  g_autoptr (GList) levels = object != NULL ? json_object_get_members (object) : NULL;

  for (GList *level = levels; level != NULL; level = level->next)
    add_list (all, stage, json_object_get_member (object, level->data));
}

/* What is under MEMBER in all stages, as one printable line. Transfer full. */
static char *
collect (JsonObject *status, const char *member, void (*add) (GString *, const char *, JsonNode *))
{
  g_autoptr (GString) all = g_string_new (NULL);

  for (gsize i = 0; status != NULL && i < G_N_ELEMENTS (stages); i++)
    {
      JsonObject *stage = NULL;

      if (vq_json_get_object (status, stages[i], &stage, NULL) && stage != NULL
          && json_object_has_member (stage, member))
        add (all, stages[i], json_object_get_member (stage, member));
    }
  return vq_text_printable (all->str, all->len, SHOWN_MAX);
}

/* How far it has come: its STAGE (NULL: it does not say), and the end of its LOG. Transfer full. */
static char *
describe_work (const char *stage, const char *log)
{
  g_autofree char *shown = vq_text_printable (log, strlen (log), SHOWN_MAX);
  g_autofree char *end = shown[0] != '\0' ? g_strconcat ("its log ends with: ", shown, NULL) : NULL;

  if (stage == NULL)
    return g_strdup (end != NULL ? end : "it has not told anything yet");
  return g_strconcat ("its stage: ", stage, end != NULL ? "; " : NULL, end, NULL);
}

static gboolean
tell_work (JsonObject *status, const char *log, GError **error)
{
  const char *stage = NULL;
  g_autofree char *work = NULL;

  if (status != NULL && !vq_json_get_string (status, "stage", NULL, &stage, NULL))
    stage = NULL;
  work = describe_work (stage, log);
  return vq_error_set (error, VQ_ERROR_TIMEOUT,
                       "cloud-init in the guest has not ended in the time that a boot has (%s); "
                       "--timeout-reboot=SECONDS gives it more",
                       work);
}

/* An error in an item of user-data, in words that are the guest's. */
static gboolean
check_errors (JsonObject *status, VqCloudInitTask task, GError **error)
{
  g_autofree char *errors = collect (status, "errors", add_list);
  g_autofree char *recovered = collect (status, "recoverable_errors", add_lists);

  if (errors[0] != '\0' && task == VQ_CLOUD_INIT_WORK)
    return vq_error_set (error, VQ_ERROR_FAILED, "cloud-init in the guest failed (%s); " MORE,
                         errors);
  if (errors[0] != '\0')
    g_warning ("cloud-init in the guest failed: %s", errors);
  if (recovered[0] != '\0')
    g_warning ("cloud-init in the guest complains: %s", recovered);
  return TRUE;
}

/* Whether it has read our CD, which is a device in the list of its sources. Without drivers for the
 * CD, or if they came too late, it may know only from the machine's serial number that there is
 * one, and does nothing then. */
static gboolean
check_source (JsonObject *result, GError **error)
{
  g_autofree char *shown = NULL;
  const char *source = NULL;

  if (result == NULL || !vq_json_get_string (result, "datasource", NULL, &source, NULL)
      || source == NULL
      || (g_str_has_prefix (source, "DataSourceNoCloud") && strstr (source, "/dev/") != NULL))
    return TRUE;
  shown = vq_text_printable (source, strlen (source), SHOWN_MAX);
  return vq_error_set (
      error, VQ_ERROR_FAILED,
      "cloud-init in the guest has not read the seed, but used %s; the guest needs "
      "drivers for a SCSI CD drive on virtio (virtio_scsi, sr_mod, isofs), and "
      "NoCloud in its datasource_list",
      shown);
}

/* Part I of what follows on the first line of REPORT; "" if there is no such part. Transfer full.
 */
static char *
get_part (const char *report, guint i)
{
  const char *rest = strchr (report, '\n');
  g_auto (GStrv) parts = g_strsplit (rest != NULL ? rest + 1 : "", "\036\n", 3);

  return g_strdup (i < g_strv_length (parts) ? parts[i] : "");
}

/* NULL if it is no JSON. */
static JsonNode *
parse_part (const char *report, guint i)
{
  g_autofree char *text = get_part (report, i);

  return vq_json_parse_object (text, strlen (text), NULL);
}

gboolean
vq_cloud_init_check (const char *report, VqCloudInitTask task, GError **error)
{
  g_autofree char *word = g_strndup (report, strcspn (report, "\n"));
  g_autofree char *log = get_part (report, 2);
  g_autoptr (JsonNode) status = parse_part (report, 0);
  g_autoptr (JsonNode) result = parse_part (report, 1);

  if (g_str_equal (word, "missing"))
    return vq_error_set (error, VQ_ERROR_FAILED,
                         "there is no cloud-init in the guest, which --user-data and its like are "
                         "for: use an image with the package cloud-init");
  if (g_str_equal (word, "off"))
    return vq_error_set (error, VQ_ERROR_FAILED,
                         "cloud-init in the guest is switched off, or has not seen the seed; "
                         "\"cloud-init status --long\" in the guest tells more");
  if (g_str_equal (word, "works"))
    return tell_work (get_v1 (status), log, error);
  if (!g_str_equal (word, "ended"))
    return vq_error_set (error, VQ_ERROR_PEER, "the guest does not tell how cloud-init has ended");
  return check_errors (get_v1 (status), task, error) && check_source (get_v1 (result), error);
}

gboolean
vq_cloud_init_wait (VqChannel *channel, VqCloudInitTask task, gint64 deadline, VqCancel *cancel,
                    GError **error)
{
  g_autofree char *limit = g_strdup_printf ("%.0f", MAX (vq_deadline_left (deadline) - RESERVE, 1));
  const char *const arguments[] = { limit, NULL };
  g_autofree char *report = NULL;
  g_autoptr (GError) why = NULL;

  if (vq_guest_script_run (channel, script, arguments, &report, deadline, cancel,
                           "cannot wait for cloud-init in the guest", &why))
    return vq_cloud_init_check (report, task, error);
  if (vq_error_is_timeout (why)) /* the guest is too slow even to say so */
    return tell_work (NULL, "", error);
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

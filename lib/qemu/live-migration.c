// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/live-migration.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "base/wait.h"
#include "qemu/migration-end.h"

/* Bytes per second; QEMU's default is for networks. For how many milliseconds the machine may stand
 * still, as far as QEMU can foresee that. */
#define BANDWIDTH (G_GINT64_CONSTANT (10) * 1024 * 1024 * 1024)
#define STILL_MS 100

/* The first version of QEMU that copies a machine under TCG without loss while it runs. */
#define FIRST_GOOD_TCG 9

#define END_PATIENCE 1 /* seconds */
#define STILL "pre-switchover"

typedef struct
{
  VqQmp *qmp;
  char *status; /* owned; what QEMU has said last */
} Migration;

static void
on_event (const char *event, JsonObject *data, gpointer user_data)
{
  Migration *migration = user_data;
  const char *status;

  if (!vq_json_get_string (data, "status", "", &status, NULL))
    return;
  g_free (migration->status);
  migration->status = g_strdup (status);
}

static gboolean
is_at (const Migration *migration, const char *status)
{
  return g_strcmp0 (migration->status, status) == 0;
}

static gboolean
is_over (gpointer data)
{
  return is_at (data, "completed") || is_at (data, "failed") || is_at (data, "cancelled");
}

static gboolean
is_still_or_over (gpointer data)
{
  return is_at (data, STILL) || is_over (data);
}

static JsonNode *
build_capabilities (void)
{
  static const struct
  {
    const char *name;
    gboolean state;
  } wanted[]
      = { { "events", TRUE }, { "pause-before-switchover", TRUE }, { "x-ignore-shared", FALSE } };
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonArray *array = json_array_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (wanted); i++)
    json_array_add_element (array, vq_json_build ("capability", "s", wanted[i].name, "state", "b",
                                                  wanted[i].state, NULL));
  json_object_set_array_member (object, "capabilities", array);
  json_node_take_object (node, object);
  return node;
}

static gboolean
begin (Migration *migration, const char *command, const char *socket, gint64 deadline,
       VqCancel *cancel, GError **error)
{
  g_autofree char *uri = g_strconcat ("unix:", socket, NULL);

  vq_qmp_watch (migration->qmp, "MIGRATION", on_event, migration);
  return vq_qmp_call (migration->qmp, "migrate-set-capabilities", build_capabilities (), NULL,
                      deadline, cancel, error)
         && vq_qmp_call (migration->qmp, command, vq_json_build ("uri", "s", uri, NULL), NULL,
                         deadline, cancel, error);
}

static void
end (Migration *migration)
{
  vq_qmp_watch (migration->qmp, NULL, NULL, NULL);
  g_free (migration->status);
}

/* Always returns FALSE. The event only says that it has failed. */
static gboolean
explain (Migration *migration, gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autoptr (JsonNode) result = NULL;
  g_autofree char *text = NULL;
  const char *why = "QEMU does not say why";

  if (!vq_qmp_call (migration->qmp, "query-migrate", NULL, &result, deadline, cancel, error))
    return FALSE;
  if (JSON_NODE_HOLDS_OBJECT (result))
    (void)!vq_json_get_string (json_node_get_object (result), "error-desc", why, &why, NULL);
  text = vq_text_printable (why, strlen (why), 500);
  return vq_error_set (error, VQ_ERROR_PEER, "%s", text);
}

static gboolean
wait_for (Migration *migration, VqWaitCondition condition, const char *status, gint64 deadline,
          VqCancel *cancel, GError **error)
{
  g_autofree char *what = g_strdup_printf ("migration's \"%s\"", status);

  if (!vq_wait_until (condition, migration, deadline, cancel, what, error))
    return FALSE;
  return is_at (migration, status) || explain (migration, deadline, cancel, error);
}

static gboolean
go_on (Migration *migration, gint64 deadline, VqCancel *cancel, GError **error)
{
  return vq_qmp_call (migration->qmp, "migrate-continue", vq_json_build ("state", "s", STILL, NULL),
                      NULL, deadline, cancel, error)
         && wait_for (migration, is_over, "completed", deadline, cancel, error)
         && vq_migration_end_wait (migration->qmp, deadline, cancel, error);
}

/* Waits for the end, because until then QEMU does not let the machine run. */
static void
give_up (Migration *migration, VqCancel *cancel)
{
  if (migration->status == NULL || is_over (migration))
    return;
  vq_qmp_send (migration->qmp, "migrate_cancel", NULL);
  (void)!vq_wait_until (is_over, migration, vq_deadline_in (END_PATIENCE), cancel,
                        "end of a migration", NULL);
}

/* Before version 9.0, QEMU's own emulation (TCG) forgot some of what a guest wrote while its memory
 * was being sent, so that the copy had old pages: "exec: Fix TCG migration", March 2024. */
static gboolean
notes_all_writes (VqQmp *qmp, gboolean *notes, gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autoptr (JsonNode) kvm = NULL;
  g_autoptr (JsonNode) version = NULL;
  JsonObject *numbers = NULL;
  gboolean enabled = FALSE;
  gint64 major = 0;

  if (!vq_qmp_call (qmp, "query-kvm", NULL, &kvm, deadline, cancel, error)
      || !vq_qmp_call (qmp, "query-version", NULL, &version, deadline, cancel, error))
    return FALSE;
  if (JSON_NODE_HOLDS_OBJECT (kvm))
    (void)!vq_json_get_bool (json_node_get_object (kvm), "enabled", FALSE, &enabled, NULL);
  if (JSON_NODE_HOLDS_OBJECT (version)
      && vq_json_get_object (json_node_get_object (version), "qemu", &numbers, NULL)
      && numbers != NULL)
    (void)!vq_json_get_int (numbers, "major", 0, &major, NULL);
  *notes = enabled || major >= FIRST_GOOD_TCG;
  return TRUE;
}

/* Where QEMU does not note all that the guest writes, it writes nothing while it is sent. */
static gboolean
prepare (VqQmp *qmp, gint64 deadline, VqCancel *cancel, GError **error)
{
  gboolean notes = FALSE;

  if (!notes_all_writes (qmp, &notes, deadline, cancel, error))
    return FALSE;
  vq_qmp_send (qmp, "migrate-set-parameters",
               vq_json_build ("max-bandwidth", "i", BANDWIDTH, "downtime-limit", "i",
                              (gint64)STILL_MS, NULL));
  return notes || vq_qmp_call (qmp, "stop", NULL, NULL, deadline, cancel, error);
}

gboolean
vq_live_migration_send (VqQmp *qmp, const char *socket, VqLiveMigrationStill still, gpointer data,
                        gint64 deadline, VqCancel *cancel, GError **error)
{
  Migration migration = { .qmp = qmp };
  gboolean sent;

  sent = prepare (qmp, deadline, cancel, error)
         && begin (&migration, "migrate", socket, deadline, cancel, error)
         && wait_for (&migration, is_still_or_over, STILL, deadline, cancel, error)
         && still (data, error) && go_on (&migration, deadline, cancel, error);
  if (!sent)
    give_up (&migration, cancel);
  end (&migration);
  return sent;
}

gboolean
vq_live_migration_receive (VqQmp *qmp, const char *socket, VqLiveMigrationAsk ask, gpointer data,
                           gint64 deadline, VqCancel *cancel, GError **error)
{
  Migration migration = { .qmp = qmp };
  gboolean received = begin (&migration, "migrate-incoming", socket, deadline, cancel, error)
                      && ask (socket, data, error)
                      && wait_for (&migration, is_over, "completed", deadline, cancel, error);

  end (&migration);
  return received;
}

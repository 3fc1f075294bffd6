// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/migration.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/text.h"
#include "qemu/migration-end.h"

#define FD_NAME "vq"
#define CHUNK (64 * 1024)
#define END_PATIENCE 1 /* seconds */
#define NO_REASON "QEMU does not say why"

/* Bytes per second. QEMU's default is for networks: 128 MiB, in portions of 100 ms. */
#define BANDWIDTH (G_GINT64_CONSTANT (10) * 1024 * 1024 * 1024)

typedef enum
{
  UNDER_WAY,
  COMPLETED,
  FAILED,
} Status;

typedef struct
{
  VqQmp *qmp;
  gboolean saving;  /* FALSE: loading */
  int socket;       /* owned; our end of the pair, -1 when closed */
  guint source_id;  /* the source that moves bytes; 0 when there are no more */
  int file;         /* not owned */
  off_t moved;      /* how many bytes were moved */
  GError *error;    /* why moving bytes failed */
  gboolean started; /* QEMU has accepted the command */
  Status status;    /* what QEMU has reported since */
} Migration;

/* The last event of an earlier attempt may come late. Each attempt begins with "setup", so
 * everything before that is ignored. */
static void
on_migration_event (const char *event, JsonObject *data, gpointer user_data)
{
  Migration *migration = user_data;
  const char *status;

  if (!vq_json_get_string (data, "status", "", &status, NULL))
    return;
  if (g_str_equal (status, "setup"))
    migration->status = UNDER_WAY;
  else if (g_str_equal (status, "completed"))
    migration->status = COMPLETED;
  else if (g_str_equal (status, "failed") || g_str_equal (status, "cancelled"))
    migration->status = FAILED;
}

static void
close_socket (Migration *migration)
{
  g_clear_handle_id (&migration->source_id, g_source_remove);
  vq_fd_clear (&migration->socket);
}

/* Moves bytes from QEMU into the file. */
static gboolean
on_readable (int fd, GIOCondition events, gpointer data)
{
  Migration *migration = data;
  char buffer[CHUNK];
  gssize n = read (fd, buffer, sizeof buffer);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  migration->moved += MAX (n, 0);
  if (migration->moved > VQ_MIGRATION_MAX)
    vq_error_set (&migration->error, VQ_ERROR_FAILED, "the state takes more than %d MiB",
                  VQ_MIGRATION_MAX / 1024 / 1024);
  else if (n > 0 && vq_fd_write_all (migration->file, buffer, n))
    return G_SOURCE_CONTINUE;
  else if (n > 0)
    vq_error_set_errno (&migration->error, errno, "cannot write the state file");
  close_socket (migration);
  return G_SOURCE_REMOVE;
}

/* Moves bytes from the file to QEMU. If QEMU takes no more, that is not an error here, because QEMU
 * reports itself how it went. */
static gboolean
on_writable (int fd, GIOCondition events, gpointer data)
{
  Migration *migration = data;
  gssize n = sendfile (fd, migration->file, &migration->moved, CHUNK);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (n > 0 && migration->moved <= VQ_MIGRATION_MAX)
    return G_SOURCE_CONTINUE;
  if (n > 0)
    vq_error_set (&migration->error, VQ_ERROR_FAILED, "the state file is longer than %d MiB",
                  VQ_MIGRATION_MAX / 1024 / 1024);
  else if (n < 0 && errno != EPIPE && errno != ECONNRESET)
    vq_error_set_errno (&migration->error, errno, "cannot read the state file");
  close_socket (migration);
  return G_SOURCE_REMOVE;
}

/* "events" makes QEMU send MIGRATION events. */
static JsonNode *
build_capabilities (void)
{
  static const char *const names[] = { "x-ignore-shared", "events" };
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonArray *array = json_array_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    json_array_add_element (array,
                            vq_json_build ("capability", "s", names[i], "state", "b", TRUE, NULL));
  json_object_set_array_member (object, "capabilities", array);
  json_node_take_object (node, object);
  return node;
}

/* Gives QEMU one end of a new socket pair, and starts to move bytes at our end. */
static gboolean
connect_pair (Migration *migration, GIOCondition events, GUnixFDSourceFunc move, GError **error)
{
  int pair[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
    return vq_error_set_errno (error, errno, "cannot make a socket pair");
  vq_qmp_send_fd (migration->qmp, FD_NAME, pair[1]);
  g_unix_set_fd_nonblocking (pair[0], TRUE, NULL);
  migration->socket = pair[0];
  migration->source_id = g_unix_fd_add (pair[0], events, move, migration);
  return TRUE;
}

static gboolean
start (Migration *migration, const char *command, gint64 deadline, VqCancel *cancel, GError **error)
{
  JsonNode *uri = vq_json_build ("uri", "s", "fd:" FD_NAME, NULL);

  migration->started = vq_qmp_call (migration->qmp, command, uri, NULL, deadline, cancel, error);
  if (!migration->started)
    vq_qmp_send (migration->qmp, "closefd", vq_json_build ("fdname", "s", FD_NAME, NULL));
  return migration->started;
}

static gboolean
prepare (Migration *migration, gint64 deadline, VqCancel *cancel, GError **error)
{
  vq_qmp_watch (migration->qmp, "MIGRATION", on_migration_event, migration);
  if (migration->saving)
    vq_qmp_send (migration->qmp, "migrate-set-parameters",
                 vq_json_build ("max-bandwidth", "i", BANDWIDTH, NULL));
  return vq_qmp_call (migration->qmp, "migrate-set-capabilities", build_capabilities (), NULL,
                      deadline, cancel, error);
}

static void
finish (Migration *migration)
{
  close_socket (migration);
  vq_qmp_watch (migration->qmp, NULL, NULL, NULL);
  g_clear_error (&migration->error);
}

/* The event only says that it has failed. A QEMU that cannot load a state ends soon, and then says
 * why. */
static gboolean
explain_failure (Migration *migration, gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autoptr (JsonNode) result = NULL;
  g_autofree char *text = NULL;
  const char *description = NO_REASON;
  GError *why;

  if (!vq_qmp_call (migration->qmp, "query-migrate", NULL, &result, deadline, cancel, error))
    return FALSE;
  if (JSON_NODE_HOLDS_OBJECT (result))
    (void)!vq_json_get_string (json_node_get_object (result), "error-desc", NO_REASON, &description,
                               NULL);
  text = vq_text_printable (description, strlen (description), 500);
  why = g_error_new (VQ_ERROR, VQ_ERROR_PEER, "%s", text);
  if (!migration->saving)
    return vq_wait_for_reason (why, deadline, cancel, error);
  g_propagate_error (error, why);
  return FALSE;
}

static gboolean
is_over (Migration *migration)
{
  return migration->error != NULL || migration->status == FAILED;
}

static gboolean
is_saved_or_over (gpointer data)
{
  Migration *migration = data;

  return is_over (migration) || (migration->status == COMPLETED && migration->source_id == 0);
}

static gboolean
is_loaded_or_over (gpointer data)
{
  Migration *migration = data;

  return is_over (migration) || migration->status == COMPLETED;
}

static gboolean
wait_for (Migration *migration, VqWaitCondition condition, const char *what, gint64 deadline,
          VqCancel *cancel, GError **error)
{
  if (!vq_wait_until (condition, migration, deadline, cancel, what, error))
    return FALSE;
  if (migration->error != NULL)
    g_propagate_error (error, g_steal_pointer (&migration->error));
  else if (migration->status == FAILED)
    explain_failure (migration, deadline, cancel, error);
  else
    return TRUE;
  return FALSE;
}

static gboolean
has_ended (gpointer data)
{
  return ((Migration *)data)->status != UNDER_WAY;
}

/* Cancels the migration and waits for its end, because QEMU does not let a machine run while it is
 * being saved. */
static void
stop_saving (Migration *migration, VqCancel *cancel)
{
  gint64 deadline = vq_deadline_in (END_PATIENCE);

  close_socket (migration);
  if (!migration->started)
    return;
  if (!has_ended (migration))
    vq_qmp_send (migration->qmp, "migrate_cancel", NULL);
  (void)!(vq_wait_until (has_ended, migration, deadline, cancel, "end of a migration", NULL)
          && vq_migration_end_wait (migration->qmp, deadline, cancel, NULL));
}

gboolean
vq_migration_save (VqQmp *qmp, int file, gint64 deadline, VqCancel *cancel, GError **error)
{
  Migration migration = { .qmp = qmp, .saving = TRUE, .socket = -1, .file = file };
  gboolean saved
      = prepare (&migration, deadline, cancel, error)
        && connect_pair (&migration, G_IO_IN | G_IO_HUP, on_readable, error)
        && start (&migration, "migrate", deadline, cancel, error)
        && wait_for (&migration, is_saved_or_over, "saved machine", deadline, cancel, error);

  if (!saved)
    stop_saving (&migration, cancel);
  finish (&migration);
  return saved;
}

gboolean
vq_migration_load (VqQmp *qmp, int file, gint64 deadline, VqCancel *cancel, GError **error)
{
  Migration migration = { .qmp = qmp, .socket = -1, .file = file };
  gboolean loaded
      = prepare (&migration, deadline, cancel, error)
        && connect_pair (&migration, G_IO_OUT, on_writable, error)
        && start (&migration, "migrate-incoming", deadline, cancel, error)
        && wait_for (&migration, is_loaded_or_over, "loaded machine", deadline, cancel, error);

  finish (&migration);
  return loaded;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Slots, with real processes: this program itself, started again as "worker DIRECTORY COUNT". A
 * worker does what it reads, one thing after the other:
 *
 *   take N WAIT   "ok NUMBERS" or "error CODE"; before that "waiting ..." each time its place in
 *                 the queue has changed
 *   drop          gives them all back: "ok" */
#include "slot/slot.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "leaks.h"
#include "suite.h"
#include "tree.h"

#define ROUNDS 100
#define N_WAITERS 5
#define FULL "error 10" /* VQ_ERROR_NO_ROOM */

static char *path;
static VqSlotType type = { .name = (char *)"vps" };

G_STATIC_ASSERT (VQ_ERROR_NO_ROOM == 10);

static const VqSlotUse use = { .instance = "web", .owner = "Ann", .description = "a test" };

static GPtrArray *
take_many (guint n, int wait_seconds, GError **error)
{
  return vq_slot_take_many (&type, n, wait_seconds, &use, NULL, error);
}

/* What a worker is. */

static void
say (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  printf ("%s\n", message);
  fflush (stdout);
}

static GPtrArray *
work (GPtrArray *slots, const char *command)
{
  g_autoptr (GError) error = NULL;
  int n, wait_seconds;

  g_clear_pointer (&slots, g_ptr_array_unref);
  if (sscanf (command, "take %d %d", &n, &wait_seconds) == 2)
    slots = take_many (n, wait_seconds, &error);
  printf (error != NULL ? "error %d" : "ok", error != NULL ? error->code : 0);
  for (guint i = 0; slots != NULL && i < slots->len; i++)
    printf (" %u", vq_slot_get_number (slots->pdata[i]));
  printf ("\n");
  fflush (stdout);
  return slots;
}

int
suite_prepare (int argc, char **argv)
{
  GPtrArray *slots = NULL;
  char line[64];

  if (argc != 4 || strcmp (argv[1], "worker") != 0)
    return -1;
  g_log_set_handler (G_LOG_DOMAIN, G_LOG_LEVEL_DEBUG, say, NULL);
  type.directory = argv[2];
  type.count = atoi (argv[3]);
  while (fgets (line, sizeof line, stdin) != NULL)
    slots = work (slots, line);
  g_clear_pointer (&slots, g_ptr_array_unref);
  return 0;
}

/* How the tests use it. */

typedef struct
{
  GPid pid;
  int in;
  FILE *from;
} Worker;

static Worker
start (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *count = g_strdup_printf ("%u", type.count);
  const char *argv[] = { self, "worker", path, count, NULL };
  Worker worker;
  int out;

  ck_assert (g_spawn_async_with_pipes (NULL, (char **)argv, NULL,
                                       G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CLOEXEC_PIPES, NULL,
                                       NULL, &worker.pid, &worker.in, &out, NULL, NULL));
  worker.from = fdopen (out, "r");
  return worker;
}

static void
tell (const Worker *worker, const char *command)
{
  ck_assert_int_eq (dprintf (worker->in, "%s\n", command), strlen (command) + 1);
}

/* The next line, or the next one that does not say that it waits. */
static void
hear (const Worker *worker, char line[256], gboolean also_waiting)
{
  do
    ck_assert_ptr_nonnull (fgets (line, 256, worker->from));
  while (!also_waiting && g_str_has_prefix (line, "waiting"));
  g_strchomp (line);
}

static void
expect (const Worker *worker, const char *reply)
{
  char line[256];

  hear (worker, line, FALSE);
  ck_assert_str_eq (line, reply);
}

static void
ask (const Worker *worker, const char *command, const char *reply)
{
  tell (worker, command);
  expect (worker, reply);
}

/* Lets it wait, behind BEFORE others. */
static void
let_wait (const Worker *worker, const char *command, const char *before)
{
  char line[256];

  tell (worker, command);
  hear (worker, line, TRUE);
  ck_assert_msg (strstr (line, before) != NULL, "%s", line);
}

static void
reap (Worker *worker)
{
  close (worker->in);
  ck_assert_int_eq (waitpid (worker->pid, NULL, 0), worker->pid);
  fclose (worker->from);
}

static void
kill_it (Worker *worker)
{
  kill (worker->pid, SIGKILL);
  reap (worker);
}

static void
setup (void)
{
  leaks_begin ();
  path = g_strdup ("/tmp/vq-test-XXXXXX");
  ck_assert_ptr_nonnull (g_mkdtemp (path));
  type.directory = path;
  type.count = 1;
  type.is_shared = FALSE;
}

static void
teardown (void)
{
  tree_remove (path);
  g_clear_pointer (&path, g_free);
  leaks_assert_none ();
}

static guint
count_held (void)
{
  g_autoptr (GError) error = NULL;
  guint n_waiting, n = 0;
  g_autoptr (GPtrArray) states = vq_slot_list (&type, &n_waiting, NULL, &error);

  ck_assert_msg (states != NULL, "%s", error != NULL ? error->message : "");
  ck_assert_uint_eq (states->len, type.count);
  for (guint i = 0; i < states->len; i++)
    n += ((VqSlotState *)states->pdata[i])->is_held;
  return n;
}

CASE ("slot", setup, teardown, 60)

TEST (all_or_none)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) two = NULL;

  type.count = 3;
  ck_assert_uint_eq (count_held (), 0);
  two = take_many (2, 0, &error);
  ck_assert_ptr_nonnull (two);
  ck_assert_ptr_null (take_many (2, 0, &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_NO_ROOM));
  ck_assert_uint_eq (count_held (), 2);
  g_clear_error (&error);
  ck_assert_ptr_null (take_many (4, 0, &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
  g_clear_pointer (&two, g_ptr_array_unref);
  two = take_many (3, 0, NULL);
  ck_assert_ptr_nonnull (two);
}

/* In each round exactly one of two processes gets the last slot. */
TEST (race_for_the_last)
{
  Worker workers[2] = { start (), start () };

  for (int i = 0; i < ROUNDS; i++)
    {
      char lines[2][256];
      int winner;

      tell (&workers[i % 2], "take 1 0");
      tell (&workers[1 - i % 2], "take 1 0");
      for (int j = 0; j < 2; j++)
        hear (&workers[j], lines[j], FALSE);
      winner = strcmp (lines[0], "ok 1") == 0 ? 0 : 1;
      ck_assert_str_eq (lines[winner], "ok 1");
      ck_assert_str_eq (lines[1 - winner], FULL);
      ask (&workers[winner], "drop", "ok");
    }
  reap (&workers[0]);
  reap (&workers[1]);
}

/* First come, first served; one in the middle of the queue, and later one at its head, is killed.
 * A newcomer that does not wait gets nothing meanwhile. */
TEST (queue)
{
  Worker holder = start ();
  Worker waiters[N_WAITERS];

  ask (&holder, "take 1 0", "ok 1");
  for (int i = 0; i < N_WAITERS; i++)
    {
      g_autofree char *before = i == 0   ? g_strdup ("we are the next")
                                : i == 1 ? g_strdup ("1 is before us")
                                         : g_strdup_printf ("%d are before us", i);

      waiters[i] = start ();
      let_wait (&waiters[i], "take 1 60", before);
    }
  kill_it (&waiters[2]);
  ask (&holder, "drop", "ok");
  expect (&waiters[0], "ok 1");
  ask (&holder, "take 1 0", FULL);
  kill_it (&waiters[1]);
  ask (&waiters[0], "drop", "ok");
  expect (&waiters[3], "ok 1");
  reap (&waiters[3]);
  expect (&waiters[4], "ok 1");
  reap (&waiters[4]);
  ask (&holder, "take 1 0", "ok 1");
  reap (&waiters[0]);
  reap (&holder);
}

TEST (holder_killed)
{
  Worker holder = start (), waiter = start ();

  ask (&holder, "take 1 0", "ok 1");
  let_wait (&waiter, "take 1 60", "we are the next");
  kill_it (&holder);
  expect (&waiter, "ok 1");
  kill_it (&waiter);
  ck_assert_uint_eq (count_held (), 0);
}

/* Who waits for two has the first that is free, and nobody overtakes it. If it does not get the
 * second, it gives the first back. */
TEST (two_wanted)
{
  g_autoptr (GPtrArray) one = NULL;
  Worker waiter, newcomer;

  type.count = 2;
  waiter = start ();
  newcomer = start ();
  one = take_many (1, 0, NULL);
  let_wait (&waiter, "take 2 1", "we are the next");
  ask (&newcomer, "take 1 0", FULL);
  expect (&waiter, FULL);
  ask (&newcomer, "take 1 0", "ok 2");
  let_wait (&waiter, "take 2 60", "we are the next");
  g_clear_pointer (&one, g_ptr_array_unref);
  reap (&newcomer);
  expect (&waiter, "ok 1 2");
  reap (&waiter);
}

static gboolean
cancel_it (gpointer data)
{
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_CANCELLED, "enough");

  vq_cancel_trigger (data, reason);
  return G_SOURCE_REMOVE;
}

TEST (cancelled)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (VqSlot) slot = vq_slot_take (&type, 0, &use, NULL, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *ticket = g_build_filename (path, type.name, "ticket-1", NULL);

  g_timeout_add (50, cancel_it, cancel);
  ck_assert_ptr_null (vq_slot_take (&type, 60, &use, cancel, &error));
  ck_assert (vq_error_is_cancelled (error));
  ck_assert_int_ne (access (ticket, F_OK), 0);
}

/* A copy of the descriptor holds the slot, and its new owner tells what it does with it. */
TEST (passed_on)
{
  g_autoptr (VqSlot) slot = vq_slot_take (&type, 0, &use, NULL, NULL);
  VqSlotUse other = { .instance = "db", .lease_end = 5 };
  g_autoptr (GPtrArray) states = NULL;
  g_autoptr (VqSlot) adopted = NULL;
  VqSlotState *state;
  guint n_waiting;

  adopted = vq_slot_adopt (dup (vq_slot_get_fd (slot)), NULL);
  ck_assert_ptr_nonnull (adopted);
  ck_assert_int_eq (fcntl (vq_slot_get_fd (adopted), F_GETFD), FD_CLOEXEC);
  g_clear_pointer (&slot, vq_slot_free);
  ck_assert_str_eq (vq_slot_get_type_name (adopted), "vps");
  ck_assert_uint_eq (vq_slot_get_number (adopted), 1);
  ck_assert (vq_slot_tell (adopted, &other, NULL));
  states = vq_slot_list (&type, &n_waiting, NULL, NULL);
  state = states->pdata[0];
  ck_assert (state->is_held);
  ck_assert_str_eq (state->holder->instance, "db");
  ck_assert_str_eq (state->holder->owner, "");
  ck_assert_int_eq (state->holder->lease_end, 5);
  ck_assert_int_eq (state->holder->pid, getpid ());
  ck_assert_int_gt (state->holder->since, 0);
  g_clear_pointer (&adopted, vq_slot_free);
  ck_assert_uint_eq (count_held (), 0);
}

TEST (not_a_slot)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vq_slot_adopt (open ("/dev/null", O_RDWR | O_CLOEXEC), &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
}

/* What users share belongs to the group, and not to everybody; the umask does not matter. */
TEST (shared)
{
  g_autofree char *directory = g_build_filename (path, "shared", NULL);
  g_autofree char *file = g_build_filename (directory, type.name, "1", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (VqSlot) slot = NULL;
  struct stat st;

  type.is_shared = TRUE;
  type.directory = directory;
  ck_assert_int_eq (g_mkdir (directory, 0770), 0);
  umask (077);
  slot = vq_slot_take (&type, 0, &use, NULL, &error);
  ck_assert_msg (slot != NULL, "%s", error != NULL ? error->message : "");
  ck_assert (stat (file, &st) == 0 && (st.st_mode & 07777) == 0660);
  ck_assert_int_eq (umask (022), 077);
  ck_assert_int_eq (g_chmod (directory, 0777), 0);
  ck_assert_ptr_null (vq_slot_take (&type, 0, &use, NULL, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "everybody can write to"));
  if (geteuid () == 0)
    {
      g_clear_error (&error);
      ck_assert_int_eq (chown (directory, 12345, 0) + g_chmod (directory, 0770), 0);
      ck_assert_ptr_null (vq_slot_take (&type, 0, &use, NULL, &error));
      ck_assert_ptr_nonnull (strstr (error->message, "belongs to another user"));
    }
}

/* What is no plain file is not a slot, and is not followed. */
TEST (replaced_file)
{
  g_autofree char *directory = g_build_filename (path, type.name, NULL);
  g_autofree char *file = g_build_filename (directory, "1", NULL);
  g_autoptr (GError) error = NULL;

  ck_assert_int_eq (g_mkdir (directory, 0700), 0);
  ck_assert_int_eq (mkfifo (file, 0600), 0);
  ck_assert_ptr_null (vq_slot_take (&type, 0, &use, NULL, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "not a plain file"));
  g_clear_error (&error);
  ck_assert_int_eq (g_unlink (file) + symlink ("/etc/passwd", file), 0);
  ck_assert_ptr_null (vq_slot_take (&type, 0, &use, NULL, &error));
}

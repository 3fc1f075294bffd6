// SPDX-License-Identifier: GPL-2.0-or-later
#include "template-worker.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/child.h"
#include "template-cache.h"

#define PATIENCE 50 /* seconds */

struct _Worker
{
  GPid pid;
  int in;     /* its stdin */
  FILE *from; /* its stdout */
};

Worker *
worker_start (const char *variant)
{
  Worker *worker = g_new0 (Worker, 1);
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  const char *argv[] = { self, "worker", cache_path, variant, NULL };
  int out;

  ck_assert (g_spawn_async_with_pipes (NULL, (char **)argv, NULL,
                                       G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CLOEXEC_PIPES, NULL,
                                       NULL, &worker->pid, &worker->in, &out, NULL, NULL));
  worker->from = fdopen (out, "r");
  return worker;
}

void
worker_tell (Worker *worker, const char *command)
{
  g_autofree char *line = g_strconcat (command, "\n", NULL);

  ck_assert_int_eq (write (worker->in, line, strlen (line)), (gssize)strlen (line));
}

char *
worker_hear (Worker *worker)
{
  char line[1024];

  if (fgets (line, sizeof line, worker->from) == NULL)
    return g_strdup ("nothing");
  return g_strdup (g_strchomp (line));
}

void
worker_expect (Worker *worker, const char *reply)
{
  g_autofree char *line = worker_hear (worker);

  while (g_str_has_prefix (line, WORKER_WAITS) && !g_str_has_prefix (line, reply))
    line = (g_free (line), worker_hear (worker));
  ck_assert_msg (g_str_has_prefix (line, reply), "'%s' instead of '%s'", line, reply);
}

void
worker_do (Worker *worker, const char *command, const char *reply)
{
  worker_tell (worker, command);
  worker_expect (worker, reply);
}

/* Gives its wait status. */
static int
reap (Worker *worker)
{
  int status;

  close (worker->in);
  ck_assert_int_eq (waitpid (worker->pid, &status, 0), worker->pid);
  fclose (worker->from);
  g_free (worker);
  return status;
}

void
worker_kill (Worker *worker)
{
  kill (worker->pid, SIGKILL);
  ck_assert (WIFSIGNALED (reap (worker)));
}

void
worker_end (Worker *worker)
{
  close (worker->in);
  worker->in = -1;
  worker_expect (worker, "nothing");
  ck_assert_int_eq (reap (worker), 0);
}

/* The rest runs in the worker. */

typedef struct
{
  VqTemplateStore *store;
  const char *variant;
  VqTemplate *template;
  VqTemplateBuild *build;
  guint n_builds;
} Work;

static const char *
begin (Work *work, VqTemplateWish wish, GError **error)
{
  g_autoptr (VqTemplateKey) key = cache_make_key (work->variant);

  if (!vq_template_store_begin (work->store, key, wish, PATIENCE, NULL, &work->template,
                                &work->build, error))
    return NULL;
  return work->template != NULL ? "template" : "build";
}

static const char *
commit (Work *work, GError **error)
{
  cache_fill (work->build, work->variant);
  work->template = vq_template_build_commit (work->build, error);
  g_clear_pointer (&work->build, vq_template_build_free);
  return work->template != NULL ? "template" : NULL;
}

static const char *
release (Work *work)
{
  g_clear_pointer (&work->template, vq_template_free);
  g_clear_pointer (&work->build, vq_template_build_free);
  return "ok";
}

static const char *
find (Work *work)
{
  work->template = cache_find (work->store, work->variant);
  return work->template != NULL ? "template" : "none";
}

/* That each file of the template in use belongs to one and the same build. */
static const char *
verify (Work *work, GError **error)
{
  static const char *const names[] = { VQ_TEMPLATE_DISK, VQ_TEMPLATE_STATE };
  const char *number = vq_template_get (work->template, "number");

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *directory = vq_template_get_directory (work->template);
      g_autofree char *path = g_build_filename (directory, names[i], NULL);
      g_autofree char *text = NULL;

      if (!g_file_get_contents (path, &text, NULL, error))
        return NULL;
      if (strcmp (text, number) != 0)
        return "error: mixed files";
    }
  return vq_template_check (work->template, error) ? "ok" : NULL;
}

/* Makes a template whose files all hold a number that no other build has. */
static const char *
commit_numbered (Work *work, GError **error)
{
  g_autofree char *number = g_strdup_printf ("%d-%u", getpid (), work->n_builds++);

  cache_fill (work->build, number);
  vq_template_build_set (work->build, "number", number);
  work->template = vq_template_build_commit (work->build, error);
  g_clear_pointer (&work->build, vq_template_build_free);
  return work->template != NULL ? "ok" : NULL;
}

/* What one run of the server may do, and other users of the cache at the same time. */
static const char *
stress_once (Work *work, GRand *rand, GError **error)
{
  static const VqTemplateLimits none = { 0, 1 };
  VqTemplateWish wish = g_rand_int_range (rand, 0, 4) == 0 ? VQ_TEMPLATE_NEW : VQ_TEMPLATE_ANY;
  g_autoptr (VqPrivateDir) cache = NULL;
  const char *reply = "ok";

  if (wish == VQ_TEMPLATE_ANY)
    find (work);
  if (work->template == NULL && begin (work, wish, error) == NULL)
    return NULL;
  if (work->build != NULL && g_rand_int_range (rand, 0, 4) == 0)
    return release (work);
  if (work->build != NULL)
    reply = commit_numbered (work, error);
  cache = vq_private_dir_open (cache_path, VQ_PRIVATE_DIR_EXISTING, NULL);
  if (g_rand_int_range (rand, 0, 3) == 0)
    vq_template_sweep (cache, &none, NULL);
  if (reply != NULL)
    reply = verify (work, error);
  release (work);
  return reply;
}

static const char *
stress (Work *work, int n, GError **error)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (getpid ());
  const char *reply = "ok";

  for (int i = 0; i < n && g_strcmp0 (reply, "ok") == 0; i++)
    reply = stress_once (work, rand, error);
  return reply;
}

static const char *
run (Work *work, const char *command, GError **error)
{
  if (strcmp (command, "find") == 0)
    return find (work);
  if (strcmp (command, "begin") == 0)
    return begin (work, VQ_TEMPLATE_ANY, error);
  if (strcmp (command, "new") == 0)
    return begin (work, VQ_TEMPLATE_NEW, error);
  if (strcmp (command, "commit") == 0)
    return commit (work, error);
  if (strcmp (command, "check") == 0)
    return vq_template_check (work->template, error) ? "ok" : NULL;
  if (g_str_has_prefix (command, "stress "))
    return stress (work, atoi (command + strlen ("stress ")), error);
  return release (work);
}

static void
say (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  printf ("%s%s\n", (level & G_LOG_LEVEL_MESSAGE) ? "" : "warning: ", message);
  fflush (stdout);
}

int
worker_main (int argc, char **argv)
{
  Work work = { 0 };
  char line[64];

  if (argc != 4 || strcmp (argv[1], "worker") != 0)
    return -1;
  g_log_set_handler (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_WARNING | G_LOG_LEVEL_CRITICAL,
                     say, NULL);
  cache_path = argv[2];
  work.variant = argv[3];
  work.store = cache_open ();
  while (fgets (line, sizeof line, stdin) != NULL)
    {
      g_autoptr (GError) error = NULL;
      const char *reply = run (&work, g_strchomp (line), &error);

      if (reply != NULL)
        printf ("%s\n", reply);
      else
        printf ("error: %s\n", error->message);
      fflush (stdout);
    }
  release (&work);
  vq_template_store_free (work.store);
  return 0;
}

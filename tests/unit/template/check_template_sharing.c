// SPDX-License-Identifier: GPL-2.0-or-later
/* The cache with several processes that use it at the same time, some of which are killed. */
#include "template/template-store.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "messages.h"
#include "suite.h"
#include "template-cache.h"
#include "template/template-entry.h"
#include "template-worker.h"

int
suite_prepare (int argc, char **argv)
{
  return worker_main (argc, argv);
}

CASE ("template-sharing", cache_setup, cache_teardown, 60)

TEST (two_want_the_same)
{
  Worker *one = worker_start ("a");
  Worker *two = worker_start ("a");

  worker_do (one, "begin", "build");
  worker_do (two, "begin", WORKER_WAITS);
  worker_do (one, "commit", "template");
  worker_expect (two, "template");
  worker_do (two, "check", "ok");
  worker_end (one);
  worker_end (two);
  cache_assert_names (cache_digest_a, NULL);
}

TEST (many_want_the_same)
{
  Worker *workers[6];
  Worker *builder = worker_start ("a");

  worker_do (builder, "begin", "build");
  for (gsize i = 0; i < G_N_ELEMENTS (workers); i++)
    {
      workers[i] = worker_start ("a");
      worker_do (workers[i], "begin", WORKER_WAITS);
    }
  worker_do (builder, "commit", "template");
  for (gsize i = 0; i < G_N_ELEMENTS (workers); i++)
    {
      worker_expect (workers[i], "template");
      worker_end (workers[i]);
    }
  worker_end (builder);
  cache_assert_names (cache_digest_a, NULL);
}

TEST (others_do_not_wait)
{
  Worker *one = worker_start ("a");
  Worker *two = worker_start ("b");

  worker_do (one, "begin", "build");
  worker_do (two, "begin", "build");
  worker_do (two, "commit", "template");
  worker_do (one, "commit", "template");
  worker_end (one);
  worker_end (two);
}

TEST (builder_gives_up)
{
  Worker *one = worker_start ("a");
  Worker *two = worker_start ("a");

  worker_do (one, "begin", "build");
  worker_do (two, "begin", WORKER_WAITS);
  worker_do (one, "abandon", "ok");
  worker_expect (two, "build");
  worker_do (two, "commit", "template");
  worker_do (one, "find", "template");
  worker_end (one);
  worker_end (two);
}

/* What it has begun is not used: the next one starts with an empty directory. */
TEST (builder_killed)
{
  Worker *one = worker_start ("a");
  Worker *two = worker_start ("a");
  g_autofree char *garbage = cache_join (".new-%s/garbage", cache_digest_a);

  worker_do (one, "begin", "build");
  worker_do (two, "begin", WORKER_WAITS);
  ck_assert (g_file_set_contents (garbage, "", -1, NULL));
  worker_kill (one);
  worker_expect (two, "build");
  ck_assert_int_eq (access (garbage, F_OK), -1);
  worker_do (two, "commit", "template");
  worker_end (two);
  cache_assert_names (cache_digest_a, NULL);
}

/* The next process that opens the cache removes what it has left, and nothing else. */
TEST (garbage_of_the_killed)
{
  Worker *killed = worker_start ("a");
  Worker *alive = worker_start ("b");
  g_autofree char *b = cache_digest ("b");
  g_autofree char *lock = g_strconcat (b, ".lock", NULL);
  g_autofree char *aside = g_strconcat (".new-", b, NULL);

  worker_do (killed, "begin", "build");
  worker_do (alive, "begin", "build");
  worker_kill (killed);
  vq_template_store_free (cache_open ());
  cache_assert_names (aside, lock, NULL);
  worker_do (alive, "commit", "template");
  worker_end (alive);
}

/* One who waits is killed: nobody notices. */
TEST (waiter_killed)
{
  Worker *one = worker_start ("a");
  Worker *two = worker_start ("a");

  worker_do (one, "begin", "build");
  worker_do (two, "begin", WORKER_WAITS);
  worker_kill (two);
  worker_do (one, "commit", "template");
  worker_end (one);
  cache_assert_names (cache_digest_a, NULL);
}

static void
assert_begin_fails (double seconds, VqCancel *cancel, GError **error)
{
  g_autoptr (VqTemplateKey) key = cache_make_key ("a");
  VqTemplate *template;
  VqTemplateBuild *build;

  ck_assert (!vq_template_store_begin (cache_store, key, VQ_TEMPLATE_ANY, seconds, cancel,
                                       &template, &build, error));
  ck_assert_ptr_null (template);
  ck_assert_ptr_null (build);
  messages_assert_warning (WORKER_WAITS);
}

TEST (wait_ends)
{
  Worker *worker = worker_start ("a");
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_CANCELLED, "enough");
  g_autoptr (GError) late = NULL;
  g_autoptr (GError) cancelled = NULL;

  worker_do (worker, "begin", "build");
  assert_begin_fails (0.1, NULL, &late);
  ck_assert (vq_error_is_timeout (late));
  vq_cancel_trigger (cancel, reason);
  assert_begin_fails (20, cancel, &cancelled);
  ck_assert (vq_error_is_cancelled (cancelled));
  worker_end (worker);
}

TEST (two_want_a_new_one)
{
  Worker *one = worker_start ("a");
  Worker *two = worker_start ("a");

  cache_leave (cache_store, "a");
  worker_do (one, "new", "build");
  worker_do (two, "new", WORKER_WAITS);
  worker_do (one, "commit", "template");
  worker_expect (two, "template"); /* newer than the wish */
  worker_do (two, "release", "ok");
  worker_do (one, "release", "ok");
  worker_do (two, "new", "build");
  worker_end (one);
  worker_end (two);
}

TEST (not_wanted_new_after_waiting)
{
  Worker *one = worker_start ("a");

  cache_leave (cache_store, "a");
  worker_do (one, "begin", "template"); /* it was made between find and begin */
  worker_end (one);
}

/* How often something is done while another process gets in the way: nearly every time it would go
 * wrong a few times. */
#define ROUNDS 20000

/* Until it is killed, a process makes the directory PATH and removes it; with ASIDE it gives the
 * one that is there that name, and takes it back. */
static pid_t
start_flicker (const char *path, const char *aside)
{
  pid_t pid = fork ();

  while (pid == 0)
    if (aside != NULL)
      {
        rename (path, aside);
        rename (aside, path);
      }
    else
      {
        mkdir (path, 0700);
        rmdir (path);
      }
  return pid;
}

static void
end_flicker (pid_t pid)
{
  ck_assert_int_eq (kill (pid, SIGKILL), 0);
  ck_assert_int_eq (waitpid (pid, NULL, 0), pid);
}

/* Two may want to remove the same thing; the one that comes late says nothing, even if there is
 * another one by now. */
TEST (removed_by_two)
{
  g_autoptr (VqPrivateDir) cache = vq_private_dir_open (cache_path, VQ_PRIVATE_DIR_EXISTING, NULL);
  g_autofree char *path = cache_join ("%s", cache_digest_a);
  pid_t pid = start_flicker (path, NULL);
  g_autoptr (GError) error = NULL;
  gboolean removed;
  gboolean done = TRUE;

  for (int i = 0; i < ROUNDS && done; i++)
    done = vq_template_entry_remove (cache, cache_digest_a, &removed, &error);
  end_flicker (pid);
  ck_assert_msg (error == NULL, "%s", error->message);
}

/* One that vanishes and is there again is none that is damaged. */
TEST (opened_while_it_comes_and_goes)
{
  g_autoptr (VqPrivateDir) cache = vq_private_dir_open (cache_path, VQ_PRIVATE_DIR_EXISTING, NULL);
  g_autofree char *path = cache_join ("%s", cache_digest_a);
  g_autofree char *aside = cache_join ("aside");
  g_autoptr (GError) error = NULL;
  pid_t pid;

  cache_leave (cache_store, "a");
  pid = start_flicker (path, aside);
  for (int i = 0; i < ROUNDS && error == NULL; i++)
    vq_template_free (vq_template_open (cache, cache_digest_a, &error));
  end_flicker (pid);
  ck_assert_msg (error == NULL, "%s", error->message);
}

/* Several processes do all that can be done, at random, and some of them are killed. Whoever has a
 * template has all its files, and of one build. */
TEST (stress)
{
  Worker *workers[8];

  for (gsize i = 0; i < G_N_ELEMENTS (workers); i++)
    {
      workers[i] = worker_start (i % 4 == 3 ? "b" : "a");
      worker_tell (workers[i], i < 2 ? "stress 100000" : "stress 40");
    }
  for (gsize i = 2; i < G_N_ELEMENTS (workers); i++)
    {
      worker_expect (workers[i], "ok");
      worker_end (workers[i]);
      if (i % 2 == 0 && i / 2 <= 2)
        worker_kill (workers[i / 2 - 1]);
    }
  vq_template_free (cache_make (cache_store, "c"));
}

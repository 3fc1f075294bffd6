// SPDX-License-Identifier: GPL-2.0-or-later
/* A template is forced onto the disk by a program sync, which is ours here. */
#include "template/template-sync.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/deadline.h"
#include "base/error.h"
#include "messages.h"
#include "suite.h"
#include "template-cache.h"
#include "tree.h"

#define SECONDS 30

static char *path_before;
static char *programs; /* the only directory on PATH besides the usual ones */
static VqTemplate *template;

static void
setup (void)
{
  g_autofree char *path = NULL;

  cache_setup ();
  template = cache_make (cache_store, "a");
  path_before = g_strdup (g_getenv ("PATH"));
  programs = g_strdup ("/tmp/vq-test-XXXXXX");
  ck_assert_ptr_nonnull (g_mkdtemp (programs));
  path = g_strdup_printf ("%s:%s", programs, path_before);
  ck_assert (g_setenv ("PATH", path, TRUE));
}

static void
teardown (void)
{
  g_clear_pointer (&template, vq_template_free);
  g_setenv ("PATH", path_before, TRUE);
  g_clear_pointer (&path_before, g_free);
  tree_remove (programs);
  g_clear_pointer (&programs, g_free);
  cache_teardown ();
}

/* From now on sync is a shell script with this line. */
static void
fake_sync (const char *line)
{
  g_autofree char *path = g_build_filename (programs, "sync", NULL);
  g_autofree char *text = g_strdup_printf ("#!/bin/sh\n%s\n", line);

  ck_assert (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
}

static gboolean
has_mark (void)
{
  return vq_template_info_has_mark (vq_template_get_dir (template));
}

static gboolean
run (guint delay, GError **error)
{
  g_autoptr (VqTemplateSync) sync = vq_template_sync_new (template, delay);

  return vq_template_sync_wait (sync, vq_deadline_in (SECONDS), NULL, error);
}

CASE ("template-sync", setup, teardown, 60)

/* The script sees no mark, and is given all files, their directory and the one above. The second
 * time it sees the mark, and is given the directory that has it. */
TEST (mark_comes_last)
{
  g_autofree char *seen = g_build_filename (programs, "seen", NULL);
  g_autofree char *mark = cache_join ("%s/" VQ_TEMPLATE_INFO_SYNCED, cache_digest_a);
  g_autofree char *script = g_strdup_printf ("{ test ! -e %s || echo marked; echo \"$*\"; } | "
                                             "sed 's|%s|C|g' >>%s",
                                             mark, cache_path, seen);
  g_autofree char *expected
      = g_strdup_printf ("-- C/%1$s/disk C/%1$s/efivars.fd C/%1$s/lock C/%1$s/ram C/%1$s/state "
                         "C/%1$s/template.json C/%1$s C\nmarked\n-- C/%1$s\n",
                         cache_digest_a);
  g_autofree char *words = NULL;

  fake_sync (script);
  ck_assert (run (3600, NULL));
  ck_assert (has_mark ());
  ck_assert (g_file_get_contents (seen, &words, NULL, NULL));
  ck_assert_str_eq (words, expected);
}

/* It works with the real program, and is not done again. */
TEST (real_one)
{
  g_autoptr (VqTemplate) found = NULL;

  ck_assert (run (0, NULL));
  found = cache_find (cache_store, "a");
  ck_assert (vq_template_info_is_synced (vq_template_get_info (found)));
  fake_sync ("exit 1");
  vq_template_free (g_steal_pointer (&template));
  template = g_steal_pointer (&found);
  ck_assert (run (0, NULL));
}

TEST (failure)
{
  g_autoptr (GError) error = NULL;

  fake_sync ("echo 'error syncing ram: Input/output error' >&2; exit 1");
  ck_assert (!run (0, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "Input/output error"));
  ck_assert (!has_mark ());
}

static gboolean
begun (gpointer path)
{
  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* The main loop begins it. When the user of the template ends, it ends too, without a mark. */
TEST (given_up)
{
  g_autofree char *pid = g_build_filename (programs, "pid", NULL);
  g_autofree char *script = g_strdup_printf ("echo $$ >%s; exec sleep 1000", pid);
  g_autoptr (VqTemplateSync) sync = NULL;

  fake_sync (script);
  sync = vq_template_sync_new (template, 0);
  while (!begun (pid))
    g_main_context_iteration (NULL, FALSE);
  g_clear_pointer (&sync, vq_template_sync_free); /* the teardown asserts that no child is left */
  ck_assert (!has_mark ());
}

/* Two servers do it at once. */
TEST (marked_by_another)
{
  g_autofree char *script = cache_join ("%s/" VQ_TEMPLATE_INFO_SYNCED, cache_digest_a);
  g_autofree char *line = g_strdup_printf ("umask 077; : >%s", script);

  fake_sync (line);
  ck_assert (run (0, NULL));
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/qemu-img-turn.h"

#include <check.h>
#include <glib/gstdio.h>

#include "base/error.h"
#include "image/image-cache.h"
#include "suite.h"
#include "tree.h"

static VqQemuImgTurn *turns[VQ_QEMU_IMG_TURNS];

/* GLib asks only once where the cache is. */
static void
set_up (void)
{
  g_autofree char *directory = NULL;

  if (g_getenv ("VQ_TEST_CACHE") != NULL)
    return;
  directory = g_dir_make_tmp ("vq-turn-XXXXXX", NULL);
  g_setenv ("VQ_TEST_CACHE", directory, TRUE);
  g_setenv ("XDG_CACHE_HOME", directory, TRUE);
}

static void
give_back (void)
{
  for (int i = 0; i < VQ_QEMU_IMG_TURNS; i++)
    g_clear_pointer (&turns[i], vq_qemu_img_turn_free);
}

static void
tear_down (void)
{
  give_back ();
  tree_remove (g_getenv ("VQ_TEST_CACHE"));
}

CASE ("qemu-img-turn", set_up, tear_down, 30)

static void
take_all (void)
{
  for (int i = 0; i < VQ_QEMU_IMG_TURNS; i++)
    turns[i] = vq_qemu_img_turn_take (NULL, NULL);
}

TEST (no_more_than_all)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_CANCELLED, "enough");
  g_autoptr (GError) error = NULL;
  g_autoptr (VqQemuImgTurn) turn = NULL;

  take_all ();
  vq_cancel_trigger (cancel, reason);
  ck_assert_ptr_null (vq_qemu_img_turn_take (cancel, &error));
  ck_assert_str_eq (error->message, "enough");
  g_clear_pointer (&turns[0], vq_qemu_img_turn_free);
  turn = vq_qemu_img_turn_take (NULL, NULL);
  ck_assert_ptr_nonnull (turn);
}

static gboolean
on_time (gpointer data)
{
  give_back ();
  return G_SOURCE_REMOVE;
}

TEST (waits)
{
  g_autoptr (VqQemuImgTurn) turn = NULL;

  take_all ();
  g_timeout_add (50, on_time, NULL);
  turn = vq_qemu_img_turn_take (NULL, NULL);
  ck_assert_ptr_nonnull (turn);
  ck_assert_ptr_null (turns[0]);
}

/* Who has no cache that can be used need not wait for anybody. */
TEST (no_cache)
{
  g_autofree char *path = vq_image_cache_get_directory ();
  g_autoptr (VqQemuImgTurn) turn = NULL;

  take_all ();
  ck_assert_int_eq (g_chmod (path, 0777), 0);
  turn = vq_qemu_img_turn_take (NULL, NULL);
  ck_assert_ptr_nonnull (turn);
}

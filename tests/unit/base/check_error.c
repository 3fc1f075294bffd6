// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"

#include <check.h>
#include <errno.h>

#include "suite.h"

CASE ("error", NULL, NULL, 60)

TEST (set)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_error_set (&error, VQ_ERROR_USAGE, "%s %d", "what", 5));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
  ck_assert_str_eq (error->message, "what 5");
}

TEST (set_from_errno)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_error_set_errno (&error, ENOENT, "cannot open %s", "it"));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_FAILED));
  ck_assert_str_eq (error->message, "cannot open it: No such file or directory");
}

/* Its code says what it means to us, whatever the system said, and a copy with a prefix is the
 * same. */
TEST (keeps_errno)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) copy = NULL;
  g_autoptr (GError) other = NULL;
  g_autoptr (GError) foreign = g_error_new_literal (G_FILE_ERROR, EPIPE, "x");

  vq_error_set_errno (&error, EPIPE, "cannot write");
  copy = g_error_copy (error);
  g_prefix_error (&copy, "here: ");
  vq_error_set (&other, EPIPE, "Broken pipe");
  ck_assert (vq_error_is_errno (error, EPIPE) && vq_error_is_errno (copy, EPIPE));
  ck_assert (!vq_error_is_errno (error, EIO));
  ck_assert (!vq_error_is_errno (other, EPIPE) && !vq_error_is_errno (foreign, EPIPE));
  ck_assert (!vq_error_is_errno (NULL, EPIPE));
}

static gboolean
fail_in_a_scope (gboolean fail, GError **error)
{
  VQ_ERROR_PREFIX (error, "cannot use %s", "it");

  return !fail || vq_error_set (error, VQ_ERROR_MISSING, "not there");
}

TEST (prefix_of_a_scope)
{
  g_autoptr (GError) error = NULL;

  ck_assert (fail_in_a_scope (FALSE, &error));
  ck_assert_ptr_null (error);
  ck_assert (!fail_in_a_scope (TRUE, &error));
  ck_assert_str_eq (error->message, "cannot use it: not there");
  ck_assert (vq_error_is_missing (error));
}

TEST (nobody_wants_it)
{
  ck_assert (!fail_in_a_scope (TRUE, NULL));
  ck_assert (!vq_error_set (NULL, VQ_ERROR_FAILED, "%s", "x"));
  ck_assert (!vq_error_set_errno (NULL, EIO, "%s", "x"));
}

/* A host without room is told from other failures, whoever says so first. */
TEST (no_room)
{
  static const int errnums[] = { ENOSPC, EDQUOT, ENOMEM, EMFILE, ENFILE };
  g_autoptr (GError) machine = g_error_new_literal (VQ_ERROR, VQ_ERROR_MACHINE, "it stopped");
  g_autoptr (GError) copy = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (errnums); i++)
    {
      g_autoptr (GError) ours = NULL;
      g_autoptr (GError) foreign
          = g_error_new (G_FILE_ERROR, G_FILE_ERROR_FAILED, "x: %s (5)", g_strerror (errnums[i]));

      vq_error_set_errno (&ours, errnums[i], "x");
      ck_assert_int_eq (ours->code, VQ_ERROR_NO_ROOM);
      ck_assert_int_eq (vq_error_get_code (ours), VQ_ERROR_NO_ROOM);
      ck_assert_int_eq (vq_error_get_code (foreign), VQ_ERROR_NO_ROOM);
    }
  ck_assert_int_eq (vq_error_guess_code ("no such thing"), VQ_ERROR_FAILED);
  ck_assert_int_eq (vq_error_get_code (machine), VQ_ERROR_MACHINE);
  vq_error_note_errno (machine, ENOSPC);
  copy = g_error_copy (machine);
  ck_assert (vq_error_is_machine (copy));
  ck_assert_int_eq (vq_error_get_code (copy), VQ_ERROR_NO_ROOM);
}

/* For users a missing file is that, too, however it was noticed. */
TEST (no_file)
{
  g_autoptr (GError) error = NULL;

  vq_error_set_errno (&error, ENOENT, "x");
  ck_assert_int_eq (vq_error_get_code (error), VQ_ERROR_MISSING);
  ck_assert (!vq_error_is_missing (error));
}

/* Each predicate knows its own code only, and only in our domain. */
TEST (predicates)
{
  for (int code = VQ_ERROR_FAILED; code <= VQ_ERROR_USAGE; code++)
    {
      g_autoptr (GError) ours = g_error_new_literal (VQ_ERROR, code, "x");
      g_autoptr (GError) other = g_error_new_literal (G_FILE_ERROR, code, "x");

      ck_assert_int_eq (vq_error_is_machine (ours), code == VQ_ERROR_MACHINE);
      ck_assert_int_eq (vq_error_is_timeout (ours), code == VQ_ERROR_TIMEOUT);
      ck_assert_int_eq (vq_error_is_cancelled (ours), code == VQ_ERROR_CANCELLED);
      ck_assert_int_eq (vq_error_is_missing (ours), code == VQ_ERROR_MISSING);
      ck_assert (!vq_error_is_machine (other));
      ck_assert (!vq_error_is_timeout (other));
      ck_assert (!vq_error_is_cancelled (other));
      ck_assert (!vq_error_is_missing (other));
    }
  ck_assert (!vq_error_is_machine (NULL) && !vq_error_is_timeout (NULL)
             && !vq_error_is_cancelled (NULL) && !vq_error_is_missing (NULL));
}

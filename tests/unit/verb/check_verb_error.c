// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/verb-error.h"

#include <check.h>
#include <gio/gio.h>

#include "base/error.h"
#include "suite.h"

CASE ("verb-error", NULL, NULL, 60)

/* Scripts rely on these. */
TEST (statuses_and_words)
{
  static const struct
  {
    VqErrorCode code;
    int status;
    const char *word;
  } cases[] = {
    { VQ_ERROR_FAILED, 1, "failed" },    { VQ_ERROR_TIMEOUT, 6, "limit" },
    { VQ_ERROR_CANCELLED, 1, "failed" }, { VQ_ERROR_MACHINE, 1, "failed" },
    { VQ_ERROR_PEER, 1, "failed" },      { VQ_ERROR_MISSING, 3, "missing" },
    { VQ_ERROR_LOCKED, 1, "failed" },    { VQ_ERROR_USAGE, 2, "usage" },
    { VQ_ERROR_BUSY, 4, "busy" },        { VQ_ERROR_NO_ROOM, 5, "no-capacity" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = g_error_new_literal (VQ_ERROR, cases[i].code, "x");
      VqVerbStatus status = vq_verb_error_get_status (error);

      ck_assert_int_eq (status, cases[i].status);
      ck_assert_str_eq (vq_verb_error_get_word (status), cases[i].word);
    }
  ck_assert_str_eq (vq_verb_error_get_word (7), "exists");
}

TEST (foreign_error)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BUSY, "x");

  ck_assert_int_eq (vq_verb_error_get_status (error), VQ_VERB_FAILED);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/signals.h"

#include <check.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 10 /* seconds; for things that take none */

static const int numbers[] = { SIGHUP, SIGINT, SIGTERM };

static gboolean
never (gpointer data)
{
  return FALSE;
}

CASE ("signals", leaks_begin, leaks_assert_none, 60)

TEST_LOOP (ends_a_wait, 0, G_N_ELEMENTS (numbers))
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (VqSignals) signals = vq_signals_new (cancel, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *number = g_strdup_printf ("signal %d ", numbers[_i]);

  ck_assert_int_eq (vq_signals_get_caught (signals), 0);
  ck_assert_ptr_null (vq_cancel_reason (cancel));
  raise (numbers[_i]);
  ck_assert (!vq_wait_until (never, NULL, vq_deadline_in (PATIENCE), cancel, "it", &error));
  ck_assert (vq_error_is_cancelled (error));
  ck_assert_ptr_nonnull (strstr (error->message, number));
  ck_assert_int_eq (vq_signals_get_caught (signals), numbers[_i]);
}

/* From another process, while we wait. */
TEST (comes_from_outside)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (VqSignals) signals = vq_signals_new (cancel, NULL);
  g_autoptr (GError) error = NULL;
  pid_t pid = fork ();

  if (pid == 0)
    _exit (kill (getppid (), SIGTERM));
  ck_assert (!vq_wait_until (never, NULL, vq_deadline_in (PATIENCE), cancel, "it", &error));
  ck_assert (vq_error_is_cancelled (error));
  ck_assert_int_eq (waitpid (pid, NULL, 0), pid);
}

TEST (more_than_one)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (VqSignals) signals = vq_signals_new (cancel, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    raise (numbers[i]);
  ck_assert (!vq_wait_until (never, NULL, vq_deadline_in (PATIENCE), cancel, "it", NULL));
  ck_assert_int_ne (vq_signals_get_caught (signals), 0);
  while (g_main_context_iteration (NULL, FALSE)) /* none is left to kill us */
    ;
}

TEST_LOOP (ignored_before, 0, G_N_ELEMENTS (numbers))
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  VqSignals *signals;

  signal (numbers[_i], SIG_IGN);
  signals = vq_signals_new (cancel, NULL);
  raise (numbers[_i]);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  ck_assert_int_eq (vq_signals_get_caught (signals), 0);
  ck_assert_ptr_null (vq_cancel_reason (cancel));
  vq_signals_free (signals);
  signal (numbers[_i], SIG_DFL);
}

/* Afterwards the signal does what it did before. */
TEST_LOOP (undone, 0, G_N_ELEMENTS (numbers))
{
  pid_t pid = fork ();
  int status;

  if (pid == 0)
    {
      g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);

      signal (numbers[_i], SIG_DFL);
      vq_signals_free (vq_signals_new (cancel, NULL));
      vq_signals_free (NULL);
      raise (numbers[_i]);
      _exit (0);
    }
  ck_assert_int_eq (waitpid (pid, &status, 0), pid);
  ck_assert (WIFSIGNALED (status));
  ck_assert_int_eq (WTERMSIG (status), numbers[_i]);
}

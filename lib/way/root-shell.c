// SPDX-License-Identifier: GPL-2.0-or-later
#include "way/root-shell.h"

#include <string.h>

#include "base/error.h"
#include "way/login-prompt.h"
#include "base/text.h"
#include "way/typed-script.h"

#define ASK_MS 1000

/* ^U deletes a half-typed line, and does no harm if another program than a shell reads it. The
 * newline is for a shell without a line editor, to which the ^U is ordinary input. */
#define CLEAR "\025\n"

/* If no quote is open, these lines are two comments. Otherwise one of them closes the quote,
 * whether it is a single or a double one. */
#define CLOSE_QUOTES "#'\n#\"\n"

/* Without this, the echo of a script takes seconds on a virtio console, which sends it in small
 * pieces. "stty" may be missing. */
#define ECHO_OFF "stty -echo 2>/dev/null; "
#define ECHO_ON "stty echo 2>/dev/null\n"

/* After so many unanswered questions we assume that a quote may be open. */
#define CLOSE_QUOTES_AFTER 1

typedef enum
{
  IDLE,
  CALLING, /* asking whether there is a shell */
  ASKING,  /* asking for its user id */
  READY,
  STRANGER, /* the shell is not root's */
  LOGIN,    /* there is a login prompt and no shell */
  RUNNING,
  ENDED, /* the script has ended; NUMBER tells how */
} State;

struct _VqRootShell
{
  VqSerialLine *line; /* not owned */
  State state;
  char nonce[VQ_TYPED_SCRIPT_NONCE_SIZE];
  char *question; /* owned; the present question, with NONCE in it */
  guint n_asked;
  guint ask_id;
  gint64 number;      /* the last answer */
  gboolean is_silent; /* its echo has been switched off */
  gint64 uid;
};

static void on_heard (gpointer data);

VqRootShell *
vq_root_shell_new (VqSerialLine *line)
{
  VqRootShell *shell = g_new0 (VqRootShell, 1);

  shell->line = line;
  shell->uid = -1;
  vq_serial_line_on_heard (line, on_heard, shell);
  return shell;
}

void
vq_root_shell_free (VqRootShell *shell)
{
  if (shell == NULL)
    return;
  g_clear_handle_id (&shell->ask_id, g_source_remove);
  if (shell->is_silent)
    vq_serial_line_send (shell->line, CLEAR ECHO_ON);
  vq_serial_line_on_heard (shell->line, NULL, NULL);
  g_free (shell->question);
  g_free (shell);
}

gint64
vq_root_shell_get_uid (VqRootShell *shell)
{
  return shell->uid;
}

static void
settle (VqRootShell *shell, State state)
{
  g_clear_handle_id (&shell->ask_id, g_source_remove);
  shell->state = state;
}

static void
ask (VqRootShell *shell)
{
  gboolean heard = vq_serial_line_get_text (shell->line)[0] != '\0';

  if (shell->n_asked >= CLOSE_QUOTES_AFTER && heard)
    vq_serial_line_send (shell->line, CLEAR CLOSE_QUOTES);
  vq_serial_line_send (shell->line, CLEAR);
  vq_serial_line_send (shell->line, shell->question);
  shell->n_asked++;
}

static gboolean ask_again (gpointer data);

/* What is typed while a script runs stays in the terminal, which has room for only 4 KiB, so we ask
 * less and less often. */
static void
ask_later (VqRootShell *shell)
{
  guint factor = shell->state == RUNNING ? 1 << MIN (shell->n_asked, 8) : 1;

  shell->ask_id = g_timeout_add (ASK_MS * factor, ask_again, shell);
}

/* A question that QEMU has not passed on yet need not be repeated, because the guest will get
 * it. */
static gboolean
ask_again (gpointer data)
{
  VqRootShell *shell = data;

  if (vq_serial_line_is_taken (shell->line))
    ask (shell);
  ask_later (shell);
  return G_SOURCE_REMOVE;
}

/* Asks the shell for the number EXPRESSION until it answers. PREPARE is sent before that. */
static void
start_asking (VqRootShell *shell, State state, const char *prepare, const char *expression)
{
  settle (shell, state);
  vq_typed_script_make_nonce (shell->nonce);
  g_free (shell->question);
  shell->question = g_strdup_printf ("%secho vq=%s=%s\n", prepare, expression, shell->nonce);
  shell->n_asked = 0;
  ask_later (shell);
}

static void
start_calling (VqRootShell *shell)
{
  start_asking (shell, CALLING, "", "$((0))");
  ask (shell);
}

static void
take_answer (VqRootShell *shell)
{
  switch (shell->state)
    {
    case CALLING:
      shell->is_silent = TRUE;
      start_asking (shell, ASKING, ECHO_OFF, "$(id -u)");
      ask (shell);
      break;
    case ASKING:
      shell->uid = shell->number;
      settle (shell, shell->uid == 0 ? READY : STRANGER);
      break;
    case RUNNING:
      settle (shell, ENDED);
      break;
    default:
      break;
    }
}

/* While a script runs, this must be stricter, because a script may print anything. */
static gboolean
is_login (VqRootShell *shell)
{
  gboolean sure;
  VqLoginPrompt prompt = vq_login_prompt_find (vq_serial_line_get_text (shell->line), &sure);

  return sure && (prompt == VQ_LOGIN_PROMPT_NAME || shell->state != RUNNING);
}

static void
on_heard (gpointer data)
{
  VqRootShell *shell = data;

  if (shell->ask_id == 0)
    return;
  if (vq_typed_script_find_number (vq_serial_line_get_text (shell->line), shell->nonce,
                                   &shell->number)
      != NULL)
    take_answer (shell);
  else if (is_login (shell))
    settle (shell, LOGIN);
}

void
vq_root_shell_start (VqRootShell *shell)
{
  if (shell->state != IDLE)
    return;
  if (is_login (shell))
    settle (shell, LOGIN);
  else
    start_calling (shell);
}

gboolean
vq_root_shell_is_settled (gpointer data)
{
  VqRootShell *shell = data;

  return (shell->state != IDLE && shell->ask_id == 0)
         || vq_serial_line_get_error (shell->line) != NULL;
}

static gboolean
judge_probe (VqRootShell *shell, GError **error)
{
  g_autofree char *words = vq_serial_line_last_words (shell->line, FALSE);

  if (vq_serial_line_get_error (shell->line) != NULL)
    g_propagate_error (error, g_error_copy (vq_serial_line_get_error (shell->line)));
  else if (shell->state == STRANGER)
    vq_error_set (error, VQ_ERROR_PEER,
                  "the shell is not root's, but that of user id %" G_GINT64_FORMAT, shell->uid);
  else if (shell->state == LOGIN)
    vq_error_set (error, VQ_ERROR_PEER, "there is no shell, but a login (\"%s\")", words);
  else
    return TRUE;
  settle (shell, IDLE);
  return FALSE;
}

gboolean
vq_root_shell_probe (VqRootShell *shell, gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autofree char *words = NULL;

  vq_root_shell_start (shell);
  if (vq_wait_until (vq_root_shell_is_settled, shell, deadline, cancel, "answer of a shell", error))
    return judge_probe (shell, error);
  settle (shell, IDLE);
  words = vq_serial_line_last_words (shell->line, FALSE);
  if (error != NULL && vq_error_is_timeout (*error) && words[0] != '\0')
    g_prefix_error (error, "the port last said \"%s\": ", words);
  return FALSE;
}

/* The last line that the script has printed. Lines with our nonce are the echo of a question. */
static char *
last_line_of_script (VqRootShell *shell)
{
  const char *text = vq_serial_line_get_text (shell->line);
  const char *start = vq_typed_script_skip_to_start (text, shell->nonce);
  gint64 number;
  const char *end = vq_typed_script_find_number (start, shell->nonce, &number);
  g_autofree char *said = g_strndup (start, end != NULL ? (gsize)(end - start) : strlen (start));
  g_auto (GStrv) lines = g_strsplit_set (said, "\r\n", -1);

  for (guint i = g_strv_length (lines); i > 0; i--)
    {
      g_autofree char *line = vq_text_printable (lines[i - 1], strlen (lines[i - 1]), 500);

      if (line[0] != '\0' && strstr (line, shell->nonce) == NULL)
        return g_steal_pointer (&line);
    }
  return g_strdup ("its stderr is empty");
}

static gboolean
has_ended (gpointer data)
{
  VqRootShell *shell = data;

  return shell->state != RUNNING || vq_serial_line_get_error (shell->line) != NULL;
}

/* Types the script and waits until it has ended, however it ends. */
static gboolean
run_once (VqRootShell *shell, const char *script, gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autofree char *lines = NULL;

  start_asking (shell, RUNNING, "", VQ_TYPED_SCRIPT_STATUS);
  lines = vq_typed_script_new (script, shell->nonce);
  vq_serial_line_forget (shell->line, NULL);
  vq_serial_line_send (shell->line, CLEAR);
  vq_serial_line_send (shell->line, lines);
  if (!vq_wait_until (has_ended, shell, deadline, cancel, "end of a script", error))
    {
      vq_serial_line_interrupt (shell->line);
      settle (shell, IDLE);
      return FALSE;
    }
  if (vq_serial_line_get_error (shell->line) == NULL)
    return TRUE;
  g_propagate_error (error, g_error_copy (vq_serial_line_get_error (shell->line)));
  settle (shell, IDLE);
  return FALSE;
}

static gboolean
judge_end (VqRootShell *shell, GError **error)
{
  g_autofree char *last = last_line_of_script (shell);
  State state = shell->state;

  settle (shell, state == ENDED && shell->number >= 0 ? READY : IDLE);
  if (state == LOGIN || shell->number < 0)
    return vq_error_set (error, VQ_ERROR_PEER, "the shell did not run the script to its end");
  if (shell->number == VQ_TYPED_SCRIPT_DAMAGED)
    return vq_error_set (error, VQ_ERROR_PEER, "the script did not arrive whole");
  return shell->number == 0
         || vq_error_set (error, VQ_ERROR_FAILED, "exit status %d: %s", (int)shell->number, last);
}

static gboolean
is_damaged (VqRootShell *shell)
{
  return shell->state == ENDED && shell->number == VQ_TYPED_SCRIPT_DAMAGED;
}

gboolean
vq_root_shell_run (VqRootShell *shell, const char *script, gint64 deadline, VqCancel *cancel,
                   GError **error)
{
  g_assert (strlen (script) <= VQ_ROOT_SHELL_SCRIPT_MAX);
  if (!vq_root_shell_probe (shell, deadline, cancel, error)
      || !run_once (shell, script, deadline, cancel, error))
    return FALSE;
  /* Nothing was run, so the script can be typed once more. */
  if (is_damaged (shell) && !run_once (shell, script, deadline, cancel, error))
    return FALSE;
  return judge_end (shell, error);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* start a name is asked for: send it -> named; a shell: use it; silence: newline
 *   named   a password is asked for: send it -> passed; a shell, or silence: use it
 *   passed  a shell, or silence: use it
 *
 * If the guest asks for a name again, it has refused us. "Use it" means: replace the shell,
 * whatever it is, by /bin/sh, and let root-shell find out who it runs as. */
#include "way/serial-login.h"

#include <string.h>

#include "base/error.h"
#include "way/serial-dialog.h"

#define ATTEMPTS_MAX 2

/* After so many seconds of silence we try something. */
#define SILENCE_BEFORE 10
#define SILENCE_AFTER 15 /* under TCG, a login takes some seconds to start */
#define SILENCE_SUDO 45  /* it looks up the host's name first, in vain if there is no network */

/* A system that is still booting refuses all users except root. Trying again after that does not
 * count as a failed login. */
static const char *const not_yet[]
    = { "booting up", "not permitted to log in", "not yet permitted", NULL };

typedef struct
{
  VqSerialDialog dialog;
  const char *user;
  const char *password; /* NULL: none is known */
  guint attempts;
} Login;

gboolean
vq_serial_login_has_prompt (gpointer line)
{
  gboolean sure;
  VqLoginPrompt prompt = vq_login_prompt_find (vq_serial_line_get_text (line), &sure);

  return prompt == VQ_LOGIN_PROMPT_NAME || prompt == VQ_LOGIN_PROMPT_SHELL;
}

void
vq_serial_login_leave (VqSerialLine *line)
{
  vq_serial_line_send (line, "exit 0\n");
}

static gboolean
asks_password (VqLoginPrompt prompt)
{
  return prompt == VQ_LOGIN_PROMPT_PASSWORD || prompt == VQ_LOGIN_PROMPT_QUESTION;
}

/* ---- the login ---- */

typedef enum
{
  START,
  NAMED,
  PASSED,
  IN,
} Phase;

static gboolean
fail_expired (Login *login, GError **error)
{
  return vq_error_set (error, VQ_ERROR_PEER,
                       "the guest wants the password of %s changed: set another one in the image",
                       login->user);
}

static void
send_name (Login *login, Phase *phase)
{
  vq_serial_dialog_say (&login->dialog, login->user);
  login->attempts++;
  *phase = NAMED;
}

static gboolean
send_password (Login *login, Phase *phase, GError **error)
{
  if (login->password == NULL)
    return vq_error_set (error, VQ_ERROR_PEER,
                         "the guest asks for the password of %s on its serial port: "
                         "give it with --password, or another user with --user",
                         login->user);
  vq_serial_dialog_say (&login->dialog, login->password);
  *phase = PASSED;
  return TRUE;
}

static gboolean
start (Login *login, VqLoginPrompt prompt, Phase *phase)
{
  if (prompt == VQ_LOGIN_PROMPT_NAME)
    send_name (login, phase);
  else if (prompt == VQ_LOGIN_PROMPT_SHELL && login->dialog.said_at > 0)
    *phase = IN; /* the prompt has come back after a newline */
  else
    vq_serial_dialog_say (&login->dialog, "");
  return TRUE;
}

static gboolean
is_too_early (Login *login)
{
  g_autofree char *text = g_ascii_strdown (vq_serial_line_get_text (login->dialog.line), -1);

  for (const char *const *words = not_yet; *words != NULL; words++)
    if (strstr (text, *words) != NULL)
      return TRUE;
  return FALSE;
}

/* The guest asks for the name again. */
static gboolean
refused (Login *login, Phase *phase, GError **error)
{
  g_autofree char *words = vq_serial_line_last_words (login->dialog.line, TRUE);

  if (is_too_early (login))
    login->attempts--;
  if (login->attempts >= ATTEMPTS_MAX)
    return vq_error_set (error, VQ_ERROR_PEER,
                         "the guest does not let %s in on its serial port (\"%s\"): "
                         "check --user and --password",
                         login->user, words);
  send_name (login, phase);
  return TRUE;
}

static gboolean
go_on (Login *login, VqLoginPrompt prompt, Phase *phase, GError **error)
{
  g_autofree char *words = vq_serial_line_last_words (login->dialog.line, FALSE);

  if (*phase == START)
    return start (login, prompt, phase);
  if (prompt == VQ_LOGIN_PROMPT_NAME)
    return refused (login, phase, error);
  if (prompt == VQ_LOGIN_PROMPT_NEW_PASSWORD)
    return fail_expired (login, error);
  if (asks_password (prompt) && *phase == NAMED)
    return send_password (login, phase, error);
  if (asks_password (prompt))
    return vq_error_set (error, VQ_ERROR_PEER,
                         "the guest asks for more than the password of %s on its serial port "
                         "(\"%s\"): give another user with --user",
                         login->user, words);
  *phase = IN;
  return TRUE;
}

static gboolean
log_in (Login *login, GError **error)
{
  Phase phase = START;

  while (phase != IN)
    {
      VqLoginPrompt prompt;

      if (!vq_serial_dialog_look (&login->dialog, phase == START ? SILENCE_BEFORE : SILENCE_AFTER,
                                  &prompt, error)
          || !go_on (login, prompt, &phase, error))
        return FALSE;
    }
  vq_serial_dialog_say (&login->dialog, "exec /bin/sh");
  return TRUE;
}

/* ---- root ---- */

/* Commands that are typed into the user's shell. "&& exit" leaves that shell too when root's shell
 * ends without an error. The prompt is written as two strings, so that the echo of the command does
 * not look like a prompt. */
static const struct
{
  const char *name;
  const char *command;
} ways_to_root[] = {
  { "sudo", "sudo -p Pass''word:' ' /bin/sh && exit" },
  { "su", "su -s /bin/sh root && exit" },
};

/* Finds out who the shell runs as. *SHELL is NULL if that is not root. */
static gboolean
find_root (Login *login, VqRootShell **shell, GError **error)
{
  g_autoptr (VqRootShell) found = vq_root_shell_new (login->dialog.line);
  g_autoptr (GError) local = NULL;

  *shell = NULL;
  vq_serial_line_forget (login->dialog.line, NULL);
  if (vq_root_shell_probe (found, login->dialog.deadline, login->dialog.cancel, &local))
    *shell = g_steal_pointer (&found);
  else if (vq_root_shell_get_uid (found) <= 0)
    {
      g_propagate_prefixed_error (error, g_steal_pointer (&local),
                                  "cannot log in as %s on the serial port: ", login->user);
      return FALSE;
    }
  return TRUE;
}

/* Types COMMAND, and once the password if the guest asks for it. *WORDS is the guest's answer. */
static gboolean
type_command (Login *login, const char *command, char **words, GError **error)
{
  VqLoginPrompt prompt;

  if (!vq_serial_dialog_command (&login->dialog, command, error)
      || !vq_serial_dialog_look (&login->dialog, SILENCE_SUDO, &prompt, error))
    return FALSE;
  if (asks_password (prompt) && login->password != NULL)
    {
      vq_serial_dialog_say (&login->dialog, login->password);
      if (!vq_serial_dialog_look (&login->dialog, SILENCE_SUDO, &prompt, error))
        return FALSE;
    }
  *words = vq_serial_line_last_words (login->dialog.line,
                                      !asks_password (prompt) || login->password != NULL);
  if (asks_password (prompt) || prompt == VQ_LOGIN_PROMPT_NEW_PASSWORD)
    vq_serial_line_interrupt (login->dialog.line);
  return TRUE;
}

static gboolean
become_root (Login *login, VqRootShell **shell, GError **error)
{
  g_autoptr (GString) complaints = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (ways_to_root); i++)
    {
      g_autofree char *words = NULL;

      if (!type_command (login, ways_to_root[i].command, &words, error)
          || !find_root (login, shell, error))
        return FALSE;
      if (*shell != NULL)
        return TRUE;
      g_string_append_printf (complaints, "%s%s: \"%s\"", i > 0 ? ", " : "", ways_to_root[i].name,
                              words[0] != '\0' ? words : "no reason given");
    }
  return vq_error_set (error, VQ_ERROR_PEER,
                       "%s can log in on the guest's serial port, but not become root (%s): "
                       "give a user who can, or root, with --user and --password",
                       login->user, complaints->str);
}

/* ---- all of it ---- */

/* Control characters cannot be typed, because the terminal would interpret them. */
static gboolean
check_typable (const char *text, const char *option, GError **error)
{
  for (const char *p = text; p != NULL && *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      return vq_error_set (error, VQ_ERROR_USAGE, "%s: it cannot be typed at a login prompt",
                           option);
  return TRUE;
}

VqRootShell *
vq_serial_login_open (VqSerialLine *line, const char *user, const char *password, gint64 deadline,
                      VqCancel *cancel, GError **error)
{
  Login login = { .dialog = { line, deadline, cancel },
                  .user = user != NULL ? user : "root",
                  .password = password };
  VqRootShell *shell = NULL;

  vq_serial_line_set_secret (line, password);
  if (!check_typable (login.user, "--user", error) || !check_typable (password, "--password", error)
      || !log_in (&login, error))
    return NULL;
  if (find_root (&login, &shell, error) && (shell != NULL || become_root (&login, &shell, error)))
    return shell;
  vq_serial_line_interrupt (line);
  vq_serial_login_leave (line);
  return NULL;
}

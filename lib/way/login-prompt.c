// SPDX-License-Identifier: GPL-2.0-or-later
#include "way/login-prompt.h"

#include <string.h>

/* Returns the end of the escape sequence at P: "ESC [ parameters letter", "ESC ] text BEL" or "ESC
 * letter". */
static const char *
skip_escape (const char *p)
{
  p++;
  if (*p == '[')
    p += 1 + strspn (p + 1, "0123456789;:<=>? !\"#$%&'()*+,-./");
  else if (*p == ']')
    p += strcspn (p, "\a\033\r\n");
  if (*p == '\033' && p[1] == '\\')
    p++;
  return *p != '\0' ? p + 1 : p;
}

/* TEXT in lower case without escape sequences. */
static char *
simplify (const char *text)
{
  GString *plain = g_string_new (NULL);

  for (const char *p = text; *p != '\0';)
    if (*p == '\033')
      p = skip_escape (p);
    else
      g_string_append_c (plain, g_ascii_tolower (*p++));
  return g_string_free (plain, FALSE);
}

static gboolean
contains_one (const char *text, const char *const *words)
{
  for (; *words != NULL; words++)
    if (strstr (text, *words) != NULL)
      return TRUE;
  return FALSE;
}

/* "login:" or "host login:", but not "Last login:". */
static gboolean
asks_name (const char *line)
{
  const char *space = strchr (line, ' ');

  if (g_str_has_prefix (line, "last "))
    return FALSE;
  return g_str_equal (space != NULL ? space + 1 : line, "login:");
}

static VqLoginPrompt
find_in_line (const char *line)
{
  static const char *const new_ones[]
      = { "new password:", "current password:", "unix password:", NULL };

  if (asks_name (line))
    return VQ_LOGIN_PROMPT_NAME;
  if (contains_one (line, new_ones) && g_str_has_suffix (line, "assword:"))
    return VQ_LOGIN_PROMPT_NEW_PASSWORD;
  if (g_str_has_suffix (line, "assword:"))
    return VQ_LOGIN_PROMPT_PASSWORD;
  if (g_str_has_suffix (line, ":") || g_str_has_suffix (line, "\xef\xbc\x9a"))
    return VQ_LOGIN_PROMPT_QUESTION; /* the second one is the wide colon of Chinese and Japanese */
  if (line[0] != '\0' && strchr ("#$%>", line[strlen (line) - 1]) != NULL)
    return VQ_LOGIN_PROMPT_SHELL;
  return VQ_LOGIN_PROMPT_NONE;
}

/* Finds a prompt in LINE before a message of the kernel or of systemd, which begins with "[". */
static VqLoginPrompt
find_before_message (char *line)
{
  char *bracket = strchr (line, '[');
  VqLoginPrompt prompt;

  if (bracket == NULL)
    return VQ_LOGIN_PROMPT_NONE;
  *bracket = '\0';
  prompt = find_in_line (g_strstrip (line));
  return prompt == VQ_LOGIN_PROMPT_NAME || prompt == VQ_LOGIN_PROMPT_PASSWORD
             ? prompt
             : VQ_LOGIN_PROMPT_NONE;
}

static VqLoginPrompt
find_before_messages (char **lines)
{
  for (guint i = g_strv_length (lines); i > 0; i--)
    {
      VqLoginPrompt prompt = find_before_message (lines[i - 1]);

      if (prompt != VQ_LOGIN_PROMPT_NONE)
        return prompt;
    }
  return VQ_LOGIN_PROMPT_NONE;
}

/* If the guest asks for a password after such words, it wants the old one in order to change it. */
static gboolean
has_expired (const char *text)
{
  static const char *const words[]
      = { "required to change your password", "must change your password", "password has expired",
          "password expired", NULL };

  return contains_one (text, words);
}

VqLoginPrompt
vq_login_prompt_find (const char *text, gboolean *sure)
{
  g_autofree char *plain = simplify (text);
  g_auto (GStrv) lines = g_strsplit_set (plain, "\r\n", -1);
  guint n = g_strv_length (lines);
  VqLoginPrompt prompt = n > 0 ? find_in_line (g_strstrip (lines[n - 1])) : VQ_LOGIN_PROMPT_NONE;

  *sure = prompt == VQ_LOGIN_PROMPT_NAME || prompt == VQ_LOGIN_PROMPT_PASSWORD
          || prompt == VQ_LOGIN_PROMPT_NEW_PASSWORD;
  if (prompt == VQ_LOGIN_PROMPT_NONE)
    prompt = find_before_messages (lines);
  if ((prompt == VQ_LOGIN_PROMPT_PASSWORD || prompt == VQ_LOGIN_PROMPT_QUESTION)
      && has_expired (plain))
    return VQ_LOGIN_PROMPT_NEW_PASSWORD;
  return prompt;
}

gboolean
vq_login_prompt_can_skip (const char *text)
{
  static const char *const words[] = { "press any key to proceed", "(empty to skip", NULL };
  g_autofree char *plain = simplify (text);

  return contains_one (plain, words);
}

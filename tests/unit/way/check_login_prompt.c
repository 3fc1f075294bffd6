// SPDX-License-Identifier: GPL-2.0-or-later
#include "way/login-prompt.h"

#include <check.h>
#include <string.h>

#include "suite.h"

#define NONE VQ_LOGIN_PROMPT_NONE
#define NAME VQ_LOGIN_PROMPT_NAME
#define PASSWORD VQ_LOGIN_PROMPT_PASSWORD
#define NEW_PASSWORD VQ_LOGIN_PROMPT_NEW_PASSWORD
#define QUESTION VQ_LOGIN_PROMPT_QUESTION
#define SHELL VQ_LOGIN_PROMPT_SHELL

typedef struct
{
  const char *text;
  VqLoginPrompt prompt;
  gboolean sure;
} Row;

static void
assert_rows (const Row *rows, gsize n)
{
  for (gsize i = 0; i < n; i++)
    {
      gboolean sure = !rows[i].sure;
      VqLoginPrompt prompt = vq_login_prompt_find (rows[i].text, &sure);

      ck_assert_msg (prompt == rows[i].prompt, "\"%s\": %d", rows[i].text, prompt);
      ck_assert_msg (sure == rows[i].sure, "\"%s\": %ssure", rows[i].text, sure ? "" : "not ");
    }
}

CASE ("login-prompt", NULL, NULL, 60)

TEST (names)
{
  static const Row rows[] = {
    { "host login: ", NAME, TRUE },
    { "\r\nDebian GNU/Linux 12 host ttyS0\r\n\r\nhost login: ", NAME, TRUE },
    { "login:", NAME, TRUE },
    { "Login: ", NAME, TRUE },
    { "a-long.name.example.org login:  ", NAME, TRUE },
    { "\033[1;1H\033[Jhost login: \033[0m", NAME, TRUE },
    { "host login: root", NONE, FALSE },
    { "host login: root\r\n", NONE, FALSE },
    { "host login: root (automatic login)\r\n", NONE, FALSE },
    { "Last login: ", QUESTION, FALSE },
    { "Last failed login: ", QUESTION, FALSE },
    { "This is for those who login: ", QUESTION, FALSE },
    { "nologin:", QUESTION, FALSE },
  };

  assert_rows (rows, G_N_ELEMENTS (rows));
}

TEST (passwords)
{
  static const Row rows[] = {
    { "root\r\nPassword: ", PASSWORD, TRUE },
    { "root\r\nPassword:", PASSWORD, TRUE },
    { "[sudo] password for user: ", QUESTION, FALSE },
    { "Passwort: ", QUESTION, FALSE },
    { "Mot de passe\xc2\xa0: ", QUESTION, FALSE },
    { "\xe5\xaf\x86\xe7\xa0\x81\xef\xbc\x9a", QUESTION, FALSE },
    { "Passwor", NONE, FALSE },
    { "Password: x", NONE, FALSE },
    { "Current password: ", NEW_PASSWORD, TRUE },
    { "(current) UNIX password: ", NEW_PASSWORD, TRUE },
    { "New password: ", NEW_PASSWORD, TRUE },
    { "You are required to change your password immediately (root enforced)\r\n"
      "Changing password for root.\r\n(Aktuelles) Passwort: ",
      NEW_PASSWORD, FALSE },
    { "WARNING: Your password has expired.\r\nPassword: ", NEW_PASSWORD, TRUE },
    { "Warning: your password will expire in 3 days.\r\nPassword: ", PASSWORD, TRUE },
    { "You are required to change your password\r\nhost login: ", NAME, TRUE },
  };

  assert_rows (rows, G_N_ELEMENTS (rows));
}

TEST (shells)
{
  static const Row rows[] = {
    { "# ", SHELL, FALSE },
    { "$ ", SHELL, FALSE },
    { "root@host:~# ", SHELL, FALSE },
    { "\033]0;root@host: ~\007\033[?2004h\033[01;32mroot@host\033[00m:\033[01;34m~\033[00m# ",
      SHELL, FALSE },
    { "\033]0;t\033\\host% ", SHELL, FALSE },
    { "> ", SHELL, FALSE },
    { "# \r\n", NONE, FALSE },
    { "# ls", NONE, FALSE },
    { "", NONE, FALSE },
    { "\r\n\r\n", NONE, FALSE },
    { "\033", NONE, FALSE },
    { "\033[", NONE, FALSE },
    { "\033[0;1", NONE, FALSE },
    { "\033]0;title", NONE, FALSE },
    { "#\033", SHELL, FALSE },
    { "\xff\xfe\x80", NONE, FALSE },
  };

  assert_rows (rows, G_N_ELEMENTS (rows));
}

/* The kernel and systemd write on the same console. */
TEST (messages_behind)
{
  static const Row rows[] = {
    { "host login: [    9.5] e1000: eth0 up\r\n", NAME, FALSE },
    { "host login: [    9.5] e1000: eth0 up\r\n[   10.0] more\r\n", NAME, FALSE },
    { "host login:          \033[0m[  \033[32mOK\033[0m  ] Started foo\r\n", NAME, FALSE },
    { "root\r\nPassword: [    9.5] e1000: eth0 up\r\n", PASSWORD, FALSE },
    { "root\r\nPassword: [    9.5] e1000: eth0 up\r\n# ", SHELL, FALSE },
    { "[    9.5] audit: login:\r\n", NONE, FALSE },
    { "Last login: [x]\r\n", NONE, FALSE },
    { "[    9.5] e1000: eth0 up\r\nhost login: ", NAME, TRUE },
  };

  assert_rows (rows, G_N_ELEMENTS (rows));
}

/* Whatever has been read of it, nothing is unmistakable that is not. */
TEST (pieces)
{
  const char *text = "Linux host 6.1.0 #1 SMP\r\n\r\nLast login: Tue Nov 21 on ttyS0\r\n"
                     "System load: 0.1%\r\nroot@host:~# sudo -p Pass''word:' ' /bin/sh && exit\r\n";

  for (gsize n = 0; n <= strlen (text); n++)
    {
      g_autofree char *piece = g_strndup (text, n);
      gboolean sure;

      (void)vq_login_prompt_find (piece, &sure);
      ck_assert_msg (!sure, "\"%s\"", piece);
    }
}

TEST (questions_that_enter_skips)
{
  static const struct
  {
    const char *text;
    gboolean can_skip;
  } rows[] = {
    { "Please configure your system!\r\n\r\n-- Press any key to proceed --\r\n", TRUE },
    { "-- Press any key to proceed --[    9.1] random: crng init done\r\n", TRUE },
    { "\033[0m\342\200\243 Please enter system locale name or number (empty to skip, "
      "\"list\" to list options): ",
      TRUE },
    { "\360\237\224\220 Please enter a new root password (empty to skip):", TRUE },
    { "BdsDxe: Press any key to enter the Boot Manager Menu.\r\n", FALSE },
    { "Press any key to continue\r\n", FALSE },
    { "host login: ", FALSE },
    { "", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    ck_assert_msg (vq_login_prompt_can_skip (rows[i].text) == rows[i].can_skip, "%s", rows[i].text);
}

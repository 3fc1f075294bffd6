// SPDX-License-Identifier: GPL-2.0-or-later
/* What a terminal is waiting for, from what it says. A pure function. */
#pragma once

#include <glib.h>

typedef enum
{
  VQ_LOGIN_PROMPT_NONE,         /* nothing that we know */
  VQ_LOGIN_PROMPT_NAME,         /* "host login: " */
  VQ_LOGIN_PROMPT_PASSWORD,     /* "Password: " */
  VQ_LOGIN_PROMPT_NEW_PASSWORD, /* an expired password is to be changed */
  VQ_LOGIN_PROMPT_QUESTION,     /* anything else with a colon: a password, in some language? */
  VQ_LOGIN_PROMPT_SHELL,        /* "# ", "$ ", ... */
} VqLoginPrompt;

/* The prompt at the end of TEXT, any bytes but NUL; colours and such do not matter. *SURE: it is
 * unmistakable. Otherwise it is one only if nothing follows for a while. A prompt for a name or a
 * password that a message of the kernel has come behind counts so, too. */
VqLoginPrompt vq_login_prompt_find (const char *text, gboolean *sure);

// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds out from a terminal's output what it is waiting for. A pure function. */
#pragma once

#include <glib.h>

typedef enum
{
  VQ_LOGIN_PROMPT_NONE,         /* no prompt that we know */
  VQ_LOGIN_PROMPT_NAME,         /* "host login: " */
  VQ_LOGIN_PROMPT_PASSWORD,     /* "Password: " */
  VQ_LOGIN_PROMPT_NEW_PASSWORD, /* a new password, because the old one has expired */
  VQ_LOGIN_PROMPT_QUESTION, /* any other text with a colon: maybe a password, in another language */
  VQ_LOGIN_PROMPT_SHELL,    /* "# ", "$ ", ... */
} VqLoginPrompt;

/* The prompt at the end of TEXT, which may hold any bytes except NUL; escape sequences are ignored.
 * *SURE is TRUE if it is certainly a prompt. Otherwise it is one only if nothing follows for a
 * while. This is also so for a prompt for a name or a password that is followed by a message of the
 * kernel. */
VqLoginPrompt vq_login_prompt_find (const char *text, gboolean *sure);

/* Whether TEXT has a question that Enter skips, as systemd-firstboot asks them at the first boot of
 * a system that nobody has configured. Messages of the kernel may follow it. */
gboolean vq_login_prompt_can_skip (const char *text);

// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz.h"
#include "way/login-prompt.h"

FUZZ (login_prompt)
{
  g_autofree char *text = fuzz_text (bytes, n);
  gboolean sure = FALSE;

  g_assert_cmpuint (vq_login_prompt_find (text, &sure), <=, VQ_LOGIN_PROMPT_SHELL);
  vq_login_prompt_can_skip (text);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Question and answer on a serial line, as a person has it with a login: what was heard counts from
 * the last thing that was said on, and a prompt that could as well be the beginning of more text
 * counts only when nothing has followed for a while. */
#pragma once

#include "way/login-prompt.h"
#include "way/serial-line.h"
#include "base/wait.h"

/* Not owned: all of it. Starts with these three set and the rest zero. */
typedef struct
{
  VqSerialLine *line;
  gint64 deadline;
  VqCancel *cancel;
  gint64 said_at; /* 0: nothing was said yet */
} VqSerialDialog;

/* Types TEXT and a newline. */
void vq_serial_dialog_say (VqSerialDialog *dialog, const char *text);

/* Types COMMAND into a POSIX shell, and waits until it is started: only what comes then counts. */
gboolean vq_serial_dialog_command (VqSerialDialog *dialog, const char *command, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Waits for a prompt; *PROMPT is VQ_LOGIN_PROMPT_NONE when nothing has been heard for SILENCE
 * seconds. */
gboolean vq_serial_dialog_look (VqSerialDialog *dialog, double silence, VqLoginPrompt *prompt,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

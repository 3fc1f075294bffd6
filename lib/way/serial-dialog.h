// SPDX-License-Identifier: GPL-2.0-or-later
/* Questions and answers on a serial line, as a person has them with a login prompt. Only the output
 * since the last thing that we typed counts. Output that may be a prompt or the beginning of more
 * text counts as a prompt only when nothing has followed for a while. */
#pragma once

#include "way/login-prompt.h"
#include "way/serial-line.h"
#include "base/wait.h"

/* Owns nothing. Initialise the first three members, and the rest with zeroes. */
typedef struct
{
  VqSerialLine *line;
  gint64 deadline;
  VqCancel *cancel;
  gint64 said_at; /* when we last typed something; 0: not yet */
} VqSerialDialog;

/* Types TEXT and a newline. */
void vq_serial_dialog_say (VqSerialDialog *dialog, const char *text);

/* Types COMMAND into a POSIX shell, and waits until it has started. Only output after that
 * counts. */
gboolean vq_serial_dialog_command (VqSerialDialog *dialog, const char *command, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Waits for a prompt. *PROMPT is VQ_LOGIN_PROMPT_NONE if there was no output for SILENCE
 * seconds. */
gboolean vq_serial_dialog_look (VqSerialDialog *dialog, double silence, VqLoginPrompt *prompt,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

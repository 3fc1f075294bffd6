// SPDX-License-Identifier: GPL-2.0-or-later
#include "way/serial-dialog.h"

#include "base/error.h"
#include "way/typed-script.h"

/* For how many seconds nothing may follow a prompt. */
#define SHELL_SETTLES 0.5
#define OTHERS_SETTLE 2

void
vq_serial_dialog_say (VqSerialDialog *dialog, const char *text)
{
  vq_serial_line_forget (dialog->line, NULL);
  vq_serial_line_send (dialog->line, text);
  vq_serial_line_send (dialog->line, "\n");
  dialog->said_at = g_get_monotonic_time ();
}

static gboolean
fail_late (VqSerialDialog *dialog, GError **error)
{
  g_autofree char *words = vq_serial_line_last_words (dialog->line, FALSE);

  if (words[0] == '\0')
    return vq_error_set (error, VQ_ERROR_TIMEOUT, "no login in time: the serial port says nothing");
  return vq_error_set (error, VQ_ERROR_TIMEOUT,
                       "no login in time: the serial port last said \"%s\"", words);
}

gboolean
vq_serial_dialog_command (VqSerialDialog *dialog, const char *command, GError **error)
{
  char nonce[VQ_TYPED_SCRIPT_NONCE_SIZE];
  g_autofree char *text = NULL;

  vq_typed_script_make_nonce (nonce);
  text = g_strdup_printf ("echo vq$((0))=%s; %s", nonce, command);
  vq_serial_dialog_say (dialog, text);
  while (g_get_monotonic_time () < dialog->deadline)
    {
      const char *heard = vq_serial_line_get_text (dialog->line);
      const char *start = vq_typed_script_skip_to_start (heard, nonce);

      if (start != heard)
        {
          vq_serial_line_forget (dialog->line, start);
          return TRUE;
        }
      if (!vq_serial_line_wait_more (dialog->line, dialog->deadline, dialog->cancel, error))
        return FALSE;
    }
  return fail_late (dialog, error);
}

/* The time from which PROMPT counts if nothing follows until then. */
static gint64
settling_time (VqSerialDialog *dialog, VqLoginPrompt prompt, double silence)
{
  double seconds = prompt == VQ_LOGIN_PROMPT_SHELL  ? SHELL_SETTLES
                   : prompt == VQ_LOGIN_PROMPT_NONE ? silence
                                                    : OTHERS_SETTLE;

  return MAX (dialog->said_at, vq_serial_line_last_heard (dialog->line))
         + (gint64)(seconds * G_USEC_PER_SEC);
}

gboolean
vq_serial_dialog_look (VqSerialDialog *dialog, double silence, VqLoginPrompt *prompt,
                       GError **error)
{
  while (g_get_monotonic_time () < dialog->deadline)
    {
      gboolean sure;
      gint64 settled;

      *prompt = vq_login_prompt_find (vq_serial_line_get_text (dialog->line), &sure);
      settled = settling_time (dialog, *prompt, silence);
      if (sure || g_get_monotonic_time () >= settled)
        return TRUE;
      if (!vq_serial_line_wait_more (dialog->line, MIN (settled, dialog->deadline), dialog->cancel,
                                     error))
        return FALSE;
    }
  return fail_late (dialog, error);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The text of the line protocol between autopkgtest and a virtualisation server: requests are
 * parsed and checked, replies are written. Specification: README.virtualisation-server.rst of the
 * Debian package autopkgtest. Nothing here waits. */
#pragma once

#include <glib.h>

typedef enum
{
  VQ_COMMAND_CAPABILITIES,
  VQ_COMMAND_OPEN,
  VQ_COMMAND_REVERT,
  VQ_COMMAND_REBOOT,
  VQ_COMMAND_CLOSE,
  VQ_COMMAND_PRINT_EXECUTE_COMMAND,
  VQ_COMMAND_COPYUP,
  VQ_COMMAND_COPYDOWN,
  VQ_COMMAND_SHELL,
  VQ_COMMAND_QUIT,
  VQ_COMMAND_AUXVERB_DEBUG_FAIL,
} VqCommandId;

/* One line of the caller. */
typedef struct _VqRequest VqRequest;

/* Parses LINE, which has no newline. Every word is url-decoded; the command is known, the number
 * of its arguments is right, and so are the values that the protocol fixes (`reboot
 * prepare-only'). All failures are VQ_ERROR_USAGE with a message of one line. */
VqRequest *vq_protocol_request_parse (const char *line, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vq_protocol_request_free (VqRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqRequest, vq_protocol_request_free)

VqCommandId vq_protocol_request_get_command (const VqRequest *request);

/* The decoded arguments, without the command, NULL-terminated; any bytes but NUL, never empty.
 * They stay the request's. */
const char *const *vq_protocol_request_get_args (const VqRequest *request);
gsize vq_protocol_request_get_n_args (const VqRequest *request);

/* Fails with VQ_ERROR_USAGE when COMMAND needs an open testbed and there is none, or the reverse:
 * "`open' when already open". */
gboolean vq_protocol_check_state (VqCommandId command, gboolean is_open, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Fails with VQ_ERROR_USAGE unless both paths of a copy are nonempty, and both or neither end in
 * "/" (a directory tree, or one file). */
gboolean vq_protocol_check_copy_paths (const char *source, const char *destination, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* TEXT url-quoted: all bytes but letters, digits and "_.-~/" as %XX, like Python's
 * urllib.parse.quote. Transfer full. */
char *vq_protocol_quote (const char *text);

/* TEXT url-unquoted; an escape that is not two hexadecimal digits stays as it is, "+" is no space
 * (Python's urllib.parse.unquote, but in bytes). NULL if it would hold a NUL byte. Transfer full.
 */
char *vq_protocol_unquote (const char *text);

/* The reply "ok WORD...", with its newline. WORDS (NULL-terminated, may be NULL for none) are
 * quoted, but "=" stays: Debian's servers print capabilities bare, so a caller may read them
 * without decoding. Transfer full. */
char *vq_protocol_reply_ok (const char *const *words) G_GNUC_WARN_UNUSED_RESULT;

/* The reply to print-execute-command, "ok program,arg,arg", with its newline. Transfer full.
 * autopkgtest decodes this word twice, before and after it splits it: parts with "," or "%" in
 * them come out right at callers that follow the reference, but wrong there. */
char *vq_protocol_reply_execute_command (const char *const *argv) G_GNUC_WARN_UNUSED_RESULT;

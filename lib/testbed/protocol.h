// SPDX-License-Identifier: GPL-2.0-or-later
/* The text of the line protocol between autopkgtest and a virtualisation server: parses and checks
 * requests, and builds replies. It is specified in README.virtualisation-server.rst of the Debian
 * package autopkgtest. Nothing here waits. */
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

/* A request: one line from the caller. */
typedef struct _VqRequest VqRequest;

/* Parses LINE, which has no newline. Decodes every word, and checks that the command is known, that
 * it has the right number of arguments, and that fixed values (`reboot prepare-only') are right.
 * All errors are VQ_ERROR_USAGE with a message of one line. */
VqRequest *vq_protocol_request_parse (const char *line, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vq_protocol_request_free (VqRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqRequest, vq_protocol_request_free)

VqCommandId vq_protocol_request_get_command (const VqRequest *request);

/* The decoded arguments without the command, NULL-terminated. They belong to the request, are never
 * empty, and may hold any bytes except NUL. */
const char *const *vq_protocol_request_get_args (const VqRequest *request);
gsize vq_protocol_request_get_n_args (const VqRequest *request);

/* Its name: "copyup". */
const char *vq_protocol_get_name (VqCommandId command);

/* Fails with VQ_ERROR_USAGE if COMMAND needs an open testbed and there is none, or the other way
 * round: "`open' when already open". */
gboolean vq_protocol_check_state (VqCommandId command, gboolean is_open, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Fails with VQ_ERROR_USAGE unless both paths of a copy are nonempty, and either both end in "/" (a
 * directory tree) or neither does (a file). */
gboolean vq_protocol_check_copy_paths (const char *source, const char *destination, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* TEXT url-quoted, like Python's urllib.parse.quote: all bytes except letters, digits and "_.-~/"
 * become %XX. Transfer full. */
char *vq_protocol_quote (const char *text);

/* TEXT url-unquoted, like Python's urllib.parse.unquote, but in bytes: a "%" without two
 * hexadecimal digits stays as it is, and "+" is not a space. NULL if the result would hold a NUL
 * byte. Transfer full. */
char *vq_protocol_unquote (const char *text);

/* The reply "ok WORD..." with its newline. WORDS (NULL-terminated, or NULL for none) are quoted
 * except for "=", because Debian's servers do not quote capabilities, so a caller may read them
 * without decoding. Transfer full. */
char *vq_protocol_reply_ok (const char *const *words) G_GNUC_WARN_UNUSED_RESULT;

/* The reply to print-execute-command, "ok program,arg,arg", with its newline. Transfer full.
 * autopkgtest decodes the word twice, before and after splitting it. So parts that contain "," or
 * "%" are decoded correctly by callers that follow the specification, but not by autopkgtest. */
char *vq_protocol_reply_execute_command (const char *const *argv) G_GNUC_WARN_UNUSED_RESULT;

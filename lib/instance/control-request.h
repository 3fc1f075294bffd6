// SPDX-License-Identifier: GPL-2.0-or-later
/* A request that has arrived on the socket of an instance (control-wire.h). It belongs to who got
 * it, and is to be answered once. Nothing here waits: a client that does not read its replies gets
 * none. */
#pragma once

#include <glib.h>

typedef struct _VqControlRequest VqControlRequest;

/* The request LINE (without its newline) of the client at the other end of FD, which is taken
 * over. */
VqControlRequest *vq_control_request_new (int fd, const char *line);

/* The words; there is at least one, which may be empty. They belong to REQUEST. */
const char *const *vq_control_request_get_words (const VqControlRequest *request);

/* Whether the client has gone away. */
gboolean vq_control_request_is_gone (const VqControlRequest *request);

/* Tells the client what its request waits for. */
void vq_control_request_note (VqControlRequest *request, const char *text);

/* Answers with "ok" and WORDS, or with ERROR, and frees REQUEST. */
void vq_control_request_succeed (VqControlRequest *request, const char *const *words);
void vq_control_request_fail (VqControlRequest *request, const GError *error);

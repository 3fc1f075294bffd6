// SPDX-License-Identifier: GPL-2.0-or-later
/* A command's stdin on its way to the guest. It is read from the user's descriptor (see
 * foreign-fd.h) only while the guest's window has room and QEMU takes what we send. Part of
 * helper-channel. */
#pragma once

#include <glib.h>

#include "helper/helper-port.h"

typedef struct _VqHelperInput VqHelperInput;

/* Takes over FD. */
VqHelperInput *vq_helper_input_new (VqHelperPort *port, guint32 stream, int fd);
void vq_helper_input_free (VqHelperInput *input);

/* Starts to send. Input that is there already is sent at once. */
void vq_helper_input_start (VqHelperInput *input);

/* The guest gives credit for N bytes. Returns FALSE with *ERROR set if fewer are under way. */
gboolean vq_helper_input_credit (VqHelperInput *input, gsize n, GError **error);

/* Closes the descriptor. Nothing more is sent. */
void vq_helper_input_close (VqHelperInput *input);

/* Why stdin could not be read to its end, for which the command was killed; NULL if it could. INPUT
 * may be NULL. */
const GError *vq_helper_input_get_loss (VqHelperInput *input);

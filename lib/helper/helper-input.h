// SPDX-License-Identifier: GPL-2.0-or-later
/* A command's stdin on its way in: read from a descriptor of somebody else (see foreign-fd.h) only
 * while the guest's window has room and QEMU takes what we send. Part of helper-channel. */
#pragma once

#include <glib.h>

#include "helper/helper-port.h"

typedef struct _VqHelperInput VqHelperInput;

/* Takes over FD. */
VqHelperInput *vq_helper_input_new (VqHelperPort *port, guint32 stream, int fd);
void vq_helper_input_free (VqHelperInput *input);

/* Starts to send. What is there now is sent at once. */
void vq_helper_input_start (VqHelperInput *input);

/* The guest has taken N bytes. FALSE with *ERROR set if so many are not under way. */
gboolean vq_helper_input_credit (VqHelperInput *input, gsize n, GError **error);

/* Closes the descriptor; nothing more is sent. */
void vq_helper_input_close (VqHelperInput *input);

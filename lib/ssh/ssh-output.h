// SPDX-License-Identifier: GPL-2.0-or-later
/* One output of a command that runs over ssh, on its way to a descriptor of ours. It keeps what the
 * descriptor does not take yet; the caller sees to it that the guest sends no more then. */
#pragma once

#include <glib.h>

typedef struct _VqSshOutput VqSshOutput;

/* Takes over FD; -1 for an output that nobody wants. CHANGED is called from the main context, never
 * from inside these functions, when all that was kept has been written, or when the output turned
 * out to be broken. It may free the output. */
VqSshOutput *vq_ssh_output_new (int fd, void (*changed) (gpointer data), gpointer data);
void vq_ssh_output_free (VqSshOutput *output);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqSshOutput, vq_ssh_output_free)

/* Writes N bytes, and keeps a copy of what must wait. Does not wait itself. */
void vq_ssh_output_add (VqSshOutput *output, const guint8 *bytes, gsize n);

/* How many bytes it keeps. */
gsize vq_ssh_output_get_kept (VqSshOutput *output);

/* Nobody will ever read what is written: it is thrown away. FALSE for a muted one. */
gboolean vq_ssh_output_is_broken (VqSshOutput *output);

/* Closes the descriptor and throws away what is kept and what will come. */
void vq_ssh_output_mute (VqSshOutput *output);

// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest agent that is not there: it answers all that the agent channel asks as qemu-ga would, but
 * the runner's words, and single replies, are the test's. It lives in our own main context. */
#pragma once

#include <glib.h>

#include "channel/guest-agent.h"

typedef struct _FakeAgent FakeAgent;

/* It counts as open. */
FakeAgent *fake_agent_new (void);
void fake_agent_free (FakeAgent *fake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FakeAgent, fake_agent_free)

VqGuestAgent *fake_agent_get (FakeAgent *fake);

/* From the next guest-exec without captured output on, its pipe holds BYTES. */
void fake_agent_say (FakeAgent *fake, const void *bytes, gsize n);

/* Answers COMMAND with REPLY, which lacks its id and the last brace; NULL: as usual. */
void fake_agent_answer (FakeAgent *fake, const char *command, const char *reply);

/* All that was written to the runner since the last call, as a string. Transfer full. */
char *fake_agent_take_written (FakeAgent *fake);

/* How often COMMAND was asked since the last call. */
guint fake_agent_take_count (FakeAgent *fake, const char *command);

/* Leaves everything unanswered from now on, or ends the connection. */
void fake_agent_be_silent (FakeAgent *fake, gboolean silent);
void fake_agent_hang_up (FakeAgent *fake);

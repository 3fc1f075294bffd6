// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest agent that is not there: it answers all that we ask as qemu-ga would, but single replies
 * are the test's. It lives in our own main context. */
#pragma once

#include <glib.h>

#include "channel/guest-agent.h"

typedef struct _FakeAgent FakeAgent;

/* It counts as open. */
FakeAgent *fake_agent_new (void);
void fake_agent_free (FakeAgent *fake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FakeAgent, fake_agent_free)

VqGuestAgent *fake_agent_get (FakeAgent *fake);

/* Answers COMMAND with REPLY, which lacks its id and the last brace; NULL: as usual. */
void fake_agent_answer (FakeAgent *fake, const char *command, const char *reply);

/* How often COMMAND was asked since the last call. */
guint fake_agent_take_count (FakeAgent *fake, const char *command);

/* Leaves everything unanswered from now on, or ends the connection. */
void fake_agent_be_silent (FakeAgent *fake, gboolean silent);
void fake_agent_hang_up (FakeAgent *fake);

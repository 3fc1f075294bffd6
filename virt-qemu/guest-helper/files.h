// SPDX-License-Identifier: GPL-2.0-or-later
/* One plain file on its way into or out of the guest, without a shell and what that would start. */
#pragma once

/* What the helper's own program does when it is run as a command, as helper-wire.h has it: the
 * words are those of argv. Returns its exit status; a message is on stderr if that is not 0. */
int files_main (char **words);

/* Writes stdin to the file PATH and makes it executable, or becomes COMMAND where PATH is something
 * else than a plain file. Returns the exit status, as above. */
int files_put_executable (const char *path, char **command);

/* Runs COMMAND in place of this program. Returns only if that fails. */
int files_become (char **command);

// SPDX-License-Identifier: GPL-2.0-or-later
/* Starts a command's process. */
#pragma once

#include <sys/resource.h>

#include <stdbool.h>
#include <sys/types.h>

/* What a new process must restore, because it differs in our own process. */
typedef struct
{
  struct rlimit n_files;
  bool is_oom_immune;
  int self; /* a descriptor of our own program; -1: none */
} SpawnDefaults;

typedef struct
{
  const SpawnDefaults *defaults;
  char **argv; /* argv[-1] may be overwritten */
  char **environment;
  int directory; /* a descriptor; -1: ours */
  int stdio[3];  /* none of them is below 3 */
  bool terminal; /* stdio[0] is its controlling terminal */
} Spawn;

/* Gives our own process the limits, signals, umask and directory of a shell that init has started,
 * so that new processes need to change little. We may have more files open than they. */
void spawn_init (SpawnDefaults *defaults);

/* Returns the new process, which leads a session and a process group of its own, or -1 with errno
 * set. If something fails in the process itself, it writes a line to its stderr and exits with
 * status 126 or 127. */
pid_t spawn (const Spawn *spawn);

// SPDX-License-Identifier: GPL-2.0-or-later
/* Starts a command's process. */
#pragma once

#include <sys/resource.h>

#include <stdbool.h>
#include <sys/types.h>

/* What a process must set right that is not as it should be with us. */
typedef struct
{
  struct rlimit n_files;
  bool is_oom_immune;
  int self; /* descriptor of our own program, -1: there is none */
} SpawnDefaults;

typedef struct
{
  const SpawnDefaults *defaults;
  char **argv; /* argv[-1] is a free place */
  char **environment;
  int directory; /* descriptor, -1: ours */
  int stdio[3];  /* none of them below 3 */
  bool terminal; /* stdio[0] is its controlling terminal */
} Spawn;

/* Sets us up so that processes need little more: the limits, signals, umask and directory of a
 * shell that init has started. We may have more files open ourselves. */
void spawn_init (SpawnDefaults *defaults);

/* Returns the process, which leads a session and a group of its own, or -1 (errno). What fails in
 * the process itself is a line on its stderr, and status 126 or 127. */
pid_t spawn (const Spawn *spawn);

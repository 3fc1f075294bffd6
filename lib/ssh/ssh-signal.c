// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/ssh-signal.h"

#include <signal.h>

int
vq_ssh_signal_get_number (const char *name)
{
  static const struct
  {
    const char *name;
    int number;
  } signals[] = {
    { "ABRT", SIGABRT }, { "ALRM", SIGALRM }, { "BUS", SIGBUS },   { "CHLD", SIGCHLD },
    { "CONT", SIGCONT }, { "FPE", SIGFPE },   { "HUP", SIGHUP },   { "ILL", SIGILL },
    { "INT", SIGINT },   { "IO", SIGIO },     { "KILL", SIGKILL }, { "PIPE", SIGPIPE },
    { "PROF", SIGPROF }, { "PWR", SIGPWR },   { "QUIT", SIGQUIT }, { "SEGV", SIGSEGV },
    { "STOP", SIGSTOP }, { "SYS", SIGSYS },   { "TERM", SIGTERM }, { "TRAP", SIGTRAP },
    { "TSTP", SIGTSTP }, { "TTIN", SIGTTIN }, { "TTOU", SIGTTOU }, { "URG", SIGURG },
    { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 }, { "XCPU", SIGXCPU }, { "XFSZ", SIGXFSZ },
  };

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    if (g_strcmp0 (name, signals[i].name) == 0)
      return signals[i].number;
  return SIGABRT;
}

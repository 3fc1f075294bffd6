// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu VERB, for people and scripts. The verbs are in lib/verb; here are their table and the
 * exit status. */
#include <locale.h>
#include <stdio.h>

#include "base/inherited.h"
#include "io/log.h"
#include "verb/verb-check.h"
#include "verb/verb-exec.h"
#include "verb/verb-file.h"
#include "verb/verb-shell.h"
#include "verb/verb-template.h"
#include "verb/verb.h"

static const VqVerb verbs[] = {
  { "check", "say what this host can do, and what is missing", vq_verb_check_run },
  { "exec", "run a command in a machine", vq_verb_exec_run },
  { "file", "copy files into a machine and out of it", vq_verb_file_run },
  { "shell", "open a shell in a machine", vq_verb_shell_run },
  { "template", "list and remove templates, from which testbeds are forked", vq_verb_template_run },
  { NULL },
};

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  VqVerbStatus status;

  setlocale (LC_ALL, "");
  vq_log_init ("virt-qemu");
  if (!vq_inherited_settle (&error))
    {
      g_critical ("%s", error->message);
      return VQ_VERB_FAILED;
    }
  status = vq_verb_run (verbs, (const char *const *)argv + (argc > 0));
  if (fflush (stdout) == 0)
    return status;
  g_critical ("cannot write the output");
  return VQ_VERB_FAILED;
}

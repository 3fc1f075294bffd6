// SPDX-License-Identifier: GPL-2.0-or-later
/* downburst: takes the command lines of the program of that name, and makes virt-qemu do what they
 * ask for. Here are only the wiring and the exit status. */
#include <locale.h>
#include <stdio.h>

#include "base/error.h"
#include "base/inherited.h"
#include "downburst/downburst-log.h"
#include "downburst/downburst.h"

/* As Python's programs have them, which callers may know. */
#define STATUS_FAILED 1
#define STATUS_USAGE 2

static int
print (const char *text)
{
  if (fputs (text, stdout) >= 0 && fflush (stdout) == 0)
    return 0;
  g_warning ("cannot write to stdout");
  return STATUS_FAILED;
}

static int
run (const VqDownburstRequest *request, GError **error)
{
  g_autofree char *out = NULL;

  if (request->verb == VQ_DOWNBURST_HELP)
    return print (vq_downburst_request_get_help ());
  if (!vq_downburst_log_open (request->logfile, request->verbose, error)
      || !vq_downburst_run (request, &out, error))
    return STATUS_FAILED;
  return print (out != NULL ? out : "");
}

int
main (int argc, char **argv)
{
  static const char *const none[] = { NULL };
  const char *const *words = argc > 1 ? (const char *const *)argv + 1 : none;
  g_autoptr (VqDownburstRequest) request = NULL;
  g_autoptr (GError) error = NULL;
  int status = STATUS_USAGE;

  setlocale (LC_ALL, "");
  if (vq_inherited_settle (&error))
    request = vq_downburst_request_parse (words, &error);
  if (request != NULL)
    status = run (request, &error);
  if (error != NULL)
    vq_downburst_log_failure (error);
  return status;
}

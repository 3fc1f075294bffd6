// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/verb-run.h"

#include "run/run-many.h"
#include "run/run-once.h"
#include "run/run-request.h"
#include "verb/verb-output.h"

#define NAME "virt-qemu run"

static const char help[]
    = "Usage: " NAME " [OPTION...] [MACHINE OPTION...] TEST [ARGUMENT...]\n"
      "\n"
      "Runs TEST, a program of this host or the address of one (http, https or file), as\n"
      "root in a fresh machine, which is removed afterwards. In the machine it is\n"
      "/mnt/cdrom/test.sh, and it starts in /mnt/test_b, which is another name for\n"
      "/mnt/test_vdb, where its first disk is mounted.\n"
      "\n"
      "      --image=IMAGE      the image of the machine (default: " VQ_RUN_REQUEST_IMAGE ")\n"
      "      --log-dir=DIR      keep what the test writes in DIR/test.log, its files of\n"
      "                         /mnt/log in DIR/log, and the machine's logs in DIR; the\n"
      "                         file DIR/success is there only if the exit status is 0\n"
      "      --timeout=SECONDS  end the test if it takes longer\n"
      "      --time-wait=SECONDS\n"
      "                         let the machine run on for so long after the test\n"
      "      --count=N          do this in N machines at once; prints a line for each, whose\n"
      "                         logs are in the directories 1 to N of DIR\n"
      "  -h, --help             show this text and exit\n"
      "\n"
      "All options of autopkgtest-virt-qemu-ng that describe a machine can be given,\n"
      "for example --cpus=2; see autopkgtest-virt-qemu-ng --help. The machine "
      "has\n" VQ_RUN_REQUEST_RAM_SIZE " MiB of memory unless --ram-size says something else.\n"
      "\n"
      "The exit status is the test's; 128 + N if signal N has ended it, or this program;\n"
      "124 if it took too long; 125 if we have failed, or the machine has ended first; 2\n"
      "if the command line is wrong or what it needs is not there (the test, the image,\n"
      "a file, a program), and the test was not begun. With --count it is 1 if one of the\n"
      "tests has failed.\n";

VqVerbStatus
vq_verb_run_run (const char *const *arguments)
{
  g_auto (VqRunRequest) request = { NULL };
  g_autoptr (GError) error = NULL;
  VqVerbStatus status;

  if (!vq_run_request_parse (&request, arguments, &error))
    return vq_verb_error_report (error, NAME " --help", FALSE);
  if (request.help)
    {
      vq_verb_output_text ("%s", help);
      return VQ_VERB_OK;
    }
  status = (VqVerbStatus)(request.count > 1 ? vq_run_many (&request, &error)
                                            : vq_run_once (&request, &error));
  if (error != NULL)
    vq_verb_error_report (error, NAME " --help", FALSE);
  return status;
}

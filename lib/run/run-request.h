// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line of "virt-qemu run". */
#pragma once

#include "plan/options.h"

/* What the machine of a test has unless the user says something else. */
#define VQ_RUN_REQUEST_IMAGE "debian/stable"
#define VQ_RUN_REQUEST_RAM_SIZE "4096"
#define VQ_RUN_REQUEST_DISKS "2"

/* Where the guest has the test. */
#define VQ_RUN_REQUEST_TEST_DIR "/mnt/cdrom"
#define VQ_RUN_REQUEST_TEST_NAME "test.sh"

typedef struct
{
  VqOptions *options;       /* of the machine; they have the directory for the logs, too */
  int timeout;              /* seconds that the test may take; 0: no limit */
  int time_wait;            /* seconds between its end and that of its machine */
  int count;                /* how many machines run it */
  gboolean help;            /* print the help and ignore the rest */
  char *image;              /* NULL: not given */
  const char *const *words; /* the whole command line */
  guint n_before;           /* how many of them come before the test */
  const char *const *test;  /* the file or address of the test, and what is passed to it; NULL: the
                             * user has named none */
} VqRunRequest;

/* Parses ARGUMENTS (with NULL at the end), which must outlive REQUEST. Errors are as
 * those of vq_options_parse. Waits for nothing. */
gboolean vq_run_request_parse (VqRunRequest *request, const char *const *arguments, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void vq_run_request_clear (VqRunRequest *request);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VqRunRequest, vq_run_request_clear)

/* The arguments of the program for one of several machines, with LOG_DIR (may be NULL) for its
 * logs. It ends with NULL. Transfer full. */
char **vq_run_request_build_one (const VqRunRequest *request, const char *log_dir);

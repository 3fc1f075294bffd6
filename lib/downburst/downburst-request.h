// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line of downburst. */
#pragma once

#include <glib.h>

typedef enum
{
  VQ_DOWNBURST_HELP,
  VQ_DOWNBURST_CREATE,
  VQ_DOWNBURST_DESTROY,
  VQ_DOWNBURST_LIST,
  VQ_DOWNBURST_LIST_JSON,
  VQ_DOWNBURST_GEN_SSH_KEY,
} VqDownburstVerb;

/* Vectors end with NULL. A string is NULL if it was not given. */
typedef struct
{
  VqDownburstVerb verb;
  gboolean verbose;
  char *logfile;
  char *connect; /* the host */
  gboolean wait;
  gboolean nokey;
  gboolean forcenew;
  char *distro;
  char *distroversion;
  char *arch;
  char *hypervisor; /* kvm or qemu */
  char **user_data;
  char **meta_data;
  char **names;
} VqDownburstRequest;

/* WORDS end with NULL and begin after the program's name. All errors are VQ_ERROR_USAGE. Transfer
 * full. */
VqDownburstRequest *vq_downburst_request_parse (const char *const *words, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void vq_downburst_request_free (VqDownburstRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqDownburstRequest, vq_downburst_request_free)

/* What --help prints. */
const char *vq_downburst_request_get_help (void);

// SPDX-License-Identifier: GPL-2.0-or-later
/* The frame of virt-qemu: a table of verbs, what is common to all of them, and the choice of one.
 */
#pragma once

#include <glib.h>

#include "verb/verb-error.h"

/* A verb. A table of them ends with an entry whose name is NULL. */
typedef struct
{
  const char *name;
  const char *summary; /* for --help: what it does, at most 60 characters; NULL: not for people */

  /* Does it. ARGUMENTS are those after the verb, with NULL at the end. It handles --help. */
  VqVerbStatus (*run) (const char *const *arguments);
} VqVerb;

/* The verbs that may follow a program's name, or follow another verb. */
typedef struct
{
  const char *program; /* the words before the verb: "virt-qemu" */
  const char *summary; /* for --help: a sentence */
  const VqVerb *verbs;
} VqVerbTable;

/* Does what the command line ARGUMENTS (without the words before the verb, and with NULL at the
 * end) asks for, and reports errors. */
VqVerbStatus vq_verb_run (const VqVerbTable *table, const char *const *arguments);

/* The verb NAME. If there is none, the error (VQ_ERROR_USAGE) suggests the one whose name is most
 * like it, unless none is. */
const VqVerb *vq_verb_find (const VqVerb *verbs, const char *name, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The text of --help. Transfer full. */
char *vq_verb_build_help (const VqVerbTable *table);

// SPDX-License-Identifier: GPL-2.0-or-later
/* The releases of Debian and Ubuntu, as the package distro-info-data lists them. What a release is
 * today (stable, supported, ...) follows from the dates in that list, so it changes by itself. */
#pragma once

#include <glib.h>

typedef enum
{
  VQ_DISTRO_DEVELOPMENT, /* not released yet */
  VQ_DISTRO_SUPPORTED,
  VQ_DISTRO_LTS,   /* after the end of the regular support, in that of Debian LTS */
  VQ_DISTRO_ENDED, /* only old mirrors have it */
} VqDistroState;

typedef struct
{
  const char *distro; /* "debian" */
  char *series;       /* the codename as archives have it: "trixie" */
  char *number;       /* "13", "24.04"; NULL for sid */
  char *end;          /* the day on which its support ends, as "2028-08-09"; NULL: not known */
  VqDistroState state;
  gboolean long_term;     /* Ubuntu's LTS */
  const char *aliases[4]; /* "stable", "oldstable", "testing", "unstable", "lts", "devel"; NULL */
} VqDistroRelease;

/* The names of all distributions, with NULL at the end. */
const char *const *vq_distro_get_names (void);

/* All releases that have begun on the day TODAY ("2026-11-28"; NULL: the host's), newest first
 * within each distribution. DIRECTORY holds the lists (NULL: the package's). Fails with
 * VQ_ERROR_MISSING if there are none. Elements are VqDistroRelease; transfer full. */
GPtrArray *vq_distro_list (const char *directory, const char *today, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The one of RELEASES that DISTRO calls WORD: a number, a codename or an alias. Fails with
 * VQ_ERROR_MISSING and the names that would do, or with VQ_ERROR_USAGE if it is no distribution. */
const VqDistroRelease *vq_distro_find (const GPtrArray *releases, const char *distro,
                                       const char *word, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* "development", "supported", "lts" or "ended". */
const char *vq_distro_get_state (const VqDistroRelease *release);

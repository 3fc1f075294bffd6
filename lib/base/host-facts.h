// SPDX-License-Identifier: GPL-2.0-or-later
/* What is known of this host, as text. */
#pragma once

#include <glib.h>

/* The kernel: its name, release, version and machine. Transfer full. */
char *vq_host_facts_get_kernel (void);

/* The processor: maker, model, microcode, features (/proc/cpuinfo). Transfer full. */
char *vq_host_facts_get_cpu (GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same from the beginning of CPUINFO: what its first processor is, without what changes while
 * it runs. NULL if there is nothing of that in it. Transfer full. */
char *vq_host_facts_parse_cpu (const char *cpuinfo);

/* What is different each time that this host boots. Transfer full. */
char *vq_host_facts_get_boot (GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The host's time zone ("Europe/Berlin"), or NULL. Transfer full. */
char *vq_host_facts_get_time_zone (void);

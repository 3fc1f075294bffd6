// SPDX-License-Identifier: GPL-2.0-or-later
/* Facts about this host, as text. */
#pragma once

#include <glib.h>

/* The kernel: its name, release, version and machine. Transfer full. */
char *vq_host_facts_get_kernel (void);

/* The processor: maker, model, microcode, features (/proc/cpuinfo). Transfer full. */
char *vq_host_facts_get_cpu (GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same, parsed from the beginning of CPUINFO: the facts about the first processor that do not
 * change while it runs. NULL if CPUINFO holds none of them. Transfer full. */
char *vq_host_facts_parse_cpu (const char *cpuinfo);

/* The kernel's id of this boot, which is different after each boot of the host. Transfer full. */
char *vq_host_facts_get_boot (GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The most bytes of memory that the process PID has had at once (as resident); 0 if the kernel does
 * not tell, or there is no such process. */
guint64 vq_host_facts_get_peak_memory (GPid pid);

/* How many bytes of memory new programs can have without swapping, as MEMINFO (normally
 * "/proc/meminfo") says. Returns FALSE if it does not. */
gboolean vq_host_facts_get_available_memory (const char *meminfo, guint64 *bytes)
    G_GNUC_WARN_UNUSED_RESULT;

/* The host's time zone ("Europe/Berlin"), or NULL. Transfer full. */
char *vq_host_facts_get_time_zone (void);

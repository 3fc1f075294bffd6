// SPDX-License-Identifier: GPL-2.0-or-later
/* Targets, as teuthology has them: YAML with a mapping from each machine, "root@NAME.virt-qemu", to
 * the host key of its ssh server. The name is one that ssh knows by "virt-qemu ssh-config". */
#pragma once

#include <glib.h>

/* What a host's name has after that of the instance. */
#define VQ_TARGETS_HOST_SUFFIX ".virt-qemu"

/* Prints the line before the targets; whether there are ANY makes the YAML right. */
void vq_targets_begin (gboolean any);

/* Prints the line for the instance NAME, which has the HOST_KEY "TYPE BASE64". */
void vq_targets_print (const char *name, const char *host_key);

/* The name of the instance that TARGET means: "web", "web.virt-qemu" or "root@web.virt-qemu".
 * VQ_ERROR_USAGE if it cannot be one. Transfer full. */
char *vq_targets_get_name (const char *target, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Appends the names of the instances in the YAML file PATH to NAMES. VQ_ERROR_USAGE if it has no
 * targets. */
gboolean vq_targets_read (const char *path, GPtrArray *names, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of files. What ".." means is for the file system to say, because the directory before it
 * may be a symbolic link: so nothing in a name is shortened here. */
#pragma once

#include <glib.h>

/* Gives the absolute name of what PATH names now; it need not exist. Fails if PATH is relative and
 * the current directory has been removed. Transfer full. */
char *vq_path_make_absolute (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The directory for what belongs to a process of this user, such as sockets:
 * $VIRT_QEMU_RUNTIME_DIR, or for root /run/virt-qemu, or else $XDG_RUNTIME_DIR/virt-qemu, or
 * $TMPDIR/virt-qemu-UID if there is no $XDG_RUNTIME_DIR, as in a cron job. It need not exist.
 * Transfer full. */
char *vq_path_build_runtime (void);

/* The directory for what can be made again: virt-qemu in $XDG_CACHE_HOME or in ~/.cache, or, if
 * neither is set and we cannot write to the home directory, /var/tmp/virt-qemu-UID: a service may
 * have no home. It need not exist; whether it can be trusted is for private-dir.h to say. Transfer
 * full. */
char *vq_path_build_cache (void);

/* The same for a cache directory CACHE, and FALLBACK in which the other one is. */
char *vq_path_choose_cache (const char *cache, const char *fallback);

/* Where the configuration files are: those for all users, and the one NAME of this user, which need
 * not exist (transfer full). */
#define VQ_PATH_HOST_CONFIG "/etc/virt-qemu/"
char *vq_path_build_user_config (const char *name);

/* The value of the environment variable NAME; NULL if it is not set, or empty. */
const char *vq_path_get_variable (const char *name);

/* How many bytes of the file system of PATH are free for us. Fails if PATH does not tell. */
gboolean vq_path_get_room (const char *path, guint64 *bytes, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

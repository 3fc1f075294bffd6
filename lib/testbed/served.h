// SPDX-License-Identifier: GPL-2.0-or-later
/* What the requests of the protocol act on: a testbed with a machine of its own (testbed.h), or an
 * instance that is there already (instance/instance-testbed.h). The first member of an
 * implementation's own struct is a VqServed. */
#pragma once

#include "channel/channel.h"

/* What it has done and taken until now, all its machines together. */
typedef struct
{
  const char *origin;             /* see guest-source.h, or "instance" */
  guint64 n_commands;             /* that were started for clients of the exec socket */
  guint64 copied_down, copied_up; /* bytes */
  guint64 memory;                 /* the most bytes that a QEMU has had, as far as we have looked */
  guint64 disk_space;             /* the same for what a machine has written to its disk */
} VqServedUsage;

typedef struct _VqServed VqServed;

/* Only is_open, get_capabilities, open, describe_failure and look may be called when it is closed.
 */
typedef struct
{
  gboolean (*is_open) (VqServed *served);
  /* The words after "ok" of the reply to `capabilities'. Transfer full. */
  char **(*get_capabilities) (VqServed *served);
  gboolean (*open) (VqServed *served, GError **error);
  gboolean (*revert) (VqServed *served, GError **error);
  gboolean (*reboot) (VqServed *served, gboolean prepare_only, GError **error);
  void (*close) (VqServed *served);
  /* The scratch directory's path in the guest. */
  const char *(*get_scratch) (VqServed *served);
  /* The socket on which virt-qemu-exec finds it. */
  const char *(*get_exec_socket) (VqServed *served);
  VqChannel *(*get_channel) (VqServed *served);
  /* For every wait for the guest. */
  VqCancel *(*get_cancel) (VqServed *served);
  /* Runs an interactive root shell in DIRECTORY on the user's terminal (/dev/tty), with the
   * NAME=VALUE words of ENVIRONMENT. Waits for its end without a time limit. */
  gboolean (*shell) (VqServed *served, const char *directory, const char *const *environment,
                     GError **error);
  /* Writes to stderr what is known about the machine, to help find the reason of a failure. */
  void (*describe_failure) (VqServed *served);
  /* The caller has been silent for a moment: what may soon be wanted can be made. It ends as soon
   * as there is something to read from CALLER. NULL: there is nothing to make. */
  void (*make_ready) (VqServed *served, int caller);
  /* Brings what is not counted anyway up to date in VqServed.usage. */
  void (*look) (VqServed *served);
} VqServedClass;

struct _VqServed
{
  const VqServedClass *class;
  const char *exec_program; /* the path of virt-qemu-exec */
  int timeout_copy;         /* seconds; 0: no limit */
  VqServedUsage usage;
};

/* The words of the command that runs another command in the guest (the "auxverb"). Transfer
 * full. */
char **vq_served_get_auxverb (VqServed *served);

/* See vq_copy_down and vq_copy_up. */
gboolean vq_served_copy_down (VqServed *served, const char *host, const char *guest, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
gboolean vq_served_copy_up (VqServed *served, const char *guest, const char *host, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

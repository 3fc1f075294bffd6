// SPDX-License-Identifier: GPL-2.0-or-later
/* A way into a guest that boots. This is an interface: it tells when the way may be open, opens it,
 * and then runs scripts in the guest as root. Implementations: way-agent (qemu-guest-agent),
 * way-ssh, way-shell (a root shell that waits on a serial port) and way-login (a login prompt). */
#pragma once

#include <glib.h>

#include "base/wait.h"

typedef struct _VqWay VqWay;

/* What an implementation provides; the first member of its own struct is a VqWay. */
typedef struct
{
  VqWaitCondition is_ready; /* gets the VqWay */
  gboolean (*open) (VqWay *way, gint64 deadline, VqCancel *cancel, GError **error);
  gboolean (*run) (VqWay *way, const char *script, gint64 deadline, VqCancel *cancel,
                   GError **error);
  char *(*describe) (VqWay *way); /* the text after the name and ": " */
  void (*free) (VqWay *way);
} VqWayClass;

struct _VqWay
{
  const VqWayClass *class;
  char *name; /* "root shell on hvc1", for messages; freed by vq_way_free */
};

/* Whether it makes sense to open the way now. Changes only while the main context runs. A
 * VqWaitCondition. */
gboolean vq_way_is_ready (gpointer way);

/* Opens a way that is ready. This takes some seconds, or up to two minutes for a login prompt.
 * After VQ_ERROR_TIMEOUT it may work later; any other error is final. */
gboolean vq_way_open (VqWay *way, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Runs SCRIPT (for POSIX sh) through a way that is open, and waits for its end. It has no input and
 * no output. If its exit status is not 0, the error holds the end of its stderr. */
gboolean vq_way_run (VqWay *way, const char *script, gint64 deadline, VqCancel *cancel,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Describes the state of a way that is not ready: "root shell on hvc1: no answer". Transfer
 * full. */
char *vq_way_describe (VqWay *way);

/* Closes the way, and leaves the guest as it was, except for what scripts have done. May wait for a
 * second. */
void vq_way_free (VqWay *way);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqWay, vq_way_free)

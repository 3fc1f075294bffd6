// SPDX-License-Identifier: GPL-2.0-or-later
#include "testbed/spare.h"

#include <glib-unix.h>

#include "base/error.h"
#include "base/host-facts.h"
#include "base/path.h"
#include "testbed/guest-template.h"

#define MIB (G_GUINT64_CONSTANT (1) << 20)

/* What must be left of the host's memory if the next guest had touched all of its own, and of the
 * place for its disk. */
#define MEMORY_LEFT (512 * MIB)
#define ROOM_LEFT (256 * MIB)

/* How many seconds it may take until it has run a command. */
#define WARM_SECONDS 20

struct _VqSpare
{
  const VqPlan *plan;
  VqCancel *cancel;
  VqGuest *guest; /* NULL: there is none */
};

VqSpare *
vq_spare_new (const VqPlan *plan, VqCancel *cancel)
{
  VqSpare *spare = g_new0 (VqSpare, 1);

  spare->plan = plan;
  spare->cancel = cancel;
  return spare;
}

void
vq_spare_drop (VqSpare *spare)
{
  g_clear_pointer (&spare->guest, vq_guest_free);
}

void
vq_spare_free (VqSpare *spare)
{
  if (spare == NULL)
    return;
  vq_spare_drop (spare);
  g_free (spare);
}

static gboolean
has_memory (const VqOptions *options, const char *meminfo)
{
  guint64 bytes;

  return vq_host_facts_get_available_memory (meminfo, &bytes)
         && bytes >= options->ram_size_mib * MIB + MEMORY_LEFT;
}

static gboolean
has_room (const VqOptions *options)
{
  const char *place = options->overlay_dir != NULL ? options->overlay_dir : g_get_tmp_dir ();
  guint64 bytes;

  return vq_path_get_room (place, &bytes, NULL) && bytes >= ROOM_LEFT;
}

static gboolean
has_attached_disk (const VqPlan *plan)
{
  for (guint i = 0; i < plan->disks->len; i++)
    if (((VqDisk *)plan->disks->pdata[i])->spec->action == VQ_DISK_ATTACH)
      return TRUE;
  return FALSE;
}

/* Options of QEMU's may name a port, a file or a device of the host's. */
static gboolean
can_be_twice (const VqPlan *plan)
{
  return plan->disk_dir == NULL && plan->options->qemu_options[0] == NULL
         && !has_attached_disk (plan);
}

const char *
vq_spare_find_obstacle (const VqPlan *plan, const char *meminfo)
{
  const VqOptions *options = plan->options;

  if (options->spare != VQ_SPARE_AUTO)
    return options->spare == VQ_SPARE_ON ? NULL : "nobody wants one";
  if (!can_be_twice (plan))
    return "the guest has what only one machine can have";
  if (!has_memory (options, meminfo))
    return "the host has no memory for another guest";
  return has_room (options) ? NULL : "the disk has no room for another guest";
}

static gboolean
on_caller (int fd, GIOCondition events, gpointer data)
{
  g_autoptr (GError) reason = NULL;

  vq_error_set (&reason, VQ_ERROR_CANCELLED, "the caller wants something else");
  vq_cancel_trigger (data, reason);
  return G_SOURCE_CONTINUE;
}

/* Takes over CANCEL. */
static VqGuest *
load (VqSpare *spare, VqTemplate *template, VqCancel *cancel, GError **error)
{
  VqGuest *guest = vq_guest_template_load (template, spare->plan, cancel, error);

  if (guest != NULL)
    vq_guest_own_cancel (guest, cancel);
  else
    vq_cancel_free (cancel);
  return guest;
}

/* It runs for a moment, so that the next time nothing has to be translated or read. */
static void
make (VqSpare *spare, VqTemplate *template, int caller)
{
  VqCancel *cancel = vq_cancel_new (spare->cancel);
  g_autoptr (GError) error = NULL;
  guint source = g_unix_fd_add (caller, G_IO_IN | G_IO_HUP | G_IO_ERR, on_caller, cancel);
  gboolean made;

  spare->guest = load (spare, template, cancel, &error);
  made
      = spare->guest != NULL && vq_guest_warm (spare->guest, vq_deadline_in (WARM_SECONDS), &error);
  g_source_remove (source);
  if (made)
    return;
  vq_spare_drop (spare);
  g_debug ("there is no spare machine: %s", error->message);
}

gboolean
vq_spare_is_there (VqSpare *spare)
{
  return spare->guest != NULL && vq_cancel_reason (vq_guest_get_cancel (spare->guest)) == NULL;
}

void
vq_spare_make (VqSpare *spare, VqTemplate *template, int caller)
{
  gint64 start = g_get_monotonic_time ();
  const char *obstacle;

  if (vq_spare_is_there (spare))
    return;
  vq_spare_drop (spare);
  obstacle = vq_spare_find_obstacle (spare->plan, "/proc/meminfo");
  if (obstacle != NULL)
    {
      g_debug ("there is no spare machine: %s", obstacle);
      return;
    }
  make (spare, template, caller);
  if (spare->guest != NULL)
    g_debug ("a spare machine is there after %.2f s",
             (g_get_monotonic_time () - start) / (double)G_USEC_PER_SEC);
}

VqGuest *
vq_spare_take (VqSpare *spare)
{
  if (!vq_spare_is_there (spare))
    vq_spare_drop (spare);
  return g_steal_pointer (&spare->guest);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/slot-choice.h"

#include <string.h>

#include "base/error.h"
#include "base/units.h"
#include "disk/disk-spec.h"

#define WAIT ":wait="

static gboolean
parse_wait (VqSlotChoice *choice, const char *text, GError **error)
{
  guint64 seconds;

  if (!g_str_has_prefix (text, WAIT))
    return vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is not TYPE or TYPE" WAIT "SECONDS", text);
  if (!vq_units_parse_age (text + strlen (WAIT), &seconds, error))
    return FALSE;
  choice->wait_seconds = seconds;
  return TRUE;
}

VqSlotChoice *
vq_slot_choice_parse (const char *text, GError **error)
{
  g_autoptr (VqSlotChoice) choice = g_new0 (VqSlotChoice, 1);
  const char *colon = strchr (text, ':');
  g_autofree char *name = colon != NULL ? g_strndup (text, colon - text) : g_strdup (text);

  choice->types = vq_slot_type_read_all (error);
  if (choice->types == NULL || (colon != NULL && !parse_wait (choice, colon, error)))
    return NULL;
  choice->type = vq_slot_type_find (choice->types, name, error);
  return choice->type != NULL ? g_steal_pointer (&choice) : NULL;
}

void
vq_slot_choice_free (VqSlotChoice *choice)
{
  if (choice == NULL)
    return;
  g_clear_pointer (&choice->types, g_ptr_array_unref);
  g_free (choice);
}

/* HAS is what the slot has, and 0 if it says nothing. */
static gboolean
fit_int (const VqSlotChoice *choice, const char *option, int has, int *value, GError **error)
{
  if (has > 0 && *value > has)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "--%s=%d is more than a slot of \"%s\" has, which is %d", option, *value,
                         choice->type->name, has);
  if (*value == 0)
    *value = has;
  return TRUE;
}

static gboolean
fail_size (const VqSlotChoice *choice, const char *what, guint64 size, guint64 has, GError **error)
{
  g_autofree char *asked = vq_units_size_to_string (size);
  g_autofree char *there = vq_units_size_to_string (has);

  return vq_error_set (error, VQ_ERROR_USAGE,
                       "%s: %s are more than a slot of \"%s\" has, which is %s", what, asked,
                       choice->type->name, there);
}

gboolean
vq_slot_choice_fit_machine (const VqSlotChoice *choice, int *cpus, int *ram_size_mib,
                            guint64 *disk_size, GError **error)
{
  const VqSlotType *type = choice->type;

  if (!fit_int (choice, "cpus", type->cpus, cpus, error)
      || !fit_int (choice, "ram-size", type->memory_mib, ram_size_mib, error))
    return FALSE;
  if (type->disk > 0 && *disk_size > type->disk)
    return fail_size (choice, "--disk-size", *disk_size, type->disk, error);
  if (*disk_size == 0)
    *disk_size = type->disk;
  return TRUE;
}

gboolean
vq_slot_choice_add_disks (const VqSlotChoice *choice, GPtrArray *disks, GError **error)
{
  const VqSlotType *type = choice->type;
  g_autofree char *text = g_strdup_printf ("action=create,type=block,size=%" G_GUINT64_FORMAT "M",
                                           type->extra_disk_size >> 20);

  if (disks->len > 0)
    return TRUE;
  for (guint i = 0; i < type->n_extra_disks; i++)
    {
      VqDiskSpec *disk = vq_disk_spec_parse (text, error);

      if (disk == NULL)
        return FALSE;
      g_ptr_array_add (disks, disk);
    }
  return TRUE;
}

/* Whether DISK is a file of this host that begins empty. */
static gboolean
is_ours (const VqDiskSpec *disk)
{
  return vq_disk_spec_get_image (disk) == NULL && !vq_disk_spec_is_rbd (disk);
}

gboolean
vq_slot_choice_check_disks (const VqSlotChoice *choice, const GPtrArray *disks, GError **error)
{
  const VqSlotType *type = choice->type;
  guint n = 0;

  for (guint i = 0; type->n_extra_disks > 0 && i < disks->len; i++)
    {
      const VqDiskSpec *disk = disks->pdata[i];
      guint64 size = vq_disk_spec_get_size (disk);

      n += !disk->is_parent_only;
      if (is_ours (disk) && size > type->extra_disk_size)
        return fail_size (choice, disk->name, size, type->extra_disk_size, error);
    }
  return n <= type->n_extra_disks
         || vq_error_set (error, VQ_ERROR_USAGE,
                          "%u further disks are more than a slot of \"%s\" has, which is %u", n,
                          type->name, type->n_extra_disks);
}

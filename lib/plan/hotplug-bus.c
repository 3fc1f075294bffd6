// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/hotplug-bus.h"

#include <string.h>

#include "base/error.h"

/* On PCI Express, devices cannot be added to the root bus while the machine runs, but to a port on
 * it. The chassis number is large, because ports in the user's own options usually have small
 * ones. */
#define ROOT_PORT                                                                                  \
  {                                                                                                \
    "vq-baseimage-port", "pcie-root-port,id=vq-baseimage-port,chassis=250"                         \
  }

/* The chassis number of the first late disk's port. */
#define LATE_CHASSIS 220

/* The types of machines, by the beginning of their names; "-" or "." and a version may follow. */
static const struct
{
  const char *type;
  VqHotplugBus bus;
} types[] = {
  { "q35", ROOT_PORT },
  { "pc-q35", ROOT_PORT },
  { "virt", ROOT_PORT },
  { "pc", { "pci.0", NULL } },
  { "pc-i440fx", { "pci.0", NULL } },
  { "pseries", { "pci.0", NULL } },
  { "s390-ccw-virtio", { NULL, NULL } },
};

static gboolean
is_type (const char *machine, gsize length, const char *type)
{
  gsize n = strlen (type);

  return length >= n && strncmp (machine, type, n) == 0
         && (length == n || (machine[n] == '-' && g_ascii_isdigit (machine[n + 1])));
}

static gboolean
is_machine_option (const char *word)
{
  static const char *const names[] = { "-machine", "--machine", "-M", "--M", NULL };

  return g_strv_contains (names, word);
}

/* Sets *TYPE and *LENGTH if VALUE (for example "q35,smm=off") names a type. */
static void
find_type (const char *value, const char **type, gsize *length)
{
  const char *part = value;
  const char *named = NULL;

  if (strcspn (part, "=") >= strcspn (part, ","))
    named = part;
  for (; part != NULL; part = strchr (part, ','))
    {
      part += *part == ',';
      if (g_str_has_prefix (part, "type="))
        named = part + strlen ("type=");
    }
  if (named != NULL)
    {
      *type = named;
      *length = strcspn (named, ",");
    }
}

/* The user's -machine replaces ours, even if it names no type. QEMU then uses its default type,
 * which is the one that we use without EFI. */
static gboolean
user_gave_machine (const VqOptions *options)
{
  for (char **word = options->qemu_options; *word != NULL; word++)
    if (is_machine_option (*word) && word[1] != NULL)
      return TRUE;
  return FALSE;
}

/* Finds the machine's type: the first *LENGTH bytes of *TYPE. */
static void
find_machine_type (const VqOptions *options, const VqArch *arch, gboolean efi, const char **type,
                   gsize *length)
{
  gboolean plain = !efi || arch->machine_efi == NULL || user_gave_machine (options);

  *type = !plain ? arch->machine_efi : arch->machine != NULL ? arch->machine : "default";
  *length = strlen (*type);
  for (char **word = options->qemu_options; *word != NULL; word++)
    if (is_machine_option (*word) && word[1] != NULL)
      find_type (word[1], type, length);
}

const VqHotplugBus *
vq_hotplug_bus_find (const VqOptions *options, const VqArch *arch, gboolean efi, const char *what,
                     GError **error)
{
  const char *type;
  gsize length;

  find_machine_type (options, arch, efi, &type, &length);
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (is_type (type, length, types[i].type))
      return &types[i].bus;
  vq_error_set (error, VQ_ERROR_USAGE,
                "%s: no disk can be plugged into a running machine of type %.*s; leave out "
                "this option or that type",
                what, (int)length, type);
  return NULL;
}

char *
vq_hotplug_bus_build_name (const VqHotplugBus *bus, guint index)
{
  return bus->port != NULL ? g_strdup_printf ("vq-late%u-port", index) : g_strdup (bus->bus);
}

char *
vq_hotplug_bus_build_port (const VqHotplugBus *bus, guint index)
{
  g_autofree char *name = bus->port != NULL ? vq_hotplug_bus_build_name (bus, index) : NULL;

  return name != NULL
             ? g_strdup_printf ("pcie-root-port,id=%s,chassis=%u", name, LATE_CHASSIS + index)
             : NULL;
}

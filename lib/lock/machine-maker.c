// SPDX-License-Identifier: GPL-2.0-or-later
#include "lock/machine-maker.h"

#include <string.h>

#include "base/error.h"
#include "client/instance-removal.h"
#include "client/lock-owner.h"
#include "client/verb-launch.h"
#include "image/distro.h"
#include "instance/instance-name.h"
#include "instance/instance-place.h"
#include "slot/slot.h"

/* What all machines have in common. */
typedef struct
{
  const VqLockRequest *request;
  char *owner;
  char *image;
  char *slot_option;
  char *lease_option;
  GPtrArray *slots; /* of VqSlot, one for each machine */
} Making;

static void
making_clear (Making *making)
{
  g_free (making->owner);
  g_free (making->image);
  g_free (making->slot_option);
  g_free (making->lease_option);
  g_clear_pointer (&making->slots, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Making, making_clear)

/* The releases of DISTRO that are supported, as one text: "13 (trixie), 12 (bookworm)". Transfer
 * full. */
static char *
list_releases (const GPtrArray *releases, const char *distro)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < releases->len; i++)
    {
      const VqDistroRelease *release = releases->pdata[i];

      if (strcmp (release->distro, distro) == 0 && release->state != VQ_DISTRO_ENDED)
        g_ptr_array_add (names, release->number != NULL
                                    ? g_strdup_printf ("%s (%s)", release->number, release->series)
                                    : g_strdup (release->series));
    }
  g_ptr_array_add (names, NULL);
  return g_strjoinv (", ", (char **)names->pdata);
}

static gboolean
check_distro (const char *distro, GError **error)
{
  g_autofree char *all = g_strjoinv (", ", (char **)vq_distro_get_names ());

  return (distro != NULL && g_strv_contains (vq_distro_get_names (), distro))
         || vq_error_set (error, VQ_ERROR_MISSING, "option --os-type: \"%s\" is none of: %s",
                          distro != NULL ? distro : "", all);
}

/* The name of the image, for example "debian/trixie". Transfer full. */
static char *
find_system (const VqLockRequest *request, GError **error)
{
  const char *version = request->os_version != NULL ? request->os_version : "";
  g_autoptr (GPtrArray) releases = NULL;
  const VqDistroRelease *release;
  g_autofree char *all = NULL;

  if (!check_distro (request->os_type, error))
    return NULL;
  releases = vq_distro_list (NULL, NULL, error);
  if (releases == NULL)
    return NULL;
  release = vq_distro_find (releases, request->os_type, version, NULL);
  if (release != NULL)
    return g_strconcat (release->distro, "/", release->series, NULL);
  all = list_releases (releases, request->os_type);
  vq_error_set (error, VQ_ERROR_MISSING, "option --os-version: \"%s\" is none of %s: %s", version,
                request->os_type, all);
  return NULL;
}

/* The names that the user has given, and new ones for the others. */
static gboolean
choose_names (const VqLockRequest *request, GPtrArray *names, GError **error)
{
  g_autoptr (VqPrivateDir) place = vq_instance_place_open_state (error);
  g_auto (GStrv) there = NULL;

  if (place == NULL)
    return FALSE;
  g_strfreev (vq_instance_sweep (place));
  there = vq_instance_list (place, error);
  if (there == NULL)
    return FALSE;
  for (guint i = 0; i < (guint)request->count; i++)
    g_ptr_array_add (names, i < request->names->len ? g_strdup (request->names->pdata[i])
                                                    : vq_instance_name_make ());
  for (guint i = 0; i < names->len; i++)
    if (g_strv_contains ((const char *const *)there, names->pdata[i]))
      return vq_error_set (error, VQ_ERROR_EXISTS, "there is an instance \"%s\" already",
                           (const char *)names->pdata[i]);
  return TRUE;
}

static gboolean
take_slots (Making *making, VqCancel *cancel, GError **error)
{
  const VqLockRequest *request = making->request;
  g_autoptr (GPtrArray) types = vq_slot_type_read_all (error);
  const VqSlotType *type
      = types != NULL ? vq_slot_type_find (types, request->machine_type, error) : NULL;
  const VqSlotUse use = { .owner = making->owner, .description = request->desc };

  if (type != NULL)
    making->slots = vq_slot_take_many (type, request->count, 0, &use, cancel, error);
  return making->slots != NULL;
}

/* Nothing that could be wrong is left for later. */
static gboolean
prepare (Making *making, GPtrArray *names, VqCancel *cancel, GError **error)
{
  const VqLockRequest *request = making->request;

  making->owner = request->owner != NULL ? g_strdup (request->owner) : vq_lock_owner_get_default ();
  making->image = request->image != NULL ? g_strdup (request->image) : find_system (request, error);
  making->slot_option = g_strconcat ("--slot=", request->machine_type, NULL);
  making->lease_option
      = g_strdup_printf ("--lease=%" G_GINT64_FORMAT "s", MAX (request->life.lease, 0));
  return making->image != NULL && choose_names (request, names, error)
         && take_slots (making, cancel, error);
}

static gboolean
make_one (const Making *making, guint i, const char *name, VqCancel *cancel, GError **error)
{
  const char *const arguments[]
      = { making->slot_option, making->lease_option, making->image, name, NULL };
  const VqVerbLaunchLock lock = { .owner = making->owner,
                                  .description = making->request->desc,
                                  .machine_type = making->request->machine_type,
                                  .slot = making->slots->pdata[i] };

  return vq_verb_launch_locked (arguments, &lock, cancel, error);
}

void
vq_machine_maker_undo (const GPtrArray *names)
{
  g_autoptr (VqPrivateDir) place = vq_instance_place_open_state (NULL);

  for (guint i = 0; place != NULL && i < names->len; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (VqInstance) instance = vq_instance_open (place, names->pdata[i], NULL);

      if (instance != NULL && !vq_instance_removal_force (instance, &error))
        g_warning ("cannot remove \"%s\": %s", (const char *)names->pdata[i], error->message);
    }
}

/* Makes those that NAMES wants. The one that could not be started is gone already, or is just
 * going. */
static gboolean
make_all (const Making *making, GPtrArray *names, VqCancel *cancel, GError **error)
{
  for (guint i = 0; i < names->len; i++)
    if (!make_one (making, i, names->pdata[i], cancel, error))
      {
        g_ptr_array_set_size (names, i);
        vq_machine_maker_undo (names);
        return FALSE;
      }
  return TRUE;
}

gboolean
vq_machine_maker_run (const VqLockRequest *request, GPtrArray *names, VqCancel *cancel,
                      GError **error)
{
  g_auto (Making) making = { .request = request };

  return prepare (&making, names, cancel, error) && make_all (&making, names, cancel, error);
}

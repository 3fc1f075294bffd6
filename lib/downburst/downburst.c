// SPDX-License-Identifier: GPL-2.0-or-later
#include "downburst/downburst.h"

#include "base/error.h"
#include "downburst/downburst-file.h"
#include "downburst/downburst-host.h"
#include "downburst/downburst-image.h"
#include "downburst/downburst-key.h"
#include "downburst/downburst-machine.h"
#include "downburst/downburst-meta.h"
#include "downburst/downburst-user.h"

/* Images at that address are looked for by downburst itself. */
#define DISCOVER_VARIABLE "DOWNBURST_DISCOVER_URL"

/* A public key that is fetched from the network is not let in, even without --nokey. Transfer full.
 */
static VqDownburstMeta *
read_meta (const VqDownburstRequest *request, GError **error)
{
  g_auto (GStrv) keys = request->nokey ? g_new0 (char *, 1) : vq_downburst_file_read_keys ();

  return vq_downburst_meta_read (request->names[0], (const char *const *)request->meta_data,
                                 (const char *const *)keys, error);
}

/* What the command line says is stronger than what the files say. */
static VqDownburstImage
choose_image (const VqDownburstRequest *request, const VqDownburstMeta *meta)
{
  return (VqDownburstImage){
    request->distro != NULL ? request->distro : meta->distro,
    request->distroversion != NULL ? request->distroversion : meta->distroversion,
    request->arch != NULL ? request->arch : meta->arch,
  };
}

/* Runs WORDS, which make the machine NAME. */
static gboolean
launch (const VqDownburstHost *host, const char *name, char **words, const GPtrArray *files,
        GError **error)
{
  g_autoptr (GError) why = NULL;
  g_autofree char *out = NULL;

  if (vq_downburst_host_run (host, (const char *const *)words, files, &out, &why))
    return TRUE;
  if (g_error_matches (why, VQ_ERROR, VQ_ERROR_EXISTS))
    return vq_error_set (error, VQ_ERROR_EXISTS,
                         "Virtual machine with this name exists already: %s", name);
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

static gboolean
create (const VqDownburstHost *host, const VqDownburstRequest *request, GError **error)
{
  g_autoptr (VqDownburstMeta) meta = read_meta (request, error);
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  g_autoptr (GBytes) user = NULL;
  g_autoptr (GBytes) host_key = NULL;
  g_autofree char *image = NULL;
  g_autofree char *arch = NULL;
  g_autofree char *path = NULL;
  g_auto (GStrv) words = NULL;
  g_auto (GStrv) last = NULL;
  VqDownburstImage wanted;
  VqDownburstMachine machine;

  if (meta == NULL
      || !vq_downburst_user_read ((const char *const *)request->user_data, &user, error))
    return FALSE;
  host_key = user != NULL ? vq_downburst_user_find_host_key (user) : NULL;
  wanted = choose_image (request, meta);
  image = vq_downburst_image_get_name (&wanted, error);
  arch = vq_downburst_image_get_arch (&wanted);
  if (image == NULL)
    return FALSE;
  machine = (VqDownburstMachine){ request->names[0], image, arch, request->hypervisor, meta, user,
                                  host_key };
  words = vq_downburst_machine_build (&machine, files, error);
  if (words == NULL || !vq_downburst_image_fetch (host, image, request->forcenew, &path, error))
    return FALSE;
  last = vq_downburst_machine_set_image (&machine, (const char *const *)words, path);
  return launch (host, request->names[0], last, files, error);
}

static gboolean
destroy_one (const VqDownburstHost *host, const char *name, GError **error)
{
  const char *const words[] = { "delete", "--force", name, NULL };
  g_autoptr (GError) why = NULL;
  g_autofree char *out = NULL;

  if (vq_downburst_host_run (host, words, NULL, &out, &why))
    return TRUE;
  if (g_error_matches (why, VQ_ERROR, VQ_ERROR_MISSING))
    return vq_error_set (error, VQ_ERROR_MISSING, "no domain with matching name '%s'", name);
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

/* All that can be are removed; the error is of the first that cannot. */
static gboolean
destroy (const VqDownburstHost *host, char **names, GError **error)
{
  g_autoptr (GError) first = NULL;

  for (; *names != NULL; names++)
    {
      g_autoptr (GError) why = NULL;

      if (destroy_one (host, *names, &why))
        continue;
      if (first == NULL)
        first = g_steal_pointer (&why);
      else
        g_warning ("%s", why->message);
    }
  if (first == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&first));
  return FALSE;
}

gboolean
vq_downburst_run (const VqDownburstRequest *request, char **out, GError **error)
{
  g_autoptr (VqDownburstHost) host = vq_downburst_host_parse (request->connect, error);

  *out = NULL;
  if (host == NULL)
    return FALSE;
  if (g_getenv (DISCOVER_VARIABLE) != NULL && request->verb == VQ_DOWNBURST_CREATE)
    g_warning (DISCOVER_VARIABLE " is not used: images that virt-qemu does not know belong in "
                                 "images.conf");
  switch (request->verb)
    {
    case VQ_DOWNBURST_CREATE:
      return create (host, request, error);
    case VQ_DOWNBURST_DESTROY:
      return destroy (host, request->names, error);
    case VQ_DOWNBURST_GEN_SSH_KEY:
      *out = vq_downburst_key_make (request->names[0], error);
      return *out != NULL;
    default:
      *out = vq_downburst_image_list (host, request->verb == VQ_DOWNBURST_LIST_JSON, error);
      return *out != NULL;
    }
}

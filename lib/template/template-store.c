// SPDX-License-Identifier: GPL-2.0-or-later
#include "template/template-store.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "io/private-dir.h"
#include "template/template-entry.h"
#include "template/template-name.h"
#include "template/template-turn.h"

/* How often we try again if another process removes a template just when we want to open it. */
#define ATTEMPTS 16

struct _VqTemplateStore
{
  VqPrivateDir *dir; /* owned */
  VqTemplateLimits limits;
};

char *
vq_template_store_get_default_directory (void)
{
  g_autofree char *cache = vq_path_build_cache ();

  return g_build_filename (cache, "templates", NULL);
}

VqTemplateStore *
vq_template_store_open (const char *directory, const VqTemplateLimits *limits, GError **error)
{
  g_autoptr (VqTemplateStore) store = g_new0 (VqTemplateStore, 1);
  g_autofree char *path
      = directory != NULL ? g_strdup (directory) : vq_template_store_get_default_directory ();

  store->limits = *limits;
  store->dir = vq_private_dir_open (path, VQ_PRIVATE_DIR_CREATE, error);
  if (store->dir == NULL)
    return NULL;
  if (faccessat (vq_private_dir_get_fd (store->dir), ".", W_OK, AT_EACCESS) < 0)
    {
      vq_error_set_errno (error, errno, "cannot write to the directory %s", path);
      return NULL;
    }
  vq_template_sweep_garbage (store->dir);
  return g_steal_pointer (&store);
}

void
vq_template_store_free (VqTemplateStore *store)
{
  if (store == NULL)
    return;
  vq_private_dir_free (store->dir);
  g_free (store);
}

/* The name of the newest template for the key DIGEST, or NULL. */
static char *
find_name (VqTemplateStore *store, const char *digest)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = vq_private_dir_list (store->dir, &error);
  guint last = 0;

  if (names == NULL)
    g_warning ("%s", error->message);
  for (char **name = names; name != NULL && *name != NULL; name++)
    {
      guint number;

      if (vq_template_name_is_of (*name, digest) && vq_template_name_parse (*name, NULL, &number))
        last = MAX (last, number);
    }
  return last > 0 ? vq_template_name_build (digest, last) : NULL;
}

/* Removes a template that nobody can use. If it is in use nevertheless, it stays; so it does if
 * only this host, as it is now, is the reason. */
static void
drop_damaged (VqTemplateStore *store, const char *name, const GError *why)
{
  g_autoptr (GError) error = NULL;
  gboolean removed = FALSE;

  g_warning ("a template is not used: %s", why->message);
  if (!vq_error_is_of_host (why) && !vq_template_entry_remove (store->dir, name, &removed, &error))
    g_warning ("%s", error->message);
}

/* Returns TEMPLATE if it may be used; otherwise frees it and returns NULL. It must not be older
 * than SINCE. */
static VqTemplate *
check_age (VqTemplateStore *store, VqTemplate *template, gint64 since)
{
  const VqTemplateInfo *info = vq_template_get_info (template);
  const char *reason = vq_template_sweep_expired (info, &store->limits);

  if (reason == NULL && vq_template_info_get_created (info) < since)
    reason = "a new one is wanted";
  if (reason == NULL)
    return template;
  g_debug ("the template %s is not used: %s", vq_template_info_get_key (info), reason);
  vq_template_free (template);
  return NULL;
}

/* Finds a template that is not older than SINCE, in microseconds of real time. */
static VqTemplate *
find_since (VqTemplateStore *store, const char *digest, gint64 since)
{
  for (int i = 0; i < ATTEMPTS; i++)
    {
      g_autofree char *name = find_name (store, digest);
      g_autoptr (GError) error = NULL;
      VqTemplate *template = name != NULL ? vq_template_open (store->dir, name, &error) : NULL;

      if (template != NULL)
        return check_age (store, template, since);
      if (error != NULL)
        drop_damaged (store, name, error);
      if (error != NULL || name == NULL)
        return NULL;
    }
  return NULL;
}

VqTemplate *
vq_template_store_find (VqTemplateStore *store, const VqTemplateKey *key)
{
  g_autofree char *digest = vq_template_key_get_digest (key);

  return find_since (store, digest, G_MININT64);
}

gboolean
vq_template_store_begin (VqTemplateStore *store, const VqTemplateKey *key, VqTemplateWish wish,
                         double patience, VqCancel *cancel, VqTemplate **template,
                         VqTemplateBuild **build, GError **error)
{
  gint64 since = wish == VQ_TEMPLATE_NEW ? g_get_real_time () : G_MININT64;
  g_autofree char *digest = vq_template_key_get_digest (key);
  g_autoptr (VqTemplateTurn) turn
      = vq_template_turn_wait (store->dir, digest, patience, cancel, error);

  *template = NULL;
  *build = NULL;
  if (turn == NULL)
    return FALSE;
  *template = find_since (store, digest, since);
  if (*template != NULL)
    return TRUE;
  vq_template_sweep (store->dir, &store->limits, NULL);
  *build = vq_template_build_new (store->dir, key, &store->limits, g_steal_pointer (&turn), error);
  return *build != NULL;
}

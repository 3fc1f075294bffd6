// SPDX-License-Identifier: GPL-2.0-or-later
#include "downburst/downburst-image.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"

#define DISTRO "ubuntu"

/* Distributions whose releases virt-qemu knows, and the release if no other is given. The names of
 * their images have an architecture. */
static const struct
{
  const char *name;
  const char *release;
} distros[] = { { "debian", "stable" }, { "ubuntu", "lts" } };

/* Names of architectures that differ from dpkg's. */
static const struct
{
  const char *name;
  const char *dpkg;
} arches[] = { { "x86_64", "amd64" },    { "aarch64", "arm64" },      { "i486", "i386" },
               { "i586", "i386" },       { "i686", "i386" },          { "armv7l", "armhf" },
               { "ppc64le", "ppc64el" }, { "loongarch64", "loong64" } };

/* NULL: virt-qemu knows no releases of DISTRO. */
static const char *
find_release (const char *distro)
{
  for (gsize i = 0; i < G_N_ELEMENTS (distros); i++)
    if (strcmp (distros[i].name, distro) == 0)
      return distros[i].release;
  return NULL;
}

static const char *
find_arch (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (arches); i++)
    if (strcmp (arches[i].name, name) == 0)
      return arches[i].dpkg;
  return name;
}

/* In small letters, and without the second name that the list has in parentheses. Transfer full. */
static char *
clean (const char *what, const char *text, GError **error)
{
  g_autofree char *first = g_strndup (text, strcspn (text, "("));
  g_autofree char *small = g_ascii_strdown (g_strstrip (first), -1);

  if (g_ascii_isalnum (small[0])
      && small[strspn (small, G_CSET_a_2_z G_CSET_DIGITS "_.+-")] == '\0')
    return g_steal_pointer (&small);
  vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" cannot be the %s of a system", text, what);
  return NULL;
}

char *
vq_downburst_image_get_name (const VqDownburstImage *image, GError **error)
{
  const char *arch = image->arch != NULL ? find_arch (image->arch) : NULL;
  g_autofree char *distro = clean ("distro", image->distro != NULL ? image->distro : DISTRO, error);
  const char *release = distro != NULL ? find_release (distro) : NULL;
  gboolean is_known = release != NULL;
  g_autofree char *version = NULL;

  if (distro == NULL)
    return NULL;
  if (image->distroversion != NULL)
    release = image->distroversion;
  if (release == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "%s needs a distroversion", distro), NULL;
  version = clean ("distroversion", release, error);
  if (version == NULL)
    return NULL;
  return is_known && arch != NULL ? g_strjoin ("/", distro, version, arch, NULL)
                                  : g_strjoin ("/", distro, version, NULL);
}

char *
vq_downburst_image_get_arch (const VqDownburstImage *image)
{
  g_autofree char *distro = g_ascii_strdown (image->distro != NULL ? image->distro : DISTRO, -1);

  return image->arch != NULL && find_release (distro) == NULL ? g_strdup (find_arch (image->arch))
                                                              : NULL;
}

/* The systems that HOST knows (JsonObject). Transfer full. */
static JsonNode *
ask_for_systems (const VqDownburstHost *host, GError **error)
{
  static const char *const words[] = { "image", "list-os", "--format=json", NULL };
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autofree char *out = NULL;
  JsonNode *root;

  if (!vq_downburst_host_run (host, words, NULL, &out, error)
      || !json_parser_load_from_data (parser, out, -1, error))
    return NULL;
  root = json_parser_steal_root (parser);
  if (root != NULL && JSON_NODE_HOLDS_ARRAY (root))
    return root;
  g_clear_pointer (&root, json_node_unref);
  vq_error_set (error, VQ_ERROR_PEER, "virt-qemu's list of systems is no list");
  return NULL;
}

static const char *
get_text (JsonObject *object, const char *member)
{
  const char *text = NULL;

  return vq_json_get_string (object, member, NULL, &text, NULL) ? text : NULL;
}

static JsonObject *
get_system (JsonNode *systems, guint i)
{
  JsonNode *node = json_array_get_element (json_node_get_array (systems), i);

  return JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static gboolean
has_alias (JsonObject *system, const char *release)
{
  JsonNode *node = json_object_get_member (system, "aliases");
  JsonArray *aliases
      = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  for (guint i = 0; aliases != NULL && i < json_array_get_length (aliases); i++)
    if (g_strcmp0 (json_array_get_string_element (aliases, i), release) == 0)
      return TRUE;
  return FALSE;
}

/* Whether SYSTEM is DISTRO/RELEASE of NAME. */
static gboolean
is_system (JsonObject *system, char **name)
{
  return g_strcmp0 (get_text (system, "distro"), name[0]) == 0
         && (g_strcmp0 (get_text (system, "release"), name[1]) == 0
             || g_strcmp0 (get_text (system, "number"), name[1]) == 0
             || has_alias (system, name[1]));
}

/* Whether HOST has an image for NAME. That of another architecture than the host's is not in the
 * list, which is no matter: virt-qemu fetches only what has changed. */
static gboolean
has_image (const VqDownburstHost *host, const char *name, gboolean *has, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (name, "/", 3);
  g_autoptr (JsonNode) systems = ask_for_systems (host, error);

  *has = FALSE;
  if (systems == NULL)
    return FALSE;
  for (guint i = 0; i < json_array_get_length (json_node_get_array (systems)); i++)
    {
      JsonObject *system = get_system (systems, i);
      const char *path
          = system != NULL && is_system (system, parts) ? get_text (system, "image") : NULL;

      if (path != NULL)
        *has = TRUE;
    }
  return TRUE;
}

gboolean
vq_downburst_image_fetch (const VqDownburstHost *host, const char *name, gboolean forcenew,
                          char **path, GError **error)
{
  const char *const words[] = { "image", "pull", name, NULL };
  gboolean has = FALSE;

  *path = NULL;
  if (!forcenew && !has_image (host, name, &has, error))
    return FALSE;
  if (has)
    return TRUE;
  if (!vq_downburst_host_run (host, words, NULL, path, error))
    return FALSE;
  (*path)[strcspn (*path, "\n")] = '\0';
  return TRUE;
}

static gint
compare (gconstpointer a, gconstpointer b, gpointer data)
{
  return strcmp (a, b);
}

/* Each distribution's releases (GPtrArray of char *). Transfer full. */
static GTree *
sort (JsonNode *systems)
{
  GTree *distributions = g_tree_new_full (compare, NULL, NULL, (GDestroyNotify)g_ptr_array_unref);

  for (guint i = 0; i < json_array_get_length (json_node_get_array (systems)); i++)
    {
      JsonObject *system = get_system (systems, i);
      const char *distro = system != NULL ? get_text (system, "distro") : NULL;
      const char *release = system != NULL ? get_text (system, "release") : NULL;
      const char *number = system != NULL ? get_text (system, "number") : NULL;
      GPtrArray *list;

      if (distro == NULL || release == NULL)
        continue;
      list = g_tree_lookup (distributions, distro);
      if (list == NULL)
        g_tree_insert (distributions, (gpointer)distro,
                       list = g_ptr_array_new_with_free_func (g_free));
      g_ptr_array_add (list, number != NULL ? g_strdup_printf ("%s(%s)", number, release)
                                            : g_strdup (release));
    }
  return distributions;
}

static gboolean
append_line (gpointer key, gpointer value, gpointer data)
{
  GPtrArray *list = value;

  g_string_append_printf (data, "%s:", (const char *)key);
  for (guint i = 0; i < list->len; i++)
    g_string_append_printf (data, " %s", (const char *)list->pdata[i]);
  g_string_append_c (data, '\n');
  return FALSE;
}

static gboolean
append_member (gpointer key, gpointer value, gpointer data)
{
  GPtrArray *list = value;

  json_builder_set_member_name (data, key);
  json_builder_begin_array (data);
  for (guint i = 0; i < list->len; i++)
    json_builder_add_string_value (data, list->pdata[i]);
  json_builder_end_array (data);
  return FALSE;
}

/* Transfer full. */
static char *
format_json (GTree *distributions)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *text = NULL;

  json_builder_begin_object (builder);
  g_tree_foreach (distributions, append_member, builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  text = json_to_string (root, FALSE);
  return g_strconcat (text, "\n", NULL);
}

char *
vq_downburst_image_list (const VqDownburstHost *host, gboolean in_json, GError **error)
{
  g_autoptr (JsonNode) systems = ask_for_systems (host, error);
  g_autoptr (GTree) distributions = systems != NULL ? sort (systems) : NULL;
  GString *text;

  if (systems == NULL)
    return NULL;
  if (in_json)
    return format_json (distributions);
  text = g_string_new (NULL);
  g_tree_foreach (distributions, append_line, text);
  return g_string_free (text, FALSE);
}

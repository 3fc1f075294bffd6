// SPDX-License-Identifier: GPL-2.0-or-later
#include "template/template-key.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "io/child.h"
#include "base/error.h"
#include "base/path.h"
#include "io/file-stamp.h"
#include "base/host-facts.h"

typedef struct
{
  char *name;
  char **values;
} Fact;

typedef struct
{
  char *path;
  char *stamp; /* what it was when it was added */
} File;

struct _VqTemplateKey
{
  GPtrArray *facts; /* of Fact */
  GPtrArray *files; /* of File */
};

static void
fact_free (gpointer data)
{
  Fact *fact = data;

  g_free (fact->name);
  g_strfreev (fact->values);
  g_free (fact);
}

static void
file_free (gpointer data)
{
  File *file = data;

  g_free (file->path);
  g_free (file->stamp);
  g_free (file);
}

VqTemplateKey *
vq_template_key_new (void)
{
  VqTemplateKey *key = g_new0 (VqTemplateKey, 1);

  key->facts = g_ptr_array_new_with_free_func (fact_free);
  key->files = g_ptr_array_new_with_free_func (file_free);
  return key;
}

void
vq_template_key_free (VqTemplateKey *key)
{
  if (key == NULL)
    return;
  g_ptr_array_unref (key->facts);
  g_ptr_array_unref (key->files);
  g_free (key);
}

void
vq_template_key_add_argv (VqTemplateKey *key, const char *name, const char *const *argv)
{
  Fact *fact = g_new0 (Fact, 1);

  fact->name = g_strdup (name);
  fact->values = g_strdupv ((char **)argv);
  g_ptr_array_add (key->facts, fact);
}

void
vq_template_key_add_text (VqTemplateKey *key, const char *name, const char *value)
{
  const char *const values[] = { value, NULL };

  vq_template_key_add_argv (key, name, values);
}

/* The present stamp of the file PATH. Fails if it cannot be looked at or is not a plain file. */
static char *
stamp_file (const char *path, GError **error)
{
  struct stat st;

  if (stat (path, &st) < 0)
    vq_error_set_errno (error, errno, "cannot look at %s", path);
  else if (!S_ISREG (st.st_mode))
    vq_error_set (error, VQ_ERROR_FAILED,
                  "%s is not a plain file: it could change and nobody would notice", path);
  else
    return vq_file_stamp (&st);
  return NULL;
}

gboolean
vq_template_key_add_file (VqTemplateKey *key, const char *name, const char *path, GError **error)
{
  g_autofree char *absolute = vq_path_make_absolute (path, error);
  g_autofree char *stamp = absolute != NULL ? stamp_file (absolute, error) : NULL;
  File *file;

  if (stamp == NULL)
    return FALSE;
  vq_template_key_add_argv (key, name, (const char *const[]){ absolute, stamp, NULL });
  file = g_new (File, 1);
  *file = (File){ g_steal_pointer (&absolute), g_steal_pointer (&stamp) };
  g_ptr_array_add (key->files, file);
  return TRUE;
}

gboolean
vq_template_key_check (const VqTemplateKey *key, GError **error)
{
  for (guint i = 0; i < key->files->len; i++)
    {
      const File *file = key->files->pdata[i];
      g_autofree char *stamp = stamp_file (file->path, error);

      if (stamp == NULL)
        return FALSE;
      if (!g_str_equal (stamp, file->stamp))
        return vq_error_set (error, VQ_ERROR_FAILED, "%s has been changed", file->path);
    }
  return TRUE;
}

gboolean
vq_template_key_add_program (VqTemplateKey *key, const char *name, const char *program,
                             gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autofree char *path = g_find_program_in_path (program);
  g_autofree char *version = NULL;
  const char *const argv[] = { path, "--version", NULL };

  if (path == NULL)
    return vq_error_set (error, VQ_ERROR_FAILED, "there is no program %s", program);
  if (!vq_template_key_add_file (key, name, path, error)
      || !vq_child_run (argv, NULL, &version, deadline, cancel, error))
    return FALSE;
  vq_template_key_add_argv (key, name,
                            (const char *const[]){ "--version", g_strstrip (version), NULL });
  return TRUE;
}

gboolean
vq_template_key_add_host (VqTemplateKey *key, GError **error)
{
  g_autofree char *kernel = vq_host_facts_get_kernel ();
  g_autofree char *cpu = vq_host_facts_get_cpu (error);

  if (cpu == NULL)
    return FALSE;
  vq_template_key_add_text (key, "host kernel", kernel);
  vq_template_key_add_text (key, "host processor", cpu);
  vq_template_key_add_text (key, "virt-qemu", VQ_VERSION);
  return TRUE;
}

const char *
vq_template_key_get (const VqTemplateKey *key, const char *name)
{
  for (guint i = 0; i < key->facts->len; i++)
    {
      const Fact *fact = key->facts->pdata[i];

      if (strcmp (fact->name, name) == 0)
        return fact->values[0];
    }
  return NULL;
}

static void
hash_string (GChecksum *checksum, const char *text)
{
  g_autofree char *length = g_strdup_printf ("%zu:", strlen (text));

  g_checksum_update (checksum, (const guchar *)length, -1);
  g_checksum_update (checksum, (const guchar *)text, -1);
}

/* Each string is preceded by its length, and each list by its number of strings, so two keys give
 * the same bytes only if they are equal. */
char *
vq_template_key_get_digest (const VqTemplateKey *key)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint i = 0; i < key->facts->len; i++)
    {
      const Fact *fact = key->facts->pdata[i];
      g_autofree char *n_values = g_strdup_printf ("%u", g_strv_length (fact->values));

      hash_string (checksum, fact->name);
      hash_string (checksum, n_values);
      for (char **value = fact->values; *value != NULL; value++)
        hash_string (checksum, *value);
    }
  return g_strndup (g_checksum_get_string (checksum), VQ_TEMPLATE_KEY_LENGTH);
}

gboolean
vq_template_key_is_digest (const char *text)
{
  return strspn (text, "0123456789abcdef") == VQ_TEMPLATE_KEY_LENGTH
         && text[VQ_TEMPLATE_KEY_LENGTH] == '\0';
}

static void
build_fact (JsonBuilder *builder, const Fact *fact)
{
  g_autofree char *name = g_utf8_make_valid (fact->name, -1);

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "name");
  json_builder_add_string_value (builder, name);
  json_builder_set_member_name (builder, "values");
  json_builder_begin_array (builder);
  for (char **value = fact->values; *value != NULL; value++)
    {
      g_autofree char *valid = g_utf8_make_valid (*value, -1);

      json_builder_add_string_value (builder, valid);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

JsonNode *
vq_template_key_to_json (const VqTemplateKey *key)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_array (builder);
  for (guint i = 0; i < key->facts->len; i++)
    build_fact (builder, key->facts->pdata[i]);
  json_builder_end_array (builder);
  return json_builder_get_root (builder);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "template-cache.h"

#include <check.h>
#include <glib/gstdio.h>
#include <stdarg.h>
#include <unistd.h>

#include "leaks.h"
#include "messages.h"
#include "tree.h"

#define RAM_SIZE (64 << 20) /* all but the beginning is a hole */

char *cache_path;
VqTemplateStore *cache_store;
char *cache_digest_a;

static const VqTemplateLimits limits
    = { VQ_TEMPLATE_MAX_AGE_DEFAULT, VQ_TEMPLATE_MAX_SIZE_DEFAULT };

VqTemplateStore *
cache_open (void)
{
  g_autoptr (GError) error = NULL;
  VqTemplateStore *store = vq_template_store_open (cache_path, &limits, &error);

  if (store == NULL)
    g_error ("%s", error->message);
  return store;
}

VqTemplateKey *
cache_make_key (const char *variant)
{
  VqTemplateKey *key = vq_template_key_new ();
  g_autofree char *image = g_strdup_printf ("/images/%s.qcow2", variant);

  vq_template_key_add_text (key, VQ_TEMPLATE_KEY_IMAGE, image);
  return key;
}

char *
cache_digest (const char *variant)
{
  g_autoptr (VqTemplateKey) key = cache_make_key (variant);

  return vq_template_key_get_digest (key);
}

void
cache_fill (VqTemplateBuild *build, const char *variant)
{
  static const char *const names[]
      = { VQ_TEMPLATE_RAM, VQ_TEMPLATE_DISK, VQ_TEMPLATE_STATE, VQ_TEMPLATE_EFI_VARS };
  g_autofree char *ram
      = g_build_filename (vq_template_build_get_directory (build), VQ_TEMPLATE_RAM, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path
          = g_build_filename (vq_template_build_get_directory (build), names[i], NULL);

      g_assert_true (
          g_file_set_contents_full (path, variant, -1, G_FILE_SET_CONTENTS_NONE, 0644, NULL));
    }
  g_assert_cmpint (truncate (ram, RAM_SIZE), ==, 0);
}

VqTemplateBuild *
cache_begin_build (VqTemplateStore *store, const char *variant, VqTemplateWish wish)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqTemplateKey) key = cache_make_key (variant);
  VqTemplate *template;
  VqTemplateBuild *build;

  if (!vq_template_store_begin (store, key, wish, 0, NULL, &template, &build, &error))
    g_error ("%s", error->message);
  g_assert_null (template);
  return build;
}

VqTemplate *
cache_make (VqTemplateStore *store, const char *variant)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqTemplateBuild) build = cache_begin_build (store, variant, VQ_TEMPLATE_ANY);
  VqTemplate *template;

  cache_fill (build, variant);
  template = vq_template_build_commit (build, &error);
  if (template == NULL)
    g_error ("%s", error->message);
  return template;
}

void
cache_leave (VqTemplateStore *store, const char *variant)
{
  vq_template_free (cache_make (store, variant));
}

VqTemplate *
cache_find (VqTemplateStore *store, const char *variant)
{
  g_autoptr (VqTemplateKey) key = cache_make_key (variant);

  return vq_template_store_find (store, key);
}

void
cache_assert_names (const char *first, ...)
{
  g_autoptr (VqPrivateDir) dir = vq_private_dir_open (cache_path, VQ_PRIVATE_DIR_EXISTING, NULL);
  g_auto (GStrv) names = vq_private_dir_list (dir, NULL);
  g_autofree char *found = g_strjoinv (" ", names);
  g_autoptr (GString) wanted = g_string_new (first);
  va_list args;

  va_start (args, first);
  for (const char *name = first; name != NULL; name = va_arg (args, const char *))
    if (name != first)
      g_string_append_printf (wanted, " %s", name);
  va_end (args);
  ck_assert_str_eq (found, wanted->str);
}

char *
cache_join (const char *format, ...)
{
  g_autofree char *name = NULL;
  va_list args;

  va_start (args, format);
  name = g_strdup_vprintf (format, args);
  va_end (args);
  return g_build_filename (cache_path, name, NULL);
}

void
cache_setup (void)
{
  leaks_begin ();
  messages_begin ();
  cache_path = g_strdup ("/tmp/vq-test-XXXXXX");
  ck_assert_ptr_nonnull (g_mkdtemp (cache_path));
  cache_store = cache_open ();
  cache_digest_a = cache_digest ("a");
}

void
cache_teardown (void)
{
  g_clear_pointer (&cache_digest_a, g_free);
  g_clear_pointer (&cache_store, vq_template_store_free);
  tree_remove (cache_path);
  g_clear_pointer (&cache_path, g_free);
  messages_end ();
  leaks_assert_none ();
}

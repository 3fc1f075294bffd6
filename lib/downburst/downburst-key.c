// SPDX-License-Identifier: GPL-2.0-or-later
#include "downburst/downburst-key.h"

#include "base/deadline.h"
#include "io/child.h"
#include "io/workdir.h"

#define SECONDS 60

/* Those that cloud-init knows, without one that is too weak today (dsa). */
static const char *const types[] = { "ed25519", "rsa" };

/* Appends the file NAME of DIRECTORY as the value of KEY, indented. */
static gboolean
append_file (GString *text, VqWorkdir *directory, const char *name, const char *type,
             const char *half, GError **error)
{
  g_autofree char *path = vq_workdir_join (directory, name);
  g_autofree char *contents = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &contents, NULL, error))
    return FALSE;
  lines = g_strsplit (g_strchomp (contents), "\n", -1);
  g_string_append_printf (text, "      %s_%s: |\n", type, half);
  for (char **line = lines; *line != NULL; line++)
    g_string_append_printf (text, "        %s\n", *line);
  return TRUE;
}

static gboolean
append_key (GString *text, VqWorkdir *directory, const char *type, const char *comment,
            GError **error)
{
  g_autofree char *path = vq_workdir_join (directory, type);
  g_autofree char *public_name = g_strconcat (type, ".pub", NULL);
  const char *const argv[]
      = { "ssh-keygen", "-q", "-t", type, "-N", "", "-C", comment, "-f", path, NULL };

  return vq_child_run (argv, NULL, NULL, vq_deadline_in (SECONDS), NULL, error)
         && append_file (text, directory, type, type, "private", error)
         && append_file (text, directory, public_name, type, "public", error);
}

char *
vq_downburst_key_make (const char *name, GError **error)
{
  g_autoptr (VqWorkdir) directory = vq_workdir_new (NULL, error);
  g_autoptr (GString) text = g_string_new ("#cloud-config-archive\n"
                                           "- type: text/cloud-config\n"
                                           "  content: |\n"
                                           "    ssh_keys:\n");

  if (directory == NULL)
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (!append_key (text, directory, types[i], name != NULL ? name : "", error))
      return NULL;
  return g_string_free (g_steal_pointer (&text), FALSE);
}

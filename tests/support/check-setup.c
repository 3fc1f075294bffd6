// SPDX-License-Identifier: GPL-2.0-or-later
#include "check-setup.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>

#include "leaks.h"
#include "tree.h"

char *check_root;
GPtrArray *check_lines;

void
check_setup (void)
{
  leaks_begin ();
  check_root = g_dir_make_tmp ("vq-check-XXXXXX", NULL);
  ck_assert_ptr_nonnull (check_root);
  check_lines = vq_check_line_new_array ();
}

void
check_teardown (void)
{
  tree_remove (check_root);
  g_clear_pointer (&check_root, g_free);
  g_clear_pointer (&check_lines, g_ptr_array_unref);
  leaks_assert_none ();
}

void
check_forget (void)
{
  g_ptr_array_set_size (check_lines, 0);
}

char *
check_write (const char *name, const char *text, int mode)
{
  char *path = g_strconcat (check_root, name, NULL);
  g_autofree char *directory = g_path_get_dirname (path);

  ck_assert_int_eq (g_mkdir_with_parents (directory, 0755), 0);
  ck_assert (g_file_set_contents (path, text, -1, NULL));
  ck_assert_int_eq (g_chmod (path, mode), 0);
  return path;
}

static const VqCheckLine *
find (const char *name)
{
  for (guint i = 0; i < check_lines->len; i++)
    if (strcmp (((const VqCheckLine *)check_lines->pdata[i])->name, name) == 0)
      return check_lines->pdata[i];
  ck_abort_msg ("there is no line %s", name);
}

const VqCheckLine *
check_assert (const char *name, VqCheckState state, const char *found, const char *advice)
{
  const VqCheckLine *line = find (name);

  ck_assert_msg (line->state == state, "%s: %s: %s", name, vq_check_line_get_state (line),
                 line->found);
  ck_assert_msg (strstr (line->found, found) != NULL, "%s: %s", name, line->found);
  ck_assert_msg ((line->advice == NULL) == (advice == NULL), "%s: %s", name, line->advice);
  ck_assert_msg (advice == NULL || strstr (line->advice, advice) != NULL, "%s: %s", name,
                 line->advice);
  return line;
}

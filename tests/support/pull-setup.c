// SPDX-License-Identifier: GPL-2.0-or-later
#include "pull-setup.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>

#include "cli-run.h"
#include "tree.h"

char *pull_base;
char *pull_root;
char *pull_cache;
ImageServer pull_server;

char *
pull_put (const char *name, const void *bytes, gssize n)
{
  char *path = g_build_filename (pull_root, name, NULL);

  ck_assert (g_file_set_contents (path, bytes, n, NULL));
  return path;
}

void
pull_put_disk (const char *name, guint seed)
{
  g_autofree char *bytes = g_malloc (PULL_DISK_SIZE);
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);

  for (gsize i = 0; i < PULL_DISK_SIZE; i++)
    bytes[i] = g_rand_int (random);
  bytes[0] = 'x';
  memcpy (bytes + 510, "\x55\xaa", 2);
  g_free (pull_put (name, bytes, PULL_DISK_SIZE));
}

/* GLib keeps the first $XDG_CACHE_HOME of a process; virt-qemu is another one. */
void
pull_setup (void)
{
  static const char *const proxies[]
      = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };
  g_autofree char *home = NULL;

  pull_base = g_dir_make_tmp ("vq-pull-XXXXXX", NULL);
  home = g_build_filename (pull_base, "cache", NULL);
  pull_root = g_build_filename (pull_base, "root", NULL);
  pull_cache = g_build_filename (home, "virt-qemu", "images", NULL);
  ck_assert_int_eq (g_mkdir (pull_root, 0700), 0);
  ck_assert (g_setenv ("XDG_CACHE_HOME", home, TRUE));
  for (gsize i = 0; i < G_N_ELEMENTS (proxies); i++)
    g_unsetenv (proxies[i]);
  pull_put_disk ("disk", 1);
  image_server_start (&pull_server, pull_root, NULL);
}

void
pull_teardown (void)
{
  image_server_stop (&pull_server);
  cli_run_clear ();
  tree_remove (pull_base);
  g_clear_pointer (&pull_base, g_free);
  g_clear_pointer (&pull_root, g_free);
  g_clear_pointer (&pull_cache, g_free);
}

char *
pull_get_url (const char *path)
{
  return g_strdup_printf ("http://127.0.0.1:%d/%s", pull_server.port, path);
}

void
pull_expect_line (int status, const char *line, const char *part)
{
  g_autofree char *whole = g_strconcat ("image ", line, NULL);
  int ended = cli_run (whole);

  g_strchomp (cli_out);
  ck_assert_msg (ended == status, "%d, not %d: %s: %s%s", ended, status, line, cli_out, cli_err);
  cli_assert_in (status == 0 ? cli_out : cli_err, part);
}

void
pull_expect (int status, const char *options, const char *path, const char *part)
{
  g_autofree char *url = pull_get_url (path);
  g_autofree char *line
      = g_strdup_printf ("pull %s%s%s", options, *options != '\0' ? " " : "", url);

  pull_expect_line (status, line, part);
}

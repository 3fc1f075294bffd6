// SPDX-License-Identifier: GPL-2.0-or-later
/* "virt-qemu slots", as people start it. */
#include <check.h>
#include <glib/gstdio.h>
#include <string.h>

#include "cli-run.h"
#include "slot/slot.h"
#include "suite.h"
#include "tree.h"

#define CONFIG "[vq-two]\ncount=2\ncpus=1\nmemory=3.8G\nextra-disks=4x1G\n"

static char *path;
static char *file;
static char **environment;

static void
write_config (const char *text)
{
  ck_assert (g_file_set_contents (file, text, -1, NULL));
}

static void
setup (void)
{
  g_autofree char *directory = NULL;

  path = g_strdup ("/tmp/vq-test-XXXXXX");
  ck_assert_ptr_nonnull (g_mkdtemp (path));
  directory = g_build_filename (path, "virt-qemu", NULL);
  file = g_build_filename (directory, "slots.conf", NULL);
  ck_assert_int_eq (g_mkdir (directory, 0700), 0);
  environment = g_environ_setenv (g_get_environ (), "XDG_CONFIG_HOME", path, TRUE);
  environment = g_environ_setenv (environment, "VIRT_QEMU_RUNTIME_DIR", path, TRUE);
  g_setenv ("VIRT_QEMU_RUNTIME_DIR", path, TRUE);
}

static void
teardown (void)
{
  cli_run_clear ();
  tree_remove (path);
  g_clear_pointer (&environment, g_strfreev);
  g_clear_pointer (&file, g_free);
  g_clear_pointer (&path, g_free);
}

static int
run (const char *format)
{
  const char *const words[] = { "slots", format, NULL };

  return cli_run_with (environment, words);
}

CASE ("verb-slots", setup, teardown, 30)

/* The types of the host come first, if it has any. */
TEST (free_and_taken)
{
  g_autoptr (GPtrArray) types = NULL;
  g_autoptr (VqSlot) slot = NULL;
  const VqSlotUse use = { .instance = "web", .owner = "Ann \033[1m", .description = "a test" };

  write_config (CONFIG);
  ck_assert_int_eq (run ("--format=table"), 0);
  cli_assert_in (cli_out, "vq-two            1     free     -        -");
  types = vq_slot_type_read ("/nosuch", file, NULL);
  slot = vq_slot_take (types->pdata[0], 0, &use, NULL, NULL);
  ck_assert_ptr_nonnull (slot);
  ck_assert_int_eq (run ("--format=table"), 0);
  cli_assert_in (cli_out, "vq-two            1     0 s ");
  cli_assert_in (cli_out, "  web               Ann           a test\n");
  cli_assert_in (cli_out, "vq-two            2     free");
  ck_assert_int_eq (run ("--format=names"), 0);
  ck_assert (g_str_has_suffix (cli_out, "vq-two\n"));
}

TEST (json)
{
  write_config (CONFIG);
  ck_assert_int_eq (run ("--format=json"), 0);
  cli_assert_in (cli_out, "\"type\" : \"vq-two\"");
  cli_assert_in (cli_out, "\"waiting\" : 0");
  cli_assert_in (cli_out, "\"memory\" : 4080009216");
  cli_assert_in (cli_out, "\"disk\" : null");
  cli_assert_in (cli_out, "\"slot\" : 2,\n        \"state\" : \"free\",\n        \"pid\" : null");
  cli_assert_in (cli_out, "\"lease_until\" : null");
}

TEST (wrong)
{
  write_config ("[vq-two]\ncount=0\n");
  ck_assert_int_eq (run ("--format=json"), 2);
  cli_assert_in (cli_err, "slots.conf, line 2: count: ");
  cli_assert_in (cli_out, "\"code\" : \"usage\"");
  ck_assert_int_eq (run ("--format=yaml"), 2);
  cli_assert_in (cli_err, "\"yaml\" is not table, json or names");
  ck_assert_int_eq (run ("now"), 2);
  ck_assert_int_eq (run ("--help"), 0);
  cli_assert_in (cli_out, "Usage: virt-qemu slots");
}

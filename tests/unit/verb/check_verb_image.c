// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu image, as people start it. */
#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli-run.h"
#include "disk-images.h"
#include "plan/arch.h"
#include "suite.h"
#include "tree.h"

#define MIB (1024 * 1024)

static char *here;

static void
setup (void)
{
  here = g_get_current_dir ();
  images_begin ();
  ck_assert_int_eq (g_chdir (images_dir), 0);
}

static void
teardown (void)
{
  ck_assert_int_eq (g_chdir (here), 0);
  g_clear_pointer (&here, g_free);
  cli_run_clear ();
  images_end ();
}

/* Runs "virt-qemu image LINE", which must end with STATUS and say PART. */
static void
expect (const char *line, int status, const char *part)
{
  g_autofree char *whole = g_strconcat ("image ", line, NULL);
  int ended = cli_run (whole);

  ck_assert_msg (ended == status, "%d: %s: %s%s", ended, line, cli_out, cli_err);
  cli_assert_in (status == 0 ? cli_out : cli_err, part);
}

static gboolean
exists (const char *name)
{
  return g_file_test (name, G_FILE_TEST_EXISTS);
}

/* A raw disk of 3 MiB with something at its start and at its end. */
static void
put_disk (const char *name)
{
  g_autofree char *bytes = g_malloc0 (3 * MIB);

  strcpy (bytes, "begin");
  memset (bytes + 3 * MIB - 512, 'x', 512);
  ck_assert (g_file_set_contents (name, bytes, 3 * MIB, NULL));
}

CASE ("verb-image", setup, teardown, 60)

TEST (info)
{
  g_free (images_put ("base", "qcow2", NULL));
  g_free (images_put ("over", "qcow2", "base"));
  expect ("info base", 0, "/base: qcow2, 8.0 MiB for the guest, ");
  expect ("info over", 0, "on top of ");
  expect ("info --format=json over", 0, "\"virtual_size\" : 8388608,");
  cli_assert_in (cli_out, "\"cluster-size\" : 65536,");
  expect ("info -f qcow2 base", 0, "qcow2");
  expect ("info", 2, "which image?");
  expect ("info base over", 2, "too many");
  expect ("info -c base", 2, "does not have it");
}

/* The description itself is not read. */
TEST (info_of_ploop)
{
  ck_assert_int_eq (g_mkdir ("vm", 0700), 0);
  expect ("info vm", 1, "");
  g_free (images_put ("vm/root.hds", "parallels", NULL));
  ck_assert (g_file_set_contents ("vm/DiskDescriptor.xml", "", 0, NULL));
  expect ("info vm", 0, "vm/root.hds: parallels, 8.0 MiB");
  (void)!g_unlink ("vm/root.hds");
  (void)!g_unlink ("vm/DiskDescriptor.xml");
  ck_assert_int_eq (g_rmdir ("vm"), 0);
}

TEST (what_is_wrong_has_a_status)
{
  static const struct
  {
    const char *script;
    int status;
    const char *said;
  } cases[] = {
    { "kill -SEGV $$", 1, "killed by signal 11" },
    { "while :; do :; done", 6, "VIRT_QEMU_IMG_LIMITS" },
    { "echo 'Cannot allocate memory' >&2; exit 1", 6, "was stopped" },
    { "echo 'Could not open it' >&2; exit 1", 1, "Could not open it" },
    { "echo '{\"format\": \"qcow2\", \"virtual-size\": 1}'", 1, "do not use it" },
    { "echo '{\"format\": \"raw\", \"virtual-size\": 8388608}'", 1, "do not use it" },
    { "echo '{'", 1, "" },
  };

  g_free (images_put ("disk", "qcow2", NULL));
  ck_assert (g_file_set_contents ("bad", "QFI\xfb no", 7, NULL));
  expect ("info nothing", 3, "nothing");
  expect ("info bad", 1, "bad");
  expect ("info -f raw disk", 1, "is qcow2, not raw");
  expect ("--format=json info", 2, "before the verb");
  ck_assert (g_setenv ("VIRT_QEMU_IMG_LIMITS", "1", TRUE));
  expect ("info disk", 2, "as in 60,2G");
  ck_assert (g_setenv ("VIRT_QEMU_IMG_LIMITS", "1,1G", TRUE));
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      images_fake_qemu_img (cases[i].script);
      expect ("info disk", cases[i].status, cases[i].said);
    }
  g_unsetenv ("VIRT_QEMU_IMG_LIMITS");
}

/* Neither a release of a distribution that we know nor a name without one. */
TEST (list_os_with_own_names)
{
  static const char conf[] = "[centos/9.stream]\nurl=http://x/\n[mine]\nurl=http://x/\n"
                             "[debian/sid]\nurl=http://x/\n[a/b/c]\nurl=http://x/\n";

  ck_assert (g_setenv ("XDG_CONFIG_HOME", images_dir, TRUE));
  ck_assert_int_eq (g_mkdir_with_parents ("virt-qemu", 0700), 0);
  ck_assert (g_file_set_contents ("virt-qemu/images.conf", conf, -1, NULL));
  expect ("list-os --format=names", 0, "\ncentos/9.stream\n");
  ck_assert (g_str_has_suffix (cli_out, "\ncentos/9.stream\n"));
  expect ("list-os", 0, "centos/9.stream   -        -               own          -");
  expect ("list-os --format=json", 0,
          "\"distro\" : \"centos\",\n    \"release\" : \"9.stream\",\n    \"number\" : null");
  tree_remove ("virt-qemu");
}

/* The cache is looked into, but not made. */
TEST (list_os)
{
  ck_assert (g_setenv ("XDG_CACHE_HOME", images_dir, TRUE));
  expect ("list-os --format=names", 0, "debian/bookworm\n");
  ck_assert_ptr_null (strstr (cli_out, "buster"));
  expect ("list-os --all --format names", 0, "debian/buster\n");
  expect ("list-os", 0, "debian/sid        -        unstable");
  ck_assert (!exists ("virt-qemu"));
  ck_assert_int_eq (g_mkdir_with_parents ("virt-qemu/images", 0700), 0);
  g_free (images_put_raw ("virt-qemu/images/debian-sid-amd64.qcow2", 0));
  expect ("list-os", 0, "");
  if (strcmp (vq_arch_find_host ()->dpkg, "amd64") == 0)
    cli_assert_in (cli_out, "  there\n");
  expect ("list-os --format=json", 0, "\"aliases\" : [\n      \"stable\"");
  expect ("list-os --format=yaml", 2, "not table, json or names");
  expect ("list-os debian", 2, "\"debian\" is one argument too many");
  expect ("list-os --help", 0, "Usage: virt-qemu image list-os");
  tree_remove ("virt-qemu");
}

static const char *const formats[] = { "qcow2", "qed", "raw", "vdi", "vhdx", "vmdk", "vpc" };

TEST_LOOP (convert, 0, G_N_ELEMENTS (formats))
{
  g_autofree char *line = g_strdup_printf ("convert -O %s disk copy", formats[_i]);
  g_autofree char *back = g_strdup_printf ("convert -f %s -O raw copy back", formats[_i]);
  g_autofree char *wanted = NULL;
  g_autofree char *got = NULL;
  gsize length;

  put_disk ("disk");
  expect (line, 0, "");
  expect (back, 0, "");
  ck_assert (g_file_get_contents ("disk", &wanted, NULL, NULL)
             && g_file_get_contents ("back", &got, &length, NULL));
  ck_assert_uint_ge (length, 3 * MIB);
  ck_assert_mem_eq (wanted, got, 3 * MIB);
  ck_assert (!exists ("copy.virt-qemu.part") && !exists ("back.virt-qemu.part"));
}

/* The names of backing files are not copied, but what is in them. */
TEST (convert_a_chain_and_compress)
{
  g_free (images_put ("base", "qcow2", NULL));
  g_free (images_put ("over", "qcow2", "base"));
  expect ("convert -c --sparse=64K over copy", 0, "");
  expect ("info --format=json copy", 0, "\"compression-type\" : \"zstd\"");
  ck_assert_ptr_null (strstr (cli_out, "base"));
}

TEST (convert_loses_nothing)
{
  g_autofree char *text = NULL;
  int fd;

  put_disk ("disk");
  ck_assert (g_file_set_contents ("copy", "mine", 4, NULL));
  expect ("convert disk copy", 7, "--replace replaces it");
  expect ("convert disk disk", 2, "of the image itself");
  expect ("convert --replace disk disk", 2, "of the image itself");
  expect ("convert -O img disk new", 2, "cannot write the format");
  expect ("convert disk nowhere/new", 3, "nowhere");
  ck_assert_int_eq (symlink ("nowhere", "link"), 0);
  expect ("convert disk link", 7, "exists already");
  fd = open ("copy.virt-qemu.part", O_RDWR | O_CREAT, 0600);
  ck_assert_int_eq (flock (fd, LOCK_EX), 0);
  expect ("convert --replace disk copy", 4, "another process is making");
  ck_assert (g_file_get_contents ("copy", &text, NULL, NULL));
  ck_assert_str_eq (text, "mine");
  close (fd);
  expect ("convert --replace disk copy", 0, "");
  ck_assert (!exists ("copy.virt-qemu.part"));
}

TEST (convert_fails)
{
  put_disk ("disk");
  images_fake_qemu_img ("echo 'error while writing: No space left on device' >&2; exit 1");
  expect ("convert disk copy", 5, "No space left");
  images_fake_qemu_img ("exit 0");
  expect ("convert disk copy", 1, "the copy is not good");
  ck_assert (!exists ("copy") && !exists ("copy.virt-qemu.part"));
}

/* Also by ^C. */
TEST (convert_is_stopped)
{
  g_autofree char *program = cli_run_find ();
  char *argv[]
      = { program, (char *)"image", (char *)"convert", (char *)"disk", (char *)"copy", NULL };
  GPid pid;
  int status;

  put_disk ("disk");
  ck_assert_int_eq (mkfifo ("began", 0600), 0);
  images_fake_qemu_img ("echo >began; exec sleep 600");
  ck_assert (g_spawn_async (NULL, argv, NULL,
                            G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
                            &pid, NULL));
  close (open ("began", O_RDONLY));
  ck_assert_int_eq (kill (pid, SIGINT), 0);
  ck_assert_int_eq (waitpid (pid, &status, 0), pid);
  ck_assert (!exists ("copy") && !exists ("copy.virt-qemu.part"));
}

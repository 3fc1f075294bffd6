// SPDX-License-Identifier: GPL-2.0-or-later
/* The real server and the real QEMU with --qemu-options as tutorials write them, and a QEMU or a
 * server that is not as usual. The machine powers itself off at once. */
#include <check.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process.h"
#include "server-client.h"
#include "suite.h"

#define END "powered itself off"

static char *dir;
static char *disk;

static void
setup (void)
{
  dir = g_strdup ("/tmp/vq-options.XXXXXX");
  ck_assert_ptr_nonnull (g_mkdtemp_full (dir, 0755));
  disk = g_build_filename (dir, "disk.raw", NULL);
  server_put_power_off_disk (disk);
}

static void
teardown (void)
{
  server_free_all ();
  process_remove_tree (dir);
  g_clear_pointer (&disk, g_free);
  g_clear_pointer (&dir, g_free);
}

/* The server with ONE and TWO (NULL: none) before the image, started like PREFIX (NULL: as it is).
 */
static Server *
start (const char *const *prefix, const char *one, const char *two)
{
  const char *const arguments[]
      = { "--accel=tcg", "--boot=bios", one, two != NULL ? two : disk, two != NULL ? disk : NULL,
          NULL };
  Server *server = server_start (&(ServerSetup){ .prefix = prefix, .arguments = arguments });
  g_autofree char *line = server_read_line (server, A_WHILE);

  ck_assert_str_eq (line, "ok");
  return server;
}

static const struct
{
  const char *options;
  const char *end;
} good[] = {
  { "-netdev user,id=net0 -device e1000,netdev=net0", END },
  { "-object rng-random,filename=/dev/urandom,id=rng0 -device virtio-rng-pci,rng=rng0", END },
  { "-device virtio-serial,id=ports -chardev null,id=hvc0 -chardev null,id=monitor", END },
  { "-chardev null,id=qmp -chardev null,id=ttyS0 -chardev null,id=helper -chardev null,id=qga",
    END },
  { "-drive if=none,id=disk0,file=null-co://,format=raw,readonly=on -device virtio-rng,id=agent0",
    END },
  { "-name 'two words' -fw_cfg \"name=opt/x,string=a  b\"", END },
  { "-netdev bridge,id=b,helper=/bin/true -device e1000,netdev=b", "add --sandbox=off" },
};

CASE ("qemu options", setup, teardown, 60)

TEST_LOOP (as_tutorials_write_them, 0, G_N_ELEMENTS (good))
{
  g_autofree char *options = g_strconcat ("--qemu-options=", good[_i].options, NULL);
  g_autoptr (Server) server = start (NULL, options, NULL);

  server_send (server, "open\n");
  server_expect_exit (server, A_WHILE, 12, 1, good[_i].end);
}

/* A QEMU that was built without seccomp, and what is said with each --sandbox. */
static const struct
{
  const char *option;
  int lines;
  const char *hint;
} sandboxes[] = {
  { "--sandbox=auto", 2, "warning: QEMU runs without its sandbox: " },
  { "--sandbox=on", 1, "There is no option group" },
  { "--sandbox=off", 1, END },
};

TEST_LOOP (a_qemu_without_a_sandbox, 0, G_N_ELEMENTS (sandboxes))
{
  g_autofree char *path = g_build_filename (dir, "qemu", NULL);
  g_autofree char *option = g_strconcat ("--qemu-command=", path, NULL);
  g_autoptr (Server) server = NULL;

  ck_assert (g_file_set_contents_full (
      path,
      "#!/bin/sh\n"
      "for word; do [ \"$word\" != -sandbox ] || {\n"
      "  echo \"qemu: -sandbox on: There is no option group 'sandbox'\" >&2; exit 1; }; done\n"
      "exec qemu-system-x86_64 \"$@\"\n",
      -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
  server = start (NULL, option, sandboxes[_i].option);
  server_send (server, "open\n");
  server_expect_exit (server, A_WHILE, 12, sandboxes[_i].lines, sandboxes[_i].hint);
}

/* A template can still be made: that would be another line. */
TEST (a_server_that_an_upgrade_has_replaced)
{
  g_autofree char *script = g_strdup_printf (
      "mkdir %s/bin && for f in \"${1%%/*}\"/*; do [ ! -f \"$f\" ] || [ ! -x \"$f\" ] || "
      "cp \"$f\" %s/bin; done; shift; exec %s/bin/autopkgtest-virt-qemu-ng \"$@\"",
      dir, dir, dir);
  const char *const prefix[] = { "sh", "-c", script, "sh", NULL };
  g_autofree char *program = g_build_filename (dir, "bin", "autopkgtest-virt-qemu-ng", NULL);
  g_autoptr (Server) server = start (prefix, "--template=auto", NULL);

  ck_assert_int_eq (unlink (program), 0);
  server_send (server, "open\n");
  server_expect_exit (server, A_WHILE, 12, 1, END);
}

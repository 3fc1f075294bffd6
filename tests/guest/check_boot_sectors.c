// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests that are only a boot sector, and mean us harm while the testbed is opened. Each open ends
 * by the time that a boot may take, in one line that helps, and nothing is left (server_wait looks
 * for that). What a guest writes to its console is kept in a bounded part: check_console. */
#include <check.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "process.h"
#include "server-client.h"
#include "suite.h"

/* How many seconds a boot may take, and how many longer all of it on a busy host. */
#define SLACK 40

#define DISK_SIZE (1024 * 1024 * 1024)
#define PACKET_AT 0x40

/* mov $0x3f8,%dx; mov $'A',%al; 1: out %al,(%dx); jmp 1b */
static const char flood[] = "\xba\xf8\x03\xb0\x41\xee\xeb\xfd";

/* Asks the keyboard controller for a reset: mov $0xfe,%al; out %al,$0x64; hlt */
static const char reset[] = "\xb0\xfe\xe6\x64\xf4";

/* Writes the BIOS itself to one place after the other, by int 0x13, of which the packet says what
 * and where: xor %ax,%ax; mov %ax,%ds; 1: mov $0x4300,%ax; mov $0x7c40,%si; int $0x13;
 * addw $0x40,0x7c48; adcw $0,0x7c4a; jmp 1b */
static const char fill[] = "\x31\xc0\x8e\xd8\xb8\x00\x43\xbe\x40\x7c\xcd\x13"
                           "\x83\x06\x48\x7c\x40\x83\x16\x4a\x7c\x00\xeb\xec";
static const char packet[] = "\x10\x00\x40\x00\x00\x00\x00\xf0\x01\x00\x00\x00\x00\x00\x00\x00";

/* SMALL: its TMPDIR has no room for what the guest writes. TIMEOUT: the seconds that it has to
 * boot; one that does nothing else ends with them. */
static const struct
{
  const char *code;
  gsize n;
  gboolean small;
  int timeout;
  const char *said, *too;
} guests[] = {
  { flood, sizeof flood - 1, FALSE, 3, "the guest did not boot within ", "(console: ...AAAA" },
  { reset, sizeof reset - 1, FALSE, 60, "the guest rebooted again and again",
    "the guest was reset" },
  { fill, sizeof fill - 1, TRUE, 60, "no space left for the testbed's disk in ", "--overlay-dir" },
};

static char *dir;
static char *disk;

static void
setup (void)
{
  dir = g_strdup ("/tmp/vq-sectors.XXXXXX");
  ck_assert_ptr_nonnull (g_mkdtemp (dir));
  disk = g_build_filename (dir, "disk.raw", NULL);
}

static void
teardown (void)
{
  server_free_all ();
  process_remove_tree (dir);
  g_clear_pointer (&disk, g_free);
  g_clear_pointer (&dir, g_free);
}

/* A large one, all holes. */
static void
make_disk (const char *code, gsize n)
{
  char sector[512] = "";

  memcpy (sector, code, n);
  memcpy (sector + PACKET_AT, packet, sizeof packet - 1);
  memcpy (sector + 510, "\x55\xaa", 2);
  ck_assert (g_file_set_contents (disk, sector, sizeof sector, NULL));
  ck_assert_int_eq (truncate (disk, DISK_SIZE), 0);
}

static Server *
start (gboolean small, int timeout)
{
  static const char script[] = "mount -t tmpfs -o mode=700,size=4m none \"$TMPDIR\"; exec \"$@\"";
  const char *namespace = geteuid () == 0 ? "--mount" : "-rm";
  const char *const prefix[] = { "unshare", namespace, "sh", "-euc", script, "sh", NULL };
  g_autofree char *boot_timeout = g_strdup_printf ("--timeout-reboot=%d", timeout);
  const char *const arguments[] = {
    "--accel=tcg", "--boot=bios", "--ram-size=64", "--template=off", boot_timeout, disk, NULL
  };
  Server *server
      = server_start (&(ServerSetup){ .prefix = small ? prefix : NULL, .arguments = arguments });
  g_autofree char *line = server_read_line (server, A_WHILE);

  ck_assert_str_eq (line, "ok");
  return server;
}

CASE ("boot sectors", setup, teardown, 0)

TEST_LOOP (test_a_hostile_guest, 0, G_N_ELEMENTS (guests))
{
  g_autoptr (Server) server = NULL;
  g_autofree char *err = NULL;

  make_disk (guests[_i].code, guests[_i].n);
  server = start (guests[_i].small, guests[_i].timeout);
  server_send (server, "open\n");
  server_expect_exit (server, guests[_i].timeout + SLACK, 12, 1, guests[_i].said);
  err = server_get_stderr (server);
  ck_assert_msg (strstr (err, guests[_i].too) != NULL, "%s", err);
}

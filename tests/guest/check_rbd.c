// SPDX-License-Identifier: GPL-2.0-or-later
/* Disks in a real Ceph cluster (tests/guest/ceph), which lives as long as this program. */
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "process.h"
#include "server-client.h"
#include "suite.h"

#define NEEDS_CEPH                                                                                 \
  if (cluster == 0)                                                                                \
  SKIP ("there is no ceph-osd: install ceph-mon, ceph-osd and ceph-common")

/* "make check-rbd" has time for it. */
#define TAKES_LONG                                                                                 \
  if (suite_is_quick ())                                                                           \
  SKIP ("it is in check-rbd")

static pid_t cluster;     /* 0: there is none */
static int cluster_stdin; /* the cluster ends with it */
static int osd;
static Server *server;

static char *
run (const char *script)
{
  return process_output ((const char *[]){ "sh", "-ec", script, NULL }, A_WHILE);
}

/* Runs SCRIPT on the host, which must print EXPECTED. */
static void
expect (const char *script, const char *expected)
{
  g_autofree char *text = run (script);

  ck_assert_msg (strcmp (g_strchomp (text), expected) == 0, "%s: %s", script, text);
}

static void
start_cluster (void)
{
  int in[2], out[2];
  char line[256] = "";
  char conf[200];

  ck_assert_int_eq (pipe (in), 0);
  ck_assert_int_eq (pipe (out), 0);
  ck_assert_int_eq (fcntl (in[1], F_SETFD, FD_CLOEXEC), 0);
  cluster
      = process_spawn ((const char *[]){ "tests/guest/ceph", "sh", "-c",
                                         "echo $CEPH_CONF $OSD_PID; exec cat >/dev/null", NULL },
                       &(ProcessSetup){ in[0], out[1], STDERR_FILENO, NULL, NULL });
  close (in[0]);
  close (out[1]);
  cluster_stdin = in[1];
  ck_assert (process_poll (out[0], POLLIN, A_WHILE));
  ck_assert_int_gt (read (out[0], line, sizeof line - 1), 0);
  close (out[0]);
  ck_assert_int_eq (sscanf (line, "%199s %d", conf, &osd), 2);
  ck_assert_int_eq (setenv ("CEPH_CONF", conf, TRUE), 0);
  g_free (run ("rbd --id vm create --size 64M golden"));
}

static void
set_up (void)
{
  g_autofree char *program = g_find_program_in_path ("ceph-osd");

  if (cluster == 0 && program != NULL)
    start_cluster ();
}

/* All that is left in the cluster is what was there before. */
static void
tear_down (void)
{
  server_free_all ();
  server = NULL;
  if (cluster != 0)
    expect ("rbd --id vm ls; rbd --id vm snap ls golden", "golden");
}

void
suite_finish (void)
{
  if (cluster == 0)
    return;
  close (cluster_stdin);
  (void)!process_wait (cluster, A_WHILE, NULL);
}

static void
start_server (const char *const *disks)
{
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();

  for (; *disks != NULL; disks++)
    g_ptr_array_add (arguments, (gpointer)*disks);
  g_ptr_array_add (arguments, NULL);
  server = server_start_on_image (
      &(ServerSetup){ .arguments = (const char *const *)arguments->pdata });
}

static void
quit (void)
{
  server_send (server, "quit\n");
  ck_assert_int_eq (server_wait (server, A_WHILE, SOON), 0);
}

#define GOLDEN "url=rbd:rbd/golden:id=vm,type=block"

CASE ("rbd", set_up, tear_down, 0)

TEST (test_disks_in_ceph)
{
  static const char *const disks[]
      = { "--disk=url=rbd:rbd/one:id=vm,size=100,fs=ext4",
          "--disk=name=two,action=clone,parent=disk1,type=block,size=200",
          "--disk=name=gold,action=attach," GOLDEN,
          "--disk=name=ro,action=attach,read-only," GOLDEN, NULL };

  NEEDS_CEPH;
  start_server (disks);
  server_open (server, "open");
  guest_expect (server,
                "cd /sys/block; for d in vd[b-e]; do cat $d/serial; echo \" $(cat $d/ro "
                "$d/size)\"; done | tr '\n' ' '",
                "disk1 0 204800 two 0 409600 gold 0 131072 ro 1 131072");
  guest_expect (server, "echo kept >/mnt/test_vdb/file; printf x >/dev/vdd; sync; echo", "");
  expect ("rbd --id vm ls | sed 's/-[0-9a-f]*$//' | sort", "golden\ngolden.gold\none\none.two");
  expect ("rbd --id vm export --no-progress golden - | tr -d '\\0' | wc -c", "0");
  server_open (server, "revert");
  guest_expect (server, "ls /mnt/test_vdb; head -c 1 /dev/vdd | tr -d '\\0'", "lost+found");
  quit ();
}

/* What was made for a machine that does not come goes again. */
TEST (test_an_image_that_is_there)
{
  static const char *const disks[]
      = { "--disk=url=rbd:rbd/one:id=vm,size=100", "--disk=url=rbd:rbd/golden:id=vm", NULL };

  NEEDS_CEPH;
  start_server (disks);
  server_send (server, "open\n");
  server_expect_exit (server, BOOT, 12, 1, "(17) File exists");
}

/* The disk is as large as was asked for, and nobody can read it in the cluster. */
TEST (test_encrypted_disks)
{
  static const char *const disks[]
      = { "--disk=url=rbd:rbd/secret:id=vm,size=32,encrypt=luks2,type=block", NULL };

  NEEDS_CEPH;
  TAKES_LONG;
  start_server (disks);
  server_open (server, "open");
  guest_expect (server, "cat /sys/block/vdb/size; yes in the clear | head -c 1M >/dev/vdb; sync",
                "65536");
  expect ("rbd --id vm info secret | grep -o 'size [0-9]* MiB'; "
          "rbd --id vm export --no-progress secret - | grep -c clear || :",
          "size 48 MiB\n0");
  quit ();
}

/* The volume "volume", and a directory with the files "right", its key, and "wrong". Transfer full.
 */
static char *
make_volume (void)
{
  char *directory = g_dir_make_tmp ("vq-rbd-XXXXXX", NULL);
  g_autofree char *script = g_strdup_printf ("cd %s; printf right >right; printf wrong >wrong; "
                                             "rbd --id vm create --size 32M volume; "
                                             "rbd --id vm encryption format volume luks2 right",
                                             directory);

  g_free (run (script));
  return directory;
}

static void
start_with_volume (const char *directory, const char *key)
{
  g_autofree char *disk = g_strdup_printf ("--disk=action=attach,url=rbd:rbd/volume:id=vm,"
                                           "encrypt=luks2,secret=%s/%s",
                                           directory, key);

  start_server ((const char *const[]){ disk, NULL });
}

/* The key is tried before anything is made or boots. */
TEST (test_an_encrypted_image)
{
  g_autofree char *directory = NULL;

  NEEDS_CEPH;
  TAKES_LONG;
  directory = make_volume ();
  start_with_volume (directory, "wrong");
  server_send (server, "open\n");
  server_expect_exit (server, A_WHILE, 12, 1, "/wrong is not the key of rbd/volume");
  server_free_all ();
  start_with_volume (directory, "right");
  server_open (server, "open");
  guest_expect (server, "cat /sys/block/vdb/size; head -c 1M /dev/vdb | wc -c", "32768\n1048576");
  quit ();
  g_free (run ("rbd --id vm rm --no-progress volume"));
  process_remove_tree (directory);
}

CASE ("lost", set_up, tear_down, 0)

/* Does what the server has said, now that the cluster is back. For half a minute a QEMU that was
 * killed is a user of its image; what never came to be cannot be removed. */
static void
remove_what_stays (void)
{
  static const char words[] = "later you can try: ";
  g_autofree char *err = server_get_stderr (server);
  const char *hint = strstr (err, words);
  g_autofree char *script = NULL;

  ck_assert_msg (hint != NULL && strstr (err, "stays in Ceph") != NULL, "stderr: %s", err);
  hint += strlen (words);
  script
      = g_strdup_printf ("for i in $(seq 20); do { %.*s; } 2>/dev/null && break; sleep 2; done; :",
                         (int)strcspn (hint, "\n"), hint);
  g_free (run (script));
}

static const struct
{
  const char *line;
  int status; /* of the server, at its end */
} ends[] = { { "close\nquit\n", 0 }, { "revert\n", 12 } };

/* While the guest writes. The caller is not held up for ever, and is told what stays. */
TEST_LOOP (test_a_cluster_that_is_lost, 0, G_N_ELEMENTS (ends))
{
  static const char *const disks[]
      = { "--disk=action=clone,parent=rbd:rbd/golden:id=vm,size=100,type=block", NULL };
  g_autoptr (Command) writer = NULL;
  gint64 begin;

  NEEDS_CEPH;
  TAKES_LONG;
  start_server (disks);
  server_open (server, "open");
  writer = command_start_script (server, "while :; do dd if=/dev/zero of=/dev/vdb bs=1M count=90 "
                                         "oflag=direct; done 2>/dev/null");
  guest_expect (server,
                "until [ $(awk '{print $7}' /sys/block/vdb/stat) -gt 9999 ]; do :; done; "
                "echo",
                "");
  ck_assert_int_eq (kill (osd, SIGSTOP), 0);
  begin = g_get_monotonic_time ();
  server_send (server, ends[_i].line);
  ck_assert_int_eq (server_wait (server, A_WHILE, SOON), W_EXITCODE (ends[_i].status, 0));
  fprintf (stderr, "it took %.1f s\n", (double)(g_get_monotonic_time () - begin) / G_USEC_PER_SEC);
  ck_assert_int_eq (kill (osd, SIGCONT), 0);
  remove_what_stays ();
}

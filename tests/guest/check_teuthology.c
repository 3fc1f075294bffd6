// SPDX-License-Identifier: GPL-2.0-or-later
/* The flow of teuthology's qemu task with virt-qemu run (contrib/teuthology): a machine with two
 * clones, one of them encrypted, and with work for cloud-init. It needs a guest of its own. */
#include <check.h>
#include <stdlib.h>

#include "process.h"
#include "suite.h"
#include "user-script.h"

#define GUEST "debian-12-cloud"
#define MAKE_IMAGE 1800 /* seconds */

static char *image;

static void
set_up (void)
{
  const char *argv[] = { "tests/guest/make-guest", "--if-needed", GUEST, NULL, NULL };
  g_autofree char *files = NULL;

  if (image == NULL)
    {
      image
          = g_build_filename (g_get_user_cache_dir (), "virt-qemu", "guests", GUEST ".qcow2", NULL);
      argv[3] = image;
      g_free (process_output (argv, MAKE_IMAGE));
    }
  user_script_setup ();
  files = realpath ("tests/guest/teuthology", NULL);
  ck_assert (g_setenv ("FILES", files, TRUE) && g_setenv ("CLOUD", image, TRUE));
}

void
suite_finish (void)
{
  user_script_finish ();
}

CASE ("teuthology", set_up, NULL, 0)

TEST (test_the_flow_of_the_task)
{
  user_script_expect (
      "echo '[global]' >ceph.conf; run() {\n"
      "virt-qemu run --image=$CLOUD --ram-size=1024 --clone-disks --disk=size=400 "
      "--disk=size=100,encrypt=luks1,fs=ext4 --user-data=$FILES/user-data.yaml "
      "--meta-data=$FILES/metadata.yaml --network-config=$FILES/network.yaml "
      "--set=ceph_branch=main --cdrom-file=ceph.conf=ceph.conf "
      "--log-dir=logs $FILES/test.sh $1 >out 2>&1; s=$?; [ $s = $1 ] || cat out; echo $s\n}\n"
      "run 0; cat logs/log/kept; ls logs; grep -A2 branch logs/test.log | grep -v '^+'; "
      "run 3; ls logs | grep -x -e success -e screen.png",
      "0\nkept\ncloud-init-output.log\ncloud-init.log\nconsole.log\njournal.log\nlog\nsuccess\n"
      "test.log\nbranch main\nby cloud-config\n[global]\n3\nscreen.png");
}

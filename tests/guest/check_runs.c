// SPDX-License-Identifier: GPL-2.0-or-later
/* "virt-qemu run": tests in machines of their own. */
#include <check.h>
#include <string.h>
#include <unistd.h>

#include "suite.h"
#include "user-script.h"

#define RUN "virt-qemu run --image=image.qcow2 --ram-size=1024 --disk=fs=ext4 --disk=fs=ext4 "

/* Makes a script for the shell, which is the test. */
#define SCRIPT(TEXT) "cat >test <<'END'\n#!/bin/sh\n" TEXT "\nEND\n"

/* After each test no machine is left. */
static void
tear_down (void)
{
  user_script_expect ("mkdir -p run; ls -A tmp run; rm -rf logs", "run:\n\ntmp:");
}

void
suite_finish (void)
{
  user_script_finish ();
}

CASE ("runs", user_script_setup, tear_down, 0)

TEST (test_gives_what_a_test_says)
{
  user_script_expect (SCRIPT ("echo \"$0 $2 in $(pwd) at $(id -u)\"; cat") RUN
                      "--log-dir=logs test one 'two words'; cat logs/test.log; ls logs",
                      "/mnt/cdrom/test.sh two words in /mnt/test_vdb at 0\n"
                      "/mnt/cdrom/test.sh two words in /mnt/test_vdb at 0\n"
                      "console.log\njournal.log\nlog\nsuccess\ntest.log");
}

/* What an earlier test has left does not hide that. A script needs no first line. */
TEST (test_tells_that_a_test_has_failed)
{
  user_script_expect ("mkdir logs; touch logs/success; echo 'echo $1 >&2; exit $1' >test; " RUN
                      "--log-dir=logs test 7; echo $?; cat logs/test.log; ls logs",
                      "7\n7\n7\nconsole.log\njournal.log\nlog\nscreen.png\ntest.log");
  user_script_expect (SCRIPT ("kill -KILL $$") RUN "test; echo $?", "137");
}

TEST (test_keeps_the_files_of_a_test)
{
  user_script_expect (
      SCRIPT ("mkdir /mnt/log/deep; echo text >/mnt/log/deep/file; "
              "touch /mnt/log/success; exit 1") RUN
      "--log-dir=logs test; cat logs/log/deep/file; ls logs/success 2>/dev/null || :",
      "text");
}

/* It has two disks; what runs on in the background does not hold us up. */
TEST (test_starts_on_its_disk)
{
  user_script_expect (SCRIPT ("pwd; ls -ld /mnt/test_b | wc -l; sleep 1000 & mountpoint -q . && "
                              "echo x >file; ls /dev/vd?") RUN "test",
                      "/mnt/test_vdb\n1\n/dev/vda\n/dev/vdb\n/dev/vdc");
}

/* A file's address is that file; what has to be escaped in one may be. */
TEST (test_takes_the_image_from_an_address)
{
  user_script_expect (
      SCRIPT ("echo hello") "ln -s image.qcow2 'a %.qcow2'; "
                            "virt-qemu run --image=\"file://$PWD/a%20%25.qcow2\" --ram-size=1024 "
                            "--disk=fs=ext4 --disk=fs=ext4 test; rm 'a %.qcow2'",
      "hello");
  user_script_expect_failure (
      SCRIPT ("echo hello") "virt-qemu run --image=\"file://$PWD/none.qcow2\" test", 2,
      "none.qcow2");
}

/* Files for it need no cloud-init in the guest. */
TEST (test_has_files_beside_it)
{
  user_script_expect (
      SCRIPT ("cat /mnt/cdrom/$1; ls /mnt/cdrom; touch /mnt/cdrom/new") "echo text >beside; " RUN
                                                                        "--cdrom-file=file=beside "
                                                                        "test file",
      "text\nfile\nmeta-data\ntest.sh\nuser-data");
}

/* What the test writes on it does not come to the server. */
TEST (test_has_the_disk_of_a_server)
{
  user_script_expect (
      SCRIPT ("head -c 3 /dev/vdd; printf x >/dev/vdd; sync; echo 3 >/proc/sys/vm/drop_caches; "
              "head -c 3 /dev/vdd") "head -c 1M /dev/zero | tr '\\0' n >data; "
                                    "qemu-nbd --fork --pid-file=pid -t -r -f raw -x e -k $PWD/s "
                                    "data; " RUN "\"--disk=url=nbd+unix:///e?socket=$PWD/s\" test; "
                                    "kill $(cat pid); tr -d n <data",
      "nnnxnn");
}

TEST (test_has_its_time)
{
  user_script_expect_failure (SCRIPT ("trap '' TERM; echo begun; while :; do sleep 1; done") RUN
                              "--timeout=2 --log-dir=logs test",
                              124, "no end of the test within 2 s");
  user_script_expect ("cat logs/test.log", "begun");
}

/* What it has started in the background goes on for a while. */
TEST (test_may_leave_something_running)
{
  user_script_expect (SCRIPT ("{ sleep 1; echo late >/mnt/log/late; } >/dev/null 2>&1 &") RUN
                      "--time-wait=4 --log-dir=logs test; cat logs/log/late",
                      "late");
}

TEST (test_may_end_its_machine)
{
  user_script_expect_failure (SCRIPT ("echo bye; poweroff -f 2>/dev/null; sleep 1000") RUN
                              "--log-dir=logs test",
                              125, "the guest powered itself off (console: ");
  user_script_expect ("cat logs/test.log; ls logs/success 2>/dev/null || :", "bye");
}

/* The log is lost, but the test is not held up. */
TEST (test_notices_a_full_disk)
{
  user_script_expect_failure ("mkdir logs; ln -s /dev/full logs/test.log; " SCRIPT ("echo text") RUN
                              "--log-dir=logs test; ls -l logs/test.log; exit 125",
                              125, "text");
  user_script_expect ("cat logs/test.log", "text"); /* nothing was written through the link */
}

/* An encrypted disk fills the host's: while the guest makes a file system on it (ext3, which begins
 * in many places), and while the test writes. */
TEST (test_tells_that_the_hosts_disk_is_full)
{
  static const char small[] = "mkdir small; mount -t tmpfs -o size=64m none small && "
                              "trap 'umount small; rmdir small' EXIT; TMPDIR=$PWD/small " RUN;
  g_autofree char *format
      = g_strconcat (small, "--disk=encrypt=luks1,fs=ext3,size=200G test", NULL);
  g_autofree char *write
      = g_strconcat (SCRIPT ("exec dd if=/dev/zero of=/dev/vdd bs=1M count=128 conv=fsync"), small,
                     "--disk=encrypt=luks1,type=block,size=1G test", NULL);

  if (geteuid () != 0)
    SKIP ("only root may mount");
  user_script_expect_failure (format, 125, "no space left for the testbed's disk in ");
  user_script_expect_failure (write, 125, "no space left for the testbed's disk in ");
}

TEST (test_runs_in_many_machines)
{
  user_script_expect (SCRIPT ("uname -n >/mnt/log/name; echo $1") RUN
                      "--count=2 --log-dir=logs -- test --timeout >out && "
                      "sed 's/in [0-9.]* s/in S/' out | sort; cat logs/1/test.log logs/2/log/name "
                      "| head -n 1; ls logs/1/success logs/2/success",
                      "1: success in S; see logs/1\n2: success in S; see logs/2\n--timeout\n"
                      "logs/1/success\nlogs/2/success");
  user_script_expect (SCRIPT ("exit 3") RUN
                      "--count=2 test >out; echo $?; sed 's/in [0-9.]* s/in S/' out | sort",
                      "1\n1: exit status 3 in S\n2: exit status 3 in S");
}

TEST (test_refuses_nonsense)
{
  user_script_expect_failure (RUN, 2, "no test given");
  user_script_expect_failure (RUN "nosuch", 2, "there is no test nosuch");
  user_script_expect_failure (SCRIPT ("true") "printf '#cloud-config\\n[a: b\\n' >bad; " RUN
                                              "--user-data=bad test",
                              2, "--user-data bad: line 3: did not find expected");
  user_script_expect_failure (RUN "--count=2 nosuch", 2, "there is no test nosuch");
  user_script_expect_failure (RUN ".", 2, "the test . is not a plain file");
  user_script_expect_failure (RUN "image.qcow2 test", 2,
                              "image.qcow2 is a disk image (qcow2), and no test: give the image "
                              "with --image=image.qcow2");
  user_script_expect_failure (RUN "debian/12 test", 2,
                              "debian/12 is the name of an image, and no test");
  user_script_expect_failure (RUN "--count=0 test", 2, "option --count: ");
  user_script_expect_failure (RUN "--stats-file=x test", 2, "--stats-file");
  user_script_expect_failure (SCRIPT ("true") "virt-qemu run --image=nosuch.qcow2 test", 2,
                              "nosuch.qcow2");
}

/* A signal ends it, and nothing is left: see tear_down. */
TEST (test_ends_when_told_to)
{
  user_script_expect (SCRIPT ("echo ready; sleep 1000") ": >out; " RUN
                                                        "test >out 2>&1 & pid=$!; tail -n +1 -f "
                                                        "--pid=$pid out 2>/dev/null | grep -q -m1 "
                                                        "ready; kill $pid; wait $pid; echo $?",
                      "143");
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Machines that people and schedulers share: lock, unlock and update, on a real guest, with slots
 * of this test's own. */
#include <check.h>
#include <string.h>

#include "server-client.h"
#include "suite.h"
#include "user-script.h"

#define SLOTS "'[vps]\\ncount=2\\nmemory=1G\\n\\n[one]\\ncount=1\\nmemory=1G\\n'"

static void
set_up (void)
{
  user_script_setup ();
  user_script_expect ("mkdir -p .config/virt-qemu; printf " SLOTS " >.config/virt-qemu/slots.conf",
                      "");
}

/* After each test nothing runs, no slot is held, and nothing is left. */
static void
tear_down (void)
{
  g_free (user_script_run ("for name in $(virt-qemu list --format=names); do "
                           "virt-qemu unlock --force $name || :; done",
                           0));
  user_script_expect ("virt-qemu slots | grep -c free; mkdir -p run; ls -A run state/instances tmp",
                      "3\nrun:\n.slots\n\nstate/instances:\n\ntmp:");
}

void
suite_finish (void)
{
  user_script_finish ();
}

CASE ("locks", set_up, tear_down, 0)

#define LOCK "virt-qemu lock --image=image.qcow2 "

/* The targets are complete at once: the key is in the guest before anybody has connected. Each
 * machine has a slot, and tells who has it; a third one cannot be had. */
TEST (test_two_machines)
{
  user_script_expect (LOCK "--machine-type=vps --count=2 --owner=ann@ci --desc='rbd #71' "
                           "--lease=2h a >targets; sed 's/vq-.*[.]/NAME./; s/ AAAA.*//' targets",
                      "targets:\n  root@a.virt-qemu: ssh-ed25519\n  root@NAME.virt-qemu: "
                      "ssh-ed25519");
  user_script_expect ("virt-qemu list --list-targets | cmp - targets && "
                      "virt-qemu list --summary; virt-qemu slots | grep -c 'ann@ci.*rbd #71'",
                      "TYPE          COUNT     UP  OWNER\nvps               2      2  ann@ci\n2");
  user_script_expect_failure (LOCK "--machine-type=vps c", 5, "vps");
  user_script_expect ("virt-qemu exec a -- true; virt-qemu update --desc='rbd #72' a; "
                      "virt-qemu slots | grep -c '#72'",
                      "1");
  user_script_expect_failure ("virt-qemu unlock a", 4, "is locked by ann@ci");
  user_script_expect ("virt-qemu unlock -t targets --owner=ann@ci; virt-qemu list --format=names; "
                      "virt-qemu unlock -t targets 2>&1 | grep -c 'gone already'",
                      "2");
}

/* The guest's ssh server gets the key from us, not from a copy of its template or its source. */
TEST (test_the_key_in_the_guest)
{
  user_script_expect (LOCK "--machine-type=vps --format=names web", "web");
  user_script_expect (
      "virt-qemu exec web -- sh -c 'mkdir -p /etc/ssh; echo old >/etc/ssh/ssh_host_rsa_key' && "
      "virt-qemu revert web; virt-qemu exec web -- sh -c 'ls /etc/ssh 2>&1 | grep -c host_key'; :",
      "0");
  user_script_expect (
      "virt-qemu exec web -- sh -c 'mkdir -p /etc/ssh; echo old >/etc/ssh/ssh_host_rsa_key' && "
      "virt-qemu fork web two; virt-qemu list --list-targets two | grep -c "
      "\"$(virt-qemu exec two -- cat /etc/ssh/ssh_host_ed25519_key.pub </dev/null)\"; "
      "virt-qemu list --locked=true --format=names",
      "two\n1\nweb");
}

/* All or none: one slot is taken, or the second machine cannot be made. */
TEST (test_none_if_not_all)
{
  user_script_expect_failure (LOCK "--machine-type=one --count=2", 2, "one");
  user_script_expect (LOCK "--machine-type=vps --format=names web", "web");
  user_script_expect_failure (LOCK "--machine-type=vps --count=2 a b", 5, "vps");
  user_script_expect_failure (LOCK "--machine-type=vps web", 7, "already");
  user_script_expect ("virt-qemu list --format=names; virt-qemu slots | grep -c free", "web\n2");
  user_script_expect ("virt-qemu unlock web", "");
  user_script_expect (LOCK "--machine-type=vps --count=2 a b >said 2>&1 & "
                           "until virt-qemu list --format=names | grep -qx a; do :; done; "
                           "kill $!; wait $!; echo $?; "
                           "until virt-qemu slots | grep -c free | grep -qx 3; do :; done; "
                           "virt-qemu list --format=names; grep -c 'signal 15' said",
                      "1\n1");
}

/* Its slot is free for others, and its disk and its lock stay until it is unlocked. */
TEST (test_the_lease_is_over)
{
  user_script_expect (LOCK "--machine-type=one --format=names --lease=20s web", "web");
  user_script_expect ("virt-qemu wait --for=stopped web; virt-qemu list --locked=true "
                      "--format=names; virt-qemu slots | grep -c '^one .*free'",
                      "web\n1");
  user_script_expect (LOCK "--machine-type=one --format=names web2", "web2");
  user_script_expect_failure ("virt-qemu start web", 5, "one");
  user_script_expect ("virt-qemu unlock web web2", "");
}

/* Nothing is locked. */
TEST (test_unknown_system)
{
  user_script_expect_failure ("virt-qemu lock --machine-type=vps --os-type=debian --os-version=99",
                              3, "12 (bookworm)");
  user_script_expect_failure ("virt-qemu lock --machine-type=big --image=image.qcow2", 3, "vps");
  user_script_expect ("virt-qemu list --format=names", "");
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "cloud-checks.h"

#include <check.h>

#include "command.h"

/* cloud-init has done its work once, in this guest or before it was saved, and does not repeat it.
 */
static void
assert_once (Server *server)
{
  guest_expect (server, "cat /var/tmp/ran", "ran");
  server_open (server, "revert");
  guest_expect (server, "cat /var/tmp/ran", "ran");
  server_expect (server, BOOT, "reboot", "ok");
  guest_expect (server, "cat /var/tmp/ran; cloud-init status --wait | tail -n 1",
                "ran\nstatus: done");
}

void
cloud_check_seed (Server *server)
{
  server_open (server, "open");
  guest_expect (server, "cat /mnt/log/test.log; ls /mnt/log",
                "a test in somebody\nsuccess\ntest.log");
  guest_expect (server, "cat /etc/branch; cat /var/lib/cloud/data/instance-id",
                "main {nothing}\ntest");
  guest_expect (server, "ls /mnt/cdrom; stat -c %a /mnt/cdrom/test.sh; readlink /dev/cdrom",
                "a file\nmeta-data\ntest.sh\nuser-data\n555\nsr0");
  guest_expect (server, "cat '/mnt/cdrom/a file'", "local-hostname: somebody");
  assert_once (server);
}

/* The user's list of keys and ours are both there; of the host keys there is the user's only. */
void
cloud_check_keys (Server *server)
{
  server_open (server, "open");
  guest_expect (server, "grep -c ssh-ed25519 /root/.ssh/authorized_keys", "2");
  guest_expect (server, "grep -o login@test /root/.ssh/authorized_keys", "login@test");
  guest_expect (server, "cut -d ' ' -f 3 /etc/ssh/ssh_host_*_key.pub", "user@test");
  assert_once (server);
}

void
cloud_check_reboot (Server *server)
{
  server_open (server, "open");
  guest_expect (server, "last -x reboot | grep -c '^reboot'", "2");
  guest_expect (server, "cat /var/tmp/ran", "ran");
}

static void
expect_failure (Server *server, const char *message)
{
  server_send (server, "open\n");
  server_expect_exit (server, 2 * BOOT, 12, 1, message);
}

void
cloud_check_failure (Server *server)
{
  expect_failure (server, "cloud-init in the guest failed (modules-final: ('scripts-user'");
}

void
cloud_check_endless (Server *server)
{
  expect_failure (server, "(its stage: modules-final; its log ends with: ");
}

void
cloud_check_power_off (Server *server)
{
  expect_failure (server, "the guest powered itself off");
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Machines that stay, as people use them: virt-qemu on a real guest. All tests share a directory.
 */
#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"
#include "server-client.h"
#include "suite.h"
#include "user-script.h"

#define README "README.md"
#define SECTION "\n## Machines that stay\n"

/* After each test nothing runs, and nothing is left but the files of slots, which always stay. */
static void
tear_down (void)
{
  g_free (user_script_run ("for name in $(virt-qemu list --format=names); do "
                           "virt-qemu delete --force $name || :; done",
                           0));
  user_script_expect ("mkdir -p run; ls -A --ignore=.slots run state/instances tmp",
                      "run:\n\nstate/instances:\n\ntmp:");
}

void
suite_finish (void)
{
  user_script_finish ();
}

/* The lines of README.md's section that are commands: those that begin with four blanks. */
static char *
read_page (void)
{
  GString *commands = g_string_new ("set -e\n");
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  char *section, *end;

  ck_assert (g_file_get_contents (README, &text, NULL, NULL));
  section = strstr (text, SECTION);
  ck_assert_ptr_nonnull (section);
  end = strstr (section + strlen (SECTION), "\n## ");
  *end = '\0';
  lines = g_strsplit (section, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (g_str_has_prefix (*line, "    "))
      g_string_append_printf (commands, "%s\n", *line + 4);
  return g_string_free (commands, FALSE);
}

CASE ("instances", user_script_setup, tear_down, 0)

TEST (test_the_page_in_the_readme)
{
  g_autofree char *commands = read_page ();
  g_autofree char *text = user_script_run (commands, 0);

  ck_assert_msg (strstr (text, "hello") != NULL, "%s", text);
}

#define LAUNCH "virt-qemu launch image.qcow2 web --ram-size=1024"
#define EXEC "virt-qemu exec web -- "

#define MACHINE_ID(NAME)                                                                           \
  "virt-qemu exec " NAME " -- sh -c 'journalctl -q -n 1 | grep -q . && cat /etc/machine-id'"

/* What is done in it stays when it stops, and goes when it is reverted. Its ID stays. */
TEST (test_its_disk_stays)
{
  user_script_expect (LAUNCH, "web");
  user_script_expect (
      EXEC "sh -c 'echo kept >/root/file; cat /proc/sys/kernel/random/boot_id >/root/boot'", "");
  user_script_expect (MACHINE_ID ("web") " >id; virt-qemu stop web", "");
  user_script_expect ("virt-qemu list | sed -n 's/^web  *\\([a-z]*\\).*/\\1/p'", "stopped");
  user_script_expect_failure (EXEC "true", 125, "does not run");
  user_script_expect ("virt-qemu start web", "");
  user_script_expect (EXEC "cat /root/file", "kept");
  user_script_expect (MACHINE_ID ("web") " | cmp - id", "");
  user_script_expect (
      EXEC "sh -c 'cmp -s /root/boot /proc/sys/kernel/random/boot_id || echo booted'", "booted");
  user_script_expect ("test -n \"$(virt-qemu logs web)\" && echo there", "there");
  user_script_expect ("virt-qemu revert web; " MACHINE_ID ("web") " | cmp - id", "");
  user_script_expect (EXEC "ls /root", "");
}

/* The template that launch uses is the one that was built for it. */
TEST (test_a_template_is_built_before)
{
  user_script_expect (
      "name=$(virt-qemu template build image.qcow2 --ram-size=1024 2>/dev/null) && " LAUNCH
      " && virt-qemu template --format=names | grep -cx \"$name\"; "
      "virt-qemu template --format=json | grep -A1 \"\\\"$name\\\"\" | grep -c 'in use'",
      "web\n1\n1");
}

/* What a fork runs with is what its source runs with: it does not look for KVM, nor warn that there
 * is none. How long it stays is its own: it has neither the end nor the lease of its source. Its
 * revert goes to the template. */
TEST (test_how_long_a_fork_stays)
{
  user_script_expect (LAUNCH " --ephemeral --lease=1h; " EXEC "sh -c 'echo new >/root/file'",
                      "web");
  user_script_expect (
      "virt-qemu fork web two 2>said; grep KVM said; virt-qemu fork --ephemeral --lease=2h web "
      "three",
      "two\nthree");
  user_script_expect ("virt-qemu info two | grep -e ephemeral -e lease",
                      "ephemeral    false\nlease_until  null");
  user_script_expect ("virt-qemu info three | grep -c -e 'ephemeral  *true' -e 'lease_until  \"'",
                      "2");
  user_script_expect ("virt-qemu exec two -- cat /root/file; virt-qemu revert two; "
                      "virt-qemu exec two -- ls /root",
                      "new");
  user_script_expect ("virt-qemu stop -f two three; virt-qemu list --format=names", "two\nweb");
}

#define MAKE_HOST_KEY EXEC "sh -c 'mkdir -p /etc/ssh; echo old >/etc/ssh/ssh_host_rsa_key'"

/* The ID that an instance has at first is its own, and so are those that a copy has; the original
 * keeps what it had. */
TEST (test_a_copy_has_an_identity_of_its_own)
{
  user_script_expect (LAUNCH, "web");
  user_script_expect (MAKE_HOST_KEY, "");
  user_script_expect (
      MACHINE_ID ("web") " >id; virt-qemu fork web web2; " MACHINE_ID (
          "web2") " >id2; " MACHINE_ID ("web") " | cmp - id && ! cmp -s id id2 && wc -c <id2",
      "web2\n33");
  user_script_expect ("virt-qemu info web2 | grep -c \"$(cat id2)\"", "1");
  user_script_expect ("virt-qemu exec web2 -- ls /etc/ssh",
                      "ssh_host_ed25519_key\nssh_host_ed25519_key.pub");
  user_script_expect (EXEC "ls /etc/ssh", "ssh_host_rsa_key");
  user_script_expect (
      "virt-qemu info web2 | grep -c \"$(virt-qemu exec web2 -- cat "
      "/etc/ssh/ssh_host_ed25519_key.pub </dev/null)\"; virt-qemu exec web2 -- sh -c 'head "
      "-c 32 /etc/ssh/ssh_host_ed25519_key; stat -c %a "
      "/etc/ssh/ssh_host_ed25519_key'; virt-qemu info web | grep -c \"$(virt-qemu "
      "exec web2 -- cat /etc/ssh/ssh_host_ed25519_key.pub </dev/null)\"; :",
      "1\n-----BEGIN OPENSSH PRIVATE KEY--600\n0");
}

/* Whoever comes second waits, or is told that it is busy; a command that runs is ended. */
TEST (test_changes_take_turns)
{
  user_script_expect (LAUNCH, "web");
  user_script_expect (EXEC "sh -c 'echo kept >/root/file'", "");
  user_script_expect (
      "virt-qemu restart web & until virt-qemu list --format=json | grep -q restarted; do :; done;"
      "virt-qemu revert --no-wait web; echo $?; wait",
      "virt-qemu: error: the instance is being restarted\n4");
  user_script_expect (EXEC "cat /root/file", "kept");
  user_script_expect_failure (
      EXEC "sh -c 'echo begun; sleep 1000' | { read begun; virt-qemu stop -f web; cat; }; "
           "virt-qemu start web --no-wait",
      2, "does not have it");
  user_script_expect ("virt-qemu info web | sed -n 's/^state *//p'", "\"stopped\"");
}

TEST (test_two_of_one_name)
{
  g_autofree char *text = user_script_run (LAUNCH " & " LAUNCH "; echo $?; wait", 0);

  ck_assert_msg (strstr (text, "already") != NULL, "%s", text);
  user_script_expect ("virt-qemu list --format=names", "web");
  user_script_expect (EXEC "echo alive", "alive");
}

/* Its supervisor is killed: QEMU goes with it, the disk stays, and an ephemeral one is gone. */
TEST (test_a_killed_supervisor)
{
  user_script_expect (LAUNCH " && virt-qemu launch image.qcow2 web2 --ram-size=1024 --ephemeral",
                      "web\nweb2");
  user_script_expect (EXEC "sh -c 'echo kept >/root/file; sync'", "");
  user_script_expect (
      "echo web >name; for name in web web2; do kill -9 $(virt-qemu info $name | sed -n "
      "'s/^pid *//p'); done; "
      "until virt-qemu list --format=names | cmp -s - name; do :; done",
      "");
  user_script_expect ("until virt-qemu start web; do :; done", "");
  user_script_expect (EXEC "cat /root/file", "kept");
}

/* The supervisor of one that was never ready is killed: nothing stays of it. */
TEST (test_a_supervisor_killed_too_early)
{
  user_script_expect_failure (
      LAUNCH " --template=off & "
             "until pid=$(virt-qemu info web 2>/dev/null | sed -n 's/^pid *//p') && "
             "[ ${pid:-null} != null ]; do :; done; kill -9 $pid; wait $!",
      1, "has ended without a word");
  user_script_expect ("virt-qemu list --format=names", "");
}

/* Until it is ready, what the supervisor says is for who launches it. */
TEST (test_what_the_supervisor_says)
{
  user_script_expect (": >said; " LAUNCH " --template=off -d 2>said & "
                      "until grep -q 'debug: .*the image boots by' said; do :; done; kill -9 $!; "
                      "virt-qemu wait --for=stopped web 2>/dev/null; virt-qemu list --format=names",
                      "");
}

/* Who launches it is killed before it is ready. */
TEST (test_a_killed_launcher)
{
  user_script_expect (
      LAUNCH " --template=off & "
             "until virt-qemu list --format=json | grep -q started; do :; done; kill -9 $!; "
             "virt-qemu wait --for=stopped web 2>/dev/null; virt-qemu list --format=names",
      "");
}

TEST (test_the_guest_powers_off)
{
  user_script_expect ("virt-qemu launch --ephemeral image.qcow2 web --ram-size=1024", "web");
  user_script_expect ("virt-qemu wait --for=stopped web & " EXEC
                      "systemctl poweroff >/dev/null 2>&1; "
                      "wait; virt-qemu list --format=names",
                      "");
}

#define LAUNCH_EPHEMERAL(name) "virt-qemu launch --ephemeral image.qcow2 " name " --ram-size=1024 "
#define UNTIL_GONE(name) "virt-qemu events --since=1h --until=deleted " name " >events 2>errors"

/* A process, the other end of a pipe, and a lease that is cut short. */
TEST (test_it_ends_with_its_owner)
{
  user_script_expect (
      "sleep 1000 & " LAUNCH_EPHEMERAL ("web") "--owner-pid=$!; kill $!; " UNTIL_GONE ("web"),
      "web");
  user_script_expect ("mkfifo pipe; sleep 1000 >pipe & exec 3<pipe; " LAUNCH_EPHEMERAL (
                          "web2") "--owner-fd=3; exec 3<&-; kill $!; rm pipe; " UNTIL_GONE ("web2"),
                      "web2");
  user_script_expect (
      LAUNCH_EPHEMERAL ("web3") "--lease=1h; "
                                "virt-qemu info --format=json web3 | "
                                "grep -c '\"lease_until\" : \"2'; "
                                "virt-qemu renew --lease=1s web3; " UNTIL_GONE ("web3"),
      "web3\n1");
  user_script_expect (
      "sed 's/[^ ]* *//' events",
      "web3                  created\nweb3                  started\n"
      "web3                  ready\nweb3                  stopped: its lease has run out\n"
      "web3                  deleted");
}

/* What is asked for every few seconds. */
TEST (test_its_stats_and_its_screen)
{
  user_script_expect (LAUNCH, "web");
  user_script_expect ("virt-qemu stats --format=json web | grep -c '^  \"[a-z_]*\" : [0-9]*,\\?$'",
                      "5");
  user_script_expect (
      "virt-qemu stats --format=json web | sed -n 's/.*\"memory\" : .*[0-9]\\{8\\},$/much/p'",
      "much");
  user_script_expect_failure ("virt-qemu ssh-proxy web.virt-qemu </dev/null", 125,
                              "install openssh-server");
  user_script_expect ("virt-qemu screenshot web - | head -c 4 | tail -c 3", "PNG");
  user_script_expect (": >log; virt-qemu logs -f web >log & " EXEC
                      "sh -c 'echo hello >/dev/ttyS0'; "
                      "until grep -q hello log; do :; done; virt-qemu stop -f web; "
                      "wait; virt-qemu logs web | cmp - log && echo same",
                      "same");
  user_script_expect ("virt-qemu stats --format=json web | grep -c 'memory\" : null'", "1");
}

/* Everything that "check" tries holds. It boots twice, so it is not for each "make check". */
TEST (test_check_of_the_image)
{
  if (suite_is_quick ())
    SKIP ("only make check-together has the time");
  user_script_expect (
      "virt-qemu check image.qcow2 --ram-size=1024 --accel=tcg >log; cut -d ' ' -f 1 log | uniq -c "
      "| tr -d ' '",
      "9ok");
}

TEST (test_it_cannot_boot)
{
  user_script_expect_failure ("truncate -s 1M bad.img; virt-qemu launch bad.img web", 2, "bad.img");
  user_script_expect_failure ("virt-qemu check bad.img", 2, "bad.img");
  user_script_expect_failure ("virt-qemu check nothing.img", 3, "nothing.img");
}

CASE ("disks", user_script_setup, tear_down, 0)

/* A copy has what they had, and each writes to its own; they stay when it stops. */
TEST (test_its_further_disks_stay)
{
  user_script_expect (
      LAUNCH " --template=off --disk=fs=ext4,size=50 --disk=name=raw,type=block,size=1", "web");
  user_script_expect (EXEC "sh -c 'echo kept >/mnt/test_vdb/file; printf kept >/dev/vdc'", "");
  user_script_expect (
      "virt-qemu fork web web2; virt-qemu exec web2 -- sh -c '"
      "cat /mnt/test_vdb/file; head -c 4 /dev/vdc; printf mine >/dev/vdc; rm /mnt/test_vdb/file'",
      "web2\nkept\nkept");
  user_script_expect ("virt-qemu stop web; virt-qemu start web", "");
  user_script_expect (EXEC "sh -c 'cat /mnt/test_vdb/file; head -c 4 /dev/disk/by-id/virtio-raw'",
                      "kept\nkept");
  user_script_expect ("virt-qemu exec web2 -- sh -c 'ls /mnt/test_vdb; head -c 4 /dev/vdc'",
                      "lost+found\nmine");
  user_script_expect_failure (
      "virt-qemu launch image.qcow2 web3 --disk=url=https://localhost/image", 2,
      "--disk: disk1: https://localhost/image may be another image tomorrow");
}

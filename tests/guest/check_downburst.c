// SPDX-License-Identifier: GPL-2.0-or-later
/* The program downburst with a guest that has cloud-init, as teuthology uses it. It needs a guest
 * of its own. */
#include <check.h>
#include <stdlib.h>

#include "process.h"
#include "suite.h"
#include "user-script.h"

#define GUEST "debian-12-cloud"
#define MAKE_IMAGE 1800 /* seconds */

static char *image;

/* A cache of the test's own, where the name of an image leads to the test's. */
#define CACHE "export XDG_CACHE_HOME=$PWD/cache\n"

/* The image is in the cache as if it had been built for debian/12. */
static void
set_up (void)
{
  const char *argv[] = { "tests/guest/make-guest", "--if-needed", GUEST, NULL, NULL };

  if (image == NULL)
    {
      image
          = g_build_filename (g_get_user_cache_dir (), "virt-qemu", "guests", GUEST ".qcow2", NULL);
      argv[3] = image;
      g_free (process_output (argv, MAKE_IMAGE));
    }
  user_script_setup ();
  ck_assert (g_setenv ("CLOUD", image, TRUE));
}

static void
tear_down (void)
{
  g_free (user_script_run ("for name in $(virt-qemu list --format=names); do "
                           "virt-qemu delete --force $name || :; done",
                           0));
}

void
suite_finish (void)
{
  user_script_finish ();
}

CASE ("downburst", set_up, tear_down, 0)

/* The command in cloud-init that fails does not matter to downburst's callers. The files may be
 * gone when the machine is started again. */
TEST (a_machine_as_teuthology_has_it)
{
  user_script_expect (
      "arch=$(dpkg --print-architecture)\n" CACHE
      "images=$XDG_CACHE_HOME/virt-qemu/images; mkdir -p -m 700 $images .ssh\n"
      "ln -s $CLOUD $images/debian-bookworm-$arch.qcow2\n"
      "echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPjOXUhxTOyDUkzSKqSCzpEwNNVNkXaJyGLP+8Vh3bSf me' "
      ">.ssh/id_ed25519.pub\n"
      "printf '%s\\n' 'downburst:' '  additional-disks: 2' '  additional-disks-size: 1.5G' "
      "'  cpus: 2' '  disk-size: 12G' '  distro: debian' \"  distroversion: '12'\" '  networks:' "
      "'  - mac: 52:54:00:5a:aa:ee' '    source: default' '  ram: 1G' "
      "'local-hostname: vpm999.example.com' >meta\n"
      "printf '%s\\n' 'locale: C.UTF-8' 'runcmd:' '- - passwd' '  - -d' '  - ubuntu' "
      "'- - touch' '  - /root/ran' '- exit 3' 'user: ubuntu' >user\n"
      "downburst -v -c $(uname -n) -l log create --wait --meta-data=meta --user-data=user vpm999 "
      "2>err || cat err; rm meta user\n"
      "grep -o 'warning: cloud-init in the guest failed' err\n"
      "look() { virt-qemu exec vpm999 -- sh -c \"$1\"; }\n"
      "look 'hostname; ls /root/ran; cat /sys/class/net/e*/address; nproc'\n"
      "look 'lsblk -bdno NAME,SIZE,SERIAL /dev/vdb /dev/vdc | tr -s \" \"; cut -d\" \" -f3 "
      "/home/ubuntu/.ssh/authorized_keys | grep -x me; passwd -S ubuntu | cut -d\" \" -f2'\n"
      "look 'test $(lsblk -bdno SIZE /dev/vda) -eq $((12 << 30)) && echo 12G'\n"
      "virt-qemu stop vpm999 && virt-qemu start vpm999 && look 'ls /root/ran'",
      "warning: cloud-init in the guest failed\n"
      "vpm999\n/root/ran\n52:54:00:5a:aa:ee\n2\n"
      "vdb 1610612736 DWNBRST2\nvdc 1610612736 DWNBRST3\nme\nNP\n12G\n/root/ran");
  user_script_expect_failure (CACHE
                              "downburst create --nokey --distro=debian --distroversion=12 vpm999",
                              1, "Virtual machine with this name exists already: vpm999");
  user_script_expect ("downburst list-json | grep -o '\"12(bookworm)\"'; downburst destroy vpm999; "
                      "downburst destroy vpm999 2>&1; ls state/instances",
                      "\"12(bookworm)\"\ndownburst: no domain with matching name 'vpm999'");
}

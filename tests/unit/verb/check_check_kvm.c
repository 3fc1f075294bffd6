// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/check-kvm.h"

#include <check.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "check-setup.h"
#include "suite.h"

#define NOBODY 65534
#define GROUP 1 /* Debian's daemon */

CASE ("check-kvm", check_setup, check_teardown, 60)

/* Looks at a host with these flags of the processor. Only on amd64 is everything tried. */
static gboolean
look (const char *flags, const char *qemu)
{
  const VqArch *arch = vq_arch_find_dpkg ("amd64");
  g_autofree char *cpuinfo = g_strdup_printf ("processor\t: 0\nflags\t\t: fpu %s sse\n\n", flags);
  g_autofree char *path = check_write ("/proc/cpuinfo", cpuinfo, 0644);

  if (vq_arch_find_host_kvm (arch) == NULL)
    return FALSE;
  check_forget ();
  vq_check_kvm (check_lines, arch, qemu, check_root);
  return TRUE;
}

TEST (missing)
{
  static const struct
  {
    const char *flags, *advice;
  } cases[] = {
    { "vmx", "modprobe kvm_intel" },
    { "hypervisor svm", "modprobe kvm_amd" },
    { "hypervisor", "turn on nested virtualisation on its host" },
    { "", "in the setup of the host's firmware" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    if (look (cases[i].flags, "/nonexistent"))
      {
        check_assert ("kvm", VQ_CHECK_WARNING, "there is no /dev/kvm", cases[i].advice);
        check_assert ("nested", VQ_CHECK_OK, "cannot", NULL);
      }
}

/* Root may open everything, so the test is somebody else meanwhile. */
TEST (forbidden)
{
  g_autofree char *device = check_write ("/dev/kvm", "", 0660);
  uid_t user = geteuid ();

  if (user != 0 || vq_arch_find_host_kvm (vq_arch_find_host ()) == NULL)
    SKIP ("this needs root, and a host whose architecture has KVM");
  ck_assert_int_eq (g_chmod (check_root, 0755), 0);
  ck_assert_int_eq (chown (device, user, GROUP), 0);
  for (int mode = 0660; mode >= 0600; mode -= 060)
    {
      ck_assert_int_eq (g_chmod (device, mode), 0);
      check_forget ();
      ck_assert_int_eq (seteuid (NOBODY), 0);
      vq_check_kvm (check_lines, vq_arch_find_host (), NULL, check_root);
      ck_assert_int_eq (seteuid (user), 0);
      check_assert ("kvm", VQ_CHECK_WARNING, "may not be opened",
                    mode == 0660 ? " daemon\" as root, and log in again" : "chgrp kvm /dev/kvm");
    }
}

TEST (works)
{
  g_autofree char *device = check_write ("/dev/kvm", "", 0600);
  g_autofree char *vhost = check_write ("/dev/vhost-vsock", "", 0600);
  g_autofree char *qemu = check_write ("/qemu", "#!/bin/sh\nexit 33\n", 0755);
  g_autofree char *nested = check_write ("/sys/module/kvm_intel/parameters/nested", "Y\n", 0644);

  if (!look ("vmx", qemu))
    SKIP ("this host is not amd64");
  check_assert ("kvm", VQ_CHECK_OK, "/dev/kvm works", NULL);
  check_assert ("nested", VQ_CHECK_OK, "guests can use KVM", NULL);
  check_assert ("vhost", VQ_CHECK_OK, "/dev/vhost-vsock (not needed)", NULL);
  ck_assert (g_file_set_contents (nested, "N\n", -1, NULL));
  ck_assert (look ("vmx", qemu));
  check_assert ("nested", VQ_CHECK_OK, "cannot", "nested=1");
  check_assert ("vhost", VQ_CHECK_OK, "", NULL);
}

TEST (broken)
{
  g_autofree char *device = check_write ("/dev/kvm", "", 0600);
  g_autofree char *qemu
      = check_write ("/qemu", "#!/bin/sh\necho KVM_RUN failed >&2\nexit 1\n", 0755);

  if (!look ("hypervisor vmx", qemu))
    SKIP ("this host is not amd64");
  check_assert ("kvm", VQ_CHECK_WARNING,
                "does not work: QEMU failed: KVM_RUN failed, so guests are", "whose own host");
  ck_assert (look ("vmx", qemu));
  check_assert ("kvm", VQ_CHECK_WARNING, "does not work", "dmesg");
  ck_assert (look ("vmx", NULL));
  check_assert ("kvm", VQ_CHECK_OK, "can be opened", NULL);
}

TEST (host_without)
{
  vq_check_kvm (check_lines, vq_arch_find_dpkg ("alpha"), NULL, check_root);
  check_assert ("kvm", VQ_CHECK_WARNING, "no KVM of this host runs alpha guests", NULL);
}

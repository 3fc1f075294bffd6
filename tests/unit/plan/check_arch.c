// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/arch.h"

#include <check.h>
#include <string.h>

#include "base/error.h"
#include "suite.h"

static void
setup (void)
{
}

static void
teardown (void)
{
}

static const char *const dpkg_names[]
    = { "amd64", "i386", "arm64", "armhf", "ppc64el", "s390x", "riscv64" };
static const char *const qemu_names[]
    = { "x86_64", "i386", "aarch64", "arm", "ppc64le", "s390x", "riscv64" };

CASE ("arch", setup, teardown, 30)

TEST (names)
{
  for (guint i = 0; i < G_N_ELEMENTS (dpkg_names); i++)
    {
      const VqArch *arch = vq_arch_find_dpkg (dpkg_names[i]);

      ck_assert_ptr_nonnull (arch);
      ck_assert_ptr_eq (arch, vq_arch_find_qemu (qemu_names[i]));
      ck_assert_str_eq (arch->dpkg, dpkg_names[i]);
      ck_assert_str_eq (arch->qemu, qemu_names[i]);
    }
  ck_assert_ptr_null (vq_arch_find_dpkg ("x86_64"));
  ck_assert_ptr_null (vq_arch_find_qemu ("amd64"));
  ck_assert_ptr_null (vq_arch_find_dpkg (""));
}

TEST (entries_are_complete)
{
  for (guint i = 0; i < G_N_ELEMENTS (qemu_names); i++)
    {
      const VqArch *arch = vq_arch_find_qemu (qemu_names[i]);

      ck_assert (g_str_has_prefix (arch->package, "qemu-system-"));
      ck_assert_ptr_nonnull (arch->machine);
      ck_assert_ptr_nonnull (arch->serial[0]);
      ck_assert (g_str_equal (arch->virtio, "pci") || g_str_equal (arch->virtio, "ccw"));
      ck_assert_ptr_nonnull (arch->kvm_hosts);
      ck_assert (arch->kvm_hosts[0] == '\0'
                 || (arch->kvm_hosts[0] == ' ' && g_str_has_suffix (arch->kvm_hosts, " ")));
    }
}

TEST (choice)
{
  const char *host = vq_arch_find_host ()->qemu;
  const struct
  {
    const char *qemu, *dpkg, *command, *chosen;
  } cases[] = {
    { NULL, NULL, NULL, host },
    { "s390x", NULL, NULL, "s390x" },
    { NULL, "arm64", NULL, "aarch64" },
    { "arm", "amd64", NULL, "arm" },
    { "arm", NULL, "qemu-system-x86_64", "arm" },
    { NULL, "armhf", "qemu-system-x86_64", "arm" },
    { NULL, NULL, "/usr/bin/qemu-system-ppc64le", "ppc64le" },
    { NULL, NULL, "/opt/my-qemu-system-aarch64-7.2", "aarch64" },
    { NULL, NULL, "qemu-system-arm", "arm" },
    { NULL, NULL, "/opt/qemu-system-arm/wrapper", host },
    { NULL, NULL, "wrapper", host },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      VqOptions options = { .qemu_architecture = (char *)cases[i].qemu,
                            .dpkg_architecture = (char *)cases[i].dpkg,
                            .qemu_command = (char *)cases[i].command };
      const VqArch *arch = vq_arch_choose (&options, NULL);

      ck_assert_ptr_nonnull (arch);
      ck_assert_str_eq (arch->qemu, cases[i].chosen);
    }
}

TEST (unknown)
{
  static const struct
  {
    const char *qemu, *dpkg, *message;
  } cases[] = {
    { "vax", NULL, "unknown QEMU architecture \"vax\" (known: x86_64, i386, aarch64, " },
    { NULL, "x86_64", "unknown dpkg architecture \"x86_64\" (known: amd64, i386, arm64, " },
    { "", "amd64", "unknown QEMU architecture \"\" (known: " },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      VqOptions options = { .qemu_architecture = (char *)cases[i].qemu,
                            .dpkg_architecture = (char *)cases[i].dpkg };
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (vq_arch_choose (&options, &error));
      ck_assert_msg (g_str_has_prefix (error->message, cases[i].message), "%s", error->message);
      ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
    }
}

TEST (kvm_hosts)
{
  guint n_fit = 0;

  for (guint i = 0; i < G_N_ELEMENTS (qemu_names); i++)
    n_fit += vq_arch_fits_host_kvm (vq_arch_find_qemu (qemu_names[i]));
  ck_assert_uint_le (n_fit, 2); /* x86_64 runs i386, too */
  ck_assert (!vq_arch_fits_host_kvm (vq_arch_find_qemu ("arm")));
  if (g_str_equal (vq_arch_find_host ()->qemu, "x86_64"))
    {
      ck_assert (vq_arch_fits_host_kvm (vq_arch_find_qemu ("i386")));
      ck_assert (vq_arch_fits_host_kvm (vq_arch_find_qemu ("x86_64")));
    }
}

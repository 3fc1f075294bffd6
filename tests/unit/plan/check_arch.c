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

/* The name of an image says it only if the options do not. */
TEST (of_image)
{
  char *images[] = { (char *)"debian/13/arm64", NULL };
  VqOptions options = { .images = images };

  ck_assert_str_eq (vq_arch_choose (&options, NULL)->dpkg, "arm64");
  options.dpkg_architecture = (char *)"riscv64";
  ck_assert_str_eq (vq_arch_choose (&options, NULL)->dpkg, "riscv64");
  options.dpkg_architecture = NULL;
  images[0] = (char *)"./debian/13/arm64";
  ck_assert_ptr_eq (vq_arch_choose (&options, NULL), vq_arch_find_host ());
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

TEST (names_without_more)
{
  static const char *const names[][2] = { { "loong64", "loongarch64" },
                                          { "mips64el", "mips64el" },
                                          { "powerpc", "ppc" },
                                          { "sparc64", "sparc64" } };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const VqArch *arch = vq_arch_find_dpkg (names[i][0]);

      ck_assert_ptr_nonnull (arch);
      ck_assert_ptr_eq (arch, vq_arch_find_qemu (names[i][1]));
      ck_assert_ptr_null (arch->machine);
      ck_assert_int_eq (arch->boot, VQ_BOOT_NONE);
      ck_assert_str_eq (arch->serial[0], "ttyS0");
      ck_assert (g_str_has_prefix (arch->package, "qemu-system-"));
    }
}

TEST (further_names_of_dpkg)
{
  ck_assert_ptr_eq (vq_arch_find_dpkg ("armel"), vq_arch_find_qemu ("arm"));
  ck_assert_ptr_eq (vq_arch_find_dpkg ("x32"), vq_arch_find_qemu ("x86_64"));
}

TEST (kvm_hosts)
{
  static const struct
  {
    const char *guest, *host;
    gboolean fits;
  } cases[] = {
    { "x86_64", "x86_64", TRUE },    { "i386", "x86_64", TRUE },    { "x86_64", "i686", FALSE },
    { "aarch64", "aarch64", TRUE },  { "aarch64", "arm", FALSE },   { "arm", "x86_64", FALSE },
    { "ppc64le", "ppc64le", TRUE },  { "riscv64", "riscv", FALSE }, { "s390x", "s390x", TRUE },
    { "mips64el", "x86_64", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const VqArch *arch = vq_arch_find_qemu (cases[i].guest);

      ck_assert_ptr_eq (vq_arch_find_kvm (arch, cases[i].host), cases[i].fits ? arch : NULL);
    }
}

TEST (armhf_on_arm64)
{
  const VqArch *arch = vq_arch_find_kvm (vq_arch_find_dpkg ("armhf"), "aarch64");

  ck_assert_ptr_nonnull (arch);
  ck_assert_str_eq (arch->dpkg, "armhf");
  ck_assert_str_eq (arch->qemu, "aarch64");
  ck_assert_str_eq (arch->firmware, "arm");
  ck_assert_str_eq (arch->machine_kvm, "virt,gic-version=max");
  ck_assert_str_eq (arch->cpu_kvm, "host,aarch64=off");
  ck_assert_ptr_eq (vq_arch_find_kvm (arch, "aarch64"), arch);
}

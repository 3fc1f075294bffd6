// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/arch.h"

#include <string.h>
#include <sys/utsname.h>

#include "base/error.h"

static const VqArch arches[] = {
  { .dpkg = "amd64",
    .qemu = "x86_64",
    .package = "qemu-system-x86",
    .machine = "pc",
    .machine_efi = "q35",
    .cpu_kvm = "kvm64",
    .boot = VQ_BOOT_AUTO,
    .virtio = "pci",
    .serial = { "ttyS0", "ttyS1" },
    .kernel = "x86_64",
    .kernel_else = "i386",
    .vmgenid = TRUE,
    .kvm_hosts = " x86_64 " },
  { .dpkg = "i386",
    .qemu = "i386",
    .package = "qemu-system-x86",
    .machine = "pc",
    .machine_efi = "q35",
    .boot = VQ_BOOT_AUTO,
    .virtio = "pci",
    .serial = { "ttyS0", "ttyS1" },
    .vmgenid = TRUE,
    .kvm_hosts = " x86_64 i386 i486 i586 i686 " },
  { .dpkg = "arm64",
    .qemu = "aarch64",
    .package = "qemu-system-arm",
    .machine = "virt",
    .cpu_tcg = "cortex-a53", /* "max" is several times slower */
    .cpu_kvm = "host",
    .boot = VQ_BOOT_EFI,
    .virtio = "pci",
    .serial = { "ttyS0" },
    .kvm_hosts = " aarch64 " },
  { .dpkg = "armhf",
    .qemu = "arm",
    .package = "qemu-system-arm",
    .machine = "virt",
    .boot = VQ_BOOT_EFI,
    .virtio = "pci",
    .serial = { "ttyS0" },
    .kvm_hosts = "" },
  { .dpkg = "ppc64el",
    .qemu = "ppc64le",
    .package = "qemu-system-ppc",
    .machine = "pseries",
    .boot = VQ_BOOT_IEEE1275,
    .virtio = "pci",
    .serial = { "hvc0" },
    .kvm_hosts = " ppc64le " },
  { .dpkg = "s390x",
    .qemu = "s390x",
    .package = "qemu-system-misc",
    .machine = "s390-ccw-virtio",
    .boot = VQ_BOOT_NONE,
    .virtio = "ccw",
    .serial = { "ttyS0" },
    .kvm_hosts = " s390x " },
  { .dpkg = "riscv64",
    .qemu = "riscv64",
    .package = "qemu-system-misc",
    .machine = "virt",
    .boot = VQ_BOOT_EFI,
    .virtio = "pci",
    .serial = { "ttyS0" },
    .kvm_hosts = " riscv64 " },
};

const VqArch *
vq_arch_find_dpkg (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (arches); i++)
    if (g_str_equal (arches[i].dpkg, name))
      return &arches[i];
  return NULL;
}

const VqArch *
vq_arch_find_qemu (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (arches); i++)
    if (g_str_equal (arches[i].qemu, name))
      return &arches[i];
  return NULL;
}

const VqArch *
vq_arch_find_host (void)
{
  struct utsname name;

  if (uname (&name) != 0)
    return &arches[0];
  if (g_str_has_prefix (name.machine, "arm"))
    return vq_arch_find_qemu ("arm");
  if (strlen (name.machine) == 4 && g_str_has_suffix (name.machine, "86"))
    return vq_arch_find_qemu ("i386");
  return vq_arch_find_qemu (name.machine) ? vq_arch_find_qemu (name.machine) : &arches[0];
}

/* The entry whose qemu-system-NAME is a part of COMMAND's name. If there are several, the longest
 * wins. */
static const VqArch *
find_command (const char *command)
{
  g_autofree char *base = g_path_get_basename (command);
  const VqArch *best = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (arches); i++)
    {
      g_autofree char *name = g_strconcat ("qemu-system-", arches[i].qemu, NULL);

      if (strstr (base, name) && (best == NULL || strlen (arches[i].qemu) > strlen (best->qemu)))
        best = &arches[i];
    }
  return best;
}

static char *
list_names (gboolean dpkg)
{
  GString *names = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (arches); i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "",
                            dpkg ? arches[i].dpkg : arches[i].qemu);
  return g_string_free (names, FALSE);
}

const VqArch *
vq_arch_choose (const VqOptions *options, GError **error)
{
  const VqArch *arch;
  gboolean dpkg = options->qemu_architecture == NULL;
  const char *name = dpkg ? options->dpkg_architecture : options->qemu_architecture;
  g_autofree char *known = NULL;

  if (name == NULL)
    {
      arch = options->qemu_command != NULL ? find_command (options->qemu_command) : NULL;
      return arch != NULL ? arch : vq_arch_find_host ();
    }
  arch = dpkg ? vq_arch_find_dpkg (name) : vq_arch_find_qemu (name);
  if (arch != NULL)
    return arch;
  known = list_names (dpkg);
  vq_error_set (error, VQ_ERROR_USAGE, "unknown %s architecture \"%s\" (known: %s)",
                dpkg ? "dpkg" : "QEMU", name, known);
  return NULL;
}

gboolean
vq_arch_fits_host_kvm (const VqArch *arch)
{
  g_autofree char *word = NULL;
  struct utsname name;

  if (uname (&name) != 0)
    return FALSE;
  word = g_strdup_printf (" %s ", name.machine);
  return strstr (arch->kvm_hosts, word) != NULL;
}

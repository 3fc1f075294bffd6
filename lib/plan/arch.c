// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/arch.h"

#include "image/os-name.h"

#include <string.h>
#include <sys/utsname.h>

#include "base/error.h"

/* The graphics card. bochs-drm needs 4 MiB of video memory to set a mode. All of the memory that
 * the guest has written to is in the saved state, so it gets no more. The other card has a memory
 * of the guest's own, and the mode is the smallest with which desktops start. VGA is what Debian's
 * server has; but with KVM on ARM, the guest's writes to its memory may not be seen. */
#define VGA "VGA,vgamem_mb=4"
#define VIRTIO_GPU "virtio-gpu-pci,xres=800,yres=600"

/* What Debian's server gives to a machine of which it knows no more than the name. */
#define OTHER(dpkg_name, qemu_name, package_name)                                                  \
  {                                                                                                \
    .dpkg = dpkg_name, .qemu = qemu_name, .package = "qemu-system-" package_name, .display = VGA,  \
    .boot = VQ_BOOT_NONE, .virtio = "pci", .serial = { "ttyS0" }, .kvm_hosts = ""                  \
  }

static const VqArch arches[] = {
  { .dpkg = "amd64",
    .qemu = "x86_64",
    .package = "qemu-system-x86",
    .machine = "pc",
    .machine_efi = "q35",
    .display = VGA,
    .cpu_kvm = "kvm64",
    .boot = VQ_BOOT_AUTO,
    .virtio = "pci",
    .serial = { "ttyS0", "ttyS1" },
    .kernel = "x86_64",
    .kernel_else = "i386",
    .vmgenid = TRUE,
    .smbios = TRUE,
    .kvm_hosts = " x86_64 " },
  { .dpkg = "i386",
    .qemu = "i386",
    .package = "qemu-system-x86",
    .machine = "pc",
    .machine_efi = "q35",
    .display = VGA,
    .boot = VQ_BOOT_AUTO,
    .virtio = "pci",
    .serial = { "ttyS0", "ttyS1" },
    .vmgenid = TRUE,
    .smbios = TRUE,
    .kvm_hosts = " x86_64 i386 i486 i586 i686 " },
  { .dpkg = "arm64",
    .qemu = "aarch64",
    .package = "qemu-system-arm",
    .machine = "virt",
    .machine_kvm = "virt,gic-version=max",
    .display = VIRTIO_GPU,
    .cpu_tcg = "cortex-a53", /* "max" is several times slower */
    .cpu_kvm = "host",
    .boot = VQ_BOOT_EFI,
    .virtio = "pci",
    .serial = { "ttyS0" },
    .smbios = TRUE,
    .kvm_hosts = " aarch64 " },
  { .dpkg = "armhf",
    .qemu = "arm",
    .package = "qemu-system-arm",
    .machine = "virt",
    .display = VIRTIO_GPU,
    .boot = VQ_BOOT_EFI,
    .virtio = "pci",
    .serial = { "ttyS0" },
    .kvm_hosts = "" },
  { .dpkg = "ppc64el",
    .qemu = "ppc64le",
    .package = "qemu-system-ppc",
    .machine = "pseries",
    .display = VGA,
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
    .machine_new = "acpi=off",
    .display = VIRTIO_GPU,
    .cpu_new = "rva23s64", /* Ubuntu 25.10 and later run on nothing less */
    .boot = VQ_BOOT_EFI,
    .virtio = "pci",
    .serial = { "ttyS0" },
    .kvm_hosts = " riscv64 " },
  OTHER ("alpha", "alpha", "misc"),
  OTHER ("avr32", "avr", "misc"),
  OTHER ("hppa", "hppa", "misc"),
  OTHER ("loong64", "loongarch64", "misc"),
  OTHER ("m68k", "m68k", "misc"),
  OTHER ("mips", "mips", "mips"),
  OTHER ("mips64", "mips64", "mips"),
  OTHER ("mips64el", "mips64el", "mips"),
  OTHER ("mipsel", "mipsel", "mips"),
  OTHER ("or1k", "or1k", "misc"),
  OTHER ("powerpc", "ppc", "ppc"),
  OTHER ("ppc64", "ppc64", "ppc"),
  OTHER ("riscv32", "riscv32", "misc"),
  OTHER ("sh4", "sh4", "misc"),
  OTHER ("sh4eb", "sh4eb", "misc"),
  OTHER ("sparc", "sparc", "sparc"),
  OTHER ("sparc64", "sparc64", "sparc"),
  OTHER ("xtensa", "xtensa", "misc"),
  OTHER ("microblaze", "microblaze", "misc"),
  OTHER ("microblazeel", "microblazeel", "misc"),
  OTHER ("cris", "cris", "misc"),
  OTHER ("moxie", "moxie", "misc"),
  OTHER ("nios2", "nios2", "misc"),
  OTHER ("rx", "rx", "misc"),
  OTHER ("tricore", "tricore", "misc"),
  OTHER ("xtensaeb", "xtensaeb", "misc"),
};

/* On an arm64 host armhf guests run under KVM in the QEMU for arm64. */
static const VqArch armhf_on_arm64 = {
  .dpkg = "armhf",
  .qemu = "aarch64",
  .firmware = "arm",
  .package = "qemu-system-arm",
  .machine = "virt",
  .machine_kvm = "virt,gic-version=max",
  .display = VIRTIO_GPU,
  .cpu_kvm = "host,aarch64=off",
  .boot = VQ_BOOT_EFI,
  .virtio = "pci",
  .serial = { "ttyS0" },
  .kvm_hosts = " aarch64 ",
};

/* Further names that dpkg has. */
static const struct
{
  const char *dpkg, *qemu;
} aliases[] = {
  { "arm64ilp32", "aarch64" }, { "armel", "arm" },  { "powerpcel", "ppc64le" },
  { "s390", "s390x" },         { "x32", "x86_64" },
};

const VqArch *
vq_arch_find_dpkg (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (arches); i++)
    if (g_str_equal (arches[i].dpkg, name))
      return &arches[i];
  for (gsize i = 0; i < G_N_ELEMENTS (aliases); i++)
    if (g_str_equal (aliases[i].dpkg, name))
      return vq_arch_find_qemu (aliases[i].qemu);
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
  const char *image = options->images != NULL ? options->images[0] : NULL;
  g_autofree char *of_image = image != NULL ? vq_os_name_get_arch (image) : NULL;
  const char *name = dpkg ? options->dpkg_architecture : options->qemu_architecture;
  g_autofree char *known = NULL;

  if (name == NULL && options->qemu_command == NULL)
    name = of_image;
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

const VqArch *
vq_arch_find_kvm (const VqArch *arch, const char *host)
{
  g_autofree char *word = g_strdup_printf (" %s ", host);

  if (strstr (arch->kvm_hosts, word) != NULL)
    return arch;
  if (g_str_equal (arch->qemu, "arm") && g_str_equal (host, "aarch64"))
    return &armhf_on_arm64;
  return NULL;
}

const VqArch *
vq_arch_find_host_kvm (const VqArch *arch)
{
  struct utsname name;

  return uname (&name) == 0 ? vq_arch_find_kvm (arch, name.machine) : NULL;
}

const char *
vq_arch_get_firmware (const VqArch *arch)
{
  return arch->firmware != NULL ? arch->firmware : arch->qemu;
}

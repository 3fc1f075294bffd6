// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/firmware.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "io/file-copy.h"

typedef struct
{
  const char *architecture;
  const char *code;
  const char *vars; /* NULL: it keeps none */
  const char *package;
} Known;

/* Debian 12 has only the second. */
#define RISCV64_PACKAGES "qemu-efi-riscv64 (in Debian 12 u-boot-qemu)"

/* In order of preference. Releases before Debian 12 have only the 2 MB build of OVMF. */
static const Known known[] = {
  { "x86_64", "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd", "ovmf" },
  { "x86_64", "/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd", "ovmf" },
  { "i386", "/usr/share/OVMF/OVMF32_CODE_4M.secboot.fd", "/usr/share/OVMF/OVMF32_VARS_4M.fd",
    "ovmf-ia32" },
  { "arm", "/usr/share/AAVMF/AAVMF32_CODE.fd", "/usr/share/AAVMF/AAVMF32_VARS.fd", "qemu-efi-arm" },
  { "aarch64", "/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd",
    "qemu-efi-aarch64" },
  { "riscv64", "/usr/share/qemu-efi-riscv64/RISCV_VIRT_CODE.fd",
    "/usr/share/qemu-efi-riscv64/RISCV_VIRT_VARS.fd", RISCV64_PACKAGES },
  { "riscv64", "/usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin", NULL, RISCV64_PACKAGES },
};

struct _VqFirmware
{
  char *code;
  char *vars;
};

static VqFirmware *
firmware_new (const char *root, const Known *entry)
{
  VqFirmware *firmware = g_new0 (VqFirmware, 1);

  firmware->code = g_build_filename (root, entry->code, NULL);
  if (entry->vars != NULL)
    firmware->vars = g_build_filename (root, entry->vars, NULL);
  return firmware;
}

VqFirmware *
vq_firmware_find_in (const char *root, const char *qemu_architecture, GError **error)
{
  const char *package = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_str_equal (known[i].architecture, qemu_architecture))
      {
        g_autoptr (VqFirmware) firmware = firmware_new (root, &known[i]);

        if (access (firmware->code, R_OK) == 0
            && (firmware->vars == NULL || access (firmware->vars, R_OK) == 0))
          return g_steal_pointer (&firmware);
        package = known[i].package;
      }
  if (package != NULL)
    vq_error_set (error, VQ_ERROR_FAILED, "no EFI firmware for %s: install the package %s",
                  qemu_architecture, package);
  else
    vq_error_set (error, VQ_ERROR_USAGE, "no EFI firmware known for %s: use --boot=auto",
                  qemu_architecture);
  return NULL;
}

VqFirmware *
vq_firmware_find (const char *qemu_architecture, GError **error)
{
  return vq_firmware_find_in ("/", qemu_architecture, error);
}

void
vq_firmware_free (VqFirmware *firmware)
{
  if (firmware == NULL)
    return;
  g_free (firmware->code);
  g_free (firmware->vars);
  g_free (firmware);
}

const char *
vq_firmware_get_code (const VqFirmware *firmware)
{
  return firmware->code;
}

gboolean
vq_firmware_has_vars (const VqFirmware *firmware)
{
  return firmware != NULL && firmware->vars != NULL;
}

const char *
vq_firmware_get_vars (const VqFirmware *firmware)
{
  return firmware->vars;
}

gboolean
vq_firmware_copy_vars (const VqFirmware *firmware, const char *dest, GError **error)
{
  VQ_ERROR_PREFIX (error, "cannot copy the EFI variables %s", firmware->vars);

  return vq_file_copy (firmware->vars, dest, error);
}

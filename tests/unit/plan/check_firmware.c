// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/firmware.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "suite.h"
#include "tree.h"

static char *root;

static void
set_up (void)
{
  root = g_dir_make_tmp ("check-firmware-XXXXXX", NULL);
  ck_assert_ptr_nonnull (root);
}

static void
tear_down (void)
{
  tree_remove (root);
  g_clear_pointer (&root, g_free);
}

/* Makes a file below the root directory of the test. */
static void
put_file (const char *path, const char *bytes, gsize n)
{
  g_autofree char *full = g_build_filename (root, path, NULL);
  g_autofree char *dir = g_path_get_dirname (full);

  ck_assert_int_eq (g_mkdir_with_parents (dir, 0700), 0);
  ck_assert (g_file_set_contents (full, bytes, n, NULL));
}

static const struct
{
  const char *architecture;
  const char *code;
  const char *vars;
  const char *package;
} table[] = {
  { "x86_64", "/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd", "ovmf" },
  { "x86_64", "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd", "ovmf" },
  { "i386", "/usr/share/OVMF/OVMF32_CODE_4M.secboot.fd", "/usr/share/OVMF/OVMF32_VARS_4M.fd",
    "ovmf-ia32" },
  { "arm", "/usr/share/AAVMF/AAVMF32_CODE.fd", "/usr/share/AAVMF/AAVMF32_VARS.fd", "qemu-efi-arm" },
  { "aarch64", "/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd",
    "qemu-efi-aarch64" },
  { "riscv64", "/usr/share/qemu-efi-riscv64/RISCV_VIRT_CODE.fd",
    "/usr/share/qemu-efi-riscv64/RISCV_VIRT_VARS.fd",
    "qemu-efi-riscv64 (in Debian 12 u-boot-qemu)" },
};

static void
assert_missing (const char *architecture, const char *package)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *expected
      = g_strdup_printf ("no EFI firmware for %s: install the package %s", architecture, package);

  ck_assert_ptr_null (vq_firmware_find_in (root, architecture, &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_FAILED));
  ck_assert_str_eq (error->message, expected);
}

CASE ("firmware", set_up, tear_down, 30)

TEST_LOOP (test_find, 0, G_N_ELEMENTS (table))
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqFirmware) firmware = NULL;
  g_autofree char *code = g_build_filename (root, table[_i].code, NULL);
  g_autofree char *vars = g_build_filename (root, table[_i].vars, NULL);

  assert_missing (table[_i].architecture, table[_i].package);
  put_file (table[_i].code, "code", 4);
  assert_missing (table[_i].architecture, table[_i].package); /* one file is not enough */
  put_file (table[_i].vars, "vars", 4);
  firmware = vq_firmware_find_in (root, table[_i].architecture, &error);
  ck_assert_msg (firmware != NULL, "%s", error != NULL ? error->message : "");
  ck_assert_str_eq (vq_firmware_get_code (firmware), code);
  ck_assert_str_eq (vq_firmware_get_vars (firmware), vars);
}

TEST (test_new_ovmf_wins_over_old)
{
  g_autoptr (VqFirmware) firmware = NULL;

  for (gsize i = 0; i < 2; i++)
    {
      put_file (table[i].code, "code", 4);
      put_file (table[i].vars, "vars", 4);
    }
  firmware = vq_firmware_find_in (root, "x86_64", NULL);
  ck_assert_ptr_nonnull (firmware);
  ck_assert (g_str_has_suffix (vq_firmware_get_code (firmware), "/OVMF_CODE_4M.fd"));
  ck_assert (g_str_has_suffix (vq_firmware_get_vars (firmware), "/OVMF_VARS_4M.fd"));
}

/* U-Boot is taken where there is nothing better, and has no variables. */
TEST (test_without_variables)
{
  const char *uboot = "/usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin";
  g_autoptr (VqFirmware) alone = NULL;
  g_autoptr (VqFirmware) beside = NULL;

  put_file (uboot, "code", 4);
  alone = vq_firmware_find_in (root, "riscv64", NULL);
  ck_assert_ptr_nonnull (alone);
  ck_assert (g_str_has_suffix (vq_firmware_get_code (alone), uboot));
  ck_assert (!vq_firmware_has_vars (alone) && vq_firmware_get_vars (alone) == NULL);
  put_file ("/usr/share/qemu-efi-riscv64/RISCV_VIRT_CODE.fd", "code", 4);
  put_file ("/usr/share/qemu-efi-riscv64/RISCV_VIRT_VARS.fd", "vars", 4);
  beside = vq_firmware_find_in (root, "riscv64", NULL);
  ck_assert (vq_firmware_has_vars (beside));
  ck_assert (!vq_firmware_has_vars (NULL));
}

TEST (test_unknown_architecture)
{
  static const char *const unknown[] = { "s390x", "ppc64", "", "x86_6", "amd64" };

  for (gsize i = 0; i < G_N_ELEMENTS (unknown); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (vq_firmware_find (unknown[i], &error));
      ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
      ck_assert_ptr_nonnull (strstr (error->message, "no EFI firmware known for"));
      ck_assert_ptr_nonnull (strstr (error->message, "--boot="));
    }
}

/* Zeros and data in turns, about the block size of the copy. */
static const gsize sizes[] = { 0, 1, 65535, 65536, 65537, 3 * 65536, 4 * 65536 + 1 };

TEST_LOOP (test_copy, 0, G_N_ELEMENTS (sizes))
{
  gsize n = sizes[_i];
  g_autofree char *bytes = g_malloc0 (n + 1);
  g_autofree char *dest = g_build_filename (root, "copy of vars", NULL);
  g_autofree char *copied = NULL;
  g_autoptr (VqFirmware) firmware = NULL;
  g_autoptr (GError) error = NULL;
  gsize n_copied;
  struct stat st;

  for (gsize i = 2 * 65536; i < n; i++)
    bytes[i] = (char)(i * 7);
  put_file (table[0].code, "code", 4);
  put_file (table[0].vars, bytes, n);
  firmware = vq_firmware_find_in (root, "x86_64", NULL);
  umask (0);
  ck_assert_msg (vq_firmware_copy_vars (firmware, dest, &error), "%s",
                 error != NULL ? error->message : "");
  ck_assert (g_file_get_contents (dest, &copied, &n_copied, NULL));
  ck_assert_uint_eq (n_copied, n);
  ck_assert_mem_eq (copied, bytes, n);
  ck_assert_int_eq (g_stat (dest, &st), 0);
  ck_assert_int_eq (st.st_mode & 07777, 0600);
}

TEST (test_copy_never_overwrites)
{
  g_autofree char *dest = g_build_filename (root, "dest", NULL);
  g_autofree char *elsewhere = g_build_filename (root, "elsewhere", NULL);
  g_autofree char *contents = NULL;
  g_autoptr (VqFirmware) firmware = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) link_error = NULL;

  put_file (table[0].code, "code", 4);
  put_file (table[0].vars, "vars", 4);
  put_file ("dest", "mine", 4);
  firmware = vq_firmware_find_in (root, "x86_64", NULL);
  ck_assert (!vq_firmware_copy_vars (firmware, dest, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "cannot copy the EFI variables"));
  ck_assert (g_file_get_contents (dest, &contents, NULL, NULL));
  ck_assert_str_eq (contents, "mine");

  g_unlink (dest);
  ck_assert_int_eq (symlink (elsewhere, dest), 0);
  ck_assert (!vq_firmware_copy_vars (firmware, dest, &link_error));
  ck_assert (!g_file_test (elsewhere, G_FILE_TEST_EXISTS));
}

TEST (test_failed_copy_leaves_nothing)
{
  g_autofree char *dest = g_build_filename (root, "dest", NULL);
  g_autofree char *vars = g_build_filename (root, table[0].vars, NULL);
  g_autoptr (VqFirmware) firmware = NULL;

  put_file (table[0].code, "code", 4);
  put_file (table[0].vars, "vars", 4);
  firmware = vq_firmware_find_in (root, "x86_64", NULL);
  /* A directory opens like a file and fails when it is read. */
  for (int is_dir = 0; is_dir <= 1; is_dir++)
    {
      g_autoptr (GError) error = NULL;

      if (is_dir)
        ck_assert_int_eq (g_mkdir (vars, 0700), 0);
      else
        g_unlink (vars);
      ck_assert (!vq_firmware_copy_vars (firmware, dest, &error));
      ck_assert_ptr_nonnull (strstr (error->message, vars));
      ck_assert (!g_file_test (dest, G_FILE_TEST_EXISTS));
    }
}

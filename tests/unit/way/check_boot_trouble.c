// SPDX-License-Identifier: GPL-2.0-or-later
#include "way/boot-trouble.h"

#include <check.h>
#include <string.h>

#include "suite.h"

#define TRY_EFI "the BIOS finds nothing to boot: does the image need --boot=efi?"
#define TRY_BIOS "the EFI firmware finds nothing to boot: does the image need --boot=bios?"
#define EMERGENCY "the guest is in emergency mode: something that it needs did not start"
#define WAITS "systemd was seen to wait for a job that may never end"
#define PASSPHRASE "the guest asks for the passphrase of its disk"

typedef struct
{
  const char *console;
  const char *reason; /* NULL: none */
  gboolean final;
} Row;

static void
assert_rows (const Row *rows, gsize n)
{
  for (gsize i = 0; i < n; i++)
    {
      gboolean final = !rows[i].final;
      g_autofree char *reason = vq_boot_trouble_find (rows[i].console, &final);
      g_autofree char *again = vq_boot_trouble_find (rows[i].console, NULL);

      ck_assert_msg (g_strcmp0 (reason, rows[i].reason) == 0, "\"%s\": %s", rows[i].console,
                     reason != NULL ? reason : "nothing");
      ck_assert_msg (final == rows[i].final, "\"%s\"", rows[i].console);
      ck_assert_pstr_eq (again, reason);
    }
}

CASE ("boot-trouble", NULL, NULL, 60)

TEST (firmware)
{
  static const Row rows[] = {
    { "SeaBIOS (version 1.16.2-debian-1.16.2-1)\r\n\r\nBooting from Hard Disk...\r\n"
      "Boot failed: not a bootable disk\r\n\r\nNo bootable device.\r\n",
      TRY_EFI, TRUE },
    { "Booting from Hard Disk...\r\nBoot failed: not a bootable disk\r\n", TRY_EFI, FALSE },
    { "BdsDxe: failed to load Boot0001 \"UEFI Misc Device\" from PciRoot(0x0)/Pci(0x3,0x0): "
      "Not Found\r\n",
      TRY_BIOS, FALSE },
    { "BdsDxe: failed to load Boot0001 \"UEFI Misc Device\": Not Found | "
      "BdsDxe: No bootable option or device was found. | "
      "BdsDxe: Press any key to enter the Boot Manager Menu.",
      TRY_BIOS, TRUE },
    { "UEFI Interactive Shell v2.2\r\nEDK II\r\n"
      "Press ESC in 5 seconds to skip startup.nsh or any other key to continue.",
      TRY_BIOS, FALSE },
    { "UEFI Interactive Shell v2.2\r\nEDK II\r\n\033[1m\033[33mShell> \033[0m", TRY_BIOS, TRUE },
    { "UEFI Interactive Shell v2.2\r\nEDK II\r\nShell> ", TRY_BIOS, TRUE },
    { "BdsDxe: failed to load Boot0001 \"UEFI QEMU DVD-ROM\": Not Found\r\n"
      "BdsDxe: loading Boot0002 \"UEFI Misc Device\" from PciRoot(0x0)/Pci(0x3,0x0)\r\n"
      "BdsDxe: starting Boot0002 \"UEFI Misc Device\" from PciRoot(0x0)/Pci(0x3,0x0)\r\n",
      NULL, FALSE },
  };

  assert_rows (rows, G_N_ELEMENTS (rows));
}

TEST (grub)
{
  static const Row rows[] = {
    { "GRUB loading.\r\nerror: unknown filesystem.\r\nEntering rescue mode...\r\ngrub rescue> ",
      "GRUB cannot find its files and waits at its rescue prompt (unknown filesystem.)", TRUE },
    { "Entering rescue mode...\r\ngrub rescue>",
      "GRUB cannot find its files and waits at its rescue prompt", TRUE },
    { "                             GNU GRUB  version 2.06\r\n\r\n   Minimal BASH-like line "
      "editing "
      "is supported.\r\n\r\ngrub> ",
      "GRUB finds no configuration and waits at its prompt", TRUE },
    { "Welcome to GRUB!\r\nerror: no suitable video mode found.\r\nBooting in blind mode\r\n", NULL,
      FALSE },
  };

  assert_rows (rows, G_N_ELEMENTS (rows));
}

TEST (kernel)
{
  static const Row rows[] = {
    { "[    1.2] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\r\n"
      "[    1.2] CPU: 0 PID: 1 Comm: swapper/0 Not tainted\r\n[    1.2] Call Trace:\r\n",
      "the guest's kernel finds no root file system: is its initrd missing, or root= wrong?",
      TRUE },
    { "[    1.2] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100\r\n"
      "[    1.3] ---[ end Kernel panic - not syncing: Attempted to kill init! "
      "exitcode=0x00000100 ]---\r\n",
      "the guest's kernel panicked (Attempted to kill init! exitcode=0x00000100)", TRUE },
    { "Kernel panic - not syncing: sysrq triggered crash | CPU: 0 PID: 1",
      "the guest's kernel panicked (sysrq triggered crash)", FALSE },
    { "host login: [ 1.3] ---[ end Kernel panic - not syncing: x ]---\r\n",
      "the guest's kernel panicked (x)", TRUE },
    { "Kernel panic - not syncing: x\r\nRebooting in 3 seconds..",
      "the guest's kernel panicked (x)", FALSE },
    { "Kernel panic - not syncing: x\r\n[    0.000000] Linux version 6.1.0\r\n", NULL, FALSE },
  };

  assert_rows (rows, G_N_ELEMENTS (rows));
}

TEST (the_system)
{
  static const Row rows[] = {
    { "Gave up waiting for root file system device.  Common problems:\r\n"
      " - Boot args (cat /proc/cmdline)\r\n"
      "ALERT!  LABEL=root does not exist.  Dropping to a shell!\r\n\r\n"
      "BusyBox v1.35.0 (Debian 1:1.35.0-4+b3) built-in shell (ash)\r\n"
      "Enter 'help' for a list of built-in commands.\r\n\r\n(initramfs) ",
      "the guest's initramfs cannot go on and waits at its prompt "
      "(ALERT! LABEL=root does not exist. Dropping to a shell!)",
      TRUE },
    { "(initramfs)", "the guest's initramfs cannot go on and waits at its prompt", TRUE },
    { "Type exit to leave (initramfs)\r\nbooting\r\n", NULL, FALSE },
    { "[\033[0;1;31mFAILED\033[0m] Failed to mount \033[0;1;39mmnt-data.mount\033[0m - "
      "/mnt/data.\r\n"
      "[\033[0;1;38;5;185mDEPEND\033[0m] Dependency failed for local-fs.target.\r\n"
      "You are in emergency mode. After logging in, type \"journalctl -xb\" to view\r\n"
      "system logs.\r\nGive root password for maintenance\r\n(or press Control-D to continue): ",
      EMERGENCY " (Failed to mount mnt-data.mount - /mnt/data.)", TRUE },
    { "You are in emergency mode. | Press Enter for maintenance | (or press Control-D to "
      "continue):",
      EMERGENCY, TRUE },
    { "Cannot open access to console, the root account is locked.\r\n"
      "See sulogin(8) man page for more details.\r\n\r\nPress Enter to continue.\r\n",
      EMERGENCY, TRUE },
    { "Please unlock disk vda2_crypt: ", PASSPHRASE, FALSE },
    { "Enter passphrase for /dev/vda2:", PASSPHRASE, FALSE },
    { "Please unlock disk vda2_crypt: \r\ncryptsetup: set up successfully\r\n", NULL, FALSE },
    { "Welcome to your new installation of Debian!\r\n\r\n-- Press any key to proceed --\r\n",
      "the guest's systemd-firstboot waits for a key: add \"systemd.firstboot=no\" to its kernel's "
      "command line",
      FALSE },
    { "\r\033[K[\033[0;31m*     \033[0m] Job never.service/start running (8s / no limit)\r"
      "\r\033[K[\033[0;31m**    \033[0m] Job never.service/start running (9s / no limit)\r",
      WAITS " (Job never.service/start running (9s / no limit))", FALSE },
    { "[  *** ] (1 of 2) A start job is running for Never (9s / no limit)\r\n",
      WAITS " (A start job is running for Never (9s / no limit))", FALSE },
    { "Debian GNU/Linux 12 host ttyS0\r\n\r\nhost login: ", NULL, FALSE },
    { "Debian GNU/Linux 12 host ttyS0 | host login:", NULL, FALSE },
    { "Debian GNU/Linux 12 host ttyS0 | [0m host login:", NULL, FALSE },
    { "You are in emergency mode.\r\n\r\nhost login: [   12.5] e1000: up\r\n", NULL, FALSE },
    { "host login: [  398.950783] reboot: Restarting system\r\n", NULL, FALSE },
    { "host login: root\r\nLast login: Tue Nov 21\r\nroot@host:~# ", NULL, FALSE },
    { "[    5.1] virtio_net virtio0 enp0s2: renamed from eth0\r\n", NULL, FALSE },
    { "", NULL, FALSE },
    { "\r\n \r\n | \033", NULL, FALSE },
  };

  assert_rows (rows, G_N_ELEMENTS (rows));
}

/* A guest can say what it likes. */
TEST (strange_bytes)
{
  g_autofree char *much = g_strnfill (100000, 'x');
  g_autofree char *console
      = g_strdup_printf ("\xff Kernel panic - not syncing: \xfe\033[2J%s\xc3\xa4\n", much);
  g_autofree char *reason = vq_boot_trouble_find (console, NULL);
  g_autofree char *wide
      = g_strdup_printf ("ALERT!%.140s\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\n(initramfs)", much);
  g_autofree char *cut = vq_boot_trouble_find (wide, NULL);

  ck_assert (g_str_has_prefix (reason, "the guest's kernel panicked"));
  ck_assert_uint_le (strlen (reason), 300);
  ck_assert (g_utf8_validate (reason, -1, NULL));
  ck_assert_uint_le (strlen (cut), 300);
  ck_assert (g_utf8_validate (cut, -1, NULL));
}

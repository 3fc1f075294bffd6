// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/check-qemu.h"

#include <stdio.h>
#include <string.h>

#include "base/deadline.h"
#include "base/programs.h"
#include "io/child.h"
#include "plan/firmware.h"

/* Seconds in which QEMU must say what it can do. */
#define PATIENCE 20

/* The oldest QEMU that was tried, in Debian 12. */
#define OLDEST "7.2"
#define OLDEST_MAJOR 7
#define OLDEST_MINOR 2

static gboolean
is_older (int major, int minor)
{
  return major < OLDEST_MAJOR || (major == OLDEST_MAJOR && minor < OLDEST_MINOR);
}

/* Adds the line for the QEMU at PATH. */
static void
check_version (GPtrArray *lines, const char *path)
{
  const char *const argv[] = { path, "--version", NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  int major, minor;

  if (!vq_child_run (argv, NULL, &text, vq_deadline_in (PATIENCE), NULL, &error))
    {
      vq_check_line_add (lines, "qemu", VQ_CHECK_ERROR, NULL, "%s does not run: %s", path,
                         error->message);
      return;
    }
  text[strcspn (text, "\n")] = '\0';
  if (sscanf (text, "QEMU emulator version %d.%d", &major, &minor) != 2)
    vq_check_line_add (lines, "qemu", VQ_CHECK_WARNING, NULL, "%s does not tell its version: %s",
                       path, text);
  else if (is_older (major, minor))
    vq_check_line_add (lines, "qemu", VQ_CHECK_WARNING,
                       "use " OLDEST " or newer, the oldest that was tried", "%s: %s", path, text);
  else
    vq_check_line_add (lines, "qemu", VQ_CHECK_OK, NULL,
                       "%s: %s (" OLDEST " is the oldest that was tried)", path, text);
}

static char *
find_qemu (GPtrArray *lines, const VqArch *arch)
{
  g_autofree char *name = g_strconcat ("qemu-system-", arch->qemu, NULL);
  g_autofree char *advice = g_strdup_printf ("install the package %s", arch->package);
  g_autofree char *path = g_find_program_in_path (name);

  if (path == NULL)
    vq_check_line_add (lines, "qemu", VQ_CHECK_ERROR, advice, "there is no %s", name);
  else
    check_version (lines, path);
  return g_steal_pointer (&path);
}

static void
check_qemu_img (GPtrArray *lines)
{
  g_autofree char *path = g_find_program_in_path ("qemu-img");

  if (path != NULL)
    vq_check_line_add (lines, "qemu-img", VQ_CHECK_OK, NULL, "%s", path);
  else
    vq_check_line_add (lines, "qemu-img", VQ_CHECK_ERROR, "install the package qemu-utils",
                       "there is no qemu-img");
}

/* QEMU enters its sandbox before it prints the list of machines. */
static void
check_sandbox (GPtrArray *lines, const char *qemu)
{
  const char *const argv[] = { qemu, "-sandbox", "on", "-machine", "help", NULL };
  g_autoptr (GError) error = NULL;

  if (qemu == NULL)
    vq_check_line_add (lines, "sandbox", VQ_CHECK_WARNING, NULL, "not tried, as there is no QEMU");
  else if (vq_child_run (argv, NULL, NULL, vq_deadline_in (PATIENCE), NULL, &error))
    vq_check_line_add (lines, "sandbox", VQ_CHECK_OK, NULL, "QEMU confines itself with seccomp");
  else
    vq_check_line_add (lines, "sandbox", VQ_CHECK_WARNING,
                       "use a QEMU and a kernel with seccomp; --sandbox=off silences the warning",
                       "QEMU runs without its sandbox: %s", error->message);
}

static void
check_firmware (GPtrArray *lines, const VqArch *arch, const char *root)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqFirmware) firmware = NULL;

  if (arch->boot != VQ_BOOT_EFI && arch->boot != VQ_BOOT_AUTO)
    {
      vq_check_line_add (lines, "firmware", VQ_CHECK_OK, NULL, "QEMU brings what %s guests need",
                         arch->dpkg);
      return;
    }
  firmware
      = vq_firmware_find_in (root[0] != '\0' ? root : "/", vq_arch_get_firmware (arch), &error);
  if (firmware != NULL)
    vq_check_line_add (lines, "firmware", VQ_CHECK_OK, NULL, "EFI: %s",
                       vq_firmware_get_code (firmware));
  else /* on a PC, images that boot with the BIOS still work */
    vq_check_line_add_error (lines, "firmware",
                             arch->boot == VQ_BOOT_AUTO ? VQ_CHECK_WARNING : VQ_CHECK_ERROR, error);
}

static void
check_programs (GPtrArray *lines)
{
  static const char *const names[] = { "virt-qemu-exec", "virt-qemu-archive", "virt-qemu-ssh" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *path = vq_programs_find (names[i], &error);

      if (path == NULL)
        {
          vq_check_line_add_error (lines, "programs", VQ_CHECK_ERROR, error);
          return;
        }
    }
  vq_check_line_add (lines, "programs", VQ_CHECK_OK, NULL, "all are installed");
}

/* Gives the architectures that have a helper, or those that have none, with commas between them.
 * The last name is in the package only where there is a compiler for it (not in Debian 12), so that
 * it is not missed. Transfer full. */
static char *
list_helpers (gboolean there)
{
  static const char *const names[]
      = { "amd64", "arm64", "armhf", "i386", "ppc64el", "riscv64", "s390x", "loong64" };
  gsize n = there ? G_N_ELEMENTS (names) : G_N_ELEMENTS (names) - 1;
  GString *list = g_string_new (NULL);

  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *path = vq_programs_find_helper (names[i], NULL);

      if ((path != NULL) == there)
        g_string_append_printf (list, "%s%s", list->len > 0 ? ", " : "", names[i]);
    }
  return g_string_free (list, FALSE);
}

static void
check_helpers (GPtrArray *lines, const VqArch *arch)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *own = vq_programs_find_helper (arch->dpkg, &error);
  g_autofree char *there = list_helpers (TRUE);
  g_autofree char *missing = list_helpers (FALSE);
  g_autofree char *advice
      = missing[0] != '\0'
            ? g_strdup_printf ("for guests of another architecture (%s) install the package "
                               "virt-qemu-helpers",
                               missing)
            : NULL;

  if (own == NULL)
    vq_check_line_add_error (lines, "helpers", VQ_CHECK_ERROR, error);
  else
    vq_check_line_add (lines, "helpers", VQ_CHECK_OK, advice, "installed for %s", there);
}

char *
vq_check_qemu (GPtrArray *lines, const VqArch *arch, const char *root)
{
  char *qemu = find_qemu (lines, arch);

  check_qemu_img (lines);
  check_sandbox (lines, qemu);
  check_firmware (lines, arch, root);
  check_programs (lines);
  check_helpers (lines, arch);
  return qemu;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/display.h"

#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>

#include "leaks.h"
#include "plan/qemu-help.h"
#include "suite.h"

#define PATIENCE 60 /* seconds */
#define VGA "VGA,vgamem_mb=4"
#define GPU "virtio-gpu-pci,xres=800,yres=600"

/* A QEMU that has both cards and prints other lists, and one that fails. */
#define FULL                                                                                       \
  "#!/bin/sh\ncase $1 in\n-device) echo 'name \"VGA\", bus PCI'\n"                                 \
  "echo 'name \"virtio-gpu-pci\", bus PCI, alias \"virtio-gpu\"';;\n"                              \
  "-machine) echo '  acpi=<OnOffAuto>  - Enable ACPI';;\n-cpu) echo 'rva22s64'; echo;;\nesac\n"
#define POOR                                                                                       \
  "#!/bin/sh\n[ $1 = -cpu ] || echo 'name \"virtio-gpu-pci-non-transitional\", bus PCI'\n"
#define BROKEN "#!/bin/sh\necho 'name \"VGA\", bus PCI'\nexit 1\n"

static char *directory;
static char *qemu;

static void
setup (void)
{
  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  directory = g_dir_make_tmp ("vq-display-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
  qemu = g_build_filename (directory, "qemu", NULL);
}

static void
teardown (void)
{
  g_unlink (qemu);
  ck_assert_int_eq (g_rmdir (directory), 0);
  g_clear_pointer (&qemu, g_free);
  g_clear_pointer (&directory, g_free);
  leaks_assert_none ();
}

static void
write_qemu (const char *script)
{
  ck_assert (g_file_set_contents (qemu, script, -1, NULL));
  ck_assert_int_eq (g_chmod (qemu, 0755), 0);
}

CASE ("display", setup, teardown, 180)

static const struct
{
  const char *arch, *script, *display, *qemu_options, *chosen;
} cases[] = {
  { "x86_64", NULL, NULL, "", VGA },
  { "x86_64", NULL, "auto", "-m 1G -device virtio-rng-pci", VGA },
  { "x86_64", NULL, "none", "", NULL },
  { "x86_64", NULL, "bochs-display,vgamem=8M", "", "bochs-display,vgamem=8M" },
  { "x86_64", NULL, "auto", "-vga virtio", NULL },
  { "x86_64", NULL, NULL, "--vga none", NULL },
  { "x86_64", NULL, NULL, "-device VGA", NULL },
  { "x86_64", NULL, NULL, "--device virtio-gpu-pci,id=x", NULL },
  { "x86_64", NULL, NULL, "-device qxl", NULL },
  { "x86_64", NULL, NULL, "-device virtio-9p-pci,mount_tag=vga", VGA },
  { "x86_64", NULL, NULL, "-device", VGA },
  { "x86_64", NULL, "VGA", "-device VGA", "VGA" },
  { "aarch64", FULL, NULL, "", GPU },
  { "riscv64", FULL, NULL, "", GPU },
  { "ppc64le", FULL, NULL, "", VGA },
  { "mips64el", FULL, NULL, "", VGA },
  { "s390x", FULL, NULL, "", NULL },
  { "aarch64", POOR, NULL, "", NULL },
  { "ppc64le", POOR, NULL, "", NULL },
  { "aarch64", POOR, "virtio-gpu-pci", "", "virtio-gpu-pci" },
  { "ppc64le", BROKEN, NULL, "", NULL },
};

TEST_LOOP (choice, 0, G_N_ELEMENTS (cases))
{
  g_auto (GStrv) words = g_strsplit (cases[_i].qemu_options, " ", -1);
  VqOptions options = { .display = (char *)cases[_i].display, .qemu_options = words };
  g_autofree char *display = NULL;

  write_qemu (cases[_i].script != NULL ? cases[_i].script : BROKEN);
  display = vq_display_choose (&options, vq_arch_find_qemu (cases[_i].arch), qemu,
                               vq_deadline_in (PATIENCE), NULL);
  ck_assert_pstr_eq (display, cases[_i].chosen);
}

static gboolean
has (const char *option, const char *word)
{
  return vq_qemu_help_has (qemu, option, "help", word, vq_deadline_in (PATIENCE), NULL);
}

TEST (lists_of_a_qemu)
{
  write_qemu (FULL);
  ck_assert (has ("-machine", "acpi"));
  ck_assert (!has ("-machine", "acp"));
  ck_assert (has ("-cpu", "rva22s64"));
  ck_assert (!has ("-cpu", "rva23s64"));
  ck_assert (has ("-device", "virtio-gpu"));
}

TEST (lists_of_a_real_qemu)
{
  g_free (qemu);
  qemu = g_strdup ("qemu-system-x86_64");
  ck_assert (has ("-device", "VGA"));
  ck_assert (has ("-device", "bochs-display"));
  ck_assert (!has ("-device", "VG"));
  ck_assert (has ("-cpu", "qemu64"));
}

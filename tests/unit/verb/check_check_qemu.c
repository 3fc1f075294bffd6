// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/check-qemu.h"

#include <check.h>

#include "check-setup.h"
#include "suite.h"

static char *path_before;

static void
setup (void)
{
  check_setup ();
  path_before = g_strdup (g_getenv ("PATH"));
  g_setenv ("PATH", check_root, TRUE);
}

static void
teardown (void)
{
  g_setenv ("PATH", path_before, TRUE);
  g_clear_pointer (&path_before, g_free);
  check_teardown ();
}

CASE ("check-qemu", setup, teardown, 60)

static gboolean
look (const char *arch)
{
  g_autofree char *qemu = NULL;

  check_forget ();
  qemu = vq_check_qemu (check_lines, vq_arch_find_dpkg (arch), check_root);
  return qemu != NULL;
}

TEST (nothing_installed)
{
  ck_assert (!look ("amd64"));
  check_assert ("qemu", VQ_CHECK_ERROR, "no qemu-system-x86_64", "package qemu-system-x86");
  check_assert ("qemu-img", VQ_CHECK_ERROR, "no qemu-img", "package qemu-utils");
  check_assert ("sandbox", VQ_CHECK_WARNING, "not tried", NULL);
  check_assert ("firmware", VQ_CHECK_WARNING, "no EFI firmware for x86_64", "package ovmf");
}

TEST (versions)
{
  static const struct
  {
    const char *script;
    VqCheckState state;
    const char *found, *advice;
  } cases[] = {
    { "echo 'QEMU emulator version 7.2.22 (Debian)'; echo more", VQ_CHECK_OK, "7.2.22 (Debian) (",
      NULL },
    { "echo QEMU emulator version 10.0.2", VQ_CHECK_OK, "10.0.2", NULL },
    { "echo QEMU emulator version 7.1.9", VQ_CHECK_WARNING, "7.1.9", "use 7.2 or newer" },
    { "echo QEMU emulator version 6.2", VQ_CHECK_WARNING, "6.2", "use 7.2 or newer" },
    { "echo hello", VQ_CHECK_WARNING, "does not tell its version: hello", NULL },
    { "echo 'libz.so: no such file' >&2; exit 127", VQ_CHECK_ERROR, "does not run: ", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *script = g_strdup_printf ("#!/bin/sh\n%s\n", cases[i].script);
      g_autofree char *qemu = check_write ("/qemu-system-x86_64", script, 0755);

      ck_assert (look ("amd64"));
      check_assert ("qemu", cases[i].state, cases[i].found, cases[i].advice);
    }
}

TEST (sandbox)
{
  g_autofree char *qemu = check_write ("/qemu-system-x86_64",
                                       "#!/bin/sh\n"
                                       "[ \"$1 $2\" != '-sandbox on' ] || exit $VQ_STATUS\n",
                                       0755);

  g_setenv ("VQ_STATUS", "0", TRUE);
  look ("amd64");
  check_assert ("sandbox", VQ_CHECK_OK, "seccomp", NULL);
  g_setenv ("VQ_STATUS", "1", TRUE);
  look ("amd64");
  g_unsetenv ("VQ_STATUS");
  check_assert ("sandbox", VQ_CHECK_WARNING, "without its sandbox", "--sandbox=off");
}

TEST (firmware)
{
  g_autofree char *code = check_write ("/usr/share/OVMF/OVMF_CODE_4M.fd", "", 0644);
  g_autofree char *vars = check_write ("/usr/share/OVMF/OVMF_VARS_4M.fd", "", 0644);

  look ("amd64");
  check_assert ("firmware", VQ_CHECK_OK, code, NULL);
  look ("arm64");
  check_assert ("firmware", VQ_CHECK_ERROR, "no EFI firmware", "package qemu-efi-aarch64");
  look ("s390x");
  check_assert ("firmware", VQ_CHECK_OK, "s390x", NULL);
}

TEST (no_helper)
{
  look ("alpha");
  check_assert ("helpers", VQ_CHECK_ERROR, "no guest helper for alpha",
                "package virt-qemu-helpers");
}

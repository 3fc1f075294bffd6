// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/accel.h"

#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "base/error.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 60 /* seconds */

static char *directory;
static char *fake_qemu;

static void
setup (void)
{
  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  directory = g_dir_make_tmp ("vq-accel-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
  fake_qemu = g_build_filename (directory, "qemu", NULL);
}

static void
teardown (void)
{
  g_unlink (fake_qemu);
  ck_assert_int_eq (g_rmdir (directory), 0);
  g_clear_pointer (&fake_qemu, g_free);
  g_clear_pointer (&directory, g_free);
  leaks_assert_none ();
}

static void
write_fake (const char *script)
{
  ck_assert (g_file_set_contents (fake_qemu, script, -1, NULL));
  ck_assert_int_eq (g_chmod (fake_qemu, 0755), 0);
}

CASE ("accel", setup, teardown, 180)

TEST (probe_with_tcg)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_accel_probe ("qemu-system-x86_64", "tcg", "qemu64", PATIENCE, NULL, &error),
                 "%s", error != NULL ? error->message : "");
}

TEST (probe_fails)
{
  static const struct
  {
    const char *script, *error;
    double seconds;
  } cases[] = {
    { "#!/bin/sh\nexec sleep 1000\n", "within 0.3 s", 0.3 },
    { "#!/bin/sh\nsleep 1000\n", "within 0.3 s", 0.3 },
    { "#!/bin/sh\nkill -ABRT $$\n", "ended without a message", PATIENCE },
    { "#!/bin/sh\nexit 0\n", "ended without a message", PATIENCE },
    { "#!/bin/sh\nexit 32\n", "ended without a message", PATIENCE },
    { "#!/bin/sh\nexit 1\n", "ended without a message", PATIENCE },
    { "#!/bin/sh\necho no such accelerator >&2; exit 1\n", "QEMU failed: no such accelerator",
      PATIENCE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      write_fake (cases[i].script);
      ck_assert (!vq_accel_probe (fake_qemu, "kvm", "host", cases[i].seconds, NULL, &error));
      ck_assert_msg (strstr (error->message, cases[i].error) != NULL, "%s", error->message);
    }
}

TEST (probe_passes)
{
  write_fake ("#!/bin/sh\nexit 33\n");
  ck_assert (vq_accel_probe (fake_qemu, "kvm", "host", PATIENCE, NULL, NULL));
}

/* The ROM can be read by QEMU, and is one. */
TEST (rom)
{
  g_autoptr (GError) error = NULL;

  write_fake ("#!/bin/sh\nwhile [ \"$1\" != -bios ]; do shift; done\n"
              "[ \"$(wc -c < \"$2\")\" = 65536 ] && exit 33\nexit 1\n");
  ck_assert_msg (vq_accel_probe (fake_qemu, "kvm", "host", PATIENCE, NULL, &error), "%s",
                 error != NULL ? error->message : "");
}

TEST (no_program)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_accel_probe ("/nonexistent/qemu", "tcg", "max", PATIENCE, NULL, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "/nonexistent/qemu"));
}

static void
choose (VqAccel accel, const char *arch, gboolean *kvm, char **why)
{
  VqOptions options = { .accel = accel };
  g_autoptr (GError) error = NULL;

  ck_assert_msg (
      vq_accel_choose (&options, vq_arch_find_qemu (arch), fake_qemu, kvm, why, NULL, &error), "%s",
      error != NULL ? error->message : "");
}

TEST (tcg_is_not_probed)
{
  gboolean kvm = TRUE;
  g_autofree char *why = NULL;

  choose (VQ_ACCEL_TCG, "x86_64", &kvm, &why); /* there is no program */
  ck_assert (!kvm);
  ck_assert_ptr_null (why);
}

TEST (foreign_architecture_is_not_probed)
{
  gboolean kvm = TRUE;
  g_autofree char *why = NULL;

  choose (VQ_ACCEL_AUTO, "arm", &kvm, &why);
  ck_assert (!kvm);
  ck_assert_ptr_null (why);
}

/* On a host with or without /dev/kvm: a QEMU that hangs means TCG and a reason, soon. */
TEST (auto_with_a_qemu_that_hangs)
{
  const char *host = vq_arch_find_host ()->qemu;
  gint64 start = g_get_monotonic_time ();
  gboolean kvm = TRUE;
  g_autofree char *why = NULL;

  if (!g_str_equal (host, "x86_64") && !g_str_equal (host, "i386"))
    SKIP ("there is no probe for a host of this architecture");
  write_fake ("#!/bin/sh\nexec sleep 1000\n");
  choose (VQ_ACCEL_AUTO, host, &kvm, &why);
  ck_assert (!kvm);
  ck_assert_ptr_nonnull (strstr (why, "/dev/kvm"));
  ck_assert_int_lt (g_get_monotonic_time () - start, 10 * G_USEC_PER_SEC);
}

TEST (auto_cancelled)
{
  const char *host = vq_arch_find_host ()->qemu;
  VqOptions options = { .accel = VQ_ACCEL_AUTO };
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_CANCELLED, "got signal 15");
  g_autoptr (GError) error = NULL;
  gboolean kvm;
  g_autofree char *why = NULL;

  if (g_access ("/dev/kvm", R_OK | W_OK) < 0 || !g_str_equal (host, "x86_64"))
    SKIP ("there is no KVM that could be probed");
  write_fake ("#!/bin/sh\nexec sleep 1000\n");
  vq_cancel_trigger (cancel, reason);
  ck_assert (
      !vq_accel_choose (&options, vq_arch_find_qemu (host), fake_qemu, &kvm, &why, cancel, &error));
  ck_assert (vq_error_is_cancelled (error));
}

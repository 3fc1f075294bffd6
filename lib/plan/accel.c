// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/accel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/child.h"
#include "base/error.h"
#include "base/fd.h"
#include "plan/cpu-model.h"

/* The boot ROM of a PC. Its last 16 bytes hold the first instruction that runs, a jump to the ROM's
 * beginning. */
#define ROM_SIZE 65536
#define RESET_VECTOR 0xfff0

/* isa-debug-exit ends QEMU with (value << 1) | 1. */
#define DEBUG_EXIT_STATUS ((0x10 << 1) | 1)

static const guint8 rom_code[] = {
  0xfa,                               /*     cli */
  0x66, 0xb9, 0x80, 0x84, 0x1e, 0x00, /*     mov ecx, 2000000 */
  0x66, 0x49,                         /* 1:  dec ecx */
  0x75, 0xfc,                         /*     jnz 1b */
  0xb9, 0xc8, 0x00,                   /*     mov cx, 200 */
  0xe6, 0x80,                         /* 2:  out 0x80, al */
  0xe2, 0xfc,                         /*     loop 2b */
  0xb0, 0x10,                         /*     mov al, 0x10 */
  0xe6, 0xf4,                         /*     out 0xf4, al: QEMU exits */
  0xf4,                               /* 3:  hlt */
  0xeb, 0xfd,                         /*     jmp 3b */
};
static const guint8 rom_start[] = { 0xea, 0x00, 0x00, 0x00, 0xf0 }; /* jmp f000:0000 */

/* Makes the ROM as a file without a name. */
static int
make_rom (GError **error)
{
  g_autofree guint8 *rom = g_malloc0 (ROM_SIZE);
  vq_autofd int fd = memfd_create ("virt-qemu-probe", MFD_CLOEXEC);

  memcpy (rom, rom_code, sizeof rom_code);
  memcpy (rom + RESET_VECTOR, rom_start, sizeof rom_start);
  if (fd >= 0 && write (fd, rom, ROM_SIZE) == ROM_SIZE)
    return g_steal_fd (&fd);
  vq_error_set_errno (error, errno, "cannot make the probe's ROM");
  return -1;
}

static gboolean
run_probe (const char *const *argv, double seconds, VqCancel *cancel, GError **error)
{
  g_autoptr (VqChild) child = vq_child_spawn (argv, NULL, error);
  g_autofree char *text = NULL;
  int status;

  if (child == NULL)
    return FALSE;
  if (!vq_child_wait (child, vq_deadline_in (seconds), cancel, error))
    return FALSE;
  status = vq_child_get_status (child);
  if (WIFEXITED (status) && WEXITSTATUS (status) == DEBUG_EXIT_STATUS)
    return TRUE;
  text = vq_child_get_stderr (child);
  return vq_error_set (error, VQ_ERROR_FAILED, "QEMU failed: %s",
                       text[0] != '\0' ? text : "it ended without a message");
}

gboolean
vq_accel_probe (const char *qemu_command, const char *accel, const char *cpu, double seconds,
                VqCancel *cancel, GError **error)
{
  vq_autofd int fd = make_rom (error);
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd/%d", getpid (), fd);
  const char *argv[] = { qemu_command,
                         "-machine",
                         "pc",
                         "-accel",
                         accel,
                         "-nodefaults",
                         "-no-user-config",
                         "-display",
                         "none",
                         "-m",
                         "16",
                         "-device",
                         "isa-debug-exit,iobase=0xf4,iosize=1",
                         "-bios",
                         path,
                         "-cpu",
                         cpu,
                         NULL };

  return fd >= 0 && run_probe (argv, seconds, cancel, error);
}

/* Whether we may use the device at all. */
static gboolean
open_device (const char *root, GError **error)
{
  g_autofree char *path = g_strconcat (root, "/dev/kvm", NULL);
  vq_autofd int fd = open (path, O_RDWR | O_CLOEXEC);

  if (fd >= 0)
    return TRUE;
  if (errno == EACCES || errno == EPERM)
    return vq_error_set (
        error, VQ_ERROR_FAILED,
        "/dev/kvm is not accessible (add yourself to the group kvm: adduser USER kvm)");
  return vq_error_set_errno (error, errno, "cannot open /dev/kvm");
}

static gboolean
is_x86 (const VqArch *arch)
{
  return g_str_equal (arch->qemu, "x86_64") || g_str_equal (arch->qemu, "i386");
}

gboolean
vq_accel_try_kvm (const VqArch *arch, const char *qemu_command, const char *root, VqCancel *cancel,
                  GError **error)
{
  const char *cpu = vq_cpu_model_choose (arch, TRUE, root);

  if (!open_device (root, error))
    return FALSE;
  if (!is_x86 (arch))
    return TRUE; /* no ROM for it; if KVM does not work, starting QEMU will fail */
  if (vq_accel_probe (qemu_command, "kvm", cpu != NULL ? cpu : "max", VQ_ACCEL_PROBE_SECONDS,
                      cancel, error))
    return TRUE;
  if (error != NULL && !vq_error_is_cancelled (*error))
    g_prefix_error (error, "/dev/kvm is there but does not work: ");
  return FALSE;
}

/* A QEMU that the user named runs what it runs. */
static gboolean
fits_kvm (const VqOptions *options, const VqArch *arch)
{
  const VqArch *kvm_arch = vq_arch_find_host_kvm (arch);

  return kvm_arch == arch || (kvm_arch != NULL && options->qemu_command == NULL);
}

gboolean
vq_accel_choose (const VqOptions *options, const VqArch *arch, const char *qemu_command,
                 gboolean *kvm, char **why, VqCancel *cancel, GError **error)
{
  g_autoptr (GError) reason = NULL;

  *kvm = FALSE;
  if (options->accel == VQ_ACCEL_KVM)
    {
      *kvm = TRUE;
      return open_device ("", error);
    }
  if (options->accel == VQ_ACCEL_TCG || !fits_kvm (options, arch))
    return TRUE;
  *kvm = vq_accel_try_kvm (arch, qemu_command, "", cancel, &reason);
  if (*kvm)
    return TRUE;
  if (vq_cancel_reason (cancel) != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  *why = g_strdup (reason->message);
  return TRUE;
}

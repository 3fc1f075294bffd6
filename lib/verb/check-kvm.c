// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/check-kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "plan/accel.h"
#include "plan/cpu-model.h"

#define SLOW "guests are slow (QEMU's TCG)"

/* What to do if there is no /dev/kvm. */
static const char *
advise_missing (const char *root)
{
  if (vq_cpu_model_host_has (root, "vmx"))
    return "run \"modprobe kvm_intel\"; a container must be given the device /dev/kvm";
  if (vq_cpu_model_host_has (root, "svm"))
    return "run \"modprobe kvm_amd\"; a container must be given the device /dev/kvm";
  if (vq_cpu_model_host_has (root, "hypervisor"))
    return "this is a virtual machine: turn on nested virtualisation on its host";
  return "turn on virtualisation in the setup of the host's firmware";
}

/* Adds the line for a device at PATH that we may not open. */
static void
add_forbidden (GPtrArray *lines, const char *path)
{
  g_autofree char *advice = NULL;
  const struct group *group = NULL;
  struct stat st;

  if (stat (path, &st) == 0 && (st.st_mode & (S_IRGRP | S_IWGRP)) == (S_IRGRP | S_IWGRP))
    group = getgrgid (st.st_gid);
  if (group != NULL)
    advice = g_strdup_printf ("run \"adduser %s %s\" as root, and log in again", g_get_user_name (),
                              group->gr_name);
  else
    advice = g_strdup ("run \"chgrp kvm /dev/kvm && chmod 660 /dev/kvm\" as root");
  vq_check_line_add (lines, "kvm", VQ_CHECK_WARNING, advice,
                     "/dev/kvm may not be opened by this user, so " SLOW);
}

static gboolean
probe (GPtrArray *lines, const VqArch *arch, const char *qemu, const char *root)
{
  g_autoptr (GError) error = NULL;

  if (qemu == NULL || vq_accel_try_kvm (arch, qemu, root, NULL, &error))
    {
      vq_check_line_add (lines, "kvm", VQ_CHECK_OK, NULL,
                         qemu != NULL ? "/dev/kvm works" : "/dev/kvm can be opened");
      return qemu != NULL;
    }
  vq_check_line_add (lines, "kvm", VQ_CHECK_WARNING,
                     vq_cpu_model_host_has (root, "hypervisor")
                         ? "this is a virtual machine whose own host does not let it run KVM well"
                         : "look at what the kernel says: dmesg | grep kvm",
                     "%s, so " SLOW, error->message);
  return FALSE;
}

/* Whether KVM works. */
static gboolean
check_kvm (GPtrArray *lines, const VqArch *arch, const char *qemu, const char *root)
{
  g_autofree char *path = g_strconcat (root, "/dev/kvm", NULL);
  vq_autofd int fd = open (path, O_RDWR | O_CLOEXEC);
  int errnum = errno;

  if (vq_arch_find_host_kvm (arch) == NULL)
    vq_check_line_add (lines, "kvm", VQ_CHECK_WARNING, NULL,
                       "no KVM of this host runs %s guests, so " SLOW, arch->dpkg);
  else if (fd < 0 && errnum == ENOENT)
    vq_check_line_add (lines, "kvm", VQ_CHECK_WARNING, advise_missing (root),
                       "there is no /dev/kvm, so " SLOW);
  else if (fd < 0 && (errnum == EACCES || errnum == EPERM))
    add_forbidden (lines, path);
  else
    return probe (lines, arch, qemu, root);
  return FALSE;
}

static void
check_nested (GPtrArray *lines, gboolean kvm, const char *root)
{
  if (!kvm)
    vq_check_line_add (lines, "nested", VQ_CHECK_OK, NULL, "guests cannot use KVM themselves");
  else if (vq_cpu_model_is_nested (root))
    vq_check_line_add (lines, "nested", VQ_CHECK_OK, NULL, "guests can use KVM themselves");
  else
    vq_check_line_add (lines, "nested", VQ_CHECK_OK,
                       "if tests need that, load kvm_intel or kvm_amd with nested=1",
                       "guests cannot use KVM themselves");
}

/* These are only for what a user adds with --qemu-options. */
static void
check_vhost (GPtrArray *lines, const char *root)
{
  static const char *const names[] = { "vhost-net", "vhost-vsock" };
  g_autoptr (GString) found = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/dev/%s", root, names[i]);

      if (g_file_test (path, G_FILE_TEST_EXISTS))
        g_string_append_printf (found, "/dev/%s ", names[i]);
    }
  vq_check_line_add (lines, "vhost", VQ_CHECK_OK, NULL, "%s(not needed)",
                     found->len > 0 ? found->str : "no device ");
}

void
vq_check_kvm (GPtrArray *lines, const VqArch *arch, const char *qemu, const char *root)
{
  gboolean kvm = check_kvm (lines, arch, qemu, root);

  check_nested (lines, kvm, root);
  check_vhost (lines, root);
}

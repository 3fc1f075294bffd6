// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/cpu-model.h"

#include <string.h>

/* Whether INFO, a /proc/cpuinfo, has FLAG among the "flags" of its first processor. */
static gboolean
has_flag (const char *info, const char *flag)
{
  g_auto (GStrv) lines = g_strsplit (info, "\n", -1);

  for (char **line = lines; *line != NULL; line++)
    if (g_str_has_prefix (*line, "flags\t") || g_str_has_prefix (*line, "flags "))
      {
        g_auto (GStrv) words = g_strsplit_set (*line, " \t", -1);

        return g_strv_contains ((const char *const *)words, flag);
      }
  return FALSE;
}

/* Whether the host's kernel module MODULE allows nested guests. If it does not, QEMU would only
 * warn that it cannot give the flag to the guest. */
static gboolean
module_is_nested (const char *root, const char *module)
{
  g_autofree char *path = g_strdup_printf ("%s/sys/module/%s/parameters/nested", root, module);
  g_autofree char *value = NULL;

  return g_file_get_contents (path, &value, NULL, NULL) && (value[0] == 'Y' || value[0] == '1');
}

const char *
vq_cpu_model_choose (const VqArch *arch, gboolean kvm, const char *root)
{
  g_autofree char *path = g_strconcat (root, "/proc/cpuinfo", NULL);
  g_autofree char *info = NULL;

  if (!kvm)
    return arch->cpu_tcg;
  if (!g_str_equal (arch->qemu, "x86_64") || !g_file_get_contents (path, &info, NULL, NULL))
    return arch->cpu_kvm;
  if (has_flag (info, "vmx") && module_is_nested (root, "kvm_intel"))
    return "kvm64,+vmx,+lahf_lm";
  if (has_flag (info, "svm") && module_is_nested (root, "kvm_amd"))
    return "host"; /* on AMD, nested KVM works with nothing less */
  return arch->cpu_kvm;
}

gboolean
vq_cpu_model_host_has (const char *root, const char *flag)
{
  g_autofree char *path = g_strconcat (root, "/proc/cpuinfo", NULL);
  g_autofree char *info = NULL;

  return g_file_get_contents (path, &info, NULL, NULL) && has_flag (info, flag);
}

gboolean
vq_cpu_model_is_nested (const char *root)
{
  return module_is_nested (root, "kvm_intel") || module_is_nested (root, "kvm_amd");
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/cpu-model.h"

#include <check.h>
#include <glib/gstdio.h>

#include "io/child.h"
#include "leaks.h"
#include "suite.h"

static char *root; /* of a host that we make up */

static void
setup (void)
{
  leaks_begin ();
  root = g_dir_make_tmp ("vq-cpu-XXXXXX", NULL);
  ck_assert_ptr_nonnull (root);
}

static void
teardown (void)
{
  const char *const argv[] = { "rm", "-rf", root, NULL };

  ck_assert (vq_child_run (argv, NULL, NULL, vq_deadline_in (60), NULL, NULL));
  g_clear_pointer (&root, g_free);
  leaks_assert_none ();
}

/* CONTENTS NULL: there is no such file. */
static void
write_file (const char *name, const char *contents)
{
  g_autofree char *path = g_build_filename (root, name, NULL);
  g_autofree char *directory = g_path_get_dirname (path);

  g_unlink (path);
  if (contents == NULL)
    return;
  ck_assert_int_eq (g_mkdir_with_parents (directory, 0700), 0);
  ck_assert (g_file_set_contents (path, contents, -1, NULL));
}

#define HEAD "processor\t: 0\nvendor_id\t: X\nbugs\t\t: svm vmx\n"

CASE ("cpu-model", setup, teardown, 60)

TEST (nested)
{
  static const struct
  {
    const char *cpuinfo, *intel, *amd; /* files */
    const char *cpu;
  } cases[] = {
    { HEAD "flags\t\t: fpu vmx ssse3\n", "Y\n", NULL, "kvm64,+vmx,+lahf_lm" },
    { HEAD "flags\t\t: fpu vmx ssse3\n", "1\n", NULL, "kvm64,+vmx,+lahf_lm" },
    { HEAD "flags\t\t: fpu vmx\n", "Y", NULL, "kvm64,+vmx,+lahf_lm" },
    { HEAD "flags\t\t: fpu vmx", "Y\n", NULL, "kvm64,+vmx,+lahf_lm" },
    { HEAD "flags\t\t: fpu vmx ssse3\n", "N\n", NULL, "kvm64" },
    { HEAD "flags\t\t: fpu vmx ssse3\n", "0\n", NULL, "kvm64" },
    { HEAD "flags\t\t: fpu vmx ssse3\n", NULL, NULL, "kvm64" },
    { HEAD "flags\t\t: fpu vmx ssse3\n", NULL, "1\n", "kvm64" },
    { HEAD "flags\t\t: fpu vmx ssse3\n", "", NULL, "kvm64" },
    { HEAD "flags\t\t: fpu svm sse4a\n", NULL, "1\n", "host" },
    { HEAD "flags\t\t: fpu svm sse4a\n", NULL, "0\n", "kvm64" },
    { HEAD "flags\t\t: fpu svm sse4a\n", "Y\n", NULL, "kvm64" },
    { HEAD "flags\t\t: fpu svm_lock xvmx\nvmx flags\t: vmx svm\n", "Y\n", "1\n", "kvm64" },
    { HEAD "flags\t\t: fpu\n", "Y\n", "1\n", "kvm64" },
    { HEAD "flags\t\t: fpu\n\nflags\t\t: vmx\n", "Y\n", NULL, "kvm64" },
    { "", "Y\n", "1\n", "kvm64" },
    { NULL, "Y\n", "1\n", "kvm64" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      write_file ("proc/cpuinfo", cases[i].cpuinfo);
      write_file ("sys/module/kvm_intel/parameters/nested", cases[i].intel);
      write_file ("sys/module/kvm_amd/parameters/nested", cases[i].amd);
      ck_assert_msg (g_str_equal (vq_cpu_model_choose (vq_arch_find_qemu ("x86_64"), TRUE, root),
                                  cases[i].cpu),
                     "case %u", i);
      ck_assert_ptr_null (vq_cpu_model_choose (vq_arch_find_qemu ("x86_64"), FALSE, root));
      ck_assert_ptr_null (vq_cpu_model_choose (vq_arch_find_qemu ("i386"), TRUE, root));
    }
}

TEST (other_architectures)
{
  ck_assert_str_eq (vq_cpu_model_choose (vq_arch_find_qemu ("aarch64"), FALSE, ""), "cortex-a53");
  ck_assert_str_eq (vq_cpu_model_choose (vq_arch_find_qemu ("aarch64"), TRUE, ""), "host");
  ck_assert_ptr_null (vq_cpu_model_choose (vq_arch_find_qemu ("s390x"), TRUE, ""));
}

/* Whatever this host is. */
TEST (this_host)
{
  ck_assert_ptr_nonnull (vq_cpu_model_choose (vq_arch_find_qemu ("x86_64"), TRUE, ""));
}

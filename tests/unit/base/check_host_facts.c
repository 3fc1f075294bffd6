// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/host-facts.h"

#include <check.h>
#include <string.h>
#include <unistd.h>

#include "leaks.h"
#include "suite.h"

static void
assert_cpu (const char *cpuinfo, const char *expected)
{
  g_autofree char *cpu = vq_host_facts_parse_cpu (cpuinfo);

  if (expected == NULL)
    ck_assert_ptr_null (cpu);
  else
    ck_assert_str_eq (cpu, expected);
}

CASE ("host-facts", leaks_begin, leaks_assert_none, 60)

/* What changes while it runs is left out, and so are the other processors. */
TEST (x86)
{
  assert_cpu ("processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\n"
              "model name\t: AMD EPYC 7R13\nstepping\t: 1\nmicrocode\t: 0x1000065\n"
              "cpu MHz\t\t: 2649.998\ncache size\t: 512 KB\napicid\t\t: 0\n"
              "flags\t\t: fpu vme\nbugs\t\t: spectre_v1\nbogomips\t: 5299.99\n\n"
              "processor\t: 1\nvendor_id\t: Other\nflags\t\t: none\n\n",
              "vendor_id: AuthenticAMD\ncpu family: 25\nmodel: 1\nmodel name: AMD EPYC 7R13\n"
              "stepping: 1\nmicrocode: 0x1000065\nflags: fpu vme");
}

TEST (arm)
{
  assert_cpu ("processor\t: 0\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\n"
              "CPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\nCPU revision\t: 1\n",
              "Features: fp asimd\nCPU implementer: 0x41\nCPU architecture: 8\nCPU variant: 0x3\n"
              "CPU part: 0xd0c\nCPU revision: 1");
}

TEST (nothing_known)
{
  assert_cpu ("", NULL);
  assert_cpu ("\n\nflags: x\n", NULL);
  assert_cpu ("processor: 0\nno colon\n", NULL);
}

TEST (this_host)
{
  g_autofree char *kernel = vq_host_facts_get_kernel ();
  g_autofree char *cpu = vq_host_facts_get_cpu (NULL);
  g_autofree char *again = vq_host_facts_get_cpu (NULL);
  g_autofree char *boot = vq_host_facts_get_boot (NULL);
  g_autofree char *same = vq_host_facts_get_boot (NULL);

  ck_assert (g_str_has_prefix (kernel, "Linux "));
  ck_assert_str_eq (cpu, again);
  ck_assert_uint_eq (strlen (boot), 36);
  ck_assert_str_eq (boot, same);
}

TEST (peak_memory)
{
  ck_assert_uint_ge (vq_host_facts_get_peak_memory (getpid ()), 1024 * 1024);
  ck_assert_uint_eq (vq_host_facts_get_peak_memory (0), 0);
}

/* A machine without a time zone is none to fail on: a fresh chroot has none. */
TEST (time_zone)
{
  g_autofree char *zone = vq_host_facts_get_time_zone ();

  if (zone == NULL)
    SKIP ("this machine has no time zone");
  ck_assert (zone[0] != '/' && zone[0] != '\0');
  ck_assert_ptr_null (strstr (zone, ".."));
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/hotplug-bus.h"

#include <check.h>
#include <string.h>

#include "bare-machine.h"
#include "base/error.h"
#include "suite.h"

#define NONE "none"

/* BUS is "root" for a port of our own, "any" for what QEMU finds, NONE for an error. */
static const struct
{
  const char *arch;
  gboolean efi;
  const char *words; /* of --qemu-options */
  const char *bus;
} cases[] = {
  { "x86_64", FALSE, "", "pci.0" },
  { "x86_64", TRUE, "", "root" },
  { "i386", FALSE, "", "pci.0" },
  { "i386", TRUE, "", "root" },
  { "aarch64", TRUE, "", "root" },
  { "arm", TRUE, "", "root" },
  { "riscv64", TRUE, "", "root" },
  { "ppc64le", FALSE, "", "pci.0" },
  { "s390x", FALSE, "", "any" },
  { "x86_64", FALSE, "-machine q35", "root" },
  { "x86_64", FALSE, "-M q35,smm=off", "root" },
  { "x86_64", FALSE, "--machine smm=off,type=q35", "root" },
  { "x86_64", FALSE, "-M pc-q35-7.2", "root" },
  { "x86_64", TRUE, "-M pc", "pci.0" },
  { "x86_64", TRUE, "-M pc-i440fx-7.2,smm=off", "pci.0" },
  { "x86_64", TRUE, "-machine smm=off", "pci.0" },
  { "x86_64", TRUE, "-machine smm=off -M q35", "root" },
  { "x86_64", TRUE, "-M q35 -machine pc", "pci.0" },
  { "x86_64", TRUE, "-M q35 -machine smm=off", "root" },
  { "x86_64", TRUE, "-device q35 -machine", "root" },
  { "aarch64", TRUE, "-machine virt-7.2", "root" },
  { "ppc64le", FALSE, "-machine pseries-7.2", "pci.0" },
  { "s390x", FALSE, "-M s390-ccw-virtio-7.2", "any" },
  { "x86_64", FALSE, "-M microvm", NONE },
  { "x86_64", FALSE, "-machine isapc", NONE },
  { "x86_64", FALSE, "-machine type=none", NONE },
  { "x86_64", FALSE, "-M pcx", NONE },
  { "x86_64", FALSE, "-M p", NONE },
  { "x86_64", FALSE, "-M pc-q3", NONE },
  { "aarch64", TRUE, "-M virtual", NONE },
  { "aarch64", TRUE, "-M raspi3b", NONE },
  { "ppc64le", FALSE, "-M powernv", NONE },
};

static const char *
describe (const VqHotplugBus *bus)
{
  if (bus == NULL)
    return NONE;
  if (bus->port != NULL)
    {
      g_autofree char *id = g_strdup_printf (",id=%s,", bus->bus);

      ck_assert_ptr_nonnull (strstr (bus->port, id));
      return "root";
    }
  return bus->bus != NULL ? bus->bus : "any";
}

CASE ("find", NULL, NULL, 0)

TEST_LOOP (find, 0, G_N_ELEMENTS (cases))
{
  g_autoptr (BareMachine) bare = bare_machine_new (cases[_i].arch, "--baseimage");
  g_autoptr (GError) error = NULL;
  const VqHotplugBus *bus;

  g_strfreev (bare->options->qemu_options);
  bare->options->qemu_options = g_strsplit (cases[_i].words, " ", -1);
  bus = vq_hotplug_bus_find (bare->options, bare->plan.arch, cases[_i].efi, "--baseimage", &error);
  ck_assert_str_eq (describe (bus), cases[_i].bus);
  ck_assert ((error != NULL) == (bus == NULL));
}

CASE ("message", NULL, NULL, 30)

TEST (message)
{
  g_autoptr (BareMachine) bare = bare_machine_new ("x86_64", "--baseimage");
  g_autoptr (GError) error = NULL;

  g_strfreev (bare->options->qemu_options);
  bare->options->qemu_options = g_strsplit ("-M microvm,rtc=on", " ", -1);
  ck_assert_ptr_null (
      vq_hotplug_bus_find (bare->options, bare->plan.arch, FALSE, "--baseimage", &error));
  ck_assert_str_eq (error->message,
                    "--baseimage: no disk can be plugged into a running machine of type microvm; "
                    "leave out this option or that type");
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
}

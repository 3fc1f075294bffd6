// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/qemu-config.h"

#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "bare-machine.h"
#include "io/child.h"
#include "plan/display.h"
#include "disk-images.h"
#include "base/error.h"
#include "leaks.h"
#include "qemu/qemu.h"
#include "suite.h"

#define READ_ONLY "read-only=on,auto-read-only=off"
#define OVERLAY_OPTIONS "discard=unmap,cache.direct=off,cache.no-flush=on"
#define PATIENCE 60 /* seconds */

static const char *const arches[]
    = { "x86_64", "i386", "aarch64", "arm", "ppc64le", "s390x", "riscv64" };

static void
setup (void)
{
  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
}

/* The argv of a machine that nobody starts, as " word word ... ". */
static char *
build_line (BareMachine *bare)
{
  g_auto (GStrv) argv = NULL;
  g_autofree char *line = NULL;

  bare->machine.directory = "/dir,1";
  bare->machine.efi_vars = "/dir,1/efivars.fd";
  bare->machine.overlay = "/over,lay";
  bare->machine.qmp_fd = 7;
  bare->machine.console_fd = 8;
  argv = vq_qemu_config_build_argv (&bare->machine);
  line = g_strjoinv (" ", argv);
  return g_strdup_printf (" %s ", line);
}

static char *
build (const char *arch, const char *more)
{
  g_autoptr (BareMachine) bare = bare_machine_new (arch, more);

  return build_line (bare);
}

static gboolean
has (const char *line, const char *text)
{
  g_autofree char *padded = g_strdup_printf (" %s ", text);

  return strstr (line, padded) != NULL;
}

static void
assert_has (const char *line, const char *text)
{
  ck_assert_msg (has (line, text), "no \"%s\" in%s", text, line);
}

static guint
count (const char *line, const char *text)
{
  guint n = 0;

  for (const char *at = line; (at = strstr (at, text)) != NULL; at += strlen (text) - 1)
    n++;
  return n;
}

CASE ("machine", setup, leaks_assert_none, 180)

TEST (common)
{
  static const char *const pairs[] = {
    "-nodefaults",
    "-no-user-config",
    "-S",
    "-display none",
    "-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
    "-m 64",
    "-smp 1",
    "-accel tcg,thread=multi,tb-size=128",
    "-object rng-random,filename=/dev/urandom,id=vq-rng0",
    "-chardev socket,id=vq-own-qmp,fd=7",
    "-qmp chardev:vq-own-qmp",
    "-chardev socket,id=vq-monitor,path=/dir,,1/monitor,server=on,wait=off",
    "-monitor chardev:vq-monitor",
    "-chardev socket,id=vq-qmp,path=/dir,,1/qmp,server=on,wait=off",
    "-qmp chardev:vq-qmp",
    "-add-fd fd=8,set=1",
    "-chardev socket,id=vq-hvc1,path=/dir,,1/hvc1,server=on,wait=off",
    "-chardev socket,id=vq-qga,path=/dir,,1/qga,server=on,wait=off",
    "-device virtserialport,bus=vq-ports.0,chardev=vq-qga,id=vq-agent0,name=org.qemu.guest_agent.0",
    "-netdev user,id=vq-net0",
    "-blockdev driver=raw,node-name=vq-image,file=vq-image-file,read-only=on,auto-read-only=off",
    "-blockdev driver=file,node-name=vq-disk-file,filename=/over,,lay," OVERLAY_OPTIONS,
    "-blockdev driver=qcow2,node-name=vq-disk,file=vq-disk-file,backing=vq-image," OVERLAY_OPTIONS,
  };

  for (guint a = 0; a < G_N_ELEMENTS (arches); a++)
    {
      g_autofree char *line = build (arches[a], NULL);
      g_autofree char *start = g_strdup_printf (" qemu-system-%s ", arches[a]);

      ck_assert (g_str_has_prefix (line, start));
      for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
        assert_has (line, pairs[i]);
      ck_assert_uint_eq (count (line, " -machine "), 1);
      ck_assert_uint_eq (count (line, " -netdev "), 1);
      ck_assert_uint_eq (count (line, "if=pflash"), 0);
      ck_assert_uint_eq (count (line, "bootindex"), 1);
      ck_assert_uint_eq (count (line, "id=vq-hvc0,"), 1);
      ck_assert_uint_eq (count (line, "logfile=/dev/fdset/1"), 1);
    }
}

TEST (by_architecture)
{
  static const struct
  {
    const char *arch, *text;
    gboolean there;
  } cases[] = {
    { "x86_64", "-machine pc", TRUE },
    { "x86_64", "-device vmgenid,guid=auto", TRUE },
    { "x86_64", "-device virtio-net-pci,netdev=vq-net0,romfile=,addr=0x3", TRUE },
    { "x86_64", "-serial chardev:vq-ttyS1", TRUE },
    { "x86_64", "-device virtconsole,bus=vq-ports.0,chardev=vq-hvc0", TRUE },
    { "i386", "-machine pc", TRUE },
    { "i386", "-device vmgenid,guid=auto", TRUE },
    { "aarch64", "-machine virt", TRUE },
    { "aarch64", "-cpu cortex-a53", TRUE },
    { "aarch64", "-device vmgenid,guid=auto", FALSE },
    { "aarch64", "-serial chardev:vq-ttyS1", FALSE },
    { "aarch64", "-device virtio-net-pci,netdev=vq-net0,romfile=", TRUE },
    { "arm", "-machine virt", TRUE },
    { "ppc64le", "-machine pseries", TRUE },
    { "ppc64le", "-serial chardev:vq-hvc0", TRUE },
    { "ppc64le", "-device virtconsole,bus=vq-ports.0,chardev=vq-hvc0", FALSE },
    { "ppc64le", "-device virtconsole,bus=vq-ports.0,chardev=vq-hvc1,id=vq-shell0", TRUE },
    { "s390x", "-machine s390-ccw-virtio", TRUE },
    { "s390x", "-device virtio-net-ccw,netdev=vq-net0", TRUE },
    { "s390x", "-device virtio-blk-ccw,drive=vq-disk,bootindex=1", TRUE },
    { "s390x", "-device virtio-rng-ccw,rng=vq-rng0", TRUE },
    { "s390x", "-device pvpanic-pci", FALSE },
    { "riscv64", "-machine virt", TRUE },
    { "riscv64", "-device virtio-blk-pci,drive=vq-disk,bootindex=1", TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *line = build (cases[i].arch, NULL);

      ck_assert_msg (has (line, cases[i].text) == cases[i].there, "%s in%s", cases[i].text, line);
    }
}

/* What the plan chose of what not every QEMU or host has. */
TEST (chosen_by_the_plan)
{
  static const struct
  {
    const char *arch;
    gboolean kvm, is_new;
    const char *text, *other;
  } cases[] = {
    { "aarch64", TRUE, FALSE, "-machine virt,gic-version=max", "-machine virt" },
    { "riscv64", FALSE, TRUE, "-machine virt,acpi=off -cpu rva23s64", "-machine virt" },
    { "riscv64", FALSE, FALSE, "-machine virt", "-cpu rva23s64" },
    { "riscv64", TRUE, TRUE, "-machine virt,acpi=off", "-cpu rva23s64" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (BareMachine) bare = bare_machine_new (cases[i].arch, NULL);
      g_autofree char *line = NULL;

      bare->plan.kvm = cases[i].kvm;
      bare->plan.machine_new = bare->plan.cpu_new = cases[i].is_new;
      line = build_line (bare);
      assert_has (line, cases[i].text);
      ck_assert_msg (!has (line, cases[i].other), "%s in%s", cases[i].other, line);
    }
}

/* QEMU's own default machine, as with Debian's server. */
TEST (architecture_without_more)
{
  g_autofree char *line = build ("loongarch64", NULL);

  ck_assert_ptr_null (strstr (line, " -machine "));
  ck_assert_ptr_null (strstr (line, " -cpu "));
  assert_has (line, "-device virtio-net-pci,netdev=vq-net0,romfile=");
  assert_has (line, "-serial chardev:vq-ttyS0");
}

/* Behind the network card, so that it gets the slot that it has with Debian's server. */
TEST (display)
{
  g_autoptr (BareMachine) bare = bare_machine_new ("x86_64", NULL);
  g_autofree char *without = build_line (bare);
  g_autofree char *line = NULL;

  ck_assert_ptr_null (strstr (without, "vga"));
  bare->plan.display = (char *)"my-vga,x=1";
  bare->machine.screen_fd = 9;
  line = build_line (bare);
  assert_has (line, "-device virtio-net-pci,netdev=vq-net0,romfile=,addr=0x3 -device my-vga,x=1");
  assert_has (line, "-add-fd fd=9,set=2");
}

TEST (restricted_network)
{
  g_autofree char *line = build ("x86_64", "--network=restricted");

  assert_has (line, "-netdev user,id=vq-net0,restrict=on");
}

/* The one whose ports are forwarded is the first in the user network. QEMU must be able to start
 * its helper for a bridge. */
TEST (network_cards)
{
  g_autofree char *line
      = build ("x86_64", "--network=restricted --nic=bridge,br=front,mac=52:54:00:00:00:01 "
                         "--nic=user --nic=user");

  assert_has (line, "-netdev bridge,id=vq-net1,br=front "
                    "-device virtio-net-pci,netdev=vq-net1,romfile=,addr=0x3,mac=52:54:00:00:00:01 "
                    "-netdev user,id=vq-net0,restrict=on "
                    "-device virtio-net-pci,netdev=vq-net0,romfile= "
                    "-netdev user,id=vq-net3,restrict=on");
  assert_has (line, "-sandbox on,obsolete=deny,resourcecontrol=deny");
}

/* What the user says is not said twice, and comes last. */
TEST (options_of_the_user)
{
  static const struct
  {
    const char *given, *ours, *theirs;
  } cases[] = {
    { "--qemu-options=-machine q35", " -machine pc ", " -machine q35" },
    { "--qemu-options=-M q35", " -machine pc ", " -M q35" },
    { "--qemu-options=--machine q35", " -machine pc ", " --machine q35" },
    { "--qemu-options=-accel tcg", " -accel tcg,thread=multi,tb-size=128 ", " -accel tcg" },
    { "--qemu-options=-enable-kvm", " -accel tcg,thread=multi,tb-size=128 ", " -enable-kvm" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (BareMachine) bare = bare_machine_new ("x86_64", NULL);
      g_auto (GStrv) argv = NULL;
      g_autofree char *line = NULL;

      g_strfreev (bare->options->qemu_options);
      bare->options->qemu_options = g_strsplit (strchr (cases[i].given, '=') + 1, " ", -1);
      bare->machine.overlay = "overlay";
      argv = vq_qemu_config_build_argv (&bare->machine);
      line = g_strjoinv (" ", argv);
      ck_assert_ptr_null (strstr (line, cases[i].ours));
      ck_assert (g_str_has_suffix (line, cases[i].theirs));
    }
}

TEST (cpu_of_the_user)
{
  static const char *const words[] = { "", "-cpu max", "--cpu max" };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_autoptr (BareMachine) bare = bare_machine_new ("x86_64", NULL);
      g_auto (GStrv) argv = NULL;
      g_autofree char *line = NULL;

      g_strfreev (bare->options->qemu_options);
      bare->options->qemu_options = g_strsplit (words[i], " ", -1);
      bare->machine.overlay = "overlay";
      bare->plan.kvm = TRUE;
      argv = vq_qemu_config_build_argv (&bare->machine);
      line = g_strjoinv (" ", argv);
      ck_assert_uint_eq (count (line, "-cpu "), 1);
      ck_assert (i == 0 || g_str_has_suffix (line, words[i]));
    }
}

TEST (cpu_by_architecture)
{
  g_autofree char *line = build ("aarch64", "--qemu-options=-cpu=max");
  g_autofree char *own = NULL;

  assert_has (line, "-cpu cortex-a53"); /* "-cpu=max" is not QEMU's way to say it */
  own = build ("aarch64", "--qemu-options=--cpu");
  ck_assert_ptr_null (strstr (own, "cortex-a53"));
}

TEST (with_firmware)
{
  g_autoptr (BareMachine) bare = bare_machine_new ("x86_64", NULL);
  g_autofree char *line = NULL;
  g_autofree char *code = NULL;

  bare_machine_use_firmware (bare);
  line = build_line (bare);
  code = g_strdup_printf ("-drive if=pflash,format=raw,unit=0,readonly=on,file=%s",
                          vq_firmware_get_code (bare->plan.firmware));
  assert_has (line, code);
  assert_has (line, "-drive if=pflash,format=raw,unit=1,file=/dir,,1/efivars.fd");
  assert_has (line, "-machine q35");
  ck_assert (!has (line, "-machine pc"));
}

/* Behind the first disk, and the seed behind them. */
TEST (further_disks)
{
  g_autoptr (BareMachine) bare = bare_machine_new ("x86_64", NULL);
  g_autofree char *raw = NULL;
  g_autofree char *qcow2 = NULL;
  g_autofree char *line = NULL;

  bare_machine_add_disk (bare, "a,b", "raw");
  bare_machine_add_disk (bare, "c d", "qcow2");
  bare->plan.cloud_seed = TRUE;
  bare->machine.seed = "/se,ed";
  raw = g_strdup_printf ("-blockdev driver=file,node-name=vq-more1-file,filename=%s/a,,b," READ_ONLY
                         " -blockdev driver=raw,node-name=vq-more1,file=vq-more1-file," READ_ONLY
                         " -device virtio-blk-pci,drive=vq-more1",
                         bare->directory);
  qcow2 = g_strdup_printf (
      "-blockdev driver=file,node-name=vq-more2-file,filename=%s/c d," READ_ONLY
      " -blockdev {\"driver\":\"qcow2\",\"node-name\":\"vq-more2\",\"file\":\"vq-more2-file\","
      "\"backing\":null,\"read-only\":true,\"auto-read-only\":false}",
      bare->directory);
  line = build_line (bare);
  assert_has (line, raw);
  assert_has (line, qcow2);
  assert_has (line, "-blockdev driver=file,node-name=vq-seed-file,filename=/se,,ed," READ_ONLY);
  assert_has (line, "-device virtio-blk-pci,drive=vq-seed");
}

/* The words of --disk are given in TEXTS, with "IMAGE" for an image. */
static void
add_disks (BareMachine *bare, const char *const *texts)
{
  const VqImageGateFile *file = images_get_file (bare->plan.image);

  for (; *texts != NULL; texts++)
    {
      g_auto (GStrv) halves = g_strsplit (*texts, "IMAGE", 2);
      g_autofree char *text = g_strjoinv (file->path, halves);
      VqDiskSpec *spec = vq_disk_spec_parse (text, NULL);

      ck_assert_ptr_nonnull (spec);
      g_ptr_array_add (bare->options->disks, spec);
    }
  ck_assert (vq_disk_spec_complete (bare->options->disks, FALSE, NULL));
  bare->plan.disks = vq_disk_find_all (bare->options->disks, FALSE, "amd64", NULL, NULL, NULL);
  ck_assert_ptr_nonnull (bare->plan.disks);
}

/* They come before the other further images. */
TEST (disks_of_the_user)
{
  static const char *const disks[]
      = { "size=5,cache=none", "name=b,url=IMAGE,cache=writethrough", "url=IMAGE,read-only", NULL };
  g_autoptr (BareMachine) bare = bare_machine_new ("x86_64", NULL);
  VqMachineDisk first = { .path = (char *)"/d,1" };
  VqMachineDisk second = { .path = (char *)"/d2", .template_disk = (char *)"/t,2" };
  VqMachineDisk third = { .path = (char *)"/d3" };
  g_autoptr (GPtrArray) files = g_ptr_array_new ();
  g_autofree char *line = NULL;

  add_disks (bare, disks);
  bare_machine_add_disk (bare, "more", "raw");
  g_ptr_array_add (files, &first);
  g_ptr_array_add (files, &second);
  g_ptr_array_add (files, &third);
  bare->machine.disks = files;
  line = build_line (bare);
  assert_has (line, "-blockdev driver=file,node-name=vq-disk1-file,filename=/d,,1,discard=unmap,"
                    "cache.direct=on -blockdev driver=qcow2,node-name=vq-disk1,file=vq-disk1-file,"
                    "discard=unmap,cache.direct=on -device virtio-blk-pci,drive=vq-disk1,"
                    "serial=disk1");
  assert_has (line,
              "-blockdev driver=file,node-name=vq-disk2-template-file,filename=/t,,2," READ_ONLY
              " -blockdev driver=qcow2,node-name=vq-disk2-template,"
              "file=vq-disk2-template-file,backing=vq-disk2-image," READ_ONLY);
  assert_has (line, "driver=qcow2,node-name=vq-disk2,file=vq-disk2-file,backing=vq-disk2-template,"
                    "discard=unmap,cache.direct=off -device virtio-blk-pci,drive=vq-disk2,"
                    "serial=b,write-cache=off");
  assert_has (line,
              "driver=qcow2,node-name=vq-disk3,file=vq-disk3-file,backing=vq-disk3-image," READ_ONLY
              " -device virtio-blk-pci,drive=vq-disk3,serial=disk3");
  ck_assert_ptr_nonnull (strstr (strstr (line, "serial=disk3"), "vq-more1"));
}

/* Those that are plugged in later have ports, where the machine needs them, and nothing else. */
TEST (late_disks_of_the_user)
{
  static const char *const disks[] = { "encrypt=luks1", "size=5", NULL };
  g_autoptr (BareMachine) bare = bare_machine_new ("aarch64", "--baseimage");
  g_autofree char *line = NULL;

  add_disks (bare, disks);
  ck_assert_uint_eq (bare->plan.disks->len, 0);
  bare->plan.late_disks = vq_disk_find_all (bare->options->disks, TRUE, "arm64", NULL, NULL, NULL);
  line = build_line (bare);
  assert_has (line, "-device pcie-root-port,id=vq-late0-port,chassis=220 "
                    "-device pcie-root-port,id=vq-late1-port,chassis=221 "
                    "-device pcie-root-port,id=vq-baseimage-port,chassis=250");
  ck_assert_uint_eq (count (line, "luks"), 0);
}

/* What stays must be on the disk; what does not is quick. */
TEST (cache_of_disks)
{
  static const char *const disks[] = { "size=5", NULL };
  g_autoptr (BareMachine) bare = bare_machine_new ("x86_64", NULL);
  g_autofree char *quick = NULL;
  g_autofree char *safe = NULL;

  add_disks (bare, disks);
  quick = build_line (bare);
  assert_has (quick, "driver=qcow2,node-name=vq-disk1,file=vq-disk1-file," OVERLAY_OPTIONS);
  bare->machine.disk_stays = TRUE;
  safe = build_line (bare);
  assert_has (safe, "driver=qcow2,node-name=vq-disk1,file=vq-disk1-file,discard=unmap,"
                    "cache.direct=off");
}

/* What the user wants of cloud-init is on a CD, on every type of machine. */
TEST (seed_is_a_cd)
{
  static const char *const names[] = { "x86_64", "aarch64", "arm", "s390x", "ppc64le", "riscv64" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (BareMachine) bare = bare_machine_new (names[i], NULL);
      g_autoptr (VqSeed) seed = vq_seed_new ();
      g_autofree char *device = g_strdup_printf (
          "-device virtio-scsi-%s,id=vq-scsi -device scsi-cd,bus=vq-scsi.0,drive=vq-seed",
          i == 3 ? "ccw" : "pci");
      g_autofree char *line = NULL;

      bare->plan.seed = seed;
      bare->plan.cloud_seed = i == 0;
      bare->machine.seed = "/seed";
      line = build_line (bare);
      assert_has (line, device);
      ck_assert_msg (!has (line, "drive=vq-seed -device virtio-blk"), "%s", line);
      ck_assert (has (line, "-smbios type=1,serial=ds=nocloud") == (i < 2));
      bare->plan.seed = NULL;
    }
}

/* Each file of the chain, from the bottom to the top, with its own format. */
TEST (disk_of_a_fork)
{
  g_autoptr (BareMachine) bare = bare_machine_new ("x86_64", NULL);
  g_autofree char *base = g_build_filename (bare->directory, "base.raw", NULL);
  g_autofree char *path = g_build_filename (bare->directory, "image", NULL);
  const char *const argv[]
      = { "qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", base, path, NULL };
  g_autofree char *line = NULL;

  ck_assert (vq_child_run (argv, NULL, NULL, vq_deadline_in (PATIENCE), NULL, NULL));
  vq_image_free (bare->plan.image);
  bare->plan.image = vq_image_inspect (path, VQ_IMAGE_BOOT, NULL, NULL);
  bare->machine.template_disk = "/template";
  line = build_line (bare);
  assert_has (line, "driver=raw,node-name=vq-image-1,file=vq-image-1-file," READ_ONLY);
  assert_has (line,
              "driver=qcow2,node-name=vq-image,file=vq-image-file,backing=vq-image-1," READ_ONLY);
  assert_has (line, "driver=file,node-name=vq-template-file,filename=/template," READ_ONLY);
  assert_has (
      line, "driver=qcow2,node-name=vq-template,file=vq-template-file,backing=vq-image," READ_ONLY);
  assert_has (
      line,
      "driver=qcow2,node-name=vq-disk,file=vq-disk-file,backing=vq-template," OVERLAY_OPTIONS);
}

static void
add_model (GHashTable *seen, const BareMachine *bare)
{
  g_auto (GStrv) argv = vq_qemu_config_build_model (&bare->plan);
  g_autofree char *line = g_strjoinv (" ", argv);

  ck_assert_ptr_null (strstr (line, bare->machine.directory));
  ck_assert_msg (g_hash_table_add (seen, g_strdup (line)), "twice: %s", line);
}

/* The model is another one with each change of the plan, but knows nothing of one machine. */
TEST (model)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (BareMachine) bare = bare_machine_new ("x86_64", NULL);
  g_autoptr (BareMachine) other = bare_machine_new ("x86_64", "--baseimage");

  bare->machine.directory = other->machine.directory = "/nowhere";
  bare->machine.efi_vars = other->machine.efi_vars = "/nowhere/vars";
  bare->machine.disk_stays = TRUE;
  add_model (seen, bare);
  bare->plan.kvm = TRUE;
  add_model (seen, bare);
  bare->plan.cloud_seed = TRUE;
  add_model (seen, bare);
  bare_machine_use_firmware (bare);
  add_model (seen, bare);
  bare_machine_use_firmware (other);
  add_model (seen, other);
  bare_machine_add_disk (bare, "more", "raw");
  add_model (seen, bare);
}

TEST (with_kvm)
{
  g_autoptr (BareMachine) bare = bare_machine_new ("x86_64", NULL);
  g_autofree char *line = NULL;

  bare->plan.kvm = TRUE;
  line = build_line (bare);
  assert_has (line, "-accel kvm");
  ck_assert_ptr_nonnull (strstr (line, " -cpu "));
  ck_assert_ptr_null (strstr (line, "tcg"));
}

/* A port to plug the base image in, only where it is wanted and the root bus takes nothing. */
TEST (baseimage)
{
  static const struct
  {
    const char *arch, *options;
    gboolean port;
  } cases[] = {
    { "x86_64", NULL, FALSE },           { "x86_64", "--baseimage", FALSE },
    { "aarch64", NULL, FALSE },          { "aarch64", "--baseimage", TRUE },
    { "ppc64le", "--baseimage", FALSE }, { "s390x", "--baseimage", FALSE },
  };
  g_autoptr (BareMachine) with = bare_machine_new ("x86_64", "--baseimage");
  g_autofree char *with_efi = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *line = build (cases[i].arch, cases[i].options);

      ck_assert_uint_eq (count (line, "pcie-root-port"), cases[i].port);
      ck_assert_uint_eq (count (line, "BASEIMAGE"), 0); /* it comes later */
    }
  bare_machine_use_firmware (with);
  with_efi = build_line (with);
  ck_assert_uint_eq (count (with_efi, " -device pcie-root-port,id="), 1);
}

TEST (shared_dirs)
{
  for (guint a = 0; a < G_N_ELEMENTS (arches); a++)
    {
      g_autofree char *line
          = build (arches[a], "--shared-dir=src=/x,y,dst=/z --shared-dir=src=/w,dst=/v,rw");
      g_autofree char *device
          = g_strdup_printf ("-device virtio-9p-%s,fsdev=vq-shared1,mount_tag=vq-shared1",
                             vq_arch_find_qemu (arches[a])->virtio);

      assert_has (line, "-fsdev local,id=vq-shared0,path=/x,,y,security_model=none,multidevs=remap,"
                        "readonly=on");
      assert_has (line, "-fsdev local,id=vq-shared1,path=/w,security_model=none,multidevs=remap");
      assert_has (line, device);
      ck_assert_uint_eq (count (line, "virtio-9p"), 2);
    }
}

/* The lines of a machine without memory file, of a template, of a fork of it, and one that opens
 * the file for reading only. */
static void
build_four (const char *arch, char *lines[4])
{
  g_autoptr (BareMachine) bare = bare_machine_new (arch, NULL);

  for (int i = 0; i < 4; i++)
    {
      VqQemuConfig config = bare->machine;
      g_auto (GStrv) argv = NULL;

      config.directory = "/dir";
      config.overlay = "/overlay";
      config.ram_path = i == 0 ? NULL : "/r,am";
      config.ram_shared = i == 1;
      config.incoming = i >= 2;
      config.ram_readonly = i == 3;
      argv = vq_qemu_config_build_argv (&config);
      lines[i] = g_strjoinv (" ", argv);
    }
}

/* LINE without PARTS, each of which is in it once. Transfer full. */
static char *
cut (const char *line, const char *const *parts)
{
  char *rest = g_strdup (line);

  for (; *parts != NULL; parts++)
    {
      g_auto (GStrv) pieces = g_strsplit (rest, *parts, -1);

      ck_assert_msg (g_strv_length (pieces) == 2, "not once \"%s\" in %s", *parts, line);
      g_free (rest);
      rest = g_strconcat (pieces[0], pieces[1], NULL);
    }
  return rest;
}

/* The guest must find the same machine: they differ in nothing else. */
TEST (memory_file)
{
  static const char *const options[]
      = { " -machine memory-backend=vq-mem,suppress-vmdesc=on",
          " -object memory-backend-file,id=vq-mem,size=64M,share=on,mem-path=/r,,am", NULL };

  for (guint a = 0; a < G_N_ELEMENTS (arches); a++)
    {
      char *lines[4];
      g_autofree char *plain = NULL, *template = NULL, *fork = NULL, *readonly = NULL;

      build_four (arches[a], lines);
      plain = cut (lines[1], options);
      ck_assert_str_eq (plain, lines[0]);
      template = cut (lines[1], (const char *[]){ "share=on", NULL });
      fork = cut (lines[2], (const char *[]){ "share=off", " -incoming defer", NULL });
      ck_assert_str_eq (fork, template);
      readonly = cut (lines[3], (const char *[]){ ",readonly=on,rom=off", NULL });
      ck_assert_str_eq (readonly, lines[2]);
      for (int i = 0; i < 4; i++)
        g_free (lines[i]);
    }
}

TEST (no_template)
{
  static const struct
  {
    const char *words, *reason;
  } cases[] = {
    { "", NULL },
    { "-smp 2 -cpu max -machine q35 -M pc -nic user", NULL },
    { "-m 2G", "memory" },
    { "--m 2G", "memory" },
    { "-smp 2 -m 2G", "memory" },
    { "-m", "memory" },
    { "-numa node", "memory" },
    { "-mem-path /x", "memory" },
    { "-mem-prealloc", "memory" },
    { "-object memory-backend-ram,id=x,size=1G", "memory" },
    { "-object", NULL },
    { "-object rng-random,id=x", NULL },
    { "-machine q35,memory-backend=x", "memory" },
    { "-M memory-backend=x", "memory" },
    { "-incoming defer", "start QEMU" },
    { "-loadvm x", "start QEMU" },
    { "-preconfig", "start QEMU" },
    { "-readconfig x", "start QEMU" },
    { "-snapshot", "temporary" },
    { "-drive file=x", "disk" },
    { "-drive", "disk" },
    { "-drive file=x,readonly=off", "disk" },
    { "-drive file=readonly=on.img", "disk" },
    { "-drive file=x,readonly=on,if=virtio", NULL },
    { "-drive file=x,readonly", NULL },
    { "-drive media=cdrom,file=x", NULL },
    { "-blockdev driver=file,node-name=x,filename=x", "disk" },
    { "-blockdev driver=file,node-name=x,filename=x,read-only=on", NULL },
    { "-hda x", "disk" },
    { "--hdd x", "disk" },
    { "-fda x", "disk" },
    { "-pflash x", "disk" },
    { "-cdrom x", NULL },
    { "-virtfs local,path=/x,mount_tag=x,security_model=none", NULL },
    { "-S", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (BareMachine) bare = bare_machine_new ("x86_64", NULL);
      g_autoptr (GError) error = NULL;
      gboolean can_be_saved;

      g_strfreev (bare->options->qemu_options);
      bare->options->qemu_options = g_strsplit (cases[i].words, " ", -1);
      can_be_saved = vq_qemu_config_check_saving (bare->options, &error);
      ck_assert_msg (can_be_saved == (cases[i].reason == NULL), "%s", cases[i].words);
      if (!can_be_saved)
        ck_assert_msg (strstr (error->message, cases[i].reason) != NULL, "%s: %s", cases[i].words,
                       error->message);
    }
}

/* A real QEMU of each architecture takes its argv, and its machine gets to the point of running. */
TEST (accepted_by_qemu)
{
  static const guint8 code[] = { 0xf4 };
  guint n_tried = 0;

  for (guint a = 0; a < G_N_ELEMENTS (arches); a++)
    {
      g_autoptr (BareMachine) bare = bare_machine_new (arches[a], NULL);
      g_autofree char *program = g_find_program_in_path (bare->plan.qemu_command);
      g_autoptr (VqFirmware) firmware = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (VqQemu) qemu = NULL;

      if (program == NULL)
        continue;
      n_tried++;
      firmware = bare->plan.arch->boot == VQ_BOOT_EFI ? vq_firmware_find (arches[a], NULL) : NULL;
      if (firmware != NULL)
        bare_machine_use_firmware (bare);
      bare_machine_make_disk (bare, NULL, code, sizeof code);
      bare->options->cpus = 2;
      bare->options->ram_size_mib = 256;
      bare_machine_share_ram (bare);
      bare->plan.display = vq_display_choose (bare->options, bare->plan.arch, program,
                                              vq_deadline_in (PATIENCE), NULL);
      qemu = vq_qemu_start (&bare->machine, vq_deadline_in (PATIENCE), NULL, &error);
      g_free (bare->plan.display);
      ck_assert_msg (qemu != NULL, "%s: %s", arches[a], error != NULL ? error->message : "");
      ck_assert (vq_qemu_run_guest (qemu, vq_deadline_in (PATIENCE), NULL));
      vq_qemu_quit (qemu, vq_deadline_in (PATIENCE));
      ck_assert_ptr_null (vq_cancel_reason (vq_qemu_get_cancel (qemu)));
    }
  ck_assert_uint_gt (n_tried, 0);
}

/* Directories of the host, with commas in their names, and a port for the base image. */
TEST (accepted_with_shared_dirs)
{
  static const guint8 code[] = { 0xf4 };
  g_autofree char *directory = g_dir_make_tmp ("vq-a,b=c-XXXXXX", NULL);
  g_autofree char *options = g_strdup_printf (
      "--baseimage --shared-dir=src=%s,dst=/a --shared-dir=src=%s,dst=/b,rw", directory, directory);
  g_autoptr (BareMachine) bare = bare_machine_new ("x86_64", options);
  g_autoptr (GError) error = NULL;
  g_autoptr (VqQemu) qemu = NULL;

  bare_machine_make_disk (bare, NULL, code, sizeof code);
  bare_machine_use_firmware (bare);
  qemu = vq_qemu_start (&bare->machine, vq_deadline_in (PATIENCE), NULL, &error);
  ck_assert_msg (qemu != NULL, "%s", error != NULL ? error->message : "");
  ck_assert (vq_qemu_run_guest (qemu, vq_deadline_in (PATIENCE), NULL));
  vq_qemu_quit (qemu, vq_deadline_in (PATIENCE));
  ck_assert_int_eq (g_rmdir (directory), 0);
}

/* The same with EFI on a PC, and with disks whose names have commas and blanks. */
TEST (accepted_with_disks_of_the_user)
{
  static const char *const disks[]
      = { "size=5,cache=writethrough", "url=IMAGE", "url=IMAGE,read-only,cache=unsafe", NULL };
  static const guint8 code[] = { 0xeb, 0xfe };
  g_autoptr (BareMachine) bare = bare_machine_new ("x86_64", NULL);
  g_autoptr (GPtrArray) files = NULL;
  g_autoptr (VqQemu) qemu = NULL;
  g_autoptr (GError) error = NULL;

  bare_machine_make_disk (bare, NULL, code, sizeof code);
  add_disks (bare, disks);
  files = vq_machine_disks_new (&bare->plan, bare->directory);
  ck_assert (vq_machine_disks_create (files, vq_deadline_in (PATIENCE), NULL, NULL));
  bare->machine.disks = files;
  qemu = vq_qemu_start (&bare->machine, vq_deadline_in (PATIENCE), NULL, &error);
  ck_assert_msg (qemu != NULL, "%s", error != NULL ? error->message : "");
  ck_assert (vq_qemu_run_guest (qemu, vq_deadline_in (PATIENCE), NULL));
}

TEST (accepted_with_firmware_and_disks)
{
  static const guint8 code[] = { 0xf4 };
  g_autoptr (VqSeed) seed = vq_seed_new ();
  g_autoptr (BareMachine) bare = bare_machine_new ("x86_64", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (VqQemu) qemu = NULL;

  bare_machine_use_firmware (bare);
  bare_machine_add_disk (bare, "a, disk=1,format=qcow2", "raw");
  bare_machine_add_disk (bare, "c d", "qcow2");
  bare->machine.seed = images_get_file (bare->plan.more->pdata[0])->path;
  bare->plan.cloud_seed = TRUE;
  bare->plan.seed = seed;
  bare_machine_make_disk (bare, NULL, code, sizeof code);
  qemu = vq_qemu_start (&bare->machine, vq_deadline_in (PATIENCE), NULL, &error);
  ck_assert_msg (qemu != NULL, "%s", error != NULL ? error->message : "");
  ck_assert (vq_qemu_run_guest (qemu, vq_deadline_in (PATIENCE), NULL));
}

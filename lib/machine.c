// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine.h"

#include <string.h>

#include "cpu-model.h"
#include "helper-wire.h"
#include "hotplug-bus.h"
#include "qemu-value.h"
#include "shared-dir.h"

/* QEMU keeps translated code until its buffer is full, 1 GiB if it is not told otherwise, and goes
 * through all that was ever made of a page with each byte that is written there: in a guest that
 * has run many programs, the boot loader then needs minutes to load the kernel of a reboot. */
#define TCG "tcg,thread=multi,tb-size=128"

/* The set of file descriptors through which QEMU gets the console's copy. */
#define CONSOLE_FDSET 1

static const struct
{
  const char *socket;
  const char *id;
  const char *name; /* in the guest */
} ports[VQ_N_PORTS] = {
  [VQ_PORT_AGENT] = { "qga", "agent0", "org.qemu.guest_agent.0" },
  [VQ_PORT_HELPER] = { "helper", "helper0", VQ_HELPER_PORT_NAME },
};

static void G_GNUC_PRINTF (3, 4) add (GPtrArray *argv, const char *option, const char *format, ...)
{
  va_list args;

  g_ptr_array_add (argv, g_strdup (option));
  va_start (args, format);
  g_ptr_array_add (argv, g_strdup_vprintf (format, args));
  va_end (args);
}

/* "-cpu" or "--cpu". */
static gboolean
is_option (const char *word, const char *option)
{
  return g_str_equal (word, option)
         || (g_str_has_prefix (word, "--") && g_str_equal (word + 1, option));
}

/* Whether the user's own options already say it. */
static gboolean
user_gave (const VqMachine *machine, const char *option)
{
  for (char **word = machine->options->qemu_options; *word != NULL; word++)
    if (is_option (*word, option))
      return TRUE;
  return FALSE;
}

/* Two forks would write into the same disk, and a fork would find on it what the test before it
 * left, under the file system that it has in its memory. */
static gboolean
is_written (const char *disk)
{
  static const char *const marks[]
      = { "readonly", "readonly=on", "read-only=on", "media=cdrom", NULL };
  g_auto (GStrv) parts = g_strsplit (disk, ",", -1);

  for (char **part = parts; *part != NULL; part++)
    if (g_strv_contains (marks, *part))
      return FALSE;
  return TRUE;
}

static gboolean
is_memory (const char *value)
{
  return strstr (value, "memory-backend") != NULL;
}

#define OWN_MEMORY "--qemu-options lay out the guest's memory themselves"
#define OWN_START "--qemu-options have their own way to start QEMU"
#define OWN_DISK "--qemu-options add a disk that can be written to"

/* FITS (NULL: always) tells from the option's value whether it is in the way. */
static const struct
{
  const char *option;
  gboolean (*fits) (const char *value);
  const char *reason;
} no_template[] = {
  { "-m", NULL, OWN_MEMORY },
  { "-object", is_memory, OWN_MEMORY },
  { "-machine", is_memory, OWN_MEMORY },
  { "-M", is_memory, OWN_MEMORY },
  { "-numa", NULL, OWN_MEMORY },
  { "-mem-path", NULL, OWN_MEMORY },
  { "-mem-prealloc", NULL, OWN_MEMORY },
  { "-incoming", NULL, OWN_START },
  { "-loadvm", NULL, OWN_START },
  { "-preconfig", NULL, OWN_START },
  { "-readconfig", NULL, OWN_START },
  { "-snapshot", NULL, "--qemu-options put the changes of the disks into temporary files" },
  { "-drive", is_written, OWN_DISK },
  { "-blockdev", is_written, OWN_DISK },
  { "-hda", NULL, OWN_DISK },
  { "-hdb", NULL, OWN_DISK },
  { "-hdc", NULL, OWN_DISK },
  { "-hdd", NULL, OWN_DISK },
  { "-fda", NULL, OWN_DISK },
  { "-fdb", NULL, OWN_DISK },
  { "-sd", NULL, OWN_DISK },
  { "-mtdblock", NULL, OWN_DISK },
  { "-pflash", NULL, OWN_DISK },
};

const char *
vq_machine_no_template_reason (const VqOptions *options)
{
  for (char **word = options->qemu_options; *word != NULL; word++)
    for (gsize i = 0; i < G_N_ELEMENTS (no_template); i++)
      if (is_option (*word, no_template[i].option)
          && (no_template[i].fits == NULL || no_template[i].fits (word[1] != NULL ? word[1] : "")))
        return no_template[i].reason;
  return NULL;
}

static void
add_machine (GPtrArray *argv, const VqMachine *machine)
{
  const VqOptions *options = machine->options;
  const VqArch *arch = machine->arch;
  const char *cpu = vq_cpu_model_choose (arch, machine->kvm, "");

  if (!user_gave (machine, "-machine") && !user_gave (machine, "-M"))
    add (argv, "-machine", "%s",
         machine->firmware && arch->machine_efi ? arch->machine_efi : arch->machine);
  if (cpu != NULL && !user_gave (machine, "-cpu"))
    add (argv, "-cpu", "%s", cpu);
  if (!user_gave (machine, "-accel") && !user_gave (machine, "-enable-kvm"))
    add (argv, "-accel", "%s", machine->kvm ? "kvm" : TCG);
  add (argv, "-m", "%d", options->ram_size_mib);
  add (argv, "-smp", "%d", options->cpus);
}

/* QEMU merges what several -machine say, so this fits to a type of the user's too. Without the
 * description that usually follows a saved state, QEMU notices when any of its end is missing. */
static void
add_ram_file (GPtrArray *argv, const VqMachine *machine)
{
  g_autofree char *path = NULL;
  const char *mode = machine->ram_shared     ? "share=on"
                     : machine->ram_readonly ? "share=off,readonly=on,rom=off"
                                             : "share=off";

  if (machine->ram_path == NULL)
    return;
  path = vq_qemu_value_quote (machine->ram_path);
  add (argv, "-machine", "memory-backend=mem,suppress-vmdesc=on");
  add (argv, "-object", "memory-backend-file,id=mem,size=%dM,%s,mem-path=%s",
       machine->options->ram_size_mib, mode, path);
}

static void
add_basics (GPtrArray *argv, const VqMachine *machine)
{
  for (const char *const *flag = (const char *[]){ "-nodefaults", "-no-user-config", "-S", NULL };
       *flag != NULL; flag++)
    g_ptr_array_add (argv, g_strdup (*flag));
  add (argv, "-display", "none");
  add (argv, "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
  add (argv, "-object", "rng-random,filename=/dev/urandom,id=rng0");
  add (argv, "-device", "virtio-rng-%s,rng=rng0", machine->arch->virtio);
  if (machine->arch->vmgenid)
    add (argv, "-device", "vmgenid,guid=auto");
  if (g_str_equal (machine->arch->virtio, "pci"))
    add (argv, "-device", "pvpanic-pci");
}

static void
add_socket (GPtrArray *argv, const VqMachine *machine, const char *name, const char *more)
{
  g_autofree char *path = g_build_filename (machine->directory, name, NULL);
  g_autofree char *quoted = vq_qemu_value_quote (path);

  add (argv, "-chardev", "socket,id=%s,path=%s,server=on,wait=off%s", name, quoted, more);
}

static void
add_monitors (GPtrArray *argv, const VqMachine *machine)
{
  add (argv, "-chardev", "socket,id=qmp,fd=%d", machine->qmp_fd);
  add (argv, "-mon", "chardev=qmp,mode=control");
  add_socket (argv, machine, "monitor", "");
  add (argv, "-mon", "chardev=monitor,mode=readline");
}

static void
add_serial_ports (GPtrArray *argv, const VqMachine *machine)
{
  g_autofree char *log = g_strdup_printf (",logfile=/dev/fdset/%d,logappend=on", CONSOLE_FDSET);

  add (argv, "-add-fd", "fd=%d,set=%d", machine->console_fd, CONSOLE_FDSET);
  for (int i = 0; i < 2 && machine->arch->serial[i] != NULL; i++)
    {
      add_socket (argv, machine, machine->arch->serial[i], i == 0 ? log : "");
      add (argv, "-serial", "chardev:%s", machine->arch->serial[i]);
    }
}

/* hvc0, hvc1 and the ports that we talk on, on one virtio-serial bus. */
static void
add_virtio_ports (GPtrArray *argv, const VqMachine *machine)
{
  static const char *const names[] = { "hvc0", "hvc1", NULL };

  add (argv, "-device", "virtio-serial-%s,id=ports", machine->arch->virtio);
  for (const char *const *name = names; *name != NULL; name++)
    {
      if (g_strcmp0 (*name, machine->arch->serial[0]) == 0)
        continue; /* this machine's own console goes by that name */
      add_socket (argv, machine, *name, "");
      add (argv, "-device", "virtconsole,bus=ports.0,chardev=%s", *name);
    }
  for (int i = 0; i < VQ_N_PORTS; i++)
    {
      add_socket (argv, machine, ports[i].socket, "");
      add (argv, "-device", "virtserialport,bus=ports.0,chardev=%s,id=%s,name=%s", ports[i].socket,
           ports[i].id, ports[i].name);
    }
}

static void
add_network (GPtrArray *argv, const VqMachine *machine)
{
  /* The slots that Debian's server puts the card in: guests may have its name in their
   * configuration. Without a ROM nobody tries to boot from it. */
  const char *slot = "";

  if (g_str_equal (machine->arch->machine, "pc"))
    slot = machine->firmware != NULL ? ",addr=0x2" : ",addr=0x3";
  add (argv, "-netdev", "user,id=%s", VQ_MACHINE_NETDEV);
  add (argv, "-device", "virtio-net-%s,netdev=%s%s%s", machine->arch->virtio, VQ_MACHINE_NETDEV,
       g_str_equal (machine->arch->virtio, "pci") ? ",romfile=" : "",
       user_gave (machine, "-machine") || user_gave (machine, "-M") ? "" : slot);
}

static void
add_disk (GPtrArray *argv, const VqMachine *machine, int index, const char *path,
          const char *options)
{
  g_autofree char *quoted = vq_qemu_value_quote (path);

  add (argv, "-drive", "if=none,id=disk%d,file=%s,discard=unmap,%s", index, quoted, options);
  add (argv, "-device", "virtio-blk-%s,drive=disk%d%s", machine->arch->virtio, index,
       index == 0 ? ",bootindex=1" : "");
}

static void
add_disks (GPtrArray *argv, const VqMachine *machine)
{
  const char *const *more = machine->more_images;
  int i = 1;

  add_disk (argv, machine, 0, machine->overlay, "format=qcow2,cache=unsafe");
  for (; more != NULL && *more != NULL; i++, more += 2)
    {
      g_autofree char *options = g_strdup_printf ("format=%s,readonly=on", more[1]);

      add_disk (argv, machine, i, more[0], options);
    }
  if (machine->seed != NULL)
    add_disk (argv, machine, i, machine->seed, "format=raw,readonly=on");
}

/* Not mounted, they keep nobody from saving the machine. */
static void
add_shared_dirs (GPtrArray *argv, const VqMachine *machine)
{
  const GPtrArray *dirs = machine->options->shared_dirs;

  for (guint i = 0; i < dirs->len; i++)
    {
      g_autofree char *fsdev = vq_shared_dir_build_fsdev (dirs->pdata[i], i);
      g_autofree char *device = vq_shared_dir_build_device (i, machine->arch->virtio);

      add (argv, "-fsdev", "%s", fsdev);
      add (argv, "-device", "%s", device);
    }
}

/* Where the base image is plugged in when the machine runs. */
static void
add_hotplug_port (GPtrArray *argv, const VqMachine *machine)
{
  const VqHotplugBus *bus
      = machine->options->baseimage
            ? vq_hotplug_bus_find (machine->options, machine->arch, machine->firmware != NULL, NULL)
            : NULL;

  if (bus != NULL && bus->port != NULL)
    add (argv, "-device", "%s", bus->port);
}

static void
add_firmware (GPtrArray *argv, const VqMachine *machine)
{
  g_autofree char *path = g_build_filename (machine->directory, VQ_MACHINE_EFI_VARS, NULL);
  g_autofree char *vars = vq_qemu_value_quote (path);

  if (machine->firmware == NULL)
    return;
  add (argv, "-drive", "if=pflash,format=raw,unit=0,readonly=on,file=%s",
       vq_firmware_get_code (machine->firmware));
  add (argv, "-drive", "if=pflash,format=raw,unit=1,file=%s", vars);
}

char **
vq_machine_build_argv (const VqMachine *machine)
{
  GPtrArray *argv = g_ptr_array_new ();

  g_ptr_array_add (argv, g_strdup (machine->qemu_command));
  add_machine (argv, machine);
  add_ram_file (argv, machine);
  add_network (argv, machine); /* before all that takes the next free slot */
  add_basics (argv, machine);
  add_firmware (argv, machine);
  add_monitors (argv, machine);
  add_serial_ports (argv, machine);
  add_virtio_ports (argv, machine);
  add_disks (argv, machine);
  add_shared_dirs (argv, machine);
  add_hotplug_port (argv, machine);
  if (machine->incoming)
    add (argv, "-incoming", "defer");
  for (char **word = machine->options->qemu_options; *word != NULL; word++)
    g_ptr_array_add (argv, g_strdup (*word));
  g_ptr_array_add (argv, NULL);
  return (char **)g_ptr_array_free (argv, FALSE);
}

const char *
vq_port_get_socket (VqPort port)
{
  return ports[port].socket;
}

const char *
vq_port_get_id (VqPort port)
{
  return ports[port].id;
}

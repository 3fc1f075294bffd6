// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/qemu-config.h"

#include <string.h>

#include "base/error.h"
#include "plan/cpu-model.h"
#include "qemu/block-nodes.h"
#include "helper/helper-wire.h"
#include "qemu/qemu-port.h"
#include "base/qemu-value.h"
#include "plan/nic.h"
#include "plan/shared-dir.h"
#include "template/template.h"

/* QEMU keeps translated code until its buffer is full, which has 1 GiB by default. For each byte
 * that is written to a page of memory, it goes through all code that was ever translated from that
 * page. With the default, after a guest has run many programs, the boot loader takes minutes to
 * load the kernel on a reboot. So the buffer is made small. */
#define TCG "tcg,thread=multi,tb-size=128"

#define PREFIX VQ_QEMU_CONFIG_PREFIX

/* Block nodes. */
#define TEMPLATE_NODE PREFIX "template"
#define DISK_NODE PREFIX "disk"
#define SEED_NODE PREFIX "seed"

/* The number of the fdset that gives QEMU the pipe for the console's copy. */
#define CONSOLE_FDSET 1
/* The same for VQ_QEMU_CONFIG_SCREEN. */
#define SCREEN_FDSET 2

static void G_GNUC_PRINTF (3, 4) add (GPtrArray *argv, const char *option, const char *format, ...)
{
  va_list args;

  g_ptr_array_add (argv, g_strdup (option));
  va_start (args, format);
  g_ptr_array_add (argv, g_strdup_vprintf (format, args));
  va_end (args);
}

/* Whether WORD is OPTION with one dash or with two. */
static gboolean
is_option (const char *word, const char *option)
{
  return g_str_equal (word, option)
         || (g_str_has_prefix (word, "--") && g_str_equal (word + 1, option));
}

/* Whether OPTION is among the user's own options for QEMU. */
static gboolean
user_gave (const VqQemuConfig *config, const char *option)
{
  for (char **word = config->plan->options->qemu_options; *word != NULL; word++)
    if (is_option (*word, option))
      return TRUE;
  return FALSE;
}

/* A disk that is written cannot be part of a template. Two forks would write to the same disk, and
 * a fork would find the data of an earlier test on it, which does not fit the file system's state
 * in its memory. */
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

/* Options that prevent a template, and why. FITS (NULL: always true) tells from the option's value
 * whether it does. */
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

gboolean
vq_qemu_config_check_saving (const VqOptions *options, GError **error)
{
  for (char **word = options->qemu_options; *word != NULL; word++)
    for (gsize i = 0; i < G_N_ELEMENTS (no_template); i++)
      if (is_option (*word, no_template[i].option)
          && (no_template[i].fits == NULL || no_template[i].fits (word[1] != NULL ? word[1] : "")))
        return vq_error_set (error, VQ_ERROR_FAILED, "%s", no_template[i].reason);
  return TRUE;
}

static void
add_machine_type (GPtrArray *argv, const VqPlan *plan)
{
  const VqArch *arch = plan->arch;
  const char *machine = arch->machine;

  if (machine == NULL)
    return;
  if (plan->firmware != NULL && arch->machine_efi != NULL)
    machine = arch->machine_efi;
  else if (plan->kvm && arch->machine_kvm != NULL)
    machine = arch->machine_kvm;
  add (argv, "-machine", "%s%s%s", machine, plan->machine_new ? "," : "",
       plan->machine_new ? arch->machine_new : "");
}

static void
add_machine (GPtrArray *argv, const VqQemuConfig *config)
{
  const VqOptions *options = config->plan->options;
  const VqArch *arch = config->plan->arch;
  const char *cpu = config->plan->cpu_new && !config->plan->kvm
                        ? arch->cpu_new
                        : vq_cpu_model_choose (arch, config->plan->kvm, "");

  if (!user_gave (config, "-machine") && !user_gave (config, "-M"))
    add_machine_type (argv, config->plan);
  if (cpu != NULL && !user_gave (config, "-cpu"))
    add (argv, "-cpu", "%s", cpu);
  if (!user_gave (config, "-accel") && !user_gave (config, "-enable-kvm"))
    add (argv, "-accel", "%s", config->plan->kvm ? "kvm" : TCG);
  add (argv, "-m", "%d", options->ram_size_mib);
  add (argv, "-smp", "%d", options->cpus);
}

/* QEMU merges several -machine options, so this also works with a type that the user gave. Usually
 * a description follows a saved state; without it, QEMU notices if the end of the state is
 * missing. The memory of a machine that may be copied while it runs has the same name whether it
 * was booted or forked. */
static void
add_ram (GPtrArray *argv, const VqQemuConfig *config)
{
  g_autofree char *path = NULL;
  const char *mode = config->ram_shared     ? "share=on"
                     : config->ram_readonly ? "share=off,readonly=on,rom=off"
                                            : "share=off";

  if (config->ram_path == NULL
      && (!(config->disk_stays || config->plan->options->keep_failed != NULL)
          || !vq_qemu_config_check_saving (config->plan->options, NULL)))
    return;
  add (argv, "-machine", "memory-backend=" PREFIX "mem,suppress-vmdesc=on");
  if (config->ram_path == NULL)
    {
      add (argv, "-object", "memory-backend-ram,id=" PREFIX "mem,size=%dM",
           config->plan->options->ram_size_mib);
      return;
    }
  path = vq_qemu_value_quote (config->ram_path);
  add (argv, "-object", "memory-backend-file,id=" PREFIX "mem,size=%dM,%s,mem-path=%s",
       config->plan->options->ram_size_mib, mode, path);
}

static void
add_basics (GPtrArray *argv, const VqQemuConfig *config)
{
  for (const char *const *flag = (const char *[]){ "-nodefaults", "-no-user-config", "-S", NULL };
       *flag != NULL; flag++)
    g_ptr_array_add (argv, g_strdup (*flag));
  add (argv, "-display", "none");
  add (argv, "-action", "panic=none"); /* the kernel may reboot after it: kernel.panic, kdump */
  /* QEMU starts a set-user-ID program to get at a bridge. */
  if (config->plan->sandbox && !user_gave (config, "-sandbox"))
    add (argv, "-sandbox", "on,obsolete=deny,%sresourcecontrol=deny",
         vq_nic_need_bridge (config->plan->options->nics) ? ""
                                                          : "elevateprivileges=deny,spawn=deny,");
  add (argv, "-object", "rng-random,filename=/dev/urandom,id=" PREFIX "rng0");
  add (argv, "-device", "virtio-rng-%s,rng=" PREFIX "rng0", config->plan->arch->virtio);
  if (config->plan->arch->vmgenid)
    add (argv, "-device", "vmgenid,guid=auto");
  if (g_str_equal (config->plan->arch->virtio, "pci"))
    add (argv, "-device", "pvpanic-pci");
}

static void
add_socket (GPtrArray *argv, const VqQemuConfig *config, const char *name, const char *more)
{
  g_autofree char *path = g_build_filename (config->directory, name, NULL);
  g_autofree char *quoted = vq_qemu_value_quote (path);

  add (argv, "-chardev", "socket,id=" PREFIX "%s,path=%s,server=on,wait=off%s", name, quoted, more);
}

/* Our own monitor, and two sockets for people and other programs: one client at a time is served on
 * each. */
static void
add_monitors (GPtrArray *argv, const VqQemuConfig *config)
{
  add (argv, "-chardev", "socket,id=" PREFIX "own-qmp,fd=%d", config->qmp_fd);
  add (argv, "-qmp", "chardev:" PREFIX "own-qmp");
  add_socket (argv, config, "monitor", "");
  add (argv, "-monitor", "chardev:" PREFIX "monitor");
  add_socket (argv, config, "qmp", "");
  add (argv, "-qmp", "chardev:" PREFIX "qmp");
}

static void
add_serial_ports (GPtrArray *argv, const VqQemuConfig *config)
{
  g_autofree char *log = g_strdup_printf (",logfile=/dev/fdset/%d,logappend=on", CONSOLE_FDSET);

  add (argv, "-add-fd", "fd=%d,set=%d", config->console_fd, CONSOLE_FDSET);
  if (config->screen_fd > 0)
    add (argv, "-add-fd", "fd=%d,set=%d", config->screen_fd, SCREEN_FDSET);
  for (int i = 0; i < 2 && config->plan->arch->serial[i] != NULL; i++)
    {
      add_socket (argv, config, config->plan->arch->serial[i], i == 0 ? log : "");
      add (argv, "-serial", "chardev:" PREFIX "%s", config->plan->arch->serial[i]);
    }
}

/* hvc0, hvc1 and the ports that we talk on, on one virtio-serial bus. */
static void
add_virtio_ports (GPtrArray *argv, const VqQemuConfig *config)
{
  add (argv, "-device", "virtio-serial-%s,id=" PREFIX "ports", config->plan->arch->virtio);
  /* On some machines, the console itself is hvc0. */
  if (g_strcmp0 (config->plan->arch->serial[0], "hvc0") != 0)
    {
      add_socket (argv, config, "hvc0", "");
      add (argv, "-device", "virtconsole,bus=" PREFIX "ports.0,chardev=" PREFIX "hvc0");
    }
  for (int i = 0; i < VQ_N_QEMU_PORTS; i++)
    {
      const char *socket = vq_qemu_port_get_socket (i);
      const char *name = vq_qemu_port_get_name (i);

      add_socket (argv, config, socket, "");
      add (argv, "-device", "%s,bus=" PREFIX "ports.0,chardev=" PREFIX "%s,id=%s%s%s",
           name != NULL ? "virtserialport" : "virtconsole", socket, vq_qemu_port_get_id (i),
           name != NULL ? ",name=" : "", name != NULL ? name : "");
    }
}

/* The card gets the same slot as with Debian's server, because the interface's name depends on it
 * and guests may have that name in their configuration. */
static const char *
find_nic_slot (const VqQemuConfig *config)
{
  if (g_strcmp0 (config->plan->arch->machine, "pc") != 0 || user_gave (config, "-machine")
      || user_gave (config, "-M"))
    return "";
  return config->plan->firmware != NULL ? ",addr=0x2" : ",addr=0x3";
}

/* NIC is NULL for the one that every guest has. Without a ROM, no firmware tries to boot from the
 * network. */
static void
add_nic (GPtrArray *argv, const VqQemuConfig *config, const VqNic *nic, const char *id,
         const char *slot)
{
  const char *mac = nic != NULL ? nic->mac : NULL;

  if (nic != NULL && nic->bridge != NULL)
    add (argv, "-netdev", "bridge,id=%s,br=%s", id, nic->bridge);
  else
    add (argv, "-netdev", "user,id=%s%s", id,
         config->plan->options->network == VQ_NETWORK_RESTRICTED ? ",restrict=on" : "");
  add (argv, "-device", "virtio-net-%s,netdev=%s%s%s%s%s", config->plan->arch->virtio, id,
       g_str_equal (config->plan->arch->virtio, "pci") ? ",romfile=" : "", slot,
       mac != NULL ? ",mac=" : "", mac != NULL ? mac : "");
}

/* The first card in the user network has the id by which ports are forwarded. */
static void
add_network (GPtrArray *argv, const VqQemuConfig *config)
{
  const GPtrArray *nics = config->plan->options->nics;
  int user = vq_nic_find_user (nics);

  if (nics->len == 0)
    add_nic (argv, config, NULL, VQ_QEMU_CONFIG_NETDEV, find_nic_slot (config));
  for (guint i = 0; i < nics->len; i++)
    {
      g_autofree char *id = g_strdup_printf (PREFIX "net%u", i + 1);

      add_nic (argv, config, nics->pdata[i], (int)i == user ? VQ_QEMU_CONFIG_NETDEV : id,
               i == 0 ? find_nic_slot (config) : "");
    }
}

/* It takes the next free slot, which on a PC is the one that it has with Debian's server. It is not
 * in the way of the kernel's console and of the boot loader's menu, which stay on the serial port,
 * as -nodefaults gives no keyboard on USB. */
static void
add_display (GPtrArray *argv, const VqPlan *plan)
{
  if (plan->display != NULL)
    add (argv, "-device", "%s", plan->display);
}

static void
add_drive (GPtrArray *argv, const VqQemuConfig *config, const char *node, const char *options)
{
  add (argv, "-device", "virtio-blk-%s,drive=%s%s", config->plan->arch->virtio, node, options);
}

/* The disk that the guest boots from: an overlay, in a fork the template's, and the image. */
static void
add_first_disk (GPtrArray *argv, const VqQemuConfig *config)
{
  const char *backing = VQ_QEMU_CONFIG_IMAGE_NODE;

  vq_block_nodes_add_image (argv, backing, config->plan->image);
  if (config->template_disk != NULL)
    {
      vq_block_nodes_add_overlay (argv, TEMPLATE_NODE, config->template_disk, backing,
                                  VQ_BLOCK_NODES_READ_ONLY);
      backing = TEMPLATE_NODE;
    }
  vq_block_nodes_add_overlay (argv, DISK_NODE, config->overlay, backing,
                              config->disk_stays
                                  ? "discard=unmap,cache.direct=off"
                                  : "discard=unmap,cache.direct=off,cache.no-flush=on");
  add_drive (argv, config, DISK_NODE, ",bootindex=1");
}

static const char *
get_cache_options (const VqQemuConfig *config, VqDiskCache cache)
{
  if (cache == VQ_DISK_CACHE_AUTO)
    cache = config->disk_stays ? VQ_DISK_CACHE_WRITEBACK : VQ_DISK_CACHE_UNSAFE;
  return cache == VQ_DISK_CACHE_NONE     ? "discard=unmap,cache.direct=on"
         : cache == VQ_DISK_CACHE_UNSAFE ? "discard=unmap,cache.direct=off,cache.no-flush=on"
                                         : "discard=unmap,cache.direct=off";
}

/* One of --disk: an overlay, in a fork the template's, and the image, if it does not begin empty.
 * In a model, FILES is NULL. */
static void
add_further_disk (GPtrArray *argv, const VqQemuConfig *config, guint number, const VqDisk *disk,
                  const VqMachineDisk *files)
{
  g_autofree char *node = g_strdup_printf (PREFIX "disk%u", number);
  g_autofree char *image = disk->image != NULL ? g_strconcat (node, "-image", NULL) : NULL;
  g_autofree char *template = g_strconcat (node, "-template", NULL);
  g_autofree char *device
      = g_strdup_printf (",serial=%s%s", disk->spec->name,
                         disk->spec->cache == VQ_DISK_CACHE_WRITETHROUGH ? ",write-cache=off" : "");
  const char *backing = image;
  const char *options = disk->spec->read_only ? VQ_BLOCK_NODES_READ_ONLY
                                              : get_cache_options (config, disk->spec->cache);

  if (image != NULL)
    vq_block_nodes_add_image (argv, image, disk->image);
  if (files != NULL && files->template_disk != NULL)
    {
      vq_block_nodes_add_overlay (argv, template, files->template_disk, backing,
                                  VQ_BLOCK_NODES_READ_ONLY);
      backing = template;
    }
  vq_block_nodes_add_overlay (argv, node, files != NULL ? files->path : "DISK", backing, options);
  add_drive (argv, config, node, device);
}

static void
add_further_disks (GPtrArray *argv, const VqQemuConfig *config)
{
  const GPtrArray *disks = config->plan->disks;

  for (guint i = 0; disks != NULL && i < disks->len; i++)
    add_further_disk (argv, config, i + 1, disks->pdata[i],
                      config->disks != NULL ? config->disks->pdata[i] : NULL);
}

/* The disks of --disk come first, so that their letters do not depend on the others. */
static void
add_disks (GPtrArray *argv, const VqQemuConfig *config)
{
  const GPtrArray *more = config->plan->more;

  add_first_disk (argv, config);
  add_further_disks (argv, config);
  for (guint i = 0; i < more->len; i++)
    {
      g_autofree char *node = g_strdup_printf (PREFIX "more%u", i + 1);

      vq_block_nodes_add_image (argv, node, more->pdata[i]);
      add_drive (argv, config, node, "");
    }
}

/* A CD drive like that of other clouds, so that "mount /dev/cdrom" works in the guest, and no disk
 * changes its letter. It is on virtio, so it is the same for every architecture and type of
 * machine; their IDE controllers have no driver in some cloud kernels. While systemd starts,
 * cloud-init decides whether there is a seed, and the CD's driver may come later than that; but the
 * machine's serial number tells it. */
static void
add_seed_cdrom (GPtrArray *argv, const VqPlan *plan)
{
  if (plan->arch->smbios)
    add (argv, "-smbios", "type=1,serial=ds=nocloud");
  add (argv, "-device", "virtio-scsi-%s,id=" PREFIX "scsi", plan->arch->virtio);
  add (argv, "-device", "scsi-cd,bus=" PREFIX "scsi.0,drive=" SEED_NODE);
}

/* A guest that gets a seed only to let us in may have drivers for disks and no more. */
static void
add_seed (GPtrArray *argv, const VqQemuConfig *config)
{
  const VqPlan *plan = config->plan;

  if (plan->seed == NULL && !plan->cloud_seed)
    return;
  vq_block_nodes_add_raw (argv, SEED_NODE, config->seed);
  if (plan->seed != NULL)
    add_seed_cdrom (argv, plan);
  else
    add_drive (argv, config, SEED_NODE, "");
}

/* With security_model=none a file gets the owner that the guest gives it if we are allowed to set
 * it, and otherwise belongs to us. Without multidevs=remap, files from two file systems in one
 * directory could be confused. */
static char *
build_fsdev (const VqSharedDir *dir, guint index)
{
  g_autofree char *tag = vq_shared_dir_build_tag (index);
  g_autofree char *path = vq_qemu_value_quote (dir->source);

  return g_strdup_printf ("local,id=%s,path=%s,security_model=none,multidevs=remap%s", tag, path,
                          dir->writable ? "" : ",readonly=on");
}

static char *
build_9p_device (guint index, const char *virtio)
{
  g_autofree char *tag = vq_shared_dir_build_tag (index);

  return g_strdup_printf ("virtio-9p-%s,fsdev=%s,mount_tag=%s", virtio, tag, tag);
}

/* As long as these are not mounted, the machine can be saved. */
static void
add_shared_dirs (GPtrArray *argv, const VqQemuConfig *config)
{
  const GPtrArray *dirs = config->plan->options->shared_dirs;

  for (guint i = 0; i < dirs->len; i++)
    {
      g_autofree char *fsdev = build_fsdev (dirs->pdata[i], i);
      g_autofree char *device = build_9p_device (i, config->plan->arch->virtio);

      add (argv, "-fsdev", "%s", fsdev);
      add (argv, "-device", "%s", device);
    }
}

/* The ports that disks are plugged into while the machine runs. */
static void
add_hotplug_ports (GPtrArray *argv, const VqQemuConfig *config)
{
  const VqHotplugBus *bus = config->plan->hotplug;
  const GPtrArray *late = config->plan->late_disks;

  if (bus == NULL || bus->port == NULL)
    return;
  for (guint i = 0; late != NULL && i < late->len; i++)
    {
      g_autofree char *port = vq_hotplug_bus_build_port (bus, i);

      add (argv, "-device", "%s", port);
    }
  if (config->plan->options->baseimage)
    add (argv, "-device", "%s", bus->port);
}

static void
add_firmware (GPtrArray *argv, const VqQemuConfig *config)
{
  const VqFirmware *firmware = config->plan->firmware;
  g_autofree char *vars = NULL;

  if (firmware == NULL)
    return;
  if (!vq_firmware_has_vars (firmware))
    {
      add (argv, "-kernel", "%s", vq_firmware_get_code (firmware));
      return;
    }
  vars = vq_qemu_value_quote (config->efi_vars);
  add (argv, "-drive", "if=pflash,format=raw,unit=0,readonly=on,file=%s",
       vq_firmware_get_code (firmware));
  add (argv, "-drive", "if=pflash,format=raw,unit=1,file=%s", vars);
}

char **
vq_qemu_config_build_argv (const VqQemuConfig *config)
{
  GPtrArray *argv = g_ptr_array_new ();

  g_ptr_array_add (argv, g_strdup (config->plan->qemu_command));
  add_machine (argv, config);
  add_ram (argv, config);
  add_network (argv, config); /* before the devices that take the next free slot */
  add_display (argv, config->plan);
  add_basics (argv, config);
  add_firmware (argv, config);
  add_monitors (argv, config);
  add_serial_ports (argv, config);
  add_virtio_ports (argv, config);
  add_disks (argv, config);
  add_seed (argv, config);
  add_shared_dirs (argv, config);
  add_hotplug_ports (argv, config);
  if (config->incoming)
    add (argv, "-incoming", "defer");
  for (char **word = config->plan->options->qemu_options; *word != NULL; word++)
    g_ptr_array_add (argv, g_strdup (*word));
  g_ptr_array_add (argv, NULL);
  return (char **)g_ptr_array_free (argv, FALSE);
}

char **
vq_qemu_config_build_model (const VqPlan *plan)
{
  const VqQemuConfig config = { .plan = plan,
                                .directory = "DIRECTORY",
                                .efi_vars = "DIRECTORY/efivars.fd",
                                .overlay = "OVERLAY",
                                .seed = "SEED",
                                .ram_path = "RAM" };

  return vq_qemu_config_build_argv (&config);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "downburst/downburst-machine.h"

#include <string.h>

#include "base/error.h"
#include "base/qemu-value.h"
#include "downburst/downburst-host.h"

/* How long cloud-init may take, in seconds: callers let it install packages. */
#define BOOT_SECONDS "600"

#define RBD_POOL "rbd"
#define MIB (G_GUINT64_CONSTANT (1) << 20)

/* A command line that is being built. */
#define DISK_SIZE_OPTION "--disk-size="

typedef struct
{
  const VqDownburstMachine *machine;
  GPtrArray *words; /* char * */
  GPtrArray *files;
} Building;

static void add (Building *building, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
add (Building *building, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_ptr_array_add (building->words, g_strdup_vprintf (format, arguments));
  va_end (arguments);
}

/* Adds OPTION with a file that has BYTES in it, which it takes over. */
static void
add_file (Building *building, const char *option, GBytes *bytes)
{
  g_autofree char *path = vq_downburst_host_get_file (building->files->len);

  add (building, "%s=%s", option, path);
  g_ptr_array_add (building->files, bytes);
}

static guint64
round_up_to_mib (guint64 bytes)
{
  return (bytes + MIB - 1) / MIB;
}

static void
add_basics (Building *building)
{
  const VqDownburstMachine *machine = building->machine;
  const VqDownburstMeta *meta = machine->meta;

  add (building, "launch");
  if (machine->arch != NULL)
    add (building, "--dpkg-architecture=%s", machine->arch);
  if (machine->hypervisor != NULL)
    add (building, "--accel=%s", strcmp (machine->hypervisor, "kvm") == 0 ? "kvm" : "tcg");
  add (building, "--cpus=%u", meta->cpus);
  add (building, "--ram-size=%" G_GUINT64_FORMAT, (meta->ram + MIB / 2) / MIB);
  add (building, DISK_SIZE_OPTION "%" G_GUINT64_FORMAT "M",
       round_up_to_mib (meta->disk_size != 0 ? meta->disk_size : VQ_DOWNBURST_META_DISK_SIZE));
  add (building, "--timeout-reboot=" BOOT_SECONDS);
  add (building, "--cloud-init-errors=warn");
}

/* The first disk has the number 1, so these begin with 2. The guest finds them by their names, as
 * /dev/disk/by-id/virtio-DWNBRST2. */
static void
add_disks (Building *building)
{
  const VqDownburstMeta *meta = building->machine->meta;

  for (guint i = 0; i < meta->n_disks; i++)
    add (building, "--disk=name=DWNBRST%u,type=block,size=%" G_GUINT64_FORMAT "M", i + 2,
         round_up_to_mib (meta->disks_size));
}

/* A part of an image's name in Ceph, where a colon ends it. Transfer full. */
static char *
quote_for_rbd (const char *part)
{
  GString *quoted = g_string_new (part);
  g_autofree char *text = NULL;

  g_string_replace (quoted, "\\", "\\\\", 0);
  g_string_replace (quoted, ":", "\\:", 0);
  text = g_string_free (quoted, FALSE);
  return vq_qemu_value_quote (text);
}

static gboolean
check_ceph (const VqDownburstMeta *meta, GError **error)
{
  const char *key = meta->ceph_monitors != NULL ? "ceph-cluster-monitors"
                    : meta->ceph_secret != NULL ? "ceph-cluster-secret"
                                                : NULL;

  if (meta->ceph_name == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "rbd-disks needs the key ceph-cluster-name");
  return key == NULL
         || vq_error_set (error, VQ_ERROR_USAGE,
                          "leave the key %s out: the host's /etc/ceph/%s.conf must name the "
                          "monitors and the keyring",
                          key, meta->ceph_name);
}

/* A cluster's configuration is where Ceph's own programs look for it. */
static gboolean
add_rbd_disks (Building *building, GError **error)
{
  const VqDownburstMeta *meta = building->machine->meta;
  g_autofree char *pool = quote_for_rbd (meta->ceph_pool != NULL ? meta->ceph_pool : RBD_POOL);
  g_autofree char *user = meta->ceph_user != NULL ? quote_for_rbd (meta->ceph_user) : NULL;
  g_autofree char *cluster = meta->ceph_name != NULL ? quote_for_rbd (meta->ceph_name) : NULL;

  if (meta->n_rbd_disks > 0 && !check_ceph (meta, error))
    return FALSE;
  for (guint i = meta->n_disks + 2; i < meta->n_disks + meta->n_rbd_disks + 2; i++)
    add (building,
         "--disk=name=DWNBRST%u,type=block,size=%" G_GUINT64_FORMAT
         "M,url=rbd:%s/%s-%u:conf=/etc/ceph/%s.conf%s%s",
         i, round_up_to_mib (meta->rbd_disks_size), pool, building->machine->name, i, cluster,
         user != NULL ? ":id=" : "", user != NULL ? user : "");
  return TRUE;
}

/* The address of card number I, which is the same each time. Transfer full. */
static char *
build_mac (const VqDownburstMachine *machine, guint i)
{
  const VqDownburstCard *card
      = i < machine->meta->cards->len ? machine->meta->cards->pdata[i] : NULL;
  g_autofree char *text = g_strdup_printf ("%s %u", machine->name, i);
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);

  if (card != NULL && card->mac != NULL)
    return g_strdup (card->mac);
  return g_strdup_printf ("52:54:00:%.2s:%.2s:%.2s", sum, sum + 2, sum + 4);
}

static gboolean
has_user_card (const VqDownburstMeta *meta)
{
  for (guint i = 0; i < meta->cards->len; i++)
    if (((const VqDownburstCard *)meta->cards->pdata[i])->bridge == NULL)
      return TRUE;
  return FALSE;
}

/* cloud-init would set up only one of several cards. */
static void
add_network_config (Building *building, guint n)
{
  GString *text = g_string_new ("version: 1\nconfig:\n");

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *mac = build_mac (building->machine, i);

      g_string_append_printf (text,
                              "- type: physical\n  name: eth%u\n  mac_address: \"%s\"\n"
                              "  subnets:\n  - type: dhcp\n",
                              i, mac);
    }
  add_file (building, "--network-config", g_string_free_to_bytes (text));
}

/* Where a machine is on bridges only, the host gets in through another card, which leads the guest
 * to nothing else. */
static void
add_cards (Building *building)
{
  const VqDownburstMeta *meta = building->machine->meta;
  gboolean is_alone = !has_user_card (meta);
  guint n = meta->cards->len + (is_alone ? 1 : 0);

  for (guint i = 0; i < n; i++)
    {
      const VqDownburstCard *card = i < meta->cards->len ? meta->cards->pdata[i] : NULL;
      g_autofree char *mac = build_mac (building->machine, i);

      if (card != NULL && card->bridge != NULL)
        add (building, "--nic=bridge,br=%s,mac=%s", card->bridge, mac);
      else
        add (building, "--nic=user,mac=%s", mac);
    }
  if (is_alone)
    add (building, "--network=restricted");
  if (n > 1 && !meta->has_interfaces)
    add_network_config (building, n);
}

char **
vq_downburst_machine_build (const VqDownburstMachine *machine, GPtrArray *files, GError **error)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  Building building = { machine, words, files };

  add_basics (&building);
  add_disks (&building);
  if (!add_rbd_disks (&building, error))
    return NULL;
  add_cards (&building);
  if (machine->user != NULL)
    add_file (&building, "--user-data", g_bytes_ref (machine->user));
  if (machine->host_key != NULL)
    add_file (&building, "--ssh-host-key", g_bytes_ref (machine->host_key));
  add_file (&building, "--meta-data", g_bytes_ref (machine->meta->guest));
  add (&building, "%s", machine->image);
  add (&building, "%s", machine->name);
  g_ptr_array_add (words, NULL);
  return (char **)g_ptr_array_free (g_steal_pointer (&words), FALSE);
}

/* An image that HOST has may have been built with a larger disk than the default. */
static gboolean
is_default_size (const VqDownburstMachine *machine, const char *word)
{
  return machine->meta->disk_size == 0 && g_str_has_prefix (word, DISK_SIZE_OPTION);
}

char **
vq_downburst_machine_set_image (const VqDownburstMachine *machine, const char *const *words,
                                const char *path)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (; *words != NULL; words++)
    if (path != NULL && strcmp (*words, machine->image) == 0)
      g_strv_builder_add (builder, path);
    else if (path != NULL || !is_default_size (machine, *words))
      g_strv_builder_add (builder, *words);
  return g_strv_builder_end (builder);
}

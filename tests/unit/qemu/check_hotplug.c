// SPDX-License-Identifier: GPL-2.0-or-later
/* The dialogue, with a peer that plays QEMU; the real one is asked, too, without a guest system. */
#include "qemu/hotplug.h"

#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "bare-machine.h"
#include "base/error.h"
#include "disk/file-storage.h"
#include "fake-peer.h"
#include "plan/hotplug-bus.h"
#include "leaks.h"
#include "qemu/qemu.h"
#include "suite.h"

#define PATIENCE 60 /* seconds */

#define ADD_DEVICE                                                                                 \
  "{\"driver\": \"virtio-blk-pci\", \"id\": \"d0\", \"drive\": \"disk0\", "                        \
  "\"serial\": \"NUMBER\", \"bus\": \"port0\"}"
#define ADD_DEVICE_ANYWHERE                                                                        \
  "{\"driver\": \"virtio-blk-pci\", \"id\": \"d0\", \"drive\": \"disk0\", "                        \
  "\"serial\": \"NUMBER\"}"
#define DEL_DEVICE "{\"id\": \"d0\"}"
#define DELETED(data) "{\"event\": \"DEVICE_DELETED\", \"timestamp\": {}, \"data\": " data "}"

static FakePeer *fake;
static VqQmp *qmp;
static VqCancel *cancel;
static VqHotDisk disk;

static void
ignore_event (const char *event, JsonObject *data, gpointer user_data)
{
}

static void
setup (void)
{
  int fd;

  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  cancel = vq_cancel_new (NULL);
  fake = fake_peer_new (&fd);
  qmp = vq_qmp_new (fd, ignore_event, NULL);
  disk = (VqHotDisk){
    .id = "d0", .node = "disk0", .device = "virtio-blk-pci", .bus = "port0", .serial = "NUMBER"
  };
}

static void
teardown (void)
{
  fake_peer_end (fake);
  g_clear_pointer (&qmp, vq_qmp_free);
  g_clear_pointer (&cancel, vq_cancel_free);
  leaks_assert_none ();
}

static gint64
soon (void)
{
  return vq_deadline_in (PATIENCE);
}

CASE ("hotplug", setup, teardown, 180)

TEST (add)
{
  for (int i = 0; i < 2; i++)
    {
      disk.bus = i == 0 ? "port0" : NULL;
      fake_peer_expect (fake, "device_add", i == 0 ? ADD_DEVICE : ADD_DEVICE_ANYWHERE);
      fake_peer_reply (fake, "{}");
      ck_assert (vq_hotplug_add (qmp, &disk, soon (), cancel, NULL));
    }
}

TEST (no_device)
{
  g_autoptr (GError) error = NULL;

  fake_peer_expect (fake, "device_add", ADD_DEVICE);
  fake_peer_error (fake, "Bus 'port0' does not support hotplugging");
  ck_assert (!vq_hotplug_add (qmp, &disk, soon (), cancel, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "does not support hotplugging"));
}

/* The event comes after the reply or before it; others do not count. */
TEST (removal)
{
  for (int early = 0; early < 2; early++)
    {
      fake_peer_expect (fake, "device_del", DEL_DEVICE);
      fake_peer_line (fake, DELETED ("{\"device\": \"d1\", \"path\": \"/d1\"}"));
      fake_peer_line (fake, DELETED ("{\"path\": \"/d0/virtio-backend\"}"));
      fake_peer_line (fake, DELETED ("{\"device\": 5}"));
      fake_peer_line (fake, "{\"event\": \"DEVICE_DELETED\"}");
      fake_peer_line (fake, "{\"event\": \"RESET\", \"data\": {\"device\": \"d0\"}}");
      if (early)
        fake_peer_line (fake, DELETED ("{\"device\": \"d0\", \"path\": \"/d0\"}"));
      fake_peer_reply (fake, "{}");
      if (!early)
        fake_peer_line (fake, DELETED ("{\"device\": \"d0\", \"path\": \"/d0\"}"));
      ck_assert (vq_hotplug_remove (qmp, "d0", soon (), cancel, NULL));
    }
}

TEST (guest_keeps_it)
{
  g_autoptr (GError) error = NULL;

  fake_peer_expect (fake, "device_del", DEL_DEVICE);
  fake_peer_reply (fake, "{}");
  fake_peer_line (fake, DELETED ("{\"path\": \"/d0/virtio-backend\"}"));
  ck_assert (!vq_hotplug_remove (qmp, "d0", vq_deadline_in (0.3), cancel, &error));
  ck_assert (vq_error_is_timeout (error));
  /* a late event finds nobody: no place on a stack that is gone */
  fake_peer_line (fake, DELETED ("{\"device\": \"d0\"}"));
  fake_peer_serve (fake, "query-status", "{}");
  ck_assert (vq_qmp_call (qmp, "query-status", NULL, NULL, soon (), cancel, NULL));
}

TEST (not_there)
{
  g_autoptr (GError) error = NULL;

  fake_peer_expect (fake, "device_del", DEL_DEVICE);
  fake_peer_error (fake, "Device 'd0' not found");
  ck_assert (!vq_hotplug_remove (qmp, "d0", soon (), cancel, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "not found"));
}

TEST (machine_ends)
{
  g_autoptr (GError) reason = g_error_new_literal (VQ_ERROR, VQ_ERROR_MACHINE, "QEMU ended");
  g_autoptr (GError) error = NULL;

  fake_peer_expect (fake, "device_del", DEL_DEVICE);
  fake_peer_reply (fake, "{}");
  vq_cancel_trigger (cancel, reason);
  ck_assert (!vq_hotplug_remove (qmp, "d0", soon (), cancel, &error));
  ck_assert (vq_error_is_machine (error));
  fake_peer_play (fake);
}

/* Real machines take the disk where the table says, and not where it says that there is no way. No
 * guest lets go of it, as there is none. */
TEST (real_machines)
{
  static const struct
  {
    const char *options; /* with _ for a blank */
    gboolean efi;
  } cases[] = {
    { "--qemu-options=", FALSE },
    { "--qemu-options=", TRUE },
    { "--qemu-options=-machine_q35", FALSE },
    { "--qemu-options=-machine_pc-i440fx-7.2", FALSE },
  };
  static const guint8 halt[] = { 0xf4, 0xeb, 0xfd };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (BareMachine) bare = bare_machine_new ("x86_64", "--baseimage");
      g_autofree char *words
          = g_strdelimit (g_strdup (strchr (cases[i].options, '=') + 1), "_", ' ');
      g_autoptr (GError) error = NULL;
      g_autoptr (VqQemu) qemu = NULL;
      const VqHotplugBus *bus;

      g_strfreev (bare->options->qemu_options);
      bare->options->qemu_options = g_strsplit (words, " ", -1);
      bare_machine_make_disk (bare, NULL, halt, sizeof halt);
      if (cases[i].efi)
        bare_machine_use_firmware (bare);
      bus = vq_hotplug_bus_find (bare->options, bare->plan.arch, cases[i].efi, "", NULL);
      ck_assert_ptr_nonnull (bus);
      bare->plan.hotplug = bus; /* as for these options */
      disk.bus = bus->bus;
      disk.node = VQ_QEMU_CONFIG_IMAGE_NODE;
      qemu = vq_qemu_start (&bare->machine, soon (), NULL, &error);
      ck_assert_msg (qemu != NULL, "%s", error != NULL ? error->message : "");
      ck_assert (vq_qemu_run_guest (qemu, soon (), NULL));
      ck_assert_msg (vq_qemu_plug_disk (qemu, &disk, soon (), &error), "case %u: %s", i,
                     error != NULL ? error->message : "");
      disk.id = "d1";
      disk.bus = "pcie.0";
      ck_assert (!vq_qemu_plug_disk (qemu, &disk, soon (), NULL));
      disk.id = "d0";
      vq_qemu_quit (qemu, soon ());
      ck_assert_ptr_null (vq_cancel_reason (vq_qemu_get_cancel (qemu)));
    }
}

/* The keys and nodes of a late disk. A key that is missing under its name is an error, and what was
 * left of that is not in the way. */
TEST (encrypted_disk)
{
  static const guint8 halt[] = { 0xf4, 0xeb, 0xfd };
  g_autoptr (BareMachine) bare = bare_machine_new ("x86_64", "--baseimage");
  g_autofree char *key = g_build_filename (bare->directory, "key", NULL);
  g_autofree char *text = g_strdup_printf ("name=a,size=1,encrypt=luks1,secret=%s", key);
  g_autoptr (GPtrArray) late = NULL;
  g_autoptr (VqDiskNodes) nodes = NULL;
  g_autoptr (VqDiskSecret) wrong = vq_disk_secret_new_random (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (VqQemu) qemu = NULL;
  VqDiskStorage *storage;
  VqDiskKey *first;

  ck_assert (g_file_set_contents (key, "hidden words", -1, NULL));
  g_ptr_array_add (bare->options->disks, vq_disk_spec_parse (text, NULL));
  ck_assert (vq_disk_spec_complete (bare->options->disks, FALSE, NULL));
  late = vq_disk_find_all (bare->options->disks, TRUE, "amd64", NULL, NULL, NULL);
  storage = vq_file_storage_new (late->pdata[0], bare->directory, "vq-late0", FALSE);
  ck_assert (storage->class->renew (storage, NULL, NULL));
  nodes = storage->class->describe (storage, NULL);
  bare_machine_make_disk (bare, NULL, halt, sizeof halt);
  qemu = vq_qemu_start (&bare->machine, soon (), NULL, &error);
  ck_assert_msg (qemu != NULL, "%s", error != NULL ? error->message : "");
  ck_assert (vq_qemu_run_guest (qemu, soon (), NULL));
  first = nodes->keys->pdata[0];
  g_free (first->id);
  first->id = g_strdup ("other");
  vq_disk_secret_unref (first->secret);
  first->secret = vq_disk_secret_ref (wrong);
  ck_assert (!vq_qemu_add_nodes (qemu, nodes, soon (), &error));
  g_clear_error (&error);
  vq_disk_nodes_free (g_steal_pointer (&nodes));
  nodes = storage->class->describe (storage, NULL);
  ck_assert_msg (vq_qemu_add_nodes (qemu, nodes, soon (), &error), "%s",
                 error != NULL ? error->message : "");
  disk.node = nodes->top;
  disk.bus = "pci.0";
  disk.write_through = TRUE;
  ck_assert_msg (vq_qemu_plug_disk (qemu, &disk, soon (), &error), "%s",
                 error != NULL ? error->message : "");
  vq_qemu_quit (qemu, soon ());
  storage->class->free (storage);
}

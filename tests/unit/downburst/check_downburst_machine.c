// SPDX-License-Identifier: GPL-2.0-or-later
/* From the files of downburst to the command line of virt-qemu. */
#include "downburst/downburst-machine.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "downburst/downburst-user.h"
#include "suite.h"

static char *directory;

/* We are in an empty directory. */
static void
set_up (void)
{
  directory = g_dir_make_tmp ("vq-downburst-XXXXXX", NULL);
  ck_assert_int_eq (chdir (directory), 0);
}

static void
tear_down (void)
{
  g_unlink ("one");
  g_unlink ("two");
  ck_assert_int_eq (chdir ("/"), 0);
  ck_assert_int_eq (g_rmdir (directory), 0);
  g_free (directory);
}

static VqDownburstMeta *
read_meta (const char *one, const char *two, GError **error)
{
  static const char *const files[] = { "one", "two", NULL };
  static const char *const keys[] = { "ssh-ed25519 AAAA it's me", NULL };

  ck_assert (g_file_set_contents ("one", one, -1, NULL));
  ck_assert (g_file_set_contents ("two", two, -1, NULL));
  return vq_downburst_meta_read ("vpm1", files, keys, error);
}

/* The files follow in braces. Transfer full; NULL and *ERROR on failure. */
static char *
translate (const char *section, const char *hypervisor, GError **error)
{
  g_autofree char *text = g_strconcat ("downburst: ", section, "\n", NULL);
  g_autoptr (VqDownburstMeta) meta = read_meta (text, "", error);
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  VqDownburstMachine machine = { "vpm1", "debian/13", NULL, hypervisor, meta, NULL, NULL };
  g_auto (GStrv) words = NULL;

  if (meta == NULL)
    return NULL;
  words = vq_downburst_machine_build (&machine, files, error);
  return words != NULL ? g_strjoinv (" ", words) : NULL;
}

#define FIRST "launch --cpus=1 --ram-size=512 --disk-size=10240M "
#define SECOND "--timeout-reboot=600 --cloud-init-errors=warn "
#define CARD "--nic=user,mac=52:54:00:8c:6e:ab "
#define LAST "--meta-data=/dev/fd/3 debian/13 vpm1"

static const struct
{
  const char *section;
  const char *line; /* of virt-qemu */
} rows[] = {
  { "", FIRST SECOND CARD LAST },
  { "{ram: ~, networks: null, cpus: }", FIRST SECOND CARD LAST },
  { "{ram: 3.8G, cpus: 4, disk-size: 100.5M}",
    "launch --cpus=4 --ram-size=3891 --disk-size=101M " SECOND CARD LAST },
  { "{ram: 1073741824, disk-size: 20GB}",
    "launch --cpus=1 --ram-size=1024 --disk-size=19074M " SECOND CARD LAST },
  { "{additional-disks: 2}",
    FIRST SECOND "--disk=name=DWNBRST2,type=block,size=10240M "
                 "--disk=name=DWNBRST3,type=block,size=10240M " CARD LAST },
  { "{additional-disks: 1, additional-disks-size: 1G, rbd-disks: 1, rbd-disks-size: 2G, "
    "ceph-cluster-name: 'a,b', ceph-cluster-user: 'x:y'}",
    FIRST SECOND "--disk=name=DWNBRST2,type=block,size=1024M "
                 "--disk=name=DWNBRST3,type=block,size=2048M,"
                 "url=rbd:rbd/vpm1-3:conf=/etc/ceph/a,,b.conf:id=x\\:y " CARD LAST },
  { "{rbd-disks: 1, ceph-cluster-name: ceph, ceph-cluster-pool: vms}",
    FIRST SECOND "--disk=name=DWNBRST2,type=block,size=10240M,"
                 "url=rbd:vms/vpm1-2:conf=/etc/ceph/ceph.conf " CARD LAST },
  { "{networks: [{source: default, mac: '52:54:00:00:00:01'}]}",
    FIRST SECOND "--nic=user,mac=52:54:00:00:00:01 " LAST },
  { "{networks: [{source: front, mac: '52:54:00:00:00:01'}]}",
    FIRST SECOND "--nic=bridge,br=front,mac=52:54:00:00:00:01 --nic=user,mac=52:54:00:50:47:2e "
                 "--network=restricted --network-config=/dev/fd/3 "
                 "--meta-data=/dev/fd/4 debian/13 vpm1" },
  { "{networks: [{}, {source: back}]}",
    FIRST SECOND CARD "--nic=bridge,br=back,mac=52:54:00:50:47:2e "
                      "--network-config=/dev/fd/3 --meta-data=/dev/fd/4 debian/13 vpm1" },
};

CASE ("downburst-machine", set_up, tear_down, 0)

TEST_LOOP (lines, 0, G_N_ELEMENTS (rows))
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = translate (rows[_i].section, NULL, &error);

  ck_assert_msg (line != NULL, "%s", error != NULL ? error->message : "");
  ck_assert_str_eq (line, rows[_i].line);
}

TEST (hypervisors)
{
  g_autofree char *kvm = translate ("", "kvm", NULL);
  g_autofree char *tcg = translate ("", "qemu", NULL);

  ck_assert_ptr_nonnull (strstr (kvm, " --accel=kvm "));
  ck_assert_ptr_nonnull (strstr (tcg, " --accel=tcg "));
}

static const struct
{
  const char *section;
  const char *error; /* a part of it */
} bad[] = {
  { "[1]", "the section downburst is not a mapping" },
  { "{disk: 10G}", "has the key \"disk\", which is not one of disk-size, ram" },
  { "{disk-size: large}", "the key disk-size of the section downburst: \"large\" is not a number" },
  { "{ram: [1]}", "the key ram of the section downburst: it is a list or a mapping" },
  { "{cpus: 0}", "the key cpus of the section downburst: 0 is not between 1 and 1024" },
  { "{cpus: many}", "the key cpus of the section downburst" },
  { "{additional-disks: 17}", "17 is not between 0 and 16" },
  { "{networks: front}", "it is not a list" },
  { "{networks: [front]}", "a network is not a mapping with source and mac" },
  { "{networks: [{bridge: front}]}", "\"bridge\" is not source or mac" },
  { "{networks: [{source: 'a,b'}]}", "\"a,b\" cannot be the name of a bridge" },
  { "{networks: [{mac: '1,br=x'}]}", "\"1,br=x\" is not the address of a network card" },
  { "{rbd-disks: 1}", "rbd-disks needs the key ceph-cluster-name" },
  { "{rbd-disks: 1, ceph-cluster-name: c, ceph-cluster-monitors: 'a:1'}",
    "leave the key ceph-cluster-monitors out: the host's /etc/ceph/c.conf must name" },
  { "{rbd-disks: 1, ceph-cluster-name: c, ceph-cluster-secret: s}",
    "leave the key ceph-cluster-secret out" },
  { "{ram: 1G", "the meta-data one: line 2: " },
};

TEST_LOOP (wrong_sections, 0, G_N_ELEMENTS (bad))
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (translate (bad[_i].section, NULL, &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
  ck_assert_msg (strstr (error->message, bad[_i].error) != NULL, "%s", error->message);
}

static void
assert_guest (const char *one, const char *two, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqDownburstMeta) meta = read_meta (one, two, &error);
  g_autofree char *text = NULL;

  ck_assert_msg (meta != NULL, "%s", error != NULL ? error->message : "");
  text = g_strndup (g_bytes_get_data (meta->guest, NULL), g_bytes_get_size (meta->guest));
  ck_assert_str_eq (text, expected);
}

/* Of each key at the top, the last file counts, and the section is not for the guest. */
TEST (meta_data_of_the_guest)
{
  assert_guest ("", "# nothing\n",
                "instance-id: 'vpm1'\nlocal-hostname: 'vpm1'\n"
                "public-keys:\n- 'ssh-ed25519 AAAA it''s me'\n");
  assert_guest ("downburst: {ceph-cluster-secret: x}\nlocal-hostname: a\npublic-keys: [k]\n",
                "local-hostname: b\nhostname: c\n",
                "instance-id: 'vpm1'\nlocal-hostname: b\npublic-keys:\n- k\nhostname: c\n");
}

TEST (later_section_replaces)
{
  g_autoptr (VqDownburstMeta) meta = read_meta (
      "downburst: {ram: 1G, cpus: 2}\nnetwork-interfaces: x\n", "downburst: {cpus: 3}\n", NULL);

  ck_assert_uint_eq (meta->cpus, 3);
  ck_assert_uint_eq (meta->ram, 512 << 20);
  ck_assert (meta->has_interfaces);
}

static const struct
{
  const char *file;
  const char *text;  /* what becomes of it */
  const char *error; /* a part of it, if nothing does */
} users[] = {
  { "runcmd:\n- [a]\n", "#cloud-config\nruncmd:\n- [a]\n", NULL },
  { "# mine\na: b\n", "#cloud-config\n# mine\na: b\n", NULL },
  { "#cloud-config\na: b\n", "#cloud-config\na: b\n", NULL },
  { "#!/bin/sh\n", "#!/bin/sh\n", NULL },
  { "#cloud-config-archive\n- '#!x'\n", "#cloud-config-archive\n- '#!x'\n", NULL },
  { "", "#cloud-config\n", NULL },
  { "a: b\nc: [\n", NULL, "the user-data one: line 3: " },
  { "#cloud-config\na: [\n", NULL, "the user-data one: line 3: " },
  { "echo hello\n", NULL, "the user-data one: line 1: it is a cloud-config, which must be" },
};

TEST_LOOP (user_data, 0, G_N_ELEMENTS (users))
{
  static const char *const files[] = { "one", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) user = NULL;
  g_autofree char *text = NULL;

  ck_assert (g_file_set_contents ("one", users[_i].file, -1, NULL));
  ck_assert_int_eq (vq_downburst_user_read (files, &user, &error), users[_i].error == NULL);
  if (users[_i].error != NULL)
    {
      ck_assert_msg (strstr (error->message, users[_i].error) != NULL, "%s", error->message);
      return;
    }
  text = g_strndup (g_bytes_get_data (user, NULL), g_bytes_get_size (user));
  ck_assert_str_eq (text, users[_i].text);
}

TEST (user_data_of_several_files)
{
  static const char *const files[] = { "one", "two", NULL };
  g_autoptr (GBytes) user = NULL;
  g_autofree char *text = NULL;

  ck_assert (g_file_set_contents ("one", "a: b\n", -1, NULL));
  ck_assert (g_file_set_contents ("two", "#cloud-config-archive\n- '#!c'\n", -1, NULL));
  ck_assert (vq_downburst_user_read (files, &user, NULL));
  text = g_strndup (g_bytes_get_data (user, NULL), g_bytes_get_size (user));
  ck_assert_str_eq (text, "#cloud-config-archive\n- |\n  #cloud-config\n  a: b\n- '#!c'\n");
}

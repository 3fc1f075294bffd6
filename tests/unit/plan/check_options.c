// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/option.h"

#include <check.h>
#include <string.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "disk/disk-spec.h"
#include "plan/nic.h"
#include "plan/shared-dir.h"
#include "suite.h"

#define PROGRAM "autopkgtest-virt-qemu-ng"
#define MAX_WORDS 8

static VqOptionsResult
parse (const char *const *words, VqOptions **options, GError **error)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();

  g_ptr_array_add (argv, (gpointer)PROGRAM);
  for (; *words != NULL; words++)
    g_ptr_array_add (argv, (gpointer)*words);
  g_ptr_array_add (argv, NULL);
  return vq_options_parse ((int)argv->len - 1, (const char *const *)argv->pdata, options, error);
}

static char *
describe_shared_dirs (const GPtrArray *dirs)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < dirs->len; i++)
    {
      const VqSharedDir *dir = dirs->pdata[i];

      g_string_append_printf (text, "%s%s:%s%s", i > 0 ? "|" : "", dir->source, dir->destination,
                              dir->writable ? ":rw" : "");
    }
  return g_string_free (text, FALSE);
}

static char *
describe_nics (const GPtrArray *nics)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < nics->len; i++)
    {
      const VqNic *nic = nics->pdata[i];

      g_string_append_printf (text, "%s%s%s%s", i > 0 ? "|" : "",
                              nic->bridge != NULL ? nic->bridge : "user",
                              nic->mac != NULL ? "," : "", nic->mac != NULL ? nic->mac : "");
    }
  return g_string_free (text, FALSE);
}

/* Of each choice, the words that differ from the default. */
static const char *const boot_words[] = { [VQ_BOOT_BIOS] = "bios",
                                          [VQ_BOOT_EFI] = "efi",
                                          [VQ_BOOT_IEEE1275] = "ieee1275",
                                          [VQ_BOOT_NONE] = "none" };
static const char *const accel_words[] = { [VQ_ACCEL_KVM] = "kvm", [VQ_ACCEL_TCG] = "tcg" };
static const char *const channel_words[]
    = { [VQ_CHANNEL_HELPER] = "helper", [VQ_CHANNEL_SSH] = "ssh" };
static const char *const template_words[]
    = { [VQ_TEMPLATE_OFF] = "off", [VQ_TEMPLATE_REFRESH] = "refresh" };

/* The fields that differ from the defaults, but for the images. */
static char *
describe (const VqOptions *o)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *words = g_strjoinv ("|", o->qemu_options);
  g_autofree char *scripts = g_strjoinv ("|", o->template_scripts);
  g_autofree char *dirs = describe_shared_dirs (o->shared_dirs);
  g_autofree char *nics = describe_nics (o->nics);
  g_autofree char *user_data = g_strjoinv ("|", o->seed.user_data);
  g_autofree char *meta_data = g_strjoinv ("|", o->seed.meta_data);
  g_autofree char *settings = g_strjoinv ("|", o->seed.settings);
  g_autofree char *seed_files = g_strjoinv ("|", o->seed.files);
  const struct
  {
    const char *name;
    const char *value;
  } strings[] = {
    { "qemu_architecture", o->qemu_architecture },
    { "dpkg_architecture", o->dpkg_architecture },
    { "qemu_command", o->qemu_command },
    { "overlay_dir", o->overlay_dir },
    { "user", o->user },
    { "password", o->password },
    { "qemu_options", *words != '\0' ? words : NULL },
    { "boot", boot_words[o->boot] },
    { "accel", accel_words[o->accel] },
    { "network", o->network == VQ_NETWORK_RESTRICTED ? "restricted" : NULL },
    { "display", o->display },
    { "log_dir", o->log_dir },
    { "stats_file", o->stats_file },
    { "instance", o->instance },
    { "allow_revert", o->allow_revert ? "yes" : NULL },
    { "channel", channel_words[o->channel] },
    { "ssh_user", o->ssh_user },
    { "ssh_key", o->ssh_key },
    { "guest_agent",
      o->guest_agent != VQ_AGENT_AUTO ? vq_option_agent_choice_to_string (o->guest_agent) : NULL },
    { "template", template_words[o->template] },
    { "template_dir", o->template_dir },
    { "template_scripts", *scripts != '\0' ? scripts : NULL },
    { "user_data", *user_data != '\0' ? user_data : NULL },
    { "meta_data", *meta_data != '\0' ? meta_data : NULL },
    { "cloud_init_errors", o->cloud_init_errors == VQ_CLOUD_INIT_ERRORS_WARN ? "warn" : NULL },
    { "nics", o->nics->len > 0 ? nics : NULL },
    { "network_config", o->seed.network_config },
    { "settings", *settings != '\0' ? settings : NULL },
    { "seed_files", *seed_files != '\0' ? seed_files : NULL },
    { "shared_dirs", *dirs != '\0' ? dirs : NULL },
  };
  const struct
  {
    const char *name;
    gint64 value;
    gint64 standard;
  } ints[] = {
    { "cpus", o->cpus, 1 },
    { "ram_size_mib", o->ram_size_mib, 2048 },
    { "disk_size", o->disk_size, 0 },
    { "timeout_reboot", o->timeout_reboot, 60 },
    { "timeout_reboot_given", o->timeout_reboot_given, FALSE },
    { "timeout_poweroff", o->timeout_poweroff, -1 },
    { "show_boot", o->show_boot, FALSE },
    { "debug", o->debug, FALSE },
    { "stats", o->stats, FALSE },
    { "baseimage", o->baseimage, FALSE },
    { "template_max_age", o->template_max_age, 86400 },
    { "template_cache_size", o->template_cache_size, G_GINT64_CONSTANT (20) << 30 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    if (strings[i].value != NULL)
      g_string_append_printf (text, "%s=%s ", strings[i].name, strings[i].value);
  for (gsize i = 0; i < G_N_ELEMENTS (ints); i++)
    if (ints[i].value != ints[i].standard)
      g_string_append_printf (text, "%s=%" G_GINT64_FORMAT " ", ints[i].name, ints[i].value);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

typedef struct
{
  const char *words[MAX_WORDS];
  const char *expected; /* what describe () gives, or what the error begins with */
} Case;

/* Each is followed by the image "i". */
static const Case good[] = {
  { { NULL }, "" },
  { { "--qemu-architecture", "x86_64" }, "qemu_architecture=x86_64 " },
  { { "--dpkg-architecture=arm64" }, "dpkg_architecture=arm64 " },
  { { "--qemu-architecture=x", "--qemu-architecture=" }, "" },
  { { "-q", "/bin/q" }, "qemu_command=/bin/q " },
  { { "--qemu-command=q" }, "qemu_command=q " },
  { { "-o/tmp" }, "overlay_dir=/tmp " },
  { { "--overlay-dir", "/tmp" }, "overlay_dir=/tmp " },
  { { "-utestuser", "-ps3kr1t" }, "user=testuser password=s3kr1t " },
  { { "--user=u", "--password=" }, "user=u password= " },
  { { "--user=" }, "" },
  { { "-p", "x" }, "password=x " },
  { { "-c4" }, "cpus=4 " },
  { { "--cpus", "1024" }, "cpus=1024 " },
  { { "--ram-size=4096" }, "ram_size_mib=4096 " },
  { { "--ram", "512" }, "ram_size_mib=512 " },
  { { "--disk-size=1G" }, "disk_size=1073741824 " },
  { { "--ram-size=32" }, "ram_size_mib=32 " },
  { { "--ram-size", "2147483647" }, "ram_size_mib=2147483647 " },
  { { "--timeout-reboot=1" }, "timeout_reboot=1 timeout_reboot_given=1 " },
  { { "--timeout-reboot=60" }, "timeout_reboot_given=1 " },
  { { "--timeout-poweroff", "0" }, "timeout_poweroff=0 " },
  { { "--timeout-p=30" }, "timeout_poweroff=30 " },
  { { "--show-boot" }, "show_boot=1 " },
  { { "-d" }, "debug=1 " },
  { { "--debug" }, "debug=1 " },
  { { "-dc2" }, "cpus=2 debug=1 " },
  { { "--qemu-options", "-m 512  -snapshot" }, "qemu_options=-m|512|-snapshot " },
  { { "--qemu-options=-cpu max", "--qemu-o=-S" }, "qemu_options=-S " },
  { { "--qemu-options=-S", "--qemu-options=" }, "" },
  { { "--boot=bios" }, "boot=bios " },
  { { "--boot", "ieee1275" }, "boot=ieee1275 " },
  { { "--boot=none" }, "boot=none " },
  { { "--boot=efi", "--boot=auto" }, "" },
  { { "--efi" }, "boot=efi " },
  { { "--efi", "--boot=bios" }, "boot=bios " },
  { { "--boot=bios", "--efi" }, "boot=efi " },
  { { "--network=user" }, "" },
  { { "--display=auto" }, "display=auto " },
  { { "--display", "VGA,edid=off" }, "display=VGA,edid=off " },
  { { "--log-dir=logs" }, "log_dir=logs " },
  { { "--stats-file=stats" }, "stats_file=stats " },
  { { "--stats" }, "stats=1 " },
  { { "--network=restricted" }, "network=restricted " },
  { { "--cloud-init-errors=warn" }, "cloud_init_errors=warn " },
  { { "--cloud-init-errors=fail" }, "" },
  { { "--nic=user", "--nic=user,mac=52:54:00:AA:bb:01", "--nic", "bridge,br=br-0.x",
      "--nic=bridge,mac=52:54:00:00:00:02,br=front" },
    "nics=user|user,52:54:00:AA:bb:01|br-0.x|front,52:54:00:00:00:02 " },
  { { "--accel=kvm" }, "accel=kvm " },
  { { "--accel", "tcg" }, "accel=tcg " },
  { { "--accel=tcg", "--accel=auto" }, "" },
  { { "--channel=ssh" }, "channel=ssh " },
  { { "--channel", "helper" }, "channel=helper " },
  { { "--ssh-user=me", "--password=p" }, "password=p ssh_user=me " },
  { { "--channel=ssh", "--ssh-user=me", "--ssh-key", "id" },
    "channel=ssh ssh_user=me ssh_key=id " },
  { { "--guest-agent=off" }, "guest_agent=off " },
  { { "--guest-agent", "install" }, "guest_agent=install " },
  { { "--guest-agent=require", "--guest-agent=auto" }, "" },
  { { "--channel=ssh", "--channel=auto" }, "" },
  { { "--template=off" }, "template=off " },
  { { "--template", "refresh" }, "template=refresh " },
  { { "--template=off", "--template=auto" }, "" },
  { { "--template-dir=/t" }, "template_dir=/t " },
  { { "--template-dir", "a", "--template-d=b" }, "template_dir=b " },
  { { "--template-max-age=90" }, "template_max_age=90 " },
  { { "--template-max-age=90s" }, "template_max_age=90 " },
  { { "--template-max-age", "2m" }, "template_max_age=120 " },
  { { "--template-max-age=3h" }, "template_max_age=10800 " },
  { { "--template-max-age=7d" }, "template_max_age=604800 " },
  { { "--template-max-age=1d" }, "" },
  { { "--template-max-age=0" }, "template_max_age=0 " },
  { { "--template-max-age=2147483647" }, "template_max_age=2147483647 " },
  { { "--template-cache-size=512M" }, "template_cache_size=536870912 " },
  { { "--template-cache-size=1G" }, "template_cache_size=1073741824 " },
  { { "--template-cache-size", "2T" }, "template_cache_size=2199023255552 " },
  { { "--template-cache-size=0" }, "template_cache_size=0 " },
  { { "--template-cache-size=0G" }, "template_cache_size=0 " },
  { { "--template-cache-size=8388607T" }, "template_cache_size=9223370937343148032 " },
  { { "--template-script=a" }, "template_scripts=a " },
  { { "--template-script=a", "--template-script", "b", "--template-s=a" },
    "template_scripts=a|b|a " },
  { { "--user-data=a", "--user-data", "b", "--meta-data=c", "--meta-data=c" },
    "user_data=a|b meta_data=c|c " },
  { { "--network-config=a", "--set=x=1", "--set", "y=", "--cdrom-file=n=p", "--cdrom-file=m=q" },
    "network_config=a settings=x=1|y= seed_files=n=p|m=q " },
  { { "--baseimage" }, "baseimage=1 " },
  { { "--base", "-d" }, "debug=1 baseimage=1 " },
  { { "--shared-dir=src=/a,dst=/b" }, "shared_dirs=/a:/b " },
  { { "--shared-dir", "src=/a,dst=/b,rw", "--shared=src=/a,dst=/c,d" },
    "shared_dirs=/a:/b:rw|/a:/c,d " },
};

static const Case bad[] = {
  { { NULL }, "no image given" },
  { { "--debug" }, "no image given" },
  { { "--instance=web", "i" }, "--instance: that machine has an image already; leave i out" },
  { { "--instance=web", "-c2" }, "--instance: that machine is there already; leave --cpus out" },
  { { "--allow-revert", "i" }, "--allow-revert needs --instance" },
  { { "--" }, "no image given" },
  { { "" }, "an image's name is empty" },
  { { "i", "" }, "an image's name is empty" },
  { { "--shared-dir=", "i" }, "option --shared-dir: it needs both src=PATH and dst=PATH" },
  { { "--shared-dir", "/a", "i" }, "option --shared-dir: '/a' is not one of src=PATH, dst=" },
  { { "--shared-dir=src=/a,dst=/b", "--shared-dir=src=/c,dst=/b,rw", "i" },
    "option --shared-dir: dst=/b is given twice" },
  { { "--shared-dir" }, "option --shared-dir needs a value" },
  { { "--disk=acton=create", "i" }, "option --disk: 'acton' is not one of action, name" },
  { { "--disk=name=a", "--disk=name=a", "i" }, "--disk: there are two disks of the name a" },
  { { "--disks=0", "i" },
    "option --disks: there can be 16 disks, and must be at least one disk: 0 is not between 1 and "
    "16" },
  { { "--disks=17", "i" },
    "option --disks: there can be 16 disks, and must be at least one disk: 17 is not between 1 and "
    "16" },
  { { "--disks=two", "i" },
    "option --disks: there can be 16 disks, and must be at least one disk: 'two' is not a whole "
    "number" },
  { { "--disks=9", "--disks=8", "i" }, "--disk: there can be 16 disks at most" },
  { { "--instance=web", "--disks=1" },
    "--instance: that machine is there already; leave --disks out" },
  { { "--baseimage=1", "i" }, "option --baseimage takes no value" },
  { { "-c", "0", "i" }, "option -c/--cpus: 0 is not between 1 and 1024" },
  { { "-c", "-1", "i" }, "option -c/--cpus: -1 is not between 1 and 1024" },
  { { "-c1025", "i" }, "option -c/--cpus: 1025 is not between 1 and 1024" },
  { { "-cmany", "i" }, "option -c/--cpus: 'many' is not a whole number" },
  { { "--cpus=", "i" }, "option -c/--cpus: '' is not a whole number" },
  { { "--ram-size=31", "i" }, "option --ram-size: 31 is not between 32 and 2147483647" },
  { { "--ram-size=2G", "i" }, "option --ram-size: '2G' is not a whole number" },
  { { "--ram-size=2147483648", "i" }, "option --ram-size: 2147483648 is not between" },
  { { "--timeout-reboot=0", "i" }, "option --timeout-reboot: 0 is not between 1 and" },
  { { "--timeout-poweroff=-1", "i" }, "option --timeout-poweroff: -1 is not between 0 and" },
  { { "--boot=", "i" }, "option --boot: '' is not one of auto, bios, efi, ieee1275, none" },
  { { "--boot=EFI", "i" }, "option --boot: 'EFI' is not one of" },
  { { "--boot=ef", "i" }, "option --boot: 'ef' is not one of" },
  { { "--efi=1", "i" }, "option --efi takes no value" },
  { { "--display=", "i" }, "option --display: '' is not auto, none or a graphics card" },
  { { "--display=gtk", "i" }, "option --display: 'gtk' is not auto, none or a graphics card" },
  { { "--display=virtio-net-pci", "i" }, "option --display: 'virtio-net-pci' is not auto" },
  { { "--network=none", "i" }, "option --network: 'none' is not one of user, restricted" },
  { { "--nic=tap", "i" }, "option --nic: \"tap\" is not user or bridge" },
  { { "--nic=bridge", "i" }, "option --nic: a bridge needs br=, its name" },
  { { "--nic=user,br=front", "i" }, "option --nic: br= is for bridge only" },
  { { "--nic=bridge,br=sixteen-letters-", "i" }, "option --nic: \"sixteen-letters-\" cannot be" },
  { { "--nic=user,model=e1000", "i" }, "option --nic: \"model=e1000\" is not br=NAME or mac=" },
  { { "--nic=user,mac=52-54-00-12-34-56", "i" },
    "option --nic: \"52-54-00-12-34-56\" is not the address of" },
  { { "--nic=user,mac=53:54:00:12:34:56", "i" },
    "option --nic: 53:54:00:12:34:56 is an address for many" },
  { { "--nic=user,mac=52:54:00:12:34:5a", "--nic=user,mac=52:54:00:12:34:5A", "i" },
    "option --nic: mac=52:54:00:12:34:5A is given twice" },
  { { "--accel=xen", "i" }, "option --accel: 'xen' is not one of auto, kvm, tcg" },
  { { "--guest-agent=on", "i" },
    "option --guest-agent: 'on' is not one of auto, require, install, off" },
  { { "--channel=agent", "i" }, "option --channel: 'agent' is not one of auto, helper, ssh" },
  { { "--ssh-user=me", "i" }, "--ssh-user needs --ssh-key or --password" },
  { { "--guest-agent=require", "--ssh-key=k", "i" },
    "only the guest agent is to be used; leave --ssh-user and --ssh-key out" },
  { { "--ssh-key=", "i" }, "option --ssh-key: the value is empty; leave the option out" },
  { { "--template=on", "i" }, "option --template: 'on' is not one of auto, off, refresh" },
  { { "--template=", "i" }, "option --template: '' is not one of" },
  { { "--template-dir=", "i" }, "option --template-dir: the value is empty; leave" },
  { { "--template-script=a", "--template-script=", "i" },
    "option --template-script: the value is empty" },
  { { "--user-data=", "i" }, "option --user-data: the value is empty" },
  { { "--meta-data=", "i" }, "option --meta-data: the value is empty" },
  { { "--network-config=", "i" }, "option --network-config: the value is empty" },
  { { "--set=a", "i" }, "option --set: 'a' is not of the form NAME=VALUE" },
  { { "--set=a=1", "--set=a=2", "i" }, "option --set: the name a is given twice" },
  { { "--set=a=1", "i" }, "--set needs --user-data, --meta-data or --network-config" },
  { { "--cdrom-file=a/b=c", "i" }, "option --cdrom-file: the name must be plain" },
  { { "--instance=web", "--user-data=a" }, "--instance: that machine is there already; leave" },
  { { "--template-max-age=", "i" },
    "option --template-max-age: '' is not a number, alone or followed by one of" },
  { { "--template-max-age=1w", "i" },
    "option --template-max-age: '1w' is not a number, alone or followed by one of s, m, h, d" },
  { { "--template-max-age=-1", "i" }, "option --template-max-age: '-1' is not a number" },
  { { "--template-max-age=24856d", "i" }, "option --template-max-age: 24856d is too large" },
  { { "--template-cache-size=20", "i" },
    "option --template-cache-size: '20' is not a number followed by one of M, G, T" },
  { { "--template-cache-size=8388608T", "i" },
    "option --template-cache-size: 8388608T is too large" },
  { { "--qemu-command=", "i" }, "option -q/--qemu-command: the value is empty" },
  { { "--overlay-dir=", "i" }, "option -o/--overlay-dir: the value is empty" },
  { { "--timeout=1", "i" }, "option --timeout=1 is ambiguous: it could be --timeout-reboot, " },
  { { "--nonsense", "i" }, "unknown option --nonsense" },
  { { "--qemu-options", "-snapshot", "i" }, "option --qemu-options needs a value; " },
  { { "--nonsense", "--help" }, "unknown option --nonsense" },
};

CASE ("options", NULL, NULL, 30)

TEST_LOOP (test_good, 0, G_N_ELEMENTS (good))
{
  const char *words[MAX_WORDS + 1] = { NULL };
  g_autoptr (VqOptions) options = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  gsize n = 0;

  for (; good[_i].words[n] != NULL; n++)
    words[n] = good[_i].words[n];
  words[n] = "i";
  ck_assert_int_eq (parse (words, &options, &error), VQ_OPTIONS_RUN);
  ck_assert_ptr_null (error);
  text = describe (options);
  ck_assert_str_eq (text, good[_i].expected);
  ck_assert_uint_eq (g_strv_length (options->images), 1);
  ck_assert_str_eq (options->images[0], "i");
}

TEST_LOOP (test_bad, 0, G_N_ELEMENTS (bad))
{
  VqOptions *options = (VqOptions *)"not NULL";
  g_autoptr (GError) error = NULL;

  ck_assert_int_eq (parse (bad[_i].words, &options, &error), VQ_OPTIONS_ERROR);
  ck_assert_ptr_null (options);
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
  ck_assert_msg (g_str_has_prefix (error->message, bad[_i].expected), "'%s' instead of '%s'",
                 error->message, bad[_i].expected);
}

TEST (test_disks)
{
  static const char *const words[] = {
    "--disk=size=1,url=a,,b", "--clone-disks", "--disks=2", "--disk", "type=block", "i", NULL
  };
  g_autoptr (VqOptions) options = NULL;
  g_autoptr (GString) names = g_string_new (NULL);

  ck_assert_int_eq (parse (words, &options, NULL), VQ_OPTIONS_RUN);
  for (guint i = 0; i < options->disks->len; i++)
    {
      const VqDiskSpec *disk = options->disks->pdata[i];

      g_string_append_printf (names, "%s%s ", disk->name, disk->is_parent_only ? "!" : "");
    }
  ck_assert_str_eq (names->str, "disk1! disk1-clone disk2! disk2-clone disk3! disk3-clone "
                                "disk4! disk4-clone ");
}

TEST (test_images)
{
  const char *const words[] = { "one", "-d", "two", "--", "-three", NULL };
  g_autoptr (VqOptions) options = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *images = NULL;

  ck_assert_int_eq (parse (words, &options, &error), VQ_OPTIONS_RUN);
  images = g_strjoinv ("|", options->images);
  ck_assert_str_eq (images, "one|two|-three");
  ck_assert (options->debug);
}

TEST (test_instance)
{
  const char *const words[] = { "-d", "--instance=web", "--allow-revert", "-u", "joe", NULL };
  g_autoptr (VqOptions) options = NULL;
  g_autofree char *text = NULL;

  ck_assert_int_eq (parse (words, &options, NULL), VQ_OPTIONS_RUN);
  text = describe (options);
  ck_assert_str_eq (text, "user=joe instance=web allow_revert=yes debug=1 ");
}

/* The manual page's example. */
TEST (test_file)
{
  g_autofree char *directory = g_dir_make_tmp ("check-options-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "sid.cfg", NULL);
  g_autofree char *at = g_strconcat ("@", path, NULL);
  const char *const words[] = { at, NULL };
  g_autoptr (VqOptions) options = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  ck_assert (
      g_file_set_contents (path, "-utest user\n\n--ram-size=4096\n/srv/sid.img\n", -1, NULL));
  ck_assert_int_eq (parse (words, &options, &error), VQ_OPTIONS_RUN);
  text = describe (options);
  ck_assert_str_eq (text, "user=test user ram_size_mib=4096 ");
  ck_assert_str_eq (options->images[0], "/srv/sid.img");
  ck_assert_int_eq (g_unlink (path), 0);
  ck_assert_int_eq (g_rmdir (directory), 0);
}

static const struct
{
  const char *words[MAX_WORDS];
  VqOptionsResult expected;
} exits[] = {
  { { "--help" }, VQ_OPTIONS_HELP },
  { { "-h" }, VQ_OPTIONS_HELP },
  { { "-dh" }, VQ_OPTIONS_HELP },
  { { "--he", "--nonsense" }, VQ_OPTIONS_HELP },
  { { "i", "--version" }, VQ_OPTIONS_VERSION },
  { { "--vers", "--help" }, VQ_OPTIONS_VERSION },
  { { "-c2", "--help", "--version" }, VQ_OPTIONS_HELP },
};

TEST_LOOP (test_exits, 0, G_N_ELEMENTS (exits))
{
  VqOptions *options = (VqOptions *)"not NULL";
  g_autoptr (GError) error = NULL;

  ck_assert_int_eq (parse (exits[_i].words, &options, &error), exits[_i].expected);
  ck_assert_ptr_null (options);
  ck_assert_ptr_null (error);
}

TEST_LOOP (test_environment, 0, 6)
{
  static const char *const texts[] = { "0", "7", "2147483647", "", "x", "-1" };
  static const int seconds[] = { 0, 7, G_MAXINT };
  static const char *const argv[] = { "server", "image", NULL };
  g_autoptr (VqOptions) options = NULL;
  g_autoptr (GError) error = NULL;

  g_setenv ("AUTOPKGTEST_VIRT_COPY_TIMEOUT", texts[_i], TRUE);
  if (_i < 3)
    {
      ck_assert_int_eq (vq_options_parse (2, argv, &options, &error), VQ_OPTIONS_RUN);
      ck_assert_int_eq (options->timeout_copy, seconds[_i]);
      return;
    }
  ck_assert_int_eq (vq_options_parse (2, argv, &options, &error), VQ_OPTIONS_ERROR);
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
  ck_assert_ptr_nonnull (strstr (error->message, "AUTOPKGTEST_VIRT_COPY_TIMEOUT"));
}

/* A program may be started with no argument at all, not even its name. */
TEST (test_no_argv)
{
  const char *const argv[] = { NULL };
  VqOptions *options = NULL;
  g_autoptr (GError) error = NULL;

  ck_assert_int_eq (vq_options_parse (0, argv, &options, &error), VQ_OPTIONS_ERROR);
  ck_assert_str_eq (error->message, "no image given; name the disk image to boot");
}

/* TRUE when the parser knows OPTION: whatever else is wrong with it. */
static gboolean
is_known (const char *option)
{
  const char *const words[] = { option, NULL };
  g_autoptr (VqOptions) options = NULL;
  g_autoptr (GError) error = NULL;
  VqOptionsResult result = parse (words, &options, &error);

  return result != VQ_OPTIONS_ERROR || strstr (error->message, "unknown option") == NULL;
}

/* TRUE when NAME is no mere prefix of an option's name. */
static gboolean
is_whole (const char *name)
{
  /* the options whose names begin others' */
  if (g_str_equal (name, "--template") || g_str_equal (name, "--disk")
      || g_str_equal (name, "--user") || g_str_equal (name, "--network")
      || g_str_equal (name, "--stats"))
    return TRUE;
  for (const char *c = "abcdefghijklmnopqrstuvwxyz-"; *c != '\0'; c++)
    {
      g_autofree char *longer = g_strdup_printf ("%s%c", name, *c);

      if (is_known (longer))
        return FALSE;
    }
  return TRUE;
}

/* Every option that the help lists is one, and none is forgotten. */
TEST (test_help)
{
  g_auto (GStrv) lines = g_strsplit (vq_options_help (), "\n", -1);
  g_autoptr (GRegex) regex = g_regex_new ("^  (-\\w,|   ) (--[a-z-]+)", 0, 0, NULL);
  int n = 0;

  for (char **line = lines; *line != NULL; line++)
    {
      g_autoptr (GMatchInfo) match = NULL;
      g_autofree char *letter = NULL;
      g_autofree char *name = NULL;

      ck_assert_uint_le (strlen (*line), 80);
      if (!g_regex_match (regex, *line, 0, &match))
        continue;
      n++;
      letter = g_match_info_fetch (match, 1);
      name = g_match_info_fetch (match, 2);
      letter[2] = '\0';
      ck_assert_msg (is_known (name) && is_whole (name), "%s", name);
      ck_assert_msg (is_known (letter), "%s", letter);
    }
  ck_assert_int_eq (n, 52);
}

TEST (test_usage_error)
{
  g_autoptr (GError) error
      = g_error_new_literal (VQ_ERROR, VQ_ERROR_USAGE, "unknown option --a\nb\x1b\x7f\xc3\xa9");
  g_autofree char *text = vq_options_usage_error (error);

  ck_assert_str_eq (text, PROGRAM ": error: unknown option --a?b??\xc3\xa9\n"
                                  "Try '" PROGRAM " --help' for the options.\n");
}

TEST (test_version)
{
  ck_assert_str_eq (vq_options_version (), PROGRAM " " VQ_VERSION "\n");
}

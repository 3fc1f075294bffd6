// SPDX-License-Identifier: GPL-2.0-or-later
#include "testbed/plan-inputs.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/child.h"
#include "base/error.h"
#include "leaks.h"
#include "suite.h"
#include "tree.h"

#define PATIENCE 60 /* seconds */

/* In the directory: image.qcow2 on middle.qcow2 on base.raw, more.raw, a script, a file for
 * --qemu-options, and a QEMU that can say its version. */
static char *directory;

static void
run (const char *script)
{
  const char *const argv[] = { "sh", "-ec", script, "sh", directory, NULL };
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_child_run (argv, NULL, NULL, vq_deadline_in (PATIENCE), NULL, &error), "%s",
                 error != NULL ? error->message : "");
}

static const char make_files[]
    = "cd \"$1\"\n"
      "truncate -s 8M base.raw more.raw\n"
      "printf '\\125\\252' | dd of=more.raw bs=1 seek=510 conv=notrunc status=none\n"
      "qemu-img create -q -f qcow2 -F raw -b base.raw middle.qcow2\n"
      "qemu-img create -q -f qcow2 -F qcow2 -b middle.qcow2 image.qcow2\n"
      "qemu-img create -q -f qcow2 -F raw -b base.raw cd.qcow2\n"
      "echo true >script; echo : >script2; echo kernel >kernel; echo odd >o,d:d=; : >empty\n"
      "printf '#cloud-config\\na: {x}\\n' >data; cp data data2\n"
      "printf '#!/bin/sh\\necho QEMU emulator version 7.2\\n' >qemu; chmod 755 qemu\n";

static void
setup (void)
{
  leaks_begin ();
  directory = g_dir_make_tmp ("vq-key-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
  run (make_files);
}

static void
teardown (void)
{
  tree_remove (directory);
  g_clear_pointer (&directory, g_free);
  leaks_assert_none ();
}

/* The plan has firmware from there; NULL: none. */
static const char *firmware_root;

/* WORDS are separated by blanks; '|' stands for a blank in a word, DIR for the directory. */
static char **
make_argv (const char *words)
{
  g_autofree char *line
      = g_strconcat ("server --accel=tcg --boot=none --qemu-command=DIR/qemu ", words, NULL);
  g_auto (GStrv) parts = g_strsplit (line, "DIR", -1);
  g_autofree char *whole = g_strjoinv (directory, parts);
  char **argv = g_strsplit (whole, " ", -1);

  for (char **word = argv; *word != NULL; word++)
    g_strdelimit (*word, "|", ' ');
  return argv;
}

static VqTemplateKey *
make_key (const char *words, VqCancel *cancel, GError **error)
{
  g_auto (GStrv) argv = make_argv (words);
  g_autoptr (VqOptions) options = NULL;
  g_autoptr (VqPlan) plan = NULL;
  g_autoptr (GError) local = NULL;

  ck_assert_msg (
      vq_options_parse (g_strv_length (argv), (const char *const *)argv, &options, &local)
          == VQ_OPTIONS_RUN,
      "%s", local != NULL ? local->message : "");
  plan = vq_plan_new (options, NULL, &local);
  ck_assert_msg (plan != NULL, "%s", local != NULL ? local->message : "");
  if (firmware_root != NULL)
    plan->firmware = vq_firmware_find_in (firmware_root, "x86_64", NULL);
  return vq_plan_inputs_get_key (plan, vq_deadline_in (PATIENCE), cancel, error);
}

static char *
digest_of (const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqTemplateKey) key = make_key (words, NULL, &error);

  ck_assert_msg (key != NULL, "%s: %s", words, error != NULL ? error->message : "");
  return vq_template_key_get_digest (key);
}

static void
assert_no_key (const char *words, const char *text)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (make_key (words, NULL, &error) == NULL, "%s", words);
  ck_assert_msg (strstr (error->message, text) != NULL, "%s: %s", words, error->message);
  ck_assert_ptr_null (strchr (error->message, '\n'));
}

#define PLAIN                                                                                      \
  "--ram-size=512 --cpus=2 --template-script=DIR/script --template-script=DIR/script2 "            \
  "DIR/image.qcow2 DIR/more.raw"

CASE ("key", setup, teardown, 120)

TEST (nothing_changes)
{
  g_autofree char *image = g_build_filename (directory, "image.qcow2", NULL);
  g_autoptr (VqTemplateKey) key = make_key (PLAIN, NULL, NULL);
  g_autofree char *one = vq_template_key_get_digest (key);
  g_autofree char *two = digest_of (PLAIN);

  ck_assert_str_eq (vq_template_key_get (key, VQ_TEMPLATE_KEY_IMAGE), image);
  ck_assert_str_eq (one, two);
}

/* The facts that no test can change: they are there. */
TEST (what_is_ours)
{
  g_autoptr (VqTemplateKey) key = make_key (PLAIN, NULL, NULL);
  const char *helper = vq_template_key_get (key, "guest helper");

  ck_assert_uint_eq (strlen (vq_template_key_get (key, "library")), 64);
  ck_assert_ptr_nonnull (strstr (helper, "guest-helper-"));
  ck_assert_ptr_nonnull (vq_template_key_get (key, "host kernel"));
  ck_assert_ptr_nonnull (vq_template_key_get (key, "host processor"));
}

/* Other words on the command line make another machine, or another guest. */
static const char *const other_words[] = {
  "--ram-size=513 --cpus=2 --template-script=DIR/script --template-script=DIR/script2 "
  "DIR/image.qcow2 DIR/more.raw",
  "--ram-size=512 --cpus=3 --template-script=DIR/script --template-script=DIR/script2 "
  "DIR/image.qcow2 DIR/more.raw",
  "--ram-size=512 --cpus=2 --template-script=DIR/script2 --template-script=DIR/script "
  "DIR/image.qcow2 DIR/more.raw",
  "--ram-size=512 --cpus=2 --template-script=DIR/script DIR/image.qcow2 DIR/more.raw",
  "--ram-size=512 --cpus=2 DIR/image.qcow2 DIR/more.raw",
  "--ram-size=512 --cpus=2 --template-script=DIR/script --template-script=DIR/script2 "
  "DIR/image.qcow2",
  "--ram-size=512 --cpus=2 --template-script=DIR/script --template-script=DIR/script2 "
  "DIR/more.raw DIR/image.qcow2",
  "--ram-size=512 --cpus=2 --template-script=DIR/script --template-script=DIR/script2 "
  "DIR/image.qcow2 DIR/more.raw DIR/more.raw",
  "--ram-size=512 --cpus=2 --template-script=DIR/script --template-script=DIR/script2 "
  "DIR/cd.qcow2 DIR/more.raw",
  "--display=none " PLAIN,
  "--display=bochs-display " PLAIN,
  "--qemu-options=-usb " PLAIN,
  "--qemu-options=-usb|-usb " PLAIN,
  "--qemu-options=-kernel|DIR/kernel " PLAIN,
  "--qemu-options=-kernel|DIR/odd " PLAIN,
  "--disks=1 " PLAIN,
  "--disk=name=a " PLAIN,
  "--disk=size=5 " PLAIN,
  "--disk=type=block " PLAIN,
  "--disk=fs=ext4 " PLAIN,
  "--disk=mount=/a " PLAIN,
  "--disk=cache=none " PLAIN,
  "--disk=url=DIR/base.raw " PLAIN,
  "--disk=url=DIR/base.raw,size=9 " PLAIN,
  "--disk=url=DIR/base.raw,read-only " PLAIN,
  "--disk=url=DIR/more.raw " PLAIN,
  "--disks=2 " PLAIN,
  "--disks=1 --clone-disks " PLAIN,
  "--user-data=DIR/data " PLAIN,
  "--user-data=DIR/data --set=x=1 " PLAIN,
  "--user-data=DIR/data --user-data=DIR/data " PLAIN,
  "--cdrom-file=x=DIR/data " PLAIN,
  "--cdrom-file=y=DIR/data " PLAIN,
};

TEST (command_lines)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  g_hash_table_add (seen, digest_of (PLAIN));
  for (guint i = 0; i < G_N_ELEMENTS (other_words); i++)
    ck_assert_msg (g_hash_table_add (seen, digest_of (other_words[i])), "%s", other_words[i]);
}

/* These do not: what they say is heeded each time anew. */
static const char *const same_words[] = {
  "--timeout-reboot=77 " PLAIN,
  "--timeout-poweroff=77 " PLAIN,
  "--show-boot " PLAIN,
  "--debug " PLAIN,
  "--user=joe " PLAIN,
  "--password=secret " PLAIN,
  "--overlay-dir=DIR " PLAIN,
  "--log-dir=DIR " PLAIN,
  "--stats-file=DIR/stats " PLAIN,
  "--display=auto " PLAIN,
  "--template=refresh " PLAIN,
  "--template-dir=/nonexistent " PLAIN,
  "--template-max-age=1h " PLAIN,
  "--template-cache-size=1G " PLAIN,
};

TEST (same_machine)
{
  g_autofree char *plain = digest_of (PLAIN);

  for (guint i = 0; i < G_N_ELEMENTS (same_words); i++)
    {
      g_autofree char *digest = digest_of (same_words[i]);

      ck_assert_msg (g_str_equal (digest, plain), "%s", same_words[i]);
    }
}

/* So is what cloud-init gets. */
TEST (user_data_by_another_name)
{
  g_autofree char *before = digest_of ("--user-data=DIR/data DIR/image.qcow2");
  g_autofree char *after = digest_of ("--user-data=DIR/data2 DIR/image.qcow2");
  g_autofree char *changed = NULL;

  ck_assert_str_eq (before, after);
  run ("echo b: 1 >>\"$1/data\"");
  changed = digest_of ("--user-data=DIR/data DIR/image.qcow2");
  ck_assert_str_ne (before, changed);
}

/* A script is its contents, whatever it is called. */
TEST (script_by_another_name)
{
  g_autofree char *before = digest_of ("--template-script=DIR/script DIR/image.qcow2");
  g_autofree char *after = NULL;

  run ("cp \"$1/script\" \"$1/script3\"");
  after = digest_of ("--template-script=DIR/script3 DIR/image.qcow2");
  ck_assert_str_eq (before, after);
}

#define CD "--qemu-options=-drive|if=none,readonly=on,file=DIR/cd.qcow2 DIR/more.raw"

/* What is changed on the disk, with the command line that must notice. */
static const struct
{
  const char *change, *words;
} changes[] = {
  { "touch image.qcow2", PLAIN },
  { "touch base.raw", "--disk=url=DIR/cd.qcow2 DIR/more.raw" },
  { "touch cd.qcow2", "--disk=url=DIR/cd.qcow2 DIR/more.raw" },
  { "touch middle.qcow2", PLAIN },
  { "printf x | dd of=base.raw conv=notrunc status=none", PLAIN },
  { "touch base.raw; chmod 600 base.raw", PLAIN },
  { "cp image.qcow2 new; mv new image.qcow2", PLAIN },
  { "touch more.raw", PLAIN },
  { "echo false >script", PLAIN },
  { "echo >>script2", PLAIN },
  { "printf 'a\\0c' >script", "--template-script=DIR/script DIR/image.qcow2" },
  { "sed -i s/7.2/7.3/ qemu", PLAIN },
  { "touch qemu", PLAIN },
  { "touch kernel", "--qemu-options=-kernel|DIR/kernel " PLAIN },
  { "touch kernel", "--qemu-options=-fw_cfg|name=x,file=DIR/kernel " PLAIN },
  { "touch kernel", "--qemu-options=-fw_cfg|file=DIR/kernel,name=x " PLAIN },
  { "touch kernel", "--qemu-options=-drive|readonly=on,file=file:DIR/kernel " PLAIN },
  { "touch kernel",
    "--qemu-options=-drive|readonly=on,file=json:{\"filename\":\"DIR/kernel\"} " PLAIN },
  { "touch o,d:d=", "--qemu-options=-kernel|DIR/o,d:d= " PLAIN },
  { "touch o,d", "--qemu-options=-fw_cfg|name=x,file=DIR/o,,d " PLAIN },
  { "touch empty", "--qemu-options=-kernel|DIR/empty " PLAIN },
  { "touch cd.qcow2", CD },
  { "touch base.raw", CD },
};

CASE ("files", setup, teardown, 60)

TEST_LOOP (files, 0, G_N_ELEMENTS (changes))
{
  g_autofree char *change = g_strdup_printf ("cd \"$1\"; %s", changes[_i].change);
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  run ("cd \"$1\"; printf 'a\\0b' >script; echo odd >o,d");
  before = digest_of (changes[_i].words);
  tree_await_tick ();
  run (change);
  after = digest_of (changes[_i].words);
  ck_assert_msg (!g_str_equal (before, after), "%s", changes[_i].change);
}

CASE ("key", setup, teardown, 120)

TEST (firmware)
{
  static const char *const touch[] = { "touch \"$1/usr/share/OVMF/OVMF_CODE_4M.fd\"",
                                       "touch \"$1/usr/share/OVMF/OVMF_VARS_4M.fd\"" };
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  run ("mkdir -p \"$1/usr/share/OVMF\"; cd \"$1/usr/share/OVMF\"\n"
       "echo code >OVMF_CODE_4M.fd; echo vars >OVMF_VARS_4M.fd");
  ck_assert (g_hash_table_add (seen, digest_of (PLAIN)));
  firmware_root = directory;
  ck_assert (g_hash_table_add (seen, digest_of (PLAIN)));
  for (guint i = 0; i < G_N_ELEMENTS (touch); i++)
    {
      tree_await_tick ();
      run (touch[i]);
      ck_assert (g_hash_table_add (seen, digest_of (PLAIN)));
    }
  firmware_root = NULL;
}

/* What could change without a trace, or is not there. */
static const struct
{
  const char *make, *words, *error;
} no_keys[] = {
  { "qemu-img create -q -f vmdk disk 8M", "DIR/disk",
    "QEMU does not save machines with vmdk images" },
  { "true", "--qemu-options=-snapshot " PLAIN, "temporary files" },
  { "true", "--channel=ssh " PLAIN, "--channel=ssh cannot set" },
  { "printf '#!/bin/sh\\nexit 1\\n' >qemu", PLAIN, "qemu" },
};

CASE ("files", setup, teardown, 60)

TEST_LOOP (no_key, 0, G_N_ELEMENTS (no_keys))
{
  g_autofree char *make = g_strdup_printf ("cd \"$1\"; %s", no_keys[_i].make);

  run (make);
  assert_no_key (no_keys[_i].words, no_keys[_i].error);
}

CASE ("key", setup, teardown, 120)

TEST (cancelled)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_CANCELLED, "a signal");
  g_autoptr (GError) error = NULL;

  vq_cancel_trigger (cancel, reason);
  ck_assert_ptr_null (make_key (PLAIN, cancel, &error));
  ck_assert (vq_error_is_cancelled (error));
}

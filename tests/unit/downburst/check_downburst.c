// SPDX-License-Identifier: GPL-2.0-or-later
/* The program downburst, as its callers start it, with a virt-qemu and an ssh that only note what
 * they get. */
#include "downburst/downburst.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"

/* It notes its arguments and the files that they name, and fails if there is a file FAIL. */
#define FAKE_VIRT_QEMU                                                                             \
  "#!/bin/sh\n"                                                                                    \
  "cd \"${0%/*}\" && echo \"virt-qemu $*\" >>log\n"                                                \
  "for word; do case $word in --*=/dev/fd/*) cat \"${word#*=}\" >\"${word%%=*}\" ;; esac; done\n"  \
  "case $1-$2 in\n"                                                                                \
  "image-list-os) cat systems ;;\n"                                                                \
  "image-pull) echo \"/images/$3\" ;;\n"                                                           \
  "*) if [ -e fail ]; then . ./fail; fi ;;\n"                                                      \
  "esac\n"

#define FAKE_SSH                                                                                   \
  "#!/bin/sh\n"                                                                                    \
  "if [ -e \"${0%/*}/unreachable\" ]; then echo 'ssh: no route' >&2; exit 255; fi\n"               \
  "while [ $# -gt 2 ]; do shift; done\n"                                                           \
  "echo \"ssh $1\" >>\"${0%/*}/log\"\n"                                                            \
  "eval \"$2\"\n"

#define SYSTEMS                                                                                    \
  "[{\"distro\": \"debian\", \"release\": \"bookworm\", \"number\": \"12\", \"aliases\": [],"      \
  "  \"image\": \"/x.qcow2\"},"                                                                    \
  " {\"distro\": \"debian\", \"release\": \"sid\", \"number\": null, \"aliases\": [\"unstable\"]," \
  "  \"image\": null},"                                                                            \
  " {\"distro\": \"ubuntu\", \"release\": \"noble\", \"number\": \"24.04\","                       \
  "  \"aliases\": [\"lts\"], \"image\": null}]\n"

static char *directory;
static char *out, *err;

static void
write_program (const char *name, const char *text)
{
  ck_assert (g_file_set_contents (name, text, -1, NULL));
  ck_assert_int_eq (chmod (name, 0755), 0);
}

/* We are in a directory of our own, which is first on PATH and the home. */
static void
set_up (void)
{
  directory = g_dir_make_tmp ("vq-downburst-XXXXXX", NULL);
  ck_assert_int_eq (chdir (directory), 0);
  write_program ("virt-qemu", FAKE_VIRT_QEMU);
  write_program ("ssh", FAKE_SSH);
  ck_assert (g_file_set_contents ("systems", SYSTEMS, -1, NULL));
}

static void
tear_down (void)
{
  char *argv[] = { (char *)"rm", (char *)"-rf", directory, NULL };

  ck_assert_int_eq (chdir ("/"), 0);
  ck_assert (
      g_spawn_sync (NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
  g_clear_pointer (&out, g_free);
  g_clear_pointer (&err, g_free);
  g_free (directory);
}

static char *
find_program (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *here = g_path_get_dirname (self);

  return g_build_filename (here, "..", "downburst", NULL);
}

/* Runs it with the words of LINE, and gives its exit status. It has no more in its environment than
 * teuthology leaves it, and a home. */
static int
run (const char *line)
{
  g_autofree char *program = find_program ();
  g_autofree char *whole = g_strdup_printf ("%s %s", program, line);
  g_autofree char *path = g_strdup_printf ("PATH=%s:%s", directory, g_getenv ("PATH"));
  g_autofree char *home = g_strdup_printf ("HOME=%s", directory);
  char *environment[] = { path, home, NULL };
  g_auto (GStrv) argv = g_strsplit (whole, " ", -1);
  int status;

  g_clear_pointer (&out, g_free);
  g_clear_pointer (&err, g_free);
  ck_assert (g_spawn_sync (NULL, argv, environment, 0, NULL, NULL, &out, &err, &status, NULL));
  ck_assert (WIFEXITED (status));
  return WEXITSTATUS (status);
}

static void
assert_file (const char *name, const char *expected)
{
  g_autofree char *text = NULL;

  ck_assert_msg (g_file_get_contents (name, &text, NULL, NULL), "%s is missing: %s", name, err);
  ck_assert_str_eq (text, expected);
  g_unlink (name);
}

static void
assert_in_file (const char *name, const char *part)
{
  g_autofree char *text = NULL;

  ck_assert_msg (g_file_get_contents (name, &text, NULL, NULL), "%s is missing: %s", name, err);
  ck_assert_msg (strstr (text, part) != NULL, "%s: %s", name, text);
}

static void
make_fail (const char *script)
{
  ck_assert (g_file_set_contents ("fail", script, -1, NULL));
}

CASE ("downburst", set_up, tear_down, 60)

/* ---- as teuthology calls it ---- */

/* What provision/downburst.py writes for a Debian machine, and what an older one did. */
#define META                                                                                       \
  "downburst:\n"                                                                                   \
  "  additional-disks: 4\n"                                                                        \
  "  additional-disks-size: 100G\n"                                                                \
  "  arch: x86_64\n"                                                                               \
  "  cpus: 1\n"                                                                                    \
  "  disk-size: 100G\n"                                                                            \
  "  distro: debian\n"                                                                             \
  "  distroversion: '12'\n"                                                                        \
  "  networks:\n"                                                                                  \
  "  - mac: 52:54:00:5a:aa:ee\n"                                                                   \
  "    source: front\n"                                                                            \
  "  ram: 3.8G\n"                                                                                  \
  "local-hostname: vpm999.front.example.com\n"
#define USER                                                                                       \
  "packages:\n- git\n- wget\n- ntp\nruncmd:\n- - passwd\n  - -d\n  - ubuntu\nuser: ubuntu\n"

static const struct
{
  const char *options; /* before the command; %s is the host */
  const char *user;
} callers[] = {
  { "-v -c %s -l vpm999.downburst.log ", "#cloud-config\n" USER },
  { "-v -c %s ", "#cloud-config\n" USER },
  { "-c %s ", USER },
};

static int
call (int caller, const char *host, const char *command)
{
  const char *format = callers[caller].options;
  const char *mark = strstr (format, "%s");
  g_autofree char *line
      = g_strdup_printf ("%.*s%s%s%s", (int)(mark - format), format, host, mark + 2, command);

  return run (line);
}

static void
write_files (int caller)
{
  ck_assert (g_file_set_contents ("tmpmeta", META, -1, NULL));
  ck_assert (g_file_set_contents ("tmpuser", callers[caller].user, -1, NULL));
}

#define CREATE "create --wait --meta-data=tmpmeta --user-data=tmpuser vpm999"

TEST_LOOP (teuthology_creates, 0, G_N_ELEMENTS (callers) * 2)
{
  int caller = _i % G_N_ELEMENTS (callers);
  gboolean is_remote = _i >= (int)G_N_ELEMENTS (callers);
  const char *there = is_remote ? "ssh mira001\n" : "";
  g_autofree char *log = NULL;

  write_files (caller);
  ck_assert_msg (call (caller, is_remote ? "mira001" : g_get_host_name (), CREATE) == 0, "%s", err);
  ck_assert_str_eq (out, "");
  log = g_strdup_printf (
      "%svirt-qemu image list-os --format=json\n"
      "%svirt-qemu launch --cpus=1 --ram-size=3891 --disk-size=102400M --timeout-reboot=600 "
      "--cloud-init-errors=warn --disk=name=DWNBRST2,type=block,size=102400M "
      "--disk=name=DWNBRST3,type=block,size=102400M --disk=name=DWNBRST4,type=block,size=102400M "
      "--disk=name=DWNBRST5,type=block,size=102400M "
      "--nic=bridge,br=front,mac=52:54:00:5a:aa:ee --nic=user,mac=52:54:00:a9:5c:b4 "
      "--network=restricted --network-config=/dev/fd/3 --user-data=/dev/fd/4 "
      "--meta-data=/dev/fd/5 debian/12/amd64 vpm999\n",
      there, there);
  assert_file ("log", log);
  assert_file ("--user-data", "#cloud-config\n" USER);
  assert_file ("--meta-data", "instance-id: 'vpm999'\n"
                              "local-hostname: vpm999.front.example.com\npublic-keys: []\n");
  assert_in_file ("--network-config", "name: eth0\n  mac_address: \"52:54:00:5a:aa:ee\"\n");
}

/* It destroys the machine if it finds the word, and makes it again. */
TEST_LOOP (teuthology_finds_that_it_exists, 0, G_N_ELEMENTS (callers))
{
  write_files (_i);
  make_fail ("echo 'virt-qemu: error: there is one' >&2; exit 7\n");
  ck_assert_int_eq (call (_i, "localhost", CREATE), 1);
  ck_assert_ptr_nonnull (
      strstr (err, "downburst: Virtual machine with this name exists already: vpm999\n"));
}

/* It must not destroy it for any other reason. */
TEST_LOOP (teuthology_does_not_find_that_it_exists, 0, G_N_ELEMENTS (callers))
{
  write_files (_i);
  make_fail (
      "echo 'virt-qemu: it exists' >&2; echo 'virt-qemu: error: a file exists' >&2; exit 1\n");
  ck_assert_int_eq (call (_i, "localhost", CREATE), 1);
  ck_assert_ptr_null (strstr (err, "exists"));
  ck_assert_ptr_nonnull (strstr (err, "downburst: a file is there\n"));
}

TEST_LOOP (teuthology_destroys, 0, G_N_ELEMENTS (callers))
{
  ck_assert_int_eq (call (_i, "mira001", "destroy vpm999"), 0);
  assert_file ("log", "ssh mira001\nvirt-qemu delete --force vpm999\n");
  if (_i == 2) /* an older one takes anything on stderr for a failure */
    ck_assert_str_eq (err, "");
  make_fail ("echo 'virt-qemu: error: none' >&2; exit 3\n");
  ck_assert_int_eq (call (_i, "mira001", "destroy vpm999"), 1);
  ck_assert_ptr_nonnull (strstr (err, "no domain with matching name 'vpm999'"));
}

TEST (teuthology_asks_for_systems)
{
  ck_assert_int_eq (run ("list-json"), 0);
  ck_assert_str_eq (out, "{\"debian\":[\"12(bookworm)\",\"sid\"],\"ubuntu\":[\"24.04(noble)\"]}\n");
  ck_assert_str_eq (err, "");
  ck_assert_int_eq (run ("list"), 0);
  ck_assert_str_eq (out, "debian: 12(bookworm) sid\nubuntu: 24.04(noble)\n");
}

/* ---- what else there is ---- */

static const struct
{
  const char *options;
  const char *image;
  const char *pulled; /* NULL: it is there */
} images[] = {
  { "--distro=debian --distroversion=12", "debian/12", NULL },
  { "--distro=Debian --distroversion=12(bookworm)", "debian/12", NULL },
  { "--distro=debian --distroversion=bookworm --forcenew", "debian/bookworm", "debian/bookworm" },
  { "--distro=debian --distroversion=unstable", "debian/unstable", "debian/unstable" },
  { "", "ubuntu/lts", "ubuntu/lts" },
  { "--distroversion=22.04 --arch=aarch64", "ubuntu/22.04/arm64", "ubuntu/22.04/arm64" },
  { "--distro=centos --distroversion=9.stream", "centos/9.stream", "centos/9.stream" },
};

TEST_LOOP (image, 0, G_N_ELEMENTS (images))
{
  g_autofree char *line = g_strdup_printf ("create %s vm", images[_i].options);
  g_autofree char *last = g_strdup_printf (
      " %s%s vm\n", images[_i].pulled != NULL ? "/images/" : "", images[_i].image);
  g_autofree char *log = NULL;
  g_autofree char *pull = NULL;
  g_auto (GStrv) words = g_strsplit (line, " ", -1);

  if (strstr (line, "  ") != NULL)
    g_strlcpy (line, "create vm", strlen (line));
  ck_assert_msg (run (line) == 0, "%s", err);
  ck_assert (g_file_get_contents ("log", &log, NULL, NULL));
  ck_assert_msg (g_str_has_suffix (log, last), "%s", log);
  pull = g_strdup_printf ("virt-qemu image pull %s\n",
                          images[_i].pulled != NULL ? images[_i].pulled : "");
  ck_assert_msg ((strstr (log, pull) != NULL) == (images[_i].pulled != NULL), "%s", log);
  ck_assert (images[_i].pulled != NULL || strstr (log, "image pull") == NULL);
  /* Another one may have been built with a larger disk. */
  ck_assert_msg ((strstr (log, "--disk-size=10240M") != NULL) == (images[_i].pulled != NULL), "%s",
                 log);
}

TEST (names_that_are_options)
{
  ck_assert_int_eq (run ("create -- --help"), 2);
  ck_assert_ptr_nonnull (strstr (err, "\"--help\" cannot be the name of a machine"));
  ck_assert_int_eq (run ("destroy -- -x"), 2);
  ck_assert (!g_file_test ("log", G_FILE_TEST_EXISTS));
}

TEST (keys_of_the_user)
{
  ck_assert_int_eq (g_mkdir (".ssh", 0700), 0);
  ck_assert (g_file_set_contents (".ssh/id_ed25519.pub", "ssh-ed25519 AAAA me\nmore\n", -1, NULL));
  ck_assert_int_eq (run ("create --distro=debian --distroversion=12 vm"), 0);
  assert_in_file ("--meta-data", "public-keys:\n- 'ssh-ed25519 AAAA me'\n");
  ck_assert_int_eq (run ("create --distro=debian --distroversion=12 --nokey vm"), 0);
  assert_in_file ("--meta-data", "public-keys: []\n");
}

TEST (log_file)
{
  ck_assert_int_eq (run ("-l log.txt destroy vm"), 0);
  assert_file ("log.txt", "");
  ck_assert_int_eq (run ("-v --logfile=log.txt destroy vm"), 0);
  assert_in_file ("log.txt", " DEBUG:downburst:sh exec virt-qemu 'delete' '--force' 'vm'");
  make_fail ("exit 3\n");
  ck_assert_int_eq (run ("destroy -l log.txt vm"), 1);
  assert_in_file ("log.txt", " ERROR:downburst:no domain with matching name 'vm'\n");
  ck_assert_int_eq (run ("-l no/log.txt destroy vm"), 1);
  ck_assert_ptr_nonnull (strstr (err, "cannot open the log file no/log.txt: No such file"));
}

TEST (destroy_of_several)
{
  make_fail ("case $3 in b) echo 'virt-qemu: error: no b' >&2; exit 4 ;; esac\n");
  ck_assert_int_eq (run ("destroy a b c"), 1);
  ck_assert_str_eq (err, "downburst: no b\n");
  assert_in_file ("log", "--force a\nvirt-qemu delete --force b\nvirt-qemu delete --force c\n");
}

static const struct
{
  const char *line;
  int status;
  const char *said;
} failures[] = {
  { "", 2, "is not create, destroy, list" },
  { "-v", 2, "there is no command" },
  { "start vm", 2, "\"start\" is not create, destroy" },
  { "create", 2, "create needs the name of a machine" },
  { "create a b", 2, "\"b\" is one name too many" },
  { "list a", 2, "\"a\" is one name too many" },
  { "destroy", 2, "destroy needs the name of a machine" },
  { "destroy --wait a", 2, "--wait is only for create" },
  { "create --hypervisor=xen a", 2, "option --hypervisor: \"xen\" is not kvm or qemu" },
  { "create --snapshot a", 2, "--snapshot" },
  { "-c xen:///x list", 1, "option --connect: " },
  { "create --meta-data=nosuch a", 1, "the meta-data nosuch: cannot read it: No such file" },
  { "create --user-data=/dev/zero a", 1, "the user-data /dev/zero: it is not a plain file" },
  { "create --distro=rhel a", 1, "rhel needs a distroversion" },
  { "create --distro=../x a", 1, "\"../x\" cannot be the distro of a system" },
};

TEST_LOOP (fails, 0, G_N_ELEMENTS (failures))
{
  ck_assert_int_eq (run (failures[_i].line), failures[_i].status);
  ck_assert_msg (strstr (err, failures[_i].said) != NULL, "%s", err);
  ck_assert_ptr_null (strchr (strchr (err, '\n') + 1, '\n'));
}

TEST (no_host_and_no_program)
{
  ck_assert (g_file_set_contents ("unreachable", "", -1, NULL));
  ck_assert_int_eq (run ("-c mira001 destroy vm"), 1);
  ck_assert_str_eq (err, "downburst: cannot reach the host mira001: ssh: no route\n");
  ck_assert_int_eq (g_unlink ("unreachable"), 0);
  make_fail ("exec nosuch-program\n");
  ck_assert_int_eq (run ("-c mira001 destroy vm"), 1);
  ck_assert_ptr_nonnull (strstr (err, "downburst: there is no virt-qemu on mira001 ("));
}

/* Nothing is on the disk afterwards, wherever the files went through. */
TEST (leaves_no_file)
{
  g_autofree char *temporary = g_build_filename (directory, "tmp", NULL);
  g_autoptr (GDir) left = NULL;

  write_files (0);
  ck_assert_int_eq (g_mkdir (temporary, 0700), 0);
  write_program ("mktemp", "#!/bin/sh\nexec /usr/bin/mktemp -p \"${0%/*}/tmp\"\n");
  ck_assert_int_eq (run (CREATE), 0);
  assert_in_file ("--meta-data", "local-hostname: vpm999.front.example.com\n");
  left = g_dir_open (temporary, 0, NULL);
  ck_assert_ptr_null (g_dir_read_name (left));
}

TEST (host_keys)
{
  ck_assert_int_eq (run ("gen-ssh-key vm"), 0);
  ck_assert_ptr_nonnull (strstr (out, "#cloud-config-archive\n- type: text/cloud-config\n"
                                      "  content: |\n    ssh_keys:\n      ed25519_private: |\n"
                                      "        -----BEGIN OPENSSH PRIVATE KEY-----\n"));
  ck_assert_ptr_nonnull (strstr (out, "      ed25519_public: |\n        ssh-ed25519 "));
  ck_assert_ptr_nonnull (strstr (out, "      rsa_public: |\n        ssh-rsa "));
  ck_assert (g_file_set_contents ("keys", out, -1, NULL));
  ck_assert_int_eq (run ("create --distro=debian --distroversion=12 --user-data=keys vm"), 0);
  assert_in_file ("--user-data", "      ed25519_public: |\n        ssh-ed25519 ");
  assert_in_file ("--ssh-host-key", "-----BEGIN OPENSSH PRIVATE KEY-----\n");
  assert_in_file ("--ssh-host-key", "\n-----END OPENSSH PRIVATE KEY-----\n");
}

TEST (help)
{
  ck_assert_int_eq (run ("create --help --nonsense"), 0);
  ck_assert (g_str_has_prefix (out, "Usage: downburst "));
  ck_assert_str_eq (err, "");
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The verbs lock, unlock and update, as people start them, up to where a machine is needed. */
#include "lock/verb-lock.h"

#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli-run.h"
#include "client/lock-owner.h"
#include "instance-setup.h"
#include "suite.h"

#define SLOTS "[two]\ncount=2\ncpus=1\n\n[one]\ncount=1\n"

static pid_t supervisor;

static void
tear_down (void)
{
  if (supervisor > 0)
    {
      kill (supervisor, SIGKILL);
      waitpid (supervisor, NULL, 0);
    }
  supervisor = 0;
  cli_run_clear ();
  g_unsetenv ("XDG_CONFIG_HOME");
  ck_assert_int_eq (chdir ("/"), 0);
  instance_teardown ();
}

/* We are where x.img is a raw disk with a boot sector, and slots.conf is the user's. */
static void
set_up (void)
{
  char sector[1024] = { 0 };

  instance_setup ();
  ck_assert_int_eq (chdir (instance_directory), 0);
  ck_assert (g_setenv ("XDG_CONFIG_HOME", instance_directory, TRUE));
  ck_assert_int_eq (g_mkdir ("virt-qemu", 0700), 0);
  ck_assert (g_file_set_contents ("virt-qemu/slots.conf", SLOTS, -1, NULL));
  sector[510] = 0x55;
  sector[511] = (char)0xaa;
  ck_assert (g_file_set_contents ("x.img", sector, sizeof sector, NULL));
  ck_assert (g_file_set_contents ("t.yaml", "targets:\n  root@a.virt-qemu: k\n  b: k\n", -1, NULL));
}

CASE ("verb-lock", set_up, tear_down, 60)

/* An instance that OWNER (NULL: we) has locked with the description "d". */
static void
make_locked (const char *name, const char *owner)
{
  g_autofree char *ours = vq_lock_owner_get_default ();
  g_autoptr (VqInstance) instance = NULL;
  VqInstanceRecord *record;

  instance_make (name, FALSE);
  instance = vq_instance_open (instance_place, name, NULL);
  record = vq_instance_get_record (instance);
  record->locked = 1;
  vq_instance_record_set_text (&record->owner, owner != NULL ? owner : ours);
  vq_instance_record_set_text (&record->description, "d");
  ck_assert (vq_instance_record_write (record, vq_instance_get_dir (instance), NULL));
}

/* "a" is ours, "b" is Bob's, "free" is nobody's. */
static const struct
{
  const char *line;
  int status;
  const char *said;
} failures[] = {
  { "lock --image=x.img", 2, "which type of machine?" },
  { "lock --machine-type=two", 2, "which system?" },
  { "lock --machine-type=two --image=x.img --os-type=debian", 2, "which system?" },
  { "lock --machine-type=vps --image=x.img", 3, "two" },
  { "lock --machine-type=two --os-type=plan9 --os-version=4", 3,
    "--os-type: \"plan9\" is none of: debian, ubuntu" },
  { "lock --machine-type=two --os-version=13", 3, "is none of: debian, ubuntu" },
  { "lock --machine-type=two --os-type=debian --os-version=99", 3,
    "--os-version: \"99\" is none of debian: " },
  { "lock --machine-type=two --os-type=ubuntu --os-version=trixie", 3, "24.04 (noble)" },
  { "lock --machine-type=two --os-type=debian", 3, "13 (trixie)" },
  { "lock --machine-type=two --image=x.img a", 7, "there is an instance \"a\" already" },
  { "lock --machine-type=two --image=x.img c c", 2, "\"c\" is named twice" },
  { "lock --machine-type=two --image=x.img c C", 2, "cannot be the name" },
  { "lock --machine-type=two --image=x.img --count=1 c d", 2, "more names than machines" },
  { "lock --machine-type=two --image=x.img --count=0", 2, "--count" },
  { "lock --machine-type=two --image=x.img --count=3", 2, "two" },
  { "lock --machine-type=two --image=x.img --lease=soon", 2, "--lease" },
  { "lock --machine-type=two --image=x.img --owner=", 2, "--owner" },
  { "lock --machine-type=two --image=x.img --format=xml", 2, "targets, json or names" },
  { "lock --machine-type=two --image=x.img --status=up", 2, "does not have it" },
  { "lock --machine-type=two --image=x.img -t nosuch.yaml", 3, "nosuch.yaml" },
  { "lock --machine-type=two --image=nosuch.img --count=2", 3, "nosuch.img" },
  { "unlock", 2, "which instance?" },
  { "unlock b", 4, "locked by bob@h, not by" },
  { "unlock --owner=bob@h a", 4, "not by bob@h" },
  { "unlock --desc=e a", 4, "with the description \"d\"" },
  { "unlock free", 4, "is not locked" },
  { "unlock --count=1 a", 2, "does not have it" },
  { "update a", 2, "what is new?" },
  { "update --status=sick a", 2, "not up or down" },
  { "update --status=down nosuch", 3, "no instance \"nosuch\"" },
  { "update --owner=x --desc=y a", 2, "does not have it" },
  { "delete b", 4, "locked by bob@h" },
  { "launch --replace x.img b", 4, "locked by bob@h" },
};

/* Whatever fails changes nothing. */
TEST_LOOP (fails, 0, G_N_ELEMENTS (failures))
{
  make_locked ("a", NULL);
  make_locked ("b", "bob@h");
  instance_make ("free", FALSE);
  ck_assert_msg (cli_run (failures[_i].line) == failures[_i].status, "%s: %s", failures[_i].line,
                 cli_err);
  cli_assert_in (cli_err, failures[_i].said);
  instance_assert_names ("a,b,free");
}

static const struct
{
  const char *line;
  int status;
  const char *left;
} removals[] = {
  { "unlock a", 0, "b,free" },
  { "unlock --desc=d a", 0, "b,free" },
  { "unlock --owner=bob@h b", 0, "a,free" },
  { "unlock --force b free", 0, "a" },
  { "unlock a gone", 0, "b,free" },
  { "unlock b a", 4, "a,b,free" },
  { "unlock -f b a", 4, "b,free" },
  { "unlock -t t.yaml --force", 0, "free" },
  { "delete a free", 0, "b" },
  { "delete --force b", 0, "a,free" },
};

TEST_LOOP (removes, 0, G_N_ELEMENTS (removals))
{
  make_locked ("a", NULL);
  make_locked ("b", "bob@h");
  instance_make ("free", FALSE);
  ck_assert_msg (cli_run (removals[_i].line) == removals[_i].status, "%s", cli_err);
  instance_assert_names (removals[_i].left);
}

TEST (gone_already)
{
  ck_assert_int_eq (cli_run ("unlock gone"), 0);
  cli_assert_in (cli_err, "\"gone\": it is gone already");
}

/* The supervisor ends, and so we remove it. */
TEST (one_that_runs)
{
  g_autofree char *requests = NULL;

  make_locked ("web", NULL);
  supervisor = instance_fake_supervisor ("web", "ok");
  ck_assert_int_eq (cli_run ("update --status=down --desc=for\tme web"), 0);
  ck_assert_int_eq (cli_run ("unlock web"), 0);
  requests = instance_get_requests ();
  ck_assert_str_eq (requests, "mark status%3Ddown description%3Dfor%09me\nstop -1\n");
  instance_assert_names ("");
}

TEST (updates)
{
  make_locked ("a", NULL);
  instance_make ("b", FALSE);
  ck_assert_int_eq (cli_run ("update --status=down -t t.yaml"), 0);
  ck_assert_int_eq (cli_run ("update --desc=new a"), 0);
  ck_assert_int_eq (cli_run ("list --status=down --format=names"), 0);
  ck_assert_str_eq (cli_out, "a\nb\n");
  ck_assert_int_eq (cli_run ("list --desc=new --format=names"), 0);
  ck_assert_str_eq (cli_out, "a\n");
  ck_assert_int_eq (cli_run ("update --status=up a b"), 0);
  ck_assert_int_eq (cli_run ("list --status=down --format=names"), 0);
  ck_assert_str_eq (cli_out, "");
}

/* The system is known if the image was named by it. Its image is in the cache. */
TEST (system_of_an_image)
{
  ck_assert (g_setenv ("XDG_CACHE_HOME", instance_directory, TRUE));
  ck_assert_int_eq (g_mkdir ("virt-qemu/images", 0700), 0);
  ck_assert_int_eq (symlink ("../../x.img", "virt-qemu/images/debian-bookworm-amd64.qcow2"), 0);
  ck_assert_msg (cli_run ("create debian/bookworm/amd64 web") == 0, "%s", cli_err);
  g_unsetenv ("XDG_CACHE_HOME");
  ck_assert_int_eq (cli_run ("create x.img other"), 0);
  ck_assert_int_eq (cli_run ("list --format=names --os-type=debian --os-version=12"), 0);
  ck_assert_str_eq (cli_out, "web\n");
}

TEST (helps)
{
  static const char *const verbs[] = { "lock", "unlock", "update" };

  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      g_autofree char *line = g_strconcat (verbs[i], " --help", NULL);
      g_autofree char *usage = g_strconcat ("Usage: virt-qemu ", verbs[i], " ", NULL);

      ck_assert_int_eq (cli_run (line), 0);
      ck_assert (g_str_has_prefix (cli_out, usage));
    }
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* "virt-qemu ssh-config", as ssh uses it: the real ssh logs in to this machine, on which the real
 * sshd runs with its files in the test's directory, and without PAM. */
#include "client/verb-ssh.h"

#include <check.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest/guest-identity.h"
#include "instance-setup.h"
#include "instance/instance-host-key.h"
#include "suite.h"
#include "verb-setup.h"

/* An earlier option wins over a later one. The test's directories are in one that others may write
 * to, which StrictModes does not like. */
#define SSHD "#!/bin/sh\nexec /usr/sbin/sshd -o UsePAM=no -o StrictModes=no -E \"$0.log\" \"$@\"\n"

static char *old_path;

static char *
in_directory (const char *name)
{
  return g_build_filename (instance_directory, name, NULL);
}

static void
setup (void)
{
  g_autofree char *path = NULL;
  g_autofree char *sshd = NULL;

  verb_setup ();
  old_path = g_strdup (g_getenv ("PATH"));
  sshd = in_directory ("sshd");
  path = g_strdup_printf ("%s:%s", instance_directory, old_path);
  ck_assert (g_setenv ("PATH", path, TRUE));
  ck_assert (g_setenv ("XDG_RUNTIME_DIR", instance_directory, TRUE));
  ck_assert (g_file_set_contents_full (sshd, SSHD, -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
}

static void
teardown (void)
{
  ck_assert (g_setenv ("PATH", old_path, TRUE));
  g_unsetenv ("XDG_RUNTIME_DIR");
  g_clear_pointer (&old_path, g_free);
  verb_teardown ();
}

CASE ("verb-ssh", setup, teardown, 100)

/* Writes what ssh-config prints to the file "config". Its path is transfer full. */
static char *
make_config (const char *name)
{
  char *path = in_directory ("config");
  const char *const words[] = { "ssh-config", name, NULL };
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GBytes) err = NULL;

  ck_assert_msg (verb_run (words, -1, &out, &err) == 0, "%s", as_string (err));
  ck_assert (g_file_set_contents (path, as_string (out), -1, NULL));
  return path;
}

/* What the command prints over ssh, which must end with STATUS and say SAYS among other things, or
 * nothing if that is empty. */
static GBytes *
run_ssh (const char *config, int status, const char *says)
{
  const char *const argv[]
      = { "ssh", "-F", config, "-l", g_get_user_name (), "web.virt-qemu", "echo hello", NULL };
  int out = memory_file ();
  int err = memory_file ();
  g_autoptr (GBytes) said = NULL;
  Program ssh;

  program_start (&ssh, argv, -1, out, err);
  wait_for (is_true, &ssh.ended);
  said = take_contents (err);
  ck_assert_msg (ssh.status == status, "status %d: %s", ssh.status, as_string (said));
  ck_assert_msg (says[0] != '\0' ? strstr (as_string (said), says) != NULL
                                 : as_string (said)[0] == '\0',
                 "%s", as_string (said));
  return take_contents (out);
}

static GBytes *
log_in (const char *config)
{
  return run_ssh (config, 0, "");
}

static void
assert_private (const char *name)
{
  g_autofree char *path = in_directory (name);
  struct stat st;

  ck_assert_msg (stat (path, &st) == 0, "no %s", path);
  ck_assert_int_eq (st.st_mode & 07777, 0600);
}

/* The lines for one instance, and those for all. The keys are made once. */
TEST (logs_in)
{
  static const char *const names[] = { "web", NULL };
  g_autofree char *key = in_directory ("state/ssh-key");
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *config = make_config (names[i]);
      g_autoptr (GBytes) said = log_in (config);

      ck_assert_str_eq (as_string (said), "hello\n");
      ck_assert (g_file_get_contents (key, i == 0 ? &first : &second, NULL, NULL));
    }
  ck_assert_str_eq (first, second);
  assert_private ("state/ssh-key");
  assert_private ("virt-qemu-ssh/host_key");
}

static void
assert_has_host_key (VqInstance *instance)
{
  g_autofree char *in_guest = in_directory ("virt-qemu-ssh/host_key.pub");
  g_autofree char *known = vq_instance_host_key_read (vq_instance_get_dir (instance));
  g_autofree char *line = NULL;

  ck_assert (g_file_get_contents (in_guest, &line, NULL, NULL));
  ck_assert_str_eq (g_strchomp (line), known);
}

/* The guest gets the key, and no other machine can take its place: here it is as if we knew the key
 * of another one. */
TEST (knows_the_host_key)
{
  g_autofree char *config = make_config (NULL);
  g_autoptr (VqInstance) web = vq_instance_open (instance_place, "web", NULL);
  VqPrivateDir *dir = vq_instance_get_dir (web);
  g_autofree char *other = in_directory ("other");
  VqChild *child;
  g_autofree char *other_public = in_directory ("other.pub");
  g_autofree char *known = vq_private_dir_join (dir, VQ_INSTANCE_HOST_KEY_PUBLIC);

  ck_assert (vq_instance_host_key_start (dir, &child, NULL));
  ck_assert (vq_instance_host_key_finish (child, NULL, NULL));
  for (int i = 0; i < 2; i++)
    g_bytes_unref (log_in (config));
  assert_has_host_key (web);
  assert_private ("virt-qemu-ssh/host_key");
  child = vq_guest_identity_start_key (other, NULL, NULL);
  ck_assert (child != NULL && vq_guest_identity_finish_key (child, NULL, NULL));
  ck_assert_int_eq (g_rename (other_public, known), 0);
  g_bytes_unref (run_ssh (config, 255, "host key"));
}

/* A process was killed while it made the key. */
TEST (half_a_key)
{
  g_autofree char *half = in_directory ("state/ssh-key.new");
  g_autofree char *config = make_config (NULL);

  ck_assert (g_file_set_contents (half, "-----BEGIN", -1, NULL));
  g_bytes_unref (log_in (config));
  assert_private ("state/ssh-key");
}

static const struct
{
  const char *words[3];
  int status;
  const char *said;
} failures[] = {
  { { "ssh-config", "nosuch" }, 3, "there is no instance \"nosuch\"" },
  { { "ssh-proxy" }, 125, "for ssh itself" },
  { { "ssh-proxy", "nosuch.virt-qemu" }, 125, "there is no instance \"nosuch\"" },
  { { "ssh-proxy", "idle.virt-qemu" }, 125, "the instance \"idle\" does not run" },
};

TEST_LOOP (fails, 0, G_N_ELEMENTS (failures))
{
  instance_make ("idle", FALSE);
  verb_assert_fails (failures[_i].words, failures[_i].status, failures[_i].said);
}

TEST (needs_ssh_keygen)
{
  const char *const words[] = { "ssh-proxy", "web.virt-qemu", NULL };

  ck_assert (g_setenv ("PATH", instance_directory, TRUE));
  verb_assert_fails (words, 125, "openssh-client");
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/ssh-key.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>

#include "io/child.h"
#include "base/error.h"
#include "suite.h"

#define PATIENCE 60 /* seconds; for things that take none */

CASE ("keys", NULL, NULL, 120)

TEST (generated_pair)
{
  g_autofree char *private = NULL;
  g_autofree char *public = NULL;
  g_autofree char *again = NULL;
  g_auto (ssh_key) key = NULL;

  ck_assert (vq_ssh_key_generate (&private, &public, NULL));
  ck_assert (g_str_has_prefix (private, "-----BEGIN OPENSSH PRIVATE KEY-----\n"));
  ck_assert (g_str_has_suffix (private, "-----END OPENSSH PRIVATE KEY-----\n"));
  ck_assert (g_str_has_prefix (public, "ssh-ed25519 AAAA"));
  key = vq_ssh_key_parse_private (private, NULL);
  ck_assert_ptr_nonnull (key);
  again = vq_ssh_key_format_public (key, NULL);
  ck_assert_str_eq (again, public);
}

TEST (no_two_are_the_same)
{
  g_autofree char *private[2] = { NULL, NULL };
  g_autofree char *public[2] = { NULL, NULL };

  for (guint i = 0; i < 2; i++)
    ck_assert (vq_ssh_key_generate (&private[i], &public[i], NULL));
  ck_assert_str_ne (private[0], private[1]);
  ck_assert_str_ne (public[0], public[1]);
  g_free (private[1]);
  g_free (public[1]);
}

static void
run (const char *const *argv, char **out)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_child_run (argv, NULL, out, vq_deadline_in (PATIENCE), NULL, &error), "%s",
                 error != NULL ? error->message : "");
}

/* Keys from ssh-keygen in all of its formats, with and without a passphrase. */
TEST (keys_of_ssh_keygen)
{
  static const struct
  {
    const char *type, *bits, *format, *passphrase;
  } cases[] = {
    { "ed25519", "256", "RFC4716", "" }, { "rsa", "2048", "RFC4716", "" },
    { "rsa", "2048", "PEM", "" },        { "ecdsa", "256", "PEM", "" },
    { "ecdsa", "256", "PKCS8", "" },     { "ed25519", "256", "RFC4716", "secret" },
    { "rsa", "2048", "PEM", "secret" },  { "rsa", "2048", "PKCS8", "secret" },
  };
  g_autofree char *directory = g_dir_make_tmp ("vq-key-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "key", NULL);
  g_autofree char *public_path = g_build_filename (directory, "key.pub", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *const argv[] = { "ssh-keygen", "-q",
                                   "-t",         cases[i].type,
                                   "-b",         cases[i].bits,
                                   "-m",         cases[i].format,
                                   "-N",         cases[i].passphrase,
                                   "-f",         path,
                                   "-C",         "a comment",
                                   NULL };
      const char *const show[] = { "ssh-keygen", "-l", "-f", public_path, NULL };
      g_autofree char *text = NULL;
      g_autofree char *line = NULL;
      g_autofree char *shown = NULL;
      g_autofree char *fingerprint = NULL;
      g_auto (ssh_key) key = NULL;
      g_auto (ssh_key) public = NULL;
      g_autoptr (GError) error = NULL;

      run (argv, NULL);
      ck_assert (g_file_get_contents (path, &text, NULL, NULL));
      ck_assert (g_file_get_contents (public_path, &line, NULL, NULL));
      key = vq_ssh_key_parse_private (text, &error);
      public = vq_ssh_key_parse_public (line, NULL);
      ck_assert_ptr_nonnull (public);
      if (cases[i].passphrase[0] == '\0')
        ck_assert_int_eq (ssh_key_cmp (key, public, SSH_KEY_CMP_PUBLIC), 0);
      else
        ck_assert (key == NULL && strstr (error->message, "passphrase") != NULL);
      run (show, &shown);
      fingerprint = vq_ssh_key_fingerprint (public);
      ck_assert_msg (strstr (shown, strchr (fingerprint, ' ') + 1) != NULL, "%s: %s", shown,
                     fingerprint);
      g_unlink (path);
      g_unlink (public_path);
    }
  g_rmdir (directory);
}

TEST (what_is_no_key)
{
  static const char *const private[]
      = { "", "key", "-----BEGIN OPENSSH PRIVATE KEY-----\n",
          "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
          "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n" };
  static const char *const public[] = { "",
                                        " ",
                                        "ssh-ed25519",
                                        "ssh-ed25519 ",
                                        "ssh-ed25519 AAAA",
                                        "nothing AAAAC3NzaC1lZDI1NTE5AAAAIA==",
                                        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==" };

  for (guint i = 0; i < G_N_ELEMENTS (private); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (vq_ssh_key_parse_private (private[i], &error));
      ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
    }
  for (guint i = 0; i < G_N_ELEMENTS (public); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (vq_ssh_key_parse_public (public[i], &error));
      ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
    }
}

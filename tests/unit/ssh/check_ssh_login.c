// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/ssh-login.h"

#include <check.h>
#include <string.h>

#include "base/error.h"
#include "suite.h"

static void
assert_same (const VqSshLogin *a, const VqSshLogin *b)
{
  ck_assert_uint_eq (a->port, b->port);
  ck_assert_pstr_eq (a->user, b->user);
  ck_assert_pstr_eq (a->key, b->key);
  ck_assert_pstr_eq (a->password, b->password);
  ck_assert_pstr_eq (a->host_key, b->host_key);
}

CASE ("packed", NULL, NULL, 60)

TEST (there_and_back)
{
  static char user[] = "me", key[] = "-----BEGIN\nkey=\n-----END\n", password[] = "\xff\n=x \t'",
              empty[] = "", host_key[] = "ssh-ed25519 AAAA==";
  const VqSshLogin cases[] = {
    { 22, user, NULL, NULL, NULL },        { 1, user, key, NULL, host_key },
    { 65535, user, NULL, password, NULL }, { 65535, user, key, password, host_key },
    { 2222, user, empty, empty, empty },   { 2222, empty, NULL, NULL, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) packed = vq_ssh_login_pack (&cases[i], NULL);
      g_auto (VqSshLogin) login = { .port = 0 };
      gsize n;
      const char *bytes;

      ck_assert_ptr_nonnull (packed);
      bytes = g_bytes_get_data (packed, &n);
      ck_assert (vq_ssh_login_unpack (&login, bytes, n, NULL));
      assert_same (&login, &cases[i]);
    }
}

TEST (cut_off)
{
  static char user[] = "me", key[] = "key";
  const VqSshLogin login = { 22, user, key, NULL, NULL };
  g_autoptr (GBytes) packed = vq_ssh_login_pack (&login, NULL);
  gsize n;
  const char *bytes = g_bytes_get_data (packed, &n);

  for (gsize length = 0; length < n; length++)
    {
      g_auto (VqSshLogin) got = { .port = 0 };
      g_autofree char *copy
          = g_memdup2 (bytes, length); /* so that a memory checker notices a read past its end */
      gboolean good = vq_ssh_login_unpack (&got, copy, length, NULL);

      /* Without its last word it is complete again. */
      ck_assert_int_eq (good, length == n - strlen ("key=key") - 1);
    }
}

TEST (wrong)
{
  static const struct
  {
    const char *bytes;
    gsize n;
  } cases[] = {
    { "port=0\0user=u", 14 },
    { "port=65536\0user=u", 18 },
    { "port=-1\0user=u", 15 },
    { "port=x\0user=u", 14 },
    { "port=22", 8 },
    { "user=u", 7 },
    { "port=22\0user=u\0user=v", 22 },
    { "port=22\0user=u\0x=y", 19 },
    { "port=22\0user=u\0key", 19 },
    { "\0", 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (VqSshLogin) login = { .port = 0 };
      g_autoptr (GError) error = NULL;

      ck_assert_msg (!vq_ssh_login_unpack (&login, cases[i].bytes, cases[i].n, &error), "%u", i);
      ck_assert_ptr_nonnull (error);
    }
}

TEST (not_to_be_packed)
{
  static char user[] = "me";
  g_autofree char *large = g_strnfill (VQ_SSH_LOGIN_MAX, 'k');
  const VqSshLogin nobody = { 22, NULL, NULL, NULL, NULL };
  const VqSshLogin too_large = { 22, user, large, NULL, NULL };
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vq_ssh_login_pack (&nobody, &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
  g_clear_error (&error);
  ck_assert_ptr_null (vq_ssh_login_pack (&too_large, &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "downburst/downburst-host.h"

#include <check.h>
#include <string.h>

#include "base/error.h"
#include "suite.h"

static const struct
{
  const char *text;
  const char *destination; /* NULL: this host */
  const char *port;
  const char *error; /* a part of it */
} rows[] = {
  { NULL },
  { "" },
  { "localhost" },
  { "qemu:///system" },
  { "qemu+ssh://localhost/system" },
  { "mira001", "mira001" },
  { "ubuntu@mira001.front.example.com", "ubuntu@mira001.front.example.com" },
  { "qemu+ssh://mira001/system", "mira001" },
  { "qemu+ssh://ubuntu@mira001.front/system?no_tty=1", "ubuntu@mira001.front" },
  { "qemu+ssh://mira001:2222/system", "mira001", "2222" },
  { "xen+ssh://mira001/", NULL, NULL, "is not a host, qemu:///system or" },
  { "qemu://mira001/system", NULL, NULL, "is not a host, qemu:///system or" },
  { "-oProxyCommand=x", NULL, NULL, "cannot be the name of a host" },
  { "-x@mira001", NULL, NULL, "cannot be the name of a host" },
  { "a b", NULL, NULL, "cannot be the name of a host" },
  { "me@localhost", NULL, NULL, "another user of this host" },
};

CASE ("downburst-host", NULL, NULL, 0)

TEST_LOOP (names, 0, G_N_ELEMENTS (rows))
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqDownburstHost) host = vq_downburst_host_parse (rows[_i].text, &error);

  ck_assert_msg ((host != NULL) == (rows[_i].error == NULL), "%s", rows[_i].text);
  if (host == NULL)
    {
      ck_assert_msg (strstr (error->message, rows[_i].error) != NULL, "%s", error->message);
      return;
    }
  ck_assert_pstr_eq (host->destination, rows[_i].destination);
  ck_assert_pstr_eq (host->port, rows[_i].port);
}

/* The name of this host, and the first part of it. */
TEST (this_host)
{
  g_autofree char *first = g_strndup (g_get_host_name (), strcspn (g_get_host_name (), "."));
  g_autofree char *longer = g_strconcat (first, "x", NULL);
  g_autoptr (VqDownburstHost) whole = vq_downburst_host_parse (g_get_host_name (), NULL);
  g_autoptr (VqDownburstHost) part = vq_downburst_host_parse (first, NULL);
  g_autoptr (VqDownburstHost) other = vq_downburst_host_parse (longer, NULL);

  ck_assert_ptr_null (whole->destination);
  ck_assert_ptr_null (part->destination);
  ck_assert_str_eq (other->destination, longer);
}

/* The shell there gets one word, whatever is in ours. */
TEST (command_line_of_ssh)
{
  static const char *const words[] = { "delete", "it's; reboot", NULL };
  g_autoptr (VqDownburstHost) host = vq_downburst_host_parse ("qemu+ssh://a@b:7/", NULL);
  g_auto (GStrv) argv = vq_downburst_host_build_argv (host, words, NULL);
  g_autofree char *line = g_strjoinv (" ", argv);
  g_auto (GStrv) there = NULL;

  ck_assert_msg (g_str_has_prefix (line, "ssh -T -o BatchMode=yes -o ConnectTimeout=10 "), "%s",
                 line);
  ck_assert_ptr_nonnull (strstr (line, " -p 7 -- a@b exec sh -c "));
  ck_assert (g_shell_parse_argv (argv[g_strv_length (argv) - 1], NULL, &there, NULL));
  ck_assert_uint_eq (g_strv_length (there), 4);
  ck_assert_str_eq (there[3], "exec virt-qemu 'delete' 'it'\\''s; reboot' </dev/null");
}

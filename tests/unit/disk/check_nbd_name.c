// SPDX-License-Identifier: GPL-2.0-or-later
#include "disk/nbd-name.h"

#include <check.h>
#include <string.h>

#include "base/error.h"
#include "suite.h"

#define INET(host, port, export)                                                                   \
  "{\"driver\":\"nbd\",\"node-name\":\"n\",\"export\":\"" export "\",\"read-only\":true,"          \
                                                                 "\"auto-read-only\":false,"       \
                                                                 "\"server\":{\"type\":\"inet\","  \
                                                                 "\"host\":\"" host                \
                                                                 "\",\"port\":\"" port "\"}}"
#define UNIX(path, export)                                                                         \
  "{\"driver\":\"nbd\",\"node-name\":\"n\",\"export\":\"" export "\",\"read-only\":true,"          \
                                                                 "\"auto-read-only\":false,"       \
                                                                 "\"server\":{\"type\":\"unix\","  \
                                                                 "\"path\":\"" path "\"}}"

static const char *const good[][2] = {
  { "nbd://host", INET ("host", "10809", "") },
  { "nbd://host/", INET ("host", "10809", "") },
  { "nbd://127.0.0.1:7/a%20b", INET ("127.0.0.1", "7", "a b") },
  { "nbd://[::1]/x/y", INET ("::1", "10809", "x/y") },
  { "nbd+unix:///?socket=/s", UNIX ("/s", "") },
  { "nbd+unix:///disk?socket=/a%2cb/s", UNIX ("/a,b/s", "disk") },
};

CASE ("nbd-name", NULL, NULL, 0)

TEST_LOOP (taken, 0, G_N_ELEMENTS (good))
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqNbdName) name = vq_nbd_name_parse (good[_i][0], &error);
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *text = NULL;

  ck_assert (vq_nbd_name_is (good[_i][0]));
  ck_assert_msg (name != NULL, "%s", error != NULL ? error->message : "");
  node = vq_nbd_name_build_node (name, "n");
  text = json_to_string (node, FALSE);
  ck_assert_str_eq (text, good[_i][1]);
}

static const char *const bad[] = {
  "nbd:",
  "nbd:host:7",
  "nbd:unix:/s",
  "nbd://",
  "nbd:///x",
  "nbd://host:0/",
  "nbd://host:70000/",
  "nbd://user@host/",
  "nbd://host/x?socket=/s",
  "nbd://host/x#y",
  "nbd+unix:///x",
  "nbd+unix:///x?socket=",
  "nbd+unix:///x?socket=s",
  "nbd+unix:///x?socket=/s&tls=1",
  "nbd+unix://host/x?socket=/s",
  "nbd+vsock://1/x",
};

TEST_LOOP (refused, 0, G_N_ELEMENTS (bad))
{
  g_autoptr (GError) error = NULL;

  ck_assert (vq_nbd_name_is (bad[_i]));
  ck_assert_ptr_null (vq_nbd_name_parse (bad[_i], &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
  ck_assert_msg (strstr (error->message, "is none of nbd://HOST") != NULL, "%s", error->message);
}

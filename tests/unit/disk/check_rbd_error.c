// SPDX-License-Identifier: GPL-2.0-or-later
#include "disk/rbd-error.h"

#include <check.h>

#include "base/error.h"
#include "suite.h"

#define LOG "2026-11-28T21:48:17.527+0000 7fe0abc90380 -1 "

#define NO_CONF "name the cluster's ceph.conf with :conf=FILE, if it is not /etc/ceph/ceph.conf"

/* What Ceph 16 has said, its lines joined. */
static const struct
{
  const char *name;
  int status;
  const char *text;
  const char *shown;
} cases[] = {
  { "rbd:p/a:id=vm", 17,
    LOG "librbd: rbd image a already exists; rbd: create error: (17) File exists",
    "rbd: create error: (17) File exists: remove it with `rbd --id=vm rm p/a', or use it as it is, "
    "action=attach" },
  { "rbd:p/a:id=vm", 13,
    LOG "monclient(hunting): handle_auth_bad_method server; rbd: couldn't connect to the cluster!",
    "rbd: couldn't connect to the cluster!: the cluster knows no key of the user vm: name another "
    "user with :id=USER, or the ceph.conf that leads to the keyring with :conf=FILE" },
  { "rbd:p/a", 2,
    "did not load config file, using default settings.; " LOG "Errors while parsing config file!; "
    "rbd: couldn't connect to the cluster!" LOG "monclient: get_monmap_and_config cannot",
    "rbd: couldn't connect to the cluster!: " NO_CONF },
  { "rbd:p/a:conf=/x", 1, "global_init: unable to open config file from search list /x",
    "rbd: global_init: unable to open config file from search list /x: " NO_CONF },
  { "rbd:p/a", 2,
    LOG "librbd: no; rbd: clone error: " LOG "librbd: a: (2) No; (2) No such file or directory",
    "rbd: clone error: (2) No such file or directory" },
  { "rbd:p/a", 1, "rbd: rbd: exit status 1", "rbd: exit status 1" },
  { "rbd:p/a", 1, LOG "only a log", "rbd: " LOG "only a log" },
  { "rbd:p/a", 1, "rbd: ", "rbd: rbd: " },
};

CASE ("rbd-error", NULL, NULL, 0)

TEST_LOOP (shown, 0, G_N_ELEMENTS (cases))
{
  g_autoptr (VqRbdName) name = vq_rbd_name_parse (cases[_i].name, NULL);
  g_autoptr (GError) error = g_error_new_literal (VQ_ERROR, VQ_ERROR_FAILED, cases[_i].text);

  vq_rbd_error_explain (error, cases[_i].status, name);
  ck_assert_str_eq (error->message, cases[_i].shown);
}

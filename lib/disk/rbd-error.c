// SPDX-License-Identifier: GPL-2.0-or-later
#include "disk/rbd-error.h"

#include <errno.h>
#include <string.h>

#define PROGRAM "rbd: "

/* Ceph's log comes between the lines, and within them. */
#define LOG_LINE "\\d{4}-\\d\\d-\\d\\dT\\S+ [0-9a-f]+ +-?\\d+ .*?(; |$)"

/* The message proper, which follows the last name of the program. Transfer full. */
static char *
find_message (const char *text)
{
  g_autoptr (GRegex) log = g_regex_new (LOG_LINE, 0, 0, NULL);
  g_autofree char *plain = g_regex_replace_literal (log, text, -1, 0, "", 0, NULL);
  const char *message = plain;

  for (const char *next; (next = strstr (message, PROGRAM)) != NULL;)
    message = next + strlen (PROGRAM);
  g_strchomp (plain);
  return g_strdup (*message != '\0' ? message : text);
}

/* What all commands for the user of NAME begin with. Transfer full. */
static char *
build_command (const VqRbdName *name)
{
  return g_strconcat ("rbd", name->id != NULL ? " --id=" : "", name->id != NULL ? name->id : "",
                      name->conf != NULL ? " --conf=" : "", name->conf != NULL ? name->conf : "",
                      NULL);
}

/* What the user can do; NULL: we do not know. Transfer full. */
static char *
find_hint (const char *message, int status, const VqRbdName *name)
{
  g_autofree char *command = build_command (name);

  if (status == EEXIST)
    return g_strdup_printf ("remove it with `%s rm %s/%s', or use it as it is, action=attach",
                            command, name->pool, name->image);
  if (status == EACCES)
    return g_strdup_printf ("the cluster knows no key of the user %s: name another user with "
                            ":id=USER, or the ceph.conf that leads to the keyring with :conf=FILE",
                            name->id != NULL ? name->id : "admin");
  if (strstr (message, "connect to the cluster") != NULL || strstr (message, "config file") != NULL)
    return g_strdup ("name the cluster's ceph.conf with :conf=FILE, if it is not "
                     "/etc/ceph/ceph.conf");
  return NULL;
}

void
vq_rbd_error_explain (GError *error, int status, const VqRbdName *name)
{
  g_autofree char *message = find_message (error->message);
  g_autofree char *hint = name != NULL ? find_hint (message, status, name) : NULL;

  g_free (error->message);
  error->message = g_strconcat (PROGRAM, message, hint != NULL ? ": " : "", hint, NULL);
}

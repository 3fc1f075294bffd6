// SPDX-License-Identifier: GPL-2.0-or-later
#include "account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
  [ACCOUNT_HOME] = "HOME",
  [ACCOUNT_USER] = "USER",
  [ACCOUNT_LOGNAME] = "LOGNAME",
  [ACCOUNT_SHELL] = "SHELL",
};

/* VALUE, or what stands for it if it is empty. */
static const char *
either (const char *value, const char *otherwise)
{
  return value != NULL && value[0] != '\0' ? value : otherwise;
}

static bool
set_variables (Account *account, const struct passwd *entry)
{
  const char *values[] = {
    [ACCOUNT_HOME] = either (entry->pw_dir, "/"),
    [ACCOUNT_USER] = entry->pw_name,
    [ACCOUNT_LOGNAME] = entry->pw_name,
    [ACCOUNT_SHELL] = either (entry->pw_shell, "/bin/sh"),
  };

  for (int i = 0; i < ACCOUNT_N_VARIABLES; i++)
    if (asprintf (&account->variables[i], "%s=%s", names[i], values[i]) < 0)
      {
        account->variables[i] = NULL;
        return false;
      }
  return true;
}

static bool
add_group (Account *account, gid_t gid)
{
  gid_t *groups = realloc (account->groups, (account->n_groups + 1) * sizeof *groups);

  if (groups == NULL)
    return false;
  account->groups = groups;
  groups[account->n_groups++] = gid;
  return true;
}

static bool
is_member (const struct group *entry, const char *name)
{
  for (char **member = entry->gr_mem; *member != NULL; member++)
    if (strcmp (*member, name) == 0)
      return true;
  return false;
}

/* A guest without /etc/group has no groups. */
static bool
add_groups (Account *account, const char *name)
{
  FILE *file = fopen ("/etc/group", "re");
  struct group *entry;
  bool ok = add_group (account, account->gid);

  while (ok && file != NULL && (entry = fgetgrent (file)) != NULL)
    if (entry->gr_gid != account->gid && is_member (entry, name))
      ok = add_group (account, entry->gr_gid);
  if (file != NULL)
    fclose (file);
  return ok;
}

static bool
take_entry (Account *account, const struct passwd *entry, Why why)
{
  account->uid = entry->pw_uid;
  account->gid = entry->pw_gid;
  if (set_variables (account, entry) && add_groups (account, entry->pw_name))
    return true;
  account_clear (account);
  return explain (why, "out of memory");
}

bool
account_find (Account *account, const char *name, Why why)
{
  FILE *file = fopen ("/etc/passwd", "re");
  struct passwd *entry;
  bool found;

  *account = (Account){ 0 };
  if (file == NULL)
    return explain (why, "cannot open /etc/passwd: %s", strerror (errno));
  do
    entry = fgetpwent (file);
  while (entry != NULL && (name != NULL ? strcmp (entry->pw_name, name) != 0 : entry->pw_uid != 0));
  found = entry != NULL ? take_entry (account, entry, why)
                        : explain (why, "there is no user %.100s in /etc/passwd", name);
  fclose (file);
  return found;
}

void
account_clear (Account *account)
{
  for (int i = 0; i < ACCOUNT_N_VARIABLES; i++)
    free (account->variables[i]);
  free (account->groups);
  *account = (Account){ 0 };
}

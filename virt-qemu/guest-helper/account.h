// SPDX-License-Identifier: GPL-2.0-or-later
/* Accounts, from /etc/passwd and /etc/group alone: a static program cannot ask anybody else. */
#pragma once

#include <sys/types.h>

#include "frame.h"

typedef enum
{
  ACCOUNT_HOME,
  ACCOUNT_USER,
  ACCOUNT_LOGNAME,
  ACCOUNT_SHELL,
  ACCOUNT_N_VARIABLES,
} AccountVariable;

typedef struct
{
  uid_t uid;
  gid_t gid;
  gid_t *groups; /* owned; its own group, and those that it is a member of */
  size_t n_groups;
  char *variables[ACCOUNT_N_VARIABLES]; /* owned: NAME=VALUE */
} Account;

/* Finds the account NAME, or with NULL the first one of user 0. */
bool account_find (Account *account, const char *name, Why why);
void account_clear (Account *account);

// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

/* Newer than the headers of Debian 12. */
#define ACCESS_TRUNCATE (1ULL << 14)

#define MAY_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define MAY_WRITE                                                                                  \
  (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR       \
   | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR  \
   | LANDLOCK_ACCESS_FS_REFER | ACCESS_TRUNCATE)

static void
limit (int resource, rlim_t value)
{
  const struct rlimit limits = { value, value };

  if (setrlimit (resource, &limits) != 0)
    g_debug ("cannot set the limit %d: %s", resource, g_strerror (errno));
}

/* The bytes of address space in use; 0 if the kernel does not tell. */
static guint64
address_space (void)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    return 0;
  return g_ascii_strtoull (text, NULL, 10) * sysconf (_SC_PAGESIZE);
}

void
vq_confine_process_with_threads (guint64 memory)
{
  guint64 used = memory > 0 ? address_space () : 0;

  prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  limit (RLIMIT_CORE, 0);
  if (used > 0)
    limit (RLIMIT_AS, MIN (used + memory, RLIM_INFINITY));
}

void
vq_confine_process (guint64 memory)
{
  vq_confine_process_with_threads (memory);
  limit (RLIMIT_NPROC, 0);
}

/* All rights that the kernel can refuse; 0 if it cannot, or not with links from one directory to
 * another, which the first version always refused. */
static guint64
all_rights (void)
{
  const int version
      = syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  const int n_rights = version >= 5 ? 16 : version >= 3 ? 15 : 14;

  return version < 2 ? 0 : (1ULL << n_rights) - 1;
}

static gboolean
allow (int rules, const char *directory, guint64 rights)
{
  vq_autofd int fd = open (directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
  const struct landlock_path_beneath_attr beneath = { .allowed_access = rights, .parent_fd = fd };

  return fd >= 0
         && syscall (SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0;
}

/* A set of rules that allows nothing yet; -1 if the kernel has none. */
static int
make_rules (guint64 handled)
{
  const struct landlock_ruleset_attr attr = { .handled_access_fs = handled };

  return handled != 0 ? syscall (SYS_landlock_create_ruleset, &attr, sizeof attr, 0) : -1;
}

gboolean
vq_confine_files (const char *directory, VqConfineRight right)
{
  const guint64 handled = all_rights ();
  const guint64 rights = right == VQ_CONFINE_READ ? MAY_READ : MAY_WRITE;
  vq_autofd int rules = make_rules (handled);

  return rules >= 0 && (directory == NULL || allow (rules, directory, rights & handled))
         && syscall (SYS_landlock_restrict_self, rules, 0) == 0;
}

gboolean
vq_confine_files_to (const char *const *directories)
{
  vq_autofd int rules = make_rules (all_rights ());

  if (rules < 0)
    return FALSE;
  for (; *directories != NULL; directories++)
    if (!allow (rules, *directories, MAY_READ))
      g_debug ("%s cannot be allowed: %s", *directories, g_strerror (errno));
  return syscall (SYS_landlock_restrict_self, rules, 0) == 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The configuration files: /etc/virt-qemu/config for all users of the host, and then the user's
 * $XDG_CONFIG_HOME/virt-qemu/config; or only the file that $VIRT_QEMU_CONFIG names (none, if that
 * is empty). They are key files:
 *
 *     [default]
 *     ram-size=4096
 *     shared-dir=src=/srv/a,dst=/a;src=/srv/b,dst=/b
 *
 *     [image sid*]
 *     template-max-age=6h
 *
 * A key is the long name of an option, and its value is the option's; that of a flag is true or
 * false; an option that may be repeated has a list. "[image PATTERN]" is for images whose name, as
 * the user gives it or without its directory, matches PATTERN ("*" and "?"). A key that comes later
 * replaces an earlier one, and a group for images comes behind "[default]" of the same file. This
 * knows the form of the files, and its caller knows the options. */
#pragma once

#include "base/arguments.h"

/* What a key can be. */
typedef enum
{
  VQ_CONFIG_VALUE,
  VQ_CONFIG_LIST,
  VQ_CONFIG_FLAG,
  VQ_CONFIG_FORBIDDEN, /* makes no sense in a file */
} VqConfigKind;

typedef struct
{
  const VqArgument *table;
  VqConfigKind (*get_kind) (int index);
} VqConfigKeys;

/* What the files say of the option INDEX. */
typedef struct
{
  int index;
  char **values; /* those of a list, or one; NULL: it is a flag, which is FALSE; for one that is
                  * TRUE it is empty */
  char *origin;  /* for errors: "/etc/virt-qemu/config: [default]" */
} VqConfigEntry;

/* Reads what the files say of a machine that boots IMAGE (NULL: of none). The result holds a
 * VqConfigEntry for each option that they name, in the order of the table. VQ_ERROR_USAGE for a
 * file that is there and cannot be read, and for keys and groups that do not exist; values are not
 * checked. Waits for nothing but the disk. Transfer full. */
GPtrArray *vq_config_read (const VqConfigKeys *keys, const char *image, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

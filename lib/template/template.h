// SPDX-License-Identifier: GPL-2.0-or-later
/* A saved testbed that is in use. While a VqTemplate exists, no other process removes its files,
 * and nobody ever writes to them. Its user forks it, which is not done here.
 *
 * QEMU and qemu-img know files only by path. So a template in use keeps its path, and a newer one
 * for the same key gets a path of its own. Only a person can still remove the files (rm -r) or
 * change them; vq_template_check detects that. */
#pragma once

#include <glib.h>

#include "io/private-dir.h"
#include "template/template-info.h"

/* The files of a template. The last one exists only if the guest has EFI firmware. */
#define VQ_TEMPLATE_RAM "ram"     /* the guest's memory */
#define VQ_TEMPLATE_DISK "disk"   /* a qcow2 overlay on the boot image */
#define VQ_TEMPLATE_STATE "state" /* the state of its devices */
#define VQ_TEMPLATE_EFI_VARS "efivars.fd"

/* Every user holds a shared lock on this file (use-lock.h). Its modification time is the time of
 * the last use. */
#define VQ_TEMPLATE_LOCK "lock"

typedef struct _VqTemplate VqTemplate;

/* Opens the template in the directory NAME of CACHE. Returns NULL without an error if it does not
 * exist or is being removed, and NULL with an error if it cannot be used because it is damaged, was
 * changed or is open to other users. Does not wait. */
VqTemplate *vq_template_open (VqPrivateDir *cache, const char *name, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The template that has just been saved in DIR. LOCK_FD holds the shared lock. Takes over all three
 * arguments. */
VqTemplate *vq_template_new (VqPrivateDir *dir, int lock_fd, VqTemplateInfo *info);

/* Ends the use; others may remove the template now. */
void vq_template_free (VqTemplate *template);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqTemplate, vq_template_free)

/* Fails if its files have changed or are gone. To be called before each fork. Takes
 * microseconds. */
gboolean vq_template_check (VqTemplate *template, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Where its files are. */
const char *vq_template_get_directory (VqTemplate *template);

/* The same. Belongs to TEMPLATE. */
VqPrivateDir *vq_template_get_dir (VqTemplate *template);

/* Makes the file VQ_TEMPLATE_INFO_SYNCED, unless somebody else has made it. */
gboolean vq_template_mark_synced (VqTemplate *template, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What the template was made from, and the facts about its guest. Belongs to TEMPLATE. */
const VqTemplateInfo *vq_template_get_info (const VqTemplate *template);

/* The fact NAME about the guest, or NULL if there is none. */
const char *vq_template_get (const VqTemplate *template, const char *name);

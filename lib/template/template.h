// SPDX-License-Identifier: GPL-2.0-or-later
/* A saved testbed that is in use: while one exists, no other process removes its files, and nobody
 * ever writes to them. Who has it forks it, which is not done here.
 *
 * QEMU and qemu-img know files by path only. A template in use therefore keeps its path, even when
 * a newer one for the same key takes its place: that gets a path of its own. Only a person can take
 * the files away (rm -r) or change them; vq_template_check sees that. */
#pragma once

#include <glib.h>

#include "io/private-dir.h"
#include "template/template-info.h"

/* The files of a template; the last one only if the guest has EFI firmware. */
#define VQ_TEMPLATE_RAM "ram"     /* the memory */
#define VQ_TEMPLATE_DISK "disk"   /* a qcow2 overlay on the boot image */
#define VQ_TEMPLATE_STATE "state" /* of the devices */
#define VQ_TEMPLATE_EFI_VARS "efivars.fd"

/* Users have a lock on it (use-lock.h), and its time of modification is that of the last use. */
#define VQ_TEMPLATE_LOCK "lock"

typedef struct _VqTemplate VqTemplate;

/* The template in CACHE's directory NAME. Returns NULL without an error if it is not there or being
 * removed; with one if it cannot be used: damaged, changed, open to others. Does not wait. */
VqTemplate *vq_template_open (VqPrivateDir *cache, const char *name, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The one that has just been saved in DIR. LOCK_FD holds the shared lock. Takes over all three. */
VqTemplate *vq_template_new (VqPrivateDir *dir, int lock_fd, VqTemplateInfo *info);

/* Others may remove it now. */
void vq_template_free (VqTemplate *template);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqTemplate, vq_template_free)

/* Fails if its files are not what they were, or not there any more. To be asked before each fork.
 * Takes microseconds. */
gboolean vq_template_check (VqTemplate *template, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The path of its file NAME. Transfer full. */
char *vq_template_join (VqTemplate *template, const char *name);

/* What made it, and what is known of the guest. It stays TEMPLATE's. */
const VqTemplateInfo *vq_template_get_info (const VqTemplate *template);

/* The fact NAME about the guest; NULL if there is none. */
const char *vq_template_get (const VqTemplate *template, const char *name);

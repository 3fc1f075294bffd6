// SPDX-License-Identifier: GPL-2.0-or-later
/* What is known about an instance when it does not run: the file instance.json in its directory. */
#pragma once

#include "io/private-dir.h"

#define VQ_INSTANCE_RECORD_FILE "instance.json"

typedef struct
{
  gint64 created;      /* microseconds of real time */
  gboolean ephemeral;  /* it is removed when it stops */
  gboolean has_disk;   /* it has run, and its disk is kept */
  gboolean cloud_seed; /* its guest needs a seed for cloud-init (see plan.h) */
  char *accel;         /* what its machine last ran with: "kvm" or "tcg"; "": not known */
  char *machine_id;    /* of its guest, see machine-id(5); "": the image's */
  char *source;        /* it is a copy of this instance, or of the testbed that has this directory
                        * (an absolute path); "" if it is none */
  gint64 lease;        /* for how many seconds it may run; 0: without an end */
  gint64 locked;       /* since when it is locked (virt-qemu lock), in microseconds of real time;
                        * 0: it is not */
  gboolean down;       /* its user has marked it as not usable (virt-qemu update) */
  char *owner;         /* who has locked it: "user@host"; "": nobody */
  char *description;   /* what it is for; "": not said */
  char *machine_type;  /* the type with which it was locked; "": none */
  char *os_type;       /* its distribution: "debian"; "": not known */
  char *os_version;    /* the number of its release, or the codename if it has none: "13"; "": not
                        * known */
  char *image;         /* the image's path, as the user gave it */
  char *directory;     /* where the user was; relative paths in ARGUMENTS begin there */
  char **arguments;    /* the command line that describes the machine */
} VqInstanceRecord;

/* All pointers are copied. The record has a new machine ID. */
VqInstanceRecord *vq_instance_record_new (const char *image, const char *directory,
                                          const char *const *arguments);
void vq_instance_record_free (VqInstanceRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqInstanceRecord, vq_instance_record_free)

/* Replaces the text MEMBER, which is a member of a record, by a copy of TEXT. */
void vq_instance_record_set_text (char **member, const char *text);

/* Notes what the machine runs with. */
void vq_instance_record_set_accel (VqInstanceRecord *record, gboolean kvm);

/* Reads the record of the instance in DIR. Fails if another version of this program has made it and
 * this one does not understand it. */
VqInstanceRecord *vq_instance_record_read (VqPrivateDir *dir, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Writes RECORD, in place of the one that may be there: after a crash there is either the old one
 * or the new one. Fails with VQ_ERROR_USAGE if a path or an argument is not UTF-8. */
gboolean vq_instance_record_write (const VqInstanceRecord *record, VqPrivateDir *dir,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

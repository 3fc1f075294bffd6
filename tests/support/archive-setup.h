// SPDX-License-Identifier: GPL-2.0-or-later
/* What the tests of archives share: directories to pack and to unpack into, the stream between the
 * two, and archives built by hand. */
#pragma once

#include <archive_entry.h>
#include <glib.h>
#include <sys/types.h>

extern char *base;    /* holds all that follows */
extern char *dest;    /* what is unpacked into */
extern char *outside; /* must stay as it is: one file, "victim" */
extern GByteArray *stream;
extern gsize position;   /* of the reader */
extern gsize chunk_size; /* of its reads */
extern guint n_messages; /* that were logged */

/* Offsets of the data in a file of 1 GiB; -1 ends. */
extern const off_t sparse[5][4];

/* For a checked fixture; what is outside must be unharmed in the end, and nothing may leak. */
void archive_setup (void);
void archive_teardown (void);

void assert_outside_is_unharmed (void);

/* The path of NAME in DIRECTORY (transfer full). */
char *in (const char *directory, const char *name);

/* Makes a new file. */
void put_file (const char *path, const char *text, mode_t mode);

/* Both regular files hold the same. */
void assert_same_contents (const char *one, const char *two);

/* The writer's and the reader's functions: append to the stream, and read it, in chunks, from the
 * position on. */
gboolean append (gpointer data, const void *bytes, gsize len, GError **error);
gssize take (gpointer data, void *buffer, gsize max, GError **error);

/* Makes the stream that of the directory. */
void assert_packs (const char *directory);

/* Unpacks the stream, from its beginning, into dest. */
gboolean unpack (GError **error);
void assert_unpacks (void);

/* ---- archives built by hand ---- */

typedef struct
{
  mode_t type; /* AE_IF*, 0: hard link; of the name, ... */
  const char *name;
  const char *more; /* ...contents or target; %s is the outside directory */
  mode_t mode;
} Entry;

#define R AE_IFREG
#define D AE_IFDIR
#define L AE_IFLNK

/* Makes the stream that of ENTRIES, which end with one that has no name, in the pax format or in
 * GNU tar's. */
void build (const Entry *entries, gboolean pax);

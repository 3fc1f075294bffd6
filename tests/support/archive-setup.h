// SPDX-License-Identifier: GPL-2.0-or-later
/* What the tests of archives share: directories to pack and to unpack, the stream between them, and
 * archives that are built by hand. */
#pragma once

#include <archive_entry.h>
#include <glib.h>
#include <sys/types.h>

extern char *base;    /* the directory that holds the following ones */
extern char *dest;    /* the directory to unpack into */
extern char *outside; /* a directory that must not change; it has one file, "victim" */
extern GByteArray *stream;
extern gsize position;   /* where the reader is in the stream */
extern gsize chunk_size; /* how much it reads at once */
extern guint n_messages; /* how many messages were logged */

/* The offsets of the data in files of 1 GiB; -1 is the end. */
extern const off_t sparse[5][4];

/* For a checked fixture. The teardown asserts that the outside is unharmed and that nothing has
 * leaked. */
void archive_setup (void);
void archive_teardown (void);

void assert_outside_is_unharmed (void);

/* The path of NAME in DIRECTORY (transfer full). */
char *in (const char *directory, const char *name);

/* Makes a new file. */
void put_file (const char *path, const char *text, mode_t mode);

/* Asserts that both regular files have the same contents. */
void assert_same_contents (const char *one, const char *two);

/* The functions for the writer and the reader: one appends to the stream, the other reads it in
 * chunks, beginning at the position. */
gboolean append (gpointer data, const void *bytes, gsize len, GError **error);
gssize take (gpointer data, void *buffer, gsize max, GError **error);

/* Packs the directory into the stream. */
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

/* Builds the stream from ENTRIES, which end with one without a name, in the pax format or in GNU
 * tar's format. */
void build (const Entry *entries, gboolean pax);

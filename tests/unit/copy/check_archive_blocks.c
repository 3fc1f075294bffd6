// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests archives of a hostile guest that no tar program makes, block by block. Each either unpacks
 * or fails with one line that can be shown; it takes little memory and time, nothing outside the
 * directory is touched, and inside are only files, directories and links of ours. */
#include "copy/archive-reader.h"

#include <check.h>
#include <ftw.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive-setup.h"
#include "base/error.h"
#include "suite.h"

#define BLOCK 512
#define MOST 4 /* entries in an archive */
/* What unpacking may take, all of this process with it. */
#define DISK_MAX (1024 * 1024)
#define MEMORY_MAX (100 * 1024 * 1024)

/* One entry. */
typedef struct
{
  const char *name;
  char type;
  const char *body; /* of an 'x' or 'g': a record of each line, or what follows a "!" */
  const char *link;
  const char *size; /* the field; NULL: it is the body's */
  guint at;         /* another field, whose text is ... */
  const char *text; /* ...this */
  guint repeat;     /* so many zeros more are in the body */
} Raw;

/* Refused as a bad archive; since libarchive 3.8 it is an empty one. */
#define NOTHING "bad archive"

#define FILE                                                                                       \
  {                                                                                                \
    "a", '0', "x"                                                                                  \
  }
#define VICTIM "../outside/victim"
#define MODE 100
#define UID 108
#define MTIME 136
#define CHECKSUM 148
#define MAGIC 257
#define DEVICE 329
#define PREFIX 345
#define SPARSE                                                                                     \
  386 /* pairs of offset and size, 12 bytes each; then a flag, and the real size at 483 */

static const struct
{
  const char *refused; /* part of the error; NULL: it unpacks; "?": libarchive's versions differ */
  Raw raw[MOST + 1];
} rows[] = {
  /* names */
  { "refused the name", { { "outside/victim", '0', "x", .at = PREFIX, .text = ".." } } },
  { "refused the name", { { "victim", '0', "x", .at = PREFIX, .text = "/tmp" } } },
  { "refused the name", { { "long", 'L', VICTIM }, FILE } },
  { "refused the name", { { "long", 'L', "/tmp/victim" }, FILE } },
  { "refused the name", { { "pax", 'x', "path=" VICTIM }, FILE } },
  { "refused the name", { { "pax", 'x', "path=/tmp/victim" }, FILE } },
  { "refused the name", { { "pax", 'x', "path=a/../../outside/victim" }, FILE } },
  { "refused the name",
    { { "pax", 'x', "GNU.sparse.name=" VICTIM "\nGNU.sparse.size=1\nGNU.sparse.numblocks=0" },
      FILE } },
  { "?", { { "pax", 'g', "path=" VICTIM }, FILE } },
  { "?", { { "", '0', "x" } } },
  { "refused the name", { { "/", '5' } } },
  { "refused the name", { { "////a", '0', "x" } } },
  { NULL, { { "a\nb", '0', "x" }, { "\033]0;a\007", '0', "x" }, { "\177\302\233", '0', "x" } } },
  { NULL, { { "a ", '0', "x" }, { " ", '0', "x" }, { "-", '0', "x" } } },
  /* GNU tar's long names, and pax records */
  { "?", { { "long", 'L', "" }, FILE } },
  { NOTHING, { { "long", 'L', "name" } } },
  { "?", { { "long", 'L', "x", .size = "10000000000" }, FILE } },
  { "?", { { "long", 'L', "x", .size = "77777777777" }, FILE } },
  { NULL, { { "long", 'L', "one" }, { "long", 'L', "two" }, FILE } },
  { "refused the name", { { "long", 'K', VICTIM }, { "a", '1', .link = "b" } } },
  { NULL, { { "long", 'K', VICTIM }, { "a", '2', .link = "b" }, { "a", '0', "x" } } },
  { "?", { { "pax", 'x', "size=99999999999999999999" }, FILE } },
  { "?", { { "pax", 'x', "size=9223372036854775807" }, FILE } },
  { "?", { { "pax", 'x', "size=-1" }, FILE } },
  { "?", { { "pax", 'x', "size=1x" }, FILE } },
  { "?", { { "pax", 'x', "!9999 path=b\n" }, FILE } },
  { "?", { { "pax", 'x', "!0 path=b\n" }, FILE } },
  { "?", { { "pax", 'x', "!-9 path=b\n" }, FILE } },
  { "?", { { "pax", 'x', "!99999999999999999999 path=b\n" }, FILE } },
  { "?", { { "pax", 'x', "!9 path=bb" }, FILE } },
  { "?", { { "pax", 'x', "nothing" }, FILE } },
  { "?", { { "pax", 'x', "=" }, FILE } },
  { "?", { { "pax", 'x', "!" }, FILE } },
  { "?", { { "pax", 'x', "!\n\n\n" }, FILE } },
  { "?", { { "pax", 'x', "path=b", .size = "77777777777" }, FILE } },
  { "?", { { "pax", 'x', "path=b", .size = "10000000000" }, FILE } },
  { "?", { { "pax", 'x', "path=b" }, { "pax", 'x', "path=c" }, FILE } },
  { NOTHING, { { "pax", 'x', "path=b" } } },
  { "?", { { "pax", 'x', "mtime=nan\natime=-1\nctime=99999999999999999999" }, FILE } },
  { "?", { { "pax", 'x', "mtime=-99999999999.999" }, FILE } },
  { "?",
    { { "pax", 'x',
        "uid=-1\ngid=4294967296\nuname=root\nSCHILY.dev=1\nSCHILY.ino=2\nSCHILY.nlink=99" },
      FILE } },
  { NULL, { { "pax", 'x', "SCHILY.fflags=schg,immutable" }, FILE } },
  { NULL,
    { { "pax", 'x',
        "SCHILY.xattr.security.capability=x\nLIBARCHIVE.xattr.user.a=!!!!\nRHT.security.selinux="
        "x" },
      FILE } },
  { "?",
    { { "pax", 'x', "SCHILY.acl.access=user::rwx,user:nobody:rwx\nSCHILY.acl.default=garbage,,:" },
      FILE } },
  { "?", { { "pax", 'x', "hdrcharset=BINARY\npath=\377\376" }, FILE } },
  /* sparse files: with a size that no disk has, maps that overlap, go back, or have no end */
  { "?",
    { { "pax", 'x', "GNU.sparse.size=9223372036854775807\nGNU.sparse.numblocks=0" },
      { "a", '0' } } },
  { "?",
    { { "pax", 'x', "GNU.sparse.size=1099511627776\nGNU.sparse.map=1099511627775,1" }, FILE } },
  { "?", { { "pax", 'x', "GNU.sparse.size=9\nGNU.sparse.map=9223372036854775807,1" }, FILE } },
  { "?", { { "pax", 'x', "GNU.sparse.size=9\nGNU.sparse.map=-5,1,x,1,,," }, FILE } },
  { "?",
    { { "pax", 'x', "GNU.sparse.size=9\nGNU.sparse.map=4,4,2,4,0,4" },
      { "a", '0', "123456789abc" } } },
  { "?",
    { { "pax", 'x', "GNU.sparse.numblocks=4294967295\nGNU.sparse.offset=0\nGNU.sparse.numbytes=1" },
      FILE } },
  { "?",
    { { "pax", 'x', "GNU.sparse.major=1\nGNU.sparse.minor=0\nGNU.sparse.realsize=9" },
      { "a", '0', "garbage\n" } } },
  { "?",
    { { "pax", 'x', "GNU.sparse.major=1\nGNU.sparse.minor=0\nGNU.sparse.realsize=9" },
      { "a", '0', "99999999999999999999\n0\n1\n" } } },
  { "?",
    { { "pax", 'x', "GNU.sparse.major=1\nGNU.sparse.minor=0\nGNU.sparse.realsize=9" },
      { "a", '0', "1\n-1\n-1\n", .repeat = 504 } } },
  { "?", { { "a", 'S', "x", .at = 483, .text = "77777777777" } } },
  { "?", { { "a", 'S', "x", .at = SPARSE, .text = "77777777777\0" } } },
  { "?",
    { { "a", 'S', "x", .at = SPARSE,
        .text = "\377\377\377\377\377\377\377\377\377\377\377\377" } } },
  { "?", { { "a", 'S', "", .at = 482, .text = "\001" } } },
  /* sizes and other numbers */
  { "?", { { "a", '0', "x", .size = "77777777777" } } },
  { "?", { { "a", '0', "x", .size = "\377\377\377\377\377\377\377\377\377\377\377\377" } } },
  { "?", { { "a", '0', "x", .size = "\200\177\377\377\377\377\377\377\377\377\377\377" } } },
  { "?", { { "a", '0', "x", .size = "zzz" } } },
  { "?", { { "a", '0', "x", .size = "-1" } } },
  { NULL, { { "a", '0', "x", .at = MODE, .text = "0007777" } } },
  { "?", { { "a", '0', "x", .at = MODE, .text = "zzzzzzz" } } },
  { "?", { { "a", '0', "x", .at = UID, .text = "\377\377\377\377\377\377\377\377" } } },
  { "?",
    { { "a", '0', "x", .at = MTIME,
        .text = "\377\377\377\377\377\377\377\377\200\377\377\377" } } },
  { "?",
    { { "a", '0', "x", .at = MTIME,
        .text = "\200\377\377\377\377\377\377\377\377\377\377\377" } } },
  { "bad archive", { { "a", '0', "x", .at = CHECKSUM, .text = "0000001" } } },
  { "bad archive", { FILE, { "a", '0', "x", .at = CHECKSUM, .text = "       " } } },
  { "?", { { "a", '0', "x", .at = MAGIC, .text = "\0\0\0\0\0" } } },
  /* kinds */
  { NULL, { { "a", '3', .at = DEVICE, .text = "0000001" }, { "b", '4' }, { "c", '6' } } },
  { NULL, { { "a", '7', "x" } } },
  { "?", { { "a", 'Z', "x" } } },
  { "?", { { "a", 'D', "Yb\0" }, { "a", 'V' }, { "a", 'M', "x" }, { "a", 'N', "x" } } },
  { "?", { { "a", '5', "contents of a directory" }, { "a/b", '0', "x" } } },
  { "?", { { "a", '2', "contents of a link", "b" }, { "c", '0', "x" } } },
  { "?", { { "a", '2', .link = "" } } },
  { "cannot unpack", { { "a", '1', .link = "a" } } },
  { "cannot unpack", { { "a", '1', .link = "missing" } } },
  { "cannot unpack", { { "d", '5' }, { "a", '1', .link = "d" } } },
  { "refused the name", { { "a", '1', "contents of a link", VICTIM } } },
  { NULL, { FILE, { "a", '5' }, { "a/b", '0', "x" }, { "a/b", '2', .link = VICTIM } } },
  { "not empty",
    { { "a/b", '0', "x" }, { "a", '2', .link = "../outside" }, { "a/victim", '0', "y" } } },
  { NULL, { { "a", '5' }, { "a", '2', .link = "../outside" }, { "a/victim", '0', "y" } } },
};

/* ---- building ---- */

static void
put (guint8 *block, guint at, const char *text, gsize len)
{
  memcpy (block + at, text, MIN (len, BLOCK - at));
}

/* Of a number, all bytes of the field. */
static void
put_text (guint8 *block, guint at, const char *text, gsize field)
{
  gsize len = (guchar)text[0] >= 0x80 && text[1] != '\0' ? field : strlen (text);

  put (block, at, text, MIN (len, field));
}

static void
put_sum (guint8 *block)
{
  char sum[8];
  guint total = 0;

  memset (block + CHECKSUM, ' ', 8);
  for (guint i = 0; i < BLOCK; i++)
    total += block[i];
  g_snprintf (sum, sizeof sum, "%06o", total);
  put (block, CHECKSUM, sum, 8);
}

/* Pax records: "LENGTH KEY=VALUE\n", where LENGTH counts itself. */
static char *
make_records (const char *body)
{
  g_auto (GStrv) lines = g_strsplit (body, "\n", -1);
  GString *text = g_string_new (NULL);

  for (char **line = lines; *line != NULL; line++)
    {
      gsize len = strlen (*line) + 3;

      len += len + 1 > 99 ? 2 : len > 9 ? 1 : 0;
      g_string_append_printf (text, "%zu %s\n", len, *line);
    }
  return g_string_free (text, FALSE);
}

static char *
make_body (const Raw *raw)
{
  if (raw->body == NULL)
    return g_strdup ("");
  if (raw->type != 'x' && raw->type != 'g')
    return g_strdup (raw->body);
  return raw->body[0] == '!' ? g_strdup (raw->body + 1) : make_records (raw->body);
}

static void
put_header (guint8 *block, const Raw *raw, gsize size)
{
  g_autofree char *octal = g_strdup_printf ("%011o", (guint)size);

  put_text (block, 0, raw->name, 100);
  /* Whoever is not root could not look into a directory that may only be read. */
  put_text (block, MODE, raw->type == '5' ? "0000755" : "0000644", 8);
  put_text (block, UID, "0000000", 8);
  put_text (block, 116, "0000000", 8);
  put_text (block, 124, raw->size != NULL ? raw->size : octal, 12);
  put_text (block, MTIME, "07346545000", 12);
  block[156] = raw->type;
  put_text (block, 157, raw->link != NULL ? raw->link : "", 100);
  put_text (block, MAGIC, strchr ("LKS", raw->type) != NULL ? "ustar  " : "ustar", 8);
  if (strchr ("LKS", raw->type) == NULL)
    put_text (block, 263, "00", 2);
  if (raw->text != NULL)
    put_text (block, raw->at, raw->text, raw->at == UID || raw->at == MODE ? 8 : 12);
  if (raw->at == MAGIC)
    memset (block + MAGIC, 0, 8);
  if (raw->at != CHECKSUM)
    put_sum (block);
}

static void
add_zeros (gsize n)
{
  gsize old = stream->len;

  g_byte_array_set_size (stream, old + n);
  memset (stream->data + old, 0, n);
}

static void
add_raw (const Raw *raw)
{
  g_autofree char *body = make_body (raw);
  gsize size = strlen (body) + raw->repeat;
  gsize at = stream->len;

  add_zeros (BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK);
  put_header (stream->data + at, raw, size);
  memcpy (stream->data + at + BLOCK, body, strlen (body));
}

/* RAW ends with an entry without a name. */
static void
build_raw (const Raw *raw)
{
  g_byte_array_set_size (stream, 0);
  for (; raw->name != NULL; raw++)
    add_raw (raw);
  add_zeros (2 * BLOCK);
}

/* ---- what may be there afterwards ---- */

static gint64 on_disk;

static int
check_file (const char *path, const struct stat *st, int type, struct FTW *where)
{
  ck_assert_msg (S_ISREG (st->st_mode) || S_ISDIR (st->st_mode) || S_ISLNK (st->st_mode), "%s",
                 path);
  ck_assert_uint_eq (st->st_uid, geteuid ());
  if (!S_ISLNK (st->st_mode))
    ck_assert_uint_eq (st->st_mode & 07022, 0);
  on_disk += st->st_blocks * 512;
  return 0;
}

static void
assert_little_memory (void)
{
#ifndef __SANITIZE_ADDRESS__
  struct rusage usage;

  ck_assert_int_eq (getrusage (RUSAGE_SELF, &usage), 0);
  ck_assert_int_le (usage.ru_maxrss, MEMORY_MAX / 1024);
#endif
}

/* ERROR may be NULL. */
static void
assert_harmless (const GError *error)
{
  on_disk = 0;
  ck_assert_int_eq (nftw (dest, check_file, 16, FTW_PHYS), 0);
  ck_assert_int_le (on_disk, DISK_MAX);
  assert_outside_is_unharmed ();
  assert_little_memory ();
  if (error == NULL)
    return;
  ck_assert (error->domain == VQ_ERROR);
  for (const char *c = error->message; *c != '\0'; c = g_utf8_next_char (c))
    ck_assert_msg (g_unichar_isprint (g_utf8_get_char (c)), "%s", error->message);
}

CASE ("from a hostile guest, block by block", archive_setup, archive_teardown, 60)

TEST_LOOP (hostile_blocks, 0, G_N_ELEMENTS (rows))
{
  const char *refused = rows[_i].refused;
  g_autoptr (GError) error = NULL;
  gboolean unpacked;

  build_raw (rows[_i].raw);
  unpacked = unpack (&error);
  if (refused == NULL)
    ck_assert_msg (unpacked, "%s", unpacked ? "" : error->message);
  else if (g_str_equal (refused, NOTHING) && unpacked)
    {
      ck_assert_int_eq (rmdir (dest), 0);
      ck_assert_int_eq (mkdir (dest, 0700), 0);
    }
  else if (!g_str_equal (refused, "?"))
    ck_assert_msg (!unpacked && strstr (error->message, refused) != NULL, "%s",
                   unpacked ? "accepted" : error->message);
  assert_harmless (error);
}

static void
cut_short (const Raw *raw)
{
  gsize whole;

  build_raw (raw);
  whole = stream->len;
  for (gsize len = 0; len < whole - BLOCK; len += BLOCK / 2)
    {
      g_autoptr (GError) error = NULL;

      build_raw (raw);
      g_byte_array_set_size (stream, len);
      ck_assert (!unpack (&error));
      assert_harmless (error);
    }
}

/* Each of them ends after each of its blocks, and in the middle of one. */
TEST (hostile_blocks_cut_short)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    cut_short (rows[i].raw);
}

/* Zeros in the middle end the archive, so what follows must not be taken for a whole one. */
TEST (an_end_in_the_middle)
{
  static const Raw raw[MOST + 1] = { FILE };

  for (guint blocks = 1; blocks <= 3; blocks++)
    {
      g_autoptr (GError) error = NULL;

      build_raw (raw);
      add_zeros ((blocks - 1) * BLOCK);
      g_byte_array_set_size (stream, stream->len - BLOCK);
      add_raw (&raw[0]);
      ck_assert (!unpack (&error));
      ck_assert_msg (strstr (error->message, "cut short") != NULL, "%s", error->message);
    }
}

/* The header of an entry of TYPE has VALUE AT a byte. */
static void
unpack_with_wrong_byte (char type, guint at, guint8 value)
{
  const Raw raw[MOST + 1] = { { "a", type, "1234", "b" }, FILE };
  g_autoptr (GError) error = NULL;

  build_raw (raw);
  stream->data[at] = value;
  put_sum (stream->data);
  if (!unpack (&error))
    assert_harmless (error);
}

/* Any byte of a header may be wrong, though the checksum is right. */
TEST_LOOP (a_wrong_byte, 0, 10)
{
  static const guint8 values[] = { 0, 0x80, 0xff, '/', '9' };

  for (guint at = 0; at < BLOCK; at++)
    for (guint i = 0; i < sizeof values; i++)
      unpack_with_wrong_byte ("01257xgLKS"[_i], at, values[i]);
  assert_harmless (NULL);
}

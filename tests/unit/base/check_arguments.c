// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/arguments.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "suite.h"

static const VqArgument table[] = {
  { "qemu-architecture", 0, TRUE },
  { "qemu-command", 'q', TRUE },
  { "user", 'u', TRUE },
  { "cpus", 'c', TRUE },
  { "debug", 'd', FALSE },
  { "debugger", 'e', FALSE },
  { "qemu-options", 0, TRUE },
  { NULL },
};

#define MAX_WORDS 6

typedef struct
{
  const char *words[MAX_WORDS];
  const char *expected; /* what describe () gives, or what the error begins with */
} Case;

/* What Python 3.11's argparse makes of the same table and words ("user=x" an option, "<x>" a
 * positional argument), but for the cases that say otherwise. */
static const Case good[] = {
  { { NULL }, "" },
  { { "--user", "x" }, "user=x " },
  { { "--user=x" }, "user=x " },
  { { "--user=" }, "user= " },
  { { "--user=a=b" }, "user=a=b " },
  { { "--user", "" }, "user= " },
  { { "--use", "x" }, "user=x " },
  { { "--us=x" }, "user=x " },
  { { "--qemu-a=x" }, "qemu-architecture=x " },
  { { "--debug" }, "debug " },
  { { "--debugg" }, "debugger " },
  { { "-ux" }, "user=x " },
  { { "-u", "x" }, "user=x " },
  { { "-u=x" }, "user=x " },
  { { "-u=" }, "user= " },
  { { "-ua=b" }, "user=a=b " },
  { { "-u", "" }, "user= " },
  { { "-uu" }, "user=u " },
  { { "-u-x" }, "user=-x " },
  { { "-q-" }, "qemu-command=- " },
  { { "-u", "a", "-u", "b" }, "user=a user=b " },
  { { "-u--" }, "user=-- " }, /* argparse 3.11 loses the value */
  { { "-dqX" }, "debug qemu-command=X " },
  { { "-dq", "X" }, "debug qemu-command=X " },
  { { "-dq=X" }, "debug qemu-command=X " }, /* as from 3.12 on; "=X" before */
  { { "-de" }, "debug debugger " },
  { { "-dedu", "x" }, "debug debugger debug user=x " },
  { { "--user", "-" }, "user=- " },
  { { "--user", "-5" }, "user=-5 " },
  { { "-du", "-5" }, "debug user=-5 " },
  { { "--user", "-.5" }, "user=-.5 " },
  { { "--user", "-5.5" }, "user=-5.5 " },
  { { "--user", "-z z" }, "user=-z z " },
  { { "--user", "--zz z" }, "user=--zz z " },
  { { "--user", "--debug x" }, "user=--debug x " },
  { { "-" }, "<-> " },
  { { "-5" }, "<-5> " },
  { { "" }, "<> " },
  { { "-z z" }, "<-z z> " },
  { { "--", "-d" }, "<-d> " },
  { { "--" }, "" },
  { { "--", "--" }, "<--> " },
  { { "a", "--", "-d" }, "<a> <-d> " },
  { { "a", "--", "--", "b" }, "<a> <--> <b> " },
  { { "-d", "--", "--user=x" }, "debug <--user=x> " },
  { { "a", "-d" }, "<a> debug " },
  { { "a", "-d", "b", "-ux", "c" }, "<a> debug <b> user=x <c> " }, /* argparse refuses b and c */
};

static const Case bad[] = {
  { { "--qemu", "x" },
    "option --qemu is ambiguous: it could be --qemu-architecture, --qemu-command, --qemu-options" },
  { { "--qemu-=x" }, "option --qemu-=x is ambiguous: it could be --qemu-architecture, " },
  { { "--debu" }, "option --debu is ambiguous: it could be --debug, --debugger" },
  { { "--=x" }, "option --=x is ambiguous: it could be " },
  { { "-u" }, "option -u/--user needs a value" },
  { { "--user" }, "option -u/--user needs a value" },
  { { "-dq" }, "option -q/--qemu-command needs a value" },
  { { "--user", "--" }, "option -u/--user needs a value; " },
  { { "--user", "--", "x" }, "option -u/--user needs a value; " },
  { { "--user", "-d" }, "option -u/--user needs a value; " },
  { { "--user", "-5." }, "option -u/--user needs a value; " },
  { { "--user", "-5x" }, "option -u/--user needs a value; " },
  { { "--user", "-z" }, "option -u/--user needs a value; " },
  { { "--user", "--nope" }, "option -u/--user needs a value; " },
  { { "--user", "-c z" }, "option -u/--user needs a value; " },
  { { "--user", "--debug= x" }, "option -u/--user needs a value; " },
  { { "--qemu-options", "-snapshot" },
    "option --qemu-options needs a value; one that begins with '-' is given as "
    "--qemu-options=VALUE" },
  { { "--debug=1" }, "option -d/--debug takes no value" },
  { { "--debug=" }, "option -d/--debug takes no value" },
  { { "-d=1" }, "option -d/--debug takes no value" },
  { { "-d=" }, "option -d/--debug takes no value" },
  { { "-d-" }, "option -d/--debug takes no value" },
  { { "-d=q" }, "option -d/--debug takes no value" }, /* as from 3.12 on */
  { { "-dz" }, "unknown option -z" },
  { { "--nope" }, "unknown option --nope" },
  { { "--nope=1" }, "unknown option --nope=1" },
  { { "--no_pe" }, "unknown option --no_pe" },
  { { "--qemu_command=x" }, "unknown option --qemu_command=x: it is called --qemu-command" },
  { { "--qemu_" }, "unknown option --qemu_" },
  { { "--users" }, "unknown option --users" },
  { { "-z" }, "unknown option -z" },
  { { "-zq" }, "unknown option -zq" },
  { { "-=x" }, "unknown option -=x" },
  { { "---" }, "unknown option ---" },
  { { "---debug" }, "unknown option ---debug" },
  { { "-debug", "x" }, "unknown option -bug" }, /* -d -e -b: one dash is for letters */
};

static char *directory;

static void
setup (void)
{
  directory = g_dir_make_tmp ("check-arguments-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
  ck_assert_int_eq (g_chdir (directory), 0);
}

/* Also fails when a test left a file or a descriptor behind. */
static void
teardown (void)
{
  ck_assert_int_eq (g_chdir ("/"), 0);
  ck_assert_int_eq (g_rmdir (directory), 0);
  g_clear_pointer (&directory, g_free);
}

static int
open_descriptors (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  int n = 0;

  ck_assert_ptr_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void
write_file (const char *name, const char *text, gssize length)
{
  ck_assert (g_file_set_contents (name, text, length, NULL));
}

/* All that a command line gives, as one string; NULL with *ERROR for a bad one. */
static char *
describe (const char *const *words, GError **error)
{
  g_autoptr (VqArguments) arguments = vq_arguments_new (table, words, error);
  g_autoptr (GString) text = g_string_new (NULL);
  VqArgumentKind kind;
  const char *value;
  int index;

  if (arguments == NULL)
    return NULL;
  while ((kind = vq_arguments_next (arguments, &index, &value, error)) != VQ_ARGUMENT_END)
    {
      if (kind == VQ_ARGUMENT_ERROR)
        return NULL;
      if (kind == VQ_ARGUMENT_POSITIONAL)
        g_string_append_printf (text, "<%s> ", value);
      else if (value != NULL)
        g_string_append_printf (text, "%s=%s ", table[index].name, value);
      else
        g_string_append_printf (text, "%s ", table[index].name);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
assert_error (const GError *error, const char *start)
{
  ck_assert_ptr_nonnull (error);
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
  ck_assert_msg (g_str_has_prefix (error->message, start), "'%s' instead of '%s'", error->message,
                 start);
}

static void
assert_good (const char *const *words, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = describe (words, &error);

  ck_assert_msg (text != NULL, "%s: %s", words[0], error != NULL ? error->message : "");
  ck_assert_str_eq (text, expected);
}

static void
assert_bad (const char *const *words, const char *start)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = describe (words, &error);

  ck_assert_msg (text == NULL, "%s is taken as %s", words[0], text);
  assert_error (error, start);
}

CASE ("arguments", setup, teardown, 60)

TEST_LOOP (test_good, 0, G_N_ELEMENTS (good))
{
  assert_good (good[_i].words, good[_i].expected);
}

TEST_LOOP (test_bad, 0, G_N_ELEMENTS (bad))
{
  assert_bad (bad[_i].words, bad[_i].expected);
}

TEST (test_file)
{
  const char *text = "-uname\n\n  --qemu-options=-cpu max \n@inner\r\n   \nlast one";
  int descriptors = open_descriptors ();

  write_file ("outer", text, -1);
  write_file ("inner", "-d\n", -1);
  assert_good ((const char *[]){ "a", "@outer", "b", NULL },
               "<a> user=name qemu-options=-cpu max debug <last one> <b> ");
  assert_good ((const char *[]){ "--", "@inner", NULL }, "<-d> ");
  assert_good ((const char *[]){ "-u@inner", "--user=@inner", NULL }, "user=@inner user=@inner ");
  assert_bad ((const char *[]){ "--user", "@inner", NULL }, "option -u/--user needs a value; ");
  write_file ("inner", "", -1);
  assert_good ((const char *[]){ "@inner", "x", NULL }, "<x> ");
  ck_assert_int_eq (open_descriptors (), descriptors);
  g_unlink ("outer");
  g_unlink ("inner");
}

TEST (test_file_errors)
{
  int descriptors = open_descriptors ();

  assert_bad ((const char *[]){ "@nowhere", NULL },
              "cannot read the file of arguments @nowhere: No such file");
  assert_bad ((const char *[]){ "@", NULL }, "cannot read the file of arguments @: ");
  assert_bad ((const char *[]){ "@.", NULL },
              "cannot read the file of arguments @.: Is a directory");
  write_file ("nul", "a\0b\n", 4);
  assert_bad ((const char *[]){ "@nul", NULL }, "@nul is not a file of arguments");
  write_file ("self", "a\n@self\n@self\n", -1);
  assert_bad ((const char *[]){ "@self", NULL }, "@self: files of arguments name each other");
  write_file ("names", "a\n@nowhere\n", -1);
  assert_bad ((const char *[]){ "@names", NULL }, "cannot read the file of arguments @nowhere: ");
  ck_assert_int_eq (open_descriptors (), descriptors);
  g_unlink ("nul");
  g_unlink ("self");
  g_unlink ("names");
}

TEST (test_file_unreadable)
{
  write_file ("secret", "-d\n", -1);
  ck_assert_int_eq (g_chmod ("secret", 0), 0);
  if (geteuid () == 0) /* nothing is unreadable for root */
    assert_good ((const char *[]){ "@secret", NULL }, "debug ");
  else
    assert_bad ((const char *[]){ "@secret", NULL },
                "cannot read the file of arguments @secret: Permission denied");
  g_unlink ("secret");
}

/* Files 1, 2, ... N, each of which names the next; the last holds a flag. */
static void
write_chain (int n)
{
  for (int i = 1; i <= n; i++)
    {
      g_autofree char *name = g_strdup_printf ("%d", i);
      g_autofree char *text = i < n ? g_strdup_printf ("@%d", i + 1) : g_strdup ("-d");

      write_file (name, text, -1);
    }
}

/* A command line within the command line: everything after its first word is as it was given. */
TEST (test_rest)
{
  static const char *const words[] = { "-d", "@name", "--", "cmd", "-u", "--", "@x", NULL };
  static const int kinds[] = { VQ_ARGUMENT_OPTION, VQ_ARGUMENT_POSITIONAL, VQ_ARGUMENT_POSITIONAL };
  g_autoptr (VqArguments) arguments = vq_arguments_new_plain (table, words);
  const char *const *rest;
  const char *value;
  int index;

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    ck_assert_int_eq (vq_arguments_next (arguments, &index, &value, NULL), kinds[i]);
  ck_assert_str_eq (value, "cmd");
  rest = vq_arguments_get_rest (arguments);
  ck_assert_uint_eq (g_strv_length ((char **)rest), 3);
  for (guint i = 0; i <= 3; i++)
    ck_assert_int_eq (g_strcmp0 (rest[i], words[4 + i]), 0);
}

TEST (test_file_depth)
{
  const char *const words[] = { "@1", NULL };

  for (int n = VQ_ARGUMENTS_DEPTH_MAX - 1; n <= VQ_ARGUMENTS_DEPTH_MAX + 1; n++)
    {
      write_chain (n);
      if (n <= VQ_ARGUMENTS_DEPTH_MAX)
        assert_good (words, "debug ");
      else
        assert_bad (words, "@9: files of arguments name each other more than 8 deep");
      for (int i = 1; i <= n; i++)
        {
          g_autofree char *name = g_strdup_printf ("%d", i);

          g_unlink (name);
        }
    }
}

/* The limit holds for one file and for several together. */
TEST (test_file_size)
{
  g_autofree char *text = g_malloc (VQ_ARGUMENTS_FILE_MAX + 1);

  memset (text, '\n', VQ_ARGUMENTS_FILE_MAX + 1);
  memcpy (text, "-d", 2);
  write_file ("small", "-d", -1);
  for (int extra = -1; extra <= 1; extra++)
    {
      write_file ("big", text, VQ_ARGUMENTS_FILE_MAX + extra);
      if (extra <= 0)
        assert_good ((const char *[]){ "@big", NULL }, "debug ");
      else
        assert_bad ((const char *[]){ "@big", NULL }, "@big is too long: ");
      write_file ("big", text, VQ_ARGUMENTS_FILE_MAX - 2 + extra);
      if (extra <= 0)
        assert_good ((const char *[]){ "@big", "@small", NULL }, "debug debug ");
      else
        assert_bad ((const char *[]){ "@big", "@small", NULL }, "@small is too long: ");
    }
  g_unlink ("big");
  g_unlink ("small");
}

static const struct
{
  const char *text;
  int expected; /* -1: refused */
} numbers[] = {
  { "3", 3 },
  { " 12 ", 12 },
  { "\t5\n", 5 },
  { "+5", 5 },
  { "007", 7 },
  { "2", 2 },
  { "1000", 1000 },
  { "1", -1 },
  { "1001", -1 },
  { "-5", -1 },
  { "", -1 },
  { " ", -1 },
  { "+", -1 },
  { "-", -1 },
  { "+-5", -1 },
  { "+ 5", -1 },
  { "1_000", -1 },
  { "0x10", -1 },
  { "5.0", -1 },
  { "5 5", -1 },
  { "5x", -1 },
  { "x", -1 },
  { "1e3", -1 },
  { "4294967299", -1 },
  { "-4294967293", -1 },
  { "18446744073709551619", -1 },
};

TEST_LOOP (test_int, 0, G_N_ELEMENTS (numbers))
{
  g_autoptr (GError) error = NULL;
  int value = -7;
  gboolean ok = vq_arguments_parse_int (numbers[_i].text, 2, 1000, &value, &error);

  ck_assert_int_eq (ok, numbers[_i].expected >= 0);
  ck_assert_int_eq (value, ok ? numbers[_i].expected : -7);
  if (!ok)
    assert_error (error, "");
}

TEST (test_int_messages)
{
  g_autoptr (GError) first = NULL;
  g_autoptr (GError) second = NULL;
  int value;

  ck_assert (!vq_arguments_parse_int ("two", 1, 9, &value, &first));
  assert_error (first, "'two' is not a whole number");
  ck_assert (!vq_arguments_parse_int (" 10 ", 1, 9, &value, &second));
  assert_error (second, "10 is not between 1 and 9");
}

static const VqArgumentUnit units[] = { { 'a', 1 }, { 'b', 10 }, { 0, 0 } };
static const VqArgumentUnit units_or_none[] = { { 'a', 3 }, { 0, 2 } };

/* At most 1000. */
static const struct
{
  const char *text;
  const VqArgumentUnit *units;
  gint64 expected;     /* -1: refused */
  const char *message; /* what it is refused with */
} quantities[] = {
  { "0", units, 0 },
  { "00", units, 0 },
  { "0b", units, 0 },
  { "7a", units, 7 },
  { "007b", units, 70 },
  { "100b", units, 1000 },
  { "101b", units, -1, "101b is too large" },
  { "1000a", units, 1000 },
  { "1001a", units, -1, "1001a is too large" },
  { "18446744073709551616b", units, -1, "18446744073709551616b is too large" },
  { "1844674407370955162b", units, -1, "1844674407370955162b is too large" },
  { "1", units, -1, "'1' is not a number followed by one of a, b" },
  { "", units, -1, "'' is not a number followed by one of a, b" },
  { "a", units, -1, "'a' is not a number" },
  { "1A", units, -1, "'1A' is not a number" },
  { "1ab", units, -1, "'1ab' is not a number" },
  { "1a ", units, -1, "'1a ' is not a number" },
  { " 1a", units, -1, "' 1a' is not a number" },
  { "1 a", units, -1, "'1 a' is not a number" },
  { "-1a", units, -1, "'-1a' is not a number" },
  { "+1a", units, -1, "'+1a' is not a number" },
  { "1.5b", units, -1, "'1.5b' is not a number" },
  { "0x1a", units, -1, "'0x1a' is not a number" },
  { "500", units_or_none, 1000 },
  { "501", units_or_none, -1, "501 is too large" },
  { "333a", units_or_none, 999 },
  { "334a", units_or_none, -1, "334a is too large" },
  { "1b", units_or_none, -1, "'1b' is not a number, alone or followed by one of a" },
  { "", units_or_none, -1, "'' is not a number" },
};

TEST_LOOP (test_quantity, 0, G_N_ELEMENTS (quantities))
{
  g_autoptr (GError) error = NULL;
  guint64 value = 4711;
  gboolean ok = vq_arguments_parse_quantity (quantities[_i].text, quantities[_i].units, 1000,
                                             &value, &error);

  ck_assert_int_eq (ok, quantities[_i].expected >= 0);
  ck_assert_int_eq (value, ok ? quantities[_i].expected : 4711);
  if (!ok)
    assert_error (error, quantities[_i].message);
}

static const struct
{
  const char *text;
  const char *joined; /* the words, with "|" between them */
} splits[] = {
  { "", "" },
  { "  \t\n", "" },
  { "a", "a" },
  { "-m 512", "-m|512" },
  { "  -device  virtio-rng\t-no-reboot\n", "-device|virtio-rng|-no-reboot" },
  { "'a b'", "a b" },
  { "-name 'a \"b\"' \"c d\"e f\\ g ''", "-name|a \"b\"|c de|f g|" },
  { "-device {\"driver\":\"e1000\"} #x", "-device|{\"driver\":\"e1000\"}|#x" },
  { "-device '{\"driver\": \"e1000\"}'", "-device|{\"driver\": \"e1000\"}" },
  { "a\vb\fc\rd\x1c"
    "e\x1f"
    "f",
    "a|b|c|d|e|f" },
  { "a\xc2\xa0"
    "b\xe3\x80\x80"
    "c\xc2\x85"
    "d",
    "a|b|c|d" },
  { "a\xe2\x80\x8b"
    "b",
    "a\xe2\x80\x8b"
    "b" }, /* a zero width space is none */
  { "\xff \xc2", "\xff|\xc2" },
};

TEST_LOOP (test_split, 0, G_N_ELEMENTS (splits))
{
  g_auto (GStrv) words = vq_arguments_split (splits[_i].text, NULL);
  g_autofree char *joined = g_strjoinv ("|", words);

  ck_assert_str_eq (joined, splits[_i].joined);
}

TEST (test_split_fails)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vq_arguments_split ("-name 'a b", &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
}

TEST (test_names)
{
  g_autofree char *both = vq_arguments_describe (&table[1]);
  g_autofree char *one = vq_arguments_describe (&table[0]);

  ck_assert_str_eq (both, "-q/--qemu-command");
  ck_assert_str_eq (one, "--qemu-architecture");
}

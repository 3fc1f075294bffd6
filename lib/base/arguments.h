// SPDX-License-Identifier: GPL-2.0-or-later
/* A table-driven command-line parser that follows Python's argparse, so that a command line written
 * for a Python program means the same here: long options by any unambiguous prefix, short options
 * in clusters, values after "=" or as the next argument, @FILE for a file of arguments. It does not
 * know what the options are for. All errors are VQ_ERROR_USAGE.
 *
 * Where versions of argparse differ, this follows the newer ones: "-dq=X" gives -q the value "X".
 * One thing is allowed that argparse refuses: options may stand between positional arguments. */
#pragma once

#include <glib.h>

/* One option. A table of them ends with an entry whose name is NULL. */
typedef struct
{
  const char *name; /* the long option without its dashes */
  char letter;      /* the short option; 0: none */
  gboolean takes_value;
} VqArgument;

typedef enum
{
  VQ_ARGUMENT_ERROR,      /* *error is set */
  VQ_ARGUMENT_OPTION,     /* *index is its index in the table; *value is NULL for a flag */
  VQ_ARGUMENT_POSITIONAL, /* *value */
  VQ_ARGUMENT_END,
} VqArgumentKind;

/* A parser over one command line. */
typedef struct _VqArguments VqArguments;

/* The largest size of all files named by @FILE arguments together, in bytes. */
#define VQ_ARGUMENTS_FILE_MAX (1024 * 1024)

/* How deeply files of arguments may be nested; a file named on the command line is at depth 1. */
#define VQ_ARGUMENTS_DEPTH_MAX 8

/* TABLE must outlive the result; STRINGS (which ends with NULL and does not hold the program's
 * name) is copied. Each @FILE is replaced by the lines of that file, one argument per line: blanks
 * around a line are dropped, empty lines are skipped, and a line may itself be @FILE. As in
 * argparse, this happens to every argument, even after "--" and to an option's value. May wait if
 * FILE is a FIFO. Fails if a file cannot be read, holds a NUL byte, or exceeds a limit above. */
VqArguments *vq_arguments_new (const VqArgument *table, const char *const *strings, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same, but an argument that begins with "@" is nothing special. Cannot fail. */
VqArguments *vq_arguments_new_plain (const VqArgument *table, const char *const *strings)
    G_GNUC_WARN_UNUSED_RESULT;
void vq_arguments_free (VqArguments *arguments);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqArguments, vq_arguments_free)

/* Gives the next option or positional argument, in order; *VALUE belongs to ARGUMENTS. Must not be
 * called again after an error or the end. */
VqArgumentKind vq_arguments_next (VqArguments *arguments, int *index, const char **value,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What is done with each option and each positional argument of a command line. */
typedef struct
{
  gboolean (*option) (gpointer data, int index, const char *value, GError **error);
  gboolean (*positional) (gpointer data, const char *value, GError **error); /* NULL: refused */
} VqArgumentsTaker;

/* Gives all that vq_arguments_next would give to TAKER, with DATA, until one fails or *DONE is
 * TRUE. The error of an option begins with "option --NAME: ". */
gboolean vq_arguments_take_all (VqArguments *arguments, const VqArgumentsTaker *taker,
                                gpointer data, const gboolean *done, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* For a command line with one positional argument: puts VALUE into *PLACE, and fails if there is
 * one already. */
gboolean vq_arguments_take_only (const char **place, const char *value, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Fails with a VQ_ERROR_USAGE, because VALUE has no place in the command line. */
gboolean vq_arguments_refuse (const char *value, GError **error);

/* What follows the last positional argument, as it is, for a command line within the command line.
 * It ends with NULL and belongs to ARGUMENTS. */
const char *const *vq_arguments_get_rest (VqArguments *arguments);

/* For a command line that another parser reads, except for the option "--NAME": takes that option
 * if it is the first of *STRINGS, and gives its *VALUE, for which *STRINGS may go on by one. *VALUE
 * is NULL if it is something else. Fails if the value is missing. */
gboolean vq_arguments_take_value (const char *name, const char *const **strings, const char **value,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The name of ARGUMENT for messages: "-c/--cpus". Transfer full. */
char *vq_arguments_describe (const VqArgument *argument);

/* Parses a decimal number from MIN to MAX as Python's int () does (with an optional sign, and
 * blanks around it), but without underscores. The error says what is wrong with TEXT; the caller
 * adds which option it belongs to. */
gboolean vq_arguments_parse_int (const char *text, int min, int max, int *value, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* A unit, and the factor that it stands for. A table of them ends with an entry whose letter is 0;
 * its factor is for a number without a unit. If that factor is 0, a unit is required except for the
 * number 0. */
typedef struct
{
  char letter;
  guint64 factor;
} VqArgumentUnit;

/* Parses a decimal number that is directly followed by one of UNITS; the product may be at most
 * MAX. The error says what is wrong with TEXT; the caller adds which option it belongs to. */
gboolean vq_arguments_parse_quantity (const char *text, const VqArgumentUnit *units, guint64 max,
                                      guint64 *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Splits TEXT into words. With quotes or backslashes in it, a shell's rules hold. Without, and for
 * JSON in which there are no single quotes, the words are those of Python's str.split (), which
 * splits at Unicode's white space too. Fails if a quote has no end. Transfer full; empty if there
 * are no words. */
char **vq_arguments_split (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

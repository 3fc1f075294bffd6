// SPDX-License-Identifier: GPL-2.0-or-later
/* A table-driven command-line parser with the habits of Python's argparse, so that a command line
 * written for a Python program means the same to us: long options by unambiguous prefix, short
 * options in clusters, values after "=" or as the next argument, files of arguments by @FILE.
 * It knows nothing of what the options are for. All errors are VQ_ERROR_USAGE.
 *
 * Where argparse itself changed, the newer behaviour counts: "-dq=X" gives -q the value "X". One
 * thing is allowed that argparse refuses: options may stand between positional arguments. */
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
  VQ_ARGUMENT_OPTION,     /* *index is its place in the table; *value is NULL for a flag */
  VQ_ARGUMENT_POSITIONAL, /* *value */
  VQ_ARGUMENT_END,
} VqArgumentKind;

/* A parser over one command line. */
typedef struct _VqArguments VqArguments;

/* Of all files that @FILE arguments name, together, in bytes. */
#define VQ_ARGUMENTS_FILE_MAX (1024 * 1024)

/* How deep files of arguments may name further ones; a file on the command line is at depth 1. */
#define VQ_ARGUMENTS_DEPTH_MAX 8

/* TABLE must outlive the result; STRINGS (ends with NULL, without the program's name) is copied.
 * Reads the files named by @FILE, each of whose lines is one argument, in its place: blanks around
 * a line are dropped and empty lines skipped, a line may again be @FILE. As in argparse that holds
 * for every argument, also behind "--" and as an option's value. A FIFO is waited for. Fails if
 * a file cannot be read, holds a NUL byte, or breaks a limit above. */
VqArguments *vq_arguments_new (const VqArgument *table, const char *const *strings, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void vq_arguments_free (VqArguments *arguments);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqArguments, vq_arguments_free)

/* Gives the next option or positional argument in order; *VALUE belongs to ARGUMENTS. After an
 * error or the end it must not be called again. */
VqArgumentKind vq_arguments_next (VqArguments *arguments, int *index, const char **value,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How messages name ARGUMENT: "-c/--cpus". Transfer full. */
char *vq_arguments_describe (const VqArgument *argument);

/* Reads a decimal number from MIN to MAX as Python's int () does (a sign and blanks around it are
 * fine), but without underscores. The error says what is wrong with TEXT, not where it stood. */
gboolean vq_arguments_parse_int (const char *text, int min, int max, int *value, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* A unit and what it stands for. A table of them ends with an entry whose letter is 0: its factor
 * is for a number without a unit; 0: then only the number 0 needs none. */
typedef struct
{
  char letter;
  guint64 factor;
} VqArgumentUnit;

/* Reads a decimal number with one of UNITS directly behind it, up to MAX when multiplied. The error
 * says what is wrong with TEXT, not where it stood. */
gboolean vq_arguments_parse_quantity (const char *text, const VqArgumentUnit *units, guint64 max,
                                      guint64 *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The words of TEXT, which white space (Unicode's too) separates: Python's str.split (). There is
 * no quoting. Transfer full; empty if there are no words. */
char **vq_arguments_split (const char *text);

// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/arguments.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

struct _VqArguments
{
  const VqArgument *table;
  char **strings;   /* owned; each @FILE is already replaced */
  gsize next;       /* in strings */
  const char *rest; /* what is left of a cluster of short options; NULL if none is under way */
  gboolean ended;   /* "--" was seen, so no more options follow */
};

/* The state of replacing @FILE arguments, with what is left of the limits. */
typedef struct
{
  GPtrArray *strings;
  gsize bytes_left;
  int depth;
} Expansion;

/* Appends FD's bytes to TEXT, up to the end of FD or until TEXT is longer than LIMIT. FALSE with
 * errno set if reading fails. */
static gboolean
read_until (int fd, GString *text, gsize limit)
{
  char buffer[4096];
  gssize n = 1;

  while (n != 0 && text->len <= limit)
    {
      n = read (fd, buffer, sizeof buffer);
      if (n < 0 && errno != EINTR)
        return FALSE;
      if (n > 0)
        g_string_append_len (text, buffer, n);
    }
  return TRUE;
}

/* Reads PATH, which may be any kind of file. */
static GString *
read_file (const char *path, gsize limit, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  vq_autofd int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  gboolean ok = fd >= 0 && read_until (fd, text, limit);

  if (ok && text->len <= limit)
    return g_steal_pointer (&text);
  if (ok)
    vq_error_set (error, VQ_ERROR_USAGE,
                  "@%s is too long: files of arguments may hold %d bytes in all", path,
                  VQ_ARGUMENTS_FILE_MAX);
  else
    vq_error_set (error, VQ_ERROR_USAGE, "cannot read the file of arguments @%s: %s", path,
                  g_strerror (errno));
  return NULL;
}

static gboolean expand (Expansion *expansion, const char *string, GError **error);

/* Empty lines are skipped; argparse makes an empty argument of them, which nobody wants. The
 * recursion ends because both the depth and the bytes of all files together are limited. */
static gboolean
expand_lines (Expansion *expansion, char *text, GError **error)
{
  for (char *next = text; text != NULL; text = next)
    {
      next = strchr (text, '\n');
      if (next != NULL)
        *next++ = '\0';
      if (*g_strstrip (text) != '\0' && !expand (expansion, text, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
expand_file (Expansion *expansion, const char *path, GError **error)
{
  g_autoptr (GString) text = NULL;
  gboolean ok;

  if (expansion->depth >= VQ_ARGUMENTS_DEPTH_MAX)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "@%s: files of arguments name each other more than %d deep", path,
                         VQ_ARGUMENTS_DEPTH_MAX);
  text = read_file (path, expansion->bytes_left, error);
  if (text == NULL)
    return FALSE;
  if (strlen (text->str) != text->len)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "@%s is not a file of arguments: it holds a NUL byte", path);
  expansion->bytes_left -= text->len;
  expansion->depth++;
  ok = expand_lines (expansion, text->str, error);
  expansion->depth--;
  return ok;
}

static gboolean
expand (Expansion *expansion, const char *string, GError **error)
{
  if (string[0] == '@')
    return expand_file (expansion, string + 1, error);
  g_ptr_array_add (expansion->strings, g_strdup (string));
  return TRUE;
}

/* Takes over STRINGS. */
static VqArguments *
arguments_new (const VqArgument *table, char **strings)
{
  VqArguments *self = g_new0 (VqArguments, 1);

  self->table = table;
  self->strings = strings;
  return self;
}

VqArguments *
vq_arguments_new (const VqArgument *table, const char *const *strings, GError **error)
{
  g_autoptr (GPtrArray) expanded = g_ptr_array_new_with_free_func (g_free);
  Expansion expansion = { expanded, VQ_ARGUMENTS_FILE_MAX, 0 };

  for (; *strings != NULL; strings++)
    if (!expand (&expansion, *strings, error))
      return NULL;
  g_ptr_array_add (expanded, NULL);
  return arguments_new (table, (char **)g_ptr_array_free (g_steal_pointer (&expanded), FALSE));
}

VqArguments *
vq_arguments_new_plain (const VqArgument *table, const char *const *strings)
{
  return arguments_new (table, g_strdupv ((char **)strings));
}

void
vq_arguments_free (VqArguments *arguments)
{
  g_strfreev (arguments->strings);
  g_free (arguments);
}

gboolean
vq_arguments_take_value (const char *name, const char *const **strings, const char **value,
                         GError **error)
{
  g_autofree char *option = g_strconcat ("--", name, NULL);
  const char *rest = g_str_has_prefix (**strings, option) ? **strings + strlen (option) : "x";

  *value = rest[0] == '=' ? rest + 1 : NULL;
  if (rest[0] != '\0')
    return TRUE;
  *value = (*strings)[1];
  if (*value == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "a value is missing");
  (*strings)++;
  return TRUE;
}

char *
vq_arguments_describe (const VqArgument *argument)
{
  if (argument->letter != '\0')
    return g_strdup_printf ("-%c/--%s", argument->letter, argument->name);
  return g_strdup_printf ("--%s", argument->name);
}

static int
find_letter (const VqArgument *table, char letter)
{
  for (int i = 0; table[i].name != NULL; i++)
    if (letter != '\0' && table[i].letter == letter)
      return i;
  return -1;
}

/* Counts the options whose names begin with the first LENGTH bytes of NAME, and sets *INDEX to the
 * first of them. If one has exactly that name, it is the only one that counts. */
static int
find_name (const VqArgument *table, const char *name, gsize length, int *index)
{
  int n = 0;

  for (int i = 0; table[i].name != NULL; i++)
    if (strncmp (table[i].name, name, length) == 0)
      {
        if (n++ == 0 || table[i].name[length] == '\0')
          *index = i;
        if (table[i].name[length] == '\0')
          return 1;
      }
  return n;
}

static gboolean
is_negative_number (const char *string)
{
  return g_regex_match_simple ("^-(\\d+|\\d*\\.\\d+)$", string, G_REGEX_DOLLAR_ENDONLY, 0);
}

/* Argparse's rule: a string that could be one of our options is never a value or a positional
 * argument. Any other string that starts with a dash is one if it is a number or contains a
 * blank. */
static gboolean
looks_like_option (const VqArguments *self, const char *string)
{
  int index;

  if (string[0] != '-' || string[1] == '\0')
    return FALSE;
  if (string[1] != '-' && find_letter (self->table, string[1]) >= 0)
    return TRUE;
  if (string[1] == '-'
      && find_name (self->table, string + 2, strcspn (string + 2, "="), &index) > 0)
    return TRUE;
  return !is_negative_number (string) && strchr (string, ' ') == NULL;
}

static VqArgumentKind
fail_value (const VqArgument *option, const char *problem, GError **error)
{
  g_autofree char *name = vq_arguments_describe (option);

  vq_error_set (error, VQ_ERROR_USAGE, "option %s %s", name, problem);
  return VQ_ARGUMENT_ERROR;
}

/* OPTION needs a value and none is attached to it, so the next string must be the value. */
static VqArgumentKind
take_next_as_value (VqArguments *self, const VqArgument *option, const char **value, GError **error)
{
  const char *string = self->strings[self->next];
  g_autofree char *problem = NULL;

  if (string == NULL)
    return fail_value (option, "needs a value", error);
  if (looks_like_option (self, string))
    {
      problem = g_strdup_printf ("needs a value; one that begins with '-' is given as --%s=VALUE",
                                 option->name);
      return fail_value (option, problem, error);
    }
  *value = string;
  self->next++;
  return VQ_ARGUMENT_OPTION;
}

/* Some callers write "_" for "-" in an option: sbuild-qemu of Debian 12 says --overlay_dir=DIR. */
static gboolean
fail_unknown (const VqArguments *self, const char *string, gsize length, GError **error)
{
  g_autofree char *with_hyphens = g_strdelimit (g_strndup (string + 2, length), "_", '-');
  int index;

  if (find_name (self->table, with_hyphens, length, &index) != 1)
    return vq_error_set (error, VQ_ERROR_USAGE, "unknown option %s", string);
  return vq_error_set (error, VQ_ERROR_USAGE, "unknown option %s: it is called --%s", string,
                       self->table[index].name);
}

static VqArgumentKind
fail_name (const VqArguments *self, const char *string, gsize length, GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (const VqArgument *option = self->table; option->name != NULL; option++)
    if (strncmp (option->name, string + 2, length) == 0)
      g_string_append_printf (names, "%s--%s", names->len > 0 ? ", " : "", option->name);
  if (names->len > 0)
    vq_error_set (error, VQ_ERROR_USAGE, "option %s is ambiguous: it could be %s", string,
                  names->str);
  else
    fail_unknown (self, string, length, error);
  return VQ_ARGUMENT_ERROR;
}

static VqArgumentKind
next_long (VqArguments *self, const char *string, int *index, const char **value, GError **error)
{
  gsize length = strcspn (string + 2, "=");
  const char *attached = string[2 + length] == '=' ? string + 2 + length + 1 : NULL;
  const VqArgument *option;

  if (find_name (self->table, string + 2, length, index) != 1)
    return fail_name (self, string, length, error);
  option = &self->table[*index];
  if (option->takes_value && attached == NULL)
    return take_next_as_value (self, option, value, error);
  if (!option->takes_value && attached != NULL)
    return fail_value (option, "takes no value", error);
  *value = attached;
  return VQ_ARGUMENT_OPTION;
}

/* Takes one letter of a cluster. If that option takes a value, its value is the rest of the
 * cluster. */
static VqArgumentKind
next_short (VqArguments *self, const char *cluster, int *index, const char **value, GError **error)
{
  const VqArgument *option;

  *index = find_letter (self->table, cluster[0]);
  self->rest = NULL;
  if (*index < 0)
    {
      vq_error_set (error, VQ_ERROR_USAGE, "unknown option -%s", cluster);
      return VQ_ARGUMENT_ERROR;
    }
  option = &self->table[*index];
  cluster++;
  if (option->takes_value && *cluster == '\0')
    return take_next_as_value (self, option, value, error);
  if (!option->takes_value && (*cluster == '=' || *cluster == '-'))
    return fail_value (option, "takes no value", error);
  if (option->takes_value)
    *value = *cluster == '=' ? cluster + 1 : cluster;
  else
    self->rest = *cluster != '\0' ? cluster : NULL;
  return VQ_ARGUMENT_OPTION;
}

VqArgumentKind
vq_arguments_next (VqArguments *arguments, int *index, const char **value, GError **error)
{
  const char *string;

  *index = -1;
  *value = NULL;
  if (arguments->rest != NULL)
    return next_short (arguments, arguments->rest, index, value, error);
  if (!arguments->ended && g_strcmp0 (arguments->strings[arguments->next], "--") == 0)
    {
      arguments->ended = TRUE;
      arguments->next++;
    }
  string = arguments->strings[arguments->next];
  if (string == NULL)
    return VQ_ARGUMENT_END;
  arguments->next++;
  if (!arguments->ended && looks_like_option (arguments, string))
    return string[1] == '-' ? next_long (arguments, string, index, value, error)
                            : next_short (arguments, string + 1, index, value, error);
  *value = string;
  return VQ_ARGUMENT_POSITIONAL;
}

static gboolean
take_option (VqArguments *arguments, const VqArgumentsTaker *taker, gpointer data, int index,
             const char *value, GError **error)
{
  g_autofree char *name = vq_arguments_describe (&arguments->table[index]);
  VQ_ERROR_PREFIX (error, "option %s", name);

  return taker->option (data, index, value, error);
}

gboolean
vq_arguments_refuse (const char *value, GError **error)
{
  return vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is one argument too many", value);
}

static gboolean
take_positional (const VqArgumentsTaker *taker, gpointer data, const char *value, GError **error)
{
  return taker->positional != NULL ? taker->positional (data, value, error)
                                   : vq_arguments_refuse (value, error);
}

gboolean
vq_arguments_take_all (VqArguments *arguments, const VqArgumentsTaker *taker, gpointer data,
                       const gboolean *done, GError **error)
{
  VqArgumentKind kind;
  const char *value;
  int index;

  while (!*done && (kind = vq_arguments_next (arguments, &index, &value, error)) != VQ_ARGUMENT_END)
    if (kind == VQ_ARGUMENT_ERROR
        || !(kind == VQ_ARGUMENT_POSITIONAL
                 ? take_positional (taker, data, value, error)
                 : take_option (arguments, taker, data, index, value, error)))
      return FALSE;
  return TRUE;
}

gboolean
vq_arguments_take_only (const char **place, const char *value, GError **error)
{
  if (*place != NULL)
    return vq_arguments_refuse (value, error);
  *place = value;
  return TRUE;
}

const char *const *
vq_arguments_get_rest (VqArguments *arguments)
{
  return (const char *const *)arguments->strings + arguments->next;
}

gboolean
vq_arguments_parse_int (const char *text, int min, int max, int *value, GError **error)
{
  g_autofree char *number = g_strstrip (g_strdup (text));
  gsize sign = number[0] == '+' || number[0] == '-';
  gint64 result;

  if (number[sign] == '\0' || number[sign + strspn (number + sign, "0123456789")] != '\0')
    return vq_error_set (error, VQ_ERROR_USAGE, "'%s' is not a whole number", text);
  /* A number that needs more than 64 bits becomes the nearest 64-bit bound, which is out of range
   * too. */
  result = g_ascii_strtoll (number, NULL, 10);
  if (result < min || result > max)
    return vq_error_set (error, VQ_ERROR_USAGE, "%s is not between %d and %d", number, min, max);
  *value = (int)result;
  return TRUE;
}

static gboolean
fail_quantity (const char *text, const VqArgumentUnit *units, GError **error)
{
  g_autoptr (GString) letters = g_string_new (NULL);

  for (; units->letter != '\0'; units++)
    g_string_append_printf (letters, "%s%c", letters->len > 0 ? ", " : "", units->letter);
  return vq_error_set (error, VQ_ERROR_USAGE, "'%s' is not a number%s followed by one of %s", text,
                       units->factor != 0 ? ", alone or" : "", letters->str);
}

gboolean
vq_arguments_parse_quantity (const char *text, const VqArgumentUnit *units, guint64 max,
                             guint64 *value, GError **error)
{
  gsize n_digits = strspn (text, "0123456789");
  const VqArgumentUnit *unit = units;
  guint64 number;

  while (unit->letter != '\0' && unit->letter != text[n_digits])
    unit++;
  /* A number that needs more than 64 bits becomes the 64-bit bound, which is too large too. */
  number = g_ascii_strtoull (text, NULL, 10);
  if (n_digits == 0 || text[n_digits + (unit->letter != '\0')] != '\0'
      || (unit->factor == 0 && number != 0))
    return fail_quantity (text, units, error);
  if (unit->factor != 0 && number > max / unit->factor)
    return vq_error_set (error, VQ_ERROR_USAGE, "%s is too large", text);
  *value = number * unit->factor;
  return TRUE;
}

/* The white space of Python's str.isspace. GLib does not count the four separators among the
 * control characters. */
static gboolean
is_space (gunichar c)
{
  return g_unichar_isspace (c) || c == 0x0b || (c >= 0x1c && c <= 0x1f) || c == 0x85;
}

static gboolean
has_quotes (const char *text)
{
  gboolean is_plain_json = strstr (text, "{\"") != NULL && strchr (text, '\'') == NULL;

  return strpbrk (text, "'\"\\") != NULL && !is_plain_json;
}

static char **
split_like_shell (const char *text, GError **error)
{
  g_autoptr (GError) reason = NULL;
  char **words = NULL;

  if (!g_shell_parse_argv (text, NULL, &words, &reason))
    vq_error_set (error, VQ_ERROR_USAGE, "%s", reason->message);
  return words;
}

char **
vq_arguments_split (const char *text, GError **error)
{
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  g_autoptr (GString) word = g_string_new (NULL);

  if (has_quotes (text))
    return split_like_shell (text, error);
  while (*text != '\0')
    {
      gunichar c = g_utf8_get_char_validated (text, -1);
      gboolean valid = c != (gunichar)-1 && c != (gunichar)-2;
      gsize length = valid ? (gsize)(g_utf8_next_char (text) - text) : 1;

      if (!valid || !is_space (c))
        g_string_append_len (word, text, (gssize)length);
      else if (word->len > 0)
        {
          g_strv_builder_add (words, word->str);
          g_string_truncate (word, 0);
        }
      text += length;
    }
  if (word->len > 0)
    g_strv_builder_add (words, word->str);
  return g_strv_builder_end (words);
}

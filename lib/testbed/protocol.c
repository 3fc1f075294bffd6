// SPDX-License-Identifier: GPL-2.0-or-later
/* A request is one line of words, with white space between them; each word is url-quoted. The reply
 * is one line too: "ok" and words, or a word for a failure after which the testbed can still be
 * used. There are two states, Closed and Open. The server only replies, and never speaks first. Any
 * misuse of the protocol ends the server. */
#include "testbed/protocol.h"

#include <string.h>

#include "base/error.h"

typedef enum
{
  NEEDS_NOTHING,
  NEEDS_CLOSED,
  NEEDS_OPEN,
} Need;

typedef struct
{
  const char *name;
  int min_args;
  int max_args; /* -1: no limit */
  Need need;
} Command;

static const Command commands[] = {
  [VQ_COMMAND_CAPABILITIES] = { "capabilities", 0, 0, NEEDS_NOTHING },
  [VQ_COMMAND_OPEN] = { "open", 0, 0, NEEDS_CLOSED },
  [VQ_COMMAND_REVERT] = { "revert", 0, 0, NEEDS_OPEN },
  [VQ_COMMAND_REBOOT] = { "reboot", 0, 1, NEEDS_OPEN },
  [VQ_COMMAND_CLOSE] = { "close", 0, 0, NEEDS_OPEN },
  [VQ_COMMAND_PRINT_EXECUTE_COMMAND] = { "print-execute-command", 0, 0, NEEDS_OPEN },
  [VQ_COMMAND_COPYUP] = { "copyup", 2, 2, NEEDS_OPEN },
  [VQ_COMMAND_COPYDOWN] = { "copydown", 2, 2, NEEDS_OPEN },
  [VQ_COMMAND_SHELL] = { "shell", 0, -1, NEEDS_OPEN },
  [VQ_COMMAND_QUIT] = { "quit", 0, 0, NEEDS_NOTHING },
  [VQ_COMMAND_AUXVERB_DEBUG_FAIL] = { "auxverb_debug_fail", 0, 0, NEEDS_NOTHING },
};

struct _VqRequest
{
  VqCommandId command;
  GPtrArray *words; /* the decoded words: the command first, NULL last */
};

/* The white space of C and Python among the ASCII characters. */
#define WHITESPACE " \t\r\n\v\f"

/* How many bytes of a caller's word a message shows. */
#define SHOWN_MAX 60

/* Makes WORD, which may hold any bytes, fit for a message of one line. */
static char *
shown (const char *word)
{
  g_autofree char *start = g_strndup (word, SHOWN_MAX);
  g_autofree char *escaped = g_strescape (start, NULL);

  return g_strconcat (escaped, strlen (word) > SHOWN_MAX ? "..." : "", NULL);
}

static gboolean
is_safe (char c, const char *also_safe)
{
  return g_ascii_isalnum (c) || strchr (also_safe, c) != NULL;
}

static char *
quote_except (const char *text, const char *safe)
{
  GString *quoted = g_string_new (NULL);

  for (; *text != '\0'; text++)
    if (is_safe (*text, safe))
      g_string_append_c (quoted, *text);
    else
      g_string_append_printf (quoted, "%%%02X", (guchar)*text);
  return g_string_free (quoted, FALSE);
}

char *
vq_protocol_quote (const char *text)
{
  return quote_except (text, "_.-~/");
}

char *
vq_protocol_unquote (const char *text)
{
  g_autofree char *decoded = g_malloc (strlen (text) + 1);
  char *end = decoded;

  while (*text != '\0')
    if (text[0] == '%' && g_ascii_isxdigit (text[1]) && g_ascii_isxdigit (text[2]))
      {
        *end = (char)(g_ascii_xdigit_value (text[1]) << 4 | g_ascii_xdigit_value (text[2]));
        if (*end++ == '\0')
          return NULL;
        text += 3;
      }
    else
      *end++ = *text++;
  *end = '\0';
  return g_steal_pointer (&decoded);
}

static gboolean
add_word (GPtrArray *words, const char *raw, GError **error)
{
  char *word = vq_protocol_unquote (raw);

  if (word == NULL)
    {
      g_autofree char *show = shown (raw);

      return vq_error_set (error, VQ_ERROR_USAGE, "a NUL byte in the word `%s'", show);
    }
  g_ptr_array_add (words, word);
  return TRUE;
}

/* Splits LINE at runs of white space and decodes each word. */
static gboolean
decode_words (GPtrArray *words, const char *line, GError **error)
{
  while (*(line += strspn (line, WHITESPACE)) != '\0')
    {
      gsize length = strcspn (line, WHITESPACE);
      g_autofree char *raw = g_strndup (line, length);

      if (!add_word (words, raw, error))
        return FALSE;
      line += length;
    }
  if (words->len == 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "empty commands are not permitted");
  g_ptr_array_add (words, NULL);
  return TRUE;
}

/* Debian's servers look commands up as names of functions, so they accept "_" for "-". */
static gboolean
same_name (const char *a, const char *b)
{
  g_autofree char *left = g_strdelimit (g_strdup (a), "-", '_');
  g_autofree char *right = g_strdelimit (g_strdup (b), "-", '_');

  return g_str_equal (left, right);
}

static gboolean
find_command (const char *name, VqCommandId *command, GError **error)
{
  g_autofree char *show = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    if (same_name (name, commands[i].name))
      {
        *command = i;
        return TRUE;
      }
  show = shown (name);
  return vq_error_set (error, VQ_ERROR_USAGE, "unknown command `%s'", show);
}

static gboolean
check_args (const VqRequest *request, GError **error)
{
  const Command *command = &commands[request->command];
  const char *const *args = vq_protocol_request_get_args (request);
  gsize n = vq_protocol_request_get_n_args (request);

  if (n < (gsize)command->min_args)
    return vq_error_set (error, VQ_ERROR_USAGE, "too few arguments to command `%s'", command->name);
  if (command->max_args >= 0 && n > (gsize)command->max_args)
    return vq_error_set (error, VQ_ERROR_USAGE, "too many arguments to command `%s'",
                         command->name);
  if (request->command == VQ_COMMAND_REBOOT && n == 1 && !g_str_equal (args[0], "prepare-only"))
    {
      g_autofree char *show = shown (args[0]);

      return vq_error_set (
          error, VQ_ERROR_USAGE,
          "unknown argument `%s' to command `reboot': only `prepare-only' is known", show);
    }
  return TRUE;
}

VqRequest *
vq_protocol_request_parse (const char *line, GError **error)
{
  g_autoptr (VqRequest) request = g_new0 (VqRequest, 1);

  request->words = g_ptr_array_new_with_free_func (g_free);
  if (!decode_words (request->words, line, error)
      || !find_command (request->words->pdata[0], &request->command, error)
      || !check_args (request, error))
    return NULL;
  return g_steal_pointer (&request);
}

void
vq_protocol_request_free (VqRequest *request)
{
  if (request == NULL)
    return;
  g_ptr_array_unref (request->words);
  g_free (request);
}

VqCommandId
vq_protocol_request_get_command (const VqRequest *request)
{
  return request->command;
}

const char *const *
vq_protocol_request_get_args (const VqRequest *request)
{
  return (const char *const *)request->words->pdata + 1;
}

gsize
vq_protocol_request_get_n_args (const VqRequest *request)
{
  return request->words->len - 2; /* without the command and the NULL */
}

const char *
vq_protocol_get_name (VqCommandId command)
{
  return commands[command].name;
}

gboolean
vq_protocol_check_state (VqCommandId command, gboolean is_open, GError **error)
{
  const char *name = commands[command].name;

  if (commands[command].need == NEEDS_OPEN && !is_open)
    return vq_error_set (error, VQ_ERROR_USAGE, "`%s' when not open", name);
  if (commands[command].need == NEEDS_CLOSED && is_open)
    return vq_error_set (error, VQ_ERROR_USAGE, "`%s' when already open", name);
  return TRUE;
}

gboolean
vq_protocol_check_copy_paths (const char *source, const char *destination, GError **error)
{
  if (*source == '\0' || *destination == '\0')
    return vq_error_set (error, VQ_ERROR_USAGE, "the paths of a copy must be nonempty");
  if (g_str_has_suffix (source, "/") != g_str_has_suffix (destination, "/"))
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "the paths of a copy must agree about the trailing slash: both have it "
                         "for a directory, neither for a file");
  return TRUE;
}

char *
vq_protocol_reply_ok (const char *const *words)
{
  GString *reply = g_string_new ("ok");

  for (; words != NULL && *words != NULL; words++)
    {
      g_autofree char *quoted = quote_except (*words, "_.-~/=");

      g_string_append_printf (reply, " %s", quoted);
    }
  g_string_append_c (reply, '\n');
  return g_string_free (reply, FALSE);
}

char *
vq_protocol_reply_execute_command (const char *const *argv)
{
  GString *reply = g_string_new ("ok ");

  for (gsize i = 0; argv[i] != NULL; i++)
    {
      g_autofree char *quoted = vq_protocol_quote (argv[i]);

      g_string_append_printf (reply, "%s%s", i > 0 ? "," : "", quoted);
    }
  g_string_append_c (reply, '\n');
  return g_string_free (reply, FALSE);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "testbed/protocol.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "suite.h"

/* What is checked in every error of this module. */
static void
assert_usage (const GError *error, const char *expected)
{
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
  ck_assert_msg (strstr (error->message, expected) != NULL, "%s", error->message);
  ck_assert_msg (strchr (error->message, '\n') == NULL, "%s", error->message);
}

static void
assert_parses (const char *line, VqCommandId command, const char *const *args)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqRequest) request = vq_protocol_request_parse (line, &error);

  ck_assert_msg (request != NULL, "`%s': %s", line, error != NULL ? error->message : "");
  ck_assert_int_eq (vq_protocol_request_get_command (request), command);
  ck_assert_uint_eq (vq_protocol_request_get_n_args (request), g_strv_length ((char **)args));
  ck_assert_msg (g_strv_equal (vq_protocol_request_get_args (request), args), "arguments of `%s'",
                 line);
}

static void
assert_refused (const char *line, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqRequest) request = vq_protocol_request_parse (line, &error);

  ck_assert_msg (request == NULL, "`%s' was accepted", line);
  assert_usage (error, expected);
}

static const struct
{
  const char *name;
  VqCommandId command;
  int min_args;
  int max_args;
  const char *when_open; /* the error, NULL for none */
  const char *when_closed;
} specification[] = {
  { "capabilities", VQ_COMMAND_CAPABILITIES, 0, 0, NULL, NULL },
  { "open", VQ_COMMAND_OPEN, 0, 0, "`open' when already open", NULL },
  { "revert", VQ_COMMAND_REVERT, 0, 0, NULL, "`revert' when not open" },
  { "reboot", VQ_COMMAND_REBOOT, 0, 1, NULL, "`reboot' when not open" },
  { "close", VQ_COMMAND_CLOSE, 0, 0, NULL, "`close' when not open" },
  { "print-execute-command", VQ_COMMAND_PRINT_EXECUTE_COMMAND, 0, 0, NULL,
    "`print-execute-command' when not open" },
  { "copyup", VQ_COMMAND_COPYUP, 2, 2, NULL, "`copyup' when not open" },
  { "copydown", VQ_COMMAND_COPYDOWN, 2, 2, NULL, "`copydown' when not open" },
  { "shell", VQ_COMMAND_SHELL, 0, -1, NULL, "`shell' when not open" },
  { "quit", VQ_COMMAND_QUIT, 0, 0, NULL, NULL },
  { "auxverb_debug_fail", VQ_COMMAND_AUXVERB_DEBUG_FAIL, 0, 0, NULL, NULL },
};

CASE ("requests", NULL, NULL, 30)

TEST_LOOP (test_every_command_by_number_of_arguments, 0, G_N_ELEMENTS (specification))
{
  /* The one word that every command takes as any of its arguments. */
  static const char *const words[]
      = { "prepare-only", "prepare-only", "prepare-only", "prepare-only", NULL };
  int max = specification[_i].max_args;

  for (int n = 0; n <= 4; n++)
    {
      const char *const *args = words + 4 - n;
      g_autofree char *joined = g_strjoinv (" ", (char **)args);
      g_autofree char *line = g_strdup_printf ("%s %s", specification[_i].name, joined);

      if (n < specification[_i].min_args)
        assert_refused (line, "too few arguments to command");
      else if (max >= 0 && n > max)
        assert_refused (line, "too many arguments to command");
      else
        assert_parses (line, specification[_i].command, args);
    }
}

TEST_LOOP (test_every_command_by_state, 0, G_N_ELEMENTS (specification))
{
  for (int is_open = 0; is_open <= 1; is_open++)
    {
      const char *expected = is_open ? specification[_i].when_open : specification[_i].when_closed;
      g_autoptr (GError) error = NULL;
      gboolean ok = vq_protocol_check_state (specification[_i].command, is_open, &error);

      ck_assert_int_eq (ok, expected == NULL);
      if (expected != NULL)
        assert_usage (error, expected);
    }
}

TEST (test_dashes_and_underscores_are_the_same_in_commands)
{
  static const char *const lines[] = {
    "print-execute-command",
    "print_execute_command",
    "print-execute_command",
    "print%2Dexecute%5fcommand",
  };
  static const char *const none[] = { NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    assert_parses (lines[i], VQ_COMMAND_PRINT_EXECUTE_COMMAND, none);
  assert_parses ("auxverb-debug-fail", VQ_COMMAND_AUXVERB_DEBUG_FAIL, none);
}

TEST (test_white_space_and_escapes)
{
  assert_parses ("  copyup\t/a%20b/ \v /c%0Ad/ \r", VQ_COMMAND_COPYUP,
                 (const char *const[]){ "/a b/", "/c\nd/", NULL });
  assert_parses ("copydown /a+b /100%", VQ_COMMAND_COPYDOWN,
                 (const char *const[]){ "/a+b", "/100%", NULL });
  assert_parses ("shell / A=%FF%fe", VQ_COMMAND_SHELL,
                 (const char *const[]){ "/", "A=\xff\xfe", NULL });
  assert_parses ("reboot prepare%2Donly", VQ_COMMAND_REBOOT,
                 (const char *const[]){ "prepare-only", NULL });
}

TEST (test_bad_lines)
{
  static const struct
  {
    const char *line;
    const char *error;
  } bad[] = {
    { "", "empty commands are not permitted" },
    { " \t\r ", "empty commands are not permitted" },
    { "frobnicate", "unknown command `frobnicate'" },
    { "Open", "unknown command `Open'" },
    { "ope", "unknown command `ope'" },
    { "opens", "unknown command `opens'" },
    { "%0A%1b[31m", "unknown command `\\n\\033[31m'" },
    { "\xff", "unknown command `\\377'" },
    { "copyup /a%00b /c", "a NUL byte in the word `/a%00b'" },
    { "%00", "a NUL byte" },
    { "reboot now", "unknown argument `now' to command `reboot'" },
    { "reboot prepare_only", "unknown argument `prepare_only'" },
    { "reboot prepare-only prepare-only", "too many arguments to command `reboot'" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_refused (bad[i].line, bad[i].error);
}

TEST (test_a_long_word_is_shortened_in_the_message)
{
  g_autofree char *line = g_strnfill (1000000, '\1');
  g_autoptr (GError) error = NULL;
  g_autoptr (VqRequest) request = vq_protocol_request_parse (line, &error);

  ck_assert_ptr_null (request);
  assert_usage (error, "...'");
  ck_assert_uint_lt (strlen (error->message), 300);
}

TEST (test_quoting_round_trip)
{
  for (int byte = 1; byte <= 255; byte++)
    {
      const char text[] = { 'a', (char)byte, (char)byte, '\0' };
      gboolean is_safe
          = g_ascii_isalnum ((char)byte) || (byte < 128 && strchr ("_.-~/", byte) != NULL);
      g_autofree char *escaped = g_strdup_printf ("a%%%02X%%%02X", byte, byte);
      g_autofree char *lower = g_ascii_strdown (escaped, -1);
      g_autofree char *quoted = vq_protocol_quote (text);
      g_autofree char *back = vq_protocol_unquote (quoted);
      g_autofree char *back_from_lower = vq_protocol_unquote (lower);

      ck_assert_str_eq (quoted, is_safe ? text : escaped);
      ck_assert_str_eq (back, text);
      ck_assert_str_eq (back_from_lower, text);
    }
}

TEST (test_unquoting)
{
  static const struct
  {
    const char *quoted;
    const char *text; /* NULL: refused */
  } words[] = {
    { "", "" },       { "%", "%" },       { "%4", "%4" },   { "%zz", "%zz" },   { "%4g", "%4g" },
    { "%g4", "%g4" }, { "%41", "A" },     { "%%41", "%A" }, { "%4%41", "%4A" }, { "%2541", "%41" },
    { "a%", "a%" },   { "%41%4", "A%4" }, { "a+b", "a+b" }, { "%00", NULL },    { "a%00b", NULL },
    { "%0", "%0" },   { "%%00", NULL },   { "%000", NULL }, { "%+1", "%+1" },   { "% 1", "% 1" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_autofree char *text = vq_protocol_unquote (words[i].quoted);

      ck_assert_msg (g_strcmp0 (text, words[i].text) == 0, "`%s'", words[i].quoted);
    }
}

TEST (test_copy_paths)
{
  static const struct
  {
    const char *source;
    const char *destination;
    const char *error;
  } pairs[] = {
    { "/a", "/b", NULL },
    { "/a/", "/b/", NULL },
    { "/", "/", NULL },
    { "", "/b", "nonempty" },
    { "/a", "", "nonempty" },
    { "", "", "nonempty" },
    { "/a/", "/b", "trailing slash" },
    { "/a", "/b/", "trailing slash" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean ok = vq_protocol_check_copy_paths (pairs[i].source, pairs[i].destination, &error);

      ck_assert_int_eq (ok, pairs[i].error == NULL);
      if (pairs[i].error != NULL)
        assert_usage (error, pairs[i].error);
    }
}

TEST (test_replies)
{
  g_autofree char *null = vq_protocol_reply_ok (NULL);
  g_autofree char *none = vq_protocol_reply_ok ((const char *const[]){ NULL });
  g_autofree char *words = vq_protocol_reply_ok (
      (const char *const[]){ "revert", "suggested-normal-user=a b", "/tmp/x\n%,", NULL });

  ck_assert_str_eq (null, "ok\n");
  ck_assert_str_eq (none, "ok\n");
  ck_assert_str_eq (words, "ok revert suggested-normal-user=a%20b /tmp/x%0A%25%2C\n");
}

TEST (test_execute_command)
{
  g_autofree char *one = vq_protocol_reply_execute_command ((const char *const[]){ "/a", NULL });
  g_autofree char *many = vq_protocol_reply_execute_command (
      (const char *const[]){ "/usr/lib/x y", "a,b", "--socket=/tmp/s", "", NULL });

  ck_assert_str_eq (one, "ok /a\n");
  ck_assert_str_eq (many, "ok /usr/lib/x%20y,a%2Cb,--socket%3D/tmp/s,\n");
}

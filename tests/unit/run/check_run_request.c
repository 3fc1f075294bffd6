// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/run-request.h"

#include <check.h>
#include <string.h>

#include "base/error.h"
#include "suite.h"

/* Parses the words of LINE, which must be good. */
static void
parse (VqRunRequest *request, char **words)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_run_request_parse (request, (const char *const *)words, &error), "%s",
                 error != NULL ? error->message : "");
}

static void
assert_words (char **words, const char *expected)
{
  g_autofree char *line = g_strjoinv (" ", words);

  ck_assert_str_eq (line, expected);
}

CASE ("run-request", NULL, NULL, 0)

TEST (has_defaults)
{
  g_auto (GStrv) words = g_strsplit ("test.sh", " ", -1);
  g_auto (VqRunRequest) request = { NULL };

  parse (&request, words);
  ck_assert_str_eq (request.options->images[0], "debian/stable");
  ck_assert_ptr_null (request.options->images[1]);
  ck_assert_int_eq (request.options->ram_size_mib, 4096);
  ck_assert_int_eq (request.options->cpus, 1);
  ck_assert_uint_eq (request.options->disks->len, 2);
  ck_assert_int_eq (request.count, 1);
  ck_assert_int_eq (request.timeout, 0);
  ck_assert_str_eq (request.test[0], "test.sh");
}

/* What follows the test belongs to it. */
TEST (ends_where_the_test_begins)
{
  g_auto (GStrv) words
      = g_strsplit ("--image=x --disk=name=d --ram-size 512 --time-wait=3 --log-dir d test.sh "
                    "--timeout=9 -- --image=y",
                    " ", -1);
  g_auto (VqRunRequest) request = { NULL };

  parse (&request, words);
  ck_assert_str_eq (request.options->images[0], "x");
  ck_assert_int_eq (request.options->ram_size_mib, 512);
  ck_assert_str_eq (request.options->log_dir, "d");
  ck_assert_uint_eq (request.options->disks->len, 1);
  ck_assert_int_eq (request.time_wait, 3);
  ck_assert_int_eq (request.timeout, 0);
  assert_words ((char **)request.test, "test.sh --timeout=9 -- --image=y");
}

/* Each of many machines is run by the same command line, but for its number and its logs. */
TEST (makes_the_command_line_of_one_machine)
{
  g_auto (GStrv) words = g_strsplit ("--count=3 --log-dir=d --cpus=2 -- -test --count=4", " ", -1);
  g_auto (VqRunRequest) request = { NULL };
  g_auto (VqRunRequest) again = { NULL };
  g_auto (GStrv) one = NULL;
  g_auto (GStrv) bare = NULL;

  parse (&request, words);
  ck_assert_int_eq (request.count, 3);
  one = vq_run_request_build_one (&request, "d/2");
  assert_words (one, "--count=3 --log-dir=d --cpus=2 --count=1 --log-dir=d/2 -- -test --count=4");
  parse (&again, one);
  ck_assert_int_eq (again.count, 1);
  ck_assert_str_eq (again.options->log_dir, "d/2");
  bare = vq_run_request_build_one (&request, NULL);
  assert_words (bare, "--count=3 --log-dir=d --cpus=2 --count=1 -- -test --count=4");
}

static const struct
{
  const char *line;
  const char *said;
} wrong[] = {
  { "--cpus=2", "no test given" },
  { "--timeout=0 test", "option --timeout: " },
  { "--timeout=x test", "option --timeout: " },
  { "--time-wait=-1 test", "option --time-wait: " },
  { "--count=0 test", "option --count: " },
  { "--count=1001 test", "option --count: " },
  { "--image= test", "option --image: " },
  { "--version", "--version" },
  { "--instance=i test", "--instance" },
  { "--keep-failed=i test", "--keep-failed" },
  { "--disks=0 test", "at least one disk: 0 is not between 1 and 16" },
  { "--disks=-1 test", "at least one disk: -1 is not between 1 and 16" },
  { "--disks=17 test", "at least one disk: 17 is not between 1 and 16" },
  { "--disks=1e30 test", "'1e30' is not a whole number" },
  { "--disks=x test", "'x' is not a whole number" },
  { "--cdrom-file=test.sh=x test", "the test itself is test.sh there" },
  { "--nosuch test", "--nosuch" },
  { "--", "no test given" },
};

TEST_LOOP (refuses_nonsense, 0, G_N_ELEMENTS (wrong))
{
  g_auto (GStrv) words = g_strsplit (wrong[_i].line, " ", -1);
  g_auto (VqRunRequest) request = { NULL };
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_run_request_parse (&request, (const char *const *)words, &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
  ck_assert_msg (strstr (error->message, wrong[_i].said) != NULL, "%s", error->message);
}

TEST (knows_when_help_is_wanted)
{
  const char *const words[] = { "--cpus=2", "-h", NULL };
  g_auto (VqRunRequest) request = { NULL };

  ck_assert (vq_run_request_parse (&request, words, NULL));
  ck_assert (request.help);
}

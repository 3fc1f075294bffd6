// SPDX-License-Identifier: GPL-2.0-or-later
/* "virt-qemu events", and what is written for it. */
#include "client/verb-events.h"

#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli-run.h"
#include "instance-setup.h"
#include "instance/instance-event.h"
#include "suite.h"

static pid_t supervisor, verb;
static int output = -1;
static int errors = -1; /* the verb's stderr */

static void
end_process (pid_t *pid)
{
  if (*pid > 0)
    {
      kill (*pid, SIGKILL);
      waitpid (*pid, NULL, 0);
    }
  *pid = 0;
}

static void
tear_down (void)
{
  end_process (&supervisor);
  end_process (&verb);
  vq_fd_clear (&output);
  vq_fd_clear (&errors);
  cli_run_clear ();
  instance_teardown ();
}

CASE ("verb-events", instance_setup, tear_down, 30)

static void
add (const char *name, const char *what, const char *detail)
{
  g_autoptr (VqInstance) instance = vq_instance_open (instance_place, name, NULL);

  vq_instance_event_add (instance, what, detail);
}

/* Adds TEXT to the file of events. */
static void
write_file (const char *text)
{
  g_autofree char *path = g_build_filename (instance_directory, "state/events", NULL);
  mode_t old = umask (0077);
  FILE *file = fopen (path, "a");

  umask (old);
  fputs (text, file);
  fclose (file);
}

/* The line of a supervisor. */
static void
write_started (const char *name, int pid)
{
  g_autofree char *line = g_strdup_printf (
      "{\"time\":1,\"name\":\"%s\",\"event\":\"started\",\"pid\":%d}\n", name, pid);

  write_file (line);
}

static void
start_verb (const char *option)
{
  g_autofree char *program = cli_run_find ();
  const char *const argv[] = { program, "events", option, NULL };

  ck_assert (g_spawn_async_with_pipes (NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                                       NULL, &verb, NULL, &output, &errors, NULL));
}

/* The next line that comes from FD. Transfer full. */
static char *
read_line (int fd)
{
  GString *line = g_string_new (NULL);
  char byte;

  while (read (fd, &byte, 1) == 1 && byte != '\n')
    g_string_append_c (line, byte);
  return g_string_free (line, FALSE);
}

/* The next line that it prints must end with TEXT. */
static void
assert_next (const char *text)
{
  g_autofree char *line = read_line (output);

  ck_assert_msg (g_str_has_suffix (line, text), "%s, not: %s", line, text);
}

/* What is made and removed, only of one, and only what is young. */
TEST (what_has_happened)
{
  write_file ("{\"time\":1,\"name\":\"web\",\"event\":\"ready\"}\n");
  write_file ("damaged\n{}\n{\"name\":7}\n\n{\"time\":1,\"na");
  instance_make ("web", FALSE);
  instance_make ("other", FALSE);
  add ("web", "stopped", "the\nguest has\033[2J powered off");
  ck_assert_int_eq (cli_run ("delete web"), 0);
  ck_assert_int_eq (cli_run ("events --since=1h --until=deleted web"), 0);
  ck_assert_str_eq (cli_err, "");
  cli_assert_in (cli_out, "Z  web                   created\n2");
  cli_assert_in (cli_out, "Z  web                   stopped: the guest has powered off\n2");
  cli_assert_in (cli_out, "Z  web                   deleted\n");
  ck_assert_uint_eq (strlen (cli_out), 3 * strlen ("2026-11-28T12:00:00Z  web                   ")
                                           + strlen ("created\ndeleted\nstopped: the guest has "
                                                     "powered off\n"));
}

TEST (json)
{
  g_auto (GStrv) lines = NULL;

  instance_make ("web", FALSE);
  add ("web", "forked", "two");
  ck_assert_int_eq (cli_run ("events --since=1h --until=forked --format=json"), 0);
  lines = g_strsplit (cli_out, "\n", -1);
  ck_assert_uint_eq (g_strv_length (lines), 3);
  ck_assert (g_str_has_prefix (lines[0], "{\"time\":\"2"));
  ck_assert (
      g_str_has_suffix (lines[0], "Z\",\"name\":\"web\",\"event\":\"created\",\"detail\":null}"));
  ck_assert (g_str_has_suffix (lines[1], "\"event\":\"forked\",\"detail\":\"two\"}"));
}

/* The file becomes too large, so there is a new one. */
TEST (follows)
{
  g_autofree char *filler = g_strnfill (VQ_INSTANCE_EVENT_MAX_BYTES + 1, '\n');
  g_autofree char *old = g_build_filename (instance_directory, "state/events.1", NULL);

  instance_make ("web", FALSE);
  start_verb ("--since=1h");
  assert_next ("created");
  add ("web", "started", NULL);
  assert_next ("started");
  write_file (filler);
  add ("web", "ready", NULL);
  assert_next ("ready");
  ck_assert (g_file_test (old, G_FILE_TEST_EXISTS));
  add ("web", "reverted", NULL);
  assert_next ("reverted");
}

/* One that runs when we begin, whose "started" is in the old file or in the new one, and one that
 * is started later. */
TEST_LOOP (a_killed_supervisor, 0, 3)
{
  g_autofree char *filler = g_strnfill (VQ_INSTANCE_EVENT_MAX_BYTES + 1, '\n');

  instance_make ("web", FALSE);
  supervisor = instance_fake_supervisor ("web", "hold");
  if (_i < 2)
    write_started ("web", supervisor);
  if (_i == 1)
    write_file (filler);
  add ("web", "ready", NULL);
  start_verb ("--since=1h");
  assert_next ("created");
  assert_next ("ready");
  if (_i == 2)
    write_started ("web", supervisor);
  add ("web", "reverted", NULL);
  assert_next ("reverted");
  end_process (&supervisor);
  assert_next ("web                   stopped: its supervisor was killed");
}

/* It was killed before we began, and another process has its number now. */
TEST (one_that_was_killed_earlier)
{
  instance_make ("web", FALSE);
  write_started ("web", getpid ());
  start_verb ("--since=1h");
  assert_next ("created");
  add ("web", "ready", NULL);
  assert_next ("ready");
}

/* One that does not exist can still be waited for. */
TEST (of_one_that_is_not_there)
{
  g_autofree char *said = NULL;

  start_verb ("web");
  said = read_line (errors);
  cli_assert_in (said, "there is no instance \"web\" now: waiting for what happens to one");
  instance_make ("web", FALSE);
  assert_next ("web                   created");
}

/* Nothing happens any more that could be printed to a pipe that nobody reads. As others do, it then
 * ends without a word. */
TEST (nobody_reads)
{
  g_autofree char *said = NULL;
  int status;

  instance_make ("web", FALSE);
  start_verb ("--since=1h");
  assert_next ("created");
  vq_fd_clear (&output);
  ck_assert_int_eq (waitpid (verb, &status, 0), verb);
  verb = 0;
  ck_assert_int_eq (WEXITSTATUS (status), 1);
  said = read_line (errors);
  ck_assert_str_eq (said, "");
}

TEST (no_plain_file)
{
  g_autofree char *path = g_build_filename (instance_directory, "state/events", NULL);

  ck_assert_int_eq (mkdir (path, 0700), 0);
  ck_assert_int_eq (cli_run ("events"), 1);
  cli_assert_in (cli_err, "events");
}

static const struct
{
  const char *line;
  const char *said;
} failures[] = {
  { "events web two", "one name too many" },
  { "events Web", "cannot be the name" },
  { "events --until=rain", "option --until: there is no event \"rain\"" },
  { "events --since=soon", "option --since" },
  { "events --format=table", "not text or json" },
  { "events --count=1", "--count" },
};

TEST_LOOP (fails, 0, G_N_ELEMENTS (failures))
{
  ck_assert_int_eq (cli_run (failures[_i].line), 2);
  cli_assert_in (cli_err, failures[_i].said);
}

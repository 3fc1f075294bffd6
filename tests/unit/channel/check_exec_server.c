// SPDX-License-Identifier: GPL-2.0-or-later
/* What a command is given and what it gives back. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec-setup.h"
#include "io/fd-reader.h"
#include "io/fd-writer.h"
#include "suite.h"

CASE ("commands", exec_setup, exec_teardown, 100)

TEST (exit_statuses)
{
  static const struct
  {
    const char *script;
    int status;
  } cases[] = {
    { "exit 0", 0 },          { "exit 1", 1 },          { "exit 125", 125 },
    { "exit 128", 128 },      { "exit 252", 252 },      { "exit 253", 253 },
    { "exit 254", 253 },      { "exit 255", 253 },      { "kill -HUP $$", 129 },
    { "kill -KILL $$", 137 }, { "kill -SEGV $$", 139 }, { "kill -TERM $$", 143 },
    { "kill -PIPE $$", 141 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    ck_assert_msg (shell_run (cases[i].script, NULL, NULL) == cases[i].status, "%s",
                   cases[i].script);
}

static gboolean
matches (const char *const *argv)
{
  return strcmp (argv[0], "sh") == 0 && strstr (argv[2], "watched") != NULL;
}

static void
note_end (int status, gpointer data)
{
  g_string_append_printf (data, "%d ", status);
}

/* Those that it does not match are not told, nor is one told twice. */
TEST (watched_commands)
{
  static const char *const sleeps[] = { "sh", "-c", "exec sleep 1000 # watched", NULL };
  g_autoptr (GString) ends = g_string_new (NULL);
  Program client;

  vq_exec_server_watch (exec_server, matches, note_end, ends);
  ck_assert_int_eq (shell_run ("exit 3 # watched", NULL, NULL), 3);
  ck_assert_int_eq (shell_run ("exit 4", NULL, NULL), 4);
  ck_assert_int_eq (shell_run ("exit 0 # watched", NULL, NULL), 0);
  ck_assert_int_eq (shell_run ("kill -KILL $$ # watched", NULL, NULL), 137);
  ck_assert_str_eq (ends->str, "3 0 -1 ");
  client_start (&client, sleeps, -1, -1, -1);
  wait_for (as_many_run, GUINT_TO_POINTER (1));
  kill (client.pid, SIGKILL);
  wait_for (nothing_runs, NULL);
  wait_for (is_true, &client.ended);
  ck_assert_str_eq (ends->str, "3 0 -1 -1 ");
}

TEST (streams_are_separate)
{
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GBytes) err = NULL;

  ck_assert_int_eq (shell_run ("echo to out; echo to err >&2; pwd", &out, &err), 0);
  ck_assert_str_eq (as_string (out), "to out\n/\n");
  ck_assert_str_eq (as_string (err), "to err\n");
}

TEST (unknown_program)
{
  const char *argv[] = { "/nonexistent/program", NULL };

  ck_assert_int_eq (client_run (argv, NULL, NULL), 127);
}

TEST (wrong_usage)
{
  const char *cases[][3] = { { exec_program, NULL }, { exec_program, exec_socket_path, NULL } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      int err_fd = memory_file ();
      g_autoptr (GBytes) err = NULL;
      Program client;

      program_start (&client, cases[i], -1, -1, err_fd);
      wait_for (is_true, &client.ended);
      err = take_contents (err_fd);
      ck_assert_int_eq (client.status, 255);
      ck_assert_str_eq (as_string (err),
                        "virt-qemu-exec: usage: virt-qemu-exec SOCKET COMMAND [ARG...]\n");
    }
}

/* 64 MiB through "cat", written and read by us as the server does it for a guest. */

#define BLOCK 65536
#define MUCH (64 * 1024 * 1024)

typedef struct
{
  VqFdWriter *writer;
  VqFdReader *reader;
  guint8 *bytes;
  gsize n_written, n_read;
  gboolean bad, at_end;
} Pump;

static void
pump_in (gpointer data)
{
  Pump *pump = data;

  pump->n_written
      += vq_fd_writer_try (pump->writer, pump->bytes + pump->n_written, MUCH - pump->n_written);
  if (pump->n_written < MUCH)
    vq_fd_writer_wait (pump->writer, pump_in, pump);
  else
    vq_fd_writer_close (pump->writer);
}

static void
pump_out (gpointer data)
{
  Pump *pump = data;
  guint8 buffer[BLOCK];
  gssize n = vq_fd_reader_try (pump->reader, buffer, BLOCK);

  if (n > 0)
    {
      pump->bad |= pump->n_read + n > MUCH || memcmp (buffer, pump->bytes + pump->n_read, n) != 0;
      pump->n_read += n;
    }
  pump->at_end = n == 0 || pump->bad;
  if (!pump->at_end)
    vq_fd_reader_wait (pump->reader, pump_out, pump);
}

TEST (much_binary_data)
{
  const char *argv[] = { "cat", NULL };
  g_autofree guint8 *bytes = g_malloc (MUCH);
  Pump pump = { .bytes = bytes };
  Program client;
  int in[2], out[2];

  ck_assert_int_eq (pipe2 (in, O_CLOEXEC), 0);
  ck_assert_int_eq (pipe2 (out, O_CLOEXEC), 0);
  for (guint i = 0; i < MUCH; i++)
    bytes[i] = (i * 7 + i / 256) & 0xff;
  client_start (&client, argv, in[0], out[1], -1);
  close (in[0]);
  close (out[1]);
  pump.writer = vq_fd_writer_new (in[1]);
  pump.reader = vq_fd_reader_new (out[0]);
  pump_in (&pump);
  pump_out (&pump);
  wait_for (is_true, &pump.at_end);
  ck_assert (!pump.bad);
  wait_for (is_true, &client.ended);
  ck_assert_int_eq (client.status, 0);
  ck_assert_uint_eq (pump.n_read, MUCH);
  vq_fd_writer_free (pump.writer);
  vq_fd_reader_free (pump.reader);
}

/* Sends ARGS and asserts that they come back. */
static void
assert_args_arrive (GPtrArray *args)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GByteArray) expected = g_byte_array_new ();
  g_autoptr (GBytes) out = NULL;
  gsize len;
  const char *got;

  g_ptr_array_add (argv, (char *)"printf");
  g_ptr_array_add (argv, (char *)"%s\\0");
  for (guint i = 0; i < args->len; i++)
    {
      g_ptr_array_add (argv, args->pdata[i]);
      g_byte_array_append (expected, args->pdata[i], strlen (args->pdata[i]) + 1);
    }
  g_ptr_array_add (argv, NULL);
  ck_assert_int_eq (client_run ((const char *const *)argv->pdata, &out, NULL), 0);
  got = g_bytes_get_data (out, &len);
  ck_assert_uint_eq (len, expected->len);
  ck_assert_mem_eq (got, expected->data, len);
}

TEST (any_bytes_in_argv)
{
  g_autoptr (GPtrArray) args = g_ptr_array_new ();
  char all[256] = { 0 };

  for (guint i = 0; i < 255; i++)
    all[i] = i + 1;
  g_ptr_array_add (args, (char *)"");
  g_ptr_array_add (args, all);
  g_ptr_array_add (args, (char *)"");
  g_ptr_array_add (args, (char *)"two\nlines");
  g_ptr_array_add (args, (char *)"");
  assert_args_arrive (args);
}

TEST (long_argv)
{
  g_autoptr (GPtrArray) args = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < 16; i++)
    g_ptr_array_add (args, g_strnfill (65535, 'a' + i));
  for (guint i = 0; i < 20000; i++)
    g_ptr_array_add (args, g_strdup_printf ("%u", i));
  assert_args_arrive (args);
}

TEST (daemon_holds_stdout)
{
  const char *argv[] = { "sh", "-c", "sleep 300 & echo $!", NULL };
  char line[32] = "";
  Program client;
  int out[2];

  ck_assert_int_eq (pipe2 (out, O_CLOEXEC), 0);
  client_start (&client, argv, -1, out[1], -1);
  close (out[1]);
  wait_for (is_true, &client.ended);
  ck_assert_int_eq (client.status, 0);
  ck_assert_int_gt (read (out[0], line, sizeof line - 1), 1);
  ck_assert_int_eq (kill (atoi (line), SIGKILL), 0); /* it still ran */
  close (out[0]);
}

TEST (closed_stdio)
{
  static const char *const redirections[] = { "<&-", ">&-", "2>&-" };

  for (guint mask = 1; mask < 8; mask++)
    {
      g_autoptr (GString) script = g_string_new ("exec \"$@\"");
      const char *argv[] = { "sh", "-c",         NULL,
                             "sh", exec_program, exec_socket_path,
                             "sh", "-c",         "cat; echo out; echo err >&2; exit 7",
                             NULL };
      Program client;

      for (guint i = 0; i < 3; i++)
        if ((mask & 1u << i) != 0)
          g_string_append_printf (script, " %s", redirections[i]);
      argv[2] = script->str;
      program_start (&client, argv, -1, -1, -1);
      wait_for (is_true, &client.ended);
      ck_assert_msg (client.status == 7, "%s: status %d", script->str, client.status);
    }
}

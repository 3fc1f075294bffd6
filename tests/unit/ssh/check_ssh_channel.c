// SPDX-License-Identifier: GPL-2.0-or-later
/* The ssh channel with the real sshd, on this machine. */
#include "ssh/ssh-channel.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "channel/channel-capture.h"
#include "ssh-setup.h"
#include "suite.h"

CASE ("sshd", setup, teardown, 240)

TEST (lost_streams)
{
  job_check_lost_streams (channel);
}

/* The signals that OpenSSH has names for. */
TEST (signals)
{
  static const int numbers[] = { SIGABRT, SIGALRM, SIGFPE,  SIGHUP,  SIGILL,  SIGINT, SIGKILL,
                                 SIGPIPE, SIGQUIT, SIGSEGV, SIGTERM, SIGUSR1, SIGUSR2 };
  Job *jobs[G_N_ELEMENTS (numbers)];

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *script = g_strdup_printf ("ulimit -c 0; kill -%d $$", numbers[i]);

      jobs[i] = job_shell (channel, script);
    }
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      job_assert_end (jobs[i], VQ_ENDED_SIGNALLED, numbers[i]);
      job_free (jobs[i]);
    }
}

TEST (signal_without_a_name)
{
  g_autoptr (Job) job = job_shell (channel, "ulimit -c 0; kill -BUS $$");

  job_assert_end (job, VQ_ENDED_SIGNALLED, SIGABRT);
}

TEST (cannot_run)
{
  static const struct
  {
    const char *program;
    int status;
    const char *message;
  } cases[] = {
    { "/nonexistent", 127, "No such file or directory\n" },
    { "no-such-program", 127, "No such file or directory\n" },
    { "", 127, "No such file or directory\n" },
    { "/etc/passwd", 126, "Permission denied\n" },
    { "/etc", 126, "Permission denied\n" },
    { "--version", 127, "No such file or directory\n" },
    { "-i", 127, "No such file or directory\n" },
    { "A=B", 127, "No such file or directory\n" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *const argv[] = { cases[i].program, "word", NULL };
      g_autoptr (Job) job = job_start (channel, argv, "", 0);
      g_autofree char *text = NULL;

      job_assert_end (job, VQ_ENDED_EXITED, cases[i].status);
      text = job_read_text (job->err);
      ck_assert_msg (g_str_has_suffix (text, cases[i].message), "%s", text);
      ck_assert_msg (strstr (text, cases[i].program) != NULL, "%s", text);
      job_assert_text (job->out, "");
    }
}

/* The program's name looks like an assignment. */
TEST (name_with_an_equals_sign)
{
  g_autofree char *path = g_build_filename (host_sshd_get_directory (host), "a=b", NULL);
  const char *const argv[] = { path, "word", NULL };
  g_autoptr (Job) job = NULL;

  ck_assert_int_eq (symlink ("/bin/echo", path), 0);
  job = job_start (channel, argv, "", 0);
  job_assert_end (job, VQ_ENDED_EXITED, 0);
  job_assert_text (job->out, "word\n");
}

/* Arguments with every byte but NUL, and longer than a line or an ssh packet may be. */
TEST (words)
{
  static const gsize sizes[] = { 0, 3000, 3800, 4096, 100 * 1024 };

  for (guint n = 0; n < G_N_ELEMENTS (sizes); n++)
    {
      g_autofree char *all = g_malloc (256);
      g_autofree char *large = g_strnfill (sizes[n], 'L');
      const char *const argv[] = { "sh",      "-c",    "printf '%s\\0' \"$@\"; cat",
                                   "sh",      "",      all,
                                   "'\n'\n'", "a b\n", "$(id)",
                                   "*",       "--",    "\\",
                                   "$n",      large,   "\n",
                                   "",        NULL };
      g_autoptr (GByteArray) expected = g_byte_array_new ();
      g_autoptr (GBytes) got = NULL;
      g_autoptr (Job) job = NULL;

      for (int i = 0; i < 255; i++)
        all[i] = (char)(i + 1);
      all[255] = '\0';
      for (const char *const *word = argv + 4; *word != NULL; word++)
        g_byte_array_append (expected, (const guint8 *)*word, strlen (*word) + 1);
      g_byte_array_append (expected, (const guint8 *)"\ninput\n", 7);
      job = job_start (channel, argv, "\ninput\n", 7);
      job_assert_end (job, VQ_ENDED_EXITED, 0);
      got = job_read_file (job->out);
      ck_assert_uint_eq (g_bytes_get_size (got), expected->len);
      ck_assert_mem_eq (g_bytes_get_data (got, NULL), expected->data, expected->len);
    }
}

/* The guest's kernel refuses the arguments, as it would on this machine, and the channel goes on.
 */
TEST (too_long_a_word)
{
  g_autofree char *large = g_strnfill (256 * 1024, 'L');
  const char *const argv[] = { "echo", large, NULL };
  g_autoptr (Job) job = job_start (channel, argv, "", 0);
  g_autoptr (Job) next = NULL;

  job_assert_end (job, VQ_ENDED_EXITED, 126);
  next = job_shell (channel, "exit 3");
  job_assert_end (next, VQ_ENDED_EXITED, 3);
}

TEST (environment)
{
  g_autoptr (Job) job
      = job_shell (channel, "env -u PWD -u OLDPWD -u SHLVL -u _ | sort; pwd; umask");
  g_autofree char *expected
      = g_strdup_printf ("HOME=%s\nLANG=C.UTF-8\nLC_TIME=C\nLOGNAME=root\n"
                         "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
                         "SHELL=/bin/sh\nUSER=root\n/\n0022\n",
                         g_get_home_dir ());

  job_assert_end (job, VQ_ENDED_EXITED, 0);
  job_assert_text (job->out, expected);
}

/* Signals 32 and 33 are left out: they belong to the C library, nobody can change them, and some
 * programs pass them on. */
TEST (no_signal_is_ignored)
{
  static const char *const argv[] = { "grep", "^Sig[BI]", "/proc/self/status", NULL };
  g_autoptr (Job) job = job_start (channel, argv, "", 0);
  g_autofree char *text = NULL;
  gulong blocked, ignored;

  job_assert_end (job, VQ_ENDED_EXITED, 0);
  text = job_read_text (job->out);
  ck_assert_int_eq (sscanf (text, "SigBlk: %lx SigIgn: %lx", &blocked, &ignored), 2);
  ck_assert_uint_eq (blocked, 0);
  ck_assert_uint_eq (ignored & ~0x180000000UL, 0);
}

/* ls itself has 3 open, to read the directory. */
TEST (no_more_descriptors)
{
  static const char *const argv[] = { "ls", "/proc/self/fd", NULL };
  g_autoptr (Job) job = job_start (channel, argv, "", 0);

  job_assert_end (job, VQ_ENDED_EXITED, 0);
  job_assert_text (job->out, "0\n1\n2\n3\n");
}

TEST (leads_a_process_group)
{
  g_autoptr (Job) job
      = job_shell (channel, "set -- $$ $(cut -d' ' -f5 /proc/$$/stat); test $1 = $2");

  job_assert_end (job, VQ_ENDED_EXITED, 0);
}

static guint
count_processes_with (const char *word)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc", 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc", name, "cmdline", NULL);
      g_autofree char *line = NULL;
      gsize length;

      if (g_file_get_contents (path, &line, &length, NULL)
          && memmem (line, length, word, strlen (word)) != NULL)
        n++;
    }
  return n;
}

/* The words of a command are in the command line of no other process. */
TEST (no_other_process_has_its_words)
{
  static const char word[] = "VQ-A-WORD-OF-ITS-OWN";
  static const char *const argv[] = { "sh", "-c", "echo started; read x", "sh", word, NULL };
  g_autoptr (Job) job = NULL;
  int in[2], out[2];

  make_pipe (in);
  make_pipe (out);
  job = job_start_with (channel, argv, in[0], out[1]);
  ck_assert (vq_wait_fd (out[0], G_IO_IN, vq_deadline_in (PATIENCE), NULL, "line", NULL));
  ck_assert_uint_eq (count_processes_with (word), 1);
  close (in[1]);
  close (out[0]);
  job_wait (job);
}

/* The key and the password are in no command line and no environment. */
TEST (secrets_stay_secret)
{
  static const char *const files[] = { "cmdline", "environ" };
  static const char password[] = "VQ-CHECK-PASSWORD";
  VqSshLogin *login = host_sshd_get_login (host);
  g_autofree char *middle = g_strndup (login->key + strlen (login->key) / 2, 20);
  g_autoptr (Job) job = NULL;

  login->password = g_strdup (password);
  job = job_shell (channel, "echo started; exec sleep 1000");
  g_free (job_first_line (job));
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_strdup_printf ("/proc/%d/%s", find_program (getpid ()), files[i]);
      g_autofree char *text = NULL;
      gsize n;

      ck_assert (g_file_get_contents (path, &text, &n, NULL));
      ck_assert_ptr_null (memmem (text, n, middle, strlen (middle)));
      ck_assert_ptr_null (memmem (text, n, password, strlen (password)));
    }
  vq_channel_kill (channel, job->command);
  job_assert_end (job, VQ_ENDED_SIGNALLED, SIGKILL);
}

static gulong
get_cpu_time (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", pid);
  g_autofree char *text = NULL;
  gulong user, system;

  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  ck_assert_int_eq (sscanf (strrchr (text, ')'),
                            ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                            &system),
                    2);
  return user + system;
}

/* While a command is silent, neither this process nor the program does anything. */
TEST (does_not_spin)
{
  g_autoptr (Job) job = job_shell (channel, "echo started; exec sleep 1000");
  gulong before;
  clock_t start;

  g_free (job_first_line (job));
  start = clock ();
  before = get_cpu_time (find_program (getpid ()));
  ck_assert (vq_wait_pause (1000, NULL, NULL));
  ck_assert_int_lt (clock () - start, CLOCKS_PER_SEC / 4);
  ck_assert_uint_lt (get_cpu_time (find_program (getpid ())) - before, sysconf (_SC_CLK_TCK) / 4);
  vq_channel_kill (channel, job->command);
  job_assert_end (job, VQ_ENDED_SIGNALLED, SIGKILL);
}

CASE ("odd sshd", setup_bare, teardown, 60)

/* Output of the guest's shells before the command's own is left out. */
TEST (noise)
{
  g_autoptr (Job) job = NULL;

  open_channel (
      "ForceCommand echo noise; echo '\001vq x'; echo err >&2; eval \"$SSH_ORIGINAL_COMMAND\"");
  job = job_shell (channel, "echo out; echo err >&2");
  job_assert_end (job, VQ_ENDED_EXITED, 0);
  job_assert_text (job->out, "out\n");
  job_assert_text (job->err, "err\n");
}

/* Such a guest cannot run a command, and the error has TEXT. */
static void
assert_fails (const char *config, const char *text)
{
  g_autoptr (Job) job = NULL;

  open_channel (config);
  job = job_shell (channel, "echo out; echo err >&2");
  job_assert_failure (job, "");
  ck_assert_str_eq (job->message, text);
  job_assert_text (job->out, "");
  job_assert_text (job->err, "");
}

TEST (no_shell)
{
  assert_fails ("ForceCommand echo 'Please login as the user \"debian\".'; exit 142",
                "the guest's shell did not start the command: "
                "Please login as the user \"debian\".");
}

TEST (no_sessions)
{
  g_autoptr (Job) job = NULL;

  open_channel ("MaxSessions 0");
  job = job_shell (channel, "true");
  job_assert_failure (job, "the ssh server in the guest starts no command: ");
}

TEST (no_sudo)
{
  assert_fails ("ForceCommand echo noise; echo 'sudo: a password is required' >&2; exit 1",
                "the guest's shell did not start the command: "
                "sudo: a password is required");
}

TEST (noise_without_end)
{
  assert_fails ("ForceCommand yes",
                "the guest's shell did not start the command: it writes without end");
}

/* When nobody waits any more, the command is killed. */
TEST (silence)
{
  static const char *const argv[] = { "true", NULL };
  g_autoptr (GError) error = NULL;

  open_channel ("ForceCommand exec sleep 2");
  ck_assert (!vq_channel_capture (channel, argv, NULL, vq_deadline_in (0.5), NULL, &error));
  ck_assert (vq_error_is_timeout (error));
}

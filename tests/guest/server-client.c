// SPDX-License-Identifier: GPL-2.0-or-later
#include "server-client.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"

#define NOBODY 65534

/* How much of the end of a server's stderr is shown; libcheck cannot show everything. */
#define STDERR_SHOWN 3000

struct _Server
{
  pid_t pid; /* 0: it has ended */
  int in;
  int out;
  int err;
  int terminal; /* -1: none */
  int slave;    /* its other end, without which there is nothing to read */
  char *tmpdir;
  char *variable; /* marks what belongs to it: TMPDIR=... */
  char *cache;    /* XDG_CACHE_HOME=..., where templates are */
  char *public;   /* what another user can read; NULL: not needed */
  char *program;
  char *image; /* where it is public */
  char *scratch;
  char **auxverb;
  char **prefix; /* makes it, and who runs commands, another user; NULL: not needed */
  GString *unread;
};

static GPtrArray *servers; /* all there are */

const char *
server_get_program (void)
{
  const char *path = g_getenv ("VQ_SERVER");

  return path != NULL ? path : "build/autopkgtest-virt-qemu-ng";
}

const char *
server_get_image (void)
{
  static char *path;

  if (path == NULL && g_getenv ("VQ_IMAGE") != NULL)
    path = g_strdup (g_getenv ("VQ_IMAGE"));
  if (path == NULL)
    path = g_build_filename (g_get_user_cache_dir (), "virt-qemu", "debian-12.qcow2", NULL);
  ck_assert_msg (access (path, R_OK) == 0, "no guest image %s: tests/guest/make-guest builds it",
                 path);
  return path;
}

/* Everybody may write there: the server may run as somebody else. */
static char *
make_tmpdir (void)
{
  char *path = g_strdup ("/tmp/vq-test.XXXXXX");

  ck_assert_ptr_nonnull (g_mkdtemp (path));
  ck_assert_int_eq (chmod (path, 01777), 0);
  return path;
}

/* Also called when no test runs, so it asserts nothing. */
static void
remove_tree (const char *path)
{
  const char *argv[] = { "rm", "-rf", "--", path, NULL };

  g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
}

static int
open_terminal (char *name, gsize size)
{
  int fd = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);

  ck_assert_int_ge (fd, 0);
  ck_assert_int_eq (grantpt (fd), 0);
  ck_assert_int_eq (unlockpt (fd), 0);
  ck_assert_int_eq (ptsname_r (fd, name, size), 0);
  return fd;
}

static void
add_words (GPtrArray *argv, const char *const *words)
{
  for (; words != NULL && *words != NULL; words++)
    g_ptr_array_add (argv, (gpointer)*words);
}

static char **
make_environment (Server *server, const ServerSetup *setup)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_add (builder, server->variable);
  g_strv_builder_add (builder, server->cache);
  for (const char *const *word = setup->environment; word != NULL && *word != NULL; word++)
    g_strv_builder_add (builder, *word);
  return g_strv_builder_end (builder);
}

static void
spawn (Server *server, const ServerSetup *setup, int in, int out, const char *terminal)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_auto (GStrv) environment = make_environment (server, setup);
  ProcessSetup process = { in, out, server->err, (const char *const *)environment, terminal };

  add_words (argv, (const char *const *)server->prefix);
  add_words (argv, setup->prefix);
  g_ptr_array_add (argv, server->program);
  for (const char *const *word = setup->arguments; word != NULL && *word != NULL; word++)
    g_ptr_array_add (argv, server->image != NULL && strcmp (*word, server_get_image ()) == 0
                               ? server->image
                               : (gpointer)*word);
  g_ptr_array_add (argv, NULL);
  server->pid = process_spawn ((const char *const *)argv->pdata, &process);
}

/* A copy. A hard link would be made faster, but would change the time of the image, so that its
 * templates could not be used any more. */
static char *
publish (Server *server, const char *path)
{
  g_autofree char *name = g_path_get_basename (path);
  char *public = g_build_filename (server->public, name, NULL);

  g_free (process_output ((const char *[]){ "cp", "--reflink=auto", path, public, NULL }, A_WHILE));
  return public;
}

/* What the server looks for beside itself. */
static void
publish_programs (Server *server, const char *directory)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);

  for (const char *name = g_dir_read_name (dir); name != NULL; name = g_dir_read_name (dir))
    if (g_str_has_prefix (name, "virt-qemu-") || g_str_has_prefix (name, "guest-helper-"))
      {
        g_autofree char *path = g_build_filename (directory, name, NULL);

        g_free (publish (server, path));
      }
}

/* Our own directories may be closed to others: the programs go to one that is open. */
static void
become_nobody (Server *server)
{
  static const char *const prefix[] = { "setpriv",
                                        "--reuid=" G_STRINGIFY (NOBODY),
                                        "--regid=" G_STRINGIFY (NOBODY),
                                        "--clear-groups",
                                        "--",
                                        NULL };
  g_autofree char *directory = g_path_get_dirname (server->program);

  server->public = make_tmpdir ();
  ck_assert_int_eq (chown (server->public, NOBODY, NOBODY), 0);
  publish_programs (server, directory);
  g_free (server->program);
  server->program = publish (server, server_get_program ());
  server->image = publish (server, server_get_image ());
  server->prefix = g_strdupv ((char **)prefix);
}

char *
server_build_cache_variable (void)
{
  g_autofree char *directory = g_path_get_dirname (server_get_program ());
  g_autofree char *absolute = g_canonicalize_filename (directory, NULL);

  return g_strconcat ("XDG_CACHE_HOME=", absolute, "/cache", NULL);
}

/* Other users have templates of their own, because they may not read ours. */
static char *
choose_cache (Server *server)
{
  return server->public != NULL ? g_strconcat ("XDG_CACHE_HOME=", server->public, "/cache", NULL)
                                : server_build_cache_variable ();
}

Server *
server_start (const ServerSetup *setup)
{
  Server *server = g_new0 (Server, 1);
  char terminal[64];
  int in[2], out[2];

  if (servers == NULL)
    servers = g_ptr_array_new ();
  g_ptr_array_add (servers, server);
  server->tmpdir = make_tmpdir ();
  server->variable = g_strconcat ("TMPDIR=", server->tmpdir, NULL);
  server->program = g_strdup (server_get_program ());
  server->err = process_new_file ();
  server->unread = g_string_new (NULL);
  if (setup->as_nobody && geteuid () == 0)
    become_nobody (server);
  server->cache = choose_cache (server);
  server->terminal = setup->terminal ? open_terminal (terminal, sizeof terminal) : -1;
  ck_assert_int_eq (pipe2 (in, O_CLOEXEC), 0);
  ck_assert_int_eq (pipe2 (out, O_CLOEXEC), 0);
  if (setup->non_blocking)
    ck_assert (g_unix_set_fd_nonblocking (in[0], TRUE, NULL)
               && g_unix_set_fd_nonblocking (out[1], TRUE, NULL));
  server->slave = setup->terminal ? open (terminal, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
  server->in = in[1];
  server->out = out[0];
  spawn (server, setup, in[0], out[1], setup->terminal ? terminal : NULL);
  close (in[0]);
  close (out[1]);
  return server;
}

Server *
server_start_on_image (const ServerSetup *setup)
{
  ServerSetup whole = setup != NULL ? *setup : (ServerSetup){ 0 };
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();
  const char *const words[] = { "--accel=tcg", "--ram-size=1024", server_get_image (), NULL };
  g_autofree char *line = NULL;
  Server *server;

  g_ptr_array_add (arguments, (gpointer) "--spare=off");
  add_words (arguments, whole.arguments);
  add_words (arguments, words);
  g_ptr_array_add (arguments, NULL);
  whole.arguments = (const char *const *)arguments->pdata;
  server = server_start (&whole);
  line = server_read_line (server, A_WHILE);
  ck_assert_str_eq (line, "ok");
  return server;
}

void
server_free (Server *server)
{
  if (server == NULL)
    return;
  g_ptr_array_remove (servers, server);
  server_close_stdin (server);
  server_close_stdout (server);
  if (server->pid != 0)
    {
      kill (server->pid, SIGKILL);
      waitpid (server->pid, NULL, 0);
    }
  process_kill_all (server->variable);
  close (server->err);
  if (server->terminal >= 0)
    {
      close (server->terminal);
      close (server->slave);
    }
  remove_tree (server->tmpdir);
  if (server->public != NULL)
    remove_tree (server->public);
  g_string_free (server->unread, TRUE);
  g_strfreev (server->auxverb);
  g_strfreev (server->prefix);
  g_free (server->scratch);
  g_free (server->public);
  g_free (server->program);
  g_free (server->image);
  g_free (server->variable);
  g_free (server->cache);
  g_free (server->tmpdir);
  g_free (server);
}

void
server_free_all (void)
{
  while (servers != NULL && servers->len > 0)
    server_free (servers->pdata[0]);
}

void
server_put_power_off_disk (const char *path)
{
  /* mov $0x604,%dx; mov $0x2000,%ax; out %ax,(%dx); hlt */
  static const guint8 power_off[] = { 0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef, 0xf4 };
  gsize n = 1024 * 1024;
  g_autofree char *bytes = g_malloc0 (n);

  memcpy (bytes, power_off, sizeof power_off);
  memcpy (bytes + 510, "\x55\xaa", 2);
  ck_assert (g_file_set_contents (path, bytes, n, NULL));
}

pid_t
server_get_pid (Server *server)
{
  return server->pid;
}

const char *
server_get_tmpdir (Server *server)
{
  return server->tmpdir;
}

int
server_get_terminal (Server *server)
{
  return server->terminal;
}

const char *
server_get_scratch (Server *server)
{
  return server->scratch;
}

char *
server_get_directory (Server *server)
{
  return g_path_get_dirname (server->auxverb[1]);
}

char *
server_get_stderr (Server *server)
{
  return process_read_file (server->err, NULL);
}

void
server_wait_for_word (Server *server, const char *text)
{
  gboolean said = FALSE;

  for (int i = 0; i < A_WHILE * 50 && !said; i++)
    {
      g_autofree char *err = server_get_stderr (server);

      said = strstr (err, text) != NULL;
      if (!said)
        process_poll (-1, 0, 0.02);
    }
  ck_assert_msg (said, "it does not say `%s'", text);
}

void
server_send (Server *server, const char *bytes)
{
  gsize left = strlen (bytes);

  while (left > 0)
    {
      gssize n = write (server->in, bytes, left);

      if (n < 0 && errno == EPIPE)
        return;
      ck_assert_int_gt (n, 0);
      bytes += n;
      left -= n;
    }
}

void
server_close_stdin (Server *server)
{
  if (server->in >= 0)
    close (server->in);
  server->in = -1;
}

void
server_close_stdout (Server *server)
{
  if (server->out >= 0)
    close (server->out);
  server->out = -1;
}

static void G_GNUC_NORETURN
abort_with_stderr (Server *server, const char *what)
{
  g_autofree char *err = server_get_stderr (server);
  gsize length = strlen (err);

  ck_abort_msg ("%s; the server's stderr: %s", what, err + length - MIN (length, STDERR_SHOWN));
}

/* Reads once. False at the end. */
static gboolean
read_some (Server *server, gint64 deadline)
{
  double left = (deadline - g_get_monotonic_time ()) / (double)G_USEC_PER_SEC;
  char buffer[4096];
  gssize n;

  if (!process_poll (server->out, POLLIN, MAX (left, 0)))
    abort_with_stderr (server, "the server does not answer");
  n = read (server->out, buffer, sizeof buffer);
  ck_assert_int_ge (n, 0);
  g_string_append_len (server->unread, buffer, n);
  return n > 0;
}

char *
server_read_line (Server *server, double seconds)
{
  gint64 deadline = g_get_monotonic_time () + (gint64)(seconds * G_USEC_PER_SEC);
  const char *newline;
  char *line;

  while ((newline = strchr (server->unread->str, '\n')) == NULL)
    if (!read_some (server, deadline))
      return NULL;
  line = g_strndup (server->unread->str, newline - server->unread->str);
  g_string_erase (server->unread, 0, newline + 1 - server->unread->str);
  return line;
}

/* A reply that a failed test did not read must not be taken for that to the next LINE. */
static void
assert_no_reply_waits (Server *server, const char *line)
{
  g_autofree char *unread = NULL;

  while (process_poll (server->out, POLLIN, 0) && read_some (server, g_get_monotonic_time ()))
    ;
  unread = g_strdup (server->unread->str);
  g_string_truncate (server->unread, 0);
  ck_assert_msg (unread[0] == '\0', "already said before `%s': %s", line, unread);
}

char *
server_ask (Server *server, double seconds, const char *format, ...)
{
  g_autofree char *line = NULL;
  char *reply;
  va_list args;

  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  assert_no_reply_waits (server, line);
  server_send (server, line);
  server_send (server, "\n");
  reply = server_read_line (server, seconds);
  if (reply == NULL)
    abort_with_stderr (server, line);
  return reply;
}

void
server_expect (Server *server, double seconds, const char *line, const char *expected)
{
  g_autofree char *reply = server_ask (server, seconds, "%s", line);

  if (strcmp (reply, expected) != 0)
    abort_with_stderr (server, reply);
}

char **
server_get_auxverb (Server *server)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();

  add_words (argv, (const char *const *)server->prefix);
  add_words (argv, (const char *const *)server->auxverb);
  g_ptr_array_add (argv, NULL);
  return g_strdupv ((char **)argv->pdata);
}

static void
learn_auxverb (Server *server)
{
  g_autofree char *reply = server_ask (server, SOON, "print-execute-command");

  ck_assert_msg (g_str_has_prefix (reply, "ok "), "%s", reply);
  g_strfreev (server->auxverb);
  server->auxverb = g_strsplit (reply + 3, ",", -1);
  for (char **word = server->auxverb; *word != NULL; word++)
    {
      char *plain = g_uri_unescape_string (*word, NULL);

      ck_assert_ptr_nonnull (plain);
      g_free (*word);
      *word = plain;
    }
}

void
server_open (Server *server, const char *command)
{
  server_send (server, command);
  server_send (server, "\n");
  server_finish_open (server);
}

void
server_finish_open (Server *server)
{
  g_autofree char *reply = server_read_line (server, BOOT);

  if (reply == NULL || !g_str_has_prefix (reply, "ok /"))
    abort_with_stderr (server, reply != NULL ? reply : "the testbed does not open");
  g_free (server->scratch);
  server->scratch = g_uri_unescape_string (reply + 3, NULL);
  learn_auxverb (server);
}

char *
server_copy (Server *server, const char *command, const char *from, const char *to)
{
  g_autofree char *left = g_uri_escape_bytes ((const guint8 *)from, strlen (from), "/");
  g_autofree char *right = g_uri_escape_bytes ((const guint8 *)to, strlen (to), "/");

  return server_ask (server, A_WHILE, "%s %s %s", command, left, right);
}

static void
assert_nothing_left (Server *server)
{
  g_autoptr (GDir) dir = g_dir_open (server->tmpdir, 0, NULL);
  const char *name;

  ck_assert_ptr_nonnull (dir);
  name = g_dir_read_name (dir);
  ck_assert_msg (name == NULL, "%s is left in %s", name, server->tmpdir);
}

int
server_wait (Server *server, double seconds, double grace)
{
  g_autofree char *left = NULL;
  int status;

  if (!process_wait (server->pid, seconds, &status))
    abort_with_stderr (server, "the server does not end");
  server->pid = 0;
  left = process_wait_for_none (server->variable, grace);
  ck_assert_msg (left == NULL, "left running:%s", left);
  assert_nothing_left (server);
  return status;
}

static int
count_lines (const char *text)
{
  int n = 0;

  for (; *text != '\0'; text++)
    n += *text == '\n';
  return n;
}

void
server_expect_exit (Server *server, double seconds, int status, int lines, const char *hint)
{
  int ended = server_wait (server, seconds, 0);
  g_autofree char *err = server_get_stderr (server);
  g_autofree char *first = g_strndup (err, strcspn (err, "\n"));

  ck_assert_msg (WIFEXITED (ended) && WEXITSTATUS (ended) == status, "wait status %#x: %s", ended,
                 err);
  ck_assert_msg (count_lines (err) == lines, "not %d line(s): %s", lines, err);
  ck_assert_msg (strstr (first, hint) != NULL, "no `%s' in: %s", hint, err);
}

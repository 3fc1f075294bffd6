// SPDX-License-Identifier: GPL-2.0-or-later
#include "downburst/downburst-host.h"

#include <gio/gio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/error.h"

#define PROGRAM "virt-qemu"

/* What virt-qemu says before its errors. */
#define ERROR_MARK "virt-qemu: error: "

/* The first descriptor of the files. */
#define FIRST_FD 3

/* Exit statuses: of virt-qemu (verb/verb-error.h), of a shell, and of ssh. */
#define STATUS_USAGE 2
#define STATUS_MISSING 3
#define STATUS_EXISTS 7
#define STATUS_NO_PROGRAM 127
#define STATUS_NO_HOST 255

/* For each file: it takes its part of stdin, and has no name any more when that comes. %u is the
 * descriptor, %lu the size. */
#define TAKE_FILE                                                                                  \
  "f=$(mktemp) && exec %u<>\"$f\" && rm \"$f\" && head -c %" G_GSIZE_FORMAT " >&%u || exit 1\n"

void
vq_downburst_host_free (VqDownburstHost *host)
{
  if (host == NULL)
    return;
  g_free (host->destination);
  g_free (host->port);
  g_free (host);
}

static gboolean
is_this_host (const char *name)
{
  static const char *const local[] = { "localhost", "127.0.0.1", "::1", "" };
  const char *own = g_get_host_name ();
  gsize n = strcspn (own, ".");

  for (gsize i = 0; i < G_N_ELEMENTS (local); i++)
    if (strcmp (local[i], name) == 0)
      return TRUE;
  return g_ascii_strcasecmp (name, own) == 0
         || (strlen (name) == n && g_ascii_strncasecmp (name, own, n) == 0);
}

/* It must not look like an option, nor like anything else than a name for a shell. */
static gboolean
check_name (const char *name, GError **error)
{
  return (name[0] != '-'
          && name[strspn (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.:-")] == '\0')
         || vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" cannot be the name of a host", name);
}

static gboolean
set (VqDownburstHost *host, const char *user, const char *name, GError **error)
{
  if (!check_name (name, error) || (user != NULL && !check_name (user, error)))
    return FALSE;
  if (is_this_host (name))
    return user == NULL
           || vq_error_set (error, VQ_ERROR_USAGE,
                            "the machines of another user of this host (%s) cannot be reached",
                            user);
  host->destination = user != NULL ? g_strdup_printf ("%s@%s", user, name) : g_strdup (name);
  return TRUE;
}

static gboolean
set_from_uri (VqDownburstHost *host, const char *text, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_HAS_PASSWORD, NULL);
  const char *scheme = uri != NULL ? g_uri_get_scheme (uri) : "";
  const char *name = uri != NULL && g_uri_get_host (uri) != NULL ? g_uri_get_host (uri) : "";

  if (strcmp (scheme, "qemu+ssh") != 0 && (strcmp (scheme, "qemu") != 0 || name[0] != '\0'))
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "\"%s\" is not a host, qemu:///system or qemu+ssh://USER@HOST/system",
                         text);
  if (!set (host, g_uri_get_user (uri), name, error))
    return FALSE;
  if (host->destination != NULL && g_uri_get_port (uri) > 0)
    host->port = g_strdup_printf ("%d", g_uri_get_port (uri));
  return TRUE;
}

static gboolean
set_from_name (VqDownburstHost *host, const char *text, GError **error)
{
  const char *at = strrchr (text, '@');
  g_autofree char *user = at != NULL ? g_strndup (text, at - text) : NULL;

  return set (host, user, at != NULL ? at + 1 : text, error);
}

VqDownburstHost *
vq_downburst_host_parse (const char *text, GError **error)
{
  g_autoptr (VqDownburstHost) host = g_new0 (VqDownburstHost, 1);
  VQ_ERROR_PREFIX (error, "option --connect");

  if (text == NULL
      || (strstr (text, "://") != NULL ? set_from_uri (host, text, error)
                                       : set_from_name (host, text, error)))
    return g_steal_pointer (&host);
  return NULL;
}

char *
vq_downburst_host_get_file (guint i)
{
  return g_strdup_printf ("/dev/fd/%u", FIRST_FD + i);
}

static void
append_words (GString *script, const char *const *words)
{
  g_string_append (script, "exec " PROGRAM);
  for (; *words != NULL; words++)
    {
      g_autofree char *quoted = g_shell_quote (*words);

      g_string_append_printf (script, " %s", quoted);
    }
  g_string_append (script, " </dev/null");
}

/* Transfer full. */
static char *
build_script (const char *const *words, const GPtrArray *files)
{
  GString *script = g_string_new (NULL);

  for (guint i = 0; files != NULL && i < files->len; i++)
    g_string_append_printf (script, TAKE_FILE, FIRST_FD + i, g_bytes_get_size (files->pdata[i]),
                            FIRST_FD + i);
  append_words (script, words);
  return g_string_free (script, FALSE);
}

/* The user's shell there may be any; it gets one word for sh. */
static void
add_ssh (GStrvBuilder *argv, const VqDownburstHost *host, const char *script)
{
  static const char *const options[] = { "-T",
                                         "-o",
                                         "BatchMode=yes",
                                         "-o",
                                         "ConnectTimeout=10",
                                         "-o",
                                         "ServerAliveInterval=15",
                                         "-o",
                                         "ServerAliveCountMax=4" };
  g_autofree char *quoted = g_shell_quote (script);
  g_autofree char *command = g_strconcat ("exec sh -c ", quoted, NULL);

  g_strv_builder_add (argv, "ssh");
  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    g_strv_builder_add (argv, options[i]);
  if (host->port != NULL)
    g_strv_builder_add_many (argv, "-p", host->port, NULL);
  g_strv_builder_add_many (argv, "--", host->destination, command, NULL);
}

char **
vq_downburst_host_build_argv (const VqDownburstHost *host, const char *const *words,
                              const GPtrArray *files)
{
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();
  g_autofree char *script = build_script (words, files);

  if (host->destination != NULL)
    add_ssh (argv, host, script);
  else
    g_strv_builder_add_many (argv, "sh", "-c", script, NULL);
  return g_strv_builder_end (argv);
}

/* Runs in the child: it does not go on when we have been killed. */
static void
die_with_us (gpointer data)
{
  prctl (PR_SET_PDEATHSIG, SIGTERM);
}

static GSubprocess *
spawn (const char *const *argv, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE
                                   | G_SUBPROCESS_FLAGS_STDERR_PIPE);

  g_subprocess_launcher_set_child_setup (launcher, die_with_us, NULL, NULL);
  return g_subprocess_launcher_spawnv (launcher, argv, error);
}

static GBytes *
join (const GPtrArray *files)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();

  for (guint i = 0; files != NULL && i < files->len; i++)
    g_byte_array_append (all, g_bytes_get_data (files->pdata[i], NULL),
                         (guint)g_bytes_get_size (files->pdata[i]));
  return g_byte_array_free_to_bytes (g_steal_pointer (&all));
}

static char *
to_text (GBytes *bytes)
{
  gsize n;
  const char *text = g_bytes_get_data (bytes, &n);

  return n > 0 ? g_utf8_make_valid (text, (gssize)n) : g_strdup ("");
}

/* Callers of downburst may take any line for a failure, so what is not virt-qemu's, but for example
 * ssh's, is shown only to those who want to know all. */
static void
log_line (const char *line)
{
  if (g_str_has_prefix (line, PROGRAM ": "))
    g_message ("%s", line);
  else
    g_debug ("%s", line);
}

/* The reason for a failure is virt-qemu's error, or else the last line. The others are logged, and
 * so are all lines if REASON is NULL. */
static void
read_stderr (const char *text, char **reason)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  const char *found = NULL;

  for (char **line = lines; reason != NULL && *line != NULL; line++)
    if (**line != '\0' && (found == NULL || !g_str_has_prefix (found, ERROR_MARK)))
      found = *line;
  for (char **line = lines; *line != NULL; line++)
    if (**line != '\0' && *line != found)
      log_line (*line);
  if (reason != NULL && found != NULL)
    *reason = g_strdup (g_str_has_prefix (found, ERROR_MARK) ? found + strlen (ERROR_MARK) : found);
  else if (reason != NULL)
    *reason = g_strdup ("it does not say why");
}

static VqErrorCode
get_code (int status)
{
  return status == STATUS_EXISTS    ? VQ_ERROR_EXISTS
         : status == STATUS_MISSING ? VQ_ERROR_MISSING
         : status == STATUS_USAGE   ? VQ_ERROR_USAGE
                                    : VQ_ERROR_FAILED;
}

static gboolean
fail (const VqDownburstHost *host, int status, const char *said, GError **error)
{
  const char *name = host->destination != NULL ? host->destination : "this host";
  g_autofree char *reason = NULL;

  read_stderr (said, &reason);
  if (status < 0)
    return vq_error_set (error, VQ_ERROR_FAILED, PROGRAM " was ended by signal %d", -status);
  if (status == STATUS_NO_HOST && host->destination != NULL)
    return vq_error_set (error, VQ_ERROR_FAILED, "cannot reach the host %s: %s", name, reason);
  if (status == STATUS_NO_PROGRAM)
    return vq_error_set (error, VQ_ERROR_FAILED, "there is no " PROGRAM " on %s (%s)", name,
                         reason);
  return vq_error_set (error, get_code (status), "%s", reason);
}

gboolean
vq_downburst_host_run (const VqDownburstHost *host, const char *const *words,
                       const GPtrArray *files, char **out, GError **error)
{
  g_auto (GStrv) argv = vq_downburst_host_build_argv (host, words, files);
  g_autoptr (GSubprocess) process = spawn ((const char *const *)argv, error);
  g_autoptr (GBytes) in = join (files);
  g_autoptr (GBytes) got = NULL;
  g_autoptr (GBytes) said = NULL;
  g_autofree char *text = NULL;

  g_debug ("%s %s", argv[0], argv[g_strv_length (argv) - 1]);
  if (process == NULL || !g_subprocess_communicate (process, in, NULL, &got, &said, error))
    return FALSE;
  text = to_text (said);
  if (!g_subprocess_get_if_exited (process))
    return fail (host, -g_subprocess_get_term_sig (process), text, error);
  if (g_subprocess_get_exit_status (process) != 0)
    return fail (host, g_subprocess_get_exit_status (process), text, error);
  read_stderr (text, NULL);
  *out = to_text (got);
  return TRUE;
}

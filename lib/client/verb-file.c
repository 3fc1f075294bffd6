// SPDX-License-Identifier: GPL-2.0-or-later
#include "client/verb-file.h"

#include <signal.h>
#include <string.h>

#include "base/arguments.h"
#include "base/error.h"
#include "base/signals.h"
#include "channel/exec-client.h"
#include "instance/instance-socket.h"
#include "client/file-transfer.h"
#include "verb/verb-output.h"

#define NAME "virt-qemu file"

#define MODE_DIGITS 4

enum
{
  OPTION_RECURSIVE,
  OPTION_PARENTS,
  OPTION_UID,
  OPTION_GID,
  OPTION_MODE,
  OPTION_HELP,
};

static const VqArgument arguments_table[] = {
  [OPTION_RECURSIVE] = { "recursive", 'r', FALSE },
  [OPTION_PARENTS] = { "parents", 'p', FALSE },
  [OPTION_UID] = { "uid", 0, TRUE },
  [OPTION_GID] = { "gid", 0, TRUE },
  [OPTION_MODE] = { "mode", 0, TRUE },
  [OPTION_HELP] = { "help", 'h', FALSE },
  { NULL },
};

static const char help[]
    = "Usage: " NAME " push [OPTION...] SOURCE... NAME/PATH\n"
      "       " NAME " pull [OPTION...] NAME/PATH TARGET\n"
      "\n"
      "Copies files and trees into the instance NAME and out of it. PATH begins at the root\n"
      "of the guest: web/etc/motd is /etc/motd in web.\n"
      "\n"
      "  push  PATH is the name of the copy. If it ends in \"/\" or there are several\n"
      "        SOURCEs, the copies are put into it under their own names.\n"
      "  pull  TARGET is the name of the copy, or the directory for it.\n"
      "\n"
      "  -r, --recursive  copy directories, too\n"
      "  -p, --parents    make the directories above the copy\n"
      "      --uid=N      for push: the owner; of a tree, the owner of all that is in it\n"
      "      --gid=N      for push: the group, likewise\n"
      "      --mode=MODE  for push: the mode of files, in octal; those in a tree keep theirs\n"
      "  -h, --help       show this text and exit\n";

/* The parsed command line. All strings belong to its parser. */
typedef struct
{
  gboolean recursive, parents;
  int uid, gid;     /* -1: none given */
  const char *mode; /* NULL: none given */
  GPtrArray *words; /* of const char *, owned: push or pull, then the paths */
  gboolean help;    /* print the help and ignore the rest */
} Request;

static gboolean
apply_mode (Request *request, const char *value, GError **error)
{
  gsize n = strlen (value);

  request->mode = value;
  return (n > 0 && n <= MODE_DIGITS && strspn (value, "01234567") == n)
         || vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is not a mode in octal", value);
}

static gboolean
apply_option (gpointer data, int index, const char *value, GError **error)
{
  Request *request = data;

  switch (index)
    {
    case OPTION_RECURSIVE:
      request->recursive = TRUE;
      return TRUE;
    case OPTION_PARENTS:
      request->parents = TRUE;
      return TRUE;
    case OPTION_UID:
      return vq_arguments_parse_int (value, 0, G_MAXINT, &request->uid, error);
    case OPTION_GID:
      return vq_arguments_parse_int (value, 0, G_MAXINT, &request->gid, error);
    case OPTION_MODE:
      return apply_mode (request, value, error);
    default:
      request->help = TRUE;
      return TRUE;
    }
}

static gboolean
apply_positional (gpointer data, const char *value, GError **error)
{
  g_ptr_array_add (((Request *)data)->words, (gpointer)value);
  return TRUE;
}

static gboolean
is_push (const Request *request)
{
  return strcmp (request->words->pdata[0], "push") == 0;
}

static gboolean
check (const Request *request, GError **error)
{
  guint n = request->words->len;
  const char *word = n > 0 ? request->words->pdata[0] : "";
  gboolean for_push = request->uid >= 0 || request->gid >= 0 || request->mode != NULL;

  if (strcmp (word, "push") != 0 && strcmp (word, "pull") != 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "push or pull?");
  if (n < 3)
    return vq_error_set (error, VQ_ERROR_USAGE, "%s needs a source and a target", word);
  if (is_push (request))
    return TRUE;
  if (n > 3)
    return vq_arguments_refuse (request->words->pdata[3], error);
  return !for_push || vq_error_set (error, VQ_ERROR_USAGE, "--uid, --gid and --mode are for push");
}

static gboolean
parse (Request *request, VqArguments *parser, GError **error)
{
  static const VqArgumentsTaker taker = { apply_option, apply_positional };

  return vq_arguments_take_all (parser, &taker, request, &request->help, error)
         && (request->help || check (request, error));
}

/* As chown takes it. */
static char *
describe_owner (const Request *request)
{
  GString *owner = g_string_new (NULL);

  if (request->uid >= 0)
    g_string_append_printf (owner, "%d", request->uid);
  if (request->gid >= 0)
    g_string_append_printf (owner, ":%d", request->gid);
  return g_string_free (owner, FALSE);
}

/* The channel to the machine of WORD, which is NAME/PATH; *PATH is set. */
static VqChannel *
open_machine (const char *word, const char **path, GError **error)
{
  const char *slash = strchr (word, '/');
  g_autofree char *name = slash != NULL ? g_strndup (word, slash - word) : NULL;
  g_autofree char *socket = NULL;

  if (slash == NULL || slash == word)
    {
      vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is not NAME/PATH, an instance and a path in it",
                    word);
      return NULL;
    }
  *path = slash;
  socket = vq_instance_socket_find (name, "exec", error);
  return socket != NULL ? vq_exec_client_new (socket) : NULL;
}

static gboolean
transfer (const Request *request, VqCancel *cancel, GError **error)
{
  g_autofree char *owner = describe_owner (request);
  const char **words = (const char **)request->words->pdata;
  guint last = request->words->len - 1;
  guint machine = is_push (request) ? last : 1;
  g_autoptr (VqChannel) channel = open_machine (words[machine], &words[machine], error);
  g_autofree const char **sources = g_new0 (const char *, last);
  const VqFileTransfer what
      = { sources,          words[last], request->recursive,
          request->parents, owner,       request->mode != NULL ? request->mode : "" };

  memcpy (sources, words + 1, (last - 1) * sizeof *sources);
  if (channel == NULL)
    return FALSE;
  return is_push (request) ? vq_file_transfer_push (channel, &what, cancel, error)
                           : vq_file_transfer_pull (channel, &what, cancel, error);
}

/* Copies and cleans up. If a signal has ended that, dies by the same signal. */
static gboolean
run (const Request *request, GError **error)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (VqSignals) signals = vq_signals_new (cancel, error);
  gboolean done = signals != NULL && transfer (request, cancel, error);
  int caught = signals != NULL ? vq_signals_get_caught (signals) : 0;

  g_clear_pointer (&signals, vq_signals_free);
  if (!done && caught != 0)
    {
      signal (caught, SIG_DFL);
      raise (caught);
    }
  return done;
}

VqVerbStatus
vq_verb_file_run (const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqArguments) parser = vq_arguments_new_plain (arguments_table, arguments);
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  Request request = { .uid = -1, .gid = -1, .words = words };

  if (!parse (&request, parser, &error) || (!request.help && !run (&request, &error)))
    return vq_verb_error_report (error, NAME " --help", FALSE);
  if (request.help)
    vq_verb_output_text ("%s", help);
  return VQ_VERB_OK;
}

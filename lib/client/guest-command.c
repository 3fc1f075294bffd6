// SPDX-License-Identifier: GPL-2.0-or-later
#include "client/guest-command.h"

#include <string.h>

#include "base/error.h"

static const char as_user[] =
#include "client/as-user.sh.inc"
    ;

static const char in_directory[] =
#include "client/in-directory.sh.inc"
    ;

static void
add_words (GPtrArray *argv, const char *const *words)
{
  for (; *words != NULL; words++)
    g_ptr_array_add (argv, (gpointer)*words);
}

/* A shell that runs SCRIPT with the argument WORD and whatever follows. It has a path because the
 * environment may have another PATH. */
static void
add_script (GPtrArray *argv, const char *script, const char *word)
{
  const char *const words[] = { "/bin/sh", "-c", script, "sh", word, NULL };

  add_words (argv, words);
}

/* The user comes first, because the directory may be one that root enters and the user does not.
 * The environment comes before the directory: between env and the command there is always a word
 * without "=", so a command whose name has one is not taken for a variable. */
GPtrArray *
vq_guest_command_build (const VqGuestCommand *command)
{
  static const char *const env[] = { "env", "--", NULL };
  GPtrArray *argv = g_ptr_array_new ();
  gboolean has_environment = command->environment != NULL && command->environment[0] != NULL;

  if (command->user != NULL)
    add_script (argv, as_user, command->user);
  if (has_environment)
    {
      add_words (argv, env);
      add_words (argv, command->environment);
    }
  if (argv->len > 0 || command->directory != NULL)
    add_script (argv, in_directory, command->directory != NULL ? command->directory : ".");
  add_words (argv, command->argv);
  g_ptr_array_add (argv, NULL);
  return argv;
}

gboolean
vq_guest_command_check_environment (const char *word, GError **error)
{
  if (strchr (word, '=') != NULL && word[0] != '=')
    return TRUE;
  return vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is not NAME=VALUE", word);
}

gboolean
vq_guest_command_check_user (const char *user, GError **error)
{
  if (user[0] != '\0' && user[0] != '-' && strpbrk (user, ":\n") == NULL)
    return TRUE;
  return vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" cannot be a user", user);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "lock/lock-request.h"

#include <string.h>

#include "base/arguments.h"
#include "base/error.h"
#include "list/targets.h"

/* How many machines one command may lock. */
#define MANY 1000

static const char lock_help[]
    = "Usage: virt-qemu lock [OPTION...] --machine-type=TYPE [NAME...]\n"
      "\n"
      "Makes fresh machines for OWNER and prints them as targets: YAML with the host key\n"
      "of each. If one cannot be had, there is none. Each has a slot of its type, as\n"
      "long as it runs; \"virt-qemu slots\" shows the types.\n"
      "\n"
      "      --machine-type=TYPE  the type of the slots and so the size of the machines\n"
      "      --count=N            how many; those without a NAME get one (default: 1)\n"
      "      --os-type=OS         the distribution, for example debian\n"
      "      --os-version=VERSION its number, codename or alias: 13, trixie, stable\n"
      "      --image=IMAGE        an image, in place of these two\n"
      "      --owner=OWNER        who has them (default: USER@HOST)\n"
      "      --desc=TEXT          what for\n"
      "      --lease=TIME         end them after this time, as 90s, 15m, 2h or 1d; renew puts\n"
      "                           that off (0: no end)\n"
      "  -t, --targets=FILE       names, from YAML as this verb prints it\n"
      "      --format=FORMAT      targets, json or names (default: targets)\n"
      "  -h, --help               show this text and exit\n";

static const char unlock_help[]
    = "Usage: virt-qemu unlock [OPTION...] NAME...\n"
      "\n"
      "Destroys machines that were locked. It is no error if one is gone already.\n"
      "\n"
      "      --owner=OWNER        who must have locked it (default: USER@HOST)\n"
      "      --desc=TEXT          the description that it must have\n"
      "      --force              whoever has it, and whether it is locked or not\n"
      "  -f, --keep-going         go on with the next one after an error\n"
      "  -t, --targets=FILE       names, from YAML as \"virt-qemu lock\" prints it\n"
      "      --format=json        tell errors in JSON, too\n"
      "  -h, --help               show this text and exit\n";

static const char update_help[]
    = "Usage: virt-qemu update [OPTION...] NAME...\n"
      "\n"
      "Notes something about instances, for people and for \"virt-qemu list\".\n"
      "\n"
      "      --status=WORD        up, or down: it is not to be used\n"
      "      --desc=TEXT          a new description\n"
      "  -f, --keep-going         go on with the next one after an error\n"
      "  -t, --targets=FILE       names, from YAML as \"virt-qemu lock\" prints it\n"
      "      --format=json        tell errors in JSON, too\n"
      "  -h, --help               show this text and exit\n";

enum
{
  OPTION_MACHINE_TYPE,
  OPTION_COUNT,
  OPTION_OS_TYPE,
  OPTION_OS_VERSION,
  OPTION_IMAGE,
  OPTION_OWNER,
  OPTION_DESC,
  OPTION_LEASE,
  OPTION_STATUS,
  OPTION_FORCE,
  OPTION_KEEP_GOING,
  OPTION_TARGETS,
  OPTION_FORMAT,
  OPTION_HELP,
};

static const VqArgument arguments_table[] = {
  [OPTION_MACHINE_TYPE] = { "machine-type", 0, TRUE },
  [OPTION_COUNT] = { "count", 0, TRUE },
  [OPTION_OS_TYPE] = { "os-type", 0, TRUE },
  [OPTION_OS_VERSION] = { "os-version", 0, TRUE },
  [OPTION_IMAGE] = { "image", 0, TRUE },
  [OPTION_OWNER] = { "owner", 0, TRUE },
  [OPTION_DESC] = { "desc", 0, TRUE },
  [OPTION_LEASE] = { "lease", 0, TRUE },
  [OPTION_STATUS] = { "status", 0, TRUE },
  [OPTION_FORCE] = { "force", 0, FALSE },
  [OPTION_KEEP_GOING] = { "keep-going", 'f', FALSE },
  [OPTION_TARGETS] = { "targets", 't', TRUE },
  [OPTION_FORMAT] = { "format", 0, TRUE },
  [OPTION_HELP] = { "help", 'h', FALSE },
  { NULL },
};

/* Which verbs have each option; those that are not here are for all of them. */
static const guint verbs_of[G_N_ELEMENTS (arguments_table)] = {
  [OPTION_MACHINE_TYPE] = VQ_LOCK_REQUEST_LOCK,
  [OPTION_COUNT] = VQ_LOCK_REQUEST_LOCK,
  [OPTION_OS_TYPE] = VQ_LOCK_REQUEST_LOCK,
  [OPTION_OS_VERSION] = VQ_LOCK_REQUEST_LOCK,
  [OPTION_IMAGE] = VQ_LOCK_REQUEST_LOCK,
  [OPTION_OWNER] = VQ_LOCK_REQUEST_LOCK | VQ_LOCK_REQUEST_UNLOCK,
  [OPTION_LEASE] = VQ_LOCK_REQUEST_LOCK,
  [OPTION_STATUS] = VQ_LOCK_REQUEST_UPDATE,
  [OPTION_FORCE] = VQ_LOCK_REQUEST_UNLOCK,
  [OPTION_KEEP_GOING] = VQ_LOCK_REQUEST_UNLOCK | VQ_LOCK_REQUEST_UPDATE,
};

/* A command line that is read. */
typedef struct
{
  VqLockRequest *request;
  VqLockRequestVerb verb;
} Words;

static gboolean
set_text (char **text, const char *value)
{
  g_free (*text);
  *text = g_strdup (value);
  return TRUE;
}

static gboolean
set_status (VqLockRequest *request, const char *value, GError **error)
{
  set_text (&request->status, value);
  return strcmp (value, "up") == 0 || strcmp (value, "down") == 0
         || vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is not up or down", value);
}

static gboolean
set_owner (VqLockRequest *request, const char *value, GError **error)
{
  set_text (&request->owner, value);
  return value[0] != '\0' || vq_error_set (error, VQ_ERROR_USAGE, "nobody has no name");
}

/* Only lock prints anything. */
static gboolean
set_format (Words *words, const char *value, GError **error)
{
  VqLockRequest *request = words->request;

  request->format = strcmp (value, "json") == 0    ? VQ_LIST_JSON
                    : strcmp (value, "names") == 0 ? VQ_LIST_NAMES
                                                   : VQ_LIST_TARGETS;
  if (words->verb != VQ_LOCK_REQUEST_LOCK)
    return request->format == VQ_LIST_JSON
           || vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is not json", value);
  return request->format != VQ_LIST_TARGETS || strcmp (value, "targets") == 0
         || vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is not targets, json or names", value);
}

static gboolean
apply_text (VqLockRequest *request, int index, const char *value, GError **error)
{
  switch (index)
    {
    case OPTION_MACHINE_TYPE:
      return set_text (&request->machine_type, value);
    case OPTION_OS_TYPE:
      return set_text (&request->os_type, value);
    case OPTION_OS_VERSION:
      return set_text (&request->os_version, value);
    case OPTION_IMAGE:
      return set_text (&request->image, value);
    case OPTION_OWNER:
      return set_owner (request, value, error);
    case OPTION_DESC:
      return set_text (&request->desc, value);
    case OPTION_STATUS:
      return set_status (request, value, error);
    case OPTION_TARGETS:
      return vq_targets_read (value, request->names, error);
    default:
      return vq_instance_life_take (&request->life, arguments_table[index].name, value, error);
    }
}

static gboolean
take_option (gpointer data, int index, const char *value, GError **error)
{
  Words *words = data;
  VqLockRequest *request = words->request;

  if (verbs_of[index] != 0 && (verbs_of[index] & words->verb) == 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "this verb does not have it");
  if (index == OPTION_COUNT)
    return vq_arguments_parse_int (value, 1, MANY, &request->count, error);
  if (index == OPTION_FORMAT)
    return set_format (words, value, error);
  request->force |= index == OPTION_FORCE;
  request->keep_going |= index == OPTION_KEEP_GOING;
  request->help |= index == OPTION_HELP;
  return value == NULL || apply_text (request, index, value, error);
}

static gboolean
take_name (gpointer data, const char *value, GError **error)
{
  VqLockRequest *request = ((Words *)data)->request;
  char *name = vq_targets_get_name (value, error);

  if (name != NULL)
    g_ptr_array_add (request->names, name);
  return name != NULL;
}

static gboolean
check_twice (const VqLockRequest *request, GError **error)
{
  for (guint i = 0; i < request->names->len; i++)
    for (guint j = 0; j < i; j++)
      if (strcmp (request->names->pdata[i], request->names->pdata[j]) == 0)
        return vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is named twice",
                             (const char *)request->names->pdata[i]);
  return TRUE;
}

static gboolean
check_lock (VqLockRequest *request, GError **error)
{
  if (request->machine_type == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "which type of machine? \"virt-qemu slots\" lists them: --machine-type");
  if ((request->image != NULL) == (request->os_type != NULL || request->os_version != NULL))
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "which system? give either --os-type and --os-version, or --image");
  if (request->count > 0 && request->names->len > (guint)request->count)
    return vq_error_set (error, VQ_ERROR_USAGE, "there are more names than machines (--count=%d)",
                         request->count);
  request->count = MAX (request->count, MAX ((int)request->names->len, 1));
  return TRUE;
}

static gboolean
check (VqLockRequest *request, VqLockRequestVerb verb, GError **error)
{
  if (!check_twice (request, error))
    return FALSE;
  if (verb == VQ_LOCK_REQUEST_LOCK)
    return check_lock (request, error);
  if (request->names->len == 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "which instance?");
  return verb == VQ_LOCK_REQUEST_UNLOCK || request->status != NULL || request->desc != NULL
         || vq_error_set (error, VQ_ERROR_USAGE, "what is new? give --status or --desc");
}

gboolean
vq_lock_request_parse (VqLockRequest *request, const char *const *arguments, VqLockRequestVerb verb,
                       GError **error)
{
  static const VqArgumentsTaker taker = { take_option, take_name };
  g_autoptr (VqArguments) parser = vq_arguments_new_plain (arguments_table, arguments);
  Words words = { request, verb };

  *request = (VqLockRequest){ .names = g_ptr_array_new_with_free_func (g_free),
                              .format = VQ_LIST_TARGETS,
                              .life = VQ_INSTANCE_LIFE_NONE };
  return vq_arguments_take_all (parser, &taker, &words, &request->help, error)
         && (request->help || check (request, verb, error));
}

void
vq_lock_request_clear (VqLockRequest *request)
{
  g_clear_pointer (&request->names, g_ptr_array_unref);
  g_clear_pointer (&request->machine_type, g_free);
  g_clear_pointer (&request->os_type, g_free);
  g_clear_pointer (&request->os_version, g_free);
  g_clear_pointer (&request->image, g_free);
  g_clear_pointer (&request->owner, g_free);
  g_clear_pointer (&request->desc, g_free);
  g_clear_pointer (&request->status, g_free);
  vq_instance_owner_clear (&request->life.owner);
}

const char *
vq_lock_request_get_help (VqLockRequestVerb verb)
{
  switch (verb)
    {
    case VQ_LOCK_REQUEST_LOCK:
      return lock_help;
    case VQ_LOCK_REQUEST_UNLOCK:
      return unlock_help;
    default:
      return update_help;
    }
}

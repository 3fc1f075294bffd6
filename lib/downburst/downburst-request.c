// SPDX-License-Identifier: GPL-2.0-or-later
#include "downburst/downburst-request.h"

#include <string.h>

#include "base/arguments.h"
#include "base/error.h"

enum
{
  OPTION_VERBOSE,
  OPTION_LOGFILE,
  OPTION_CONNECT,
  OPTION_USER_DATA,
  OPTION_META_DATA,
  OPTION_WAIT,
  OPTION_NOKEY,
  OPTION_FORCENEW,
  OPTION_DISTRO,
  OPTION_DISTROVERSION,
  OPTION_ARCH,
  OPTION_HYPERVISOR,
  OPTION_HELP,
};

/* The first three may stand before the command or behind it. */
static const VqArgument arguments_table[] = {
  [OPTION_VERBOSE] = { "verbose", 'v', FALSE },
  [OPTION_LOGFILE] = { "logfile", 'l', TRUE },
  [OPTION_CONNECT] = { "connect", 'c', TRUE },
  [OPTION_USER_DATA] = { "user-data", 0, TRUE },
  [OPTION_META_DATA] = { "meta-data", 0, TRUE },
  [OPTION_WAIT] = { "wait", 0, FALSE },
  [OPTION_NOKEY] = { "nokey", 0, FALSE },
  [OPTION_FORCENEW] = { "forcenew", 0, FALSE },
  [OPTION_DISTRO] = { "distro", 0, TRUE },
  [OPTION_DISTROVERSION] = { "distroversion", 0, TRUE },
  [OPTION_ARCH] = { "arch", 0, TRUE },
  [OPTION_HYPERVISOR] = { "hypervisor", 0, TRUE },
  [OPTION_HELP] = { "help", 'h', FALSE },
  { NULL },
};

static const char *const verbs[] = {
  [VQ_DOWNBURST_CREATE] = "create",
  [VQ_DOWNBURST_DESTROY] = "destroy",
  [VQ_DOWNBURST_LIST] = "list",
  [VQ_DOWNBURST_LIST_JSON] = "list-json",
  [VQ_DOWNBURST_GEN_SSH_KEY] = "gen-ssh-key",
};

static const char help[]
    = "Usage: downburst [-v] [-l FILE] [-c HOST] COMMAND [OPTION...] [NAME...]\n"
      "\n"
      "Does what the program downburst of the Ceph project does, with virt-qemu: it\n"
      "makes and removes virtual machines, so that teuthology can use them.\n"
      "\n"
      "  create NAME            make a machine, and wait until cloud-init in it has ended\n"
      "  destroy NAME...        remove machines with their disks\n"
      "  list                   list the systems that a machine can have\n"
      "  list-json              the same in JSON\n"
      "  gen-ssh-key [NAME]     print user-data with new host keys (for the machine NAME)\n"
      "\n"
      "  -c, --connect=HOST     run virt-qemu on HOST, over ssh (default: on this host)\n"
      "  -l, --logfile=FILE     write what stderr gets to FILE, too\n"
      "  -v, --verbose          show what is done\n"
      "  -h, --help             show this text and exit\n"
      "\n"
      "Options of create:\n"
      "      --meta-data=FILE   YAML: the machine in the section \"downburst\", and what\n"
      "                         cloud-init calls meta-data; may be repeated\n"
      "      --user-data=FILE   what cloud-init has to do; may be repeated\n"
      "      --wait             create always waits\n"
      "      --nokey            do not let the keys in ~/.ssh/*.pub in\n"
      "      --distro=NAME, --distroversion=VERSION, --arch=ARCH\n"
      "                         in place of these keys in the meta-data\n"
      "      --hypervisor=HOW   kvm or qemu, which means without KVM (default: what works)\n"
      "      --forcenew         look for a newer image even if there is one\n"
      "\n"
      "The man page virt-qemu-downburst(1) tells the keys.\n";

const char *
vq_downburst_request_get_help (void)
{
  return help;
}

void
vq_downburst_request_free (VqDownburstRequest *request)
{
  if (request == NULL)
    return;
  g_free (request->logfile);
  g_free (request->connect);
  g_free (request->distro);
  g_free (request->distroversion);
  g_free (request->arch);
  g_free (request->hypervisor);
  g_strfreev (request->user_data);
  g_strfreev (request->meta_data);
  g_strfreev (request->names);
  g_free (request);
}

/* The command line while it is read. */
typedef struct
{
  VqDownburstRequest *request;
  gboolean has_verb;
  gboolean done;          /* the rest does not matter */
  const char *for_create; /* an option that only create has; NULL: none was given */
} Reading;

static gboolean
append (char ***list, const char *value)
{
  guint n = g_strv_length (*list);

  *list = g_renew (char *, *list, n + 2);
  (*list)[n] = g_strdup (value);
  (*list)[n + 1] = NULL;
  return TRUE;
}

static char **
find_string (VqDownburstRequest *request, int index)
{
  switch (index)
    {
    case OPTION_LOGFILE:
      return &request->logfile;
    case OPTION_CONNECT:
      return &request->connect;
    case OPTION_DISTRO:
      return &request->distro;
    case OPTION_DISTROVERSION:
      return &request->distroversion;
    case OPTION_ARCH:
      return &request->arch;
    default:
      return &request->hypervisor;
    }
}

/* NULL: it is not a flag. */
static gboolean *
find_flag (VqDownburstRequest *request, int index)
{
  switch (index)
    {
    case OPTION_VERBOSE:
      return &request->verbose;
    case OPTION_WAIT:
      return &request->wait;
    case OPTION_NOKEY:
      return &request->nokey;
    case OPTION_FORCENEW:
      return &request->forcenew;
    default:
      return NULL;
    }
}

static gboolean
take_string (char **field, int index, const char *value, GError **error)
{
  if (index == OPTION_HYPERVISOR && strcmp (value, "kvm") != 0 && strcmp (value, "qemu") != 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is not kvm or qemu", value);
  g_free (*field);
  *field = value[0] != '\0' ? g_strdup (value) : NULL;
  return TRUE;
}

static gboolean
take_option (gpointer data, int index, const char *value, GError **error)
{
  Reading *reading = data;
  VqDownburstRequest *request = reading->request;
  gboolean *flag = find_flag (request, index);

  if (index > OPTION_CONNECT && index < OPTION_HELP)
    reading->for_create = arguments_table[index].name;
  if (index == OPTION_HELP)
    {
      request->verb = VQ_DOWNBURST_HELP;
      return reading->has_verb = reading->done = TRUE;
    }
  if (index == OPTION_USER_DATA)
    return append (&request->user_data, value);
  if (index == OPTION_META_DATA)
    return append (&request->meta_data, value);
  if (flag != NULL)
    return *flag = TRUE;
  return take_string (find_string (request, index), index, value, error);
}

static gboolean
take_verb (Reading *reading, const char *word, GError **error)
{
  for (gsize i = VQ_DOWNBURST_CREATE; i < G_N_ELEMENTS (verbs); i++)
    if (strcmp (verbs[i], word) == 0)
      {
        reading->request->verb = i;
        return reading->has_verb = TRUE;
      }
  return vq_error_set (error, VQ_ERROR_USAGE,
                       "\"%s\" is not create, destroy, list, list-json or gen-ssh-key", word);
}

static gboolean
take_word (gpointer data, const char *word, GError **error)
{
  Reading *reading = data;

  return reading->has_verb ? append (&reading->request->names, word)
                           : take_verb (reading, word, error);
}

/* How many names each command takes. */
static gboolean
check_names (const VqDownburstRequest *request, GError **error)
{
  static const guint most[] = {
    [VQ_DOWNBURST_CREATE] = 1, [VQ_DOWNBURST_DESTROY] = G_MAXUINT, [VQ_DOWNBURST_GEN_SSH_KEY] = 1
  };
  guint n = g_strv_length (request->names);
  guint max = request->verb < G_N_ELEMENTS (most) ? most[request->verb] : 0;

  for (guint i = 0; i < n; i++)
    if (request->names[i][0] == '-' || request->names[i][0] == '\0')
      return vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" cannot be the name of a machine",
                           request->names[i]);
  if (n == 0 && (request->verb == VQ_DOWNBURST_CREATE || request->verb == VQ_DOWNBURST_DESTROY))
    return vq_error_set (error, VQ_ERROR_USAGE, "%s needs the name of a machine",
                         verbs[request->verb]);
  return n <= max
         || vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is one name too many",
                          request->names[max]);
}

static gboolean
check (const Reading *reading, GError **error)
{
  const VqDownburstRequest *request = reading->request;

  if (!reading->has_verb)
    return vq_error_set (error, VQ_ERROR_USAGE, "there is no command");
  if (request->verb == VQ_DOWNBURST_HELP)
    return TRUE;
  if (reading->for_create != NULL && request->verb != VQ_DOWNBURST_CREATE)
    return vq_error_set (error, VQ_ERROR_USAGE, "--%s is only for create", reading->for_create);
  return check_names (request, error);
}

VqDownburstRequest *
vq_downburst_request_parse (const char *const *words, GError **error)
{
  static const VqArgumentsTaker taker = { take_option, take_word };
  g_autoptr (VqDownburstRequest) request = g_new0 (VqDownburstRequest, 1);
  g_autoptr (VqArguments) arguments = vq_arguments_new_plain (arguments_table, words);
  Reading reading = { .request = request };

  request->user_data = g_new0 (char *, 1);
  request->meta_data = g_new0 (char *, 1);
  request->names = g_new0 (char *, 1);
  if (!vq_arguments_take_all (arguments, &taker, &reading, &reading.done, error)
      || !check (&reading, error))
    return NULL;
  return g_steal_pointer (&request);
}

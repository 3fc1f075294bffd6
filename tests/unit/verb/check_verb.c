// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/verb.h"

#include <check.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "suite.h"

static const char *const *given;

static VqVerbStatus
note_arguments (const char *const *arguments)
{
  given = arguments;
  return VQ_VERB_EXISTS;
}

static VqVerbStatus
refuse (const char *const *arguments)
{
  ck_abort_msg ("the wrong verb was run");
}

static const VqVerb verbs[] = {
  { "template", "handles templates", refuse },
  { "launch", "makes a machine", note_arguments },
  { "list", "shows the machines", refuse },
  { NULL },
};

static const VqVerbTable table = { "virt-qemu", "Handles machines.", verbs };

CASE ("verb", NULL, NULL, 60)

TEST (verb_gets_the_rest)
{
  static const char *const words[] = { "launch", "--help", "x", NULL };

  ck_assert_int_eq (vq_verb_run (&table, words), VQ_VERB_EXISTS);
  ck_assert_ptr_eq (given, words + 1);
}

TEST (unknown_verbs)
{
  static const struct
  {
    const char *name, *nearest;
  } cases[] = {
    { "lunch", "launch" },    { "lsit", "list" },     { "templates", "template" },
    { "tem", "template" },    { "lis", "list" },      { "l", "launch" },
    { "frobnicate", NULL },   { "", NULL },           { "x", NULL },
    { "listlistlist", NULL }, { "Launch", "launch" }, { "templatetemplatetemplatetemplate", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *suggestion = g_strdup_printf ("did you mean \"%s\"?", cases[i].nearest);

      ck_assert_ptr_null (vq_verb_find (verbs, cases[i].name, &error));
      ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
      ck_assert_msg (cases[i].nearest != NULL ? g_str_has_suffix (error->message, suggestion)
                                              : strstr (error->message, "mean") == NULL,
                     "%s", error->message);
    }
}

TEST (help_lists_all)
{
  g_autofree char *help = vq_verb_build_help (&table);

  ck_assert (g_str_has_prefix (help, "Usage: virt-qemu VERB "));
  for (const VqVerb *verb = verbs; verb->name != NULL; verb++)
    {
      g_autofree char *line = g_strdup_printf ("\n  %-14s %s\n", verb->name, verb->summary);

      ck_assert_ptr_nonnull (strstr (help, line));
    }
}

/* The program itself, with its own table. */
TEST (program)
{
  static const struct
  {
    const char *arguments;
    int status;
    const char *out, *err;
  } cases[] = {
    { "--version", 0, "virt-qemu " VQ_VERSION "\n", "" },
    { "--help", 0, "Usage: virt-qemu VERB ", "" },
    { "-h", 0, "Usage: virt-qemu VERB ", "" },
    { "", 2, "", "virt-qemu: error: which verb?\nTry 'virt-qemu --help'.\n" },
    { "--nonsense", 2, "", "virt-qemu: error: there is no option --nonsense before the verb\n" },
    { "tmplate", 2, "",
      "virt-qemu: error: there is no verb \"tmplate\"; did you mean \"template\"?" },
    { "--version >/dev/full", 1, "", "virt-qemu: error: cannot write the output\n" },
  };
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *here = g_path_get_dirname (self);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *line = g_strdup_printf ("exec %s/../virt-qemu %s", here, cases[i].arguments);
      const char *const argv[] = { "sh", "-c", line, NULL };
      g_autofree char *out = NULL;
      g_autofree char *err = NULL;
      int status;

      ck_assert (g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out,
                               &err, &status, NULL));
      ck_assert_int_eq (WEXITSTATUS (status), cases[i].status);
      ck_assert_msg (g_str_has_prefix (out, cases[i].out), "%s", out);
      ck_assert_msg (g_str_has_prefix (err, cases[i].err), "%s", err);
      ck_assert_int_eq (out[0] == '\0', cases[i].out[0] == '\0');
    }
}

/* As after "| head". */
TEST (nobody_reads)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *here = g_path_get_dirname (self);
  g_autofree char *line = NULL;
  g_autofree char *err = NULL;
  int ends[2];
  int status;

  ck_assert_int_eq (pipe (ends), 0);
  close (ends[0]);
  line = g_strdup_printf ("exec %s/../virt-qemu --help >&%d", here, ends[1]);
  ck_assert (g_spawn_sync (NULL, (char **)(const char *[]){ "sh", "-c", line, NULL }, NULL,
                           G_SPAWN_SEARCH_PATH | G_SPAWN_LEAVE_DESCRIPTORS_OPEN, NULL, NULL, NULL,
                           &err, &status, NULL));
  close (ends[1]);
  ck_assert_str_eq (err, "");
  ck_assert_int_eq (WEXITSTATUS (status), 1);
}

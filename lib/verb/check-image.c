// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/check-image.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/programs.h"
#include "base/signals.h"
#include "channel/channel-capture.h"
#include "io/workdir.h"
#include "plan/options.h"
#include "plan/plan.h"
#include "testbed/testbed.h"
#include "verb/verb-output.h"

#define HELP "virt-qemu check --help"
#define SECONDS 300 /* for a command or a copy */

#define FILE_SIZE (16 * 1024 * 1024)

/* 200 files. */
#define TREE "/root/virt-qemu-tree"
#define MAKE_TREE                                                                                  \
  "mkdir " TREE "; cd " TREE "; head -c 1638400 /dev/urandom | split -a 3 -b 8192 -; "

#define COPY "/root/virt-qemu-copy"
#define MARK "/root/virt-qemu-check"
#define BOOT_ID "cat /proc/sys/kernel/random/boot_id"

/* One trial of an image. */
typedef struct
{
  VqTestbed *testbed, *second; /* of the same template */
  VqWorkdir *workdir;          /* for what is copied */
} Trial;

static VqServed *
get_served (const Trial *self)
{
  return vq_testbed_get_served (self->testbed);
}

/* Runs SCRIPT in TESTBED. *OUT gets what it prints, without white space at the end. */
static gboolean
run (VqTestbed *testbed, const char *script, char **out, GError **error)
{
  VqServed *served = vq_testbed_get_served (testbed);
  const char *const argv[] = { "sh", "-c", script, NULL };

  if (!vq_channel_capture (served->class->get_channel (served), argv, out, vq_deadline_in (SECONDS),
                           served->class->get_cancel (served), error))
    return FALSE;
  if (out != NULL)
    g_strchomp (*out);
  return TRUE;
}

static gboolean
demand (gboolean holds, const char *what, GError **error)
{
  return holds || vq_error_set (error, VQ_ERROR_FAILED, "%s", what);
}

static gboolean
open_first (Trial *self, GError **error)
{
  return get_served (self)->class->open (get_served (self), error);
}

/* What is written in one must not be seen in the other, and both must have other random numbers. */
static gboolean
open_second (Trial *self, GError **error)
{
  VqServed *second = vq_testbed_get_served (self->second);
  g_autofree char *seen = NULL;
  g_autofree char *random = NULL;
  g_autofree char *other = NULL;

  if (!run (self->testbed, "echo mark >" MARK, NULL, error) || !second->class->open (second, error)
      || !run (self->second, "cat " MARK " 2>&1 || :", &seen, error)
      || !run (self->testbed, "od -An -tx1 -N16 /dev/urandom", &random, error)
      || !run (self->second, "od -An -tx1 -N16 /dev/urandom", &other, error))
    return FALSE;
  second->class->close (second);
  return demand (strcmp (seen, "mark") != 0, "a file of the first is in the second", error)
         && demand (strcmp (random, other) != 0, "both have the same random numbers", error);
}

/* Transfer: the descriptor. -1: no memory. */
static int
make_input (const char *text)
{
  int fd = memfd_create ("input", MFD_CLOEXEC);

  if (fd >= 0 && (!vq_fd_write_all (fd, text, strlen (text)) || lseek (fd, 0, SEEK_SET) != 0))
    vq_fd_clear (&fd);
  return fd;
}

static gboolean
run_commands (Trial *self, GError **error)
{
  VqServed *served = get_served (self);
  static const char *const argv[] = { "sh", "-c", "[ \"$(cat)\" = 'in and out' ] && exit 3", NULL };
  g_autoptr (VqChannelCapture) capture = vq_channel_capture_start (
      served->class->get_channel (served), argv, make_input ("in and out"), -1, error);
  g_autofree char *out = NULL;

  if (capture == NULL)
    return FALSE;
  (void)!vq_channel_capture_wait (capture, vq_deadline_in (SECONDS),
                                  served->class->get_cancel (served), NULL);
  return demand (vq_channel_capture_get_status (capture) == 3,
                 "its stdin or its exit status was not passed on", error)
         && run (self->testbed, "echo in and out", &out, error)
         && demand (strcmp (out, "in and out") == 0, "what a command printed was changed", error);
}

static gboolean
write_random (const char *path, gsize n, GError **error)
{
  g_autofree guint32 *bytes = g_malloc (n);

  for (gsize i = 0; i < n / sizeof *bytes; i++)
    bytes[i] = g_random_int ();
  return g_file_set_contents (path, (const char *)bytes, n, error);
}

static gboolean
compare (const char *path, const char *other, GError **error)
{
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  gsize n_first, n_second;

  return g_file_get_contents (path, &first, &n_first, error)
         && g_file_get_contents (other, &second, &n_second, error)
         && demand (n_first == n_second && memcmp (first, second, n_first) == 0,
                    "what came back is not what was copied", error);
}

static gboolean
copy_file (Trial *self, GError **error)
{
  g_autofree char *from = vq_workdir_join (self->workdir, "file");
  g_autofree char *to = vq_workdir_join (self->workdir, "file-back");

  return write_random (from, FILE_SIZE, error)
         && vq_served_copy_down (get_served (self), from, COPY, error)
         && vq_served_copy_up (get_served (self), COPY, to, error) && compare (from, to, error);
}

/* The tree is made and compared in the guest. On the host it is in a directory that has a file of
 * its own, the lock. */
static gboolean
copy_tree (Trial *self, GError **error)
{
  g_autoptr (VqWorkdir) between = vq_workdir_new (NULL, error);
  g_autofree char *host = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  if (between == NULL)
    return FALSE;
  host = g_strconcat (vq_workdir_get_path (between), "/", NULL);
  return run (self->testbed, MAKE_TREE "cksum *", &before, error)
         && vq_served_copy_up (get_served (self), TREE "/", host, error)
         && vq_served_copy_down (get_served (self), host, TREE "-back/", error)
         && run (self->testbed, "cd " TREE "-back; rm -f lock; cksum *", &after, error)
         && demand (strcmp (before, after) == 0, "what came back is not what was copied", error);
}

/* What the guest has on its disk stays. */
static gboolean
reboot (Trial *self, GError **error)
{
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  return run (self->testbed, "echo mark >" MARK "; sync; " BOOT_ID, &before, error)
         && get_served (self)->class->reboot (get_served (self), FALSE, error)
         && run (self->testbed, BOOT_ID "; cat " MARK " >/dev/null", &after, error)
         && demand (strcmp (before, after) != 0, "it has not booted", error);
}

static gboolean
revert (Trial *self, GError **error)
{
  g_autofree char *seen = NULL;

  return get_served (self)->class->revert (get_served (self), error)
         && run (self->testbed, "cat " MARK " 2>&1 || :", &seen, error)
         && demand (strcmp (seen, "mark") != 0, "a file is still there", error);
}

static gboolean
close_it (Trial *self, GError **error)
{
  get_served (self)->class->close (get_served (self));
  return TRUE;
}

static const struct
{
  const char *name;
  gboolean (*act) (Trial *self, GError **error);
} steps[] = {
  { "open", open_first },     { "fork", open_second },    { "commands", run_commands },
  { "copy-file", copy_file }, { "copy-tree", copy_tree }, { "revert", revert },
  { "reboot", reboot },       { "revert-again", revert }, { "close", close_it },
};

static void
print_step (JsonBuilder *builder, const char *name, gboolean good, double seconds)
{
  const char *state = good ? "ok" : "error";

  if (builder == NULL)
    {
      vq_verb_output_text ("%-7s  %-12s  %8.2f s\n", state, name, seconds);
      vq_verb_output_flush ();
      return;
    }
  json_builder_begin_object (builder);
  vq_verb_output_add_string (builder, "name", name);
  vq_verb_output_add_string (builder, "state", state);
  json_builder_set_member_name (builder, "seconds");
  json_builder_add_double_value (builder, seconds);
  json_builder_end_object (builder);
}

static gboolean
run_steps (Trial *self, JsonBuilder *builder, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      gint64 start = g_get_monotonic_time ();
      gboolean good = steps[i].act (self, error);

      print_step (builder, steps[i].name, good,
                  (g_get_monotonic_time () - start) / (double)G_USEC_PER_SEC);
      if (!good)
        {
          g_prefix_error (error, "%s: ", steps[i].name);
          return FALSE;
        }
    }
  return TRUE;
}

/* *JSON becomes FALSE when the steps are printed in it, so that their error is not printed, too. */
static gboolean
try_image (const VqOptions *options, gboolean *json, GError **error)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (VqSignals) signals = vq_signals_new (cancel, error);
  g_autofree char *program = signals != NULL ? vq_programs_find ("virt-qemu-exec", error) : NULL;
  g_autoptr (VqPlan) plan = program != NULL ? vq_plan_new (options, cancel, error) : NULL;
  g_autoptr (VqWorkdir) workdir = plan != NULL ? vq_workdir_new (NULL, error) : NULL;
  g_autoptr (VqTestbed) testbed = NULL;
  g_autoptr (VqTestbed) second = NULL;
  g_autoptr (JsonBuilder) builder = *json ? json_builder_new () : NULL;
  Trial self = { .workdir = workdir };
  gboolean good;

  if (workdir == NULL)
    return FALSE;
  self.testbed = testbed = vq_testbed_new (plan, program, NULL, cancel);
  self.second = second = vq_testbed_new (plan, program, NULL, cancel);
  if (*json)
    json_builder_begin_array (builder);
  good = run_steps (&self, builder, error);
  if (*json)
    {
      json_builder_end_array (builder);
      vq_verb_output_json (builder);
      *json = FALSE;
    }
  return good;
}

/* Takes --format=... out of ARGUMENTS. Transfer: the array. */
static GPtrArray *
build_argv (const char *const *arguments)
{
  GPtrArray *argv = g_ptr_array_new ();

  g_ptr_array_add (argv, (gpointer) "virt-qemu");
  for (; *arguments != NULL; arguments++)
    if (strcmp (*arguments, "--format=json") != 0 && strcmp (*arguments, "--format=text") != 0)
      g_ptr_array_add (argv, (gpointer)*arguments);
  g_ptr_array_add (argv, NULL);
  return argv;
}

VqVerbStatus
vq_check_image_run (const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqOptions) options = NULL;
  g_autoptr (GPtrArray) argv = build_argv (arguments);
  gboolean json = vq_verb_error_wants_json (arguments);
  VqOptionsResult result
      = vq_options_parse (argv->len - 1, (const char *const *)argv->pdata, &options, &error);

  if (result != VQ_OPTIONS_RUN && error == NULL)
    vq_error_set (&error, VQ_ERROR_USAGE, "this option does not go with an image");
  if (error == NULL && options->slot != NULL)
    vq_error_set (&error, VQ_ERROR_USAGE, "this runs two machines at once: leave --slot out");
  if (error == NULL && vq_options_check_machine (options, &error))
    (void)!try_image (options, &json, &error);
  return error != NULL ? vq_verb_error_report (error, HELP, json) : VQ_VERB_OK;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* A QEMU that reports disk errors as fast as it can: the first program of its name on PATH is a
 * script of this test. */
#include "qemu/qemu.h"

#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>

#include "bare-machine.h"
#include "leaks.h"
#include "messages.h"
#include "suite.h"

#define PATIENCE 60 /* seconds */
#define N_ERRORS 20000

static const char fake_qemu[]
    = "#!/usr/bin/perl\n"
      "my ($fd) = \"@ARGV\" =~ /id=vq-own-qmp,fd=(\\d+)/;\n"
      "open (my $s, '+<&=', $fd) or die; select ($s); $| = 1;\n"
      "print '{\"QMP\": {}}', \"\\n\"; <$s>; print '{\"return\": {}, \"id\": 1}', \"\\n\"; $| = "
      "0;\n"
      "print '{\"event\": \"BLOCK_IO_ERROR\", \"data\": {\"device\": \"d\", \"reason\": \"',\n"
      "      $ENV{REASONS} eq 'many' ? $_ : 'bad', '\", \"action\": \"',\n"
      "      $ENV{REASONS} eq 'stop' ? 'stop' : 'report', '\"}}', \"\\n\" for 1 .. 20000;\n"
      "print '{\"event\": \"GUEST_PANICKED\"}', \"\\n\"; $| = 1; <$s>;\n";

static BareMachine *bare;
static VqQemu *qemu;
static char *path;

static void
set_up (void)
{
  g_autofree char *program = NULL;
  g_autofree char *with_fake = NULL;

  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  bare = bare_machine_new ("x86_64", NULL);
  bare_machine_make_disk (bare, NULL, (const guint8 *)"", 0);
  messages_begin ();
  path = g_strdup (g_getenv ("PATH"));
  with_fake = g_strdup_printf ("%s:%s", bare->directory, path);
  program = g_build_filename (bare->directory, "qemu-system-x86_64", NULL);
  ck_assert (
      g_file_set_contents_full (program, fake_qemu, -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
  g_setenv ("PATH", with_fake, TRUE);
}

static void
tear_down (void)
{
  g_autofree char *program = g_build_filename (bare->directory, "qemu-system-x86_64", NULL);

  g_setenv ("PATH", path, TRUE);
  g_clear_pointer (&path, g_free);
  g_clear_pointer (&qemu, vq_qemu_free);
  g_unlink (program);
  g_clear_pointer (&bare, bare_machine_free);
  messages_end ();
  leaks_assert_none ();
}

static gboolean
has_panicked (gpointer data)
{
  return vq_boot_watch_has_panicked (vq_qemu_get_boots (data));
}

/* Returns how many messages there were. */
static int
run (const char *reasons)
{
  g_autoptr (GError) error = NULL;

  g_setenv ("REASONS", reasons, TRUE);
  qemu = vq_qemu_start (&bare->machine, vq_deadline_in (PATIENCE), NULL, &error);
  ck_assert_msg (qemu != NULL, "%s", error != NULL ? error->message : "");
  ck_assert (vq_wait_until (has_panicked, qemu, vq_deadline_in (PATIENCE), NULL, "panic", NULL));
  return messages_take_warnings ("on the testbed's disk");
}

CASE ("disk-errors", set_up, tear_down, 120)

/* The log counts these (check_log.c). */
TEST (always_the_same)
{
  ck_assert_int_eq (run ("one"), N_ERRORS);
}

/* The log cannot count these. */
TEST (always_others)
{
  ck_assert_int_eq (run ("many"), 21);
}

/* The machine's end, which comes behind it, is the message. */
TEST (one_that_stops_the_machine)
{
  ck_assert_int_eq (run ("stop"), 0);
}

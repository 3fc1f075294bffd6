// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb-setup.h"

#include <check.h>
#include <string.h>

#include "instance-setup.h"

static char *program;

void
verb_setup (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *here = g_path_get_dirname (self);

  exec_setup ();
  instance_setup ();
  program = g_build_filename (here, "..", "virt-qemu", NULL);
  instance_serve (EXEC_MACHINE, exec_socket_path);
}

void
verb_teardown (void)
{
  g_clear_pointer (&program, g_free);
  instance_teardown ();
  exec_teardown ();
}

void
verb_start (Program *self, const char *const *words, int in, int out, int err)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();

  g_ptr_array_add (argv, program);
  for (; *words != NULL; words++)
    g_ptr_array_add (argv, (gpointer)*words);
  g_ptr_array_add (argv, NULL);
  program_start (self, (const char *const *)argv->pdata, in, out, err);
}

int
verb_run (const char *const *words, int in, GBytes **out, GBytes **err)
{
  int out_fd = memory_file ();
  int err_fd = memory_file ();
  g_autoptr (GBytes) out_bytes = NULL;
  g_autoptr (GBytes) err_bytes = NULL;
  Program self;

  verb_start (&self, words, in, out_fd, err_fd);
  wait_for (is_true, &self.ended);
  out_bytes = take_contents (out_fd);
  err_bytes = take_contents (err_fd);
  if (out != NULL)
    *out = g_steal_pointer (&out_bytes);
  if (err != NULL)
    *err = g_steal_pointer (&err_bytes);
  return self.status;
}

void
verb_assert_fails (const char *const *words, int status, const char *said)
{
  g_autoptr (GBytes) err = NULL;
  int got = verb_run (words, -1, NULL, &err);

  ck_assert_msg (got == status, "status %d: %s", got, as_string (err));
  ck_assert_msg (strstr (as_string (err), said) != NULL, "%s", as_string (err));
}

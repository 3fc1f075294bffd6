// SPDX-License-Identifier: GPL-2.0-or-later
#include "serial-guest.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>

#include "leaks.h"
#include "tree.h"

void
serial_guest_begin (SerialGuest *guest)
{
  int fd;

  leaks_begin ();
  guest->directory = g_dir_make_tmp ("check-serial-XXXXXX", NULL);
  serial_guest_write_program (guest, "id", "#!/bin/sh\n[ \"$1\" = -u ] && echo ${VQ_UID:-0}\n");
  guest->terminal = fake_terminal_new (&fd);
  guest->line = vq_serial_line_new (fd);
}

void
serial_guest_end (SerialGuest *guest)
{
  g_clear_pointer (&guest->line, vq_serial_line_free);
  g_clear_pointer (&guest->terminal, fake_terminal_free);
  tree_remove (guest->directory);
  g_clear_pointer (&guest->directory, g_free);
  leaks_assert_none ();
  ck_assert (!g_main_context_pending (NULL));
}

void
serial_guest_write_program (SerialGuest *guest, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (guest->directory, name, NULL);

  ck_assert (g_file_set_contents (path, text, -1, NULL));
  ck_assert_int_eq (g_chmod (path, 0755), 0);
}

void
serial_guest_start (SerialGuest *guest, const char *command, gboolean controlling)
{
  g_auto (GStrv) argv = g_strsplit (command, " ", -1);
  g_autofree char *path = g_strdup_printf ("PATH=%s:/usr/bin:/bin", guest->directory);
  const char *prompt
      = strchr (command, '/') != NULL ? "PS1=\033[01;32m\\u@\\h\033[00m:\\w\\$ " : "PS1=# ";
  const char *environment[] = { path, prompt, "TERM=xterm", NULL };

  fake_terminal_start (guest->terminal, (const char *const *)argv, environment, controlling);
}

gint64
serial_guest_soon (void)
{
  return vq_deadline_in (SERIAL_GUEST_PATIENCE);
}

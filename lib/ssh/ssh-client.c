// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/ssh-client.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/programs.h"
#include "ssh/ssh-script.h"

#define PROGRAM "virt-qemu-ssh"

/* An open file that is in no directory, with BYTES in it. Returns -1 on failure. */
static int
make_file (GBytes *bytes, GError **error)
{
  vq_autofd int fd = memfd_create (PROGRAM, MFD_CLOEXEC);

  if (fd < 0 || !vq_fd_write_all (fd, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)))
    {
      vq_error_set_errno (error, errno, "cannot make a file in memory");
      return -1;
    }
  return g_steal_fd (&fd);
}

gboolean
vq_ssh_client_make_seed (const char *directory, const VqSeed *seed, gboolean with_keys,
                         gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autoptr (VqSeed) empty = vq_seed_new ();
  g_autoptr (GBytes) packed = vq_seed_pack (seed != NULL ? seed : empty);
  vq_autofd int file = make_file (packed, error);
  g_autofree char *program = file >= 0 ? vq_programs_find (PROGRAM, error) : NULL;
  g_autofree char *number = g_strdup_printf ("%d", file);
  const char *const argv[] = { program,
                               VQ_SSH_CLIENT_MAKE_SEED,
                               directory,
                               number,
                               with_keys ? VQ_SSH_CLIENT_KEYS : VQ_SSH_CLIENT_NO_KEYS,
                               NULL };
  const VqChildOptions options = { .stdout_fd = -1, .keep_fds = &file, .n_keep_fds = 1 };

  return program != NULL && vq_child_run (argv, &options, NULL, deadline, cancel, error);
}

VqChild *
vq_ssh_client_start_host_key (const char *path, const char *from, GError **error)
{
  g_autofree char *program = vq_programs_find (PROGRAM, error);
  vq_autofd int fd = from != NULL ? open (from, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
  g_autofree char *kept = from != NULL ? g_strdup_printf ("/dev/fd/%d", fd) : NULL;
  const char *const argv[] = { program, VQ_SSH_CLIENT_MAKE_HOST_KEY, path, kept, NULL };
  const VqChildOptions options = { .stdout_fd = -1, .keep_fds = &fd, .n_keep_fds = fd >= 0 };

  if (program == NULL)
    return NULL;
  if (from != NULL && fd < 0)
    return vq_error_set_errno (error, errno, "cannot open %s", from), NULL;
  return vq_child_spawn (argv, &options, error);
}

static gboolean
write_file (int fd, const VqSshLogin *login, const char *const *argv, GError **error)
{
  g_autoptr (GBytes) packed = vq_ssh_login_pack (login, error);
  g_autoptr (GBytes) begin = vq_ssh_script_begin (argv);

  if (packed == NULL)
    return FALSE;
  return (vq_fd_write_all (fd, g_bytes_get_data (packed, NULL), g_bytes_get_size (packed))
          && vq_fd_write_all (fd, "", 1)
          && vq_fd_write_all (fd, g_bytes_get_data (begin, NULL), g_bytes_get_size (begin)))
         || vq_error_set_errno (error, errno, "cannot tell " PROGRAM " what to do");
}

static VqChild *
spawn (int file, const int fds[3], int report, gint64 deadline, GError **error)
{
  const int keep[] = { file, fds[0], fds[1], fds[2] };
  const VqChildOptions options
      = { .stdout_fd = report, .keep_fds = keep, .n_keep_fds = G_N_ELEMENTS (keep) };
  g_autofree char *program = vq_programs_find (PROGRAM, error);
  g_autofree char *numbers
      = g_strdup_printf ("%d %d %d %d %" G_GINT64_FORMAT, file, fds[0], fds[1], fds[2], deadline);
  g_auto (GStrv) words = g_strsplit (numbers, " ", -1);
  const char *const argv[]
      = { program, VQ_SSH_CLIENT_RUN, words[0], words[1], words[2], words[3], words[4], NULL };

  return program != NULL ? vq_child_spawn (argv, &options, error) : NULL;
}

VqChild *
vq_ssh_client_run (const VqSshLogin *login, const char *const *argv, const int fds[3], int report,
                   gint64 deadline, GError **error)
{
  vq_autofd int file = memfd_create (PROGRAM, MFD_CLOEXEC);

  if (file < 0)
    vq_error_set_errno (error, errno, "cannot make a file in memory");
  else if (write_file (file, login, argv, error))
    return spawn (file, fds, report, deadline, error);
  return NULL;
}

gboolean
vq_ssh_client_fail (VqChild *child, GError **error)
{
  g_autofree char *text = vq_child_get_stderr (child);
  g_autoptr (GError) reason = NULL;
  int status = vq_child_get_status (child);
  int code = WIFEXITED (status) ? WEXITSTATUS (status) - 1 : -1;

  if (text[0] != '\0' && code >= 0 && code <= VQ_ERROR_NO_ROOM)
    return vq_error_set (error, code, "%s", text);
  if (g_spawn_check_wait_status (status, &reason))
    return vq_error_set (error, VQ_ERROR_FAILED, PROGRAM ": it ended by itself");
  return vq_error_set (error, VQ_ERROR_FAILED, PROGRAM ": %s%s%s", reason->message,
                       text[0] != '\0' ? ": " : "", text);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* A file goes as it is, through cat, or without any shell where the channel has a program for that;
 * one with holes as an archive of one file, whose sparse map tells where they are. On the way down
 * we see which it is. On the way up the guest's script looks and says so in its first line. A tree
 * is always an archive. */
#include "copy/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy/archiver.h"
#include "base/error.h"
#include "copy/guest-stream.h"
#include "helper/helper-wire.h"
#include "io/new-file.h"
#include "base/text.h"

/* At least what a channel brings in one turn: else its buffers fill. */
#define BLOCK_SIZE (128 * 1024)
#define NAME_SHOWN 300

/* Holes of less are not worth the trouble. */
#define HOLES_MIN (1024 * 1024)
#define HOLES_MIN_TEXT "1048576"

/* What runs in the guest, as sh -ec SCRIPT sh PATH DIRECTORY: parameters, so they need no quoting.
 */
#define SCRIPT_FILE_DOWN "cat > \"$1\""
#define SCRIPT_EXECUTABLE "; chmod +x -- \"$1\""

/* GNU tar converts names between UTF-8 and the guest's locale. If that is UTF-8, too, they stay as
 * they are, also those that are not UTF-8. */
#define KEEP_NAMES "LC_ALL=C.UTF-8 "

/* What cat does, with tar: the file keeps its mode and whatever leads to it, or is new. */
#define SCRIPT_SPARSE_DOWN                                                                         \
  ": >> \"$1\"; mode=$(stat -L -c %a -- \"$1\"); " KEEP_NAMES                                      \
  "tar --warning=none --extract --overwrite --dereference --touch --no-same-owner "                \
  "--directory=\"$2\" --file=-; chmod \"$mode\" -- \"$1\""

#define ANSWER_PLAIN VQ_HELPER_FILE_PLAIN
#define ANSWER_SPARSE "tar\n"
#define ANSWER_LENGTH 4

#define SCRIPT_FILE_UP                                                                             \
  "if test -f \"$1\" && test -s \"$1\"; then\n"                                                    \
  "  set -- \"$1\" $(stat -L -c '%s %b' -- \"$1\" || :)\n"                                         \
  "  if test $((${2:-0} - ${3:-0} * 512)) -ge " HOLES_MIN_TEXT "; then\n"                          \
  "    echo tar\n"                                                                                 \
  "    exec tar --warning=none --create --sparse --dereference --absolute-names " RECORDS          \
  " --file=- -- \"$1\"\n"                                                                          \
  "  fi\n"                                                                                         \
  "fi\n"                                                                                           \
  "echo cat\n"                                                                                     \
  "exec cat < \"$1\"\n"

/* tar reads and writes 64 KiB at a time; its own 10 KiB are slow. */
#define RECORDS "--blocking-factor=128"

#define SCRIPT_TREE_DOWN                                                                           \
  "test -d \"$1\" || mkdir -- \"$1\"; cd -- \"$1\"; " KEEP_NAMES                                   \
  "exec tar --warning=none --preserve-permissions --extract --no-same-owner " RECORDS " -f -"
#define SCRIPT_TREE_UP                                                                             \
  "cd -- \"$1\"; " KEEP_NAMES "exec tar --warning=none --sparse -c " RECORDS " -f - ."

typedef struct
{
  VqChannel *channel;
  const char *host_path;
  const char *guest_path;
  gint64 deadline;
  VqCancel *cancel;
} Copy;

static gboolean
is_directory (const char *path)
{
  return g_str_has_suffix (path, "/");
}

/* The directory that the guest's file is in, for cd. Transfer full. */
static char *
guest_directory (const Copy *copy)
{
  const char *slash = strrchr (copy->guest_path, '/');

  if (slash == NULL)
    return g_strdup (".");
  return g_strndup (copy->guest_path, slash - copy->guest_path + 1);
}

/* VERB is what the channel's own program could do instead, or NULL. */
static VqGuestStream *
open_stream (const Copy *copy, const char *script, const char *verb, gboolean down, GError **error)
{
  g_autofree char *directory = guest_directory (copy);
  const char *program = copy->channel->class->file_program;
  const char *words[]
      = { program, verb,  copy->guest_path, /* VQ_HELPER_SELF_WORDS */
          "sh",    "-ec", script,           "sh", copy->guest_path, directory, NULL };
  const char **argv = program != NULL && verb != NULL ? words : words + VQ_HELPER_SELF_WORDS;

  if (down)
    return vq_guest_stream_open_stdin (copy->channel, argv, copy->deadline, copy->cancel, error);
  return vq_guest_stream_open_stdout (copy->channel, argv, copy->deadline, copy->cancel, error);
}

/* Ends STREAM after its work succeeded (REASON is NULL) or failed with REASON (transfer full). */
static gboolean
end_stream (VqGuestStream *stream, GError *reason, GError **error)
{
  if (reason != NULL)
    return vq_guest_stream_fail (stream, reason, error);
  return vq_guest_stream_finish (stream, error);
}

/* FD is the open file of the host, or -1 for a tree; NAME what it is called in the archive, or
 * NULL. */
static gboolean
run_archiver (const Copy *copy, VqGuestStream *stream, const char *word, int fd, const char *name,
              GError **error)
{
  return vq_archiver_run (stream, word, copy->host_path, fd, name, copy->deadline, copy->cancel,
                          error);
}

static gboolean
set_directory_error (const char *path, GError **error)
{
  return vq_error_set (error, VQ_ERROR_FAILED,
                       "%s is a directory: end both paths in \"/\" to copy it", path);
}

/* Opens the host file PATH to read it, and looks at it. */
static int
open_host_file (const char *path, struct stat *st, GError **error)
{
  /* O_NONBLOCK, so that a FIFO cannot hold us up; it has no effect on anything that we accept. */
  int fd = open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

  if (fd < 0)
    {
      vq_error_set_errno (error, errno, "cannot open %s", path);
      return -1;
    }
  if (fstat (fd, st) == 0 && (S_ISREG (st->st_mode) || S_ISCHR (st->st_mode)))
    return fd;
  if (S_ISDIR (st->st_mode))
    set_directory_error (path, error);
  else
    vq_error_set (error, VQ_ERROR_FAILED, "%s is not a plain file", path);
  close (fd);
  return -1;
}

/* Feeds all of FD to STREAM. */
static gboolean
send_file (VqGuestStream *stream, int fd, const char *path, GError **error)
{
  g_autofree char *buffer = g_malloc (BLOCK_SIZE);
  gssize n;

  while ((n = read (fd, buffer, BLOCK_SIZE)) > 0)
    if (!vq_guest_stream_write (stream, buffer, n, error))
      return FALSE;
  if (n < 0)
    return vq_error_set_errno (error, errno, "cannot read %s", path);
  return TRUE;
}

static gboolean
has_holes (const struct stat *st)
{
  return S_ISREG (st->st_mode) && st->st_size - st->st_blocks * (gint64)512 >= HOLES_MIN;
}

static gboolean
send_sparse_file (const Copy *copy, VqGuestStream *stream, int fd, GError **error)
{
  const char *slash = strrchr (copy->guest_path, '/');

  return run_archiver (copy, stream, VQ_ARCHIVER_PACK_FILE, fd,
                       slash != NULL ? slash + 1 : copy->guest_path, error);
}

static gboolean
open_file_down (const Copy *copy, int fd, const struct stat *st, GError **error)
{
  gboolean sparse = has_holes (st);
  gboolean executable = (st->st_mode & 0111) != 0;
  const char *verb = executable ? VQ_HELPER_FILE_PUT_EXECUTABLE : VQ_HELPER_FILE_PUT;
  g_autofree char *script = g_strconcat (sparse ? SCRIPT_SPARSE_DOWN : SCRIPT_FILE_DOWN,
                                         executable ? SCRIPT_EXECUTABLE : NULL, NULL);
  g_autoptr (VqGuestStream) stream = open_stream (copy, script, sparse ? NULL : verb, TRUE, error);
  GError *reason = NULL;

  if (stream == NULL)
    return FALSE;
  if (!(sparse ? send_sparse_file (copy, stream, fd, &reason)
               : send_file (stream, fd, copy->host_path, &reason)))
    g_assert (reason != NULL);
  return end_stream (stream, reason, error);
}

static gboolean
file_down (const Copy *copy, GError **error)
{
  struct stat st;
  int fd = open_host_file (copy->host_path, &st, error);
  gboolean copied;

  if (fd < 0)
    return FALSE;
  copied = open_file_down (copy, fd, &st, error);
  close (fd);
  return copied;
}

static gboolean
write_fully (int fd, const char *bytes, gsize len, const char *path, GError **error)
{
  while (len > 0)
    {
      gssize n = write (fd, bytes, len);

      if (n < 0 && errno != EINTR)
        return vq_error_set_errno (error, errno, "cannot write %s", path);
      bytes += MAX (n, 0);
      len -= MAX (n, 0);
    }
  return TRUE;
}

/* Writes all of STREAM to FD. */
static gboolean
receive_plain_file (VqGuestStream *stream, int fd, const char *path, GError **error)
{
  g_autofree char *buffer = g_malloc (BLOCK_SIZE);
  gssize n;

  while ((n = vq_guest_stream_read (stream, buffer, BLOCK_SIZE, error)) > 0)
    if (!write_fully (fd, buffer, n, path, error))
      return FALSE;
  return n == 0;
}

/* What the guest's script says first; empty if it just ends. */
static gboolean
read_answer (VqGuestStream *stream, char answer[ANSWER_LENGTH + 1], GError **error)
{
  gsize len = 0;
  gssize n;

  do
    {
      n = vq_guest_stream_read (stream, answer + len, ANSWER_LENGTH - len, error);
      len += MAX (n, 0);
    }
  while (n > 0 && len < ANSWER_LENGTH);
  answer[len] = '\0';
  return n >= 0;
}

static gboolean
receive_file (const Copy *copy, VqGuestStream *stream, int fd, GError **error)
{
  char answer[ANSWER_LENGTH + 1];

  if (!read_answer (stream, answer, error))
    return FALSE;
  if (g_str_equal (answer, ANSWER_PLAIN))
    return receive_plain_file (stream, fd, copy->host_path, error);
  if (g_str_equal (answer, ANSWER_SPARSE))
    return run_archiver (copy, stream, VQ_ARCHIVER_UNPACK_FILE, fd, NULL, error);
  return vq_error_set (error, VQ_ERROR_PEER, "the guest does not say what it sends");
}

/* Fills FD from the guest's file. */
static gboolean
file_up_to (const Copy *copy, int fd, GError **error)
{
  g_autoptr (VqGuestStream) stream
      = open_stream (copy, SCRIPT_FILE_UP, VQ_HELPER_FILE_GET, FALSE, error);
  GError *reason = NULL;

  if (stream == NULL)
    return FALSE;
  if (!receive_file (copy, stream, fd, &reason))
    g_assert (reason != NULL);
  return end_stream (stream, reason, error);
}

static gboolean
file_up (const Copy *copy, GError **error)
{
  g_autoptr (VqNewFile) file = NULL;

  if (g_file_test (copy->host_path, G_FILE_TEST_IS_DIR))
    return set_directory_error (copy->host_path, error);
  file = vq_new_file_open (copy->host_path, error);
  return file != NULL && file_up_to (copy, vq_new_file_get_fd (file), error)
         && vq_new_file_commit (file, error);
}

static gboolean
tree_down (const Copy *copy, GError **error)
{
  g_autoptr (VqGuestStream) stream = NULL;
  GError *reason = NULL;

  /* Before anything is made in the guest. */
  if (access (copy->host_path, R_OK | X_OK) != 0)
    return vq_error_set_errno (error, errno, "cannot read %s", copy->host_path);
  stream = open_stream (copy, SCRIPT_TREE_DOWN, NULL, TRUE, error);
  if (stream == NULL)
    return FALSE;
  if (!run_archiver (copy, stream, VQ_ARCHIVER_PACK, -1, NULL, &reason))
    g_assert (reason != NULL);
  return end_stream (stream, reason, error);
}

/* Fills the directory, which is there, from the guest's. */
static gboolean
tree_up_to (const Copy *copy, GError **error)
{
  g_autoptr (VqGuestStream) stream = open_stream (copy, SCRIPT_TREE_UP, NULL, FALSE, error);
  GError *reason = NULL;

  if (stream == NULL)
    return FALSE;
  if (!run_archiver (copy, stream, VQ_ARCHIVER_UNPACK, -1, NULL, &reason))
    g_assert (reason != NULL);
  return end_stream (stream, reason, error);
}

static gboolean
tree_up (const Copy *copy, GError **error)
{
  gboolean is_new = mkdir (copy->host_path, 0777) == 0;

  if (!is_new && errno != EEXIST)
    return vq_error_set_errno (error, errno, "cannot make %s", copy->host_path);
  if (!g_file_test (copy->host_path, G_FILE_TEST_IS_DIR))
    return vq_error_set_errno (error, ENOTDIR, "cannot unpack into %s", copy->host_path);
  if (tree_up_to (copy, error))
    return TRUE;
  /* What arrived stays; if nothing did, there is nothing to show that we were here. */
  if (is_new)
    rmdir (copy->host_path);
  return FALSE;
}

/* Names may hold anything: what comes of it is one line all the same. */
static void
name_paths (GError **error, const char *command, const char *from, const char *to)
{
  g_autofree char *shown_from = vq_text_printable (from, strlen (from), NAME_SHOWN);
  g_autofree char *shown_to = vq_text_printable (to, strlen (to), NAME_SHOWN);
  char *message;

  if (error == NULL)
    return;
  g_prefix_error (error, "%s: %s to %s: ", command, shown_from, shown_to);
  message = vq_text_printable ((*error)->message, strlen ((*error)->message), G_MAXSIZE);
  g_free ((*error)->message);
  (*error)->message = message;
}

gboolean
vq_copy_down (VqChannel *channel, const char *host_path, const char *guest_path, gint64 deadline,
              VqCancel *cancel, GError **error)
{
  const Copy copy = { channel, host_path, guest_path, deadline, cancel };

  if (is_directory (host_path) ? tree_down (&copy, error) : file_down (&copy, error))
    return TRUE;
  name_paths (error, "copydown", host_path, guest_path);
  return FALSE;
}

gboolean
vq_copy_up (VqChannel *channel, const char *guest_path, const char *host_path, gint64 deadline,
            VqCancel *cancel, GError **error)
{
  const Copy copy = { channel, host_path, guest_path, deadline, cancel };

  if (is_directory (guest_path) ? tree_up (&copy, error) : file_up (&copy, error))
    return TRUE;
  name_paths (error, "copyup", guest_path, host_path);
  return FALSE;
}

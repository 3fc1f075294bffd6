// SPDX-License-Identifier: GPL-2.0-or-later
/* A plain file is sent as it is. The channel gets the host's file as the stdin or stdout of a
 * command in the guest: "cat", or the channel's own program if it has one. A file with holes is
 * sent as an archive of one file, which says where the holes are. On the way down we look for
 * holes; on the way up the script in the guest does, and reports them by its exit status. A tree is
 * always sent as an archive. */
#include "copy/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy/archiver.h"
#include "channel/channel-capture.h"
#include "base/error.h"
#include "base/fd.h"
#include "helper/helper-wire.h"
#include "io/new-file.h"
#include "base/text.h"

#define NAME_SHOWN 300

/* The size of the pipe between the archiver and the channel. With a large one they seldom wait for
 * each other. */
#define PIPE_SIZE (256 * 1024)

/* A file with less than this in holes is sent as a plain file. */
#define HOLES_MIN (1024 * 1024)
#define HOLES_MIN_TEXT "1048576"

/* The exit status of the guest's script when it finds that many holes. */
#define HAS_HOLES 75
#define HAS_HOLES_TEXT "75"

/* The scripts for the guest are run as sh -ec SCRIPT sh PATH DIRECTORY. The paths are parameters,
 * so they need no quotes. A FIFO is refused, because opening it could block for ever. */
#define NOT_A_FIFO "if test -p \"$1\"; then echo 'it is a FIFO' >&2; exit 1; fi; "

#define SCRIPT_FILE_DOWN NOT_A_FIFO "cat > \"$1\""
#define SCRIPT_EXECUTABLE "; chmod +x -- \"$1\""

/* GNU tar converts names between UTF-8 and the guest's locale. In a UTF-8 locale it keeps all names
 * as they are, even those that are not UTF-8. */
#define KEEP_NAMES "LC_ALL=C.UTF-8 "

/* Makes tar do what "cat >" does: an existing file keeps its mode, and symlinks to it are followed.
 */
#define SCRIPT_SPARSE_DOWN                                                                         \
  NOT_A_FIFO ": >> \"$1\"; mode=$(stat -L -c %a -- \"$1\"); " KEEP_NAMES                           \
             "tar --warning=none --extract --overwrite --dereference --touch --no-same-owner "     \
             "--directory=\"$2\" --file=-; chmod \"$mode\" -- \"$1\""

#define NOT_A_DIRECTORY                                                                            \
  "if test -d \"$1\"; then echo 'it is a directory: end both paths in \"/\" to copy it' >&2; "     \
  "exit 1; fi; "

#define SCRIPT_FILE_UP                                                                             \
  NOT_A_FIFO NOT_A_DIRECTORY "if test -f \"$1\" && test -s \"$1\"; then\n"                         \
                             "  set -- \"$1\" $(stat -L -c '%s %b' -- \"$1\" || :)\n"              \
                             "  if test $((${2:-0} - ${3:-0} * 512)) -ge " HOLES_MIN_TEXT          \
                             "; then\n"                                                            \
                             "    exit " HAS_HOLES_TEXT "\n"                                       \
                             "  fi\n"                                                              \
                             "fi\n"                                                                \
                             "exec cat < \"$1\"\n"

/* tar reads and writes 64 KiB at a time; its own 10 KiB are slow. */
#define RECORDS "--blocking-factor=128"

#define SCRIPT_SPARSE_UP                                                                           \
  "exec tar --warning=none --create --sparse --dereference --absolute-names " RECORDS              \
  " --file=- -- \"$1\""

#define SCRIPT_TREE_DOWN                                                                           \
  "test -d \"$1\" || mkdir -- \"$1\"; cd -- \"$1\"; " KEEP_NAMES                                   \
  "exec tar --warning=none --preserve-permissions --extract --no-same-owner " RECORDS " -f -"
#define SCRIPT_TREE_UP                                                                             \
  "cd -- \"$1\"; " KEEP_NAMES "exec tar --warning=none --sparse -c " RECORDS " -f - ."

typedef struct
{
  VqChannel *channel;
  gboolean down;
  const char *host_path;
  const char *guest_path;
  guint64 *bytes; /* what was sent or received is added here */
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

/* Starts SCRIPT in the guest, with FD, which is taken over, as its stdin or stdout. If the channel
 * has a program of its own and VERB is not NULL, that program does VERB instead. */
static VqChannelCapture *
start (const Copy *copy, const char *script, const char *verb, int fd, GError **error)
{
  g_autofree char *directory = guest_directory (copy);
  const char *program = copy->channel->class->file_program;
  const char *words[]
      = { program, verb,  copy->guest_path, /* VQ_HELPER_SELF_WORDS */
          "sh",    "-ec", script,           "sh", copy->guest_path, directory, NULL };
  const char **argv = program != NULL && verb != NULL ? words : words + VQ_HELPER_SELF_WORDS;

  return vq_channel_capture_start (copy->channel, argv, copy->down ? fd : -1, copy->down ? -1 : fd,
                                   error);
}

static gboolean
finish (const Copy *copy, VqChannelCapture *command, GError **error)
{
  return vq_channel_capture_wait (command, copy->deadline, copy->cancel, error);
}

/* Whether the other end of a pipe is closed. */
static gboolean
is_hung_up (int fd)
{
  struct pollfd end = { .fd = fd };

  return poll (&end, 1, 0) > 0;
}

/* What the archiver is to do. For a tree FD is -1 and NAME is NULL. */
typedef struct
{
  const char *word; /* see archiver.h */
  int fd;           /* the plain file */
  const char *name; /* its name in the archive; NULL when unpacking */
} Archive;

/* Runs the archiver on STREAM, our end of the pipe to COMMAND, and then closes that and frees
 * COMMAND. If the archiver fails, COMMAND is killed before the pipe is closed, because half an
 * archive may look like a whole one to tar. But if the guest has hung up because its command
 * failed, the command's error is the reason. */
static gboolean
run_archiver (const Copy *copy, const Archive *archive, VqChannelCapture *command, int *stream,
              GError **error)
{
  g_autoptr (VqChannelCapture) own = command;
  g_autoptr (GError) why = NULL;

  if (!vq_archiver_run (archive->word, *stream, copy->host_path, archive->fd, archive->name,
                        copy->bytes, copy->deadline, copy->cancel, &why)
      && !is_hung_up (*stream))
    g_clear_pointer (&own, vq_channel_capture_free);
  vq_fd_clear (stream);
  if (own != NULL && !finish (copy, own, error))
    return FALSE;
  if (why == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

static gboolean
copy_archive (const Copy *copy, const char *script, const Archive *archive, GError **error)
{
  VqChannelCapture *command;
  vq_autofd int ours = -1;
  int ends[2];

  if (!vq_fd_open_pipe (ends, error))
    return FALSE;
  fcntl (ends[0], F_SETPIPE_SZ, PIPE_SIZE);
  ours = ends[copy->down ? 1 : 0];
  command = start (copy, script, NULL, ends[copy->down ? 0 : 1], error);
  return command != NULL && run_archiver (copy, archive, command, &ours, error);
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
  vq_autofd int fd = open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

  if (fd < 0 || fstat (fd, st) < 0)
    vq_error_set_errno (error, errno, "cannot open %s", path);
  else if (S_ISREG (st->st_mode) || S_ISCHR (st->st_mode))
    return g_steal_fd (&fd);
  else if (S_ISDIR (st->st_mode))
    set_directory_error (path, error);
  else
    vq_error_set (error, VQ_ERROR_FAILED, "%s is not a plain file", path);
  return -1;
}

static gboolean
has_holes (const struct stat *st)
{
  return S_ISREG (st->st_mode) && st->st_size - st->st_blocks * (gint64)512 >= HOLES_MIN;
}

static gboolean
sparse_file_down (const Copy *copy, const char *script, int fd, GError **error)
{
  const char *slash = strrchr (copy->guest_path, '/');
  const char *name = slash != NULL ? slash + 1 : copy->guest_path;
  const Archive archive = { VQ_ARCHIVER_PACK_FILE, fd, name };

  return copy_archive (copy, script, &archive, error);
}

static gboolean
plain_file_down (const Copy *copy, const char *script, const char *verb, int fd, GError **error)
{
  g_autoptr (VqChannelCapture) command = start (copy, script, verb, fd, error);

  return command != NULL && finish (copy, command, error);
}

static gboolean
file_down (const Copy *copy, GError **error)
{
  struct stat st;
  vq_autofd int fd = open_host_file (copy->host_path, &st, error);
  gboolean executable = fd >= 0 && (st.st_mode & 0111) != 0;
  const char *end = executable ? SCRIPT_EXECUTABLE : "";
  const char *verb = executable ? VQ_HELPER_FILE_PUT_EXECUTABLE : VQ_HELPER_FILE_PUT;
  g_autofree char *script = NULL;

  if (fd < 0)
    return FALSE;
  script = g_strconcat (has_holes (&st) ? SCRIPT_SPARSE_DOWN : SCRIPT_FILE_DOWN, end, NULL);
  if (has_holes (&st))
    return sparse_file_down (copy, script, fd, error);
  if (!plain_file_down (copy, script, verb, g_steal_fd (&fd), error))
    return FALSE;
  *copy->bytes += st.st_size;
  return TRUE;
}

/* Fills FD from the guest's file. */
static gboolean
file_up_to (const Copy *copy, int fd, GError **error)
{
  const Archive archive = { VQ_ARCHIVER_UNPACK_FILE, fd, NULL };
  g_autoptr (VqChannelCapture) command = NULL;
  g_autoptr (GError) why = NULL;
  int own = fcntl (fd, F_DUPFD_CLOEXEC, 0);
  struct stat st;

  if (own < 0)
    return vq_error_set_errno (error, errno, "cannot write %s", copy->host_path);
  command = start (copy, SCRIPT_FILE_UP, VQ_HELPER_FILE_GET, own, error);
  if (command == NULL)
    return FALSE;
  if (finish (copy, command, &why))
    {
      *copy->bytes += fstat (fd, &st) == 0 ? st.st_size : 0;
      return TRUE;
    }
  if (vq_channel_capture_get_status (command) == HAS_HOLES)
    return copy_archive (copy, SCRIPT_SPARSE_UP, &archive, error);
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
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
  const Archive archive = { VQ_ARCHIVER_PACK, -1, NULL };

  /* Fail before anything is made in the guest. */
  if (access (copy->host_path, R_OK | X_OK) != 0)
    return vq_error_set_errno (error, errno, "cannot read %s", copy->host_path);
  return copy_archive (copy, SCRIPT_TREE_DOWN, &archive, error);
}

static gboolean
tree_up (const Copy *copy, GError **error)
{
  const Archive archive = { VQ_ARCHIVER_UNPACK, -1, NULL };
  gboolean is_new = mkdir (copy->host_path, 0777) == 0;

  if (!is_new && errno != EEXIST)
    return vq_error_set_errno (error, errno, "cannot make %s", copy->host_path);
  if (!g_file_test (copy->host_path, G_FILE_TEST_IS_DIR))
    return vq_error_set_errno (error, ENOTDIR, "cannot unpack into %s", copy->host_path);
  if (copy_archive (copy, SCRIPT_TREE_UP, &archive, error))
    return TRUE;
  /* What has arrived stays, but a directory of ours in which nothing has arrived is removed. */
  if (is_new)
    rmdir (copy->host_path);
  return FALSE;
}

/* Prefixes the error with both paths. The names may hold any bytes; the message is still one
 * printable line. */
static void
name_paths (GError **error, const char *from, const char *to)
{
  g_autofree char *shown_from = vq_text_printable (from, strlen (from), NAME_SHOWN);
  g_autofree char *shown_to = vq_text_printable (to, strlen (to), NAME_SHOWN);
  char *message;

  if (error == NULL)
    return;
  g_prefix_error (error, "%s to %s: ", shown_from, shown_to);
  message = vq_text_printable ((*error)->message, strlen ((*error)->message), G_MAXSIZE);
  g_free ((*error)->message);
  (*error)->message = message;
}

gboolean
vq_copy_down (VqChannel *channel, const char *host_path, const char *guest_path, guint64 *bytes,
              gint64 deadline, VqCancel *cancel, GError **error)
{
  guint64 uncounted = 0;
  const Copy copy = { channel,  TRUE,  host_path, guest_path, bytes != NULL ? bytes : &uncounted,
                      deadline, cancel };

  if (is_directory (host_path) ? tree_down (&copy, error) : file_down (&copy, error))
    return TRUE;
  name_paths (error, host_path, guest_path);
  return FALSE;
}

gboolean
vq_copy_up (VqChannel *channel, const char *guest_path, const char *host_path, guint64 *bytes,
            gint64 deadline, VqCancel *cancel, GError **error)
{
  guint64 uncounted = 0;
  const Copy copy = { channel,  FALSE, host_path, guest_path, bytes != NULL ? bytes : &uncounted,
                      deadline, cancel };

  if (is_directory (guest_path) ? tree_up (&copy, error) : file_up (&copy, error))
    return TRUE;
  name_paths (error, guest_path, host_path);
  return FALSE;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "frame-maker.h"

static char *directory;

#ifdef VQ_LIBFUZZER
/* In place of libcheck's, which work in its tests only. */
void
_mark_point (const char *file, int line)
{
}

void
_ck_assert_failed (const char *file, int line, const char *expression, const char *message, ...)
{
  g_error ("%s:%d: %s", file, line, expression);
}

int LLVMFuzzerInitialize (int *argc, char ***argv);

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  fuzz_begin ();
  return 0;
}
#endif

static GLogWriterOutput
write_critical (GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
  if ((level & G_LOG_LEVEL_MASK) <= G_LOG_LEVEL_CRITICAL)
    g_log_writer_standard_streams (level, fields, n, data);
  return G_LOG_WRITER_HANDLED;
}

void
fuzz_begin (void)
{
  g_setenv ("VIRT_QEMU_CONFIG", "", TRUE);
  signal (SIGPIPE, SIG_IGN); /* as in every program of ours */
  g_log_set_writer_func (write_critical, NULL, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
}

char *
fuzz_text (const guint8 *bytes, gsize n)
{
  return g_strndup ((const char *)bytes, n);
}

void
fuzz_assert_told (gboolean good, GError *const *error)
{
  g_assert (good == (*error == NULL));
  g_assert (good || (*error)->message[0] != '\0');
}

static void
remove_directory (void)
{
  const char *const argv[] = { "rm", "-rf", directory, NULL };

  g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
  g_clear_pointer (&directory, g_free);
}

const char *
fuzz_directory (void)
{
  if (directory == NULL)
    {
      directory = g_mkdtemp (g_strdup ("/dev/shm/vq-fuzz-XXXXXX"));
      g_assert (directory != NULL);
      atexit (remove_directory);
    }
  return directory;
}

const char *
fuzz_file (const char *name, const guint8 *bytes, gsize n)
{
  static char path[256];
  vq_autofd int fd = -1;

  g_snprintf (path, sizeof path, "%s/%s", fuzz_directory (), name);
  fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  g_assert (fd >= 0 && write (fd, bytes, n) == (gssize)n);
  return path;
}

static void
add_first (FrameMaker *maker, GByteArray *frames, guint8 type, const guint8 *hello)
{
  guint8 payload[VQ_HELPER_HELLO_SIZE + 8] = { 0 };
  gsize n = type == VQ_HELPER_HELLO ? VQ_HELPER_HELLO_SIZE : sizeof payload;

  memcpy (payload, hello, VQ_HELPER_HELLO_SIZE);
  payload[VQ_HELPER_HELLO_SIZE] = VQ_HELPER_VERSION;
  frame_maker_begin (maker, hello + VQ_HELPER_MAGIC_SIZE);
  frame_maker_add (maker, frames, type, 0, payload, n);
}

GByteArray *
fuzz_make_frames (const guint8 *bytes, gsize n, guint8 first, const guint8 *hello)
{
  GByteArray *frames = g_byte_array_new ();
  FrameMaker maker;

  frame_maker_init (&maker);
  add_first (&maker, frames, first, hello);
  while (n >= 3)
    {
      gsize length = MIN (bytes[2], n - 3);

      frame_maker_add (&maker, frames, bytes[0], bytes[1], bytes + 3, length);
      bytes += 3 + length;
      n -= 3 + length;
    }
  frame_maker_clear (&maker);
  return frames;
}

int
fuzz_socket (const guint8 *bytes, gsize n)
{
  static int other = -1; /* the other end, which stays open until the next call */
  int pair[2];

  n = MIN (n, 65536);
  g_assert (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
  g_assert (send (pair[0], bytes, n, 0) == (gssize)n);
  shutdown (pair[0], SHUT_WR);
  if (other >= 0)
    close (other);
  other = pair[0];
  return pair[1];
}

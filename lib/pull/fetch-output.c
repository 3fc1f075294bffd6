// SPDX-License-Identifier: GPL-2.0-or-later
#include "pull/fetch-output.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define BLOCK (1024 * 1024)

/* How many blocks may wait for the thread. */
#define BLOCKS 8

typedef struct
{
  gsize n;
  gboolean restart; /* the digests begin anew; there are no bytes */
  guint8 bytes[];
} Block;

struct _VqFetchOutput
{
  int fd; /* not owned */
  gboolean wants_sha512;
  guint64 written;
  Block *block; /* not written yet */
  GThread *thread;
  GAsyncQueue *full; /* of Block *: to be hashed */
  GAsyncQueue *free;
  gnutls_hash_hd_t sha256;
  gnutls_hash_hd_t sha512;
};

static void
begin_hash (gnutls_hash_hd_t *hash, gnutls_digest_algorithm_t algorithm)
{
  if (*hash != NULL)
    gnutls_hash_deinit (*hash, NULL);
  if (gnutls_hash_init (hash, algorithm) != 0)
    g_error ("GnuTLS has no %s", gnutls_digest_get_name (algorithm));
}

static void
restart_hashes (VqFetchOutput *self)
{
  begin_hash (&self->sha256, GNUTLS_DIG_SHA256);
  if (self->wants_sha512)
    begin_hash (&self->sha512, GNUTLS_DIG_SHA512);
}

/* A block without bytes ends it. */
static gpointer
hash_blocks (gpointer data)
{
  VqFetchOutput *self = data;
  gboolean goes_on = TRUE;

  while (goes_on)
    {
      Block *block = g_async_queue_pop (self->full);

      goes_on = block->n > 0 || block->restart;
      if (block->restart)
        restart_hashes (self);
      if (block->n > 0)
        gnutls_hash (self->sha256, block->bytes, block->n);
      if (block->n > 0 && self->wants_sha512)
        gnutls_hash (self->sha512, block->bytes, block->n);
      g_async_queue_push (self->free, block);
    }
  return NULL;
}

static Block *
take_free (VqFetchOutput *self)
{
  Block *block = g_async_queue_pop (self->free);

  block->n = 0;
  block->restart = FALSE;
  return block;
}

VqFetchOutput *
vq_fetch_output_new (int fd, gboolean wants_sha512)
{
  VqFetchOutput *self = g_new0 (VqFetchOutput, 1);

  self->fd = fd;
  self->wants_sha512 = wants_sha512;
  self->full = g_async_queue_new_full (g_free);
  self->free = g_async_queue_new_full (g_free);
  for (int i = 0; i < BLOCKS; i++)
    g_async_queue_push (self->free, g_malloc (sizeof (Block) + BLOCK));
  self->block = take_free (self);
  restart_hashes (self);
  self->thread = g_thread_new ("hash", hash_blocks, self);
  return self;
}

/* Ends the thread when it has hashed all that it was given. */
static void
join (VqFetchOutput *self)
{
  if (self->thread == NULL)
    return;
  g_async_queue_push (self->full, take_free (self));
  g_thread_join (g_steal_pointer (&self->thread));
}

void
vq_fetch_output_free (VqFetchOutput *self)
{
  if (self == NULL)
    return;
  join (self);
  if (self->sha256 != NULL)
    gnutls_hash_deinit (self->sha256, NULL);
  if (self->sha512 != NULL)
    gnutls_hash_deinit (self->sha512, NULL);
  g_free (self->block);
  g_async_queue_unref (self->full);
  g_async_queue_unref (self->free);
  g_free (self);
}

/* Gives the current block to the thread. */
static void
pass_block (VqFetchOutput *self)
{
  g_async_queue_push (self->full, g_steal_pointer (&self->block));
  self->block = take_free (self);
}

/* Hashes the SIZE bytes that are in the file. */
static gboolean
read_existing (VqFetchOutput *self, guint64 size, GError **error)
{
  for (guint64 done = 0; done < size;)
    {
      gssize n = pread (self->fd, self->block->bytes, MIN (BLOCK, size - done), done);

      if (n <= 0)
        return vq_error_set (error, VQ_ERROR_FAILED, "cannot read what was fetched before: %s",
                             n < 0 ? g_strerror (errno) : "it is too short");
      self->block->n = n;
      pass_block (self);
      done += n;
    }
  return TRUE;
}

gboolean
vq_fetch_output_begin (VqFetchOutput *self, guint64 size, GError **error)
{
  self->block->n = 0;
  self->block->restart = TRUE;
  pass_block (self);
  if (!read_existing (self, size, error))
    return FALSE;
  self->written = size;
  return (ftruncate (self->fd, size) == 0 && lseek (self->fd, size, SEEK_SET) >= 0)
         || vq_error_set_errno (error, errno, "cannot cut the file");
}

/* The disk begins to write at once, so that there is little to wait for at the end. */
static gboolean
write_block (VqFetchOutput *self, GError **error)
{
  if (!vq_fd_write_all (self->fd, self->block->bytes, self->block->n))
    return vq_error_set_errno (error, errno, "cannot write the file");
  sync_file_range (self->fd, self->written, self->block->n, SYNC_FILE_RANGE_WRITE);
  self->written += self->block->n;
  pass_block (self);
  return TRUE;
}

gboolean
vq_fetch_output_write (VqFetchOutput *self, const void *bytes, gsize n, GError **error)
{
  while (n > 0)
    {
      gsize part = MIN (n, BLOCK - self->block->n);

      memcpy (self->block->bytes + self->block->n, bytes, part);
      self->block->n += part;
      bytes = (const guint8 *)bytes + part;
      n -= part;
      if (self->block->n == BLOCK && !write_block (self, error))
        return FALSE;
    }
  return TRUE;
}

guint64
vq_fetch_output_get_size (const VqFetchOutput *self)
{
  return self->written + self->block->n;
}

gboolean
vq_fetch_output_flush (VqFetchOutput *self, GError **error)
{
  return self->block->n == 0 || write_block (self, error);
}

gboolean
vq_fetch_output_sync (VqFetchOutput *self, GError **error)
{
  return fsync (self->fd) == 0 || errno == EINVAL
         || vq_error_set_errno (error, errno, "cannot write the file");
}

/* Frees *HASH. */
static char *
to_hex (gnutls_hash_hd_t *hash, gnutls_digest_algorithm_t algorithm)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint8 digest[64];

  gnutls_hash_deinit (g_steal_pointer (hash), digest);
  for (guint i = 0; i < gnutls_hash_get_len (algorithm); i++)
    g_string_append_printf (text, "%02x", digest[i]);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

void
vq_fetch_output_finish (VqFetchOutput *self, char **sha256, char **sha512)
{
  join (self);
  *sha256 = to_hex (&self->sha256, GNUTLS_DIG_SHA256);
  *sha512 = self->wants_sha512 ? to_hex (&self->sha512, GNUTLS_DIG_SHA512) : NULL;
}

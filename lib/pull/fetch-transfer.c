// SPDX-License-Identifier: GPL-2.0-or-later
/* libcurl could follow redirects itself. We do, because we must know that https never leads to
 * http, and because every answer on the way has headers of its own: only those of the last one are
 * about the file. */
#include "pull/fetch-transfer.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/error.h"
#include "base/units.h"
#include "pull/fetch-wire.h"

#define REDIRECTS_MAX 10
#define CONNECT_SECONDS 30
#define TELL_EVERY (G_USEC_PER_SEC / 10)

/* Below so many bytes in a second, nothing comes. */
#define SLOWEST 100

/* How much of the page is read that an error or a redirect may bring along. */
#define PAGE_MAX (256 * 1024)

typedef struct
{
  const VqFetchTransfer *transfer;
  VqFetchOutput *output;
  int fd;
  CURL *curl;
  char *url; /* the one that is asked now */
  gboolean begun;
  gboolean silent; /* nothing has come for too long */
  gboolean wanted; /* what comes is the file */
  gsize page;      /* bytes of what is not the file */
  guint64 total;   /* 0: not known */
  gint64 told;     /* when, in monotonic time */
  curl_off_t come; /* bytes of the current answer, */
  gint64 came;     /* and when the last of them came */
  GError *error;
  /* The headers of the current answer. */
  char *etag;
  char *modified;
  guint64 range_start, range_total;
  gboolean has_range;
} Transfer;

static void
forget_headers (Transfer *self)
{
  g_clear_pointer (&self->etag, g_free);
  g_clear_pointer (&self->modified, g_free);
  self->has_range = FALSE;
}

static void
transfer_clear (Transfer *self)
{
  forget_headers (self);
  g_clear_pointer (&self->curl, curl_easy_cleanup);
  g_clear_pointer (&self->url, g_free);
  g_clear_error (&self->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Transfer, transfer_clear)

static void
tell (const char *name, const char *value)
{
  printf ("%s %s\n", name, value);
  fflush (stdout);
}

static void
tell_number (const char *name, guint64 value)
{
  printf ("%s %" G_GUINT64_FORMAT "\n", name, value);
  fflush (stdout);
}

/* Only what we can send back as it is. */
static gboolean
is_validator (const char *text)
{
  if (*text == '\0' || strlen (text) > VQ_FETCH_VALIDATOR_MAX)
    return FALSE;
  for (; *text != '\0'; text++)
    if (*text < ' ' || *text > '~')
      return FALSE;
  return TRUE;
}

static void
take_validator (char **to, const char *value)
{
  g_free (*to);
  *to = is_validator (value) ? g_strdup (value) : NULL;
}

/* "bytes 100-199/200", or a star in place of the last number. */
static void
take_range (Transfer *self, const char *value)
{
  char *end;

  self->has_range = g_ascii_strncasecmp (value, "bytes ", 6) == 0 && g_ascii_isdigit (value[6]);
  if (!self->has_range)
    return;
  self->range_start = g_ascii_strtoull (value + 6, &end, 10);
  end = strchr (end, '/');
  self->range_total = end != NULL ? g_ascii_strtoull (end + 1, NULL, 10) : 0;
}

static size_t
on_header (char *bytes, size_t size, size_t n, void *data)
{
  Transfer *self = data;
  g_autofree char *line = g_strndup (bytes, n);
  char *value = strchr (line, ':');

  if (g_str_has_prefix (line, "HTTP/"))
    forget_headers (self);
  if (value == NULL)
    return n;
  *value++ = '\0';
  g_strstrip (value);
  if (g_ascii_strcasecmp (line, "etag") == 0)
    take_validator (&self->etag, value);
  else if (g_ascii_strcasecmp (line, "last-modified") == 0)
    take_validator (&self->modified, value);
  else if (g_ascii_strcasecmp (line, "content-range") == 0)
    take_range (self, value);
  return n;
}

static long
get_status (const Transfer *self)
{
  long status = 0;

  curl_easy_getinfo (self->curl, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

static gboolean
check_size (const Transfer *self, guint64 size, GError **error)
{
  g_autofree char *is = vq_units_size_to_string (size);
  g_autofree char *may = vq_units_size_to_string (self->transfer->max);

  if (size <= self->transfer->max)
    return TRUE;
  if (self->transfer->fixed_max)
    return vq_error_set (error, VQ_ERROR_TIMEOUT,
                         "it has %s, more than the %s that such a file may have", is, may);
  return vq_error_set (error, VQ_ERROR_TIMEOUT,
                       "it has %s, more than the %s that --max-size allows", is, may);
}

static gboolean
check_room (const Transfer *self, guint64 missing, GError **error)
{
  struct statvfs host;
  g_autofree char *needed = vq_units_size_to_string (missing);
  g_autofree char *there = NULL;
  guint64 room;

  if (fstatvfs (self->fd, &host) != 0 || host.f_blocks == 0)
    return TRUE;
  room = (guint64)host.f_bavail * host.f_frsize;
  there = vq_units_size_to_string (room);
  return missing <= room
         || vq_error_set (error, VQ_ERROR_NO_ROOM, "%s are to come, and there is room for %s",
                          needed, there);
}

/* Where the bytes that are about to come belong. */
static gboolean
find_offset (const Transfer *self, guint64 *offset, GError **error)
{
  *offset = 0;
  if (get_status (self) == 200)
    return TRUE;
  *offset = self->range_start;
  return (self->has_range && self->range_start == self->transfer->size)
         || vq_error_set (error, VQ_ERROR_PEER,
                          "the server sends another part than it was asked for");
}

/* With the size, as far as the server tells it. */
static gboolean
check_total (Transfer *self, guint64 offset, GError **error)
{
  curl_off_t length = -1;

  curl_easy_getinfo (self->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  self->total = length >= 0 ? offset + length : 0;
  if (get_status (self) == 206 && length >= 0 && self->range_total != 0
      && self->range_total != self->total)
    return vq_error_set (error, VQ_ERROR_PEER, "the server sends less than the rest of the file");
  return check_size (self, self->total, error) && (length < 0 || check_room (self, length, error));
}

/* What is told here must be true of the file already: it may be all that is left of us. */
static gboolean
begin_file (Transfer *self, GError **error)
{
  guint64 offset;

  if (!find_offset (self, &offset, error) || !check_total (self, offset, error)
      || !vq_fetch_output_begin (self->output, offset, error))
    return FALSE;
  if (self->etag != NULL)
    tell ("etag", self->etag);
  if (self->modified != NULL)
    tell ("modified", self->modified);
  if (self->total > 0)
    tell_number ("total", self->total);
  tell_number ("begin", offset);
  return TRUE;
}

/* When the headers are there. */
static gboolean
begin (Transfer *self, GError **error)
{
  long status = get_status (self);

  if (self->begun)
    return TRUE;
  self->begun = TRUE;
  self->wanted = status == 200 || (status == 206 && self->transfer->size > 0);
  return !self->wanted || begin_file (self, error);
}

static void
tell_progress (Transfer *self)
{
  gint64 now = g_get_monotonic_time ();

  if (now - self->told < TELL_EVERY)
    return;
  self->told = now;
  tell_number ("at", vq_fetch_output_get_size (self->output));
}

static gboolean
take (Transfer *self, const char *bytes, gsize n, GError **error)
{
  if (!begin (self, error))
    return FALSE;
  if (!self->wanted)
    {
      self->page += n;
      return self->page <= PAGE_MAX
             || vq_error_set (error, VQ_ERROR_PEER, "the server's answer %ld has no end",
                              get_status (self));
    }
  tell_progress (self);
  return check_size (self, vq_fetch_output_get_size (self->output) + n, error)
         && vq_fetch_output_write (self->output, bytes, n, error);
}

static size_t
on_bytes (char *bytes, size_t size, size_t n, void *data)
{
  Transfer *self = data;

  return take (self, bytes, n, &self->error) ? n : CURL_WRITEFUNC_ERROR;
}

/* Called about once in a second. libcurl looks at the average of some seconds, so after a fast
 * beginning it would find out late that nothing comes any more. */
static int
on_progress (void *data, curl_off_t total, curl_off_t come, curl_off_t to_send, curl_off_t sent)
{
  Transfer *self = data;
  gint64 now = g_get_monotonic_time ();
  guint stall = self->transfer->stall;

  if (come != self->come)
    {
      self->come = come;
      self->came = now;
    }
  if (come == 0 || now - self->came < stall * G_USEC_PER_SEC)
    return 0;
  self->silent = TRUE;
  return 1;
}

static void
set_common (Transfer *self)
{
  const VqFetchTransfer *transfer = self->transfer;

  curl_easy_setopt (self->curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt (self->curl, CURLOPT_USERAGENT, "virt-qemu/" VQ_VERSION);
  curl_easy_setopt (self->curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt (self->curl, CURLOPT_BUFFERSIZE, 512L * 1024);
  curl_easy_setopt (self->curl, CURLOPT_CONNECTTIMEOUT,
                    (long)MIN (transfer->stall, CONNECT_SECONDS));
  curl_easy_setopt (self->curl, CURLOPT_LOW_SPEED_LIMIT, (long)SLOWEST);
  curl_easy_setopt (self->curl, CURLOPT_LOW_SPEED_TIME, (long)transfer->stall);
  curl_easy_setopt (self->curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt (self->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt (self->curl, CURLOPT_XFERINFODATA, self);
  curl_easy_setopt (self->curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt (self->curl, CURLOPT_HEADERDATA, self);
  curl_easy_setopt (self->curl, CURLOPT_WRITEFUNCTION, on_bytes);
  curl_easy_setopt (self->curl, CURLOPT_WRITEDATA, self);
  if (transfer->certificates != NULL)
    curl_easy_setopt (self->curl, CURLOPT_CAINFO, transfer->certificates);
}

static struct curl_slist *
add_header (struct curl_slist *headers, const char *name, const char *value)
{
  g_autofree char *header = g_strdup_printf ("%s: %s", name, value);

  return curl_slist_append (headers, header);
}

/* The headers of our question. Not all of them make sense with a size that is 0. */
static struct curl_slist *
make_headers (const VqFetchTransfer *transfer)
{
  g_autofree char *range = g_strdup_printf ("bytes=%" G_GUINT64_FORMAT "-", transfer->size);
  struct curl_slist *headers = NULL;

  if (transfer->size > 0)
    {
      headers = add_header (headers, "Range", range);
      headers = add_header (headers, "If-Range", transfer->if_range);
    }
  if (transfer->etag != NULL)
    headers = add_header (headers, "If-None-Match", transfer->etag);
  if (transfer->modified != NULL)
    headers = add_header (headers, "If-Modified-Since", transfer->modified);
  return headers;
}

/* Whether a later pull can go on: it must be able to ask for the same file. */
static gboolean
can_go_on (const Transfer *self)
{
  return !self->wanted || (self->etag != NULL && !g_str_has_prefix (self->etag, "W/"))
         || self->modified != NULL;
}

/* Of a connection that has broken. Transfer full. */
static char *
get_reason (const Transfer *self, CURLcode code, const char *detail)
{
  const char *said = *detail != '\0' ? detail : curl_easy_strerror (code);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *date = g_date_time_format (now, "%F %R");

  if (self->silent)
    return g_strdup_printf ("nothing for %u s", self->transfer->stall);
  if (code == CURLE_PEER_FAILED_VERIFICATION) /* certificates are for a time */
    return g_strdup_printf ("%s (the clock of this machine says %s UTC)", said, date);
  return g_strdup (said);
}

static gboolean
explain_break (Transfer *self, CURLcode code, const char *detail, GError **error)
{
  gboolean is_late = self->silent || code == CURLE_OPERATION_TIMEDOUT;
  VqErrorCode kind = is_late ? VQ_ERROR_TIMEOUT : VQ_ERROR_FAILED;
  g_autofree char *why = get_reason (self, code, detail);
  guint64 size = self->wanted ? vq_fetch_output_get_size (self->output) : self->transfer->size;
  g_autofree char *of
      = self->total > 0 ? g_strdup_printf (" of %" G_GUINT64_FORMAT, self->total) : g_strdup ("");

  if (size == 0)
    return vq_error_set (error, kind, "%s", why);
  return vq_error_set (error, kind, "only %" G_GUINT64_FORMAT "%s bytes have come (%s)%s", size, of,
                       why, can_go_on (self) ? "; the next pull goes on from there" : "");
}

/* One question and its answer. */
static gboolean
ask (Transfer *self, GError **error)
{
  char detail[CURL_ERROR_SIZE] = "";
  struct curl_slist *headers = make_headers (self->transfer);
  CURLcode code;

  self->begun = self->wanted = self->silent = FALSE;
  self->come = 0;
  self->page = 0;
  curl_easy_setopt (self->curl, CURLOPT_URL, self->url);
  curl_easy_setopt (self->curl, CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt (self->curl, CURLOPT_HTTPHEADER, headers);
  code = curl_easy_perform (self->curl);
  curl_easy_setopt (self->curl, CURLOPT_ERRORBUFFER, NULL);
  curl_easy_setopt (self->curl, CURLOPT_HTTPHEADER, NULL);
  curl_slist_free_all (headers);
  if (self->error == NULL && code == CURLE_OK)
    return begin (self, error); /* an empty file has no bytes with which it could begin */
  if (self->error == NULL)
    return explain_break (self, code, detail, error);
  g_propagate_error (error, g_steal_pointer (&self->error));
  return FALSE;
}

static gboolean
is_redirect (long status)
{
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static gboolean
is_secure (const char *url)
{
  return g_ascii_strncasecmp (url, "https:", 6) == 0;
}

static gboolean
is_http (const char *url)
{
  return g_ascii_strncasecmp (url, "http:", 5) == 0 || is_secure (url);
}

static gboolean
follow (Transfer *self, guint n, GError **error)
{
  char *next = NULL;

  curl_easy_getinfo (self->curl, CURLINFO_REDIRECT_URL, &next);
  if (next == NULL)
    return vq_error_set (error, VQ_ERROR_PEER, "the server's answer %ld says not where to",
                         get_status (self));
  if (!is_http (next))
    return vq_error_set (error, VQ_ERROR_PEER,
                         "the server leads to %s, which is neither http nor https", next);
  if (is_secure (self->url) && !is_secure (next))
    return vq_error_set (error, VQ_ERROR_PEER, "the server leads from https to http: %s", next);
  if (n >= REDIRECTS_MAX)
    return vq_error_set (error, VQ_ERROR_PEER, "the server leads on and on, more than %d times",
                         REDIRECTS_MAX);
  g_free (self->url);
  self->url = g_strdup (next);
  return TRUE;
}

static gboolean
judge (const Transfer *self, gboolean *same, GError **error)
{
  long status = get_status (self);

  *same = status == 304 && (self->transfer->etag != NULL || self->transfer->modified != NULL);
  if (*same || self->wanted)
    return TRUE;
  if (status == 404 || status == 410)
    return vq_error_set (error, VQ_ERROR_MISSING, "the server has no such file (%ld)", status);
  return vq_error_set (error, VQ_ERROR_FAILED, "the server answers %ld", status);
}

static gboolean
ask_everywhere (Transfer *self, gboolean *same, GError **error)
{
  gboolean asked = ask (self, error);

  for (guint n = 0; asked && is_redirect (get_status (self)); n++)
    asked = follow (self, n, error) && ask (self, error);
  return asked && judge (self, same, error);
}

/* What we have is no part of what the server has: another file, though it says that it is the
 * same. */
static gboolean
is_beyond_end (const Transfer *self)
{
  return self->transfer->size > 0 && get_status (self) == 416;
}

gboolean
vq_fetch_transfer_run (const VqFetchTransfer *transfer, VqFetchOutput *output, int fd,
                       gboolean *same, GError **error)
{
  VqFetchTransfer anew = *transfer;
  g_auto (Transfer) self = { .transfer = transfer, .output = output, .fd = fd };
  g_autoptr (GError) why = NULL;

  self.url = g_strdup (transfer->url);
  self.curl = curl_easy_init ();
  if (self.curl == NULL)
    return vq_error_set (error, VQ_ERROR_FAILED, "libcurl cannot be used");
  set_common (&self);
  if (ask_everywhere (&self, same, &why))
    return TRUE;
  if (!is_beyond_end (&self))
    {
      g_propagate_error (error, g_steal_pointer (&why));
      return FALSE;
    }
  anew.size = 0;
  self.transfer = &anew;
  return ask_everywhere (&self, same, error);
}

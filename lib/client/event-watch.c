// SPDX-License-Identifier: GPL-2.0-or-later
/* We read the file of events (instance-event.h) and what is added to it, of which inotify tells us.
 * A supervisor that is killed adds nothing, so we watch the processes of those that run. */
#include "client/event-watch.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "instance/instance-place.h"

/* An instance that runs, as far as the file says. */
typedef struct
{
  char *name;
  int pid; /* of the supervisor */
  int fd;  /* a pidfd; -1: it is not watched yet */
  guint source_id;
} Running;

struct _VqEventWatch
{
  VqPrivateDir *place, *dir;
  int fd; /* the file; -1: there is none yet */
  GString *line;
  GHashTable *running; /* of Running, by their names */
  GPtrArray *early;    /* of VqInstanceEvent: not told of yet; NULL once we know who runs */
  int watch_fd;
  guint watch_id;
  VqEventWatchHappened happened;
  gpointer data;
};

static void
running_free (gpointer data)
{
  Running *running = data;

  g_clear_handle_id (&running->source_id, g_source_remove);
  vq_fd_clear (&running->fd);
  g_free (running->name);
  g_free (running);
}

void
vq_event_watch_free (VqEventWatch *self)
{
  if (self == NULL)
    return;
  g_clear_handle_id (&self->watch_id, g_source_remove);
  vq_fd_clear (&self->watch_fd);
  vq_fd_clear (&self->fd);
  g_hash_table_unref (self->running);
  g_clear_pointer (&self->early, g_ptr_array_unref);
  g_string_free (self->line, TRUE);
  vq_private_dir_free (self->dir);
  vq_private_dir_free (self->place);
  g_free (self);
}

/* A supervisor may say that it has stopped when the next one has already been started. */
static void
note_running (VqEventWatch *self, const VqInstanceEvent *event)
{
  Running *running = g_hash_table_lookup (self->running, event->name);

  if (strcmp (event->what, VQ_INSTANCE_EVENT_STARTED) == 0)
    {
      running = g_new0 (Running, 1);
      *running = (Running){ g_strdup (event->name), event->pid, -1, 0 };
      g_hash_table_replace (self->running, running->name, running);
    }
  else if (running != NULL && running->pid == event->pid
           && strcmp (event->what, VQ_INSTANCE_EVENT_STOPPED) == 0)
    g_hash_table_remove (self->running, event->name);
}

static void
take_line (VqEventWatch *self, const char *line)
{
  g_autoptr (VqInstanceEvent) event = line[0] != '\0' ? vq_instance_event_parse (line) : NULL;

  if (event == NULL)
    return;
  note_running (self, event);
  if (self->early != NULL)
    g_ptr_array_add (self->early, g_steal_pointer (&event));
  else
    self->happened (event, self->data);
}

/* What has no newline yet stays. */
static void
take_lines (VqEventWatch *self)
{
  char *start = self->line->str;
  char *last = start + self->line->len;
  char *end;

  while ((end = memchr (start, '\n', last - start)) != NULL)
    {
      *end = '\0';
      take_line (self, start);
      start = end + 1;
    }
  g_string_erase (self->line, 0, start - self->line->str);
}

static void
read_rest (VqEventWatch *self)
{
  char bytes[65536];
  gssize n;

  while (self->fd >= 0 && (n = read (self->fd, bytes, sizeof bytes)) > 0)
    {
      g_string_append_len (self->line, bytes, n);
      take_lines (self);
    }
}

static gboolean
is_current (VqEventWatch *self)
{
  struct stat ours, there;

  return self->fd >= 0 && fstat (self->fd, &ours) == 0
         && vq_private_dir_stat (self->dir, VQ_INSTANCE_EVENT_FILE, &there, NULL)
         && ours.st_ino == there.st_ino;
}

/* Before the first event there is no file. */
static gboolean
read_file (VqEventWatch *self, const char *name, GError **error)
{
  g_autoptr (GError) why = NULL;

  vq_fd_clear (&self->fd);
  self->fd = vq_private_dir_open_file (self->dir, name, O_RDONLY, &why);
  read_rest (self);
  if (why == NULL || vq_error_is_errno (why, ENOENT))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

/* The file may have been renamed, because it became too large. */
static void
read_new (VqEventWatch *self)
{
  g_autoptr (GError) error = NULL;

  read_rest (self);
  if (!is_current (self) && !read_file (self, VQ_INSTANCE_EVENT_FILE, &error))
    g_warning ("%s", error->message);
}

/* The supervisor of RUNNING has ended; that it has stopped may still be to be read. */
static void
report_end (VqEventWatch *self, Running *running)
{
  g_autofree char *name = g_strdup (running->name);
  int pid = running->pid;
  VqInstanceEvent event = { .time = g_get_real_time (),
                            .name = name,
                            .what = (char *)VQ_INSTANCE_EVENT_STOPPED,
                            .detail = (char *)"its supervisor was killed" };

  read_new (self);
  running = g_hash_table_lookup (self->running, name);
  if (running == NULL || running->pid != pid)
    return;
  self->happened (&event, self->data);
  g_hash_table_remove (self->running, name);
}

/* The one that is watched by FD, or any that is not watched yet if FD is -1. */
static Running *
find_running (VqEventWatch *self, int fd)
{
  GHashTableIter iter;
  gpointer running;

  g_hash_table_iter_init (&iter, self->running);
  while (g_hash_table_iter_next (&iter, NULL, &running))
    if (((Running *)running)->fd == fd)
      return running;
  return NULL;
}

static void update (VqEventWatch *self);

static gboolean
on_supervisor_ended (int fd, GIOCondition condition, gpointer data)
{
  Running *running = find_running (data, fd);

  running->source_id = 0;
  report_end (data, running);
  update (data);
  return G_SOURCE_REMOVE;
}

static void
update (VqEventWatch *self)
{
  Running *running;

  read_new (self);
  while ((running = find_running (self, -1)) != NULL)
    {
      running->fd = pidfd_open (running->pid, 0);
      if (running->fd >= 0)
        running->source_id = g_unix_fd_add (running->fd, G_IO_IN, on_supervisor_ended, self);
      else
        report_end (self, running);
    }
}

/* What has happened does not matter: the file is looked at anyway. */
static gboolean
on_change (int fd, GIOCondition condition, gpointer data)
{
  char bytes[4096];

  while (read (fd, bytes, sizeof bytes) > 0)
    ;
  update (data);
  return G_SOURCE_CONTINUE;
}

static gboolean
watch (VqEventWatch *self, GError **error)
{
  const char *path = vq_private_dir_get_path (self->dir);

  self->watch_fd = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  if (self->watch_fd < 0 || inotify_add_watch (self->watch_fd, path, IN_MODIFY | IN_CREATE) < 0)
    return vq_error_set_errno (error, errno, "cannot watch %s", path);
  self->watch_id = g_unix_fd_add (self->watch_fd, G_IO_IN, on_change, self);
  return TRUE;
}

/* Its supervisor was killed before we began, and we do not know when. */
static gboolean
is_over (gpointer name, gpointer running, gpointer data)
{
  VqEventWatch *self = data;
  g_autoptr (VqInstance) instance = vq_instance_open (self->place, name, NULL);

  return instance == NULL || !vq_instance_is_running (instance);
}

static void
tell_early (VqEventWatch *self)
{
  g_autoptr (GPtrArray) early = g_steal_pointer (&self->early);

  for (guint i = 0; i < early->len; i++)
    self->happened (early->pdata[i], self->data);
}

/* The old file, too, says who runs. Who hears of something must also hear if that supervisor is
 * killed now, so nobody is told before we know who runs. */
static gboolean
begin (VqEventWatch *self, GError **error)
{
  self->place = vq_instance_place_open_state (error);
  self->dir = self->place != NULL ? vq_instance_event_open_dir (self->place, error) : NULL;
  if (self->dir == NULL || !watch (self, error)
      || !read_file (self, VQ_INSTANCE_EVENT_OLD_FILE, error)
      || !read_file (self, VQ_INSTANCE_EVENT_FILE, error))
    return FALSE;
  g_hash_table_foreach_remove (self->running, is_over, self);
  tell_early (self);
  update (self);
  return TRUE;
}

VqEventWatch *
vq_event_watch_new (VqEventWatchHappened happened, gpointer data, GError **error)
{
  g_autoptr (VqEventWatch) self = g_new0 (VqEventWatch, 1);

  self->fd = self->watch_fd = -1;
  self->line = g_string_new (NULL);
  self->running = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, running_free);
  self->early = g_ptr_array_new_with_free_func ((GDestroyNotify)vq_instance_event_free);
  self->happened = happened;
  self->data = data;
  return begin (self, error) ? g_steal_pointer (&self) : NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/child.h"
#include "io/guest-text.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/inherited.h"
#include "base/json.h"
#include "qemu/migration.h"
#include "qemu/qmp.h"
#include "qemu/screen.h"
#include "qemu/sleep-watch.h"
#include "base/text.h"

/* How many ports are tried for the guest's ssh, beginning with the first one. */
#define SSH_PORTS 500

/* How much of the console's output is kept for --log-dir. */
#define LOGGED_CONSOLE (1024 * 1024)

/* How many seconds a guest that has suspended itself gets to be woken by an alarm of its own. */
#define SLEEP_SECONDS 30

/* How many seconds it may take to let a machine go on that was copied. */
#define GO_ON_SECONDS 10

/* After how many different errors on disks in a row the user is not told of more. */
#define DISK_ERRORS_MAX 20

struct _VqQemu
{
  VqChild *child;
  VqQmp *qmp;
  VqConsole *console;
  VqScreen *screen;  /* NULL: nobody wants pictures */
  VqGuestText *said; /* what QEMU writes to its stdout, with -serial stdio for example */
  VqCancel *cancel;
  char *full_disk; /* the message for the case that there is no room for the disk */
  char *ram_path;  /* for messages; NULL: none */
  gboolean kvm;
  gboolean running;      /* we let the guest run, so a stop would be a failure */
  gboolean end_expected; /* we told it to end, so that is not a failure */
  gboolean quits;        /* "quit" was sent */
  VqBootWatch *boots;
  VqSleepWatch *sleep; /* NULL until there is QMP */
  gint64 last_event;   /* its time */
  char *disk_error;    /* the reason of a STOP that may follow */
  int errnum;          /* what says of that reason that it lies with the host; 0: nothing does */
  guint n_disk_errors; /* how often the user was told of another one than before */
  struct
  {
    VqPortChanged changed; /* NULL: nobody wants to know */
    gpointer data;
  } ports[VQ_N_QEMU_PORTS];
};

/* The machine cannot be used any more. The console's last lines often tell why. */
static void G_GNUC_PRINTF (2, 3) fail (VqQemu *qemu, const char *format, ...)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *what = NULL;
  g_autofree char *console = vq_console_last_lines (qemu->console, 2);
  va_list args;

  if (qemu->end_expected)
    return;
  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  vq_error_set (&error, VQ_ERROR_MACHINE, "%s%s%s%s", what, console[0] != '\0' ? " (console: " : "",
                console, console[0] != '\0' ? ")" : "");
  if (qemu->errnum != 0)
    vq_error_note_errno (error, qemu->errnum);
  vq_cancel_trigger (qemu->cancel, error);
}

static gboolean
lacks_memory_file (VqQemu *qemu, VqChild *child)
{
  int status = vq_child_get_status (child);

  return qemu->ram_path != NULL && WIFSIGNALED (status) && WTERMSIG (status) == SIGBUS;
}

/* By somebody, or by the kernel, which had no memory left. */
static gboolean
was_killed (VqChild *child)
{
  int status = vq_child_get_status (child);

  return WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL;
}

/* QEMU is killed, or since QEMU 11 told that it cannot start a program, and ends. */
static gboolean
was_stopped_by_sandbox (int status, const char *text)
{
  if (WIFSIGNALED (status))
    return WTERMSIG (status) == SIGSYS;
  return strstr (text, "fork") != NULL && strstr (text, g_strerror (EPERM)) != NULL;
}

static char *
describe_exit (VqQemu *qemu, VqChild *child)
{
  int status = vq_child_get_status (child);
  g_autofree char *text = vq_child_get_stderr (child);
  g_autofree char *how = vq_child_describe_end (child);
  g_autofree char *note = WIFEXITED (status) ? vq_inherited_note_on_text (text) : g_strdup ("");

  if (lacks_memory_file (qemu, child))
    return g_strdup_printf ("%s: no space is left for its memory file %s, or it was cut short", how,
                            qemu->ram_path);
  if (was_stopped_by_sandbox (status, text))
    return g_strdup_printf ("%s%s%s: its sandbox forbids that system call; if --qemu-options let "
                            "QEMU start a program, add --sandbox=off",
                            how, text[0] != '\0' ? ": " : "", text);
  return g_strdup_printf ("%s%s%s%s", how, text[0] != '\0' ? ": " : "", text, note);
}

static const char *
get_text (JsonObject *object, const char *member)
{
  const char *value;

  return vq_json_get_string (object, member, "", &value, NULL) ? value : "";
}

static gboolean
get_flag (JsonObject *object, const char *member)
{
  gboolean value;

  return vq_json_get_bool (object, member, FALSE, &value, NULL) && value;
}

static void
on_shutdown (VqQemu *qemu, JsonObject *data)
{
  const char *reason = get_text (data, "reason");

  if (g_str_equal (reason, "guest-panic"))
    fail (qemu, "the guest's kernel panicked");
  else if (g_str_equal (reason, "guest-reset"))
    fail (qemu, "the guest rebooted, and --qemu-options tell QEMU to end then");
  else if (get_flag (data, "guest"))
    fail (qemu, "the guest powered itself off");
  else
    fail (qemu, "QEMU was told to end (%s)", reason);
}

static void
on_reset (VqQemu *qemu, JsonObject *data)
{
  vq_sleep_watch_end (qemu->sleep);
  if (!vq_boot_watch_end (qemu->boots, VQ_BOOT_END_RESET))
    fail (qemu, "the guest rebooted though nobody asked for it");
}

/* What QEMU has said of KVM before it wrote down all registers ("KVM internal error. Suberror: 1"),
 * or "". Transfer full. */
static char *
find_kvm_error (VqQemu *qemu)
{
  g_autofree char *text = vq_child_get_stderr (qemu->child);
  g_auto (GStrv) lines = g_strsplit (text, "; ", -1);

  for (char **line = lines; *line != NULL; line++)
    if (strstr (*line, "KVM") != NULL || strstr (*line, "kvm run failed") != NULL)
      return g_strconcat (": ", *line, NULL);
  return g_strdup ("");
}

/* QEMU stops the machine when KVM does what it did not expect. */
static void
tell_stop (VqQemu *qemu)
{
  g_autofree char *why = qemu->kvm ? find_kvm_error (qemu) : g_strdup ("");

  fail (qemu, "the machine was stopped though nobody asked for it%s%s", why,
        qemu->kvm ? "; KVM may not work on this host: --accel=tcg does without it" : "");
}

static void
on_stop (VqQemu *qemu, JsonObject *data)
{
  if (!qemu->running)
    return;
  if (qemu->disk_error != NULL)
    fail (qemu, "%s", qemu->disk_error);
  else
    tell_stop (qemu);
}

static char *
describe_disk_error (VqQemu *qemu, JsonObject *data)
{
  const char *reason = get_text (data, "reason");
  g_autofree char *note = vq_inherited_note_on_text (reason);

  if (get_flag (data, "nospace"))
    return g_strdup (qemu->full_disk);
  return g_strdup_printf ("I/O error on the testbed's disk %s: %s%s", get_text (data, "node-name"),
                          reason, note);
}

/* The log counts a message that is repeated, but a guest with two bad disks could take turns. */
static void
tell_disk_error (VqQemu *qemu, gboolean is_new)
{
  qemu->n_disk_errors += is_new;
  if (qemu->n_disk_errors <= DISK_ERRORS_MAX)
    g_message ("%s", qemu->disk_error);
  else if (is_new && qemu->n_disk_errors == DISK_ERRORS_MAX + 1)
    g_message ("there are more errors on the testbed's disks; they are not shown");
}

/* If QEMU stops the machine because of the error, STOP follows, and that is the message. */
static void
on_block_error (VqQemu *qemu, JsonObject *data)
{
  g_autofree char *before = g_steal_pointer (&qemu->disk_error);

  qemu->disk_error = describe_disk_error (qemu, data);
  qemu->errnum = get_flag (data, "nospace") ? ENOSPC : 0;
  if (!g_str_equal (get_text (data, "action"), "stop"))
    tell_disk_error (qemu, g_strcmp0 (before, qemu->disk_error) != 0);
}

/* The kernel may reboot by itself (kernel.panic), so only those who expect no boot give up. */
static void
on_panic (VqQemu *qemu, JsonObject *data)
{
  if (!vq_boot_watch_end (qemu->boots, VQ_BOOT_END_PANIC))
    fail (qemu, "the guest's kernel panicked");
}

static void
on_suspend (VqQemu *qemu, JsonObject *data)
{
  vq_sleep_watch_begin (qemu->sleep);
}

static void
on_wakeup (VqQemu *qemu, JsonObject *data)
{
  vq_sleep_watch_end (qemu->sleep);
}

static void
on_port (VqQemu *qemu, JsonObject *data)
{
  const char *id = get_text (data, "id");

  for (int i = 0; i < VQ_N_QEMU_PORTS; i++)
    if (g_str_equal (id, vq_qemu_port_get_id (i)) && qemu->ports[i].changed != NULL)
      qemu->ports[i].changed (get_flag (data, "open"), qemu->ports[i].data);
}

static const struct
{
  const char *name;
  void (*handle) (VqQemu *qemu, JsonObject *data);
} events[] = {
  { "SHUTDOWN", on_shutdown },
  { "RESET", on_reset },
  { "STOP", on_stop },
  { "BLOCK_IO_ERROR", on_block_error },
  { "GUEST_PANICKED", on_panic },
  { "SUSPEND", on_suspend },
  { "WAKEUP", on_wakeup },
  { "VSERPORT_CHANGE", on_port },
};

static void
on_event (const char *event, JsonObject *data, gpointer user_data)
{
  ((VqQemu *)user_data)->last_event = g_get_monotonic_time ();
  for (gsize i = 0; i < G_N_ELEMENTS (events); i++)
    if (g_str_equal (events[i].name, event))
      events[i].handle (user_data, data);
}

/* QEMU's last event may tell more than its exit status, but may not have been read yet, so that is
 * done first. */
static void
on_child_ended (VqChild *child, gpointer data)
{
  VqQemu *qemu = data;
  g_autofree char *how = describe_exit (qemu, child);

  if (qemu->qmp != NULL)
    vq_qmp_drain (qemu->qmp);
  if (lacks_memory_file (qemu, child) || vq_error_guess_code (how) == VQ_ERROR_NO_ROOM)
    qemu->errnum = ENOSPC;
  else if (qemu->errnum == 0 && was_killed (child))
    qemu->errnum = EINTR;
  fail (qemu, "QEMU ended: %s", how);
}

static void
log_argv (char **argv)
{
  g_autofree char *line = g_strjoinv (" ", argv);

  g_debug ("QEMU: %s", line);
}

/* Spawns QEMU with STDOUT_FD and with one end of a socket pair as its monitor, and returns the
 * other end. */
static int
spawn (VqQemu *qemu, VqQemuConfig *machine, int stdout_fd, GError **error)
{
  g_auto (GStrv) argv = NULL;
  vq_autofd int ours = -1;
  int pair[2];
  int keep[4];
  VqChildOptions options = { .stdout_fd = stdout_fd, .keep_fds = keep, .n_keep_fds = 2 };

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
    {
      vq_error_set_errno (error, errno, "cannot make a socket pair");
      return -1;
    }
  ours = pair[0];
  keep[0] = machine->qmp_fd = pair[1];
  keep[1] = machine->console_fd = vq_console_get_writer (qemu->console);
  if (qemu->screen != NULL)
    keep[options.n_keep_fds++] = machine->screen_fd = vq_screen_get_writer (qemu->screen);
  if (machine->plan->slot != NULL)
    keep[options.n_keep_fds++] = vq_slot_get_fd (machine->plan->slot);
  argv = vq_qemu_config_build_argv (machine);
  log_argv (argv);
  qemu->child = vq_child_spawn ((const char *const *)argv, &options, error);
  close (pair[1]);
  vq_console_close_writer (qemu->console);
  return qemu->child != NULL ? g_steal_fd (&ours) : -1;
}

/* For --log-dir. */
static gboolean
prepare_log (VqQemu *qemu, GError **error)
{
  vq_console_keep (qemu->console, LOGGED_CONSOLE);
  qemu->screen = vq_screen_new (error);
  return qemu->screen != NULL;
}

static gboolean
open_console_log (VqQemu *qemu, const char *path, GError **error)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

  if (fd < 0)
    return vq_error_set_errno (error, errno, "cannot write %s", path);
  vq_console_log_to (qemu->console, fd);
  return TRUE;
}

/* A testbed's disk is in a directory that is made for it, an instance's or a template's in the one
 * that stays. */
static char *
describe_full_disk (const VqQemuConfig *machine)
{
  const char *overlay_dir = machine->plan->options->overlay_dir;
  g_autofree char *directory = g_path_get_dirname (machine->overlay);
  g_autofree char *above = g_path_get_dirname (machine->directory);

  if (machine->disk_stays)
    return g_strdup_printf ("no space left for the instance's disk in %s: free some", directory);
  if (machine->ram_shared)
    return g_strdup_printf ("no space left for the template's disk in %s: free some, or name "
                            "another directory with --template-dir",
                            directory);
  return g_strdup_printf ("no space left for the testbed's disk in %s: free some, or name another "
                          "directory with --overlay-dir",
                          overlay_dir != NULL ? overlay_dir : above);
}

VqQemu *
vq_qemu_start (VqQemuConfig *machine, gint64 deadline, VqCancel *cancel, GError **error)
{
  const VqOptions *options = machine->plan->options;
  g_autoptr (VqQemu) qemu = g_new0 (VqQemu, 1);
  vq_autofd int said = -1;
  int fd;

  qemu->cancel = vq_cancel_new (cancel);
  qemu->boots = vq_boot_watch_new (qemu->cancel);
  qemu->full_disk = describe_full_disk (machine);
  qemu->ram_path = g_strdup (machine->ram_path);
  qemu->kvm = machine->plan->kvm;
  qemu->console = vq_console_new (options->show_boot, error);
  qemu->said = vq_guest_text_new (G_MAXUINT64);
  if (qemu->console == NULL || (said = vq_guest_text_open_pipe (qemu->said, error)) < 0
      || (options->log_dir != NULL && !prepare_log (qemu, error))
      || (machine->console_log != NULL && !open_console_log (qemu, machine->console_log, error)))
    return NULL;
  fd = spawn (qemu, machine, said, error);
  if (fd < 0)
    return NULL;
  vq_child_on_ended (qemu->child, on_child_ended, qemu);
  qemu->qmp = vq_qmp_new (fd, on_event, qemu);
  qemu->sleep = vq_sleep_watch_new (qemu->qmp, SLEEP_SECONDS);
  if (!vq_qmp_handshake (qemu->qmp, deadline, qemu->cancel, error))
    return NULL;
  return g_steal_pointer (&qemu);
}

void
vq_qemu_free (VqQemu *qemu)
{
  if (qemu == NULL)
    return;
  vq_sleep_watch_free (qemu->sleep);
  vq_qmp_free (qemu->qmp);
  vq_child_free (qemu->child);
  vq_console_free (qemu->console);
  vq_screen_free (qemu->screen);
  vq_guest_text_free (qemu->said);
  vq_boot_watch_free (qemu->boots);
  vq_cancel_free (qemu->cancel);
  g_free (qemu->full_disk);
  g_free (qemu->ram_path);
  g_free (qemu->disk_error);
  g_free (qemu);
}

GBytes *
vq_qemu_take_picture (VqQemu *qemu, gint64 deadline, GError **error)
{
  return vq_screen_take_picture (qemu->screen, qemu->qmp, deadline, error);
}

VqCancel *
vq_qemu_get_cancel (VqQemu *qemu)
{
  return qemu->cancel;
}

char *
vq_qemu_get_stderr (VqQemu *qemu)
{
  return vq_child_get_stderr (qemu->child);
}

VqConsole *
vq_qemu_get_console (VqQemu *qemu)
{
  return qemu->console;
}

GPid
vq_qemu_get_pid (VqQemu *qemu)
{
  return vq_child_has_ended (qemu->child) ? 0 : vq_child_get_pid (qemu->child);
}

gboolean
vq_qemu_run_guest (VqQemu *qemu, gint64 deadline, GError **error)
{
  if (!vq_qmp_call (qemu->qmp, "cont", NULL, NULL, deadline, qemu->cancel, error))
    return FALSE;
  qemu->running = TRUE;
  return TRUE;
}

gboolean
vq_qemu_stop_guest (VqQemu *qemu, gint64 deadline, GError **error)
{
  g_autoptr (JsonNode) result = NULL;
  const char *status;

  qemu->running = FALSE; /* so that the STOP that follows is not a failure */
  if (!vq_qmp_call (qemu->qmp, "stop", NULL, NULL, deadline, qemu->cancel, error)
      || !vq_qmp_call (qemu->qmp, "query-status", NULL, &result, deadline, qemu->cancel, error))
    return FALSE;
  status
      = JSON_NODE_HOLDS_OBJECT (result) ? get_text (json_node_get_object (result), "status") : "";
  if (g_str_equal (status, "paused"))
    return TRUE;
  /* The machine had stopped already, for a reason that every fork would inherit. */
  return vq_error_set (error, VQ_ERROR_MACHINE, "it was not running (%s)",
                       qemu->disk_error != NULL ? qemu->disk_error : status);
}

gboolean
vq_qemu_save (VqQemu *qemu, int file, gint64 deadline, GError **error)
{
  VQ_ERROR_PREFIX (error, "cannot save the machine");

  return vq_qemu_stop_guest (qemu, deadline, error)
         && vq_migration_save (qemu->qmp, file, deadline, qemu->cancel, error);
}

gboolean
vq_qemu_load (VqQemu *qemu, int file, gint64 deadline, GError **error)
{
  VQ_ERROR_PREFIX (error, "cannot load the saved machine");

  return vq_migration_load (qemu->qmp, file, deadline, qemu->cancel, error);
}

/* If it cannot go on after that, that is the error that counts. */
gboolean
vq_qemu_send (VqQemu *qemu, const char *socket, VqLiveMigrationStill still, gpointer data,
              gint64 deadline, GError **error)
{
  VQ_ERROR_PREFIX (error, "cannot copy the machine");
  g_autoptr (GError) why = NULL;
  g_autoptr (GError) stuck = NULL;
  gboolean sent;

  if (!qemu->running)
    return vq_error_set (error, VQ_ERROR_MACHINE, "it does not run");
  qemu->running = FALSE; /* so that the STOP that follows is not a failure */
  sent = vq_live_migration_send (qemu->qmp, socket, still, data, deadline, qemu->cancel, &why);
  if (!vq_qemu_run_guest (qemu, MAX (deadline, vq_deadline_in (GO_ON_SECONDS)), &stuck))
    {
      vq_cancel_trigger (qemu->cancel, stuck);
      g_propagate_error (error, g_steal_pointer (&stuck));
      return FALSE;
    }
  if (!sent)
    g_propagate_error (error, g_steal_pointer (&why));
  return sent;
}

gboolean
vq_qemu_receive (VqQemu *qemu, const char *socket, VqLiveMigrationAsk ask, gpointer data,
                 gint64 deadline, GError **error)
{
  VQ_ERROR_PREFIX (error, "cannot take over the machine");

  return vq_live_migration_receive (qemu->qmp, socket, ask, data, deadline, qemu->cancel, error);
}

gboolean
vq_qemu_can_read_ram (VqQemu *qemu, gboolean *can, gint64 deadline, GError **error)
{
  g_autoptr (JsonNode) result = NULL;
  g_autoptr (GList) properties = NULL;

  *can = FALSE;
  if (!vq_qmp_call (qemu->qmp, "qom-list-properties",
                    vq_json_build ("typename", "s", "memory-backend-file", NULL), &result, deadline,
                    qemu->cancel, error))
    return FALSE;
  if (JSON_NODE_HOLDS_ARRAY (result))
    properties = json_array_get_elements (json_node_get_array (result));
  for (GList *l = properties; l != NULL; l = l->next)
    if (JSON_NODE_HOLDS_OBJECT (l->data))
      *can |= g_str_equal (get_text (json_node_get_object (l->data), "name"), "rom");
  return TRUE;
}

gboolean
vq_qemu_add_nodes (VqQemu *qemu, const VqDiskNodes *nodes, gint64 deadline, GError **error)
{
  return vq_hotplug_add_nodes (qemu->qmp, nodes, deadline, qemu->cancel, error);
}

gboolean
vq_qemu_plug_disk (VqQemu *qemu, const VqHotDisk *disk, gint64 deadline, GError **error)
{
  return vq_hotplug_add (qemu->qmp, disk, deadline, qemu->cancel, error);
}

gboolean
vq_qemu_unplug_disk (VqQemu *qemu, const char *id, gint64 deadline, GError **error)
{
  return vq_hotplug_remove (qemu->qmp, id, deadline, qemu->cancel, error);
}

void
vq_qemu_on_port (VqQemu *qemu, VqQemuPort port, VqPortChanged changed, gpointer data)
{
  qemu->ports[port].changed = changed;
  qemu->ports[port].data = data;
}

VqBootWatch *
vq_qemu_get_boots (VqQemu *qemu)
{
  return qemu->boots;
}

gint64
vq_qemu_get_last_sign (VqQemu *qemu)
{
  return MAX (qemu->last_event, vq_console_get_last_time (qemu->console));
}

void
vq_qemu_lose_helper (VqQemu *qemu, const GError *reason)
{
  if (!vq_boot_watch_end (qemu->boots, VQ_BOOT_END_HELPER))
    fail (qemu, "%s", reason->message);
}

gboolean
vq_qemu_forward_ssh (VqQemu *qemu, guint first, guint *port, gint64 deadline, GError **error)
{
  *port = 0;
  for (guint candidate = first; candidate < first + SSH_PORTS; candidate++)
    {
      g_autofree char *line = g_strdup_printf ("hostfwd_add %s tcp:127.0.0.1:%u-:22",
                                               VQ_QEMU_CONFIG_NETDEV, candidate);
      g_autofree char *answer = NULL;

      if (!vq_qmp_human (qemu->qmp, line, &answer, deadline, qemu->cancel, error))
        return FALSE;
      if (g_strstrip (answer)[0] != '\0')
        continue; /* the port is in use */
      *port = candidate;
      return TRUE;
    }
  return TRUE;
}

void
vq_qemu_expect_end (VqQemu *qemu)
{
  qemu->end_expected = TRUE;
}

gboolean
vq_qemu_wait_end (VqQemu *qemu, gint64 deadline, GError **error)
{
  return vq_child_wait (qemu->child, deadline, qemu->cancel, error);
}

void
vq_qemu_begin_quit (VqQemu *qemu)
{
  vq_qemu_expect_end (qemu);
  if (!qemu->quits && !vq_child_has_ended (qemu->child))
    vq_qmp_send (qemu->qmp, "quit", NULL);
  qemu->quits = TRUE;
}

void
vq_qemu_quit (VqQemu *qemu, gint64 deadline)
{
  vq_qemu_begin_quit (qemu);
  if (!vq_child_wait (qemu->child, deadline, NULL, NULL))
    vq_child_kill (qemu->child, SIGKILL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* A running machine is saved, and others go on from there: the real QEMU, under TCG, with a boot
 * sector that counts in memory, on the disk and on the console. */
#include "qemu/qemu.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bare-machine.h"
#include "base/error.h"
#include "io/file-copy.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 60 /* seconds */

/* With every tick of the timer (18 a second): the first word of sector 1 must be what is in memory;
 * adds one to both; says it in four letters from 'a' to 'p'. If it is not, it says '!' and ends. */
static const guint8 code[] = {
  0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, /*    ds = ss = 0 */
  0xbc, 0x00, 0x7c,                   /*    sp = 7c00 */
  0xa3, 0x00, 0x90, 0xfb,             /*    [9000] = 0; sti */
  0xf4,                               /* 1: hlt */
  0xb4, 0x42, 0xe8, 0x3a, 0x00,       /*    BIOS: extended read to 8000 */
  0xa1, 0x00, 0x80,                   /*    ax = [8000] */
  0x3b, 0x06, 0x00, 0x90, 0x75, 0x2a, /*    if ax != [9000] goto 3 */
  0xff, 0x06, 0x00, 0x80,             /*    [8000]++ */
  0xff, 0x06, 0x00, 0x90,             /*    [9000]++ */
  0xb8, 0x00, 0x43, 0xe8, 0x23, 0x00, /*    BIOS: extended write */
  0x8b, 0x1e, 0x00, 0x90,             /*    bx = [9000] */
  0xb9, 0x04, 0x00,                   /*    cx = 4 */
  0xc1, 0xc3, 0x04,                   /* 2: rol bx, 4 */
  0x88, 0xd8, 0x24, 0x0f, 0x04, 0x61, /*    al = (bl & 15) + 'a' */
  0xe8, 0x1a, 0x00, 0xe2, 0xf2,       /*    put; loop 2 */
  0xb0, 0x0a, 0xe8, 0x13, 0x00,       /*    al = newline; put */
  0xeb, 0xc7,                         /*    goto 1 */
  0xb0, 0x21, 0xe8, 0x0c, 0x00,       /* 3: al = '!'; put */
  0xfa, 0xf4,                         /*    cli; hlt */
  0xbe, 0x5c, 0x7c, 0xb2, 0x80,       /* disk: si = 7c5c, dl = 80 */
  0xcd, 0x13, 0x72, 0xf0, 0xc3,       /*    int 13; if it failed goto 3; ret */
  0xba, 0xf8, 0x03, 0xee, 0xc3,       /* put: out 3f8, al; ret */
  0x10, 0x00, 0x01, 0x00, 0x00, 0x80, 0x00, 0x00, 1, 0, 0, 0, 0, 0, 0, 0,
};

static BareMachine *bare; /* the template */
static VqQemu *qemu;
static char *state;

static void
setup (void)
{
  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  bare = bare_machine_new ("x86_64", NULL);
  bare_machine_share_ram (bare);
  bare_machine_make_disk (bare, NULL, code, sizeof code);
  state = g_build_filename (bare->directory, "state", NULL);
}

static void
teardown (void)
{
  g_clear_pointer (&qemu, vq_qemu_free);
  g_clear_pointer (&bare, bare_machine_free);
  g_clear_pointer (&state, g_free);
  leaks_assert_none ();
}

static gint64
soon (void)
{
  return vq_deadline_in (PATIENCE);
}

static VqQemu *
start (BareMachine *machine)
{
  g_autoptr (GError) error = NULL;
  VqQemu *result = vq_qemu_start (&machine->machine, soon (), NULL, &error);

  ck_assert_msg (result != NULL, "%s", error != NULL ? error->message : "");
  return result;
}

static void
run (VqQemu *machine)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = vq_qemu_run_guest (machine, soon (), &error);

  ck_assert_msg (ok, "%s", error != NULL ? error->message : "");
}

static void
quit (VqQemu *machine)
{
  vq_qemu_quit (machine, soon ());
  ck_assert (vq_qemu_wait_end (machine, vq_deadline_in (0), NULL));
  ck_assert_ptr_null (vq_cancel_reason (vq_qemu_get_cancel (machine)));
  while (g_main_context_iteration (NULL, FALSE)) /* the console's last words */
    ;
}

/* The letters that the guest said. */
static char *
read_counts (VqQemu *machine)
{
  g_autofree char *text = vq_console_last_lines (vq_qemu_get_console (machine), 10000);
  GString *letters = g_string_new (NULL);

  for (const char *p = text; *p != '\0'; p++)
    if (*p >= 'a' && *p <= 'p')
      g_string_append_c (letters, *p);
    else
      ck_assert_msg (*p == ' ' || *p == '|', "%s", text);
  return g_string_free (letters, FALSE);
}

typedef struct
{
  VqQemu *qemu;
  gsize letters;
} Goal;

static gboolean
has_counted (gpointer data)
{
  Goal *goal = data;
  g_autofree char *counts = read_counts (goal->qemu);

  return strlen (counts) >= goal->letters;
}

/* Waits until the guest has said N more numbers. */
static void
count_on (VqQemu *machine, guint n)
{
  g_autofree char *before = read_counts (machine);
  Goal goal = { machine, strlen (before) + 4 * n };
  g_autoptr (GError) error = NULL;

  ck_assert_msg (
      vq_wait_until (has_counted, &goal, soon (), vq_qemu_get_cancel (machine), "counts", &error),
      "%s: %s", error != NULL ? error->message : "", before);
}

/* LETTERS are the numbers from 1 on, none left out and none said twice; the last may be cut. */
static guint
assert_sequence (const char *letters)
{
  guint n = strlen (letters) / 4;

  for (guint i = 0; i < n; i++)
    {
      guint value = 0;

      for (int k = 0; k < 4; k++)
        value = value * 16 + letters[4 * i + k] - 'a';
      ck_assert_msg (value == i + 1, "%u instead of %u: %s", value, i + 1, letters);
    }
  return n;
}

/* The fork went on from BEFORE, what the template had said. */
static guint
assert_went_on (const char *before, VqQemu *fork)
{
  g_autofree char *after = read_counts (fork);
  g_autofree char *all = g_strconcat (before, after, NULL);

  return assert_sequence (all) - strlen (before) / 4;
}

static gboolean
try_save (const char *path, int flags, GError **error)
{
  int file = open (path, flags | O_CLOEXEC, 0600);
  gboolean saved;

  ck_assert_int_ge (file, 0);
  saved = vq_qemu_save (qemu, file, soon (), error);
  close (file);
  return saved;
}

static void
save (void)
{
  g_autoptr (GError) error = NULL;
  gboolean saved = try_save (state, O_WRONLY | O_CREAT | O_EXCL, &error);

  ck_assert_msg (saved, "%s", error != NULL ? error->message : "");
}

/* The guest's code is in its memory, which is not to be saved twice. */
static void
assert_no_memory_in_state (void)
{
  g_autofree char *bytes = NULL;
  gsize n;

  ck_assert (g_file_get_contents (state, &bytes, &n, NULL));
  ck_assert_ptr_null (memmem (bytes, n, code, sizeof code));
}

/* Boots, counts, saves and ends the template; gives what it said. */
static char *
make_template (void)
{
  char *counts;

  qemu = start (bare);
  run (qemu);
  count_on (qemu, 3);
  save ();
  quit (qemu);
  assert_no_memory_in_state ();
  counts = read_counts (qemu);
  ck_assert_uint_ge (assert_sequence (counts), 3);
  g_clear_pointer (&qemu, vq_qemu_free);
  return counts;
}

static gboolean
try_load (VqQemu *fork, double seconds, GError **error)
{
  int file = open (state, O_RDONLY | O_CLOEXEC);
  gboolean loaded;

  ck_assert_int_ge (file, 0);
  loaded = vq_qemu_load (fork, file, vq_deadline_in (seconds), error);
  close (file);
  return loaded;
}

static void
load (VqQemu *fork)
{
  g_autoptr (GError) error = NULL;
  gboolean loaded = try_load (fork, PATIENCE, &error);

  ck_assert_msg (loaded, "%s", error != NULL ? error->message : "");
}

/* The template's files must not change: path by path their checksums. */
static char *
sum_up (void)
{
  const char *const paths[] = { bare->ram, bare->overlay, state, NULL };
  GString *sums = g_string_new (NULL);

  for (const char *const *path = paths; *path != NULL; path++)
    {
      g_autofree char *bytes = NULL;
      g_autofree char *sum = NULL;
      gsize n;

      ck_assert (g_file_get_contents (*path, &bytes, &n, NULL));
      sum = g_compute_checksum_for_data (G_CHECKSUM_MD5, (const guchar *)bytes, n);
      g_string_append_printf (sums, "%s %s\n", *path, sum);
    }
  return g_string_free (sums, FALSE);
}

static void
assert_message (const GError *error, const char *text)
{
  ck_assert_ptr_nonnull (error);
  ck_assert_msg (strstr (error->message, text) != NULL, "no \"%s\" in: %s", text, error->message);
  ck_assert_ptr_null (strchr (error->message, '\n'));
}

CASE ("good", setup, teardown, 180)

TEST (forks_go_on)
{
  g_autofree char *before = make_template ();
  g_autofree char *sums = sum_up ();
  g_autofree char *sums_after = NULL;
  g_autoptr (BareMachine) one = bare_machine_fork (bare, "x86_64", NULL);
  g_autoptr (BareMachine) two = bare_machine_fork (bare, "x86_64", NULL);
  g_autoptr (VqQemu) first = start (one);
  g_autoptr (VqQemu) second = start (two);

  load (first);
  load (second);
  run (first);
  count_on (first, 4); /* ahead of the other */
  run (second);
  count_on (second, 2);
  count_on (first, 2);
  quit (first);
  quit (second);
  ck_assert_uint_ge (assert_went_on (before, first), 6);
  ck_assert_uint_ge (assert_went_on (before, second), 2);
  sums_after = sum_up ();
  ck_assert_str_eq (sums, sums_after);
}

/* Two machines, of which one takes over the state of the other while that runs. */
typedef struct
{
  const char *disk; /* of the one that runs */
  const char *copy; /* where to copy it; NULL: that fails */
} Disks;

static gboolean
copy_disk (gpointer data, GError **error)
{
  Disks *disks = data;

  return disks->copy != NULL ? vq_file_copy_over (disks->disk, disks->copy, error)
                             : vq_error_set (error, VQ_ERROR_FAILED, "no room for it");
}

static gboolean
send_live (const char *socket, gpointer data, GError **error)
{
  return vq_qemu_send (qemu, socket, copy_disk, data, soon (), error);
}

static BareMachine *
make_receiver (void)
{
  BareMachine *other = bare_machine_new ("x86_64", NULL);

  bare_machine_share_ram (other);
  bare_machine_make_disk (other, NULL, code, sizeof code);
  other->machine.incoming = TRUE;
  return other;
}

/* The copy went on from somewhere in what the other one, ALL, has said. */
static void
assert_went_on_within (const char *all, VqQemu *copy)
{
  g_autofree char *rest = read_counts (copy);
  g_autofree char *begin = g_strndup (rest, 8);
  const char *from = strstr (all, begin);
  g_autofree char *before = g_strndup (all, from != NULL ? from - all : 0);

  ck_assert_msg (strlen (before) >= 12, "%s: %s", all, rest);
  assert_went_on (before, copy);
}

/* Both count on from where the one was, on disks of their own. */
TEST (copied_while_it_runs)
{
  g_autoptr (BareMachine) other = make_receiver ();
  Disks disks = { bare->overlay, other->overlay };
  g_autofree char *socket = g_build_filename (other->directory, "incoming", NULL);
  g_autoptr (VqQemu) second = start (other);
  g_autofree char *all = NULL;
  g_autoptr (GError) error = NULL;
  gboolean received;

  qemu = start (bare);
  run (qemu);
  count_on (qemu, 3);
  received = vq_qemu_receive (second, socket, send_live, &disks, soon (), &error);
  ck_assert_msg (received, "%s", error != NULL ? error->message : "");
  run (second);
  count_on (second, 5);
  count_on (qemu, 5);
  all = read_counts (qemu);
  ck_assert_uint_ge (assert_sequence (all), 8);
  assert_went_on_within (all, second);
  quit (second);
  quit (qemu);
}

/* The one that runs goes on. */
TEST (cannot_be_copied)
{
  g_autoptr (BareMachine) other = make_receiver ();
  Disks disks = { bare->overlay, NULL };
  g_autofree char *socket = g_build_filename (other->directory, "incoming", NULL);
  g_autoptr (VqQemu) second = start (other);
  g_autofree char *counts = NULL;
  g_autoptr (GError) error = NULL;

  qemu = start (bare);
  run (qemu);
  count_on (qemu, 3);
  ck_assert (!vq_qemu_receive (second, socket, send_live, &disks, soon (), &error));
  assert_message (error, "cannot copy the machine: no room for it");
  count_on (qemu, 3);
  counts = read_counts (qemu);
  ck_assert_uint_ge (assert_sequence (counts), 6);
  quit (qemu);
}

/* One after the other, as with revert; each is paused until it is told to run. */
TEST (fork_again)
{
  g_autofree char *before = make_template ();

  for (int i = 0; i < 2; i++)
    {
      g_autoptr (BareMachine) other = bare_machine_fork (bare, "x86_64", NULL);
      g_autoptr (VqQemu) fork = start (other);
      g_autofree char *nothing = NULL;

      load (fork);
      ck_assert (vq_wait_pause (200, NULL, NULL));
      nothing = read_counts (fork);
      ck_assert_str_eq (nothing, "");
      run (fork);
      count_on (fork, 2);
      ck_assert_uint_ge (assert_went_on (before, fork), 2);
    }
}

TEST (with_firmware)
{
  g_autoptr (BareMachine) other = NULL;
  g_autoptr (VqQemu) fork = NULL;

  bare_machine_use_firmware (bare);
  qemu = start (bare);
  run (qemu);
  ck_assert (vq_wait_pause (1000, vq_qemu_get_cancel (qemu), NULL));
  save ();
  quit (qemu);
  other = bare_machine_fork (bare, "x86_64", NULL);
  fork = start (other);
  load (fork);
  run (fork);
  ck_assert (vq_wait_pause (500, vq_qemu_get_cancel (fork), NULL));
  quit (fork);
}

static void
give_options (BareMachine *machine, const char *const *words)
{
  g_strfreev (machine->options->qemu_options);
  machine->options->qemu_options = g_strdupv ((char **)words);
}

/* With a machine type and devices of the user's, and a file system that nobody mounts. */
TEST (with_options)
{
  const char *const words[]
      = { "-machine", "q35",
          "-virtfs",  "local,path=/usr,mount_tag=x,security_model=none,readonly=on",
          "-device",  "usb-ehci",
          "-smp",     "2",
          NULL };
  g_autofree char *before = NULL;
  g_autoptr (BareMachine) other = NULL;
  g_autoptr (VqQemu) fork = NULL;

  give_options (bare, words);
  ck_assert (vq_qemu_config_check_saving (bare->options, NULL));
  before = make_template ();
  other = bare_machine_fork (bare, "x86_64", NULL);
  give_options (other, words);
  fork = start (other);
  load (fork);
  run (fork);
  count_on (fork, 2);
  ck_assert_uint_ge (assert_went_on (before, fork), 2);
}

TEST (memory_is_private)
{
  g_autofree char *before = make_template ();
  struct stat st;

  ck_assert_int_eq (stat (bare->ram, &st), 0);
  ck_assert_int_eq (st.st_mode & 0777, 0600);
  ck_assert_int_eq (st.st_size, 64 * 1024 * 1024);
  ck_assert_int_lt (st.st_blocks * 512, st.st_size / 2);
}

/* QEMU says which device it is; the guest goes on. */
TEST (device_that_cannot_be_saved)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *counts = NULL;

  give_options (bare, (const char *const[]){ "-device", "qemu-xhci", "-device", "usb-uas", NULL });
  qemu = start (bare);
  run (qemu);
  count_on (qemu, 2);
  ck_assert (!try_save (state, O_WRONLY | O_CREAT, &error));
  assert_message (error, "cannot save the machine: migrate: QMP: ");
  assert_message (error, "usb-uas");
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_PEER));
  run (qemu);
  count_on (qemu, 2);
  quit (qemu);
  counts = read_counts (qemu);
  assert_sequence (counts);
}

/* The guest goes on, and what is saved next is whole. */
TEST (file_that_cannot_be_written)
{
  static const struct
  {
    const char *path;
    int flags;
    const char *error;
  } cases[] = {
    { "/dev/full", O_WRONLY,
      "cannot save the machine: cannot write the state file: No space left" },
    { "/dev/null", O_RDONLY, "cannot save the machine: cannot write the state file: Bad file" },
  };
  g_autofree char *before = NULL;
  g_autoptr (BareMachine) other = NULL;
  g_autoptr (VqQemu) fork = NULL;

  qemu = start (bare);
  run (qemu);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      count_on (qemu, 2);
      ck_assert (!try_save (cases[i].path, cases[i].flags, &error));
      assert_message (error, cases[i].error);
      run (qemu);
    }
  count_on (qemu, 2);
  save ();
  quit (qemu);
  before = read_counts (qemu);
  other = bare_machine_fork (bare, "x86_64", NULL);
  fork = start (other);
  load (fork);
  run (fork);
  count_on (fork, 2);
  ck_assert_uint_ge (assert_went_on (before, fork), 2);
}

/* A machine that has stopped by itself is no template. */
TEST (not_running)
{
  g_autoptr (GError) error = NULL;

  qemu = start (bare);
  ck_assert (!try_save (state, O_WRONLY | O_CREAT, &error));
  ck_assert_str_eq (error->message, "cannot save the machine: it was not running (prelaunch)");
  run (qemu);
  count_on (qemu, 1);
}

/* The only child. */
static pid_t
find_qemu (void)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/children", getpid ());
  g_autofree char *children = NULL;

  ck_assert (g_file_get_contents (path, &children, NULL, NULL));
  ck_assert_ptr_eq (strchr (children, ' '), strrchr (children, ' '));
  ck_assert_int_gt (atoi (children), 1);
  return atoi (children);
}

static void
signal_qemu (int signum)
{
  ck_assert_int_eq (kill (find_qemu (), signum), 0);
}

/* QEMU ends, or hangs, when it is to save or to load. */
TEST_LOOP (trouble_when_saving, 0, 2)
{
  g_autoptr (GError) error = NULL;
  int file = open ("/dev/null", O_WRONLY | O_CLOEXEC);

  qemu = start (bare);
  run (qemu);
  signal_qemu (_i == 0 ? SIGKILL : SIGSTOP);
  ck_assert (!vq_qemu_save (qemu, file, vq_deadline_in (_i == 0 ? PATIENCE : 0.3), &error));
  assert_message (error, _i == 0 ? "QEMU ended: killed by signal 9 (Killed)" : "no answer of QMP");
  close (file);
}

TEST_LOOP (trouble_when_loading, 0, 2)
{
  g_autofree char *before = make_template ();
  g_autoptr (BareMachine) other = bare_machine_fork (bare, "x86_64", NULL);
  g_autoptr (VqQemu) fork = start (other);
  g_autoptr (GError) error = NULL;

  signal_qemu (_i == 0 ? SIGKILL : SIGSTOP);
  ck_assert (!try_load (fork, _i == 0 ? PATIENCE : 0.3, &error));
  assert_message (error, "cannot load the saved machine: ");
  assert_message (error, _i == 0 ? "QEMU ended: killed by signal 9 (Killed)" : "no answer of QMP");
}

/* A fork with the state that is there now must fail, saying TEXT. */
static void
assert_no_fork (const char *text)
{
  g_autoptr (BareMachine) other = bare_machine_fork (bare, "x86_64", NULL);
  g_autoptr (VqQemu) fork = start (other);
  g_autoptr (GError) error = NULL;

  ck_assert (!try_load (fork, PATIENCE, &error));
  assert_message (error, "cannot load the saved machine: QEMU ended: exit status 1: ");
  assert_message (error, text);
  ck_assert (vq_error_is_machine (error));
}

TEST (truncated_state)
{
  static const double parts[] = { 0, 0.00001, 0.001, 0.1, 0.5, 0.9, 1 };
  g_autofree char *before = make_template ();
  g_autofree char *bytes = NULL;
  gsize n;

  ck_assert (g_file_get_contents (state, &bytes, &n, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      ck_assert_int_eq (truncate (state, (n - 1) * parts[i]), 0);
      assert_no_fork ("");
      ck_assert (g_file_set_contents (state, bytes, n, NULL));
    }
}

TEST (garbage_for_a_state)
{
  g_autofree char *before = make_template ();
  g_autofree char *garbage = g_strnfill (8 * 1024 * 1024, 'x');

  ck_assert (g_file_set_contents (state, garbage, 8 * 1024 * 1024, NULL));
  assert_no_fork ("");
}

/* QEMU notices a device that is missing, not one too many. */
TEST (another_machine)
{
  static const struct
  {
    const char *options[3];
    const char *error;
  } cases[] = {
    { { NULL }, "virtio-balloon" },
    { { "-machine", "q35", NULL }, "Machine type" },
    { { "-device", "virtio-rng-pci", NULL }, "virtio-balloon" },
  };
  g_autofree char *before = NULL;

  give_options (bare, (const char *const[]){ "-device", "virtio-balloon-pci", NULL });
  before = make_template ();
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (BareMachine) other = bare_machine_fork (bare, "x86_64", NULL);
      g_autoptr (VqQemu) fork = NULL;
      g_autoptr (GError) error = NULL;

      give_options (other, cases[i].options);
      fork = start (other);
      ck_assert (!try_load (fork, PATIENCE, &error));
      assert_message (error, "cannot load the saved machine: QEMU ended: exit status 1: ");
      assert_message (error, cases[i].error);
    }
}

static void
assert_no_start (BareMachine *machine, const char *text)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vq_qemu_start (&machine->machine, soon (), NULL, &error));
  assert_message (error, text);
}

static gboolean
is_cancelled (gpointer data)
{
  return vq_cancel_reason (vq_qemu_get_cancel (data)) != NULL;
}

/* The memory file gets shorter, or the file system that it is on is full. */
TEST (memory_file_is_cut)
{
  qemu = start (bare);
  run (qemu);
  count_on (qemu, 1);
  ck_assert_int_eq (truncate (bare->ram, 0), 0);
  ck_assert (vq_wait_until (is_cancelled, qemu, soon (), NULL, "end", NULL));
  assert_message (vq_cancel_reason (vq_qemu_get_cancel (qemu)), "QEMU ended: killed by signal 7");
  assert_message (vq_cancel_reason (vq_qemu_get_cancel (qemu)), bare->ram);
}

/* What QEMU says of itself is so. */
TEST (memory_read_only)
{
  g_autofree char *before = make_template ();
  g_autoptr (BareMachine) other = bare_machine_fork (bare, "x86_64", NULL);
  gboolean can = FALSE;

  qemu = start (other);
  ck_assert (vq_qemu_can_read_ram (qemu, &can, soon (), NULL));
  g_clear_pointer (&qemu, vq_qemu_free);
  other->machine.ram_readonly = TRUE;
  if (!can)
    {
      assert_no_start (other, "QEMU ended: exit status 1: ");
      return;
    }
  qemu = start (other);
  load (qemu);
  run (qemu);
  count_on (qemu, 2);
  ck_assert_uint_ge (assert_went_on (before, qemu), 2);
}

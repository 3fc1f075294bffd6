// SPDX-License-Identifier: GPL-2.0-or-later
/* Templates that something has happened to since they were saved: none is used, each is replaced.
 */
#include "template/template.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "messages.h"
#include "suite.h"
#include "template-cache.h"
#include "tree.h"

#define NOBODY 65534

static void
setup (void)
{
  cache_setup ();
  cache_leave (cache_store, "a");
  tree_await_tick ();
}

static char *
path_of (const char *name)
{
  return cache_join ("%s/%s", cache_digest_a, name);
}

/* Writes one byte at OFFSET, and sets the times back, as far as that can be done. */
static void
flip (const char *name, off_t offset)
{
  g_autofree char *path = path_of (name);
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  struct stat st;
  struct timespec times[2];

  ck_assert_int_eq (fstat (fd, &st), 0);
  times[0] = st.st_atim;
  times[1] = st.st_mtim;
  ck_assert_int_eq (pwrite (fd, "X", 1, offset), 1);
  ck_assert_int_eq (futimens (fd, times), 0);
  close (fd);
}

/* Zeros of the same length, as a crash of the host may leave them. */
static void
zero (const char *name)
{
  g_autofree char *path = path_of (name);
  struct stat st;

  ck_assert_int_eq (stat (path, &st), 0);
  ck_assert_int_eq (truncate (path, 0), 0);
  ck_assert_int_eq (truncate (path, st.st_size), 0);
}

static void
resize (const char *name, off_t by)
{
  g_autofree char *path = path_of (name);
  struct stat st;

  ck_assert_int_eq (stat (path, &st), 0);
  ck_assert_int_eq (truncate (path, st.st_size + by), 0);
}

static void
drop (const char *name)
{
  g_autofree char *path = path_of (name);

  ck_assert_int_eq (g_unlink (path), 0);
}

static void
ram_flipped (void)
{
  flip (VQ_TEMPLATE_RAM, 1 << 20);
}

static void
ram_short (void)
{
  resize (VQ_TEMPLATE_RAM, -4096);
}

static void
ram_empty (void)
{
  g_autofree char *path = path_of (VQ_TEMPLATE_RAM);

  ck_assert_int_eq (truncate (path, 0), 0);
}

static void
ram_long (void)
{
  resize (VQ_TEMPLATE_RAM, 4096);
}

static void
ram_gone (void)
{
  drop (VQ_TEMPLATE_RAM);
}

static void
state_flipped (void)
{
  flip (VQ_TEMPLATE_STATE, 0);
}

static void
ram_zeros (void)
{
  zero (VQ_TEMPLATE_RAM);
}

static void
state_zeros (void)
{
  zero (VQ_TEMPLATE_STATE);
}

static void
state_short (void)
{
  resize (VQ_TEMPLATE_STATE, -1);
}

static void
state_gone (void)
{
  drop (VQ_TEMPLATE_STATE);
}

static void
disk_flipped (void)
{
  flip (VQ_TEMPLATE_DISK, 0);
}

static void
disk_gone (void)
{
  drop (VQ_TEMPLATE_DISK);
}

static void
vars_gone (void)
{
  drop (VQ_TEMPLATE_EFI_VARS);
}

/* As a backup that is brought back does. */
static void
state_copied (void)
{
  g_autofree char *path = path_of (VQ_TEMPLATE_STATE);
  g_autofree char *copy = path_of ("copy");
  const char *argv[] = { "cp", "-p", path, copy, NULL };

  ck_assert (g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
                           NULL, NULL));
  ck_assert_int_eq (g_rename (copy, path), 0);
}

static void
state_is_link (void)
{
  g_autofree char *path = path_of (VQ_TEMPLATE_STATE);
  g_autofree char *aside = cache_join ("aside");

  ck_assert_int_eq (g_rename (path, aside), 0);
  ck_assert_int_eq (symlink (aside, path), 0);
}

static void
state_is_fifo (void)
{
  g_autofree char *path = path_of (VQ_TEMPLATE_STATE);

  drop (VQ_TEMPLATE_STATE);
  ck_assert_int_eq (mkfifo (path, 0600), 0);
}

static void
state_readable (void)
{
  g_autofree char *path = path_of (VQ_TEMPLATE_STATE);

  ck_assert_int_eq (chmod (path, 0644), 0);
}

static void
state_foreign (void)
{
  g_autofree char *path = path_of (VQ_TEMPLATE_STATE);

  if (getuid () == 0)
    ck_assert_int_eq (chown (path, NOBODY, -1), 0);
  else
    drop (VQ_TEMPLATE_STATE);
}

static void
directory_open (void)
{
  g_autofree char *path = path_of ("");

  ck_assert_int_eq (chmod (path, 0755), 0);
}

static void
directory_foreign (void)
{
  g_autofree char *path = path_of ("");

  if (getuid () == 0)
    ck_assert_int_eq (chown (path, NOBODY, -1), 0);
  else
    ck_assert_int_eq (chmod (path, 0755), 0);
}

static void
lock_gone (void)
{
  drop (VQ_TEMPLATE_LOCK);
}

static void
json_gone (void)
{
  drop (VQ_TEMPLATE_INFO_FILE);
}

static void
json_short (void)
{
  resize (VQ_TEMPLATE_INFO_FILE, -2);
}

static void
json_empty (void)
{
  g_autofree char *path = path_of (VQ_TEMPLATE_INFO_FILE);

  ck_assert_int_eq (truncate (path, 0), 0);
}

/* Replaces what is between BEGIN and END in the JSON file by TEXT. */
static void
edit_json (const char *begin, const char *end, const char *text)
{
  g_autofree char *path = path_of (VQ_TEMPLATE_INFO_FILE);
  g_autofree char *json = NULL;
  g_autofree char *edited = NULL;
  const char *from, *to;
  int fd = open (path, O_WRONLY | O_CLOEXEC);

  ck_assert (g_file_get_contents (path, &json, NULL, NULL));
  from = strstr (json, begin);
  ck_assert_ptr_nonnull (from);
  from += strlen (begin);
  to = strstr (from, end);
  ck_assert_ptr_nonnull (to);
  edited = g_strdup_printf ("%.*s%s%s", (int)(from - json), json, text, to);
  ck_assert_int_eq (ftruncate (fd, 0), 0);
  ck_assert_int_eq (write (fd, edited, strlen (edited)), (gssize)strlen (edited));
  close (fd);
}

static void
json_of_no_files (void)
{
  edit_json ("\"files\" : {", "}", "");
}

static void
json_of_other_format (void)
{
  edit_json ("\"format\" : ", ",", "2");
}

/* A template of another key by this one's name. */
static void
other_key (void)
{
  g_autofree char *b = cache_digest ("b");
  g_autofree char *from = cache_join ("%s", b);
  g_autofree char *to = cache_join ("%s", cache_digest_a);

  cache_leave (cache_store, "b");
  tree_remove (to);
  ck_assert_int_eq (g_rename (from, to), 0);
}

static void (*const damages[]) (void) = {
  ram_flipped,    ram_short,         ram_empty,        ram_long,
  ram_gone,       state_flipped,     state_short,      state_gone,
  disk_flipped,   disk_gone,         vars_gone,        state_copied,
  state_is_link,  state_is_fifo,     state_readable,   state_foreign,
  directory_open, directory_foreign, lock_gone,        json_gone,
  json_short,     json_empty,        json_of_no_files, json_of_other_format,
  other_key,      ram_zeros,         state_zeros,
};

CASE ("damaged", setup, cache_teardown, 0)

/* It is not used, but removed, with one line that says where; then another one can be made. */
TEST_LOOP (damaged, 0, G_N_ELEMENTS (damages))
{
  damages[_i]();
  ck_assert_ptr_null (cache_find (cache_store, "a"));
  messages_assert_warning (cache_digest_a);
  ck_assert_ptr_null (cache_find (cache_store, "a"));
  if (damages[_i] != state_is_link) /* which has moved a file to another place */
    cache_assert_names (NULL, NULL);
  vq_template_free (cache_make (cache_store, "a"));
}

static void
set_boot (void)
{
  edit_json ("\"host-boot\" : \"", "\"", "00000000-0000-0000-0000-000000000000");
}

/* The host has been rebooted since all of the template was on the disk. */
static void
setup_of_earlier_boot (void)
{
  g_autofree char *mark = NULL;

  setup ();
  mark = path_of (VQ_TEMPLATE_INFO_SYNCED);
  ck_assert (g_file_set_contents_full (mark, "", 0, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  set_boot ();
}

CASE_LIKE ("damaged-after-reboot", "damaged", setup_of_earlier_boot, cache_teardown, 0)

CASE ("after-reboot", setup_of_earlier_boot, cache_teardown, 0)

TEST (outlives_a_reboot)
{
  g_autoptr (VqTemplate) found = cache_find (cache_store, "a");

  ck_assert_ptr_nonnull (found);
  ck_assert (vq_template_check (found, NULL));
}

CASE ("template", setup, cache_teardown, 60)

/* Another process uses it: that one keeps what it has, and we go our way. */
TEST (damaged_while_in_use)
{
  g_autoptr (VqTemplate) used = cache_find (cache_store, "a");
  g_autoptr (VqTemplate) made = NULL;
  g_autoptr (VqTemplate) found = NULL;
  g_autoptr (GError) error = NULL;

  ram_flipped ();
  ck_assert_ptr_null (cache_find (cache_store, "a"));
  messages_assert_warning (cache_digest_a);
  ck_assert (!vq_template_check (used, &error)); /* who asks before each fork gets to know */
  ck_assert_ptr_nonnull (strstr (error->message, "/ram has been changed"));
  made = cache_make (cache_store, "a");
  messages_take_warnings (cache_digest_a);
  ck_assert (g_str_has_suffix (vq_template_get_directory (made), ".2"));
  found = cache_find (cache_store, "a");
  ck_assert (vq_template_check (found, NULL));
}

/* What has the name but is no directory of ours is neither used nor removed. */
TEST (no_directory)
{
  g_autofree char *path = cache_join ("%s", cache_digest_a);
  g_autofree char *elsewhere = cache_join ("elsewhere");
  g_autoptr (VqTemplate) made = NULL;

  ck_assert_int_eq (g_rename (path, elsewhere), 0);
  ck_assert_int_eq (symlink (elsewhere, path), 0);
  ck_assert_ptr_null (cache_find (cache_store, "a"));
  ck_assert_int_ge (messages_take_warnings (cache_digest_a), 1);
  made = cache_make (cache_store, "a");
  ck_assert_int_ge (messages_take_warnings (cache_digest_a), 1);
  ck_assert (g_str_has_suffix (vq_template_get_directory (made), ".2"));
  ck_assert (g_file_test (path, G_FILE_TEST_IS_SYMLINK));
  ck_assert (g_file_test (elsewhere, G_FILE_TEST_IS_DIR));
}

/* To read the files, as forks do, and to open them to write, as old QEMUs do, changes nothing. */
TEST (used_as_forks_do)
{
  g_autoptr (VqTemplate) template = cache_find (cache_store, "a");
  static const char *const names[] = { "ram", "disk", "state", "efivars.fd" };
  char byte;

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = path_of (names[i]);
      int fd = open (path, O_RDWR | O_CLOEXEC);

      ck_assert_int_eq (read (fd, &byte, 1), 1);
      close (fd);
    }
  ck_assert (vq_template_check (template, NULL));
}

/* Nothing is wrong with these: they go without a word. */
TEST (too_old)
{
  edit_json ("\"created\" : \"", "\"", "2024-02-29T12:00:00Z");
  ck_assert_ptr_null (cache_find (cache_store, "a"));
  vq_template_free (cache_make (cache_store, "a"));
  cache_assert_names (cache_digest_a, NULL);
}

/* Without the mark it goes, because a crash may have damaged it in a way that cannot be seen. */
TEST (of_an_earlier_boot)
{
  set_boot ();
  ck_assert_ptr_null (cache_find (cache_store, "a"));
  vq_template_free (cache_make (cache_store, "a"));
  cache_assert_names (cache_digest_a, NULL);
}

/* Seconds before and after the limit, and no limit at all. */
TEST (limits_of_age)
{
  static const struct
  {
    guint64 max_age;
    int age;
    gboolean found;
  } cases[] = { { 3600, 3590, TRUE },   { 3600, 3600, FALSE },  { 3600, -3000, TRUE },
                { 3600, -4000, FALSE }, { 0, 400000000, TRUE }, { 1, 5, FALSE } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const VqTemplateLimits limits = { cases[i].max_age, 0 };
      g_autoptr (VqTemplateStore) other = vq_template_store_open (cache_path, &limits, NULL);
      g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
      g_autoptr (GDateTime) then = g_date_time_add_seconds (now, -cases[i].age);
      g_autofree char *created = g_date_time_format_iso8601 (then);
      g_autoptr (VqTemplate) found = NULL;

      edit_json ("\"created\" : \"", "\"", created);
      found = cache_find (other, "a");
      ck_assert_msg ((found != NULL) == cases[i].found, "%zu", i);
    }
}

/* The time of the last use is that of the lock file. */
TEST (use_is_noted)
{
  struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
  g_autofree char *path = path_of (VQ_TEMPLATE_LOCK);
  struct stat st;

  ck_assert_int_eq (utimensat (AT_FDCWD, path, old, 0), 0);
  vq_template_free (cache_find (cache_store, "a"));
  ck_assert_int_eq (stat (path, &st), 0);
  ck_assert_int_ge (st.st_mtim.tv_sec, g_get_real_time () / G_USEC_PER_SEC - 60);
}

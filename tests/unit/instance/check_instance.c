// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "instance-setup.h"
#include "instance/instance-name.h"
#include "instance/instance-place.h"
#include "instance/instance-socket.h"
#include "suite.h"
#include "cli-run.h"

static const char *const arguments[] = { "--ram-size=512", "a b.img", "w\xc3\xa4", NULL };

static VqInstance *
create (const char *name, GError **error)
{
  return vq_instance_create (instance_place, name,
                             vq_instance_record_new ("a b.img", "/tmp", arguments), error);
}

static int
open_fails (const char *name, GError **error)
{
  g_autoptr (VqInstance) instance = vq_instance_open (instance_place, name, error);

  ck_assert_ptr_null (instance);
  return (*error)->code;
}

static void
write_record (const char *name, const char *text)
{
  g_autofree char *path
      = g_build_filename (instance_directory, "state/instances", name, "instance.json", NULL);

  ck_assert (g_file_set_contents (path, text, -1, NULL));
  ck_assert_int_eq (g_chmod (path, 0600), 0);
}

CASE ("instance", instance_setup, instance_teardown, 30)

TEST (names)
{
  static const char *const good[] = { "a", "7", "web", "web-2", "a--" };
  static const char *const bad[]
      = { "",   "-a",  "A",    "a_b", "a.b",
          "..", "a/b", "\xff", "a b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* 42 */ };
  g_autofree char *made = vq_instance_name_make ();

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    ck_assert (vq_instance_name_check (good[i], NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert (!vq_instance_name_check (bad[i], &error));
      ck_assert_int_eq (error->code, VQ_ERROR_USAGE);
    }
  ck_assert (vq_instance_name_check (made, NULL));
}

TEST (a_record_stays)
{
  g_autoptr (VqInstance) made = create ("web", NULL);
  VqInstanceRecord *record = vq_instance_get_record (made);
  g_autofree char *machine_id = g_strdup (record->machine_id);
  g_autoptr (VqInstance) read = NULL;

  record->has_disk = TRUE;
  record->cloud_seed = TRUE;
  record->lease = 7200;
  ck_assert_str_eq (record->accel, "");
  ck_assert_str_eq (record->owner, "");
  record->locked = 17;
  record->down = TRUE;
  vq_instance_record_set_text (&record->owner, "ann@host");
  vq_instance_record_set_text (&record->description, "a \"b\"");
  vq_instance_record_set_text (&record->machine_type, "vps");
  vq_instance_record_set_text (&record->os_type, "debian");
  vq_instance_record_set_text (&record->os_version, "12");
  vq_instance_record_set_accel (record, FALSE);
  ck_assert (vq_instance_record_write (record, vq_instance_get_dir (made), NULL));
  read = vq_instance_open (instance_place, "web", NULL);
  record = vq_instance_get_record (read);
  ck_assert (record->has_disk && record->cloud_seed && !record->ephemeral);
  ck_assert_int_eq (record->lease, 7200);
  ck_assert_int_eq (record->locked, 17);
  ck_assert (record->down);
  ck_assert_str_eq (record->owner, "ann@host");
  ck_assert_str_eq (record->description, "a \"b\"");
  ck_assert_str_eq (record->machine_type, "vps");
  ck_assert_str_eq (record->os_type, "debian");
  ck_assert_str_eq (record->os_version, "12");
  ck_assert_str_eq (record->accel, "tcg");
  ck_assert_str_eq (record->machine_id, machine_id);
  ck_assert_uint_eq (strlen (machine_id), 32);
  ck_assert_str_eq (record->image, "a b.img");
  ck_assert_str_eq (record->directory, "/tmp");
  ck_assert (g_strv_equal ((const char *const *)record->arguments, arguments));
  ck_assert_int_gt (record->created, 0);
}

TEST (a_name_is_taken)
{
  g_autoptr (VqInstance) first = create ("web", NULL);
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (create ("web", &error));
  ck_assert_int_eq (error->code, VQ_ERROR_EXISTS);
  instance_assert_names ("web");
}

TEST (there_is_none)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) bad = NULL;

  ck_assert_int_eq (open_fails ("web", &error), VQ_ERROR_MISSING);
  ck_assert_str_eq (error->message, "there is no instance \"web\"");
  ck_assert_int_eq (open_fails ("../web", &bad), VQ_ERROR_USAGE);
}

/* 0, or 1 if it is there already. */
static int
make_one (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqInstance) instance = create ("web", &error);

  return instance != NULL ? 0 : error->code == VQ_ERROR_EXISTS ? 1 : 2;
}

/* Twenty processes make an instance of the same name. */
TEST (one_of_many_makes_it)
{
  int n_made = 0;
  int status;

  for (int i = 0; i < 20; i++)
    if (fork () == 0)
      _exit (make_one ());
  while (wait (&status) > 0)
    {
      ck_assert_int_le (WEXITSTATUS (status), 1);
      n_made += WEXITSTATUS (status) == 0;
    }
  ck_assert_int_eq (n_made, 1);
  instance_assert_names ("web");
}

TEST (who_has_the_lock_runs)
{
  g_autoptr (VqInstance) first = create ("web", NULL);
  g_autoptr (VqInstance) second = vq_instance_open (instance_place, "web", NULL);
  g_autoptr (GError) error = NULL;

  ck_assert (vq_instance_is_running (second));
  ck_assert (!vq_instance_lock (second, &error));
  ck_assert_int_eq (error->code, VQ_ERROR_BUSY);
  vq_instance_unlock (first);
  ck_assert (!vq_instance_is_running (second));
  ck_assert (vq_instance_lock (second, NULL));
}

TEST (it_is_removed)
{
  g_autofree char *directory = NULL;
  g_autoptr (VqInstance) first = create ("web", NULL);
  g_autoptr (VqInstance) late = vq_instance_open (instance_place, "web", NULL);
  g_autoptr (GError) error = NULL;

  directory = vq_instance_socket_make_dir (first, NULL);
  ck_assert (vq_instance_remove (first, NULL));
  ck_assert_int_ne (access (directory, F_OK), 0);
  vq_instance_unlock (first);
  instance_assert_names ("");
  ck_assert (!vq_instance_lock (late, &error));
  ck_assert_int_eq (error->code, VQ_ERROR_MISSING);
}

/* What killed processes have left goes, and nothing else. */
TEST (sweeps)
{
  g_autoptr (VqInstance) runs = create ("runs", NULL);
  g_autofree char *half = g_build_filename (instance_directory, "state/instances/.half-1", NULL);
  g_auto (GStrv) swept = NULL;

  vq_instance_get_record (runs)->ephemeral = TRUE;
  ck_assert (
      vq_instance_record_write (vq_instance_get_record (runs), vq_instance_get_dir (runs), NULL));
  instance_make ("left", TRUE);
  instance_make ("stays", FALSE);
  ck_assert_int_eq (g_mkdir (half, 0700), 0);
  swept = vq_instance_sweep (instance_place);
  ck_assert (
      g_strv_equal ((const char *const *)swept, (const char *const[]){ ".half-1", "left", NULL }));
  instance_assert_names ("runs,stays");
  ck_assert_int_ne (access (half, F_OK), 0);
}

static const struct
{
  const char *text;
  const char *error;
} bad_records[] = {
  { "", "instance.json" },
  { "{\"version\":2}", "of version 2" },
  { "{\"version\":1}", "no \"arguments\"" },
  { "{\"version\":1,\"arguments\":[1]}", "but strings" },
  { "{\"version\":1,\"ephemeral\":\"yes\",\"arguments\":[]}", "ephemeral" },
  { "{\"version\":1,\"machine-id\":\"0\",\"arguments\":[]}", "machine-id" },
};

TEST_LOOP (bad_record, 0, G_N_ELEMENTS (bad_records))
{
  g_autoptr (GError) error = NULL;

  instance_make ("web", FALSE);
  write_record ("web", bad_records[_i].text);
  ck_assert_int_ne (open_fails ("web", &error), VQ_ERROR_MISSING);
  cli_assert_in (error->message, bad_records[_i].error);
}

/* It was written before there were locks. */
TEST (old_record)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqInstance) made = create ("web", NULL);
  g_autoptr (VqInstance) read = NULL;
  const VqInstanceRecord *record;

  write_record ("web", "{\"version\":1,\"image\":\"i\",\"arguments\":[\"i\"]}");
  read = vq_instance_open (instance_place, "web", &error);
  ck_assert_ptr_nonnull (read);
  record = vq_instance_get_record (read);
  ck_assert (record->locked == 0 && !record->down);
  ck_assert_str_eq (record->owner, "");
  ck_assert_str_eq (record->os_version, "");
}

TEST (not_utf8)
{
  static const char *const words[] = { "\xff.img", NULL };
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vq_instance_create (instance_place, "web",
                                          vq_instance_record_new ("\xff.img", "/", words), &error));
  ck_assert_int_eq (error->code, VQ_ERROR_USAGE);
  instance_assert_names ("");
}

TEST (sockets)
{
  g_autoptr (VqInstance) instance = create ("web", NULL);
  g_autofree char *directory = vq_instance_socket_make_dir (instance, NULL);
  g_autoptr (GError) early = NULL;
  g_autofree char *path = vq_instance_socket_find ("web", "exec", &early);
  g_autofree char *expected = g_build_filename (instance_directory, "run/web/exec", NULL);
  g_autoptr (GError) missing = NULL;
  g_autoptr (GError) stopped = NULL;

  ck_assert_ptr_null (path);
  ck_assert_int_eq (early->code, VQ_ERROR_BUSY);
  g_assert_true (g_file_set_contents (expected, "", 0, NULL));
  path = vq_instance_socket_find ("web", "exec", NULL);
  ck_assert_str_eq (path, expected);
  ck_assert_ptr_null (vq_instance_socket_find ("other", "exec", &missing));
  ck_assert_int_eq (missing->code, VQ_ERROR_MISSING);
  vq_instance_socket_remove_dir (instance);
  ck_assert_int_ne (access (directory, F_OK), 0);
  ck_assert_ptr_null (vq_instance_socket_find ("web", "exec", &stopped));
  ck_assert_int_eq (stopped->code, VQ_ERROR_BUSY);
}

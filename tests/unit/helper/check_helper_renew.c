// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper/helper-renew.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "port-setup.h"
#include "suite.h"

#define ANY G_MAXINT64 /* the guest may take as long as it likes */

static void
answer_both (int clock, int entropy)
{
  fake_guest_answer (port_guest, VQ_HELPER_SET_CLOCK, VQ_HELPER_DONE, clock);
  fake_guest_answer (port_guest, VQ_HELPER_ADD_ENTROPY, VQ_HELPER_DONE, entropy);
}

CASE ("requests", port_setup, port_teardown, 60)

TEST (requests)
{
  g_autoptr (GError) error = NULL;
  gint64 deadline = vq_deadline_in (PATIENCE);

  port_sync ();
  answer_both (0, 0);
  ck_assert (vq_helper_renew (port_tested, ANY, deadline, NULL, NULL));
  answer_both (EPERM, 0);
  ck_assert (!vq_helper_renew (port_tested, ANY, deadline, NULL, &error));
  ck_assert_str_eq (error->message, "cannot set the guest's clock: Operation not permitted");
  g_clear_error (&error);
  answer_both (0, EIO);
  ck_assert (!vq_helper_renew (port_tested, ANY, deadline, NULL, &error));
  ck_assert_str_eq (error->message, "cannot give the guest random bytes: Input/output error");
  ck_assert_ptr_null (vq_helper_port_get_error (port_tested));
}

/* A late answer is no violation, whatever it is; a second one is. */
TEST (request_times_out)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) entropy = NULL;
  g_autoptr (GBytes) payload = NULL;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  const guint8 *time;
  guint32 stream;

  port_sync ();
  ck_assert (!vq_helper_renew (port_tested, ANY, vq_deadline_in (SHORT), NULL, &error));
  ck_assert_str_eq (error->message, "cannot set the guest's clock: "
                                    "no answer of the guest helper within 0.3 s");
  entropy = fake_guest_take (port_guest, VQ_HELPER_ADD_ENTROPY, &stream);
  payload = fake_guest_take (port_guest, VQ_HELPER_SET_CLOCK, &stream);
  ck_assert_uint_eq (g_bytes_get_size (payload), 12);
  time = g_bytes_get_data (payload, NULL);
  ck_assert_int_le (ABS (vq_helper_frame_get_u32 (time) - now), PATIENCE);
  ck_assert_uint_eq (vq_helper_frame_get_u32 (time + 4), 0);
  ck_assert_uint_lt (vq_helper_frame_get_u32 (time + 8), 1000000000);
  fake_guest_send_u32 (port_guest, VQ_HELPER_DONE, stream, 4096);
  fake_guest_flush (port_guest);
  ck_assert_ptr_null (vq_helper_port_get_error (port_tested));
  fake_guest_send_u32 (port_guest, VQ_HELPER_DONE, stream, 0);
  port_assert_failed ("the guest helper sent a frame of type 'd' for stream 2, which is not open");
}

TEST (request_is_answered_wrongly)
{
  static const struct
  {
    guint8 type;
    guint32 number;
    const char *error;
  } cases[] = {
    { VQ_HELPER_EXITED, 0, "the guest helper sent a frame of type 'x' for a request" },
    { VQ_HELPER_STDIN_CREDIT, 0, "the guest helper sent a frame of type 'c' for a request" },
    { VQ_HELPER_DONE, 4096, "the guest helper sent an error that does not exist (4096)" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *expected
          = g_strconcat ("cannot set the guest's clock: ", cases[i].error, NULL);
      g_autoptr (GError) error = NULL;

      port_start_again ();
      port_sync ();
      answer_both (0, 0);
      fake_guest_answer (port_guest, VQ_HELPER_ADD_ENTROPY, cases[i].type, cases[i].number);
      ck_assert (!vq_helper_renew (port_tested, ANY, vq_deadline_in (PATIENCE), NULL, &error));
      ck_assert_str_eq (error->message, expected);
      port_assert_failed (cases[i].error);
    }
}

TEST (request_without_connection)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_helper_renew (port_tested, ANY, vq_deadline_in (PATIENCE), NULL, &error));
  ck_assert_str_eq (error->message,
                    "cannot set the guest's clock: there is no connection to the guest helper yet");
}

/* No guest is as fast as this. The second time is answered by nobody. */
TEST (a_late_clock_is_set_again)
{
  g_autoptr (GError) error = NULL;
  guint32 stream;

  port_sync ();
  answer_both (0, 0);
  ck_assert (!vq_helper_renew (port_tested, -1, vq_deadline_in (SHORT), NULL, &error));
  ck_assert_str_eq (error->message, "cannot set the guest's clock: "
                                    "no answer of the guest helper within 0.3 s");
  g_bytes_unref (fake_guest_take (port_guest, VQ_HELPER_SET_CLOCK, &stream));
}

static GBytes *
take_entropy (void)
{
  GBytes *entropy;
  guint32 stream;

  ck_assert (!vq_helper_renew (port_tested, ANY, vq_deadline_in (0.01), NULL, NULL));
  entropy = fake_guest_take (port_guest, VQ_HELPER_ADD_ENTROPY, &stream);
  g_bytes_unref (fake_guest_take (port_guest, VQ_HELPER_SET_CLOCK, &stream));
  return entropy;
}

TEST (random_bytes_differ)
{
  g_autoptr (GBytes) one = NULL;
  g_autoptr (GBytes) other = NULL;

  port_sync ();
  one = take_entropy ();
  other = take_entropy ();
  ck_assert_uint_eq (g_bytes_get_size (one), 256);
  ck_assert_uint_eq (g_bytes_get_size (other), 256);
  ck_assert (!g_bytes_equal (one, other));
}

#define MACHINE_ID "0123456789abcdef0123456789abcdef"

static const struct
{
  int id, keys; /* what the guest answers */
  gboolean has_keys;
  const char *error; /* NULL: none */
} identities[] = {
  { 0, 0, TRUE, NULL },
  { 0, ENOENT, FALSE, NULL },
  { EIO, 0, FALSE, "cannot set the guest's machine ID: Input/output error" },
  { ENOENT, 0, FALSE, "cannot set the guest's machine ID: No such file or directory" },
  { 0, EIO, FALSE, "cannot look for the guest's host keys: Input/output error" },
};

TEST_LOOP (machine_id, 0, G_N_ELEMENTS (identities))
{
  g_autoptr (GError) error = NULL;
  gboolean has_keys;

  port_sync ();
  fake_guest_answer (port_guest, VQ_HELPER_SET_MACHINE_ID, VQ_HELPER_DONE, identities[_i].id);
  fake_guest_answer (port_guest, VQ_HELPER_FIND_HOST_KEYS, VQ_HELPER_DONE, identities[_i].keys);
  ck_assert (vq_helper_renew_identity (port_tested, MACHINE_ID, &has_keys,
                                       vq_deadline_in (PATIENCE), NULL, &error)
             == (identities[_i].error == NULL));
  ck_assert_pstr_eq (error != NULL ? error->message : NULL, identities[_i].error);
  if (error == NULL)
    ck_assert_int_eq (has_keys, identities[_i].has_keys);
}

TEST (machine_id_is_sent)
{
  g_autoptr (GBytes) sent = NULL;
  gboolean has_keys;
  guint32 stream;

  port_sync ();
  ck_assert (!vq_helper_renew_identity (port_tested, MACHINE_ID, &has_keys, vq_deadline_in (0.01),
                                        NULL, NULL));
  sent = fake_guest_take (port_guest, VQ_HELPER_SET_MACHINE_ID, &stream);
  g_bytes_unref (fake_guest_take (port_guest, VQ_HELPER_FIND_HOST_KEYS, &stream));
  ck_assert_uint_eq (g_bytes_get_size (sent), VQ_HELPER_MACHINE_ID_SIZE);
  ck_assert_mem_eq (g_bytes_get_data (sent, NULL), MACHINE_ID, VQ_HELPER_MACHINE_ID_SIZE);
}

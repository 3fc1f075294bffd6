// SPDX-License-Identifier: GPL-2.0-or-later
/* tests/guest/check_guests.c has guests with cloud-init. */
#include "guest/cloud-init.h"

#include <check.h>
#include <string.h>

#include "base/error.h"
#include "leaks.h"
#include "suite.h"

#define NO_CLOUD "{\"v1\": {\"datasource\": \"DataSourceNoCloud [seed=/dev/sr0]\", \"errors\": []}}"
#define FINAL(MEMBERS)                                                                             \
  "{\"v1\": {\"datasource\": null, \"stage\": null, \"init\": {\"errors\": []}, "                  \
  "\"modules-final\": {" MEMBERS "}}}"

static GString *warnings;

static GLogWriterOutput
note_warning (GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
  for (gsize i = 0; i < n; i++)
    if (g_str_equal (fields[i].key, "MESSAGE") && level == G_LOG_LEVEL_WARNING)
      g_string_append (warnings, fields[i].value);
  return G_LOG_WRITER_HANDLED;
}

static void
set_up (void)
{
  leaks_begin ();
  warnings = g_string_new (NULL);
  g_log_set_writer_func (note_warning, NULL, NULL);
}

static void
tear_down (void)
{
  g_string_free (g_steal_pointer (&warnings), TRUE);
  leaks_assert_none ();
}

static const struct
{
  const char *report;
  const char *error;   /* a part of it; NULL: none */
  const char *warning; /* the same */
} cases[] = {
  { "ended\n" FINAL ("\"errors\": []") "\036\n" NO_CLOUD, NULL, NULL },
  { "missing\n", "there is no cloud-init in the guest", NULL },
  { "off\n", "is switched off, or has not seen the seed", NULL },
  { "ended\n" FINAL ("\"errors\": [\"('scripts-user', no)\", \"two\\n\"]") "\036\n" NO_CLOUD,
    "cloud-init in the guest failed (modules-final: ('scripts-user', no); modules-final: two",
    NULL },
  { "ended\n" FINAL ("\"errors\": [], \"recoverable_errors\": {\"WARNING\": [\"a\", \"b\"], "
                     "\"DEPRECATED\": [\"c\"]}") "\036\n" NO_CLOUD,
    NULL,
    "cloud-init in the guest complains: modules-final: a; modules-final: b; modules-final: c" },
  { "ended\n" FINAL ("\"errors\": []") "\036\n{\"v1\": {\"datasource\": \"DataSourceNone\"}}",
    "has not read the seed, but used DataSourceNone", NULL },
  { "ended\n" FINAL ("\"errors\": []") "\036\n{\"v1\": {\"datasource\": "
                                       "\"DataSourceNoCloud [seed=dmi][dsmode=net]\"}}",
    "has not read the seed, but used DataSourceNoCloud [seed=dmi]", NULL },
  { "works\n{\"v1\": {\"stage\": \"modules-final\"}}\036\n{}\036\nRunning it\n",
    "has not ended in the time that a boot has (its stage: modules-final; its log ends with: "
    "Running it); --timeout-reboot=SECONDS gives it more",
    NULL },
  { "works\n{}\n\036\n{}\n", "(it has not told anything yet);", NULL },
  { "works\n{}\n\036\n{}\n\036\nx\n", "(its log ends with: x);", NULL },
  { "works\n{\"v1\": {\"stage\": \"init\"}}\036\n{}\n", "(its stage: init);", NULL },
  /* what else a guest may say */
  { "", "does not tell", NULL },
  { "ended\n{\"v1\": []}\036\nx", NULL, NULL },
  { "ended\n{\"v1\": {\"init\": [], \"modules-final\": {\"errors\": {\"a\": 1}, "
    "\"recoverable_errors\": [1]}}}\036\n{\"v1\": {\"datasource\": 5}}",
    NULL, NULL },
};

CASE ("cloud-init", set_up, tear_down, 60)

TEST_LOOP (reports, 0, G_N_ELEMENTS (cases))
{
  g_autoptr (GError) error = NULL;
  gboolean good = vq_cloud_init_check (cases[_i].report, VQ_CLOUD_INIT_WORK, &error);

  ck_assert_msg (good == (cases[_i].error == NULL), "%s: %s", cases[_i].report,
                 good ? "" : error->message);
  ck_assert_msg (good || strstr (error->message, cases[_i].error) != NULL, "%s",
                 good ? "" : error->message);
  ck_assert_str_eq (warnings->str, cases[_i].warning != NULL ? cases[_i].warning : "");
}

TEST (errors_that_do_not_matter)
{
  g_autoptr (GError) error = NULL;

  ck_assert (
      vq_cloud_init_check ("ended\n" FINAL ("\"errors\": [\"no package\"]") "\036\n" NO_CLOUD,
                           VQ_CLOUD_INIT_WORK_ANYHOW, &error));
  ck_assert_str_eq (warnings->str, "cloud-init in the guest failed: modules-final: no package");
  ck_assert (!vq_cloud_init_check ("missing\n", VQ_CLOUD_INIT_WORK_ANYHOW, &error));
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The files that we keep of a template and of an instance. */
#include "fuzz.h"
#include "instance/instance-record.h"
#include "template/template-info.h"

FUZZ (records)
{
  g_autoptr (VqPrivateDir) dir
      = vq_private_dir_open (fuzz_directory (), VQ_PRIVATE_DIR_EXISTING, NULL);
  g_autoptr (GError) no_info = NULL, no_record = NULL;
  g_autoptr (VqTemplateInfo) info = NULL;
  g_autoptr (VqInstanceRecord) record = NULL;

  g_assert (dir != NULL);
  fuzz_file ("template.json", bytes, n);
  info = vq_template_info_read (dir, &no_info);
  fuzz_assert_told (info != NULL, &no_info);
  if (info != NULL)
    (void)!vq_template_info_check (info, dir, NULL);
  fuzz_file ("instance.json", bytes, n);
  record = vq_instance_record_read (dir, &no_record);
  fuzz_assert_told (record != NULL, &no_record);
}

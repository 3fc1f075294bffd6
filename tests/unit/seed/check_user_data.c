// SPDX-License-Identifier: GPL-2.0-or-later
#include "seed/user-data.h"

#include <check.h>
#include <gio/gio.h>
#include <string.h>

#include "base/error.h"
#include "leaks.h"
#include "suite.h"

#define ARCHIVE "#cloud-config-archive\n"
#define MIME "MIME-Version: 1.0\nContent-Type: text/cloud-config\n\na: [\n"

CASE ("user-data", leaks_begin, leaks_assert_none, 60)

static GBytes *
bytes_of (const char *text)
{
  return g_bytes_new (text, strlen (text));
}

TEST (good)
{
  static const char *const parts[] = {
    "#cloud-config\n",
    "#cloud-config\na: 1\n",
    "\n  #Cloud-Config\n{\"a\": 1}\n",
    ARCHIVE,
    ARCHIVE "- |\n  #!/bin/sh\n  : [\n- {type: text/x-shellscript, content: 'a: ['}\n- 'a: 1'\n",
    ARCHIVE "- |\n  ## template: jinja\n  #cloud-config\n  {% if a %}\n",
    "#!/bin/sh\n: [\n",
    "#cloud-boothook\n#!/bin/sh\n",
    "#include\nhttp://example.org/\n",
    "## template: jinja\n#cloud-config\n{% if a %}\n",
    MIME,
  };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autoptr (GBytes) part = bytes_of (parts[i]);
      g_autoptr (GError) error = NULL;

      ck_assert_msg (vq_user_data_check (part, &error), "%s: %s", parts[i],
                     error != NULL ? error->message : "");
    }
}

TEST (bad)
{
  static const struct
  {
    const char *part;
    const char *beginning;
  } cases[] = {
    { "a: 1\n", "line 1: cloud-init would not know what it is" },
    { "- |\n  #!/bin/sh\n", "line 1: cloud-init would not know what it is" },
    { "#cloud-config\na: 1\n b: 2\n", "line 3: mapping values are not allowed" },
    { "#cloud-config\n- a\n", "line 2: it must be a mapping (\"KEY: VALUE\"), not a list" },
    { "#cloud-config\n\ntouch /x\n", "line 3: it must be a mapping (\"KEY: VALUE\"), not a text" },
    { ARCHIVE "a: 1\n", "line 2: a cloud-config-archive must be a list" },
    { ARCHIVE "- [a]\n", "line 2: item 1 of the archive is neither" },
    { ARCHIVE "- |\n  #!/bin/sh\n- {type: x/y}\n", "line 4: item 2 of the archive is neither" },
    { ARCHIVE "- |\n  #!/bin/sh\n- |\n  #cloud-config\n  a: [\n",
      "item 2, a cloud-config: line 7: " },
    { ARCHIVE "- |\n  #/bin/bash\n  touch foo1\n",
      "item 1, a cloud-config: line 4: it must be a mapping (\"KEY: VALUE\"), not a text; a script "
      "begins with \"#!\"" },
    { ARCHIVE "- type: text/cloud-config\n  content: '#!/bin/sh'\n- type: text/cloud-config\n"
              "  content: '[]'\n",
      "item 2, a cloud-config: line 5: it must be a mapping" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) part = bytes_of (cases[i].part);
      g_autoptr (GError) error = NULL;

      ck_assert_msg (!vq_user_data_check (part, &error), "%s", cases[i].part);
      ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
      ck_assert_msg (g_str_has_prefix (error->message, cases[i].beginning), "%s", error->message);
    }
}

/* PARTS ends with NULL. Transfer full. */
static char *
merge (const char *const *parts)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  g_autoptr (GBytes) merged = NULL;

  for (; *parts != NULL; parts++)
    g_ptr_array_add (all, bytes_of (*parts));
  merged = vq_user_data_merge (all, NULL);
  ck_assert_ptr_nonnull (merged);
  ck_assert (vq_user_data_check (merged, NULL));
  return g_strndup (g_bytes_get_data (merged, NULL), g_bytes_get_size (merged));
}

TEST (merging)
{
  static const struct
  {
    const char *parts[5];
    const char *merged;
  } cases[] = {
    { { NULL }, "#cloud-config\n{}\n" },
    { { "#cloud-config\na: 1 # as it is\n" }, "#cloud-config\na: 1 # as it is\n" },
    { { "#cloud-config\na: 1\n", "#!/bin/sh\necho\n" },
      ARCHIVE "- |\n  #cloud-config\n  a: 1\n- |\n  #!/bin/sh\n  echo\n" },
    { { ARCHIVE "- |\n  #!/bin/sh\n- {type: a/b, content: c, filename: d}\n", "#cloud-config\n",
        "#!/bin/sh\n", ARCHIVE },
      ARCHIVE "- |\n  #!/bin/sh\n- type: a/b\n  content: c\n  filename: d\n"
              "- |\n  #!/bin/sh\n" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *merged = merge (cases[i].parts);

      ck_assert_str_eq (merged, cases[i].merged);
    }
}

/* In an archive, cloud-init would not look into these. */
TEST_LOOP (merging_to_mime, 0, 3)
{
  static const char *const others[]
      = { MIME, "#include\nhttp://example.org/\n", "#!/bin/sh\n\377" };
  const char *const parts[] = { "#!/bin/sh\n", others[_i], NULL };
  g_autofree char *merged = merge (parts);
  g_autofree char *encoded = g_base64_encode ((const guchar *)others[_i], strlen (others[_i]));

  ck_assert (g_str_has_prefix (merged, "MIME-Version: 1.0\nContent-Type: multipart/mixed; "));
  ck_assert_ptr_nonnull (strstr (merged, "\nIyEvYmluL3NoCg==\n"));
  ck_assert_ptr_nonnull (strstr (merged, _i == 0 ? MIME : encoded));
}

TEST (may_set)
{
  static const struct
  {
    const char *part;
    gboolean may;
  } cases[] = {
    { "#cloud-config\nkey: 1\n", TRUE },
    { "#cloud-config\na: {key: 1}\n", FALSE },
    { "#!/bin/sh\nkey: 1\n", FALSE },
    { ARCHIVE "- 'a: 1'\n- 'key: 1'\n", TRUE },
    { ARCHIVE "- 'a: 1'\n- '#!/bin/sh'\n", FALSE },
    { MIME, TRUE },
    { "## template: jinja\n", TRUE },
    { "#include\n", TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) part = bytes_of (cases[i].part);

      ck_assert_msg (vq_user_data_may_set (part, "key") == cases[i].may, "%s", cases[i].part);
    }
}

static GBytes *
pack (const char *text)
{
  g_autoptr (GZlibCompressor) gzip = g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, 9);
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GOutputStream) out = g_converter_output_stream_new (memory, G_CONVERTER (gzip));

  ck_assert (g_output_stream_write_all (out, text, strlen (text), NULL, NULL, NULL));
  ck_assert (g_output_stream_close (out, NULL, NULL));
  return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));
}

TEST (gzip)
{
  g_autofree char *text = g_strnfill (100000, 'x');
  g_autoptr (GBytes) plain = bytes_of (text);
  g_autoptr (GBytes) packed = pack (text);
  g_autoptr (GBytes) cut = g_bytes_new_from_bytes (packed, 0, g_bytes_get_size (packed) / 2);
  g_autoptr (GBytes) unpacked = vq_user_data_unpack (packed, 100000, NULL);
  g_autoptr (GBytes) same = vq_user_data_unpack (plain, 10, NULL);
  g_autoptr (GError) error = NULL;

  ck_assert (unpacked != NULL && g_bytes_equal (unpacked, plain));
  ck_assert (same != NULL && g_bytes_equal (same, plain));
  ck_assert_ptr_null (vq_user_data_unpack (packed, 99999, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "MiB when unpacked"));
  ck_assert_ptr_null (vq_user_data_unpack (cut, 100000, NULL));
}

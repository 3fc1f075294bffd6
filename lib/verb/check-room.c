// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/check-room.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "base/host-facts.h"
#include "base/path.h"
#include "base/units.h"
#include "io/private-dir.h"
#include "io/workdir.h"
#include "plan/options.h"
#include "template/template-limits.h"
#include "template/template-store.h"

#define MIB (G_GUINT64_CONSTANT (1) << 20)

/* The memory of a guest if the user does not choose it, and the room that a template of it needs.
 */
#define GUEST_BYTES (VQ_OPTIONS_RAM_SIZE_MIB * MIB)
#define TEMPLATE_BYTES (GUEST_BYTES + VQ_TEMPLATE_SPARE_MIB * MIB)

/* An overlay grows with what the guest writes: with less room than this, tests will fail. */
#define OVERLAY_BYTES (1024 * MIB)

/* What QEMU maps under TCG, besides the guest's memory: 1 GiB for translated code, and its own. */
#define QEMU_BYTES (2048 * MIB)

/* The server, its helpers and QEMU's threads. */
#define PROCESSES 128
#define FILES 256

/* Adds the line NAME for the directory PATH, which should have NEEDED bytes. */
static void
add_room (GPtrArray *lines, const char *name, const char *path, guint64 needed, const char *what,
          const char *advice)
{
  g_autoptr (GError) error = NULL;
  guint64 bytes = 0;
  gboolean known = vq_path_get_room (path, &bytes, &error);
  gboolean enough = known && bytes >= needed;
  g_autofree char *there = vq_units_size_to_string (bytes);
  g_autofree char *least = vq_units_size_to_string (needed);
  VqCheckLine *line;

  if (!known)
    line = vq_check_line_add (lines, name, VQ_CHECK_WARNING, NULL, "%s", error->message);
  else
    line = vq_check_line_add (lines, name, enough ? VQ_CHECK_OK : VQ_CHECK_WARNING,
                              enough ? NULL : advice, "%s free in %s (%s needs %s)", there, path,
                              what, least);
  line->bytes = bytes;
}

/* PATH, or the nearest directory above it that exists. Transfer full. */
static char *
find_existing (const char *path)
{
  char *existing = g_strdup (path);

  while (access (existing, F_OK) != 0 && strcmp (existing, "/") != 0)
    {
      char *above = g_path_get_dirname (existing);

      g_free (existing);
      existing = above;
    }
  return existing;
}

/* Fails if no template can be kept in PATH, which need not exist if it can be made in EXISTING. */
static gboolean
check_usable (const char *path, const char *existing, GError **error)
{
  g_autoptr (VqPrivateDir) dir = NULL;

  if (!g_file_test (existing, G_FILE_TEST_IS_DIR))
    return vq_error_set (error, VQ_ERROR_FAILED, "%s is not a directory", existing);
  if (access (existing, W_OK | X_OK) != 0)
    return vq_error_set_errno (error, errno, "cannot make files in %s", existing);
  if (strcmp (path, existing) != 0)
    return TRUE;
  dir = vq_private_dir_open (path, VQ_PRIVATE_DIR_EXISTING, error);
  return dir != NULL;
}

/* Without templates, each testbed boots. */
static void
check_templates (GPtrArray *lines, const char *directory)
{
  static const char advice[] = "give another directory with --template-dir, or every testbed boots";
  g_autoptr (GError) error = NULL;
  g_autofree char *chosen
      = directory != NULL ? g_strdup (directory) : vq_template_store_get_default_directory ();
  g_autofree char *path = vq_path_make_absolute (chosen, &error);
  g_autofree char *existing = path != NULL ? find_existing (path) : NULL;

  if (path != NULL && check_usable (path, existing, &error))
    add_room (lines, "templates", existing, TEMPLATE_BYTES, "a template", advice);
  else
    vq_check_line_add (lines, "templates", VQ_CHECK_WARNING, advice, "%s", error->message);
}

static void
check_temporary (GPtrArray *lines)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqWorkdir) workdir = vq_workdir_new (NULL, &error);

  if (workdir == NULL)
    vq_check_line_add (lines, "temporary", VQ_CHECK_ERROR, NULL, "%s", error->message);
  else
    add_room (lines, "temporary", g_get_tmp_dir (), OVERLAY_BYTES, "a testbed's disk",
              "set TMPDIR to another directory, or give one with --overlay-dir");
}

/* Adds to LINES the memory that MEMINFO says is available. */
static void
check_memory (GPtrArray *lines, const char *meminfo)
{
  guint64 bytes;
  gboolean known = vq_host_facts_get_available_memory (meminfo, &bytes);
  g_autofree char *there = vq_units_size_to_string (bytes);
  g_autofree char *least = vq_units_size_to_string (GUEST_BYTES);
  VqCheckLine *line;

  if (!known)
    line = vq_check_line_add (lines, "memory", VQ_CHECK_WARNING, NULL,
                              "%s does not tell how much is available", meminfo);
  else if (bytes < GUEST_BYTES)
    line = vq_check_line_add (lines, "memory", VQ_CHECK_WARNING, "give guests less with --ram-size",
                              "%s available (a guest has %s by default)", there, least);
  else
    line = vq_check_line_add (lines, "memory", VQ_CHECK_OK, NULL,
                              "%s available (a guest has %s by default)", there, least);
  line->bytes = bytes;
}

/* Under LEAST, QEMU may fail; under FATAL, it cannot start. The hard limit counts for open files,
 * because the server raises its own. */
static const struct
{
  int resource;
  gboolean hard;
  gboolean is_size;
  guint64 least;
  guint64 fatal;
  const char *what;
  const char *option; /* of the shell's ulimit */
} limits[] = {
  { RLIMIT_NOFILE, TRUE, FALSE, FILES, 0, "open files", "-n" },
  { RLIMIT_NPROC, FALSE, FALSE, PROCESSES, 0, "processes", "-u" },
  { RLIMIT_AS, FALSE, TRUE, GUEST_BYTES + QEMU_BYTES, GUEST_BYTES, "memory of a process", "-v" },
  { RLIMIT_FSIZE, FALSE, TRUE, GUEST_BYTES, 0, "size of a file", "-f" },
};

static char *
limit_to_string (guint64 value, gboolean is_size)
{
  return is_size ? vq_units_size_to_string (value) : g_strdup_printf ("%" G_GUINT64_FORMAT, value);
}

/* If limit number I is too small, appends that to TOO_SMALL, and how to raise it to ADVICE. */
static VqCheckState
check_limit (gsize i, GString *too_small, GString *advice)
{
  g_autofree char *least = limit_to_string (limits[i].least, limits[i].is_size);
  g_autofree char *there = NULL;
  struct rlimit limit;
  rlim_t value;

  if (getrlimit (limits[i].resource, &limit) != 0)
    return VQ_CHECK_OK;
  value = limits[i].hard ? limit.rlim_max : limit.rlim_cur;
  if (value == RLIM_INFINITY || value >= limits[i].least)
    return VQ_CHECK_OK;
  there = limit_to_string (value, limits[i].is_size);
  g_string_append_printf (too_small, "%s%s: %s (%s is needed)", too_small->len > 0 ? ", " : "",
                          limits[i].what, there, least);
  g_string_append_printf (advice, "%sulimit %s",
                          advice->len > 0 ? ", " : "raise the limit: ", limits[i].option);
  return value < limits[i].fatal ? VQ_CHECK_ERROR : VQ_CHECK_WARNING;
}

static void
check_limits (GPtrArray *lines)
{
  g_autoptr (GString) too_small = g_string_new (NULL);
  g_autoptr (GString) advice = g_string_new (NULL);
  VqCheckState state = VQ_CHECK_OK;

  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      VqCheckState one = check_limit (i, too_small, advice);

      state = MAX (state, one);
    }
  if (state != VQ_CHECK_OK)
    vq_check_line_add (lines, "limits", state, advice->str, "%s", too_small->str);
  else
    vq_check_line_add (lines, "limits", VQ_CHECK_OK, NULL,
                       "open files, processes, memory and size of files suffice");
}

void
vq_check_room (GPtrArray *lines, const char *template_dir, const char *meminfo)
{
  check_templates (lines, template_dir);
  check_temporary (lines);
  check_memory (lines, meminfo);
  check_limits (lines);
}

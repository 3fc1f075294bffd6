// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/host-facts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

/* Enough for one processor. With hundreds of them the kernel takes long to write the whole file. */
#define CPUINFO_MAX (32 * 1024)

/* In /proc/PID/status; a number of KiB follows. */
#define PEAK "\nVmHWM:"
/* The same in /proc/meminfo. */
#define AVAILABLE "\nMemAvailable:"

char *
vq_host_facts_get_kernel (void)
{
  struct utsname name;

  uname (&name);
  return g_strdup_printf ("%s %s %s %s", name.sysname, name.release, name.version, name.machine);
}

/* Whether NAME is one of the lines that do not change, on x86, ARM, POWER, RISC-V and s390. */
static gboolean
is_lasting (const char *name)
{
  static const char *const names[] = {
    "vendor_id",
    "cpu family",
    "model",
    "model name",
    "stepping",
    "microcode",
    "flags",
    "CPU implementer",
    "CPU architecture",
    "CPU variant",
    "CPU part",
    "CPU revision",
    "Features",
    "cpu",
    "revision",
    "machine",
    "isa",
    "uarch",
    "mvendorid",
    "marchid",
    "mimpid",
    "features",
    "Hardware",
    NULL,
  };

  return g_strv_contains (names, name);
}

char *
vq_host_facts_parse_cpu (const char *cpuinfo)
{
  const char *end = strstr (cpuinfo, "\n\n");
  g_autofree char *first
      = g_strndup (cpuinfo, end != NULL ? (gsize)(end - cpuinfo) : strlen (cpuinfo));
  g_auto (GStrv) lines = g_strsplit (first, "\n", -1);
  g_autoptr (GString) text = g_string_new (NULL);

  for (char **line = lines; *line != NULL; line++)
    {
      char *colon = strchr (*line, ':');

      if (colon == NULL)
        continue;
      *colon = '\0';
      if (is_lasting (g_strstrip (*line)))
        g_string_append_printf (text, "%s%s: %s", text->len > 0 ? "\n" : "", *line,
                                g_strstrip (colon + 1));
    }
  return text->len > 0 ? g_string_free (g_steal_pointer (&text), FALSE) : NULL;
}

/* Reads at most MAX bytes from the beginning of a file in /proc. */
static char *
read_start (const char *path, gsize max, GError **error)
{
  g_autofree char *text = g_malloc0 (max + 1);
  vq_autofd int fd = open (path, O_RDONLY | O_CLOEXEC);
  gsize length = 0;
  gssize n = fd >= 0 ? 1 : -1;

  while (n > 0 && length < max)
    {
      n = read (fd, text + length, max - length);
      length += MAX (n, 0);
    }
  if (n < 0)
    vq_error_set_errno (error, errno, "cannot read %s", path);
  return n >= 0 ? g_steal_pointer (&text) : NULL;
}

char *
vq_host_facts_get_cpu (GError **error)
{
  g_autofree char *cpuinfo = read_start ("/proc/cpuinfo", CPUINFO_MAX, error);
  char *cpu = cpuinfo != NULL ? vq_host_facts_parse_cpu (cpuinfo) : NULL;

  if (cpuinfo != NULL && cpu == NULL)
    vq_error_set (error, VQ_ERROR_FAILED, "/proc/cpuinfo does not say which processor this is");
  return cpu;
}

char *
vq_host_facts_get_boot (GError **error)
{
  g_autofree char *boot = read_start ("/proc/sys/kernel/random/boot_id", 64, error);

  if (boot == NULL)
    return NULL;
  g_strstrip (boot);
  if (*boot != '\0')
    return g_steal_pointer (&boot);
  vq_error_set (error, VQ_ERROR_FAILED, "/proc/sys/kernel/random/boot_id is empty");
  return NULL;
}

gboolean
vq_host_facts_get_available_memory (const char *meminfo, guint64 *bytes)
{
  g_autofree char *text = NULL;
  const char *found
      = g_file_get_contents (meminfo, &text, NULL, NULL) ? strstr (text, AVAILABLE) : NULL;

  *bytes = found != NULL ? g_ascii_strtoull (found + strlen (AVAILABLE), NULL, 10) * 1024 : 0;
  return found != NULL;
}

static gboolean
is_zone_name (const char *name)
{
  return name[0] != '\0' && name[0] != '/' && strstr (name, "..") == NULL
         && strspn (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_+-/") == strlen (name);
}

/* The first line of /etc/timezone that is not a comment, or NULL. Transfer full. */
static char *
read_time_zone_file (void)
{
  g_autofree char *contents = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents ("/etc/timezone", &contents, NULL, NULL))
    return NULL;
  lines = g_strsplit (contents, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (*g_strstrip (*line) != '\0' && **line != '#')
      return g_strdup (*line);
  return NULL;
}

char *
vq_host_facts_get_time_zone (void)
{
  g_autofree char *target = g_file_read_link ("/etc/localtime", NULL);
  const char *known = target != NULL ? strstr (target, "/zoneinfo/") : NULL;
  g_autofree char *zone
      = known != NULL ? g_strdup (known + strlen ("/zoneinfo/")) : read_time_zone_file ();

  return zone != NULL && is_zone_name (zone) ? g_steal_pointer (&zone) : NULL;
}

guint64
vq_host_facts_get_peak_memory (GPid pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", pid);
  g_autofree char *text = NULL;
  const char *found = g_file_get_contents (path, &text, NULL, NULL) ? strstr (text, PEAK) : NULL;

  return found != NULL ? g_ascii_strtoull (found + strlen (PEAK), NULL, 10) * 1024 : 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/guest-setup.h"

#include <string.h>

#include "base/error.h"
#include "base/host-facts.h"
#include "guest/guest-script.h"
#include "base/text.h"

#define MIN_UID 1000
#define MAX_UID 59999

/* Users with unusual names are ignored, because such names would cause trouble in replies and in
 * shell commands. */
#define USER_NAME_MAX 64

static const char time_zone_script[] =
#include "guest/set-time-zone.sh.inc"
    ;

static const char make_scratch_script[] =
#include "guest/make-scratch.sh.inc"
    ;

static const char save_scratch_script[] =
#include "guest/save-scratch.sh.inc"
    ;

static const char restore_scratch_script[] =
#include "guest/restore-scratch.sh.inc"
    ;

/* In order, these are for sysvinit, systemd and busybox. */
static const char power_off_script[] = "shutdown -h -P now || poweroff || poweroff -f\n";
static const char reboot_script[] = "shutdown -r now || reboot || reboot -f\n";

gboolean
vq_guest_setup_time_zone (VqChannel *channel, gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autofree char *zone = vq_host_facts_get_time_zone ();
  const char *const arguments[] = { zone, NULL };

  if (zone == NULL)
    return TRUE;
  return vq_guest_script_run (channel, time_zone_script, arguments, NULL, deadline, cancel,
                              "cannot set the guest's time zone", error);
}

static gboolean
is_plain_name (const char *name)
{
  gsize n = strlen (name);

  return n > 0 && n <= USER_NAME_MAX && name[0] != '-'
         && strspn (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.-$") == n;
}

char *
vq_guest_setup_parse_users (const char *passwd)
{
  g_auto (GStrv) lines = g_strsplit (passwd, "\n", -1);
  guint64 best = MAX_UID + 1;
  char *user = NULL;

  for (char **line = lines; *line != NULL; line++)
    {
      g_auto (GStrv) fields = g_strsplit (*line, ":", 4);
      guint64 uid;

      if (g_strv_length (fields) < 4 || !is_plain_name (fields[0])
          || !g_ascii_string_to_unsigned (fields[2], 10, MIN_UID, MAX_UID, &uid, NULL)
          || uid >= best)
        continue;
      best = uid;
      g_free (user);
      user = g_strdup (fields[0]);
    }
  return user;
}

gboolean
vq_guest_setup_find_user (VqChannel *channel, char **user, gint64 deadline, VqCancel *cancel,
                          GError **error)
{
  g_autofree char *passwd = NULL;

  if (!vq_guest_script_run (channel, "getent passwd || cat /etc/passwd", NULL, &passwd, deadline,
                            cancel, "cannot list the guest's users", error))
    return FALSE;
  *user = vq_guest_setup_parse_users (passwd);
  return TRUE;
}

gboolean
vq_guest_setup_make_scratch (VqChannel *channel, char **path, gint64 deadline, VqCancel *cancel,
                             GError **error)
{
  const char *const arguments[] = { *path, NULL };
  g_autofree char *made = NULL;

  if (!vq_guest_script_run (channel, make_scratch_script, arguments, &made, deadline, cancel,
                            "cannot make the scratch directory", error))
    return FALSE;
  if (made[0] != '/' || strlen (made) > 4096 || (*path != NULL && !g_str_equal (*path, made)))
    {
      g_autofree char *text = vq_text_printable (made, strlen (made), 100);

      return vq_error_set (error, VQ_ERROR_PEER,
                           "the guest's scratch directory has a strange path: %s", text);
    }
  g_free (*path);
  *path = g_steal_pointer (&made);
  return TRUE;
}

void
vq_guest_setup_power_off (VqChannel *channel)
{
  vq_guest_script_launch (channel, power_off_script, NULL);
}

void
vq_guest_setup_reboot (VqChannel *channel)
{
  vq_guest_script_launch (channel, reboot_script, NULL);
}

gboolean
vq_guest_setup_save_scratch (VqChannel *channel, const char *path, gint64 deadline,
                             VqCancel *cancel, GError **error)
{
  const char *const arguments[] = { path, NULL };

  return vq_guest_script_run (channel, save_scratch_script, arguments, NULL, deadline, cancel,
                              "cannot save the scratch directory", error);
}

gboolean
vq_guest_setup_restore_scratch (VqChannel *channel, const char *path, gint64 deadline,
                                VqCancel *cancel, GError **error)
{
  const char *const arguments[] = { path, NULL };

  return vq_guest_script_run (channel, restore_scratch_script, arguments, NULL, deadline, cancel,
                              "cannot restore the scratch directory", error);
}

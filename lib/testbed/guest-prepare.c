// SPDX-License-Identifier: GPL-2.0-or-later
#include "testbed/guest-prepare.h"

#include "guest/guest-grub.h"
#include "guest/guest-script.h"
#include "guest/guest-setup.h"
#include "base/log.h"
#include "guest/template-script.h"

/* How many seconds a short step, a script of the user, and the installation of a package may
 * take. */
#define STEP_SECONDS 100
#define SCRIPT_SECONDS (60 * 60)
#define INSTALL_SECONDS (10 * 60)

/* Installing the package does not start the agent, because the agent is started when its device
 * appears, and that was there before. So it is started here. */
static const char install_agent_script[]
    = "command -v qemu-ga >/dev/null && exit 0\n"
      "export DEBIAN_FRONTEND=noninteractive\n"
      "if command -v apt-get >/dev/null; then\n"
      "  apt-get -qy update >/dev/null\n"
      "  apt-get -qy --no-install-recommends install qemu-guest-agent >/dev/null\n"
      "elif command -v dnf >/dev/null; then dnf -y install qemu-guest-agent >/dev/null\n"
      "elif command -v zypper >/dev/null; then zypper -n install qemu-guest-agent >/dev/null\n"
      "elif command -v apk >/dev/null; then apk add qemu-guest-agent >/dev/null\n"
      "else echo 'no package manager that we know' >&2; exit 1\n"
      "fi\n"
      "service qemu-guest-agent start >/dev/null 2>&1 ||\n"
      "  systemctl start qemu-guest-agent >/dev/null 2>&1 || :\n";

static gboolean
run_scripts (VqGuest *guest, const VqOptions *options, GError **error)
{
  for (char **path = options->template_scripts; *path != NULL; path++)
    {
      vq_log_progress ("running a template script in the guest");
      if (!vq_template_script_run (vq_guest_get_channel (guest), *path,
                                   vq_deadline_in (SCRIPT_SECONDS), vq_guest_get_cancel (guest),
                                   error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
install_agent (VqGuest *guest, const VqOptions *options, GError **error)
{
  if (options->guest_agent != VQ_AGENT_INSTALL)
    return TRUE;
  vq_log_progress ("installing qemu-guest-agent in the guest");
  return vq_guest_script_run (vq_guest_get_channel (guest), install_agent_script, NULL, NULL,
                              vq_deadline_in (INSTALL_SECONDS), vq_guest_get_cancel (guest),
                              "cannot install qemu-guest-agent in the guest", error);
}

gboolean
vq_guest_prepare (VqGuest *guest, const VqOptions *options, GError **error)
{
  VqChannel *channel = vq_guest_get_channel (guest);
  VqCancel *cancel = vq_guest_get_cancel (guest);

  return vq_guest_setup_time_zone (channel, vq_deadline_in (STEP_SECONDS), cancel, error)
         && vq_guest_grub_prepare (channel, "", vq_deadline_in (STEP_SECONDS), cancel, error)
         && install_agent (guest, options, error) && run_scripts (guest, options, error);
}

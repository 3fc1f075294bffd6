# SPDX-License-Identifier: GPL-2.0-or-later
# Installs qemu-guest-agent, if it is missing, and starts it. Installing the package does not
# start the agent, because the agent is started when its device appears, and that was there
# before. So it is started here.

command -v qemu-ga >/dev/null && exit 0
export DEBIAN_FRONTEND=noninteractive
if command -v apt-get >/dev/null; then
  apt-get -qy update >/dev/null
  apt-get -qy --no-install-recommends install qemu-guest-agent >/dev/null
elif command -v dnf >/dev/null; then dnf -y install qemu-guest-agent >/dev/null
elif command -v zypper >/dev/null; then zypper -n install qemu-guest-agent >/dev/null
elif command -v apk >/dev/null; then apk add qemu-guest-agent >/dev/null
else echo 'no package manager that we know' >&2; exit 1
fi
service qemu-guest-agent start >/dev/null 2>&1 ||
  systemctl start qemu-guest-agent >/dev/null 2>&1 || :

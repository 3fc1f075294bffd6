# SPDX-License-Identifier: GPL-2.0-or-later
# Gives the guest the machine ID $1 (see machine-id(5)), and host keys for ssh that no other machine has. A guest that
# has neither gets neither.

# journalctl looks for the journal in a directory with the machine's ID, and journald goes on with the files that it has open.
set_machine_id() {
	for journal in /var/log/journal /run/log/journal; do
		if [ -d "$journal/$2" ] && mv "$journal/$2" "$journal/$1"; then ln -s "$1" "$journal/$2"; fi
	done
	echo "$1" >/etc/machine-id
	if [ -f /var/lib/dbus/machine-id ] && [ ! -L /var/lib/dbus/machine-id ]; then echo "$1" >/var/lib/dbus/machine-id; fi
}

# Keys of other types take longer. They are made only if sshd's configuration says which keys there are.
make_host_keys() {
	ssh-keygen -q -t ed25519 -N '' -f ssh_host_ed25519_key.new
	rm -f ssh_host_*_key ssh_host_*_key.pub
	mv ssh_host_ed25519_key.new ssh_host_ed25519_key
	mv ssh_host_ed25519_key.new.pub ssh_host_ed25519_key.pub
	if grep -qsi '^[[:space:]]*HostKey' sshd_config sshd_config.d/*; then ssh-keygen -A >/dev/null; fi
	if [ -s /run/sshd.pid ]; then kill -HUP "$(cat /run/sshd.pid)" || :; fi
}

old=$(cat /etc/machine-id 2>/dev/null) || :
if [ "${#old}" = 32 ] && [ "$old" != "$1" ] && [ -w /etc/machine-id ]; then set_machine_id "$1" "$old"; fi
cd /etc/ssh 2>/dev/null || exit 0
if [ -w . ] && ls ssh_host_*_key >/dev/null 2>&1 && command -v ssh-keygen >/dev/null; then make_host_keys; fi

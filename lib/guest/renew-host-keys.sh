# SPDX-License-Identifier: GPL-2.0-or-later
# Gives the guest, which has host keys for ssh, keys that no other machine has.

# Keys of other types take longer. They are made only if sshd's configuration says which keys there are.
make_host_keys() {
	ssh-keygen -q -t ed25519 -N '' -f ssh_host_ed25519_key.new
	rm -f ssh_host_*_key ssh_host_*_key.pub
	mv ssh_host_ed25519_key.new ssh_host_ed25519_key
	mv ssh_host_ed25519_key.new.pub ssh_host_ed25519_key.pub
	if grep -qsi '^[[:space:]]*HostKey' sshd_config sshd_config.d/*; then ssh-keygen -A >/dev/null; fi
	if [ -s /run/sshd.pid ]; then kill -HUP "$(cat /run/sshd.pid)" || :; fi
}

cd /etc/ssh || exit
if [ -w . ] && command -v ssh-keygen >/dev/null; then make_host_keys; fi

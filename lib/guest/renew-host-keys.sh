# SPDX-License-Identifier: GPL-2.0-or-later
# Gives the guest, which has host keys for ssh, the key that no other machine has. Its private half is our stdin, $1 is
# the public one: "TYPE BASE64".

# Keys of other types take long to make. They are made only if sshd's configuration says which keys there are.
set_host_keys() {
	case $1 in
	ssh-rsa*) key=ssh_host_rsa_key ;;
	ecdsa-*) key=ssh_host_ecdsa_key ;;
	*) key=ssh_host_ed25519_key ;;
	esac
	(umask 077; exec cat >$key.new)
	echo "$1" >$key.new.pub
	rm -f ssh_host_*_key ssh_host_*_key.pub
	mv $key.new $key
	mv $key.new.pub $key.pub
	if grep -qsi '^[[:space:]]*HostKey' sshd_config sshd_config.d/*; then ssh-keygen -A >/dev/null; fi
	if [ -s /run/sshd.pid ]; then kill -HUP "$(cat /run/sshd.pid)" || :; fi
}

cd /etc/ssh || exit
if [ -w . ]; then set_host_keys "$1"; fi

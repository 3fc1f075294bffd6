# SPDX-License-Identifier: GPL-2.0-or-later
# Runs an ssh server for one connection, which is our stdin and stdout. $1 is the public key with which the client may
# log in, as any user. The guest's configuration is neither used nor changed: what the server needs is in a directory
# of its own that is gone after a boot. UsePAM lets root in even if its password is locked.
set -e
umask 022

sshd=$(command -v sshd || command -v /usr/sbin/sshd) || {
  echo "virt-qemu: the guest has no ssh server: install openssh-server in it" >&2
  exit 125
}
directory=${XDG_RUNTIME_DIR:-/run}/virt-qemu-ssh
# The first one is what the sshd of Debian wants, and its service makes it.
test "$(id -u)" != 0 || mkdir -p /run/sshd
mkdir -p "$directory"

# Connections may begin at the same time, so each makes files of its own and renames them.
if ! test -e "$directory/host_key"; then
  ssh-keygen -q -t ed25519 -N '' -f "$directory/host_key.$$"
  mv "$directory/host_key.$$" "$directory/host_key"
  rm "$directory/host_key.$$.pub"
fi
printf '%s\n' "$1" >"$directory/authorized_keys.$$"
mv "$directory/authorized_keys.$$" "$directory/authorized_keys"

exec "$sshd" -i -f /dev/null -o HostKey="$directory/host_key" -o AuthorizedKeysFile="$directory/authorized_keys" \
  -o PasswordAuthentication=no -o KbdInteractiveAuthentication=no -o PermitRootLogin=prohibit-password -o UsePAM=yes \
  -o PrintMotd=no -o Subsystem='sftp internal-sftp'

# SPDX-License-Identifier: GPL-2.0-or-later
# Runs an ssh server for one connection, which is our stdin and stdout. $1 is the public key with which the client may
# log in, as any user. $2 is the public half of the host key; without it the guest makes one. host-key.sh has brought
# its private half if it was not in the guest. The guest's configuration is neither used nor changed: what the server
# needs is in a directory of its own that is gone after a boot. UsePAM lets root in even if its password is locked.
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

# Prints the path of the key whose public half is $1.
find_host_key() {
  for file in "$directory/host_key" /etc/ssh/ssh_host_*_key; do
    if read -r type base64 rest <"$file.pub" && test "$type $base64" = "$1"; then
      echo "$file"
      return
    fi
  done 2>/dev/null
  echo "virt-qemu: the guest has lost its host key: connect again" >&2
  return 125
}

# Connections may begin at the same time, so each makes files of its own and renames them.
if test -n "$2"; then
  host_key=$(find_host_key "$2")
else
  host_key=$directory/host_key
  if ! test -e "$host_key"; then
    ssh-keygen -q -t ed25519 -N '' -f "$host_key.$$"
    mv "$host_key.$$" "$host_key"
    rm "$host_key.$$.pub"
  fi
fi
printf '%s\n' "$1" >"$directory/authorized_keys.$$"
mv "$directory/authorized_keys.$$" "$directory/authorized_keys"

exec "$sshd" -i -f /dev/null -o HostKey="$host_key" -o AuthorizedKeysFile="$directory/authorized_keys" \
  -o PasswordAuthentication=no -o KbdInteractiveAuthentication=no -o PermitRootLogin=prohibit-password -o UsePAM=yes \
  -o PrintMotd=no -o Subsystem='sftp internal-sftp'

# SPDX-License-Identifier: GPL-2.0-or-later
# Takes the host key that ssh-server.sh needs, unless the guest has it already: its private half is our stdin, and its
# public half $1. ssh-server.sh cannot ask for it, because what ssh has sent by then would be lost.
set -e

directory=${XDG_RUNTIME_DIR:-/run}/virt-qemu-ssh
file=$directory/host_key
for known in "$file" /etc/ssh/ssh_host_*_key; do
  if read -r type base64 rest <"$known.pub" && test "$type $base64" = "$1"; then exit; fi
done 2>/dev/null

umask 022
mkdir -p "$directory"
umask 077
cat >"$file.$$"
printf '%s\n' "$1" >"$file.pub.$$"
mv "$file.$$" "$file"
mv "$file.pub.$$" "$file.pub"

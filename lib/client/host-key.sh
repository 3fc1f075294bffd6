# SPDX-License-Identifier: GPL-2.0-or-later
# Takes the host key that ssh-server.sh needs: its private half is our stdin, and its public half $1.
set -e
umask 077

file=${XDG_RUNTIME_DIR:-/run}/virt-qemu-ssh/host_key
cat >"$file.$$"
printf '%s\n' "$1" >"$file.pub.$$"
mv "$file.$$" "$file"
mv "$file.pub.$$" "$file.pub"

# SPDX-License-Identifier: GPL-2.0-or-later
# Receives the guest helper from its port and starts it. $1 is the program's size, $2 its SHA-256,
# and $3 the port's name. If $4 is not empty, the program is for a kernel that calls its machine so.
# The script loads the port's driver, because a shell may start before udev does that, or where
# nobody does. It waits for the port too, which takes a moment. It mounts a tmpfs of its own, because many systems mount /run, /tmp and /dev/shm
# noexec. Only one process can have the port; what an attempt before this one has left there is
# killed. The tmpfs is in the mount namespace of this script, and disappears with the helper, which
# then moves to init's namespaces. There must be no single quote below, because the script is given
# to a shell between two of them.

umask 077
[ -z "$4" ] || [ "$(uname -m)" = "$4" ] || { echo "not for a $(uname -m)" >&2; exit 1; }
i=0 port=
while :; do
  for p in /sys/class/virtio-ports/*; do
    n=; [ ! -e "$p/name" ] || read -r n <"$p/name" || :
    if [ "$n" = "$3" ]; then port=/dev/${p##*/}; fi
  done
  [ ! -c "$port" ] || break
  [ "$i" -gt 0 ] || modprobe virtio_console 2>/dev/null || :
  [ "$i" -lt 100 ] || { echo "no port $3: modprobe virtio_console does not help" >&2; exit 1; }
  i=$((i + 1)); sleep 0.1 2>/dev/null || sleep 1
done
mount -t tmpfs -o mode=700,exec virt-qemu /tmp
i=0
until { command exec 3<>"$port"; } 2>/dev/null; do
  [ "$i" -lt 50 ] || { echo "the port stays busy" >&2; exit 1; }
  for f in /proc/[0-9]*/fd/*; do
    # shellcheck disable=SC3013 # every shell that is an sh somewhere knows -ef
    [ ! "$f" -ef "$port" ] || { f=${f#/proc/}; kill -9 "${f%%/*}" || :; }
  done 2>/dev/null
  i=$((i + 1)); sleep 0.1 2>/dev/null || sleep 1
done
timeout 20 head -c "$1" <&3 >/tmp/virt-qemu-helper ||
  { echo "the program did not arrive" >&2; exit 1; }
echo "$2  /tmp/virt-qemu-helper" | sha256sum -c --status ||
  { echo "the program arrived damaged" >&2; exit 1; }
chmod 700 /tmp/virt-qemu-helper
exec /tmp/virt-qemu-helper --fd 3 --daemon

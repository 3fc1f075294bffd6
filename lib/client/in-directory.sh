# SPDX-License-Identifier: GPL-2.0-or-later
# Runs a command in the directory $1. The rest is the command.

cd -- "$1" 2>/dev/null || {
  echo "virt-qemu: error: cannot go to the directory '$1' in the guest" >&2
  exit 125
}
shift
exec "$@"

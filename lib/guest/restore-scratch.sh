# SPDX-License-Identifier: GPL-2.0-or-later
# Restores the scratch directory that save-scratch.sh has saved, with the same options of GNU tar.
# shellcheck disable=SC2086 # the options are several words, or none

options=
if tar --version 2>/dev/null | grep -q GNU; then
  options='--warning=none --sparse --numeric-owner'
fi
for d in /var/cache /home; do
  [ -e $d/virt-qemu-scratch.tar ] || continue
  tar $options -C / -x -p -f $d/virt-qemu-scratch.tar
  rm -f $d/virt-qemu-scratch.tar
  exit 0
done
echo 'the saved scratch directory is gone' >&2
exit 1

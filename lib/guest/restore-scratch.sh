# SPDX-License-Identifier: GPL-2.0-or-later
# Restores the scratch directory that save-scratch.sh has saved.

for d in /var/cache /home; do
  [ -e $d/virt-qemu-scratch.tar ] || continue
  tar --warning=none --extract --absolute-names --numeric-owner --preserve-permissions \
    --file $d/virt-qemu-scratch.tar
  rm -f $d/virt-qemu-scratch.tar
  exit 0
done
echo 'the saved scratch directory is gone' >&2
exit 1

# SPDX-License-Identifier: GPL-2.0-or-later
# Upgrades all packages. If $1 is not empty, packages that nobody needs any more go. Prints apt's
# own lines of progress (APT::Status-Fd), and "changed" if some package is another one now. What
# configuration files have been changed to stays.

command -v apt-get >/dev/null || { echo 'there is no apt-get in it' >&2; exit 1; }
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
log=$(mktemp -p /run virt-qemu-upgrade.XXXXXX)
trap 'rm -f "$log"' EXIT
get() {
  apt-get -qy -o APT::Status-Fd=3 -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
    -o DPkg::Options::=--force-confdef -o DPkg::Options::=--force-confold "$@" \
    3>&1 >"$log" 2>&1 </dev/null && return
  { grep '^E: ' "$log" || tail -n 3 "$log"; } | tail -n 3 >&2
  exit 1
}
before=$(cksum </var/lib/dpkg/status)
digest=
[ ! -e /var/cache/apt/pkgcache.bin ] || digest=yes
get -o APT::Update::Error-Mode=any update
get full-upgrade
[ -z "$1" ] || get --purge autoremove
get clean
# Making apt's digest of its lists takes half a minute on an emulated CPU.
[ -z "$digest" ] || apt-cache gencaches >/dev/null 2>&1 || :
[ "$before" = "$(cksum </var/lib/dpkg/status)" ] || echo changed

# SPDX-License-Identifier: GPL-2.0-or-later
# For the scripts of the clients.
# shellcheck shell=sh disable=SC2154 # tests/clients/run sets the variables
set -eu

skip() { echo "$*"; exit 77; }

# need COMMAND PACKAGE
need() { command -v "$1" >/dev/null || skip "$1 is missing: install the package $2"; }

# need_root WHY
need_root() { [ "$(id -u)" = 0 ] || skip "it needs root, $1"; }

# expect PATTERN FILE: prints the line that matches, and fails if there is none.
expect() { grep -E -m 1 -- "$1" "$2" || { echo "there is no \"$1\" in $2:"; tail -n 20 "$2"; exit 1; }; }

# fetch SUITE PACKAGE: unpacks that release's package into ./package. This host's apt is not changed.
fetch() (
	package=$2
	mkdir -p lists/partial cache/archives/partial
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${VIRT_QEMU_MIRROR:-http://deb.debian.org/debian} $1 main" >sources.list
	set -- -q -o Dir::Etc::sourcelist="$PWD/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::Lists="$PWD/lists" \
	  -o Dir::Cache="$PWD/cache" -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none -o APT::Sandbox::User=root
	apt-get "$@" update || skip "the mirror has no list of packages"
	apt-get "$@" download "$package" || skip "the mirror has no $package"
	dpkg-deb --field "$package"_*.deb Version
	dpkg-deb --extract "$package"_*.deb package
)

# Makes vqtiny_1.dsc here.
make_source() {
	cp -r "$here/packages/vqtiny" vqtiny-1
	dpkg-source --build vqtiny-1
}

# prepare COMMAND: has our server run it in the guest before the template is saved. The clients that have the same
# COMMAND have the same file, and so the same template.
prepare() {
	script=$HOME/prepare.$(printf %s "$1" | cksum | cut -d ' ' -f 1)
	if [ ! -e "$script" ]; then
		printf '#!/bin/sh\n%s\n' "$1" >"$script"
		chmod +x "$script"
	fi
	printf '[default]\ntemplate-script=%s\n' "$script" >config
	export VIRT_QEMU_CONFIG="$PWD/config"
}

# prepare_packages PACKAGE...: they are installed once.
prepare_packages() { prepare "apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install $*"; }

# run_sbuild PROGRAM OPTION...: builds vqtiny with sbuild or a program that takes its options.
run_sbuild() {
	prepare_packages build-essential fakeroot
	make_source
	# shellcheck disable=SC2016 # it is Perl
	printf '$core_depends = ["build-essential:native"];\n$path = "%s:/usr/bin:/bin";\n1;\n' "${server%/*}" >sbuildrc
	SBUILD_CONFIG=$PWD/sbuildrc "$@" --dist=bookworm --no-apt-update --no-apt-upgrade --no-apt-distupgrade \
	  --purge-build=never --purge-deps=never --no-run-lintian --no-run-piuparts --no-run-autopkgtest vqtiny_1.dsc
	expect '^Status: successful' vqtiny_1_amd64.build
	dpkg-deb --contents vqtiny_1_amd64.deb | grep usr/bin/vqtiny
}

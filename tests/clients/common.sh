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

# Makes vqtiny_1.dsc here.
make_source() {
	cp -r "$here/packages/vqtiny" vqtiny-1
	dpkg-source --build vqtiny-1
}

# Makes ./prepare, for --template-script: what every build needs is installed once. For sbuild, also its configuration.
make_prepare() {
	cat >prepare <<-'END'
		#!/bin/sh
		apt-get -q update && apt-get -q -y --no-install-recommends install build-essential fakeroot
	END
	chmod +x prepare
	# shellcheck disable=SC2016 # it is Perl
	printf '$core_depends = ["build-essential:native"];\n1;\n' >sbuildrc
	export SBUILD_CONFIG="$PWD/sbuildrc"
}

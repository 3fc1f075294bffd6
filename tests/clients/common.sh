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

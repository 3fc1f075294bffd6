# SPDX-License-Identifier: GPL-2.0-or-later
# Runs a command in the directory $1. The rest is the command.

cd -- "$1" || exit 125
shift
exec "$@"

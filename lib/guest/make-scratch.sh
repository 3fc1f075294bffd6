# SPDX-License-Identifier: GPL-2.0-or-later
# Makes the scratch directory $1, or one with a name of its own if $1 is empty, and prints its
# path.

umask 022
if [ -n "$1" ]; then
  mkdir -p -- "$1"; d=$1
else
  d=$(mktemp --directory --tmpdir autopkgtest.XXXXXX)
fi
chmod 777 -- "$d"
printf %s "$d"

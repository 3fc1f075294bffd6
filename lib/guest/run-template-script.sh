# SPDX-License-Identifier: GPL-2.0-or-later
# Runs the template script that comes on stdin. The arguments are the interpreter, or nothing for
# a program. Stdin is stored in a file while it runs. The interpreter is called by name, because
# the file's directory may be mounted noexec.

f=$(mktemp) || exit
trap 'rm -f "$f"' EXIT
cat >"$f" && chmod 700 "$f" || exit
"$@" "$f" </dev/null

# SPDX-License-Identifier: GPL-2.0-or-later
# Runs the shell on a terminal in the guest. The arguments are the environment, which is set again
# after the login shell, because its startup files may have changed it.

if command -v bash >/dev/null; then exec bash -l -c 'exec env -- "$@" bash -i' bash "$@"; fi
exec env -- "$@" sh -i

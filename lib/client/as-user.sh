# SPDX-License-Identifier: GPL-2.0-or-later
# Runs a command as a user of the guest: with all groups, and the environment that a login sets. $1 is the user's
# name or number, the rest is the command. setpriv becomes the command, so signals and the exit status are the
# command's own; su, which every guest has, stays between it and us.

user=$1
shift
found=
while IFS=: read -r name _ uid gid _ home shell; do
  if test "$user" = "$name" || test "$user" = "$uid"; then found=1; break; fi
done <<END
$(getent passwd "$user" 2>/dev/null || cat /etc/passwd)
END
test -n "$found" || { echo "virt-qemu: error: there is no user '$user' in the guest" >&2; exit 125; }

set -- env -- HOME="$home" SHELL="${shell:-/bin/sh}" USER="$name" LOGNAME="$name" "$@"
if setpriv --reuid "$uid" --regid "$gid" --init-groups true 2>/dev/null; then
  exec setpriv --reuid "$uid" --regid "$gid" --init-groups -- "$@"
fi
# shellcheck disable=SC2016 # the shell that su starts expands it
exec su -s /bin/sh -- "$name" -c 'exec "$@"' sh "$@"

# SPDX-License-Identifier: GPL-2.0-or-later
# Gives what was copied its owner ($1, as for chown) and its mode ($2); either may be empty. The rest are the paths.
# In a tree everything gets the owner, and nothing the mode. Symbolic links in it are not followed.

owner=$1
mode=$2
shift 2
for path; do
  if test -d "$path"; then
    test -z "$owner" || chown -R -h -- "$owner" "$path"
  else
    test -z "$owner" || chown -- "$owner" "$path"
    test -z "$mode" || chmod -- "$mode" "$path"
  fi
done

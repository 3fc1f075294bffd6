# SPDX-License-Identifier: GPL-2.0-or-later
# A template script that takes longer than a boot may, and leaves a process that has locked dpkg's
# data for a while.
sleep 105
perl -MFcntl -e '
  exit if fork;
  open (my $file, ">", "/var/lib/dpkg/lock-frontend") or die;
  my $lock = pack ("s s x4 q q l", F_WRLCK, 0, 0, 0, 0);
  fcntl ($file, F_SETLK, $lock) or die;
  sleep 8;
  system "touch /var/unlocked"' </dev/null >/dev/null 2>&1

# SPDX-License-Identifier: GPL-2.0-or-later
# Runs in a fork, in bash: prints what must be another in each ("unique"), and what tells that it is sane ("sane"). $1 is a port of the host.

echo "unique $(head -c 64 /dev/urandom | od -An -v -tx1 | tr -d ' \n')"
echo "unique $(cat /proc/sys/kernel/random/uuid)"
# The first message of a client of TLS has a random number and the public part of a key for this session.
python3 -c '
import ssl
out = ssl.MemoryBIO()
try:
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(ssl.MemoryBIO(), out, server_hostname="host").do_handshake()
except ssl.SSLWantReadError:
    print("unique", out.read().hex())'

systemctl start often.timer often-more.timer
jobs=$(systemctl list-jobs --no-legend)
echo "sane timers: $(systemctl is-active often.timer often-more.timer | paste -sd' ')"
# The other one's would be the time of its stamp, which is set to now so that it makes up for nothing.
echo "sane often.timer was due: $(systemctl show --value --property=LastTriggerUSec often.timer)"
echo "sane fired: $(find /run -name 'fired*' | paste -sd' ')"
echo "sane jobs: $jobs"
echo "sane address: $(ip -4 -o addr show scope global | awk '{ print $4 }')"
echo "sane route: $(ip route show default | awk '{ print $3 }')"
exec 3<>"/dev/tcp/10.0.2.2/$1" && read -r word <&3 && echo "sane the host says: $word"
journalctl --sync
journalctl -b -o cat --no-pager | awk '/reseeded due to virtual machine fork/ { on = 1; n = 0 } on { line[n++] = $0 } END { for (i = 0; i < n; i++) print "journal", line[i] }'

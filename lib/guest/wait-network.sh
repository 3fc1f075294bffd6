# SPDX-License-Identifier: GPL-2.0-or-later
# Waits until the guest has a default route, which comes together with its address. If there is
# none after ten seconds, or after two if nobody has switched a network card on, prints "none".
# Without a network card there is nothing to wait for. This starts no program while there is a
# route, so it costs nothing then.

# IPv4: the second field is the destination.
has_route() {
  while read -r _ to _; do [ "$to" != 00000000 ] || return 0; done </proc/net/route
  return 1
}
# IPv6: the first field is the destination; the last is the card, which is "lo" for a barrier.
has_route6() {
  while read -r to length rest; do
    case $to$length$rest in *' lo') ;; 0000000000000000000000000000000000*) return 0;; esac
  done </proc/net/ipv6_route
  return 1
}

cards=
for card in /sys/class/net/*; do [ ! -e "$card/device" ] || cards="$cards $card"; done
[ "$cards" ] || exit 0
i=0 patience=20
until has_route; do
  for card in $cards; do
    read -r flags <"$card/flags"
    [ $((flags & 1)) = 0 ] || patience=100
  done
  [ "$i" -lt "$patience" ] || break
  i=$((i + 1)); sleep 0.1 2>/dev/null || { i=$((i + 9)); sleep 1; }
done
[ "$i" -lt "$patience" ] || { [ -e /proc/net/ipv6_route ] && has_route6; } || echo none

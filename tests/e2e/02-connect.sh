# SPDX-License-Identifier: MIT
#
# Connections and datagrams to embargoed networks, by every way to send one; ports and protocols.
. "$(dirname "$0")/lib.sh"

write_policy "$POLICY" enforce 1 </dev/null
start_agent

expect_dial "TCP elsewhere" ECONNREFUSED tcp 192.0.2.65 443
expect_dial "TCP" EPERM tcp 192.0.2.66 443
expect_dial "TCP Fast Open" EPERM tfo 192.0.2.66 443
expect_dial "a datagram" EPERM udp 192.0.2.66 53
expect_dial "a connected datagram socket" EPERM udp-connect 192.0.2.66 53
expect_dial "a datagram elsewhere" OK udp 192.0.2.65 53

expect_dial "TCP to IPv6" EPERM tcp 2001:db8:66::1 443
expect_dial "TCP to other IPv6" ECONNREFUSED tcp 2001:db8:67::1 443
expect_dial "a datagram to IPv6" EPERM udp 2001:db8:66::1 53
expect_dial "a datagram to other IPv6" OK udp 2001:db8:67::1 53

expect_dial "TCP to a v4-mapped address" EPERM tcp ::ffff:192.0.2.66 1443
expect_dial "TCP to another v4-mapped address" ECONNREFUSED tcp ::ffff:192.0.2.65 443
expect_dial "a datagram to a v4-mapped address" EPERM udp ::ffff:192.0.2.66 1053
expect_dial "a datagram to another v4-mapped address" OK udp ::ffff:192.0.2.65 53

expect_dial "a listed port" EPERM tcp 198.51.100.7 443
expect_dial "another listed port" EPERM tcp 198.51.100.7 8443
expect_dial "a port that is not listed" ECONNREFUSED tcp 198.51.100.7 444
expect_dial "a listed port by another protocol" OK udp 198.51.100.7 443
mptcp=$(inside "$WORK/dial" mptcp 198.51.100.7 443)
case $mptcp in
EPROTONOSUPPORT | ENOPROTOOPT | EINVAL) skip "multipath TCP counts as TCP" "this kernel has no multipath TCP: $mptcp" ;;
*) is "multipath TCP counts as TCP" EPERM "$mptcp" ;;
esac

event_is "the event has the exact fields" event.action=connect event.outcome=failure destination.ip=192.0.2.66 \
	destination.port=443 network.transport=tcp network.type=ipv4 process.executable="$WORK/dial" \
	embargo.matcher=network embargo.backend=cgroup embargo.mode=enforce embargo.vendor=example \
	embargo.would_deny=false rule.name=192.0.2.66/32
event_is "a v4-mapped address is told as IPv4" destination.ip=192.0.2.66 destination.port=1443 network.type=ipv4 \
	network.transport=tcp
# The kernel turns a mapped datagram into an IPv4 one before anybody sees it; a connection not.
event_is "... and that it was mapped" destination.port=1443 embargo.mapped=true
event_is "a v4-mapped datagram" destination.ip=192.0.2.66 destination.port=1053 network.transport=udp
event_is "a datagram is told as one" destination.ip=192.0.2.66 destination.port=53 network.transport=udp \
	embargo.datagram=true
event_is "IPv6" destination.ip=2001:db8:66::1 network.type=ipv6 rule.name=2001:db8:66::/48
no_event "addresses outside the policy leave no event" destination.ip=192.0.2.65
no_event "ports outside the policy leave no event" destination.port=444
done_testing

# SPDX-License-Identifier: MIT
#
# Datagrams to an address that a denied name was resolved to: each send is decided, whoever only connects is not; what goes through
# a connection that was let through is not asked about again, until it goes elsewhere or the policy is another one.
. "$(dirname "$0")/lib.sh"

cp "$HELPERS/hello" "$WORK/hello"
names_vendor cloud "*.cloud.example.com" exact.example.net

# names_policy FILE MODE REVISION: with the names, and what names: says on standard input
names_policy() {
	write_policy "$1" "$2" "$3" <<-END
	  - vendor: cloud
	END
	cat >>"$1"
}

# sent FILE COUNT: so many times that was said to go once more, and did
sent() {
	tries=0
	until [ "$(grep -cx sent "$1")" = "$2" ] || [ "$tries" -gt $((50 * SLOW)) ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	is "... $2 times more" "$2" "$(grep -cx sent "$1")"
}

# ends TEXT FILE ERROR
ends() {
	if line_comes "$2" "$3"; then ok "$1: $3"; else not_ok "$1: $3" "$(cat "$2")"; fi
}

# counted TEXT CONNECTIONS PORT: so many were let through
counted() {
	embargo status --json >"$WORK/status.json" 2>/dev/null
	is "$1: recorded" "$2" "$(eventq pick "$WORK/status.json" connections destination.port="$3" | head -n 1)"
}

names_policy "$POLICY" enforce 1 </dev/null
start_agent
HOW=take
serve "$WORK/taken" :: 443 0

inside "$WORK/hello" answer eu-1.cloud.example.com 192.0.2.10
inside "$WORK/hello" answer eu-2.cloud.example.com 192.0.2.20
inside "$WORK/hello" answer www.innocent.example.org 192.0.2.20
inside "$WORK/hello" answer exact.example.net 2001:db8::10

expect_dial "elsewhere" OK udp 192.0.2.30 1050
expect_dial "a datagram" EPERM udp 192.0.2.10 1051
event_is "the event has the exact fields" event.action=name event.outcome=failure destination.ip=192.0.2.10 \
	destination.port=1051 destination.domain=eu-1.cloud.example.com network.transport=udp embargo.datagram=true \
	process.executable="$WORK/dial" embargo.vendor=cloud embargo.matcher=domain embargo.recognised=resolved \
	embargo.backend=cgroup embargo.mode=enforce embargo.would_deny=false 'rule.name=*.cloud.example.com'
expect_dial "a socket that only connects" OK udp-connect 192.0.2.10 1052
expect_dial "a connected socket" EPERM udp-connected 192.0.2.10 1053
event_is "... is told as one" destination.port=1053 event.outcome=failure embargo.datagram= embargo.recognised=resolved
expect_dial "a datagram to IPv6" EPERM udp 2001:db8::10 1054
expect_dial "a connected socket, IPv6" EPERM udp-connected 2001:db8::10 1055
expect_dial "a datagram to a v4-mapped address" EPERM udp ::ffff:192.0.2.10 1056
expect_dial "a connected socket, v4-mapped" EPERM udp-connected ::ffff:192.0.2.10 1057
event_is "... is told as one" destination.port=1057 destination.ip=192.0.2.10 embargo.mapped=true
no_event "who only connects is not recorded" destination.port=1052
no_event "what goes elsewhere is not recorded" destination.port=1050

for i in 1 2 3; do expect_dial "a datagram to a shared address" OK udp 192.0.2.20 1058; done
event_is "... is recorded as shared" destination.port=1058 embargo.let_through=shared embargo.datagram=true
counted "... each" 3 1058
hold "$WORK/bulk" udp 192.0.2.20 443 100
for i in 1 2 3; do
	echo >&9
	sent "$WORK/bulk" $i
done
event_is "a connection to a shared address is recorded" destination.port=443 embargo.let_through=shared embargo.datagram=
counted "... once" 1 443
echo 192.0.2.10 443 >&9
ends "the same socket, connected to a denied address" "$WORK/bulk" EPERM

hold "$WORK/quic" udp 192.0.2.20 443 100
counted "a new connection" 2 443
names_policy "$WORK/audit.yaml" audit 2 </dev/null
check "a policy in audit" apply "$WORK/audit.yaml"
expect_dial "a connected socket in audit" OK udp-connected 192.0.2.10 1059
event_is "... would be refused" destination.port=1059 event.outcome=success embargo.would_deny=true embargo.mode=audit
echo >&9
sent "$WORK/quic" 1
counted "what is open, by another policy" 3 443
echo >&9
sent "$WORK/quic" 2
counted "... once" 3 443

names_policy "$WORK/strict.yaml" enforce 3 <<-END
names: {no-name: deny, quic: deny}
END
check "a stricter policy" apply "$WORK/strict.yaml"
expect_dial "QUIC to a shared address, by a stricter policy" EPERM udp-connected 192.0.2.20 443
ends "what is open ends" "$WORK/quic" ECONNABORTED

write_policy "$WORK/without.yaml" enforce 4 </dev/null
check "a policy without names" apply "$WORK/without.yaml"
expect_dial "without such a policy" OK udp-connected 192.0.2.10 1060
kill "$SERVER" 2>/dev/null
done_testing

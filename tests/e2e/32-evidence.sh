# SPDX-License-Identifier: MIT
#
# What leaves through connections that are let through is counted exactly: as many bytes as the server got, also of connections that
# end at once, that are open, that are closed while no agent runs, and over a change of the policy.
. "$(dirname "$0")/lib.sh"

# of PORT COLUMN: what embargo status says of the destination with that port
of() {
	embargo status --json >"$WORK/status.json" 2>/dev/null
	eventq pick "$WORK/status.json" "$2" destination.port="$1" | head -n 1
}

# comes_to TEXT EXPECTED PORT COLUMN: it says that after a while
comes_to() {
	tries=0
	until [ "$(of "$3" "$4")" = "$2" ] || [ "$tries" -ge $((20 * SLOW)) ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	is "$1" "$2" "$(of "$3" "$4")"
}

# told TEXT FILTER...: as event_is, but it comes when nothing has happened for a while
told() {
	text=$1
	shift
	if eventq wait "$EVENTS" $((15 * SLOW)) event.action=traffic "$@" >"$WORK/event" 2>&1; then
		ok "$text"
	else
		not_ok "$text" "no event with $*; those that there are: $(grep '"traffic"' "$EVENTS" | tail -n 3)"
	fi
}

write_policy "$POLICY" audit 1 </dev/null
serve "$WORK/server" 0.0.0.0 5001 0
start_agent

is "one that ends at once" OK "$(inside "$WORK/stream" send 192.0.2.66 5001 1000000 0)"
line_comes "$WORK/server" "got 1000000" || not_ok "the server got it" "$(cat "$WORK/server")"
comes_to "sent, as the server got it" 1000000 5001 source.bytes
is "received: nothing" 0 "$(of 5001 destination.bytes)"
is "connections" 1 "$(of 5001 connections)"

serve "$WORK/server2" 0.0.0.0 5002 123457
is "one with an answer" OK "$(inside "$WORK/stream" half 192.0.2.66 5002 54321 123457)"
comes_to "sent" 54321 5002 source.bytes
is "received" 123457 "$(of 5002 destination.bytes)"
is "the same again" OK "$(inside "$WORK/stream" send 192.0.2.66 5002 54321 123457)"
comes_to "sent, both" 108642 5002 source.bytes
is "received, both" 246914 "$(of 5002 destination.bytes)"
is "connections, both" 2 "$(of 5002 connections)"

serve "$WORK/server6" :: 5003 7
is "IPv6" OK "$(inside "$WORK/stream" half 2001:db8:66::1 5003 11 7)"
comes_to "IPv6: sent" 11 5003 source.bytes
is "IPv6: received" 7 "$(of 5003 destination.bytes)"
serve "$WORK/server4" 0.0.0.0 5004 7
is "a mapped address" OK "$(inside "$WORK/stream" half ::ffff:192.0.2.66 5004 12 7)"
comes_to "a mapped address: sent" 12 5004 source.bytes

is "a refused connection" ECONNREFUSED "$(inside "$WORK/dial" tcp 192.0.2.66 5005)"
comes_to "a refused connection counts, without bytes" 1 5005 connections
is "... sent" 0 "$(of 5005 source.bytes)"
is "a datagram" OK "$(inside "$WORK/dial" udp 192.0.2.66 5006)"
comes_to "a datagram counts" 1 5006 connections
is "... its bytes are not" "" "$(of 5006 source.bytes)"
is "elsewhere" OK "$(inside "$WORK/stream" send 192.0.2.65 5001 10 0)"

told "the event has what there is" event.kind=metric source.bytes=1000000 destination.bytes=0 \
	destination.ip=192.0.2.66 destination.port=5001 embargo.traffic.connections=1 embargo.traffic.open=0 \
	embargo.traffic.final=true embargo.vendor=example process.executable="$WORK/stream" rule.name=192.0.2.66/32
told "... of one with an answer" destination.port=5002 source.bytes=108642 destination.bytes=246914 \
	embargo.traffic.connections=2
told "... of a datagram" destination.port=5006 embargo.datagram=true
no_event "what is innocent is not counted" event.action=traffic destination.ip=192.0.2.65

# one that stays
serve "$WORK/server7" 0.0.0.0 5007 30
hold "$WORK/long" hold 192.0.2.66 5007 4000 30
comes_to "open: sent" 4000 5007 source.bytes
is "open: received" 30 "$(of 5007 destination.bytes)"
is "open: as one" 1 "$(of 5007 open)"
echo >&9
line_comes "$WORK/long" sent
comes_to "open: sent more" 8000 5007 source.bytes
kill_agent
echo >&9
sleep 1
start_agent
comes_to "open: another agent knows it all" 12000 5007 source.bytes
comes_to "closed ones, too" 1000000 5001 source.bytes
write_policy "$WORK/next.yaml" audit 2 <<-END
allow:
  - network: 203.0.113.9/32
    reason: makes another generation of it
END
check "another policy with the same rule" apply "$WORK/next.yaml"
echo >&9
comes_to "open: and goes on counting" 16000 5007 source.bytes
is "as one connection" 1 "$(of 5007 connections)"
kill_agent
kill "$STREAM"
wait "$STREAM" 2>/dev/null
line_comes "$WORK/server7" "got 16000" || not_ok "the server got it" "$(cat "$WORK/server7")"
is "without an agent: status" 16000 "$(of 5007 source.bytes)"
start_agent
comes_to "closed while no agent ran" 16000 5007 source.bytes
is "... none is open" 0 "$(of 5007 open)"
told "... and is told" destination.port=5007 source.bytes=16000 destination.bytes=30 \
	embargo.traffic.final=true
embargo status >"$WORK/status" 2>&1
is "the status shows it, and fits" "1 0" "$(grep -c 'example .*stream .*192.0.2.66:5007' "$WORK/status") $(awk '/^what leaves/ { table = 1 } /^$/ { table = 0 } table && length > 100' "$WORK/status" | wc -l | tr -d ' ')"

# open before the policy
stop_agent
detach
rm -rf "$WORK/state"
mkdir "$WORK/state"
cat >"$WORK/none.yaml" <<-END
kind: Policy
name: e2e
revision: 1
mode: audit
embargo:
  - vendor: other-vendor
END
cp "$WORK/none.yaml" "$POLICY"
start_agent
hold "$WORK/before" hold 192.0.2.66 5007 500 30
check "a policy, later" apply "$WORK/next.yaml"
comes_to "open before: sent" 500 5007 source.bytes

# a rule that goes
write_policy "$WORK/audit.yaml" audit 3 </dev/null
check "with the rule" apply "$WORK/audit.yaml"
serve "$WORK/server8" 0.0.0.0 5008 0
is "one more" OK "$(inside "$WORK/stream" send 192.0.2.66 5008 99 0)"
sed -i 's/^revision: 1/revision: 4/' "$WORK/none.yaml"
check "without the rule" apply "$WORK/none.yaml"
told "what was counted for a rule that is gone is told in its words" destination.port=5008 \
	source.bytes=99 embargo.traffic.final=true embargo.vendor=example
is "... and forgotten" "" "$(of 5008 connections)"

# what enforces lets nothing through, and counts nothing
write_policy "$WORK/enforce.yaml" enforce 5 </dev/null
check "a policy that refuses" apply "$WORK/enforce.yaml"
expect_dial "refused" EPERM tcp 192.0.2.66 5009
is "what is refused is no traffic" "" "$(of 5009 connections)"
done_testing

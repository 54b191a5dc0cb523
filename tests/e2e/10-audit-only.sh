# SPDX-License-Identifier: MIT
#
# With --audit-only an enforcing policy refuses nothing and says what holds it back; taking it away
# loads new programs in place of the old ones.
. "$(dirname "$0")/lib.sh"

write_policy "$POLICY" enforce 1 </dev/null
start_agent --audit-only
is "the agent may end nothing: no CAP_KILL" 0 \
	"$((0x$(sed -n 's/^CapPrm:[[:space:]]*//p' "/proc/$AGENT/status") >> 5 & 1))"
expect_runs "audit only" "$DENIED"
expect_dial "audit only" ECONNREFUSED tcp 192.0.2.66 443
event_is "the program is recorded" process.executable="$DENIED" event.outcome=success embargo.mode=audit \
	embargo.held_by=cap embargo.would_deny=true
event_is "the connection is recorded" destination.ip=192.0.2.66 event.outcome=success embargo.held_by=cap

stop_agent
start_agent
expect_refused "without --audit-only" "$DENIED"
expect_dial "without --audit-only" EPERM tcp 192.0.2.66 443
stop_agent
start_agent --audit-only
expect_runs "audit only again" "$DENIED"
done_testing

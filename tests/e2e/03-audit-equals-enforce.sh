# SPDX-License-Identifier: MIT
#
# Audit and enforce make the same decisions on the same attempts: the events of both are compared one by
# one in all fields except those that say the mode, its outcome, the time and the process.
. "$(dirname "$0")/lib.sh"

# The last attempt, of which both modes record the same, says that all events are there.
attempts() {
	for program in "$INNOCENT" "$DENIED" "$WORK/opt/other/exact" "$WORK/opt/other/sens-or-ctl" \
		"$WORK/opt/tools/a/b/legacy-scanner" "$WORK/opt/tools/a/b/new-scanner" "$WORK/opt/sensor/allowed"; do
		inside "$program" 2>/dev/null
	done
	# A port is used once: repeats would be folded.
	port=1000
	for address in 192.0.2.65 192.0.2.66 2001:db8:66::1 2001:db8:67::1 ::ffff:192.0.2.66; do
		for way in tcp udp udp-connect; do
			port=$((port + 1))
			inside "$WORK/dial" "$way" "$address" "$port" >/dev/null
		done
	done
	inside "$WORK/dial" tcp 198.51.100.7 443 >/dev/null
	inside "$WORK/dial" tcp 198.51.100.7 444 >/dev/null
	inside "$WORK/dial" udp 198.51.100.7 443 >/dev/null
	inside "$WORK/opt/sensor/last" 2>/dev/null
}

comparable() {
	eventq strip "$1" @timestamp process.pid process.start process.thread process.parent process.command_line \
		event.outcome event.type event.id event.sequence embargo.mode embargo.held_by embargo.would_deny \
		embargo.generation embargo.revision embargo.sequence embargo.hash embargo.previous embargo.lost \
		embargo.summary!=true event.action!=coverage
}

cp "$DENIED" "$WORK/opt/sensor/allowed"
cp "$DENIED" "$WORK/opt/sensor/last"
for mode in audit enforce; do
	write_policy "$POLICY" $mode 1 <<-END
	allow:
	  - path: $WORK/opt/sensor/allowed
	    reason: needed
	END
	EVENTS=$WORK/$mode.jsonl
	start_agent
	attempts
	event_is "$mode: every event is there" process.executable="$WORK/opt/sensor/last"
	comparable "$EVENTS" >"$WORK/$mode"
	stop_agent
	check "$mode: detach" detach
done

lines=$(wc -l <"$WORK/audit")
# 6 programs, 3 ways to 3 addresses, one port by one protocol.
is "as many events as matching attempts" 16 "$((lines))"
if differences=$(diff "$WORK/audit" "$WORK/enforce"); then
	ok "$lines events are equal"
else
	not_ok "$lines events are equal" "$differences"
fi
is "in audit nothing was refused" 0 "$(eventq count "$WORK/audit.jsonl" event.outcome=failure)"
is "in enforce only the allowed file went through" 1 \
	"$(eventq count "$WORK/enforce.jsonl" event.outcome=success rule.id!= embargo.summary!=true)"
done_testing

# SPDX-License-Identifier: MIT
#
# Exceptions that end, by themselves: nothing is applied, reloaded or restarted, and the very next attempt after
# the end of the day is refused. In a guest the clock is set; natively nobody touches it, and only the ends that
# are long past or far away are tried.
. "$(dirname "$0")/lib.sh"

ALLOWED=$WORK/opt/sensor/bin/allowed
BOTH=$WORK/opt/sensor/bin/both
cp "$HELPERS/denied" "$ALLOWED"
cp "$HELPERS/denied" "$BOTH"

# exceptions REVISION UNTIL: both kinds end with a day; one program has a wider exception that does not
exceptions() {
	write_policy "$POLICY" enforce "$1" <<-END
	allow:
	  - {path: $ALLOWED, reason: until the move, until: $2}
	  - {network: 192.0.2.66/32, reason: until the move, until: $2}
	  - {path: $BOTH, reason: until the move, until: $2}
	  - {path: "$WORK/opt/sensor/*/both", reason: for ever}
	END
}

port=1000
# fate holds|over TEXT
fate() {
	port=$((port + 1))
	if [ "$1" = holds ]; then
		expect_runs "$2" "$ALLOWED"
		expect_dial "$2, a connection" ECONNREFUSED tcp 192.0.2.66 $port
	else
		expect_refused "$2" "$ALLOWED"
		expect_dial "$2, a connection" EPERM tcp 192.0.2.66 $port
	fi
	expect_runs "$2, beside one without an end" "$BOTH"
	expect_refused "$2, no exception" "$DENIED"
}

# set_clock "YYYY-MM-DD HH:MM:SS": of the machine, in UTC; only in a guest
set_clock() {
	[ "$GUEST" = 1 ] && date -u -s "$1" >/dev/null
}

exceptions 1 2099-12-31
start_agent
fate holds "an end far away"
exceptions 2 2020-02-29
check "a policy whose exceptions are over is applied" apply "$POLICY"
fate over "an end that is past"
event_is "what is over lets nothing through" process.executable="$ALLOWED" event.outcome=failure embargo.mode=enforce
stop_agent
check "detach" detach

if [ "$GUEST" = 0 ]; then
	skip "an end that passes" "it needs a clock that may be set; that of this machine is not the test's"
	done_testing
	exit 0
fi

# ---------------------------------------------------------------- midnight

# Tests after this one find the time as it was.
uptime_s() {
	cut -d. -f1 /proc/uptime
}
difference=$(($(date -u +%s) - $(uptime_s)))
trap 'date -u -s "@$((difference + $(uptime_s)))" >/dev/null' EXIT

exceptions 3 2031-05-05
set_clock "2031-05-05 12:00:00"
start_agent
fate holds "on the day"
# An agent that finds the programs in place looks at the clock: shortly before the end of the day.
kill_agent
set_clock "2031-05-05 23:59:20"
start_agent
left=$((600 * SLOW))
while [ "$(date -u +%F)" = 2031-05-05 ] && [ "$left" -gt 0 ]; do
	sleep 0.1
	left=$((left - 1))
done
fate over "after midnight"

# And so does one that loads its own.
kill_agent
set_clock "2031-05-05 12:00:00"
start_agent
fate holds "the day again"
stop_agent
check "detach" detach
set_clock "2031-05-06 00:00:00"
start_agent
fate over "the day after, other programs"
done_testing

# SPDX-License-Identifier: MIT
#
# A copy of an embargoed program is recognised by its content, under any name: at once where the kernel can hash;
# elsewhere the first run is ended as soon as the agent has read the file, and the next is refused.
. "$(dirname "$0")/lib.sh"

copy=$WORK/elsewhere/under-another-name
sleeper=$WORK/opt/sensor/bin/sleeper
slept=$WORK/elsewhere/slept

status_of() {
	err=0
	inside "$@" 2>/dev/null || err=$?
	echo "$err"
}

capability() {
	echo $((0x$(sed -n 's/^CapEff:[[:space:]]*//p' "/proc/$AGENT/status") >> $1 & 1))
}

mkdir -p "$WORK/elsewhere"
cp "$DENIED" "$copy"
{ cat "$HELPERS/denied"; echo "the sleeper"; } >"$sleeper"
chmod 755 "$sleeper"
cp "$sleeper" "$slept"
cp "$INNOCENT" "$WORK/elsewhere/innocent"
write_policy "$POLICY" enforce 1 </dev/null
start_agent
check "the search is complete" searched
event_is "a coverage event says so" event.action=coverage event.reason=learned embargo.coverage.learned.search=complete

# Where the kernel hashes a copy is refused at once.
late=1
[ "$EXEC_BACKEND" != lsm ] || ! embargo doctor --json 2>/dev/null | grep -q 'the kernel hashes' || late=0
if [ "$late" = 1 ] && [ "$(status_of "$copy" "$MARKER")" != "$REFUSED" ]; then
	event_is "the first run is recorded when its content is known" file.path="$copy" event.outcome=success \
		embargo.mode=enforce embargo.recognised=content embargo.would_deny=false embargo.vendor=example
fi
expect_refused "a copy" "$copy"
expect_runs "an innocent program" "$WORK/elsewhere/innocent"
mv "$copy" "$copy.again"
expect_refused "a copy under its next name" "$copy.again"

# Where a file is known it is refused until it was read again.
cp "$DENIED" "$WORK/elsewhere/changes"
status_of "$WORK/elsewhere/changes" "$MARKER" >/dev/null
[ "$late" = 0 ] || sleep 0.5
cat "$INNOCENT" >"$WORK/elsewhere/changes"
tries=0
while [ "$(status_of "$WORK/elsewhere/changes" "$MARKER")" != 0 ] && [ "$tries" -lt $((20 * SLOW)) ]; do
	tries=$((tries + 1))
	sleep 0.1
done
expect_runs "the same file with another content" "$WORK/elsewhere/changes"

# Whoever ends programs may do that, and nobody else.
is "CAP_KILL only where the agent has to end programs" "$late" "$(capability 5)"
is "CAP_SYS_PTRACE only where it has to read what others run" "$late" "$(capability 19)"

stop_agent
start_agent --audit-only
check "the search is complete again" searched
expect_runs "audit only: a copy" "$copy.again"
event_is "... is recorded" file.path="$copy.again" event.outcome=success embargo.held_by=cap
is "audit only: no CAP_KILL" 0 "$(capability 5)"
done_testing

# SPDX-License-Identifier: MIT
#
# A pause turns enforcement to audit at once, also with the agent dead, and ends by itself.
. "$(dirname "$0")/lib.sh"

pause() {
	embargo pause "$@"
}

write_policy "$POLICY" enforce 1 </dev/null
start_agent
expect_refused "before" "$DENIED"

check "pause" pause --for 10m --reason "their own uninstaller"
expect_runs "paused" "$DENIED"
expect_dial "paused" ECONNREFUSED tcp 192.0.2.66 443
event_is "recorded with the reason" process.executable="$DENIED" event.outcome=success embargo.mode=audit \
	embargo.held_by=pause embargo.would_deny=true
check "resume" embargo resume
expect_refused "resumed" "$DENIED"

check "pause another vendor" pause --vendor other-vendor --for 10m --reason "not this one"
expect_refused "another vendor's pause changes nothing" "$DENIED"
check "pause this vendor" pause --vendor example --for 10m --reason test
expect_runs "this vendor's pause" "$DENIED"
check "resume this vendor" embargo resume --vendor example
expect_refused "resumed" "$DENIED"

kill_agent
limit=$((2 * SLOW))
check "pause with the agent dead" pause --for ${limit}s --reason "locked out"
expect_runs "paused without an agent" "$DENIED"
sleep $((limit + 1))
expect_refused "the pause ended by itself" "$DENIED"
err=0
pause --for 10m >/dev/null 2>&1 || err=$?
is "a pause without a reason is a usage error" 2 "$err"
done_testing

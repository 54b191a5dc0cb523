# SPDX-License-Identifier: MIT
#
# The agent is killed and started again in a storm of attempts: none gets through, and what happened in
# between is told afterwards. --detach leaves nothing.
. "$(dirname "$0")/lib.sh"

write_policy "$POLICY" enforce 1 </dev/null
start_agent
seconds=6
[ "$GUEST" = 0 ] || seconds=15
before=$(recursion_misses)
rm -f "$MARKER"
inside "$WORK/hammer" -p 2 -s $seconds -m "$MARKER" "$DENIED" "$INNOCENT" >"$WORK/hammer.out" &
hammer=$!
rounds=0
while kill -0 "$hammer" 2>/dev/null; do
	kill_agent
	rounds=$((rounds + 1))
	start_agent
done
wait "$hammer"
attempts=$(field denied denied "$WORK/hammer.out")
no_leak "killed $rounds times in $attempts attempts, none got through" "$(ran)" $(($(recursion_misses) - before))
is "no innocent program was refused" 0 \
	$(($(field innocent refused "$WORK/hammer.out") + $(field innocent killed "$WORK/hammer.out")))

kill_agent
expect_refused "with the agent dead" "$WORK/opt/other/exact"
expect_dial "with the agent dead" EPERM tcp 192.0.2.66 7777
no_event "nobody is there to tell" process.executable="$WORK/opt/other/exact"
start_agent
event_is "the new agent tells the program" process.executable="$WORK/opt/other/exact" event.outcome=failure
event_is "the new agent tells the connection" destination.port=7777 event.outcome=failure

stop_agent
expect_refused "with the agent stopped" "$WORK/opt/other/sens-or-ctl"
check "detach" detach
# The kernel itself puts two files there (CONFIG_BPF_PRELOAD).
is "nothing is left in the BPF file system" "" \
	"$(find "$WORK/bpf" -mindepth 1 ! -type d ! -name maps.debug ! -name progs.debug)"
expect_runs "after detach" "$DENIED"
expect_dial "after detach" ECONNREFUSED tcp 192.0.2.66 7777
check "detach, with nothing there" detach
done_testing

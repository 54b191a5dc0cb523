# SPDX-License-Identifier: MIT
#
# An upgrade: other programs take the place of the attached ones, again and again, in a storm of attempts.
# The new ones are attached before the old ones go, so none gets through.
. "$(dirname "$0")/lib.sh"

if [ "$GUEST" = 0 ]; then
	skip "programs are exchanged" "this machine has one exec backend; in the virtual machines it runs"
	done_testing
	exit
fi
if [ "${EXPECT_EXEC_BACKEND:-}" != lsm ]; then
	skip "programs are exchanged" "what fmod_ret misses is counted by a program that is then gone; it runs where lsm does"
	done_testing
	exit
fi
# Attaching rewrites a function's first instruction. Emulated processors, unlike real ones, can trip over
# that when another one runs it at the moment, so here there is one.
other=/sys/devices/system/cpu/cpu1/online
[ ! -w $other ] || echo 0 >$other

write_policy "$POLICY" enforce 1 </dev/null
start_agent
rm -f "$MARKER"
inside "$WORK/hammer" -p 2 -s 20 -m "$MARKER" "$DENIED" "$INNOCENT" >"$WORK/hammer.out" &
hammer=$!
rounds=0
while kill -0 "$hammer" 2>/dev/null; do
	stop_agent
	if [ $((rounds % 2)) = 0 ]; then start_agent --backend exec=kill; else start_agent; fi
	rounds=$((rounds + 1))
done
wait "$hammer"
attempts=$(field denied denied "$WORK/hammer.out")
is "$rounds exchanges in $attempts attempts, none got through" 0 "$(ran)"
check "both kinds of programs had their turn" test "$(field denied refused "$WORK/hammer.out")" -gt 0 -a \
	"$(field denied killed "$WORK/hammer.out")" -gt 0
is "no innocent program was refused" 0 \
	$(($(field innocent refused "$WORK/hammer.out") + $(field innocent killed "$WORK/hammer.out")))
is "one program set is left" 1 "$(find "$PINS" -name 'set-*' | wc -l | tr -d ' ')"
[ ! -w $other ] || echo 1 >$other
done_testing

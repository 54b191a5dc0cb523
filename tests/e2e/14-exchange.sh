# SPDX-License-Identifier: MIT
#
# An upgrade: other programs take the place of the attached ones, again and again, in a storm of attempts.
# The new ones are attached before the old ones go, so none gets through.
. "$(dirname "$0")/lib.sh"

if [ "$GUEST" = 0 ] || [ "${EXPECT_EXEC_BACKEND:-}" != lsm ]; then
	skip "programs are exchanged" "the kernel may pass over programs of the other backends (bpf/README.md); it runs where lsm does"
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
inside "$WORK/hammer" -p 2 -s 12 -m "$MARKER" "$DENIED" "$INNOCENT" >"$WORK/hammer.out" &
hammer=$!
rounds=0
while kill -0 "$hammer" 2>/dev/null; do
	stop_agent
	# Another bound makes another program set, which decides the same here.
	if [ $((rounds % 2)) = 0 ]; then start_agent --within "$(dirname "$CG")"; else start_agent; fi
	rounds=$((rounds + 1))
done
wait "$hammer"
attempts=$(field denied denied "$WORK/hammer.out")
is "$rounds exchanges in $attempts attempts, none got through" 0 "$(ran)"
is "every attempt was refused" "$attempts" "$(field denied refused "$WORK/hammer.out")"
is "no innocent program was refused" 0 "$(field innocent refused "$WORK/hammer.out")"
is "one program set is left" 1 "$(find "$PINS" -name 'set-*' | wc -l | tr -d ' ')"
# And to another backend: an exec that one of them let pass still meets the other.
stop_agent
start_agent --backend exec=kill --backend load=none --backend module=none
rm -f "$MARKER"
err=0
inside "$DENIED" "$MARKER" 2>/dev/null || err=$?
is "another backend takes over" "137, ran 0" "$err, ran $(ran)"
[ ! -w $other ] || echo 1 >$other
done_testing

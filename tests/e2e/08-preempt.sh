# SPDX-License-Identifier: MIT
#
# Eight processes start a denied and an innocent program, over and over, all on one processor, by a long
# path: no denied one runs and no innocent one is refused. With fmod_ret, which the kernel skips while
# another task is preempted inside it, those that were not refused are exactly those that the kernel counted; of them
# most end all the same, when their own file is mapped.
. "$(dirname "$0")/lib.sh"

deep=1/2/3/4/5/6/7/8/9/10/11/12/13
mkdir -p "$WORK/opt/sensor/$deep" "$WORK/opt/other/$deep"
cp "$HELPERS/denied" "$WORK/opt/sensor/$deep/program"
cp "$HELPERS/denied" "$WORK/opt/other/$deep/program"
echo "not a copy" >>"$WORK/opt/other/$deep/program"
write_policy "$POLICY" enforce 1 </dev/null
start_agent

rm -f "$MARKER"
before=$(recursion_misses)
inside "$WORK/hammer" -p 8 -n 125 -c 0 -m "$MARKER" "$WORK/opt/sensor/$deep/program" \
	"$WORK/opt/other/$deep/program" >"$WORK/both"
misses=$(($(recursion_misses) - before))
is "1000 denied attempts" 1000 "$(field denied denied "$WORK/both")"
no_leak "of 1000 denied ones none ran" "$(ran)" "$misses"
is "no innocent one had another fate" 0 "$(field innocent other "$WORK/both")"
no_leak "no denied one had another fate" "$(field denied other "$WORK/both")" "$misses"
is "of 1000 innocent ones all ran" 1000 "$(field innocent ran "$WORK/both")"

# Denied ones alone: now every miss is one that ran.
rm -f "$MARKER"
before=$(recursion_misses)
inside "$WORK/hammer" -p 8 -n 125 -c 0 -m "$MARKER" "$WORK/opt/sensor/$deep/program" >"$WORK/alone"
misses=$(($(recursion_misses) - before))
if [ "$EXEC_BACKEND" = fmod_ret ]; then
	mapped=$(field denied other "$WORK/alone")
	is "those that ran, or ended when they were mapped, are those that the kernel did not show" "$misses" \
		$(($(ran) + mapped))
	echo "# $misses not shown: $(ran) ran, $mapped ended when they were mapped"
else
	is "the kernel showed every attempt" 0 "$misses"
	is "of 1000 denied ones alone none ran" 0 "$(ran)"
fi

# The same of connections, which cgroup programs decide on every backend.
inside "$WORK/hammer" -p 8 -n 125 -c 0 dial:192.0.2.66:7 dial:127.0.0.1:7 >"$WORK/dials"
is "of 1000 denied connections all are refused" 1000 "$(field denied refused "$WORK/dials")"
is "of 1000 innocent connections none is refused" 1000 "$(field innocent ran "$WORK/dials")"
stop_agent
told=$(eventq attempts "$EVENTS" event.action=exec process.executable="$WORK/opt/sensor/$deep/program" event.outcome=failure)
refused=$(($(field denied refused "$WORK/both") + $(field denied killed "$WORK/both") + \
	$(field denied refused "$WORK/alone") + $(field denied killed "$WORK/alone")))
is "every refused attempt is told or counted" "$refused" "$told"
is "every refused connection too" 1000 "$(eventq attempts "$EVENTS" destination.ip=192.0.2.66 event.outcome=failure)"
done_testing

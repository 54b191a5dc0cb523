# SPDX-License-Identifier: MIT
#
# What an interpreter opens, with "scripts: strict", while two policies that both refuse it take turns: an open
# in the moment of a switch is refused, or counted as undecided.
. "$(dirname "$0")/lib.sh"

script=$WORK/opt/strict/script
interpreter=$WORK/sh	# it counts by its name

of_load() {
	embargo status --json >"$WORK/status.json" 2>/dev/null
	value=$(eventq pick "$WORK/status.json" "$1" $2 | head -n 1)
	echo "${value:-0}"
}

not_shown() {
	of_load recursion_misses hook=load
}

undecided() {
	of_load counters.load.undecided counters.load.undecided!=
}

strict_policy() {
	cat >"$1" <<-END
	kind: Policy
	name: strict
	revision: $2
	mode: enforce
	embargo:
	  - name: scripts
	    scripts: strict
	    paths: ["$script"]
	END
}

mkdir -p "$(dirname "$script")"
echo "echo it ran" >"$script"
cp "$WORK/hammer" "$interpreter"
strict_policy "$WORK/1.yaml" 1
strict_policy "$WORK/2.yaml" 2
cp "$WORK/1.yaml" "$POLICY"
start_agent
backend=$(of_load backend hook=load)
case $backend in
lsm | fmod_ret) ;;
*)
	skip "opened by an interpreter during a switch" "nothing carries code load here"
	done_testing
	exit 0
	;;
esac
check "the search is complete" searched
inside "$interpreter" -p 1 -n 10 "open:$script" >"$WORK/hammer.out"
is "at rest all are refused" 10 "$(field denied refused "$WORK/hammer.out")"

seconds=5
[ "$GUEST" = 0 ] || seconds=15
before=$(undecided)
before_shown=$(not_shown)
inside "$interpreter" -p 2 -s $seconds "open:$script" >"$WORK/hammer.out" &
hammer=$!
switches=0 failed=0 next=2
while kill -0 "$hammer" 2>/dev/null; do
	apply "$WORK/$next.yaml" --rollback --reason test >>"$WORK/apply.out" 2>&1 || failed=$((failed + 1))
	switches=$((switches + 1))
	next=$((3 - next))
done
wait "$hammer"
if [ "$switches" -ge 4 ] && [ "$failed" -eq 0 ]; then
	ok "switched $switches times"
else
	not_ok "switched $switches times, $failed failed" "$(tail -n 5 "$WORK/apply.out")"
fi
opened=$(field denied ran "$WORK/hammer.out")
counted=$(($(undecided) - before))
[ "$backend" = lsm ] || counted=$((counted + $(not_shown) - before_shown))
if [ "$opened" -le "$counted" ] && [ "$(field denied refused "$WORK/hammer.out")" -gt 100 ]; then
	ok "each open is refused or counted ($opened opened, $counted counted)"
else
	not_ok "each open is refused or counted" "$counted counted; $(cat "$WORK/hammer.out")"
fi
is "and nothing else happened to one" 0 "$(field denied other "$WORK/hammer.out")"
done_testing

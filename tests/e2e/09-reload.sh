# SPDX-License-Identifier: MIT
#
# Two policies take turns under load. Both refuse one program, each by a line of its own; one refuses a
# whole directory and allows one file of it, the other names files and knows no exception. An attempt
# that saw a mixture would run the one, refuse the other, or tell a line of the wrong revision.
. "$(dirname "$0")/lib.sh"

directory=$WORK/opt/both
mkdir -p "$directory"
cp "$HELPERS/denied" "$directory/denied"
cp "$HELPERS/denied" "$directory/allowed"
echo "not a copy" >>"$directory/allowed"
cat >"$WORK/one.yaml" <<END
kind: Policy
name: one
revision: 1
mode: enforce
embargo:
  - name: first
    paths: ["$directory/**"]
allow:
  - path: $directory/allowed
    reason: needed
END
cat >"$WORK/two.yaml" <<END
kind: Policy
name: two
revision: 2
mode: enforce
embargo:
  - name: second
    paths: ["$directory/denied"]
END
cp "$WORK/one.yaml" "$POLICY"
start_agent

seconds=5
[ "$GUEST" = 0 ] || seconds=12
rm -f "$MARKER"
before=$(recursion_misses)
inside "$WORK/hammer" -p 2 -s $seconds -m "$MARKER" "$directory/denied" "$directory/allowed" >"$WORK/hammer.out" &
hammer=$!
switches=0 failed=0 next=two
while kill -0 "$hammer" 2>/dev/null; do
	# Every second time the revision is older, and that has to be asked for.
	apply "$WORK/$next.yaml" --rollback --reason test >>"$WORK/apply.out" 2>&1 ||
		failed=$((failed + 1))
	switches=$((switches + 1))
	[ $next = one ] && next=two || next=one
done
wait "$hammer"
if [ "$switches" -ge 4 ] && [ "$failed" -eq 0 ]; then
	ok "switched $switches times"
else
	not_ok "switched $switches times, $failed failed" "$(tail -n 5 "$WORK/apply.out")"
fi
no_leak "the one that both deny never ran" "$(ran)" $(($(recursion_misses) - before))
is "the one that none denies always ran" "$(field innocent innocent "$WORK/hammer.out")" \
	"$(field innocent ran "$WORK/hammer.out")"
stop_agent
is "no event of the first line under the second policy" 0 "$(eventq count "$EVENTS" embargo.vendor=first embargo.revision=2)"
is "no event of the second line under the first policy" 0 "$(eventq count "$EVENTS" embargo.vendor=second embargo.revision=1)"
event_is "events of the first policy" embargo.vendor=first embargo.revision=1
event_is "events of the second policy" embargo.vendor=second embargo.revision=2
done_testing

# SPDX-License-Identifier: MIT
#
# --within bounds every decision by one cgroup and what is below it.
. "$(dirname "$0")/lib.sh"

write_policy "$POLICY" enforce 1 </dev/null
err=0
agent_once --within "$WORK" || err=$?
is "a directory that is no cgroup: nothing is attached" 3 "$err"
check "... and why" grep -qs "is not a directory of cgroup v2" "$WORK/agent.log"
start_agent --within "$CG"

rm -f "$MARKER"
err=0
outside "$DENIED" "$MARKER" || err=$?
is "outside: runs" "0, ran 1" "$err, ran $(ran)"
is "outside: connects" ECONNREFUSED "$(outside "$WORK/dial" tcp 192.0.2.66 443)"
is "outside: sends" OK "$(outside "$WORK/dial" udp 192.0.2.66 53)"
expect_refused "inside" "$WORK/opt/other/exact"
expect_dial "inside" EPERM tcp 192.0.2.66 8443

mkdir "$CG/child"
rm -f "$MARKER"
err=0
(echo 0 >"$CG/child/cgroup.procs" && exec "$WORK/opt/other/sens-or-ctl" "$MARKER") 2>/dev/null || err=$?
is "below: refused, never ran" "$REFUSED, ran 0" "$err, ran $(ran)"
is "below: does not connect" EPERM \
	"$( (echo 0 >"$CG/child/cgroup.procs" && exec "$WORK/dial" tcp 192.0.2.66 9443))"
rmdir "$CG/child"

event_is "inside is recorded" process.executable="$WORK/opt/other/exact"
event_is "below is recorded" destination.port=9443
no_event "outside is not, a program" process.executable="$DENIED"
no_event "outside is not, a connection" destination.port=443
no_event "outside is not, a datagram" destination.port=53
done_testing

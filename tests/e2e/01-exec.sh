# SPDX-License-Identifier: MIT
#
# A program of an embargoed product is refused before its first instruction, or recorded in audit mode,
# by every form of path; nothing else is touched; the event says exactly what happened.
. "$(dirname "$0")/lib.sh"

write_policy "$POLICY" enforce 1 <<END
allow:
  - path: $WORK/opt/sensor/allowed
    reason: needed until the move
END
write_policy "$WORK/audit.yaml" audit 2 </dev/null
cp "$DENIED" "$WORK/opt/sensor/allowed"
ln -s "$DENIED" "$WORK/opt/other/link"
printf '#!/bin/sh\necho x >>"$1"\n' >"$WORK/opt/sensor/script"
chmod 755 "$WORK/opt/sensor/script"
start_agent

expect_runs "a program outside the policy" "$INNOCENT"
expect_runs "a name that only begins like an embargoed one" "$WORK/opt/tools/a/b/new-scanner"
expect_refused "below an embargoed directory" "$DENIED"
expect_refused "an exact path" "$WORK/opt/other/exact"
expect_refused "a wildcard within a name" "$WORK/opt/other/sens-or-ctl"
expect_refused "a name anywhere below a directory" "$WORK/opt/tools/a/b/legacy-scanner"
expect_refused "through a symbolic link" "$WORK/opt/other/link"
expect_refused "through .." "$WORK/opt/other/../sensor/bin/../bin/agent"

rm -f "$MARKER"
err=0
(cd "$WORK/opt/sensor/bin" && inside ./agent "$MARKER" 2>/dev/null) || err=$?
is "by a relative path: refused, never ran" "$REFUSED, ran 0" "$err, ran $(ran)"

rm -f "$MARKER"
err=0
inside "$WORK/opt/sensor/script" "$MARKER" 2>/dev/null || err=$?
if [ "$EXEC_BACKEND" = kill ] && [ "$err" -eq 0 ]; then
	skip "a script" "without a kprobe the kernel shows only its interpreter to this backend"
else
	is "a script: refused, never ran" "$REFUSED, ran 0" "$err, ran $(ran)"
fi

expect_runs "an allowed file among embargoed ones" "$WORK/opt/sensor/allowed"
event_is "... and it is recorded why" event.action=exec event.outcome=success embargo.let_through=allowed \
	process.executable="$WORK/opt/sensor/allowed" embargo.would_deny=false

event_is "the event has the exact fields" event.action=exec event.outcome=failure \
	process.executable="$DENIED" file.path="$DENIED" process.name=agent user.id=0 \
	embargo.vendor=example embargo.product=sensor embargo.policy=e2e embargo.revision=1 \
	embargo.mode=enforce embargo.held_by= embargo.matcher=path embargo.backend="$EXEC_BACKEND" \
	embargo.would_deny=false rule.name="$WORK/opt/sensor/**"
inode=$(ls -i "$DENIED" | awk '{ print $1 }')
event_is "... and the file's identity" process.executable="$DENIED" file.inode="$inode" file.mode=0755
id=$(eventq get "$EVENTS" rule.id process.executable="$DENIED" | head -n 1)
digest=$(printf %s "$WORK/opt/sensor/**" | sha256sum | cut -c1-8)
is "... and the rule's id" "example/sensor/path/$digest" "$id"
no_event "programs outside the policy leave no event" process.executable="$INNOCENT"

check "audit mode is applied" apply "$WORK/audit.yaml"
expect_runs "in audit mode, an embargoed program" "$DENIED"
event_is "... and it is recorded" event.outcome=success process.executable="$DENIED" embargo.mode=audit \
	embargo.held_by=policy embargo.would_deny=true embargo.revision=2
done_testing

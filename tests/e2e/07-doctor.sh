# SPDX-License-Identifier: MIT
#
# doctor names the backend that really carries exec here, whatever attaches without an error.
. "$(dirname "$0")/lib.sh"

write_policy "$POLICY" enforce 1 </dev/null
start_agent
embargo doctor --json >"$WORK/doctor.json" 2>"$WORK/err.doctor"
named=$(eventq pick "$WORK/doctor.json" backend hook=exec | head -n 1)
if [ -n "${EXPECT_EXEC_BACKEND:-}" ]; then
	is "doctor names what carries exec" "$EXPECT_EXEC_BACKEND" "$named"
else
	skip "doctor names what carries exec" "nobody said what it is on this machine; it says $named"
fi
is "doctor names what carries connect" cgroup "$(eventq pick "$WORK/doctor.json" backend hook=connect | head -n 1)"
is "status says the same" "$named" "$EXEC_BACKEND"
embargo doctor >"$WORK/doctor.txt" 2>&1
if grep -q "exec.*$named" "$WORK/doctor.txt"; then
	ok "the text says it, too"
else
	not_ok "the text says it, too" "$(cat "$WORK/doctor.txt")"
fi

# What it says is what happens: the exit status follows from the backend.
expect_refused "by $named" "$DENIED"
event_is "the event names it" process.executable="$DENIED" embargo.backend="$named"

active=$(cat /sys/kernel/security/lsm 2>/dev/null)
if [ -n "$active" ] && [ "${active%bpf*}" = "$active" ]; then
	if grep -q 'lsm=' "$WORK/doctor.txt"; then
		ok "how to add bpf to the LSM list is told"
	else
		not_ok "how to add bpf to the LSM list is told" "$(cat "$WORK/doctor.txt")"
	fi
fi
done_testing

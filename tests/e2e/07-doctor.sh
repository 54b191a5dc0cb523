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

is "no line is longer than 100 columns" 0 "$(grep -c '.\{101,\}' "$WORK/doctor.txt")"

# What contained programs are held by: what no cgroup program sees takes one of the two that refuse an exec.
beyond=none
case $named in
lsm | fmod_ret) beyond=$named ;;
esac
contained_by() {
	eventq pick "$WORK/doctor.json" carried_by "part=$1"
}
is "doctor names what follows contained programs" tracepoint "$(contained_by "what it starts")"
is "doctor names what holds their connections" "cgroup cgroup" "$(contained_by "TCP, UDP") $(contained_by "other IP sockets")"
is "doctor names what holds the rest" "$beyond $beyond" "$(contained_by "other families") $(contained_by "sockets of others")"
is "doctor names what ends open connections" sock_diag "$(contained_by "open connections")"
is "where something is missing it says which hook tells why" "$([ "$beyond" != none ] || echo exec)" \
	"$(eventq pick "$WORK/doctor.json" why_of_hook "part=other families")"
if [ "$beyond" = none ]; then expected=nothing; else expected=$beyond; fi
is "the text says all of that, too" "$expected" "$(sed -n 's/^sockets of others *\([a-z_]*\) .*/\1/p' "$WORK/doctor.txt")"

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

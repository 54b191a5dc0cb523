# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with scripts/run
#
# demo.sh - the demonstration of scripts/run, which sources this file and gives it a mount namespace, an
# agent and a cleaner. An attempt is one row: what was tried, what became of it, and the event; each is
# compared with what it should be. What stays outside this file leaves nothing on the machine's disks.
#
# Uses of scripts/run: DIR, BUILD, cgroups, start_agent, embargo, eventq, fail, say. Gives it: BIN, QUERY,
# EVENTS, GROUPS_MADE, listener.

PROGRAM=/opt/CrowdStrike/falcond	# by the catalogue: below an embargoed directory
HELPER=/opt/CrowdStrike/falcon-helper
OUTSIDE=/opt/CrowdStrike/bystander	# only tried outside of the cgroup
ADDRESS=127.66.0.66			# all of 127.0.0.0/8 is loopback: nothing leaves the machine
NEIGHBOUR=127.67.0.67
good=0 wrong=0 unseen=()

# Everything that is needed later is copied into memory, because /opt may be where the clone is.
demo_place() {
	local file

	mount -t tmpfs -o size=128m,mode=0755 embargo-demo "$DIR" || fail "no memory file system could be mounted."
	mkdir "$DIR/bin" || fail "no directory could be made in $DIR."
	for file in agent/embargod agent/embargo tests/e2e/eventq tests/e2e/dial tests/e2e/listen tests/e2e/denied; do
		cp "$BUILD/$file" "$DIR/bin/" || fail "$BUILD/$file is missing." "Build with -Dtests=true."
	done
	cp -r "$top/policy/catalog" "$DIR/catalog" || fail "there is no catalogue in $top/policy."
	BIN=$DIR/bin QUERY=$DIR/bin/eventq EVENTS=$DIR/events.jsonl
	[ -d /opt ] || fail "this machine has no directory /opt to show it in." "mkdir /opt"
	mount -t tmpfs -o size=16m,mode=0755 embargo-demo /opt || fail "no memory file system could be mounted."
	mkdir /opt/CrowdStrike /opt/other
	for file in "$PROGRAM" "$HELPER" "$OUTSIDE" /opt/other/program; do
		cp "$BIN/denied" "$file"
	done
	ln -s "$HELPER" /opt/other/link
}

# policy REVISION MODE: more of it on standard input
policy() {
	{
		printf '%s\n' 'kind: Policy' 'name: demo' "revision: $1" "mode: $2" 'embargo:' '  - vendor: crowdstrike' \
			'  - name: test-network' '    networks: [127.66.0.0/16]'
		cat
	} >"$DIR/policy-$1.yaml"
}

apply() {
	embargo policy apply --catalog "$DIR/catalog" "$DIR/policy-$1.yaml" >"$DIR/apply.log" 2>&1 ||
		fail "the policy was not applied." "$(cat "$DIR/apply.log")"
}

# ---------------------------------------------------------------- attempts

# A command in the bounded cgroup. The shell moves itself, then becomes the command.
bounded() { (echo 0 >"$CG/cgroup.procs" && exec "$@"); }

# Sets "what" to what became of a program, by its exit status and the byte that its first act writes.
try_program() {
	local where=$1 status=0 ran=0

	rm -f "$DIR/marker"
	{ $where timeout -k 1 5 "$2" "$DIR/marker"; } >/dev/null 2>&1 || status=$?
	[ ! -f "$DIR/marker" ] || ran=$(wc -c <"$DIR/marker")
	case $status,$ran in
	0,1) what='it ran' ;;
	126,0) what='refused: EPERM' ;;
	137,0) what='killed before it ran' ;;
	*) what="status $status, ran $ran times" ;;
	esac
}

try_address() {
	local where=$1 result

	result=$($where timeout -k 1 5 "$BIN/dial" "$2" "$3" "$port" 2>&1)
	case $result in
	OK) if [ "$2" = udp ]; then what='sent'; else what='connected'; fi ;;
	EPERM) what='refused: EPERM' ;;
	*) what=${result:-nothing} ;;
	esac
}

# The event of an attempt, by what makes it the only one: revision, object, mode, what holds it back.
find_event() {
	local outcome would through mode held backend

	if ! eventq wait "$EVENTS" 5 "embargo.revision=$revision" "$@" >"$DIR/found.jsonl" 2>/dev/null; then
		said='(no event came)' id=
		return
	fi
	IFS='|' read -r outcome would through mode held backend id < <(eventq get "$DIR/found.jsonl" event.outcome \
		embargo.would_deny embargo.let_through embargo.mode embargo.held_by embargo.backend rule.id | tr '\t' '|')
	case $outcome,$would in
	failure,*) said='refused' ;;
	success,true) said='would refuse' ;;
	*) said="let through: $through" ;;
	esac
	said="$said | $mode${held:+ ($held)} | $backend"
}

# row TRIED EXPECTED-RESULT EXPECTED-EVENT
row() {
	local mark=' '

	# shellcheck disable=SC2053 # the expected event is a pattern
	if [ "$what" = "$2" ] && [[ $said == $3 ]]; then
		good=$((good + 1))
	else
		wrong=$((wrong + 1)) mark='!'
	fi
	printf '%s %-33s %-21s %s\n' "$mark" "$1" "$what" "$said"
	[ -z "$id" ] || printf '%58s%s\n' '' "$id"
	[ "$mark" = ' ' ] || printf '  ! expected: %s; event: %s\n' "$2" "$3"
}

# run_seen TRIED PROGRAM EXPECTED-RESULT EXPECTED-EVENT FILTER...
run_seen() {
	local tried=$1 program=$2 result=$3 event=$4
	shift 4

	try_program bounded "$program"
	find_event event.action=exec "$@"
	row "$tried" "$result" "$event"
}

reach_seen() {
	local tried=$1 way=$2 address=$3 result=$4 event=$5
	shift 5

	try_address bounded "$way" "$address"
	find_event event.action=connect "destination.ip=$address" "$@"
	row "$tried" "$result" "$event"
}

# No event, as far as anybody knows now; at the end, after later ones were seen, it is certain.
unseen() {
	unseen+=("$4")
	said='no event' id=
	[ "$(eventq count "$EVENTS" "$4" "embargo.revision=$revision")" = 0 ] || said='an event'
	row "$1" "$2" "$3"
}

heading() {
	printf '\n%s\n\n  %-33s %-21s %s\n' "$1" 'what was tried' 'what happened' 'what the event says'
	printf '  %.33s %.21s %.41s\n' "$line" "$line" "$line"
}
line=-----------------------------------------

# ---------------------------------------------------------------- the four acts

act_audit() {
	heading "1. AUDIT: the policy embargoes CrowdStrike and 127.66.0.0/16, and records only"
	revision=1
	try_program bounded /opt/other/program
	unseen 'run /opt/other/program' 'it ran' 'no event' process.executable=/opt/other/program
	run_seen "run $PROGRAM" "$PROGRAM" 'it ran' "would refuse | audit (policy) | $exec_backend" "process.executable=$PROGRAM"
	reach_seen "connect to $ADDRESS" tcp "$ADDRESS" connected 'would refuse | audit (policy) | cgroup' network.transport=tcp
}

act_enforce() {
	apply 2
	heading "2. ENFORCE: the same policy with mode: enforce"
	revision=2
	run_seen "run $PROGRAM" "$PROGRAM" "$refused" "refused | enforce | $exec_backend" "process.executable=$PROGRAM"
	run_seen 'run a link to .../falcon-helper' /opt/other/link "$refused" "refused | enforce | $exec_backend" \
		"process.executable=$HELPER"
	reach_seen "connect to $ADDRESS" tcp "$ADDRESS" 'refused: EPERM' 'refused | enforce | cgroup' network.transport=tcp
	reach_seen "send a datagram to $ADDRESS" udp "$ADDRESS" 'refused: EPERM' 'refused | enforce | cgroup' network.transport=udp
	try_address bounded tcp "$NEIGHBOUR"
	unseen "connect to $NEIGHBOUR" connected 'no event' "destination.ip=$NEIGHBOUR"
	try_program '' "$OUTSIDE"
	unseen 'run .../bystander, other cgroup' 'it ran' 'no event' "process.executable=$OUTSIDE"
}

act_allow() {
	apply 3
	heading "3. ALLOW: still enforce, with an exception for one program"
	revision=3
	run_seen "run $PROGRAM" "$PROGRAM" 'it ran' "let through: allowed | * | $exec_backend" "process.executable=$PROGRAM"
}

act_pause() {
	embargo pause --for 1m --reason 'the demonstration' >"$DIR/pause.log" 2>&1 || fail "no pause." "$(cat "$DIR/pause.log")"
	heading "4. PAUSE: embargo pause --for 1m, then embargo resume"
	reach_seen "connect to $ADDRESS" tcp "$ADDRESS" connected 'would refuse | audit (pause) | cgroup' \
		embargo.held_by=pause
	embargo resume >"$DIR/pause.log" 2>&1 || fail "the pause did not end." "$(cat "$DIR/pause.log")"
	reach_seen "connect, after the resume" tcp "$ADDRESS" 'refused: EPERM' 'refused | enforce | cgroup' \
		embargo.mode=enforce
}

check_unseen() {
	local filter

	for filter in "${unseen[@]}"; do
		[ "$(eventq count "$EVENTS" "$filter")" = 0 ] || {
			say "! an event came later for $filter"
			wrong=$((wrong + 1))
		}
	done
}

start_demo() {
	CG=$cgroups/embargo-demo-$$
	GROUPS_MADE=("$CG")	# first, so that it is removed whenever we are interrupted
	mkdir "$CG" || fail "no cgroup could be made in $cgroups." \
		"In a container: run this on the machine itself, or with --privileged."
	policy 1 audit </dev/null
	policy 2 enforce </dev/null
	policy 3 enforce <<-END
	allow:
	  - path: $PROGRAM
	    reason: shown in the demonstration
	END
	cp "$DIR/policy-1.yaml" "$DIR/policy.yaml"
	setpriv --pdeathsig TERM "$BIN/listen" "$ADDRESS" "$NEIGHBOUR" >"$DIR/port" 2>"$DIR/listen.log" &
	listener=$!
	start_agent "$DIR/policy.yaml" "$DIR/catalog" --within "$CG"
	port=$(cat "$DIR/port")
	[ -n "$port" ] || fail "nothing could listen on $ADDRESS." "$(cat "$DIR/listen.log")"
	exec_backend=$(eventq pick "$DIR/status.json" backend hook=exec | head -n 1)
	refused='refused: EPERM'
	[ "$exec_backend" != kill ] || refused='killed before it ran'
}

demo() {
	local began=$SECONDS

	start_demo
	say "A harmless program lies at $PROGRAM, in a mount namespace of its own."
	say "A listener takes connections on $ADDRESS and $NEIGHBOUR. The agent decides within one new"
	say "cgroup and nowhere else. Here exec is carried by '$exec_backend', connect by 'cgroup'."
	act_audit
	act_enforce
	act_allow
	act_pause
	check_unseen
	say
	if [ "$wrong" -ne 0 ]; then
		say "$wrong of $((good + wrong)) attempts did not end as they should. The agent says:"
		sed 's/^/  /' "$DIR/agent.log"
		exit 1
	fi
	goodbye="All $good attempts ended as they should ($((SECONDS - began)) s). Nothing is left behind."
	exit 0
}

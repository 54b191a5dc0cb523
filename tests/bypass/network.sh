# SPDX-License-Identifier: MIT
#
# The catalogue of tricks by which an embargoed address or a denied name might still be reached, or something by a
# contained program, and what becomes of each here. Every trick is done twice: without an agent, when its bytes must arrive, and
# with one that enforces. Each has addresses, names and a product of its own, so what arrives and what is told belongs to one trick.
. "$(dirname "$0")/../e2e/lib.sh"

BYPASS=$(cd "$(dirname "$0")" && pwd -P)
BIN=$BUILD/tests/bypass
CATALOGUE=$BYPASS/network
BESIDE=12
OUTPUT=$WORK/try GO=$WORK/go PATIENCE=$((500 + 250 * SLOW)) REACH=$BIN/reach
export CG OUTPUT GO PATIENCE REACH ARRIVED
mkdir -p "$WORK/bypass" "$WORK/try" "$WORK/contained"
. "$BYPASS/catalogue.sh"
. "$BYPASS/net-world.sh"

# ---------------------------------------------------------------- what is asked of a trick: catalogue.sh

# Did one byte of it arrive?
has_mark() {
	[ -s "$ARRIVED/$number" ]
}

# That a contained program runs is told, too, and says nothing here.
read_outcomes() {
	eventq get "$EVENTS" embargo.product event.outcome event.action!=exec
}

expected() {
	case $EXEC_BACKEND in
	lsm) want=$lsm ;;
	fmod_ret) want=$fmod_ret ;;
	*) want=$kill ;;
	esac
	# Natively the agent is bound to a cgroup.
	case $GUEST$name in 0*handed-socket) want=unseen/within ;; esac
}

details() {
	echo "$what; expected: ${want%/*}; $(grep -c "^$name	" "$WORK/outcomes") events; $(tail -n 3 "$WORK/try/$name.out" | tr '\n' ' ')"
}

# ---------------------------------------------------------------- both rounds

# One that begins before the policy, one that others would notice, or any other: begins BEFORE|LAST|REST
begins() {
	case $needs in
	*before*) [ "$1" = before ] ;;
	*guest*) [ "$1" = last ] ;;
	*) [ "$1" = rest ] ;;
	esac
}

# listed WHEN: a line of the list of tricks for the program that does them
listed() {
	[ ! -e "$WORK/bypass/$name.skip" ] && begins "$1" || return 0
	if [ "$thing" = contained ]; then
		echo "$number $name $WORK/contained/$name/agent"
	else
		echo "$number $name"
	fi
}

# try WHEN SIDE-BY-SIDE [SECONDS]: each of them for so long at most
try() {
	each listed "$1" | OTHER_NET=$OTHER_NET "$REACH" run "$2" "${3:-$((10 + SLOW))}"
}

look_for_missing() {
	missing
	[ -z "$reason" ] || echo "$reason" >"$WORK/bypass/$name.skip"
}

control() {
	[ ! -e "$WORK/bypass/$name.skip" ] || return
	if ! has_mark && lacks; then
		echo "this kernel does not have it: $(tail -n 1 "$WORK/try/$name.out")" >"$WORK/bypass/$name.skip"
	elif ! has_mark; then
		echo "the trick does not work here even without an agent: $(tail -n 3 "$WORK/try/$name.out" | tr '\n' ' ')" \
			>"$WORK/bypass/$name.broken"
	fi
}

# Do all that begin before the policy wait for it?
waits() {
	[ ! -e "$WORK/bypass/$name.skip" ] && [ ! -e "$WORK/bypass/$name.broken" ] && begins before || return 0
	grep -qs waiting "$WORK/try/$name.out" || waiting="$waiting $name"
}

start_before() {
	# while the agent starts, and after that
	try before 100 $((20 + 10 * SLOW)) &
	BEFORE=$!
	tries=0
	while :; do
		waiting=
		each waits
		[ -n "$waiting" ] && [ "$tries" -lt $((20 * SLOW)) ] || break
		sleep 0.1
		tries=$((tries + 1))
	done
}

# ---------------------------------------------------------------- innocent ones

# The same with an innocent name: all of it must arrive, or the trick's own result says nothing.
innocent_twin() {
	case $needs in *twin*) ;; *) return 0 ;; esac
	[ ! -e "$WORK/bypass/$name.skip" ] || return 0
	if [ -s "$ARRIVED/$number.twin" ]; then
		twins=$((twins + 1))
	else
		without="$without $name"
	fi
}

# twins_arrived TEXT
twins_arrived() {
	twins=0 without=
	each innocent_twin
	is "$1" "" "$without"
}

# ---------------------------------------------------------------- half refused

# Of what may arrive in part, the name must not, nor what is behind it.
look_for_rest() {
	expected
	case $want in */part) ;; *) return 0 ;; esac
	! grep -qs 'bypass.example\|END' "$ARRIVED/$number" || rest="$rest $name"
}

no_rest_arrived() {
	rest=
	each look_for_rest
	is "of what arrives in part no name does" "" "$rest"
}

# ---------------------------------------------------------------- what would wait

# Protocols of which the kernel sends once more what is refused, and tells the program nothing: the agent ends it. A socket of SCTP for
# many has other peers to wait for, so there it is the call that must return.
look_for_end() {
	case $name in *mptcp* | *sctp* | dccp) ;; *) return 0 ;; esac
	[ ! -e "$WORK/bypass/$name.skip" ] || return 0
	if [ ! -s "$WORK/try/$name.out" ] || { [ "$name" != sctp-sendto ] && grep -q 'no answer' "$WORK/try/$name.out"; }; then
		hangs="$hangs $name"
	fi
}

nothing_hangs() {
	hangs=
	each look_for_end
	is "who is refused by multipath TCP, SCTP or DCCP sees an end of it" "" "$hangs"
}

# ---------------------------------------------------------------- the test

phase begin
load_modules
if ! start_hosts || ! make_network; then
	not_ok "a network to try it on" "$(cat "$WORK/serve.log")"
	done_testing
	exit 1
fi
phase network
each look_for_missing
each contained
write_hosts
phase prepared
: >"$GO"
try before $BESIDE
try rest $BESIDE
try last 1
each control
[ -n "${TRICKS:-}" ] || twins_arrived "without an agent every innocent twin arrives"
phase controls
rm -f "$GO" "$ARRIVED"/* "$WORK/try"/*
write_documents
start_before
start_agent
check "the search is through" searched
phase started
: >"$GO"
try rest $BESIDE
wait "$BEFORE"
try last 1
phase attempts
if kill -0 "$AGENT" 2>/dev/null; then ok "the agent lives through all that"; else not_ok "the agent lives through all that"; fi
collect
misses=$(recursion_misses)
phase events
twins_arrived "with an agent, too: an innocent name at the address of a denied one, in every form"
no_rest_arrived
nothing_hangs
each report
phase end
kill "$SERVE" "$HOLD" 2>/dev/null
done_testing

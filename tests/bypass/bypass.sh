# SPDX-License-Identifier: MIT
#
# The catalogue of tricks by which an embargoed program might still run, and what becomes of each here. Every
# trick is done twice: without an agent, when it must work, and with one that enforces. Each embargoed
# thing is a product of its own, so an event says which trick it belongs to, however late it comes.
. "$(dirname "$0")/../e2e/lib.sh"

BYPASS=$(cd "$(dirname "$0")" && pwd -P)
BIN=$BUILD/tests/bypass
CATALOGUE=$BYPASS/tricks
export BYPASS BIN CG
mkdir -p "$WORK/bypass" "$WORK/marks" "$WORK/try" "$WORK/embargoed" "$WORK/listed"
mkfifo "$WORK/hold"
# Open for both, so that a reader of it waits and nobody waits for a reader.
exec 7<>"$WORK/hold"
. "$BYPASS/world.sh"
. "$BYPASS/catalogue.sh"
BEFORE=" $(sed -n 's/^before_\([a-z0-9_]*\)().*/\1/p' "$BYPASS/attempt.sh" | tr '_\n' '- ') "

# lanes COMMAND: two tricks at a time, as most of them wait; those that others would notice come last, alone.
lanes() {
	(
		lane=0
		each "$@"
	) &
	other=$!
	lane=1
	each "$@"
	wait "$other"
	lane=alone
	each "$@"
	lane=
}

# Without a trick's result being looked at by other programs: a process costs milliseconds in a guest.

# What is expected of the trick here, in $want: a result and, if it is not "refused", the reason's key behind a slash.
expected() {
	case $EXEC_BACKEND$HASHES in
	lsm1) want=$lsm ;;
	lsm0 | fmod_ret0) want=$fmod_ret ;;
	*) want=$kill ;;
	esac
	# Where no kprobe attaches; in a guest one does.
	[ "$GUEST$thing$EXEC_BACKEND" != 0scriptkill ] || want=unseen/kprobe
}

# attempt try|before [wait]: the mark in marks/NAME; "wait": what runs goes on until it is ended
attempt() {
	read -r began _ </proc/uptime
	file_of
	limit=$((8 + 2 * SLOW)) WAIT=/dev/null MARK=$WORK/marks/$name OUTPUT=$WORK/try/$name.out
	DIRECTORY=$WORK/try/$name.$round.$1 MODULE=${thing#module=}
	if [ "${2:-}" = wait ]; then
		limit=$((4 + SLOW / 2)) WAIT=$WORK/hold
	fi
	: >"$MARK"
	export DIRECTORY MARK WAIT OUTPUT MODULE
	"$BIN/attempt" "$1" "$limit" "$name" "$file"
	read -r ended _ </proc/uptime
	echo "$began $ended $name $1" >>"$WORK/times"
}

# What makes the suite slow. Kept out of the results: how long something takes is no result here.
slowest() {
	awk '{ printf "# time: %6.2f s %s %s\n", $2 - $1, $3, $4; sum += $2 - $1 } END { printf "# time: %6.2f s all\n", sum }' \
		"$WORK/times" | sort -rnk 3 | head -n 15
}

# Of the few tricks that have something to do before the agent is there.
before() {
	case $BEFORE in *" $name "*) attempt before ;; esac
}

# ---------------------------------------------------------------- without an agent

control() {
	missing
	if [ -n "$reason" ]; then
		echo "$reason" >"$WORK/bypass/$name.skip"
		return
	fi
	lay_out
	before
	attempt try
	if [ ! -s "$WORK/marks/$name" ]; then
		echo "the trick does not work here even without an agent: $(tail -n 3 "$WORK/try/$name.out" | tr '\n' ' ')" \
			>"$WORK/bypass/$name.broken"
	fi
}

# ---------------------------------------------------------------- with an agent

enforced() {
	[ ! -e "$WORK/bypass/$name.skip" ] || return
	expected
	wait=
	# It must live long enough to be ended.
	case $want,$needs in recorded* | *hold*) wait=wait ;; esac
	attempt try $wait
}

# ---------------------------------------------------------------- results

# Did it run?
has_mark() {
	[ -s "$WORK/marks/$name" ]
}

read_outcomes() {
	eventq get "$EVENTS" embargo.product event.outcome
}

details() {
	echo "$what; expected: ${want%/*}; it ran $(wc -c <"$WORK/marks/$name") times, $(grep -c "^$name	" "$WORK/outcomes") events;" \
		"$(tail -n 3 "$WORK/try/$name.out")"
}

phase begin
prepare_guest
phase prepared
round=1
lanes control
phase controls
round=2
lanes lay_out_again
write_documents
phase documents
start_agent
# Contents are known when the search is through; tricks before that are those of a policy that is not there yet.
check "the search is through" searched
learn_hashes
phase started
lanes enforced
phase attempts
if kill -0 "$AGENT" 2>/dev/null; then ok "the agent lives through all that"; else not_ok "the agent lives through all that"; fi
collect
misses=$(recursion_misses)
phase events
each report
phase end
slowest
done_testing

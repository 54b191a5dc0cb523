# SPDX-License-Identifier: MIT
#
# catalogue.sh - what both halves of this suite have in common: the list of tricks with its columns, what became of each and whether
# that is what is expected. Sourced by a test that has set CATALOGUE and says, by has_mark, whether the trick that is
# in the variables got through; by read_outcomes, which products have events, and how they ended; by expected, what must
# become of it, in $want: a result and, if it is not "refused", the reason's key behind a slash; by details, all that is known.

# each COMMAND: run it once for each trick, with its columns in variables. In a lane only those that belong there.
each() {
	number=0
	while read -r name thing rule needs lsm fmod_ret kill what <&6; do
		case $name in
		'' | '#'* | =) continue ;;
		esac
		number=$((number + 1))
		[ -z "${TRICKS:-}" ] || case " $TRICKS " in *" $name "*) ;; *) continue ;; esac
		case $needs in
		*guest* | *alone*) own=alone ;;
		*) own=$((number % 2)) ;;
		esac
		[ -z "$lane" ] || [ "$lane" = "$own" ] || continue
		"$@"
	done 6<"$CATALOGUE"
}
lane=

# ---------------------------------------------------------------- events

# Every event of the tricks that has come: products with an event, and those with one that says "refused".
read_events() {
	read_outcomes >"$WORK/outcomes" 2>/dev/null
	NAMED=" $(cut -f 1 "$WORK/outcomes" | sort -u | tr '\n' ' ')"
	FAILED=" $(sed -n 's/\tfailure$//p' "$WORK/outcomes" | sort -u | tr '\n' ' ')"
}

# What became of the trick, by mark and events, in $got: refused, recorded, unseen; "unclear" is an error of the trick.
outcome() {
	got=unclear
	if has_mark; then
		case $NAMED in *" $name "*) got=recorded ;; *) got=unseen ;; esac
	else
		# One that was ended so soon that it left no mark was not refused for that.
		case $NAMED in *" $name "*) got=recorded ;; esac
		case $FAILED in *" $name "*) got=refused ;; esac
	fi
}

# Is everything there that is expected? Else some event may still be on its way.
missing_event() {
	[ ! -e "$WORK/bypass/$name.skip" ] || return
	expected
	outcome
	case $got,$want in
	unclear,* | unseen,refused | unseen,recorded*) waiting="$waiting $name" ;;
	esac
}

collect() {
	tries=0
	while :; do
		waiting=
		read_events
		each missing_event
		[ -n "$waiting" ] && [ $tries -lt 15 ] || break
		sleep 2
		tries=$((tries + 1))
	done
}

# ---------------------------------------------------------------- results

# rank RESULT: in $rank
rank() {
	case $1 in
	refused) rank=2 ;;
	recorded*) rank=1 ;;
	*) rank=0 ;;
	esac
}

# What became of a trick, as a line of the results and one for the table.
report() {
	if [ -e "$WORK/bypass/$name.skip" ]; then
		read -r reason <"$WORK/bypass/$name.skip"
		skip "$name" "$reason"
		return
	fi
	expected
	outcome
	rank "$got"
	better=$rank
	rank "$want"
	if [ "$better" -lt "$rank" ] && [ "$EXEC_BACKEND" = fmod_ret ] && [ "$misses" -gt 0 ] && [ "$got" != unclear ]; then
		# Best effort on a preemptible kernel, and counted there: says nothing about the trick.
		skip "$name" "$got, but $misses attempts were not shown to the program by the kernel"
		return
	fi
	echo "#bypass $name $got ${want%/*}"
	if [ -e "$WORK/bypass/$name.broken" ]; then
		not_ok "$name: $got" "$(cat "$WORK/bypass/$name.broken")"
	elif [ "$got" = unclear ]; then
		not_ok "$name: did not run, but no event says why" "$(details)"
	elif [ "$better" -lt "$rank" ]; then
		not_ok "$name: $got" "$(details)"
	else
		ok "$name: $got"
		[ "$better" -eq "$rank" ] || echo "# better than expected: $name is $got, not ${want%/*}"
	fi
}

phase() {
	read -r now _ </proc/uptime
	echo "$now $now ---- $1" >>"$WORK/times"
	echo "# phase: $now $1"
}

# SPDX-License-Identifier: MIT
#
# Whose attempts a policy decides: cgroups that are named, excluded or containers, with all that is below them,
# and users. Out of scope everything runs, is counted and leaves no event.
. "$(dirname "$0")/lib.sh"

TOP=$CG
ROOT=${TOP#"$cgroups"}
mkdir -p "$TOP/in/deep/er" "$TOP/in/free-1.service/below" "$TOP/out"
chmod 711 "$WORK"

clean_groups() {
	for group in $(find "$TOP" "$cgroups/lxc.payload.embargo" -mindepth 1 -depth -type d 2>/dev/null); do
		rmdir "$group" 2>/dev/null
	done
	rmdir "$cgroups/lxc.payload.embargo" 2>/dev/null
}
trap clean_groups EXIT

# What follows happens in this cgroup below the test's own.
group() {
	CG=$TOP/$1
}

# counter HOOK NAME
counter() {
	embargo status --json >"$WORK/status.json" 2>/dev/null
	eventq pick "$WORK/status.json" "counters.$1.$2" "counters.$1.$2!=" | head -n 1
}

# A policy with this scope, in a mode: scope MODE SCOPE
revision=1
scope() {
	revision=$((revision + 1))
	printf 'scope: {%s}\n' "$2" | write_policy "$POLICY" "$1" $revision
	CG=$TOP
	check "a policy with the scope $2" apply "$POLICY"
}

nobody() {
	inside su -s /bin/sh nobody -c "exec $*"
}

write_policy "$POLICY" enforce 1 </dev/null
start_agent

# ---------------------------------------------------------------- cgroups, exec and connect

port=1000
# fate in|out GROUP TEXT: of a program, and of a connection from the same cgroup
fate() {
	group "$2"
	port=$((port + 1))
	if [ "$1" = in ]; then
		expect_refused "$3" "$DENIED"
		expect_dial "$3, its connection" EPERM tcp 192.0.2.66 $port
	else
		expect_runs "$3" "$DENIED"
		expect_dial "$3, its connection" ECONNREFUSED tcp 192.0.2.66 $port
	fi
}

scope enforce "only-cgroups: [$ROOT/in], exclude-cgroups: ['$ROOT/*/free-*.service']"
fate in in "named"
fate in in/deep/er "below a named one"
fate out out "beside a named one"
fate out . "above a named one"
fate out in/free-1.service "excluded by a pattern"
fate out in/free-1.service/below "below an excluded one"

group out
before=$(counter exec out_of_scope) before_connect=$(counter connect out_of_scope)
for i in 1 2 3; do
	inside "$DENIED" >/dev/null
	inside "$WORK/dial" udp 192.0.2.66 53 >/dev/null
	inside "$INNOCENT" >/dev/null
done
if [ "$GUEST" = 1 ]; then
	is "programs out of scope are counted, others not" 3 $(($(counter exec out_of_scope) - before))
else
	skip "programs out of scope are counted" "the host's own programs are outside --within and count, too"
fi
is "datagrams out of scope are counted" 3 $(($(counter connect out_of_scope) - before_connect))

# One process, from one cgroup to the other: what counts is where it is when it tries.
group .
fates=$(inside sh -c 'for group; do
	echo 0 >"$group/cgroup.procs"
	"$0" 2>/dev/null
	printf "%s " $?
done' "$DENIED" "$TOP/out" "$TOP/in" "$TOP/out" "$TOP/in/deep")
is "a process that is moved" "0 $REFUSED 0 $REFUSED " "$fates"

scope enforce "exclude-cgroups: [$ROOT/out]"
fate in in "not excluded"
fate in . "above an excluded one"
fate out out "excluded"

# More levels than are looked at: only what is known to be outside is outside.
deep=$TOP/out
for level in $(seq 1 100); do deep=$deep/x; done
mkdir -p "$deep" && fate out "${deep#"$TOP/"}" "100 levels below an excluded one"
for level in $(seq 1 200); do deep=$deep/x; done
mkdir -p "$deep" && fate in "${deep#"$TOP/"}" "300 levels below an excluded one"

# ---------------------------------------------------------------- containers

mkdir -p "$TOP/docker-0123.scope/init.scope"
scope enforce "containers: only"
fate in docker-0123.scope "only containers: one"
fate in docker-0123.scope/init.scope "only containers: below one"
fate out in "only containers: none"
scope enforce "containers: none"
fate out docker-0123.scope/init.scope "no containers: below one"
fate in in "no containers: none"
if [ "$GUEST" = 1 ]; then
	mkdir -p "$cgroups/lxc.payload.embargo/inner"
	deep=$TOP
	TOP=$cgroups
	fate out lxc.payload.embargo/inner "no containers: one at the root"
	TOP=$deep
else
	skip "a container at the root" "it is outside --within"
fi

# ---------------------------------------------------------------- users

scope enforce "users: [nobody]"
group in
is "another user: runs" 0 "$(nobody "$INNOCENT" >/dev/null 2>&1; echo $?)"
is "a named user: refused" "$REFUSED" "$(nobody "$DENIED" >/dev/null 2>&1; echo $?)"
is "a named user, its connection" EPERM "$(nobody "$WORK/dial" tcp 192.0.2.66 2001)"
expect_runs "root, who is not named" "$DENIED"
expect_dial "root, its connection" ECONNREFUSED tcp 192.0.2.66 2002
scope enforce "users: [0], only-cgroups: [$ROOT/in]"
group in
expect_refused "root, by its number, in a named cgroup" "$DENIED"
is "nobody there: runs" 0 "$(nobody "$DENIED" >/dev/null 2>&1; echo $?)"
group out
expect_runs "root elsewhere" "$DENIED"

# ---------------------------------------------------------------- audit, and events

scope audit "only-cgroups: [$ROOT/in]"
group in
expect_runs "in audit" "$WORK/opt/other/exact"
expect_dial "in audit, a connection" ECONNREFUSED tcp 192.0.2.66 3001
group out
expect_runs "in audit, out of scope" "$WORK/opt/other/sens-or-ctl"
expect_dial "in audit, a connection out of scope" ECONNREFUSED tcp 192.0.2.66 3002
group in
expect_runs "the last one" "$WORK/opt/tools/a/b/legacy-scanner"
event_is "in audit it is recorded in scope" process.executable="$WORK/opt/other/exact" embargo.would_deny=true
event_is "... and so is a connection" destination.port=3001 embargo.would_deny=true
event_is "the last one" process.executable="$WORK/opt/tools/a/b/legacy-scanner"
no_event "out of scope no program is recorded" process.executable="$WORK/opt/other/sens-or-ctl"
no_event "... and no connection" destination.port=3002
no_event "nor did one when it was enforced" destination.port=1003
CG=$TOP
done_testing

# SPDX-License-Identifier: MIT
#
# A program of a line with "action: contain" runs, and it and all that it starts reach the internal networks only: by every way to
# start something and to reach something, over a restart of the agent, and if it ran before the policy.
. "$(dirname "$0")/lib.sh"

PROGRAM=$WORK/opt/sensor/bin/dial
INSIDE=192.0.2.65
OUTSIDE=198.51.100.7

cp "$HELPERS/dial" "$PROGRAM"
cp "$HELPERS/stream" "$WORK/opt/sensor/bin/stream"
echo "not a copy" >>"$WORK/dial"
echo "not a copy" >>"$WORK/stream"

# write_containing FILE MODE REVISION
write_containing() {
	cat >"$1" <<-END
	kind: Policy
	name: e2e
	revision: $3
	mode: $2
	embargo:
	  - vendor: example
	    action: contain
	  - name: script
	    action: contain
	    paths: ["$WORK/opt/script"]
	internal: [127.0.0.0/8, "::1/128", 192.0.2.0/24, "2001:db8:1::/48"]
	END
	cat >>"$1"
}

# reaches TEXT EXPECTED STEPS WAY ADDRESS PORT: by the contained program
reaches() {
	is "$1: $2" "$2" "$(inside "$PROGRAM" --via "$3" "$4" "$5" "$6" 2>"$WORK/out" | tail -n 1)"
}

# both TEXT STEPS: what a process that got there by these steps reaches
both() {
	port=$((port + 1))
	reaches "$1, to an internal network" ECONNREFUSED "$2" tcp $INSIDE $port
	reaches "$1, outside" EPERM "$2" tcp $OUTSIDE $port
}
port=1000

# contained KEY: what status says of contained processes; nothing if the policy contains nothing
contained() {
	embargo status --json >"$WORK/status.json" 2>/dev/null
	eventq pick "$WORK/status.json" "$1" processes!= | head -n 1
}

# ---------------------------------------------------------------- it runs before the policy

write_policy "$WORK/other.yaml" enforce 1 <<-END
scope: {users: [65533]}
END
cp "$WORK/other.yaml" "$POLICY"
start_agent

later() {
	(inside "$PROGRAM" --via "$1" tcp "$2" "$3" >"$WORK/later.$3" 2>&1) &
}
later "wait=$WORK/go" $OUTSIDE 901
later "fork,wait=$WORK/go" $OUTSIDE 902
later "exec=$WORK/dial,wait=$WORK/go" $OUTSIDE 903	# executes another program: no descendant that anybody could know
later "fork,exec=$WORK/dial,wait=$WORK/go" $OUTSIDE 904
later "thread,wait=$WORK/go" $OUTSIDE 905
later "wait=$WORK/go" $INSIDE 906
(inside "$WORK/dial" --via "wait=$WORK/go" tcp $OUTSIDE 907 >"$WORK/later.907" 2>&1) &
serve "$WORK/server.outside" $OUTSIDE 4430 0
serve "$WORK/server.inside" $INSIDE 4430 0
STREAM_PROGRAM=$WORK/opt/sensor/bin/stream
hold "$WORK/open.outside" hold $OUTSIDE 4430 1000
hold "$WORK/open.inside" hold $INSIDE 4430 1000
STREAM_PROGRAM=
held_open=$STREAM
hold "$WORK/open.innocent" hold $OUTSIDE 4430 1000
# all of them are there
tries=0
until [ "$(wc -l <"$CG/cgroup.procs")" -ge 12 ] || [ "$tries" -gt $((50 * SLOW)) ]; do
	tries=$((tries + 1))
	sleep 0.1
done

write_containing "$POLICY" enforce 2 </dev/null
check "a policy that contains takes over" apply "$POLICY"
event_is "what ran before is told" event.action=exec event.outcome=success process.executable="$PROGRAM" \
	embargo.contained.ran_before=true embargo.contained.enforced=true embargo.would_deny=false
event_is "so is what it had started" process.executable="$WORK/dial" embargo.contained.ran_before=true embargo.recognised=contained
if line_comes "$WORK/open.outside" ECONNABORTED; then
	ok "a connection that it had outside is ended: ECONNABORTED"
else
	not_ok "a connection that it had outside is ended: ECONNABORTED" "$(cat "$WORK/open.outside")"
fi
is "one to an internal network stays open" open "$(tail -n 1 "$WORK/open.inside")"
is "one of an innocent program stays open" open "$(tail -n 1 "$WORK/open.innocent")"
event_is "that is told" event.action=connect event.outcome=failure destination.ip=$OUTSIDE destination.port=4430 \
	embargo.open.closed=true embargo.recognised=contained process.executable="$WORK/opt/sensor/bin/stream"
kill "$held_open" "$STREAM"
touch "$WORK/go"
outcome() {
	tries=0
	until [ -s "$WORK/later.$1" ] || [ "$tries" -gt $((50 * SLOW)) ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	cat "$WORK/later.$1"
}
is "a program that ran before the policy: EPERM" EPERM "$(outcome 901)"
is "its child: EPERM" EPERM "$(outcome 902)"
is "one that had become another program by then is not known: ECONNREFUSED" ECONNREFUSED "$(outcome 903)"
is "a child that had become another program: EPERM" EPERM "$(outcome 904)"
is "a thread of one: EPERM" EPERM "$(outcome 905)"
is "one that reaches an internal network: ECONNREFUSED" ECONNREFUSED "$(outcome 906)"
is "an innocent one: ECONNREFUSED" ECONNREFUSED "$(outcome 907)"

# ---------------------------------------------------------------- every way to start something

expect_dial "an innocent program, outside" ECONNREFUSED tcp $OUTSIDE 990
expect_runs "a contained program" "$DENIED"
event_is "its exec is told as contained" event.action=exec event.outcome=success process.executable="$DENIED" \
	embargo.contained.enforced=true embargo.contained.ran_before=false embargo.would_deny=false embargo.mode=enforce

both "itself" ""
both "a child" fork
both "a thread" thread
both "a child of a thread" thread,fork
both "a thread of a child" fork,thread
both "another program in its place" "exec=$WORK/dial"
both "another program, started" "fork,exec=$WORK/dial"
both "the same by vfork" "vfork=$WORK/dial"
both "a grandchild whose parent is gone" double
both "a daemon" daemon
both "a daemon that becomes another program" "daemon,exec=$WORK/dial,double,exec=$WORK/dial"
both "a program in the place of a thread" "thread,exec=$WORK/dial"
both "a sibling" fork,parent
mkdir -p "$CG/below"
inside "$PROGRAM" --via "cgroup=$CG/below" tcp 127.0.0.1 9 >"$WORK/out" 2>&1
case $(cat "$WORK/out") in
*clone3* | *Function*) skip "in another cgroup" "this kernel has no CLONE_INTO_CGROUP" ;;
*) both "in another cgroup" "cgroup=$CG/below" ;;
esac
printf '#!%s --via\n' "$WORK/dial" >"$WORK/opt/script"
chmod 755 "$WORK/opt/script"
case $EXEC_BACKEND in
kill) skip "a script" "with kill a script is seen only where a kprobe attaches" ;;
*)
	# its path is the steps: an unknown one ends it; so a shell
	printf '#!/bin/sh\n"%s" tcp %s 991\n' "$WORK/dial" $OUTSIDE >"$WORK/opt/script"
	is "a script's child: EPERM" EPERM "$(inside "$WORK/opt/script")" ;;
esac
expect_dial "an innocent program beside them, outside" ECONNREFUSED tcp $OUTSIDE 992

# Eight processes on one processor, each of which has a new child make each attempt: no fork gets by.
cp "$HELPERS/hammer" "$WORK/opt/sensor/bin/hammer"
inside "$WORK/opt/sensor/bin/hammer" -p 8 -n 125 -c 0 fork:$OUTSIDE:7 fork:$INSIDE:7 >"$WORK/forks"
is "of 1000 children none reaches outside" "1000 of 1000" \
	"$(field denied refused "$WORK/forks") of $(field denied denied "$WORK/forks")"
is "of 1000 children all reach an internal network" "1000 of 1000" \
	"$(field innocent ran "$WORK/forks") of $(field innocent innocent "$WORK/forks")"
echo "# not shown to one of the programs that follow forks: $(contained missed)"

# ---------------------------------------------------------------- every way to reach something

reaches "IPv6, internal" ECONNREFUSED "" tcp 2001:db8:1::1 700
reaches "IPv6" EPERM "" tcp 2001:db8:2::1 700
reaches "this host without an address" ECONNREFUSED "" tcp 0.0.0.0 7
reaches "a v4-mapped address, internal" ECONNREFUSED "" tcp ::ffff:$INSIDE 701
reaches "a v4-mapped address" EPERM "" tcp ::ffff:$OUTSIDE 701
reaches "a datagram, internal" OK "" udp $INSIDE 702
reaches "a datagram" EPERM "" udp $OUTSIDE 702
reaches "a v4-mapped datagram" EPERM "" udp ::ffff:$OUTSIDE 703
reaches "a connected datagram socket" EPERM "" udp-connect $OUTSIDE 704
reaches "a socket that was let go" EPERM "" unspec $OUTSIDE 705
reaches "TCP Fast Open" EPERM "" tfo $OUTSIDE 706
reaches "an embargoed address in an internal network" EPERM "" tcp 192.0.2.66 707
inside "$WORK/dial" uring $OUTSIDE 708 >"$WORK/out" 2>&1
case $(tail -n 1 "$WORK/out") in
ECONNREFUSED)
	reaches "io_uring, internal" ECONNREFUSED "" uring-async $INSIDE 708
	reaches "io_uring" EPERM "" uring $OUTSIDE 708
	reaches "io_uring, by a worker of the kernel" EPERM "" uring-async $OUTSIDE 709 ;;
*) skip "io_uring" "it is not there: $(head -n 1 "$WORK/out")" ;;
esac
echo '0 2147483647' >/proc/sys/net/ipv4/ping_group_range	# of this network namespace
for way in raw ping sctp mptcp; do
	without=$(inside "$WORK/dial" $way $INSIDE 710)
	case $without in
	OK | ECONNREFUSED) reaches "a socket: $way" EPERM "" $way $INSIDE 710 ;;
	*) skip "a socket: $way" "others get $without" ;;
	esac
done
for way in packet vsock; do
	without=$(inside "$WORK/dial" $way $INSIDE 710)
	case $EXEC_BACKEND,$without in
	kill,*) skip "a socket: $way" "neither lsm nor fmod_ret is there" ;;
	*,OK) reaches "a socket: $way" EPERM "" $way $INSIDE 710 ;;
	*) skip "a socket: $way" "others get $without" ;;
	esac
done
reaches "a socket that stays on the host: netlink" OK "" netlink $INSIDE 710
reaches "a socket that stays on the host: unix" OK "" unix $INSIDE 710

"$HELPERS/listen" $OUTSIDE $INSIDE >"$WORK/listening" &
listener=$!
tries=0
until [ -s "$WORK/listening" ] || [ "$tries" -gt $((50 * SLOW)) ]; do
	tries=$((tries + 1))
	sleep 0.1
done
open=$(cat "$WORK/listening")
held() {
	inside "$WORK/dial" --via "held,exec=$PROGRAM" held "$1" "$open" 2>&1 | tail -n 1
}
case $EXEC_BACKEND in
kill) skip "a connection that an innocent program has made" "neither lsm nor fmod_ret is there" ;;
*)
	is "a connection that an innocent program has made, internal: OK" OK "$(held $INSIDE)"
	is "a connection that an innocent program has made: EPERM" EPERM "$(held $OUTSIDE)" ;;
esac
kill "$listener"

event_is "a refused connection is told" event.action=connect event.outcome=failure destination.ip=$OUTSIDE destination.port=702 \
	process.executable="$PROGRAM" embargo.recognised=contained embargo.matcher=path embargo.mode=enforce \
	embargo.vendor=example embargo.backend=cgroup
event_is "of another program, too, by the rule of the first" event.action=connect event.outcome=failure \
	process.executable="$WORK/dial" embargo.recognised=contained embargo.vendor=example
event_is "a refused socket is told" event.action=connect event.outcome=failure embargo.socket=ip embargo.recognised=contained
no_event "what reached an internal network leaves no event" destination.ip=$INSIDE
no_event "nor do innocent programs" destination.port=990

# ---------------------------------------------------------------- without and with an agent

(inside "$PROGRAM" --via "fork,exec=$WORK/dial,wait=$WORK/gone,daemon" tcp $OUTSIDE 911 >"$WORK/later.911" 2>&1) &
tries=0
until [ "$(contained processes)" = 2 ] || [ "$tries" -gt $((30 * SLOW)) ]; do
	tries=$((tries + 1))
	sleep 0.1
done
is "status tells who is contained" 2 "$(contained processes)"
is "... with the name" dial "$(eventq pick "$WORK/status.json" name rule="$(eventq pick "$WORK/status.json" rule name=dial | head -n 1)" | head -n 1)"
kill_agent
both "without an agent" daemon
start_agent
both "with the next agent" daemon
touch "$WORK/gone"
is "one that was contained before: EPERM" EPERM "$(outcome 911)"
tries=0
until [ "$(contained processes)" = 0 ] || [ "$tries" -gt $((30 * SLOW)) ]; do
	tries=$((tries + 1))
	sleep 0.1
done
is "when they have ended nobody is contained" 0 "$(contained processes)"

# ---------------------------------------------------------------- audit, pause, and without

embargo pause --for 5m --reason test >/dev/null
reaches "paused" ECONNREFUSED fork tcp $OUTSIDE 920
event_is "it is told what would be refused" destination.port=920 event.outcome=success embargo.would_deny=true embargo.held_by=pause
embargo resume >/dev/null
reaches "not paused any more" EPERM fork tcp $OUTSIDE 921

write_containing "$POLICY" audit 3 </dev/null
check "the same in audit" apply "$POLICY"
reaches "in audit" ECONNREFUSED fork tcp $OUTSIDE 922
event_is "it is told what would be refused" destination.port=922 event.outcome=success embargo.would_deny=true embargo.held_by=policy
event_is "and what would be contained" event.action=exec process.executable="$PROGRAM" embargo.contained.enforced=false \
	embargo.would_deny=false

(inside "$PROGRAM" --via "fork,wait=$WORK/audited" tcp $OUTSIDE 923 >"$WORK/later.923" 2>&1) &
(inside "$PROGRAM" --via "fork,wait=$WORK/lifted" tcp $OUTSIDE 924 >"$WORK/later.924" 2>&1) &
tries=0
until [ "$(contained processes)" = 4 ] || [ "$tries" -gt $((30 * SLOW)) ]; do
	tries=$((tries + 1))
	sleep 0.1
done
write_containing "$POLICY" enforce 4 <<-END
allow:
  - network: 198.51.100.200/32
    reason: needed
END
check "enforced again" apply "$POLICY"
touch "$WORK/audited"
is "what was contained in audit is so in earnest: EPERM" EPERM "$(outcome 923)"
reaches "an address that is allowed" ECONNREFUSED fork tcp 198.51.100.200 925
event_is "that is told" destination.port=925 event.outcome=success embargo.let_through=allowed embargo.recognised=contained

write_policy "$POLICY" audit 5 </dev/null
check "a policy that does not contain" apply "$POLICY"
touch "$WORK/lifted"
is "what was contained is free: ECONNREFUSED" ECONNREFUSED "$(outcome 924)"
is "and nothing of it is attached any more" "" "$(contained room)"
done_testing

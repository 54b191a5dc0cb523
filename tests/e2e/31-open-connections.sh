# SPDX-License-Identifier: MIT
#
# Connections that are open when a policy embargoes them: in enforce mode whoever has them gets an error at once, and each is an
# event; in audit mode they stay and are listed; in every network namespace, and when a pause is over.
. "$(dirname "$0")/lib.sh"

# gone TEXT FILE ERROR: it has ended with that error
gone() {
	if line_comes "$2" "$3"; then ok "$1: $3"; else not_ok "$1: $3" "$(cat "$2")"; fi
}

# stays TEXT FILE: only what had to end by now has
stays() {
	is "$1: stays open" open "$(tail -n 1 "$2")"
}

# Of this test's agents, which are all in one cgroup; another agent may run on this machine.
closers() {
	while read -r pid; do
		cat "/proc/$pid/comm" 2>/dev/null
	done <"$CG_OUTSIDE/cgroup.procs" | grep embargo-closer
}

cat >"$WORK/none.yaml" <<-END
kind: Policy
name: e2e
revision: 1
mode: enforce
embargo:
  - vendor: other-vendor
END
cp "$WORK/none.yaml" "$POLICY"
serve "$WORK/server" 0.0.0.0 4430 0
serve "$WORK/server6" :: 4431 0
start_agent

hold "$WORK/four" hold 192.0.2.66 4430 1000
hold "$WORK/six" hold 2001:db8:66::1 4431 1000
hold "$WORK/mapped" hold ::ffff:192.0.2.66 4430 1000
hold "$WORK/udp" udp 192.0.2.66 53 0
# by multipath TCP, once with a server that has it, too, and once with one that makes TCP of it
paths=
if [ "$(inside "$WORK/dial" mptcp 127.0.0.1 1)" = ECONNREFUSED ]; then
	paths="mptcp mptcp-plain"
	HOW=mptcp-serve serve "$WORK/server-mptcp" 0.0.0.0 4434 0
	hold "$WORK/mptcp" mptcp-hold 192.0.2.66 4434 1000
	hold "$WORK/mptcp-plain" mptcp-hold 192.0.2.66 4430 1000
	hold "$WORK/mptcp-innocent" mptcp-hold 192.0.2.65 4434 1000
fi
hold "$WORK/innocent" hold 192.0.2.65 4430 1000
hold "$WORK/port" hold 198.51.100.7 4430 1000
ip="busybox ip"
space=
if busybox unshare -n true 2>/dev/null; then
	# another network namespace, with an address of its own that is embargoed, too
	cat >"$WORK/space.sh" <<-END
	$ip link set lo up && $ip route add local 192.0.2.0/24 dev lo
	"$WORK/stream" serve 192.0.2.66 4432 0 &
	sleep 1
	echo 0 >"$CG/cgroup.procs"
	exec "$WORK/stream" hold 192.0.2.66 4432 77 <"$WORK/space.in"
	END
	mkfifo "$WORK/space.in"
	busybox unshare -n sh "$WORK/space.sh" >"$WORK/space" 2>&1 &
	exec 8>"$WORK/space.in"
	line_comes "$WORK/space" open && space=1
fi

write_policy "$WORK/audit.yaml" audit 2 </dev/null
check "a policy that only records" apply "$WORK/audit.yaml"
event_is "audit: an open connection is listed" event.action=connect event.outcome=success destination.ip=192.0.2.66 \
	destination.port=4430 embargo.open.closed=false embargo.would_deny=true embargo.mode=audit \
	process.executable="$WORK/stream" embargo.vendor=example rule.name=192.0.2.66/32 network.transport=tcp
event_is "... of IPv6" destination.ip=2001:db8:66::1 embargo.open.closed=false
event_is "... with a mapped address" destination.ip=192.0.2.66 embargo.mapped=true embargo.open.closed=false
event_is "... of datagrams" destination.ip=192.0.2.66 network.transport=udp embargo.open.closed=false
for name in four six mapped udp $paths innocent port; do stays "audit: $name" "$WORK/$name"; done
listed=$(eventq count "$EVENTS" embargo.open.closed=false)
check "the same policy again" apply "$WORK/audit.yaml"
is "what was listed is not listed again" "$listed" "$(eventq count "$EVENTS" embargo.open.closed=false)"

check "a pause" embargo pause --for 20s --reason "testing"
write_policy "$WORK/enforce.yaml" enforce 3 </dev/null
check "a policy that refuses, while it is paused" apply "$WORK/enforce.yaml"
for name in four six mapped udp $paths; do stays "paused: $name" "$WORK/$name"; done
check "the pause is over" embargo resume
gone "enforced, IPv4" "$WORK/four" ECONNABORTED
gone "enforced, IPv6" "$WORK/six" ECONNABORTED
gone "enforced, a mapped address" "$WORK/mapped" ECONNABORTED
gone "enforced, a connected datagram socket" "$WORK/udp" ECONNABORTED
for name in $paths; do gone "enforced, $name" "$WORK/$name" ENOTCONN; done
if [ -n "$paths" ]; then
	stays "multipath TCP to an address that is not embargoed" "$WORK/mptcp-innocent"
else
	skip "multipath TCP" "this kernel has none"
fi
event_is "it is an event" event.action=connect event.outcome=failure destination.ip=192.0.2.66 destination.port=4430 \
	embargo.open.closed=true embargo.would_deny=false embargo.mode=enforce process.executable="$WORK/stream" \
	network.transport=tcp
event_is "... IPv6" destination.ip=2001:db8:66::1 embargo.open.closed=true event.outcome=failure
event_is "... datagrams" network.transport=udp embargo.open.closed=true event.outcome=failure
stays "an address that is not embargoed" "$WORK/innocent"
stays "a port that is not" "$WORK/port"
no_event "what is innocent is no event" destination.ip=192.0.2.65
if [ -n "$space" ]; then
	gone "in another network namespace" "$WORK/space" ECONNABORTED
	event_is "... is an event" destination.port=4432 embargo.open.closed=true
else
	skip "in another network namespace" "no unshare here: $(cat "$WORK/space" 2>&1)"
fi

# what comes in to a service of this host is not what a policy refuses
serve "$WORK/own" 192.0.2.65 4433 0
"$WORK/stream" hold 192.0.2.65 4433 10 </dev/null >"$WORK/in" 2>&1 &
check "once more" apply "$WORK/enforce.yaml"
expect_dial "a new connection" EPERM tcp 192.0.2.66 4430
stop_agent

# the pause ends by itself, with the agent started meanwhile
detach
cp "$WORK/none.yaml" "$POLICY"
rm -rf "$WORK/state"
mkdir "$WORK/state"
start_agent
hold "$WORK/again" hold 192.0.2.66 4430 1000
stop_agent
cp "$WORK/enforce.yaml" "$POLICY"
start_agent --audit-only
event_is "audit only: listed" destination.port=4430 embargo.held_by=cap embargo.open.closed=false
stays "audit only" "$WORK/again"
caps=$((0x$(sed -n 's/^CapPrm:[[:space:]]*//p' "/proc/$AGENT/status")))
is "the agent cannot enter a network namespace: no CAP_SYS_ADMIN" 0 $((caps >> 21 & 1))
is "... and has no process that does" "" "$(closers)"
stop_agent
start_agent
gone "at a start" "$WORK/again" ECONNABORTED
caps=$((0x$(sed -n 's/^CapPrm:[[:space:]]*//p' "/proc/$AGENT/status")))
is "neither can the enforcing agent itself" 0 $((caps >> 21 & 1))

# by name: at first nobody knows that the address is a denied name's. Natively the file of the host is not touched.
names_vendor cloud '*.cloud.example.com'
echo "127.0.0.1 localhost" >"$WORK/hosts"
[ -e /etc/hosts ] || : >/etc/hosts
mount --bind "$WORK/hosts" /etc/hosts
write_policy "$WORK/names.yaml" enforce 4 <<-END
  - vendor: cloud
END
check "a policy with a name" apply "$WORK/names.yaml"
hold "$WORK/named" hold 192.0.2.90 4430 1000
stays "an address nobody knows a name of" "$WORK/named"
echo "192.0.2.90 eu.cloud.example.com" >>"$WORK/hosts"
gone "/etc/hosts says that it is a denied name's" "$WORK/named" ECONNABORTED
event_is "... and it is an event" event.action=name event.outcome=failure destination.ip=192.0.2.90 \
	destination.domain=eu.cloud.example.com embargo.open.closed=true
umount /etc/hosts
kill_agent
tries=0
while [ -n "$(closers)" ] && [ "$tries" -lt 50 ]; do
	tries=$((tries + 1))
	sleep 0.1
done
is "a killed agent leaves no process behind" "" "$(closers)"
done_testing

# SPDX-License-Identifier: MIT
#
# What is learned of DNS answers, with a real resolver (dnsmasq): the addresses of denied names are known as soon as
# the answer is there, those of innocent ones are not; aliases, IPv6, TCP, times, what does not fit, another policy, and
# the names of /etc/hosts. That the addresses are then refused is not tested here.
. "$(dirname "$0")/lib.sh"

DNSMASQ=$(command -v dnsmasq || echo /usr/sbin/dnsmasq)
if [ ! -x "$DNSMASQ" ]; then
	echo "1..0 # SKIP there is no dnsmasq (scripts/setup --tests)"
	exit 0
fi
cp "$HELPERS/lookup" "$WORK/lookup"
[ -e /etc/hosts ] || : >/etc/hosts	# to mount another one there

# One server on two addresses, one of which is that of systemd-resolved's stub. The last record: priority 1, target ".",
# ipv4hint=192.0.2.70.
zone() {
	cat >"$WORK/dnsmasq.conf" <<-END
	no-daemon
	no-resolv
	no-hosts
	no-poll
	bind-interfaces
	user=root
	group=
	pid-file=$WORK/dnsmasq.pid
	listen-address=127.0.0.53,2001:db8::53
	address=/cloud.example.com/192.0.2.10
	host-record=six.cloud.example.net,2001:db8:10::1
	host-record=both.cloud.example.net,192.0.2.11,2001:db8:11::1
	host-record=several.cloud.example.net,192.0.2.20
	host-record=several.cloud.example.net,192.0.2.21
	host-record=several.cloud.example.net,192.0.2.22
	host-record=edge.cdn.example.org,192.0.2.30
	cname=www.customer.example.org,tenant.cloud.example.net
	cname=tenant.cloud.example.net,edge.cdn.example.org
	host-record=www.innocent.example.org,192.0.2.40
	host-record=also.innocent.example.org,192.0.2.10
	host-record=later.example.org,192.0.2.50
	host-record=blocked.cloud.example.net,0.0.0.0
	host-record=here.cloud.example.net,127.0.0.1
	address=/many.cloud.example.net/192.0.2.60
	dns-rr=svc.cloud.example.net,65,00010000040004C0000246
	END
}

serve() {
	zone
	busybox ip -6 addr add 2001:db8::53/128 dev lo
	{
		echo 0 >"$CG_OUTSIDE/cgroup.procs"
		exec "$DNSMASQ" -C "$WORK/dnsmasq.conf"
	} >"$WORK/dnsmasq.log" 2>&1 &
	SERVER=$!
	tries=0
	until [ "$(outside "$WORK/lookup" ask udp 127.0.0.53 www.innocent.example.org a)" = 192.0.2.40 ]; do
		tries=$((tries + 1))
		[ "$tries" -le $((50 * SLOW)) ] || break
		sleep 0.1
	done
}

# number KEY, counter KEY: what is known, and what was counted
number() {
	embargo status --json 2>/dev/null | tr -d ' \n' | sed -n "s/.*\"names\":{[^}]*\"$1\":\([0-9]*\).*/\1/p"
}

counter() {
	embargo status --json 2>/dev/null | tr -d ' \n' | sed -n "s/.*\"name\":{[^}]*\"$1\":\([0-9]*\).*/\1/p"
}

# resolve WAY NAME TYPE [SERVER]: by a process that is decided on
resolve() {
	inside "$WORK/lookup" ask "$1" "${4:-127.0.0.53}" "$2" "$3"
}

# learns TEXT ADDRESSES NAMES EXPECTED WAY NAME TYPE [SERVER]: the answer is EXPECTED, and so many more are known
learns() {
	text=$1 addresses=$(($(number addresses) + $2)) names=$(($(number names) + $3)) expected=$4
	shift 4
	answer=$(resolve "$@")
	is "$text" "$expected; $addresses addresses, $names names" \
		"$answer; $(number addresses) addresses, $(number names) names"
}

names_vendor cloud '*.cloud.example.com' '*.cloud.example.net'
names_vendor second later.example.org

# Before there is a policy of names nothing looks at packets.
write_policy "$POLICY" enforce 1 </dev/null
serve
start_agent
is "without names: nothing is attached, and nothing is wrong" "0 not attached: no rule of the policy needs it" \
	"$(embargo status >"$WORK/status.txt"; echo $?) $(embargo status --json | tr -d '\n' | sed -n 's/.*"hook": *"name"[^}]*"achieves": *"\([^"]*\)".*/\1/p')"
resolve udp a.cloud.example.com a >/dev/null
is "... and nothing is learned" "0 0" "$(counter answers) $(number addresses)"

write_policy "$WORK/names.yaml" enforce 2 <<-END
	  - vendor: cloud
END
# What cannot be attached leaves the policy before as it is; then the same again.
set=$(echo "$PINS"/*/set-*)
tries=0
until [ -e "$set/contain_running-program" ] || [ "$tries" -ge $((100 * SLOW)) ]; do	# the last one
	tries=$((tries + 1))
	sleep 0.1
done
mv "$set/names_egress-program" "$set/away"
is "a program that is not there: the policy is not taken" "the one before is still active 1" \
	"$(apply "$WORK/names.yaml" 2>&1 | grep -o "the one before is still active") $(embargo status --json | tr -d ' \n' | sed -n 's/.*"revision":\([0-9]*\).*/\1/p')"
mv "$set/away" "$set/names_egress-program"
check "a policy with names is applied" apply "$WORK/names.yaml"
is "the hook is attached" true \
	"$(embargo status --json | tr -d '\n' | sed -n 's/.*"hook": *"name"[^}]*"attached": *\([a-z]*\).*/\1/p')"

learns "an innocent name" 0 0 192.0.2.40 udp www.innocent.example.org a
learns "a denied name" 1 1 192.0.2.10 udp a.cloud.example.com a
learns "... once more" 0 0 192.0.2.10 udp a.cloud.example.com a
learns "... in another case" 0 0 192.0.2.10 udp A.cLoUd.ExAmPlE.cOm a
learns "another name of the same address" 0 1 192.0.2.10 udp b.cloud.example.com a
learns "an innocent name of the same address" 0 1 192.0.2.10 udp also.innocent.example.org a
learns "IPv6" 1 1 2001:db8:10::1 udp six.cloud.example.net aaaa
learns "a name without an address of the kind" 0 0 none udp six.cloud.example.net a
learns "both kinds, the first" 1 1 192.0.2.11 udp both.cloud.example.net a
learns "both kinds, the second" 1 0 2001:db8:11::1 udp both.cloud.example.net aaaa
learns "several addresses" 3 1 "192.0.2.20 192.0.2.21 192.0.2.22" udp several.cloud.example.net a
learns "an alias of a denied name that is an alias itself" 1 2 192.0.2.30 udp www.customer.example.org a
learns "an answer by TCP" 1 1 192.0.2.60 tcp t.many.cloud.example.net a
learns "a server by IPv6" 0 1 192.0.2.60 udp u.many.cloud.example.net a 2001:db8::53
learns "a server by IPv6 and TCP" 0 1 192.0.2.60 tcp v.many.cloud.example.net a 2001:db8::53
learns "what filters answer is not learned" 0 0 0.0.0.0 udp blocked.cloud.example.net a
learns "the host itself is not learned" 0 0 127.0.0.1 udp here.cloud.example.net a
learns "hints of a service record" 1 1 none udp svc.cloud.example.net https
[ "$GUEST" = 1 ] || {
	addresses=$(number addresses)
	outside "$WORK/lookup" ask udp 127.0.0.53 late.cloud.example.com a >/dev/null
	is "outside --within nothing is learned" "$addresses" "$(number addresses)"
}
is "nothing was unreadable so far" 0 "$(counter unreadable)"

# Answers that no server gives.
# raw TEXT ADDRESSES NAMES UNREADABLE WAY HEX...
raw() {
	text=$1 addresses=$(($(number addresses) + $2)) names=$(($(number names) + $3))
	unreadable=$(($(counter unreadable) + $4)) way=$5
	shift 5
	outside "$WORK/lookup" answer "$way" 127.0.0.54 "$@" &
	raw=$!
	sleep 0.3
	resolve "${way%-split}" ignored.example.org a 127.0.0.54 >/dev/null
	kill "$raw" 2>/dev/null
	wait "$raw" 2>/dev/null
	is "$text" "$addresses addresses, $names names, $unreadable unreadable" \
		"$(number addresses) addresses, $(number names) names, $(counter unreadable) unreadable"
}
# x.cloud.example.com
x=017805636c6f7564076578616d706c6503636f6d00
flags=8180
raw "a hand-made answer" 1 1 0 udp $flags 0001000100000000 ${x}00010001 c00c00010001000000ff0004 c0000250
raw "the same by TCP, its length in a segment of its own" 1 1 0 tcp-split $flags 0001000100000000 \
	0179${x#0178}00010001 c00c00010001000000ff0004 c0000251
raw "cut off: what is there counts" 1 1 1 udp $flags 0001000200000000 017a${x#0178}00010001 \
	c00c00010001000000ff0004 c0000252 c00c0001
raw "the flag of a cut off answer" 1 1 1 udp 8380 0001000100000000 0130${x#0178}00010001 c00c00010001000000ff0004 c0000253
raw "a pointer to itself" 0 0 1 udp $flags 0001000100000000 c00c00010001 c00c00010001000000ff0004 c0000254
raw "a query is no answer" 0 0 1 udp 0100 0001000100000000 0131${x#0178}00010001 c00c00010001000000ff0004 c0000255
raw "two questions" 2 2 0 udp $flags 0002000200000000 0132${x#0178}00010001 0133${x#0178}00010001 \
	c00c00010001000000ff0004 c0000256 c02500010001000000ff0004 c0000257

# Another policy: what was seen and is denied now is known at once.
resolve udp later.example.org a >/dev/null
addresses=$(number addresses)
write_policy "$WORK/later.yaml" enforce 3 <<-END
	  - vendor: cloud
	  - vendor: second
END
check "a policy that denies a name which was innocent" apply "$WORK/later.yaml"
is "... its address is known without a new answer" $((addresses + 1)) "$(number addresses)"

# /etc/hosts, for ever. In a mount namespace natively: the file of the host is not touched.
cat >"$WORK/hosts" <<-END
	127.0.0.1 localhost
	192.0.2.90 static.cloud.example.com    # comment
END
addresses=$(number addresses)
stop_agent
mount --bind "$WORK/hosts" /etc/hosts
start_agent
is "names of /etc/hosts are known at the start" "$((addresses + 1)) 1" "$(number addresses) $(number from_hosts)"
echo "192.0.2.91 other.cloud.example.com shared.example.org" >>"$WORK/hosts"
sleep 0.5
is "a change of the file is followed, innocent names of the address with it" "$((addresses + 2)) 3" \
	"$(number addresses) $(number from_hosts)"
echo "127.0.0.1 localhost" >"$WORK/hosts"
sleep 0.5
is "what is not in it any more is taken back" "$addresses 0" "$(number addresses) $(number from_hosts)"
umount /etc/hosts

# Many names: each is known before its answer is used.
names=$(number names)
is "many names are answered" 2000 "$(inside "$WORK/lookup" many 127.0.0.53 n%d.cloud.example.com 2000)"
is "... and what there is room for is known" $((names + 2000)) "$(number names)"
is "an address has room for four names, what is more is counted" true \
	"$([ "$(counter unlearned)" -gt 0 ] && echo true)"

# Natively also what takes long, and what is over: the agent in a time that is ahead of what answers are believed for.
if [ "$GUEST" = 0 ]; then
	before=$(counter unlearned)
	is "more names than fit are answered" 66000 "$(inside "$WORK/lookup" many 127.0.0.53 m%d.many.cloud.example.net 66000)"
	sed 's/^revision: .*/revision: 4/' "$WORK/later.yaml" >"$WORK/full.yaml"
	check "another policy, so that they are counted" apply "$WORK/full.yaml"
	is "as many are known as fit" "$(number names_room)" "$(number names)"
	is "what did not fit is counted" true "$([ "$(counter unlearned)" -ge $((before + 466)) ] && echo true)"
	is "status warns" "1 1" "$(embargo status >"$WORK/status.txt"; echo $?) $(grep -c 'places for denied names' "$WORK/status.txt")"
	stop_agent
	: >"$WORK/time"
	unshare --time="$WORK/time" --boottime 700 true
	printf '#!/bin/sh\nexec nsenter --time="%s" "%s" "$@"\n' "$WORK/time" "$EMBARGOD" >"$WORK/later"
	chmod +x "$WORK/later"
	real=$EMBARGOD EMBARGOD=$WORK/later
	start_agent
	# names that /etc/hosts had are kept for a day, because other addresses may have them
	is "what is over is removed" "0 3" "$(number addresses) $(number names)"
	stop_agent
	umount "$WORK/time"
	EMBARGOD=$real
	start_agent
	learns "... and learned anew" 1 1 192.0.2.10 udp a.cloud.example.com a
fi

write_policy "$WORK/without.yaml" enforce 5 </dev/null
check "a policy without names" apply "$WORK/without.yaml"
is "... nothing is attached" false \
	"$(embargo status --json | tr -d '\n' | sed -n 's/.*"hook": *"name"[^}]*"attached": *\([a-z]*\).*/\1/p')"
answers=$(counter answers)
resolve udp c.cloud.example.com a >/dev/null
is "... and nothing is read" "$answers" "$(counter answers)"
kill "$SERVER"
wait "$SERVER" 2>/dev/null
done_testing

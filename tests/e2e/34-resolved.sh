# SPDX-License-Identifier: MIT
#
# What a resolver resolved before the agent was there: a real systemd-resolved, with dnsmasq behind it, has names in its cache; then nobody
# answers any more, the agent starts, and the first connection to an address of a denied name is refused. Natively only: it is run as it
# comes, with the libraries of its release.
. "$(dirname "$0")/lib.sh"

skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

[ "$GUEST" = 0 ] || skip_all "only natively: a guest has no systemd-resolved"
DNSMASQ=$(command -v dnsmasq || echo /usr/sbin/dnsmasq)
[ -x "$DNSMASQ" ] || skip_all "there is no dnsmasq (scripts/setup --tests)"
ROOT=$("$here/roots" resolved 2>/dev/null | cut -d' ' -f2)
[ -x "$ROOT/usr/lib/systemd/systemd-resolved" ] || skip_all "there is no systemd-resolved 254 or later, and the archive does not give it"
# Without a link that leads somewhere it asks nobody.
busybox ip link add resolved0 type veth 2>/dev/null || skip_all "there are no pairs of virtual devices (veth) here"
busybox ip link set veth0 up
busybox ip addr add 198.19.0.2/24 dev resolved0
busybox ip link set resolved0 up

PORT=8443
TELLS=/run/systemd/resolve/io.systemd.Resolve.Monitor
cp "$HELPERS/hello" "$WORK/hello"
cp "$HELPERS/lookup" "$WORK/lookup"
names_vendor cloud "*.cloud.example.com"
write_policy "$WORK/names.yaml" enforce 2 <<-END
  - vendor: cloud
END
write_policy "$WORK/none.yaml" enforce 1 </dev/null

# ---------------------------------------------------------------- the resolver and what is behind it

upstream() {
	cat >"$WORK/dnsmasq.conf" <<-END
	no-daemon
	no-resolv
	no-hosts
	no-poll
	bind-interfaces
	user=root
	group=
	pid-file=$WORK/dnsmasq.pid
	local-ttl=1800
	listen-address=192.0.2.53
	host-record=one.cloud.example.com,192.0.2.10
	host-record=six.cloud.example.com,2001:db8:10::1
	host-record=shared.cloud.example.com,192.0.2.20
	host-record=www.innocent.example.org,192.0.2.20
	host-record=also.innocent.example.org,192.0.2.40
	host-record=edge.cdn.example.org,192.0.2.30
	cname=www.customer.example.org,tenant.cloud.example.com
	cname=tenant.cloud.example.com,edge.cdn.example.org
	END
	(echo 0 >"$CG_OUTSIDE/cgroup.procs" && exec "$DNSMASQ" -C "$WORK/dnsmasq.conf") >"$WORK/dnsmasq.log" 2>&1 &
	UPSTREAM=$!
}

# In a mount namespace below the test's: what is mounted there must not be in the way of removing the test's directory.
# As its unit does it, another user owns its sockets.
resolved() {
	mkdir -p "$WORK/resolved" /run/systemd
	mount -t tmpfs tmpfs /run/systemd || return
	cat >"$WORK/resolved.sh" <<-END
	set -e
	mount --bind "$ROOT" "$WORK/resolved"
	mount -t tmpfs tmpfs "$WORK/resolved/etc"
	mount -t tmpfs tmpfs "$WORK/resolved/run"
	mkdir "$WORK/resolved/etc/systemd" "$WORK/resolved/run/systemd"
	mount --bind /run/systemd "$WORK/resolved/run/systemd"
	mount -t proc proc "$WORK/resolved/proc"
	printf '%s\n' root:x:0:0::/: systemd-resolve:x:990:990::/: >"$WORK/resolved/etc/passwd"
	printf '%s\n' root:x:0: systemd-resolve:x:990: >"$WORK/resolved/etc/group"
	printf '%s\n' '[Resolve]' DNS=192.0.2.53 FallbackDNS= LLMNR=no MulticastDNS=no DNSSEC=no \
		>"$WORK/resolved/etc/systemd/resolved.conf"
	exec chroot "$WORK/resolved" /usr/lib/systemd/systemd-resolved
	END
	(echo 0 >"$CG_OUTSIDE/cgroup.procs" && exec unshare --mount sh "$WORK/resolved.sh") >"$WORK/resolved.log" 2>&1 &
	RESOLVED=$!
}

# resolve NAME TYPE: by the resolver's stub; comes when it has begun
resolve() {
	outside "$WORK/lookup" ask udp 127.0.0.53 "$1" "$2"
}

# ---------------------------------------------------------------- attempts

# connect ADDRESS FILE: what becomes of these bytes, without the time
connect() {
	inside "$WORK/hello" whole "$1" "$PORT" "$2" | cut -d' ' -f1
}

# of_names KEY: from the status
of_names() {
	embargo status --json 2>/dev/null | tr -d '\n' | sed -n "s/.*\"names\": *{[^}]*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p"
}

# cache_is TEXT STATE: it comes to that
cache_is() {
	tries=0
	while [ "$(of_names cache)" = waiting ] && [ "$tries" -lt 150 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	is "$1" "$2" "$(of_names cache)"
}

# apply_again REVISION: the policy with names
apply_again() {
	sed "s/^revision: .*/revision: $1/" "$WORK/names.yaml" >"$WORK/again.yaml"
	check "revision $1" apply "$WORK/again.yaml"
}

# fresh_agent POLICY: nothing is left in the kernel of what the one before has learned
fresh_agent() {
	[ -z "$AGENT" ] || stop_agent
	detach
	rm -rf "$WORK/state"
	cp "$1" "$POLICY"
	start_agent
}

"$WORK/hello" make one.cloud.example.com 10 >"$WORK/denied"
"$WORK/hello" make www.customer.example.org 10 >"$WORK/alias"
"$WORK/hello" make www.innocent.example.org 10 >"$WORK/innocent"
echo 'GET / HTTP/1.1' >"$WORK/plain"
(echo 0 >"$CG_OUTSIDE/cgroup.procs" && exec "$WORK/hello" serve "$PORT" "$WORK/received") >"$WORK/serve.log" 2>&1 &
upstream
resolved
tries=0
until [ "$(resolve one.cloud.example.com a)" = 192.0.2.10 ] || [ "$tries" -gt 50 ]; do
	tries=$((tries + 1))
	sleep 0.1
done
is "resolved before the agent is there" "192.0.2.10 2001:db8:10::1 192.0.2.20 192.0.2.20 192.0.2.40 192.0.2.30" \
	"$(echo "$(resolve one.cloud.example.com a) $(resolve six.cloud.example.com aaaa) $(resolve shared.cloud.example.com a)" \
		"$(resolve www.innocent.example.org a) $(resolve also.innocent.example.org a) $(resolve www.customer.example.org a)")"
kill "$UPSTREAM"
wait "$UPSTREAM" 2>/dev/null
is "its cache answers, nobody else does" "192.0.2.10 none" "$(resolve one.cloud.example.com a) $(resolve new.cloud.example.com a)"
is "without an agent everything is reached" "OK OK" "$(connect 192.0.2.10 "$WORK/denied") $(connect 192.0.2.30 "$WORK/alias")"
hold "$WORK/held" hold 192.0.2.10 "$PORT" 10

fresh_agent "$WORK/names.yaml"
cache_is "the cache is read" read
is "denied names with an address: two, a shared one, an alias and what it is an alias of" 5 "$(of_names from_cache)"
is "the first connection to an address of a denied name" ECONNABORTED "$(connect 192.0.2.10 "$WORK/denied")"
event_is "... is an event" event.action=name event.outcome=failure destination.ip=192.0.2.10 destination.domain=one.cloud.example.com \
	embargo.recognised=server-name embargo.vendor=cloud
is "without a server name, by the address" ECONNABORTED "$(connect 192.0.2.10 "$WORK/plain")"
event_is "... is an event" destination.ip=192.0.2.10 destination.domain=one.cloud.example.com embargo.recognised=resolved
is "IPv6" ECONNABORTED "$(connect 2001:db8:10::1 "$WORK/plain")"
is "an innocent alias of a denied name" ECONNABORTED "$(connect 192.0.2.30 "$WORK/alias")"
event_is "... is an event" destination.ip=192.0.2.30 destination.domain=www.customer.example.org embargo.recognised=server-name
is "what it is an alias of, by the address: the name behind it makes it no shared one" ECONNABORTED "$(connect 192.0.2.30 "$WORK/plain")"
is "an address that an innocent name shares" "OK OK" "$(connect 192.0.2.20 "$WORK/plain") $(connect 192.0.2.20 "$WORK/innocent")"
is "an address of an innocent name" OK "$(connect 192.0.2.40 "$WORK/plain")"
if line_comes "$WORK/held" ECONNABORTED; then ok "what was open is ended"; else not_ok "what was open is ended" "$(cat "$WORK/held")"; fi

# Up to 256 only who passes by its permissions: that is the agent at its start, by a connection that it keeps.
chmod 0600 "$TELLS"
fresh_agent "$WORK/none.yaml"
is "a policy without names needs none of it" "not needed" "$(of_names cache)"
is "... and refuses nothing" OK "$(connect 192.0.2.10 "$WORK/plain")"
check "a policy with names is applied, the socket is not for everybody" apply "$WORK/names.yaml"
cache_is "the cache is read" read
is "... and its names are known" ECONNABORTED "$(connect 192.0.2.10 "$WORK/denied")"
apply_again 3
cache_is "another policy: the same connection serves once more" read

kill -STOP "$RESOLVED"
began=$(cut -d. -f1 /proc/uptime)
apply_again 4
is "a resolver that hangs: the agent answers meanwhile" waiting "$(of_names cache)"
cache_is "... and gives up" unreadable
took=$(($(cut -d. -f1 /proc/uptime) - began))
if [ "$took" -lt 15 ]; then ok "... in time"; else not_ok "... in time" "took $took s"; fi
check "... with a line in its log" grep -q 'systemd-resolved could not be read: it does not answer' "$WORK/agent.log"
embargo status >"$WORK/status.txt"
check "... and in its status" grep -q 'systemd-resolved could not be read: it does not answer' "$WORK/status.txt"
is "what it knew is still known" ECONNABORTED "$(connect 192.0.2.10 "$WORK/plain")"
kill -CONT "$RESOLVED"
apply_again 5
cache_is "what was begun with it is not gone on with" unreadable
chmod 0666 "$TELLS"
apply_again 6
cache_is "where everybody may, another connection is made" read

kill "$RESOLVED"
wait "$RESOLVED" 2>/dev/null
apply_again 7
cache_is "a resolver that is gone is none" absent
sed 's/^revision: .*/revision: 8/' "$WORK/none.yaml" >"$WORK/last.yaml"
check "a policy without names again" apply "$WORK/last.yaml"
is "... needs none of it" "not needed" "$(of_names cache)"
done_testing

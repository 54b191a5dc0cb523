# SPDX-License-Identifier: MIT
#
# With what others run: dnsmasq resolves, nginx serves TLS in a network namespace of its own, curl connects. Many different denied
# names one after the other, each connected to as soon as it was resolved for the first time: of none does a byte reach nginx. Then
# two names on one address, one of them denied: every denied connection is refused, every innocent one is served.
#
# environment: SERVERS_NAMES   how many names, and how many connections to each of the two (default 300; 10000 takes minutes)
. "$(dirname "$0")/lib.sh"

NAMES=${SERVERS_NAMES:-300}
DNSMASQ=$(command -v dnsmasq || echo /usr/sbin/dnsmasq)
NGINX=$(command -v nginx || "$here/../vm/packages" nginx 2>/dev/null | cut -d' ' -f3)
[ ! -d "$NGINX" ] || NGINX=$NGINX/usr/sbin/nginx	# of the cache, not installed
CURL=$(command -v curl || echo /usr/bin/curl)
for program in "$DNSMASQ" "$NGINX" "$CURL"; do
	if [ ! -x "$program" ]; then
		echo "1..0 # SKIP there is no dnsmasq, nginx or curl (scripts/setup --tests; nginx from the distribution's archive)"
		exit 0
	fi
done

names_vendor cloud '*.cloud.example.com'
write_policy "$POLICY" enforce 1 <<-END
  - vendor: cloud
END

# ---------------------------------------------------------------- the other host

# peer COMMAND...: there
peer() {
	busybox nsenter "-n/proc/$PEER/ns/net" "$@"
}

make_peer() {
	(echo 0 >"$CG_OUTSIDE/cgroup.procs" && exec busybox unshare -n sleep 3600) &
	PEER=$!
	tries=0
	while [ "$(readlink "/proc/$PEER/ns/net")" = "$(readlink /proc/self/ns/net)" ] && [ "$tries" -lt 100 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	[ "$GUEST" = 0 ] || insmod "$(grep '/veth\.ko' /embargo-vm/brought)" 2>/dev/null
	busybox ip link add servers0 type veth || return 1
	busybox ip link set veth0 name servers1
	busybox ip link set servers1 netns "$PEER"
	for command in "ip addr add 198.19.0.2/24 dev servers0" "ip link set servers0 up" "ip route add 198.18.0.0/16 via 198.19.0.1"; do
		# shellcheck disable=SC2086 # words
		busybox $command || return 1
	done
	for command in "ip link set lo up" "ip addr add 198.19.0.1/24 dev servers1" "ip link set servers1 up" \
		"ip route add local 198.18.0.0/16 dev lo"; do
		# shellcheck disable=SC2086 # words
		peer busybox $command || return 1
	done
}

# Name i has an address of its own.
resolver() {
	cat >"$WORK/dnsmasq.conf" <<-END
	no-daemon
	no-resolv
	no-hosts
	no-poll
	bind-interfaces
	user=root
	group=
	pid-file=$WORK/dnsmasq.pid
	listen-address=198.19.0.1
	host-record=denied.cloud.example.com,198.18.255.1
	host-record=www.innocent.example.org,198.18.255.1
	END
	awk -v n="$NAMES" 'BEGIN { for (i = 1; i <= n; i++)
		printf "host-record=n%d.cloud.example.com,198.18.%d.%d\n", i, i / 250, i % 250 + 1 }' >>"$WORK/dnsmasq.conf"
	(echo 0 >"$CG_OUTSIDE/cgroup.procs" && exec busybox nsenter "-n/proc/$PEER/ns/net" "$DNSMASQ" -C "$WORK/dnsmasq.conf") \
		>"$WORK/dnsmasq.log" 2>&1 &
}

# At "info" it says of each connection how it ended: of one with a byte in it, what became of the handshake; of one that was
# reset before, that there was nothing to be had, recv() of the first byte.
server() {
	mkdir -p "$WORK/nginx"
	cat >"$WORK/nginx.conf" <<-END
	daemon off;
	user root;
	worker_processes 1;
	pid $WORK/nginx/pid;
	error_log $WORK/nginx/error.log info;
	events { worker_connections 1024; }
	http {
		log_format name '\$ssl_server_name \$status';
		access_log $WORK/nginx/access.log name;
		client_body_temp_path $WORK/nginx/body;
		proxy_temp_path $WORK/nginx/proxy;
		fastcgi_temp_path $WORK/nginx/fastcgi;
		uwsgi_temp_path $WORK/nginx/uwsgi;
		scgi_temp_path $WORK/nginx/scgi;
		keepalive_timeout 0;
		server {
			listen 443 ssl;
			ssl_certificate $here/servers.pem;
			ssl_certificate_key $here/servers.pem;
			location / { return 200 "served\n"; }
		}
	}
	END
	(echo 0 >"$CG_OUTSIDE/cgroup.procs" &&
		exec busybox nsenter "-n/proc/$PEER/ns/net" "$NGINX" -p "$WORK/nginx" -e "$WORK/nginx/early.log" -c "$WORK/nginx.conf") \
		>"$WORK/nginx.log" 2>&1 &
}

# requests FILE: curl's configuration for the names on standard input, one connection each
requests() {
	{
		printf '%s\n' 'silent' 'insecure' 'no-keepalive' 'connect-timeout = 20' 'max-time = 30' \
			'write-out = "%{http_code} %{errormsg}\n"'
		sed "s|.*|url = \"https://&/\"\noutput = /dev/null|"
	} >"$1"
}

# fetch FILE: what became of each request, in $WORK/fetched
fetch() {
	inside "$CURL" -q -K "$1" >"$WORK/fetched" 2>"$WORK/curl.err"
}

count_lines() {
	grep -c "$1" "$2" 2>/dev/null
}

# Connections of which a byte reached nginx and that came to nothing.
begun_handshakes() {
	grep SSL "$WORK/nginx/error.log" | grep -vc 'recv() failed'
}

if ! make_peer; then
	echo "1..0 # SKIP there are no pairs of virtual devices (veth) here"
	exit 0
fi
resolver
server
echo 'nameserver 198.19.0.1' >"$WORK/resolv.conf"
[ -e /etc/resolv.conf ] || : >/etc/resolv.conf
mount --bind "$WORK/resolv.conf" /etc/resolv.conf
echo www.innocent.example.org | requests "$WORK/one"
tries=0
until fetch "$WORK/one" && [ "$(cat "$WORK/fetched")" = "200 " ]; do
	tries=$((tries + 1))
	[ "$tries" -le $((20 * SLOW)) ] || break
	sleep 0.3
done
is "nginx serves, without an agent" "200 " "$(cat "$WORK/fetched")"

printf '\026' | outside busybox nc -w 1 198.18.255.1 443 >/dev/null 2>&1
tries=0
while [ "$(begun_handshakes)" -lt 1 ] && [ "$tries" -lt $((10 * SLOW)) ]; do
	tries=$((tries + 1))
	sleep 0.2
done
is "nginx tells of a connection with one byte in it" 1 "$(begun_handshakes)"

start_agent
begun=$(cut -d. -f1 /proc/uptime)
: >"$WORK/nginx/error.log"
: >"$WORK/nginx/access.log"

awk -v n="$NAMES" 'BEGIN { for (i = 1; i <= n; i++) printf "n%d.cloud.example.com\n", i }' | requests "$WORK/many"
fetch "$WORK/many"
is "$NAMES names, the first connection after the first resolution: none is served" "$NAMES" "$(count_lines '^000 ' "$WORK/fetched")"
is "$NAMES names: nginx was asked for none" 0 "$(count_lines . "$WORK/nginx/access.log")"
is "$NAMES names: of none did nginx see the beginning of a handshake" 0 "$(begun_handshakes)"
is "$NAMES names: each is an event" "$NAMES" "$(eventq get "$EVENTS" destination.domain event.action=name \
	event.outcome=failure embargo.recognised=server-name | grep '^n[0-9]' | sort -u | wc -l | tr -d ' ')"
echo "# $NAMES names: $(($(cut -d. -f1 /proc/uptime) - begun)) s"

begun=$(cut -d. -f1 /proc/uptime)
awk -v n="$NAMES" 'BEGIN { for (i = 1; i <= n; i++) print "denied.cloud.example.com\nwww.innocent.example.org" }' | requests "$WORK/both"
: >"$WORK/nginx/error.log"
fetch "$WORK/both"
is "two names, one address: every denied connection is refused" "$NAMES" "$(awk 'NR % 2 && /^000 /' "$WORK/fetched" | wc -l | tr -d ' ')"
is "two names, one address: every innocent one is served" "$NAMES" "$(awk 'NR % 2 == 0 && /^200 /' "$WORK/fetched" | wc -l | tr -d ' ')"
is "two names, one address: nginx served the innocent one only" "$NAMES www.innocent.example.org 200" \
	"$(sort "$WORK/nginx/access.log" | uniq -c | sed 's/^ *//')"
is "two names, one address: nginx saw no other handshake" 0 "$(begun_handshakes)"
echo "# two names, $NAMES connections to each: $(($(cut -d. -f1 /proc/uptime) - begun)) s"

kill "$PEER" 2>/dev/null
done_testing

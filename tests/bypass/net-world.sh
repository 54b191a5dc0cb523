# SPDX-License-Identifier: MIT
#
# net-world.sh - what the tricks with addresses and names are played on: a server and another host, each a network
# namespace, the ways that lead there, and the policy that embargoes what each trick is about. Sourced by network.sh; the columns
# of a trick are in variables. Addresses and names: net.h.

ARRIVED=$WORK/arrived
SERVER= OTHER_NET=

# ---------------------------------------------------------------- the network

# within PID COMMAND...: in the network namespace of a process
within() {
	process=$1
	shift
	busybox nsenter "-n/proc/$process/ns/net" "$@"
}

wait_for_file() {
	tries=0
	until [ -s "$1" ]; do
		tries=$((tries + 1))
		[ "$tries" -le $((100 * SLOW)) ] || return 1
		sleep 0.1
	done
}

# Modules of protocols and devices; in the order in which they go in.
load_modules() {
	[ "$GUEST" = 1 ] || return 0
	while read -r module; do
		base=$(basename "$module" .ko)
		grep -q "module=${base}[[:space:]]" "$BYPASS/tricks" || insmod "$module" 2>/dev/null
	done </embargo-vm/brought
}

# Processes on whom nobody decides: what they do, hosts elsewhere do.
start_hosts() {
	mkdir -p "$ARRIVED"
	(echo 0 >"$CG_OUTSIDE/cgroup.procs" && exec "$BIN/serve" "$ARRIVED") 2>"$WORK/serve.log" &
	SERVE=$!
	(echo 0 >"$CG_OUTSIDE/cgroup.procs" && exec "$BIN/serve" hold "$WORK/other-net") &
	HOLD=$!
	wait_for_file "$ARRIVED/pid" && wait_for_file "$WORK/other-net" || return 1
	read -r SERVER <"$ARRIVED/pid"
	read -r OTHER_NET <"$WORK/other-net"
	rm -f "$ARRIVED/pid"
}

# sysctl_in PID NAME VALUE
sysctl_in() {
	within "$1" busybox sysctl -qw "$2=$3"
}

# wire PID DEVICE SERVER-DEVICE SUBNET: from the namespace of a process to the server, 198.19.SUBNET.2 to .1
wire() {
	busybox ip link add "$2" type veth || return 1
	busybox ip link set veth0 name "$3"
	busybox ip link set "$3" netns "$SERVER"
	[ "$1" = self ] || busybox ip link set "$2" netns "$1"
	case $1 in self) here= ;; *) here="within $1" ;; esac
	# shellcheck disable=SC2086 # words
	for command in "sysctl -qw net.ipv6.conf.$2.accept_dad=0" "ip link set lo up" "ip addr add 198.19.$4.2/24 dev $2" \
		"ip addr add fd19::$4:2/112 dev $2" "ip link set $2 up" "ip route add 198.18.0.0/16 via 198.19.$4.1" \
		"ip -6 route add fd18::/48 via fd19::$4:1"; do
		$here busybox $command || return 1
	done
	for command in "sysctl -qw net.ipv6.conf.$3.accept_dad=0" "ip addr add 198.19.$4.1/24 dev $3" \
		"ip addr add fd19::$4:1/112 dev $3" "ip link set $3 up"; do
		# shellcheck disable=SC2086 # words
		within "$SERVER" busybox $command || return 1
	done
}

# The server has whole networks as its own: every trick's address is there.
make_network() {
	wire self bypass0 peer0 0 && wire "$OTHER_NET" bypass1 peer1 1 || return 1
	for command in "ip link set lo up" "ip route add local 198.18.0.0/16 dev lo" "ip -6 route add local fd18::/48 dev lo" \
		"ip -6 route add local 64:ff9b::/96 dev lo" "ip addr add fd18::53/128 dev lo" "sysctl -qw net.ipv4.tcp_fastopen=515" \
		"sysctl -qw net.ipv4.conf.all.accept_source_route=1 net.ipv4.conf.peer0.accept_source_route=1" \
		"sysctl -qw net.ipv6.conf.all.seg6_enabled=1 net.ipv6.conf.peer0.seg6_enabled=1"; do
		# shellcheck disable=SC2086 # words
		within "$SERVER" busybox $command || return 1
	done
	busybox sysctl -qw net.ipv4.tcp_fastopen=5	# data in the first packet, also to who has not been asked before
	busybox sysctl -qw net.ipv4.ping_group_range='0 2147483647'
	busybox ip -6 route add 64:ff9b::/96 via fd19::0:1
	busybox ip route add 198.19.77.0/24 via 198.19.0.1
	make_tunnel
	each way
}

# Both ends of an ipip tunnel; where a kernel has none its trick is skipped.
make_tunnel() {
	{
		busybox ip tunnel add bypassip mode ipip remote 198.19.0.1 local 198.19.0.2 &&
			busybox ip link set bypassip up &&
			within "$SERVER" busybox ip tunnel add peerip mode ipip remote 198.19.0.2 local 198.19.0.1 &&
			within "$SERVER" busybox ip link set peerip up && TUNNEL=1
	} 2>/dev/null
}
TUNNEL=0

# What a trick needs of the network for itself.
way() {
	case $name in
	link-local-*) within "$SERVER" busybox ip -6 addr add "$(printf 'fe80::4e:%x/64' "$number")" dev peer0 ;;
	*sctp*)
		# It answers from addresses that a device has, only.
		within "$SERVER" busybox ip addr add "198.18.$number.1/32" dev peer0
		within "$SERVER" busybox ip -6 addr add "$(printf 'fd18:0:0:%x::1/128' "$number")" dev peer0 ;;
	tunnel-device) [ "$TUNNEL" = 0 ] || busybox ip route add "198.18.$number.1/32" dev bypassip ;;
	nat)
		nft -f - 2>/dev/null <<-END && NAT=1
		table ip bypass {
			chain output {
				type nat hook output priority -100;
				ip daddr 198.19.77.$number dnat to 198.18.$number.1
			}
		}
		END
		;;
	esac
}
NAT=0

# ---------------------------------------------------------------- what must be here

# Why the trick cannot be tried here, in $reason; nothing if it can.
missing() {
	reason=
	case $needs in *guest*) [ "$GUEST" = 1 ] || reason="it changes the whole machine: only in a virtual one" ;; esac
	case $needs in *tunnel*) [ "$TUNNEL" = 1 ] || reason="this kernel has no tunnels of IPv4 in IPv4" ;; esac
	case $needs in *tun) [ -c /dev/net/tun ] || reason="this kernel has no tun devices" ;; esac
	case $needs in *nft*) [ "$NAT" = 1 ] || reason="nft is not here, or this kernel rewrites no addresses" ;; esac
	case $needs in *userns*) unshare -U -r true 2>/dev/null || reason="user namespaces cannot be made" ;; esac
}

# What a kernel does not have shows in what the trick says.
lacks() {
	case $needs in *kernel*) ;; *) return 1 ;; esac
	grep -qE 'socket: .*(not supported|not available)|io_uring_(setup|register): |net_prio: ' "$WORK/try/$name.out"
}

# ---------------------------------------------------------------- the policy

# product VENDOR: of each trick, of the vendor of its line of the policy
product() {
	[ ! -e "$WORK/bypass/$name.skip" ] || return
	case $thing in
	contained) [ "$1" = bypass-contained ] || return ;;
	*) [ "$1" = bypass-reached ] || return ;;
	esac
	printf '%s\n' "  - id: $name" "    name: $name" '    class: commercial' '    confidence: documented' \
		'    sources: ["https://docs.example.com"]'
	case $rule in
	network) printf '    networks: [198.18.%d.0/24, "fd18:0:0:%x::/64"]\n' "$number" "$number" ;;
	link) printf '    networks: ["fe80::4e:%x/128"]\n' "$number" ;;
	own) echo "    networks: [{cidr: 127.0.0.1/32, ports: [$((20000 + number))]}, {cidr: \"::1/128\", ports: [$((20000 + number))]}]" ;;
	path) echo "    paths: [\"$WORK/contained/$name/**\"]" ;;
	*) echo "    domains: [n$number.bypass.example, \"*.n$number.bypass.example\"]" ;;
	esac
}

vendor() {
	printf '%s\n' 'kind: Vendor' "id: $1" "name: $1" 'products:' '  - id: none' '    name: none' '    class: commercial' \
		'    confidence: documented' '    sources: ["https://docs.example.com"]' '    paths: [/nonexistent/bypass]'
	each product "$1"
}

# The contained program of a trick: content of its own, so that one says nothing of another.
contained() {
	[ "$thing" = contained ] && [ ! -e "$WORK/bypass/$name.skip" ] || return 0
	mkdir -p "$WORK/contained/$name"
	cp "$BIN/reach" "$WORK/contained/$name/agent"
	printf '%-40s\n' "$name" >>"$WORK/contained/$name/agent"
}

# Of the tricks with a name that the host knows by itself.
host_line() {
	[ "$rule" != hosts ] || echo "198.18.$number.1 n$number.bypass.example"
}

write_hosts() {
	{
		echo '127.0.0.1 localhost'
		each host_line
	} >"$WORK/hosts"
	# In a guest it is nobody else's, natively this is a mount namespace of its own.
	[ "$GUEST" = 1 ] && cat "$WORK/hosts" >/etc/hosts || mount --bind "$WORK/hosts" /etc/hosts
}

# risk_of NETWORK: as the policy's normal form has it
risk_of() {
	echo "  - bypass-reached/$name/network/$(printf '%s' "$1" | sha256sum | cut -c 1-8)"
}

# Rules for link-local addresses and the loopback are such as a host may need: said to be meant.
risk() {
	[ ! -e "$WORK/bypass/$name.skip" ] || return 0
	case $rule in
	link) risk_of "$(printf 'fe80::4e:%x/128' "$number")" ;;
	own)
		risk_of "127.0.0.1/32 $((20000 + number))"
		risk_of "::1/128 $((20000 + number))" ;;
	esac
}

write_documents() {
	vendor bypass-reached >"$CATALOG/bypass-reached.yaml"
	vendor bypass-contained >"$CATALOG/bypass-contained.yaml"
	{
		printf '%s\n' 'kind: Policy' 'name: bypass-network' 'revision: 1' 'mode: enforce' 'embargo:' \
			'  - vendor: bypass-reached' '  - vendor: bypass-contained' '    action: contain' \
			'internal: [127.0.0.0/8, "::1/128", 198.18.0.0/24, "fd18::/64"]' \
			'scope:' "  exclude-cgroups: [\"${CG_OUTSIDE#"$cgroups"}\"]"
		risks="$(each risk)"
		[ -z "$risks" ] || printf '%s\n' 'accept-risk:' "$risks"
	} >"$POLICY"
}

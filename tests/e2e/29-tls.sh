# SPDX-License-Identifier: MIT
#
# Connections to an address that a denied name was resolved to: the server name decides, whoever writes it and however. Of a refused
# connection no byte arrives, and the program sees an error at once; an innocent name on the same address goes through.
. "$(dirname "$0")/lib.sh"

PORT=8443
RECEIVED=$WORK/received
cp "$HELPERS/hello" "$WORK/hello"
names_vendor cloud '*.cloud.example.com' exact.example.net

# names_policy FILE MODE REVISION: with the names, and what names: says on standard input
names_policy() {
	write_policy "$1" "$2" "$3" <<-END
	  - vendor: cloud
	END
	cat >>"$1"
}

names_policy "$POLICY" enforce 1 </dev/null
start_agent

serve() {
	rm -f "$RECEIVED"
	: >"$RECEIVED"
	(echo 0 >"$CG_OUTSIDE/cgroup.procs" && exec "$WORK/hello" serve "$PORT" "$RECEIVED") >"$WORK/serve.log" 2>&1 &
	SERVER=$!
	tries=0
	until [ "$(outside "$WORK/hello" whole 127.0.0.1 "$PORT" "$WORK/innocent" | cut -d' ' -f1)" = OK ]; do
		tries=$((tries + 1))
		[ "$tries" -le 50 ] || break
		sleep 0.1
	done
	: >"$RECEIVED"
}

received() {
	wc -c <"$RECEIVED" | tr -d ' '
}

counter() {
	embargo status --json 2>/dev/null | tr -d ' \n' | sed -n "s/.*\"name\":{[^}]*\"$1\":\([0-9]*\).*/\1/p"
}

# try WAY ADDRESS FILE: what became of it, without the time
attempt() {
	inside "$WORK/hello" "$1" "$2" "$PORT" "$3" >"$WORK/result"
	cut -d' ' -f1 "$WORK/result"
}

# refused TEXT WAY ADDRESS FILE [ERROR]: with the error, fast, and the server saw nothing
refused() {
	: >"$RECEIVED"
	is "$1: ended" "${5:-ECONNABORTED}" "$(attempt "$2" "$3" "$4")"
	is "$1: no byte arrived" 0 "$(received)"
	took=$(cut -d' ' -f2 "$WORK/result")
	if [ "$took" -lt $((2500 * SLOW)) ]; then ok "$1: at once"; else not_ok "$1: at once" "took $took ms"; fi
}

# passes TEXT WAY ADDRESS FILE: all of it arrives
passes() {
	: >"$RECEIVED"
	is "$1: answered" OK "$(attempt "$2" "$3" "$4")"
	tries=0
	until [ "$(received)" -ge "$(wc -c <"$4")" ] || [ "$tries" -gt 50 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	is "$1: all of it arrived" "$(wc -c <"$4" | tr -d ' ')" "$(received)"
}

"$WORK/hello" make eu-1.Cloud.example.com 10 >"$WORK/denied"
"$WORK/hello" make www.innocent.example.org 10 >"$WORK/innocent"
"$WORK/hello" make eu-1.cloud.example.com 3000 >"$WORK/large"
"$WORK/hello" make www.innocent.example.org 3000 >"$WORK/large-innocent"
"$WORK/hello" make - 10 >"$WORK/nameless"
echo 'GET / HTTP/1.1' >"$WORK/plain"
serve

# Only denied names there.
inside "$WORK/hello" answer eu-1.cloud.example.com 192.0.2.10
# A denied one and an innocent one.
inside "$WORK/hello" answer eu-2.cloud.example.com 192.0.2.20
inside "$WORK/hello" answer www.innocent.example.org 192.0.2.20
inside "$WORK/hello" answer exact.example.net 2001:db8::10
inside "$WORK/hello" answer eu-3.cloud.example.com 192.0.2.50

passes "an address that nobody asked for" whole 192.0.2.30 "$WORK/denied"
refused "a denied name" whole 192.0.2.10 "$WORK/denied"
event_is "the event has the exact fields" event.action=name event.outcome=failure destination.ip=192.0.2.10 \
	destination.port="$PORT" destination.domain=eu-1.cloud.example.com tls.client.server_name=eu-1.cloud.example.com \
	network.transport=tcp process.executable="$WORK/hello" embargo.vendor=cloud embargo.matcher=domain \
	embargo.recognised=server-name embargo.backend=cgroup embargo.mode=enforce embargo.would_deny=false \
	'rule.name=*.cloud.example.com'
passes "an innocent name on an address of denied ones" whole 192.0.2.10 "$WORK/innocent"
refused "a denied name on a shared address" whole 192.0.2.20 "$WORK/denied"
passes "an innocent name on a shared address" whole 192.0.2.20 "$WORK/innocent"
refused "to IPv6" whole 2001:db8::10 "$WORK/denied"
refused "to a v4-mapped address" whole ::ffff:192.0.2.10 "$WORK/denied"

for way in split bytes more cork vectors sendfile splice zerocopy handed fast-open; do
	refused "$way" $way 192.0.2.10 "$WORK/denied"
	passes "$way, innocent" $way 192.0.2.20 "$WORK/innocent"
done
refused "a large hello" whole 192.0.2.10 "$WORK/large"
refused "a large hello in pieces" split 192.0.2.10 "$WORK/large"
passes "a large hello, innocent" split 192.0.2.10 "$WORK/large-innocent"
# Marked as records that must not grow: what cannot be made whole goes out and is read on. The rest, with the name, does not arrive.
: >"$RECEIVED"
attempt eor 192.0.2.10 "$WORK/denied" >/dev/null
event_is "records that end: refused" event.action=name event.outcome=failure embargo.recognised=server-name destination.ip=192.0.2.10
is "records that end: no name arrived" 0 "$(grep -ac cloud "$RECEIVED")"
passes "records that end, innocent" eor 192.0.2.20 "$WORK/innocent"
refused "half of a hello and the end" half 192.0.2.10 "$WORK/denied"
for way in mptcp mptcp-split; do
	result=$(attempt $way 192.0.2.40 "$WORK/innocent")
	case $result in
	OK)
		# the kernel destroys no such socket: it is disconnected
		refused "$way" $way 192.0.2.10 "$WORK/denied" ENOTCONN
		passes "$way, innocent" $way 192.0.2.20 "$WORK/innocent"
		;;
	*) skip "$way" "this kernel has no multipath TCP here: $result" ;;
	esac
done

refused "no name" whole 192.0.2.50 "$WORK/nameless"
event_is "... by the address" destination.ip=192.0.2.50 destination.domain=eu-3.cloud.example.com embargo.recognised=resolved \
	event.outcome=failure
refused "not TLS" whole 192.0.2.10 "$WORK/plain"
passes "no name, on a shared address" whole 192.0.2.20 "$WORK/nameless"
event_is "... is recorded as shared" destination.ip=192.0.2.20 embargo.recognised=resolved embargo.let_through=shared \
	event.outcome=success embargo.would_deny=false destination.domain=eu-2.cloud.example.com
passes "not TLS, on a shared address" whole 192.0.2.20 "$WORK/plain"

captured=$(dirname "$0")/../fuzz/corpus/tls
if [ -d "$captured" ]; then
	passes "Chromium's hello" split 192.0.2.10 "$captured/chromium"
	passes "Chromium's hello in many records" bytes 192.0.2.10 "$captured/chromium-records-7"
fi

# the ring holds some 700 that the agent has not heard of
is "nothing was missed so far" 0 "$(counter unended)"
kill -STOP "$AGENT"
(inside "$WORK/hello" flood 192.0.2.10 8444 "$WORK/denied") >"$WORK/flood" 2>&1 &
FLOOD=$!
line_comes "$WORK/flood" sent || not_ok "1,000 connections are refused" "$(cat "$WORK/flood")"
kill -CONT "$AGENT"
wait "$FLOOD"
is "more refused connections than the agent can be told of: all are ended" 1000 "$(tail -n 1 "$WORK/flood")"
is "... and what did not fit was counted" true "$([ "$(counter unended)" -gt 200 ] && echo true)"
embargo status >"$WORK/status" 2>&1
is "... which the status shows" 1 "$(grep -c "$(counter unended) times more refused" "$WORK/status")"

names_policy "$WORK/strict.yaml" enforce 2 <<-END
names: {no-name: deny, quic: deny}
END
check "a stricter policy" apply "$WORK/strict.yaml"
refused "no name on a shared address, by a stricter policy" whole 192.0.2.20 "$WORK/nameless"
passes "not TLS on a shared address, by a stricter policy" whole 192.0.2.20 "$WORK/plain"
passes "an innocent name, by a stricter policy" whole 192.0.2.20 "$WORK/innocent"

names_policy "$WORK/audit.yaml" audit 3 </dev/null
check "a policy in audit" apply "$WORK/audit.yaml"
passes "a denied name in audit" whole 192.0.2.10 "$WORK/denied"
event_is "... would be refused" event.action=name event.outcome=success embargo.would_deny=true embargo.mode=audit \
	tls.client.server_name=eu-1.cloud.example.com
passes "a denied name in pieces in audit" split 192.0.2.10 "$WORK/denied"
passes "Fast Open in audit" fast-open 192.0.2.10 "$WORK/denied"

write_policy "$WORK/without.yaml" enforce 4 </dev/null
check "a policy without names" apply "$WORK/without.yaml"
passes "a denied name without such a policy" whole 192.0.2.10 "$WORK/denied"
kill "$SERVER" 2>/dev/null
done_testing

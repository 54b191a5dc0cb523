# SPDX-License-Identifier: MIT
#
# lib.sh - what every end-to-end test sources: TAP output, the agent's life, attempts and their
# expected fate, events. A test is a POSIX script, also for busybox; tests/e2e/run starts it.
# Given by run: WORK (its directory), CG and CG_OUTSIDE (cgroups), PINS, EMBARGOD, EMBARGO, HELPERS.
set -u

SLOW=1
[ "$GUEST" = 0 ] || SLOW=10
RUN_DIR=$WORK/run
EVENTS=$WORK/events.jsonl
POLICY=$WORK/policy.yaml
CATALOG=$WORK/catalog
MARKER=$WORK/marker
DENIED=$WORK/opt/sensor/bin/agent
INNOCENT=$WORK/opt/other/agent
AGENT=
count=0

# ---------------------------------------------------------------- results

ok() {
	count=$((count + 1))
	echo "ok $count - $1"
}

not_ok() {
	count=$((count + 1))
	echo "not ok $count - $1"
	[ -z "${2:-}" ] || printf '%s\n' "$2" | sed 's/^/#   /'
}

skip() {
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

# is TEXT EXPECTED ACTUAL
is() {
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "expected '$2', got '$3'"; fi
}

# check TEXT COMMAND...: its exit status is 0
check() {
	text=$1
	shift
	if output=$("$@" 2>&1); then ok "$text"; else not_ok "$text" "$* -> $?: $output"; fi
}

# The last line of a test; without it the test counts as ended early.
done_testing() {
	[ -z "$AGENT" ] || stop_agent
	echo "1..$count"
}

# ---------------------------------------------------------------- documents

# One vendor with every working kind of matcher, below the test's own directory and in documentation
# prefixes, and the programs that belong to it.
make_world() {
	mkdir -p "$WORK/catalog" "$WORK/opt/sensor/bin" "$WORK/opt/other/bin" "$WORK/opt/tools/a/b" "$RUN_DIR" "$WORK/state"
	echo 'kind: Agent' >"$WORK/agent.yaml"
	cat >"$WORK/catalog/example.yaml" <<-END
	kind: Vendor
	id: example
	name: Example, Inc.
	products:
	  - id: sensor
	    name: Example Sensor
	    class: commercial
	    confidence: documented
	    sources: ["https://docs.example.com/sensor"]
	    paths:
	      - "$WORK/opt/sensor/**"
	      - "$WORK/opt/other/exact"
	      - "$WORK/opt/other/sens*ctl"
	      - "$WORK/opt/tools/**/legacy-scanner"
	    networks:
	      - 192.0.2.66/32
	      - {cidr: 198.51.100.0/24, ports: [443, 8443], protocol: tcp}
	      - 2001:db8:66::/48
	END
	printf '%s\n' 'kind: Vendor' 'id: other-vendor' 'name: Other' >"$WORK/catalog/other-vendor.yaml"
	for file in "$DENIED" "$INNOCENT" "$WORK/opt/other/exact" "$WORK/opt/other/sens-or-ctl" \
		"$WORK/opt/tools/a/b/legacy-scanner" "$WORK/opt/tools/a/b/new-scanner"; do
		cp "$HELPERS/denied" "$file"
	done
	# copies would be recognised by their content
	for file in "$INNOCENT" "$WORK/opt/tools/a/b/new-scanner"; do
		echo "not it" >>"$file"
	done
	cp "$HELPERS/dial" "$WORK/dial"
	cp "$HELPERS/hammer" "$WORK/hammer"
	cp "$HELPERS/stream" "$WORK/stream"
}

# names_vendor ID DOMAIN...: one more vendor, which is known by names alone
names_vendor() {
	id=$1
	shift
	cat >"$CATALOG/$id.yaml" <<-END
	kind: Vendor
	id: $id
	name: Cloud
	products:
	  - id: service
	    name: Service
	    class: commercial
	    confidence: documented
	    sources: ["https://docs.example.com/cloud"]
	    domains: [$(printf ', "%s"' "$@" | cut -c 3-)]
	END
}

# write_policy FILE MODE REVISION; more of the document on standard input
write_policy() {
	cat >"$1" <<-END
	kind: Policy
	name: e2e
	revision: $3
	mode: $2
	embargo:
	  - vendor: example
	END
	cat >>"$1"
}

# ---------------------------------------------------------------- the agent

# A command in the cgroup whose programs are decided on, or beside it. A shell of its own moves itself.
inside() {
	(echo 0 >"$CG/cgroup.procs" && exec "$@")
}

outside() {
	(echo 0 >"$CG_OUTSIDE/cgroup.procs" && exec "$@")
}

embargo() {
	timeout -s KILL $((10 * SLOW)) "$EMBARGO" --run "$RUN_DIR" --pins "$PINS" --state "$WORK/state" "$@"
}

# apply FILE [OPTION...]: embargo policy apply, with the test's catalogue
apply() {
	embargo policy apply --catalog "$CATALOG" "$@"
}

eventq() {
	"$HELPERS/eventq" "$@"
}

agent_once() {
	timeout -s KILL $((20 * SLOW)) "$EMBARGOD" --config "$WORK/agent.yaml" --policy "$POLICY" \
		--catalog "$CATALOG" --state "$WORK/state" --run "$RUN_DIR" --pins "$PINS" "$@" 2>>"$WORK/agent.log"
}

# Is it up? A degraded status (1) is an answer, too; but one without the agent's socket is not the agent's.
agent_answers() {
	[ -S "$RUN_DIR/control.sock" ] || return 1
	err=0
	embargo status >/dev/null 2>&1 || err=$?
	[ "$err" -le 1 ]
}

# start_agent [OPTION...]: with $POLICY; natively it never decides anything outside $CG
start_agent() {
	[ "$GUEST" = 1 ] || set -- --within "$CG" "$@"
	for backend in $(echo "${BACKEND:-}" | tr ',' ' '); do
		set -- --backend "$backend" "$@"
	done
	rm -f "$RUN_DIR/control.sock"
	# Braces, not outside(): $! must be the agent, not a shell that waits for it.
	{
		echo 0 >"$CG_OUTSIDE/cgroup.procs"
		exec "$EMBARGOD" --config "$WORK/agent.yaml" --policy "$POLICY" --catalog "$CATALOG" \
			--state "$WORK/state" --run "$RUN_DIR" --pins "$PINS" --events "$EVENTS" "$@"
	} >>"$WORK/agent.log" 2>&1 &
	AGENT=$!
	tries=0
	until agent_answers; do
		tries=$((tries + 1))
		if ! kill -0 "$AGENT" 2>/dev/null || [ "$tries" -gt $((100 * SLOW)) ]; then
			not_ok "the agent starts" "$(tail -n 20 "$WORK/agent.log")"
			AGENT=
			done_testing
			exit 1
		fi
		sleep 0.1
	done
	learn_backend
}

# What carries exec here, and so which exit status a refusal has.
learn_backend() {
	embargo status --json >"$WORK/status.json" 2>/dev/null
	EXEC_BACKEND=$(eventq pick "$WORK/status.json" backend hook=exec | head -n 1)
	REFUSED=126
	[ "$EXEC_BACKEND" != kill ] || REFUSED=137
}

# Wait until the search for the policy's files is complete.
searched() {
	tries=0
	until embargo status --json 2>/dev/null | grep -q '"search": *"complete"'; do
		tries=$((tries + 1))
		[ "$tries" -le $((600 * SLOW)) ] || return 1
		sleep 0.1
	done
}

# Attempts that the kernel did not show to the exec program (fmod_ret on preemptible kernels).
recursion_misses() {
	embargo status --json >"$WORK/status.json" 2>/dev/null
	misses=$(eventq pick "$WORK/status.json" recursion_misses hook=exec | head -n 1)
	echo "${misses:-0}"
}

stop_agent() {
	kill -TERM "$AGENT" 2>/dev/null
	wait "$AGENT" 2>/dev/null
	AGENT=
}

kill_agent() {
	kill -KILL "$AGENT"
	wait "$AGENT" 2>/dev/null
	AGENT=
}

detach() {
	agent_once --detach
}

# ---------------------------------------------------------------- attempts and what becomes of them

# How often a program ran: it leaves one byte each time, by its first instructions.
ran() {
	if [ -f "$MARKER" ]; then wc -c <"$MARKER" | tr -d ' '; else echo 0; fi
}

# expect_refused TEXT PROGRAM: the exact exit status, and not one instruction ran
expect_refused() {
	rm -f "$MARKER"
	err=0
	inside "$2" "$MARKER" 2>/dev/null || err=$?
	is "$1: refused, never ran" "$REFUSED, ran 0" "$err, ran $(ran)"
}

expect_runs() {
	rm -f "$MARKER"
	err=0
	inside "$2" "$MARKER" 2>"$WORK/out" || err=$?
	is "$1: runs" "0, ran 1" "$err, ran $(ran)"
}

# expect_dial TEXT EXPECTED WAY ADDRESS PORT: the name of the error, or OK
expect_dial() {
	is "$1: $2" "$2" "$(inside "$WORK/dial" "$3" "$4" "$5")"
}

# A connection that stays: stream() in the background, its process in $STREAM, what it prints in FILE, lines to it on descriptor 9.
# hold FILE HOW ADDRESS PORT BYTES [REPLY]
hold() {
	rm -f "$1.in"
	mkfifo "$1.in"
	out=$1
	shift
	{
		echo 0 >"$CG/cgroup.procs"
		exec "${STREAM_PROGRAM:-$WORK/stream}" "$@" <"$out.in"
	} >"$out" 2>&1 &
	STREAM=$!
	exec 9>"$out.in"
	line_comes "$out" open || not_ok "$* is open" "$(cat "$out")"
}

# Wait until a file has such a line. line_comes FILE LINE
line_comes() {
	tries=0
	until grep -qx "$2" "$1" 2>/dev/null; do
		tries=$((tries + 1))
		[ "$tries" -le $((50 * SLOW)) ] || return 1
		sleep 0.1
	done
}

# serve FILE ADDRESS PORT REPLY: a server outside of what is decided about, its process in $SERVER. With HOW=take: of datagrams
serve() {
	out=$1
	shift
	{
		echo 0 >"$CG_OUTSIDE/cgroup.procs"
		exec "$WORK/stream" "${HOW:-serve}" "$@"
	} >"$out" 2>&1 &
	SERVER=$!
	line_comes "$out" listening || not_ok "the server listens" "$(cat "$out")"
}

# ---------------------------------------------------------------- events

# event_is TEXT FILTER...: such an event comes
event_is() {
	text=$1
	shift
	if eventq wait "$EVENTS" $((5 * SLOW)) "$@" >"$WORK/event" 2>&1; then
		ok "$text"
	else
		not_ok "$text" "no event with $*; the last ones: $(tail -n 3 "$EVENTS" 2>&1)"
	fi
}

# no_event TEXT FILTER...: none came. Only after a later event was seen does that say anything.
no_event() {
	text=$1
	shift
	is "$text" 0 "$(eventq count "$EVENTS" "$@")"
}

# no_leak TEXT RAN MISSES: none ran, except what the kernel counts as not shown to the program: fmod_ret on
# a preemptible kernel, and kill there while maps change (bpf/README.md). With lsm there is no exception.
no_leak() {
	if [ "$EXEC_BACKEND" != lsm ] && [ "$3" -gt 0 ] && [ "$2" -le "$3" ]; then
		ok "$1, but for those that the kernel did not show to the program ($2 ran, $3 not shown)"
	else
		is "$1" 0 "$2"
	fi
}

# field NAME COLUMN FILE: a number of the output of hammer, such as: field denied ran FILE
field() {
	awk -v line="$1" -v column="$2" '$1 == line { for (i = 1; i < NF; i++) if ($i == column) print $(i + 1) }' "$3"
}

make_world

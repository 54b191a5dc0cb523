# SPDX-License-Identifier: MIT
#
# A policy that would refuse what this host needs is refused itself, by the command and by the agent, with the
# object named; the one before stays. Whoever means it names the rule in accept-risk.
. "$(dirname "$0")/lib.sh"

# one FILE REVISION KEY VALUE [more]: a policy in audit with one matcher of its own
one() {
	cat >"$1" <<-END
	kind: Policy
	name: e2e
	revision: $2
	mode: audit
	embargo:
	  - name: mine
	    $3: [$4]
	END
	printf '%s\n' "${5:-}" >>"$1"
}

# refused TEXT FILE WORDS: by check --host and by apply, both with these words
refused() {
	err=0
	embargo policy check --host --catalog "$CATALOG" "$2" >"$WORK/out" 2>&1 || err=$?
	if [ "$err" = 1 ] && grep -q "$3" "$WORK/out"; then
		ok "$1: check --host refuses it"
	else
		not_ok "$1: check --host refuses it" "exit status $err: $(cat "$WORK/out")"
	fi
	err=0
	apply "$2" >"$WORK/out" 2>&1 || err=$?
	if [ "$err" = 1 ] && grep -q "$3" "$WORK/out"; then
		ok "$1: the agent refuses it"
	else
		not_ok "$1: the agent refuses it" "exit status $err: $(cat "$WORK/out")"
	fi
	is "$1: the one before stays" 1 "$(embargo status --json | tee "$WORK/status.json" >/dev/null; eventq pick "$WORK/status.json" revision name=e2e)"
}

write_policy "$POLICY" enforce 1 </dev/null
start_agent
expect_refused "before" "$DENIED"

# a copy of the shell that /etc/shells names: no list of the product knows it
mkdir -p "$WORK/etc-shells"
cp "$HELPERS/denied" "$WORK/etc-shells/strange-shell"
if [ "$GUEST" = 1 ]; then
	echo "$WORK/etc-shells/strange-shell" >>/etc/shells
else
	cat /etc/shells >"$WORK/shells" 2>/dev/null
	echo "$WORK/etc-shells/strange-shell" >>"$WORK/shells"
	[ -e /etc/shells ] && mount --bind "$WORK/shells" /etc/shells
fi
one "$WORK/shell.yaml" 2 paths "$WORK/etc-shells/**"
refused "a directory with a shell of this host" "$WORK/shell.yaml" strange-shell

busybox ip address add 198.51.100.77/32 dev lo
one "$WORK/own.yaml" 2 networks 198.51.100.0/24
refused "a network with an address of this host" "$WORK/own.yaml" 198.51.100.77
busybox ip address del 198.51.100.77/32 dev lo
busybox ip route add local 198.51.100.0/24 dev lo 2>/dev/null

one "$WORK/system.yaml" 2 paths '/usr/bin/**'
refused "a system directory" "$WORK/system.yaml" accept-risk

# The message of the refusal tells the id; with it the same policy is taken.
embargo policy check --host --catalog "$CATALOG" "$WORK/shell.yaml" >"$WORK/out" 2>&1
id=$(sed -n 's/.*\(mine\/-\/path\/[0-9a-f]\{8\}\).*/\1/p' "$WORK/out" | head -n 1)
one "$WORK/accepted.yaml" 2 paths "$WORK/etc-shells/**" "accept-risk: [$id]"
check "with the risk accepted it is taken" apply "$WORK/accepted.yaml"
expect_runs "and the program before is free" "$DENIED"

# What the rules hit here now, and what another policy would change about it.
write_policy "$WORK/audit.yaml" audit 3 </dev/null
write_policy "$WORK/enforce.yaml" enforce 4 </dev/null
embargo policy check --host --catalog "$CATALOG" "$WORK/enforce.yaml" >"$WORK/out" 2>&1
if grep -q "refused .*example/sensor" "$WORK/out"; then
	ok "check --host lists what would be refused"
else
	not_ok "check --host lists what would be refused" "$(cat "$WORK/out")"
fi
embargo policy diff --host --catalog "$CATALOG" "$WORK/audit.yaml" "$WORK/enforce.yaml" >"$WORK/out" 2>&1
if grep "audit *deny" "$WORK/out" | grep -q "exec "; then
	ok "diff --host lists what would change here"
else
	not_ok "diff --host lists what would change here" "$(cat "$WORK/out")"
fi
err=0
embargo policy diff --host --catalog "$CATALOG" "$WORK/audit.yaml" "$WORK/audit.yaml" >"$WORK/out" 2>&1 || err=$?
is "a policy and itself are the same here" 0 "$err"
done_testing

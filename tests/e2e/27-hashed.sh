# SPDX-License-Identifier: MIT
#
# Only files of an embargoed size are ever hashed, and each once until it changes: counted by the kernel, where it hashes.
. "$(dirname "$0")/lib.sh"

twin=$WORK/opt/other/twin

# counter NAME: of execs
counter() {
	embargo status --json 2>/dev/null | tr -d ' \n' |
		sed 's/.*"counters":{"exec":{\([^}]*\)}.*/\1/' | tr ',' '\n' | sed -n "s/\"$1\"://p"
}

# As long as the embargoed one, and another program to its last byte, which nothing reads.
{ head -c $(($(wc -c <"$DENIED") - 1)) "$DENIED"; printf x; } >"$twin"
chmod 755 "$twin"
write_policy "$POLICY" enforce 1 </dev/null
start_agent
check "the search is complete" searched
# a change within the last second is not settled, and then nothing is kept
sleep 2

before=$(counter hashed)
asked=$(counter unhashed)
for i in 1 2 3 4 5; do
	inside "$INNOCENT" "$MARKER"
	inside /bin/true
done
is "ordinary files are not hashed" "$before" "$(counter hashed)"
is "... and nobody is asked about them" "$asked" "$(counter unhashed)"

if [ "$EXEC_BACKEND" != lsm ] || ! embargo doctor --json 2>/dev/null | grep -q 'the kernel hashes'; then
	expect_runs "a file of an embargoed size with another content" "$twin"
	[ "$(counter unhashed)" -gt "$asked" ] && ok "... and the agent is asked once" ||
		not_ok "... and the agent is asked once" "unhashed: $asked, then $(counter unhashed)"
	is "... and the kernel hashed nothing" 0 "$(counter hashed)"
	done_testing
	exit 0
fi
expect_runs "a file of an embargoed size with another content" "$twin"
is "... is hashed" $((before + 1)) "$(counter hashed)"
expect_runs "... a second time" "$twin"
is "... and not hashed again" $((before + 1)) "$(counter hashed)"
printf y | dd of="$twin" bs=1 seek=$(($(wc -c <"$twin") - 1)) conv=notrunc 2>/dev/null
expect_runs "... after a change" "$twin"
is "... and hashed again" $((before + 2)) "$(counter hashed)"
is "nobody was asked" "$asked" "$(counter unhashed)"
done_testing

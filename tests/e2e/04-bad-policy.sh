# SPDX-License-Identifier: MIT
#
# A policy with ten mistakes is refused with ten messages that name line and column, and the old policy
# stays active.
. "$(dirname "$0")/lib.sh"

write_policy "$POLICY" enforce 7 </dev/null
bad=$WORK/bad.yaml
# Each line with a mistake says so.
cat >"$bad" <<END
kind: Policy
name: bad
revision: seven                         # MISTAKE: not a number
mode: audit
mode: enforce                           # MISTAKE: twice
min-confidence: sure                    # MISTAKE: no such word
modee: audit                            # MISTAKE: no such key
embargo:
  - vendor: exampel                     # MISTAKE: no such vendor
  - vendor: example
    products: [senzor]                  # MISTAKE: no such product
  - name: local-additions
    paths: [opt/relative]               # MISTAKE: not absolute
    networks:
      - 300.1.2.3/24                    # MISTAKE: not an address
      - 192.0.2.1/24                    # MISTAKE: host bits
      - {cidr: 192.0.2.0/24, ports: [70000]}   # MISTAKE: no such port
END
start_agent
expect_refused "before" "$DENIED"

err=0
embargo policy check --catalog "$WORK/catalog" "$bad" >"$WORK/messages" 2>&1 || err=$?
is "policy check finds it invalid" 1 "$err"
# Line numbers with a message that has a column, and those with a mistake.
found=$(sed -n 's/^[^ ]*bad\.yaml:\([0-9]*\):[0-9]*: error: ..*$/\1/p' "$WORK/messages" | sort -n | tr '\n' ' ')
wanted=$(grep -n MISTAKE "$bad" | cut -d: -f1 | sort -n | tr '\n' ' ')
is "ten mistakes, ten messages with line and column" "$wanted" "$found"
if grep -q 'exampel.*example' "$WORK/messages"; then
	ok "a near miss is told"
else
	not_ok "a near miss is told" "$(cat "$WORK/messages")"
fi

err=0
apply "$bad" >"$WORK/messages" 2>&1 || err=$?
is "policy apply refuses it" 1 "$err"
expect_refused "afterwards" "$DENIED"
cp "$bad" "$POLICY"
kill -HUP "$AGENT"
# One loop does both: when this is answered, the reload is over.
embargo status >/dev/null
expect_refused "after a reload that failed" "$WORK/opt/other/exact"
event_is "the old revision is still the one that decides" process.executable="$WORK/opt/other/exact" embargo.revision=7

stop_agent
start_agent
expect_refused "after a restart with the bad file in place" "$WORK/opt/other/sens-or-ctl"
event_is "... by the last good policy" process.executable="$WORK/opt/other/sens-or-ctl" embargo.revision=7
done_testing

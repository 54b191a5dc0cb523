# SPDX-License-Identifier: MIT
#
# The real open-vm-tools package of the distribution, unpacked, and the catalogue that ships: a policy that
# names the product refuses its daemon, records it in audit mode, and lets it run when an allow names it.
. "$(dirname "$0")/lib.sh"

program=/usr/bin/vmtoolsd
CATALOG=$here/../../policy/catalog

policy() {
	cat <<-END
	kind: Policy
	name: real
	revision: $2
	mode: $1
	embargo:
	  - vendor: broadcom-vmware
	    products: [open-vm-tools]
	END
}

# Its exit status. It is not in a VMware machine and says so by a status of its own.
status_of() {
	err=0
	inside sh -c 'exec "$@"' sh "$program" </dev/null >"$WORK/out" 2>&1 || err=$?
	echo "$err"
}

if [ "$GUEST" = 0 ]; then
	skip "the real package" "it is unpacked over / only in a virtual machine"
	done_testing
	exit 0
fi
own=$(status_of)
case $own in
126 | 127 | 137)
	not_ok "the real $program runs before there is an agent" "status $own: $(cat "$WORK/out")"
	done_testing
	exit 0
	;;
esac
ok "the real $program runs before there is an agent, with status $own"

policy enforce 1 >"$POLICY"
start_agent
is "enforce: refused" "$REFUSED" "$(status_of)"
event_is "... and recorded" event.action=exec event.outcome=failure process.executable=$program \
	embargo.vendor=broadcom-vmware embargo.product=open-vm-tools embargo.mode=enforce embargo.revision=1

policy audit 2 >"$WORK/audit.yaml"
check "audit: applied" apply "$WORK/audit.yaml"
is "audit: runs" "$own" "$(status_of)"
event_is "... and is recorded" event.outcome=success process.executable=$program embargo.product=open-vm-tools \
	embargo.mode=audit embargo.would_deny=true embargo.revision=2

{
	policy enforce 3
	printf '%s\n' 'allow:' "  - path: $program" '    reason: needed by the hypervisor until the move'
	# Where code load is prevented a program is nothing without its libraries, and the catalogue names them, too.
	printf '%s\n' '  - path: "/usr/lib/*/libvmtools.so*"' '    reason: its library'
} >"$WORK/allow.yaml"
check "allow: applied" apply "$WORK/allow.yaml"
is "allow: runs" "$own" "$(status_of)"
event_is "... and is recorded as let through" event.outcome=success process.executable=$program \
	embargo.let_through=allowed embargo.would_deny=false embargo.revision=3
done_testing

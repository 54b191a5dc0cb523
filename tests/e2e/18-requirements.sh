# SPDX-License-Identifier: MIT
#
# A policy that requires a replacement refuses nothing until the replacement is there, says what is missing, and
# refuses from then on; what goes away again holds it back again. Nothing of it needs a new policy.
. "$(dirname "$0")/lib.sh"

# The host's package database, for this test: natively in a mount namespace of its own.
package_database() {
	mkdir -p "$WORK/dpkg/info" /var/lib/dpkg 2>/dev/null
	printf 'Package: base-files\nStatus: install ok installed\nArchitecture: all\nVersion: 1\nMaintainer: Nobody <nobody@example.com>\nDescription: test\n\n' >"$WORK/dpkg/status"
	if [ "$GUEST" = 1 ]; then
		mkdir -p /var/lib/dpkg && cp -r "$WORK/dpkg/." /var/lib/dpkg/
		DPKG=/var/lib/dpkg
	else
		mount --bind "$WORK/dpkg" /var/lib/dpkg
		DPKG=$WORK/dpkg
	fi
}

# set_package STATE: "install ok installed", or gone but for its configuration
set_package() {
	printf 'Package: replacement-agent\nStatus: %s\nArchitecture: all\nVersion: 7\nMaintainer: Example <a@example.com>\nDescription: test\n\n' "$1" >"$WORK/entry"
	sed '/^Package: replacement-agent/,$d' "$DPKG/status" >"$WORK/status.new"
	cat "$WORK/entry" >>"$WORK/status.new"
	cat "$WORK/status.new" >"$DPKG/status"
}

UNIT=$CG_OUTSIDE/replacement.service
UNIT_PID=

start_unit() {
	mkdir -p "$UNIT"
	{
		echo 0 >"$UNIT/cgroup.procs"
		exec sleep 600
	} &
	UNIT_PID=$!
	tries=0
	until grep -q . "$UNIT/cgroup.procs" || [ "$tries" -gt 50 ]; do
		sleep 0.1
		tries=$((tries + 1))
	done
}

stop_unit() {
	kill -9 "$UNIT_PID"
	wait "$UNIT_PID" 2>/dev/null
	rmdir "$UNIT"
}

# The agent looks every half a minute; a reload makes it look now.
reload() {
	kill -HUP "$AGENT"
	sleep 1
	[ "$GUEST" = 0 ] || sleep 4
}

package_database
write_policy "$POLICY" enforce 1 <<-END
requires: {package: replacement-agent, unit: replacement.service}
END
start_agent
expect_runs "nothing of it is there" "$DENIED"
expect_dial "nothing of it is there" ECONNREFUSED tcp 192.0.2.66 443
event_is "recorded with the reason" process.executable="$DENIED" event.outcome=success embargo.mode=audit \
	embargo.held_by=requirement embargo.would_deny=true
embargo status >"$WORK/status.txt"
for words in 'replacement-agent .*no .*is not installed' 'replacement.service .*no .*does not run' 'by requirement'; do
	if grep -q "$words" "$WORK/status.txt"; then
		ok "status says: $words"
	else
		not_ok "status says: $words" "$(cat "$WORK/status.txt")"
	fi
done

set_package "install ok installed"
reload
expect_runs "the package alone is not enough" "$DENIED"
start_unit
reload
expect_refused "both are there" "$DENIED"
expect_dial "both are there" EPERM tcp 192.0.2.66 443

kill_agent
expect_refused "with the agent dead" "$DENIED"
start_agent
expect_refused "after a restart of the agent" "$DENIED"

stop_unit
if [ "$GUEST" = 0 ]; then
	tries=0
	while [ "$tries" -lt 60 ] && ! grep -q 'unit "replacement.service": does not run' "$WORK/agent.log.new"; do
		sleep 1
		tries=$((tries + 1))
		tail -n 5 "$WORK/agent.log" >"$WORK/agent.log.new"
	done 2>/dev/null
	expect_runs "the unit ended, without a reload" "$DENIED"
else
	reload
	expect_runs "the unit ended" "$DENIED"
fi
set_package "deinstall ok config-files"
start_unit
reload
expect_runs "the package is gone, its configuration is not enough" "$DENIED"
set_package "install ok installed"

# A policy that requires nothing takes over without a gap, and one that requires what is there.
write_policy "$WORK/plain.yaml" enforce 2 </dev/null
check "a policy without requirements" apply "$WORK/plain.yaml"
expect_refused "a policy without requirements" "$DENIED"
write_policy "$WORK/prevent.yaml" enforce 3 <<-END
requires: {package: replacement-agent, exec: prevent}
END
check "a policy that requires a backend that prevents" apply "$WORK/prevent.yaml"
if [ "$EXEC_BACKEND" = lsm ]; then
	expect_refused "exec: prevent, met by lsm" "$DENIED"
elif [ "$EXEC_BACKEND" = kill ]; then
	expect_runs "exec: prevent, not met by kill" "$DENIED"
	embargo status >"$WORK/status.txt"
	if grep -q "ends a program" "$WORK/status.txt"; then
		ok "status says why"
	else
		not_ok "status says why" "$(cat "$WORK/status.txt")"
	fi
else
	skip "exec: prevent" "by $EXEC_BACKEND it depends on the kernel's preemption"
fi
kill -9 "$UNIT_PID" 2>/dev/null
done_testing

# SPDX-License-Identifier: MIT
#
# The same with rpm: a package that is built here, by the vendor that its header names. The database is one of the
# test's own. Reading it must not look like a change of it.
. "$(dirname "$0")/lib.sh"

top=/opt/embargo-e2e-rpm
program=$top/prog
[ -x "$(command -v rpmbuild)" ] || {
	skip "rpm" "there is no rpmbuild here"
	done_testing
	exit 0
}
mkdir -p "$WORK/rpm" /var/lib/rpm
mount --bind "$WORK/rpm" /var/lib/rpm || {
	skip "rpm" "the database cannot be covered here"
	done_testing
	exit 0
}

make_package() {
	cat >"$WORK/package.spec" <<-END
	Name: embargo-e2e
	Version: 1
	Release: 1
	Summary: for a test
	License: MIT
	Vendor: Example Vendor, Inc.
	BuildArch: noarch
	%description
	For a test.
	%install
	mkdir -p %{buildroot}$top
	cp $HELPERS/denied %{buildroot}$program
	echo rpm >>%{buildroot}$program
	chmod 755 %{buildroot}$program
	%files
	$top
	END
	rpmbuild -bb --define "_topdir $WORK/build" --define "__strip /bin/true" \
		--define "_binaries_in_noarch_packages_terminate_build 0" "$WORK/package.spec" >"$WORK/rpmbuild.log" 2>&1 &&
		find "$WORK/build" -name '*.noarch.rpm'
}

on_database() {
	inside rpm --dbpath /var/lib/rpm "$@"
}

status_of() {
	err=0
	inside "$@" 2>/dev/null || err=$?
	echo "$err"
}

# Processor time of the agent and of its children that ended, in ticks.
ticks() {
	awk '{ print $14 + $15 + $16 + $17 }' "/proc/$AGENT/stat"
}

package=$(make_package)
[ -n "$package" ] || not_ok "the package is built" "$(tail -n 5 "$WORK/rpmbuild.log")"
on_database --initdb
write_policy "$POLICY" enforce 1 <<-END
  - name: by-vendor
    package-vendors: ["Example Vendor, Inc."]
END
start_agent
sleep 1
check "rpm installs it" on_database -i --nodeps --nosignature "$package"
tries=0
while got=$(status_of "$program" "$MARKER") && [ "$got" != "$REFUSED" ] && [ "$tries" -lt $((10 * SLOW)) ]; do
	tries=$((tries + 1))
	sleep 0.1
done
is "refused by vendor" "$REFUSED" "$got"
event_is "... and recorded" file.path="$program" embargo.matcher=package-vendor embargo.recognised=identity \
	event.outcome=failure
check "rpm removes it" on_database -e embargo-e2e
sleep 2
before=$(ticks)
sleep 3
after=$(ticks)
if [ $((after - before)) -le $((5 * SLOW)) ]; then
	ok "the agent is quiet when nothing changes"
else
	not_ok "the agent is quiet when nothing changes" "$((after - before)) ticks in 3 seconds: $(tail -n 5 "$WORK/agent.log")"
fi
umount -l /var/lib/rpm
rm -rf "$top"
done_testing

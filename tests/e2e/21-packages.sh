# SPDX-License-Identifier: MIT
#
# Packages are followed as they come and go, by name and by who made them: a package's program is refused while its own
# scripts run and within a second after, and a copy of it still is when the package is gone. dpkg works on a copy of
# the host's database.
. "$(dirname "$0")/lib.sh"

[ -x "$(command -v dpkg-deb)" ] && [ -f /var/lib/dpkg/status ] || {
	skip "packages" "there is no dpkg here"
	done_testing
	exit 0
}
top=/opt/embargo-e2e-package
program=$top/prog
PATH=$PATH:/usr/sbin:/sbin
export PATH

# Its program, refused or not, into a file: what the package's own scripts meet.
make_package() {
	tree=$WORK/package
	mkdir -p "$tree/DEBIAN" "$tree$top"
	{ cat "$HELPERS/denied"; echo "version $1"; } >"$tree$program"
	chmod 755 "$tree$program"
	printf '%s\n' 'Package: embargo-e2e' "Version: $1" 'Architecture: all' 'Maintainer: E2E Vendor <x@example.com>' \
		'Description: for a test' >"$tree/DEBIAN/control"
	cat >"$tree/DEBIAN/postinst" <<-END
	#!/bin/sh
	sleep $2
	$program $WORK/marker.postinst
	echo \$? >$WORK/postinst
	exit 0
	END
	chmod 755 "$tree/DEBIAN/postinst"
	dpkg-deb -b "$tree" "$WORK/$1.deb" >/dev/null
}

status_of() {
	err=0
	inside "$@" 2>/dev/null || err=$?
	echo "$err"
}

# within_a_second TEXT STATUS PROGRAM
within_a_second() {
	tries=0
	while got=$(status_of "$3" "$MARKER") && [ "$got" != "$2" ] && [ "$tries" -lt $((10 * SLOW)) ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	is "$1" "$2" "$got"
}

cp -a /var/lib/dpkg "$WORK/dpkg"
mount --bind "$WORK/dpkg" /var/lib/dpkg || {
	skip "packages" "the database cannot be covered by a copy here"
	done_testing
	exit 0
}
make_package 1 1
make_package 2 0
write_policy "$POLICY" enforce 1 <<-END
  - name: by-vendor
    package-vendors: ["E2E Vendor*"]
END
start_agent
sleep 1
check "dpkg installs it" inside dpkg -i "$WORK/1.deb"
is "its own script meets the refusal" "$REFUSED" "$(cat "$WORK/postinst")"
within_a_second "refused by vendor" "$REFUSED" "$program"
event_is "... and recorded" file.path="$program" embargo.matcher=package-vendor embargo.recognised=identity \
	event.outcome=failure
cp "$program" "$WORK/kept"
check "dpkg upgrades it" inside dpkg -i "$WORK/2.deb"
within_a_second "the next version is refused" "$REFUSED" "$program"
check "a pause of the line is the way out" embargo pause --vendor by-vendor --for 5m --reason "run their uninstaller"
is "paused: runs" 0 "$(status_of "$program" "$MARKER")"
check "resume" embargo resume --vendor by-vendor
check "dpkg removes it" inside dpkg -r embargo-e2e
[ "$EXEC_BACKEND" = lsm ] || [ "$(status_of "$WORK/kept" "$MARKER")" = "$REFUSED" ] || sleep 0.5
is "a copy of what was installed is still refused" "$REFUSED" "$(status_of "$WORK/kept" "$MARKER")"
umount -l /var/lib/dpkg
rm -rf "$top"
done_testing

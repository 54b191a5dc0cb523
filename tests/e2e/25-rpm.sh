# SPDX-License-Identifier: MIT
#
# Packages of rpm, installed while the agent runs: refused by their Vendor and by their Packager within a second, what
# their scripts meet, the way out, and the same with another format of rpm's database.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-packages.sh"

SPROCKET=/opt/embargo-sprocket/bin/sprocket
COG=/opt/embargo-cog/bin/cog

if ! command -v /usr/bin/rpm >/dev/null || ! packages_place || [ ! -f "$PACKAGES/embargo-cog_1.0.rpm" ]; then
	skip "packages of rpm" "there is no rpm, or no package could be made; in a guest, tests/vm/matrix brings them into some configurations only"
	done_testing
	exit 0
fi
# As it is on a host that is managed by rpm.
check "a database of rpm" run_rpm --initdb
packages_catalog
write_policy "$POLICY" enforce 1 </dev/null
start_agent
learned_is "the first search is through" search complete
known=$(learned files)

watch_installed "$SPROCKET"
installs "installed" run_rpm --nodeps -i "$PACKAGES/embargo-sprocket_1.0.rpm"
soon_refused "a package by its Vendor" "$SPROCKET"
told_installed
expect_refused "by its Vendor" "$SPROCKET"
event_is "... recorded so" event.action=exec process.executable="$SPROCKET" event.outcome=failure embargo.matcher=package-vendor \
	embargo.product=gadget embargo.recognised=identity embargo.mode=enforce
installs "another one is installed" run_rpm --nodeps -i "$PACKAGES/embargo-cog_1.0.rpm"
soon_refused "a package by its Packager" "$COG"
event_is "... recorded so" process.executable="$COG" event.outcome=failure embargo.matcher=package-vendor embargo.product=cog

installs "it can be upgraded: its script runs nothing of its own then" run_rpm --nodeps -U "$PACKAGES/embargo-sprocket_2.0.rpm"
soon_refused "the new version" "$SPROCKET"
expect_refused "the new version" "$SPROCKET"

fails "it cannot be removed, because its %preun runs its own program" 'scriptlet failed' run_rpm --nodeps -e embargo-sprocket
is "... and is still there" yes "$([ -e "$SPROCKET" ] && echo yes || echo no)"
pause_vendor
installs "paused: removed" run_rpm --nodeps -e embargo-sprocket embargo-cog
resume_vendor
is "... with its files" no "$([ -e "$SPROCKET" ] && echo yes || echo no)"
learned_is "... which are forgotten" files "$known"

# ---------------------------------------------------------------- another format of the database

rm -f /var/lib/rpm/*
if run_rpm --define '_db_backend ndb' --initdb && [ -e /var/lib/rpm/Packages.db ]; then
	installs "installed into a database of the format ndb" run_rpm --define '_db_backend ndb' --nodeps -i "$PACKAGES/embargo-cog_1.0.rpm"
	soon_refused "a package in the other format" "$COG"
	expect_refused "in the other format" "$COG"
else
	skip "a database of the format ndb" "this rpm cannot make one"
fi
done_testing

# SPDX-License-Identifier: MIT
#
# A denied package and dpkg, while the agent runs and the policy names the package only, or who made it: refused within
# a second after it came, what its scripts meet when it is installed, upgraded and removed, the way out, and
# that nothing is left of it when it is gone.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-packages.sh"

WIDGET=/opt/embargo-widget/bin/widgetd
GADGET=/opt/embargo-gadget/bin/gadget

if ! command -v /usr/bin/dpkg-deb >/dev/null || ! packages_place || [ ! -f "$PACKAGES/embargo-widget_1.0.deb" ]; then
	skip "packages of dpkg" "there is no dpkg, or no package could be made; in a guest, tests/vm/matrix brings them into some configurations only"
	done_testing
	exit 0
fi
packages_catalog
write_policy "$POLICY" enforce 1 </dev/null
start_agent
learned_is "the first search is through" search complete

# ---------------------------------------------------------------- installed while the agent runs

watch_installed "$WIDGET"
installs "unpacked" run_dpkg --unpack "$PACKAGES/embargo-widget_1.0.deb"
soon_refused "a new package" "$WIDGET"
told_installed
expect_refused "its daemon" "$WIDGET"
event_is "... by its package and the file itself" event.action=exec process.executable="$WIDGET" event.outcome=failure \
	embargo.matcher=package embargo.product=widget embargo.recognised=identity embargo.mode=enforce
learned_is "its contents are known" search complete
cp "$WIDGET" "$WORK/copy"
if kernel_hashes; then
	expect_refused "a copy, at first sight" "$WORK/copy"
else
	soon_refused "a copy, once the agent has read it" "$WORK/copy"
	expect_refused "a copy, from then on" "$WORK/copy"
fi
event_is "... by its content" process.executable="$WORK/copy" embargo.matcher=package embargo.product=widget embargo.recognised=content

# ---------------------------------------------------------------- what its scripts meet

fails "its postinst cannot start the daemon" "post-installation script subprocess returned error exit status $REFUSED" \
	run_dpkg --configure embargo-widget
pause_vendor
installs "paused: configured" run_dpkg --configure embargo-widget
is "... and its daemon was started" 1 "$(MARKER=/opt/widget-started ran)"
resume_vendor
expect_refused "resumed" "$WIDGET"

fails "it cannot be upgraded, because its prerm runs its own program" "returned error exit status $REFUSED" \
	run_dpkg -i "$PACKAGES/embargo-widget_2.0.deb"
is "... and the old version is still there" "1.0" "$(/usr/bin/dpkg-query -W -f '${Version}' embargo-widget)"
pause_vendor
installs "paused: upgraded" run_dpkg -i "$PACKAGES/embargo-widget_2.0.deb"
resume_vendor
soon_refused "the new version" "$WIDGET"
expect_refused "the new version" "$WIDGET"

fails "it cannot be removed either" "pre-removal script subprocess returned error exit status $REFUSED" run_dpkg -r embargo-widget
inode=$(stat -c %i "$WIDGET")
known=$(learned files)
pause_vendor
installs "paused: removed" run_dpkg -r embargo-widget
resume_vendor
is "... with all its files" no "$([ -e /opt/embargo-widget ] && echo yes || echo no)"

# ---------------------------------------------------------------- gone

learned_is "the files of the package are forgotten" files $((known - 2))
found=
if [ "$GUEST" = 1 ]; then
	mkdir -p /opt/embargo-widget/bin
	for i in $(seq 1 40); do
		{ cat "$HELPERS/denied"; printf '%-40s\n' "fresh $i"; } >"/opt/embargo-widget/bin/fresh$i"
		chmod 755 "/opt/embargo-widget/bin/fresh$i"
		[ "$(stat -c %i "/opt/embargo-widget/bin/fresh$i")" != "$inode" ] || found=/opt/embargo-widget/bin/fresh$i
	done
	is "a fresh file has the number of the one that is gone" yes "${found:+yes}"
	[ -z "$found" ] || expect_runs "... and" "$found"
	rm -rf /opt/embargo-widget
else
	skip "a fresh file with the number of the one that is gone" "tmpfs does not use numbers again, and natively no disk is mounted"
fi

# ---------------------------------------------------------------- by who made it; without scripts

installs "another package is installed" run_dpkg -i "$PACKAGES/embargo-gadget_1.0.deb"
soon_refused "a package by its Maintainer" "$GADGET"
expect_refused "by its Maintainer" "$GADGET"
event_is "... recorded so" process.executable="$GADGET" event.outcome=failure embargo.matcher=package-vendor \
	embargo.product=gadget embargo.recognised=identity
installs "without scripts it can be removed without a pause" run_dpkg -P embargo-gadget

# What a new package's postinst meets depends on who is quicker: content that is known is refused at once.
run_dpkg -i "$PACKAGES/embargo-widget_2.0.deb"
echo "# installed again in one go: dpkg's exit status $?, its daemon started $(MARKER=/opt/widget-started ran) times in all"
done_testing

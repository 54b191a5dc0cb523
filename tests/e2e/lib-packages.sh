# SPDX-License-Identifier: MIT
#
# lib-packages.sh - what the tests of package managers (23 to 25) share, sourced after lib.sh: a place to install into,
# and how long it takes until what was installed is refused.

# Natively everything that a package manager writes is the test's own: in its mount namespace, gone with this test.
# In a guest /opt is ext4, where the number of a removed file is used again.
packages_place() {
	PACKAGES=/embargo/packages
	mkdir -p /var/lib/dpkg /var/lib/rpm /opt
	trap packages_leave EXIT
	if [ "$GUEST" = 1 ]; then
		# The shell of busybox takes its own dpkg and rpm before those in PATH, also in the packages' scripts.
		ln -sf /embargo/dash /bin/sh
		grep -q ' /opt ' /proc/mounts || mount "$(findfs LABEL=packages)" /opt || return
	else
		PACKAGES=$WORK/packages
		"$here/make-packages" "$BUILD" "$WORK" || return
		mount -t tmpfs tmpfs /opt
		mount -t tmpfs tmpfs /var/lib/rpm
		mount -t tmpfs tmpfs /var/lib/dpkg || return
	fi
	mkdir -p /var/lib/dpkg/info /var/lib/dpkg/updates /var/lib/dpkg/triggers
	touch /var/lib/dpkg/status /var/lib/dpkg/available
}

packages_leave() {
	[ "$GUEST" = 0 ] || ln -sf /bin/busybox /bin/sh
	umount /opt /var/lib/rpm /var/lib/dpkg 2>/dev/null
}

# packages_catalog: a vendor that is known by its packages only, no path anywhere
packages_catalog() {
	mkdir -p "$WORK/by-package"
	CATALOG=$WORK/by-package
	printf '%s\n' 'kind: Vendor' 'id: example' 'name: Example' 'products:' >"$CATALOG/example.yaml"
	while read -r id matcher value; do
		cat <<-END
		  - id: $id
		    name: Example $id
		    class: commercial
		    confidence: documented
		    sources: ["https://docs.example.com/$id"]
		    $matcher: [$value]
		END
	done >>"$CATALOG/example.yaml" <<-'END'
	widget packages embargo-widget
	tools packages open-vm-tools
	gadget package-vendors "Example Vendor, Inc.", "Example Vendor, Inc. <*"
	cog package-vendors "Example Packager <*"
	END
}

# Whole names, for busybox has applets of these names. As root does it, and its programs are decided on; its output in $WORK/out, its exit status is its own.
run_dpkg() {
	inside /usr/bin/dpkg --log="$WORK/dpkg.log" --force-depends,unsafe-io "$@" >"$WORK/out" 2>&1
}

run_rpm() {
	inside /usr/bin/rpm --dbpath /var/lib/rpm --nosignature "$@" >"$WORK/out" 2>&1
}

# installs TEXT COMMAND...; fails TEXT MESSAGE COMMAND...: what it says is shown, for it is what a person meets
installs() {
	text=$1
	shift
	if "$@"; then ok "$text"; else not_ok "$text" "$*: $(cat "$WORK/out")"; fi
}

fails() {
	text=$1 message=$2
	shift 2
	if "$@"; then
		not_ok "$text" "it did not fail: $(cat "$WORK/out")"
	elif grep -q "$message" "$WORK/out"; then
		ok "$text"
		sed 's/^/#   says: /' "$WORK/out"
	else
		not_ok "$text" "without '$message': $(cat "$WORK/out")"
	fi
}

pause_vendor() {
	check "the way out: a pause for the vendor" embargo pause --vendor example --for 10m --reason "taking it away"
}

resume_vendor() {
	check "the pause is ended" embargo resume --vendor example
}

# Milliseconds since the machine started, in steps of ten.
now_ms() {
	read -r up _ </proc/uptime
	echo "${up%.*}${up#*.}0"
}

# Its exit status; 126 refused, 137 ended.
status_of() {
	err=0
	inside "$@" </dev/null >"$WORK/out" 2>&1 || err=$?
	echo "$err"
}

# soon_refused TEXT PROGRAM: within a second from now; the time is told
soon_refused() {
	began=$(now_ms) took=0
	until [ "$(status_of "$2" "$WORK/tried")" = "$REFUSED" ] || [ "$took" -gt $((5000 * SLOW)) ]; do
		sleep 0.02
		took=$(($(now_ms) - began))
	done
	echo "# $1: refused $took ms after the package manager had ended"
	if [ "$took" -le $((1000 * SLOW)) ]; then
		ok "$1: refused within a second ($((1000 * SLOW)) ms here)"
	else
		not_ok "$1: refused within a second" "after $took ms"
	fi
}

# watch_installed PROGRAM: beside a package manager: from when its file is there, how long until it is refused.
# told_installed tells it; the package manager writes its database after the file, and how long that takes is its own.
watch_installed() {
	(
		tries=0
		until [ -e "$1" ] || [ "$tries" -gt 1000 ]; do
			sleep 0.02
			tries=$((tries + 1))
		done
		began=$(now_ms) took=0
		until err=0 && { inside "$1" "$WORK/tried" </dev/null >/dev/null 2>&1 || err=$?; [ "$err" = "$REFUSED" ]; } ||
			[ "$took" -gt $((5000 * SLOW)) ]; do
			sleep 0.02
			took=$(($(now_ms) - began))
		done
		echo "# $1 was refused $(($(now_ms) - began)) ms after its file was there"
	) >"$WORK/watched" 2>/dev/null &
	WATCHER=$!
}

told_installed() {
	wait "$WATCHER"
	cat "$WORK/watched"
}

# A number of "learned" in the status.
learned() {
	embargo status --json >"$WORK/status.json" 2>/dev/null
	eventq pick "$WORK/status.json" "$1" search!= contents!= | head -n 1
}

# learned_is TEXT KEY VALUE: it comes to that
learned_is() {
	tries=0
	until [ "$(learned "$2")" = "$3" ] || [ "$tries" -ge $((50 * SLOW)) ]; do
		sleep 0.1
		tries=$((tries + 1))
	done
	is "$1" "$3" "$(learned "$2")"
}

# Can the kernel hash here, or does the agent have to?
kernel_hashes() {
	embargo doctor --json >"$WORK/doctor.json" 2>/dev/null
	case $(eventq pick "$WORK/doctor.json" achieves matcher=digest attempt=exec) in
	ends*) return 1 ;;
	esac
}

load_backend() {
	embargo status --json >"$WORK/status.json" 2>/dev/null
	eventq pick "$WORK/status.json" backend hook=load | head -n 1
}

# SPDX-License-Identifier: MIT
#
# embargo scan, without an agent: a program that runs, a library that is mapped, a connection, a line of cron, a unit,
# a module file, as root and as nobody; and below another root: real systems of the distribution, one with the real
# open-vm-tools and a clean one.
. "$(dirname "$0")/lib.sh"

real_catalog=$here/../../policy/catalog
json=$WORK/scan.json

# scan STATUS TEXT [OPTION...]: its exit status; the document is in $json
scan() {
	status=$1 text=$2
	shift 2
	err=0
	embargo scan --json "$@" >"$json" 2>"$WORK/scan.err" || err=$?
	is "$text: exit status $status" "$status" "$err"
	[ ! -s "$WORK/scan.err" ] || not_ok "$text: nothing on standard error" "$(cat "$WORK/scan.err")"
}

# has TEXT KEY=VALUE...: a finding with these members
has() {
	text=$1
	shift
	if [ -n "$(eventq pick "$json" rule "$@" 2>/dev/null)" ]; then
		ok "$text"
	else
		not_ok "$text" "none with $*: $(head -c 2000 "$json")"
	fi
}

lacks() {
	text=$1
	shift
	is "$text" "" "$(eventq pick "$json" rule "$@" 2>/dev/null)"
}

valid() {
	if ! command -v python3 >/dev/null || ! python3 -c 'import jsonschema' 2>/dev/null; then
		skip "$1: is what the schema says" "python3-jsonschema is not here"
	else
		check "$1: is what the schema says" "$here/../golden/check_events.py" "$here/../../agent/scan.schema.json" "$json"
	fi
}

# ---------------------------------------------------------------- this host

cat >>"$WORK/catalog/example.yaml" <<-END
	    units: [embargo-e2e.service]
	    modules: [embargo_e2e]
END
scan 1 "files of the world" --catalog "$CATALOG" --vendor example --quick
has "a file by a subtree" source=files matcher=path value="$WORK/opt/sensor/**"
has "a file by its name" source=files value="$WORK/opt/other/exact"
has "a file at any depth" source=files value="$WORK/opt/tools/**/legacy-scanner"
lacks "nothing runs" source=processes
lacks "nothing is connected" source=connections
valid "files of the world"

# a harmless program at the product's path
for busybox in /bin/busybox /usr/bin/busybox; do
	[ ! -f "$busybox" ] || cp "$busybox" "$WORK/opt/sensor/bin/sleep"
done
"$WORK/opt/sensor/bin/sleep" 100 &
program=$!
# ... and one of this host that has a file of the product mapped
library=$WORK/opt/sensor/lib/libsensor.so
mkdir -p "$WORK/opt/sensor/lib"
loader=$(ls /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1 2>/dev/null | head -n 1)
mapper=
if [ -n "$loader" ] && [ "$GUEST" = 0 ]; then
	cp "$(ldd /bin/sleep | sed -n 's/.*libc.so.6 => \([^ ]*\) .*/\1/p')" "$library"
	LD_PRELOAD=$library /bin/sleep 100 &
	mapper=$!
fi
# a connection to an address of the product, which is this machine's for as long as the test runs
mkfifo "$WORK/hold"
exec 9<>"$WORK/hold"
busybox nc -l -p 4443 <"$WORK/hold" >/dev/null 2>&1 &
listener=$!
tries=0
until grep -q ':115B 0*:0000 0A' /proc/net/tcp /proc/net/tcp6 || [ "$tries" -ge $((50 * SLOW)) ]; do
	tries=$((tries + 1))
	sleep 0.1
done
busybox nc 192.0.2.66 4443 <"$WORK/hold" >/dev/null 2>&1 &
connected=$!
mkdir -p "$WORK/cron.d"
echo "@daily root $WORK/opt/sensor/bin/agent --quiet" >"$WORK/cron.d/sensor"
[ -d /etc/cron.d ] || mkdir -p /etc/cron.d 2>/dev/null
if [ -d /etc/cron.d ]; then
	# natively only in the test's own mount namespace
	mount --bind "$WORK/cron.d" /etc/cron.d 2>/dev/null || cp "$WORK/cron.d/sensor" /etc/cron.d/
fi
tries=0
until grep -q ':115B 01 ' /proc/net/tcp || [ "$tries" -ge $((50 * SLOW)) ]; do
	tries=$((tries + 1))
	sleep 0.1
done

scan 1 "this host" --catalog "$CATALOG" --vendor example --quick
has "the program that runs" source=processes value="$WORK/opt/sensor/**"
is "... by its path" "$WORK/opt/sensor/bin/sleep" "$(eventq pick "$json" what live=true path= | grep -x "$WORK/opt/sensor/bin/sleep" | head -n 1)"
if [ -n "$mapper" ]; then
	is "the library that is mapped" "$library" "$(eventq pick "$json" what live=true | grep -x "$library" | head -n 1)"
else
	skip "the library that is mapped" "there is no dynamic program here"
fi
has "the connection" source=connections matcher=network value=192.0.2.66/32
is "... by its address" 192.0.2.66:4443 "$(eventq pick "$json" what live=true | grep -x 192.0.2.66:4443 | head -n 1)"
has "the line of cron" source=autostart value="$WORK/opt/sensor/**"
valid "this host"

# as nobody: it works, and says what it could not see
chmod 755 "$WORK"
chmod -R a+rX "$WORK/catalog" "$WORK/opt"
cp "$EMBARGO" "$WORK/embargo" && chmod 755 "$WORK/embargo"
if command -v setpriv >/dev/null && [ "$GUEST" = 0 ]; then
	err=0
	setpriv --reuid 65534 --regid 65534 --clear-groups timeout 60 "$WORK/embargo" scan --json --catalog "$CATALOG" \
		--vendor example --quick >"$json" 2>"$WORK/scan.err" || err=$?
	is "as nobody: findings" 1 "$err"
	has "as nobody: a file" source=files value="$WORK/opt/sensor/**"
	is "as nobody: not complete" false "$(eventq pick "$json" complete kind=Scan)"
	valid "as nobody"
	mkdir -p "$WORK/empty" "$WORK/secret/inside" "$WORK/found-only"
	printf '%s\n' 'kind: Vendor' 'id: found' 'name: Found' 'products:' '  - {id: p, name: P, paths: [/nonexistent/x]}' >"$WORK/found-only/found.yaml"
	chmod -R a+rX "$WORK/found-only"
	chmod 700 "$WORK/secret"
	for case in "3 $WORK" "0 $WORK/empty"; do
		err=0
		setpriv --reuid 65534 --regid 65534 --clear-groups timeout 60 "$WORK/embargo" scan --catalog "$WORK/found-only" \
			--root "${case#* }" >"$WORK/out" 2>&1 || err=$?
		is "nothing found below a root, as nobody: exit status ${case%% *}" "${case%% *}" "$err"
		check "... and said" grep -q "^Nothing found" "$WORK/out"
		is "... not complete, said" "$([ "$err" = 0 ] && echo 0 || echo 1)" "$(grep -c '^Not complete' "$WORK/out")"
	done
else
	skip "as nobody" "setpriv is not here"
fi
for pid in $program $mapper $listener $connected; do
	kill "$pid" 2>/dev/null
done

# ---------------------------------------------------------------- another root

roots=${E2E_ROOTS:-}
if [ "$GUEST" = 1 ] || [ ! -r "$roots" ]; then
	skip "real systems of the distribution" "$([ "$GUEST" = 1 ] && echo 'only natively' || echo 'they could not be made: tests/e2e/roots says why')"
	done_testing
	exit 0
fi
clean=$(sed -n 's/^clean //p' "$roots")
tools=$(sed -n 's/^open-vm-tools //p' "$roots")

scan 0 "a clean system" --catalog "$real_catalog" --root "$clean"
is "a clean system: everything was looked at" true "$(eventq pick "$json" complete kind=Scan)"
valid "a clean system"
scan 1 "a system with the real open-vm-tools" --catalog "$real_catalog" --root "$tools"
has "its package" source=packages product=open-vm-tools vendor=broadcom-vmware class=open-source value=open-vm-tools
has "its program" source=files product=open-vm-tools value=/usr/bin/vmtoolsd
has "its unit" source=units product=open-vm-tools value=vmtoolsd.service
has "its init script's line" source=autostart product=open-vm-tools value=/usr/bin/vmtoolsd
is "nothing of another product" open-vm-tools "$(eventq pick "$json" product source=files | sort -u)"
valid "a system with the real open-vm-tools"
embargo scan --catalog "$real_catalog" --root "$tools" >"$WORK/full" 2>/dev/null
embargo scan --catalog "$real_catalog" --root "$tools" --quick >"$WORK/quick" 2>/dev/null
is "a quick scan finds the same" "$(grep -v 'looked at in' "$WORK/full")" "$(grep -v 'looked at in' "$WORK/quick")"
check "it is told that this is no embargoed product by itself" grep -q "open-source: not part of a policy unless named" "$WORK/full"

# a policy that names the vendor only does not reach it; one that names the product does
printf '%s\n' 'kind: Policy' 'name: vendor' 'revision: 1' 'mode: audit' 'embargo:' '  - vendor: broadcom-vmware' >"$WORK/vendor.yaml"
scan 0 "a policy for the vendor" --catalog "$real_catalog" --policy "$WORK/vendor.yaml" --root "$tools" --leave-out /etc/vmware-tools
lacks "... does not reach it" product=open-vm-tools
printf '%s\n' '    products: [open-vm-tools]' >>"$WORK/vendor.yaml"
scan 1 "a policy for the product" --catalog "$real_catalog" --policy "$WORK/vendor.yaml" --root "$tools"
has "... reaches it" source=files product=open-vm-tools value=/usr/bin/vmtoolsd
done_testing

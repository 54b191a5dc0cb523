# SPDX-License-Identifier: MIT
#
# The real open-vm-tools of the distribution, installed by dpkg while the agent runs with a policy that names nothing but
# the package: refused within a second, also as a copy, through the loader and as a library; the same with the
# catalogue that ships; and removed again.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-packages.sh"

program=/usr/bin/vmtoolsd
archive=/embargo/packages/open-vm-tools.deb

if [ "$GUEST" = 0 ]; then
	skip "the real package" "it is installed over / only in a virtual machine"
	done_testing
	exit 0
fi
if [ ! -d /embargo/packages ]; then
	skip "the real package" "tests/vm/matrix brings package managers into some configurations only"
	done_testing
	exit 0
fi
if ! packages_place || [ ! -f "$archive" ]; then
	not_ok "the real package is there" "no $archive, or no disk: tests/e2e/make-packages said why"
	done_testing
	exit 0
fi
# tests/vm/matrix has laid it over the root, together with the libraries that it needs.
/usr/bin/dpkg-deb --fsys-tarfile "$archive" >"$WORK/archive.tar"
tar -tf "$WORK/archive.tar" | sed 's/^\.//' >"$WORK/files"
while read -r file; do
	[ -d "$file" ] || rm -f "$file"
done <"$WORK/files"

packages_catalog
write_policy "$POLICY" enforce 1 </dev/null
start_agent
learned_is "the first search is through" search complete

# ---------------------------------------------------------------- installed

began=$(now_ms)
watch_installed /usr/bin/vmware-checkvm
installs "the real package is installed by dpkg" run_dpkg -i "$archive"
if [ ! -e "$program" ]; then
	done_testing
	exit 0
fi
echo "# dpkg took $(($(now_ms) - began)) ms"
grep -v 'depend\|is not installed\|^(Reading\|^$' "$WORK/out" | sed 's/^/#   says: /'
soon_refused "a program of it" /usr/bin/vmware-checkvm
told_installed
is "its daemon: refused" "$REFUSED" "$(status_of "$program" -v)"
event_is "... by its package and the file itself" event.action=exec event.outcome=failure process.executable="$program" \
	embargo.matcher=package embargo.product=tools embargo.recognised=identity

# ---------------------------------------------------------------- tricks

learned_is "the contents are known" search complete
echo "# known: $(learned files) files, $(learned contents) contents"
cp "$program" /tmp/x
first=$(status_of /tmp/x -v)
if kernel_hashes; then
	is "a copy: refused at first sight" "$REFUSED" "$first"
else
	echo "# the first run of a copy: status $first"
	soon_refused "a copy, once the agent has read it" /tmp/x
	is "a copy: refused from then on" "$REFUSED" "$(status_of /tmp/x -v)"
fi
event_is "... by its content" process.executable=/tmp/x embargo.matcher=package embargo.product=tools embargo.recognised=content

loader=$(ls /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1 2>/dev/null | head -n 1)
library=$(sed -n '/libvmtools\.so\.0\.0/p' "$WORK/files" | head -n 1)
case $(load_backend) in
lsm | fmod_ret)
	is "by hand through the loader: refused" 127 "$(status_of "$loader" "$program" -v)"
	event_is "... when it was loaded" event.action=load event.outcome=failure embargo.matcher=package embargo.product=tools \
		embargo.recognised=identity
	is "its library in another program: not loaded" 1 "$(LD_PRELOAD=$library status_of /bin/bash -c : >/dev/null
		grep -c 'cannot be preloaded' "$WORK/out")"
	;;
*) skip "through the loader, and as a library" "nothing carries code load here" ;;
esac

# ---------------------------------------------------------------- the catalogue that ships

cat >"$WORK/shipped.yaml" <<-END
kind: Policy
name: e2e
revision: 2
mode: enforce
embargo:
  - vendor: broadcom-vmware
    products: [open-vm-tools]
END
stop_agent
POLICY=$WORK/shipped.yaml CATALOG=$here/../../policy/catalog
start_agent
is "refused by it, too" "$REFUSED" "$(status_of "$program" -v)"
event_is "... and recorded" event.outcome=failure process.executable="$program" embargo.vendor=broadcom-vmware \
	embargo.product=open-vm-tools embargo.revision=2
learned_is "the search for its files is through" search complete
mv "$program" /usr/bin/moved
is "moved: refused" "$REFUSED" "$(status_of /usr/bin/moved -v)"
mv /usr/bin/moved "$program"

# ---------------------------------------------------------------- removed

began=$(now_ms)
installs "its own scripts ask its programs and take no for an answer: removed while it is refused" run_dpkg --purge open-vm-tools
echo "# dpkg took $(($(now_ms) - began)) ms"
sed 's/^/#   says: /' "$WORK/out"
is "... with its programs" no "$([ -e "$program" ] && echo yes || echo no)"
{ cat "$HELPERS/denied"; echo "another program"; } >"$program"
chmod 755 "$program"
expect_refused "the catalogue still knows the path" "$program"
stop_agent
detach
write_policy "$WORK/again.yaml" enforce 3 </dev/null
POLICY=$WORK/again.yaml CATALOG=$WORK/by-package
start_agent
learned_is "the search is through" search complete
expect_runs "nothing of the package is left: another program in its place" "$program"
done_testing

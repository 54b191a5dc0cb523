# SPDX-License-Identifier: MIT
#
# world.sh - what the tricks are done with: the embargoed things, the rules that name them, and what this
# machine must have for a trick. Sourced by bypass.sh; the columns of a trick are in variables.

MOUNTS=/mnt/embargo-bypass
IMAGES=/embargo/images
ALLOWED=$WORK/allowed
export ALLOWED WORK

# ---------------------------------------------------------------- the embargoed file

# In $file; what to remove to be rid of it is $home.
file_of() {
	case $rule in
	digest) home=$WORK/listed/$name ;;
	package) home=$WORK/packaged/$name ;;
	ext4 | xfs | btrfs | casefold) home=$MOUNTS/$rule/embargoed/$name ;;
	squashfs) home=$MOUNTS/squashfs/$name ;;
	rootfs) home=/embargo-bypass/$name ;;
	*) home=$WORK/embargoed/$name ;;
	esac
	file=$home/agent
	[ "$rule" != inner ] || file=$home/bypass/$name/agent
}

# The trick's own content, so that recognising one says nothing about another: its name behind the end. In $base
# and $tail; tests/bypass/images makes the same.
thing_of() {
	tail=$name
	case $thing in
	prog) base=$BIN/payload ;;
	dyn) base=$BIN/payload-dynamic ;;
	so) base=$BIN/payload-library.so ;;
	prog32) base=$BIN/payload32 ;;
	dyn32) base=$BIN/payload32-dynamic ;;
	script) base=$BYPASS/payload.sh ;;
	module=*) module_file "${thing#module=}"; tail= ;;
	esac
}

# A module of this kernel that the guest has but has not loaded, in $base; the packed one for who wants it so.
module_file() {
	base=/lib/modules/$1.ko
	case $needs in *compressed*) base=$base.xz ;; esac
}

# Everything as it is before an attempt.
lay_out() {
	file_of
	[ "$rule" != squashfs ] || return 0
	[ "$round" = 1 ] || rm -rf "$home"
	if [ "$rule" = casefold ]; then
		mkdir -p "$home"
		"$BIN/attempt" set-casefold "$home"
	fi
	thing_of
	"$BIN/attempt" thing "$base" "$tail" "$file"
	if [ "$rule" = allow ]; then
		mkdir -p "$ALLOWED"
		cp "$HELPERS/denied" "$ALLOWED/$name"
	fi
}

lay_out_again() {
	[ ! -e "$WORK/bypass/$name.skip" ] || return
	lay_out
	before
}

# ---------------------------------------------------------------- what must be here

has_filesystem() {
	grep -qw "$1" /proc/filesystems
}

# Why the trick cannot be tried here, in $reason; nothing if it can.
missing() {
	reason=
	thing_of
	[ -e "$base" ] || case $thing in
	module=*) reason="there is no such module here" ;;
	*) reason="there was no compiler for such a thing" ;;
	esac
	case $rule in
	ext4 | xfs | btrfs | casefold | squashfs) [ -d "$MOUNTS/$rule" ] || reason="there is no such file system here" ;;
	esac
	[ "$needs" != - ] || return 0
	for need in $(echo "$needs" | tr ',' ' '); do
		[ -n "$reason" ] || reason=$(need_missing "$need")
	done
}

need_missing() {
	case $1 in
	hold | alone | compressed) ;;
	guest) [ "$GUEST" = 1 ] || echo "it changes the whole machine: only in a virtual one" ;;
	overlay | fuse) has_filesystem "$1" || echo "this kernel has no $1" ;;
	binfmt) has_filesystem binfmt_misc || echo "this kernel has no binfmt_misc" ;;
	image) [ -r "$IMAGES/loop.${name#loop-}" ] || echo "there is no such image here" ;;
	musl) [ -n "$(ls /lib/ld-musl-*.so.1 2>/dev/null)" ] || echo "musl is not here" ;;
	loader32) [ -e /lib/ld-linux.so.2 ] || echo "the 32-bit loader is not here" ;;
	userns) unshare -U -r true 2>/dev/null || echo "user namespaces cannot be made" ;;
	x86) [ "$(uname -m)" = x86_64 ] || echo "written for x86-64 only" ;;
	subvolumes) [ -r /sys/kernel/btf/btrfs ] || echo "this kernel does not tell subvolumes of btrfs (before 5.11)" ;;
	no-subvolumes) [ ! -r /sys/kernel/btf/btrfs ] || echo "this kernel tells subvolumes of btrfs" ;;
	env-s) env -S true 2>/dev/null || echo "this env knows no -S" ;;
	*) echo "nobody knows what '$1' is" ;;
	esac
}

# ---------------------------------------------------------------- the guest

# In a guest: the modules that were brought along, less those that tricks load; and the file systems.
prepare_guest() {
	[ "$GUEST" = 1 ] || return 0
	while read -r module; do
		base=$(basename "$module" .ko)
		grep -q "module=${base}[[:space:]]" "$CATALOGUE" || insmod "$module"
	done </embargo-vm/brought
	for type in ext4 casefold xfs btrfs; do
		disk=$(findfs "LABEL=bypass-$type" 2>/dev/null) || continue
		mount_on "$MOUNTS/$type" -t "$(echo $type | sed s/casefold/ext4/)" "$disk"
	done
	[ ! -r "$IMAGES/tricks.squashfs" ] ||
		mount_on "$MOUNTS/squashfs" -t squashfs -o loop,ro "$IMAGES/tricks.squashfs"
}

# mount_on DIRECTORY ARGUMENT...: without the directory when that fails, so that tricks there are skipped
mount_on() {
	directory=$1
	shift
	mkdir -p "$directory"
	mount "$@" "$directory" || rmdir "$directory"
}

# Packages as dpkg would have them, one for each trick with such a rule.
write_packages() {
	[ "$rule" = package ] && [ ! -e "$WORK/bypass/$name.skip" ] || return 0
	mkdir -p /var/lib/dpkg/info
	printf '%s\n' "Package: embargo-bypass-$name" 'Status: install ok installed' 'Architecture: amd64' 'Version: 1' \
		'Maintainer: Nobody <nobody@example.com>' 'Description: test' '' >>/var/lib/dpkg/status
	file_of
	echo "$file" >"/var/lib/dpkg/info/embargo-bypass-$name.list"
}

# ---------------------------------------------------------------- the policy

# A product for each trick, of the vendor of its line of the policy: bypass, or bypass-strict.
product() {
	[ ! -e "$WORK/bypass/$name.skip" ] || return
	case $rule in
	strict) [ "$1" = bypass-strict ] || return ;;
	*) [ "$1" = bypass ] || return ;;
	esac
	file_of
	printf '%s\n' "  - id: $name" "    name: $name" '    class: commercial' '    confidence: documented' \
		'    sources: ["https://docs.example.com"]'
	case $rule in
	digest) echo "    digests: [{value: \"sha256:$(sha256sum "$file" | cut -d' ' -f1)\", size: $(wc -c <"$file")}]" ;;
	package) echo "    packages: [embargo-bypass-$name]" ;;
	module) echo "    modules: [${thing#module=}]" ;;
	inner) echo "    paths: [/bypass/$name/agent]" ;;
	*) echo "    paths: [\"${file%/*}/**\"]" ;;
	esac
}

vendor() {
	printf '%s\n' 'kind: Vendor' "id: $1" "name: $1" 'products:' '  - id: none' '    name: none' '    class: commercial' \
		'    confidence: documented' '    sources: ["https://docs.example.com"]' '    paths: [/nonexistent/bypass]'
	each product "$1"
}

allowed() {
	[ "$rule" = allow ] && [ ! -e "$WORK/bypass/$name.skip" ] || return 0
	printf '%s\n' "  - path: $ALLOWED/$name" '    reason: an innocent file at this path'
}

write_documents() {
	[ "$GUEST" = 0 ] || each write_packages
	vendor bypass >"$CATALOG/bypass.yaml"
	vendor bypass-strict >"$CATALOG/bypass-strict.yaml"
	{
		printf '%s\n' 'kind: Policy' 'name: bypass' 'revision: 1' 'mode: enforce' 'embargo:' '  - vendor: bypass' \
			'  - vendor: bypass-strict' '    scripts: strict' 'allow:' '  - path: /nonexistent/bypass-allowed' '    reason: none'
		each allowed
	} >"$POLICY"
}

# Can the kernel hash by itself? Then content is recognised before the first run.
learn_hashes() {
	HASHES=0
	case $(uname -r) in
	5.*) ;;
	*) [ "$EXEC_BACKEND" != lsm ] || HASHES=1 ;;
	esac
}

# SPDX-License-Identifier: MIT
#
# world.sh - what the tricks are done with: the embargoed things, the rules that name them, and what this
# machine must have for a trick. Sourced by bypass.sh; the columns of a trick are in variables.

# The embargoed file of the trick.
file_of() {
	case $rule in
	digest) echo "$WORK/listed/$name/agent" ;;
	*) echo "$WORK/embargoed/$name/agent" ;;
	esac
}

# The trick's own content, so that recognising one says nothing about another: its name behind the end.
make_thing() {
	case $thing in
	prog) cat "$BIN/payload" ;;
	dyn) cat "$BIN/payload-dynamic" ;;
	so) cat "$BIN/payload-library.so" ;;
	prog32) cat "$BIN/payload32" ;;
	dyn32) cat "$BIN/payload32-dynamic" ;;
	script) printf '#!/bin/sh\nprintf x >&9\n# ' ;;
	esac >"$1"
	printf '%-40s\n' "$name" >>"$1"
	chmod 755 "$1"
}

# Everything as it is before the first attempt.
lay_out() {
	file=$(file_of)
	rm -rf "${file%/*}"
	mkdir -p "${file%/*}"
	[ "$thing" = none ] || make_thing "$file"
}

lay_out_again() {
	[ ! -e "$WORK/bypass/$name.skip" ] || return
	lay_out
	attempt before
}

# Why the trick cannot be tried here; nothing if it can.
missing() {
	case $thing in
	prog32 | dyn32) [ -x "$BIN/payload32" ] || { echo "no compiler for 32-bit programs, or no such processor"; return; } ;;
	esac
	for need in $(echo "$needs" | tr ',' ' '); do
		case $need in
		-) ;;
		guest) [ "$GUEST" = 1 ] || { echo "changes the whole machine: only in a virtual one"; return; } ;;
		*) echo "no such need: $need"; return ;;
		esac
	done
}

product() {
	[ ! -e "$WORK/bypass/$name.skip" ] || return
	file=$(file_of)
	echo "  - id: $name"
	echo "    name: $name"
	case $rule in
	path) echo "    paths: [\"${file%/*}/**\"]" ;;
	digest) echo "    digests: [\"sha256:$(sha256sum "$file" | cut -d' ' -f1)\"]" ;;
	esac
}

write_catalogue() {
	{
		printf '%s\n' 'kind: Vendor' 'id: bypass' 'name: Bypass' 'products:' \
			| sed '$a\  - {id: none, name: none, class: commercial, confidence: documented, sources: ["https://docs.example.com"], paths: [/nonexistent/embargo-bypass]}'
		each product | sed 's|^    name: .*|&\n    class: commercial\n    confidence: documented\n    sources: ["https://docs.example.com"]|'
	} >"$CATALOG/bypass.yaml"
	cat >"$POLICY" <<-END
	kind: Policy
	name: bypass
	revision: 1
	mode: enforce
	embargo:
	  - vendor: bypass
	END
}

# Can the kernel hash by itself? Then content is recognised before the first run.
learn_hashes() {
	HASHES=0
	case $(uname -r) in
	5.*) ;;
	*) [ "$EXEC_BACKEND" != lsm ] || HASHES=1 ;;
	esac
}

# SPDX-License-Identifier: MIT
#
# The suite "bpf" on this kernel: layouts, the proof of --audit-only, the verifier's work for each program,
# those included that the host's own kernel does not take. Natively it is a suite of its own.
. "$(dirname "$0")/lib.sh"

if [ "$GUEST" = 0 ]; then
	skip "the suite bpf" "natively it runs by its own name"
	done_testing
	exit 0
fi
exec "$BUILD/tests/bpf/programs" "$here/../bpf/verifier-ceilings"

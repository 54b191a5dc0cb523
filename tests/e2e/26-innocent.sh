# SPDX-License-Identifier: MIT
#
# Nobody gets an innocent program refused by giving it an embargoed name: the copy is refused, the original and every
# other copy of it still run; and what root installs under such a name is recognised wherever it goes.
. "$(dirname "$0")/lib.sh"

mine=$WORK/opt/tools/a/b/mine
original=$WORK/elsewhere/original
product=$WORK/opt/tools/a/c/legacy-scanner

status_of() {
	err=0
	inside "$@" 2>/dev/null || err=$?
	echo "$err"
}

# refused_in_time COMMAND...: once what was seen has been searched for and read
refused_in_time() {
	tries=0
	until [ "$(status_of "$@")" = "$REFUSED" ]; do
		tries=$((tries + 1))
		[ "$tries" -le $((50 * SLOW)) ] || return 1
		sleep 0.2
	done
}

mkdir -p "$WORK/elsewhere" "$mine" "$(dirname "$product")"
chmod 755 "$WORK" "$WORK/opt" "$WORK/opt/tools"
{ cat "$HELPERS/denied"; echo "an innocent program"; } >"$original"
chmod 755 "$original"
chown 65534:65534 "$mine"
write_policy "$POLICY" enforce 1 </dev/null
start_agent
check "the search is complete" searched

# Somebody without privileges: owns the copy and the directory that it is in.
cp "$original" "$mine/legacy-scanner"
chown 65534:65534 "$mine/legacy-scanner"
expect_refused "an innocent program under an embargoed name" "$mine/legacy-scanner"
if setpriv --reuid=65534 --regid=65534 --clear-groups true 2>/dev/null; then
	is "the same, run by its owner" "$REFUSED" \
		"$(status_of setpriv --reuid=65534 --regid=65534 --clear-groups "$mine/legacy-scanner" "$MARKER")"
fi
# and root's own file in a directory where others may put it: only a name that a link gave it
ln "$original" "$mine/linked" && mv "$mine/linked" "$mine/legacy-scanner.d" 2>/dev/null
sleep $((2 * (SLOW > 1 ? 3 : 1)))
expect_runs "the original" "$original"
cp "$original" "$WORK/elsewhere/copy"
expect_runs "another copy of it" "$WORK/elsewhere/copy"

# A link to the original, with the name that is embargoed.
mkdir -p "$mine/links"
ln "$original" "$mine/links/legacy-scanner"
expect_refused "a link with the embargoed name" "$mine/links/legacy-scanner"
sleep $((2 * (SLOW > 1 ? 3 : 1)))
expect_runs "the original, which has two names now" "$original"
rm "$mine/links/legacy-scanner" "$mine/legacy-scanner.d" 2>/dev/null

# What only root can have put there is the product, also when it comes while the policy is active.
{ cat "$HELPERS/denied"; echo "the product"; } >"$product"
chmod 755 "$product"
cp "$product" "$WORK/elsewhere/renamed"
expect_refused "the product, which came later" "$product"
check "a copy of the product, once it was read" refused_in_time "$WORK/elsewhere/renamed" "$MARKER"
expect_runs "the original after all of that" "$original"
done_testing

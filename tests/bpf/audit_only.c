/* SPDX-License-Identifier: MIT */
/*
 * audit_only.c - the promise of --audit-only, read from the instructions that the kernel would run: the entry
 * function ends in the allowing value and nothing else, and no function calls what signals or overrides. The
 * same reading must fail on the enforcing build of each program: a proof that cannot fail proves nothing.
 */
#include "instructions.h"
#include "one.h"
#include "tap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What lets an attempt through: 1 at a cgroup (kernel/bpf/cgroup.c), 0 elsewhere. */
static __s32 allowing(const struct program_row *row)
{
	return row->backend == BACKEND_CGROUP ? 1 : 0;
}

/* Load and read. A program that cannot be loaded here is skipped, in words, once for each of its tests. */
static int read_one(const struct program_row *row, bool audit_only, struct instructions *out)
{
	struct one *one = NULL;
	int err = one_load(row, audit_only, &one);

	if (!err)
		err = instructions_read(one->program, out);
	one_free(one);
	return err;
}

static void check_audit(const struct program_row *row, const struct forbidden *forbidden)
{
	char why[FINDING_BYTES] = "";
	struct instructions in = {};
	int err = read_one(row, true, &in);
	bool good;

	if (err && one_reason(row, err)) {
		tap_skip(one_reason(row, err), "%s, audit only: returns nothing but %d", row->name,
			 allowing(row));
		return;
	}
	if (err) {
		tap_result(false, "%s, audit only: is loaded\n%s", row->name, strerror(-err));
		return;
	}
	good = returns_only(&in, allowing(row), why);
	tap_result(good, "%s, audit only: returns nothing but %d\n%s", row->name, allowing(row),
		   why);
	if (!forbidden) {
		tap_skip("this kernel hides its addresses (kernel.kptr_restrict)",
			 "%s, audit only: calls nothing that signals or overrides", row->name);
	} else {
		good = calls_nothing_of(&in, forbidden, why);
		tap_result(good, "%s, audit only: calls nothing that signals or overrides\n%s",
			   row->name, why);
	}
	instructions_done(&in);
}

/* The control. A program of the kill backend refuses by a call, the others by what they return. */
static void check_enforcing(const struct program_row *row, const struct forbidden *forbidden)
{
	bool by_call = row->backend == BACKEND_KILL, proven;
	char why[FINDING_BYTES] = "";
	struct instructions in = {};
	int err;

	if (by_call && !forbidden) {
		tap_skip("this kernel hides its addresses (kernel.kptr_restrict)",
			 "%s, enforcing: the same proof fails", row->name);
		return;
	}
	err = read_one(row, false, &in);
	if (err && one_reason(row, err)) {
		tap_skip(one_reason(row, err), "%s, enforcing: the same proof fails", row->name);
		return;
	}
	if (err) {
		tap_result(false, "%s, enforcing: is loaded\n%s", row->name, strerror(-err));
		return;
	}
	proven = by_call ? calls_nothing_of(&in, forbidden, why)
			 : returns_only(&in, allowing(row), why);
	tap_result(!proven, "%s, enforcing: the same proof fails\nit did not", row->name);
	if (!proven)
		tap_note("    %s", why);
	instructions_done(&in);
}

void test_audit_only(void)
{
	struct forbidden forbidden;
	int err = forbidden_find(&forbidden);

	for (size_t i = 0; i < program_row_count; i++) {
		check_audit(&program_rows[i], err ? NULL : &forbidden);
		/* such a program never refuses */
		if (!program_rows[i].hashes && !program_rows[i].only_reads && !program_rows[i].counts &&
		    !program_rows[i].tracks)
			check_enforcing(&program_rows[i], err ? NULL : &forbidden);
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * summary.h - the state of enforcement on this host as JSON, for the status and for coverage events:
 * counted rules, hooks, counters, pauses. Pure: everything comes in.
 */
#ifndef EMBARGO_SUMMARY_H
#define EMBARGO_SUMMARY_H

#include "kernel.h"
#include "requirements.h"
#include "../policy/generation.h"
#include <jansson.h>

#define SUMMARY_PAUSES_MAX 64

struct summary_pauses {
	int count;			/* negative errno: they could not be read */
	__u64 vendors[SUMMARY_PAUSES_MAX];
	struct pause list[SUMMARY_PAUSES_MAX];
};

/* Borrowed; NULL where there is none. */
struct summary {
	const struct generation *generation;
	const struct kernel_report *report;
	const struct stats *stats;
	const struct summary_pauses *pauses;
	const struct requirements *requirements;
	const char *within;
	bool audit_only;
	__u64 now_boot_ns;		/* CLOCK_BOOTTIME */
	__s64 boot_to_real_ns;
};

/** summary_pauses_read() - the pauses of a host @pins: as in struct kernel_options */
void summary_pauses_read(const char *pins, struct summary_pauses *out_pauses);

/** summary_is_paused() - does a pause that has not ended hold the rules of a vendor? @vendor: key of struct gen_rule */
bool summary_is_paused(const struct summary_pauses *pauses, __u64 vendor, __u64 now_boot_ns);

/**
 * summary_state() - what is watched and enforced
 * @in: borrowed
 *
 * Return: new reference: members rules, unenforced, requires, exceptions, hooks, counters, pauses and the facts of the load;
 * NULL without memory.
 */
json_t *summary_state(const struct summary *in);

/** summary_rules() - counts by effective mode and by what holds them; new reference or NULL */
json_t *summary_rules(const struct summary *in);

/** summary_unenforced() - [{matcher, why, count}] of what is not enforced yet; new reference or NULL */
json_t *summary_unenforced(const struct generation *generation);

/** summary_vendors() - [{id, name, rules, unenforced}]; new reference or NULL */
json_t *summary_vendors(const struct generation *generation);

/** summary_hooks() - what carries each hook; new reference or NULL */
json_t *summary_hooks(const struct kernel_report *report);

#endif

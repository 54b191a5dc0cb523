/* SPDX-License-Identifier: MIT */
/*
 * requirements.h - what a policy requires of a host before it enforces there: is it so now? Unmet
 * requirements never refuse a policy; they hold all of its rules in audit.
 */
#ifndef EMBARGO_REQUIREMENTS_H
#define EMBARGO_REQUIREMENTS_H

#include "../policy/generation.h"
#include "kernel.h"
#include <jansson.h>

#define REQUIREMENT_TEXT_BYTES 384

enum requirement {
	REQUIREMENT_PACKAGE,
	REQUIREMENT_UNIT,
	REQUIREMENT_EXEC,
	REQUIREMENT_MAX,
};

struct requirement_state {
	const char *value;	/* borrowed from the generation, or static; NULL: not asked for */
	bool met;
	char found[REQUIREMENT_TEXT_BYTES];	/* in words, met or not: what was looked at and what to do */
};

struct requirements {
	struct requirement_state list[REQUIREMENT_MAX];
};

/**
 * requirements_check() - look at this host
 * @requires: borrowed; must outlive @out
 * @root:     directory that is the host's root, "/"
 * @report:   borrowed; NULL: what carries exec is not known, and that does not meet "exec: prevent"
 * @out:      overwritten
 *
 * What cannot be looked at is not met, with the reason.
 */
void requirements_check(const struct generation_requires *requires, const char *root,
			const struct kernel_report *report, struct requirements *out);

/** requirements_asked() - does the policy require anything? */
bool requirements_asked(const struct generation_requires *requires);

/** requirements_met() - is all that is asked for so? True where nothing is asked for. */
bool requirements_met(const struct requirements *requirements);

/** requirements_json() - [{requires, value, met, found}] of what is asked for; new reference or NULL */
json_t *requirements_json(const struct requirements *requirements);

#endif

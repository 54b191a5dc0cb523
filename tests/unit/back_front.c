/* SPDX-License-Identifier: MIT */
/*
 * back_front.c - what the tests of the compiler need of the front of the policy library (diagnostics.c,
 * words.c) for as long as the two are built apart. It goes when the lists of sources are joined.
 */
#include "../../policy/policy.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void diagnostics_add(struct diagnostics *diags, enum severity severity, struct place place,
		     const char *format, ...)
{
	struct diagnostic one = {severity, place.file ? strdup(place.file) : NULL, place.line,
				 place.column, NULL};
	va_list args;

	va_start(args, format);
	if (vasprintf(&one.message, format, args) < 0)
		abort();
	va_end(args);
	diags->list = reallocarray(diags->list, diags->count + 1, sizeof(*diags->list));
	if (!diags->list)
		abort();
	diags->list[diags->count++] = one;
	diags->errors += severity == SEVERITY_ERROR;
	diags->warnings += severity == SEVERITY_WARNING;
}

void diagnostics_done(struct diagnostics *diags)
{
	for (size_t i = 0; i < diags->count; i++) {
		free(diags->list[i].file);
		free(diags->list[i].message);
	}
	free(diags->list);
	memset(diags, 0, sizeof(*diags));
}

const char *mode_word(unsigned mode)
{
	static const char *const words[MODE_MAX] = {"none", "audit", "enforce"};

	return mode < MODE_MAX ? words[mode] : NULL;
}

const char *held_by_word(unsigned held_by)
{
	static const char *const words[HELD_BY_MAX] = {"nothing",    "cap",         "pause",
						       "breaker",    "requirement", "stage",
						       "confidence", "policy"};

	return held_by < HELD_BY_MAX ? words[held_by] : NULL;
}

const char *action_word(unsigned action)
{
	static const char *const words[ACTION_MAX] = {"none", "deny", "contain", "allow"};

	return action < ACTION_MAX ? words[action] : NULL;
}

const char *matcher_word(unsigned matcher)
{
	static const char *const words[MATCHER_MAX] = {
		"none",   "path",   "network", "digest", "package", "package-vendor",
		"module", "domain", "unit",    "image",  "marker",  "repository"};

	return matcher < MATCHER_MAX ? words[matcher] : NULL;
}

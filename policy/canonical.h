/* SPDX-License-Identifier: MIT */
/*
 * canonical.h - the text of a matcher as rule ids know it; for the table of kinds in fact.c.
 */
#ifndef EMBARGO_CANONICAL_H
#define EMBARGO_CANONICAL_H

#include <stdbool.h>
#include <stddef.h>

#define CANONICAL_INPUT_MAX 4096 /* bytes of what is written: no path is longer, PATH_MAX */
#define CANONICAL_BYTES     (CANONICAL_INPUT_MAX + 64)

/* Why a text is refused: one sentence that quotes it and says what to write. */
struct problem {
	char text[512];
};

/**
 * problem_set() - say what is wrong; cut when it is too long
 * Return: -EINVAL, so that a function can end with it.
 */
int problem_set(struct problem *out_problem, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * canonical_fn - the canonical text of one kind of matcher
 * @text:        borrowed; one line, not empty, at most CANONICAL_INPUT_MAX bytes
 * @out:         CANONICAL_BYTES; what is in it after a failure has no meaning
 * @out_problem: filled on failure
 *
 * Return: 0; -EINVAL (refused); -ENOMEM.
 */
typedef int (*canonical_fn)(const char *text, char *out, struct problem *out_problem);

int canonical_text(const char *text, char *out, struct problem *out_problem);
int canonical_path(const char *text, char *out, struct problem *out_problem);
int canonical_domain(const char *text, char *out, struct problem *out_problem);
/** canonical_name() - of a domain name that is looked up; a public suffix is one, too */
int canonical_name(const char *text, char *out, struct problem *out_problem);
int canonical_digest(const char *text, char *out, struct problem *out_problem);
int canonical_module(const char *text, char *out, struct problem *out_problem);
int canonical_package(const char *text, char *out, struct problem *out_problem);
int canonical_package_vendor(const char *text, char *out, struct problem *out_problem);

/**
 * canonical_path_doubt() - does an accepted path pattern probably mean something else than it says?
 * @text:        canonical
 * @out_problem: filled if so
 */
bool canonical_path_doubt(const char *text, struct problem *out_problem);

#endif

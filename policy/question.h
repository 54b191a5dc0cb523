/* SPDX-License-Identifier: MIT */
/*
 * question.h - what somebody asks a policy about, from one word: a path, an address, a name, a rule, a vendor.
 */
#ifndef EMBARGO_QUESTION_H
#define EMBARGO_QUESTION_H

#include "model.h"
#include "thing.h"

/* What is asked about. */
enum question_kind {
	QUESTION_THING = 1,	/* .thing */
	QUESTION_RULE,		/* .rule */
	QUESTION_VENDOR,	/* .vendor and those below it */
	QUESTION_PRODUCT,	/* .vendor and .product */
	QUESTION_LINE,		/* .line: of a name with matchers in place */
};

struct question {
	enum question_kind kind;
	struct thing thing;
	const struct generation_rule *rule;
	const struct vendor *vendor;
	const struct product *product;
	const struct policy_line *line;
};

/**
 * question_read() - what does somebody mean?
 * @text: a path, an address, a domain name, the id of a rule, of a vendor, vendor/product, the name of a
 *        line, or a kind and a text as "package:acme"; borrowed
 * @policy, @generation: borrowed; the question points into them
 * @arena:        borrowed; owns the text of a thing
 * @out_question: untouched on failure
 * @out_problem:  filled on failure
 *
 * Return: 0; -EINVAL (it is nothing of all that); -ENOENT (it could be something, but is not known here).
 */
int question_read(const char *text, const struct policy *policy, const struct generation *generation,
		  struct arena *arena, struct question *out_question, struct problem *out_problem);

#endif

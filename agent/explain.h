/* SPDX-License-Identifier: MIT */
/*
 * explain.h - the command "policy explain" in parts: cmd_policy_explain.c reads the question, explain_thing.c
 * answers those about rules, paths, addresses and names, explain_vendor.c those about vendors and products.
 */
#ifndef EMBARGO_EXPLAIN_COMMAND_H
#define EMBARGO_EXPLAIN_COMMAND_H

#include "cmd_policy.h"
#include "explain_words.h"

#include "../policy/question.h"

struct explain {
	const struct policy_arguments *arguments;
	struct policy_work work;
	struct arena arena;			/* of the question's text */
	const struct policy *policy;		/* of the work */
	const struct generation *generation;	/* of the work */
	struct question question;
	struct explanation explanation;		/* of a thing */
};

/* Each prints for people. Return: COMMAND_GOOD or COMMAND_FAILED. */
int explain_print_rule(const struct explain *explain);
int explain_print_thing(const struct explain *explain);
int explain_print_vendor(const struct explain *explain);
int explain_print_product(const struct explain *explain);
int explain_print_line(const struct explain *explain);

/* Each: new reference, or NULL without memory. */
json_t *explain_thing_json(const struct explain *explain);
json_t *explain_vendor_json(const struct explain *explain);
json_t *explain_matchers_json(const struct explain *explain);

/** explain_label() - a label and a text beside it, in the lines of one answer */
void explain_label(const char *label, const char *text);
/** explain_words() - the same; takes the text, frees it; NULL: there was no memory */
void explain_words(const char *label, char *text);
/** explain_no() - "no: " and why; owned by the caller, NULL without memory */
char *explain_no(const char *why);
/** explain_not_reached() - why no line means a product, in words; static */
const char *explain_not_reached(const struct explain *explain, const struct product *product);

#endif

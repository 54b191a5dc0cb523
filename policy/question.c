/* SPDX-License-Identifier: MIT */
/*
 * question.c - see question.h
 */
#include "question.h"
#include "suggest.h"

#include <errno.h>
#include <string.h>

/* "a/b/kind/01234567" */
static bool looks_like_rule(const char *text)
{
	const char *last = strrchr(text, '/');
	unsigned slashes = 0;

	for (const char *at = text; *at; at++)
		slashes += *at == '/';
	return slashes == 3 && strlen(last + 1) == 8 && strspn(last + 1, "0123456789abcdef") == 8;
}

static int read_rule(const char *text, const struct generation *generation,
		     struct question *question, struct problem *out_problem)
{
	const struct generation_rule *lists[] = {generation->rules, generation->unenforced};
	const size_t counts[] = {generation->rule_count, generation->unenforced_count};

	question->kind = QUESTION_RULE;
	for (unsigned list = 0; list < 2; list++)
		for (size_t i = 0; i < counts[list]; i++)
			if (!strcmp(lists[list][i].id, text))
				question->rule = &lists[list][i];
	if (question->rule)
		return 0;
	(void)problem_set(out_problem, "the policy has no rule '%s'", quoted(text).text);
	return -ENOENT;
}

static int read_product(const char *text, const struct vendor *vendor, struct question *question,
			struct problem *out_problem)
{
	struct suggestion suggestion = {.text = text};

	question->kind = QUESTION_PRODUCT;
	question->product = vendor_find_product(vendor, text);
	if (question->product)
		return 0;
	for (const struct product *one = vendor->products; one; one = one->next)
		suggestion_consider(&suggestion, one->id.text);
	(void)problem_set(out_problem, "the catalogue knows no product '%s' of '%s'%s%s%s",
			  quoted(text).text, vendor->id.text,
			  suggestion.best ? "; did you mean '" : "", suggestion.best ?: "",
			  suggestion.best ? "'?" : "");
	return -ENOENT;
}

/* An id of a vendor or the name of a line, alone or before a '/'. Return: 1: it is none. */
static int read_vendor(const char *text, const struct policy *policy, struct question *question,
		       struct problem *out_problem)
{
	char id[65]; /* as long as field_id() accepts */
	size_t bytes = strcspn(text, "/");

	if (bytes >= sizeof(id))
		return 1;
	memcpy(id, text, bytes);
	id[bytes] = '\0';
	question->vendor = catalog_find(policy->catalog, id);
	question->kind = QUESTION_VENDOR;
	if (question->vendor)
		return text[bytes] ? read_product(text + bytes + 1, question->vendor, question,
						  out_problem)
				   : 0;
	question->kind = QUESTION_LINE;
	for (question->line = policy->lines; question->line; question->line = question->line->next)
		if (question->line->name.text && !strcmp(question->line->name.text, id) &&
		    (!text[bytes] || !strcmp(text + bytes, "/-")))
			return 0;
	return 1;
}

static int refuse_question(const char *text, const struct policy *policy,
			   struct problem *out_problem)
{
	struct suggestion suggestion = {.text = text};

	for (size_t i = 0; i < policy->catalog->count; i++)
		suggestion_consider(&suggestion, policy->catalog->vendors[i]->id.text);
	for (const struct policy_line *line = policy->lines; line; line = line->next)
		if (line->name.text)
			suggestion_consider(&suggestion, line->name.text);
	if (suggestion.best)
		return problem_set(out_problem, "'%s' is not known; did you mean '%s'?",
				   quoted(text).text, suggestion.best);
	return problem_set(
		out_problem,
		"'%s' is no path, address, domain name, rule, vendor or product; a kind before it helps, as 'package:%s'",
		quoted(text).text, quoted(text).text);
}

static const struct thing_kind *kind_of_text(const char *text, const char **out_text)
{
	const struct thing_kind *kind = thing_kind(text, strcspn(text, ":"));

	*out_text = text;
	if (*text == '/')
		return thing_kind("exec", 4);
	if (!strncmp(text, "sha256:", 7))
		return thing_kind("digest", 6);
	if (kind && text[strlen(kind->word)] == ':') {
		*out_text = text + strlen(kind->word) + 1;
		return kind;
	}
	return NULL;
}

int question_read(const char *text, const struct policy *policy,
		  const struct generation *generation, struct arena *arena,
		  struct question *out_question, struct problem *out_problem)
{
	const struct thing_kind *kind = kind_of_text(text, &text);
	struct question question = {0};
	struct problem ignored;
	int err;

	if (!kind && looks_like_rule(text)) {
		err = read_rule(text, generation, &question, out_problem);
	} else if (kind) {
		question.kind = QUESTION_THING;
		err = thing_read(kind, text, arena, &question.thing, out_problem);
	} else {
		err = read_vendor(text, policy, &question, out_problem);
	}
	if (err == 1) {
		question = (struct question){.kind = QUESTION_THING};
		err = thing_read(thing_kind("connect", 7), text, arena, &question.thing, &ignored);
	}
	/* what is made of digits only was meant as an address */
	if (err == -EINVAL && !kind && *text && !text[strspn(text, "0123456789.:/[]")]) {
		*out_problem = ignored;
		return err;
	}
	if (err == -EINVAL && !kind && strchr(text, '.'))
		err = thing_read(thing_kind("domain", 6), text, arena, &question.thing, &ignored);
	if (err == -EINVAL && !kind)
		err = refuse_question(text, policy, out_problem);
	if (!err)
		*out_question = question;
	return err;
}

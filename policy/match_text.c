/* SPDX-License-Identifier: MIT */
/*
 * match_text.c - see match.h: the matchers that are compared as text. Exact values are in one hash
 * table; those with wildcards are few, so they are tried one after the other, the most specific first.
 */
#include "match.h"
#include "policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A matcher with wildcards. */
struct wild {
	const struct generation_rule *rule;
	size_t literals; /* bytes that are no wildcards: more of them is more specific */
};

struct match_index {
	const struct generation_rule *
		*slots;     /* owned; a hash table with linear probing; NULL: free */
	size_t mask;        /* its size less one; a power of two, at most half full */
	struct wild *wilds; /* owned; by kind, and then the most specific first */
	const struct generation *generation; /* borrowed */
	size_t first_wild[MATCHER_MAX + 1];  /* of each kind in wilds; one behind the last */
};

static bool kind_is_text(unsigned matcher)
{
	return matcher > MATCHER_NETWORK && matcher < MATCHER_MAX;
}

static bool is_wild(const struct generation_rule *rule)
{
	return rule->matcher != MATCHER_DIGEST && rule->matcher != MATCHER_DOMAIN &&
	       strpbrk(rule->value, "*?");
}

static size_t count_literals(const char *pattern)
{
	size_t count = 0;

	for (; *pattern; pattern++)
		count += *pattern != '*' && *pattern != '?';
	return count;
}

/* Past one character of UTF-8; a broken one is passed byte by byte. */
static const char *next_character(const char *text)
{
	for (text++; ((unsigned char)*text & 0xc0) == 0x80;)
		text++;
	return text;
}

/* Goes back to the last '*' only, so the work is at most the product of the two lengths. */
bool match_pattern_fits(const char *pattern, const char *text)
{
	const char *star = NULL, *resume = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			resume = text;
		} else if (*pattern == '?') {
			pattern++;
			text = next_character(text);
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++resume;
		} else {
			return false;
		}
	}
	return !pattern[strspn(pattern, "*")];
}

/* ---------------------------------------------------------------- the table of exact values */

static size_t slot_of(const struct match_index *index, unsigned matcher, bool allow,
		      const char *text)
{
	__u64 hash = name_hash(text, strlen(text));

	return hash_word(hash, matcher << 1 | allow) & index->mask;
}

/* The slot of this value, or the free one where it belongs. */
static const struct generation_rule **find_slot(const struct match_index *index, unsigned matcher,
						bool allow, const char *text)
{
	size_t slot = slot_of(index, matcher, allow, text);

	for (;; slot = (slot + 1) & index->mask) {
		const struct generation_rule *rule = index->slots[slot];

		if (!rule || (rule->matcher == matcher && (rule->action == ACTION_ALLOW) == allow &&
			      !strcmp(rule->value, text)))
			return &index->slots[slot];
	}
}

/* ---------------------------------------------------------------- making an index */

static int compare_wilds(const void *left, const void *right)
{
	const struct wild *a = left, *b = right;

	if (a->rule->matcher != b->rule->matcher)
		return a->rule->matcher < b->rule->matcher ? -1 : 1;
	if (a->literals != b->literals)
		return a->literals > b->literals ? -1 : 1;
	/* in the order of the generation, so that the answer is the same on every host */
	return a->rule < b->rule ? -1 : a->rule > b->rule;
}

/* Does one exception last longer than another, or as long? */
static bool outlasts(const struct generation_rule *one, const struct generation_rule *other)
{
	return !one->until_s || (other->until_s && one->until_s >= other->until_s);
}

static void index_add(struct match_index *index, const struct generation_rule *rule, size_t *wilds)
{
	bool allow = rule->action == ACTION_ALLOW;
	const struct generation_rule **slot;

	if (!kind_is_text(rule->matcher))
		return;
	if (is_wild(rule)) {
		index->wilds[(*wilds)++] = (struct wild){rule, count_literals(rule->value)};
		return;
	}
	slot = find_slot(index, rule->matcher, allow, rule->value);
	/* of several products with one value the first is named, of exceptions the one that lasts longest */
	if (!*slot || (allow && !outlasts(*slot, rule)))
		*slot = rule;
}

static void index_wilds(struct match_index *index, size_t count)
{
	size_t at = 0;

	if (count)
		qsort(index->wilds, count, sizeof(*index->wilds), compare_wilds);
	for (unsigned matcher = 0; matcher <= MATCHER_MAX; matcher++) {
		while (at < count && index->wilds[at].rule->matcher < matcher)
			at++;
		index->first_wild[matcher] = at;
	}
}

int match_index_new(const struct generation *generation, struct match_index **out_index)
{
	size_t exact = 0, wilds = 0, size = 16, filled = 0;
	const struct generation_rule *lists[] = {generation->rules, generation->unenforced};
	const size_t counts[] = {generation->rule_count, generation->unenforced_count};
	struct match_index *index = calloc(1, sizeof(*index));

	if (!index)
		return -ENOMEM;
	for (unsigned list = 0; list < 2; list++)
		for (size_t i = 0; i < counts[list]; i++)
			*(is_wild(&lists[list][i]) ? &wilds : &exact) +=
				kind_is_text(lists[list][i].matcher);
	while (size < 2 * exact)
		size *= 2;
	index->generation = generation;
	index->mask = size - 1;
	index->slots = calloc(size, sizeof(*index->slots));
	index->wilds = calloc(wilds + 1, sizeof(*index->wilds));
	if (!index->slots || !index->wilds) {
		match_index_free(index);
		return -ENOMEM;
	}
	for (unsigned list = 0; list < 2; list++)
		for (size_t i = 0; i < counts[list]; i++)
			index_add(index, &lists[list][i], &filled);
	index_wilds(index, filled);
	*out_index = index;
	return 0;
}

void match_index_free(struct match_index *index)
{
	if (!index)
		return;
	free(index->slots);
	free(index->wilds);
	free(index);
}

/* ---------------------------------------------------------------- looking up */

/* Does what was found so far stand, whatever else fits? A rule that decides comes before one that is listed. */
static bool is_settled(const struct match_index *index, const struct match *match)
{
	return match->rule && match_is_enforced(index->generation, match->rule);
}

/* What was found so far: the most specific rule comes first; of exceptions the longest lasting is wanted. */
static void consider(const struct match_index *index, struct match *match,
		     const struct generation_rule *rule, bool allow)
{
	if (!rule)
		return;
	if (!allow && !is_settled(index, match) &&
	    (!match->rule || match_is_enforced(index->generation, rule)))
		match->rule = rule;
	if (allow && (!match->allow || !outlasts(match->allow, rule)))
		match->allow = rule;
}

/* "a.b.example" as itself, then as "*.b.example", then as "*.example". */
static void find_domain(const struct match_index *index, bool allow, const char *name,
			struct match *match)
{
	char pattern
		[256]; /* a name has at most 253 bytes: RFC 1035 section 3.1, less length and root */

	consider(index, match, *find_slot(index, MATCHER_DOMAIN, allow, name), allow);
	for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.')) {
		if (dot == name || strlen(dot) + 2 > sizeof(pattern))
			continue;
		pattern[0] = '*';
		strcpy(pattern + 1, dot);
		consider(index, match, *find_slot(index, MATCHER_DOMAIN, allow, pattern), allow);
	}
}

static void find_wild(const struct match_index *index, unsigned matcher, const char *text,
		      struct match *match)
{
	for (size_t i = index->first_wild[matcher]; i < index->first_wild[matcher + 1]; i++) {
		const struct generation_rule *rule = index->wilds[i].rule;
		bool allow = rule->action == ACTION_ALLOW;

		if ((allow || !is_settled(index, match)) && match_pattern_fits(rule->value, text))
			consider(index, match, rule, allow);
	}
}

struct match match_text(const struct match_index *index, unsigned matcher, const char *text)
{
	struct match match = {0};

	if (!kind_is_text(matcher))
		return match;
	for (unsigned allow = 0; allow < 2; allow++) {
		if (matcher == MATCHER_DOMAIN)
			find_domain(index, allow, text, &match);
		else
			consider(index, &match, *find_slot(index, matcher, allow, text), allow);
	}
	find_wild(index, matcher, text, &match);
	return match;
}

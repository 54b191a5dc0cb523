/* SPDX-License-Identifier: MIT */
/*
 * risk.c - the ids of "accept-risk". A digest is made only of rules whose id begins like one of these: a
 * million rules cost nothing when nobody accepts a risk.
 */
#include "risk.h"
#include "suggest.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_DIGITS   8
#define SUGGESTIONS_MAX 2000 /* rules that are tried as what was meant, for */
#define SUGGESTED_MAX   16   /* as many ids */
#define EXPECTED                                                                                   \
	"expected vendor/product/kind/8 hex digits, as 'embargo policy compile' and events show it"

/* Everything of an id but the digits, "vendor/product/kind/". */
static int id_prefix(const struct rule *rule, char *out, size_t bytes)
{
	bool allow = rule->action == ACTION_ALLOW;

	return snprintf(out, bytes, "%s/%s/%s/", allow ? "allow" : rule->vendor,
			allow ? "-" : rule->product, matcher_word(rule->matcher));
}

static void id_digits(const struct rule *rule, char *out)
{
	unsigned char digest[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(digest, (const unsigned char *)rule->value,
				 strlen(rule->value)); /* cannot fail */
	(void)snprintf(out, DIGEST_DIGITS + 1, "%02x%02x%02x%02x", digest[0], digest[1], digest[2],
		       digest[3]);
}

char *rule_id(const struct rule *rule)
{
	char digits[DIGEST_DIGITS + 1], *id;
	int bytes = id_prefix(rule, NULL, 0);

	id = malloc((size_t)bytes + sizeof(digits));
	if (!id)
		return NULL;
	id_digits(rule, digits);
	(void)id_prefix(rule, id, (size_t)bytes + 1);
	strcpy(id + bytes, digits);
	return id;
}

/* ---------------------------------------------------------------- reading */

static bool is_well_formed(const char *id)
{
	const char *at = id;

	for (unsigned part = 0; part < 3; part++) {
		size_t bytes = strcspn(at, "/");

		if (!bytes || !at[bytes])
			return false;
		at += bytes + 1;
	}
	return strlen(at) == DIGEST_DIGITS && strspn(at, "0123456789abcdef") == DIGEST_DIGITS;
}

static void risk_read(struct reader *reader, const struct yaml_node *node, struct policy *policy)
{
	const char *text = reader_text(reader, node);
	struct accepted_risk *risk, **link = &policy->risks;

	if (!text)
		return;
	if (!is_well_formed(text)) {
		reader_error(reader, node, "'%s' is no rule id; " EXPECTED, quoted(text).text);
		return;
	}
	if (!strncmp(text, "allow/", 6)) {
		reader_error(
			reader, node,
			"'%s' is an entry of 'allow'; it refuses nothing, so there is no risk to accept",
			quoted(text).text);
		return;
	}
	for (; *link; link = &(*link)->next) {
		if (!strcmp((*link)->id, text)) {
			diagnostics_add(reader->diags, SEVERITY_WARNING,
					yaml_place(reader->tree, node),
					"'%s' is there twice, first on line %u; remove one", text,
					(*link)->place.line);
			return;
		}
	}
	risk = reader_alloc(reader, sizeof(*risk));
	if (!risk)
		return;
	risk->id = text;
	risk->place = yaml_place(reader->tree, node);
	*link = risk;
}

#define RISKS_MAX 256 /* each is compared with every rule */

void policy_risks_read(struct reader *reader, const struct field *field,
		       const struct yaml_node *node, void *member)
{
	if (!reader_expect(reader, node, YAML_TYPE_SEQUENCE, NULL))
		return;
	if (node->count > RISKS_MAX) {
		reader_error(
			reader, node,
			"'%s' has more than %d ids; rules that hurt this often want other words",
			field->key, RISKS_MAX);
		return;
	}
	for (const struct yaml_node *one = node->first; one; one = one->next)
		risk_read(reader, one, member);
}

/* ---------------------------------------------------------------- resolving */

bool risk_is_accepted(const struct policy *policy, const char *id)
{
	const struct accepted_risk *risk = policy->risks;

	while (risk && strcmp(risk->id, id))
		risk = risk->next;
	return risk != NULL;
}

/* Exceptions refuse nothing, and those of lists in a refused line have no action. */
static bool can_hurt(const struct rule *rule)
{
	return !matcher_is_finding(rule->matcher) &&
	       (rule->action == ACTION_DENY || rule->action == ACTION_CONTAIN);
}

/* What is before the last '/', with it. */
static size_t prefix_bytes(const char *id)
{
	return strlen(id) - DIGEST_DIGITS;
}

static void mark_found(struct policy *policy, const struct rule *rule)
{
	char digits[DIGEST_DIGITS + 1] = "", prefix[256];
	int bytes = -1;

	if (!can_hurt(rule))
		return;
	for (struct accepted_risk *risk = policy->risks; risk; risk = risk->next) {
		/* most rules are of another vendor */
		if (risk->found || *risk->id != *rule->vendor)
			continue;
		if (bytes < 0)
			bytes = id_prefix(rule, prefix, sizeof(prefix)); /* names have 64 bytes */
		if (prefix_bytes(risk->id) != (size_t)bytes ||
		    memcmp(risk->id, prefix, (size_t)bytes))
			continue;
		if (!*digits)
			id_digits(rule, digits);
		risk->found = !strcmp(risk->id + bytes, digits);
	}
}

/* The ids of a kind differ in their digits only, and these nobody types: what is near is another kind or vendor. */
static int refuse_unknown(const struct policy *policy, const struct accepted_risk *risk,
			  size_t candidates, struct diagnostics *diags)
{
	struct suggestion suggestion = {.text = risk->id};
	char *best = NULL;

	for (size_t i = 0; i < policy->rules.count && i < candidates; i++) {
		const struct rule *rule = &policy->rules.list[i];
		char *id;

		if (!can_hurt(rule))
			continue;
		id = rule_id(rule);
		if (!id) {
			free(best);
			return -ENOMEM;
		}
		suggestion_consider(&suggestion, id);
		if (suggestion.best == id) {
			free(best);
			best = id;
		} else {
			free(id);
		}
	}
	if (best)
		diagnostics_add(diags, SEVERITY_ERROR, risk->place,
				"no rule of this policy has the id '%s'; did you mean '%s'?",
				quoted(risk->id).text, best);
	else
		diagnostics_add(
			diags, SEVERITY_ERROR, risk->place,
			"no rule of this policy has the id '%s'; remove it, or look for the right one with 'embargo policy compile'",
			quoted(risk->id).text);
	free(best);
	return 0;
}

int risks_resolve(struct policy *policy, struct diagnostics *diags)
{
	size_t refused = 0;
	int err = 0;

	for (size_t i = 0; policy->risks && i < policy->rules.count; i++)
		mark_found(policy, &policy->rules.list[i]);
	for (const struct accepted_risk *risk = policy->risks; risk && !err; risk = risk->next) {
		if (!risk->found)
			err = refuse_unknown(policy, risk,
					     refused++ < SUGGESTED_MAX ? SUGGESTIONS_MAX : 0,
					     diags);
	}
	return err;
}

/* SPDX-License-Identifier: MIT */
/*
 * numbered.c - from the flat list to numbered rules: what is wrong with them, what identifies them, which words
 * they share. What needs nothing but one rule is done for both halves of the list at once.
 */
#include "numbered.h"
#include "beside.h"
#include "digest.h"
#include "paths.h"
#include "policy.h"
#include "strings.h"

#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define RULES_MAX 0x40000000u

/* ---------------------------------------------------------------- each rule by itself */

static bool network_valid(const struct rule_network *network)
{
	bool valid = (network->family == 4 && network->bits <= 32) ||
		     (network->family == 6 && network->bits <= 128);

	valid = valid && network->port_count <= RULE_PORTS_MAX;
	for (unsigned i = 0; valid && i < network->port_count; i++)
		valid = network->port_first[i] <= network->port_last[i];
	return valid;
}

/* The front says more, and says it better; this is what keeps the compiler safe. */
static const char *digest_check(const struct rule *rule)
{
	__u8 digest[SHA256_BYTES];

	if (!digest_parse(rule->value, digest))
		return "not a digest, \"sha256:\" and 64 hex digits";
	return rule->size > FILE_SIZE_MAX ? "no file is of this size" : NULL;
}

/* NULL, or what is wrong with it. */
static const char *rule_check(const struct rule *rule)
{
	if (!rule_is_enforced(rule))
		return NULL;
	if (rule->action == ACTION_CONTAIN && !rule_can_contain(rule->matcher))
		return "not a file, and only programs can be contained";
	switch (rule->matcher) {
	case MATCHER_PATH:
		return path_pattern_check(rule->value, NULL);
	case MATCHER_NETWORK:
		return network_valid(&rule->network)
			       ? NULL
			       : "not a network with ports that can be compiled";
	case MATCHER_DIGEST:
		return digest_check(rule);
	case MATCHER_MODULE:
		return module_pattern_check(rule->value);
	case MATCHER_DOMAIN:
		return domain_pattern_check(rule->value);
	default:
		return *rule->value ? NULL : "no name";
	}
}

static __u32 value_digest(const char *value, size_t bytes)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	__u32 first;

	crypto_hash_sha256(digest, (const unsigned char *)value, bytes);
	memcpy(&first, digest, sizeof(first));
	return be32toh(first);
}

/* Exceptions hold for every use of a file, and what is contained may be opened by anybody. */
static bool is_strict(const struct rule *rule)
{
	return rule->strict && rule->action == ACTION_DENY && rule_is_enforced(rule) &&
	       rule_names_files(rule->matcher);
}

/* A part of the list. */
struct part {
	const struct rule *rules;
	struct numbered_rule *list;
	size_t count;
	bool wrong; /* some rule cannot be compiled */
};

static void fill_part(void *data)
{
	struct part *part = data;

	for (size_t i = 0; i < part->count; i++) {
		const struct rule *rule = &part->rules[i];
		size_t bytes = strlen(rule->value);

		if (rule_check(rule)) {
			part->wrong = true;
			continue; /* only what else is wrong is of interest */
		}
		part->list[i] = (struct numbered_rule){.rule = rule,
						       .value = rule->value,
						       .key = rule_key(rule),
						       .value_bytes = bytes,
						       .digest = value_digest(rule->value, bytes),
						       .line = rule->place.line,
						       .target = rule->target,
						       .target_held_by = rule->target_held_by,
						       .action = rule->action,
						       .matcher = rule->matcher,
						       .confidence = rule->confidence,
						       .strict = is_strict(rule)};
		if (rule->matcher == MATCHER_NETWORK) {
			part->list[i].family = rule->network.family;
			part->list[i].bits = rule->network.bits;
		}
	}
}

static void say_wrong(const struct rules *rules, struct diagnostics *diags)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->list[i];
		const char *wrong = rule_check(rule);

		if (wrong)
			diagnostics_add(diags, SEVERITY_ERROR, rule->place, "\"%s\": %s",
					rule->value, wrong);
	}
}

static int fill(const struct rules *rules, struct numbered *numbered, struct diagnostics *diags)
{
	size_t half = rules->count / 2;
	struct part first = {rules->list, numbered->list, half, false}, second;
	struct beside beside;

	if (!rules->count)
		return 0; /* there is no list then, and no half of it */
	second = (struct part){rules->list + half, numbered->list + half, rules->count - half,
			       false};
	beside_start(&beside, fill_part, &first, first.count);
	fill_part(&second);
	beside_join(&beside);
	if (!first.wrong && !second.wrong)
		return 0;
	say_wrong(rules, diags);
	return -EINVAL;
}

/* ---------------------------------------------------------------- shared words */

/* The words of a rule, remembered for those that follow: by their addresses, which many rules share. */
struct words_cache {
	const struct rule *rule; /* some rule with these words; NULL: empty */
	__u32 words;
};

#define WORDS_CACHE 1024 /* a power of two */

static bool same_words(const struct rule *a, const struct rule *b)
{
	return a->vendor == b->vendor && a->vendor_name == b->vendor_name &&
	       a->product == b->product && a->reason == b->reason &&
	       a->place.file == b->place.file && a->unenforced_why == b->unenforced_why &&
	       a->matcher == b->matcher &&
	       (a->action == ACTION_ALLOW) == (b->action == ACTION_ALLOW);
}

static int add_prefix(struct strings *strings, const struct rule *rule, __u32 *out_prefix)
{
	bool allow = rule->action == ACTION_ALLOW;
	const char *kind = matcher_word(rule->matcher);
	char *text;
	int err;

	if (asprintf(&text, "%s/%s/%s/", allow ? "allow" : rule->vendor ?: "-",
		     allow || !rule->product ? "-" : rule->product, kind ? kind : "-") < 0)
		return -ENOMEM;
	err = strings_add_temporary(strings, text, out_prefix);
	free(text);
	return err;
}

static int add_words(struct numbered *numbered, struct strings *strings, const struct rule *rule)
{
	const char *why = rule->unenforced_why ?: "not enforced yet";
	struct numbered_words words;
	int err = add_prefix(strings, rule, &words.prefix);

	err = err ?: strings_add(strings, rule->vendor ?: "", &words.vendor);
	err = err ?: strings_add(strings, rule->vendor_name ?: rule->vendor ?: "", &words.vendor_name);
	err = err ?: strings_add(strings, rule->product ?: "-", &words.product);
	err = err ?: strings_add(strings, rule->reason ?: "", &words.reason);
	err = err ?: strings_add(strings, rule->place.file ?: "", &words.file);
	err = err ?: strings_add(strings, rule_is_enforced(rule) ? "" : why, &words.why);
	if (!err && numbered->words_count == numbered->words_capacity) {
		size_t capacity = 2 * numbered->words_capacity + 64;
		void *more = reallocarray(numbered->words, capacity, sizeof(*numbered->words));

		if (!more)
			return -ENOMEM;
		numbered->words = more;
		numbered->words_capacity = capacity;
	}
	if (!err)
		numbered->words[numbered->words_count++] = words;
	return err;
}

static int fill_words(const struct rules *rules, struct numbered *numbered, struct strings *strings)
{
	struct words_cache *cache = calloc(WORDS_CACHE, sizeof(*cache));
	int err = cache ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < rules->count; i++) {
		const struct rule *rule = &rules->list[i];
		__u64 mixed = hash_word(
			(__u64)(uintptr_t)rule->product ^ (__u64)rule->matcher << 56,
			(__u64)(uintptr_t)rule->vendor ^ (__u64)(uintptr_t)rule->reason << 8);
		struct words_cache *slot = &cache[mixed >> 20 & (WORDS_CACHE - 1)];

		if (!slot->rule || !same_words(slot->rule, rule)) {
			err = add_words(numbered, strings, rule);
			*slot = (struct words_cache){rule, numbered->words_count - 1};
		}
		numbered->list[i].words = slot->words;
	}
	free(cache);
	return err;
}

/* ---------------------------------------------------------------- all of it */

/* What is about files, about connections and what has no number follow each other. */
static void count_classes(struct numbered *numbered)
{
	const struct numbered_rule *list = numbered->list;
	size_t all = numbered->count, files = 0, enforced;

	for (; files < all && key_class(list[files].key) < CLASS_DOMAIN; files++) {
		numbered->strict |= list[files].strict;
		numbered->contains |= list[files].action == ACTION_CONTAIN &&
				      rule_names_files(list[files].matcher);
	}
	numbered->domains = files < all && key_class(list[files].key) == CLASS_DOMAIN;
	for (enforced = files; enforced < all && key_class(list[enforced].key) < CLASS_UNENFORCED;)
		enforced++;
	numbered->files = files;
	numbered->count = enforced;
	numbered->unenforced = all - enforced;
}

int numbered_make(const struct rules *rules, struct strings *strings, struct diagnostics *diags,
		  struct numbered *out_list)
{
	struct numbered numbered = {.count = rules->count};
	int err;

	if (rules->count > RULES_MAX)
		return -E2BIG;
	if (sodium_init() < 0)
		return -EIO;
	numbered.list = malloc((rules->count + 1) * sizeof(*numbered.list));
	if (!numbered.list)
		return -ENOMEM;
	err = fill(rules, &numbered, diags);
	err = err ?: fill_words(rules, &numbered, strings);
	err = err ?: strings_rank(strings, NULL);
	err = err ?: numbered_sort(&numbered, strings);
	if (!err)
		merge_doubles(&numbered, diags);
	err = err ?: numbered_settle(&numbered);
	if (err) {
		numbered_done(&numbered);
		return err;
	}
	count_classes(&numbered);
	*out_list = numbered;
	return 0;
}

void numbered_done(struct numbered *numbered)
{
	free(numbered->list);
	free(numbered->words);
	memset(numbered, 0, sizeof(*numbered));
}

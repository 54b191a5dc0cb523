/* SPDX-License-Identifier: MIT */
/*
 * rule_order.c - which rule has which number. The order is by how specific a rule is and then by its id,
 * so it does not depend on the order of the documents. Among allow entries those that last longer come
 * first, however specific: the kernel keeps only the smallest number. Doubles (the same fact of the same
 * product, named twice) become one rule. Two facts whose ids collide by their digest stay two rules: both
 * are enforced.
 */
#include "numbered.h"
#include "paths.h"
#include "policy.h"
#include "sort.h"
#include "strings.h"

#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define RULES_MAX          0x40000000u
#define RULES_FOR_A_THREAD 50000 /* below, starting one costs more than it saves */

/* First in the key: classes in the order of their numbers. Paths come before networks. */
enum rule_class {
	CLASS_PATH,
	CLASS_PATH_ALLOW,
	CLASS_NETWORK,
	CLASS_NETWORK_ALLOW,
	CLASS_UNENFORCED,
};

enum path_class {
	PATH_EXACT,
	PATH_FIXED_DEPTH,
	PATH_ANY_DEPTH,
};

/* The beginning of an id, remembered for the rules that follow. */
struct prefix_cache {
	const char *vendor, *product;
	__u32 prefix;
	__u8 matcher;
	bool allow, valid;
};

#define PREFIX_CACHE 256

static __u64 path_key(const char *pattern)
{
	struct path_measure measure;
	enum path_class class;

	path_measure(pattern, &measure);
	class = measure.any_depth ? PATH_ANY_DEPTH : measure.wild ? PATH_FIXED_DEPTH : PATH_EXACT;
	return (__u64) class << 56 | (__u64)(127 - measure.components) << 48 |
	       (__u64)(0xffff - measure.literal_bytes) << 24 | measure.wildcards;
}

static __u64 network_key(const struct rule_network *network)
{
	__u64 ports = network->port_count ? 0 : 65536;

	for (unsigned i = 0; i < network->port_count && i < RULE_PORTS_MAX; i++)
		ports += network->port_last[i] - network->port_first[i] + 1;
	return (__u64)(128 - network->bits) << 48 | ports << 24 |
	       (__u64)(network->protocol == PROTOCOL_ANY) << 8;
}

static __u64 rule_key(const struct rule *rule)
{
	bool path = rule->matcher == MATCHER_PATH, allow = rule->action == ACTION_ALLOW;
	enum rule_class class = (path ? CLASS_PATH : CLASS_NETWORK) + allow;

	if (!rule_is_enforced(rule))
		return (__u64)CLASS_UNENFORCED << 60;
	return (__u64) class << 60 | (path ? path_key(rule->value) : network_key(&rule->network));
}

static enum rule_class key_class(const struct numbered_rule *rule)
{
	return rule->key >> 60;
}

/* Ascending: what lasts longest, for ever before all, is the smallest. */
static __u64 end_key(const struct rule *rule)
{
	return rule->until_s ? ~rule->until_s : 0;
}

static bool network_valid(const struct rule_network *network)
{
	bool valid = (network->family == 4 && network->bits <= 32) ||
		     (network->family == 6 && network->bits <= 128);

	valid = valid && network->port_count <= RULE_PORTS_MAX;
	for (unsigned i = 0; valid && i < network->port_count; i++)
		valid = network->port_first[i] <= network->port_last[i];
	return valid;
}

/* Return: 0; -EINVAL after a diagnostic. */
static int rule_check(const struct rule *rule, struct diagnostics *diags)
{
	const char *wrong = NULL;

	if (!rule_is_enforced(rule))
		return 0;
	if (rule->matcher == MATCHER_PATH)
		wrong = path_pattern_check(rule->value, NULL);
	else if (!network_valid(&rule->network))
		wrong = "not a network with ports that can be compiled";
	if (!wrong)
		return 0;
	diagnostics_add(diags, SEVERITY_ERROR, rule->place, "\"%s\": %s", rule->value, wrong);
	return -EINVAL;
}

static int rule_prefix(const struct rule *rule, struct prefix_cache *cache, struct strings *strings,
		       __u32 *out_prefix)
{
	bool allow = rule->action == ACTION_ALLOW;
	size_t slot = (((size_t)rule->product ^ (size_t)rule->vendor >> 4) * 31 + rule->matcher) %
		      PREFIX_CACHE;
	struct prefix_cache *cached = &cache[slot];
	const char *kind = matcher_word(rule->matcher);
	char *text;
	int err;

	if (cached->valid && cached->vendor == rule->vendor && cached->product == rule->product &&
	    cached->matcher == rule->matcher && cached->allow == allow) {
		*out_prefix = cached->prefix;
		return 0;
	}
	if (asprintf(&text, "%s/%s/%s/", allow ? "allow" : rule->vendor ?: "-",
		     allow || !rule->product ? "-" : rule->product, kind ? kind : "-") < 0)
		return -ENOMEM;
	err = strings_add_temporary(strings, text, out_prefix);
	free(text);
	if (!err)
		*cached = (struct prefix_cache){rule->vendor,  rule->product, *out_prefix,
						rule->matcher, allow,         true};
	return err;
}

static __u32 value_digest(const char *value, size_t bytes)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	__u32 first;

	crypto_hash_sha256(digest, (const unsigned char *)value, bytes);
	memcpy(&first, digest, sizeof(first));
	return be32toh(first);
}

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

/* A total order of rules with the same id: what decides which of two doubles is the one to name. */
static int compare_doubles(const void *a, const void *b)
{
	const struct numbered_rule *x = a, *y = b;
	const struct rule *m = x->rule, *n = y->rule;
	int order = compare_text(m->value, n->value);

	order = order ?: (end_key(m) > end_key(n)) - (end_key(m) < end_key(n));
	order = order ?: compare_text(m->place.file, n->place.file);
	order = order ?: (m->place.line > n->place.line) - (m->place.line < n->place.line);
	order = order ?: (m->place.column > n->place.column) - (m->place.column < n->place.column);
	order = order ?: compare_text(m->reason, n->reason);
	order = order ?: compare_text(m->vendor_name, n->vendor_name);
	order = order ?: compare_text(m->vendor, n->vendor);
	order = order ?: compare_text(m->product, n->product);
	order = order ?: compare_text(m->unenforced_why, n->unenforced_why);
	order = order ?: m->action - n->action;
	order = order ?: m->target - n->target;
	return order ?: m->target_held_by - n->target_held_by;
}

static bool same_network(const struct rule_network *a, const struct rule_network *b)
{
	return a->family == b->family && a->bits == b->bits && a->protocol == b->protocol &&
	       a->a == b->a && a->b == b->b && a->port_count == b->port_count &&
	       (!a->port_count ||
		(!memcmp(a->port_first, b->port_first, a->port_count * sizeof(*a->port_first)) &&
		 !memcmp(a->port_last, b->port_last, a->port_count * sizeof(*a->port_last))));
}

static bool is_double(const struct numbered_rule *a, const struct numbered_rule *b)
{
	return !compare_text(a->rule->value, b->rule->value) &&
	       (!rule_is_enforced(a->rule) || a->rule->matcher != MATCHER_NETWORK ||
		same_network(&a->rule->network, &b->rule->network));
}

/* @into comes first in the order of compare_doubles(): of two allow entries the one that lasts longer. */
static void merge_double(struct numbered_rule *into, const struct numbered_rule *other,
			 struct diagnostics *diags)
{
	bool differ = into->target != other->target || into->action != other->action;

	if (into->rule->until_s != other->rule->until_s)
		diagnostics_add(diags, SEVERITY_WARNING, other->rule->place,
				"\"%s\" is already allowed at %s:%u with a later end; that one applies",
				other->rule->value, into->rule->place.file ?: "",
				into->rule->place.line);
	if (differ) {
		diagnostics_add(diags, SEVERITY_WARNING, other->rule->place,
				"\"%s\" is already named at %s:%u with another mode or action; "
				"the stricter of the two applies",
				other->rule->value, into->rule->place.file ?: "",
				into->rule->place.line);
	}
	if (other->target > into->target ||
	    (other->target == into->target && other->target_held_by < into->target_held_by)) {
		into->target = other->target;
		into->target_held_by = other->target_held_by;
	}
	if (other->action < into->action)
		into->action = other->action; /* ACTION_DENY is the stricter of the two */
}

/*
 * @items are sorted by specificity and id; runs with the same id are made one where they are doubles.
 * Returns how many rules are left in @list, in the same order.
 */
static size_t merge_doubles(struct numbered_rule *list, size_t count, struct diagnostics *diags)
{
	size_t kept = 0;

	for (size_t i = 0, n; i < count; i += n) {
		size_t first = kept;

		for (n = 1; i + n < count && list[i + n].prefix == list[i].prefix &&
			    list[i + n].digest == list[i].digest;)
			n++;
		if (n > 1)
			qsort(list + i, n, sizeof(*list), compare_doubles);
		for (size_t j = i; j < i + n; j++) {
			if (kept > first && is_double(&list[kept - 1], &list[j]))
				merge_double(&list[kept - 1], &list[j], diags);
			else
				list[kept++] = list[j];
		}
	}
	return kept;
}

/* Sorts by specificity and id. */
static int numbered_sort(struct numbered_rule **list, size_t count, const struct strings *strings)
{
	struct sort_item *items = calloc(count + 1, sizeof(*items));
	struct numbered_rule *sorted = calloc(count + 1, sizeof(*sorted));

	if (!items || !sorted) {
		free(items);
		free(sorted);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		const struct numbered_rule *rule = &(*list)[i];

		items[i].word[0] = rule->key;
		items[i].word[1] = (__u64)strings->list[rule->prefix].rank << 32 | rule->digest;
		items[i].index = i;
	}
	sort_items(items, count);
	for (size_t i = 0; i < count; i++)
		sorted[i] = (*list)[items[i].index];
	free(items);
	free(*list);
	*list = sorted;
	return 0;
}

/* Among equally specific rules those that enforce come first; the order of ids stays within both. */
static int numbered_targets(struct numbered_rule *list, size_t count)
{
	struct numbered_rule *audit = calloc(count + 1, sizeof(*audit));

	if (!audit)
		return -ENOMEM;
	for (size_t i = 0, end; i < count; i = end) {
		size_t kept = i, held = 0;

		for (end = i; end < count && list[end].key == list[i].key; end++) {
			if (list[end].target != MODE_ENFORCE)
				audit[held++] = list[end];
			else
				list[kept++] = list[end];
		}
		memcpy(list + kept, audit, held * sizeof(*audit));
	}
	free(audit);
	return 0;
}

/* The allow entries of a class by their end; equal ones stay in their order. */
static int numbered_ends(struct numbered_rule *list, size_t count, enum rule_class class)
{
	struct numbered_rule *sorted;
	struct sort_item *items;
	size_t first = 0, end;
	bool ends = false;
	int err = -ENOMEM;

	while (first < count && key_class(&list[first]) < class)
		first++;
	for (end = first; end < count && key_class(&list[end]) == class; end++)
		ends |= list[end].rule->until_s != 0;
	if (!ends)
		return 0;
	list += first;
	count = end - first;
	items = calloc(count, sizeof(*items));
	sorted = calloc(count, sizeof(*sorted));
	if (items && sorted) {
		for (size_t i = 0; i < count; i++)
			items[i] = (struct sort_item){{end_key(list[i].rule), i}, i, 0};
		sort_items(items, count);
		for (size_t i = 0; i < count; i++)
			sorted[i] = list[items[i].index];
		memcpy(list, sorted, count * sizeof(*list));
		err = 0;
	}
	free(items);
	free(sorted);
	return err;
}

static int numbered_fill(const struct rules *rules, struct strings *strings,
			 struct diagnostics *diags, struct numbered_rule *list)
{
	struct prefix_cache *cache = calloc(PREFIX_CACHE, sizeof(*cache));
	bool refused = false;
	int err = 0;

	if (!cache)
		return -ENOMEM;
	for (size_t i = 0; !err && i < rules->count; i++) {
		const struct rule *rule = &rules->list[i];

		refused |= rule_check(rule, diags) != 0;
		if (refused)
			continue; /* only what else is wrong is of interest */
		list[i] = (struct numbered_rule){.rule = rule,
						 .value = rule->value,
						 .key = rule_key(rule),
						 .value_bytes = strlen(rule->value),
						 .target = rule->target,
						 .target_held_by = rule->target_held_by,
						 .action = rule->action,
						 .matcher = rule->matcher,
						 .family = rule->network.family,
						 .bits = rule->network.bits};
		err = rule_prefix(rule, cache, strings, &list[i].prefix);
	}
	free(cache);
	return err ?: refused ? -EINVAL : 0;
}

/* A part of the list whose digests are made in one thread. */
struct digest_part {
	struct numbered_rule *list;
	size_t count;
};

static void *digest_rules(void *data)
{
	const struct digest_part *part = data;

	for (size_t i = 0; i < part->count; i++)
		part->list[i].digest = value_digest(part->list[i].value, part->list[i].value_bytes);
	return NULL;
}

/* A quarter of a second for a million rules, so large lists are shared with a second processor. */
static void numbered_digests(struct numbered_rule *list, size_t count)
{
	size_t half = count > RULES_FOR_A_THREAD ? count / 2 : 0;
	struct digest_part first = {list, half}, second = {list + half, count - half};
	pthread_t thread;
	bool beside = half && !pthread_create(&thread, NULL, digest_rules, &first);

	digest_rules(&second);
	if (beside)
		(void)pthread_join(thread, NULL); /* cannot fail: ours, and joined once */
	else
		digest_rules(&first);
}

int numbered_make(const struct rules *rules, struct strings *strings, struct diagnostics *diags,
		  struct numbered *out_list)
{
	struct numbered_rule *list;
	size_t count = rules->count, enforced = 0, paths = 0;
	int err;

	if (count > RULES_MAX)
		return -E2BIG;
	if (sodium_init() < 0)
		return -EIO;
	list = calloc(count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	err = numbered_fill(rules, strings, diags, list);
	if (!err) {
		numbered_digests(list, count);
		err = strings_rank(strings, NULL);
	}
	if (!err)
		err = numbered_sort(&list, count, strings);
	if (!err) {
		count = merge_doubles(list, count, diags);
		err = numbered_targets(list, count);
		err = err ?: numbered_ends(list, count, CLASS_PATH_ALLOW);
		err = err ?: numbered_ends(list, count, CLASS_NETWORK_ALLOW);
	}
	if (err) {
		free(list);
		return err;
	}
	while (paths < count && key_class(&list[paths]) < CLASS_NETWORK)
		paths++;
	for (enforced = paths; enforced < count && key_class(&list[enforced]) < CLASS_UNENFORCED;)
		enforced++;
	*out_list = (struct numbered){list, enforced, paths, count - enforced};
	return 0;
}

void numbered_done(struct numbered *numbered)
{
	free(numbered->list);
	memset(numbered, 0, sizeof(*numbered));
}

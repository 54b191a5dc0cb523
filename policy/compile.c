/* SPDX-License-Identifier: MIT */
/*
 * compile.c - from the flat list of rules to a generation: number the rules, let paths.c and networks.c
 * make their entries, add one entry for each rule, and lay out the strings that turn a rule number
 * back into words. Strings come last, when the working memory of the others is free again.
 */
#include "entries.h"
#include "networks.h"
#include "numbered.h"
#include "paths.h"
#include "policy.h"
#include "store.h"
#include "strings.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_DIGITS        8
#define ENTRIES_FOR_A_THREAD 100000 /* below, starting one costs more than it saves */

struct compilation {
	struct numbered numbered;
	struct strings strings;
	struct entries entries;
	struct gen_header header;
};

/* Which shared strings a rule has, in the order in which they are laid out. */
enum shared {
	SHARED_VENDOR,
	SHARED_VENDOR_NAME,
	SHARED_PRODUCT,
	SHARED_REASON,
	SHARED_FILE,
	SHARED_WHY,
	SHARED_COUNT,
};

static int shared_strings(struct strings *strings, const struct rule *rule, __u32 *out_strings)
{
	const char *texts[SHARED_COUNT] = {
		[SHARED_VENDOR] = rule->vendor ?: "",
		[SHARED_VENDOR_NAME] = rule->vendor_name ?: rule->vendor ?: "",
		[SHARED_PRODUCT] = rule->product ?: "-",
		[SHARED_REASON] = rule->reason ?: "",
		[SHARED_FILE] = rule->place.file ?: "",
		[SHARED_WHY] = rule_is_enforced(rule) ? "" : rule->unenforced_why ?: "not enforced yet",
	};
	int err = 0;

	for (unsigned i = 0; !err && i < SHARED_COUNT; i++)
		err = strings_add(strings, texts[i], &out_strings[i]);
	return err;
}

static int compile_header(struct compilation *compilation)
{
	struct gen_key key = {.kind = GEN_HEADER};
	union gen_value value = {0};

	return entries_add(&compilation->entries, &key, &value);
}

/* Only exceptions end. */
static __u64 rule_end(const struct numbered_rule *rule)
{
	return rule->action == ACTION_ALLOW ? rule->rule->until_s : 0;
}

static int compile_rules(struct compilation *compilation)
{
	const struct numbered *numbered = &compilation->numbered;
	struct strings *strings = &compilation->strings;
	size_t start = compilation->entries.count;
	__u32 *order, vendor;
	int err = entries_order(numbered->count, &order);

	for (size_t i = 0; !err && i < numbered->count; i++) {
		const struct numbered_rule *rule = &numbered->list[order[i] - 1];
		struct gen_key key = {.kind = GEN_RULE, .node = order[i]};
		union gen_value value = {.rule = {.action = rule->action,
						  .target = rule->target,
						  .target_held_by = rule->target_held_by,
						  .matcher = rule->matcher,
						  .until_s = rule_end(rule)}};

		if (rule->action != ACTION_ALLOW) {
			err = strings_add(strings, rule->rule->vendor ?: "", &vendor);
			if (err)
				break;
			value.rule.vendor = strings->list[vendor].hash;
		}
		err = entries_add(&compilation->entries, &key, &value);
	}
	free(order);
	return err ?: entries_sort(&compilation->entries, start);
}

static __u32 scope_flags(const struct rule_scope *scope)
{
	return scope->flags | (scope->only_cgroup_count ? SCOPE_ONLY_CGROUPS : 0);
}

static bool has_scope(const struct rule_scope *scope)
{
	return scope_flags(scope) || scope->exclude_cgroup_count;
}

static bool has_requires(const struct generation_requires *requires)
{
	return requires->package || requires->unit || requires->exec_prevent;
}

/* The front has checked them and knows the place; this is what keeps the compiler safe. */
static int check_scope(const struct rule_scope *scope, struct diagnostics *diags)
{
	int err = scope->flags & ~SCOPE_FLAGS_ALL ? -EINVAL : 0;

	if (err)
		diagnostics_add(diags, SEVERITY_ERROR, (struct place){0},
				"a scope with flags that are not known: %#x", scope->flags);
	for (unsigned list = 0; list < SCOPE_LIST_MAX; list++) {
		size_t count;
		const char *const *patterns = scope_patterns(scope, list, &count);

		for (size_t i = 0; i < count; i++) {
			const char *wrong = path_pattern_check(patterns[i], NULL);

			/* nobody should get out of a policy by the name of a cgroup of his own */
			if (!wrong && strstr(patterns[i], "**"))
				wrong = "'**' is not for cgroups";
			if (!wrong)
				continue;
			diagnostics_add(diags, SEVERITY_ERROR, (struct place){0},
					"the cgroup \"%s\" of \"scope\": %s", patterns[i], wrong);
			err = -EINVAL;
		}
	}
	return err;
}

/* @roots: of the trees, by enum trie_tree. */
static int compile_scope(struct compilation *compilation, const struct rule_scope *scope,
			 const __u32 *roots)
{
	struct entries *entries = &compilation->entries;
	union gen_value value = {.scope.flags = scope_flags(scope)};
	struct gen_key key = {.kind = GEN_SCOPE};
	size_t start;
	int err;

	if (!has_scope(scope))
		return 0;
	memcpy(value.scope.root, roots + TREE_SCOPE, sizeof(value.scope.root));
	err = entries_add(entries, &key, &value);
	start = entries->count;
	for (size_t i = 0; !err && scope->flags & SCOPE_ONLY_USERS && i < scope->user_count; i++)
		err = entries_add(entries,
				  &(struct gen_key){.kind = GEN_USER, .node = scope->users[i]},
				  &(union gen_value){0});
	err = err ?: entries_sort(entries, start);
	if (!err)
		entries_unique(entries, start);
	return err;
}

static __u32 header_flags(const struct rules *rules)
{
	return (has_scope(&rules->scope) ? GEN_FLAG_SCOPE : 0) |
	       (has_requires(&rules->requires) ? GEN_FLAG_REQUIRES : 0);
}

static int compile_entries(struct compilation *compilation, const struct rules *rules,
			   struct diagnostics *diags)
{
	struct gen_header *header = &compilation->header;
	struct entries *entries = &compilation->entries;
	struct networks *networks = NULL;
	__u32 roots[TREE_MAX] = {0};
	int err = check_scope(&rules->scope, diags), refused;

	if (err)
		return err;
	err = compile_header(compilation);
	/* the limits of both are reported, not those of the first only */
	if (!err)
		err = networks_prepare(&compilation->numbered, diags, entries, header, &networks);
	if (!err || err == -EINVAL) {
		refused = paths_compile(&compilation->numbered, &rules->scope, diags, entries, roots);
		err = err ?: refused;
	}
	if (!err)
		err = networks_emit(networks, entries);
	networks_free(networks);
	err = err ?: compile_rules(compilation);
	err = err ?: compile_scope(compilation, &rules->scope, roots);
	if (err)
		return err;
	header->rules = compilation->numbered.count;
	header->root = roots[TREE_FILES];
	header->revision = rules->revision;
	header->flags = header_flags(rules);
	return 0;
}

/* Every string that some rule has. In the order of the list, where neighbours have the same ones. */
static int pool_collect(struct strings *strings, const struct rules *rules)
{
	const struct rule *last = NULL;
	__u32 shared[SHARED_COUNT];
	int err = strings_add(strings, rules->policy ?: "", shared);

	if (!err && rules->requires.package)
		err = strings_add(strings, rules->requires.package, shared);
	if (!err && rules->requires.unit)
		err = strings_add(strings, rules->requires.unit, shared);
	for (size_t i = 0; !err && i < rules->count; i++) {
		const struct rule *rule = &rules->list[i];

		if (last && rule->vendor == last->vendor && rule->product == last->product &&
		    rule->vendor_name == last->vendor_name && rule->reason == last->reason &&
		    rule->place.file == last->place.file &&
		    rule->unenforced_why == last->unenforced_why)
			continue;
		err = shared_strings(strings, rule, shared);
		last = rule;
	}
	return err;
}

/*
 * Bytes of all strings. Shared ones come behind those of the rules, in their bytewise order: where they
 * were met first depends on the order of the list, and the file must not.
 */
static int pool_measure(struct compilation *compilation, const struct rules *rules,
			size_t *out_bytes)
{
	const struct numbered *numbered = &compilation->numbered;
	struct strings *strings = &compilation->strings;
	int err = pool_collect(strings, rules);
	__u32 *by_rank = NULL;
	size_t bytes = 0;

	err = err ?: strings_rank(strings, &by_rank);
	for (size_t i = 0; !err && i < numbered->count + numbered->unenforced; i++) {
		const struct numbered_rule *rule = &numbered->list[i];

		bytes += strings->list[rule->prefix].bytes + DIGEST_DIGITS + 1;
		bytes += rule->value_bytes + 1;
	}
	for (size_t i = 0; !err && i < strings->count; i++) {
		strings->list[by_rank[i]].offset = bytes;
		bytes += strings->list[by_rank[i]].bytes + 1;
		if (bytes > UINT32_MAX)
			err = -E2BIG;
	}
	free(by_rank);
	*out_bytes = bytes;
	return err;
}

/* The id and the value of a rule, at the place where the pool is filled. */
static char *pool_rule(const struct strings *strings, const struct numbered_rule *rule, char *at,
		       const char **out_id, const char **out_value)
{
	static const char digits[] = "0123456789abcdef";
	const struct string *prefix = &strings->list[rule->prefix];

	*out_id = at;
	at = mempcpy(at, prefix->text, prefix->bytes);
	for (int shift = 28; shift >= 0; shift -= 4)
		*at++ = digits[rule->digest >> shift & 0xf];
	*at++ = '\0';
	*out_value = at;
	return mempcpy(at, rule->value, rule->value_bytes + 1);
}

/* What a rule is in words, @to; its strings go to *@at, which moves on. */
static int store_rule(struct compilation *compilation, const struct generation_store *store,
		      const struct numbered_rule *from, struct generation_rule *to, char **at)
{
	__u32 s[SHARED_COUNT];
	int err = shared_strings(&compilation->strings, from->rule, s);

	if (err)
		return err;
#define SHARED(which) (store->pool + compilation->strings.list[s[which]].offset)
	*at = pool_rule(&compilation->strings, from, *at, &to->id, &to->value);
	to->vendor = SHARED(SHARED_VENDOR);
	to->vendor_name = SHARED(SHARED_VENDOR_NAME);
	to->product = SHARED(SHARED_PRODUCT);
	to->reason = SHARED(SHARED_REASON);
	to->why = SHARED(SHARED_WHY);
	to->file = SHARED(SHARED_FILE);
#undef SHARED
	to->line = from->rule->place.line;
	to->until_s = rule_end(from);
	to->matcher = from->rule->matcher;
	to->action = from->action;
	to->target = from->target;
	to->target_held_by = from->target_held_by;
	to->confidence = from->rule->confidence;
	return 0;
}

static int store_rules(struct compilation *compilation, struct generation_store *store)
{
	const struct numbered *numbered = &compilation->numbered;
	char *at = store->pool;
	int err = 0;

	for (size_t i = 0; !err && i < numbered->count; i++) {
		if (i + 8 < numbered->count)
			__builtin_prefetch(numbered->list[i + 8].rule);
		err = store_rule(compilation, store, &numbered->list[i], &store->rules[i], &at);
	}
	for (size_t i = 0; !err && i < numbered->unenforced; i++)
		err = store_rule(compilation, store, &numbered->list[numbered->count + i],
				 &store->unenforced[i], &at);
	return err;
}

/* A text of the policy as a whole, which pool_collect() has put there; NULL stays NULL. */
static int store_text(struct compilation *compilation, const struct generation_store *store,
		      const char *text, const char **out)
{
	__u32 string;
	int err;

	*out = NULL;
	if (!text)
		return 0;
	err = strings_add(&compilation->strings, text, &string);
	if (!err)
		*out = store->pool + compilation->strings.list[string].offset;
	return err;
}

static int store_strings(struct compilation *compilation, const struct rules *rules,
			 struct generation_store *store)
{
	const struct numbered *numbered = &compilation->numbered;
	struct generation *generation = &store->generation;
	int err = pool_measure(compilation, rules, &store->pool_bytes);

	if (err)
		return err;
	store->pool = malloc(store->pool_bytes);
	store->rules = calloc(numbered->count + 1, sizeof(*store->rules));
	store->unenforced = calloc(numbered->unenforced + 1, sizeof(*store->unenforced));
	if (!store->pool || !store->rules || !store->unenforced)
		return -ENOMEM;
	for (size_t i = 0; i < compilation->strings.count; i++) {
		const struct string *string = &compilation->strings.list[i];

		memcpy(store->pool + string->offset, string->text, string->bytes + 1);
	}
	err = store_text(compilation, store, rules->policy ?: "", &generation->policy);
	return err ?: store_rules(compilation, store);
}

/* Gives back what growing left over; the entries stay for as long as the policy is active. */
static void store_take_entries(struct generation_store *store, struct entries *entries)
{
	void *keys = reallocarray(entries->keys, entries->count, sizeof(*entries->keys));
	void *values = reallocarray(entries->values, entries->count, sizeof(*entries->values));

	store->keys = keys ?: entries->keys;
	store->values = values ?: entries->values;
	store->generation.entry_count = entries->count;
	memset(entries, 0, sizeof(*entries));
}

/*
 * The number of a generation is a checksum of all its entries, half a second for a million rules. It is
 * made beside the layout of the strings, which does not touch the entries.
 */
static void *number_entries(void *data)
{
	struct generation_store *store = data;

	store->generation.number = generation_number(store->keys, store->values,
						     store->generation.entry_count,
						     &store->generation.requires);
	return NULL;
}

static int store_requires(struct compilation *compilation, const struct rules *rules,
			  struct generation_store *store)
{
	struct generation_requires *requires = &store->generation.requires;
	int err = store_text(compilation, store, rules->requires.package, &requires->package);

	return err ?: store_text(compilation, store, rules->requires.unit, &requires->unit);
}

/* Strings and number of a generation whose entries are complete. */
static int store_finish(struct compilation *compilation, const struct rules *rules,
			struct generation_store *store)
{
	pthread_t thread;
	bool beside = compilation->entries.count > ENTRIES_FOR_A_THREAD;
	int err;

	store_take_entries(store, &compilation->entries);
	store->values[0].header = compilation->header;
	store->generation.requires = rules->requires; /* the strings are borrowed until they are laid out */
	beside = beside && !pthread_create(&thread, NULL, number_entries, store);
	err = store_strings(compilation, rules, store);
	if (beside)
		(void)pthread_join(thread, NULL); /* cannot fail: ours, and joined once */
	else
		number_entries(store);
	if (!err)
		err = store_requires(compilation, rules, store);
	store->values[0].header.generation = store->generation.number;
	return err;
}

int rules_compile(const struct rules *rules, struct diagnostics *diags, struct generation **out_gen)
{
	struct compilation *compilation = calloc(1, sizeof(*compilation));
	struct generation_store *store = calloc(1, sizeof(*store));
	int err = -ENOMEM;

	if (!compilation || !store)
		goto out;
	err = numbered_make(rules, &compilation->strings, diags, &compilation->numbered);
	if (!err)
		err = compile_entries(compilation, rules, diags);
	if (err)
		goto out;
	err = store_finish(compilation, rules, store);
	if (err)
		goto out;
	store->generation.revision = rules->revision;
	store->generation.mode = rules->mode;
	store->generation.rule_count = compilation->numbered.count;
	store->generation.unenforced_count = compilation->numbered.unenforced;
	generation_store_publish(store);
	*out_gen = &store->generation;
	store = NULL;
out:
	if (err == -E2BIG) {
		diagnostics_add(diags, SEVERITY_ERROR, (struct place){rules->policy, 0, 0},
				"more rules, or longer ones, than a generation can hold");
		err = -EINVAL;
	}
	if (store)
		generation_free(&store->generation);
	if (compilation) {
		numbered_done(&compilation->numbered);
		strings_done(&compilation->strings);
		entries_done(&compilation->entries);
		free(compilation);
	}
	return err;
}

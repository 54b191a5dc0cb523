/* SPDX-License-Identifier: MIT */
/*
 * compile.c - from the flat list of rules to a generation: number the rules, let paths.c and networks.c
 * make their entries, rule_entries.c those of the rules, and lay out the strings that turn a rule number
 * back into words. Strings come last, when the working memory of the others is free again.
 */
#include "beside.h"
#include "digest.h"
#include "entries.h"
#include "networks.h"
#include "numbered.h"
#include "paths.h"
#include "policy.h"
#include "rule_entries.h"
#include "store.h"
#include "strings.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define AHEAD      16 /* rules that are fetched while others are worked on */
#define NAME_FLAGS (GEN_FLAG_REFUSE_NO_NAME | GEN_FLAG_REFUSE_QUIC)

struct compilation {
	const struct rules *rules; /* borrowed */
	struct numbered numbered;
	struct strings strings;
	struct entries entries;
	struct gen_header header;
};

static int compile_header(struct compilation *compilation)
{
	struct gen_key key = {.kind = GEN_HEADER};
	union gen_value value = {0};

	return entries_add(&compilation->entries, &key, &value);
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

/* @roots: of the trees, by enum trie_tree. */
static int compile_roots(struct compilation *compilation, const __u32 *roots)
{
	struct gen_key key = {.kind = GEN_ROOTS};
	union gen_value value = {.roots = {.modules = roots[TREE_MODULES],
					   .interpreters = roots[TREE_INTERPRETERS],
					   .domains = roots[TREE_DOMAINS]}};

	if (!value.roots.modules && !value.roots.interpreters && !value.roots.domains)
		return 0;
	return entries_add(&compilation->entries, &key, &value);
}

/* What is said about names says nothing where no rule names one. */
static __u32 header_flags(const struct compilation *compilation)
{
	const struct numbered *numbered = &compilation->numbered;
	const struct rules *rules = compilation->rules;

	return (has_scope(&rules->scope) ? GEN_FLAG_SCOPE : 0) |
	       (has_requires(&rules->requires) ? GEN_FLAG_REQUIRES : 0) |
	       (numbered->strict ? GEN_FLAG_STRICT : 0) |
	       (numbered->contains ? GEN_FLAG_CONTAIN : 0) |
	       (numbered->domains ? GEN_FLAG_NAMES | (rules->flags & NAME_FLAGS) : 0);
}

/* Of the networks: they need nothing of the paths and are made beside them. */
struct network_entries {
	struct compilation *compilation; /* only the counts of lengths in its header are written */
	struct entries entries;
	struct diagnostics diags;
	int err;
};

static void compile_networks(void *data)
{
	struct network_entries *nets = data;
	const struct numbered *numbered = &nets->compilation->numbered;
	struct networks *networks = NULL;

	nets->err = networks_prepare(numbered, nets->compilation->rules, &nets->diags,
				     &nets->entries, &nets->compilation->header, &networks);
	nets->err = nets->err ?: networks_emit(networks, &nets->entries);
	networks_free(networks);
}

static void move_diagnostics(struct diagnostics *from, struct diagnostics *to)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct diagnostic *one = &from->list[i];

		diagnostics_add(to, one->severity,
				(struct place){one->file, one->line, one->column}, "%s",
				one->message);
	}
	diagnostics_done(from);
}

static int compile_entries(struct compilation *compilation, struct diagnostics *diags)
{
	const struct rules *rules = compilation->rules;
	const struct numbered *numbered = &compilation->numbered;
	struct gen_header *header = &compilation->header;
	struct entries *entries = &compilation->entries;
	struct network_entries nets = {.compilation = compilation};
	__u32 roots[TREE_MAX] = {0};
	struct paths *paths = NULL;
	struct beside beside;
	int err = check_scope(&rules->scope, diags) ?: compile_header(compilation);

	if (err)
		return err;
	beside_start(&beside, compile_networks, &nets, numbered->count - numbered->files);
	err = paths_begin(numbered, &rules->scope, diags, &paths);
	beside_join(&beside); /* about as long; what it needed is free before the paths need most */
	if (!err)
		err = paths_emit(paths, diags, entries, roots);
	paths_free(paths);
	/* the limits of both are reported, not those of the first only */
	move_diagnostics(&nets.diags, diags);
	err = err ?: nets.err;
	err = err ?: entries_join(entries, &nets.entries);
	err = err ?: rule_entries_emit(numbered, &compilation->strings, entries);
	err = err ?: compile_scope(compilation, &rules->scope, roots);
	err = err ?: compile_roots(compilation, roots);
	err = err ?: digests_emit(numbered, diags, entries);
	err = err ?: contain_entries_emit(numbered, entries);
	entries_done(&nets.entries);
	if (err)
		return err;
	header->rules = numbered->count;
	header->root = roots[TREE_FILES];
	header->revision = rules->revision;
	header->flags = header_flags(compilation);
	return 0;
}

/* The words of the policy as a whole. */
static int pool_collect(struct compilation *compilation)
{
	const struct rules *rules = compilation->rules;
	const char *const texts[] = {rules->policy ?: "", rules->requires.package,
				     rules->requires.unit};
	__u32 string;
	int err = 0;

	for (unsigned i = 0; !err && i < sizeof(texts) / sizeof(*texts); i++)
		if (texts[i])
			err = strings_add(&compilation->strings, texts[i], &string);
	return err;
}

/* Of its id and its value, in the pool. */
static size_t rule_bytes(const struct compilation *compilation, const struct numbered_rule *rule)
{
	const struct numbered_words *words = &compilation->numbered.words[rule->words];

	return compilation->strings.list[words->prefix].bytes + RULE_DIGITS + 1 +
	       rule->value_bytes + 1;
}

/*
 * Bytes of all strings. Shared ones come behind those of the rules, in their bytewise order: where they
 * were met first depends on the order of the list, and the file must not.
 */
static int pool_measure(struct compilation *compilation, size_t *out_bytes)
{
	const struct numbered *numbered = &compilation->numbered;
	struct strings *strings = &compilation->strings;
	int err = pool_collect(compilation);
	__u32 *by_rank = NULL;
	size_t bytes = 0;

	err = err ?: strings_rank(strings, &by_rank);
	for (size_t i = 0; !err && i < numbered->count + numbered->unenforced; i++)
		bytes += rule_bytes(compilation, &numbered->list[i]);
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
static void pool_rule(const struct strings *strings, const struct numbered_rule *rule, __u32 prefix,
		      char *at, const char **out_id, const char **out_value)
{
	*out_id = at;
	at = mempcpy(at, strings->list[prefix].text, strings->list[prefix].bytes);
	at = rule_digits(rule->digest, at);
	*at++ = '\0';
	*out_value = at;
	memcpy(at, rule->value, rule->value_bytes + 1);
}

/* What a rule is in words. Its own strings go to where @at points to the end of, and @at to their beginning. */
static struct generation_rule store_rule(const struct compilation *compilation,
					 const struct generation_store *store,
					 const struct numbered_rule *from, char **at)
{
	const struct numbered_words *words = &compilation->numbered.words[from->words];
	const struct string *strings = compilation->strings.list;
	struct generation_rule to = {
		.vendor = store->pool + strings[words->vendor].offset,
		.vendor_name = store->pool + strings[words->vendor_name].offset,
		.product = store->pool + strings[words->product].offset,
		.reason = store->pool + strings[words->reason].offset,
		.why = store->pool + strings[words->why].offset,
		.file = store->pool + strings[words->file].offset,
		.line = from->line,
		.until_s = rule_end(from),
		.matcher = from->matcher,
		.action = from->action,
		.target = from->target,
		.target_held_by = from->target_held_by,
		.confidence = from->confidence,
		.strict = from->strict,
	};

	*at -= rule_bytes(compilation, from);
	pool_rule(&compilation->strings, from, words->prefix, *at, &to.id, &to.value);
	return to;
}

/*
 * The numbered rules become those of the generation, in the same memory, which is a tenth of all at a million
 * rules: from the last to the first, because what is written is larger than what it takes the place of.
 */
static int store_rules(struct compilation *compilation, struct generation_store *store, char *at)
{
	struct numbered *numbered = &compilation->numbered;
	size_t count = numbered->count;
	struct numbered_rule from;
	struct generation_rule to;
	char *memory;

	_Static_assert(sizeof(to) >= sizeof(from), "not written over before it is read");
	for (size_t i = numbered->unenforced; i-- > 0;)
		store->unenforced[i] =
			store_rule(compilation, store, &numbered->list[count + i], &at);
	memory = reallocarray(numbered->list, count + 1, sizeof(to));
	if (!memory)
		return -ENOMEM;
	numbered->list = NULL;
	for (size_t i = count; i-- > 0;) {
		memcpy(&from, memory + i * sizeof(from), sizeof(from));
		if (i >= AHEAD) {
			const struct numbered_rule *ahead =
				(const void *)(memory + (i - AHEAD) * sizeof(from));

			__builtin_prefetch(ahead->value);
		}
		to = store_rule(compilation, store, &from, &at);
		memcpy(memory + i * sizeof(to), &to, sizeof(to));
	}
	store->rules = (struct generation_rule *)memory;
	return 0;
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

static int store_strings(struct compilation *compilation, struct generation_store *store)
{
	const struct numbered *numbered = &compilation->numbered;
	struct generation *generation = &store->generation;
	size_t shared = 0;
	int err = pool_measure(compilation, &store->pool_bytes);

	if (err)
		return err;
	store->pool = malloc(store->pool_bytes);
	store->unenforced = calloc(numbered->unenforced + 1, sizeof(*store->unenforced));
	if (!store->pool || !store->unenforced)
		return -ENOMEM;
	for (size_t i = 0; i < compilation->strings.count; i++) {
		const struct string *string = &compilation->strings.list[i];

		memcpy(store->pool + string->offset, string->text, string->bytes + 1);
		shared += string->bytes + 1;
	}
	generation->rule_count = numbered->count;
	generation->unenforced_count = numbered->unenforced;
	err = store_text(compilation, store, compilation->rules->policy ?: "", &generation->policy);
	return err ?: store_rules(compilation, store, store->pool + store->pool_bytes - shared);
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

/* Of all its entries: beside the layout of the strings, which does not touch them. */
static void number_entries(void *data)
{
	struct generation_store *store = data;

	store->generation.number =
		generation_number(store->keys, store->values, store->generation.entry_count,
				  &store->generation.requires);
}

static int store_requires(struct compilation *compilation, struct generation_store *store)
{
	const struct generation_requires *from = &compilation->rules->requires;
	struct generation_requires *requires = &store->generation.requires;
	int err = store_text(compilation, store, from->package, &requires->package);

	return err ?: store_text(compilation, store, from->unit, &requires->unit);
}

/* Strings and number of a generation whose entries are complete. */
static int store_finish(struct compilation *compilation, struct generation_store *store)
{
	struct beside beside;
	int err;

	store_take_entries(store, &compilation->entries);
	store->values[0].header = compilation->header;
	/* the strings are borrowed until they are laid out */
	store->generation.requires = compilation->rules->requires;
	beside_start(&beside, number_entries, store, store->generation.entry_count);
	err = store_strings(compilation, store);
	beside_join(&beside);
	err = err ?: store_requires(compilation, store);
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
	compilation->rules = rules;
	err = numbered_make(rules, &compilation->strings, diags, &compilation->numbered);
	err = err ?: compile_entries(compilation, diags);
	err = err ?: store_finish(compilation, store);
	if (err)
		goto out;
	store->generation.revision = rules->revision;
	store->generation.mode = rules->mode;
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

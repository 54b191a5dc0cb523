/* SPDX-License-Identifier: MIT */
/*
 * lint.c - rules that would hurt a host. Every rule of a policy is held against what must not be hit; what
 * must not be hit is sorted, so that a rule is compared with the few that its beginning or end allows.
 */
#include "lint.h"
#include "match.h"
#include "pattern.h"
#include "protected.h"
#include "risk.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct target {
	const char *path;
	const char *shown; /* as the message names it: a twin's is the file's own */
	const char *what;
	bool directory;
};

struct targets {
	struct target *by_path; /* owned; sorted by path */
	struct target *by_leaf; /* owned; sorted by the last component */
	size_t count, capacity;
	struct arena arena; /* of the twins' paths */
};

struct lint {
	const struct policy *policy;
	struct diagnostics *diags;
	struct targets targets;
	const struct protected_network *networks;
	size_t network_count;
	const struct protected_name *names;
	size_t name_count;
	bool host;    /* of this host, not of every host */
	size_t found; /* rules that hit something and are not accepted */
};

/* ---------------------------------------------------------------- what must not be hit */

static const char *leaf_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* A file under its own name comes before others that have the same name as a twin. */
static int compare_paths(const void *a, const void *b)
{
	const struct target *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	return order ? order : (x->path != x->shown) - (y->path != y->shown);
}

static int compare_leaves(const void *a, const void *b)
{
	const struct target *x = a, *y = b;
	int order = strcmp(leaf_of(x->path), leaf_of(y->path));

	return order ? order : compare_paths(a, b);
}

static int targets_add(struct targets *targets, struct target target)
{
	if (targets->count == targets->capacity) {
		size_t capacity = targets->capacity ? 2 * targets->capacity : 1024;
		struct target *list = reallocarray(targets->by_path, capacity, sizeof(*list));

		if (!list)
			return -ENOMEM;
		targets->by_path = list;
		targets->capacity = capacity;
	}
	targets->by_path[targets->count++] = target;
	return 0;
}

/*
 * A rule with the old name of a directory matches a file in the new one as well (path_twin()), so the file
 * is known by its old names too. Twins of twins come by themselves: they are added behind.
 */
static int targets_add_twins(struct targets *targets, size_t first)
{
	const char *from, *to;
	int err = 0;

	for (size_t i = first; i < targets->count && !err; i++) {
		for (size_t j = 0; !err && (from = path_twin(j, &to)); j++) {
			struct target twin = targets->by_path[i];
			const char *rest = twin.path + strlen(to);
			char *path;

			if (strncmp(twin.path, to, strlen(to)))
				continue;
			path = arena_alloc(&targets->arena, strlen(from) + strlen(rest) + 1);
			if (!path)
				return -ENOMEM;
			strcpy(stpcpy(path, from), rest);
			twin.path = path;
			err = targets_add(targets, twin);
		}
	}
	return err;
}

static int targets_add_objects(struct targets *targets, const struct protected_object *list,
			       size_t count, bool directory)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		size_t first = targets->count;

		if (*list[i].path != '/')
			continue;
		err = targets_add(targets,
				  (struct target){.path = list[i].path,
						  .shown = directory ? list[i].what : list[i].path,
						  .what = list[i].what,
						  .directory = directory});
		if (!err)
			err = targets_add_twins(targets, first);
	}
	return err;
}

static int targets_finish(struct targets *targets)
{
	if (!targets->count)
		return 0;
	targets->by_leaf = calloc(targets->count, sizeof(*targets->by_leaf));
	if (!targets->by_leaf)
		return -ENOMEM;
	memcpy(targets->by_leaf, targets->by_path, targets->count * sizeof(*targets->by_leaf));
	qsort(targets->by_path, targets->count, sizeof(*targets->by_path), compare_paths);
	qsort(targets->by_leaf, targets->count, sizeof(*targets->by_leaf), compare_leaves);
	return 0;
}

static void targets_done(struct targets *targets)
{
	free(targets->by_path);
	free(targets->by_leaf);
	arena_done(&targets->arena);
}

/* ---------------------------------------------------------------- rules against it */

static int rule_found(struct lint *lint, const struct rule *rule, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* @format gets the id of the rule appended, as the way out. Nothing is said about an accepted one. */
static int rule_found(struct lint *lint, const struct rule *rule, const char *format, ...)
{
	char *id = rule_id(rule), *text = NULL;
	va_list arguments;
	int err = 0;

	if (!id)
		return -ENOMEM;
	if (risk_is_accepted(lint->policy, id) || lint->found++ >= LINT_ERRORS_MAX)
		goto out;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	if (text)
		diagnostics_add(lint->diags, SEVERITY_ERROR, rule->place,
				"%s, or add '%s' to 'accept-risk'", text, id);
	else
		err = -ENOMEM;
	free(text);
out:
	free(id);
	return err;
}

/* The first entry whose key is not before this one; keys are paths or their last components. */
static size_t lower_bound(const struct target *list, size_t count, const char *key, bool leaf)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *path = list[middle].path;

		if (strcmp(leaf ? leaf_of(path) : path, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct hits {
	const struct target *first; /* a directory, if there is one; NULL: nothing is hit */
	bool more;                  /* files of other names */
};

static void hits_add(struct hits *hits, const struct target *target)
{
	const struct target *first = hits->first;

	if (!first || (target->directory &&
		       (!first->directory || strlen(target->shown) < strlen(first->shown))))
		hits->first = target;
	else if (!first->directory && !target->directory)
		hits->more |= strcmp(leaf_of(first->shown), leaf_of(target->shown)) != 0;
}

static struct hits find_hits(const struct targets *targets, const char *pattern)
{
	const char *name = strrchr(pattern, '/') + 1;
	size_t prefix_bytes = strcspn(pattern, "*");
	bool leaf = pattern[prefix_bytes] && !strchr(name, '*');
	const struct target *list = leaf ? targets->by_leaf : targets->by_path;
	struct hits hits = {NULL, false};
	char prefix[CANONICAL_BYTES];

	memcpy(prefix, pattern, prefix_bytes);
	prefix[prefix_bytes] = '\0';
	for (size_t i = lower_bound(list, targets->count, leaf ? name : prefix, leaf);
	     i < targets->count; i++) {
		if (leaf ? strcmp(leaf_of(list[i].path), name)
			 : strncmp(list[i].path, prefix, prefix_bytes))
			break;
		if (pattern_fits(pattern, list[i].path))
			hits_add(&hits, &list[i]);
		else if (!pattern[prefix_bytes])
			break; /* an exact path fits the first or none */
	}
	return hits;
}

static int check_path(struct lint *lint, const struct rule *rule)
{
	struct hits hits = find_hits(&lint->targets, rule->value);
	struct quoted shown;

	if (!hits.first)
		return 0;
	shown = quoted(rule->value);
	if (hits.first->directory)
		return rule_found(
			lint, rule,
			"'%s' takes in everything in '%s', whoever made it; name the vendor's own directories and files",
			shown.text, hits.first->shown);
	return rule_found(lint, rule, "'%s' would hit '%s', %s%s, which %s needs; narrow it",
			  shown.text, hits.first->shown, hits.first->what,
			  hits.more ? ", and other files" : "",
			  lint->host ? "this host" : "every host");
}

/* The first @bits bits of two addresses are the same. */
static bool same_bits(unsigned family, unsigned bits, const __u64 *x, const __u64 *y)
{
	unsigned width = family == 4 ? 32 : 64, high = bits < width ? bits : width,
		 low = bits - high;

	return (!high || !((x[0] ^ y[0]) >> (width - high))) &&
	       (!low || !((x[1] ^ y[1]) >> (64 - low)));
}

static bool overlaps(const struct rule_network *a, const struct protected_network *b)
{
	unsigned bits = a->bits < b->bits ? a->bits : b->bits;

	return a->family == b->family &&
	       same_bits(a->family, bits, (__u64[]){a->a, a->b}, (__u64[]){b->a, b->b});
}

static int check_network(struct lint *lint, const struct rule *rule)
{
	const struct rule_network *network = &rule->network;
	unsigned least = network->family == 4 ? NETWORK4_BITS_MIN : NETWORK6_BITS_MIN;
	const struct protected_network *hit = NULL;

	for (size_t i = 0; i < lint->network_count && !hit; i++) {
		if (overlaps(network, &lint->networks[i]))
			hit = &lint->networks[i];
	}
	/* of a very wide one that is what is wrong, unless it lies within a special one */
	if (!lint->host && network->bits < least && (!hit || network->bits < hit->bits))
		return rule_found(
			lint, rule,
			"'%s' is wider than /%u, more than any one organisation has; name the vendor's own networks",
			quoted(rule->value).text, least);
	if (hit)
		return rule_found(lint, rule, "'%s' would hit %s; narrow it",
				  quoted(rule->value).text, hit->what);
	return 0;
}

#define NAME_CHARACTERS_MIN 3 /* besides wildcards: a pattern with fewer is nearly every name */

/* Beside a wildcard; a whole name may be as short as it is. */
static bool is_nearly_everything(const char *pattern)
{
	size_t characters = 0, wildcards = 0;

	for (; *pattern; pattern++)
		*(strchr("*? ", *pattern) ? &wildcards : &characters) += 1;
	return wildcards && characters < NAME_CHARACTERS_MIN;
}

/* As the message names what is of these kinds. */
static const char *kind_words(unsigned matcher)
{
	if (matcher == MATCHER_MODULE)
		return "the kernel module";
	if (matcher == MATCHER_DOMAIN)
		return "the domain";
	return matcher == MATCHER_PACKAGE ? "the package" : "what is made by";
}

/* The name, or everything below it. A single name below it may well be the vendor's own, in the organisation's domain. */
static bool domain_hits(const char *pattern, const char *name)
{
	size_t bytes = strlen(pattern), whole = strlen(name);

	if (strncmp(pattern, "*.", 2))
		return !strcmp(pattern, name);
	return !strcmp(pattern + 2, name) ||
	       (whole >= bytes && !strcmp(name + whole - (bytes - 1), pattern + 1));
}

static bool name_hits(const struct rule *rule, const struct protected_name *name)
{
	if (rule->matcher != name->matcher)
		return false;
	return rule->matcher == MATCHER_DOMAIN ? domain_hits(rule->value, name->name)
					       : match_pattern_fits(rule->value, name->name);
}

static int check_name(struct lint *lint, const struct rule *rule)
{
	const struct protected_name *hit = NULL;

	for (size_t i = 0; i < lint->name_count && !hit; i++) {
		if (name_hits(rule, &lint->names[i]))
			hit = &lint->names[i];
	}
	if (hit)
		return rule_found(lint, rule, "'%s' would hit %s '%s', %s, which %s; narrow it",
				  quoted(rule->value).text, kind_words(rule->matcher),
				  quoted(hit->name).text, hit->what,
				  lint->host ? "this host needs" : "hosts need");
	/* of domains the list of public suffixes says that */
	if (!lint->host && rule->matcher != MATCHER_DOMAIN && is_nearly_everything(rule->value))
		return rule_found(
			lint, rule,
			"'%s' is nearly every name; write more of the vendor's own, besides wildcards",
			quoted(rule->value).text);
	return 0;
}

static bool is_name(unsigned matcher)
{
	return matcher == MATCHER_PACKAGE || matcher == MATCHER_PACKAGE_VENDOR ||
	       matcher == MATCHER_MODULE || matcher == MATCHER_DOMAIN;
}

static int check_rules(struct lint *lint)
{
	const struct rules *rules = &lint->policy->rules;
	int err = 0;

	for (size_t i = 0; i < rules->count && !err; i++) {
		const struct rule *rule = &rules->list[i];

		/* those of lists in a refused line have no action */
		if (rule->action != ACTION_DENY && rule->action != ACTION_CONTAIN)
			continue;
		if (rule->matcher == MATCHER_PATH)
			err = check_path(lint, rule);
		else if (rule->matcher == MATCHER_NETWORK)
			err = check_network(lint, rule);
		else if (is_name(rule->matcher))
			err = check_name(lint, rule);
	}
	if (lint->found > LINT_ERRORS_MAX)
		diagnostics_add(lint->diags, SEVERITY_NOTE, rules->list[0].place,
				"%zu more rules would hurt %s", lint->found - LINT_ERRORS_MAX,
				lint->host ? "this host" : "every host");
	return err;
}

/* ---------------------------------------------------------------- every host */

int lint_policy(struct policy *policy, struct diagnostics *diags)
{
	struct lint lint = {.policy = policy, .diags = diags};
	const struct protected_object *list;
	size_t count;
	int err;

	err = risks_resolve(policy, diags);
	if (err < 0)
		return err;
	lint.networks = protected_networks(&lint.network_count);
	lint.names = protected_names(&lint.name_count);
	list = shared_directories(&count);
	err = targets_add_objects(&lint.targets, list, count, true);
	if (!err)
		err = protected_files(&lint.targets.arena, &list, &count);
	if (!err)
		err = targets_add_objects(&lint.targets, list, count, false);
	if (!err)
		err = targets_finish(&lint.targets);
	if (!err)
		err = check_rules(&lint);
	targets_done(&lint.targets);
	return err;
}

/* ---------------------------------------------------------------- this host */

/* Asks the compiled form: for a policy that hits nothing, which is nearly every one, the rules are not read. */
static bool hits_something(const struct generation *generation, const struct lint_host *host)
{
	for (size_t i = 0; i < host->object_count; i++) {
		struct match match = {0};

		if (*host->objects[i].path == '/')
			match = match_path(generation, host->objects[i].path);
		if (match.rule || match.undecided)
			return true;
	}
	/* a rule may be narrower than a network of the host; names are few, and some rule hits them */
	return host->network_count > 0 || host->name_count > 0;
}

int policy_lint(const struct policy *policy, const struct generation *generation,
		const struct lint_host *host, struct diagnostics *diags)
{
	struct lint lint = {
		.policy = policy,
		.diags = diags,
		.networks = host->networks,
		.network_count = host->network_count,
		.names = host->names,
		.name_count = host->name_count,
		.host = true,
	};
	int err;

	if (!hits_something(generation, host))
		return 0;
	err = targets_add_objects(&lint.targets, host->objects, host->object_count, false);
	if (!err)
		err = targets_finish(&lint.targets);
	if (!err)
		err = check_rules(&lint);
	targets_done(&lint.targets);
	return err ? err : lint.found ? -EINVAL : 0;
}

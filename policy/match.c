/* SPDX-License-Identifier: MIT */
/*
 * match.c - see match.h. This is the one place where the kernel's decision code is compiled for the host;
 * what the hooks do around it (collecting a path, choosing among the lines of a network) is done
 * here from texts and numbers. match_text.c has the kinds that no hook compares.
 */
#include "match.h"
#include "digest.h"
#include "policy.h"

#include <stdint.h>
#include <string.h>

#define GEN_FIND(generation, key)     generation_find(generation, key)
#define COPY_NAME(to, bytes, address) memcpy(to, (const void *)(uintptr_t)(address), bytes)
#include "../bpf/decide.h"

/* The decision code writes nothing through it: in the kernel it is the map, there it is no const. */
static void *entries_of(const struct generation *generation)
{
	return (void *)generation;
}

static const struct gen_header *header_of(const struct generation *generation)
{
	const struct gen_key key = {.kind = GEN_HEADER};
	const union gen_value *value = generation_find(generation, &key);

	return value ? &value->header : NULL;
}

static const struct generation_rule *rule_of(const struct generation *generation, __u32 number)
{
	return number && number <= generation->rule_count ? &generation->rules[number - 1] : NULL;
}

/* 0: it has none, because it is not enforced. */
__u32 match_number(const struct generation *generation, const struct generation_rule *rule)
{
	uintptr_t at = (uintptr_t)rule, first = (uintptr_t)generation->rules;

	if (!rule || at < first || at - first >= generation->rule_count * sizeof(*rule))
		return 0;
	return (__u32)((at - first) / sizeof(*rule)) + 1;
}

bool match_is_enforced(const struct generation *generation, const struct generation_rule *rule)
{
	return match_number(generation, rule) != 0;
}

/* ---------------------------------------------------------------- paths */

/* What file.bpf.c and scope.bpf.c find out by walking to the root, from a string. */
static void fill_walk(struct walk *walk, const char *path)
{
	const char *end = path + strlen(path);

	memset(walk, 0, sizeof(*walk));
	while (end > path + 1) {
		const char *slash = memrchr(path, '/', end - path);
		const char *name = slash + 1;
		__u32 slot = walk->depth & (PATH_COMPONENTS_MAX - 1);
		size_t bytes = end - name;

		walk->hash[slot] = name_hash(name, bytes);
		walk->address[slot] = (uintptr_t)name;
		walk->bytes[slot] = bytes;
		if (!walk->depth) {
			walk->leaf_hash = walk->hash[slot];
			walk->leaf_address = walk->address[slot];
			walk->leaf_bytes = bytes;
		}
		/* at the root the kernel takes one step more, to see that it is there */
		if (!bytes || bytes > PATH_NAME_MAX || ++walk->depth >= WALK_STEPS_MAX) {
			walk->failed = 1;
			return;
		}
		end = slash;
	}
	walk->root_depth = walk->depth;
}

/* From the root of a tree down. Return: 1; 0: undecided. */
static int walk_tree(const struct generation *generation, __u32 root, const char *path,
		     struct path_match *match)
{
	struct walk walk;

	fill_walk(&walk, path);
	path_match_init(match, root);
	return !walk.failed && path_match_run(entries_of(generation), &walk, match);
}

struct match match_path(const struct generation *generation, const char *path)
{
	const struct gen_header *header = header_of(generation);
	struct path_match match;

	if (*path != '/' || !header || !header->root)
		return (struct match){0};
	if (!walk_tree(generation, header->root, path, &match))
		return (struct match){.undecided = true};
	return (struct match){.rule = rule_of(generation, match.deny),
			      .allow = rule_of(generation, match.allow)};
}

/* ---------------------------------------------------------------- names */

static struct gen_roots roots_of(const struct generation *generation)
{
	const struct gen_key key = {.kind = GEN_ROOTS};
	const union gen_value *value = generation_find(generation, &key);

	return value ? value->roots : (struct gen_roots){0};
}

/* A name as a path of one component. Return: false: it is none, or matches nothing. */
static bool walk_name(const struct generation *generation, __u32 root, const char *name,
		      struct path_match *match)
{
	char path[PATH_NAME_MAX + 2] = "/";
	size_t bytes = strlen(name);

	if (!root || !bytes || bytes > PATH_NAME_MAX || strchr(name, '/'))
		return false;
	memcpy(path + 1, name, bytes + 1);
	return walk_tree(generation, root, path, match);
}

struct match match_module(const struct generation *generation, const char *name)
{
	struct path_match match;

	if (strlen(name) >= MODULE_NAME_BYTES ||
	    !walk_name(generation, roots_of(generation).modules, name, &match))
		return (struct match){0};
	return (struct match){.rule = rule_of(generation, match.deny),
			      .allow = rule_of(generation, match.allow)};
}

bool match_interpreter(const struct generation *generation, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct path_match match;

	return slash &&
	       walk_name(generation, roots_of(generation).interpreters, slash + 1, &match) &&
	       match.deny;
}

/* Zero behind its last byte, as the kernel keeps it. Return: false: no name is so long. */
static bool fill_domain(const char *name, struct domain_text *out_text)
{
	size_t bytes = strlen(name);

	if (bytes > DOMAIN_BYTES)
		return false;
	*out_text = (struct domain_text){.bytes = bytes};
	memcpy(out_text->text, name, bytes);
	return true;
}

struct match match_domain(const struct generation *generation, const char *name)
{
	struct domain_match match;
	struct domain_text text;

	if (!fill_domain(name, &text))
		return (struct match){0};
	domain_match_init(&match, &text, roots_of(generation).domains);
	domain_match_run(entries_of(generation), &text, &match);
	return (struct match){.rule = rule_of(generation, match.deny),
			      .allow = rule_of(generation, match.allow)};
}

struct match match_digest(const struct generation *generation, const char *digest)
{
	const struct gen_digest *found = digest_find(generation, digest);

	if (!found)
		return (struct match){0};
	return (struct match){.rule = rule_of(generation, found->deny),
			      .allow = rule_of(generation, found->allow)};
}

/* ---------------------------------------------------------------- files */

struct match match_file(const struct generation *generation, const struct match_file *file)
{
	struct match path = {0}, content = {0}, name = {0}, match = {0};
	struct file_match known;

	if (file->path)
		path = match_path(generation, file->path);
	if (file->digest)
		content = match_digest(generation, file->digest);
	if (file->module)
		name = match_module(generation, file->module);
	known = (struct file_match){
		.path_deny = match_number(generation, path.rule),
		.path_allow = match_number(generation, path.allow),
		.identity_deny = file->identity_deny,
		.identity_allow = file->identity_allow,
		.content_deny = match_number(generation, content.rule),
		.content_allow = match_number(generation, content.allow),
		.name_deny = match_number(generation, name.rule),
		.name_allow = match_number(generation, name.allow),
		.copy_deny = file->copy_deny,
		.at_home = !file->away,
	};
	match.rule = rule_of(generation, file_deny(&known));
	match.allow = rule_of(generation, file_allow(&known));
	match.is_protected = file->is_protected;
	/* the rule that names the file says whether opening it counts */
	if (file->opened && match.rule && !match.rule->strict)
		match.rule = NULL;
	match.undecided = path.undecided && !match.rule;
	return match;
}

/* ---------------------------------------------------------------- addresses */

struct match match_address(const struct generation *generation, unsigned family, __u64 a, __u64 b,
			   unsigned protocol, unsigned port)
{
	const struct address address = {.a = a, .b = b, .family = family};
	struct match match = {0};
	struct gen_network network;

	if (family != 4 && family != 6)
		return match;
	network = network_find(entries_of(generation), &address);
	for (unsigned i = 0; i < network.count; i++) {
		struct gen_key key = {GEN_CONDITION, i, network.list, 0, 0};
		const union gen_value *value = generation_find(generation, &key);

		if (!value || !condition_covers(&value->condition, port, protocol))
			continue;
		/* as the hook: the first of each kind, for they are in the order of their numbers */
		if (value->condition.allow && !match.allow)
			match.allow = rule_of(generation, value->condition.rule);
		if (!value->condition.allow && !match.rule)
			match.rule = rule_of(generation, value->condition.rule);
	}
	return match;
}

bool match_internal(const struct generation *generation, unsigned family, __u64 a, __u64 b)
{
	const struct address address = {.a = a, .b = b, .family = family};

	if (family != 4 && family != 6)
		return false;
	return network_find_in(entries_of(generation), NETWORKS_INTERNAL, &address).count;
}

/* ---------------------------------------------------------------- decisions */

bool match_in_scope(const struct generation *generation, const struct match_subject *subject)
{
	struct path_match match;
	struct walk cgroup;

	fill_walk(&cgroup, subject->cgroup ? subject->cgroup : "/");
	return scope_decides(entries_of(generation), subject->uid, &cgroup, &match);
}

/* What is only listed has no number to ask the decision code by, but its exceptions end like the others. */
static bool exception_holds(const struct generation *generation,
			    const struct generation_rule *allow,
			    const struct match_subject *subject)
{
	__u32 number = match_number(generation, allow);
	__u64 now_s = subject->now_s > 0 ? (__u64)subject->now_s : 0;

	if (!allow || number)
		return allow_holds(entries_of(generation), number, now_s);
	return !allow->until_s || now_s < allow->until_s;
}

struct match_decision match_decide(const struct generation *generation, const struct match *match,
				   const struct match_subject *subject)
{
	struct match_decision out = {.match = *match,
				     .in_scope =
					     subject->anyone || match_in_scope(generation, subject),
				     .verdict = VERDICT_ALLOW};
	struct mode_inputs inputs = {.capped = subject->capped,
				     .paused = subject->paused,
				     .breaker_open = subject->breaker_open,
				     .requirement_unmet = subject->requirement_unmet,
				     .stage_held = subject->stage_held};
	const struct generation_rule *allow;
	struct decision decision = {0};

	if (!out.in_scope || !match->rule)
		return out;
	allow = exception_holds(generation, match->allow, subject) ? match->allow : NULL;
	if (!rule_find(entries_of(generation), match_number(generation, match->rule), &decision,
		       &inputs)) {
		out.let_through = allow ? LET_THROUGH_ALLOWED : LET_THROUGH_NOT;
		return out;
	}
	decide(&inputs, match->is_protected, match_number(generation, allow), &decision);
	out.verdict = decision.verdict;
	out.mode = decision.mode;
	out.held_by = decision.held_by;
	out.let_through = decision.let_through;
	if (match->rule->action == ACTION_CONTAIN && !match->leaves) {
		out.contained = decision.verdict == VERDICT_DENY;
		out.verdict = VERDICT_ALLOW;
	}
	return out;
}

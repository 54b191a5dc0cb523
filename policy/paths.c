/* SPDX-License-Identifier: MIT */
/*
 * paths.c - the syntax of path patterns and the tree that they make, and of what is a path of another kind: the name
 * of a module, a domain from its last label on. path_sets.c turns the tree into the entries of a generation.
 */
#include "paths.h"
#include "policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Rules match the resolved file. Hosts with a merged /usr have these directories as links, so a rule
 * that names the old place must also match the new one; not the other way round. /usr/sbin became a
 * link to /usr/bin in Fedora 42; /var/run is one since systemd, file-hierarchy(7).
 */
static const struct path_twin {
	const char *from, *to;
} path_twins[] = {
	{"/bin/", "/usr/bin/"},      {"/sbin/", "/usr/sbin/"},   {"/lib/", "/usr/lib/"},
	{"/lib32/", "/usr/lib32/"},  {"/lib64/", "/usr/lib64/"}, {"/libx32/", "/usr/libx32/"},
	{"/usr/sbin/", "/usr/bin/"}, /* behind "/sbin/", so that one pass over the table is enough */
	{"/var/run/", "/run/"},
};

#define PATH_TWINS (sizeof(path_twins) / sizeof(*path_twins))

#define DOMAIN_LABEL_BYTES 63

static const char *component_check(const char *name, size_t bytes, bool last)
{
	if (!bytes)
		return last ? "a path cannot end in '/'; for everything below a directory write \"/dir/**\""
			    : "empty component in a path; write a single '/'";
	if (bytes > PATH_NAME_MAX)
		return "component longer than 255 bytes; no file can have such a name";
	if (bytes == 1 && name[0] == '.')
		return "'.' in a path; write the path without it";
	if (bytes == 2 && !memcmp(name, "..", 2))
		return "'..' in a path; write the path that is meant";
	return NULL;
}

static bool is_deep(const char *name, size_t bytes)
{
	return bytes == 2 && name[0] == '*' && name[1] == '*';
}

const char *path_pattern_check(const char *pattern, size_t *out_offset)
{
	const char *at = pattern, *wrong = NULL;
	unsigned components = 0, behind_deep = 0;
	bool deep = false;

	if (out_offset)
		*out_offset = 0;
	if (pattern[0] == '/')
		at++;
	else if (strncmp(pattern, "**/", 3))
		return "a path must begin with '/', or with \"**/\" for a name anywhere";
	for (;; at++) {
		size_t bytes = strchrnul(at, '/') - at;
		bool last = !at[bytes];

		wrong = component_check(at, bytes, last);
		if (!wrong && ++components > PATH_COMPONENTS_MAX)
			wrong = "more than 64 components in a path";
		if (!wrong && deep && ++behind_deep > 1)
			wrong = "only one component may follow \"**\", the name of a file";
		if (!wrong && is_deep(at, bytes)) {
			if (deep)
				wrong = "\"**\" twice in a path; it may appear once";
			deep = true;
		}
		if (wrong || last)
			break;
		at += bytes;
	}
	if (wrong && out_offset)
		*out_offset = at - pattern;
	return wrong;
}

/* The kernel's own limit is MODULE_NAME_LEN, include/linux/module.h: 56 with its zero where a long has 8 bytes. */
const char *module_pattern_check(const char *pattern)
{
	static const char characters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_*";
	size_t bytes = strlen(pattern);

	if (pattern[strspn(pattern, characters)] || !pattern[strspn(pattern, "*")])
		return "not a name of a kernel module, as in /proc/modules";
	if (bytes >= MODULE_NAME_BYTES)
		return "longer than 63 bytes; no kernel module has such a name";
	return NULL;
}

/* RFC 1035, sections 2.3.1 and 2.3.4; '_' is in use for services. */
const char *domain_pattern_check(const char *pattern)
{
	static const char characters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *name = pattern + (!strncmp(pattern, "*.", 2) ? 2 : 0);
	unsigned labels = name != pattern;

	if (strlen(name) > DOMAIN_BYTES)
		return "longer than 253 bytes; no domain has such a name";
	for (const char *at = name;; at++) {
		size_t bytes = strspn(at, characters);

		at += bytes;
		if (!bytes || bytes > DOMAIN_LABEL_BYTES || (*at && *at != '.'))
			return "not a domain, as api.example.com, or *.example.com for all below it";
		if (++labels > PATH_COMPONENTS_MAX)
			return "more than 64 labels in a domain";
		if (!*at)
			return NULL;
	}
}

void path_measure(const char *pattern, struct path_measure *out_measure)
{
	memset(out_measure, 0, sizeof(*out_measure));
	for (const char *at = pattern + (pattern[0] == '/'), *end;; at = end + 1) {
		unsigned stars = 0, wildcards = 0;

		for (end = at; *end && *end != '/'; end++) {
			stars += *end == '*';
			wildcards += *end == '*' && (end == at || end[-1] != '*');
		}
		if (is_deep(at, end - at)) {
			out_measure->any_depth = true;
		} else if (!out_measure->any_depth || stars < end - at) {
			/* else just a '*' behind a directory's "**", which says no more than without */
			out_measure->components++;
			out_measure->literal_bytes += end - at - stars;
			out_measure->wildcards += wildcards;
		}
		out_measure->wild |= stars > 0;
		if (!*end)
			return;
	}
}

static int trie_grow(struct trie *trie)
{
	size_t capacity = trie->capacity ? trie->capacity + trie->capacity / 2 : 64;
	struct trie_node *nodes;

	if (trie->count >= PATH_NODES_MAX)
		return -E2BIG;
	nodes = reallocarray(trie->nodes, capacity, sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	trie->nodes = nodes;
	trie->capacity = capacity;
	return 0;
}

static size_t trie_slot(const struct trie *trie, __u32 parent, __u64 hash, __u8 kind)
{
	__u64 mixed = hash_word(hash + kind, parent);

	return (mixed ^ mixed >> 32) & (trie->table_size - 1);
}

static int trie_rehash(struct trie *trie)
{
	__u32 *table;

	free(trie->table);
	trie->table = NULL;
	trie->table_size = trie->table_size ? 2 * trie->table_size : 128;
	table = calloc(trie->table_size, sizeof(*table));
	if (!table)
		return -ENOMEM;
	trie->table = table;
	for (size_t i = 1 + TREE_MAX; i < trie->count; i++) {
		const struct trie_node *node = &trie->nodes[i];
		size_t slot = trie_slot(trie, node->parent, node->hash, node->kind);

		while (table[slot])
			slot = (slot + 1) & (trie->table_size - 1);
		table[slot] = i;
	}
	return 0;
}

/* Finds the record for children that are not literal, or makes it. NULL: no memory. */
static struct trie_wild *trie_wild(struct trie *trie, __u32 node)
{
	if (!trie->nodes[node].wild) {
		if (trie->wilds_count + 1 >= trie->wilds_capacity) {
			size_t capacity = trie->wilds_capacity ? 2 * trie->wilds_capacity : 64;
			struct trie_wild *wilds =
				reallocarray(trie->wilds, capacity, sizeof(*wilds));

			if (!wilds)
				return NULL;
			trie->wilds = wilds;
			trie->wilds_capacity = capacity;
		}
		trie->nodes[node].wild = ++trie->wilds_count;
		memset(&trie->wilds[trie->wilds_count], 0, sizeof(*trie->wilds));
	}
	return &trie->wilds[trie->nodes[node].wild];
}

static int trie_link(struct trie *trie, __u32 parent, __u32 child)
{
	struct trie_node *node = &trie->nodes[child];
	struct trie_wild *wild;

	if (node->kind == TRIE_LITERAL) {
		node->sibling = trie->nodes[parent].child;
		trie->nodes[parent].child = child;
		return 0;
	}
	wild = trie_wild(trie, parent);
	if (!wild)
		return -ENOMEM;
	if (node->kind == TRIE_GLOB) {
		node->sibling = wild->glob;
		wild->glob = child;
	} else if (node->kind == TRIE_ANY) {
		wild->any = child;
	} else {
		wild->deep = child;
	}
	return 0;
}

/* One component, as a child of @parent. Its index, or a negative errno. */
static int trie_child(struct trie *trie, __u32 parent, const char *name, size_t bytes, __u8 kind,
		      __u32 rule)
{
	__u64 hash = kind == TRIE_ANY || kind == TRIE_DEEP ? 0 : name_hash(name, bytes);
	struct trie_node *node;
	size_t slot;
	int err;

	if (2 * trie->count >= trie->table_size) {
		err = trie_rehash(trie);
		if (err)
			return err;
	}
	slot = trie_slot(trie, parent, hash, kind);
	for (; trie->table[slot]; slot = (slot + 1) & (trie->table_size - 1)) {
		node = &trie->nodes[trie->table[slot]];
		/* the kernel knows literal names by their hash alone, patterns are compared */
		if (node->parent == parent && node->hash == hash && node->kind == kind &&
		    (kind != TRIE_GLOB ||
		     (node->name_bytes == bytes && !memcmp(node->name, name, bytes))))
			return trie->table[slot];
	}
	if (trie->count == trie->capacity) {
		err = trie_grow(trie);
		if (err)
			return err;
	}
	trie->table[slot] = trie->count;
	node = &trie->nodes[trie->count];
	*node = (struct trie_node){.hash = hash,
				   .name = name,
				   .parent = parent,
				   .rule = rule,
				   .name_bytes = bytes,
				   .kind = kind,
				   .tree = trie->nodes[parent].tree};
	trie->count++;
	err = trie_link(trie, parent, trie->count - 1);
	return err ? err : (int)trie->count - 1;
}

static __u8 component_kind(const char *name, size_t bytes)
{
	size_t stars = 0;

	if (is_deep(name, bytes))
		return TRIE_DEEP;
	for (size_t i = 0; i < bytes; i++)
		stars += name[i] == '*';
	return !stars ? TRIE_LITERAL : stars == bytes ? TRIE_ANY : TRIE_GLOB;
}

/* Numbers ascend, so the first rule that comes to a place is the most specific one there. */
static void trie_mark(__u32 *deny, __u32 *allow, const struct trie_pattern *pattern)
{
	__u32 *at = pattern->allow ? allow : deny;

	if (!*at || pattern->number < *at)
		*at = pattern->number;
}

/* @prefix ends in '/' or is empty, @rest has no '/' at its beginning; together they are the pattern. */
static int trie_insert_parts(struct trie *trie, const char *prefix, const char *rest,
			     const struct trie_pattern *pattern)
{
	bool rules = pattern->tree <= TREE_DOMAINS, cgroups = pattern->tree >= TREE_SCOPE;
	const char *at = *prefix ? prefix : rest;
	int node = 1 + pattern->tree;

	for (;;) {
		size_t bytes = strchrnul(at, '/') - at;
		__u8 kind = component_kind(at, bytes);
		bool last = !at[bytes];
		struct trie_node *found;

		if (kind == TRIE_DEEP && last) {
			found = &trie->nodes[node];
			trie_mark(&found->below_deny, &found->below_allow, pattern);
			return 0;
		}
		node = trie_child(trie, node, at, bytes, kind, rules ? pattern->number : 0);
		if (node < 0)
			return node;
		found = &trie->nodes[node];
		if (last) {
			trie_mark(&found->end_deny, &found->end_allow, pattern);
			if (cgroups)
				trie_mark(&found->below_deny, &found->below_allow, pattern);
			return 0;
		}
		at += bytes + 1;
		if (!*at)
			at = rest; /* the end of the prefix */
	}
}

/* Label by label from the last; "*." at the beginning is what is below, without the domain itself. */
static int trie_insert_domain(struct trie *trie, const struct trie_pattern *pattern)
{
	bool below = !strncmp(pattern->value, "*.", 2);
	const char *first = pattern->value + (below ? 2 : 0), *end = strchr(first, 0);
	int node = 1 + pattern->tree;
	struct trie_node *found;

	while (node > 0) {
		const char *label = end;

		while (label > first && label[-1] != '.')
			label--;
		node = trie_child(trie, node, label, end - label, TRIE_LITERAL, pattern->number);
		if (label == first)
			break;
		end = label - 1;
	}
	if (node < 0)
		return node;
	found = &trie->nodes[node];
	if (below)
		trie_mark(&found->below_deny, &found->below_allow, pattern);
	else
		trie_mark(&found->end_deny, &found->end_allow, pattern);
	return 0;
}

/* The same pattern below the directories that are links on a host with a merged /usr. */
static int trie_insert_twins(struct trie *trie, const struct trie_pattern *pattern)
{
	const char *prefix = "", *rest = pattern->value;
	int err = 0;

	for (size_t i = 0; !err && i < PATH_TWINS; i++) {
		const struct path_twin *twin = &path_twins[i];
		size_t bytes = strlen(twin->from);

		if (*prefix) {
			if (strcmp(prefix, twin->from + 1))
				continue;
		} else {
			if (strncmp(pattern->value, twin->from, bytes))
				continue;
			rest = pattern->value + bytes;
		}
		prefix = twin->to + 1;
		err = trie_insert_parts(trie, prefix, rest, pattern);
	}
	return err;
}

static int trie_roots(struct trie *trie, __u32 rule)
{
	int err = trie_grow(trie);

	if (err)
		return err;
	trie->count = 1 + TREE_MAX;
	memset(trie->nodes, 0, trie->count * sizeof(*trie->nodes));
	trie->nodes[1 + TREE_FILES].rule = rule;
	for (unsigned tree = 0; tree < TREE_MAX; tree++)
		trie->nodes[1 + tree].tree = tree;
	return 0;
}

int trie_insert(struct trie *trie, const struct trie_pattern *pattern)
{
	int err = trie->count ? 0 : trie_roots(trie, pattern->number);

	if (err)
		return err;
	trie->used[pattern->tree] = true;
	if (pattern->tree == TREE_DOMAINS)
		return trie_insert_domain(trie, pattern);
	err = trie_insert_parts(trie, "", pattern->value + (pattern->value[0] == '/'), pattern);
	if (!err && pattern->tree == TREE_FILES)
		err = trie_insert_twins(trie, pattern);
	return err;
}

void trie_done(struct trie *trie)
{
	free(trie->nodes);
	free(trie->wilds);
	free(trie->table);
	memset(trie, 0, sizeof(*trie));
}

const char *path_twin(size_t index, const char **out_to)
{
	if (index >= PATH_TWINS)
		return NULL;
	*out_to = path_twins[index].to;
	return path_twins[index].from;
}

/* SPDX-License-Identifier: MIT */
/*
 * domain_nodes.h - a generation of domains that a test puts together by hand, for the decision code of bpf/decide.h. To be
 * included before decide.h: it defines what that asks of its surroundings. The compiler's own are tested in test_connections.c.
 */
#ifndef EMBARGO_DOMAIN_NODES_H
#define EMBARGO_DOMAIN_NODES_H

#include "../../bpf/abi.h"
#include "../../policy/policy.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#define DOMAIN_NODES_MAX 64

struct domain_nodes {
	struct gen_key keys[DOMAIN_NODES_MAX];
	union gen_value values[DOMAIN_NODES_MAX];
	size_t count;
	size_t asked; /* lookups */
};

static inline union gen_value *domain_nodes_find(struct domain_nodes *nodes, const struct gen_key *key)
{
	nodes->asked++;
	for (size_t i = 0; i < nodes->count; i++)
		if (!memcmp(&nodes->keys[i], key, sizeof(*key)))
			return &nodes->values[i];
	return NULL;
}

#define GEN_FIND(generation, key)     domain_nodes_find(generation, key)
#define COPY_NAME(to, bytes, address) memcpy(to, (const void *)(uintptr_t)(address), bytes)

#define DOMAIN_ROOT 1u /* node; the others follow */

/* The child of a node, made if it is not there. */
static inline struct gen_node *domain_nodes_child(struct domain_nodes *nodes, __u32 node, const char *label,
						  size_t bytes)
{
	struct gen_key key = {.kind = GEN_STEP, .node = node, .a = name_hash(label, bytes)};
	union gen_value *value = domain_nodes_find(nodes, &key);

	if (value)
		return &value->node;
	assert(nodes->count < DOMAIN_NODES_MAX);
	nodes->keys[nodes->count] = key;
	nodes->values[nodes->count].node = (struct gen_node){.node = DOMAIN_ROOT + 1 + nodes->count};
	return &nodes->values[nodes->count++].node;
}

/* "name" or "*.name"; @rule: its number, @allow: it is an allow entry */
static inline void domain_nodes_add(struct domain_nodes *nodes, const char *pattern, __u32 rule, int allow)
{
	const char *name = pattern[0] == '*' ? pattern + 2 : pattern, *end = name + strlen(name);
	struct gen_node *node = NULL;
	__u32 at = DOMAIN_ROOT;

	while (end > name) {
		const char *start = end;

		while (start > name && start[-1] != '.')
			start--;
		node = domain_nodes_child(nodes, at, start, end - start);
		at = node->node;
		end = start > name ? start - 1 : start;
	}
	assert(node);
	if (name == pattern)
		*(allow ? &node->end_allow : &node->end_deny) = rule;
	else
		*(allow ? &node->below_allow : &node->below_deny) = rule;
}

static inline struct domain_text domain_text_of(const char *name)
{
	struct domain_text text = {.bytes = (__u8)strlen(name)};

	memcpy(text.text, name, text.bytes);
	return text;
}

#endif

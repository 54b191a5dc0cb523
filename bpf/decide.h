/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * decide.h - matching and deciding, as functions over plain memory: the kernel programs and the tests
 * on the host compile the same lines. What touches the kernel comes in through two macros that the
 * includer defines: GEN_FIND(generation, key) and COPY_NAME(destination, bytes, address).
 */
#ifndef EMBARGO_DECIDE_H
#define EMBARGO_DECIDE_H

#include "abi.h"

/*
 * Components are numbered from the leaf: 0 is the leaf. When a path has more than
 * PATH_COMPONENTS_MAX, the ones nearest to the root are kept, because no rule is longer: index
 * modulo PATH_COMPONENTS_MAX.
 */
struct walk {
	__u64 hash[PATH_COMPONENTS_MAX];
	__u64 address[PATH_COMPONENTS_MAX];	/* of the name's bytes */
	__u8 bytes[PATH_COMPONENTS_MAX];
	__u64 leaf_hash;
	__u64 leaf_address;
	__u32 leaf_bytes;
	__u32 depth;		/* components from the root of the mount namespace */
	__u32 root_depth;	/* components from the process's root; == depth where that is the same */
	__u8 detached;		/* has no path: a memfd, an unmounted tree */
	__u8 failed;		/* a read failed or it was too deep: what is here is incomplete */
	__u8 zero[2];
};

/* Components and mounts passed on the way up. Deeper: the walk failed, the attempt is undecided. */
#define WALK_STEPS_MAX 256

enum match_phase {
	MATCH_NEXT_JOB,		/* begin with the next start node */
	MATCH_COMPONENT,	/* one component by its hash */
	MATCH_BYTE,		/* one byte of a component through the automaton */
};

#define MATCH_DEEP_MAX 128	/* each of two walks passes at most PATH_COMPONENTS_MAX nodes */

/*
 * 64 components, two views of a path, the leaf below some directories, and some names byte by byte.
 * The verifier explores this loop once for each step.
 */
#define MATCH_STEPS_MAX 512

/*
 * Where a match stands. Kept in memory and not in registers, so that the verifier knows nothing of the
 * values and finds every turn of the loop equal to the one before.
 */
struct path_match {
	__u32 phase;		/* enum match_phase */
	__u32 next_view;	/* 0: from the namespace's root; 1: from the process's root; 2: done */
	__u32 deep_count;
	__u32 next_deep;
	__u32 left;		/* components still to come */
	__u32 floor;		/* component numbers below this one are not known */
	__u32 leaf_only;	/* the next component is the leaf, and the last */
	__u32 node, any, glob;	/* of the node we are at */
	__u32 state, position, bytes;	/* of the automaton */
	__u32 deny, allow;	/* best so far; 0: none */
	__u32 root;
	__u32 deep[MATCH_DEEP_MAX];
	__u8 name[256];
};

/* What was decided; see struct event_decision. */
struct decision {
	__u32 rule;
	__u32 allow;
	__u64 vendor;
	__u64 id;		/* of the rule: the same in every generation */
	__u8 verdict;
	__u8 mode;
	__u8 held_by;
	__u8 let_through;
	__u8 matcher;
	__u8 recognised;
	__u8 action;		/* enum action of the rule */
	__u8 flags;		/* enum event_flag */
	__u8 zero[4];
};

/*
 * What is known of one file: rules and allow entries that its path, its identity, its content and the name of the module
 * in it lead to; 0: none.
 */
struct file_match {
	__u32 path_deny, path_allow;
	__u32 identity_deny, identity_allow;
	__u32 content_deny, content_allow;
	__u32 name_deny, name_allow;
	__u32 copy_deny;	/* its content is that of a file which this rule recognised: LEARNED_DIGEST */
	__u8 at_home;		/* this is the host's own file at that path: path_allow counts */
	__u8 protected;		/* LEARNED_PROTECTED */
	__u8 zero[2];
};

static inline __attribute__((always_inline)) __u32 better(__u32 best, __u32 other)
{
	return other && (!best || other < best) ? other : best;
}

typedef __u64 __attribute__((may_alias)) any_word;

/* How many bytes of some words are not zero: eight at a time and without a branch, which the verifier would follow both ways. */
static inline __attribute__((always_inline)) __u32 bytes_used(const void *bytes, __u32 words)
{
	const __u64 low7 = 0x7f7f7f7f7f7f7f7full, ones = 0x0101010101010101ull;
	const any_word *word = (const any_word *)bytes;
	__u64 counts = 0;	/* of the eight columns */

	for (__u32 i = 0; i < words; i++)
		counts += (((word[i] & low7) + low7) | word[i]) >> 7 & ones;
	return counts * ones >> 56;
}

/* ---------------------------------------------------------------- paths */

static inline __attribute__((always_inline)) void path_match_init(struct path_match *match, __u32 root)
{
	match->phase = MATCH_NEXT_JOB;
	match->next_view = 0;
	match->deep_count = 0;
	match->next_deep = 0;
	match->deny = 0;
	match->allow = 0;
	match->root = root;
}

/* Stand on a node with components still to come. */
static inline __attribute__((always_inline)) void path_match_stand(struct path_match *match,
								   const struct gen_node *node)
{
	__u32 deep = node->deep, slot = match->deep_count;

	match->node = node->node;
	match->any = node->any;
	match->glob = node->glob;
	if (match->leaf_only)
		return;
	match->deny = better(match->deny, node->below_deny);
	match->allow = better(match->allow, node->below_allow);
	if (deep && slot < MATCH_DEEP_MAX) {
		match->deep[slot & (MATCH_DEEP_MAX - 1)] = deep;
		match->deep_count = slot + 1;
	}
}

/* Choose where the next walk starts. Returns its node, or 0 when there is nothing left to walk. */
static inline __attribute__((always_inline)) __u32 path_match_next(struct path_match *match,
								   const struct walk *walk)
{
	__u32 view = match->next_view, slot = match->next_deep;

	match->phase = MATCH_COMPONENT;
	match->floor = walk->depth > PATH_COMPONENTS_MAX ? walk->depth - PATH_COMPONENTS_MAX : 0;
	match->leaf_only = 0;
	if (view == 0) {
		match->next_view = walk->root_depth == walk->depth ? 2 : 1;
		match->left = walk->depth;
		return match->root;
	}
	if (view == 1) {
		match->next_view = 2;
		match->left = walk->root_depth;
		return match->root;
	}
	if (slot < match->deep_count) {
		match->next_deep = slot + 1;
		match->left = 1;
		match->floor = 0;
		match->leaf_only = 1;
		return match->deep[slot & (MATCH_DEEP_MAX - 1)];
	}
	return 0;
}

/* The node reached by the number, or NULL. */
#define PATH_NODE(generation, number)                                                              \
	({                                                                                         \
		struct gen_key node_key = { .kind = GEN_NODE, .node = (number) };                  \
		(const struct gen_node *)GEN_FIND(generation, &node_key);                          \
	})

/*
 * One step of the walk: a start node, a component or a byte. Returns 0 when the match is complete.
 */
static inline __attribute__((always_inline)) int path_match_step(void *generation, const struct walk *walk,
								 struct path_match *match)
{
	const struct gen_node *node = (const struct gen_node *)0;
	__u32 next, slot;

	if (match->phase == MATCH_NEXT_JOB) {
		next = path_match_next(match, walk);
		if (!next)
			return 0;
		node = PATH_NODE(generation, next);
		if (!node || match->left <= match->floor)
			match->phase = MATCH_NEXT_JOB;
		else
			path_match_stand(match, node);
		return 1;
	}

	slot = (match->left - 1) & (PATH_COMPONENTS_MAX - 1);
	if (match->phase == MATCH_BYTE) {
		struct gen_key key = { .kind = GEN_ACCEPT, .node = match->state };

		if (match->position < match->bytes) {
			__u8 byte = match->name[match->position & 255];
			const struct gen_glob *row;

			key.kind = GEN_GLOB;
			key.part = byte >> 4;
			row = (const struct gen_glob *)GEN_FIND(generation, &key);
			match->state = row ? row->next[byte & 15] : 0;
			match->position++;
			if (match->state)
				return 1;
			next = match->any;
		} else {
			const struct gen_accept *accept =
				(const struct gen_accept *)GEN_FIND(generation, &key);

			next = accept ? accept->node : match->any;
		}
		match->phase = MATCH_COMPONENT;
		if (next)
			node = PATH_NODE(generation, next);
	} else {
		struct gen_key key = { .kind = GEN_STEP, .node = match->node };

		key.a = match->leaf_only ? walk->leaf_hash : walk->hash[slot];
		node = (const struct gen_node *)GEN_FIND(generation, &key);
		if (!node && match->glob) {
			__u32 bytes = match->leaf_only ? walk->leaf_bytes : walk->bytes[slot];

			match->state = match->glob;
			match->position = 0;
			match->bytes = bytes;
			match->phase = MATCH_BYTE;
			COPY_NAME(match->name, bytes & 255,
				  match->leaf_only ? walk->leaf_address : walk->address[slot]);
			return 1;
		}
		if (!node && match->any)
			node = PATH_NODE(generation, match->any);
	}

	if (!node) {
		match->phase = MATCH_NEXT_JOB;
		return 1;
	}
	match->left--;
	if (match->left == 0) {
		match->deny = better(match->deny, node->end_deny);
		match->allow = better(match->allow, node->end_allow);
		match->phase = MATCH_NEXT_JOB;
		return 1;
	}
	path_match_stand(match, node);
	if (match->left <= match->floor)
		match->phase = MATCH_NEXT_JOB;
	return 1;
}

/**
 * path_match_run() - find the best rule and allow entry of a path
 * @generation: for GEN_FIND
 * @walk:       the path; neither detached nor failed
 * @match:      after path_match_init(); afterwards .deny and .allow are the answer
 *
 * Return: 1, or 0 when the steps did not suffice: then the attempt is undecided.
 */
static inline __attribute__((always_inline)) int path_match_run(void *generation, const struct walk *walk,
								struct path_match *match)
{
#ifdef __clang__
#pragma clang loop unroll(disable)
#endif
	for (int step = 0; step < MATCH_STEPS_MAX; step++)
		if (!path_match_step(generation, walk, match))
			return 1;
	return 0;
}

/* ---------------------------------------------------------------- domains */

/* Where the match of a name stands: it is matched label by label from the last, one lookup for each that a rule goes on with. */
struct domain_match {
	__u32 node;		/* that we are at */
	__u32 left;		/* bytes at the front of the name that are still to come; no dot behind them */
	__u32 label;		/* bytes of the label at their end */
	__u64 hash;		/* of that */
	__u32 deny, allow;	/* best so far; 0: none */
};

#define DOMAIN_LABEL_BYTES 63	/* RFC 1035, section 2.3.4 */

#define DOMAIN_WORDS ((__u32)(sizeof(struct domain_text) / sizeof(any_word)))

/* Eight bytes of a name, the first one lowest; what is before its beginning and behind its end is anything. */
static inline __attribute__((always_inline)) __u64 domain_bytes(const struct domain_text *name, __u32 at)
{
	const any_word *words = (const any_word *)name;
	__u32 place = __builtin_offsetof(struct domain_text, text) + at, shift = place % 8 * 8;

	/* shifted twice, because by 64 there is no shift */
	return words[place / 8 & (DOMAIN_WORDS - 1)] >> shift |
	       words[(place / 8 + 1) & (DOMAIN_WORDS - 1)] << 1 << (63 - shift);
}

/**
 * domain_match_init() - stand before the last label
 * @name: in lower case
 * @root: gen_roots.domains
 */
static inline __attribute__((always_inline)) void domain_match_init(struct domain_match *match,
								    const struct domain_text *name, __u32 root)
{
	match->node = root;
	match->left = root ? name->bytes : 0;
	match->deny = 0;
	match->allow = 0;
}

/* How many of eight bytes are behind the last dot; 8: there is none. */
static inline __attribute__((always_inline)) __u32 domain_behind_dot(__u64 bytes)
{
	const __u64 low7 = 0x7f7f7f7f7f7f7f7full;
	__u64 dots;

	bytes ^= 0x0101010101010101ull * '.';
	dots = ~(((bytes & low7) + low7) | bytes | low7);
	/* and everything before it */
	dots |= dots >> 8;
	dots |= dots >> 16;
	dots |= dots >> 32;
	return 8 - ((dots >> 7) * 0x0101010101010101ull >> 56);
}

/* The hash of abi.h over a part of a name; what is longer than @words is not hashed to its end. */
static inline __attribute__((always_inline)) __u64 domain_hash_part(const struct domain_text *name, __u32 start,
								    __u32 bytes, __u32 words)
{
	__u64 hash = HASH_START ^ bytes, word = 0;

#ifdef __clang__
#pragma clang loop unroll(disable)
#endif
	for (__u32 i = 0; i < words; i++) {
		word = domain_bytes(name, start + i * 8);
		if (bytes < 8)
			break;
		hash = hash_word(hash, word);
		bytes -= 8;
	}
	return bytes & 7 ? hash_word(hash, word & ((1ull << (bytes & 7) * 8) - 1)) : hash;
}

/*
 * The label that is next, and its hash. Returns 0 when there is none. How long it is, is read back from memory: for the verifier
 * that is another number for each turn of the loop, and what follows would be followed for each.
 */
static inline __attribute__((always_inline)) int domain_match_label(const struct domain_text *name,
								    struct domain_match *match)
{
	__u32 end = match->left, bytes = 0;

#ifdef __clang__
#pragma clang loop unroll(disable)
#endif
	for (__u32 at = 8; at <= DOMAIN_LABEL_BYTES + 1; at += 8) {
		__u32 more = domain_behind_dot(domain_bytes(name, end - at));

		bytes += more;
		if (more < 8 || at >= end)
			break;
	}
	/* what looked like a dot before the beginning was none */
	match->label = bytes < end ? bytes : end;
	bytes = *(volatile __u32 *)&match->label;
	end = *(volatile __u32 *)&match->left;
	if (!bytes || bytes > DOMAIN_LABEL_BYTES)
		return 0;
	match->hash = domain_hash_part(name, end - bytes, bytes, DOMAIN_LABEL_BYTES / 8 + 1);
	return 1;
}

/** domain_hash() - of a whole name: its key in "names" */
static inline __attribute__((always_inline)) __u64 domain_hash(const struct domain_text *name)
{
	return domain_hash_part(name, 0, name->bytes, DOMAIN_WORDS);
}

/** domain_equal() - are these the same name? Both are zero behind their last byte. Return: 1 or 0. */
static inline __attribute__((always_inline)) int domain_equal(const struct domain_text *one,
							      const struct domain_text *other)
{
	const any_word *a = (const any_word *)one, *b = (const any_word *)other;
	__u64 differ = 0;

	/* without a branch, which the verifier would follow both ways */
	for (unsigned i = 0; i < DOMAIN_WORDS; i++)
		differ |= a[i] ^ b[i];
	return !differ;
}

/* One label, after domain_match_label(). Returns 0 when the match is complete: no rule goes on, or there is no more of the name. */
static inline __attribute__((always_inline)) int domain_match_step(void *generation, struct domain_match *match)
{
	struct gen_key key = { .kind = GEN_STEP, .node = match->node, .a = match->hash };
	__u32 end = match->left, bytes = match->label;
	const struct gen_node *node;

	node = (const struct gen_node *)GEN_FIND(generation, &key);
	if (!node)
		return 0;
	if (bytes == end) {
		match->deny = better(match->deny, node->end_deny);
		match->allow = better(match->allow, node->end_allow);
		return 0;
	}
	match->deny = better(match->deny, node->below_deny);
	match->allow = better(match->allow, node->below_allow);
	match->node = node->node;
	match->left = end - bytes - 1;
	return 1;
}

/**
 * domain_match_run() - find the best rule and allow entry of a name
 * @generation: for GEN_FIND
 * @match: after domain_match_init(); afterwards .deny and .allow are the answer
 *
 * The steps always suffice: no pattern has more labels. The kernel does the same in steps: domain_ask() in domain.bpf.c.
 */
static inline __attribute__((always_inline)) void domain_match_run(void *generation, const struct domain_text *name,
								   struct domain_match *match)
{
	for (int step = 0; step < PATH_COMPONENTS_MAX; step++)
		if (!domain_match_label(name, match) || !domain_match_step(generation, match))
			return;
}

/* What rules say of one address, by the names that DNS answers gave for it. */
struct address_match {
	__u64 name;		/* key of "names": the name that .deny is about */
	__u32 deny;		/* best rule of an unexpired name without an allow entry that holds; without such a name, of any */
	__u32 allow;		/* then: the allow entry */
	__u32 shared;		/* 1: also an unexpired name is there that no rule denies, or that is allowed */
	__u32 zero;
};

/**
 * address_match_add() - one more name of the address
 * @name:  its key
 * @deny:  best rule that denies it, or what it is an alias of
 * @allow: allow entry for it that holds; 0: none
 */
static inline __attribute__((always_inline)) void address_match_add(struct address_match *match, __u64 name,
								    __u32 deny, __u32 allow)
{
	__u32 before = match->deny;

	if (!deny || allow)
		match->shared = 1;
	if (!deny)
		return;
	/* a name that is refused goes before one that is allowed */
	if (before && match->allow && !allow)
		before = 0;
	if (before && !match->allow && allow)
		return;
	if (better(before, deny) == before)
		return;
	match->name = name;
	match->deny = deny;
	match->allow = allow;
}

/**
 * address_place() - put a name into the entry of an address, or prolong it
 * @known: changed in place
 * @name:  its key
 * @until_boot_ns: how long it is believed; the longest counts
 * @now_boot_ns: what was over before may be overwritten
 * @evict: bit by place: the name there, of @before, may be overwritten, too
 * @before: ADDRESS_NAMES_MAX keys
 *
 * Return: 1, or 0 when there is no place.
 */
static inline __attribute__((always_inline)) int address_place(struct learned_address *known, __u64 name,
							       __u64 until_boot_ns, __u64 now_boot_ns, __u32 evict,
							       const __u64 *before)
{
	struct address_name *place = (struct address_name *)0;

#ifdef __clang__
#pragma clang loop unroll(full)
#endif
	for (__u32 i = 0; i < ADDRESS_NAMES_MAX; i++) {
		struct address_name *one = &known->names[i];

		if (one->name == name) {
			if (one->until_boot_ns < until_boot_ns)
				one->until_boot_ns = until_boot_ns;
			return 1;
		}
		if (!one->name || one->until_boot_ns <= now_boot_ns ||
		    (evict & 1u << i && one->name == before[i]))
			place = one;
	}
	if (!place)
		return 0;
	place->name = name;
	place->until_boot_ns = until_boot_ns;
	return 1;
}

/* ---------------------------------------------------------------- networks */

struct address {
	__u64 a, b;		/* as in struct gen_key: IPv4 in a; host order */
	__u16 port;		/* host order */
	__u8 family;		/* 4 or 6 */
	__u8 protocol;		/* IPPROTO_ */
};

/* How many prefix lengths are in use. The header says the same, but costs a lookup. */
static inline __attribute__((always_inline)) __u32 lengths_count(const struct gen_lengths *in_use)
{
	return bytes_used(in_use->bits, NETWORK_LENGTHS_MAX / 8);
}

/* Where the bits of an address begin in .a: IPv4 fills its lower half. */
static inline __attribute__((always_inline)) __u32 address_begins(const struct address *address)
{
	return (6 - address->family) * 16;
}

/* The key of a prefix of so many bits of an address; without a branch, too. */
static inline __attribute__((always_inline)) void address_mask(struct gen_key *key, const struct address *address,
							       __u32 bits)
{
	__u64 end = address_begins(address) + bits, mask = ~0ull << (-end & 63);
	__u64 is_long = (__s64)(64 - end) >> 63;	/* all ones: it ends in .b */

	key->part = bits;
	key->a = address->a & (mask | is_long);
	key->b = address->b & mask & is_long;
}

/*
 * The longest prefix of a table (enum network_table) that covers an address; .count 0 when there is none. Where the search stands
 * is in bytes that the compiler has to write and read: of those the verifier knows nothing, and what it has found out about
 * one turn is true of the next. In registers it would follow every way through the tree.
 */
static inline __attribute__((always_inline)) struct gen_network
network_find_in(void *generation, __u32 table, const struct address *address)
{
	struct gen_key key = { .kind = GEN_LENGTHS, .part = address->family, .node = table };
	const struct gen_lengths *in_use = (const struct gen_lengths *)GEN_FIND(generation, &key);
	struct gen_network best = {};
	struct {
		__u8 zero, low, high;	/* one more than they are, because a zero would be known again */
	} volatile stand;

	if (!in_use)
		return best;
	stand.low = 1;
	stand.high = lengths_count(in_use) + 1;	/* behind the last */
	key.kind = address->family == 4 ? GEN_NET4 : GEN_NET6;
	/* 2^6 > NETWORK_LENGTHS_MAX */
#ifdef __clang__
#pragma clang loop unroll(disable)
#endif
	for (int step = 0; step < 6; step++) {
		__u32 low = stand.low, high = stand.high, middle = (low + high - 3) / 2;
		const struct gen_network *found;

		if (low >= high)
			break;
		address_mask(&key, address, in_use->bits[middle & (NETWORK_LENGTHS_MAX - 1)]);
		found = (const struct gen_network *)GEN_FIND(generation, &key);
		if (!found) {
			stand.high = middle + 1;
			continue;
		}
		stand.low = middle + 2;
		if (found->count) {
			best.list = found->list;
			best.count = found->count;
		}
	}
	return best;
}

static inline __attribute__((always_inline)) struct gen_network network_find(void *generation,
									     const struct address *address)
{
	return network_find_in(generation, NETWORKS_RULES, address);
}

/**
 * condition_covers() - does a line of a list cover a port and protocol?
 * @line: borrowed; NULL: no
 */
static inline __attribute__((always_inline)) int condition_covers(const struct gen_condition *line, __u16 port,
								  __u8 protocol)
{
	return line && port >= line->port_first && port <= line->port_last &&
	       (line->protocol == PROTOCOL_ANY || line->protocol == protocol);
}

/* ---------------------------------------------------------------- scope */

/*
 * What a scope asks about who acts. Until a list has been asked, its answer is such that the cgroup is in
 * scope: only what is known to be outside is outside, so nobody leaves the scope by making a path that cannot
 * be read or matched.
 */
struct scope_facts {
	__u32 user;	/* 1: has a GEN_USER */
	__u32 covers;	/* bit by enum scope_list: the list covers the cgroup */
};

/**
 * scope_facts_init() - what is known of a user before the lists of cgroups are asked
 * @scope: borrowed
 * @uid:   real user id, in the initial user namespace
 */
static inline __attribute__((always_inline)) void scope_facts_init(void *generation,
								   const struct gen_scope *scope, __u32 uid,
								   struct scope_facts *out_facts)
{
	struct gen_key key = { .kind = GEN_USER, .node = uid };

	out_facts->user = GEN_FIND(generation, &key) != (void *)0;
	out_facts->covers = 1 << SCOPE_LIST_ONLY;
	if (!(scope->flags & SCOPE_NO_CONTAINERS))
		out_facts->covers |= 1 << SCOPE_LIST_CONTAINERS;
}

/* What a list says; @covers is the match's "deny". */
static inline __attribute__((always_inline)) void scope_learn(struct scope_facts *facts, __u32 list,
							      __u32 covers)
{
	facts->covers = (facts->covers & ~(1u << list)) | (covers ? 1u << list : 0);
}

/** scope_holds() - is who acts in scope? @flags: enum scope_flag. Return: 1 or 0. */
static inline __attribute__((always_inline)) int scope_holds(__u32 flags, const struct scope_facts *facts)
{
	__u32 only = facts->covers & 1 << SCOPE_LIST_ONLY;
	__u32 excluded = facts->covers & 1 << SCOPE_LIST_EXCLUDED;
	__u32 container = facts->covers & 1 << SCOPE_LIST_CONTAINERS;

	if (excluded || (flags & SCOPE_ONLY_USERS && !facts->user))
		return 0;
	if (flags & SCOPE_ONLY_CGROUPS && !only)
		return 0;
	if (flags & SCOPE_ONLY_CONTAINERS && !container)
		return 0;
	return !(flags & SCOPE_NO_CONTAINERS && container);
}

/**
 * scope_decides() - is anything decided of what this user does in this cgroup?
 * @generation: for GEN_FIND; without a scope the answer is 1
 * @uid:        as above
 * @cgroup:     its path from the cgroup v2 root; depth 0 is the root itself, which no pattern covers
 * @match:      working memory
 *
 * The kernel does the same in steps: scope_ask() in scope.bpf.c. Return: 1 or 0.
 */
static inline __attribute__((always_inline)) int scope_decides(void *generation, __u32 uid,
							       const struct walk *cgroup,
							       struct path_match *match)
{
	struct gen_key key = { .kind = GEN_SCOPE };
	const struct gen_scope *scope = (const struct gen_scope *)GEN_FIND(generation, &key);
	struct scope_facts facts;

	if (!scope)
		return 1;
	scope_facts_init(generation, scope, uid, &facts);
	for (__u32 list = 0; list < SCOPE_LIST_MAX && !cgroup->failed; list++) {
		path_match_init(match, scope->root[list]);
		if (!scope->root[list] || path_match_run(generation, cgroup, match))
			scope_learn(&facts, list, match->deny);
	}
	return scope_holds(scope->flags, &facts);
}

/* ---------------------------------------------------------------- files */

/**
 * file_deny() - the rule that a file is recognised by: the most specific of all
 *
 * What another file with the same content was recognised by counts only where nothing says anything of this one itself, so
 * that the rule does not depend on who has hashed what.
 */
static inline __attribute__((always_inline)) __u32 file_deny(const struct file_match *match)
{
	__u32 own = better(better(match->path_deny, match->identity_deny),
			   better(match->content_deny, match->name_deny));

	return own ? own : match->copy_deny;
}

/**
 * file_allow() - the allow entry that covers a file: the one that lasts longest
 *
 * An allow entry means the file on this host. A path alone says that only of a file that is at home: in a
 * container, or below something that was mounted over the path, it is another file of the same name. Its identity
 * (the agent has looked the path up) or its content say it anywhere.
 */
static inline __attribute__((always_inline)) __u32 file_allow(const struct file_match *match)
{
	__u32 known = better(better(match->identity_allow, match->content_allow), match->name_allow);

	return match->at_home ? better(known, match->path_allow) : known;
}

/** file_recognised() - what gave a file away, when @deny is the rule; enum recognised */
static inline __attribute__((always_inline)) __u32 file_recognised(const struct file_match *match, __u32 deny)
{
	if (deny == match->path_deny)
		return RECOGNISED_PATH;
	if (deny == match->identity_deny)
		return RECOGNISED_IDENTITY;
	return deny == match->name_deny ? RECOGNISED_NAME : RECOGNISED_CONTENT;
}

/**
 * content_key() - the key of a content, for GEN_DIGEST and LEARNED_DIGEST
 * @kind:   of the entry
 * @sha256: SHA256_BYTES
 * @out:    a struct gen_key or struct learned_key
 */
static inline __attribute__((always_inline)) void content_key(__u16 kind, const __u8 *sha256, void *out)
{
	__u8 *bytes = (__u8 *)out;

	_Static_assert(sizeof(kind) + DIGEST_KEY_BYTES == sizeof(struct gen_key), "a digest fills a key");
	_Static_assert(sizeof(struct learned_key) == sizeof(struct gen_key), "both kinds of key");
	__builtin_memcpy(bytes, &kind, sizeof(kind));
	__builtin_memcpy(bytes + sizeof(kind), sha256, DIGEST_KEY_BYTES);
}

/* ---------------------------------------------------------------- verdict */

/**
 * now_seconds() - the time that exceptions end by
 * @boot_ns: CLOCK_BOOTTIME
 * @boot_to_real_ns: of struct runtime
 *
 * Return: seconds since 1970, or 0 when that is not known.
 */
static inline __attribute__((always_inline)) __u64 now_seconds(__u64 boot_ns, __s64 boot_to_real_ns)
{
	__s64 real_ns = (__s64)boot_ns + boot_to_real_ns;

	return boot_to_real_ns && real_ns > 0 ? (__u64)real_ns / 1000000000 : 0;
}

/**
 * allow_holds() - does an allow entry still hold?
 * @number: of the entry that matched, the one that lasts longest; 0: none
 * @now_s:  of now_seconds(); with 0 nothing has ended
 *
 * Return: @number, or 0 when it is over.
 */
static inline __attribute__((always_inline)) __u32 allow_holds(void *generation, __u32 number, __u64 now_s)
{
	struct gen_key key = { .kind = GEN_RULE, .node = number };
	const struct gen_rule *rule;

	if (!number)
		return 0;
	rule = (const struct gen_rule *)GEN_FIND(generation, &key);
	return rule && (!rule->until_s || now_s < rule->until_s) ? number : 0;
}

/** requirement_unmet() - does the policy require what this host is not known to have? Return: 1 or 0. */
static inline __attribute__((always_inline)) int requirement_unmet(const struct gen_header *header,
								   const struct runtime *runtime)
{
	return header->flags & GEN_FLAG_REQUIRES && header->generation != runtime->met[0] &&
	       header->generation != runtime->met[1];
}

/**
 * rule_find() - what a rule asks for
 * @decision: rule, vendor, matcher, action and id are set
 * @out_inputs: its target
 *
 * Return: 1, or 0 when there is no such rule.
 */
static inline __attribute__((always_inline)) int rule_find(void *generation, __u32 number,
							   struct decision *decision,
							   struct mode_inputs *out_inputs)
{
	struct gen_key key = { .kind = GEN_RULE, .node = number };
	const struct gen_rule *rule = (const struct gen_rule *)GEN_FIND(generation, &key);

	if (!number || !rule)
		return 0;
	decision->rule = number;
	decision->vendor = rule->vendor;
	decision->matcher = rule->matcher;
	decision->action = rule->action;
	decision->id = rule->id;
	out_inputs->target = rule->target;
	out_inputs->target_held_by = rule->target_held_by;
	return 1;
}

/**
 * decide() - the order of design section 7, after matching and scope
 * @inputs:    of the rule that matched
 * @protected: 1: an object that this host cannot lose
 * @allow:     the allow entry that matched and holds, or 0
 * @decision:  rule is set; the rest is filled in
 */
static inline __attribute__((always_inline)) void decide(const struct mode_inputs *inputs, __u32 protected,
							 __u32 allow, struct decision *decision)
{
	struct effective_mode mode = mode_effective(inputs);

	decision->mode = mode.mode;
	decision->held_by = mode.held_by;
	decision->allow = allow;
	decision->let_through = protected ? LET_THROUGH_PROTECTED :
				allow	  ? LET_THROUGH_ALLOWED :
					    LET_THROUGH_NOT;
	decision->verdict = !protected && !allow && mode.mode == MODE_ENFORCE ? VERDICT_DENY : VERDICT_ALLOW;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * path_sets.c - makes one walk enough. Several tree nodes can match the same directory ("lib" matches
 * the components lib, l* and *), but a walk is at one node, so the nodes of the generation stand for sets
 * of tree nodes (subset construction). Nearly every rule is a literal path or a subtree: sets of one
 * node without wildcards take a short way that never looks at sets.
 */
#include "automaton.h"
#include "interpreters.h"
#include "paths.h"
#include "policy.h"
#include "sort.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WORK_MAX 256000000ull /* children looked at while merging, and members of all sets */
#define OF_SET   0x80000000u

struct set {
	__u64 start; /* in members */
	__u32 count;
	__u32 state;     /* that stands for it; 0: none yet */
	__u16 automaton; /* over the wildcards in it; 0: none yet */
};

struct state {
	struct gen_node record;
	__u32 of;        /* tree node, or OF_SET and the set */
	__u32 by_number; /* reached otherwise than by a step */
};

struct step {
	__u64 hash;
	__u32 from, to;
};

struct list {
	__u32 *nodes;
	size_t count, capacity;
};

struct paths {
	const struct numbered *numbered;
	struct trie trie;
	__u32 *single; /* state of the set of one tree node */
	struct set *sets;
	size_t set_count, set_capacity;
	__u32 *table;
	size_t table_size;
	struct list members;  /* of all sets */
	struct state *states; /* states[0] is "none" */
	size_t state_count, state_capacity;
	struct step *steps;
	size_t step_count, step_capacity;
	struct automata automata;
	struct list accept_lists; /* count, nodes...: where the accepting states' tree nodes are */
	struct list accept_at;    /* by automaton state: index in accept_lists + 1 */
	struct list accept_state; /* by automaton state: the state reached */
	struct list here, wild, any, target; /* scratch of one expansion */
	struct sort_item *items;             /* scratch of emit_children() */
	size_t item_capacity;
	__u64 work;
	__u32 culprit; /* rule that is being worked on, for the message about a limit */
};

/* Room for one more in a growing array; @array is the address of the pointer to it. */
static int grow(void *array, size_t count, size_t *capacity, size_t size)
{
	size_t more = *capacity ? *capacity + *capacity / 2 : 64;
	void *list;

	if (count < *capacity)
		return 0;
	memcpy(&list, array, sizeof(list)); /* a pointer of some other type */
	list = reallocarray(list, more, size);
	if (!list)
		return -ENOMEM;
	memcpy(array, &list, sizeof(list));
	*capacity = more;
	return 0;
}

static int list_add(struct list *list, __u32 node)
{
	int err = grow(&list->nodes, list->count, &list->capacity, sizeof(*list->nodes));

	if (!err)
		list->nodes[list->count++] = node;
	return err;
}

static int compare_nodes(const void *a, const void *b)
{
	__u32 x = *(const __u32 *)a, y = *(const __u32 *)b;

	return x < y ? -1 : x > y;
}

/* Sorted and without doubles, so that equal sets are equal bytes. */
static void list_normalise(struct list *list)
{
	size_t kept = 0;

	if (list->count > 1)
		qsort(list->nodes, list->count, sizeof(*list->nodes), compare_nodes);
	for (size_t i = 0; i < list->count; i++)
		if (!kept || list->nodes[kept - 1] != list->nodes[i])
			list->nodes[kept++] = list->nodes[i];
	list->count = kept;
}

static __u64 list_hash(const __u32 *nodes, size_t count)
{
	__u64 hash = HASH_START ^ count;

	for (size_t i = 0; i < count; i++)
		hash = hash_word(hash, nodes[i]);
	return hash ^ hash >> 32;
}

static int sets_rehash(struct paths *sets)
{
	size_t size = sets->table_size ? 2 * sets->table_size : 128;
	__u32 *table = calloc(size, sizeof(*table));

	if (!table)
		return -ENOMEM;
	free(sets->table);
	sets->table = table;
	sets->table_size = size;
	for (size_t i = 0; i < sets->set_count; i++) {
		const struct set *set = &sets->sets[i];
		__u64 slot = list_hash(sets->members.nodes + set->start, set->count);

		while (table[slot &= size - 1])
			slot++;
		table[slot] = i + 1;
	}
	return 0;
}

/* The number of the set with these members; made if it is new. */
static int sets_intern(struct paths *sets, const struct list *list, __u32 *out_set)
{
	__u64 slot;
	int err = 0;

	if (2 * sets->set_count >= sets->table_size)
		err = sets_rehash(sets);
	if (!err)
		err = grow(&sets->sets, sets->set_count, &sets->set_capacity, sizeof(*sets->sets));
	if (err)
		return err;
	slot = list_hash(list->nodes, list->count);
	for (;; slot++) {
		__u32 found = sets->table[slot &= sets->table_size - 1];

		if (!found)
			break;
		*out_set = found - 1;
		if (sets->sets[*out_set].count == list->count &&
		    !memcmp(sets->members.nodes + sets->sets[*out_set].start, list->nodes,
			    list->count * sizeof(*list->nodes)))
			return 0;
	}
	sets->work += list->count;
	if (sets->work > WORK_MAX)
		return -E2BIG;
	*out_set = sets->set_count;
	sets->sets[*out_set] = (struct set){.start = sets->members.count, .count = list->count};
	for (size_t i = 0; !err && i < list->count; i++)
		err = list_add(&sets->members, list->nodes[i]);
	sets->table[slot] = ++sets->set_count;
	return err;
}

static void least(__u32 *into, __u32 rule)
{
	if (rule && (!*into || rule < *into))
		*into = rule;
}

static int state_new(struct paths *sets, __u32 of, const __u32 *nodes, size_t count,
		     __u32 *out_state)
{
	struct gen_node record = {.node = sets->state_count};
	int err = grow(&sets->states, sets->state_count, &sets->state_capacity,
		       sizeof(*sets->states));

	if (!err && sets->state_count >= PATH_NODES_MAX)
		err = -E2BIG;
	if (err)
		return err;
	for (size_t i = 0; i < count; i++) {
		const struct trie_node *node = &sets->trie.nodes[nodes[i]];

		least(&record.end_deny, node->end_deny);
		least(&record.end_allow, node->end_allow);
		least(&record.below_deny, node->below_deny);
		least(&record.below_allow, node->below_allow);
	}
	*out_state = sets->state_count;
	sets->states[sets->state_count++] = (struct state){.record = record, .of = of};
	return 0;
}

static int state_of_single(struct paths *sets, __u32 node, __u32 *out_state)
{
	int err = 0;

	if (!sets->single[node])
		err = state_new(sets, node, &node, 1, &sets->single[node]);
	*out_state = sets->single[node];
	return err;
}

/* The state that stands for a set; 0 for the empty one. Normalises the list. */
static int state_of(struct paths *sets, struct list *list, __u32 *out_state)
{
	__u32 set;
	int err;

	*out_state = 0;
	list_normalise(list);
	if (!list->count)
		return 0;
	if (list->count == 1)
		return state_of_single(sets, list->nodes[0], out_state);
	err = sets_intern(sets, list, &set);
	if (err)
		return err;
	if (!sets->sets[set].state) {
		err = state_new(sets, OF_SET | set, list->nodes, list->count, out_state);
		if (!err)
			sets->sets[set].state = *out_state;
		return err;
	}
	*out_state = sets->sets[set].state;
	return 0;
}

static int step_add(struct paths *sets, __u32 from, __u64 hash, __u32 to)
{
	int err = grow(&sets->steps, sets->step_count, &sets->step_capacity, sizeof(*sets->steps));

	if (!err && sets->step_count >= PATH_NODES_MAX)
		err = -E2BIG;
	if (!err)
		sets->steps[sets->step_count++] = (struct step){hash, from, to};
	return err;
}

/* Remembers where the states of a new automaton lead: matching wildcards and every "*" beside them. */
static int accepts_resolve(struct paths *sets, size_t first_state)
{
	struct automata *automata = &sets->automata;
	int err = 0;

	while (!err && sets->accept_at.count < first_state)
		err = list_add(&sets->accept_at, 0) ?: list_add(&sets->accept_state, 0);
	for (size_t s = first_state; !err && s < automata->count; s++) {
		const struct automaton_state *state = &automata->states[s];
		__u32 at = 0, to = 0;

		if (state->accept_count) {
			sets->target.count = 0;
			for (size_t i = 0; !err && i < state->accept_count; i++)
				err = list_add(
					&sets->target,
					sets->wild
						.nodes[automata->accepts[state->accept_start + i]]);
			for (size_t i = 0; !err && i < sets->any.count; i++)
				err = list_add(&sets->target, sets->any.nodes[i]);
			if (!err)
				err = state_of(sets, &sets->target, &to);
			at = sets->accept_lists.count + 1;
			if (!err)
				err = list_add(&sets->accept_lists, sets->target.count);
			for (size_t i = 0; !err && i < sets->target.count; i++)
				err = list_add(&sets->accept_lists, sets->target.nodes[i]);
			if (!err)
				sets->states[to].by_number = 1;
		}
		err = err ?: list_add(&sets->accept_at, at) ?: list_add(&sets->accept_state, to);
	}
	return err;
}

/* The automaton over the lists wild and any; one for each pair of lists that occurs. */
static int automaton_of(struct paths *sets, __u16 *out_start)
{
	size_t first = sets->automata.count ? sets->automata.count : 1;
	struct automaton_pattern *patterns;
	__u32 set;
	int err = 0;

	*out_start = 0;
	if (!sets->wild.count)
		return 0;
	sets->target.count = 0;
	for (size_t i = 0; !err && i < sets->wild.count; i++)
		err = list_add(&sets->target, sets->wild.nodes[i]);
	for (size_t i = 0; !err && i < sets->any.count; i++)
		err = list_add(&sets->target, sets->any.nodes[i]);
	list_normalise(&sets->target);
	if (!err)
		err = sets_intern(sets, &sets->target, &set);
	if (err)
		return err;
	*out_start = sets->sets[set].automaton;
	if (*out_start)
		return 0;
	patterns = calloc(sets->wild.count, sizeof(*patterns));
	if (!patterns)
		return -ENOMEM;
	for (size_t i = 0; i < sets->wild.count; i++) {
		const struct trie_node *node = &sets->trie.nodes[sets->wild.nodes[i]];

		patterns[i] = (struct automaton_pattern){node->name, node->name_bytes};
		if (!i || node->rule > sets->culprit)
			sets->culprit = node->rule;
	}
	err = automata_add(&sets->automata, patterns, sets->wild.count, out_start);
	free(patterns);
	if (err)
		return err;
	sets->sets[set].automaton = *out_start;
	return accepts_resolve(sets, first);
}

/* A literal child, and what the wildcards beside it say about its name. @children have the same name. */
static int expand_child(struct paths *sets, __u32 from, const struct sort_item *children,
			size_t count, __u16 automaton)
{
	const struct trie_node *child = &sets->trie.nodes[children[0].index];
	const struct list *more = &sets->any;
	const __u32 *nodes = more->nodes;
	size_t nodes_count = more->count;
	__u64 hash = child->hash;
	__u16 end = automata_run(&sets->automata, automaton, child->name, child->name_bytes);
	__u32 to;
	int err = 0;

	if (end && sets->accept_at.nodes[end]) {
		nodes = sets->accept_lists.nodes + sets->accept_at.nodes[end];
		nodes_count = nodes[-1];
	}
	sets->target.count = 0;
	for (size_t i = 0; !err && i < count; i++)
		err = list_add(&sets->target, children[i].index);
	for (size_t i = 0; !err && i < nodes_count; i++)
		err = list_add(&sets->target, nodes[i]);
	if (!err)
		err = state_of(sets, &sets->target, &to);
	return err ? err : step_add(sets, from, hash, to);
}

static int expand_literals(struct paths *sets, __u32 from, __u16 automaton)
{
	struct sort_item *items;
	size_t count = 0;
	int err = 0;

	for (size_t i = 0; i < sets->here.count; i++)
		for (__u32 c = sets->trie.nodes[sets->here.nodes[i]].child; c;
		     c = sets->trie.nodes[c].sibling)
			count++;
	sets->work += count;
	if (sets->work > WORK_MAX)
		return -E2BIG;
	if (!count)
		return 0;
	items = calloc(count, sizeof(*items));
	if (!items)
		return -ENOMEM;
	count = 0;
	for (size_t i = 0; i < sets->here.count; i++)
		for (__u32 c = sets->trie.nodes[sets->here.nodes[i]].child; c;
		     c = sets->trie.nodes[c].sibling)
			items[count++] = (struct sort_item){{sets->trie.nodes[c].hash, c}, c};
	sort_items(items, count);
	for (size_t i = 0, n; !err && i < count; i += n) {
		for (n = 1; i + n < count && items[i + n].word[0] == items[i].word[0];)
			n++;
		err = expand_child(sets, from, items + i, n, automaton);
	}
	free(items);
	return err;
}

/* Fills the lists of wildcards and "*" of all members, and finds the state of their "**" names. */
static int expand_wild(struct paths *sets, __u32 *out_deep)
{
	int err = 0;

	sets->wild.count = sets->any.count = sets->target.count = 0;
	for (size_t i = 0; !err && i < sets->here.count; i++) {
		const struct trie_node *node = &sets->trie.nodes[sets->here.nodes[i]];
		struct trie_wild wild;

		if (!node->wild)
			continue;
		wild = sets->trie.wilds[node->wild];
		if (wild.any)
			err = list_add(&sets->any, wild.any);
		if (!err && wild.deep)
			err = list_add(&sets->target, wild.deep);
		for (__u32 glob = wild.glob; !err && glob; glob = sets->trie.nodes[glob].sibling)
			err = list_add(&sets->wild, glob);
	}
	list_normalise(&sets->wild);
	return err ? err : state_of(sets, &sets->target, out_deep);
}

static int expand_set(struct paths *sets, __u32 from)
{
	__u32 any = 0, deep = 0;
	__u16 automaton = 0;
	int err = expand_wild(sets, &deep);

	if (!err)
		err = automaton_of(sets, &automaton);
	if (!err)
		err = state_of(sets, &sets->any, &any);
	if (err)
		return err;
	sets->states[any].by_number = 1;
	sets->states[deep].by_number = 1;
	sets->states[from].record.any = any;
	sets->states[from].record.deep = deep;
	sets->states[from].record.glob = automaton;
	return expand_literals(sets, from, automaton);
}

static int expand(struct paths *sets, __u32 from)
{
	__u32 of = sets->states[from].of, to;
	int err = 0;

	if (!(of & OF_SET) && !sets->trie.nodes[of].wild) {
		sets->culprit = sets->trie.nodes[of].rule;
		for (__u32 c = sets->trie.nodes[of].child; !err && c;
		     c = sets->trie.nodes[c].sibling) {
			err = state_of_single(sets, c, &to);
			if (!err)
				err = step_add(sets, from, sets->trie.nodes[c].hash, to);
		}
		return err;
	}
	sets->here.count = 0;
	if (of & OF_SET) {
		const struct set *set = &sets->sets[of & ~OF_SET];

		for (size_t i = 0; !err && i < set->count; i++)
			err = list_add(&sets->here, sets->members.nodes[set->start + i]);
	} else {
		err = list_add(&sets->here, of);
	}
	if (err)
		return err;
	sets->culprit = sets->trie.nodes[sets->here.nodes[sets->here.count - 1]].rule;
	return expand_set(sets, from);
}

static int emit_globs(const struct paths *sets, struct entries *entries)
{
	int err = 0;

	for (size_t s = 1; !err && s < sets->automata.count; s++) {
		for (unsigned row = 0; !err && row < 16; row++) {
			struct gen_key key = {.kind = GEN_GLOB, .part = row, .node = s};
			union gen_value value = {0}, none = {0};

			memcpy(value.glob.next, sets->automata.states[s].next + 16 * row,
			       sizeof(value.glob.next));
			if (memcmp(&value, &none, sizeof(value)))
				err = entries_add(entries, &key, &value);
		}
	}
	return err;
}

/* The children of one node are neighbours; only they have to be sorted, by their hashes. */
static int emit_children(struct paths *sets, const struct step *steps, size_t count,
			 struct entries *entries)
{
	int err = grow(&sets->items, count, &sets->item_capacity, sizeof(*sets->items));

	while (!err && count >= sets->item_capacity)
		err = grow(&sets->items, sets->item_capacity, &sets->item_capacity,
			   sizeof(*sets->items));
	for (size_t i = 0; !err && i < count; i++)
		sets->items[i] = (struct sort_item){{htobe64(htole64(steps[i].hash))}, i};
	if (!err)
		sort_items(sets->items, count);
	for (size_t i = 0; !err && i < count; i++) {
		const struct step *step = &steps[sets->items[i].index];
		struct gen_key key = {.kind = GEN_STEP, .node = step->from, .a = step->hash};
		union gen_value value = {.node = sets->states[step->to].record};

		err = entries_add(entries, &key, &value);
	}
	return err;
}

static int emit_steps(struct paths *sets, struct entries *entries)
{
	__u32 *first = calloc(sets->state_count + 2, sizeof(*first)), *order = NULL;
	int err = first ? entries_order(sets->state_count, &order) : -ENOMEM;

	for (size_t i = 0; !err && i < sets->step_count; i++)
		first[sets->steps[i].from + 1] = i + 1;
	for (size_t i = 1; !err && i < sets->state_count + 2; i++)
		first[i] = first[i] ?: first[i - 1]; /* now: where the children of i - 1 end */
	for (size_t i = 0; !err && i < sets->state_count; i++) {
		__u32 from = order[i];

		if (first[from + 1] > first[from])
			err = emit_children(sets, sets->steps + first[from],
					    first[from + 1] - first[from], entries);
	}
	free(first);
	free(order);
	return err;
}

static int emit(struct paths *sets, struct entries *entries)
{
	size_t start = entries->count;
	int err = emit_steps(sets, entries);

	err = err ?: entries_sort(entries, start);
	start = entries->count;
	for (size_t i = 1; !err && i < sets->state_count; i++) {
		struct gen_key key = {.kind = GEN_NODE, .node = i};
		union gen_value value = {.node = sets->states[i].record};

		if (sets->states[i].by_number)
			err = entries_add(entries, &key, &value);
	}
	err = err ?: entries_sort(entries, start);
	start = entries->count;
	err = err ?: emit_globs(sets, entries);
	err = err ?: entries_sort(entries, start);
	start = entries->count;
	for (size_t s = 1; !err && s < sets->accept_state.count; s++) {
		struct gen_key key = {.kind = GEN_ACCEPT, .node = s};
		union gen_value value = {.accept.node = sets->accept_state.nodes[s]};

		if (value.accept.node)
			err = entries_add(entries, &key, &value);
	}
	return err ?: entries_sort(entries, start);
}

static void sets_done(struct paths *sets)
{
	trie_done(&sets->trie);
	automata_done(&sets->automata);
	free(sets->single);
	free(sets->sets);
	free(sets->table);
	free(sets->members.nodes);
	free(sets->states);
	free(sets->steps);
	free(sets->accept_lists.nodes);
	free(sets->accept_at.nodes);
	free(sets->accept_state.nodes);
	free(sets->here.nodes);
	free(sets->wild.nodes);
	free(sets->any.nodes);
	free(sets->target.nodes);
	free(sets->items);
}

static int sets_build(struct paths *sets, __u32 out_roots[TREE_MAX])
{
	__u32 none;
	int err;

	sets->single = calloc(sets->trie.count, sizeof(*sets->single));
	if (!sets->single)
		return -ENOMEM;
	err = state_new(sets, 0, NULL, 0, &none); /* state 0: none */
	for (unsigned tree = 0; !err && tree < TREE_MAX; tree++) {
		if (!sets->trie.used[tree])
			continue;
		err = state_of_single(sets, 1 + tree, &out_roots[tree]);
		if (!err)
			sets->states[out_roots[tree]].by_number = 1;
	}
	for (size_t i = 1; !err && i < sets->state_count; i++)
		err = expand(sets, i);
	return err;
}

const char *const *scope_patterns(const struct rule_scope *scope, enum scope_list list,
				  size_t *out_count)
{
	switch (list) {
	case SCOPE_LIST_ONLY:
		*out_count = scope->only_cgroup_count;
		return scope->only_cgroups;
	case SCOPE_LIST_EXCLUDED:
		*out_count = scope->exclude_cgroup_count;
		return scope->exclude_cgroups;
	default: /* which cgroups are containers may be said though nobody asks */
		*out_count = scope->flags & (SCOPE_ONLY_CONTAINERS | SCOPE_NO_CONTAINERS)
				     ? scope->container_cgroup_count
				     : 0;
		return scope->container_cgroups;
	}
}

/* Of rules about files and modules. */
static int insert_rules(struct paths *sets, const struct numbered *numbered)
{
	int err = 0;

	for (size_t i = 0; !err && i < numbered->files; i++) {
		const struct numbered_rule *rule = &numbered->list[i];
		bool module = rule->matcher == MATCHER_MODULE;

		if (i + 8 < numbered->files)
			__builtin_prefetch(numbered->list[i + 8].value);
		if (!module && rule->matcher != MATCHER_PATH)
			continue;
		sets->culprit = i + 1;
		err = trie_insert(&sets->trie, &(struct trie_pattern){
						       .value = rule->value,
						       .number = i + 1,
						       .allow = rule->action == ACTION_ALLOW,
						       .tree = module ? TREE_MODULES : TREE_FILES});
	}
	return err;
}

/* They follow the files; exceptions are only asked of what a rule names. */
static int insert_domains(struct paths *sets, const struct numbered *numbered)
{
	int err = 0;

	for (size_t i = numbered->files; !err && numbered->domains && i < numbered->count; i++) {
		const struct numbered_rule *rule = &numbered->list[i];

		if (rule->matcher != MATCHER_DOMAIN)
			continue;
		sets->culprit = i + 1;
		err = trie_insert(&sets->trie,
				  &(struct trie_pattern){.value = rule->value,
							 .number = i + 1,
							 .allow = rule->action == ACTION_ALLOW,
							 .tree = TREE_DOMAINS});
	}
	return err;
}

static int insert_interpreters(struct paths *sets)
{
	const char *name;
	int err = 0;

	for (size_t i = 0; !err && (name = interpreter_pattern(i)); i++)
		err = trie_insert(&sets->trie, &(struct trie_pattern){.value = name,
								      .number = 1,
								      .tree = TREE_INTERPRETERS});
	return err;
}

/* All patterns: of rules in the order of their numbers, of interpreters if some rule asks for them, of cgroups. */
static int sets_insert(struct paths *sets, const struct numbered *numbered,
		       const struct rule_scope *scope)
{
	int err = insert_rules(sets, numbered);

	err = err ?: insert_domains(sets, numbered);
	sets->culprit = 0;
	if (!err && numbered->strict)
		err = insert_interpreters(sets);
	for (unsigned list = 0; !err && list < SCOPE_LIST_MAX; list++) {
		size_t count;
		const char *const *patterns = scope_patterns(scope, list, &count);

		for (size_t i = 0; !err && i < count; i++)
			err = trie_insert(&sets->trie,
					  &(struct trie_pattern){.value = patterns[i],
								 .number = 1,
								 .tree = TREE_SCOPE + list});
	}
	return err;
}

/* @err, or what it is called outside when it was a limit. */
static int say_limit(const struct paths *sets, struct diagnostics *diags, int err)
{
	const struct rule *rule =
		sets->culprit ? sets->numbered->list[sets->culprit - 1].rule : NULL;

	if (err != -E2BIG)
		return err;
	if (rule)
		diagnostics_add(
			diags, SEVERITY_ERROR, rule->place,
			"the %s \"%s\" and the patterns with '*' beside it need more than %u "
			"states or %u nodes together; use fewer stars, or \"/dir/**\"",
			matcher_word(rule->matcher), rule->value, GLOB_STATES_MAX, PATH_NODES_MAX);
	else
		diagnostics_add(diags, SEVERITY_ERROR, (struct place){0},
				"the cgroups of \"scope\" need more than %u states or %u nodes "
				"together with the paths; use fewer stars",
				GLOB_STATES_MAX, PATH_NODES_MAX);
	return -EINVAL;
}

int paths_begin(const struct numbered *numbered, const struct rule_scope *scope,
		struct diagnostics *diags, struct paths **out_paths)
{
	struct paths *paths = calloc(1, sizeof(*paths));
	int err;

	if (!paths)
		return -ENOMEM;
	paths->numbered = numbered;
	err = say_limit(paths, diags, sets_insert(paths, numbered, scope));
	if (err)
		paths_free(paths);
	else
		*out_paths = paths;
	return err;
}

int paths_emit(struct paths *paths, struct diagnostics *diags, struct entries *entries,
	       __u32 out_roots[TREE_MAX])
{
	__u32 roots[TREE_MAX] = {0};
	int err = paths->trie.count ? sets_build(paths, roots) : 0;

	/* the tree is the largest part of all, and states and steps say everything that is in it */
	trie_done(&paths->trie);
	if (!err && paths->state_count)
		err = emit(paths, entries);
	if (!err)
		memcpy(out_roots, roots, sizeof(roots));
	return say_limit(paths, diags, err);
}

void paths_free(struct paths *paths)
{
	if (!paths)
		return;
	sets_done(paths);
	free(paths);
}

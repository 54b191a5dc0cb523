/* SPDX-License-Identifier: MIT */
/*
 * automaton.c - subset construction over wildcard patterns. A position is a pattern and an offset in
 * it. Only the last star that was reached matters for a pattern (what an earlier one could still match,
 * the later one can too), which keeps the sets, and the number of them, small for ordinary patterns.
 * For the others there are two bounds: the states that the format can hold, and the work spent.
 */
#include "automaton.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define WORK_MAX                  300000000ull /* positions looked at, all automata together: a second or two */
#define POSITION(pattern, offset) ((__u32)(pattern) << 8 | (__u32)(offset))

struct positions {
	__u32 *list;
	size_t count, capacity;
};

struct build {
	struct automata *automata;
	char (*texts)[PATH_NAME_MAX + 1]; /* patterns, runs of stars made one, ended by a zero */
	size_t base;                      /* number of the first state of this automaton */
	struct positions pool;            /* members of all states, one after the other */
	struct {
		size_t start, count;
	} * sets; /* by state - base */
	size_t sets_capacity;
	__u32 *table; /* state - base + 1 by hash of its set */
	size_t table_size;
	struct positions scratch;
};

static int positions_add(struct positions *positions, __u32 position)
{
	if (positions->count == positions->capacity) {
		size_t capacity = positions->capacity ? 2 * positions->capacity : 64;
		__u32 *list = reallocarray(positions->list, capacity, sizeof(*list));

		if (!list)
			return -ENOMEM;
		positions->list = list;
		positions->capacity = capacity;
	}
	positions->list[positions->count++] = position;
	return 0;
}

static char build_byte(const struct build *build, __u32 position)
{
	return build->texts[position >> 8][position & 0xff];
}

/* A star may stand for nothing, so the position behind it is reached with it. */
static int build_reach(struct build *build, __u32 position)
{
	int err = positions_add(&build->scratch, position);

	if (!err && build_byte(build, position) == '*')
		err = positions_add(&build->scratch, position + 1);
	return err;
}

static int compare_positions(const void *a, const void *b)
{
	__u32 x = *(const __u32 *)a, y = *(const __u32 *)b;

	return x < y ? -1 : x > y;
}

/* Sorted, without doubles, and without what a later star of the same pattern makes needless. */
static void build_normalise(struct build *build)
{
	__u32 *list = build->scratch.list;
	size_t count = build->scratch.count, from, kept;
	bool sorted = true;

	for (size_t i = 1; i < count && sorted; i++)
		sorted = list[i - 1] < list[i];
	if (!sorted)
		qsort(list, count, sizeof(*list), compare_positions);
	kept = count;
	for (from = count; from > 0;) {
		__u32 pattern = list[from - 1] >> 8;
		bool star = false;

		for (; from > 0 && list[from - 1] >> 8 == pattern; from--) {
			if (star || (kept < count && list[kept] == list[from - 1]))
				continue;
			star = build_byte(build, list[from - 1]) == '*';
			list[--kept] = list[from - 1];
		}
	}
	memmove(list, list + kept, (count - kept) * sizeof(*list));
	build->scratch.count = count - kept;
}

static __u64 positions_hash(const __u32 *list, size_t count)
{
	__u64 hash = HASH_START ^ count;

	for (size_t i = 0; i < count; i++)
		hash = hash_word(hash, list[i]);
	return hash ^ hash >> 32;
}

static int build_grow_table(struct build *build)
{
	size_t states = build->automata->count - build->base;
	size_t size = build->table_size ? 2 * build->table_size : 64;
	__u32 *table = calloc(size, sizeof(*table));

	if (!table)
		return -ENOMEM;
	free(build->table);
	build->table = table;
	build->table_size = size;
	for (size_t s = 0; s < states; s++) {
		__u64 slot = positions_hash(build->pool.list + build->sets[s].start,
					    build->sets[s].count);

		while (table[slot &= size - 1])
			slot++;
		table[slot] = s + 1;
	}
	return 0;
}

static int automata_new_state(struct automata *automata)
{
	if (automata->count > GLOB_STATES_MAX)
		return -E2BIG;
	if (automata->count >= automata->capacity) {
		size_t capacity = automata->capacity ? 2 * automata->capacity : 64;
		struct automaton_state *states =
			reallocarray(automata->states, capacity, sizeof(*states));

		if (!states)
			return -ENOMEM;
		automata->states = states;
		automata->capacity = capacity;
	}
	memset(&automata->states[automata->count], 0, sizeof(*automata->states));
	automata->count++;
	return 0;
}

static int automata_accept(struct automata *automata, __u32 pattern)
{
	struct automaton_state *state = &automata->states[automata->count - 1];

	if (automata->accepts_count == automata->accepts_capacity) {
		size_t capacity = automata->accepts_capacity ? 2 * automata->accepts_capacity : 64;
		__u32 *accepts = reallocarray(automata->accepts, capacity, sizeof(*accepts));

		if (!accepts)
			return -ENOMEM;
		automata->accepts = accepts;
		automata->accepts_capacity = capacity;
	}
	if (!state->accept_count++)
		state->accept_start = automata->accepts_count;
	automata->accepts[automata->accepts_count++] = pattern;
	return 0;
}

static int build_new_state(struct build *build)
{
	size_t set = build->automata->count - build->base;
	int err = automata_new_state(build->automata);

	if (err)
		return err;
	if (set == build->sets_capacity) {
		size_t capacity = build->sets_capacity ? 2 * build->sets_capacity : 16;
		void *sets = reallocarray(build->sets, capacity, sizeof(*build->sets));

		if (!sets)
			return -ENOMEM;
		build->sets = sets;
		build->sets_capacity = capacity;
	}
	build->sets[set].start = build->pool.count;
	build->sets[set].count = build->scratch.count;
	for (size_t i = 0; !err && i < build->scratch.count; i++) {
		__u32 position = build->scratch.list[i];

		err = positions_add(&build->pool, position);
		if (!err && !build_byte(build, position))
			err = automata_accept(build->automata, position >> 8);
	}
	return err;
}

/* The state of the set in the scratch list, made if it is new. Its number, or a negative errno. */
static int build_state(struct build *build)
{
	size_t states = build->automata->count - build->base;
	__u64 slot;
	int err;

	build_normalise(build);
	if (!build->scratch.count)
		return 0;
	if (2 * (states + 1) > build->table_size) {
		err = build_grow_table(build);
		if (err)
			return err;
	}
	slot = positions_hash(build->scratch.list, build->scratch.count);
	for (;; slot++) {
		__u32 set = build->table[slot &= build->table_size - 1];

		if (!set)
			break;
		if (build->sets[set - 1].count == build->scratch.count &&
		    !memcmp(build->pool.list + build->sets[set - 1].start, build->scratch.list,
			    build->scratch.count * sizeof(__u32)))
			return build->base + set - 1;
	}
	err = build_new_state(build);
	if (err)
		return err;
	build->table[slot] = states + 1;
	return build->base + states;
}

/* The state that follows on a byte; on any byte that no position waits for if @byte is 0. */
static int build_follow(struct build *build, size_t set, char byte)
{
	size_t count = build->sets[set].count;
	int err = 0;

	build->automata->work += count;
	if (build->automata->work > WORK_MAX)
		return -E2BIG;
	build->scratch.count = 0;
	for (size_t i = 0; !err && i < count; i++) {
		__u32 position = build->pool.list[build->sets[set].start + i];
		char at = build_byte(build, position);

		if (at == '*')
			err = build_reach(build, position);
		else if (byte && at == byte)
			err = build_reach(build, position + 1);
	}
	return err ? err : build_state(build);
}

static int build_expand(struct build *build, size_t set)
{
	bool wanted[256] = {false};
	int state = build_follow(build, set, 0);
	__u16 *next;

	if (state < 0)
		return state;
	next = build->automata->states[build->base + set].next;
	for (unsigned byte = 1; byte < 256; byte++)
		next[byte] = byte == '/' ? 0 : state;
	for (size_t i = 0; i < build->sets[set].count; i++)
		wanted[(unsigned char)build_byte(
			build, build->pool.list[build->sets[set].start + i])] = true;
	for (unsigned byte = 1; byte < 256; byte++) {
		if (!wanted[byte] || byte == '*') /* a star in a name is an ordinary byte */
			continue;
		state = build_follow(build, set, byte);
		if (state < 0)
			return state;
		build->automata->states[build->base + set].next[byte] = state;
	}
	return 0;
}

static void build_text(char *text, const struct automaton_pattern *pattern)
{
	size_t length = 0;

	for (size_t i = 0; i < pattern->bytes && length < PATH_NAME_MAX; i++)
		if (pattern->text[i] != '*' || !length || text[length - 1] != '*')
			text[length++] = pattern->text[i];
	text[length] = '\0';
}

int automata_add(struct automata *automata, const struct automaton_pattern *patterns, size_t count,
		 __u16 *out_start)
{
	struct build build = {.automata = automata};
	int err = 0;

	if (count >= 1u << 24)
		return -E2BIG;
	automata->count = automata->count ?: 1; /* state 0 is "dead" */
	build.base = automata->count;
	build.texts = calloc(count, sizeof(*build.texts));
	if (!build.texts)
		return -ENOMEM;
	for (size_t i = 0; !err && i < count; i++) {
		build_text(build.texts[i], &patterns[i]);
		err = build_reach(&build, POSITION(i, 0));
	}
	if (!err)
		err = build_state(&build);
	for (size_t set = 0; err >= 0 && build.base + set < automata->count; set++)
		err = build_expand(&build, set);
	free(build.texts);
	free(build.pool.list);
	free(build.sets);
	free(build.table);
	free(build.scratch.list);
	if (err < 0)
		return err;
	*out_start = build.base;
	return 0;
}

__u16 automata_run(const struct automata *automata, __u16 state, const char *name, size_t bytes)
{
	for (size_t i = 0; state && i < bytes; i++)
		state = automata->states[state].next[(unsigned char)name[i]];
	return state;
}

void automata_done(struct automata *automata)
{
	free(automata->states);
	free(automata->accepts);
	memset(automata, 0, sizeof(*automata));
}

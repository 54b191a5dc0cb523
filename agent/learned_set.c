/* SPDX-License-Identifier: MIT */
/*
 * learned_set.c - see learned_set.h
 */
#include "learned_set.h"
#include "clean.h"

#include "../policy/policy.h"
#include <errno.h>
#include <string.h>

/* ---------------------------------------------------------------- keys */

struct learned_key learned_key_of_file(const struct event_file *file)
{
	return (struct learned_key){
		.kind = LEARNED_FILE,
		.node = file->device,
		.a = file->inode,
		.b = file->generation,
	};
}

/* The bytes behind "kind", in their order in memory. */
struct learned_key learned_key_of_digest(const __u8 *sha256)
{
	struct learned_key key = {.kind = LEARNED_DIGEST};

	memcpy((char *)&key + sizeof(key.kind), sha256, DIGEST_KEY_BYTES);
	return key;
}

struct gen_key gen_key_of_digest(const __u8 *sha256)
{
	struct gen_key key = {.kind = GEN_DIGEST};

	memcpy((char *)&key + sizeof(key.kind), sha256, DIGEST_KEY_BYTES);
	return key;
}
_Static_assert(sizeof(struct gen_key) == sizeof(__u16) + DIGEST_KEY_BYTES,
	       "a digest fills the key");
_Static_assert(sizeof(struct learned_key) == sizeof(__u16) + DIGEST_KEY_BYTES,
	       "a digest fills the key");

struct learned_key learned_key_of_size(__u64 bytes)
{
	return (struct learned_key){.kind = LEARNED_SIZE, .a = bytes};
}

/* ---------------------------------------------------------------- the set */

static size_t slot_of(const struct learned_set *facts, const struct learned_key *key)
{
	__u64 words[3], hash = HASH_START;

	memcpy(words, key, sizeof(words));
	for (unsigned i = 0; i < 3; i++)
		hash = hash_word(hash, words[i]);
	return hash & (facts->slot_count - 1);
}

/* The slot that has this key, or the free one where it belongs. */
static __u32 *find_slot(const struct learned_set *facts, const struct learned_key *key)
{
	size_t at = slot_of(facts, key);

	while (facts->slots[at] && memcmp(&facts->keys[facts->slots[at] - 1], key, sizeof(*key)))
		at = (at + 1) & (facts->slot_count - 1);
	return &facts->slots[at];
}

static int more_slots(struct learned_set *facts)
{
	size_t count = facts->slot_count ? facts->slot_count * 2 : 1024;
	__u32 *slots = calloc(count, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	free(facts->slots);
	facts->slots = slots;
	facts->slot_count = count;
	for (size_t i = 0; i < facts->count; i++)
		*find_slot(facts, &facts->keys[i]) = i + 1;
	return 0;
}

static int more_room(struct learned_set *facts)
{
	size_t room = facts->room ? facts->room * 2 : 256;
	void *keys = reallocarray(facts->keys, room, sizeof(*facts->keys)), *values, *files;

	if (!keys)
		return -ENOMEM;
	facts->keys = keys;
	values = reallocarray(facts->values, room, sizeof(*facts->values));
	if (!values)
		return -ENOMEM;
	facts->values = values;
	files = reallocarray(facts->files, room, sizeof(*facts->files));
	if (!files)
		return -ENOMEM;
	facts->files = files;
	facts->room = room;
	return 0;
}

ssize_t learned_set_find(const struct learned_set *facts, const struct learned_key *key)
{
	__u32 *slot = facts->slot_count ? find_slot(facts, key) : NULL;

	return slot && *slot ? (ssize_t)*slot - 1 : -ENOENT;
}

ssize_t learned_set_at(struct learned_set *facts, const struct learned_key *key)
{
	ssize_t at = learned_set_find(facts, key);
	int err = 0;

	if (at >= 0)
		return at;
	if (facts->count * 2 >= facts->slot_count)
		err = more_slots(facts);
	if (!err && facts->count == facts->room)
		err = more_room(facts);
	if (err)
		return err;
	at = facts->count++;
	facts->keys[at] = *key;
	memset(&facts->values[at], 0, sizeof(facts->values[at]));
	memset(&facts->files[at], 0, sizeof(facts->files[at]));
	*find_slot(facts, key) = at + 1;
	return at;
}

struct learned_list learned_set_list(const struct learned_set *facts)
{
	return (struct learned_list){facts->keys, facts->values, facts->count};
}

void learned_set_done(struct learned_set *facts)
{
	for (size_t i = 0; i < facts->count; i++) {
		free(facts->files[i].path);
		free(facts->files[i].names);
	}
	free(facts->keys);
	free(facts->values);
	free(facts->files);
	free(facts->slots);
	*facts = (struct learned_set){0};
}

/* ---------------------------------------------------------------- from one generation to the next */

/*
 * Only rules that a fact names are looked for by their id, so that a million rules cost one pass and no table. The
 * number in the next generation, by the number in this one; 0: not wanted, or gone.
 */
struct renumber {
	const struct generation *from, *to;
	struct learned_set *facts;
	bool *wanted;
	__u32 *number;
};

static int want(void *context, const struct learned_key *key, const struct learned *learned)
{
	struct renumber *renumber = context;

	if (learned->deny && learned->deny <= renumber->from->rule_count)
		renumber->wanted[learned->deny - 1] = true;
	if (learned->allow && learned->allow <= renumber->from->rule_count)
		renumber->wanted[learned->allow - 1] = true;
	return 0;
}

struct named {
	const char *id;
	__u64 hash;
	__u32 number; /* in the old one */
};

static int compare_named(const void *a, const void *b)
{
	const struct named *one = a, *other = b;

	if (one->hash != other->hash)
		return one->hash < other->hash ? -1 : 1;
	return strcmp(one->id, other->id);
}

static int find_numbers(struct renumber *renumber)
{
	const struct generation *from = renumber->from, *to = renumber->to;
	AUTO_FREE struct named *names = NULL;
	size_t count = 0, at = 0;

	for (size_t i = 0; i < from->rule_count; i++)
		count += renumber->wanted[i];
	if (!count)
		return 0;
	names = calloc(count, sizeof(*names));
	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < from->rule_count; i++)
		if (renumber->wanted[i])
			names[at++] = (struct named){
				from->rules[i].id,
				name_hash(from->rules[i].id, strlen(from->rules[i].id)),
				(__u32)i + 1};
	qsort(names, count, sizeof(*names), compare_named);
	for (size_t i = 0; i < to->rule_count; i++) {
		const char *id = to->rules[i].id;
		struct named name = {id, name_hash(id, strlen(id)), 0}, *found;

		found = bsearch(&name, names, count, sizeof(*names), compare_named);
		if (found && !renumber->number[found->number - 1])
			renumber->number[found->number - 1] = (__u32)i + 1;
	}
	return 0;
}

static __u32 new_number(const struct renumber *renumber, __u32 old)
{
	return old && old <= renumber->from->rule_count ? renumber->number[old - 1] : 0;
}

static int carry_one(void *context, const struct learned_key *key, const struct learned *old)
{
	struct renumber *renumber = context;
	struct learned learned = *old;
	ssize_t at;

	if (key->kind == LEARNED_SIZE)
		return 0; /* follows from the digests */
	learned.deny = new_number(renumber, old->deny);
	learned.allow = new_number(renumber, old->allow);
	if (!learned.deny)
		learned.flags &= ~(LEARNED_HASHED | LEARNED_BY_CONTENT);
	if (!learned.deny && !learned.allow && !(learned.flags & LEARNED_PROTECTED))
		return 0;
	at = learned_set_at(renumber->facts, key);
	if (at < 0)
		return at;
	renumber->facts->values[at] = learned;
	if (key->kind == LEARNED_DIGEST) {
		const struct learned_key size = learned_key_of_size(learned.size);

		at = learned_set_at(renumber->facts, &size);
	}
	return at < 0 ? at : 0;
}

int learned_set_carry(struct kernel *kernel, const struct generation *from,
		      const struct generation *to, struct learned_set *facts)
{
	struct renumber renumber = {.from = from, .to = to, .facts = facts};
	AUTO_FREE bool *wanted = calloc(from->rule_count + 1, sizeof(*wanted));
	AUTO_FREE __u32 *number = calloc(from->rule_count + 1, sizeof(*number));
	int err;

	if (!wanted || !number)
		return -ENOMEM;
	renumber.wanted = wanted;
	renumber.number = number;
	err = kernel_learned_each(kernel, want, &renumber);
	if (!err)
		err = find_numbers(&renumber);
	if (!err)
		err = kernel_learned_each(kernel, carry_one, &renumber);
	return err;
}

/* SPDX-License-Identifier: MIT */
/*
 * digest.c - see digest.h. A digest of several products, or one that is both refused and allowed, is one entry.
 */
#include "digest.h"

#include <errno.h>
#include <string.h>

static const char prefix[] = "sha256:";

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool digest_parse(const char *text, __u8 *out_digest)
{
	if (strncmp(text, prefix, sizeof(prefix) - 1))
		return false;
	text += sizeof(prefix) - 1;
	for (unsigned i = 0; i < SHA256_BYTES; i++) {
		int high = digit(text[2 * i]), low = high < 0 ? -1 : digit(text[2 * i + 1]);

		if (low < 0)
			return false;
		out_digest[i] = (__u8)(high << 4 | low);
	}
	return !text[(size_t)2 * SHA256_BYTES];
}

struct gen_key gen_digest_key(unsigned kind, const __u8 *digest)
{
	struct gen_key key = {.kind = (__u16)kind};

	_Static_assert(sizeof(key) - offsetof(struct gen_key, part) == DIGEST_KEY_BYTES,
		       "all members behind the kind");
	memcpy((char *)&key + offsetof(struct gen_key, part), digest, DIGEST_KEY_BYTES);
	return key;
}

const struct gen_digest *digest_find(const struct generation *generation, const char *text)
{
	const union gen_value *value;
	__u8 digest[SHA256_BYTES];
	struct gen_key key;
	__u32 number;

	if (!digest_parse(text, digest))
		return NULL;
	key = gen_digest_key(GEN_DIGEST, digest);
	value = generation_find(generation, &key);
	number = !value ? 0 : value->digest.deny ? value->digest.deny : value->digest.allow;
	if (!number || number > generation->rule_count ||
	    strcmp(generation->rules[number - 1].value, text))
		return NULL;
	return &value->digest;
}

static int add(const struct numbered_rule *rule, __u32 number, struct entries *entries)
{
	union gen_value value = {.digest.size = rule->rule->size};
	__u8 digest[SHA256_BYTES];
	struct gen_key key;

	if (!digest_parse(rule->value, digest))
		return -EINVAL; /* numbered_make() refused it */
	key = gen_digest_key(GEN_DIGEST, digest);
	*(rule->action == ACTION_ALLOW ? &value.digest.allow : &value.digest.deny) = number;
	return entries_add(entries, &key, &value);
}

static const struct rule *rule_of(const struct numbered *numbered, const struct gen_digest *digest)
{
	return numbered->list[(digest->deny ? digest->deny : digest->allow) - 1].rule;
}

static void refuse_sizes(const struct numbered *numbered, const struct gen_digest *a,
			 const struct gen_digest *b, struct diagnostics *diags)
{
	const struct rule *one = rule_of(numbered, a), *other = rule_of(numbered, b);

	/* whichever comes first in the documents, and not in the order of numbers */
	if (strcmp(one->place.file ? one->place.file : "",
		   other->place.file ? other->place.file : "") > 0 ||
	    (one->place.file == other->place.file && one->place.line > other->place.line)) {
		const struct rule *swap = one;

		one = other;
		other = swap;
	}
	diagnostics_add(
		diags, SEVERITY_ERROR, other->place,
		"\"%s\" has the size %llu here and %llu at %s:%u; a content has one size: correct the wrong one",
		other->value, (unsigned long long)other->size, (unsigned long long)one->size,
		one->place.file ? one->place.file : "", one->place.line);
}

/* The smaller of two numbers, where 0 is none. */
static __u32 first_of(__u32 a, __u32 b)
{
	return !a || (b && b < a) ? b : a;
}

/* The key has only the beginning. Of real files nobody finds two that share it, but people make digests up. */
static bool same_content(const struct numbered *numbered, const struct gen_digest *a,
			 const struct gen_digest *b, struct diagnostics *diags)
{
	const struct rule *one = rule_of(numbered, a), *other = rule_of(numbered, b);

	if (!strcmp(one->value, other->value))
		return true;
	diagnostics_add(
		diags, SEVERITY_ERROR, other->place,
		"\"%s\" begins as \"%s\" at %s:%u does, with the same %d digits; no two files do: correct one of them",
		other->value, one->value, one->place.file ? one->place.file : "", one->place.line,
		2 * DIGEST_KEY_BYTES);
	return false;
}

/* Equal keys become one entry. */
static int merge(const struct numbered *numbered, size_t start, struct diagnostics *diags,
		 struct entries *entries)
{
	size_t kept = start;
	int err = 0;

	for (size_t i = start; i < entries->count; i++) {
		const struct gen_digest *one = &entries->values[i].digest;
		struct gen_digest *into = kept > start ? &entries->values[kept - 1].digest : NULL;

		if (!into ||
		    memcmp(&entries->keys[kept - 1], &entries->keys[i], sizeof(*entries->keys))) {
			entries->keys[kept] = entries->keys[i];
			entries->values[kept++] = entries->values[i];
			continue;
		}
		if (!same_content(numbered, into, one, diags)) {
			err = -EINVAL;
		} else if (into->size != one->size) {
			refuse_sizes(numbered, into, one, diags);
			err = -EINVAL;
		}
		into->deny = first_of(into->deny, one->deny);
		into->allow = first_of(into->allow, one->allow);
	}
	entries->count = kept;
	return err;
}

int digests_emit(const struct numbered *numbered, struct diagnostics *diags,
		 struct entries *entries)
{
	size_t start = entries->count;
	int err = 0;

	for (size_t i = 0; !err && i < numbered->files; i++)
		if (numbered->list[i].matcher == MATCHER_DIGEST)
			err = add(&numbered->list[i], (__u32)i + 1, entries);
	if (err || entries->count == start)
		return err;
	err = entries_sort(entries, start);
	return err ? err : merge(numbered, start, diags, entries);
}

/* SPDX-License-Identifier: MIT */
/*
 * generation.h - a compiled policy: the entries of the kernel map as bpf/abi.h defines them, and the
 * names that turn a rule number of an event back into words. Immutable once made; the same policy,
 * catalogue and build give the same bytes. It is also a file (the last good policy of a host).
 */
#ifndef EMBARGO_GENERATION_H
#define EMBARGO_GENERATION_H

#include "../bpf/abi.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * Rule number n is rules[n - 1]. Strings are owned by the generation. What is not compiled has no number
 * and is in "unenforced": matchers that this version cannot carry yet, and those that are for finding only.
 */
struct generation_rule {
	const char *id;			/* vendor/product/kind/8 hex digits; allow entries: allow/... */
	const char *vendor;		/* id of the catalogue file, or the name of the policy's own line */
	const char *vendor_name;	/* as people write it */
	const char *product;		/* id, or "-" */
	const char *value;		/* the matcher as written */
	const char *reason;		/* of an allow entry; else "" */
	const char *why;		/* of an unenforced one: "domains are not ..."; "": for finding only */
	const char *file;		/* where it was written */
	__u64 until_s;			/* of an allow entry: Unix seconds at which it ends; 0: never */
	__u32 line;
	__u8 matcher;			/* enum matcher */
	__u8 action;			/* enum action */
	__u8 target : 4;		/* enum mode */
	__u8 target_held_by : 4;	/* enum held_by */
	__u8 confidence : 4;		/* enum confidence: how well the fact is known */
	__u8 strict : 1;		/* also refused when an interpreter opens such a file */
};
_Static_assert(sizeof(struct generation_rule) <= 80, "there may be a million of them");
_Static_assert(MODE_MAX <= 16 && HELD_BY_MAX <= 16, "fit their bits");

/* What has to be so on a host before it enforces; NULL or false: not asked for. */
struct generation_requires {
	const char *package;		/* is installed */
	const char *unit;		/* runs */
	bool exec_prevent;		/* the exec hook refuses, and does not only kill */
};

struct generation {
	__u64 number;			/* gen_header.generation */
	const char *policy;		/* its name */
	__u32 revision;
	__u8 mode;			/* enum mode: of the policy */
	size_t entry_count;
	const struct gen_key *keys;	/* sorted bytewise; keys[i] belongs to values[i] */
	const union gen_value *values;
	size_t rule_count;
	const struct generation_rule *rules;
	size_t unenforced_count;
	const struct generation_rule *unenforced;
	struct generation_requires requires;
};

/** generation_unenforced() - how many matchers are not enforced by this version, without exceptions and what is for finding */
size_t generation_unenforced(const struct generation *generation);

/** generation_free() - accepts NULL */
void generation_free(struct generation *generation);

/**
 * generation_save() - write it to a file, complete or not at all (temporary file, fsync, rename)
 * @generation: borrowed
 * @path:       of the file; its directory must exist
 *
 * Return: 0, or the negative errno of what failed (-ENOSPC, -EACCES, ...); the old file then stands.
 */
int generation_save(const struct generation *generation, const char *path);

/**
 * generation_load() - read what generation_save() wrote
 * @path:    borrowed
 * @out_gen: owned by the caller; untouched on failure
 *
 * Return: 0; -ENOENT; -EBADMSG (damaged: checksum, bounds or order); -EPROTO (another ABI number).
 */
int generation_load(const char *path, struct generation **out_gen);

/**
 * generation_decode() - the same from memory; for hostile bytes too
 * @data: borrowed, not used after the return
 * @size: bytes
 * @out_gen: as above
 */
int generation_decode(const void *data, size_t size, struct generation **out_gen);

/**
 * generation_find() - the entry with this key, or NULL; binary search
 * @generation, @key: borrowed
 */
const union gen_value *generation_find(const struct generation *generation, const struct gen_key *key);

/** generation_flags() - enum gen_flag of its header; 0 for NULL */
__u32 generation_flags(const struct generation *generation);

/**
 * generation_dump() - every entry and rule as text, stable, for people and golden tests
 * @generation, @out: borrowed
 */
void generation_dump(const struct generation *generation, FILE *out);

#endif

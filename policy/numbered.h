/* SPDX-License-Identifier: MIT */
/*
 * numbered.h - the rules in the order of their numbers: what numbered.c makes of the flat list and
 * the compilers of paths and networks read.
 */
#ifndef EMBARGO_NUMBERED_H
#define EMBARGO_NUMBERED_H

#include "rules.h"
#include <stdbool.h>

struct strings;

/* Rule number n is list[n - 1]. Small, and with what many passes need: a million rules do not fit a cache. */
struct numbered_rule {
	const struct rule *rule;	/* borrowed */
	const char *value;
	__u64 key;			/* how specific; smaller is more */
	__u32 value_bytes;
	__u32 words;			/* index in struct numbered */
	__u32 digest;			/* first four bytes of the SHA-256 of the value */
	__u32 line;			/* where it is written */
	__u8 target;			/* enum mode: of the rule, or of a stricter double of it */
	__u8 target_held_by;
	__u8 action;
	__u8 matcher;			/* enum matcher */
	__u8 confidence;
	__u8 family, bits;		/* of a network */
	__u8 strict;			/* of the rule, or of a double of it */
};

/* The words that a rule shares with many others, by their indexes in struct strings. */
struct numbered_words {
	__u32 prefix;			/* the id without its digest, "vendor/product/kind/" */
	__u32 vendor, vendor_name, product, reason, file, why;
};

struct numbered {
	struct numbered_rule *list;	/* owned; first those that are enforced, most specific first */
	size_t count;			/* of the enforced */
	size_t files;			/* of these: about files and modules; domains and networks follow them */
	size_t unenforced;		/* behind the enforced */
	bool strict;			/* some rule is strict */
	bool contains;			/* some rule of programs has ACTION_CONTAIN */
	bool domains;			/* some rule is of a domain; exceptions alone need no names */
	struct numbered_words *words;	/* owned */
	size_t words_count, words_capacity;
};

/**
 * numbered_make() - check, identify, merge doubles and number
 * @rules:    borrowed, must outlive the result
 * @strings:  borrowed; gets every word of every rule
 * @diags:    borrowed; patterns that cannot be compiled, doubles that disagree
 * @out_list: owned by the caller, numbered_done(); untouched on failure
 *
 * Return: 0; -EINVAL (see @diags); -E2BIG (more rules than fit a number); -ENOMEM.
 */
int numbered_make(const struct rules *rules, struct strings *strings, struct diagnostics *diags,
		  struct numbered *out_list);

/** numbered_done() - free what it owns; accepts an empty one */
void numbered_done(struct numbered *numbered);

/** rule_is_enforced() - whether a rule gets a number, or is only listed */
static inline int rule_is_enforced(const struct rule *rule)
{
	switch (rule->unenforced_why ? MATCHER_NONE : rule->matcher) {
	case MATCHER_PATH:
	case MATCHER_NETWORK:
	case MATCHER_PACKAGE:
	case MATCHER_PACKAGE_VENDOR:
	case MATCHER_MODULE:
	case MATCHER_DOMAIN:
		return 1;
	case MATCHER_DIGEST: /* only files of an embargoed size are ever hashed */
		return rule->size != 0;
	default:
		return 0;
	}
}

/* ---------------------------------------------------------------- rule_order.c */

/*
 * First in the key: classes in the order of their numbers. What says more about a file comes first: its content,
 * its name, where it was installed from. All exceptions about files are one class, because the kernel keeps one of
 * them, whatever gave the file away. What is about connections comes behind that: a name says more than an address, and
 * their exceptions are one class again.
 */
enum rule_class {
	CLASS_DIGEST,
	CLASS_PATH,
	CLASS_MODULE,
	CLASS_PACKAGE,
	CLASS_PACKAGE_VENDOR,
	CLASS_FILE_ALLOW,
	CLASS_DOMAIN,
	CLASS_NETWORK,
	CLASS_CONNECTION_ALLOW,
	CLASS_UNENFORCED,
};

/** rule_key() - how specific a rule is; smaller is more; its class in the highest four bits */
__u64 rule_key(const struct rule *rule);

/** key_class() - the class in a key */
static inline enum rule_class key_class(__u64 key)
{
	return key >> 60;
}

/** end_key() - smaller is what lasts longer; for ever is 0 */
static inline __u64 end_key(const struct rule *rule)
{
	return rule->until_s ? ~rule->until_s : 0;
}

/**
 * numbered_sort() - by specificity and id
 * @numbered: borrowed; its list is replaced, .count are all rules
 * @strings:  borrowed; ranked
 *
 * Return: 0 or -ENOMEM.
 */
int numbered_sort(struct numbered *numbered, const struct strings *strings);

/**
 * numbered_settle() - what changes the order after doubles are gone: what enforces first, what lasts longer first
 * @numbered: borrowed; .count are all rules
 *
 * Return: 0 or -ENOMEM.
 */
int numbered_settle(struct numbered *numbered);

/* ---------------------------------------------------------------- rule_doubles.c */

/**
 * merge_doubles() - make rules with the same id one, where they are the same fact of the same product
 * @numbered: borrowed; sorted by specificity and id; .count are all rules, and afterwards those that are left
 * @diags:    borrowed; doubles that disagree
 */
void merge_doubles(struct numbered *numbered, struct diagnostics *diags);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * thing.h - one thing that a policy can be asked about, a path, an address, a name, and the one word that
 * answers. Policy test, explain and diff ask here, so that they cannot disagree.
 */
#ifndef EMBARGO_THING_H
#define EMBARGO_THING_H

#include "arena.h"
#include "canonical.h"
#include "match.h"
#include "network.h"

struct thing {
	const char *text;	/* canonical for its kind; owned by the arena that it was read into */
	__u8 hook;		/* enum hook: the attempt; HOOK_NONE: it is found, not tried */
	__u8 matcher;		/* enum matcher: what recognises it; MATCHER_NETWORK: by the address below */
	__u8 family, protocol;	/* 4 or 6; IPPROTO_ */
	__u16 port;		/* host order */
	__u64 a, b;		/* as in struct gen_key */
};

#define THING_PORT	443	/* of an address that was written without one */
#define THING_PROTOCOL	PROTOCOL_TCP

/* How a thing can be named: the key of a case, the word before the colon in "package:acme". */
struct thing_kind {
	const char *word;
	__u8 hook;
	__u8 matcher;
	const char *why;	/* why this version decides nothing about such attempts; NULL: it does */
};

/** thing_kinds() - all of them; the last one has no word */
const struct thing_kind *thing_kinds(void);

/** thing_kind() - the kind with this word, or NULL */
const struct thing_kind *thing_kind(const char *word, size_t bytes);

/**
 * thing_read() - a thing of a kind, from a text
 * @kind:        one of thing_kinds(); borrowed
 * @text:        borrowed; a path, "192.0.2.1:443/udp", "[2001:db8::1]:443", a name
 * @arena:       borrowed; gets the text
 * @out_thing:   untouched on failure
 * @out_problem: filled on failure
 *
 * Return: 0; -EINVAL; -ENOMEM (out_problem is filled, too).
 */
int thing_read(const struct thing_kind *kind, const char *text, struct arena *arena,
	       struct thing *out_thing, struct problem *out_problem);

/**
 * thing_format() - for people: "exec /opt/x", "connect 192.0.2.1 port 443 tcp", "domain api.example.com"
 * @out: borrowed
 */
void thing_format(const struct thing *thing, FILE *out);

/* What becomes of a thing, in one word. */
enum outcome {
	OUTCOME_UNKNOWN = 0,
	OUTCOME_DENY = 1,		/* refused and recorded */
	OUTCOME_AUDIT = 2,		/* a rule matches; recorded, goes through */
	OUTCOME_ALLOW = 3,		/* a rule matches; an entry of "allow" lets it through, recorded */
	OUTCOME_NONE = 4,		/* no rule matches, or it is out of scope: not even recorded */
	OUTCOME_NOT_ENFORCED = 5,	/* a matcher fits, but this version does nothing about it */
	OUTCOME_UNDECIDED = 6,		/* the kernel could not tell: goes through, counted */
	OUTCOME_CONTAIN = 7,		/* it runs, recorded, and reaches the internal networks only */
	OUTCOME_MAX,
};

/** outcome_word() - "deny", ...; NULL: no such value */
const char *outcome_word(unsigned outcome);

struct answer {
	enum outcome outcome;
	struct match_decision decision;
	const char *why;	/* of OUTCOME_NOT_ENFORCED; borrowed from the generation, or static */
};

/**
 * thing_ask() - what the policy does with it
 * @generation: borrowed; the answer points into it
 * @index:      of it; borrowed; NULL: nothing is known about things that are texts
 * @thing, @subject: borrowed
 */
struct answer thing_ask(const struct generation *generation, const struct match_index *index,
			const struct thing *thing, const struct match_subject *subject);

/** thing_match() - the first half: what recognises it */
struct match thing_match(const struct generation *generation, const struct match_index *index,
			 const struct thing *thing);

#endif

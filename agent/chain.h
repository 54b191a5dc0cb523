/* SPDX-License-Identifier: MIT */
/*
 * chain.h - the hash chain of an event file. Every line ends with embargo.hash, the SHA-256 of the hash
 * of the line before it (64 hexadecimal digits) and the line itself without its hash member. The first
 * line of a file also has embargo.previous, the hash that it continues, so that a rotated file can be
 * checked alone. The chain finds lines that were changed, removed, inserted or moved. It has no key: who
 * may write the file can make a new chain, and a cut-off end shows only beside what "embargo status"
 * says the last line is.
 */
#ifndef EMBARGO_CHAIN_H
#define EMBARGO_CHAIN_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CHAIN_HEX_BYTES 64
#define CHAIN_TAIL_BYTES (sizeof(",\"hash\":\"\"}}") - 1 + CHAIN_HEX_BYTES)
#define EVENT_LINE_BYTES 131072 /* of any line, its end included */

struct chain {
	char hash[CHAIN_HEX_BYTES + 1]; /* of the last line; zeros at the beginning */
	__u64 sequence;			/* of the last line; 0 at the beginning */
};

/** chain_init() - the beginning of a chain */
void chain_init(struct chain *chain);

/**
 * chain_hash() - hash of a line
 * @previous: hash of the line before it
 * @text:     the line without hash member and line break
 * @bytes:    its length
 * @out_hash: CHAIN_HEX_BYTES + 1
 */
void chain_hash(const char *previous, const char *text, size_t bytes, char *out_hash);

/**
 * chain_seal() - put the hash into a line
 * @previous: hash of the line before it
 * @text:     JSON object whose last member is the object "embargo"; has room for CHAIN_TAIL_BYTES more
 * @bytes:    its length
 * @out_hash: CHAIN_HEX_BYTES + 1
 *
 * Return: the new length; -EINVAL if @text does not end as it must.
 */
long chain_seal(const char *previous, char *text, size_t bytes, char *out_hash);

enum chain_finding {
	CHAIN_GOOD,
	CHAIN_NOT_JSON,		/* not an event */
	CHAIN_NO_HASH,		/* an event without hash or sequence */
	CHAIN_CHANGED,		/* does not hash to what it says: changed, or the one before it is gone */
	CHAIN_GAP,		/* sequence numbers are missing or out of order before this line */
	CHAIN_RESTART,		/* continues something else than the line before it */
	CHAIN_CUT,		/* the last line has no end */
	CHAIN_MAX,
};

/** chain_finding_word() - a sentence about a finding; NULL: no such value */
const char *chain_finding_word(unsigned finding);

/**
 * chain_check() - check one line and go on to it
 * @chain: what is known of the lines before
 * @first: this is the first line that is looked at: it tells what it continues
 * @line:  without its line break
 * @bytes: its length
 *
 * Whatever is found, @chain is then at this line, so that one mistake is one finding.
 */
enum chain_finding chain_check(struct chain *chain, bool first, const char *line, size_t bytes);

/* Called for each finding. Return: whether to go on. */
typedef bool (*chain_report_fn)(void *context, unsigned long line, enum chain_finding finding,
				const struct chain *before);

/**
 * chain_verify() - check a file, line by line
 * @in:        borrowed, read to its end
 * @chain:     chain_init() before the oldest file; carries on into the next file
 * @first:     true before the oldest file; set to false
 * @fn:        called for each finding
 * @out_lines: lines read
 *
 * Return: number of findings; -EIO when reading failed.
 */
long chain_verify(FILE *in, struct chain *chain, bool *first, chain_report_fn fn, void *context,
		  unsigned long *out_lines);

#endif

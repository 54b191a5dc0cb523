/* SPDX-License-Identifier: MIT */
/*
 * chain.c - the hash chain of an event file: sealing a line and checking one. It works on the text of a
 * line, not on its meaning, so that no two readers can disagree about what was hashed.
 */
#include "chain.h"
#include "clean.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

static const char tail_begin[] = ",\"hash\":\"";
static const char tail_end[] = "\"}}";

void chain_init(struct chain *chain)
{
	memset(chain->hash, '0', CHAIN_HEX_BYTES);
	chain->hash[CHAIN_HEX_BYTES] = 0;
	chain->sequence = 0;
}

void chain_hash(const char *previous, const char *text, size_t bytes, char *out_hash)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;

	_Static_assert(2 * crypto_hash_sha256_BYTES == CHAIN_HEX_BYTES, "SHA-256 in hexadecimal");
	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, (const unsigned char *)previous, CHAIN_HEX_BYTES);
	crypto_hash_sha256_update(&state, (const unsigned char *)text, bytes);
	crypto_hash_sha256_final(&state, digest);
	sodium_bin2hex(out_hash, CHAIN_HEX_BYTES + 1, digest, sizeof(digest));
}

long chain_seal(const char *previous, char *text, size_t bytes, char *out_hash)
{
	if (bytes < 3 || memcmp(text + bytes - 2, "}}", 2))
		return -EINVAL;
	chain_hash(previous, text, bytes, out_hash);
	bytes -= 2;
	memcpy(text + bytes, tail_begin, sizeof(tail_begin) - 1);
	bytes += sizeof(tail_begin) - 1;
	memcpy(text + bytes, out_hash, CHAIN_HEX_BYTES);
	bytes += CHAIN_HEX_BYTES;
	memcpy(text + bytes, tail_end, sizeof(tail_end) - 1);
	return bytes + sizeof(tail_end) - 1;
}

const char *chain_finding_word(unsigned finding)
{
	static const char *const words[CHAIN_MAX] = {
		[CHAIN_GOOD] = "good",
		[CHAIN_NOT_JSON] = "this line is not an event",
		[CHAIN_NO_HASH] = "this event carries no hash",
		[CHAIN_CHANGED] =
			"this line was changed, or the line before it was changed or removed",
		[CHAIN_GAP] = "events are missing before this line",
		[CHAIN_RESTART] =
			"a new chain begins here: what was before it is gone or was replaced",
		[CHAIN_CUT] = "the last line has no end",
	};

	return finding < CHAIN_MAX ? words[finding] : NULL;
}

static bool is_hash(const char *text)
{
	return text && strlen(text) == CHAIN_HEX_BYTES &&
	       strspn(text, "0123456789abcdef") == CHAIN_HEX_BYTES;
}

/* The line as it was hashed: its hash member cut out. Return: owned by the caller; NULL without memory. */
static char *without_hash(const char *line, size_t bytes)
{
	size_t kept = bytes - CHAIN_TAIL_BYTES;
	char *text = malloc(kept + 2);

	if (!text)
		return NULL;
	memcpy(text, line, kept);
	memcpy(text + kept, "}}", 2);
	return text;
}

enum chain_finding chain_check(struct chain *chain, bool first, const char *line, size_t bytes)
{
	AUTO_JSON json_t *event = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, NULL);
	json_t *embargo = json_object_get(event, "embargo");
	const char *hash = json_string_value(json_object_get(embargo, "hash"));
	const char *previous = json_string_value(json_object_get(embargo, "previous"));
	json_t *sequence = json_object_get(embargo, "sequence");
	enum chain_finding finding = CHAIN_GOOD;
	char expected[CHAIN_HEX_BYTES + 1];
	AUTO_FREE char *text = NULL;

	if (!event)
		return CHAIN_NOT_JSON;
	if (!is_hash(hash) || !json_is_integer(sequence) || bytes <= CHAIN_TAIL_BYTES ||
	    (previous && !is_hash(previous)))
		return CHAIN_NO_HASH;
	text = without_hash(line, bytes);
	if (!text)
		return CHAIN_NO_HASH;

	if (previous && first)
		memcpy(chain->hash, previous, sizeof(chain->hash));
	else if (previous && strcmp(previous, chain->hash))
		finding = CHAIN_RESTART;
	chain_hash(previous ? previous : chain->hash, text, bytes - CHAIN_TAIL_BYTES + 2, expected);
	if (memcmp(line + bytes - CHAIN_TAIL_BYTES, tail_begin, sizeof(tail_begin) - 1) ||
	    strcmp(expected, hash))
		finding = CHAIN_CHANGED;
	else if (finding == CHAIN_GOOD && !first &&
		 (__u64)json_integer_value(sequence) != chain->sequence + 1)
		finding = CHAIN_GAP;
	memcpy(chain->hash, hash, sizeof(chain->hash));
	chain->sequence = json_integer_value(sequence);
	return finding;
}

long chain_verify(FILE *in, struct chain *chain, bool *first, chain_report_fn fn, void *context,
		  unsigned long *out_lines)
{
	AUTO_FREE char *line = NULL;
	unsigned long lines = 0;
	long findings = 0;
	size_t room = 0;
	ssize_t bytes;

	while ((bytes = getline(&line, &room, in)) > 0) {
		bool cut = line[bytes - 1] != '\n';
		struct chain before = *chain;
		enum chain_finding finding;

		lines++;
		if (bytes > EVENT_LINE_BYTES)
			finding = CHAIN_NOT_JSON;
		else
			finding = cut ? CHAIN_CUT : chain_check(chain, *first, line, bytes - 1);
		*first = false;
		if (finding == CHAIN_GOOD)
			continue;
		findings++;
		if (!fn(context, lines, finding, &before))
			break;
	}
	*out_lines = lines;
	return ferror(in) ? -EIO : findings;
}

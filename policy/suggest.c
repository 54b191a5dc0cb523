/* SPDX-License-Identifier: MIT */
/*
 * suggest.c - edit distance with exchanged neighbours (optimal string alignment), on short words only.
 */
#include "suggest.h"

#include <stdbool.h>
#include <string.h>

#define WORD_BYTES_MAX 64

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t edit_distance(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
	size_t rows[3][WORD_BYTES_MAX + 1];

	for (size_t j = 0; j <= b_bytes; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_bytes; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_bytes; j++) {
			bool same = a[i - 1] == b[j - 1];

			row[j] = smaller(above[j - 1] + !same, smaller(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = smaller(row[j], two[j - 2] + 1);
		}
	}
	return rows[a_bytes % 3][b_bytes];
}

/*
 * Words of other products and of other places of ours, for which the distance is no help. Only what the
 * place accepts is ever a candidate, so that one word can stand for several.
 */
static const struct {
	const char *written, *meant;
} synonyms[] = {
	{"vendors", "embargo"},
	{"block", "embargo"},
	{"deny", "embargo"},
	{"rules", "embargo"},
	{"blocklist", "embargo"},
	{"blacklist", "embargo"},
	{"exceptions", "allow"},
	{"allowlist", "allow"},
	{"whitelist", "allow"},
	{"except", "allow"},
	{"version", "revision"},
	{"allowed", "allow"},
	{"confidence", "min-confidence"},
	{"risk", "accept-risk"},
	{"labels", "hosts"},
	{"expires", "until"},
	{"expiry", "until"},
	{"valid-until", "until"},
	{"end", "until"},
	{"comment", "reason"},
	{"note", "reason"},
	{"why", "reason"},
	{"files", "paths"},
	{"executables", "paths"},
	{"file", "path"},
	{"executable", "path"},
	{"ips", "networks"},
	{"addresses", "networks"},
	{"cidrs", "networks"},
	{"ip", "network"},
	{"address", "network"},
	{"cidr", "network"},
	{"network", "cidr"},
	{"value", "cidr"},
	{"hashes", "digests"},
	{"sha256", "digests"},
	{"checksums", "digests"},
	{"hash", "digest"},
	{"hostnames", "domains"},
	{"dns", "domains"},
	{"drivers", "modules"},
	{"children", "subsidiaries"},
	{"cgroups", "only-cgroups"},
	{"enforced", "enforce"},
	{"block", "enforce"},
	{"deny", "enforce"},
	{"on", "enforce"},
	{"monitor", "audit"},
	{"permissive", "audit"},
	{"report", "audit"},
	{"log", "audit"},
	{"block", "deny"},
	{"refuse", "deny"},
	{"kill", "terminate"},
	{"isolate", "contain"},
	{"service", "unit"},
	{"path", "value"},
	{"because", "reason"},
};

static bool is_synonym(const char *written, const char *candidate)
{
	for (size_t i = 0; i < sizeof(synonyms) / sizeof(*synonyms); i++) {
		if (!strcmp(synonyms[i].written, written) && !strcmp(synonyms[i].meant, candidate))
			return true;
	}
	return false;
}

void suggestion_consider(struct suggestion *suggestion, const char *candidate)
{
	size_t text_bytes = strlen(suggestion->text), bytes = strlen(candidate);
	size_t longest = text_bytes > bytes ? text_bytes : bytes;
	size_t distance;

	if (longest > WORD_BYTES_MAX || !text_bytes)
		return;
	distance = is_synonym(suggestion->text, candidate)
			   ? 0
			   : edit_distance(suggestion->text, text_bytes, candidate, bytes);
	if (distance > (longest + 2) / 3 || distance >= longest)
		return;
	if (!suggestion->best || distance < suggestion->distance) {
		suggestion->best = candidate;
		suggestion->distance = distance;
	}
}

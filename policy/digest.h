/* SPDX-License-Identifier: MIT */
/*
 * digest.h - digests of files: their text, their place in a key, and the entries of a generation.
 */
#ifndef EMBARGO_DIGEST_H
#define EMBARGO_DIGEST_H

#include "entries.h"
#include "numbered.h"
#include <stdbool.h>

/**
 * digest_parse() - the bytes of a canonical digest
 * @text:       borrowed; "sha256:" and 64 hex digits in lower case
 * @out_digest: SHA256_BYTES; undefined on failure
 *
 * Return: whether it is one.
 */
bool digest_parse(const char *text, __u8 *out_digest);

/**
 * gen_digest_key() - the key of an entry
 * @kind:   enum gen_kind: GEN_DIGEST
 * @digest: SHA256_BYTES; the first DIGEST_KEY_BYTES are used
 */
struct gen_key gen_digest_key(unsigned kind, const __u8 *digest);

/**
 * digest_find() - the entry of a canonical digest in a generation, or NULL
 * @generation, @text: borrowed
 *
 * The kernel compares the first DIGEST_KEY_BYTES, this compares the whole text with that of the rule.
 */
const struct gen_digest *digest_find(const struct generation *generation, const char *text);

/**
 * digests_emit() - append the entries GEN_DIGEST, sorted
 * @numbered: borrowed
 * @diags:    borrowed; one digest with two sizes
 * @entries:  borrowed
 *
 * Return: 0; -EINVAL (see @diags); -ENOMEM; -E2BIG.
 */
int digests_emit(const struct numbered *numbered, struct diagnostics *diags,
		 struct entries *entries);

#endif

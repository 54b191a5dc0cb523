/* SPDX-License-Identifier: MIT */
/*
 * generation_json.h - a generation as JSON: what generation_dump() writes, for programs.
 */
#ifndef EMBARGO_GENERATION_JSON_H
#define EMBARGO_GENERATION_JSON_H

#include "../policy/generation.h"
#include <jansson.h>

/**
 * generation_json() - {policy, revision, mode, generation, abi, requires, rules, unenforced, findings, entries}
 * @generation: borrowed
 *
 * Stable: the same generation gives the same text. Return: new reference; NULL without memory.
 */
json_t *generation_json(const struct generation *generation);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * explain_words.h - what policy/explain.h finds, in sentences and as JSON.
 */
#ifndef EMBARGO_EXPLAIN_WORDS_H
#define EMBARGO_EXPLAIN_WORDS_H

#include "../policy/explain.h"
#include <jansson.h>

/* Each returns a text that is owned by the caller, free(); NULL without memory. */

/** words_reach() - "policy.yaml:12: the line of 'alphabet' has subsidiaries: Wiz (wiz) is one of Alphabet Inc. (alphabet)" */
char *words_reach(const struct reach *reach);

/** words_origin() - the same of a rule, whichever sort of line it comes from */
char *words_origin(const struct origin *origin);

/** words_mode() - "audit: the fact is unverified, and min-confidence is seen" */
char *words_mode(const struct policy *policy, const struct origin *origin);

/** words_product() - "Falcon sensor (falcon-sensor, commercial) of CrowdStrike (crowdstrike)" */
char *words_product(const struct product *product);

/** words_fact() - "crowdstrike.yaml:23, documented"; where it is written and how well it is known */
char *words_fact(const struct origin *origin);

/** words_sources() - all of them, with ';' between */
char *words_sources(const struct origin *origin);

/** words_until() - "for ever", or "until 2027-03-31", the last day on which it holds, and whether it is over */
char *words_until(__u64 until_s, __s64 now_s);

/** explain_origin_json() - a rule with all that; new reference or NULL; null for none */
json_t *explain_origin_json(const struct policy *policy, const struct origin *origin);

/** explain_product_json() - new reference or NULL */
json_t *explain_product_json(const struct policy *policy, const struct explained_product *product);

#endif

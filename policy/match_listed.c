/* SPDX-License-Identifier: MIT */
/*
 * match_listed.c - see match_listed.h
 */
#include "match_listed.h"
#include "network.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct ports {
	__u16 first[RULE_PORTS_MAX], last[RULE_PORTS_MAX];
};

static bool is_meant(const struct generation_rule *rule)
{
	return rule->matcher == MATCHER_PATH || rule->matcher == MATCHER_NETWORK;
}

/* From the words of a generation back to what they were made of. */
static bool rule_again(const struct generation_rule *from, struct ports *ports, struct rule *to)
{
	struct network_problem problem;

	*to = (struct rule){
		.vendor = from->vendor,
		.vendor_name = from->vendor_name,
		.product = from->product,
		.value = from->value,
		.reason = from->reason,
		.until_s = from->until_s,
		.matcher = from->matcher,
		.action = from->action,
		.target = from->target,
		.target_held_by = from->target_held_by,
		.confidence = from->confidence,
	};
	if (from->matcher != MATCHER_NETWORK)
		return true;
	to->network.port_first = ports->first;
	to->network.port_last = ports->last;
	return network_parse_text(from->value, &to->network, &problem) == 0;
}

static size_t rules_again(const struct generation *generation, struct ports *ports,
			  struct rule *list)
{
	size_t count = 0;

	for (size_t i = 0; i < generation->unenforced_count; i++) {
		const struct generation_rule *rule = &generation->unenforced[i];

		/* one that is damaged is left out: the generation may come from a file */
		if (is_meant(rule))
			count += rule_again(rule, &ports[count], &list[count]);
	}
	return count;
}

int match_listed_compile(const struct generation *generation, struct generation **out_listed)
{
	struct rules rules = {.policy = "", .revision = 1, .mode = MODE_AUDIT};
	struct generation *listed = NULL;
	struct diagnostics diags = {0};
	struct ports *ports;
	size_t room = 0;
	int err;

	for (size_t i = 0; i < generation->unenforced_count; i++)
		room += is_meant(&generation->unenforced[i]);
	if (!room) {
		*out_listed = NULL;
		return 0;
	}
	rules.list = calloc(room, sizeof(*rules.list));
	ports = calloc(room, sizeof(*ports));
	err = rules.list && ports ? 0 : -ENOMEM;
	if (!err) {
		rules.count = rules_again(generation, ports, rules.list);
		err = rules_compile(&rules, &diags, &listed);
	}
	diagnostics_done(&diags); /* what breaks a limit of the format is not asked about */
	free(ports);
	free(rules.list);
	if (err == -ENOMEM)
		return err;
	*out_listed = listed;
	return 0;
}

const struct generation_rule *match_listed_origin(const struct generation *generation,
						  const struct generation_rule *listed)
{
	for (size_t i = 0; listed && i < generation->unenforced_count; i++) {
		const struct generation_rule *rule = &generation->unenforced[i];

		if (rule->matcher == listed->matcher && !strcmp(rule->id, listed->id) &&
		    !strcmp(rule->value, listed->value))
			return rule;
	}
	return NULL;
}

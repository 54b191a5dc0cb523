/* SPDX-License-Identifier: MIT */
/*
 * fuzz_yaml.c - any bytes as each of the documents. A policy is read against a catalogue of one
 * fixed vendor and the one made of the same bytes, so that references resolve too.
 */
#include "../../policy/cases.h"
#include "../../policy/model.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char vendor[] =
	"kind: Vendor\nid: example-vendor\nname: Example\nparent: holding\nproducts:\n"
	"  - {id: sensor, name: Sensor, paths: [/opt/x/**], networks: [192.0.2.0/24]}\n"
	"  - {id: tools, name: Tools, class: open-source, paths: [/usr/bin/x]}\n";
static const char holding[] = "kind: Vendor\nid: holding\nname: Holding\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(struct catalog *catalog, const void *data, size_t size, unsigned layer,
		struct diagnostics *diags)
{
	struct yaml_tree *tree = NULL;

	if (!yaml_tree_parse("vendor.yaml", data, size, diags, &tree))
		(void)catalog_add(catalog, tree, layer, diags); /* out of memory is no finding */
}

static void read_policy(const struct catalog *catalog, const uint8_t *data, size_t size,
			struct diagnostics *diags)
{
	struct generation *generation = NULL;
	struct policy *policy = NULL;
	struct yaml_tree *tree = NULL;

	if (yaml_tree_parse("policy.yaml", (const char *)data, size, diags, &tree))
		return;
	if (policy_read(tree, catalog, NULL, diags, &policy))
		return;
	if (!policy->name.text || !policy->revision || !policy->mode)
		abort(); /* accepted without what it needs */
	if (!policy_compile(policy, diags, &generation))
		generation_free(generation);
	policy_free(policy);
}

/* A fixed policy that the cases are put to; made once, never freed. */
static const struct generation *fixed_generation(void)
{
	static const char text[] = "kind: Policy\nname: fixed\nrevision: 1\nmode: enforce\n"
				   "embargo: [{vendor: example-vendor}]\n";
	static struct generation *generation;
	struct diagnostics diags = {0};
	struct policy *policy = NULL;
	struct yaml_tree *tree = NULL;
	struct catalog *catalog;

	if (generation)
		return generation;
	catalog = catalog_new();
	add(catalog, vendor, sizeof(vendor) - 1, 0, &diags);
	add(catalog, holding, sizeof(holding) - 1, 0, &diags);
	catalog_finish(catalog, &diags);
	if (yaml_tree_parse("fixed", text, sizeof(text) - 1, &diags, &tree) ||
	    policy_read(tree, catalog, NULL, &diags, &policy) ||
	    policy_compile(policy, &diags, &generation))
		abort();
	policy_free(policy);
	catalog_free(catalog);
	diagnostics_done(&diags);
	return generation;
}

static void read_cases(const uint8_t *data, size_t size, struct diagnostics *diags)
{
	const struct generation *generation = fixed_generation();
	struct match_index *index = NULL;
	struct cases *cases = NULL;
	struct yaml_tree *tree = NULL;

	if (yaml_tree_parse("cases.yaml", (const char *)data, size, diags, &tree))
		return;
	if (cases_read(tree, NULL, diags, &cases))
		return;
	if (!cases->count)
		abort(); /* accepted without what it needs */
	if (match_index_new(generation, &index))
		abort();
	for (const struct policy_case *one = cases->first; one; one = one->next) {
		struct case_result result = case_judge(one, generation, index, 1);

		if (!one->expect || result.answer.outcome == OUTCOME_UNKNOWN)
			abort(); /* an expectation that nothing can meet */
	}
	match_index_free(index);
	cases_free(cases);
}

static void read_agent(const uint8_t *data, size_t size, struct diagnostics *diags)
{
	struct agent_config *config = NULL;
	struct yaml_tree *tree = NULL;

	if (yaml_tree_parse("agent.yaml", (const char *)data, size, diags, &tree))
		return;
	if (agent_config_read(tree, diags, &config))
		return;
	if (!config->sink_count || !config->policy)
		abort(); /* accepted without what it needs */
	agent_config_free(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct catalog *catalog = catalog_new();
	struct diagnostics diags = {0};

	if (!catalog)
		return 0;
	add(catalog, vendor, sizeof(vendor) - 1, 1, &diags);
	add(catalog, holding, sizeof(holding) - 1, 1, &diags);
	add(catalog, data, size, 0, &diags);
	catalog_finish(catalog, &diags);
	read_policy(catalog, data, size, &diags);
	read_agent(data, size, &diags);
	read_cases(data, size, &diags);
	catalog_free(catalog);
	diagnostics_done(&diags);
	return 0;
}

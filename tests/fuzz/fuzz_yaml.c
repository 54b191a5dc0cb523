/* SPDX-License-Identifier: MIT */
/*
 * fuzz_yaml.c - any bytes as each of the three documents. A policy is read against a catalogue of one
 * fixed vendor and the one made of the same bytes, so that references resolve too.
 */
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
	catalog_free(catalog);
	diagnostics_done(&diags);
	return 0;
}

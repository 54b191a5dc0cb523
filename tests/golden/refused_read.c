/* SPDX-License-Identifier: MIT */
/*
 * refused_read.c - a document read as the first word of its name says.
 */
#include "refused.h"
#include "../../policy/cases.h"
#include "../../policy/model.h"

#include <errno.h>
#include <string.h>

static int read_vendor(const char *name, struct diagnostics *diags)
{
	struct catalog *catalog = catalog_new();
	struct yaml_tree *tree = NULL;
	int err;

	if (!catalog)
		return -ENOMEM;
	err = yaml_tree_load(name, diags, &tree);
	if (!err)
		err = catalog_add(catalog, tree, 0, diags);
	if (!err)
		catalog_finish(catalog, diags);
	catalog_free(catalog);
	return err ? err : diags->errors ? -EINVAL : 0;
}

int read_document(const char *name, const struct catalog *catalog, struct diagnostics *diags)
{
	if (!strncmp(name, "policy-", 7)) {
		struct policy *policy = NULL;
		int err = policy_load(name, catalog, NULL, diags, &policy);

		policy_free(policy);
		return err;
	}
	if (!strncmp(name, "agent-", 6)) {
		struct agent_config *config = NULL;
		int err = agent_config_load(name, diags, &config);

		agent_config_free(config);
		return err;
	}
	if (!strncmp(name, "cases-", 6)) {
		struct cases *cases = NULL;
		int err = cases_load(name, NULL, diags, &cases);

		cases_free(cases);
		return err;
	}
	if (!strncmp(name, "catalog-", 8)) {
		struct catalog *made = NULL;
		int err = catalog_load(&name, 1, diags, &made);

		catalog_free(made);
		return err;
	}
	return read_vendor(name, diags);
}

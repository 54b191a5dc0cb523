/* SPDX-License-Identifier: MIT */
/*
 * compiled.c - see compiled.h
 */
#include "compiled.h"
#include "clean.h"

#include <errno.h>
#include <string.h>

int compiled_read(const char *policy, const char *const *catalogs, size_t catalog_count,
		  const struct policy_host *host, struct diagnostics *diags,
		  struct compiled *out_compiled)
{
	CLEANUP(compiled_done) struct compiled made = {0};
	int err, refused;

	refused = catalog_load(catalogs, catalog_count, diags, &made.catalog);
	if (refused < 0 && refused != -EINVAL)
		return refused;
	/* also without a catalogue: then all errors of both come at once */
	err = policy_load(policy, made.catalog, host, diags, &made.policy);
	if (err == 0)
		err = policy_compile(made.policy, diags, &made.generation);
	if (err < 0)
		return err;
	*out_compiled = made;
	memset(&made, 0, sizeof(made));
	return 0;
}

void compiled_done(struct compiled *compiled)
{
	generation_free(compiled->generation);
	policy_free(compiled->policy);
	catalog_free(compiled->catalog);
	memset(compiled, 0, sizeof(*compiled));
}

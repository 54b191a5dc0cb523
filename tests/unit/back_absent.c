/* SPDX-License-Identifier: MIT */
/*
 * back_absent.c - linked behind the policy library: as long as the library has no compiler, programs
 * that use its front only still link. The library's own functions win; then nothing here is used.
 */
#include "../../policy/rules.h"

#include <errno.h>

const char *path_pattern_check(const char *pattern, size_t *out_offset)
{
	return NULL;
}

int rules_compile(const struct rules *rules, struct diagnostics *diags, struct generation **out_gen)
{
	return -EOPNOTSUPP;
}

void generation_free(struct generation *generation)
{
}

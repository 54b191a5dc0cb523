/* SPDX-License-Identifier: MIT */
/*
 * fuzz_cached.c - any bytes as what systemd-resolved tells of its cache. What is found are names as the kernel could have learned them
 * of an answer, with addresses that leave this host; each is told once; and what is denied is what the judge denied.
 */
#include "../../agent/cached.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct context {
	const struct domain_text *last;
	size_t count;
};

static bool judge(void *context, const struct domain_text *name)
{
	return name->text[0] == 'd';
}

static void check_name(const struct domain_text *name)
{
	if (!name->bytes || name->bytes > DOMAIN_BYTES)
		abort();
	for (size_t i = 0; i < sizeof(name->text); i++)
		if ((i < name->bytes && (!name->text[i] || (name->text[i] >= 'A' && name->text[i] <= 'Z'))) ||
		    (i >= name->bytes && name->text[i]))
			abort();
}

static int check(void *context, const struct cached_name *one)
{
	struct context *seen = context;

	check_name(one->name);
	if (one->through)
		check_name(one->through);
	if (address_is_own(&one->address) || one->until_us > INT64_MAX ||
	    one->denied != (judge(NULL, one->name) || one->through) || (one->through && !judge(NULL, one->through)))
		abort();
	/* names come in their order */
	if (seen->last && memcmp(seen->last, one->name, sizeof(*one->name)) > 0)
		abort();
	seen->last = one->name;
	seen->count++;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cached *cached = NULL;
	struct context seen = {0};
	const char *why = NULL;
	int err = cached_parse((const char *)data, size, &why, &cached);

	if (err ? !why || cached || (err != -EPROTO && err != -EOPNOTSUPP && err != -E2BIG) : !cached)
		abort();
	if (err)
		return 0;
	if (cached_each(cached, judge, check, &seen) || (seen.count && !cached_count(cached)))
		abort();
	cached_free(cached);
	return 0;
}

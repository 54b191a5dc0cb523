/* SPDX-License-Identifier: MIT */
/*
 * fuzz_list.c - any bytes as a list in a file: the first byte says of what, and whether it is compiled, too,
 * which takes most of the time. What comes out must be the same when it is written as a list again.
 */
#include "../../policy/list.h"
#include "../../policy/model.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const unsigned kinds[] = {
	MATCHER_PATH,    MATCHER_NETWORK, MATCHER_DIGEST,         MATCHER_DOMAIN,
	MATCHER_MODULE,  MATCHER_PACKAGE, MATCHER_PACKAGE_VENDOR,
};

static void read_list(struct reader *reader, struct rules *rules, unsigned matcher,
		      const void *data, size_t size)
{
	reader->rules = rules;
	reader->list_values = 0;
	list_parse(reader, "list.txt", matcher, data, size);
	for (size_t i = 0; i < rules->count; i++) {
		rules->list[i].action = ACTION_DENY;
		rules->list[i].target = MODE_ENFORCE;
		rules->list[i].place.line = 1;
	}
}

/* "/a /" is a name with a blank at its end: lists have no way to write that. */
static bool ends_in_blank(const struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		const char *value = rules->list[i].value;

		if (strchr(" \t", value[strlen(value) - 1]))
			return true;
	}
	return false;
}

static char *write_list(const struct rules *rules, size_t *out_bytes)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, out_bytes);

	if (!out)
		abort();
	for (size_t i = 0; i < rules->count; i++)
		fprintf(out, "%s\n", rules->list[i].value);
	if (fclose(out))
		abort();
	return text;
}

static void check_again(struct reader *reader, const struct rules *rules, unsigned matcher)
{
	struct rules again = {.policy = "p", .revision = 1, .mode = MODE_ENFORCE};
	size_t bytes = 0, errors = reader->diags->errors;
	char *text = write_list(rules, &bytes);

	read_list(reader, &again, matcher, text, bytes);
	if (reader->diags->errors != errors || again.count != rules->count)
		abort();
	for (size_t i = 0; i < again.count; i++) {
		if (strcmp(again.list[i].value, rules->list[i].value))
			abort();
	}
	free(again.list);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rules rules = {.policy = "p", .revision = 1, .mode = MODE_ENFORCE};
	struct generation *generation = NULL;
	struct diagnostics diags = {0};
	struct yaml_tree *tree = NULL;
	struct reader reader;
	unsigned matcher;

	if (!size || yaml_tree_parse("p", "{}", 2, &diags, &tree))
		return 0;
	reader = (struct reader){.tree = tree, .diags = &diags};
	matcher = kinds[(data[0] & 0x7f) % (sizeof(kinds) / sizeof(*kinds))];
	read_list(&reader, &rules, matcher, data + 1, size - 1);
	if (!ends_in_blank(&rules))
		check_again(&reader, &rules, matcher);
	if (data[0] & 0x80 && !rules_compile(&rules, &diags, &generation))
		generation_free(generation);
	free(rules.list);
	yaml_tree_free(tree);
	diagnostics_done(&diags);
	return 0;
}

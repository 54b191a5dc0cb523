/* SPDX-License-Identifier: MIT */
#include "front.h"
#include <sys/stat.h>
#include <unistd.h>

static const struct yaml_node *child(const struct yaml_node *node, const char *key)
{
	for (node = node->first; node; node = node->next) {
		if (!strcmp(node->key->text, key))
			return node;
	}
	fail_msg("no key '%s'", key);
	return NULL;
}

static void test_tree_and_places(void **state)
{
	static const char text[] = "# remark\n"
				   "a: 1\n"
				   "list:\n"
				   "  - x\n"
				   "  - {k: \"v\\u00e9\", \xc3\xa9: 2}\n"
				   "b: [p, q]\n";
	struct diagnostics diags = {0};
	struct yaml_tree *tree = front_tree("t.yaml", text, &diags);
	const struct yaml_node *list = child(tree->root, "list"), *entry = list->first->next;

	assert_int_equal(diags.count, 0);
	assert_string_equal(tree->file, "t.yaml");
	assert_int_equal(tree->root->type, YAML_TYPE_MAPPING);
	assert_int_equal(tree->root->count, 3);
	assert_int_equal(child(tree->root, "a")->line, 2);
	assert_int_equal(child(tree->root, "a")->column, 4);
	assert_int_equal(list->count, 2);
	assert_int_equal(list->first->line, 4);
	assert_int_equal(list->first->column, 5);
	assert_string_equal(child(entry, "k")->text, "v\xc3\xa9");
	/* columns count characters, not bytes */
	assert_int_equal(child(entry, "\xc3\xa9")->key->column, 20);
	assert_int_equal(child(entry, "\xc3\xa9")->column, 23);
	assert_int_equal(child(tree->root, "b")->first->next->column, 8);
	yaml_tree_free(tree);
}

static void test_core_schema(void **state)
{
	static const struct {
		const char *text;
		enum yaml_type type;
	} cases[] = {
		{"true", YAML_TYPE_BOOLEAN},    {"false", YAML_TYPE_BOOLEAN},
		{"True", YAML_TYPE_TEXT},       {"yes", YAML_TYPE_TEXT},
		{"no", YAML_TYPE_TEXT},         {"on", YAML_TYPE_TEXT},
		{"null", YAML_TYPE_NULL},       {"~", YAML_TYPE_NULL},
		{"", YAML_TYPE_NULL},           {"nul", YAML_TYPE_TEXT},
		{"0", YAML_TYPE_INTEGER},       {"-17", YAML_TYPE_INTEGER},
		{"+3", YAML_TYPE_INTEGER},      {"007", YAML_TYPE_INTEGER},
		{"0x1F", YAML_TYPE_INTEGER},    {"0o17", YAML_TYPE_INTEGER},
		{"0x", YAML_TYPE_TEXT},         {"1_000", YAML_TYPE_TEXT},
		{"1.5", YAML_TYPE_NUMBER},      {".5", YAML_TYPE_NUMBER},
		{"1.", YAML_TYPE_NUMBER},       {"1e5", YAML_TYPE_NUMBER},
		{"-1.5E-3", YAML_TYPE_NUMBER},  {".inf", YAML_TYPE_NUMBER},
		{"1.2.3", YAML_TYPE_TEXT},      {"-", YAML_TYPE_TEXT},
		{".", YAML_TYPE_TEXT},          {"1e", YAML_TYPE_TEXT},
		{"10.0.0.0/8", YAML_TYPE_TEXT}, {"2027-03-31", YAML_TYPE_TEXT},
		{"1:30", YAML_TYPE_TEXT},       {"\"true\"", YAML_TYPE_TEXT},
		{"'7'", YAML_TYPE_TEXT},        {"\"\"", YAML_TYPE_TEXT},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct diagnostics diags = {0};
		struct yaml_tree *tree;
		char text[64];

		/* "-" alone would begin a list */
		snprintf(text, sizeof(text), "a: %s\n", cases[i].text);
		if (!strcmp(cases[i].text, "-"))
			continue;
		tree = front_tree("t", text, &diags);
		if (tree->root->first->type != cases[i].type)
			fail_msg("'%s' is %s", cases[i].text,
				 yaml_type_word(tree->root->first->type));
		yaml_tree_free(tree);
	}
}

/* What leaves no tree; whole report. */
static void refused(const char *text, size_t bytes, const char *expected)
{
	struct diagnostics diags = {0};
	struct yaml_tree *tree = NULL;

	assert_int_equal(yaml_tree_parse("t", text, bytes, &diags, &tree), -EINVAL);
	assert_null(tree);
	front_expect(&diags, expected);
}

#define REFUSED(text, expected) refused(text, sizeof(text) - 1, expected)

static void test_text(void **state)
{
	REFUSED("a: \xff\n", "t:1:4: error: byte 0xff is not UTF-8; save the document as UTF-8\n");
	REFUSED("a: \xc3", "t:1:4: error: byte 0xc3 is not UTF-8; save the document as UTF-8\n");
	REFUSED("a: \xc0\xaf",
		"t:1:4: error: byte 0xc0 is not UTF-8; save the document as UTF-8\n");
	REFUSED("a: \xed\xa0\x80",
		"t:1:4: error: byte 0xed is not UTF-8; save the document as UTF-8\n");
	REFUSED("a: \xf4\x90\x80\x80",
		"t:1:4: error: byte 0xf4 is not UTF-8; save the document as UTF-8\n");
	REFUSED("a: b\nc: \0d\n", "t:2:4: error: a NUL byte; the document must be text\n");
	REFUSED("a:\n\tb\n\t\n",
		"t:2:1: error: a tab; write spaces, or \\t between double quotes (1 more below)\n");
	REFUSED("\xef\xbb\xbf"
		"a: b",
		"t:1:1: error: the document begins with a byte order mark; save it as UTF-8 without BOM\n");
	REFUSED("\xff\xfe"
		"a",
		"t:1:1: error: the document is UTF-16; save it as UTF-8 without BOM\n");
	REFUSED("\xc3\xa9\xef\xbb\xbf",
		"t:1:2: error: a byte order mark inside the document; remove it\n");
	REFUSED("a: \x1b",
		"t:1:4: error: the control character U+001B; remove it, or write it as an escape between double quotes\n");
}

static void test_bounds(void **state)
{
	struct diagnostics diags = {0};
	struct yaml_tree *tree = NULL;
	size_t bytes = YAML_DOCUMENT_BYTES_MAX + 1;
	char *text = malloc(bytes), *at = text;
	char deep[2 * YAML_DEPTH_MAX];

	assert_non_null(text);
	memset(text, '\n', bytes);
	refused(text, bytes, "t: error: larger than 4 MiB; divide it\n");
	assert_int_equal(yaml_tree_parse("t", text, 1000, &diags, &tree), 0);
	assert_null(tree->root);
	yaml_tree_free(tree);

	for (unsigned i = 0; i <= YAML_KEYS_MAX; i++)
		at += sprintf(at, "k%u: 1\n", i);
	refused(text, (size_t)(at - text), "t:1025:1: error: more than 1024 keys in one place\n");

	memset(deep, '[', YAML_DEPTH_MAX);
	memset(deep + YAML_DEPTH_MAX, ']', YAML_DEPTH_MAX);
	assert_int_equal(yaml_tree_parse("t", deep, sizeof(deep), &diags, &tree), 0);
	yaml_tree_free(tree);
	memset(deep, '[', sizeof(deep));
	refused(deep, sizeof(deep), "t:1:33: error: nested deeper than 32 levels\n");
	free(text);
}

/* Mistakes that leave a tree, so that others can be found in the same run. */
static void test_refused_parts(void **state)
{
	struct diagnostics diags = {0};
	struct yaml_tree *tree;

	tree = front_tree("t",
			  "%YAML 1.1\n---\na: &x 1\nb: *x\na: 2\nc: !t 3\n? [k]\n: 4\nd: \"\\0\"\n",
			  &diags);
	assert_int_equal(tree->root->count, 4);
	assert_int_equal(child(tree->root, "a")->type, YAML_TYPE_INTEGER);
	assert_int_equal(child(tree->root, "b")->type, YAML_TYPE_REFUSED);
	assert_int_equal(child(tree->root, "d")->type, YAML_TYPE_REFUSED);
	yaml_tree_free(tree);
	front_expect(
		&diags,
		"t:1:1: error: YAML 1.1; documents are YAML 1.2, remove the directive\n"
		"t:3:4: error: the anchor '&x'; anchors are not accepted, write the value where it is meant\n"
		"t:4:4: error: the alias '*x'; aliases are not accepted, write the value itself\n"
		"t:5:1: error: the key 'a' is there twice, first on line 3; remove one\n"
		"t:6:4: error: the tag '!t'; tags are not accepted, write the value alone\n"
		"t:7:3: error: a list where a key was expected; a key is one word, quote values that begin with '{', '[' or '*'\n"
		"t:9:4: error: a NUL character in '...'; text cannot contain one\n");
}

static void test_files(void **state)
{
	char directory[] = "/tmp/embargo-yaml-XXXXXX", path[64];
	struct diagnostics diags = {0};
	struct yaml_tree *tree = NULL;
	FILE *out;

	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/a.yaml", directory);
	assert_int_equal(yaml_tree_load(path, &diags, &tree), -ENOENT);
	assert_int_equal(yaml_tree_load(directory, &diags, &tree), -EISDIR);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(yaml_tree_load(path, &diags, &tree), -EINVAL);
	assert_int_equal(diags.errors, 3);
	assert_null(tree);
	assert_int_equal(unlink(path), 0);

	out = fopen(path, "w");
	assert_non_null(out);
	assert_true(fputs("a: b\n", out) >= 0);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(yaml_tree_load(path, &diags, &tree), 0);
	assert_string_equal(tree->file, path);
	assert_string_equal(child(tree->root, "a")->text, "b");
	yaml_tree_free(tree);
	diagnostics_done(&diags);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree_and_places),
		cmocka_unit_test(test_core_schema),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_refused_parts),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* test_domain.c - names through nodes, and what several names say of one address: bpf/decide.h. */
#include "domain_nodes.h"
#include "../../bpf/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

static void check(struct domain_nodes *nodes, const char *name, __u32 deny, __u32 allow, int line)
{
	struct domain_text text = domain_text_of(name);
	struct domain_match match;

	domain_match_init(&match, &text, DOMAIN_ROOT);
	domain_match_run(nodes, &text, &match);
	if (match.deny != deny || match.allow != allow)
		fail_msg("line %d: \"%s\": rule %u, allow %u", line, name, match.deny, match.allow);
}

#define assert_says(nodes, name, deny, allow) check(nodes, name, deny, allow, __LINE__)

static struct domain_nodes some_nodes(void)
{
	struct domain_nodes nodes = {0};

	domain_nodes_add(&nodes, "*.example.com", 5, 0);
	domain_nodes_add(&nodes, "api.example.com", 3, 0);
	domain_nodes_add(&nodes, "free.example.com", 7, 1);
	domain_nodes_add(&nodes, "*.free.example.com", 8, 1);
	domain_nodes_add(&nodes, "example.net", 4, 0);
	domain_nodes_add(&nodes, "*.eightbyt.org", 2, 0);
	return nodes;
}

static void names_find_their_rules(void **state)
{
	struct domain_nodes nodes = some_nodes();

	assert_says(&nodes, "api.example.com", 3, 0);
	assert_says(&nodes, "x.example.com", 5, 0);
	assert_says(&nodes, "y.x.example.com", 5, 0);
	assert_says(&nodes, "free.example.com", 5, 7);
	assert_says(&nodes, "a.free.example.com", 5, 8);
	/* below and not itself; itself and not below */
	assert_says(&nodes, "example.com", 0, 0);
	assert_says(&nodes, "example.net", 4, 0);
	assert_says(&nodes, "www.example.net", 0, 0);
	/* a label of exactly eight bytes */
	assert_says(&nodes, "a.eightbyt.org", 2, 0);
	assert_says(&nodes, "a.eightbytx.org", 0, 0);
}

static void what_only_looks_like_it_does_not_match(void **state)
{
	struct domain_nodes nodes = some_nodes();

	assert_says(&nodes, "notexample.com", 0, 0);
	assert_says(&nodes, "x.notexample.com", 0, 0);
	assert_says(&nodes, "example.com.evil.org", 0, 0);
	assert_says(&nodes, "com", 0, 0);
	assert_says(&nodes, "", 0, 0);
	/* an empty label is the end of it, and what was known until then counts */
	assert_says(&nodes, "api..example.com", 5, 0);
	assert_says(&nodes, ".example.com", 5, 0);
	assert_says(&nodes, "example.com.", 0, 0);
}

static void longest_names(void **state)
{
	struct domain_nodes nodes = {0};
	char label[70], name[DOMAIN_BYTES + 1];

	memset(label, 'l', sizeof(label));
	label[63] = '\0';
	snprintf(name, sizeof(name), "*.%s.com", label);
	domain_nodes_add(&nodes, name, 1, 0);
	snprintf(name, sizeof(name), "x.%s.com", label);
	assert_says(&nodes, name, 1, 0);
	snprintf(name, sizeof(name), "x.l%s.com", label); /* 64 bytes are no label */
	assert_says(&nodes, name, 0, 0);

	domain_nodes_add(&nodes, "*.de", 2, 0);
	for (size_t i = 0; i < 125; i++)
		memcpy(name + 2 * i, "x.", 2);
	memcpy(name + 250, "de", 3);
	assert_says(&nodes, name, 2, 0);
	memcpy(name + 250, "dee", 4);
	assert_says(&nodes, name, 0, 0);
}

static void cost_is_that_of_the_name(void **state)
{
	struct domain_nodes few = some_nodes(), many = {0};
	struct domain_match match;
	struct domain_text text = domain_text_of("a.b.c.d.e.f.example.com");
	char name[64];

	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "*.other%d.com", i);
		domain_nodes_add(&many, name, 10 + i, 0);
	}
	domain_nodes_add(&many, "*.example.com", 1, 0);
	few.asked = many.asked = 0;
	domain_match_init(&match, &text, DOMAIN_ROOT);
	domain_match_run(&few, &text, &match);
	domain_match_init(&match, &text, DOMAIN_ROOT);
	domain_match_run(&many, &text, &match);
	assert_int_equal(match.deny, 1);
	assert_int_equal(few.asked, 3);	/* com, example, and f, which no rule goes on with */
	assert_int_equal(many.asked, 3);
}

/* One byte after the other, as the kernel's side does not. */
static size_t label_bytes(const char *name, size_t left)
{
	size_t bytes = 0;

	while (bytes < left && name[left - 1 - bytes] != '.')
		bytes++;
	return bytes;
}

/* Labels of all lengths, at all places of a word; what is in front of the name looks like a dot when that is 46 bytes long. */
static void label_is_found_at_any_place(void **state)
{
	for (size_t front = 0; front <= 70; front++) {
		for (size_t last = 1; last <= DOMAIN_LABEL_BYTES + 1; last++) {
			char name[DOMAIN_BYTES + 1] = {0};
			struct domain_match match;
			struct domain_text text;

			memset(name, 'b', front);
			if (front)
				name[front - 1] = '.';
			memset(name + front, 'a', last);
			text = domain_text_of(name);
			domain_match_init(&match, &text, DOMAIN_ROOT);
			assert_int_equal(domain_match_label(&text, &match), last <= DOMAIN_LABEL_BYTES);
			if (last > DOMAIN_LABEL_BYTES)
				continue;
			assert_int_equal(match.label, label_bytes(name, front + last));
			assert_true(match.hash == name_hash(name + front, last));
		}
	}
}

static void hash_is_that_of_the_format(void **state)
{
	char name[DOMAIN_BYTES + 1];

	for (size_t bytes = 0; bytes <= DOMAIN_BYTES; bytes++) {
		struct domain_text text;

		memset(name, 'a' + bytes % 26, bytes);
		name[bytes] = '\0';
		text = domain_text_of(name);
		assert_true(domain_hash(&text) == name_hash(name, bytes));
	}
}

static void equal_is_equal(void **state)
{
	struct domain_text one = domain_text_of("a.example.com"), other = one;

	assert_true(domain_equal(&one, &other));
	other.text[12] = 'n';
	assert_false(domain_equal(&one, &other));
	other = domain_text_of("a.example.co");
	assert_false(domain_equal(&one, &other));
}

static void assert_address(const struct address_match *match, __u64 name, __u32 deny, __u32 allow, __u32 shared)
{
	assert_int_equal(match->name, name);
	assert_int_equal(match->deny, deny);
	assert_int_equal(match->allow, allow);
	assert_int_equal(match->shared, shared);
}

static void refused_names_go_before_allowed_ones(void **state)
{
	struct address_match match = {0};

	address_match_add(&match, 11, 5, 0);
	assert_address(&match, 11, 5, 0, 0);
	address_match_add(&match, 12, 4, 0);
	assert_address(&match, 12, 4, 0, 0);
	address_match_add(&match, 13, 1, 9); /* more specific, but allowed */
	assert_address(&match, 12, 4, 0, 1);
	address_match_add(&match, 14, 5, 0);
	assert_address(&match, 12, 4, 0, 1);

	match = (struct address_match){0};
	address_match_add(&match, 13, 1, 9);
	assert_address(&match, 13, 1, 9, 1);
	address_match_add(&match, 12, 4, 0);
	assert_address(&match, 12, 4, 0, 1);
}

static void innocent_names_only_share(void **state)
{
	struct address_match match = {0};

	address_match_add(&match, 11, 0, 0);
	assert_address(&match, 0, 0, 0, 1);
	address_match_add(&match, 12, 0, 3);
	assert_address(&match, 0, 0, 0, 1);
	address_match_add(&match, 13, 2, 0);
	assert_address(&match, 13, 2, 0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_find_their_rules),
		cmocka_unit_test(what_only_looks_like_it_does_not_match),
		cmocka_unit_test(longest_names),
		cmocka_unit_test(cost_is_that_of_the_name),
		cmocka_unit_test(label_is_found_at_any_place),
		cmocka_unit_test(hash_is_that_of_the_format),
		cmocka_unit_test(equal_is_equal),
		cmocka_unit_test(refused_names_go_before_allowed_ones),
		cmocka_unit_test(innocent_names_only_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

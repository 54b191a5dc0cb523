/* SPDX-License-Identifier: MIT */
#include "front.h"
#include "../../policy/canonical.h"

/* Either the canonical text or the refusal. */
static void check(canonical_fn canonical, const char *text, const char *expected)
{
	char out[CANONICAL_BYTES] = "";
	struct problem problem = {""};
	int err = canonical(text, out, &problem);

	assert_true(err == 0 || err == -EINVAL);
	assert_string_equal(err ? problem.text : out, expected);
}

static void test_paths(void **state)
{
	check(canonical_path, "/opt//x///y", "/opt/x/y");
	check(canonical_path, "/opt//x//",
	      "'/opt//x//' ends in '/'; write '/opt/x/**' for everything below it, or '/opt/x' for one file");
	check(canonical_path, "**/name", "**/name");
	check(canonical_path, "opt/x", "'opt/x' does not begin with '/'; write '/opt/x'");
	check(canonical_path, "./x", "'./x' does not begin with '/'; write the whole path");
	check(canonical_path, "~/x", "'~/x' does not begin with '/'; write the whole path");
	check(canonical_path, "$HOME/x", "'$HOME/x' does not begin with '/'; write the whole path");
	check(canonical_path, "x",
	      "'x' does not begin with '/'; write the whole path, or '**/x' for that name anywhere");
	check(canonical_path, "/*/**",
	      "'/*/**' is the whole system; refused, name the directories that are meant");
}

static void test_domains(void **state)
{
	/* ids are digests of these: they must never change */
	check(canonical_domain, "API.Example.COM.", "api.example.com");
	check(canonical_domain, "*.Cloud.example.com", "*.cloud.example.com");
	check(canonical_domain, "_srv.a-b.example.com", "_srv.a-b.example.com");
	check(canonical_domain, "xn--bcher-kva.example.org", "xn--bcher-kva.example.org");
	check(canonical_domain, "host.corp", "host.corp");
	/* other scripts: RFC 5891, UTS 46 non-transitional, full width forms are mapped */
	check(canonical_domain, "B\xc3\xbc" "cher.example.org", "xn--bcher-kva.example.org");
	check(canonical_domain, "*.fa\xc3\x9f.de", "*.xn--fa-hia.de");
	check(canonical_domain, "\xef\xbd\x81.example.org", "a.example.org");
	check(canonical_domain, "\xe2\x98\x83.example.org",
	      "'\xe2\x98\x83.example.org' cannot be a domain name: string contains a disallowed character; expected 'api.example.com', or '*.example.com' for all below it");
}

static void test_shared_domains(void **state)
{
	check(canonical_domain, "*.com",
	      "'*.com' is a public suffix: everybody registers names below 'com'; write the vendor's own, as '*.example.com'");
	check(canonical_domain, "Co.UK.",
	      "'Co.UK.' is a public suffix: everybody registers names below 'co.uk'; write the vendor's own, as '*.example.co.uk'");
	check(canonical_domain, "*.\xd1\x80\xd1\x84",
	      "'*.\xd1\x80\xd1\x84' is a public suffix: everybody registers names below 'xn--p1ai'; write the vendor's own, as '*.example.xn--p1ai'");
	check(canonical_domain, "*.github.io",
	      "'*.github.io' is shared by many organisations, the customers of one service; write the names that the vendor has there, as 'example.github.io'");
	check(canonical_domain, "example.github.io", "example.github.io");
	/* a rule of the list with a star, and its exception */
	check(canonical_domain, "*.foo.ck",
	      "'*.foo.ck' is a public suffix: everybody registers names below 'foo.ck'; write the vendor's own, as '*.example.foo.ck'");
	check(canonical_domain, "*.www.ck", "*.www.ck");
}

#define EXPECTED "expected 'api.example.com', or '*.example.com' for all below it"

static void test_no_domains(void **state)
{
	char label[80];

	check(canonical_domain, "*.a.*.example.com",
	      "'*.a.*.example.com': a '*' may stand at the beginning only, alone in its label; " EXPECTED);
	check(canonical_domain, "a*.example.com",
	      "'a*.example.com': a '*' may stand at the beginning only, alone in its label; " EXPECTED);
	check(canonical_domain, "203.0.113.7",
	      "'203.0.113.7' is an address, no domain name; write it under 'networks'");
	check(canonical_domain, "2001:db8::/32",
	      "'2001:db8::/32' is an address, no domain name; write it under 'networks'");
	check(canonical_domain, "https://api.example.com/v1",
	      "'https://api.example.com/v1' is more than a domain name; write 'api.example.com' alone");
	check(canonical_domain, "api.example.com:443",
	      "'api.example.com:443' is more than a domain name; write 'api.example.com' alone");
	check(canonical_domain, "localhost",
	      "'localhost' is no domain name that can be named here; " EXPECTED);
	check(canonical_domain, "a..example.com",
	      "'a..example.com' is no domain name that can be named here; " EXPECTED);
	check(canonical_domain, "*.", "'*.' is no domain name that can be named here; " EXPECTED);
	snprintf(label, sizeof(label), "%064d.com", 0);
	assert_int_equal(canonical_domain(label, (char[CANONICAL_BYTES]){0}, &(struct problem){""}),
			 -EINVAL);
	assert_int_equal(canonical_domain(label + 1, (char[CANONICAL_BYTES]){0},
					  &(struct problem){""}),
			 0);
}

#define ZEROS "0000000000000000000000000000000000000000000000000000000000"

static void test_others(void **state)
{
	check(canonical_digest, "sha256:ABCDEF" ZEROS, "sha256:abcdef" ZEROS);
	check(canonical_digest, "abcdef" ZEROS, "sha256:abcdef" ZEROS);
	check(canonical_digest, "sha256:12",
	      "'sha256:12' is no digest; expected 'sha256:' and 64 hex digits");
	check(canonical_module, "a-b_c*", "a_b_c*");
	check(canonical_package, "agent-*", "agent-*");
	check(canonical_package, "**",
	      "'**' is no package name; expected 'example-sensor' or 'example-sensor-*', without a version");
	check(canonical_package_vendor, "Example, Inc.", "Example, Inc.");
}

/* The longest text that is let in does not overflow what comes out. */
static void test_longest(void **state)
{
	static char text[CANONICAL_INPUT_MAX + 2], out[CANONICAL_BYTES];
	struct problem problem;

	for (unsigned matcher = MATCHER_NONE; matcher < MATCHER_MAX; matcher++) {
		memset(text, 'a', CANONICAL_INPUT_MAX);
		text[CANONICAL_INPUT_MAX] = '\0';
		(void)fact_canonical(matcher, text, out, &problem); /* refused or not */
		text[0] = '/';
		(void)fact_canonical(matcher, text, out, &problem);
		for (size_t i = 0; i + 2 <= CANONICAL_INPUT_MAX; i += 2)
			memcpy(text + i, "\xc3\xbc", 2);
		(void)fact_canonical(matcher, text, out, &problem);
		text[CANONICAL_INPUT_MAX] = 'a';
		text[CANONICAL_INPUT_MAX + 1] = '\0';
		assert_int_equal(fact_canonical(matcher, text, out, &problem), -EINVAL);
		assert_non_null(strstr(problem.text, "is longer than"));
		text[CANONICAL_INPUT_MAX] = '\0';
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),	 cmocka_unit_test(test_domains),
		cmocka_unit_test(test_shared_domains), cmocka_unit_test(test_no_domains),
		cmocka_unit_test(test_others),	 cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

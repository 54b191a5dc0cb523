/* SPDX-License-Identifier: MIT */
/*
 * test_host_lint.c - packages that own what a host needs: found in its package database, under the names that files have
 * now and had before /usr was merged.
 */
#include "front.h"
#include "inventory_root.h"
#include "../../agent/host_lint.h"

#define STANZA(name, maintainer)                                                                   \
	"Package: " name "\nStatus: install ok installed\nMaintainer: " maintainer                 \
	"\nArchitecture: amd64\nVersion: 1\nDescription: x\n\n"

/* The packages of the host: one owns its shell, by its old name; one a PAM module; one nothing that is needed. */
static void make_host(const struct test_root *root)
{
	root_link(root, "/bin", "usr/bin");
	root_file(root, "/usr/bin/vendor-shell", "x");
	root_file(root, "/etc/shells", "/bin/vendor-shell\n");
	root_file(root, "/etc/pam.d/login", "auth required pam_vendor.so\n");
	root_file(root, "/usr/lib/x86_64-linux-gnu/security/pam_vendor.so", "x");
	root_file(root, "/opt/vendor/tool", "x");
	root_file(root, "/var/lib/dpkg/status",
		  STANZA("vendor-shell", "Vendor <a@vendor.example>")
			  STANZA("vendor-pam", "Other <b@vendor.example>")
				  STANZA("vendor-tool", "Vendor <a@vendor.example>")
					  STANZA("vendor-listless", "Vendor <a@vendor.example>"));
	root_file(root, "/var/lib/dpkg/info/vendor-shell.list", "/.\n/bin\n/bin/vendor-shell\n");
	root_file(root, "/var/lib/dpkg/info/vendor-pam.list",
		  "/usr/lib/x86_64-linux-gnu/security/pam_vendor.so\n");
	root_file(root, "/var/lib/dpkg/info/vendor-tool.list", "/opt\n/opt/vendor/tool\n");
}

/* What the lint of the host says of one line with matchers; "" when it lets it in. */
static void check(struct test_root *root, const char *line, const char *report)
{
	struct inventory *inventory = root_open(root, NULL);
	struct generation *generation = NULL;
	struct diagnostics diags = {0};
	struct policy *policy = NULL;
	struct catalog *catalog = catalog_new();
	char text[1024];

	assert_non_null(catalog);
	snprintf(text, sizeof(text),
		 "kind: Policy\nname: p\nrevision: 1\nmode: audit\nembargo:\n  - name: x\n    %s\n",
		 line);
	assert_int_equal(policy_read(front_tree("p", text, &diags), catalog, NULL, &diags, &policy),
			 0);
	assert_int_equal(policy_compile(policy, &diags, &generation), 0);
	assert_int_equal(host_lint(policy, generation, inventory, &diags, NULL),
			 *report ? -EINVAL : 0);
	front_expect(&diags, report);
	generation_free(generation);
	policy_free(policy);
	catalog_free(catalog);
}

static void packages_that_own_what_is_needed(void **state)
{
	struct test_root *root = *state;

	make_host(root);
	check(root, "packages: [vendor-tool, vendor-listless, vendor-missing]", "");
	check(root, "packages: [vendor-shell]",
	      "p:7:16: error: 'vendor-shell' would hit the package 'vendor-shell', the owner of '/usr/bin/vendor-shell', shell, which this host needs; narrow it, or add 'x/-/package/9ace2ee2' to 'accept-risk'\n");
	check(root, "packages: ['vendor-*']\naccept-risk: [x/-/package/a5b4bae8]", "");
	check(root, "packages: ['vendor-p*']",
	      "p:7:16: error: 'vendor-p*' would hit the package 'vendor-pam', the owner of '/usr/lib/x86_64-linux-gnu/security/pam_vendor.so', PAM module, which this host needs; narrow it, or add 'x/-/package/e19cba09' to 'accept-risk'\n");
	check(root, "package-vendors: ['Other*']",
	      "p:7:23: error: 'Other*' would hit what is made by 'Other <b@vendor.example>', among it the package 'vendor-pam' with '/usr/lib/x86_64-linux-gnu/security/pam_vendor.so', which this host needs; narrow it, or add 'x/-/package-vendor/2d469abb' to 'accept-risk'\n");
}

/* An exception hurts nobody, and neither does a rule of another kind. */
static void what_is_no_rule_about_packages(void **state)
{
	struct test_root *root = *state;

	make_host(root);
	check(root, "paths: [/opt/vendor/**]\nallow: [{package: vendor-shell, reason: r}]", "");
	check(root, "modules: [vendor_shell]", "");
}

static void names_of_the_host(void **state)
{
	struct test_root *root = *state;

	make_host(root);
	root_file(root, "/etc/hostname", "Host-1\n");
	root_file(root, "/etc/resolv.conf",
		  "nameserver 127.0.0.53\nsearch Corp.Vendor.Example. other.example\n");
	check(root, "domains: [db.corp.vendor.example, '*.vendor2.example', vendor.example]", "");
	check(root, "domains: ['*.vendor.example']",
	      "p:7:15: error: '*.vendor.example' would hit the domain 'corp.vendor.example', its search domain (/etc/resolv.conf), which this host needs; narrow it, or add 'x/-/domain/bd9ce6c0' to 'accept-risk'\n");
	check(root, "domains: ['*.corp.vendor.example']",
	      "p:7:15: error: '*.corp.vendor.example' would hit the domain 'corp.vendor.example', its search domain (/etc/resolv.conf), which this host needs; narrow it, or add 'x/-/domain/d1857064' to 'accept-risk'\n");
	check(root, "domains: [host-1.other.example]",
	      "p:7:15: error: 'host-1.other.example' would hit the domain 'host-1.other.example', the host itself (/etc/resolv.conf), which this host needs; narrow it, or add 'x/-/domain/6498bd05' to 'accept-risk'\n");
	root_file(root, "/etc/hostname", "host.vendor3.example\n");
	check(root, "domains: ['*.vendor3.example']",
	      "p:7:15: error: '*.vendor3.example' would hit the domain 'host.vendor3.example', the host itself (/etc/hostname), which this host needs; narrow it, or add 'x/-/domain/c27239fa' to 'accept-risk'\n");
}

/* Of another root nobody knows which file system it will run from; of this host it is one that it has mounted. */
static void the_file_system_of_the_root(void **state)
{
	struct test_root *root = *state;
	char type[256];

	make_host(root);
	assert_int_equal(inventory_root_type(root_open(root, NULL), type), 0);
	assert_string_equal(type, "");
	assert_int_equal(inventory_root_type(live_open(root), type), 0);
	assert_true(*type);
	assert_null(strpbrk(type, " /"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT_TEST(packages_that_own_what_is_needed),
		ROOT_TEST(what_is_no_rule_about_packages),
		ROOT_TEST(names_of_the_host),
		ROOT_TEST(the_file_system_of_the_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include "front.h"
#include "generation_walk.h"
#include "../../policy/lint.h"
#include "../../policy/match.h"
#include "../../policy/pattern.h"
#include "../../policy/protected.h"
#include "../../policy/risk.h"

#define HEAD "kind: Policy\nname: p\nrevision: 7\nmode: audit\nembargo:\n  - name: x\n"

static struct policy *read_policy(const char *text, struct diagnostics *diags, int *out_err)
{
	struct catalog *catalog = catalog_new();
	struct policy *policy = NULL;

	assert_non_null(catalog);
	*out_err = policy_read(front_tree("p", text, diags), catalog, NULL, diags, &policy);
	catalog_free(catalog);
	return policy;
}

/* What is said of one value, without its place and the id; "" when it is let in. */
static void check(const char *key, const char *value, const char *expected)
{
	struct diagnostics diags = {0};
	struct policy *policy;
	char text[512], *report;
	int err;

	snprintf(text, sizeof(text), HEAD "    %s: ['%s']\n", key, value);
	policy = read_policy(text, &diags, &err);
	assert_int_equal(err, *expected ? -EINVAL : 0);
	assert_int_equal(diags.count, *expected ? 1 : 0);
	if (*expected) {
		report = strdup(diags.list[0].message);
		assert_non_null(strstr(report, ", or add 'x/-/"));
		*strstr(report, ", or add 'x/-/") = '\0';
		assert_string_equal(report, expected);
		free(report);
	}
	policy_free(policy);
	diagnostics_done(&diags);
}

#define WHOLE(value, directory)                                                                    \
	"'" value "' takes in everything in '" directory                                           \
	"', whoever made it; name the vendor's own directories and files"

static void test_directories(void **state)
{
	check("paths", "/usr/**", WHOLE("/usr/**", "/usr"));
	check("paths", "/usr/bin/**", WHOLE("/usr/bin/**", "/usr/bin"));
	check("paths", "/usr/bin/*", WHOLE("/usr/bin/*", "/usr/bin"));
	check("paths", "/bin/*", WHOLE("/bin/*", "/usr/bin"));
	check("paths", "/lib/**", WHOLE("/lib/**", "/usr/lib"));
	check("paths", "/etc/**", WHOLE("/etc/**", "/etc"));
	check("paths", "/usr/*", WHOLE("/usr/*", "/usr"));
	check("paths", "/u*r/*i*/*", WHOLE("/u*r/*i*/*", "/usr/bin"));
	check("paths", "/opt/**/*", WHOLE("/opt/**/*", "/opt"));
	check("paths", "/home/**", WHOLE("/home/**", "/home"));
	check("paths", "/home/*/*", WHOLE("/home/*/*", "/home"));
	check("paths", "/tmp/**", WHOLE("/tmp/**", "/tmp"));
	check("paths", "/opt/vendor/**", "");
	check("paths", "/opt/*/bin/*", "");
	check("paths", "/home/*/.vendor/**", "");
	check("paths", "/usr/lib/vendor/**", "");
	check("paths", "/usr/bin/vendor*", "");
	check("paths", "/etc", "");
}

#define HIT(value, path, what) "'" value "' would hit '" path "', " what ", which every host needs; narrow it"

static void test_programs(void **state)
{
	check("paths", "/usr/bin/ba*", HIT("/usr/bin/ba*", "/usr/bin/bash", "a shell"));
	check("paths", "/bin/bash", HIT("/bin/bash", "/usr/bin/bash", "a shell"));
	check("paths", "**/sh", HIT("**/sh", "/usr/bin/sh", "a shell"));
	check("paths", "/usr/**/sshd", HIT("/usr/**/sshd", "/usr/bin/sshd", "the way to log in"));
	check("paths", "/usr/sbin/sshd", HIT("/usr/sbin/sshd", "/usr/sbin/sshd", "the way to log in"));
	check("paths", "**/libc.so.*",
	      HIT("**/libc.so.*", "/usr/lib/aarch64-linux-gnu/libc.so.6", "the C library"));
	check("paths", "/lib64/ld-linux-x86-64.so.2",
	      HIT("/lib64/ld-linux-x86-64.so.2", "/usr/lib64/ld-linux-x86-64.so.2", "the loader of all programs"));
	check("paths", "/usr/lib/x86_64-linux-gnu/security/pam_unix.so",
	      HIT("/usr/lib/x86_64-linux-gnu/security/pam_unix.so",
		  "/usr/lib/x86_64-linux-gnu/security/pam_unix.so", "the way to log in"));
	check("paths", "/usr/bin/dpkg*",
	      HIT("/usr/bin/dpkg*", "/usr/bin/dpkg", "the package manager, and other files"));
	check("paths", "/usr/*bin/*mbargo*",
	      HIT("/usr/*bin/*mbargo*", "/usr/bin/embargo", "embargo itself, and other files"));
	check("paths", "/usr/bin/sudo", HIT("/usr/bin/sudo", "/usr/bin/sudo", "the way to become root"));
	check("paths", "/usr/bin/bashful", "");
	check("paths", "/opt/vendor/bin/bash", "");
	check("paths", "**/vendor-sh", "");
}

#define NET(value, what) "'" value "' would hit " what "; narrow it"
#define LOOPBACK	 "loopback addresses, at which the host talks to itself"

static void test_networks(void **state)
{
	check("networks", "10.0.0.0/7",
	      "'10.0.0.0/7' is wider than /8, more than any one organisation has; name the vendor's own networks");
	check("networks", "2000::/3",
	      "'2000::/3' is wider than /19, more than any one organisation has; name the vendor's own networks");
	check("networks", "127.0.0.0/8", NET("127.0.0.0/8", LOOPBACK));
	check("networks", "127.0.0.53", NET("127.0.0.53/32", LOOPBACK));
	check("networks", "127.0.1.0/24", NET("127.0.1.0/24", LOOPBACK));
	check("networks", "::1", NET("::1/128", "the loopback address, at which the host talks to itself"));
	check("networks", "::/64", NET("::/64", "the loopback address, at which the host talks to itself"));
	check("networks", "::ffff:127.0.0.1", NET("127.0.0.1/32", LOOPBACK));
	check("networks", "169.254.169.254",
	      NET("169.254.169.254/32", "link-local addresses, where clouds keep their metadata"));
	check("networks", "fe80::/64",
	      NET("fe80::/64", "link-local addresses, without which IPv6 finds no neighbour"));
	check("networks", "0.0.0.0", NET("0.0.0.0/32", "\"this host\" (RFC 1122), at which the host talks to itself"));
	check("networks", "255.255.255.255", NET("255.255.255.255/32", "the broadcast address"));
	check("networks", "ff02::1", NET("ff02::1/128", "multicast addresses, which are of no vendor"));
	/* the tests and the demonstration use these */
	check("networks", "127.66.0.0/16", "");
	check("networks", "127.67.0.67", "");
	check("networks", "10.0.0.0/8", "");
	check("networks", "2003::/19", "");
	check("networks", "2001:db8:66::/48", "");
}

#define NAME(value, kind, name, what)                                                              \
	"'" value "' would hit " kind " '" name "', " what ", which hosts need; narrow it"

static void test_names(void **state)
{
	check("packages", "libc6", NAME("libc6", "the package", "libc6", "the C library"));
	check("packages", "lib*", NAME("lib*", "the package", "libc6", "the C library"));
	check("packages", "*-server",
	      NAME("*-server", "the package", "openssh-server", "the way to log in"));
	check("packages", "linux-*",
	      NAME("linux-*", "the package", "linux-image-amd64", "the kernel"));
	check("packages", "ba?h", NAME("ba?h", "the package", "bash", "a shell"));
	check("packages", "qq*",
	      "'qq*' is nearly every name; write more of the vendor's own, besides wildcards");
	check("packages", "qq", "");
	check("packages", "vendor-*", "");
	check("package-vendors", "*ebian*",
	      NAME("*ebian*", "what is made by", "Debian", "a distribution"));
	check("package-vendors", "*@lists.ubuntu.com>",
	      NAME("*@lists.ubuntu.com>", "what is made by",
		   "Ubuntu Developers <ubuntu-devel-discuss@lists.ubuntu.com>", "a distribution"));
	check("package-vendors", "* a*",
	      "'* a*' is nearly every name; write more of the vendor's own, besides wildcards");
	check("package-vendors", "Vendor*", "");
	check("modules", "dm-crypt",
	      NAME("dm_crypt", "the kernel module", "dm_crypt", "the way to a disk"));
	check("modules", "ext*", NAME("ext*", "the kernel module", "ext4", "a file system"));
	check("modules", "zz*",
	      "'zz*' is nearly every name; write more of the vendor's own, besides wildcards");
	check("modules", "vendor_*", "");
}

static void test_domains(void **state)
{
	check("domains", "*.debian.org",
	      NAME("*.debian.org", "the domain", "deb.debian.org", "updates of a distribution"));
	check("domains", "security.debian.org",
	      NAME("security.debian.org", "the domain", "security.debian.org",
		   "updates of a distribution"));
	check("domains", "*.google.internal",
	      NAME("*.google.internal", "the domain", "metadata.google.internal",
		   "the keys and addresses of a cloud's hosts"));
	check("domains", "debian.org", "");
	check("domains", "*.notdebian.org", "");
	check("domains", "*.example.com", "");
}

static void test_accepted(void **state)
{
	struct diagnostics diags = {0};
	struct policy *policy;
	int err;

	policy = read_policy(HEAD "    paths: [/usr/bin/bash, /usr/bin/dash]\n", &diags, &err);
	assert_null(policy);
	front_expect(&diags,
		     "p:7:13: error: '/usr/bin/bash' would hit '/usr/bin/bash', a shell, which every host needs; narrow it, or add 'x/-/path/82c0aad1' to 'accept-risk'\n"
		     "p:7:28: error: '/usr/bin/dash' would hit '/usr/bin/dash', a shell, which every host needs; narrow it, or add 'x/-/path/6bfb5004' to 'accept-risk'\n");
	policy = read_policy(HEAD "    paths: [/usr/bin/bash, /usr/bin/dash]\naccept-risk: [x/-/path/82c0aad1]\n",
			     &diags, &err);
	assert_null(policy);
	assert_int_equal(diags.errors, 1);
	diagnostics_done(&diags);
	policy = read_policy(HEAD "    paths: [/usr/bin/bash, /usr/bin/dash]\naccept-risk: [x/-/path/82c0aad1, x/-/path/6bfb5004]\n",
			     &diags, &err);
	assert_non_null(policy);
	assert_int_equal(diags.count, 0);
	policy_free(policy);
	/* an exception hurts nobody */
	policy = read_policy(HEAD "    paths: [/opt/x]\nallow: [{path: /usr/**, reason: r}, {network: 127.0.0.1, reason: r}]\n",
			     &diags, &err);
	assert_non_null(policy);
	assert_int_equal(diags.count, 0);
	policy_free(policy);
}

static void test_many(void **state)
{
	char *text = malloc(64 * 1024), *at;
	struct diagnostics diags = {0};
	int err;

	assert_non_null(text);
	at = stpcpy(text, HEAD "    paths:\n");
	/* with a star behind each letter whose bit is set */
	for (unsigned i = 0; i < 150; i++) {
		at += sprintf(at, "      - /us%sr/", i & 8 ? "*" : "");
		for (unsigned letter = 0; letter < 8; letter++)
			at += sprintf(at, "%c%s", "bin/bash"[letter],
				      i >> letter & 1 && letter != 3 ? "*" : "");
		at = stpcpy(at, "\n");
	}
	assert_null(read_policy(text, &diags, &err));
	assert_int_equal(diags.errors, LINT_ERRORS_MAX);
	assert_int_equal(diags.count, LINT_ERRORS_MAX + 1);
	assert_string_equal(diags.list[LINT_ERRORS_MAX].message, "50 more rules would hurt every host");
	diagnostics_done(&diags);
	free(text);
}

/* ---------------------------------------------------------------- this host */

static void check_host(const char *line, const struct lint_host *host, const char *report)
{
	struct generation *generation = NULL;
	struct diagnostics diags = {0};
	struct policy *policy;
	char text[1024];
	int err;

	snprintf(text, sizeof(text), HEAD "%s", line);
	policy = read_policy(text, &diags, &err);
	assert_non_null(policy);
	assert_int_equal(policy_compile(policy, &diags, &generation), 0);
	assert_int_equal(policy_lint(policy, generation, host, &diags), *report ? -EINVAL : 0);
	front_expect(&diags, report);
	generation_free(generation);
	policy_free(policy);
}

static void test_host(void **state)
{
	static const struct protected_object objects[] = {
		{"/usr/lib/x86_64-linux-gnu/security/pam_vendor.so", "a PAM module of this host"},
		{"/opt/vendor/lib/libpreload.so", "named in ld.so.preload"},
		{"memfd:x", "nothing that a path can name"},
	};
	static const struct protected_network networks[] = {
		{"an address of this host", 4, 32, 0xc0000207, 0},
		{"the resolver of this host", 6, 128, 0x20010db800000000, 0x53},
	};
	static const struct protected_name names[] = {
		{MATCHER_PACKAGE, "vendor-ssh", "the owner of '/opt/vendor/ssh'"},
		{MATCHER_PACKAGE_VENDOR, "vendor-ssh", "not a package"},
		{MATCHER_MODULE, "vendorfs", "the file system that it runs from"},
		{MATCHER_DOMAIN, "corp.vendor.example", "its search domain"},
	};
	const struct lint_host files = {objects, 3, NULL, 0, NULL, 0},
			       both = {objects, 3, networks, 2, NULL, 0},
			       named = {NULL, 0, NULL, 0, names, 4};

	check_host("    paths: [/opt/other/**, '**/pam_other.so']\n", &files, "");
	check_host("    paths: [/opt/vendor/**, '**/pam_v*.so', /opt/vendor/lib/libpreload.so]\naccept-risk: [x/-/path/afb2538f]\n",
		   &files,
		   "p:7:13: error: '/opt/vendor/**' would hit '/opt/vendor/lib/libpreload.so', named in ld.so.preload, which this host needs; narrow it, or add 'x/-/path/06d7b43b' to 'accept-risk'\n"
		   "p:7:45: error: '/opt/vendor/lib/libpreload.so' would hit '/opt/vendor/lib/libpreload.so', named in ld.so.preload, which this host needs; narrow it, or add 'x/-/path/b7d7dc3b' to 'accept-risk'\n");
	/* the old name of a directory reaches the file under the new one */
	check_host("    paths: [/lib/x86_64-linux-gnu/security/pam_vendor.so]\n", &both,
		   "p:7:13: error: '/lib/x86_64-linux-gnu/security/pam_vendor.so' would hit '/usr/lib/x86_64-linux-gnu/security/pam_vendor.so', a PAM module of this host, which this host needs; narrow it, or add 'x/-/path/a432b973' to 'accept-risk'\n");
	check_host(
		"    packages: [vendor-s*, vendor]\n    modules: [vendorfs]\naccept-risk: [x/-/module/b7099346]\n",
		&named,
		"p:7:16: error: 'vendor-s*' would hit the package 'vendor-ssh', the owner of '/opt/vendor/ssh', which this host needs; narrow it, or add 'x/-/package/4636d628' to 'accept-risk'\n");
	check_host(
		"    domains: ['*.vendor.example', db.corp.vendor.example, vendor.example]\n", &named,
		"p:7:15: error: '*.vendor.example' would hit the domain 'corp.vendor.example', its search domain, which this host needs; narrow it, or add 'x/-/domain/bd9ce6c0' to 'accept-risk'\n");
	check_host("    packages: [q*?q]\naccept-risk: [x/-/package/1c705f7c]\n", &named, "");
	check_host("    networks: [192.0.2.0/24, 192.0.2.7/32, 192.0.2.8/32, 2001:db8::/32, 2001:db8:1::/48]\n", &both,
		   "p:7:16: error: '192.0.2.0/24' would hit an address of this host; narrow it, or add 'x/-/network/e336915f' to 'accept-risk'\n"
		   "p:7:30: error: '192.0.2.7/32' would hit an address of this host; narrow it, or add 'x/-/network/be3b3b8a' to 'accept-risk'\n"
		   "p:7:58: error: '2001:db8::/32' would hit the resolver of this host; narrow it, or add 'x/-/network/90c2cbc2' to 'accept-risk'\n");
}

/* ---------------------------------------------------------------- one pattern, the plain way and the kernel's */

static void make_path(__u64 *seed, char *out, bool pattern)
{
	static const char *const names[] = {"a", "ab", "abc", "b", "lib"};
	static const char *const globs[] = {"a*", "*b", "*", "a*c", "*b*", "**"};
	unsigned components = 1 + random_below(seed, 4);

	*out = '\0';
	for (unsigned i = 0; i < components; i++) {
		strcat(out, "/");
		strcat(out, pattern && !random_below(seed, 3) ? globs[random_below(seed, 6)]
							      : names[random_below(seed, 5)]);
	}
}

static void test_pattern(void **state)
{
	__u64 seed = 0x5eed;
	unsigned patterns = 0, fitting = 0;

	assert_true(pattern_fits("**/b", "/b"));
	assert_true(pattern_fits("**/b", "/a/b"));
	assert_false(pattern_fits("/a/**", "/a"));
	assert_true(pattern_fits("/a/**/b", "/a/b"));
	while (patterns < 2000) {
		struct generation *generation;
		char pattern[64], path[64];
		struct rule rule;

		make_path(&seed, pattern, true);
		if (path_pattern_check(pattern, NULL))
			continue;
		patterns++;
		rule = path_rule(pattern, ACTION_DENY, MODE_ENFORCE);
		generation = compile_ok(&rule, 1);
		for (unsigned i = 0; i < 50; i++) {
			const char *from, *to;
			bool fits;

			make_path(&seed, path, false);
			fits = pattern_fits(pattern, path);
			/* the compiler's twins are other patterns */
			for (size_t t = 0; !fits && (from = path_twin(t, &to)); t++) {
				if (!strncmp(path, to, strlen(to)))
					break;
			}
			fitting += fits;
			assert_int_equal(match_path(generation, path).rule != NULL, fits);
		}
		generation_free(generation);
	}
	assert_in_range(fitting, 1000, 99000);
}

/* The table is what is documented: whole, resolved, of this world. */
static void test_tables(void **state)
{
	const struct protected_object *list;
	struct arena arena = {0};
	size_t count;

	assert_int_equal(protected_files(&arena, &list, &count), 0);
	assert_in_range(count, 200, 1000);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(*list[i].path, '/');
		assert_null(path_pattern_check(list[i].path, NULL));
		assert_null(strchr(list[i].path, '*'));
		assert_non_null(list[i].what);
	}
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_directories), cmocka_unit_test(test_programs),
		cmocka_unit_test(test_networks),    cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_domains),       cmocka_unit_test(test_many),
		cmocka_unit_test(test_host),        cmocka_unit_test(test_pattern),
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * test_search.c - what a search finds below a root, what the kernel is told of it, and what a later search takes
 * back. The kernel is fake_kernel.c.
 */
#include "../../agent/clean.h"
#include "../../agent/content.h"
#include "../../agent/inventory/belongs.h"
#include "../../agent/search.h"
#include "../../policy/rules.h"
#include "fake_kernel.h"
#include "inventory_root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define RULES_MAX 16

struct world {
	struct test_root *root;
	struct kernel kernel;
	struct generation *generation;
	struct rule rules[RULES_MAX];
	size_t rule_count;
	struct search_result results[3];
	size_t result_count;
};

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	if (!world || root_set_up((void **)&world->root))
		return -1;
	world->kernel.room = 512;
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	generation_free(world->generation);
	(void)root_tear_down((void **)&world->root);
	free(world);
	return 0;
}

static void rule(struct world *world, enum matcher matcher, const char *value, enum action action)
{
	assert_true(world->rule_count < RULES_MAX);
	world->rules[world->rule_count++] = (struct rule){
		.vendor = action == ACTION_ALLOW ? "" : "example",
		.vendor_name = "Example",
		.product = "sensor",
		.value = value,
		.reason = action == ACTION_ALLOW ? "needed" : "",
		.matcher = matcher,
		.action = action,
		.target = MODE_ENFORCE,
		.confidence = 1,
	};
}

static void compile(struct world *world)
{
	struct rules rules = {.policy = "p",
			      .revision = 1,
			      .mode = MODE_ENFORCE,
			      .list = world->rules,
			      .count = world->rule_count};
	struct diagnostics diags = {0};

	generation_free(world->generation);
	world->generation = NULL;
	assert_int_equal(rules_compile(&rules, &diags, &world->generation), 0);
	diagnostics_done(&diags);
}

/* The number of the rule with this value. */
static __u32 number(const struct world *world, const char *value)
{
	for (size_t i = 0; i < world->generation->rule_count; i++)
		if (!strcmp(world->generation->rules[i].value, value))
			return (__u32)i + 1;
	fail_msg("no rule \"%s\"", value);
	return 0;
}

static int on_phase(void *context, const struct search_result *result)
{
	struct world *world = context;

	world->results[world->result_count++] = *result;
	return 0;
}

static int search(struct world *world, unsigned phases, __u32 round)
{
	const struct search search = {
		.kernel = &world->kernel,
		.generation = world->generation,
		.root = world->root->path,
		.phases = phases,
		.round = round,
		.done = on_phase,
		.context = world,
	};

	world->result_count = 0;
	return search_run(&search);
}

static const char *at(const struct world *world, const char *path)
{
	static char whole[2][PATH_MAX];
	static unsigned next; /* two in one call */

	next = !next;
	snprintf(whole[next], sizeof(whole[next]), "%s%s", world->root->path, path);
	return whole[next];
}

/* Until a change of what is there would have another time. */
static void settle(void)
{
	usleep(1100000);
}

static void assert_fact(struct world *world, const char *path, __u32 deny, __u32 allow)
{
	const struct learned *learned = fake_file(&world->kernel, at(world, path));

	if (!learned)
		fail_msg("nothing is known of %s", path);
	assert_int_equal(learned->deny, deny);
	assert_int_equal(learned->allow, allow);
}

static void assert_unknown(struct world *world, const char *path)
{
	if (fake_file(&world->kernel, at(world, path)))
		fail_msg("%s is known", path);
}

static void package(struct world *world)
{
	struct test_root *root = world->root;

	root_file(
		root, "/var/lib/dpkg/status",
		"Package: example-sensor\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n"
		"Maintainer: Example, Inc. <x@example.com>\n\n"
		"Package: other\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\nMaintainer: M\n");
	root_file(
		root, "/var/lib/dpkg/info/example-sensor.list",
		"/.\n/opt\n/opt/s\n/opt/s/elf\n/opt/s/script\n/opt/s/lib.so.1\n/opt/s/mod.ko.xz\n/opt/s/bit\n"
		"/opt/s/data\n/opt/s/empty\n/opt/s/link\n/opt/s/missing\n");
	root_file(root, "/var/lib/dpkg/info/other.list", "/usr/bin/other\n");
	root_file(root, "/opt/s/elf",
		  "\x7f"
		  "ELF program");
	root_file(root, "/opt/s/script", "#!/bin/sh\nexit 0\n");
	root_file(root, "/opt/s/lib.so.1", "library");
	root_file(root, "/opt/s/mod.ko.xz", "module");
	root_file(root, "/opt/s/bit", "may run");
	assert_int_equal(chmod(at(world, "/opt/s/bit"), 0755), 0);
	root_file(root, "/opt/s/data", "just data");
	root_file(root, "/opt/s/empty", "");
	root_file(root, "/usr/bin/other", "#!/bin/true\n");
	root_link(root, "/opt/s/link", "/usr/bin/linked");
	root_file(root, "/usr/bin/linked", "#!/bin/sh\necho linked\n");
}

static void files_of_packages(void **state)
{
	struct world *world = *state;
	__u32 n;

	package(world);
	rule(world, MATCHER_PACKAGE, "example-*", ACTION_DENY);
	compile(world);
	n = number(world, "example-*");
	assert_int_equal(search(world, SEARCH_QUICK | SEARCH_HASH, 7), 0);
	assert_fact(world, "/opt/s/elf", n, 0);
	assert_fact(world, "/opt/s/script", n, 0);
	assert_fact(world, "/opt/s/lib.so.1", n, 0);
	assert_fact(world, "/opt/s/mod.ko.xz", n, 0);
	assert_fact(world, "/opt/s/bit", n, 0);
	assert_fact(world, "/usr/bin/linked", n, 0);
	assert_unknown(world, "/opt/s/data");
	assert_unknown(world, "/opt/s/empty");
	assert_unknown(world, "/usr/bin/other");
	assert_int_equal(fake_file(&world->kernel, at(world, "/opt/s/elf"))->round, 7);
	assert_int_equal(fake_count(&world->kernel, LEARNED_DIGEST), 6);
	assert_int_equal(world->results[1].hashed, 6);
	settle();
	assert_int_equal(search(world, SEARCH_QUICK | SEARCH_HASH, 7), 0);
	assert_int_equal(world->results[1].hashed,
			 6); /* they could have changed within the same second */
	/* again: nothing has changed, so nothing is read */
	assert_int_equal(search(world, SEARCH_QUICK | SEARCH_HASH, 8), 0);
	assert_int_equal(world->results[1].hashed, 0);
	assert_int_equal(fake_file(&world->kernel, at(world, "/opt/s/elf"))->round, 8);
	root_file(world->root, "/opt/s/elf",
		  "\x7f"
		  "ELF another program");
	assert_int_equal(search(world, SEARCH_QUICK | SEARCH_HASH, 9), 0);
	assert_int_equal(world->results[1].hashed, 1);
	assert_int_equal(fake_count(&world->kernel, LEARNED_DIGEST), 7);
}

static void vendors_of_packages(void **state)
{
	struct world *world = *state;

	package(world);
	rule(world, MATCHER_PACKAGE_VENDOR, "Example, Inc.*", ACTION_DENY);
	compile(world);
	assert_int_equal(search(world, SEARCH_QUICK, 1), 0);
	assert_fact(world, "/opt/s/elf", number(world, "Example, Inc.*"), 0);
	assert_unknown(world, "/usr/bin/other");
}

/* A package that is gone takes what it was known for along, but not what a path rule says, nor its contents. */
static void removed_packages(void **state)
{
	struct world *world = *state;
	struct learned_key key = {.kind = LEARNED_FILE, .node = 1, .a = 4711};
	struct learned by_kernel = {0};
	__u32 path;

	package(world);
	rule(world, MATCHER_PACKAGE, "example-sensor", ACTION_DENY);
	rule(world, MATCHER_PATH, "/opt/s/script", ACTION_DENY);
	compile(world);
	path = number(world, "/opt/s/script");
	by_kernel.deny = number(world, "example-sensor");
	assert_int_equal(kernel_learned_put(&world->kernel, &key, &by_kernel), 0);
	assert_int_equal(search(world, SEARCH_QUICK | SEARCH_HASH, 1), 0);
	assert_int_equal(rename(at(world, "/opt/s/script"), "/tmp/test-search-moved"), 0);
	root_file(world->root, "/var/lib/dpkg/status",
		  "Package: other\nStatus: install ok installed\nVersion: 1\n");
	assert_int_equal(search(world, SEARCH_QUICK, 2), 0);
	assert_int_equal(world->results[0].gone, 5);
	assert_unknown(world, "/opt/s/elf");
	assert_non_null(fake_file(&world->kernel, "/tmp/test-search-moved"));
	assert_int_equal(fake_file(&world->kernel, "/tmp/test-search-moved")->deny,
			 path < by_kernel.deny ? path : by_kernel.deny);
	assert_int_equal(unlink("/tmp/test-search-moved"), 0);
	assert_int_equal(fake_count(&world->kernel, LEARNED_DIGEST), 6);
	assert_int_equal(kernel_learned_get(&world->kernel, &key, &by_kernel), 0);
}

/* A database that cannot be read does not mean that nothing is installed. */
static void unreadable_database(void **state)
{
	struct world *world = *state;

	package(world);
	rule(world, MATCHER_PACKAGE, "example-sensor", ACTION_DENY);
	compile(world);
	assert_int_equal(search(world, SEARCH_QUICK, 1), 0);
	root_file(world->root, "/var/lib/dpkg/status", "no colon here\n");
	assert_int_equal(search(world, SEARCH_QUICK, 2), 0);
	assert_true(world->results[0].missed > 0);
	assert_fact(world, "/opt/s/elf", number(world, "example-sensor"), 0);
}

static void files_of_paths(void **state)
{
	struct world *world = *state;

	root_file(world->root, "/opt/example/a/b", "1");
	root_file(world->root, "/opt/example/allowed", "2");
	root_file(world->root, "/usr/bin/examplectl", "3");
	root_file(world->root, "/srv/deep/down/scanner", "4");
	root_file(world->root, "/srv/tools/a/b/c/legacy", "7");
	root_link(world->root, "/opt/example/out", "/usr/bin/innocent");
	root_file(world->root, "/usr/bin/innocent", "5");
	root_link(world->root, "/usr/bin/excepted", "/usr/lib/excepted");
	root_file(world->root, "/usr/lib/excepted", "6");
	rule(world, MATCHER_PATH, "/opt/example/**", ACTION_DENY);
	rule(world, MATCHER_PATH, "/usr/bin/example*", ACTION_DENY);
	rule(world, MATCHER_PATH, "/srv/tools/**/legacy", ACTION_DENY);
	compile(world);
	assert_int_equal(search(world, SEARCH_QUICK | SEARCH_WALK, 1), 0);
	assert_fact(world, "/srv/tools/a/b/c/legacy", number(world, "/srv/tools/**/legacy"), 0);
	world->kernel.count = 0;
	rule(world, MATCHER_PATH, "**/scanner", ACTION_DENY);
	rule(world, MATCHER_PATH, "/opt/example/allowed", ACTION_ALLOW);
	rule(world, MATCHER_PATH, "/usr/bin/excepted", ACTION_ALLOW);
	compile(world);
	assert_true(belongs_any_walk(world->generation));
	assert_true(belongs_needs_walk(world->generation, number(world, "**/scanner")));
	assert_false(belongs_needs_walk(world->generation, number(world, "/opt/example/**")));
	assert_int_equal(search(world, SEARCH_QUICK, 1), 0);
	assert_fact(world, "/opt/example/a/b", number(world, "/opt/example/**"), 0);
	assert_fact(world, "/opt/example/allowed", number(world, "/opt/example/**"),
		    number(world, "/opt/example/allowed"));
	assert_fact(world, "/usr/bin/examplectl", number(world, "/usr/bin/example*"), 0);
	assert_fact(world, "/usr/lib/excepted", 0, number(world, "/usr/bin/excepted"));
	assert_unknown(world, "/usr/bin/innocent");
	assert_unknown(world, "/srv/deep/down/scanner");
	assert_int_equal(search(world, SEARCH_QUICK | SEARCH_WALK | SEARCH_HASH, 2), 0);
	assert_fact(world, "/srv/deep/down/scanner", number(world, "**/scanner"), 0);
	/* none of them can run */
	assert_int_equal(fake_count(&world->kernel, LEARNED_DIGEST), 0);
}

/* An image layer is a root of its own for rules, and never what an exception by path means. */
static void layers(void **state)
{
	struct world *world = *state;

	root_directory(world->root, "/var/lib/docker/image/overlay2");
	root_file(world->root, "/var/lib/docker/overlay2/abc/diff/opt/example/tool", "#!/bin/sh\n");
	root_file(world->root, "/opt/example/tool", "#!/bin/sh\n");
	rule(world, MATCHER_PATH, "/opt/example/**", ACTION_DENY);
	rule(world, MATCHER_PATH, "/opt/example/tool", ACTION_ALLOW);
	compile(world);
	assert_int_equal(search(world, SEARCH_QUICK, 1), 0);
	assert_fact(world, "/opt/example/tool", number(world, "/opt/example/**"),
		    number(world, "/opt/example/tool"));
	assert_fact(world, "/var/lib/docker/overlay2/abc/diff/opt/example/tool",
		    number(world, "/opt/example/**"), 0);
}

/* A product that ships its own copy of the shell must not make the shell embargoed. */
static void protected_contents(void **state)
{
	struct world *world = *state;
	const struct learned *shell;

	root_file(world->root, "/bin/sh",
		  "\x7f"
		  "ELF the shell");
	root_file(world->root, "/opt/example/sh",
		  "\x7f"
		  "ELF the shell");
	root_file(world->root, "/opt/example/it",
		  "\x7f"
		  "ELF otherwis");
	rule(world, MATCHER_PATH, "/opt/example/**", ACTION_DENY);
	compile(world);
	assert_int_equal(search(world, SEARCH_QUICK | SEARCH_HASH, 1), 0);
	shell = fake_file(&world->kernel, at(world, "/bin/sh"));
	assert_non_null(shell);
	assert_true(shell->flags & LEARNED_PROTECTED);
	assert_fact(world, "/opt/example/sh", number(world, "/opt/example/**"), 0);
	assert_int_equal(world->results[1].shared, 1);
	assert_int_equal(fake_count(&world->kernel, LEARNED_DIGEST), 1);
	assert_int_equal(fake_count(&world->kernel, LEARNED_SIZE), 1);
	/* another shell in its place: the one before is a file like any other */
	assert_int_equal(rename(at(world, "/bin/sh"), "/tmp/test-search-shell"), 0);
	root_file(world->root, "/bin/sh",
		  "\x7f"
		  "ELF the shell");
	assert_int_equal(search(world, SEARCH_QUICK | SEARCH_HASH, 2), 0);
	assert_true(fake_file(&world->kernel, at(world, "/bin/sh"))->flags & LEARNED_PROTECTED);
	assert_null(fake_file(&world->kernel, "/tmp/test-search-shell"));
	assert_int_equal(unlink("/tmp/test-search-shell"), 0);
	settle();
	assert_int_equal(search(world, SEARCH_QUICK | SEARCH_HASH, 2), 0);
	/* and that was found out once */
	assert_int_equal(search(world, SEARCH_QUICK | SEARCH_HASH, 3), 0);
	assert_int_equal(world->results[1].hashed, 0);
}

static const struct learned *fact_of_content(struct world *world, const char *path)
{
	AUTO_FD int fd = open(at(world, path), O_RDONLY | O_CLOEXEC);
	static struct learned learned;
	struct learned_key key;
	struct content content;

	assert_int_equal(content_hash(fd, &content), 0);
	key = learned_key_of_digest(content.sha256);
	return kernel_learned_get(&world->kernel, &key, &learned) ? NULL : &learned;
}

/* What a package has that no rule means is not the product's, whoever put it below an embargoed path. */
static void innocent_contents(void **state)
{
	struct world *world = *state;
	struct learned_key copy = {.kind = LEARNED_FILE, .node = 1, .a = 4711};
	struct learned by_content = {.flags = LEARNED_BY_CONTENT | LEARNED_HASHED};

	package(world);
	root_file(world->root, "/opt/example/java", "#!/bin/true\n"); /* as /usr/bin/other */
	root_file(world->root, "/opt/example/agent", "#!/bin/fals\n");
	root_file(world->root, "/var/lib/dpkg/info/other.list",
		  "/usr/bin/other\n/opt/example/agent\n/usr/bin/missing\n");
	rule(world, MATCHER_PATH, "/opt/example/**", ACTION_DENY);
	rule(world, MATCHER_PACKAGE, "example-sensor", ACTION_DENY);
	compile(world);
	assert_int_equal(search(world, SEARCH_QUICK | SEARCH_HASH, 1), 0);
	assert_fact(world, "/opt/example/java", number(world, "/opt/example/**"), 0);
	assert_null(fact_of_content(world, "/usr/bin/other"));
	assert_non_null(fact_of_content(world, "/opt/example/agent")); /* a path rule means it */
	assert_non_null(fact_of_content(world, "/opt/s/elf"));
	assert_int_equal(world->results[1].shared, 1);
	/* a package that comes later takes back what was learned, and what followed from it */
	by_content.deny = number(world, "/opt/example/**");
	by_content.size = strlen("#!/bin/fals\n");
	assert_int_equal(kernel_learned_put(&world->kernel, &copy, &by_content), 0);
	root_file(world->root, "/var/lib/dpkg/info/other.list",
		  "/usr/bin/other\n/opt/example/agent\n/usr/bin/late\n");
	root_file(world->root, "/usr/bin/late", "#!/bin/fals\n");
	assert_int_equal(search(world, SEARCH_QUICK | SEARCH_HASH, 2), 0);
	assert_null(fact_of_content(world, "/opt/example/agent"));
	assert_int_equal(kernel_learned_get(&world->kernel, &copy, &by_content), 0);
	assert_int_equal(by_content.deny, 0);
	assert_int_equal(by_content.flags, 0);
	assert_non_null(fact_of_content(world, "/opt/s/elf"));
}

/* Others than the host's owner may have put it there. */
static void contents_of_others(void **state)
{
	struct world *world = *state;

	root_file(world->root, "/opt/example/writable", "#!/bin/sh\necho 1\n");
	assert_int_equal(chmod(at(world, "/opt/example/writable"), 0775), 0);
	root_file(world->root, "/opt/example/theirs", "#!/bin/sh\necho 22\n");
	root_file(world->root, "/opt/example/open/there", "#!/bin/sh\necho 333\n");
	assert_int_equal(chmod(at(world, "/opt/example/open"), 0777), 0);
	root_file(world->root, "/opt/example/tmp/here", "#!/bin/sh\necho 4444\n");
	assert_int_equal(chmod(at(world, "/opt/example/tmp"), 01777), 0);
	root_file(world->root, "/var/lib/docker/volumes/v/scanner", "#!/bin/sh\necho 55555\n");
	root_file(world->root, "/srv/scanner", "#!/bin/sh\necho 666666\n");
	rule(world, MATCHER_PATH, "/opt/example/**", ACTION_DENY);
	rule(world, MATCHER_PATH, "**/scanner", ACTION_DENY);
	compile(world);
	if (geteuid() == 0)
		assert_int_equal(chown(at(world, "/opt/example/theirs"), 65534, 65534), 0);
	assert_int_equal(search(world, SEARCH_QUICK | SEARCH_WALK | SEARCH_HASH, 1), 0);
	assert_fact(world, "/var/lib/docker/volumes/v/scanner", number(world, "**/scanner"), 0);
	assert_null(fact_of_content(world, "/var/lib/docker/volumes/v/scanner"));
	assert_non_null(fact_of_content(world, "/srv/scanner"));
	assert_fact(world, "/opt/example/writable", number(world, "/opt/example/**"), 0);
	assert_null(fact_of_content(world, "/opt/example/writable"));
	assert_null(fact_of_content(world, "/opt/example/open/there"));
	assert_non_null(fact_of_content(world, "/opt/example/tmp/here"));
	if (geteuid() == 0)
		assert_null(fact_of_content(world, "/opt/example/theirs"));
	assert_int_equal(world->results[2].doubtful, geteuid() == 0 ? 4 : 3);
}

/* A second name may be that of an innocent program; those of a product are found all. */
static void files_with_several_names(void **state)
{
	struct world *world = *state;
	__u32 n;

	package(world);
	root_file(world->root, "/opt/example/one", "#!/bin/sh\necho one\n");
	root_directory(world->root, "/usr/bin");
	assert_int_equal(link(at(world, "/opt/example/one"), at(world, "/usr/bin/innocent")), 0);
	root_file(world->root, "/opt/example/two", "#!/bin/sh\necho 2\n");
	assert_int_equal(link(at(world, "/opt/example/two"), at(world, "/opt/example/again")), 0);
	assert_int_equal(link(at(world, "/opt/s/script"), at(world, "/usr/bin/script")), 0);
	rule(world, MATCHER_PATH, "/opt/example/**", ACTION_DENY);
	rule(world, MATCHER_PACKAGE, "example-sensor", ACTION_DENY);
	compile(world);
	n = number(world, "/opt/example/**");
	assert_int_equal(search(world, SEARCH_QUICK | SEARCH_HASH, 1), 0);
	assert_fact(world, "/usr/bin/innocent", 0, 0);
	assert_null(fact_of_content(world, "/usr/bin/innocent"));
	assert_int_equal(world->results[0].linked, 1);
	assert_fact(world, "/opt/example/two", n, 0);
	assert_non_null(fact_of_content(world, "/opt/example/two"));
	/* a package brought it, so it is the package's, but its content may be another's */
	assert_fact(world, "/usr/bin/script", number(world, "example-sensor"), 0);
	assert_null(fact_of_content(world, "/opt/s/script"));
}

/* What was met at an exec goes the same way as what a search finds. */
static void paths_that_were_met(void **state)
{
	struct world *world = *state;
	char *named[] = {(char *)"/srv/deep/scanner", (char *)"/srv/deep/other",
			 (char *)"/srv/deep/java"};
	struct search one = {.kernel = &world->kernel,
			     .root = world->root->path,
			     .phases = SEARCH_QUICK | SEARCH_HASH,
			     .round = 1,
			     .done = on_phase,
			     .context = world,
			     .named = named,
			     .named_count = 3};

	package(world);
	root_file(world->root, "/srv/deep/scanner", "#!/bin/sh\necho scan\n");
	root_file(world->root, "/srv/deep/other", "#!/bin/sh\necho other\n");
	root_file(world->root, "/srv/deep/java", "#!/bin/true\n");
	rule(world, MATCHER_PATH, "**/scanner", ACTION_DENY);
	rule(world, MATCHER_PATH, "**/java", ACTION_DENY);
	compile(world);
	one.generation = world->generation;
	assert_int_equal(search_run(&one), 0);
	assert_fact(world, "/srv/deep/scanner", number(world, "**/scanner"), 0);
	assert_fact(world, "/srv/deep/java", number(world, "**/java"), 0);
	assert_unknown(world, "/srv/deep/other");
	assert_non_null(fact_of_content(world, "/srv/deep/scanner"));
	assert_null(fact_of_content(world, "/srv/deep/java"));
}

/* A pipe or a device on a path that a rule names keeps nobody. */
static void nothing_but_files(void **state)
{
	struct world *world = *state;

	root_directory(world->root, "/opt/example");
	assert_int_equal(mkfifo(at(world, "/opt/example/pipe"), 0644), 0);
	root_link(world->root, "/opt/example/round", "/opt/example/round");
	rule(world, MATCHER_PATH, "/opt/example/pipe", ACTION_DENY);
	rule(world, MATCHER_PATH, "/opt/example/round", ACTION_ALLOW);
	compile(world);
	assert_int_equal(search(world, SEARCH_QUICK | SEARCH_HASH, 1), 0);
	assert_int_equal(world->kernel.count, 0);
}

static void no_room(void **state)
{
	struct world *world = *state;

	package(world);
	world->kernel.room = 2;
	rule(world, MATCHER_PACKAGE, "example-sensor", ACTION_DENY);
	compile(world);
	assert_int_equal(search(world, SEARCH_QUICK | SEARCH_HASH, 1), -E2BIG);
	assert_int_equal(world->result_count, 1);
	assert_int_equal(world->results[0].err, -E2BIG);
}

static void carried_by_id(void **state)
{
	struct world *world = *state;
	CLEANUP(learned_set_done) struct learned_set facts = {0};
	const struct learned_key digest =
		learned_key_of_digest((const __u8[SHA256_BYTES]){1, 2, 3});
	struct learned learned = {.size = 1234};
	struct generation *old;
	struct learned_key key = {.kind = LEARNED_FILE, .node = 1, .a = 1};
	ssize_t index;

	rule(world, MATCHER_PATH, "/opt/example/**", ACTION_DENY);
	rule(world, MATCHER_PATH, "/opt/gone", ACTION_DENY);
	rule(world, MATCHER_PATH, "/opt/fine", ACTION_ALLOW);
	compile(world);
	old = take_ptr(world->generation);
	world->generation = old;
	learned.deny = number(world, "/opt/example/**");
	assert_int_equal(kernel_learned_put(&world->kernel, &digest, &learned), 0);
	learned.flags = LEARNED_HASHED | LEARNED_PROTECTED;
	assert_int_equal(kernel_learned_put(&world->kernel, &key, &learned), 0);
	key.a = 2;
	learned = (struct learned){.deny = number(world, "/opt/gone"), .flags = LEARNED_HASHED};
	assert_int_equal(kernel_learned_put(&world->kernel, &key, &learned), 0);
	key.a = 3;
	learned = (struct learned){.deny = number(world, "/opt/gone"),
				   .allow = number(world, "/opt/fine")};
	assert_int_equal(kernel_learned_put(&world->kernel, &key, &learned), 0);
	world->generation = NULL;
	world->rules[1].value = "/a/much/more/specific/one";
	rule(world, MATCHER_PATH, "/another", ACTION_DENY);
	compile(world);
	assert_int_equal(learned_set_carry(&world->kernel, old, world->generation, &facts), 0);
	generation_free(old);
	index = learned_set_find(&facts, &digest);
	assert_true(index >= 0);
	assert_int_equal(facts.values[index].deny, number(world, "/opt/example/**"));
	key.a = 1;
	index = learned_set_find(&facts, &key);
	assert_true(index >= 0);
	assert_int_equal(facts.values[index].deny, number(world, "/opt/example/**"));
	assert_int_equal(facts.values[index].flags, LEARNED_HASHED | LEARNED_PROTECTED);
	key.a = 2;
	assert_int_equal(learned_set_find(&facts, &key), -ENOENT);
	key.a = 3;
	index = learned_set_find(&facts, &key);
	assert_true(index >= 0);
	assert_int_equal(facts.values[index].deny, 0);
	assert_int_equal(facts.values[index].allow, number(world, "/opt/fine"));
	key = learned_key_of_size(1234);
	assert_true(learned_set_find(&facts, &key) >= 0);
	assert_int_equal(learned_set_list(&facts).count, 4);
}

static void hashes_one_state(void **state)
{
	struct world *world = *state;
	static const __u8 abc[4] = {0xba, 0x78, 0x16, 0xbf}; /* FIPS 180-4, SHA-256 of "abc" */
	struct content content;
	AUTO_FD int fd = -1;

	root_file(world->root, "/abc", "abc");
	fd = open(at(world, "/abc"), O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(content_hash(fd, &content), 0);
	assert_memory_equal(content.sha256, abc, sizeof(abc));
	assert_int_equal(content.bytes, 3);
	clean_fd(&fd);
	fd = open(world->root->path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(content_hash(fd, &content), -EINVAL);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(files_of_packages),
		TEST(vendors_of_packages),
		TEST(removed_packages),
		TEST(unreadable_database),
		TEST(files_of_paths),
		TEST(layers),
		TEST(protected_contents),
		TEST(nothing_but_files),
		TEST(no_room),
		TEST(carried_by_id),
		TEST(hashes_one_state),
		TEST(innocent_contents),
		TEST(contents_of_others),
		TEST(files_with_several_names),
		TEST(paths_that_were_met),
	};

	return cmocka_run_group_tests_name("search", tests, NULL, NULL);
}

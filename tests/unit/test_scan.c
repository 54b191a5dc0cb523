/* SPDX-License-Identifier: MIT */
/*
 * test_scan.c - from a catalogue and a root to hits and findings.
 */
#include "../../agent/clean.h"
#include "../../agent/scan.h"
#include "../../policy/policy.h"
#include "inventory_root.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static const char vendor[] =
	"kind: Vendor\n"
	"id: example\n"
	"name: Example, Inc.\n"
	"products:\n"
	"  - id: sensor\n"
	"    name: Example Sensor\n"
	"    class: commercial\n"
	"    confidence: documented\n"
	"    sources: [x]\n"
	"    packages: [example-sensor, \"example-sensor-*\"]\n"
	"    package-vendors: [\"Example, Inc. <x@example.com>\"]\n"
	"    paths:\n"
	"      - /opt/example/**\n"
	"      - /usr/bin/examplectl\n"
	"      - \"**/legacy-scanner\"\n"
	"      - {value: \"/usr/lib*/libexample.so*\", confidence: unverified}\n"
	"    modules: [example_kmod]\n"
	"    units: [example-sensor, watcher.service]\n"
	"    images: [\"registry.example.com/sensor*\", example/agent]\n"
	"    markers: [/var/lib/example, \"/etc/example*.conf\"]\n"
	"    repositories: [packages.example.com, shared.example.org/vendor]\n"
	"  - id: free\n"
	"    name: Example Free\n"
	"    class: open-source\n"
	"    confidence: seen\n"
	"    sources: [x]\n"
	"    paths: [/usr/bin/free-tool]\n"
	"    packages: [example-sensor]\n"
	"  - id: cloud\n"
	"    name: Example Cloud\n"
	"    confidence: seen\n"
	"    sources: [x]\n"
	"    domains: [cloud.example.com]\n";

struct world {
	struct test_root *root;
	struct diagnostics diags;
	struct catalog *catalog;
	struct policy *policy;
	struct generation *generation;
	char directory[64];
};

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct test_root files = {0};
	const char *directory;

	if (!world || root_set_up((void **)&world->root))
		return -1;
	strcpy(world->directory, "/tmp/test-scan-XXXXXX");
	if (!mkdtemp(world->directory))
		return -1;
	strcpy(files.path, world->directory);
	root_file(&files, "/example.yaml", vendor);
	directory = world->directory;
	if (catalog_load(&directory, 1, &world->diags, &world->catalog) ||
	    policy_of_catalog(world->catalog, NULL, 0, &world->diags, &world->policy) ||
	    policy_compile(world->policy, &world->diags, &world->generation))
		return -1;
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	char command[128];

	generation_free(world->generation);
	policy_free(world->policy);
	catalog_free(world->catalog);
	diagnostics_done(&world->diags);
	snprintf(command, sizeof(command), "rm -rf %s", world->directory);
	assert_int_equal(system(command), 0);
	assert_int_equal(root_tear_down((void **)&world->root), 0);
	free(world);
	return 0;
}

static int note_hit(void *context, const struct hit *hit)
{
	struct test_root *root = context;

	lines_add(&root->items, "%s %s %s%s%s%s%s%s", hit->rule->product,
		  inventory_source_word(hit->source), hit->what, *hit->path ? " at " : "",
		  hit->path, hit->layer ? " in " : "",
		  hit->layer ? inventory_layer_path(hit->layer) : "", hit->link ? " link" : "");
	return 0;
}

static void find(struct world *world, const struct hits_options *options)
{
	lines_done(&world->root->items);
	lines_done(&world->root->problems);
	assert_int_equal(hits_find(root_open(world->root, NULL), world->generation, options,
				   note_hit, world->root),
			 0);
}

static void find_all(struct world *world)
{
	const struct hits_options options = {.sources = HITS_ALL};

	find(world, &options);
}

static void a_clean_root(void **state)
{
	struct world *world = *state;

	root_file(world->root, "/opt/examples/agent", "");
	root_file(world->root, "/usr/bin/examplectl.old", "");
	root_file(world->root, "/var/lib/dpkg/status",
		  "Package: other-sensor\nStatus: install ok installed\nVersion: 1\n");
	find_all(world);
	assert_int_equal(world->root->items.count, 0);
}

static void files(void **state)
{
	struct world *world = *state;

	root_file(world->root, "/opt/example/bin/agent", "");
	root_link(world->root, "/opt/example/link", "/etc");
	root_directory(world->root, "/opt/example/empty");
	root_file(world->root, "/srv/a/b/legacy-scanner", "");
	root_file(world->root, "/usr/lib64/libexample.so.7", "");
	root_directory(world->root, "/var/lib/example");
	root_file(world->root, "/etc/example-1.conf", "");
	root_file(world->root, "/opt/other/example-kmod.ko.xz", "");
	find_all(world);
	assert_has(&world->root->items, "sensor files /opt/example/bin/agent");
	assert_has(&world->root->items, "sensor files /opt/example/link link");
	assert_has(&world->root->items, "sensor files /srv/a/b/legacy-scanner");
	assert_has(&world->root->items, "sensor files /usr/lib64/libexample.so.7");
	assert_has(&world->root->items, "sensor files /var/lib/example");
	assert_has(&world->root->items, "sensor files /etc/example-1.conf");
	assert_has(&world->root->items,
		   "sensor modules example_kmod at /opt/other/example-kmod.ko.xz");
	assert_int_equal(world->root->items.count, 7);
}

/* Everything but what only the walk of all files can find, which is told. */
static void files_quickly(void **state)
{
	const struct hits_options options = {.sources = HITS_ALL, .quick = true};
	struct world *world = *state;

	root_file(world->root, "/opt/example/bin/agent", "");
	root_file(world->root, "/srv/a/legacy-scanner", "");
	root_file(world->root, "/srv/b/legacy-scanner", "");
	root_file(world->root, "/usr/lib/libexample.so.7", "");
	root_link(world->root, "/lib", "usr/lib");
	root_file(world->root, "/etc/example-1.conf", "");
	root_file(world->root, "/var/lib/dpkg/status",
		  "Package: tools\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n");
	root_file(world->root, "/var/lib/dpkg/info/tools.list",
		  "/srv/b/legacy-scanner\n/srv/missing/legacy-scanner\n/opt/example/bin/agent\n");
	find(world, &options);
	assert_has(&world->root->items, "sensor files /opt/example/bin/agent");
	assert_has(&world->root->items, "sensor files /srv/b/legacy-scanner");
	assert_has(&world->root->items, "sensor files /usr/lib/libexample.so.7");
	assert_has(&world->root->items, "sensor files /etc/example-1.conf");
	assert_int_equal(world->root->items.count, 4);
	assert_has(&world->root->problems, "left out files ");
}

static void everything_else(void **state)
{
	struct world *world = *state;

	root_file(world->root, "/var/lib/dpkg/status",
		  "Package: example-sensor-extra\nStatus: install ok installed\nVersion: 1\n\n"
		  "Package: renamed\nStatus: install ok installed\nVersion: 1\n"
		  "Maintainer: Example, Inc. <x@example.com>\n");
	root_file(world->root, "/etc/init.d/example-sensor", "#!/bin/sh\n/opt/example/start\n");
	root_file(world->root, "/usr/lib/systemd/system/watcher.service",
		  "[Service]\nExecStart=/usr/bin/examplectl\n");
	root_file(world->root, "/usr/lib/modules/6.1/extra/example-kmod.ko", "");
	root_file(world->root, "/etc/modules", "example_kmod\n");
	root_file(world->root, "/etc/cron.d/x", "@daily root /usr/local/bin/alias\n");
	root_file(world->root, "/usr/bin/examplectl", "");
	root_link(world->root, "/usr/local/bin/alias", "/usr/bin/examplectl");
	root_file(
		world->root, "/etc/apt/sources.list",
		"deb https://packages.example.com/deb x y\ndeb https://shared.example.org/vendor/deb x y\n"
		"deb https://shared.example.org/other x y\ndeb https://cloud.example.com/ x y\n");
	root_file(
		world->root, "/var/lib/docker/image/overlay2/repositories.json",
		"{\"Repositories\":{\"a\":{\"registry.example.com/sensor:7\":\"x\",\"docker.io/example/agent:1\":\"x\","
		"\"example/agent2:1\":\"x\"}}}");
	find_all(world);
	assert_has(&world->root->items, "sensor packages example-sensor-extra");
	assert_has(&world->root->items, "sensor packages renamed");
	assert_has(&world->root->items,
		   "sensor units example-sensor.service at /etc/init.d/example-sensor");
	assert_has(&world->root->items,
		   "sensor units watcher.service at /usr/lib/systemd/system/watcher.service");
	assert_has(&world->root->items,
		   "sensor modules example_kmod at /usr/lib/modules/6.1/extra/example-kmod.ko");
	assert_has(&world->root->items, "sensor autostart example_kmod at /etc/modules");
	assert_has(&world->root->items,
		   "sensor autostart /opt/example/start at /etc/init.d/example-sensor");
	assert_has(
		&world->root->items,
		"sensor autostart /usr/bin/examplectl at /usr/lib/systemd/system/watcher.service");
	assert_has(&world->root->items, "sensor autostart /usr/local/bin/alias at /etc/cron.d/x");
	assert_has(&world->root->items,
		   "sensor repositories https://packages.example.com/deb at /etc/apt/sources.list");
	assert_has(
		&world->root->items,
		"sensor repositories https://shared.example.org/vendor/deb at /etc/apt/sources.list");
	assert_has(&world->root->items,
		   "cloud repositories https://cloud.example.com/ at /etc/apt/sources.list");
	assert_has(
		&world->root->items,
		"sensor images registry.example.com/sensor:7 at /var/lib/docker/image/overlay2/repositories.json");
	assert_has(
		&world->root->items,
		"sensor images docker.io/example/agent:1 at /var/lib/docker/image/overlay2/repositories.json");
	assert_has(&world->root->items, "sensor files /usr/bin/examplectl");
	assert_int_equal(world->root->items.count, 15);
}

static void inside_of_layers(void **state)
{
	struct world *world = *state;

	root_directory(world->root, "/var/lib/docker/image/overlay2");
	root_file(world->root, "/var/lib/docker/overlay2/abc/diff/opt/example/agent", "");
	root_file(world->root, "/var/lib/docker/overlay2/abc/diff/srv/legacy-scanner", "");
	root_directory(world->root, "/var/lib/docker/overlay2/abc/diff/var/lib/example");
	find_all(world);
	assert_has(&world->root->items,
		   "sensor files /opt/example/agent in /var/lib/docker/overlay2/abc/diff");
	assert_has(&world->root->items,
		   "sensor files /srv/legacy-scanner in /var/lib/docker/overlay2/abc/diff");
	assert_has(&world->root->items,
		   "sensor files /var/lib/example in /var/lib/docker/overlay2/abc/diff");
	assert_int_equal(world->root->items.count, 3);
}

static struct scan *scan(struct world *world, size_t examples)
{
	const struct scan_options options = {.root = world->root->path, .examples = examples};
	struct scan *scan = NULL;

	assert_int_equal(scan_run(&options, world->generation, world->catalog, &scan), 0);
	return scan;
}

/* The first by name are kept, whatever order the directory has. */
static void many_files_are_one_finding(void **state)
{
	struct world *world = *state;
	struct scan *found;

	for (int i = 0; i < 1000; i++) {
		char name[64];

		snprintf(name, sizeof(name), "/opt/example/%03d", (i * 7) % 1000);
		root_file(world->root, name, "");
	}
	root_file(world->root, "/usr/bin/free-tool", "");
	found = scan(world, 3);
	assert_int_equal(found->count, 2);
	assert_int_equal(scan_findings(found), 2);
	assert_string_equal(found->findings[0].rule->product, "free");
	assert_string_equal(scan_class(found, found->findings[0].rule), "open-source");
	assert_int_equal(found->findings[1].count, 1000);
	assert_int_equal(found->findings[1].example_count, 3);
	assert_string_equal(found->findings[1].examples[0].what, "/opt/example/000");
	assert_string_equal(found->findings[1].examples[2].what, "/opt/example/002");
	assert_true(scan_is_complete(found));
	scan_free(found);
}

/* A fact of two products names both, whichever of them the match is. */
static void a_fact_of_two_products(void **state)
{
	struct world *world = *state;
	const struct generation_rule *also;
	struct scan *found;

	root_file(world->root, "/var/lib/dpkg/status",
		  "Package: example-sensor\nStatus: install ok installed\nVersion: 1\n");
	found = scan(world, 3);
	assert_int_equal(found->count, 1);
	also = scan_also(found, &found->findings[0], 0);
	assert_non_null(also);
	assert_string_not_equal(also->product, found->findings[0].rule->product);
	assert_string_equal(also->value, "example-sensor");
	assert_null(scan_also(found, &found->findings[0], 1));
	scan_free(found);
}

static void what_is_missed_is_not_complete(void **state)
{
	struct world *world = *state;
	struct scan *found;

	root_file(world->root, "/usr/lib/sysimage/rpm/rpmdb.sqlite", "damaged");
	found = scan(world, 3);
	assert_int_equal(scan_findings(found), 0);
	assert_false(scan_is_complete(found));
	scan_free(found);
}

/* The same root gives the same answer, but for the time that it took. */
static void is_stable(void **state)
{
	struct world *world = *state;
	char *text[2];

	for (int i = 0; i < 50; i++) {
		char name[64];

		snprintf(name, sizeof(name), "/srv/%d/legacy-scanner", i);
		root_file(world->root, name, "");
	}
	root_file(world->root, "/var/lib/example/\xff\x01", "");
	root_file(world->root, "/opt/example/\xff\x01", "");
	for (int i = 0; i < 2; i++) {
		struct scan *found = scan(world, 3);
		AUTO_JSON json_t *document = scan_json(found);

		assert_non_null(document);
		(void)json_object_del(document, "seconds");
		(void)json_object_del(document, "time");
		text[i] = json_dumps(document, JSON_SORT_KEYS);
		assert_non_null(text[i]);
		scan_free(found);
	}
	assert_string_equal(text[0], text[1]);
	free(text[0]);
	free(text[1]);
}

/* No line is wider than a page, and no byte of a name reaches the terminal as it is. */
static void is_readable(void **state)
{
	struct world *world = *state;
	struct scan *found;
	char *text = NULL, *rest, *line;
	size_t bytes;
	FILE *out;

	root_file(
		world->root,
		"/opt/example/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
		"");
	root_file(world->root, "/usr/bin/examplectl", "");
	root_file(world->root, "/srv/\033[31m/legacy-scanner", "");
	root_file(world->root, "/usr/lib/libexample.so", "");
	found = scan(world, 3);
	out = open_memstream(&text, &bytes);
	assert_non_null(out);
	scan_print(found, true, out);
	assert_int_equal(fclose(out), 0);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "weak: unverified"));
	assert_non_null(strstr(text, "Example, Inc. / Example Sensor"));
	rest = text;
	while ((line = strsep(&rest, "\n")))
		assert_true(strlen(line) <= 100);
	free(text);
	scan_free(found);
}

/* What a policy allows is told, and is no finding. */
static void what_is_allowed(void **state)
{
	struct world *world = *state;
	struct test_root files = {0};
	struct generation *generation = NULL;
	struct policy *policy = NULL;
	const struct scan_options options = {.root = world->root->path, .examples = 2};
	struct scan *found = NULL;
	char path[128];

	strcpy(files.path, world->directory);
	root_file(&files, "/policy",
		  "kind: Policy\nname: x\nrevision: 1\nmode: audit\nembargo:\n  - vendor: example\n"
		  "allow:\n  - path: /usr/bin/examplectl\n    reason: needed\n");
	snprintf(path, sizeof(path), "%s/policy", world->directory);
	assert_int_equal(policy_load(path, world->catalog, NULL, &world->diags, &policy), 0);
	assert_int_equal(policy_compile(policy, &world->diags, &generation), 0);
	root_file(world->root, "/usr/bin/examplectl", "");
	root_file(world->root, "/usr/bin/free-tool", ""); /* not reached: it is not named */
	assert_int_equal(scan_run(&options, generation, world->catalog, &found), 0);
	assert_int_equal(found->count, 1);
	assert_int_equal(scan_findings(found), 0);
	assert_non_null(found->findings[0].allow);
	scan_free(found);
	generation_free(generation);
	policy_free(policy);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_clean_root),
		TEST(files),
		TEST(files_quickly),
		TEST(everything_else),
		TEST(inside_of_layers),
		TEST(many_files_are_one_finding),
		TEST(a_fact_of_two_products),
		TEST(what_is_missed_is_not_complete),
		TEST(is_stable),
		TEST(is_readable),
		TEST(what_is_allowed),
	};

	return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}

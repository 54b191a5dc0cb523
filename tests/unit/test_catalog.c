/* SPDX-License-Identifier: MIT */
#include "front.h"
#include <sys/stat.h>
#include <unistd.h>

static struct catalog *catalog_of(const char *const *texts, size_t count, struct diagnostics *diags)
{
	struct catalog *catalog = catalog_new();

	assert_non_null(catalog);
	for (size_t i = 0; i < count; i++) {
		char file[16];

		snprintf(file, sizeof(file), "v%zu", i);
		assert_int_equal(catalog_add(catalog, front_tree(file, texts[i], diags), 0, diags),
				 0);
	}
	catalog_finish(catalog, diags);
	return catalog;
}

static const struct fact *find_fact(const struct product *product, unsigned matcher, unsigned index)
{
	for (const struct fact *fact = product->facts.first; fact; fact = fact->next) {
		if (fact->matcher == matcher && !index--)
			return fact;
	}
	fail_msg("no such fact");
	return NULL;
}

/* Every key of the format, read and made canonical. */
static void test_whole_vendor(void **state)
{
	static const char *const texts[] = {
		"kind: Vendor\n"
		"id: example-vendor\n"
		"name: Example Vendor, Inc.\n"
		"aliases: [ExampleSec]\n"
		"country: XX\n"
		"sources: [a, b]\n"
		"products:\n"
		"  - id: sensor\n"
		"    name: Example Sensor\n"
		"    class: legacy\n"
		"    packages: [example-sensor, 'example-sensor-*']\n"
		"    package-vendors: ['Example Vendor, Inc.']\n"
		"    paths: [/opt//example/**, {value: /usr/bin//examplectl, confidence: seen, sources: [x], note: y}]\n"
		"    digests: ['sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855']\n"
		"    modules: [example-kmod]\n"
		"    domains: ['*.Cloud.Example.com.', api.example.net]\n"
		"    networks: [192.0.2.0/24, {cidr: '2001:db8::/32', ports: [443, 80-90], protocol: tcp, confidence: unverified, sources: [x], note: y}]\n"
		"    units: [example-sensor.service]\n"
		"    images: ['registry.example.com/sensor*']\n"
		"    markers: [/opt/example/state]\n"
		"    repositories: [packages.example.com]\n"
		"    sources: [z]\n"
		"    confidence: documented\n"
		"    note: >-\n"
		"      two\n"
		"      lines\n"
		"  - {id: '360', name: Other}\n"
		"caveats: ['x']\n",
	};
	struct diagnostics diags = {0};
	struct catalog *catalog = catalog_of(texts, 1, &diags);
	const struct vendor *vendor = catalog_find(catalog, "example-vendor");
	const struct product *product;

	assert_int_equal(diags.count, 0);
	assert_non_null(vendor);
	assert_string_equal(vendor->name.text, "Example Vendor, Inc.");
	assert_int_equal(vendor->sources.count, 2);
	assert_int_equal(vendor->product_count, 2);
	product = vendor_find_product(vendor, "sensor");
	assert_int_equal(product->class, PRODUCT_CLASS_LEGACY);
	assert_int_equal(product->facts.count, 15);
	assert_string_equal(find_fact(product, MATCHER_PATH, 0)->value, "/opt/example/**");
	assert_int_equal(find_fact(product, MATCHER_PATH, 0)->confidence, CONFIDENCE_DOCUMENTED);
	assert_string_equal(find_fact(product, MATCHER_PATH, 1)->value, "/usr/bin/examplectl");
	assert_int_equal(find_fact(product, MATCHER_PATH, 1)->confidence, CONFIDENCE_SEEN);
	assert_int_equal(find_fact(product, MATCHER_PATH, 1)->place.line, 13);
	assert_int_equal(find_fact(product, MATCHER_PATH, 1)->place.column, 39);
	assert_string_equal(
		find_fact(product, MATCHER_DIGEST, 0)->value,
		"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_string_equal(find_fact(product, MATCHER_MODULE, 0)->value, "example_kmod");
	assert_string_equal(find_fact(product, MATCHER_DOMAIN, 0)->value, "*.cloud.example.com");
	assert_string_equal(find_fact(product, MATCHER_NETWORK, 1)->value,
			    "2001:db8::/32 tcp 80-90,443");
	assert_int_equal(find_fact(product, MATCHER_NETWORK, 1)->confidence, CONFIDENCE_UNVERIFIED);
	assert_int_equal(find_fact(product, MATCHER_NETWORK, 1)->network->port_count, 2);
	assert_string_equal(find_fact(product, MATCHER_REPOSITORY, 0)->value,
			    "packages.example.com");
	product = vendor_find_product(vendor, "360");
	assert_int_equal(product->class, PRODUCT_CLASS_COMMERCIAL);
	assert_int_equal(product->confidence, CONFIDENCE_SEEN);
	assert_null(catalog_find(catalog, "example"));
	catalog_free(catalog);
}

/* The same fact in two spellings is one, with the better confidence. */
static void test_duplicate_facts(void **state)
{
	static const char *const texts[] = {
		"kind: Vendor\nid: v\nname: V\nproducts:\n"
		"  - id: p\n    name: P\n    confidence: unverified\n"
		"    paths: [/opt/x, /opt/y, {value: /opt//x, confidence: documented}]\n"
		"    networks: [192.0.2.0/24, '::ffff:192.0.2.0/120', {cidr: 192.0.2.0/24, ports: [1]}]\n",
	};
	struct diagnostics diags = {0};
	struct catalog *catalog = catalog_of(texts, 1, &diags);
	const struct product *product = catalog_find(catalog, "v")->products;

	assert_int_equal(product->facts.count, 4);
	assert_string_equal(product->facts.first->value, "/opt/x");
	assert_int_equal(product->facts.first->confidence, CONFIDENCE_DOCUMENTED);
	assert_string_equal(product->facts.last->value, "192.0.2.0/24 1");
	catalog_free(catalog);
	assert_int_equal(diags.errors, 0);
	front_expect(
		&diags,
		"v0:8:37: warning: '/opt/x' is there twice, first on line 8; remove one\n"
		"v0:9:30: warning: '192.0.2.0/24' is there twice, first on line 9; remove one\n");
}

static void test_parents(void **state)
{
	static const char *const texts[] = {
		"kind: Vendor\nid: c\nname: C\nparent: b\n",
		"kind: Vendor\nid: a\nname: A\n",
		"kind: Vendor\nid: b\nname: B\nparent: a\n",
	};
	struct diagnostics diags = {0};
	struct catalog *catalog = catalog_of(texts, 3, &diags);
	const struct vendor *a = catalog_find(catalog, "a"), *c = catalog_find(catalog, "c");

	assert_int_equal(diags.count, 0);
	assert_int_equal(vendor_distance(c, a), 2);
	assert_int_equal(vendor_distance(a, c), 0);
	assert_int_equal(vendor_distance(a, a), 0);
	catalog_free(catalog);
}

/* A vendor that leads into a ring is not in it, and every walk upwards ends. */
static void test_rings(void **state)
{
	static const char *const texts[] = {
		"kind: Vendor\nid: a\nname: A\nparent: b\n",
		"kind: Vendor\nid: b\nname: B\nparent: c\n",
		"kind: Vendor\nid: c\nname: C\nparent: b\n",
	};
	struct diagnostics diags = {0};
	struct catalog *catalog = catalog_of(texts, 3, &diags);

	assert_int_equal(vendor_distance(catalog_find(catalog, "a"), catalog_find(catalog, "c")),
			 0);
	catalog_free(catalog);
	front_expect(
		&diags,
		"v1:4:9: error: the parents of 'b' lead back to it; remove 'parent' from one of them\n");
}

/* What cannot be read may have been the parent: no second error about the same mistake. */
static void test_parent_in_a_broken_file(void **state)
{
	static const char *const texts[] = {
		"kind: Vendor\nid: a\nname: A\nparent: b\n",
		"kind: Vendor\nid: B\nname: B\n",
	};
	struct diagnostics diags = {0};

	catalog_free(catalog_of(texts, 2, &diags));
	assert_int_equal(diags.errors, 1);
	diagnostics_done(&diags);
}

static void write_file(const char *directory, const char *name, const char *text)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static void test_directories(void **state)
{
	char own[] = "/tmp/embargo-own-XXXXXX", shipped[] = "/tmp/embargo-shipped-XXXXXX",
	     command[128];
	const char *directories[3];
	struct diagnostics diags = {0};
	struct catalog *catalog = NULL;

	directories[0] = mkdtemp(own);
	directories[1] = "/nonexistent/embargo";
	directories[2] = mkdtemp(shipped);
	assert_non_null(directories[0]);
	assert_non_null(directories[2]);
	write_file(own, "a.yaml", "kind: Vendor\nid: a\nname: Own\nparent: b\n");
	write_file(own, ".hidden.yaml", "no vendor");
	write_file(own, "a.yaml~", "no vendor");
	write_file(shipped, "x.yaml", "kind: Vendor\nid: a\nname: Shipped\n");
	write_file(shipped, "b.yaml", "kind: Vendor\nid: b\nname: B\n");

	assert_int_equal(catalog_load(directories, 3, &diags, &catalog), 0);
	assert_int_equal(diags.count, 0);
	assert_int_equal(catalog->count, 2);
	assert_string_equal(catalog_find(catalog, "a")->name.text, "Own");
	assert_string_equal(catalog_find(catalog, "a")->parent->id.text, "b");
	catalog_free(catalog);

	catalog = NULL;
	write_file(shipped, "c.yaml", "kind: Vendor\nid: c\n");
	write_file(shipped, "d.yaml", "kind: Vendor\nid: d\nnam: D\n");
	assert_int_equal(catalog_load(directories, 3, &diags, &catalog), -EINVAL);
	assert_null(catalog);
	assert_int_equal(diags.errors, 2);
	assert_non_null(strstr(diags.list[0].file, "/c.yaml"));
	assert_non_null(strstr(diags.list[1].message, "did you mean 'name'?"));
	diagnostics_done(&diags);

	snprintf(command, sizeof(command), "rm -r %s %s", own, shipped);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_vendor),
		cmocka_unit_test(test_duplicate_facts),
		cmocka_unit_test(test_parents),
		cmocka_unit_test(test_rings),
		cmocka_unit_test(test_parent_in_a_broken_file),
		cmocka_unit_test(test_directories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

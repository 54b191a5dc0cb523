/* SPDX-License-Identifier: MIT */
/*
 * catalog.c - vendor documents to struct vendor, and the checks that need more than one of them.
 */
#include "catalog.h"
#include "suggest.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *product_class_word(unsigned class)
{
	static const char *const words[] = {
		[PRODUCT_CLASS_NONE] = "none",
		[PRODUCT_CLASS_COMMERCIAL] = "commercial",
		[PRODUCT_CLASS_LEGACY] = "legacy",
		[PRODUCT_CLASS_OPEN_SOURCE] = "open-source",
		[PRODUCT_CLASS_DISTRIBUTION] = "distribution",
	};
	_Static_assert(sizeof(words) / sizeof(*words) == PRODUCT_CLASS_MAX,
		       "a word for each class");

	return class < PRODUCT_CLASS_MAX ? words[class] : NULL;
}

/* ---------------------------------------------------------------- one document */

#define PRODUCT(key, flags, read, member)                                                          \
	{                                                                                          \
		key, flags, read, offsetof(struct product, member)                                 \
	}
#define FACTS(key, matcher)                                                                        \
	{                                                                                          \
		key, 0, facts_read_catalog, offsetof(struct product, facts), matcher               \
	}

static const struct field product_fields[] = {
	PRODUCT("id", FIELD_REQUIRED, field_id, id),
	PRODUCT("name", FIELD_REQUIRED, field_text, name),
	{"class", 0, field_word, offsetof(struct product, class), 0, product_class_word},
	FACTS("packages", MATCHER_PACKAGE),
	FACTS("package-vendors", MATCHER_PACKAGE_VENDOR),
	FACTS("paths", MATCHER_PATH),
	FACTS("digests", MATCHER_DIGEST),
	FACTS("modules", MATCHER_MODULE),
	FACTS("domains", MATCHER_DOMAIN),
	FACTS("networks", MATCHER_NETWORK),
	FACTS("units", MATCHER_UNIT),
	FACTS("images", MATCHER_IMAGE),
	FACTS("markers", MATCHER_MARKER),
	FACTS("repositories", MATCHER_REPOSITORY),
	PRODUCT("sources", 0, field_texts, sources),
	{"confidence", 0, field_word, offsetof(struct product, confidence), 0, confidence_word},
	PRODUCT("note", 0, field_prose, note),
	{0},
};

static void product_read(struct reader *reader, const struct yaml_node *node, struct vendor *vendor)
{
	struct product *product = reader_alloc(reader, sizeof(*product));

	if (!product)
		return;
	product->vendor = vendor;
	product->class = PRODUCT_CLASS_COMMERCIAL;
	product->confidence = CONFIDENCE_SEEN;
	fields_read(reader, node, product_fields, "a product", product);
	if (!product->id.text)
		return;

	for (const struct product *other = vendor->products; other; other = other->next) {
		if (strcmp(other->id.text, product->id.text))
			continue;
		diagnostics_add(
			reader->diags, SEVERITY_ERROR, product->id.place,
			"the product '%s' is there twice, first on line %u; put both into one",
			product->id.text, other->id.place.line);
		return;
	}
	for (struct fact *fact = product->facts.first; fact; fact = fact->next) {
		if (!fact->confidence)
			fact->confidence = product->confidence;
	}
	facts_finish(reader, &product->facts); /* of two that are the same the better known stays */

	if (vendor->last_product)
		vendor->last_product->next = product;
	else
		vendor->products = product;
	vendor->last_product = product;
	vendor->product_count++;
}

static void products_read(struct reader *reader, const struct field *field,
			  const struct yaml_node *node, void *member)
{
	if (!reader_expect(reader, node, YAML_TYPE_SEQUENCE, NULL))
		return;
	for (const struct yaml_node *one = node->first; one; one = one->next)
		product_read(reader, one, member);
}

#define VENDOR(key, flags, read, member)                                                           \
	{                                                                                          \
		key, flags, read, offsetof(struct vendor, member)                                  \
	}

/* What is known of a vendor is known of one of its products. */
static void refuse_outside(struct reader *reader, const struct field *field,
			   const struct yaml_node *node, void *member)
{
	reader_error(reader, node->key,
		     "unknown key '%s' in a document of kind Vendor; it belongs to a product",
		     field->key);
}

#define OF_PRODUCT(key)                                                                            \
	{                                                                                          \
		key, FIELD_HIDDEN, refuse_outside, 0                                               \
	}

static const struct field vendor_fields[] = {
	{"kind", FIELD_REQUIRED},
	VENDOR("id", FIELD_REQUIRED, field_id, id),
	VENDOR("name", FIELD_REQUIRED, field_text, name),
	VENDOR("aliases", 0, field_texts, aliases),
	VENDOR("parent", 0, field_id, parent_id),
	VENDOR("country", 0, field_text, country),
	{"products", 0, products_read, 0},
	VENDOR("sources", 0, field_texts, sources),
	VENDOR("caveats", 0, field_texts, caveats),
	OF_PRODUCT("packages"),
	OF_PRODUCT("package-vendors"),
	OF_PRODUCT("paths"),
	OF_PRODUCT("digests"),
	OF_PRODUCT("modules"),
	OF_PRODUCT("domains"),
	OF_PRODUCT("networks"),
	OF_PRODUCT("units"),
	OF_PRODUCT("images"),
	OF_PRODUCT("markers"),
	OF_PRODUCT("repositories"),
	{0},
};

struct catalog *catalog_new(void)
{
	return calloc(1, sizeof(struct catalog));
}

int catalog_add(struct catalog *catalog, struct yaml_tree *tree, unsigned layer,
		struct diagnostics *diags)
{
	struct reader reader = {.tree = tree, .diags = diags};
	struct vendor *vendor = reader_alloc(&reader, sizeof(*vendor));
	struct vendor **vendors;

	if (!vendor)
		goto no_memory;
	vendor->tree = tree;
	vendor->layer = layer;
	if (!fields_read_document(&reader, vendor_fields, "Vendor", vendor) || !vendor->id.text) {
		if (reader.no_memory)
			goto no_memory;
		catalog->incomplete = true;
		yaml_tree_free(tree);
		return 0;
	}
	vendors = reallocarray(catalog->vendors, catalog->count + 1, sizeof(struct vendor *));
	if (!vendors || reader.no_memory) {
		catalog->vendors = vendors ? vendors : catalog->vendors;
		goto no_memory;
	}
	if (!vendor->name.text) /* an error was reported; later checks read it */
		vendor->name = vendor->id;
	catalog->vendors = vendors;
	vendors[catalog->count++] = vendor;
	return 0;

no_memory:
	yaml_tree_free(tree);
	return -ENOMEM;
}

/* ---------------------------------------------------------------- all of them */

static int compare_vendors(const void *left, const void *right)
{
	const struct vendor *a = *(const struct vendor *const *)left;
	const struct vendor *b = *(const struct vendor *const *)right;
	int order = strcmp(a->id.text, b->id.text);

	if (order)
		return order;
	if (a->layer != b->layer)
		return a->layer < b->layer ? -1 : 1;
	return strcmp(a->tree->file, b->tree->file);
}

const struct vendor *catalog_find(const struct catalog *catalog, const char *id)
{
	size_t low = 0, high = catalog->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(catalog->vendors[middle]->id.text, id);

		if (!order)
			return catalog->vendors[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct product *vendor_find_product(const struct vendor *vendor, const char *id)
{
	const struct product *product = vendor->products;

	while (product && strcmp(product->id.text, id))
		product = product->next;
	return product;
}

unsigned vendor_distance(const struct vendor *vendor, const struct vendor *ancestor)
{
	unsigned distance = 0;

	for (vendor = vendor->parent; vendor; vendor = vendor->parent) {
		distance++;
		if (vendor == ancestor)
			return distance;
	}
	return 0;
}

static void refuse_duplicates(const struct catalog *catalog, struct diagnostics *diags)
{
	for (size_t i = 1; i < catalog->count; i++) {
		const struct vendor *before = catalog->vendors[i - 1],
				    *vendor = catalog->vendors[i];

		if (before->layer != vendor->layer || strcmp(before->id.text, vendor->id.text))
			continue;
		diagnostics_add(
			diags, SEVERITY_ERROR, vendor->id.place,
			"the vendor '%s' is in this directory twice, first in '%s' on line %u; put both into one file",
			vendor->id.text, before->tree->file, before->id.place.line);
	}
}

static void drop_replaced(struct catalog *catalog)
{
	size_t kept = 0;

	for (size_t i = 0; i < catalog->count; i++) {
		struct vendor *vendor = catalog->vendors[i];

		if (kept && !strcmp(catalog->vendors[kept - 1]->id.text, vendor->id.text))
			yaml_tree_free(vendor->tree);
		else
			catalog->vendors[kept++] = vendor;
	}
	catalog->count = kept;
}

static void link_parent(const struct catalog *catalog, struct vendor *vendor,
			struct diagnostics *diags)
{
	struct suggestion suggestion = {.text = vendor->parent_id.text};

	if (!vendor->parent_id.text)
		return;
	vendor->parent = catalog_find(catalog, vendor->parent_id.text);
	if (vendor->parent || catalog->incomplete)
		return;

	for (size_t i = 0; i < catalog->count; i++) {
		if (catalog->vendors[i] != vendor)
			suggestion_consider(&suggestion, catalog->vendors[i]->id.text);
	}
	if (suggestion.best)
		diagnostics_add(diags, SEVERITY_ERROR, vendor->parent_id.place,
				"unknown parent '%s'; did you mean '%s'?", vendor->parent_id.text,
				suggestion.best);
	else
		diagnostics_add(diags, SEVERITY_ERROR, vendor->parent_id.place,
				"unknown parent '%s'; expected the id of a vendor of the catalogue",
				vendor->parent_id.text);
}

/* Each ring is told once, at its first vendor, and cut there, so that walks upwards end. */
static void cut_rings(struct catalog *catalog, struct diagnostics *diags)
{
	for (size_t i = 0; i < catalog->count; i++) {
		struct vendor *vendor = catalog->vendors[i];
		const struct vendor *up = vendor->parent;
		size_t steps = 0;

		while (up && up != vendor && steps++ < catalog->count)
			up = up->parent;
		if (up == vendor) {
			diagnostics_add(
				diags, SEVERITY_ERROR, vendor->parent_id.place,
				"the parents of '%s' lead back to it; remove 'parent' from one of them",
				vendor->id.text);
			vendor->parent = NULL;
		}
	}
}

void catalog_finish(struct catalog *catalog, struct diagnostics *diags)
{
	if (!catalog->count)
		return;
	qsort(catalog->vendors, catalog->count, sizeof(struct vendor *), compare_vendors);
	refuse_duplicates(catalog, diags);
	drop_replaced(catalog);
	for (size_t i = 0; i < catalog->count; i++)
		link_parent(catalog, catalog->vendors[i], diags);
	cut_rings(catalog, diags);
}

void catalog_free(struct catalog *catalog)
{
	if (!catalog)
		return;
	for (size_t i = 0; i < catalog->count; i++)
		yaml_tree_free(catalog->vendors[i]->tree);
	free(catalog->vendors);
	free(catalog);
}

/* ---------------------------------------------------------------- directories */

static int is_document(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && dot && !strcmp(dot, ".yaml");
}

/* Bytes, not the locale: the same report on every host. */
static int compare_entries(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* -EINVAL is in the diagnostics and does not end the reading; @failure keeps the first other errno. */
static int load_file(struct catalog *catalog, const char *path, unsigned layer,
		     struct diagnostics *diags, int *failure)
{
	struct yaml_tree *tree = NULL;
	int err;

	err = yaml_tree_load(path, diags, &tree);
	if (err == -ENOMEM)
		return err;
	if (err < 0) {
		catalog->incomplete = true;
		if (err != -EINVAL && !*failure)
			*failure = err;
		return 0;
	}
	return catalog_add(catalog, tree, layer, diags);
}

static int load_directory(struct catalog *catalog, const char *directory, unsigned layer,
			  struct diagnostics *diags, int *failure)
{
	struct dirent **entries = NULL;
	int count, err = 0;

	count = scandir(directory, &entries, is_document, compare_entries);
	if (count < 0) {
		err = -errno;
		if (err == -ENOENT || err == -ENOMEM)
			return err == -ENOENT ? 0 : err;
		diagnostics_add(diags, SEVERITY_ERROR, (struct place){.file = directory},
				"cannot be read: %s", strerror(-err));
		*failure = *failure ? *failure : err;
		catalog->incomplete = true;
		return 0;
	}
	for (int i = 0; i < count; i++) {
		char *path = NULL;

		if (!err && asprintf(&path, "%s/%s", directory, entries[i]->d_name) < 0) {
			path = NULL;
			err = -ENOMEM;
		}
		if (!err)
			err = load_file(catalog, path, layer, diags, failure);
		free(path);
		free(entries[i]);
	}
	free(entries);
	return err;
}

int catalog_load(const char *const *directories, size_t count, struct diagnostics *diags,
		 struct catalog **out_catalog)
{
	size_t errors = diags->errors;
	struct catalog *catalog = catalog_new();
	int err = 0, failure = 0;

	if (!catalog)
		return -ENOMEM;
	for (size_t i = 0; i < count && !err; i++)
		err = load_directory(catalog, directories[i], (unsigned)i, diags, &failure);
	if (!err) {
		catalog_finish(catalog, diags);
		err = failure ? failure : diags->errors > errors ? -EINVAL : 0;
	}
	if (err < 0) {
		catalog_free(catalog);
		return err;
	}

	*out_catalog = catalog;
	return 0;
}

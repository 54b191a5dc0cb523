/* SPDX-License-Identifier: MIT */
/*
 * catalog.h - vendors and their products as the catalogue states them: facts, no decisions.
 */
#ifndef EMBARGO_CATALOG_H
#define EMBARGO_CATALOG_H

#include "fact.h"
#include "policy.h"

/* Only the first two are reached by a policy that names the vendor alone. */
enum product_class {
	PRODUCT_CLASS_NONE = 0,
	PRODUCT_CLASS_COMMERCIAL = 1,
	PRODUCT_CLASS_LEGACY = 2,
	PRODUCT_CLASS_OPEN_SOURCE = 3,
	PRODUCT_CLASS_DISTRIBUTION = 4,
	PRODUCT_CLASS_MAX,
};

/** product_class_word() - NULL: no such value */
const char *product_class_word(unsigned class);

struct product {
	struct product *next;
	const struct vendor *vendor;
	struct field_text id, name, note;
	unsigned class;      /* enum product_class */
	unsigned confidence; /* enum confidence: of the facts that do not state their own */
	struct facts facts;
	struct field_texts sources;
};

struct vendor {
	struct yaml_tree *tree; /* owned; everything here lives in it */
	struct field_text id, name, parent_id, country;
	struct field_texts aliases, sources, caveats;
	const struct vendor *parent; /* NULL: none */
	struct product *products, *last_product;
	size_t product_count;
	unsigned layer; /* which directory it came from, 0 is the strongest */
};

struct catalog {
	struct vendor **vendors; /* sorted by id after catalog_finish() */
	size_t count;
	bool incomplete; /* a file could not be read: unknown ids may be in it */
};

/** catalog_new() - an empty one, or NULL without memory */
struct catalog *catalog_new(void);

/**
 * catalog_add() - read one vendor document
 * @catalog: borrowed
 * @tree:    taken, also on failure
 * @layer:   documents of a smaller layer replace those of a larger one; two of one layer are an error
 * @diags:   borrowed
 *
 * Return: 0, also when @diags got errors; -ENOMEM.
 */
int catalog_add(struct catalog *catalog, struct yaml_tree *tree, unsigned layer,
		struct diagnostics *diags);

/**
 * catalog_finish() - after the last catalog_add(): let the stronger layers win, find the parents
 * @catalog: borrowed
 * @diags:   borrowed; duplicate ids, unknown and cyclic parents
 */
void catalog_finish(struct catalog *catalog, struct diagnostics *diags);

/** catalog_find() - the vendor with this id, or NULL */
const struct vendor *catalog_find(const struct catalog *catalog, const char *id);

/** vendor_find_product() - the product with this id, or NULL */
const struct product *vendor_find_product(const struct vendor *vendor, const char *id);

/** vendor_distance() - steps from a vendor up to this ancestor, 0: it is not below it */
unsigned vendor_distance(const struct vendor *vendor, const struct vendor *ancestor);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * resolve.c - policy and catalogue together: which products each line reaches, and one rule for each
 * of their facts with its target mode. When several lines reach one product the narrowest decides,
 * whatever their order: a named product, then a named vendor, then the nearest parent.
 */
#include "model.h"
#include "suggest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct resolve {
	struct policy *policy;
	struct diagnostics *diags;
	struct reach *reached;
	size_t count, capacity;
	int err;
};

/* ---------------------------------------------------------------- references */

/* The vendor that was probably meant, by id, name or alias, or NULL. */
static const struct vendor *near_vendor(const struct catalog *catalog, const char *text)
{
	struct suggestion suggestion = {.text = text};
	const struct vendor *near = NULL;

	for (size_t i = 0; i < catalog->count; i++) {
		const struct vendor *vendor = catalog->vendors[i];
		const char *before = suggestion.best;
		const struct yaml_node *alias = vendor->aliases.first;

		suggestion_consider(&suggestion, vendor->id.text);
		if (vendor->name.text)
			suggestion_consider(&suggestion, vendor->name.text);
		for (; alias; alias = alias->next)
			suggestion_consider(&suggestion, alias->text);
		if (suggestion.best != before)
			near = vendor;
	}
	return near;
}

static const struct vendor *find_vendor(struct resolve *resolve, const char *id, struct place place)
{
	const struct catalog *catalog = resolve->policy->catalog;
	const struct vendor *vendor = catalog_find(catalog, id), *near = NULL;
	const char *slash = strchr(id, '/');

	if (vendor)
		return vendor;
	if (!diagnostics_full(resolve->diags))
		near = near_vendor(catalog, id);
	if (slash)
		diagnostics_add(resolve->diags, SEVERITY_ERROR, place,
				"'%s' is a product; write {vendor: %.*s, products: [%s]}",
				quoted(id).text, (int)(slash - id < 64 ? slash - id : 64), id,
				quoted(slash + 1).text);
	else if (near)
		diagnostics_add(resolve->diags, SEVERITY_ERROR, place,
				"unknown vendor '%s'; did you mean '%s'?", quoted(id).text,
				near->id.text);
	else
		diagnostics_add(
			resolve->diags, SEVERITY_ERROR, place,
			"unknown vendor '%s'; expected the id of one of the %zu vendors of the catalogue",
			quoted(id).text, catalog->count);
	return NULL;
}

/* "'sensor', 'cli'": as many as fit. */
static void list_products(const struct vendor *vendor, char *out, size_t bytes)
{
	size_t used = 0;

	*out = '\0';
	for (const struct product *one = vendor->products; one && used < bytes; one = one->next) {
		int length = snprintf(out + used, bytes - used, "%s'%s'", used ? ", " : "",
				      one->id.text);

		if (length < 0 || used + (size_t)length >= bytes) {
			out[used] = '\0';
			return;
		}
		used += (size_t)length;
	}
}

static const struct product *find_product(struct resolve *resolve, const struct vendor *vendor,
					  const char *id, struct place place)
{
	const struct product *product = vendor_find_product(vendor, id);
	struct suggestion suggestion = {.text = id};
	char known[256];

	if (product)
		return product;
	for (const struct product *one = vendor->products; one; one = one->next) {
		if (!diagnostics_full(resolve->diags))
			suggestion_consider(&suggestion, one->id.text);
	}
	list_products(vendor, known, sizeof(known));
	if (suggestion.best)
		diagnostics_add(resolve->diags, SEVERITY_ERROR, place,
				"unknown product '%s' of '%s'; did you mean '%s'?", quoted(id).text,
				vendor->id.text, suggestion.best);
	else if (*known)
		diagnostics_add(resolve->diags, SEVERITY_ERROR, place,
				"unknown product '%s' of '%s'; expected one of: %s",
				quoted(id).text, vendor->id.text, known);
	else
		diagnostics_add(resolve->diags, SEVERITY_ERROR, place,
				"unknown product '%s'; the catalogue knows no product of '%s'",
				quoted(id).text, vendor->id.text);
	return NULL;
}

/* ---------------------------------------------------------------- rules */

static struct rule *rule_add(struct resolve *resolve, const struct fact *fact)
{
	struct rule *rule = rules_add(&resolve->policy->rules, fact);

	if (!rule)
		resolve->err = -ENOMEM;
	return rule;
}

/* Only programs are contained: what they could reach of the vendor is refused to everybody. */
static unsigned action_for(const struct policy_line *line, unsigned matcher)
{
	bool reached = matcher == MATCHER_NETWORK || matcher == MATCHER_DOMAIN;

	return line->action == ACTION_CONTAIN && reached ? ACTION_DENY : line->action;
}

/* Weak confidence is named before the mode: it is what the administrator may not expect. */
static void rule_set_target(const struct policy *policy, const struct policy_line *line,
			    struct rule *rule)
{
	rule->action = (__u8)action_for(line, rule->matcher);
	rule->target = (__u8)(line->mode ? line->mode : policy->mode);
	rule->strict = line->scripts == SCRIPT_RULE_STRICT && line->action == ACTION_DENY &&
		       rule_names_files(rule->matcher);
	if (rule->confidence < policy->min_confidence) {
		rule->target = MODE_AUDIT;
		rule->target_held_by = HELD_BY_CONFIDENCE;
	} else if (rule->target == MODE_AUDIT) {
		rule->target_held_by = HELD_BY_POLICY;
	}
}

static void rules_of_reach(struct resolve *resolve, const struct reach *reach)
{
	const struct product *product = reach->product;

	for (const struct fact *fact = product->facts.first; fact; fact = fact->next) {
		struct rule *rule = rule_add(resolve, fact);

		if (!rule)
			return;
		rule->vendor = product->vendor->id.text;
		rule->vendor_name = product->vendor->name.text;
		rule->product = product->id.text;
		rule_set_target(resolve->policy, reach->line, rule);
	}
}

static void rule_of_name(const struct policy *policy, const struct policy_line *line,
			 struct rule *rule)
{
	rule->vendor = line->name.text;
	rule->vendor_name = line->name.text;
	rule_set_target(policy, line, rule);
}

static void rules_of_name(struct resolve *resolve, const struct policy_line *line)
{
	const struct policy *policy = resolve->policy;

	if (catalog_find(policy->catalog, line->name.text)) {
		diagnostics_add(
			resolve->diags, SEVERITY_ERROR, line->name.place,
			"'%s' is a vendor of the catalogue; write 'vendor: %s', or choose another name for matchers in place",
			line->name.text, line->name.text);
		return;
	}
	for (size_t i = 0; i < line->list_count; i++)
		rule_of_name(policy, line, &policy->rules.list[line->list_first + i]);
	for (const struct fact *fact = line->facts.first; fact; fact = fact->next) {
		struct rule *rule = rule_add(resolve, fact);

		if (!rule)
			return;
		rule_of_name(policy, line, rule);
	}
}

/* ---------------------------------------------------------------- what a vendor line reaches */

static void reach_add(struct resolve *resolve, const struct policy_line *line,
		      const struct product *product, struct place place, unsigned rank)
{
	if (resolve->count == resolve->capacity) {
		size_t capacity = resolve->capacity ? resolve->capacity * 2 : 64;
		struct reach *list = reallocarray(resolve->reached, capacity, sizeof(*list));

		if (!list) {
			resolve->err = -ENOMEM;
			return;
		}
		resolve->reached = list;
		resolve->capacity = capacity;
	}
	resolve->reached[resolve->count++] = (struct reach){
		.product = product,
		.line = line,
		.place = place,
		.rank = rank,
	};
}

static void reach_vendor(struct resolve *resolve, const struct policy_line *line,
			 const struct vendor *vendor, unsigned rank)
{
	for (const struct product *one = vendor->products; one; one = one->next) {
		if (one->class == PRODUCT_CLASS_COMMERCIAL || one->class == PRODUCT_CLASS_LEGACY)
			reach_add(resolve, line, one, line->vendor.place, rank);
	}
}

/* Number of vendors below this one; with @out_first the first of them. */
static size_t count_subsidiaries(const struct catalog *catalog, const struct vendor *vendor,
				 const struct vendor **out_first)
{
	size_t count = 0;

	for (size_t i = catalog->count; i-- > 0;) {
		if (vendor_distance(catalog->vendors[i], vendor)) {
			*out_first = catalog->vendors[i];
			count++;
		}
	}
	return count;
}

static void refuse_nothing(struct resolve *resolve, const struct policy_line *line,
			   const struct vendor *vendor)
{
	const struct vendor *below = NULL;
	char known[256];

	list_products(vendor, known, sizeof(known));
	if (line->products.node)
		diagnostics_add(
			resolve->diags, SEVERITY_ERROR, line->vendor.place,
			"'%s' reaches nothing: its 'products' are empty; name them, or remove the key",
			vendor->id.text);
	else if (*known)
		diagnostics_add(
			resolve->diags, SEVERITY_ERROR, line->vendor.place,
			"'%s' reaches nothing: none of its products is commercial or legacy; name those that are meant in 'products': %s",
			vendor->id.text, known);
	else if (!line->subsidiaries &&
		 count_subsidiaries(resolve->policy->catalog, vendor, &below))
		diagnostics_add(
			resolve->diags, SEVERITY_ERROR, line->vendor.place,
			"'%s' reaches nothing: it has no products of its own; add 'subsidiaries: true' for '%s' and others below it",
			vendor->id.text, below->id.text);
	else
		diagnostics_add(
			resolve->diags, SEVERITY_WARNING, line->vendor.place,
			"the catalogue knows no product of '%s' yet; nothing is refused for it",
			vendor->id.text);
}

/* Products that are known only by facts for finding make no rule: said, not hidden. */
static void warn_without_rules(struct resolve *resolve, const struct policy_line *line,
			       size_t first)
{
	for (size_t i = first; i < resolve->count; i++) {
		const struct fact *fact = resolve->reached[i].product->facts.first;

		for (; fact; fact = fact->next) {
			if (fact_is_rule(fact))
				return;
		}
	}
	diagnostics_add(
		resolve->diags, SEVERITY_WARNING, line->vendor.place,
		"the catalogue knows no matcher of '%s' that could refuse anything; its products can be found, not stopped",
		line->vendor.text);
}

static void resolve_vendor(struct resolve *resolve, const struct policy_line *line)
{
	const struct catalog *catalog = resolve->policy->catalog;
	const struct vendor *vendor;
	size_t first = resolve->count;

	vendor = find_vendor(resolve, line->vendor.text, line->vendor.place);
	if (!vendor)
		return;
	if (line->products.node) {
		const struct yaml_node *name = line->products.first;

		if (!name && line->products.node->count)
			return; /* what is in the list was refused already */
		for (; name; name = name->next) {
			struct place place = yaml_place(resolve->policy->tree, name);
			const struct product *product;

			product = find_product(resolve, vendor, name->text, place);
			if (product)
				reach_add(resolve, line, product, place, 0);
		}
		if (line->products.count && first == resolve->count)
			return; /* each of them was unknown */
	} else {
		reach_vendor(resolve, line, vendor, 1);
	}
	for (size_t i = 0; line->subsidiaries && i < catalog->count; i++) {
		unsigned distance = vendor_distance(catalog->vendors[i], vendor);

		if (distance)
			reach_vendor(resolve, line, catalog->vendors[i], 1 + distance);
	}

	if (first == resolve->count)
		refuse_nothing(resolve, line, vendor);
	else
		warn_without_rules(resolve, line, first);
}

static int compare_reach(const void *left, const void *right)
{
	const struct reach *a = left, *b = right;
	int order = strcmp(a->product->vendor->id.text, b->product->vendor->id.text);

	if (!order)
		order = strcmp(a->product->id.text, b->product->id.text);
	if (order)
		return order;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->place.line != b->place.line)
		return a->place.line < b->place.line ? -1 : 1;
	return a->place.column < b->place.column ? -1 : a->place.column > b->place.column;
}

static void resolve_reached(struct resolve *resolve)
{
	const struct reach *best = NULL, *told = NULL;

	if (resolve->count)
		qsort(resolve->reached, resolve->count, sizeof(*resolve->reached), compare_reach);
	for (size_t i = 0; i < resolve->count; i++) {
		const struct reach *one = &resolve->reached[i];

		if (!best || best->product != one->product) {
			best = one;
			rules_of_reach(resolve, one);
		} else if (best->rank == one->rank &&
			   (!told || told->line != one->line || one->rank == 0)) {
			told = one; /* of a line that names the vendor one product is enough */
			diagnostics_add(
				resolve->diags, SEVERITY_ERROR, one->place,
				"'%s/%s' is reached a second time, first on line %u; put both into one line",
				one->product->vendor->id.text, one->product->id.text,
				best->place.line);
		}
	}
}

/* ---------------------------------------------------------------- what the keys of a line are about */

static bool names_files(unsigned matcher)
{
	return rule_names_files(matcher);
}

static bool names_modules(unsigned matcher)
{
	return matcher == MATCHER_MODULE;
}

static bool facts_have(const struct facts *facts, bool (*is_meant)(unsigned matcher))
{
	const struct fact *fact = facts->first;

	while (fact && (!is_meant(fact->matcher) || fact_unenforced_why(fact)))
		fact = fact->next;
	return fact != NULL;
}

/* Does a line reach something of a kind that a rule is made of? */
static bool line_has(const struct resolve *resolve, const struct policy_line *line,
		     bool (*is_meant)(unsigned matcher))
{
	const struct rule *list = resolve->policy->rules.list + line->list_first;
	bool has = facts_have(&line->facts, is_meant);

	for (size_t i = 0; !has && i < line->list_count; i++)
		has = is_meant(list[i].matcher) && !list[i].unenforced_why;
	for (size_t i = 0; !has && i < resolve->count; i++)
		has = resolve->reached[i].line == line &&
		      facts_have(&resolve->reached[i].product->facts, is_meant);
	return has;
}

static void warn_contain(struct resolve *resolve, const struct policy_line *line)
{
	if (!line_has(resolve, line, names_files))
		diagnostics_add(
			resolve->diags, SEVERITY_WARNING, line->action_place,
			"'action: contain' contains nothing here: no path, package, package vendor or digest with a size is in this line, and its networks and domains are refused; write 'action: deny', or add one");
	if (line_has(resolve, line, names_modules))
		diagnostics_remark(
			resolve->diags, line->action_place,
			"a kernel module cannot be contained: those of this line are recorded and not refused; a line of their own with 'action: deny' refuses them");
	if (line->scripts == SCRIPT_RULE_STRICT)
		diagnostics_add(
			resolve->diags, SEVERITY_WARNING, line->scripts_place,
			"'scripts: strict' says nothing beside 'action: contain': an interpreter that opens such a file is neither refused nor contained; remove it, or write 'action: deny'");
}

static void warn_lines(struct resolve *resolve)
{
	for (const struct policy_line *line = resolve->policy->lines; line; line = line->next) {
		if (line->action == ACTION_CONTAIN)
			warn_contain(resolve, line);
		else if (line->scripts == SCRIPT_RULE_STRICT &&
			 !line_has(resolve, line, names_files))
			diagnostics_add(
				resolve->diags, SEVERITY_WARNING, line->scripts_place,
				"'scripts: strict' says nothing here: no path, package, package vendor or digest with a size is in this line; remove it, or add one");
	}
}

static void warn_names(struct resolve *resolve)
{
	const struct policy *policy = resolve->policy;

	if (!policy->rules.flags)
		return;
	for (size_t i = 0; i < policy->rules.count; i++)
		if (policy->rules.list[i].matcher == MATCHER_DOMAIN)
			return;
	diagnostics_add(
		resolve->diags, SEVERITY_WARNING, policy->names_place,
		"'names' says nothing here: no line has domains, so no name is looked at; remove it, or add some");
}

/* ---------------------------------------------------------------- allow */

static void allow_add(struct resolve *resolve, const struct policy_allow *allow,
		      const struct fact *fact, const struct product *product)
{
	struct rule *rule = rule_add(resolve, fact);

	if (!rule)
		return;
	if (product) {
		rule->vendor = product->vendor->id.text;
		rule->vendor_name = product->vendor->name.text;
		rule->product = product->id.text;
	}
	rule->reason = allow->reason.text ? allow->reason.text : "";
	rule->action = ACTION_ALLOW;
	rule->until_s = allow->until_s;
	rule->target = MODE_ENFORCE; /* holds whatever the policy's mode is */
}

static void resolve_allow_product(struct resolve *resolve, const struct policy_allow *allow)
{
	const char *slash = strchr(allow->product.text, '/');
	const struct product *product = NULL;
	const struct vendor *vendor;
	size_t known = 0;
	char *id;

	if (!slash || strchr(slash + 1, '/')) {
		diagnostics_add(
			resolve->diags, SEVERITY_ERROR, allow->product.place,
			"'%s' is no product; expected vendor/product, both as in the catalogue",
			quoted(allow->product.text).text);
		return;
	}
	id = strndup(allow->product.text, (size_t)(slash - allow->product.text));
	if (!id) {
		resolve->err = -ENOMEM;
		return;
	}
	vendor = find_vendor(resolve, id, allow->product.place);
	free(id);
	if (vendor)
		product = find_product(resolve, vendor, slash + 1, allow->product.place);
	if (!product)
		return;

	for (const struct fact *fact = product->facts.first; fact; fact = fact->next) {
		if (!fact_is_rule(fact))
			continue;
		known++;
		if (allow_applies(allow, resolve->policy->host))
			allow_add(resolve, allow, fact, product);
	}
	if (!known)
		diagnostics_add(resolve->diags, SEVERITY_WARNING, allow->product.place,
				"the catalogue knows no matcher of '%s'; the entry allows nothing",
				allow->product.text);
}

static void resolve_allow(struct resolve *resolve, const struct policy_allow *allow)
{
	if (allow->product.text)
		resolve_allow_product(resolve, allow);
	if (!allow_applies(allow, resolve->policy->host))
		return;
	for (const struct fact *fact = allow->facts.first; fact; fact = fact->next)
		allow_add(resolve, allow, fact, NULL);
}

/* What an entry allows: a product, or a matcher. */
static int compare_things(const struct policy_allow *a, const struct policy_allow *b)
{
	const struct fact *x = a->facts.first, *y = b->facts.first;

	if (a->product.text && b->product.text)
		return strcmp(a->product.text, b->product.text);
	if (!x || !y || x->matcher != y->matcher)
		return (int)(x ? x->matcher : 0) - (int)(y ? y->matcher : 0);
	return strcmp(x->value, y->value);
}

static int compare_allows(const void *left, const void *right)
{
	const struct policy_allow *a = *(const struct policy_allow *const *)left;
	const struct policy_allow *b = *(const struct policy_allow *const *)right;
	int order = compare_things(a, b);

	if (order)
		return order;
	return a->place.line < b->place.line ? -1 : a->place.line > b->place.line;
}

#define SAME_THING_MAX 64 /* entries for one thing that are compared with each other */

/* The same for the same hosts. @list: sorted */
static void refuse_same_allows(struct resolve *resolve, const struct policy_allow **list,
			       size_t count)
{
	for (size_t i = 1, first = 0; i < count; i++) {
		size_t other;

		if (compare_things(list[i], list[first]))
			first = i;
		if (i - first > SAME_THING_MAX)
			first = i - SAME_THING_MAX;
		for (other = first; other < i && !allow_same_hosts(list[other], list[i]);)
			other++;
		if (other < i)
			diagnostics_add(resolve->diags, SEVERITY_ERROR, list[i]->place,
					"the same is allowed twice, first on line %u; remove one",
					list[other]->place.line);
	}
}

static void resolve_allows(struct resolve *resolve)
{
	const struct policy_allow **list;
	size_t count = 0;

	for (const struct policy_allow *one = resolve->policy->allows; one; one = one->next)
		count += one->product.text || one->facts.first;
	list = calloc(count + 1, sizeof(*list));
	if (!list) {
		resolve->err = -ENOMEM;
		return;
	}
	count = 0;
	for (const struct policy_allow *one = resolve->policy->allows; one; one = one->next) {
		resolve_allow(resolve, one);
		if (one->product.text || one->facts.first)
			list[count++] = one;
	}
	qsort(list, count, sizeof(*list), compare_allows);
	refuse_same_allows(resolve, list, count);
	free(list);
}

int policy_resolve(struct policy *policy, struct diagnostics *diags)
{
	struct resolve resolve = {.policy = policy, .diags = diags};

	for (const struct policy_line *line = policy->lines; line; line = line->next) {
		if (line->vendor.text)
			resolve_vendor(&resolve, line);
		else if (line->name.text)
			rules_of_name(&resolve, line);
	}
	resolve_reached(&resolve);
	if (!diags->errors) { /* what was refused is not missing */
		warn_lines(&resolve);
		warn_names(&resolve);
	}
	resolve_allows(&resolve);
	policy->reached = resolve.reached;
	policy->reached_count = resolve.count;
	return resolve.err;
}

int policy_of_catalog(const struct catalog *catalog, const char *const *vendors, size_t count,
		      struct diagnostics *diags, struct policy **out_policy)
{
	struct policy *policy = calloc(1, sizeof(*policy));
	struct resolve resolve = {.policy = policy, .diags = diags};
	const struct policy_line line = {.action = ACTION_DENY};
	size_t errors = diags->errors;

	if (!policy)
		return -ENOMEM;
	policy->catalog = catalog;
	policy->mode = MODE_AUDIT;
	policy->rules = (struct rules){.policy = "catalogue", .mode = MODE_AUDIT};
	for (size_t i = 0; i < (count ? count : catalog->count); i++) {
		const struct vendor *vendor =
			count ? find_vendor(&resolve, vendors[i], (struct place){0})
			      : catalog->vendors[i];

		for (const struct product *one = vendor ? vendor->products : NULL; one;
		     one = one->next)
			reach_add(&resolve, &line, one, (struct place){0}, 0);
	}
	for (size_t i = 0; i < resolve.count; i++)
		rules_of_reach(&resolve, &resolve.reached[i]);
	free(resolve.reached);
	if (!resolve.err && diags->errors > errors)
		resolve.err = -EINVAL;
	if (resolve.err < 0) {
		policy_free(policy);
		return resolve.err;
	}
	*out_policy = policy;
	return 0;
}

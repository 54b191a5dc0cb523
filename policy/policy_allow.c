/* SPDX-License-Identifier: MIT */
/*
 * policy_allow.c - the key "allow" of a policy: exceptions, the day on which they end, and the hosts for
 * which they are made.
 */
#include "date.h"
#include "model.h"
#include "suggest.h"

#include <stdlib.h>
#include <string.h>

#define ENDS_SOON_DAYS 30

/* ---------------------------------------------------------------- until */

/* YAML takes 20270331 for a number and 1.2.2027 for text; all are shown the same way. */
static void until_read(struct reader *reader, const struct field *field,
		       const struct yaml_node *node, void *member)
{
	struct policy_allow *allow = member;
	struct problem problem;

	if (node->type != YAML_TYPE_INTEGER && node->type != YAML_TYPE_NUMBER &&
	    !reader_text(reader, node))
		return;
	if (date_parse(node->text, &allow->until_s, &problem) < 0) {
		reader_error(reader, node, "%s", problem.text);
		return;
	}
	allow->until =
		(struct field_text){.text = node->text, .place = yaml_place(reader->tree, node)};
}

/* Days that are left count from the moment, so that the last day is "today". */
static void until_check(struct reader *reader, const struct policy_host *host,
			const struct policy_allow *allow)
{
	__u64 now, left;

	if (!allow->until_s || !host || host->now_s <= 0)
		return;
	now = (__u64)host->now_s;
	if (now >= allow->until_s) {
		diagnostics_add(
			reader->diags, SEVERITY_WARNING, allow->until.place,
			"this exception ended with %s and allows nothing any more; remove the entry, or give it a later day",
			allow->until.text);
		return;
	}
	left = (allow->until_s - now - 1) / DAY_SECONDS;
	if (left >= ENDS_SOON_DAYS)
		return;
	if (left)
		diagnostics_add(reader->diags, SEVERITY_WARNING, allow->until.place,
				"this exception ends with %s, in %llu day%s", allow->until.text,
				(unsigned long long)left, left == 1 ? "" : "s");
	else
		diagnostics_add(reader->diags, SEVERITY_WARNING, allow->until.place,
				"this exception ends with %s, today", allow->until.text);
}

/* ---------------------------------------------------------------- hosts */

/* The values of a label: text, or a list of texts. Return: false after an error. */
static bool label_values(struct reader *reader, const struct yaml_node *node,
			 struct host_label *label)
{
	bool good = true;

	label->first = node;
	label->count = 1;
	if (node->type != YAML_TYPE_SEQUENCE)
		return reader_text(reader, node) != NULL;
	label->first = node->first;
	label->count = node->count;
	if (!node->count) {
		reader_error(
			reader, node,
			"the label '%s' has no value, so no host is meant; write one, or remove it",
			quoted(label->name).text);
		return false;
	}
	for (const struct yaml_node *one = node->first; one; one = one->next)
		good &= reader_text(reader, one) != NULL;
	return good;
}

/* Only what looks like a slip: a label that this host does not have at all is nothing strange. */
static void label_check(struct reader *reader, const struct policy_host *host,
			const struct host_label *label)
{
	struct suggestion suggestion = {.text = label->name};

	if (!host || !host->labels_known)
		return;
	for (size_t i = 0; i < host->label_count; i++) {
		if (!strcmp(host->label_names[i], label->name))
			return;
		suggestion_consider(&suggestion, host->label_names[i]);
	}
	if (suggestion.best)
		diagnostics_add(
			reader->diags, SEVERITY_WARNING, label->place,
			"this host has no label '%s', so the entry is not for it; did you mean '%s'?",
			quoted(label->name).text, suggestion.best);
}

static void hosts_read(struct reader *reader, const struct field *field,
		       const struct yaml_node *node, void *member)
{
	struct policy_allow *allow = member;
	struct host_label **link = &allow->hosts;

	if (!reader_expect(reader, node, YAML_TYPE_MAPPING,
			   "labels of hosts, as {role: hypervisor}"))
		return;
	allow->hosts_place = yaml_place(reader->tree, node->key);
	if (!node->first)
		reader_error(reader, node,
			     "'hosts' names no label; remove the key if every host is meant");
	for (const struct yaml_node *value = node->first; value; value = value->next) {
		struct host_label *label = reader_alloc(reader, sizeof(*label));

		if (!label)
			return;
		label->name = value->key->text;
		label->place = yaml_place(reader->tree, value->key);
		if (!label_values(reader, value, label))
			continue;
		*link = label;
		link = &label->next;
	}
}

static bool label_has(const struct host_label *label, const char *value)
{
	const struct yaml_node *one = label->first;

	for (size_t i = 0; i < label->count; i++, one = one->next) {
		if (!strcmp(one->text, value))
			return true;
	}
	return false;
}

bool allow_applies(const struct policy_allow *allow, const struct policy_host *host)
{
	if (!host || !host->labels_known)
		return true;
	for (const struct host_label *label = allow->hosts; label; label = label->next) {
		size_t i = 0;

		while (i < host->label_count && strcmp(host->label_names[i], label->name))
			i++;
		if (i == host->label_count || !label_has(label, host->label_values[i]))
			return false;
	}
	return true;
}

/* Every value of one is a value of the other. */
static bool label_covers(const struct host_label *label, const struct host_label *other)
{
	const struct yaml_node *one = other->first;

	for (size_t i = 0; i < other->count; i++, one = one->next) {
		if (!label_has(label, one->text))
			return false;
	}
	return true;
}

static bool hosts_cover(const struct host_label *a, const struct host_label *b)
{
	for (; a; a = a->next) {
		const struct host_label *other = b;

		while (other && strcmp(other->name, a->name))
			other = other->next;
		if (!other || !label_covers(a, other))
			return false;
	}
	return true;
}

bool allow_same_hosts(const struct policy_allow *a, const struct policy_allow *b)
{
	return hosts_cover(a->hosts, b->hosts) && hosts_cover(b->hosts, a->hosts);
}

/* ---------------------------------------------------------------- the entries */

#define ALLOW(key, flags, read, member)                                                            \
	{                                                                                          \
		key, flags, read, offsetof(struct policy_allow, member)                            \
	}
#define FACT(key, matcher)                                                                         \
	{                                                                                          \
		key, 0, facts_read_one, offsetof(struct policy_allow, facts), matcher              \
	}

static const struct field allow_fields[] = {
	FACT("path", MATCHER_PATH),
	FACT("network", MATCHER_NETWORK),
	FACT("digest", MATCHER_DIGEST),
	FACT("domain", MATCHER_DOMAIN),
	FACT("module", MATCHER_MODULE),
	FACT("package", MATCHER_PACKAGE),
	FACT("package-vendor", MATCHER_PACKAGE_VENDOR),
	ALLOW("product", 0, field_text, product),
	ALLOW("reason", FIELD_REQUIRED, field_text, reason),
	{"until", 0, until_read, 0},
	{"hosts", 0, hosts_read, 0},
	{0},
};

/* Of the same table: the keys of which an entry has one. */
static unsigned count_things(const struct yaml_node *node)
{
	unsigned named = 0;

	for (const struct field *field = allow_fields; field->key; field++) {
		if (field->read == facts_read_one || !strcmp(field->key, "product"))
			named += mapping_key(node, field->key) != NULL;
	}
	return named;
}

static void allow_read(struct reader *reader, const struct yaml_node *node, struct policy *policy)
{
	struct policy_allow *allow = reader_alloc(reader, sizeof(*allow));
	size_t errors = reader->diags->errors;
	unsigned named;

	if (!allow)
		return;
	allow->place = yaml_place(reader->tree, node);
	fields_read(reader, node, allow_fields, "an entry of 'allow'", allow);
	if (node->type != YAML_TYPE_MAPPING)
		return;

	named = count_things(node);
	if (!named && errors == reader->diags->errors)
		reader_error(
			reader, node,
			"an entry that allows nothing; expected one of: path, network, digest, domain, module, package, package-vendor, product");
	else if (named > 1)
		reader_error(reader, node,
			     "an entry that allows several things; write one entry for each");
	if (allow->hosts && (!policy->host || !policy->host->labels_known))
		diagnostics_remark(
			reader->diags, allow->hosts_place,
			"'hosts' is decided on each host by its labels; here they are not known, and the entry is kept");
	for (const struct host_label *label = allow->hosts; label; label = label->next)
		label_check(reader, policy->host, label);
	if (allow_applies(allow, policy->host))
		until_check(reader, policy->host, allow);

	if (policy->last_allow)
		policy->last_allow->next = allow;
	else
		policy->allows = allow;
	policy->last_allow = allow;
}

void policy_allows_read(struct reader *reader, const struct field *field,
			const struct yaml_node *node, void *member)
{
	if (!reader_expect(reader, node, YAML_TYPE_SEQUENCE, NULL))
		return;
	for (const struct yaml_node *one = node->first; one; one = one->next)
		allow_read(reader, one, member);
}

/* SPDX-License-Identifier: MIT */
/*
 * fact.c - one row for each kind of matcher: how its text becomes canonical (rule ids are digests of
 * that, so two spellings of one fact must meet here), and whether this build carries it.
 */
#include "fact.h"
#include "canonical.h"
#include "list.h"
#include "network.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *confidence_word(unsigned confidence)
{
	static const char *const words[] = {
		[CONFIDENCE_NONE] = "none",
		[CONFIDENCE_UNVERIFIED] = "unverified",
		[CONFIDENCE_SEEN] = "seen",
		[CONFIDENCE_DOCUMENTED] = "documented",
	};
	_Static_assert(sizeof(words) / sizeof(*words) == CONFIDENCE_MAX, "a word for each value");

	return confidence < CONFIDENCE_MAX ? words[confidence] : NULL;
}

#define RULES_FIRST 256 /* room for as many at first; a power of two */

/* ---------------------------------------------------------------- the kinds */

struct fact_kind {
	canonical_fn canonical;
	bool finding; /* for finding and reporting only */
};

static const struct fact_kind kinds[] = {
	[MATCHER_NONE] = {canonical_text, true},
	[MATCHER_PATH] = {canonical_path, false},
	[MATCHER_NETWORK] = {canonical_text, false},  /* see fact_network() */
	[MATCHER_DIGEST] = {canonical_digest, false}, /* with a size */
	[MATCHER_PACKAGE] = {canonical_package, false},
	[MATCHER_PACKAGE_VENDOR] = {canonical_package_vendor, false},
	[MATCHER_MODULE] = {canonical_module, false},
	[MATCHER_DOMAIN] = {canonical_domain, false},
	[MATCHER_UNIT] = {canonical_text, true},
	[MATCHER_IMAGE] = {canonical_text, true},
	[MATCHER_MARKER] = {canonical_text, true},
	[MATCHER_REPOSITORY] = {canonical_text, true},
};
_Static_assert(sizeof(kinds) / sizeof(*kinds) == MATCHER_MAX, "a row for each kind of matcher");

bool matcher_is_finding(unsigned matcher)
{
	return matcher < MATCHER_MAX && kinds[matcher].finding;
}

bool fact_is_rule(const struct fact *fact)
{
	return !matcher_is_finding(fact->matcher);
}

/* Only files of an embargoed size are ever hashed. */
static const char no_size[] = "a digest needs the size of its file: add 'size' (stat -c %s FILE)";

const char *fact_unenforced_why(const struct fact *fact)
{
	if (fact->matcher == MATCHER_DIGEST && !fact->size)
		return no_size;
	return kinds[fact->matcher].finding ? "" : NULL;
}

static int make_canonical(canonical_fn canonical, const char *text, char *out,
			  struct problem *out_problem)
{
	if (strlen(text) > CANONICAL_INPUT_MAX)
		return problem_set(out_problem, "'%s' is longer than %d bytes; no matcher is",
				   quoted(text).text, CANONICAL_INPUT_MAX);
	return canonical(text, out, out_problem);
}

int fact_canonical(unsigned matcher, const char *text, char *out, struct problem *out_problem)
{
	return make_canonical(kinds[matcher].canonical, text, out, out_problem);
}

int fact_canonical_thing(unsigned matcher, const char *text, char *out, struct problem *out_problem)
{
	bool name = matcher == MATCHER_DOMAIN;

	return make_canonical(name ? canonical_name : kinds[matcher].canonical, text, out,
			      out_problem);
}

/* ---------------------------------------------------------------- rules */

struct rule *rules_add(struct rules *rules, const struct fact *fact)
{
	size_t count = rules->count;
	struct rule *rule;

	/* grows at every power of two, so that the struct needs no capacity */
	if (!count || (count >= RULES_FIRST && !(count & (count - 1)))) {
		size_t capacity = count ? count * 2 : RULES_FIRST;
		struct rule *list = reallocarray(rules->list, capacity, sizeof(*list));

		if (!list)
			return NULL;
		rules->list = list;
	}
	rule = &rules->list[rules->count++];
	*rule = (struct rule){
		.vendor = "-",
		.vendor_name = "",
		.product = "-",
		.value = fact->value,
		.reason = "",
		.unenforced_why = fact_unenforced_why(fact),
		.place = fact->place,
		.matcher = (__u8)fact->matcher,
		.confidence = (__u8)fact->confidence,
	};
	if (fact->network)
		rule->network = *fact->network;
	else if (fact->matcher == MATCHER_DIGEST)
		rule->size = fact->size;
	return rule;
}

/* ---------------------------------------------------------------- reading */

/* An entry as it is written, before anything is made of it. */
struct written {
	const struct yaml_node *value;
	const struct yaml_node *ports;
	const struct yaml_node *protocol;
	__u64 size;
	unsigned confidence;
	struct field_texts sources;
	struct field_text note;
};

static void written_node(struct reader *reader, const struct field *field,
			 const struct yaml_node *node, void *member)
{
	*(const struct yaml_node **)member = node;
}

#define WRITTEN(key, flags, read, member)                                                          \
	{                                                                                          \
		key, flags, read, offsetof(struct written, member)                                 \
	}
#define WRITTEN_SOURCES                                                                            \
	{"confidence", 0, field_word, offsetof(struct written, confidence), 0, confidence_word},   \
		WRITTEN("sources", 0, field_texts, sources)
#define WRITTEN_NETWORK                                                                            \
	WRITTEN("cidr", FIELD_REQUIRED, written_node, value),                                      \
		WRITTEN("ports", 0, written_node, ports),                                          \
		WRITTEN("protocol", 0, written_node, protocol)

int file_size_parse(const char *text, __u64 *out_size, struct problem *out_problem)
{
	unsigned long long value = 0;

	for (const char *at = text; *at; at++) {
		if (*at < '0' || *at > '9' || value > (FILE_SIZE_MAX - (*at - '0')) / 10) {
			value = 0;
			break;
		}
		value = value * 10 + (unsigned)(*at - '0');
	}
	if (!value)
		return problem_set(
			out_problem,
			"'%s' is no size of a file; expected its bytes, a whole number from 1 to %llu",
			quoted(text).text, (unsigned long long)FILE_SIZE_MAX);
	*out_size = value;
	return 0;
}

static void size_read(struct reader *reader, const struct field *field,
		      const struct yaml_node *node, void *member)
{
	struct problem problem;

	if (!reader_expect(reader, node, YAML_TYPE_INTEGER, "the bytes of the file"))
		return;
	if (file_size_parse(node->text, member, &problem) < 0)
		reader_error(reader, node, "%s", problem.text);
}

static const struct field catalog_fields[] = {
	WRITTEN("value", FIELD_REQUIRED, written_node, value),
	WRITTEN("note", 0, field_prose, note),
	WRITTEN_SOURCES,
	{0},
};

static const struct field catalog_network_fields[] = {
	WRITTEN_NETWORK,
	WRITTEN("note", 0, field_prose, note),
	WRITTEN_SOURCES,
	{0},
};

static const struct field catalog_digest_fields[] = {
	WRITTEN("value", FIELD_REQUIRED, written_node, value),
	WRITTEN("size", 0, size_read, size),
	WRITTEN("note", 0, field_prose, note),
	WRITTEN_SOURCES,
	{0},
};

/* A list in a file takes the place of the whole list; where people put it first is among its values. */
static void refuse_file(struct reader *reader, const struct field *field,
			const struct yaml_node *node, void *member)
{
	reader_error(
		reader, node->key,
		"'file' among values; write {file: NAME} in the place of the whole list, and other values in a line of their own");
}

static const struct field policy_fields[] = {
	WRITTEN("value", FIELD_REQUIRED, written_node, value),
	WRITTEN("note", 0, field_prose, note),
	{"file", FIELD_HIDDEN | FIELD_INSTEAD, refuse_file, 0},
	{0},
};

static const struct field policy_digest_fields[] = {
	WRITTEN("value", FIELD_REQUIRED, written_node, value),
	WRITTEN("size", 0, size_read, size),
	WRITTEN("note", 0, field_prose, note),
	{"file", FIELD_HIDDEN | FIELD_INSTEAD, refuse_file, 0},
	{0},
};

static const struct field policy_network_fields[] = {
	WRITTEN_NETWORK,
	WRITTEN("note", 0, field_prose, note),
	{"file", FIELD_HIDDEN | FIELD_INSTEAD, refuse_file, 0},
	{0},
};

/* Whether a contained program may reach an address does not depend on a port. */
static void refuse_condition(struct reader *reader, const struct field *field,
			     const struct yaml_node *node, void *member)
{
	reader_error(reader, node->key,
		     "'%s' in 'internal', which is about whole networks; remove it", field->key);
}

static const struct field internal_fields[] = {
	WRITTEN("cidr", FIELD_REQUIRED, written_node, value),
	WRITTEN("note", 0, field_prose, note),
	{"ports", FIELD_HIDDEN, refuse_condition, 0},
	{"protocol", FIELD_HIDDEN, refuse_condition, 0},
	{"file", FIELD_HIDDEN | FIELD_INSTEAD, refuse_file, 0},
	{0},
};

static const struct field *fields_of_catalog(unsigned matcher)
{
	if (matcher == MATCHER_NETWORK)
		return catalog_network_fields;
	return matcher == MATCHER_DIGEST ? catalog_digest_fields : catalog_fields;
}

static const struct field *fields_of_policy(unsigned matcher)
{
	if (matcher == MATCHER_NETWORK)
		return policy_network_fields;
	return matcher == MATCHER_DIGEST ? policy_digest_fields : policy_fields;
}

static int read_ports(struct reader *reader, const struct yaml_node *ports,
		      struct rule_network *network)
{
	struct network_problem problem;
	int err = 0;

	if (!reader_expect(reader, ports, YAML_TYPE_SEQUENCE, NULL))
		return -EINVAL;
	if (!ports->first) {
		reader_error(reader, ports,
			     "'ports' is empty; remove the key if every port is meant");
		return -EINVAL;
	}
	for (const struct yaml_node *port = ports->first; port; port = port->next) {
		if (port->type != YAML_TYPE_INTEGER &&
		    !reader_expect(reader, port, YAML_TYPE_TEXT, "a port or a range of ports")) {
			err = -EINVAL;
		} else if (network_add_ports(port->text, network, &problem) < 0) {
			reader_error(reader, port, "%s", problem.text);
			err = -EINVAL;
		}
	}
	network_sort_ports(network);
	return err;
}

static int read_protocol(struct reader *reader, const struct yaml_node *node,
			 struct rule_network *network)
{
	int protocol;

	if (!reader_expect(reader, node, YAML_TYPE_TEXT, "tcp, udp, sctp or any"))
		return -EINVAL;
	protocol = network_parse_protocol(node->text);
	if (protocol < 0) {
		reader_error(reader, node, "unknown protocol '%s'; expected tcp, udp, sctp or any",
			     quoted(node->text).text);
		return -EINVAL;
	}
	network->protocol = (__u8)protocol;
	return 0;
}

/* As many ports as there are, instead of the room for reading them. */
static int keep_ports(struct reader *reader, struct rule_network *network)
{
	size_t bytes = network->port_count * sizeof(*network->port_first);
	__u16 *ports = reader_alloc(reader, 2 * bytes);

	if (!ports)
		return -ENOMEM;
	network->port_first = memcpy(ports, network->port_first, bytes);
	network->port_last = memcpy(ports + network->port_count, network->port_last, bytes);
	return 0;
}

static int fact_network(struct reader *reader, const struct written *written, struct fact *fact)
{
	struct rule_network *network = reader_alloc(reader, sizeof(*network));
	__u16 first[RULE_PORTS_MAX], last[RULE_PORTS_MAX];
	struct network_problem problem;
	char text[NETWORK_TEXT_BYTES];
	int err = 0;

	if (!network)
		return -ENOMEM;
	network->port_first = first;
	network->port_last = last;
	if (network_parse_cidr(written->value->text, network, &problem) < 0) {
		reader_error(reader, written->value, "%s", problem.text);
		err = -EINVAL;
	}
	if (written->ports && read_ports(reader, written->ports, network) < 0)
		err = -EINVAL;
	if (written->protocol && read_protocol(reader, written->protocol, network) < 0)
		err = -EINVAL;
	if (err)
		return err;

	network_format(network, text);
	if (keep_ports(reader, network) < 0)
		return -ENOMEM;
	fact->network = network;
	fact->value = reader_copy(reader, text);
	return fact->value ? 0 : -ENOMEM;
}

static const char *read_canonical(struct reader *reader, unsigned matcher,
				  const struct yaml_node *node)
{
	char out[CANONICAL_BYTES];
	struct problem problem;
	int err = fact_canonical(matcher, node->text, out, &problem);

	if (err == -ENOMEM)
		reader->no_memory = true;
	else if (err < 0)
		reader_error(reader, node, "%s", problem.text);
	if (err < 0)
		return NULL;
	if (matcher == MATCHER_PATH && canonical_path_doubt(out, &problem))
		diagnostics_add(reader->diags, SEVERITY_WARNING, yaml_place(reader->tree, node),
				"%s", problem.text);
	return strcmp(out, node->text) ? reader_copy(reader, out) : node->text;
}

static void fact_read(struct reader *reader, unsigned matcher, const struct yaml_node *node,
		      const struct field *fields, unsigned confidence, struct facts *facts)
{
	struct written written = {.value = node};
	struct fact *fact;

	if (node->type == YAML_TYPE_MAPPING) {
		written.value = NULL;
		fields_read(reader, node, fields, "a matcher", &written);
	}
	if (!written.value || !reader_text_up_to(reader, written.value, CANONICAL_INPUT_MAX))
		return;

	fact = reader_alloc(reader, sizeof(*fact));
	if (!fact)
		return;
	fact->matcher = matcher;
	fact->confidence = confidence ? confidence : written.confidence;
	fact->place = yaml_place(reader->tree, written.value);
	fact->sources = written.sources.first;
	fact->size = written.size;
	if (matcher == MATCHER_NETWORK) {
		if (fact_network(reader, &written, fact) < 0)
			return;
	} else {
		fact->value = read_canonical(reader, matcher, written.value);
		if (!fact->value)
			return;
	}

	if (facts->last)
		facts->last->next = fact;
	else
		facts->first = fact;
	facts->last = fact;
	facts->count++;
}

/* {file: NAME} where a list in a file cannot be. */
static bool refuse_list(struct reader *reader, const struct yaml_node *node)
{
	if (node->type != YAML_TYPE_MAPPING || !node->first ||
	    strcmp(node->first->key->text, "file"))
		return false;
	reader_error(reader, node, "no list in a file is possible here; write [VALUE, ...]");
	return true;
}

void facts_read_catalog(struct reader *reader, const struct field *field,
			const struct yaml_node *node, void *member)
{
	if (refuse_list(reader, node))
		return;
	if (!reader_expect(reader, node, YAML_TYPE_SEQUENCE, NULL))
		return;
	for (const struct yaml_node *one = node->first; one; one = one->next)
		fact_read(reader, field->argument, one, fields_of_catalog(field->argument),
			  CONFIDENCE_NONE, member);
}

void facts_read_policy(struct reader *reader, const struct field *field,
		       const struct yaml_node *node, void *member)
{
	if (node->type == YAML_TYPE_MAPPING && reader->rules) {
		list_read(reader, node, field->argument);
		return;
	}
	if (refuse_list(reader, node))
		return;
	if (!reader_expect(reader, node, YAML_TYPE_SEQUENCE, NULL))
		return;
	for (const struct yaml_node *one = node->first; one; one = one->next)
		fact_read(reader, field->argument, one, fields_of_policy(field->argument),
			  CONFIDENCE_DOCUMENTED, member);
}

void facts_read_internal(struct reader *reader, const struct field *field,
			 const struct yaml_node *node, void *member)
{
	if (refuse_list(reader, node))
		return;
	if (!reader_expect(reader, node, YAML_TYPE_SEQUENCE, NULL))
		return;
	for (const struct yaml_node *one = node->first; one; one = one->next)
		fact_read(reader, field->argument, one, internal_fields, CONFIDENCE_DOCUMENTED,
			  member);
}

void facts_read_one(struct reader *reader, const struct field *field, const struct yaml_node *node,
		    void *member)
{
	fact_read(reader, field->argument, node, fields_of_policy(field->argument),
		  CONFIDENCE_DOCUMENTED, member);
}

/* ---------------------------------------------------------------- duplicates */

static int compare_facts(const void *left, const void *right)
{
	const struct fact *a = *(const struct fact *const *)left;
	const struct fact *b = *(const struct fact *const *)right;
	int order;

	if (a->matcher != b->matcher)
		return a->matcher < b->matcher ? -1 : 1;
	order = strcmp(a->value, b->value);
	if (order)
		return order;
	if (a->place.line != b->place.line)
		return a->place.line < b->place.line ? -1 : 1;
	return a->place.column < b->place.column ? -1 : a->place.column > b->place.column;
}

/* Marks with MATCHER_NONE what is there twice; of both the better confidence stays. */
static void mark_duplicates(struct reader *reader, struct fact **sorted, size_t count)
{
	struct fact *kept = sorted[0];

	for (size_t i = 1; i < count; i++) {
		struct fact *one = sorted[i];

		if (one->matcher != kept->matcher || strcmp(one->value, kept->value)) {
			kept = one;
			continue;
		}
		if (one->size && kept->size && one->size != kept->size)
			diagnostics_add(
				reader->diags, SEVERITY_ERROR, one->place,
				"'%s' has the size %llu here and %llu on line %u; a content has one size: correct the wrong one",
				quoted(one->value).text, (unsigned long long)one->size,
				(unsigned long long)kept->size, kept->place.line);
		else
			diagnostics_add(reader->diags, SEVERITY_WARNING, one->place,
					"'%s' is there twice, first on line %u; remove one",
					quoted(one->value).text, kept->place.line);
		if (!kept->size)
			kept->size = one->size;
		if (one->confidence > kept->confidence)
			kept->confidence = one->confidence;
		one->matcher = MATCHER_NONE;
	}
}

void facts_finish(struct reader *reader, struct facts *facts)
{
	struct fact **sorted, **link = &facts->first, *last = NULL;
	size_t count = 0;

	if (facts->count < 2)
		return;
	sorted = calloc(facts->count, sizeof(struct fact *));
	if (!sorted) {
		reader->no_memory = true;
		return;
	}
	for (struct fact *fact = facts->first; fact; fact = fact->next)
		sorted[count++] = fact;
	qsort(sorted, count, sizeof(struct fact *), compare_facts);
	mark_duplicates(reader, sorted, count);
	free(sorted);

	while (*link) {
		if ((*link)->matcher == MATCHER_NONE) {
			*link = (*link)->next;
			facts->count--;
			continue;
		}
		last = *link;
		link = &last->next;
	}
	facts->last = last;
}

/* SPDX-License-Identifier: MIT */
/*
 * cases.c - see cases.h
 */
#include "cases.h"
#include "date.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* An entry of "cases" as it is written. */
struct written {
	struct field_text name, rule;
	const struct yaml_node *thing;
	const struct thing_kind *kind;
	const struct yaml_node *second; /* another thing in the same entry */
	struct case_subject as;
	unsigned expect, held_by;
};

/* What reading needs: the reader first, so that functions of rows can get at the rest. */
struct case_reader {
	struct reader reader;
	const struct policy_host *host;
	struct cases *cases;
};

static struct case_reader *whole(struct reader *reader)
{
	return (struct case_reader *)reader;
}

/* ---------------------------------------------------------------- as */

static void cgroup_read(struct reader *reader, const struct field *field,
			const struct yaml_node *node, void *member)
{
	const char *text = reader_text_up_to(reader, node, CANONICAL_INPUT_MAX);

	if (!text)
		return;
	if (*text != '/' || strpbrk(text, "*?") || strstr(text, "//") || strstr(text, "/../"))
		reader_error(
			reader, node,
			"'%s' is no cgroup; expected its path from the cgroup v2 root, as /system.slice/x.service",
			quoted(text).text);
	else
		*(const char **)member = text;
}

static int user_number(const char *text, __u32 *out_uid)
{
	unsigned long long value = 0;

	for (; *text; text++) {
		if (*text < '0' || *text > '9' || value > UINT32_MAX)
			return -EINVAL;
		value = value * 10 + (unsigned)(*text - '0');
	}
	/* the last one is no user: chown(2) */
	if (value >= UINT32_MAX)
		return -EINVAL;
	*out_uid = (__u32)value;
	return 0;
}

static void user_read(struct reader *reader, const struct field *field,
		      const struct yaml_node *node, void *member)
{
	const struct policy_host *host = whole(reader)->host;
	const char *text;
	int err;

	if (node->type == YAML_TYPE_INTEGER) {
		if (user_number(node->text, member) < 0)
			reader_error(reader, node, "'%s' is no user id; expected 0 to 4294967294",
				     quoted(node->text).text);
		return;
	}
	text = reader_text(reader, node);
	if (!text)
		return;
	err = host && host->user_id ? host->user_id(host->context, text, member) : -ENOSYS;
	if (err < 0)
		reader_error(reader, node, "the user '%s' %s; write the number of the user",
			     quoted(text).text,
			     err == -ENOENT ? "is not known here" : "cannot be looked up here");
}

/* The beginning of the day: an exception that ends with a day still holds on it. */
static void date_read(struct reader *reader, const struct field *field,
		      const struct yaml_node *node, void *member)
{
	struct problem problem;
	__u64 end_s;

	/* YAML takes 20270331 for a number */
	if (node->type != YAML_TYPE_INTEGER && node->type != YAML_TYPE_NUMBER &&
	    !reader_text(reader, node))
		return;
	if (date_parse(node->text, &end_s, &problem) < 0)
		reader_error(reader, node, "%s", problem.text);
	else
		*(__s64 *)member = (__s64)(end_s - DAY_SECONDS);
}

static void labels_read(struct reader *reader, const struct field *field,
			const struct yaml_node *node, void *member)
{
	bool good = true;

	if (!reader_expect(reader, node, YAML_TYPE_MAPPING, "labels as {role: hypervisor}"))
		return;
	for (const struct yaml_node *value = node->first; value; value = value->next)
		good &= reader_text(reader, value) != NULL;
	if (good)
		*(const struct yaml_node **)member = node;
}

/* "met: false" is what the mode wants to know the other way round. */
static void requires_read(struct reader *reader, const struct field *field,
			  const struct yaml_node *node, void *member)
{
	bool met = true;

	field_bool(reader, field, node, &met);
	*(bool *)member = !met;
}

static void contained_read(struct reader *reader, const struct field *field,
			   const struct yaml_node *node, void *member)
{
	const char *text = reader_text(reader, node);

	if (text)
		*(const char **)member = text;
}

#define AS(key, read, member)                                                                      \
	{                                                                                          \
		key, 0, read, offsetof(struct case_subject, member)                                \
	}

static const struct field as_fields[] = {
	AS("cgroup", cgroup_read, subject.cgroup),
	AS("user", user_read, subject.uid),
	AS("date", date_read, subject.now_s),
	AS("labels", labels_read, labels),
	AS("paused", field_bool, subject.paused),
	AS("audit-only", field_bool, subject.capped),
	AS("requires-met", requires_read, subject.requirement_unmet),
	AS("contained", contained_read, contained),
	{0},
};

static void as_read(struct reader *reader, const struct field *field, const struct yaml_node *node,
		    void *member)
{
	fields_read(reader, node, as_fields, "'as'", member);
}

/* ---------------------------------------------------------------- a case */

static void thing_key_read(struct reader *reader, const struct field *field,
			   const struct yaml_node *node, void *member)
{
	struct written *written = member;

	if (written->thing)
		written->second = node;
	written->thing = node;
	written->kind = &thing_kinds()[field->argument];
}

#define WRITTEN(key, flags, read, member)                                                          \
	{                                                                                          \
		key, flags, read, offsetof(struct written, member)                                 \
	}

enum { CASE_KINDS = 8, CASE_OTHERS = 6 };

/* The first of thing_kinds(): what can be tried, and what will be decided one day. */
static void fill_case_fields(struct field *fields)
{
	static const struct field others[CASE_OTHERS] = {
		WRITTEN("name", 0, field_text, name),
		WRITTEN("as", 0, as_read, as),
		{"expect", FIELD_REQUIRED, field_word, offsetof(struct written, expect), 0,
		 outcome_word},
		{"held-by", 0, field_word, offsetof(struct written, held_by), 0, held_by_word},
		WRITTEN("rule", 0, field_text, rule),
		{0},
	};

	for (unsigned i = 0; i < CASE_KINDS; i++)
		fields[i] = (struct field){thing_kinds()[i].word, 0, thing_key_read, 0, i};
	memcpy(fields + CASE_KINDS, others, sizeof(others));
}

/* {address: 192.0.2.1, port: 53, protocol: udp}, put together as it could have been written in one word. */
struct written_address {
	struct field_text address, protocol;
	unsigned port;
};

static const char *address_text(struct reader *reader, const struct yaml_node *node)
{
	static const struct field fields[] = {
		{"address", FIELD_REQUIRED, field_text, offsetof(struct written_address, address)},
		{"port", 0, field_count, offsetof(struct written_address, port)},
		{"protocol", 0, field_text, offsetof(struct written_address, protocol)},
		{0},
	};
	struct written_address written = {.port = THING_PORT};
	const char *text;
	char whole_text[256];
	int length;

	fields_read(reader, node, fields, "an address", &written);
	text = written.address.text;
	if (!text)
		return NULL;
	length = snprintf(whole_text, sizeof(whole_text),
			  strchr(text, ':') ? "[%s]:%u/%s" : "%s:%u/%s", text, written.port,
			  written.protocol.text ?: "tcp");
	if (length < 0 || (size_t)length >= sizeof(whole_text)) {
		reader_error(reader, node, "'%s' is no address", quoted(text).text);
		return NULL;
	}
	return reader_copy(reader, whole_text);
}

static void case_add(struct reader *reader, const struct written *written,
		     const struct yaml_node *node)
{
	struct cases *cases = whole(reader)->cases;
	struct problem problem;
	struct policy_case *one;
	const char *text;

	if (written->kind->matcher == MATCHER_NETWORK && node->type == YAML_TYPE_MAPPING)
		text = address_text(reader, node);
	else
		text = reader_text_up_to(reader, node, CANONICAL_INPUT_MAX);
	if (!text)
		return;
	if (cases->count == CASES_MAX) {
		if (!reader->diags->errors)
			reader_error(reader, node, "more than %d cases; write a second file",
				     CASES_MAX);
		return;
	}
	one = reader_alloc(reader, sizeof(*one));
	if (!one)
		return;
	if (thing_read(written->kind, text, &reader->tree->arena, &one->thing, &problem) < 0) {
		reader_error(reader, node, "%s", problem.text);
		return;
	}
	one->place = yaml_place(reader->tree, node);
	one->name = written->name.text;
	one->as = written->as;
	one->expect = written->expect;
	one->held_by = written->held_by;
	one->rule = written->rule.text;
	if (cases->last)
		cases->last->next = one;
	else
		cases->first = one;
	cases->last = one;
	cases->count++;
}

static void case_check(struct reader *reader, const struct yaml_node *node,
		       const struct written *written)
{
	if (!written->thing)
		reader_error(
			reader, node,
			"a case that tries nothing; expected one of: exec, load, connect, digest, package, package-vendor, module, domain");
	else if (written->second)
		reader_error(reader, written->second->key,
			     "'%s' in a case that tries something else; write a case for each",
			     written->second->key->text);
	if (written->rule.text && written->expect == OUTCOME_NONE)
		diagnostics_add(reader->diags, SEVERITY_ERROR, written->rule.place,
				"'rule' in a case that expects none; remove one of them");
	if (written->held_by && written->expect && written->expect != OUTCOME_AUDIT)
		reader_error(reader, node,
			     "'held-by' says why a rule is in audit; it needs 'expect: audit'");
}

static void case_read(struct reader *reader, const struct yaml_node *node,
		      const struct case_subject *as)
{
	struct field fields[CASE_KINDS + CASE_OTHERS];
	struct written written = {.as = *as};
	size_t errors = reader->diags->errors;

	fill_case_fields(fields);
	fields_read(reader, node, fields, "a case", &written);
	if (node->type != YAML_TYPE_MAPPING)
		return;
	case_check(reader, node, &written);
	if (reader->diags->errors > errors)
		return;
	if (written.thing->type != YAML_TYPE_SEQUENCE) {
		case_add(reader, &written, written.thing);
		return;
	}
	if (!written.thing->first)
		reader_error(reader, written.thing, "'%s' is empty; expected at least one",
			     written.kind->word);
	for (const struct yaml_node *one = written.thing->first; one; one = one->next)
		case_add(reader, &written, one);
}

/* ---------------------------------------------------------------- the document */

struct written_document {
	struct case_subject as;
	const struct yaml_node *cases;
};

static void list_read(struct reader *reader, const struct field *field,
		      const struct yaml_node *node, void *member)
{
	if (reader_expect(reader, node, YAML_TYPE_SEQUENCE, NULL))
		*(const struct yaml_node **)member = node;
}

static const struct field document_fields[] = {
	{"kind", FIELD_REQUIRED},
	{"as", 0, as_read, offsetof(struct written_document, as)},
	{"cases", FIELD_REQUIRED, list_read, offsetof(struct written_document, cases)},
	{0},
};

int cases_read(struct yaml_tree *tree, const struct policy_host *host, struct diagnostics *diags,
	       struct cases **out_cases)
{
	struct case_reader reader = {{.tree = tree, .diags = diags}, host, NULL};
	struct written_document written = {0};
	size_t errors = diags->errors;
	int err = 0;

	reader.cases = calloc(1, sizeof(*reader.cases));
	if (!reader.cases) {
		yaml_tree_free(tree);
		return -ENOMEM;
	}
	reader.cases->tree = tree;
	if (fields_read_document(&reader.reader, document_fields, "Cases", &written) &&
	    written.cases) {
		/* "as" of the document may stand behind the cases */
		for (const struct yaml_node *one = written.cases->first; one; one = one->next)
			case_read(&reader.reader, one, &written.as);
		if (!written.cases->first)
			reader_error(&reader.reader, written.cases,
				     "'cases' is empty; a test that tries nothing proves nothing");
	}
	if (reader.reader.no_memory)
		err = -ENOMEM;
	else if (diags->errors > errors || tree->faulty)
		err = -EINVAL;
	if (err < 0) {
		cases_free(reader.cases);
		return err;
	}
	*out_cases = reader.cases;
	return 0;
}

int cases_load(const char *path, const struct policy_host *host, struct diagnostics *diags,
	       struct cases **out_cases)
{
	struct yaml_tree *tree = NULL;
	int err = yaml_tree_load(path, diags, &tree);

	return err < 0 ? err : cases_read(tree, host, diags, out_cases);
}

void cases_free(struct cases *cases)
{
	if (!cases)
		return;
	yaml_tree_free(cases->tree);
	free(cases);
}

/* ---------------------------------------------------------------- judging */

/* "vendor/product" is the beginning of "vendor/product/path/01234567". */
static bool begins_id(const char *id, const char *expected)
{
	size_t bytes = strlen(expected);

	return id && !strncmp(id, expected, bytes) && (!id[bytes] || id[bytes] == '/');
}

/* The first rule that contains, and whose id is the expected one or begins like it. NULL: there is none. */
static const struct generation_rule *find_contained(const struct generation *generation,
						    const char *expected)
{
	for (size_t i = 0; i < generation->rule_count; i++)
		if (generation->rules[i].action == ACTION_CONTAIN &&
		    begins_id(generation->rules[i].id, expected))
			return &generation->rules[i];
	return NULL;
}

struct case_result case_judge(const struct policy_case *one, const struct generation *generation,
			      const struct match_index *index, __s64 now_s)
{
	struct match_subject subject = one->as.subject;
	struct case_result result = {0};
	const struct match *match = &result.answer.decision.match;

	if (!subject.now_s)
		subject.now_s = now_s;
	if (one->as.contained)
		subject.contained = find_contained(generation, one->as.contained);
	result.contained_good = !one->as.contained || subject.contained;
	result.answer = thing_ask(generation, index, &one->thing, &subject);
	result.outcome_good = (unsigned)result.answer.outcome == one->expect;
	result.held_by_good = !one->held_by || result.answer.decision.held_by == one->held_by;
	/* the entry that let it through may be named, too */
	if (result.answer.outcome == OUTCOME_ALLOW && one->rule &&
	    begins_id(match->allow->id, one->rule))
		result.rule = match->allow->id;
	else if (match->rule)
		result.rule = match->rule->id;
	result.rule_good = !one->rule || begins_id(result.rule, one->rule);
	result.passed = result.outcome_good && result.held_by_good && result.rule_good &&
			result.contained_good;
	return result;
}

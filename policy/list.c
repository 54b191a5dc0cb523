/* SPDX-License-Identifier: MIT */
/*
 * list.c - lists in files. Everything here is done a million times for the largest lists: texts are packed
 * one behind the other, and what is there twice is found with one table after the last line.
 */
#include "list.h"
#include "load.h"
#include "network.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_CHUNK_FIRST (4u * 1024) /* doubled up to */
#define TEXT_CHUNK_MAX   (256u * 1024)

struct parser {
	struct reader *reader;
	unsigned matcher;
	struct place place; /* of the value under way */
	size_t wrong;       /* lines that were refused */
	size_t doubts;      /* lines that probably mean something else; the first is told */
	char *text;         /* room for values; in the arena */
	size_t text_left, text_chunk;
	const __u16 *ports; /* of the network before this one: most lists have one kind */
	unsigned port_count;
	char value[CANONICAL_INPUT_MAX + 1];
	char out[CANONICAL_BYTES];
};

static void refuse(struct parser *parser, unsigned column, const char *why)
{
	struct place place = parser->place;

	place.column = column;
	if (parser->wrong++ < LIST_ERRORS_MAX)
		diagnostics_add(parser->reader->diags, SEVERITY_ERROR, place, "%s", why);
}

/* ---------------------------------------------------------------- lines */

/* Only what is not printable ASCII is looked at one by one. Return: false after an error. */
static bool check_text(struct parser *parser, const char *line, size_t bytes)
{
	unsigned column = 1;
	char why[96];

	for (size_t at = 0; at < bytes; column++) {
		unsigned char byte = (unsigned char)line[at];
		uint32_t point = byte;
		size_t length = 1;

		if (byte >= 0x80)
			length = yaml_character((const unsigned char *)line + at, bytes - at,
						&point);
		at += length;
		if (length && (point >= 0xa0 || (point >= 0x20 && point < 0x7f) || point == '\t') &&
		    point != 0xfeff)
			continue;
		if (!length)
			(void)snprintf(why, sizeof(why),
				       "byte 0x%02x is not UTF-8; save the list as UTF-8", byte);
		else if (point == 0xfeff)
			(void)snprintf(why, sizeof(why),
				       "a byte order mark; save the list as UTF-8 without BOM");
		else if (!point)
			(void)snprintf(why, sizeof(why), "a NUL byte; the list must be text");
		else
			(void)snprintf(why, sizeof(why), "the control character U+%04X; remove it",
				       point);
		refuse(parser, column, why);
		return false;
	}
	return true;
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

/* What is left of a line without remark and blanks around it; *line and *bytes are moved to it. */
static void strip(const char **line, size_t *bytes)
{
	const char *text = *line, *end = text + *bytes;

	for (const char *mark = text; (mark = memchr(mark, '#', (size_t)(end - mark))); mark++) {
		if (mark == text || is_blank(mark[-1])) {
			end = mark;
			break;
		}
	}
	while (text < end && is_blank(*text))
		text++;
	while (text < end && is_blank(end[-1]))
		end--;
	*line = text;
	*bytes = (size_t)(end - text);
}

static const char size_word[] = "size=";

/*
 * sha256sum(1) writes "HEX  name", "HEX *name" for binary files, a '\' before both for names with line
 * breaks, and "SHA256 (name) = HEX" with --tag. The size stands right behind the digits, "HEX size=123  name":
 * there sha256sum never puts one, while a name may well end in " size=123".
 */
static const char *digest_of_line(char *value, const char **out_size)
{
	char *start = value, *end;

	*out_size = NULL;
	if (!strncmp(value, "SHA256 (", 8) && (end = strstr(value, ") = "))) {
		for (char *next = end; (next = strstr(next + 1, ") = "));)
			end = next; /* the name may have it, too */
		start = end + 4;
	} else if (*value == '\\') {
		start++;
	}
	end = start + strcspn(start, " \t");
	value = end + strspn(end, " \t");
	*end = '\0';
	if (!strncmp(value, size_word, sizeof(size_word) - 1)) {
		value += sizeof(size_word) - 1;
		value[strcspn(value, " \t")] = '\0';
		*out_size = value;
	}
	return start;
}

/* A line of a document that was copied with what belongs to YAML. */
static const char *yaml_in_line(const char *value)
{
	if (value[0] == '-' && is_blank(value[1]))
		return "'- ' at the beginning; a list in a file has one value a line and nothing else";
	if (value[0] == '"' || value[0] == '\'')
		return "a value in quotes; a list in a file has no quotes, and needs none";
	return NULL;
}

/* ---------------------------------------------------------------- values */

static const char *keep_text(struct parser *parser, const char *text, size_t bytes)
{
	char *kept;

	if (bytes + 1 > parser->text_left) {
		size_t chunk = parser->text_chunk ? 2 * parser->text_chunk : TEXT_CHUNK_FIRST;

		parser->text_chunk = chunk < TEXT_CHUNK_MAX ? chunk : TEXT_CHUNK_MAX;
		chunk = bytes + 1 > parser->text_chunk ? bytes + 1 : parser->text_chunk;
		parser->text = reader_alloc(parser->reader, chunk);
		parser->text_left = parser->text ? chunk : 0;
		if (!parser->text)
			return NULL;
	}
	kept = memcpy(parser->text, text, bytes + 1);
	parser->text += bytes + 1;
	parser->text_left -= bytes + 1;
	return kept;
}

/* Neighbours mostly have the same ports; they share them. */
static int keep_ports(struct parser *parser, struct rule_network *network)
{
	size_t count = network->port_count, bytes = count * sizeof(__u16);
	__u16 *ports = (__u16 *)parser->ports;

	if (!count) {
		network->port_first = network->port_last = NULL;
		return 0;
	}
	if (count != parser->port_count || memcmp(ports, network->port_first, bytes) ||
	    memcmp(ports + count, network->port_last, bytes)) {
		ports = reader_alloc(parser->reader, 2 * bytes);
		if (!ports)
			return -ENOMEM;
		memcpy(ports, network->port_first, bytes);
		memcpy(ports + count, network->port_last, bytes);
		parser->ports = ports;
		parser->port_count = count;
	}
	network->port_first = ports;
	network->port_last = ports + count;
	return 0;
}

/* Return: bytes of the canonical text in parser->out; 0 after an error. */
static size_t make_network(struct parser *parser, struct rule_network *network)
{
	struct network_problem problem;

	if (network_parse_text(parser->value, network, &problem) < 0) {
		refuse(parser, parser->place.column, problem.text);
		return 0;
	}
	if (keep_ports(parser, network) < 0)
		return 0;
	return (size_t)(network_format(network, parser->out) - parser->out);
}

/* @size: bytes of the file of a digest, 0 where it is not said. */
static size_t make_text(struct parser *parser, __u64 *size)
{
	const char *text = parser->value, *written = NULL;
	struct problem problem;
	int err;

	if (parser->matcher == MATCHER_DIGEST)
		text = digest_of_line(parser->value, &written);
	err = fact_canonical(parser->matcher, text, parser->out, &problem);
	if (!err && written)
		err = file_size_parse(written, size, &problem);
	if (err == -ENOMEM)
		parser->reader->no_memory = true;
	else if (err < 0)
		refuse(parser, parser->place.column, problem.text);
	else if (parser->matcher == MATCHER_PATH && canonical_path_doubt(parser->out, &problem) &&
		 !parser->doubts++)
		diagnostics_add(parser->reader->diags, SEVERITY_WARNING, parser->place, "%s",
				problem.text);
	return err < 0 ? 0 : strlen(parser->out);
}

static void value_read(struct parser *parser)
{
	__u16 first[RULE_PORTS_MAX], last[RULE_PORTS_MAX];
	struct rule_network network = {.port_first = first, .port_last = last};
	bool is_network = parser->matcher == MATCHER_NETWORK;
	const char *yaml = yaml_in_line(parser->value);
	struct fact fact = {
		.place = parser->place,
		.matcher = parser->matcher,
		.confidence = CONFIDENCE_DOCUMENTED,
		.network = is_network ? &network : NULL,
	};
	size_t bytes;

	if (yaml) {
		refuse(parser, parser->place.column, yaml);
		return;
	}
	bytes = is_network ? make_network(parser, &network) : make_text(parser, &fact.size);
	if (!bytes)
		return;
	fact.value = keep_text(parser, parser->out, bytes);
	if (!fact.value || !rules_add(parser->reader->rules, &fact))
		parser->reader->no_memory = true;
}

/* Return: false when the rest of the list is not read. */
static bool line_read(struct parser *parser, const char *line, size_t bytes)
{
	const char *start = line;

	if (bytes && line[bytes - 1] == '\r')
		bytes--;
	if (!check_text(parser, line, bytes))
		return true;
	strip(&line, &bytes);
	if (!bytes)
		return true;
	parser->place.column = 1;
	for (const char *at = start; at < line; at++)
		parser->place.column++;
	if (bytes > CANONICAL_INPUT_MAX) {
		refuse(parser, parser->place.column,
		       "the line is too long; one value a line is expected");
		return true;
	}
	if (parser->reader->list_values++ >= LIST_VALUES_MAX) {
		refuse(parser, parser->place.column,
		       "too many values: the lists of a policy can have 2000000; write networks and subtrees instead of single addresses and files");
		return false;
	}
	memcpy(parser->value, line, bytes);
	parser->value[bytes] = '\0';
	value_read(parser);
	return !parser->reader->no_memory;
}

/* ---------------------------------------------------------------- what is there twice */

struct seen {
	__u32 rule; /* index + 1; 0: nothing */
	__u32 tag;  /* of the hash: spares looking at most other texts */
};

#define SEEN_STEPS 64 /* of one search; a hostile list can give all its values one hash */
#define SEEN_AHEAD 8  /* values whose place in the table is fetched while others are looked for */

static __u64 seen_hash(const struct rule *rule)
{
	__u64 hash = name_hash(rule->value, strlen(rule->value));

	return hash ^ hash >> 32;
}

/*
 * The rule of this text that is in the table already, or NULL; then it is put there. What is not found after
 * many steps is taken for new: the compiler makes one rule of two in any case, it only says nothing.
 */
static const struct rule *seen_find(struct seen *table, size_t mask, const struct rule *list,
				    size_t index, __u64 hash)
{
	__u32 tag = hash >> 24;

	for (unsigned step = 0; step < SEEN_STEPS; step++) {
		struct seen *seen = &table[(hash + step) & mask];

		if (!seen->rule) {
			*seen = (struct seen){.rule = index + 1, .tag = tag};
			return NULL;
		}
		if (seen->tag == tag && !strcmp(list[seen->rule - 1].value, list[index].value))
			return &list[seen->rule - 1];
	}
	return NULL;
}

/* Copies of one file have one digest, so lists of digests say nothing about them. */
static void warn_doubles(struct parser *parser, const struct rule *double_of,
			 const struct rule *rule, size_t count)
{
	if (parser->matcher == MATCHER_DIGEST)
		return;
	if (count > 1)
		diagnostics_add(
			parser->reader->diags, SEVERITY_WARNING, rule->place,
			"'%s' is there twice, first on line %u; remove one (%zu more like it)",
			quoted(rule->value).text, double_of->place.line, count - 1);
	else
		diagnostics_add(parser->reader->diags, SEVERITY_WARNING, rule->place,
				"'%s' is there twice, first on line %u; remove one",
				quoted(rule->value).text, double_of->place.line);
}

/* Of one digest: a size that is said once is enough, two that differ are a mistake. */
static void join_sizes(struct parser *parser, struct rule *into, const struct rule *other)
{
	char why[256];

	if (!into->size) {
		into->size = other->size;
		into->unenforced_why = other->unenforced_why;
	} else if (other->size && other->size != into->size) {
		(void)snprintf(
			why, sizeof(why),
			"'%s' has the size %llu here and %llu on line %u; a content has one size: correct the wrong one",
			quoted(into->value).text, (unsigned long long)other->size,
			(unsigned long long)into->size, into->place.line);
		parser->place = other->place;
		refuse(parser, other->place.column, why);
	}
}

static void drop_doubles(struct parser *parser, size_t first)
{
	struct rules *rules = parser->reader->rules;
	struct rule *list = rules->list + first, twice = {0};
	size_t count = rules->count - first, kept = 0, size = 16, doubles = 0;
	const struct rule *double_of = NULL;
	__u64 hashes[SEEN_AHEAD] = {0};
	struct seen *table;

	while (size < 2 * count)
		size *= 2;
	table = calloc(size, sizeof(*table));
	if (!table) {
		parser->reader->no_memory = true;
		return;
	}
	for (size_t i = 0; i < count + SEEN_AHEAD; i++) {
		const struct rule *other;
		__u64 hash = hashes[i % SEEN_AHEAD];

		if (i < count) {
			hashes[i % SEEN_AHEAD] = seen_hash(&list[i]);
			__builtin_prefetch(&table[hashes[i % SEEN_AHEAD] & (size - 1)]);
		}
		if (i < SEEN_AHEAD)
			continue;
		if (kept != i - SEEN_AHEAD)
			list[kept] = list[i - SEEN_AHEAD];
		other = seen_find(table, size - 1, list, kept, hash);
		if (other && parser->matcher == MATCHER_DIGEST)
			join_sizes(parser, &list[other - list], &list[kept]);
		if (!other)
			kept++;
		else if (!doubles++)
			double_of = other, twice = list[kept];
	}
	free(table);
	rules->count = first + kept;
	if (doubles)
		warn_doubles(parser, double_of, &twice, doubles);
}

/* ---------------------------------------------------------------- files */

void list_parse(struct reader *reader, const char *file, unsigned matcher, const char *data,
		size_t bytes)
{
	struct parser *parser = calloc(1, sizeof(*parser));
	const char *end = data + bytes;
	size_t first = reader->rules->count;

	if (!parser) {
		reader->no_memory = true;
		return;
	}
	parser->reader = reader;
	parser->matcher = matcher;
	parser->place.file = file;
	while (data < end) {
		const char *line = data, *stop = memchr(data, '\n', (size_t)(end - data));

		parser->place.line++;
		data = stop ? stop + 1 : end;
		if (!line_read(parser, line, (size_t)((stop ? stop : end) - line)))
			break;
	}
	if (reader->rules->count > first + 1)
		drop_doubles(parser, first);
	if (parser->wrong > LIST_ERRORS_MAX)
		diagnostics_add(reader->diags, SEVERITY_NOTE, parser->place,
				"%zu more lines of this list are wrong",
				parser->wrong - LIST_ERRORS_MAX);
	free(parser);
}

static void written_file(struct reader *reader, const struct field *field,
			 const struct yaml_node *node, void *member)
{
	*(const struct yaml_node **)member = reader_text(reader, node) ? node : NULL;
}

static const struct field list_fields[] = {
	{"file", FIELD_REQUIRED, written_file, 0},
	{0},
};

/* A list belongs to its policy: it lies beside it or below, so that both can be moved and signed together. */
static bool check_name(struct reader *reader, const struct yaml_node *node)
{
	const char *name = node->text;

	for (const char *at = name; *name != '/'; at++) {
		size_t bytes = strcspn(at, "/");

		if (bytes == 2 && !memcmp(at, "..", 2))
			break;
		at += bytes;
		if (!*at)
			return true;
	}
	reader_error(
		reader, node,
		"the list '%s' is outside the directory of the policy; put it there and write its name, as {file: list.txt}",
		quoted(name).text);
	return false;
}

static char *list_path(struct reader *reader, const char *name)
{
	const char *document = reader->tree->file, *slash = strrchr(document, '/');
	int bytes = slash ? (int)(slash - document) + 1 : 0;
	char *path = reader_alloc(reader, (size_t)bytes + strlen(name) + 1);

	if (path) {
		memcpy(path, document, (size_t)bytes);
		strcpy(path + bytes, name);
	}
	return path;
}

void list_read(struct reader *reader, const struct yaml_node *node, unsigned matcher)
{
	const struct yaml_node *name = NULL;
	size_t bytes = 0, values = reader->list_values, errors = reader->diags->errors;
	char *path, *data = NULL;
	int err;

	fields_read(reader, node, list_fields, "a list in a file", &name);
	if (!name || !check_name(reader, name))
		return;
	path = list_path(reader, name->text);
	if (!path)
		return;
	err = load_file(path, LIST_BYTES_MAX, &data, &bytes);
	if (err == -ENOMEM) {
		reader->no_memory = true;
	} else if (err < 0) {
		reader_error(reader, name, "the list '%s' cannot be read: %s", quoted(path).text,
			     err == -EINVAL ? "it is not a regular file" : strerror(-err));
	} else if (bytes > LIST_BYTES_MAX) {
		reader_error(reader, name, "the list '%s' is larger than %u MiB; divide it",
			     quoted(path).text, LIST_BYTES_MAX >> 20);
	} else {
		reader->lists++;
		list_parse(reader, path, matcher, data, bytes);
		if (values == reader->list_values && errors == reader->diags->errors)
			diagnostics_add(reader->diags, SEVERITY_WARNING,
					yaml_place(reader->tree, name),
					"the list '%s' has no value; nothing is refused for it",
					quoted(path).text);
	}
	free(data);
}

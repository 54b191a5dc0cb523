/* SPDX-License-Identifier: MIT */
/*
 * eventq.c - asks questions of a file of events (one JSON object a line) and of other JSON output, for
 * test scripts in a guest that has no other tool for it. A KEY is a path of names with dots, whether
 * the writer nests objects or writes the dots.
 *
 * usage: eventq wait FILE SECONDS FILTER...        wait until an event matches, print it; 1: none came
 *        eventq count FILE FILTER...               how many events match
 *        eventq attempts FILE FILTER...            the same with the repeats folded into them
 *        eventq get FILE KEY... [FILTER...]        those values of each match, tabs between
 *        eventq strip FILE KEY... [FILTER...]      each match without those members, keys sorted
 *        eventq pick FILE KEY... [FILTER...]       in any JSON document: of every object, at any depth
 * FILTER: KEY=VALUE or KEY!=VALUE; a missing member is the empty text. A last line that is still
 * being written is not looked at.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define VALUE_BYTES 8192

/* What is asked of each object. */
struct query {
	const char *command;
	char **arguments;	/* keys and filters mixed */
	int count;
	unsigned long matches, attempts;
	bool first_only;
};

static const json_t *find(const json_t *object, const char *key)
{
	const char *dot = key;
	const json_t *value = json_object_get(object, key);
	char head[VALUE_BYTES];

	while (!value && (dot = strchr(dot, '.'))) {
		snprintf(head, sizeof(head), "%.*s", (int)(dot - key), key);
		value = json_object_get(object, head);
		value = value ? find(value, dot + 1) : NULL;
		dot++;
	}
	return value;
}

/* A value as text: strings as they are, everything else as JSON. */
static void text_of(const json_t *value, char *out_text, size_t size)
{
	char *text;

	if (!value) {
		out_text[0] = '\0';
	} else if (json_is_string(value)) {
		snprintf(out_text, size, "%s", json_string_value(value));
	} else {
		text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
		snprintf(out_text, size, "%s", text ? text : "");
		free(text);
	}
}

static bool filter_passes(const json_t *object, const char *filter)
{
	const char *equals = strchr(filter, '=');
	bool negated = equals > filter && equals[-1] == '!';
	char key[VALUE_BYTES], value[VALUE_BYTES];

	snprintf(key, sizeof(key), "%.*s", (int)(equals - filter) - negated, filter);
	text_of(find(object, key), value, sizeof(value));
	return !strcmp(value, equals + 1) != negated;
}

static void print_values(const struct query *query, const json_t *object)
{
	bool first = true;

	for (int i = 0; i < query->count; i++) {
		char value[VALUE_BYTES];

		if (strchr(query->arguments[i], '='))
			continue;
		text_of(find(object, query->arguments[i]), value, sizeof(value));
		printf("%s%s", first ? "" : "\t", value);
		first = false;
	}
	putchar('\n');
}

static void strip(json_t *object, const char *key)
{
	const char *dot = key;
	char head[VALUE_BYTES];

	json_object_del(object, key);
	while ((dot = strchr(dot, '.'))) {
		snprintf(head, sizeof(head), "%.*s", (int)(dot - key), key);
		strip(json_object_get(object, head), dot + 1);
		dot++;
	}
}

static void print_stripped(const struct query *query, json_t *object)
{
	for (int i = 0; i < query->count; i++)
		if (!strchr(query->arguments[i], '='))
			strip(object, query->arguments[i]);
	json_dumpf(object, stdout, JSON_COMPACT | JSON_SORT_KEYS);
	putchar('\n');
}

static void consider(struct query *query, json_t *object)
{
	for (int i = 0; i < query->count; i++)
		if (strchr(query->arguments[i], '=') && !filter_passes(object, query->arguments[i]))
			return;
	query->matches++;
	/* A summary is no attempt itself; every other event is the one that ended the repeats. */
	query->attempts += !json_is_true(find(object, "embargo.summary"));
	query->attempts += (unsigned long)json_integer_value(find(object, "embargo.repeated"));
	if (!strcmp(query->command, "get") || !strcmp(query->command, "pick"))
		print_values(query, object);
	else if (!strcmp(query->command, "strip"))
		print_stripped(query, object);
	else if (!strcmp(query->command, "wait") && query->matches == 1)
		print_stripped(query, object);
}

/* An object with one of the asked keys counts; so "pick" does not print empty lines for all others. */
static void consider_all(struct query *query, json_t *value)
{
	const char *key;
	json_t *child;
	size_t index;

	if (json_is_object(value)) {
		for (int i = 0; i < query->count; i++) {
			if (!strchr(query->arguments[i], '=') && find(value, query->arguments[i])) {
				consider(query, value);
				break;
			}
		}
		json_object_foreach(value, key, child)
			consider_all(query, child);
	}
	json_array_foreach(value, index, child)
		consider_all(query, child);
}

/* Return: 0, or -1 when a whole line is no JSON object. A file that is not there yet has no events. */
static int read_events(const char *path, struct query *query)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t length;
	int err = 0;

	while (file && (length = getline(&line, &size, file)) > 0) {
		json_error_t error;
		json_t *event;

		if (line[length - 1] != '\n')
			break;
		event = json_loads(line, JSON_REJECT_DUPLICATES, &error);
		if (!json_is_object(event)) {
			fprintf(stderr, "eventq: not an event (%s): %s", error.text, line);
			err = -1;
		} else {
			consider(query, event);
		}
		json_decref(event);
	}
	free(line);
	if (file)
		fclose(file);
	return err;
}

static int wait_for(const char *path, double seconds, struct query *query)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	struct timespec now, start;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		query->matches = 0;
		if (read_events(path, query))
			return 3;
		if (query->matches)
			return 0;
		nanosleep(&pause, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((double)(now.tv_sec - start.tv_sec) < seconds);
	return 1;
}

static int pick(const char *path, struct query *query)
{
	json_error_t error;
	json_t *document = json_load_file(path, 0, &error);

	if (!document) {
		fprintf(stderr, "eventq: %s:%d:%d: %s\n", path, error.line, error.column, error.text);
		return 3;
	}
	consider_all(query, document);
	json_decref(document);
	return query->matches ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct query query = { 0 };
	bool wait = argc > 3 && !strcmp(argv[1], "wait");
	int first = wait ? 4 : 3, err;

	if (argc < 3) {
		fprintf(stderr, "usage: eventq wait|count|attempts|get|strip|pick FILE ...\n");
		return 2;
	}
	query.command = argv[1];
	query.arguments = argv + first;
	query.count = argc - first;
	if (wait)
		return wait_for(argv[2], strtod(argv[3], NULL), &query);
	if (!strcmp(query.command, "pick"))
		return pick(argv[2], &query);
	err = read_events(argv[2], &query);
	if (!strcmp(query.command, "count"))
		printf("%lu\n", query.matches);
	else if (!strcmp(query.command, "attempts"))
		printf("%lu\n", query.attempts);
	return err ? 3 : 0;
}

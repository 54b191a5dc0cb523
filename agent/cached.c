/* SPDX-License-Identifier: MIT */
/*
 * cached.c - see cached.h. The answer is a tree of JSON that is only looked at once; what counts of it becomes records, sorted by
 * their owner, so that following an alias is a search.
 */
#include "cached.h"
#include "clean.h"

#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <string.h>

#define CLASS_IN   1
#define TYPE_A	   1
#define TYPE_CNAME 5
#define TYPE_AAAA  28

struct record {
	struct domain_text owner;
	struct domain_text target;	/* of an alias; no bytes: an address */
	struct address_key address;
	__u64 until_us;
};

struct cached {
	struct record *records;		/* owned; sorted by owner */
	size_t count, room;
	const struct domain_text **targets;	/* owned; of the aliases, sorted */
	size_t target_count;
};

/* ---------------------------------------------------------------- a record */

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/*
 * A name as text: a byte that is none of a host's name is \DDD, a dot in a label "\.". As the kernel has it (bpf/dns.h): lower case,
 * and a dot that is none between labels is a byte that no rule contains.
 */
static bool read_name(const char *text, struct domain_text *out)
{
	*out = (struct domain_text){0};
	while (*text) {
		unsigned byte = (unsigned char)*text++;

		if (byte == '\\' && is_digit(text[0])) {
			if (!is_digit(text[1]) || !is_digit(text[2]))
				return false;
			byte = (unsigned)(text[0] - '0') * 100 + (unsigned)(text[1] - '0') * 10 + (unsigned)(text[2] - '0');
			text += 3;
		} else if (byte == '\\') {
			byte = *text == '.' ? '\\' : (unsigned char)*text;
			text += *text != '\0';
		} else if (byte == '.' && !*text) {
			break;
		}
		if (byte >= 'A' && byte <= 'Z')
			byte += 'a' - 'A';
		if (!byte || byte > 255 || out->bytes >= DOMAIN_BYTES)
			return false;
		out->text[out->bytes++] = (char)byte;
	}
	return out->bytes > 0;
}

/* As a key has it. */
static bool read_address(const json_t *list, size_t bytes, struct address_key *out)
{
	static const struct address_key mapped = {{[10] = 0xff, [11] = 0xff}};
	const json_t *one;
	size_t i;

	*out = mapped;
	if (json_array_size(list) != bytes)
		return false;
	json_array_foreach (list, i, one) {
		if (!json_is_integer(one) || json_integer_value(one) < 0 || json_integer_value(one) > 255)
			return false;
		out->address[16 - bytes + i] = (__u8)json_integer_value(one);
	}
	return true;
}

static int record_add(struct cached *cached, const struct record *record)
{
	if (cached->count == CACHED_RECORDS_MAX)
		return -E2BIG;
	if (cached->count == cached->room) {
		size_t room = 2 * cached->room + 64;
		struct record *more = realloc(cached->records, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		cached->records = more;
		cached->room = room;
	}
	cached->records[cached->count++] = *record;
	return 0;
}

/* A resource record; what says nothing here is passed over, what cannot be what it says it is, is an error. */
static int read_record(struct cached *cached, const json_t *rr, __u64 until_us)
{
	const json_t *key = json_object_get(rr, "key");
	const json_t *type = json_object_get(key, "type"), *class = json_object_get(key, "class");
	const char *name = json_string_value(json_object_get(key, "name")), *target;
	struct record record = {.until_us = until_us};

	if (!json_is_integer(type) || !json_is_integer(class) || !name)
		return -EPROTO;
	if (json_integer_value(class) != CLASS_IN)
		return 0;
	switch (json_integer_value(type)) {
	case TYPE_A:
	case TYPE_AAAA:
		if (!read_address(json_object_get(rr, "address"), json_integer_value(type) == TYPE_A ? 4 : 16, &record.address))
			return -EPROTO;
		if (address_is_own(&record.address))
			return 0;
		break;
	case TYPE_CNAME:
		target = json_string_value(json_object_get(rr, "name"));
		if (!target)
			return -EPROTO;
		if (!read_name(target, &record.target))
			return 0;
		break;
	default:
		return 0;
	}
	return read_name(name, &record.owner) ? record_add(cached, &record) : 0;
}

/* ---------------------------------------------------------------- an answer */

/* An entry has all records of one name and type; what is known not to be there has none. */
static int read_entry(struct cached *cached, const json_t *entry)
{
	const json_t *until = json_object_get(entry, "until"), *list = json_object_get(entry, "rrs"), *one;
	size_t i;
	int err = 0;

	if (!json_is_object(json_object_get(entry, "key")) || !json_is_integer(until) || json_integer_value(until) < 0 ||
	    (list && !json_is_null(list) && !json_is_array(list)))
		return -EPROTO;
	json_array_foreach (list, i, one) {
		const json_t *rr = json_object_get(one, "rr");

		if (!json_is_object(one) || (rr && !json_is_null(rr) && !json_is_object(rr)))
			return -EPROTO;
		if (json_is_object(rr))	/* of other types there are only the bytes */
			err = read_record(cached, rr, (__u64)json_integer_value(until));
		if (err)
			return err;
	}
	return 0;
}

/* What one protocol has learned by one interface. */
static int read_scope(struct cached *cached, const json_t *scope)
{
	const char *protocol = json_string_value(json_object_get(scope, "protocol"));
	const json_t *list = json_object_get(scope, "cache"), *one;
	size_t i;
	int err = 0;

	if (!protocol || !json_is_array(list))
		return -EPROTO;
	if (strcmp(protocol, "dns"))
		return 0;
	json_array_foreach (list, i, one) {
		err = read_entry(cached, one);
		if (err)
			return err;
	}
	return 0;
}

static int read_answer(struct cached *cached, const json_t *answer, const char **out_why)
{
	const char *error = json_string_value(json_object_get(answer, "error"));
	const json_t *dump = json_object_get(json_object_get(answer, "parameters"), "dump"), *one;
	size_t i;
	int err = 0;

	*out_why = "its answer is none to this question";
	if (error && (!strcmp(error, "org.varlink.service.MethodNotFound") || !strcmp(error, "org.varlink.service.MethodNotImplemented"))) {
		*out_why = "it does not tell it, versions before 254 do not";
		return -EOPNOTSUPP;
	}
	if (error)
		*out_why = "it refuses to tell it";
	if (error || !json_is_array(dump))
		return -EPROTO;
	*out_why = "an entry is not as this version of embargo knows it";
	json_array_foreach (dump, i, one) {
		err = read_scope(cached, one);
		if (err)
			break;
	}
	if (err == -E2BIG)
		*out_why = "it has more records than are read";
	return err;
}

static int compare_names(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct domain_text));
}

/* A record begins with its owner. */
static int compare_records(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct domain_text)) ?: memcmp(a, b, sizeof(struct record));
}

static int compare_targets(const void *a, const void *b)
{
	return compare_names(*(const struct domain_text *const *)a, *(const struct domain_text *const *)b);
}

static int put_in_order(struct cached *cached)
{
	if (!cached->count)
		return 0;
	cached->targets = calloc(cached->count, sizeof(*cached->targets));
	if (!cached->targets)
		return -ENOMEM;
	qsort(cached->records, cached->count, sizeof(*cached->records), compare_records);
	for (size_t i = 0; i < cached->count; i++)
		if (cached->records[i].target.bytes)
			cached->targets[cached->target_count++] = &cached->records[i].target;
	qsort(cached->targets, cached->target_count, sizeof(*cached->targets), compare_targets);
	return 0;
}

int cached_parse(const char *text, size_t bytes, const char **out_why, struct cached **out)
{
	json_error_t wrong = {0};
	AUTO_JSON json_t *answer = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &wrong);
	struct cached *cached = calloc(1, sizeof(*cached));
	int err;

	if (!cached || (!answer && json_error_code(&wrong) == json_error_out_of_memory)) {
		err = -ENOMEM;
	} else if (!json_is_object(answer)) {
		*out_why = "its answer is no JSON object";
		err = -EPROTO;
	} else {
		err = read_answer(cached, answer, out_why) ?: put_in_order(cached);
	}
	if (err == -ENOMEM)
		*out_why = "there is not enough memory for it";
	if (err) {
		cached_free(cached);
		return err;
	}
	*out = cached;
	return 0;
}

void cached_free(struct cached *cached)
{
	if (!cached)
		return;
	free(cached->records);
	free(cached->targets);
	free(cached);
}

size_t cached_count(const struct cached *cached)
{
	return cached->count;
}

/* ---------------------------------------------------------------- along the aliases */

/* A name and all that it is an alias of. */
struct chain {
	const struct domain_text *names[CACHED_NAMES_MAX];
	size_t count;
	const struct domain_text *through;
	bool denied;
};

/* Index of the first record of a name; .count: there is none. */
static size_t first_of(const struct cached *cached, const struct domain_text *name)
{
	size_t low = 0, high = cached->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_names(&cached->records[middle].owner, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < cached->count && !compare_names(&cached->records[low].owner, name) ? low : cached->count;
}

static bool is_of(const struct cached *cached, size_t index, const struct domain_text *name)
{
	return index < cached->count && !compare_names(&cached->records[index].owner, name);
}

/* A circle ends at a name that is there already, anything else where there is no room. */
static void chain_add(struct chain *chain, const struct domain_text *name, cached_judge judge, void *context)
{
	bool denied;

	for (size_t i = 0; i < chain->count; i++)
		if (!compare_names(chain->names[i], name))
			return;
	if (chain->count == CACHED_NAMES_MAX)
		return;
	denied = judge(context, name);
	if (denied && chain->count && !chain->through)
		chain->through = name;
	chain->denied |= denied;
	chain->names[chain->count++] = name;
}

static void chain_follow(const struct cached *cached, struct chain *chain, cached_judge judge, void *context)
{
	for (size_t i = 0; i < chain->count; i++)
		for (size_t at = first_of(cached, chain->names[i]); is_of(cached, at, chain->names[i]); at++)
			if (cached->records[at].target.bytes)
				chain_add(chain, &cached->records[at].target, judge, context);
}

static int chain_tell(const struct cached *cached, const struct chain *chain, cached_fn fn, void *context)
{
	struct cached_name one = {.name = chain->names[0], .through = chain->through, .denied = chain->denied};
	int err = 0;

	for (size_t i = 0; i < chain->count && !err; i++)
		for (size_t at = first_of(cached, chain->names[i]); is_of(cached, at, chain->names[i]) && !err; at++) {
			if (cached->records[at].target.bytes)
				continue;
			one.address = cached->records[at].address;
			one.until_us = cached->records[at].until_us;
			err = fn(context, &one);
		}
	return err;
}

static bool is_target(const struct cached *cached, const struct domain_text *name)
{
	return cached->target_count &&
	       bsearch(&name, cached->targets, cached->target_count, sizeof(*cached->targets), compare_targets);
}

int cached_each(const struct cached *cached, cached_judge judge, cached_fn fn, void *context)
{
	int err = 0;

	for (size_t i = 0; i < cached->count && !err; i++) {
		const struct domain_text *name = &cached->records[i].owner;
		struct chain chain = {0};

		if (i && !compare_names(&cached->records[i - 1].owner, name))
			continue;
		chain_add(&chain, name, judge, context);
		if (!chain.denied && is_target(cached, name))
			continue;
		chain_follow(cached, &chain, judge, context);
		err = chain_tell(cached, &chain, fn, context);
	}
	return err;
}

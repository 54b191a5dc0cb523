/* SPDX-License-Identifier: MIT */
/*
 * cmd_status.c - embargo status: what is refused and recorded on this host now, and what is not. Asks
 * the agent; without one it reads what is pinned, because enforcement goes on then.
 */
#include "clean.h"
#include "client.h"
#include "command.h"
#include "evidence.h"
#include "kernel.h"
#include "summary.h"
#include "table.h"

#include "../policy/policy.h"
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <string.h>
#include <time.h>

static void help(void)
{
	fputs("usage: embargo status [--json]\n"
	      "\n"
	      "Shows the active policy, its rules by the mode they have on this host now and what\n"
	      "holds them in audit, what carries each hook, counters, pauses, and where events go.\n"
	      "Root and members of the group \"embargo\" may ask.\n"
	      "\n"
	      "Example: is this host all right?\n"
	      "  embargo status >/dev/null && echo yes\n"
	      "\n"
	      "Exit status: 0 good; 1 degraded: something is not as configured, the reasons are\n"
	      "listed first; 3 the status could not be read.\n",
	      stdout);
}

static void print_degraded(const json_t *state)
{
	const json_t *list = json_object_get(state, "degraded"), *one;
	size_t i;

	if (!json_array_size(list)) {
		printf("%sgood%s: everything is as configured\n", colour(stdout, COLOUR_GOOD),
		       colour(stdout, COLOUR_PLAIN));
		return;
	}
	json_array_foreach (list, i, one) {
		const char *text = json_string_value(one);
		AUTO_FREE char *safe = text ? text_safe(text, strlen(text)) : NULL;

		printf("%sdegraded%s: %s\n", colour(stdout, COLOUR_BAD),
		       colour(stdout, COLOUR_PLAIN), safe ? safe : "");
	}
}

static void print_rules(const json_t *state)
{
	const json_t *rules = json_object_get(state, "rules"), *one;
	json_t *held_by = json_object_get(rules, "held_by"), *count;
	const char *why;
	size_t i;

	if (!rules) {
		printf("\nrules      unknown: the names of the active generation are not in the agent's "
		       "directory (--state)\n");
		return;
	}
	printf("\nrules      %lld enforced, %lld in audit", number_of(rules, "enforce"),
	       number_of(rules, "audit"));
	json_object_foreach (held_by, why, count)
		printf("%s %lld by %s",
		       json_object_iter_key(json_object_iter(held_by)) == why ? ":" : ",",
		       json_integer_value(count), why);
	printf("; %lld allow entries\n", number_of(rules, "allow"));
	json_array_foreach (json_object_get(state, "unenforced"), i, one) {
		if (!i)
			printf("not enforced yet:\n");
		printf("           %lld %s: %s\n", number_of(one, "count"), text_of(one, "matcher"),
		       text_of(one, "why"));
	}
}

static void print_vendors(const json_t *reply)
{
	static const char *const heads[] = {"vendor", "name", "rules", "not enforced yet"};
	const json_t *vendors = json_object_get(reply, "vendors"), *one;
	struct table *table;
	size_t i;

	if (!json_array_size(vendors))
		return;
	table = table_new(4, heads);
	json_array_foreach (vendors, i, one) {
		char rules[24], rest[24];
		const char *cells[] = {text_of(one, "id"), text_of(one, "name"), rules, rest};

		snprintf(rules, sizeof(rules), "%lld", number_of(one, "rules"));
		snprintf(rest, sizeof(rest), "%lld", number_of(one, "unenforced"));
		(void)table_row(table, cells);
	}
	putchar('\n');
	table_print(table, stdout);
	table_free(table);
}

static void print_hooks(const json_t *state)
{
	static const char *const heads[] = {"hook", "carried by", "achieves", "why not more"};
	struct table *table = table_new(4, heads);
	const json_t *one;
	size_t i;

	json_array_foreach (json_object_get(state, "hooks"), i, one) {
		bool attached = json_is_true(json_object_get(one, "attached"));
		char achieves[KERNEL_TEXT_BYTES + 64];
		const char *cells[] = {text_of(one, "hook"),
				       attached ? text_of(one, "backend") : "nothing", achieves,
				       text_of(one, "why")};
		long long misses = number_of(one, "recursion_misses");

		snprintf(achieves, sizeof(achieves), "%s", text_of(one, "achieves"));
		if (misses)
			snprintf(achieves, sizeof(achieves),
				 "%s; %lld attempts were not shown to it", text_of(one, "achieves"),
				 misses);
		(void)table_row(table, cells);
	}
	putchar('\n');
	table_print(table, stdout);
	table_free(table);
}

static void print_counters(const json_t *state)
{
	static const char *const heads[] = {"attempts",    "decided",   "refused", "would refuse",
					    "let through", "undecided", "folded",  "lost"};
	static const char *const keys[] = {"decided",   "refused", "would_refuse",  "let_through",
					   "undecided", "folded",  "lost_ring_full"};
	struct table *table = table_new(ARRAY_LENGTH(heads), heads);
	json_t *one;
	const char *hook;

	json_object_foreach (json_object_get(state, "counters"), hook, one) {
		char numbers[ARRAY_LENGTH(keys)][24];
		const char *cells[ARRAY_LENGTH(heads)] = {hook};

		for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
			snprintf(numbers[i], sizeof(numbers[i]), "%lld", number_of(one, keys[i]));
			cells[i + 1] = numbers[i];
		}
		(void)table_row(table, cells);
	}
	putchar('\n');
	table_print(table, stdout);
	table_free(table);
}

static const char *amount(const json_t *from, const char *key, char *buffer, size_t room)
{
	snprintf(buffer, room, "%lld", number_of(from, key));
	return buffer;
}

/* What is known of the policy's files on this host, and what it took to know it. */
static void print_learned(const json_t *state)
{
	static const char *const heads[] = {"attempts", "hashed by the kernel", "without result",
					    "content not known in time", "did not fit"};
	const json_t *learned = json_object_get(state, "learned"),
		     *suspects = json_object_get(state, "suspects");
	struct table *table = table_new(ARRAY_LENGTH(heads), heads);
	const char *hook;
	char read[32];
	json_t *one;

	json_object_foreach (json_object_get(state, "counters"), hook, one) {
		char hashed[24], failed[24], unhashed[24], unlearned[24];
		const char *cells[] = {hook, amount(one, "hashed", hashed, sizeof(hashed)),
				       amount(one, "hash_failed", failed, sizeof(failed)),
				       amount(one, "unhashed", unhashed, sizeof(unhashed)),
				       amount(one, "unlearned", unlearned, sizeof(unlearned))};

		(void)table_row(table, cells);
	}
	if (learned) {
		bytes_text(number_of(learned, "hashed_bytes"), read);
		printf("\nfiles      %lld known by what they are, %lld contents of %lld sizes; search %s",
		       number_of(learned, "files"), number_of(learned, "contents"),
		       number_of(learned, "sizes"), text_of(learned, "search"));
		if (*text_of(learned, "complete_since"))
			printf(" (%.19s UTC)", text_of(learned, "complete_since"));
		printf("\n           last search: %lld files found, %lld facts gone, %lld files with %s read\n",
		       number_of(learned, "found"), number_of(learned, "gone"),
		       number_of(learned, "hashed"), read);
		if (number_of(learned, "missed") || number_of(learned, "unreadable"))
			printf("           %lld places could not be looked at, %lld files not be read: embargo scan says more\n",
			       number_of(learned, "missed"), number_of(learned, "unreadable"));
		if (number_of(learned, "room"))
			printf("           %lld of %lld places for facts in the kernel are used; it grows by itself\n",
			       number_of(learned, "files") + number_of(learned, "contents") +
				       number_of(learned, "sizes"),
			       number_of(learned, "room"));
		if (number_of(learned, "shared") || number_of(learned, "doubtful") ||
		    number_of(learned, "linked"))
			printf("           recognised by path only: %lld contents that innocent programs have too, %lld that\n"
			       "           others than root may have put there, %lld files with names outside the policy\n",
			       number_of(learned, "shared"), number_of(learned, "doubtful"),
			       number_of(learned, "linked"));
	}
	if (number_of(suspects, "asked"))
		printf("           for an attempt: %lld asked, %lld read, %lld embargoed, %lld ended\n"
		       "           not read: %lld unreachable, %lld too many at a time, %lld never answered\n",
		       number_of(suspects, "asked"), number_of(suspects, "read"),
		       number_of(suspects, "embargoed"), number_of(suspects, "ended"),
		       number_of(suspects, "unreachable"), number_of(suspects, "overflow"),
		       number_of(suspects, "hung"));
	if (json_object_size(json_object_get(state, "counters")))
		putchar('\n');
	table_print(table, stdout);
	table_free(table);
}

/* Which addresses denied names have, and whether all of it could be read. */
static void print_names(const json_t *state)
{
	const json_t *names = json_object_get(state, "names"),
		     *counters = json_object_get(json_object_get(state, "counters"), "name");

	const char *cache = text_of(names, "cache");
	bool unread = !strcmp(cache, "unreadable");

	if (!names || !(number_of(names, "names") || number_of(counters, "answers") || unread))
		return;
	printf("\nnames      %lld known of %lld that fit, %lld addresses of %lld (%lld from /etc/hosts)\n"
	       "           %lld answers of DNS read, %lld of them not to the end; %lld addresses or names did not fit\n",
	       number_of(names, "names"), number_of(names, "names_room"), number_of(names, "addresses"),
	       number_of(names, "addresses_room"), number_of(names, "from_hosts"), number_of(counters, "answers"),
	       number_of(counters, "unreadable"),
	       number_of(counters, "unlearned") + number_of(names, "hosts_failed") + number_of(names, "cache_failed"));
	if (unread)
		printf("           the cache of systemd-resolved could not be read: %s\n", text_of(names, "cache_why"));
	else if (!strcmp(cache, "read"))
		printf("           the cache of systemd-resolved was read when the policy came: %lld addresses of denied names\n",
		       number_of(names, "from_cache"));
	if (number_of(counters, "unended"))
		printf("           %lld times more refused connections at once than the agent could be told to end: ended later\n",
		       number_of(counters, "unended"));
}

static void print_contained(const json_t *state)
{
	static const char *const heads[] = {"contained", "name", "since (UTC)", "by rule"};
	const json_t *contained = json_object_get(state, "contained"),
		     *list = json_object_get(contained, "list"), *one;
	struct table *table = json_array_size(list) ? table_new(4, heads) : NULL;
	size_t i;

	if (contained)
		printf("\ncontained  %lld processes, of %lld at most; %lld ran before they were recognised\n",
		       number_of(contained, "processes"), number_of(contained, "room"),
		       number_of(contained, "found"));
	if (number_of(contained, "missed"))
		printf("           %lld forks and sends were not shown to one of the programs that follow them\n",
		       number_of(contained, "missed"));
	if (!strcmp(text_of(contained, "beyond"), "none"))
		printf("           nothing sees connections that they inherit or take in, nor packet and vsock sockets:\n"
		       "           that needs lsm or fmod_ret, embargo doctor says why they are not there\n");
	json_array_foreach (list, i, one) {
		char pid[24], since[24];
		const char *cells[] = {pid, text_of(one, "name"), since, text_of(one, "rule")};

		snprintf(pid, sizeof(pid), "%lld", number_of(one, "pid"));
		snprintf(since, sizeof(since), "%.19s", text_of(one, "since"));
		(void)table_row(table, cells);
	}
	table_print(table, stdout);
	table_free(table);
	if (number_of(contained, "processes") > (long long)json_array_size(list))
		printf("and %lld more\n",
		       number_of(contained, "processes") - (long long)json_array_size(list));
}

static void print_pauses(const json_t *state)
{
	static const char *const heads[] = {"paused", "until", "by user", "reason"};
	const json_t *list = json_object_get(state, "pauses"), *one;
	struct table *table = json_array_size(list) ? table_new(4, heads) : NULL;
	size_t i;

	json_array_foreach (list, i, one) {
		char uid[24];
		const char *vendor = text_of(one, "vendor");
		const char *cells[] = {strcmp(vendor, "*") ? vendor : "everything",
				       text_of(one, "until"), uid, text_of(one, "reason")};

		snprintf(uid, sizeof(uid), "%lld", number_of(one, "uid"));
		(void)table_row(table, cells);
	}
	if (table)
		putchar('\n');
	table_print(table, stdout);
	table_free(table);
}

static void print_requires(const json_t *state)
{
	static const char *const heads[] = {"requires", "value", "met", "what was found"};
	const json_t *list = json_object_get(state, "requires"), *one;
	struct table *table = json_array_size(list) ? table_new(4, heads) : NULL;
	bool all = true;
	size_t i;

	json_array_foreach (list, i, one) {
		bool met = json_is_true(json_object_get(one, "met"));
		const char *cells[] = {text_of(one, "requires"), text_of(one, "value"),
				       met ? "yes" : "no", text_of(one, "found")};

		all &= met;
		(void)table_row(table, cells);
	}
	if (table)
		putchar('\n');
	table_print(table, stdout);
	table_free(table);
	if (!all)
		printf("As long as one of them is not met, no rule of this policy refuses anything "
		       "here.\n");
}

static void print_exceptions(const json_t *state)
{
	static const char *const heads[] = {"allowed", "until (UTC)", "days left", "reason"};
	const json_t *list = json_object_get(state, "exceptions"), *one;
	struct table *table = json_array_size(list) ? table_new(4, heads) : NULL;
	size_t i;

	json_array_foreach (list, i, one) {
		char until[24], left[24];
		const char *cells[] = {text_of(one, "allows"), until, left, text_of(one, "reason")};

		snprintf(until, sizeof(until), "%.16s", text_of(one, "until"));
		if (json_is_true(json_object_get(one, "over")))
			snprintf(left, sizeof(left), "over");
		else
			snprintf(left, sizeof(left), "%lld", number_of(one, "days_left"));
		(void)table_row(table, cells);
	}
	if (table)
		putchar('\n');
	table_print(table, stdout);
	table_free(table);
}

#define TRAFFIC_SHOWN 20

/* Which program: the last component of its path is enough for a table; --json has all of it. */
static const char *program_of(const json_t *row)
{
	const json_t *process = json_object_get(row, "process");
	const char *name = text_of(process, "name");

	return *name ? name : "(unknown)";
}

static void where_to(const json_t *row, char *buffer, size_t room)
{
	const json_t *to = json_object_get(row, "destination");
	const char *ip = text_of(to, "ip"), *domain = text_of(to, "domain");

	snprintf(buffer, room, *domain || !strchr(ip, ':') ? "%s:%lld" : "[%s]:%lld", *domain ? domain : ip,
		 number_of(to, "port"));
}

/* Bytes, or nothing where the kernel does not count them. */
static const char *bytes_of(const json_t *row, const char *side, char *buffer)
{
	const json_t *bytes = json_object_get(json_object_get(row, side), "bytes");

	if (!bytes)
		return "not counted";
	bytes_text(json_integer_value(bytes), buffer);
	return buffer;
}

/* Of "2026-11-27T01:05:18.123456Z" what a table has room for: "11-27 01:05". */
static void when_text(const char *time, char *buffer, size_t room)
{
	if (strlen(time) < 16)
		snprintf(buffer, room, "%s", time);
	else
		snprintf(buffer, room, "%.5s %.5s", time + 5, time + 11);
}

static void print_traffic(const json_t *reply)
{
	static const char *const heads[] = {"what leaves", "program", "to", "connections", "open", "sent", "received",
					    "last seen (UTC)"};
	const json_t *traffic = json_object_get(reply, "traffic"), *rows = json_object_get(traffic, "rows"), *one;
	size_t count = json_array_size(rows), left = number_of(traffic, "left_out"), i;
	struct table *table = count ? table_new(ARRAY_LENGTH(heads), heads) : NULL;

	json_array_foreach (rows, i, one) {
		char to[300], connections[24], open[24], sent[32], received[32], last[24];
		const char *cells[] = {text_of(one, "vendor"), program_of(one), to, connections, open,
				       bytes_of(one, "source", sent), bytes_of(one, "destination", received), last};

		if (i == TRAFFIC_SHOWN)
			break;
		where_to(one, to, sizeof(to));
		snprintf(connections, sizeof(connections), "%lld", number_of(one, "connections"));
		snprintf(open, sizeof(open), "%lld", number_of(one, "open"));
		when_text(text_of(one, "last_seen"), last, sizeof(last));
		(void)table_row(table, cells);
	}
	if (table)
		putchar('\n');
	table_print(table, stdout);
	table_free(table);
	left += count > TRAFFIC_SHOWN ? count - TRAFFIC_SHOWN : 0;
	if (left)
		printf("and %zu more with fewer bytes: embargo status --json\n", left);
}

static void print_sinks(const json_t *reply)
{
	static const char *const heads[] = {"events go to", "written", "lost", "last line"};
	const json_t *list = json_object_get(reply, "sinks"), *one;
	struct table *table = json_array_size(list) ? table_new(4, heads) : NULL;
	size_t i;

	json_array_foreach (list, i, one) {
		char written[24], lost[160] = "", last[48];
		const char *cells[] = {text_of(one, "target"), written, lost, last};
		const char *why;
		json_t *count;
		size_t at = 0;

		snprintf(written, sizeof(written), "%lld", number_of(one, "written"));
		json_object_foreach (json_object_get(one, "lost"), why, count)
			if (at < sizeof(lost))
				at += snprintf(lost + at, sizeof(lost) - at, "%s%lld %s",
					       at ? ", " : "", json_integer_value(count), why);
		snprintf(last, sizeof(last), "%lld %.8s", number_of(one, "sequence"),
			 text_of(one, "hash"));
		(void)table_row(table, cells);
	}
	if (table)
		putchar('\n');
	table_print(table, stdout);
	table_free(table);
}

static void print_status(const json_t *reply)
{
	const json_t *policy = json_object_get(reply, "policy"), *state;
	char memory[32];

	state = json_object_get(reply, "state");
	print_degraded(state);
	if (policy)
		printf("\npolicy     %s revision %lld, %s, generation %s\n           from %s\n",
		       text_of(policy, "name"), number_of(policy, "revision"),
		       text_of(policy, "mode"), text_of(policy, "generation"),
		       text_of(policy, "file"));
	if (json_is_true(json_object_get(state, "audit_only")))
		printf("cap        audit only: nothing can be refused\n");
	if (*text_of(state, "within"))
		printf("bound      decides only within %s\n", text_of(state, "within"));
	bytes_text(number_of(state, "memory_bytes"), memory);
	printf("kernel     %s, %s of kernel memory\n", text_of(state, "kernel"), memory);
	print_rules(state);
	print_requires(state);
	print_exceptions(state);
	print_vendors(reply);
	print_hooks(state);
	print_counters(state);
	print_learned(state);
	print_traffic(reply);
	print_names(state);
	print_contained(state);
	print_pauses(state);
	print_sinks(reply);
}

static __u64 clock_ns(clockid_t clock)
{
	struct timespec now = {0};

	(void)clock_gettime(clock, &now); /* exists */
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* The agent is not there: what the kernel and the state directory say. */
static json_t *read_without_agent(const struct command_context *context)
{
	struct kernel_options options = {.pins = context->pins};
	AUTO_FREE struct kernel_report *report = calloc(1, sizeof(*report));
	AUTO_FREE struct summary_pauses *pauses = calloc(1, sizeof(*pauses));
	struct record_context words = {0};
	struct generation *kept = NULL;
	AUTO_JSON json_t *state = NULL, *traffic = NULL;
	struct summary in = {.now_boot_ns = clock_ns(CLOCK_BOOTTIME)};
	char path[PATH_MAX];
	const char *what;

	if (!report || !pauses || kernel_probe(&options, report) < 0)
		return NULL;
	in.report = report;
	in.boot_to_real_ns = clock_ns(CLOCK_REALTIME) - in.now_boot_ns;
	summary_pauses_read(context->pins, pauses);
	if (pauses->count >= 0)
		in.pauses = pauses;
	if (snprintf(path, sizeof(path), "%s/generation.bin", context->state) < PATH_MAX)
		(void)generation_load(path, &kept); /* only for names */
	if (kept && kept->number == report->generation)
		in.generation = kept;
	words.generations[0] = kept;
	words.boot_to_real_ns = in.boot_to_real_ns;
	traffic = evidence_pinned_json(context->pins, &words);
	state = summary_state(&in);
	what = report->set
		       ? "the agent does not run. Enforcement goes on in the kernel, but events wait "
			 "there until it runs again: systemctl start embargod"
		       : "neither the agent nor enforcement is there: nothing is refused or "
			 "recorded. systemctl start embargo embargod";
	if (state && json_object_set_new(state, "degraded", json_pack("[s]", what)))
		json_decref(take_ptr(state));
	/* what is not known is not zero */
	if (state && report->generation && !in.generation) {
		(void)json_object_del(state, "rules");
		(void)json_object_del(state, "vendors");
	}
	generation_free(kept);
	return state ? json_pack("{s:b, s:O, s:[], s:[], s:O*}", "ok", 1, "state", state, "vendors",
				 "sinks", "traffic", traffic)
		     : NULL;
}

static int get_status(const struct command_context *context, json_t **out_reply)
{
	AUTO_JSON json_t *request = json_pack("{s:s}", "do", "status");
	json_t *reply = NULL;
	int err = client_call(context->run, request, &reply);

	if (err == -ENOENT)
		reply = read_without_agent(context);
	if (!reply) {
		command_no_agent(context, err);
		return COMMAND_FAILED;
	}
	if (!json_is_true(json_object_get(reply, "ok"))) {
		command_say("%s", text_of(reply, "error"));
		json_decref(reply);
		return COMMAND_FAILED;
	}
	*out_reply = reply;
	return COMMAND_GOOD;
}

int cmd_status(const struct command_context *context, int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	AUTO_JSON json_t *reply = NULL;
	bool json = false;
	int key, result;

	while ((key = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (key == 'h') {
			help();
			return COMMAND_GOOD;
		}
		if (key != 'j')
			return command_option("status", key, argv, optind);
		json = true;
	}
	if (optind < argc)
		return command_usage("status", "\"%s\" is not expected", argv[optind]);
	result = get_status(context, &reply);
	if (result != COMMAND_GOOD)
		return result;
	if (json) {
		(void)json_object_del(reply, "ok");
		result = command_json(reply);
	} else {
		print_status(reply);
	}
	if (result == COMMAND_GOOD &&
	    json_array_size(json_object_get(json_object_get(reply, "state"), "degraded")))
		result = COMMAND_FINDINGS;
	return result;
}

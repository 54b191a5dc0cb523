/* SPDX-License-Identifier: MIT */
/*
 * cmd_events.c - embargo events: show, follow, filter and verify event files. The files are what counts;
 * no agent is needed. What is in them is treated as hostile when it is shown.
 */
#include "chain.h"
#include "clean.h"
#include "command.h"
#include "options.h"
#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#define ROTATED_MAX    10000
#define FINDINGS_SHOWN 100

static void help(void)
{
	fputs("usage: embargo events [--file FILE] [--follow] [--json] [--action exec|connect|traffic]\n"
	      "                      [--vendor ID] [--refused]\n"
	      "       embargo events --verify [--file FILE] [--json]\n"
	      "\n"
	      "Shows what was recorded, from " DEFAULT_EVENTS "\n"
	      "or the FILE named. --follow waits for more and goes on over rotation. --json prints\n"
	      "the lines as they are.\n"
	      "\n"
	      "--verify checks the hash chain of FILE and of its rotated neighbours (FILE.1, ...) and\n"
	      "names each line that was changed or before which lines are missing. A chain cannot\n"
	      "show that its end was cut off: compare the last line with embargo status.\n"
	      "\n"
	      "Examples:\n"
	      "  embargo events --refused\n"
	      "  embargo events --follow --vendor example-vendor --action connect\n"
	      "  embargo events --verify\n"
	      "\n"
	      "Exit status: 0 good; 1 --verify found something; 3 the file cannot be read.\n",
	      stdout);
}

struct arguments {
	const char *file, *action, *vendor;
	bool follow, json, refused, verify;
};

static bool wanted(const struct arguments *arguments, const json_t *event)
{
	const json_t *what = json_object_get(event, "event");
	const json_t *embargo = json_object_get(event, "embargo");

	if (arguments->action && strcmp(text_of(what, "action"), arguments->action))
		return false;
	if (arguments->vendor && strcmp(text_of(embargo, "vendor"), arguments->vendor))
		return false;
	return !arguments->refused || !strcmp(text_of(what, "outcome"), "failure");
}

static void print_safe(const char *text, size_t width)
{
	AUTO_FREE char *safe = text_safe(text, strlen(text));
	size_t columns = safe ? text_columns(safe, strlen(safe)) : 0;

	printf("%s%*s", safe ? safe : "", columns < width ? (int)(width - columns) : 0, "");
}

/* What happened, in a word. */
static const char *result_word(const json_t *event, enum colour *out_shade)
{
	const json_t *embargo = json_object_get(event, "embargo");

	*out_shade = COLOUR_PLAIN;
	if (!strcmp(text_of(json_object_get(event, "event"), "action"), "coverage"))
		return text_of(json_object_get(event, "event"), "reason");
	if (json_object_get(embargo, "traffic"))
		return json_is_true(json_object_get(json_object_get(embargo, "traffic"), "final")) ? "in all" : "so far";
	if (!strcmp(text_of(json_object_get(event, "event"), "outcome"), "failure")) {
		*out_shade = COLOUR_BAD;
		return json_object_get(embargo, "open") ? "ended" : "refused";
	}
	if (*text_of(embargo, "let_through"))
		return text_of(embargo, "let_through");
	*out_shade = COLOUR_WARN;
	if (json_object_get(embargo, "contained"))
		return json_is_true(
			       json_object_get(json_object_get(embargo, "contained"), "enforced"))
			       ? "contained"
			       : "would contain";
	/* its content was not known in time */
	if (json_object_get(embargo, "late"))
		return json_is_true(json_object_get(json_object_get(embargo, "late"), "ended"))
			       ? "ran, ended"
			       : "ran";
	return "would refuse";
}

/* What it is about: the file that was to run; of code load and modules that file, and who wanted it. */
static void print_subject(const json_t *event)
{
	const json_t *process = json_object_get(event, "process");
	const char *executable = text_of(process, "executable");
	const char *action = text_of(json_object_get(event, "event"), "action");
	const char *file = text_of(json_object_get(event, "file"), "path");
	const char *module = text_of(json_object_get(event, "embargo"), "module");
	bool loaded = !strcmp(action, "load") || !strcmp(action, "module");

	if (loaded && *module) {
		printf("module ");
		print_safe(module, 0);
		printf(*file ? " of " : "");
	}
	if (loaded)
		print_safe(file, 0);
	if (loaded && (*file || *module))
		printf(" by ");
	print_safe(*executable ? executable : text_of(process, "name"), 0);
}

/* One line a person can read; rows of a stream cannot wait for the widths of a whole table. */
static void print_event(const json_t *event)
{
	const json_t *what = json_object_get(event, "event");
	const json_t *embargo = json_object_get(event, "embargo");
	const json_t *process = json_object_get(event, "process");
	const json_t *destination = json_object_get(event, "destination");
	char time[20] = "";
	enum colour shade;
	const char *result = result_word(event, &shade);

	snprintf(time, sizeof(time), "%.19s", text_of(event, "@timestamp"));
	print_safe(time, 20);
	print_safe(text_of(what, "action"), 9);
	fputs(colour(stdout, shade), stdout);
	print_safe(result, 14);
	fputs(colour(stdout, COLOUR_PLAIN), stdout);
	print_safe(text_of(embargo, "vendor"), 16);
	putchar(' ');
	print_subject(event);
	if (destination) {
		printf(" to ");
		print_safe(text_of(destination, "domain"), 0);
		printf(*text_of(destination, "domain") ? " (" : "");
		print_safe(text_of(destination, "ip"), 0);
		printf(*text_of(destination, "domain") ? ")" : "");
		printf(" port %lld", number_of(destination, "port"));
	}
	if (json_object_get(embargo, "traffic"))
		printf(", %lld connections, %lld bytes sent, %lld received",
		       number_of(json_object_get(embargo, "traffic"), "connections"),
		       number_of(json_object_get(event, "source"), "bytes"), number_of(destination, "bytes"));
	if (*text_of(embargo, "socket")) {
		printf(" wanted a socket: ");
		print_safe(text_of(embargo, "socket"), 0);
	}
	if (json_is_true(json_object_get(json_object_get(embargo, "contained"), "ran_before")))
		printf(" (ran before)");
	if (number_of(process, "pid"))
		printf(" pid %lld", number_of(process, "pid"));
	if (number_of(embargo, "repeated"))
		printf(" (%lld times more)", number_of(embargo, "repeated"));
	if (*text_of(embargo, "held_by")) {
		printf(" held by ");
		print_safe(text_of(embargo, "held_by"), 0);
	}
	if (json_object_get(embargo, "lost"))
		printf(" %s[events are missing before this one]%s", colour(stdout, COLOUR_BAD),
		       colour(stdout, COLOUR_PLAIN));
	putchar('\n');
}

static void show_line(const struct arguments *arguments, const char *line, size_t bytes)
{
	AUTO_JSON json_t *event = NULL;

	if (bytes && line[bytes - 1] == '\n')
		bytes--;
	event = bytes < EVENT_LINE_BYTES ? json_loadb(line, bytes, 0, NULL) : NULL;
	if (!json_is_object(event)) {
		command_say(
			"a line is not an event and is not shown; embargo events --verify says which");
		return;
	}
	if (!wanted(arguments, event))
		return;
	if (arguments->json)
		printf("%.*s\n", (int)bytes, line);
	else
		print_event(event);
}

/* Show the complete lines that are there; a line that is being written waits. */
static void show_new(const struct arguments *arguments, FILE *in, char **line, size_t *room)
{
	ssize_t bytes;
	long at = ftell(in);

	clearerr(in);
	while ((bytes = getline(line, room, in)) > 0) {
		if ((*line)[bytes - 1] != '\n') {
			(void)fseek(in, at, SEEK_SET); /* a regular file can always be sought */
			break;
		}
		at += bytes;
		show_line(arguments, *line, bytes);
	}
	(void)fflush(stdout); /* a closed pipe ends us by SIGPIPE */
}

static bool was_rotated(FILE *in, const char *name)
{
	struct stat ours, named;

	return stat(name, &named) == 0 && fstat(fileno(in), &ours) == 0 &&
	       (ours.st_ino != named.st_ino || ours.st_dev != named.st_dev);
}

static int follow(const struct arguments *arguments, FILE **in, char **line, size_t *room)
{
	AUTO_FREE char *copy = strdup(arguments->file);
	AUTO_FD int watch = inotify_init1(IN_CLOEXEC);
	char events[4096];

	if (!copy || watch < 0 ||
	    inotify_add_watch(watch, dirname(copy), IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
		command_say("\"%s\" cannot be followed: %s", arguments->file, strerror(errno));
		return COMMAND_FAILED;
	}
	for (;;) {
		show_new(arguments, *in, line, room);
		if (was_rotated(*in, arguments->file)) {
			FILE *next = fopen(arguments->file, "re");

			if (next) {
				show_new(arguments, *in, line, room); /* written meanwhile */
				(void)fclose(*in);
				*in = next;
				continue;
			}
		}
		if (read(watch, events, sizeof(events)) < 0 && errno != EINTR)
			return COMMAND_FAILED;
	}
}

static int show(const struct arguments *arguments)
{
	AUTO_FILE FILE *in = fopen(arguments->file, "re");
	AUTO_FREE char *line = NULL;
	size_t room = 0;

	if (!in) {
		command_say(
			"\"%s\" cannot be read: %s. Name another file with --file; embargo status says "
			"where events go",
			arguments->file, strerror(errno));
		return COMMAND_FAILED;
	}
	if (!arguments->json)
		printf("%s%-20s%-9s%-14s%-16s what%s\n", colour(stdout, COLOUR_STRONG),
		       "time (UTC)", "action", "result", "vendor", colour(stdout, COLOUR_PLAIN));
	if (arguments->follow)
		return follow(arguments, &in, &line, &room);
	show_new(arguments, in, &line, &room);
	return ferror(in) ? COMMAND_FAILED : COMMAND_GOOD;
}

/* ---------------------------------------------------------------- verify */

struct verification {
	const char *file;
	bool json;
	json_t *findings; /* owned; with json */
	unsigned long shown;
};

static bool on_finding(void *context, unsigned long line, enum chain_finding finding,
		       const struct chain *before)
{
	struct verification *verification = context;

	if (verification->json)
		(void)json_array_append_new(
			verification->findings,
			json_pack("{s:s, s:I, s:s, s:I}", "file", verification->file, "line",
				  (json_int_t)line, "finding", chain_finding_word(finding),
				  "last_good_sequence", (json_int_t)before->sequence));
	else if (verification->shown < FINDINGS_SHOWN)
		command_say("%s:%lu: %s (the line before was number %llu)", verification->file,
			    line, chain_finding_word(finding),
			    (unsigned long long)before->sequence);
	verification->shown++;
	return true;
}

/* Return: findings, or -1 when the file cannot be read. */
static long verify_one(struct verification *verification, struct chain *chain, bool *first,
		       unsigned long *lines)
{
	AUTO_FILE FILE *in = fopen(verification->file, "re");
	unsigned long read = 0;
	long findings;

	if (!in) {
		command_say("\"%s\" cannot be read: %s", verification->file, strerror(errno));
		return -1;
	}
	findings = chain_verify(in, chain, first, on_finding, verification, &read);
	*lines += read;
	return findings < 0 ? -1 : findings;
}

static int verify(const struct arguments *arguments)
{
	AUTO_JSON json_t *list = json_array();
	struct verification verification = {.json = arguments->json, .findings = list};
	unsigned long lines = 0;
	struct chain chain;
	bool first = true;
	long findings = 0;
	unsigned oldest = 0;
	char name[PATH_MAX];

	chain_init(&chain);
	while (oldest < ROTATED_MAX &&
	       snprintf(name, sizeof(name), "%s.%u", arguments->file, oldest + 1) < PATH_MAX &&
	       access(name, F_OK) == 0)
		oldest++;
	for (unsigned number = oldest + 1; number-- > 0;) {
		long found;

		(void)snprintf(name, sizeof(name), number ? "%s.%u" : "%s", arguments->file,
			       number);
		verification.file = number ? name : arguments->file;
		found = verify_one(&verification, &chain, &first, &lines);
		if (found < 0)
			return COMMAND_FAILED;
		findings += found;
	}
	if (arguments->json) {
		AUTO_JSON json_t *object =
			json_pack("{s:b, s:I, s:I, s:s, s:O}", "ok", !findings, "lines",
				  (json_int_t)lines, "last_sequence", (json_int_t)chain.sequence,
				  "last_hash", chain.hash, "findings", list);

		if (command_json(object) != COMMAND_GOOD)
			return COMMAND_FAILED;
	} else {
		printf("%lu lines in %u file%s, %ld finding%s; the last line is number %llu, %.16s...\n",
		       lines, oldest + 1, oldest ? "s" : "", findings, findings == 1 ? "" : "s",
		       (unsigned long long)chain.sequence, chain.hash);
	}
	return findings ? COMMAND_FINDINGS : COMMAND_GOOD;
}

int cmd_events(const struct command_context *context, int argc, char **argv)
{
	static const struct option options[] = {
		{"file", required_argument, NULL, 'f'},
		{"follow", no_argument, NULL, 'F'},
		{"json", no_argument, NULL, 'j'},
		{"action", required_argument, NULL, 'a'},
		{"vendor", required_argument, NULL, 'v'},
		{"refused", no_argument, NULL, 'r'},
		{"verify", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct arguments arguments = {.file = DEFAULT_EVENTS};
	int key;

	while ((key = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (key) {
		case 'f':
			arguments.file = optarg;
			break;
		case 'F':
			arguments.follow = true;
			break;
		case 'j':
			arguments.json = true;
			break;
		case 'a':
			arguments.action = optarg;
			break;
		case 'v':
			arguments.vendor = optarg;
			break;
		case 'r':
			arguments.refused = true;
			break;
		case 'V':
			arguments.verify = true;
			break;
		case 'h':
			help();
			return COMMAND_GOOD;
		default:
			return command_option("events", key, argv, optind);
		}
	}
	if (optind < argc &&
	    !strcmp(argv[optind], "verify")) { /* design.md writes it without dashes */
		arguments.verify = true;
		optind++;
	}
	if (optind < argc)
		return command_usage("events",
				     "\"%s\" is not expected; a file is named with --file",
				     argv[optind]);
	if (arguments.verify &&
	    (arguments.follow || arguments.action || arguments.vendor || arguments.refused))
		return command_usage("events",
				     "--verify looks at whole files and cannot be combined with a "
				     "filter");
	return arguments.verify ? verify(&arguments) : show(&arguments);
}
